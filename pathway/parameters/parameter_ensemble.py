"""A file of weighted parameter sets: the calibrated ensemble, or one that a user has made.

One NPZ archive without pickle. Equal arrays give equal bytes, so that the hash of the file names the ensemble.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from pathway import parameters
from pathway.errors import InputError, did_you_mean
from pathway.files import read_arrays, read_bytes
from pathway.folders import write_atomically
from pathway.network import circuit

from .read import HERE, ParameterError

SHIPPED = HERE / "calibrated.npz"
"""The ensemble that comes with the package, where there is one."""

LARGEST = 64_000_000
"""Bytes of a file of parameter sets."""

MOST_MEMBERS = 1_000_000

INDICATOR = "loop."
"""Before the parameter of a loop: 1 where a member has the loop, 0 where it is switched off."""

_ARRAYS = ("names", "values", "weights_measured", "weights_findings", "log_likelihood", "columns", "about")
_OPTIONAL = ("chosen", "prior_values")
_DATE = (1980, 1, 1, 0, 0, 0)
_SMALLEST_SUM = 0.5


@dataclass(frozen=True, eq=False)
class ParameterEnsemble:
    """Weighted parameter sets.

    Attributes
    ----------
    names : tuple of str, length n_names
        "X": a parameter of the circuit, in every line whose own file does not state it. "LINE.X": the value of one
        line. "loop.X": whether a member has the loop that parameter X carries. Other names with a dot ("nuisance.",
        "discrepancy.") belong to the measurements and are carried only.
    values : array, shape (n_members, n_names)
        In the units that the network declares.
    weights_measured, weights_findings : array, shape (n_members,)
        After measured data only; after the project's findings of role calibration too. Each adds up to 1.
    log_likelihood : array, shape (n_members, n_columns)
    columns : tuple of str
        What each column of the likelihood compares with; "finding:..." are no measurements.
    prior_values : array, shape (n_draws, n_names)
        Draws before any data; without rows if there are none.
    chosen : array, shape (n_names,)
        The chosen set, at full precision: the most probable one, or the member of highest weight.
    about : mapping
        Seed, command, hashes of data, and hashes of the circuit and of the numbers that are not carried.
    digest : str
        SHA-256 of the file; "" before it is written.
    file : str
        Where it was read from.
    """

    names: tuple[str, ...]
    values: np.ndarray
    weights_measured: np.ndarray
    weights_findings: np.ndarray
    log_likelihood: np.ndarray
    columns: tuple[str, ...]
    prior_values: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    chosen: np.ndarray = field(default_factory=lambda: np.zeros(0))
    about: Mapping[str, Any] = field(default_factory=dict)
    digest: str = ""
    file: str = ""

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Column of each name."""
        return {name: place for place, name in enumerate(self.names)}

    @property
    def remark(self) -> str:
        """What has changed since the ensemble was made, in one line; empty if nothing has."""
        if self.about.get("numbers") in (None, fixed_numbers_hash(self.names)):
            return ""
        return (
            f"{self.file}: numbers of the circuit that this ensemble does not carry have changed since it was made; "
            "its intervals belong to the earlier ones"
        )

    def findings_of(self, verdict: str) -> np.ndarray:
        """Which columns of the likelihood stand for one finding ("V3"), shape (n_columns,)."""
        return np.array([_verdict_of(column) == verdict for column in self.columns], dtype=bool)

    def weights_without(self, verdict: str) -> np.ndarray:
        """Weights after measured data and all findings but one, shape (n_members,)."""
        return self._reweighted(self.weights_findings, -self.log_likelihood[:, self.findings_of(verdict)].sum(axis=1))

    def reweighted(self, log_factors: np.ndarray, column: str) -> ParameterEnsemble:
        """The same members with weights times further likelihoods, which become a column.

        Parameters
        ----------
        log_factors : array, shape (n_members,)
            Logarithms of the likelihood; -inf where a member is excluded.
        column : str
            What they compare with; not yet a column.

        Raises
        ------
        ParameterError
            If the column is there already (no measurement counts twice), or no member is left.
        """
        if column in (*self.columns, *self.about.get("reweighted", ())):
            raise ParameterError(f"{self.file or 'this ensemble'}: '{column}' is in its weights already")
        measured = self._reweighted(self.weights_measured, log_factors)
        findings = self._reweighted(self.weights_findings, log_factors)
        if not (measured.any() and findings.any()):
            raise ParameterError(f"no member of the ensemble can have given '{column}'")
        return replace(
            self,
            weights_measured=measured,
            weights_findings=findings,
            log_likelihood=np.concatenate([self.log_likelihood, log_factors[:, None]], axis=1),
            columns=(*self.columns, column),
            chosen=self.values[int(np.argmax(measured))],
        )

    @staticmethod
    def _reweighted(weights: np.ndarray, log_factors: np.ndarray) -> np.ndarray:
        """Weights times factors that come as logarithms; a member that had none gets none."""
        known = (weights > 0.0) & np.isfinite(log_factors)
        if not known.any():
            return np.zeros_like(weights)
        reweighted = np.where(known, weights, 0.0)
        reweighted[known] *= np.exp(log_factors[known] - log_factors[known].max())
        return reweighted / reweighted.sum()


def _verdict_of(column: str) -> str | None:
    """ "V3" of "finding:V3@bt474"; None of a measurement."""
    kind, _, rest = column.partition(":")
    return rest.partition("@")[0] if kind.rstrip("s") == "finding" else None


def write_ensemble(path: Path, ensemble: ParameterEnsemble) -> str:
    """Write an ensemble; its SHA-256.

    Parameters
    ----------
    path : Path
    ensemble : ParameterEnsemble
        `about` gets the hashes of the circuit and of the numbers that are not carried.

    Raises
    ------
    ParameterError
        If it could not be read again.
    """
    about = {**ensemble.about, "circuit": circuit_hash(), "numbers": fixed_numbers_hash(ensemble.names)}
    chosen = ensemble.chosen if len(ensemble.chosen) else ensemble.values[int(np.argmax(ensemble.weights_measured))]
    arrays = {
        "names": np.array(ensemble.names, dtype=np.str_),
        "values": np.asarray(ensemble.values),
        "chosen": np.asarray(chosen, dtype=float),
        "weights_measured": np.asarray(ensemble.weights_measured, dtype=float),
        "weights_findings": np.asarray(ensemble.weights_findings, dtype=float),
        "log_likelihood": np.asarray(ensemble.log_likelihood),
        "columns": np.array(ensemble.columns, dtype=np.str_),
        "about": np.array(json.dumps(about, sort_keys=True)),
    }
    if len(ensemble.prior_values):
        arrays["prior_values"] = np.asarray(ensemble.prior_values)
    content = _packed(arrays)
    _ensemble_of(content, str(path))
    write_atomically(path, content)
    return hashlib.sha256(content).hexdigest()


def _packed(arrays: Mapping[str, np.ndarray]) -> bytes:
    """An NPZ archive in which no time of day stands."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            entry = io.BytesIO()
            np.lib.format.write_array(entry, np.asarray(array, order="C"), allow_pickle=False)
            place = zipfile.ZipInfo(f"{name}.npy", _DATE)
            place.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(place, entry.getvalue())
    return stream.getvalue()


def read_ensemble(path: Path) -> ParameterEnsemble:
    """An ensemble from its file.

    Raises
    ------
    ParameterError
        In one line: if it is no such file, damaged, or of another circuit.
    """
    try:
        content = read_bytes(path, LARGEST)
    except InputError as error:
        raise ParameterError(f"{path}: {error}") from None
    return _ensemble_of(content, str(path))


def _ensemble_of(content: bytes, file: str) -> ParameterEnsemble:
    try:
        arrays = read_arrays(content, _ARRAYS, _OPTIONAL)
    except InputError as error:
        raise ParameterError(f"{file}: no ensemble of parameter sets: {error}") from None
    try:
        about = json.loads(str(arrays["about"].item()))
    except (ValueError, RecursionError):
        about = None
    if not isinstance(about, dict):
        raise ParameterError(f"{file}: 'about' is no JSON object")
    ensemble = ParameterEnsemble(
        names=tuple(map(str, np.ravel(arrays["names"]))),
        values=_numbers(arrays, "values"),
        weights_measured=_numbers(arrays, "weights_measured"),
        weights_findings=_numbers(arrays, "weights_findings"),
        log_likelihood=_numbers(arrays, "log_likelihood"),
        columns=tuple(map(str, np.ravel(arrays["columns"]))),
        prior_values=_numbers(arrays, "prior_values"),
        chosen=_numbers(arrays, "chosen"),
        about=about,
        digest=hashlib.sha256(content).hexdigest(),
        file=file,
    )
    complaint = next(iter(_complaints(ensemble)), None)
    if complaint:
        raise ParameterError(f"{file}: {complaint}")
    return ensemble


def _numbers(arrays: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    if name not in arrays:
        return np.zeros((0, 0) if name == "prior_values" else 0)
    if arrays[name].dtype.kind not in "fiu":
        return np.full((), np.nan)  # of a shape that no array may have here
    return np.asarray(arrays[name], dtype=float)


def _complaints(ensemble: ParameterEnsemble) -> Iterable[str]:
    """What is wrong with an ensemble, the first mistake first."""
    n, n_names = len(ensemble.values) if ensemble.values.ndim else 0, len(ensemble.names)
    if ensemble.values.ndim != 2 or ensemble.values.shape[1] != n_names or not 1 <= n <= MOST_MEMBERS:
        yield f"values has shape {ensemble.values.shape}, expected (members, {n_names})"
        return
    shapes = {
        "weights_measured": (n,),
        "weights_findings": (n,),
        "log_likelihood": (n, len(ensemble.columns)),
        "chosen": (n_names,),
    }
    for key, shape in shapes.items():
        actual = getattr(ensemble, key).shape
        if actual != shape and not (key == "chosen" and actual == (0,)):
            yield f"{key} has shape {actual}, expected {shape}"
            return
    if len(ensemble.prior_values) and ensemble.prior_values.shape[1:] != (n_names,):
        yield f"prior_values has shape {ensemble.prior_values.shape}, expected (draws, {n_names})"
    if ensemble.about.get("circuit") != circuit_hash():
        yield "this ensemble belongs to another circuit: its reactions are not those of this version"
    if len(ensemble.places) != n_names:
        yield "two columns have the same name"
    for name in ensemble.names:
        yield from _name_complaints(name)
    for key in ("weights_measured", "weights_findings"):
        weights = getattr(ensemble, key)
        if not (np.isfinite(weights).all() and (weights >= 0.0).all() and abs(weights.sum() - 1.0) < 1e-6):
            yield f"{key} are not weights: none may be negative, and they add up to 1"
    simulated = [place for place, name in enumerate(ensemble.names) if is_parameter_column(name)]
    for key in ("values", "prior_values", "chosen"):
        rows = np.atleast_2d(getattr(ensemble, key))
        if rows.size and not (np.isfinite(rows[:, simulated]).all() and (rows[:, simulated] >= 0.0).all()):
            yield f"{key} hold something that is no number, or negative"
    if np.isnan(ensemble.log_likelihood).any():
        yield "log_likelihood holds something that is no number"


def is_parameter_column(name: str) -> bool:
    """Whether a column's name stands for a parameter, of the circuit or of a line, or for a loop."""
    line, dot, _ = name.partition(".")
    return not dot or name.startswith(INDICATOR) or line in parameters.cell_lines()


def _name_complaints(name: str) -> Iterable[str]:
    if not is_parameter_column(name):
        return
    parameter = name.rpartition(".")[2]
    known = parameters.reference_entries()
    if name.startswith(INDICATOR):
        known = {n: known[n] for loop in circuit().loops for n in loop.switched_off}
    if parameter not in known:
        what = "carries a loop" if name.startswith(INDICATOR) else "is of the circuit"
        yield f"'{name}': no parameter of this name {what}.{did_you_mean(parameter, known)}"


def circuit_hash() -> str:
    """Hash of what reacts: species, quantities, reactions and parameters; words may change."""
    network = circuit()
    parts = [
        [(s.name, s.start) for s in network.species],
        [(q.name, q.formula) for q in network.quantities],
        [(r.equation, r.rate) for r in network.reactions],
        [p.name for p in network.parameters],
    ]
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def fixed_numbers_hash(names: Iterable[str]) -> str:
    """Hash of the numbers that stay what they are in all members: those of the reference and of the built-in lines
    that no column carries, the anchors, and what a dose is worth."""
    carried = set(names)
    numbers: list[Any] = [
        ("", name, entry.value)
        for name, entry in parameters.reference_entries().items()
        if name not in carried and entry.source != parameters.ANCHORED
    ]
    for line in map(parameters.cell_line, parameters.cell_lines()):
        own = [name for name in sorted(line.own) if line.entries[name].source != parameters.ANCHORED]
        numbers += [(line.name, name, line.entries[name].value) for name in own if f"{line.name}.{name}" not in carried]
    numbers += map(repr, parameters.anchors())
    numbers += sorted((a.name, a.species, a.molar_mass) for a in parameters.agents().values() if a.species)
    return hashlib.sha256(repr(numbers).encode()).hexdigest()
