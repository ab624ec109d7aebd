"""The project's own findings of role "calibration": expectations of the scenarios, each with its band, apart from data.

What an expectation reads is worked out by the code with which `run` judges ensembles. Scenarios that lay measured
points over their curves are left out: these points are data already. Findings of role "prediction" never enter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import log_ndtr

from pathway.errors import NumericalError
from pathway.scenario import read_scenario, scenario_names
from pathway.scenario.experiment import Expectation, Reading, Scenario
from pathway.scenario.laboratory import Laboratory
from pathway.scenario.members import run_members
from pathway.scenario.read import folder_of_scenarios
from pathway.scenario.sampled_cell_lines import ParameterSets

SOFT, LEAST_EDGE = 0.1, 0.2
"""A band's edge is soft by this share of itself, or of `LEAST_EDGE` where that is more."""

UNREADABLE = -50.0
"""Logarithm of the likelihood where a number cannot be read, as a ratio to nothing."""

RECORDS = 40
"""Moments at least at which an arm is recorded; those that an expectation names come on top."""


@dataclass(frozen=True, eq=False)
class Finding:
    """An expectation of a scenario; `column` is what it counts for, "finding:V3@skbr3_resistant"."""

    column: str
    scenario: str
    expectation: Expectation

    def log_density(self, values: np.ndarray) -> np.ndarray:
        """Of its number, shape (n_members,): near 0 inside the band, falling beyond its edges."""
        total = np.zeros(len(values))
        for edge, side in ((self.expectation.above, 1.0), (self.expectation.below, -1.0)):
            if edge is not None:
                total += log_ndtr(side * (values - edge) / (SOFT * max(abs(edge), LEAST_EDGE)))
        return np.where(np.isfinite(values), np.maximum(total, UNREADABLE), UNREADABLE)


class Findings:
    """All findings of role "calibration".

    Attributes
    ----------
    table : tuple of Finding
        The order of the values.
    lines : tuple of str
        Cell lines that they need.
    """

    def __init__(self) -> None:
        self._scenarios: dict[str, Scenario] = {}
        table = []
        for name in scenario_names():
            scenario = read_scenario(folder_of_scenarios() / f"{name}.toml")
            own = tuple(e for e in scenario.expectations if e.role == "calibration")
            if own and not scenario.overlays:
                self._scenarios[name] = _cut(scenario, own)
                table += [Finding(_column(e, scenario), name, e) for e in own]
        self.table: tuple[Finding, ...] = tuple(table)
        cells = (arm.cells for scenario in self._scenarios.values() for arm in scenario.arms)
        self.lines: tuple[str, ...] = tuple(dict.fromkeys(cells))

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(finding.column for finding in self.table))

    def run(self, laboratory: Laboratory, sets: ParameterSets) -> np.ndarray:
        """The number of each finding in each member, shape (n_members, n_findings); nan where it cannot be had."""
        values = []
        for scenario in self._scenarios.values():
            own = np.full((len(sets), len(scenario.expectations)), np.nan)
            try:
                result = run_members(scenario, laboratory, sets)
            except NumericalError:
                values.append(own)
                continue
            alive = [k for k in range(len(sets)) if k not in result.refused]
            own[alive] = np.stack([verdict.values for verdict in result.verdicts], axis=1)
            values.append(own)
        return np.concatenate(values, axis=1)

    def log_likelihood(self, values: np.ndarray) -> np.ndarray:
        """By column, shape (n_members, n_columns)."""
        place = {column: k for k, column in enumerate(self.columns)}
        total = np.zeros((len(values), len(place)))
        for finding, density in zip(self.table, self._log_densities(values), strict=True):
            total[:, place[finding.column]] += density
        return total

    def residuals(self, values: np.ndarray) -> np.ndarray:
        """Root of -2 log density of each finding, shape (n_members, n_findings)."""
        return np.sqrt(-2.0 * np.stack(self._log_densities(values), axis=1))

    def _log_densities(self, values: np.ndarray) -> list[np.ndarray]:
        return [finding.log_density(column) for finding, column in zip(self.table, values.T, strict=True)]


def _column(expectation: Expectation, scenario: Scenario) -> str:
    line = scenario.arm(expectation.reading.arms[0]).cells
    return f"finding:{expectation.finding or expectation.claim}@{line}"


def _cut(scenario: Scenario, expectations: tuple[Expectation, ...]) -> Scenario:
    """The scenario with the arms that some of its expectations need, recorded now and then."""
    named = {name for reading in _readings(expectations) for name in reading.arms}
    named |= {arm.control for arm in scenario.arms if arm.name in named and arm.control}
    arms = tuple(arm for arm in scenario.arms if arm.name in named)
    every = max(scenario.record_every, (scenario.end - scenario.start) / RECORDS)
    return replace(scenario, arms=arms, expectations=expectations, observables=(), record_every=every)


def _readings(expectations: tuple[Expectation, ...]) -> Iterator[Reading]:
    for expectation in expectations:
        reading: Reading | None = expectation.reading
        while reading is not None:
            yield reading
            reading = reading.over
