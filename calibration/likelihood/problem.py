"""The likelihood: parameter vectors in, one logarithm of a density for each data set and line out.

from calibration.likelihood import problem
p = problem(Path("data"))
theta = p.prior.sample(200, seed=1)
p.log_likelihood(theta).total()
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property, partial

import numpy as np

from pathway.parameters import CellLine
from pathway.scenario.built_in import built_in_laboratory, circuit_model
from pathway.scenario.sampled_cell_lines import ParameterSets, SampledCellLines

from . import noise
from .arms import Cells, Plan
from .data import DataSet, Datum
from .evaluation import Evaluation, Simulated
from .findings import Findings
from .manifest import manifest
from .sampled import Sampled, line_rows, sampled_of, with_parents


class Problem:
    """Data, prior and circuit together; made by `problem`.

    Attributes
    ----------
    sets : tuple of DataSet
    absent : tuple of str
        Sets that are not at hand, each with the reason.
    table : tuple of Datum
        Every datum, the order of `predictions`.
    counted : bool array, shape (n_data,)
        Which of them are in the likelihood.
    prior : Sampled
    """

    def __init__(
        self, sets: Sequence[DataSet], absent: Sequence[str], without: Collection[str], findings: Findings | None = None
    ) -> None:
        self.model = circuit_model()
        self.sets, self.absent, self.without = tuple(sets), tuple(absent), tuple(sorted(without))
        self.table: tuple[Datum, ...] = tuple(datum for one in sets for datum in one.data)
        self._groups = {name: group for one in sets for name, group in one.groups.items()}
        known = {key for datum in self.table for key in (datum.set, datum.line, f"{datum.set}:{datum.line}")}
        if unknown := set(without) - known:
            raise ValueError(f"without: no set or line is called {sorted(unknown)[0]!r}; known: {sorted(known)}")
        self.counted = np.array(
            [not {d.set, d.line, f"{d.set}:{d.line}"} & set(without) for d in self.table], dtype=bool
        )
        self.plan = Plan(self.model, (reading for datum in self.table for reading in datum.readings))
        self.findings = findings
        self.lines = with_parents((*self.plan.lines, *(findings.lines if findings else ())))
        steps = [step for reading in self.plan.readings for step in reading.arm.steps]
        doses = {n for step in steps for _, _, n in step.add if n} | {n for step in steps for _, n in step.scale}
        noisy = {n for datum in self.table for n in (datum.background, datum.factor_nuisance) if n}
        self._nuisances = tuple(name for name in manifest()["nuisance"] if name in doses | noisy)
        kinds = {datum.kind for datum in self.table}
        ordered = [kind for kind in manifest()["discrepancy"] if kind in kinds]
        self.prior: Sampled = sampled_of(self.model, self.lines, manifest(), self._nuisances, ordered)

    # What a sampler asks.

    @property
    def names(self) -> tuple[str, ...]:
        return self.prior.names

    @property
    def units(self) -> tuple[str, ...]:
        return self.prior.units

    @property
    def is_indicator(self) -> np.ndarray:
        return self.prior.is_indicator

    @property
    def is_discrepancy(self) -> np.ndarray:
        return self.prior.is_discrepancy

    @property
    def is_cheap(self) -> np.ndarray:
        """Coordinates that no simulation depends on."""
        return ~self.prior.enters_run

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Of `log_likelihood`: those of measured data, then those of findings."""
        measured = dict.fromkeys(self.column(k) for k in np.flatnonzero(self.counted))
        return (*measured, *(self.findings.columns if self.findings else ()))

    @cached_property
    def role(self) -> tuple[str, ...]:
        """Of each column: "measured" or "finding"."""
        return tuple("finding" if column.startswith("finding:") else "measured" for column in self.columns)

    @property
    def data_hashes(self) -> dict[str, str]:
        """SHA-256 of the files of every set."""
        return {one.name: one.digest for one in self.sets}

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over circuit, prior, counted data and findings."""
        digest = hashlib.sha256(repr((self.model.species, self.model.parameters)).encode())
        digest.update(repr(sorted((k, str(v)) for k, v in self.model.rates.items())).encode())
        digest.update(repr(sorted((k, str(v)) for k, v in self.model.assignments.items())).encode())
        digest.update(repr((self.names, self.prior.low.tolist(), self.prior.high.tolist())).encode())
        digest.update(repr([d for d, counted in zip(self.table, self.counted, strict=True) if counted]).encode())
        table = self.findings.table if self.findings else ()
        bands = [(f.column, f.expectation.reading, f.expectation.above, f.expectation.below) for f in table]
        digest.update(repr(bands).encode())
        return digest.hexdigest()

    def log_likelihood(self, theta: np.ndarray, simulated: Simulated | None = None) -> Evaluation:
        """By column.

        Parameters
        ----------
        theta : array, shape (n_members, n_names)
        simulated : Simulated, optional
            What `simulated` gave for vectors that differ in cheap coordinates only.
        """
        simulated = simulated or self.simulated(theta)
        values = np.zeros((len(theta), len(self.columns)))
        place = {column: k for k, column in enumerate(self.columns)}
        with np.errstate(all="ignore"):
            for rows in self._group_rows.values():
                counted = [k for k in rows if self.counted[k]]
                if counted:
                    total, *_ = self._group(counted, rows, theta, simulated.values)
                    values[:, place[self.column(counted[0])]] += total
        if self.findings:
            own = simulated.values[:, len(self.plan.readings) :]
            values[:, len(place) - len(self.findings.columns) :] = self.findings.log_likelihood(own)
        values[~self._alive(simulated)] = -np.inf
        values[~np.isfinite(values).all(axis=1)] = -np.inf
        return Evaluation(self.columns, self.role, values, simulated.reasons)

    def predictions(self, theta: np.ndarray, simulated: Simulated | None = None) -> np.ndarray:
        """On the scale of the data, with the offsets and gains that the counted data ask for."""
        return self._by_datum(theta, simulated)[0]

    def before_offsets(self, theta: np.ndarray, simulated: Simulated | None = None) -> np.ndarray:
        """What the circuit gives on the scale of the data, with nothing of it taken from them, (n_members, n_data)."""
        simulated = simulated or self.simulated(theta)
        with np.errstate(all="ignore"):
            return self._modelled(range(len(self.table)), theta, simulated.values)

    def residuals(self, theta: np.ndarray, simulated: Simulated | None = None) -> np.ndarray:
        """(Measured - predicted) / standard deviation, of the counted data, shape (n_members, n_data); 0 elsewhere."""
        predicted, variance = self._by_datum(theta, simulated)
        measured = np.array([datum.value for datum in self.table])
        return np.nan_to_num((measured - predicted) / np.sqrt(variance)) * self.counted

    def finding_residuals(self, simulated: Simulated) -> np.ndarray:
        """Root of -2 log density of each finding, shape (n_members, n_findings): near 0 inside its band."""
        if not self.findings:
            return np.zeros((len(simulated.values), 0))
        return self.findings.residuals(simulated.values[:, len(self.plan.readings) :])

    def predictive_variance(self, theta: np.ndarray, simulated: Simulated | None = None) -> np.ndarray:
        """Of each datum: its error, discrepancy and, where no counted datum tells it, what its group shares."""
        return self._by_datum(theta, simulated)[1]

    def simulated(self, theta: np.ndarray) -> Simulated:
        """The dear step: rest states, anchors and runs of all vectors, shape (n_members, n_names)."""
        theta = np.asarray(theta, dtype=float)
        bad = [
            (k, int(np.flatnonzero(~np.isfinite(row))[0])) for k, row in enumerate(theta) if not np.isfinite(row).all()
        ]
        reasons = {k: f"{self.names[place]} is {theta[k, place]}" for k, place in bad}
        alive = np.array([k for k in range(len(theta)) if k not in reasons], dtype=int)
        sets = ParameterSets("likelihood", np.full(len(alive), 1.0), partial(self._rows, theta[alive]))
        drawn = SampledCellLines(built_in_laboratory(), sets)
        cells = {name: drawn.line(name) for name in self.plan.lines}
        lost = ~np.all([drawn.line(name).alive for name in self.lines], axis=0)
        reasons |= {int(alive[k]): drawn.reason(int(k)) for k in np.flatnonzero(lost)}
        living, alive = np.flatnonzero(~lost), alive[~lost]
        values = np.full((len(theta), len(self.plan.readings)), np.nan)
        numbers = np.full((len(theta), len(self.findings.table) if self.findings else 0), np.nan)
        if len(alive):
            at_rest = {name: Cells(line.parameters[living], line.states[living]) for name, line in cells.items()}
            nuisances = {n: self.prior.column(theta, f"nuisance.{n}")[alive] for n in self._nuisances}
            values[alive] = self.plan.run(at_rest, nuisances)
            if self.findings:
                lines = {name: drawn.line(name).parameters[living] for name in self.findings.lines}
                own = ParameterSets("likelihood", np.full(len(living), 1.0), lambda line: lines[line.name].copy())
                numbers[alive] = self.findings.run(drawn.laboratory, own)
        for k in alive[~np.isfinite(values[alive]).all(axis=1)].tolist():
            column = int(np.flatnonzero(~np.isfinite(values[k]))[0])
            reading = self.plan.readings[column]
            reasons[k] = f"{reading.arm.line}: no value of {reading.quantity} at {reading.time:g} h"
            values[k] = np.nan
        return Simulated(np.concatenate([values, numbers], axis=1), reasons)

    def simulated_alive(self, theta: np.ndarray) -> tuple[np.ndarray, Simulated]:
        """Those of the vectors that can be simulated, and what the circuit gives for them."""
        simulated = self.simulated(theta)
        alive = self._alive(simulated)
        return theta[alive], Simulated(simulated.values[alive])

    def _alive(self, simulated: Simulated) -> np.ndarray:
        return np.isfinite(simulated.values[:, : len(self.plan.readings)]).all(axis=1)

    def _rows(self, theta: np.ndarray, line: CellLine) -> np.ndarray:
        return line_rows(self.model, line, self.prior, theta)

    # Groups of data.

    def column(self, k: int) -> str:
        """The column that a datum, by its place in `table`, counts in."""
        datum = self.table[k]
        several = len({self.table[j].line for j in self._group_rows[datum.group]}) > 1
        return datum.set if several or not datum.line else f"{datum.set}:{datum.line}"

    @cached_property
    def _group_rows(self) -> Mapping[str, list[int]]:
        rows: dict[str, list[int]] = defaultdict(list)
        for k, datum in enumerate(self.table):
            rows[datum.group].append(k)
        return dict(rows)

    @cached_property
    def _reading_columns(self) -> list[list[int]]:
        place = {reading: k for k, reading in enumerate(self.plan.readings)}
        return [[place[reading] for reading in datum.readings] for datum in self.table]

    def _modelled(self, rows: Sequence[int], theta: np.ndarray, values: np.ndarray) -> np.ndarray:
        """On the scale of the data, before offsets and gains, shape (n_members, n_rows)."""
        modelled = np.empty((len(theta), len(rows)))
        one = np.ones(len(theta))
        for j, k in enumerate(rows):
            datum = self.table[k]
            background, factor = 0.0 * one, datum.factor * one
            if datum.background:
                background = datum.background_most * self.prior.column(theta, f"nuisance.{datum.background}")
            if datum.factor_nuisance:
                factor = factor * self.prior.column(theta, f"nuisance.{datum.factor_nuisance}")
            readings = [values[:, column] for column in self._reading_columns[k]]
            modelled[:, j] = noise.SCALES[datum.scale](readings, background, factor, datum.time)
        return modelled

    def _group(
        self, counted: Sequence[int], rows: Sequence[int], theta: np.ndarray, values: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Log density of the counted data of a group; predictions and variances of all of them."""
        group = self._groups[self.table[rows[0]].group]
        modelled = self._modelled(rows, theta, values)
        if group.scaled:
            modelled = noise.spread(modelled)
        errors = np.array([self.table[k].error for k in rows])
        sizes = [self.prior.column(theta, f"discrepancy.{self.table[k].kind}") for k in rows]
        variance = errors**2 + np.stack(sizes, axis=1) ** 2
        shared = noise.design(modelled, group.offset, group.gain)
        among = [rows.index(k) for k in counted]
        measured = np.array([self.table[k].value for k in counted])
        one = measured - modelled[:, among], variance[:, among], shared[:, among]
        total, coefficients = noise.log_density(*one)
        predicted = modelled + (shared @ coefficients[..., None])[..., 0]
        if not counted:
            variance = variance + (shared**2).sum(axis=2)
        return total, predicted, variance

    def _by_datum(self, theta: np.ndarray, simulated: Simulated | None) -> tuple[np.ndarray, np.ndarray]:
        simulated = simulated or self.simulated(theta)
        predicted, variance = (np.full((len(theta), len(self.table)), np.nan) for _ in range(2))
        with np.errstate(all="ignore"):
            for rows in self._group_rows.values():
                counted = [k for k in rows if self.counted[k]]
                _, predicted[:, rows], variance[:, rows] = self._group(counted, rows, theta, simulated.values)
        return predicted, variance
