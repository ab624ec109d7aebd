"""Where a search begins: points of each start, drawn from the seed and the number of the start alone."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..problem import Problem
from .options import SearchOptions
from .sobol import sobol_points


def starting_points(problem: Problem, plan: SearchOptions) -> np.ndarray:
    """Points on the optimizer's scale, shape (starts, candidates of all descents, n_estimated), for all descents twice.

    The first of each start is drawn together with those of the other starts, so that they fill the box evenly. Points
    of a start do not depend on how many others there are.
    """
    n = len(problem.estimated)
    points = np.empty((plan.starts, 2 * math.prod(plan.points(n)), n))
    points[:, 0] = _even(plan, n)
    for k in range(plan.starts):
        points[k, 1:] = np.random.default_rng([plan.seed, k]).random((points.shape[1] - 1, n))
    points = _placed(problem, points)
    if plan.include_nominal:
        points[0, 0] = np.clip(problem.to_scale(problem.nominal), *problem.bounds)
    return points


def _even(plan: SearchOptions, n: int) -> np.ndarray:
    """Sobol's sequence: evenly spread, and the first points are the same however many follow."""
    power = math.ceil(math.log2(plan.starts))
    return sobol_points(n, power, np.random.default_rng(plan.seed))[: plan.starts]


def _placed(problem: Problem, shares: np.ndarray) -> np.ndarray:
    """Shares between 0 and 1 to the optimizer's scale, through each parameter's own distribution of starts."""
    lower, upper = problem.bounds
    points = np.empty_like(shares)
    for k, p in enumerate(problem.estimated):
        low, high = _finite_range(lower[k], upper[k], float(problem.to_scale(problem.nominal)[k]))
        if p.start is None:
            points[..., k] = low + shares[..., k] * (high - low)
        elif p.start.on_scale:
            points[..., k] = np.clip(p.start.draw(shares[..., k]), low, high)
        else:
            natural = p.start.draw(shares[..., k])
            scaled = np.full(natural.shape, low)
            positive = natural > 0 if p.scale != "linear" else np.ones(natural.shape, bool)
            scaled[positive] = _UNSCALED[p.scale](natural[positive])
            points[..., k] = np.clip(scaled, low, high)
    return points


_UNSCALED: dict[str, Callable[[np.ndarray], np.ndarray]] = {"linear": np.asarray, "log": np.log, "log10": np.log10}


def _finite_range(low: float, high: float, nominal: float) -> tuple[float, float]:
    """Bounds that points can be drawn between: an open side is taken some way from the nominal value."""
    centre = nominal if math.isfinite(nominal) else 0.0
    reach = 3.0 * max(abs(centre), 1.0)
    low = low if math.isfinite(low) else min(centre - reach, high - reach if math.isfinite(high) else math.inf)
    high = high if math.isfinite(high) else max(centre + reach, low + reach)
    return low, high
