"""One start of a search: a race of short optimizations from spread points, hops from its winner, and the end."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from ..objective import Objective
from ..objective.closed_form import Reduced
from .descent import descend
from .plan import Plan
from .result import Start
from .trust_region import LocalOptimum, Settings, minimize


def run_start(objective: Objective, plan: Plan, number: int, points: np.ndarray) -> Start:
    """One start: heats of short optimizations from the best of `points`, hops from the winner, and its end."""
    began = time.process_time()
    before = (objective.evaluations, objective.gradients)
    objective.failures.clear()
    x, iterations, reason = (_descended if len(points[0]) >= plan.many else _raced)(objective, plan, number, points)
    end = objective.slope(x)
    return Start(
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


def _descended(objective: Objective, plan: Plan, number: int, points: np.ndarray) -> tuple[np.ndarray, int, str]:
    """Where gradients alone lead from the best of the points, after how many iterations, and why it ended there."""
    values = [objective.value(candidate) for candidate in points]
    found = descend(objective.slope, points[int(np.argmin(values))], objective.problem.bounds, plan.settings)
    return found.x, found.iterations, found.reason


def _raced(objective: Objective, plan: Plan, number: int, points: np.ndarray) -> tuple[np.ndarray, int, str]:
    """Where heats and hops lead; all but the end runs at the plan's loose solver tolerance."""
    local = _Local(Reduced(objective), plan)
    with objective.loosened(plan.loose_tolerance):
        x = local.heats(points)
        x = local.hops(x, np.random.default_rng([plan.seed, number, 1]))
        x = local.carry(x, plan.settings).x
    found = local.carry(x, replace(plan.settings, first_radius=0.1))
    return local.reduced.complete(found.x), local.iterations, found.reason


ROUGH = 1e-4
"""Relative fall that ends a short optimization early."""


class _Local:
    """The parts of one start.

    Attributes
    ----------
    iterations : int
        Of all optimizations so far.
    """

    def __init__(self, reduced: Reduced, plan: Plan) -> None:
        self.reduced, self.plan = reduced, plan
        self.iterations = 0

    def carry(self, x: np.ndarray, settings: Settings) -> LocalOptimum:
        """A local optimization from `x`."""
        found = minimize(self.reduced, self.reduced.value, x, self.reduced.bounds, settings)
        self.iterations += found.iterations
        return found

    def heats(self, points: np.ndarray) -> np.ndarray:
        """Where the winner of the heats stands."""
        values = {k: self.reduced.value(x) for k, x in enumerate(points[:, self.reduced.outer])}
        runners = [(values[k], points[k, self.reduced.outer]) for k in sorted(values, key=values.__getitem__)]
        for heat in self.plan.heats:
            settings = replace(self.plan.settings, iterations=heat.iterations, value_tolerance=ROUGH)
            keep = max(round(heat.share * len(points)), 1)
            ended = [self.carry(x, settings) for _, x in runners[:keep]]
            runners = sorted(((f.value, f.x) for f in ended), key=lambda r: r[0])
        return runners[0][1]

    def hops(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The best of what is found by drawing some parameters anew, again and again, and optimizing from there."""
        lower, upper = (np.where(np.isfinite(b), b, x + s) for b, s in zip(self.reduced.bounds, (-3, 3), strict=True))
        n = len(x)
        hops = min(max(n - FEW, 0), self.plan.hops)
        settings = replace(self.plan.settings, iterations=HOP, value_tolerance=ROUGH)
        best = self.carry(x, settings) if hops else None
        for _ in range(hops):
            drawn = np.tile(best.x, (2 * n, 1))  # type: ignore[union-attr]
            for point in drawn:
                some = rng.choice(n, rng.integers(1, max(n // 2, 1), endpoint=True), replace=False)
                point[some] = (lower + rng.random(n) * (upper - lower))[some]
            values = [self.reduced.value(point) for point in drawn]
            found = self.carry(drawn[int(np.argmin(values))], settings)
            if found.value < best.value:  # type: ignore[union-attr]
                best = found
        return x if best is None else best.x


FEW = 6
"""Problems with so few parameters are searched without hops: another start is worth more."""

HOP = 30
"""Iterations after a hop."""
