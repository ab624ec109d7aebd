"""What speaks against a fit: numbers taken as given that the data contradict, misfit beyond scatter, trends in time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..objective import Objective
from ..problem import Problem
from .residual_tests import LackOfFit, MeanDeviation, SerialCorrelationTest, lack_of_fit, serial_test
from .score_tests import LEVEL, Contradiction, ScoreTests, contradictions, off_bounds, score_tests

TOLD = 4
"""Observables that do not fit and are told of one by one; the others are named."""


@dataclass(frozen=True, eq=False)
class FitDiagnosis:
    """What speaks against a fit; `str` tells it in sentences.

    Attributes
    ----------
    scores : ScoreTests
    contradicted : list of Contradiction
        Numbers taken as given that the data contradict, each with those before it let go.
    lacks : list of LackOfFit
        By observable.
    serial : dict of observable to SerialCorrelationTest
    estimated_noise : frozenset of str
        Observables some of whose noise was estimated: a chi-square of their points says nothing.
    """

    scores: ScoreTests
    contradicted: list[Contradiction]
    lacks: list[LackOfFit]
    serial: dict[str, SerialCorrelationTest]
    estimated_noise: frozenset[str]

    def __str__(self) -> str:
        return "\n".join(self.sentences())

    def sentences(self) -> list[str]:
        """What was found, one sentence for each matter; also that nothing was."""
        return [*self._about_numbers(), *self._about_lacks(), *self._about_trends()]

    def _about_numbers(self) -> Iterator[str]:
        scores = self.scores
        if scores.failure:
            yield f"Whether numbers taken as given are contradicted could not be computed: {scores.failure}."
            return
        for place, one in enumerate(self.contradicted):
            yield _contradicted(one, place > 0)
        if scores.tests and not self.contradicted:
            first = min(scores.tests, key=lambda test: test.p_of_any)
            yield (
                f"None of {len(scores.tests)} numbers taken as given that the data see is contradicted (chance of the "
                f"largest score, of {first.number}: {first.p_of_any:.2g})."
            )

    def _about_lacks(self) -> Iterator[str]:
        found = sorted((lack for lack in self.lacks if lack.p * len(self.lacks) < LEVEL), key=lambda lack: lack.p)
        for lack in found[:TOLD]:
            freedom = f"{lack.freedom[0]:.3g}"
            if lack.kind == "F":
                told = f"more than replicates scatter: F({freedom}, {lack.freedom[1]:.3g}) = {lack.statistic:.3g}"
            else:
                told = f"more than the noise given: chi-squared {lack.statistic:.3g} per degree of freedom ({freedom})"
            yield f"Lack of fit: {lack.observable} lies off its curves by {told}, chance {lack.p:.2g}{_worst(lack)}."
        if found[TOLD:]:
            yield f"So do {len(found) - TOLD} more: {', '.join(lack.observable for lack in found[TOLD:])}."
        if self.lacks and not found:
            least = min(self.lacks, key=lambda lack: lack.p)
            yield f"No lack of fit beyond the scatter (least chance {least.p:.2g}, of {least.observable})."

    def _about_trends(self) -> Iterator[str]:
        tested = {name: test for name, test in self.serial.items() if test.pairs}
        for name, test in tested.items():
            chance = 2.0 * min(test.p_runs, test.p_correlation)
            if chance * len(tested) < LEVEL:
                yield (
                    f"Residuals of {name} err to the same side as their neighbors in time: {test.changes} changes of "
                    f"sign among {test.pairs} pairs, lag-1 autocorrelation {test.correlation:+.2f} "
                    f"(chance {chance:.2g})."
                )


def _contradicted(one: Contradiction, is_next: bool) -> str:
    unit = "" if one.number.unit in ("", "1") else f" {one.number.unit}"
    if one.refit is None:
        gained = f"would improve the objective by about {one.improvement:.1f} (towards {one.value:.3g}{unit})"
    else:
        gained = f"improves the objective by {one.improvement:.1f} (it goes to {one.value:.3g}{unit})"
    text = f"{'Then ' if is_next else ''}{one.number} is contradicted: letting it go {gained}; chance {one.chance:.2g}."
    others = [test.number.target for test in one.group[1:]]
    if others:
        more = f" and {len(others) - 3} more" if len(others) > 3 else ""
        text += f" The data do not tell it from {', '.join(others[:3])}{more}."
    return text


def _worst(lack: LackOfFit) -> str:
    """Where the means lie farthest off."""
    moments = [m for m in lack.moments if math.isfinite(m.p)]
    if not moments:
        return ""
    worst: MeanDeviation = min(moments, key=lambda m: (m.p, -abs(m.deviation)))
    side = "above" if worst.deviation > 0.0 else "below"
    at = f"at {worst.time:g}" if math.isfinite(worst.time) else "at the steady state"
    return f"; most in {worst.experiment} {at} ({abs(worst.deviation):.2g} noise levels {side})"


def diagnose(problem: Problem, x: np.ndarray) -> FitDiagnosis:
    """What speaks against a fit with optimum `x`, shape (n_estimated,), on the optimizer's scale.

    Raises
    ------
    RunError
        If an experiment cannot be simulated there.
    """
    objective = Objective(problem)
    here = objective.linearized(x)
    moves = objective.assembled.noise_moves
    scores = score_tests(problem, x)
    serial = {}
    for o in problem.observables:
        rows = [
            k for k, m in enumerate(problem.measurements) if m.observable == o.name and m.counted and not m.censored
        ]
        serial[o.name] = serial_test([problem.measurements[k] for k in rows], here.residual[rows])
    return FitDiagnosis(
        scores,
        contradictions(problem, x, scores),
        lack_of_fit(problem, here, moves, off_bounds(problem, x)),
        serial,
        frozenset(m.observable for m, moving in zip(problem.measurements, moves, strict=True) if moving),
    )
