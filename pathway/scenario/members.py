"""A scenario for every member of an ensemble: all arms, growth, expectations, and what the members say together.

Each member is a laboratory of its own; what `run` does with one, this does with all of them, in lanes. A change "0.1 x"
is of the member's own number, and a knock-down lowers the member's own level.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from pathway.errors import NumericalError
from pathway.simulation import simulate_ensemble

from .arms import MemberArmSetups
from .controls import ComparedArms, arm_key, compared_arms
from .ensemble_result import EnsembleArm, EnsembleResult, EnsembleVerdict, joined_results
from .ensembles import parameter_sets_asked_for
from .expectations import judge, readings
from .experiment import Arm, Scenario
from .growth import Growth, ensemble_growth
from .laboratory import Laboratory
from .measurement_files import read_measurements
from .measurements import Measurement
from .result import ArmResult, Result
from .run import Progress, record_times
from .sampled_cell_lines import ParameterSets, SampledCellLines

RELATIVE_TOLERANCE = 1e-5
AT_ONCE = 250
"""Members that are run together, or fewer where they would take more memory than this:"""

LARGEST_PART, LARGEST = 3e8, 1e9
"""Bytes of what is read of members that run together, and of what is kept of all."""


class NoMembersError(NumericalError, RuntimeError):
    """No member of the ensemble gives living cells in all arms; the reason of the first."""


@dataclass(eq=False)
class _MemberRunner:
    """Remembers cells at rest and arms already run, of all members."""

    scenario: Scenario
    laboratory: Laboratory
    cells: SampledCellLines
    times: np.ndarray
    names: tuple[str, ...]
    measurements: Sequence[Measurement]
    dead: dict[int, str] = field(default_factory=dict)
    _courses: dict[Any, np.ndarray] = field(default_factory=dict)

    def courses(self, arm: Arm) -> np.ndarray:
        """What is read of an arm in every member, shape (n_members, n_times, n_names); nan of those that failed."""
        key = arm_key(arm, self.scenario)
        if key not in self._courses:
            setup = self._setups.of(arm)
            for member, reason in setup.missed.items():
                self.dead.setdefault(member, f"arm '{arm.name}': {reason}")
            living = np.flatnonzero(np.isfinite(setup.states).all(axis=1))
            plans = setup.interventions
            runs = simulate_ensemble(
                self.laboratory.model,
                self.times,
                setup.parameters[living],
                initial=setup.states[living],
                interventions=plans[0] if len(plans) == 1 else [plans[k] for k in living],
                observables=self.names,
                start=self.scenario.start,
                relative_tolerance=RELATIVE_TOLERANCE,
                workers=1,
            )
            courses = np.full((len(self.cells), len(self.times), len(self.names)), np.nan)
            courses[living] = runs.values
            for member, error in runs.failures.items():
                self.dead.setdefault(int(living[member]), f"arm '{arm.name}': {error}")
            self._courses[key] = courses
        return self._courses[key]

    @cached_property
    def _setups(self) -> MemberArmSetups:
        return MemberArmSetups(self.scenario, self.laboratory, self._line)

    def _line(self, cells: str) -> tuple[np.ndarray, np.ndarray]:
        line = self.cells.line(cells, self.scenario.file.parent)
        for member in np.flatnonzero(~line.alive).tolist():
            self.dead.setdefault(member, self.cells.reason(member))
        return line.parameters, line.states


def run_members(
    scenario: Scenario,
    laboratory: Laboratory,
    sets: ParameterSets,
    progress: Progress | None = None,
    times: np.ndarray | None = None,
) -> EnsembleResult:
    """A scenario for every member of an ensemble.

    Parameters
    ----------
    scenario : Scenario
    laboratory : Laboratory
    sets : ParameterSets
    progress : callable (what, done, of), optional
    times : array, shape (n_times,), hours, optional
        When courses are recorded; the scenario's own times unless told otherwise.

    Returns
    -------
    EnsembleResult

    Raises
    ------
    NoMembersError
        If none gives living cells in all arms.
    ScenarioError
        If the measurements cannot be read.
    """
    parts = []
    count, measurements = len(sets), read_measurements(scenario, laboratory)
    times = record_times(scenario) if times is None else times
    names = _names_read(scenario, laboratory, measurements)
    each = 8.0 * len(scenario.arms) * len(times) * len(names)
    at_once = max(8, min(AT_ONCE, int(LARGEST_PART / each)))
    for first in range(0, count, at_once):
        cells = SampledCellLines(laboratory, sets.part(slice(first, first + at_once)))
        runner = _MemberRunner(scenario, laboratory, cells, times, names, measurements)
        parts.append(_run_part(runner, progress, first, count))
    result = joined_results(parts)
    if not len(result):
        reason = next(iter(result.refused.values()), "it is empty")
        raise NoMembersError(f"no member of the ensemble ({sets.origin.kind}) has living cells in all arms: {reason}")
    return result


def parameter_sets_for(
    scenario: Scenario, laboratory: Laboratory, word: str | Path | None, weights: str, members: int
) -> tuple[ParameterSets | None, str]:
    """The parameter sets for a run of a scenario as asked for, no more than memory holds the courses of, and a remark;
    see `ensembles.parameter_sets_asked_for`."""
    bytes_each = 8.0 * len(scenario.arms) * len(record_times(scenario)) * (len(scenario.observables) + 2)
    most = max(2, int(LARGEST / bytes_each))
    sets, remark = parameter_sets_asked_for(laboratory.model, word, weights, min(members, most))
    if sets is not None and most < members:
        remark = remark or f"{len(sets)} members and not {members}: courses of more would fill the memory"
    return sets, remark


def result_with_members(
    result: Result, laboratory: Laboratory, sets: ParameterSets, progress: Progress | None = None
) -> Result:
    """A result beside the same scenario in every member of an ensemble."""
    return result.with_ensemble(run_members(result.scenario, laboratory, sets, progress))


def _run_part(runner: _MemberRunner, progress: Progress | None, first: int, of: int) -> EnsembleResult:
    """Members from number `first` on, of so many."""
    scenario, names, sets = runner.scenario, runner.names, runner.cells.sets
    compared = compared_arms(scenario)
    for done, arm in enumerate(compared.different):
        if progress:
            progress("members", first + done * len(sets) // len(compared.different), of)
        runner.courses(arm)
    counts = [runner.courses(arm)[..., names.index(runner.laboratory.cell_count)] for arm in compared.different]
    living = np.flatnonzero(np.logical_and.reduce([np.isfinite(count).all(axis=1) for count in counts]))
    arms = {arm.name: _arm(arm, runner, living, compared) for arm in scenario.arms}
    verdicts = tuple(_judged(runner, arms, len(living)))
    arms = {name: arm.of_names(scenario.observables) for name, arm in arms.items()}
    dead = {k: runner.dead.get(k, "cells are more than a number can hold") for k in range(len(sets))}
    refused = {first + k: reason for k, reason in dead.items() if k not in set(living.tolist())}
    return EnsembleResult(sets.origin, sets.weights[living], living, arms, verdicts, refused)


def _names_read(scenario: Scenario, laboratory: Laboratory, measurements: Sequence[Measurement]) -> tuple[str, ...]:
    """Everything that is shown, asked about or measured, and the number of cells."""
    names = [laboratory.cell_count, *scenario.observables]
    for reading in readings(scenario.expectations):
        names += [name for name in (reading.quantity, reading.partner) if name in laboratory.units]
        if reading.quantity == "every species" or reading.reduce == "drift":
            names += laboratory.model.species
        if reading.reduce == "rmse":
            names += [point.observable for point in measurements]
    return tuple(dict.fromkeys(names))


def _arm(arm: Arm, runner: _MemberRunner, living: np.ndarray, compared: ComparedArms) -> EnsembleArm:
    control, bare = compared.controls[arm.name], compared.untreated.get(arm.name)
    scenario, names = runner.scenario, runner.names
    courses = runner.courses(arm)[living]
    place = names.index(runner.laboratory.cell_count)
    count = courses[..., place]
    growth: list[Growth] | None = None
    if control:
        against = runner.courses(control.arm)[living, :, place]
        growth = ensemble_growth(runner.times, count, against, control.since, scenario.growth_until, control.name)
    return EnsembleArm(
        arm=arm,
        courses={name: courses[..., names.index(name)] for name in names},
        count=count,
        growth=growth,
        untreated=runner.courses(bare)[living, :, place] if bare else None,
        until=scenario.growth_until,
        times=runner.times,
    )


class _MemberTrajectory:
    """What was read of one member's arm, by name."""

    def __init__(self, courses: Mapping[str, np.ndarray], member: int, species: tuple[str, ...]) -> None:
        self._courses, self._member, self._species = courses, member, species

    def __getitem__(self, name: str) -> np.ndarray:
        return self._courses[name][self._member]

    @property
    def values(self) -> np.ndarray:
        """All species, shape (n_times, n_species)."""
        return np.stack([self[name] for name in self._species], axis=1)


def _judged(runner: _MemberRunner, arms: Mapping[str, EnsembleArm], count: int) -> Iterator[EnsembleVerdict]:
    """What each expectation comes to in each member."""
    scenario, laboratory = runner.scenario, runner.laboratory
    if not scenario.expectations:
        return
    values = np.full((count, len(scenario.expectations)), np.nan)
    met = np.zeros(values.shape, dtype=bool)
    for member in range(count):
        results = {name: _arm_result(arm, laboratory, member) for name, arm in arms.items()}
        result = Result(scenario, results, (), laboratory.units, runner.measurements)
        for place, expectation in enumerate(scenario.expectations):
            verdict = judge(expectation, result)
            values[member, place], met[member, place] = verdict.value, verdict.met
    for place, expectation in enumerate(scenario.expectations):
        yield EnsembleVerdict(expectation, values[:, place], met[:, place])


def _arm_result(arm: EnsembleArm, laboratory: Laboratory, member: int) -> ArmResult:
    """One member's arm as `run` gives it."""
    return ArmResult(
        arm=arm.arm,
        model=laboratory.model,
        parameters=np.zeros(0),
        usual=np.zeros(0),
        entries={},
        times=arm.times,
        trajectory=_MemberTrajectory(arm.courses, member, laboratory.model.species),
        courses={},
        count=arm.count[member],
        growth=arm.growth[member] if arm.growth else None,
        timeline_entries=(),
        untreated=None if arm.untreated is None else arm.untreated[member],
        until=arm.until,
    )
