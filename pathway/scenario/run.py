"""Arms simulated, compared with their controls, and judged.

Arms and matched controls that come to the same are run once; each starts from its own untreated steady state.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from pathway.simulation import simulate_ensemble

from .arms import ArmSetup, ArmSetups, ScenarioRunError
from .controls import ComparedArms, arm_key, compared_arms
from .expectations import expectation_times, judge
from .experiment import Arm, Scenario
from .growth import TOO_MANY, compare_growth
from .laboratory import Laboratory
from .measurement_files import read_measurements
from .result import ArmResult, Arms, Result
from .run_plan import timeline_entries

Progress = Callable[[str, int, int], None]
RELATIVE_TOLERANCE = 2e-7
"""Of a step. Between steps the dense output is off by several times that: runs, and the explorer's page with them, give
courses to 1e-6 of their largest value."""


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
        from .built_in import built_in_laboratory
        from .prior_shares import stored_prior_shares

        laboratory = built_in_laboratory()
        shares = stored_prior_shares(scenario)
    measurements = read_measurements(scenario, laboratory)
    compared = compared_arms(scenario)
    runner = _Runner(scenario, laboratory, compared.different, progress)
    arms = Arms((arm.name, runner.result(arm, compared)) for arm in scenario.arms)
    result = Result(scenario, arms, (), laboratory.units, measurements)
    verdicts = [judge(expectation, result) for expectation in scenario.expectations]
    judged = zip(verdicts, shares, strict=True)
    return replace(result, verdicts=tuple(replace(verdict, prior_pass_fraction=share) for verdict, share in judged))


class _Runner:
    """Arms made ready and run side by side."""

    def __init__(
        self, scenario: Scenario, laboratory: Laboratory, arms: Sequence[Arm], progress: Progress | None
    ) -> None:
        self.scenario, self.laboratory, self.model = scenario, laboratory, laboratory.model
        self.times, self.counts = record_times(scenario), dict[Any, np.ndarray]()
        self.setups, setups = dict[Any, ArmSetup](), ArmSetups(scenario, laboratory)
        for done, arm in enumerate(arms):
            if progress:
                progress("arms", done, len(arms))
            self.setups[arm_key(arm, scenario)] = setups.of(arm)
        runs = simulate_ensemble(
            self.model,
            self.times,
            np.array([setup.parameters for setup in self.setups.values()]),
            initial=np.array([setup.state for setup in self.setups.values()]),
            interventions=[setup.interventions for setup in self.setups.values()],
            start=scenario.start,
            relative_tolerance=RELATIVE_TOLERANCE,
            workers=1,
        )
        self.courses = {key: runs.trajectory(place) for place, key in enumerate(self.setups)}
        if progress:
            progress("arms", len(arms), len(arms))

    def result(self, arm: Arm, compared: ComparedArms) -> ArmResult:
        """The arm with its readings and its growth against its control and against the untreated cells."""
        control, bare = compared.controls[arm.name], compared.untreated.get(arm.name)
        key = arm_key(arm, self.scenario)
        trajectory, setup, count = self.courses[key], self.setups[key], self._count(arm)
        until = self.scenario.growth_until
        growth = None
        if control:
            growth = compare_growth(self.times, count, self._count(control.arm), control.since, until, control.name)
        return ArmResult(
            arm=arm,
            model=self.model,
            parameters=setup.parameters,
            usual=setup.usual,
            entries=setup.entries,
            times=self.times,
            trajectory=trajectory,
            courses={name: np.asarray(trajectory[name]) for name in self.scenario.observables},
            count=count,
            growth=growth,
            timeline_entries=timeline_entries(arm, self.scenario),
            untreated=self._count(bare) if bare else None,
            until=until,
        )

    def _count(self, arm: Arm) -> np.ndarray:
        key = arm_key(arm, self.scenario)
        if key not in self.counts:
            count = np.asarray(self.courses[key][self.laboratory.cell_count])
            if np.isinf(count).any():
                place = f"{self.laboratory.cell_count}: at {self.times[int(np.argmax(np.isinf(count)))]:g} h"
                raise ScenarioRunError(f"arm '{arm.name}': {place} there are {TOO_MANY}; end the run earlier")
            self.counts[key] = count
        return self.counts[key]


def record_times(scenario: Scenario) -> np.ndarray:
    """The regular grid, with time zero, the end, and every moment at which something happens or is asked about."""
    count = math.floor((scenario.end - scenario.start) / scenario.record_every + 1e-9)
    grid = scenario.start + scenario.record_every * np.arange(count + 1)
    extra = [0.0, scenario.end, *_moments(scenario), *expectation_times(scenario)]
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
