"""What is sampled: uncertain numbers of the circuit and of its lines, switches of loops, nuisances, discrepancies.

The names follow from the number files: every entry of `reference.toml` with a range that some line does not state
itself, as `X`; every entry with a range of a line's own file, as `LINE.X`. Values are placed in their ranges by the
code with which `validate --prior` draws (`pathway.parameters.ranges`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from pathway import parameters
from pathway.equations import Model
from pathway.network.loops import LOOPS
from pathway.parameters.parameter_ensemble import ParameterEnsemble
from pathway.parameters.ranges import is_uncertain, values_at_quantiles
from pathway.scenario.sampled_cell_lines import systematic_resampling

OFF = 1e-9
"""What a strength is multiplied by where its loop is off: as good as 0, and the equations stay those of a loop on."""


@dataclass(frozen=True, eq=False)
class Sampled:
    """The sampled vector.

    Attributes
    ----------
    names : tuple of str
    units : tuple of str
    low, high : array, shape (n,)
        Range; of an indicator 0 and its probability of being on; of a discrepancy median and sd of the logarithm.
    kind : tuple of str
        "number", "indicator", "nuisance" or "discrepancy".
    enters_run : bool array, shape (n,)
        Whether a simulation depends on it.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    low: np.ndarray
    high: np.ndarray
    kind: tuple[str, ...]
    enters_run: np.ndarray

    @cached_property
    def place(self) -> Mapping[str, int]:
        return {name: k for k, name in enumerate(self.names)}

    @property
    def is_indicator(self) -> np.ndarray:
        return np.array([kind == "indicator" for kind in self.kind])

    @property
    def is_discrepancy(self) -> np.ndarray:
        return np.array([kind == "discrepancy" for kind in self.kind])

    def from_cube(self, u: np.ndarray) -> np.ndarray:
        """Values at quantiles, both of shape (n_members, n)."""
        values = values_at_quantiles(u, self.low, self.high)
        on, sizes = self.is_indicator, self.is_discrepancy
        values[:, on] = u[:, on] < self.high[on]
        values[:, sizes] = self.low[sizes] * np.exp(self.high[sizes] * ndtri(u[:, sizes]))
        return values

    def to_cube(self, values: np.ndarray) -> np.ndarray:
        """Quantiles of values; an indicator's is the middle of its share."""
        values = np.asarray(values, dtype=float)
        low, high = np.broadcast_arrays(self.low, self.high)
        positive = low > 0.0
        with np.errstate(all="ignore"):
            logarithmic = np.log(values / np.where(positive, low, 1.0)) / np.log(high / np.where(positive, low, 1.0))
            u = np.where(positive, logarithmic, (values - low) / (high - low))
            sizes = self.is_discrepancy
            u[:, sizes] = ndtr(np.log(values[:, sizes] / low[sizes]) / high[sizes])
        on = self.is_indicator
        u[:, on] = np.where(values[:, on] > 0.5, 0.5 * high[on], 0.5 * (1.0 + high[on]))
        return u

    def log_density(self, values: np.ndarray) -> np.ndarray:
        """0 within the ranges, -inf outside: the density of the quantiles, shape (n_members,)."""
        u = self.to_cube(values)
        inside = (u >= -1e-12) & (u <= 1.0 + 1e-12)
        return np.where(inside.all(axis=1), 0.0, -np.inf)

    def sample(self, n: int, seed: int) -> np.ndarray:
        """Independent draws of the prior, shape (n, n_sampled)."""
        return self.from_cube(np.random.default_rng(seed).random((n, len(self.names))))

    def chosen(self) -> np.ndarray:
        """The vector of the numbers that stand in the files, loops on, nuisances and discrepancies in the middle of
        their priors, shape (n_sampled,)."""
        middle = self.from_cube(np.full((1, len(self.names)), 0.5))[0]
        for place, name in enumerate(self.names):
            line, _, parameter = name.rpartition(".")
            if self.kind[place] == "number":
                entries = parameters.cell_line(line).entries if line else parameters.reference_entries()
                middle[place] = entries[parameter].value
        return np.where(self.is_indicator, 1.0, middle)

    def members_of(self, ensemble: ParameterEnsemble, others: np.ndarray) -> np.ndarray:
        """Members of an ensemble, each as often as its weight after measured data says.

        Parameters
        ----------
        ensemble : ParameterEnsemble
        others : array, shape (n_members, n_sampled)
            As many are taken; what the ensemble does not know stays what it is here.
        """
        rows, theta = systematic_resampling(ensemble.weights_measured, len(others)), others.copy()
        for place, name in enumerate(self.names):
            if name in ensemble.places:
                theta[:, place] = ensemble.values[rows, ensemble.places[name]]
        return theta

    def column(self, values: np.ndarray, name: str) -> np.ndarray:
        """The values of one name, shape (n_members,)."""
        return values[:, self.place[name]]


def sampled_of(
    model: Model,
    lines: Sequence[str],
    manifest: Mapping[str, Any],
    nuisances: Sequence[str],
    kinds: Sequence[str],
) -> Sampled:
    """The sampled vector of some lines (parents included), nuisances and kinds of discrepancy."""
    rows: list[tuple[str, str, float, float, str, bool]] = []
    cells = [parameters.cell_line(line) for line in lines]
    for name in model.parameters:
        entry = parameters.reference_entries()[name]
        if is_uncertain(entry) and not all(name in line.own for line in cells if line.parent is None):
            rows.append((name, entry.unit, *entry.range, "number", True))
    for line in cells:
        for name in (n for n in model.parameters if n in line.own and is_uncertain(line.entries[n])):
            entry = line.entries[name]
            rows.append((f"{line.name}.{name}", entry.unit, *entry.range, "number", True))
    for loop in LOOPS:
        if loop.name in manifest["indicator"]:
            share = manifest["indicator"][loop.name]
            rows.append((indicator_name(loop.switched_off), "1", 0.0, share, "indicator", True))
    for name in nuisances:
        about = manifest["nuisance"][name]
        rows.append((f"nuisance.{name}", about["unit"], *about["range"], "nuisance", about["enters"] == "run"))
    spread = manifest["discrepancy_spread"]["log_sd"]
    for kind in kinds:
        about = manifest["discrepancy"][kind]
        rows.append((f"discrepancy.{kind}", about["unit"], about["median"], spread, "discrepancy", False))
    names, units, low, high, what, enters = zip(*rows, strict=True)
    return Sampled(names, units, np.array(low), np.array(high), what, np.array(enters))


def indicator_name(off: Mapping[str, float]) -> str:
    """What the switch of a loop is called: by the first parameter that switches it off."""
    return f"loop.{next(iter(off))}"


def strengths_of_switches(switches: Sequence[str], names: Sequence[str]) -> np.ndarray:
    """Which of some sampled names are strengths that each switch turns on and off, (n_switches, n_names)."""
    turned = {indicator_name(loop.switched_off): tuple(loop.switched_off) for loop in LOOPS}
    return np.array([[name in turned[switch] for name in names] for switch in switches], dtype=bool).reshape(
        len(switches), len(names)
    )


def line_rows(model: Model, line: parameters.CellLine, sampled: Sampled, values: np.ndarray) -> np.ndarray:
    """A line's numbers in every vector, shape (n_members, n_parameters), before its anchors are found."""
    rows = np.tile([line.entries[name].value for name in model.parameters], (len(values), 1))
    owners = _owners(line)
    for place, name in enumerate(model.parameters):
        known = sampled.place.get(f"{owners[name]}.{name}" if name in owners else name)
        if known is not None and is_uncertain(line.entries[name]):
            rows[:, place] = values[:, known]
    for loop in LOOPS:
        known = sampled.place.get(indicator_name(loop.switched_off))
        if known is None:
            continue
        for name, off in loop.switched_off.items():
            place = model.parameter_index(name)
            rows[:, place] = np.where(values[:, known] > 0.5, rows[:, place], off if off else OFF * rows[:, place])
    return rows


def _owners(line: parameters.CellLine) -> dict[str, str]:
    """The line, or its ancestor, in whose file each number stands that is not the reference's."""
    own = dict.fromkeys(line.own, line.name)
    return own if line.parent is None else {**_owners(parameters.cell_line(line.parent)), **own}


def with_parents(lines: Sequence[str]) -> tuple[str, ...]:
    """Lines with the parents whose numbers they take over, parents first."""
    lineage: dict[str, None] = {}
    for name in lines:
        line = parameters.cell_line(name)
        for one in [*(with_parents([line.parent]) if line.parent else ()), name]:
            lineage.setdefault(one)
    return tuple(lineage)
