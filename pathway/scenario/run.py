"""Arms become dishes, dishes become simulations.

A dish is what a simulation depends on: cells, changes, knock-downs, doses. Arms and matched controls that come to the
same dish are run once. Every dish starts from its own untreated steady state.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pathway.errors import InputError
from pathway.parameters import Entry
from pathway.simulation import Intervention, simulate, steady_state
from pathway.simulation.anchor import AnchorError, solve_anchors

from . import quantities
from .controls import GrowthControl, dish, matched_control, untreated
from .expect import judge, named_times
from .experiment import MEDIUM_CHANGE, Arm, Scenario
from .growth import TOO_MANY, compare_growth
from .laboratory import Laboratory
from .measurement_files import read_measurements
from .readout import value_at_rest
from .result import ArmResult, Result
from .run_plan import happenings

Progress = Callable[[str, int, int], None]
RELATIVE_TOLERANCE = 1e-6
_KNOCK_DOWN_PRECISION = 1e-6


class ScenarioRunError(InputError, RuntimeError):
    """An arm that cannot be simulated; names the arm."""


@dataclass(frozen=True, eq=False)
class _Cells:
    """Cells before anything is given, at their untreated steady state.

    `usual` are the numbers of the line without changes: what "0.1 x" is a multiple of; `entries` say where they are
    from, and are empty where nobody knows.
    """

    parameters: np.ndarray
    state: np.ndarray
    usual: np.ndarray
    entries: Mapping[str, Entry]


def run_scenario(scenario: Scenario, laboratory: Laboratory | None = None, progress: Progress | None = None) -> Result:
    """Every arm simulated, growth compared with its control, expectations judged.

    Parameters
    ----------
    scenario : Scenario
    laboratory : Laboratory, optional
        The package's own circuit unless told otherwise.
    progress : callable (what, done, of), optional

    Returns
    -------
    Result

    Raises
    ------
    ScenarioRunError, ScenarioError
        If a knock-down cannot be reached, or the measurements cannot be read.
    pathway.simulation.SimulationError
        If a simulation fails; names time, state and the fastest species.
    """
    shares: Sequence[float | None] = [None] * len(scenario.expectations)
    if laboratory is None:
        from .prior_shares import kept_shares
        from .shelf import built_in_laboratory

        laboratory = built_in_laboratory()
        shares = kept_shares(scenario)
    measurements = read_measurements(scenario, laboratory)
    runner = _Runner(scenario, laboratory)
    controls = {arm.name: matched_control(arm, scenario) for arm in scenario.arms}
    bare = {arm.name: untreated(arm, scenario) for arm in scenario.arms} if scenario.compares_growth else {}
    needed = [*scenario.arms, *(control.arm for control in controls.values() if control), *bare.values()]
    different = list({dish(arm, scenario): arm for arm in needed}.values())
    for done, arm in enumerate(different):
        if progress:
            progress("arms", done, len(different))
        runner.simulate(arm)
    if progress:
        progress("arms", len(different), len(different))
    arms = {arm.name: runner.result(arm, controls[arm.name], bare.get(arm.name)) for arm in scenario.arms}
    result = Result(scenario, arms, (), laboratory.units, measurements)
    verdicts = [judge(expectation, result) for expectation in scenario.expectations]
    told = zip(verdicts, shares, strict=True)
    return replace(result, verdicts=tuple(replace(verdict, prior_pass_fraction=share) for verdict, share in told))


@dataclass(frozen=True, eq=False)
class Dish:
    """What an arm comes to, for those who run many variants of it at once.

    Attributes
    ----------
    arm : Arm
    parameters : array, shape (n_parameters,)
        Of the arm's cells, with its changes and knock-downs.
    usual : array, shape (n_parameters,)
        Of the line without them.
    state : array, shape (n_species,)
        The untreated steady state.
    interventions : tuple of Intervention
    """

    arm: Arm
    parameters: np.ndarray
    usual: np.ndarray
    state: np.ndarray
    interventions: tuple[Intervention, ...]


def dishes(scenario: Scenario, arms: Iterable[Arm], laboratory: Laboratory) -> list[Dish]:
    """Arms, also such as the scenario does not list, made ready but not simulated."""
    runner = _Runner(scenario, laboratory)
    made = []
    for arm in arms:
        cells = runner.at_rest(arm)
        made.append(Dish(arm, cells.parameters, cells.usual, cells.state, tuple(runner._interventions(arm, cells))))
    return made


class _Runner:
    """Remembers cells at rest and dishes already run."""

    def __init__(self, scenario: Scenario, laboratory: Laboratory) -> None:
        self.scenario = scenario
        self.laboratory = laboratory
        self.model = laboratory.model
        self.folder = scenario.file.parent
        self.cells: dict[Any, _Cells] = {}
        self.courses: dict[Any, Any] = {}
        self.counts: dict[Any, np.ndarray] = {}
        self.times = record_times(scenario)

    def at_rest(self, arm: Arm) -> _Cells:
        """The arm's cells, changed, knocked down and at their untreated steady state."""
        key = (arm.cells, tuple(sorted(arm.changes.items())), tuple(sorted(arm.knock_downs.items())))
        if key not in self.cells:
            self.cells[key] = self._prepared(arm)
        return self.cells[key]

    def _prepared(self, arm: Arm) -> _Cells:
        usual = self.laboratory.parameters_of(arm.cells, self.folder)
        values = usual.copy()
        for name, text in arm.changes.items():
            values[self.model.parameter_index(name)] = self._changed(usual, name, text)
        state = steady_state(self.model, values)
        if arm.knock_downs:
            values, state = self._knocked_down(values, state, arm)
        line_of = self.laboratory.line_of
        return _Cells(values, state, usual, line_of(arm.cells, self.folder).entries if line_of else {})

    def _changed(self, usual: np.ndarray, name: str, text: str) -> float:
        value = float(usual[self.model.parameter_index(name)])
        return quantities.amount(text, self.laboratory.parameters[name], usual=value)

    def _knocked_down(self, values: np.ndarray, state: np.ndarray, arm: Arm) -> tuple[np.ndarray, np.ndarray]:
        """Syntheses for which each protein's untreated level has fallen by what the bench measured.

        Where feedback holds a protein up, its synthesis must fall further than its level.
        """
        goals = {name: self.laboratory.knock_downs[name] for name in arm.knock_downs}
        usual = {name: value_at_rest(self.model, goal.observable, values, state) for name, goal in goals.items()}
        lowered, targets = values.copy(), {}
        for name, goal in goals.items():
            share = 1.0 - arm.knock_downs[name]
            if not usual[name] > 0.0:
                raise ScenarioRunError(f"arm '{arm.name}': {name} cannot be lowered; its untreated level is 0")
            lowered[self.model.parameter_index(goal.parameter)] *= share
            targets[goal.parameter] = (goal.observable, share * usual[name])
        try:
            found = solve_anchors(self.model, targets, lowered, tolerance=_KNOCK_DOWN_PRECISION)
        except AnchorError as error:
            reached = {n: value_at_rest(self.model, g.observable, *error.best) / usual[n] for n, g in goals.items()}
            worst = max(
                goals, key=lambda name: abs(math.log(max(reached[name], 1e-300) / (1.0 - arm.knock_downs[name])))
            )
            raise ScenarioRunError(
                f"arm '{arm.name}': {worst} cannot be lowered by {arm.knock_downs[worst]:.0%}; at the nearest that was "
                f"found, its untreated level is still {reached[worst]:.1%} of normal"
            ) from None
        return found.parameters, found.state

    def simulate(self, arm: Arm) -> Any:
        """The trajectory of an arm's dish; run at the first call."""
        key = dish(arm, self.scenario)
        if key not in self.courses:
            cells = self.at_rest(arm)
            self.courses[key] = simulate(
                self.model,
                self.times,
                start=self.scenario.start,
                parameters=cells.parameters,
                initial=cells.state,
                interventions=self._interventions(arm, cells),
                relative_tolerance=RELATIVE_TOLERANCE,
            )
        return self.courses[key]

    def _interventions(self, arm: Arm, cells: _Cells) -> list[Intervention]:
        made: list[Intervention] = []
        for name in arm.doses:
            dose = self.scenario.doses[name]
            agent = self.laboratory.agents[dose.agent]
            for time in dose.times:
                if dose.agent == MEDIUM_CHANGE:
                    # What is given with the new medium at the same moment must survive the change: the wash goes first.
                    made.insert(0, Intervention(time, set=dict.fromkeys(self.laboratory.washed_out, 0.0)))
                elif agent.species and dose.amount is not None:
                    made.append(Intervention(time, add={agent.species: dose.amount}))
        for change in arm.timed_changes:
            value = self._changed(cells.usual, change.name, change.written)
            made.append(Intervention(change.time, set={change.name: value}))
        for change in arm.timed_knock_downs:
            factor = 1.0 - quantities.fraction(change.written)
            made.append(Intervention(change.time, scale={self.laboratory.knock_downs[change.name].parameter: factor}))
        return sorted(made, key=lambda intervention: intervention.time)

    def result(self, arm: Arm, control: GrowthControl | None, bare: Arm | None) -> ArmResult:
        """The arm with its readings and its growth against its control and against the untreated cells."""
        trajectory, cells = self.simulate(arm), self.at_rest(arm)
        count = self._count(arm)
        until = self.scenario.growth_until
        growth = None
        if control:
            growth = compare_growth(self.times, count, self._count(control.arm), control.since, until, control.name)
        return ArmResult(
            arm=arm,
            model=self.model,
            parameters=cells.parameters,
            usual=cells.usual,
            entries=cells.entries,
            times=self.times,
            trajectory=trajectory,
            courses={name: np.asarray(trajectory[name]) for name in self.scenario.observables},
            count=count,
            growth=growth,
            happenings=happenings(arm, self.scenario),
            untreated=self._count(bare) if bare else None,
            until=until,
        )

    def _count(self, arm: Arm) -> np.ndarray:
        key = dish(arm, self.scenario)
        if key not in self.counts:
            count = np.asarray(self.simulate(arm)[self.laboratory.cell_count])
            if np.isinf(count).any():
                place = f"{self.laboratory.cell_count}: at {self.times[int(np.argmax(np.isinf(count)))]:g} h"
                raise ScenarioRunError(f"arm '{arm.name}': {place} there are {TOO_MANY}; end the run earlier")
            self.counts[key] = count
        return self.counts[key]


def record_times(scenario: Scenario) -> np.ndarray:
    """The regular grid, with time zero, the end, and every moment at which something happens or is asked about."""
    count = math.floor((scenario.end - scenario.start) / scenario.record_every + 1e-9)
    grid = scenario.start + scenario.record_every * np.arange(count + 1)
    extra = [0.0, scenario.end, *_moments(scenario), *named_times(scenario)]
    extra = [t for t in extra if scenario.start <= t <= scenario.end]
    times = np.unique(np.concatenate([grid, extra]))
    # Two spellings of one moment (72 h, 3 d) may differ in the last digit.
    return times[np.concatenate([[True], np.diff(times) > 1e-9])]


def _moments(scenario: Scenario) -> Iterable[float]:
    for dose in scenario.doses.values():
        yield from dose.times
    for arm in scenario.arms:
        yield from (change.time for change in (*arm.timed_changes, *arm.timed_knock_downs))
    if scenario.growth_at is not None:
        yield scenario.growth_at
