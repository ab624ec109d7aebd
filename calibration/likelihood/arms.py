"""Arms run for many parameter vectors at once: steps that arms share are run once, all arms of one length in lanes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from pathway.equations import Model
from pathway.simulation import simulate_ensemble
from pathway.simulation.formulas import evaluate_names

from .data import FULL, STARVED, Arm, Reading, Step

TOLERANCE = 1e-5
"""Relative, of each run."""

SERUM = "serum"
"""The circuit's parameter for serum in the medium, 1 in full medium; where it has none, starving does nothing."""


@dataclass(frozen=True, eq=False)
class Cells:
    """A line's numbers and untreated steady states, shapes (n_members, n_parameters) and (n_members, n_species)."""

    parameters: np.ndarray
    states: np.ndarray


class Plan:
    """What has to be run for some readings.

    Parameters
    ----------
    model : Model
    readings : iterable of Reading

    Attributes
    ----------
    readings : tuple of Reading
        Without repetition: the order of the columns.
    lines : tuple of str
    """

    def __init__(self, model: Model, readings: Iterable[Reading]) -> None:
        self.model = model
        self.readings = tuple(dict.fromkeys(readings))
        self.lines = tuple(dict.fromkeys(reading.arm.line for reading in self.readings))
        self.starves = SERUM in model.parameters
        self._columns: dict[Arm, list[int]] = defaultdict(list)
        for column, reading in enumerate(self.readings):
            self._columns[self._shortened(reading.arm)].append(column)
        self._passed = dict.fromkeys(Arm(a.line, a.steps[:k]) for a in self._columns for k in range(1, len(a.steps)))
        self._arms = tuple(dict.fromkeys([*self._passed, *self._columns]))
        self._quantities = tuple(dict.fromkeys(reading.quantity for reading in self.readings))

    def _shortened(self, arm: Arm) -> Arm:
        """The arm without steps in which nothing happens to cells at rest."""
        steps = list(arm.steps)
        while len(steps) > 1 and not (steps[0].add or steps[0].scale) and (steps[0].medium == FULL or not self.starves):
            steps.pop(0)
        return Arm(arm.line, tuple(steps))

    def run(self, cells: Mapping[str, Cells], nuisances: Mapping[str, np.ndarray]) -> np.ndarray:
        """Readings, shape (n_members, n_readings); nan for a member that failed somewhere.

        Parameters
        ----------
        cells : mapping of line to Cells
            Of the members.
        nuisances : mapping of name to array, shape (n_members,)
        """
        values = np.full((len(next(iter(cells.values())).states), len(self.readings)), np.nan)
        states: dict[Arm, np.ndarray] = {}
        depth = max((len(arm.steps) for arm in self._arms), default=0)
        for arm in (arm for arm in self._columns if not arm.steps):
            self._read_at_rest(arm, cells[arm.line], values)
        for level in range(1, depth + 1):
            batches: dict[tuple, list[Arm]] = defaultdict(list)
            for arm in self._arms:
                if len(arm.steps) == level:
                    batches[self._times(arm), arm in self._passed].append(arm)
            for (times, passed), arms in batches.items():
                self._run_batch(arms, np.array(times), passed, cells, nuisances, states, values)
        return values

    def _times(self, arm: Arm) -> tuple[float, ...]:
        """When an arm's last step is recorded."""
        read = {self.readings[column].time for column in self._columns.get(arm, ())}
        return tuple(sorted({0.0, *read, *([arm.steps[-1].hours] if arm in self._passed else [])}))

    def _read_at_rest(self, arm: Arm, cells: Cells, values: np.ndarray) -> None:
        columns = self._columns[arm]
        names = [self.readings[column].quantity for column in columns]
        time = np.zeros(len(cells.states))
        values[:, columns] = evaluate_names(self.model, names, time, cells.states, cells.parameters)

    def _run_batch(
        self,
        arms: list[Arm],
        times: np.ndarray,
        passed: bool,
        cells: Mapping[str, Cells],
        nuisances: Mapping[str, np.ndarray],
        states: dict[Arm, np.ndarray],
        values: np.ndarray,
    ) -> None:
        """Arms that are recorded at the same times, all members of all of them as one ensemble."""
        n = len(values)
        rows = np.concatenate([self._parameters(arm, cells[arm.line].parameters, nuisances) for arm in arms])
        starts = np.concatenate([self._start(arm, cells, nuisances, states) for arm in arms])
        alive = np.flatnonzero(np.isfinite(starts).all(axis=1))
        names = None if passed else self._quantities
        runs = np.full((len(arms) * n, len(times), len(self.model.species if passed else self._quantities)), np.nan)
        if len(alive):
            runs[alive] = simulate_ensemble(
                self.model,
                times,
                rows[alive],
                initial=starts[alive],
                observables=names,
                relative_tolerance=TOLERANCE,
                workers=1,
            ).values
        for k, arm in enumerate(arms):
            own = runs[k * n : (k + 1) * n]
            if passed:
                states[arm] = own[:, -1]
            for column in self._columns.get(arm, ()):
                reading = self.readings[column]
                place = int(np.searchsorted(times, reading.time))
                if passed:
                    one = own[:, place], rows[k * n : (k + 1) * n]
                    values[:, column] = evaluate_names(self.model, [reading.quantity], np.zeros(n), *one)[:, 0]
                else:
                    values[:, column] = own[:, place, self._quantities.index(reading.quantity)]

    def _parameters(self, arm: Arm, parameters: np.ndarray, nuisances: Mapping[str, np.ndarray]) -> np.ndarray:
        """A line's numbers in an arm's last step: without serum, or less of what was knocked down so far."""
        parameters = parameters.copy()
        if arm.steps[-1].medium == STARVED and self.starves:
            parameters[:, self.model.parameter_index(SERUM)] = 0.0
        for name, nuisance in (scaled for step in arm.steps for scaled in step.scale):
            if name in self.model.parameters:
                parameters[:, self.model.parameter_index(name)] *= nuisances[nuisance]
        return parameters

    def _start(
        self,
        arm: Arm,
        cells: Mapping[str, Cells],
        nuisances: Mapping[str, np.ndarray],
        states: Mapping[Arm, np.ndarray],
    ) -> np.ndarray:
        """States at the beginning of an arm's last step, with what is then given."""
        before = Arm(arm.line, arm.steps[:-1])
        start = (states[before] if before.steps else cells[arm.line].states).copy()
        for species, amount, nuisance in arm.steps[-1].add:
            start[:, self.model.species_index(species)] += amount * (nuisances[nuisance] if nuisance else 1.0)
        for name, nuisance in arm.steps[-1].scale:
            if name in self.model.species:
                start[:, self.model.species_index(name)] *= nuisances[nuisance]
        return start


def starved(hours: float, add: tuple[tuple[str, float, str], ...] = ()) -> Step:
    """A step without serum."""
    return Step(hours, STARVED, add)
