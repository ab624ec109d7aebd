"""One start of a search: short descents from spread points, crossings of their ends, and the way to the very end.

Descents end in different optima, and each has often found the right values of some parameters. A crossing begins at a
mixture of two ends, so that it may join what they found. On three of four problems made for the purpose
(benchmarks/searches.py) it bettered an end two to three times as often for its price as one more descent, on the
fourth, an oscillator, half as often.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

import numpy as np

from ..objective import Objective
from ..objective.hierarchical_parameters import ReducedObjective
from .lbfgs import minimize_with_lbfgs
from .options import SearchOptions
from .result import StartResult
from .trust_region import LocalOptimum, TrustRegionOptions, minimize

SHORT = {"iterations": 100, "value_tolerance": 1e-3}
"""Of descents and crossings: soon content, so that the way in a flat valley is gone once, by the winner."""

ALIKE = 3e-3
"""Ends whose values differ by less than this times (1 + |value|) are taken for one."""

KEPT = 8
"""Ends that may take part in crossings: the best ones."""

MIXTURES = 4
"""Mixtures that a crossing looks at before it begins at the best of them."""

FRESH = 0.1
"""Share of a mixture's parameters that come from neither end."""


SOFT, NEARLY_HARD = 0.1, 1e-4
"""Noise levels within which Laplace noise is a parabola, first and at the end. Many residuals of its best fit are zero,
and a descent along kinks stops long before it is there."""


def run_start(objective: Objective, plan: SearchOptions, number: int, points: np.ndarray) -> StartResult:
    """One start, from `points` of shape (candidates of all descents, n_estimated)."""
    began = time.process_time()
    before = (objective.evaluations, objective.gradients)
    objective.failures.clear()
    x, iterations, reason = (_descended if len(points[0]) >= plan.many else _crossed)(objective, plan, number, points)
    end = objective.slope(x)
    return StartResult(
        number=number,
        objective=end.value,
        x=x,
        start=np.asarray(points[0]),
        gradient=end.gradient if end.gradient is not None else np.zeros_like(x),
        iterations=iterations,
        evaluations=objective.evaluations - before[0],
        gradients=objective.gradients - before[1],
        reason=end.failure or reason,
        failures=dict(objective.failures),
        seconds=time.process_time() - began,
    )


def _descended(
    objective: Objective, plan: SearchOptions, number: int, points: np.ndarray
) -> tuple[np.ndarray, int, str]:
    """Where gradients alone lead from the best of the points, after how many iterations, and why it ended there."""
    best = points[int(np.argmin(objective.values(points)))]
    optimum = minimize_with_lbfgs(objective.slope, best, objective.problem.bounds, plan.settings)
    return optimum.x, optimum.iterations, optimum.reason


def _crossed(objective: Objective, plan: SearchOptions, number: int, points: np.ndarray) -> tuple[np.ndarray, int, str]:
    """Where descents and crossings lead; all but the end runs at the plan's loose solver tolerance."""
    local = _Local(ReducedObjective(objective), plan)
    points = points[:, local.reduced.outer]
    with objective.loosened(plan.loose_tolerance), objective.softened(SOFT):
        ends = local.descents(points)
        local.crossings(ends, points, np.random.default_rng([plan.seed, number, 1]))
        x = local.carry(ends.best.x if ends.kept else points[0], plan.settings).x
    with objective.softened(NEARLY_HARD):
        # A step more or two, for parameters as sharp as the value.
        last = replace(plan.settings, first_radius=0.1, value_tolerance=0.01 * plan.settings.value_tolerance)
        optimum = local.carry(x, last)
    return local.reduced.complete(optimum.x), local.iterations, optimum.reason


@dataclass
class _Ends:
    """Different ends of short optimizations, the best first.

    Attributes
    ----------
    kept : list of LocalOptimum
    hits : int
        How many optimizations ended at the best value.
    """

    kept: list[LocalOptimum] = field(default_factory=list)
    hits: int = 0

    @property
    def best(self) -> LocalOptimum:
        return self.kept[0]

    def add(self, optimum: LocalOptimum) -> bool:
        """Take an end in; whether it is better than all before."""
        if not np.isfinite(optimum.value):
            return False
        near = ALIKE * (1.0 + abs(optimum.value))
        like = next((k for k, end in enumerate(self.kept) if abs(end.value - optimum.value) < near), -1)
        gained = not self.kept or (like != 0 and optimum.value < self.best.value)
        self.hits = 1 if gained else self.hits + (like == 0)
        if like < 0:
            self.kept.append(optimum)
        elif optimum.value < self.kept[like].value - 0.1 * near:
            # Not for less: ends of equal value may be different ones, and those that came first are more unlike.
            self.kept[like] = optimum
        self.kept = sorted(self.kept, key=lambda end: end.value)[:KEPT]
        return gained


class _Local:
    """The parts of one start.

    Attributes
    ----------
    iterations : int
        Of all optimizations so far.
    """

    def __init__(self, reduced: ReducedObjective, plan: SearchOptions) -> None:
        self.reduced, self.plan = reduced, plan
        self.iterations = 0

    def carry(self, x: np.ndarray, settings: TrustRegionOptions) -> LocalOptimum:
        """A local optimization from `x`."""
        optimum = minimize(self.reduced, self.reduced.value, x, self.reduced.bounds, settings)
        self.iterations += optimum.iterations
        return optimum

    def short(self, points: np.ndarray) -> LocalOptimum:
        """A short optimization from the best of `points`."""
        best = points[int(np.argmin(self.reduced.values(points)))]
        return self.carry(best, replace(self.plan.settings, **SHORT))  # type: ignore[arg-type]

    def descents(self, points: np.ndarray) -> _Ends:
        """Ends of short optimizations from shares of the points, until enough of them agree."""
        ends = _Ends()
        for own in np.split(points, len(points) // self.plan.candidates):
            ends.add(self.short(own))
            if ends.hits >= self.plan.agree:
                break
        return ends

    def crossings(self, ends: _Ends, points: np.ndarray, rng: np.random.Generator) -> None:
        """Add the ends of short optimizations from mixtures of the best end and another one, as long as it pays."""
        patience = self.plan.patience or min(max(points.shape[1] // 2, 6), 12)
        failed = 0
        while failed < patience and len(ends.kept) > 1:
            other = ends.kept[rng.integers(1, len(ends.kept))].x
            mixed = [_mixed(ends.best.x, other, points[rng.integers(len(points))], rng) for _ in range(MIXTURES)]
            failed = 0 if ends.add(self.short(np.array(mixed))) else failed + 1


def _mixed(one: np.ndarray, other: np.ndarray, third: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each parameter from one of two ends, a few from a third point."""
    crossed = np.where(rng.random(len(one)) < 0.5, one, other)
    return np.where(rng.random(len(one)) < FRESH, third, crossed)
