"""Two agents at full dose, the second before, with or after the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pathway.scenario.controls import without_doses
from pathway.scenario.experiment import Scenario
from pathway.scenario.laboratory import Laboratory

from .arms_under_draws import arms_under_draws, dose_levels, dosing_regimen, find_agent
from .combination import log_growth_grid, pair_and_arm
from .draws import DrawInterval, ParameterDraws, draw_interval, draws_of_chosen_values
from .mistakes import AnalysisError
from .synergy.scales import effects_on_scale


@dataclass(frozen=True, eq=False)
class ScheduleComparison:
    """Full doses of both agents, the second earlier or later.

    Attributes
    ----------
    first, second : str
        Agents.
    shifts : tuple of float, hours
        Of the second agent against the first; negative: it goes before.
    since, until : float, hours
        Growth is counted over this window in all schedules.
    effect, excess : array, shape (1 + n_draws, n_shifts)
        Growth rate relative to untreated, and Bliss excess; nan for draws whose cells do not grow.
    """

    first: str
    second: str
    shifts: tuple[float, ...]
    since: float
    until: float
    effect: np.ndarray
    excess: np.ndarray

    def intervals(self) -> tuple[DrawInterval, ...]:
        """Of the effect, one for each shift."""
        return tuple(draw_interval(column) for column in self.effect.T)

    def text(self) -> str:
        """The comparison in a sentence."""
        effects = []
        for shift, interval in zip(self.shifts, self.intervals(), strict=True):
            band = f" (95 %: {interval.text('.2f')})" if interval.text() else ""
            effects.append(f"{shift_in_words(shift)} {self.first} {interval.value:.2f}{band}")
        return f"Growth rate relative to untreated, {self.second} given " + "; ".join(effects) + "."

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        intervals = self.intervals()
        return {
            "shift": list(self.shifts),
            "unit": "h",
            "since": self.since,
            "until": self.until,
            "effect": self.effect[0].tolist(),
            "effect_low": [i.low for i in intervals],
            "effect_high": [i.high for i in intervals],
            "effect_median": [i.median for i in intervals],
            "bliss": self.excess[0].tolist(),
        }

    def rows(self) -> tuple[list[str], list[list[Any]]]:
        """The tidy table: one row for each shift."""
        header = ["shift of the second [h]", "growth rate [1]", "low", "high", "median", "bliss excess [1]"]
        return header, [
            [shift, i.value, i.low, i.high, i.median, float(excess)]
            for shift, i, excess in zip(self.shifts, self.intervals(), self.excess[0], strict=True)
        ]


def shift_in_words(shift: float) -> str:
    """A shift in words: "48 h before", "with", "24 h after"."""
    if shift == 0.0:
        return "with"
    return f"{abs(shift):g} h {'before' if shift < 0.0 else 'after'}"


def compare_schedules(
    scenario: Scenario,
    laboratory: Laboratory,
    shifts: Sequence[float],
    *,
    agents: tuple[str, str] | None = None,
    arm: str | None = None,
    draws: ParameterDraws | None = None,
) -> ScheduleComparison:
    """The combination's effect as the second agent is given before, with or after the first.

    Growth is counted from the earliest moment of all schedules, so that they can be compared.

    Parameters
    ----------
    scenario : Scenario
    laboratory : Laboratory
    shifts : sequence of float, hours
    agents, arm, draws
        As in `combination`.

    Raises
    ------
    AnalysisError
        If an agent or arm does not exist, or a schedule begins after the reading.
    """
    one, two, chosen_arm = pair_and_arm(scenario, agents, arm)
    draws = draws or draws_of_chosen_values(laboratory)
    first, second = dosing_regimen(scenario, chosen_arm, one), dosing_regimen(scenario, chosen_arm, two)
    (cells,) = arms_under_draws(scenario, [without_doses(chosen_arm, first.doses + second.doses)], laboratory, draws)
    series = [
        dose_levels(find_agent(laboratory, course.agent), [course.written or ""], None, 1, 0.0)
        for course in (first, second)
    ]
    start, until = first.times[0], scenario.growth_until
    courses = [second.shifted(start + shift) for shift in shifts]
    for shift, course in zip(shifts, courses, strict=True):
        if course.times[0] >= until:
            raise AnalysisError(
                f"a shift of {shift:g} h gives the second agent at {course.times[0]:g} h, after the reading"
            )
    window = min(start, *(course.times[0] for course in courses)), until
    effect, excess = [], []
    for course in courses:
        folds = log_growth_grid(cells, (series[0], series[1]), (first, course), window, laboratory, draws)
        folds[~(folds[:, 0, 0] > 1e-6)] = np.nan
        share = effects_on_scale(folds, folds[:, :1, :1], "growth rate")
        effect.append(share[:, 1, 1])
        excess.append(share[:, 1, 0] * share[:, 0, 1] - share[:, 1, 1])
    return ScheduleComparison(
        series[0].agent.name, series[1].agent.name, tuple(map(float, shifts)), *window,
        np.stack(effect, axis=1), np.stack(excess, axis=1),
    )  # fmt: skip
