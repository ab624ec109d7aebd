"""Scales, offsets and noise levels brought to their best without a further simulation."""

from __future__ import annotations

import math

import numpy as np

from ..objective import Objective, RunError
from .trust_region import TrustRegionOptions, minimize


def inner_optimum(
    objective: Objective, x: np.ndarray, iterations: int = 30, tolerance: float = 1e-4
) -> tuple[np.ndarray, float]:
    """`x`, shape (n_estimated,), with the parameters that no run depends on at their best for the runs at `x`, and the
    objective there; inf where a run fails. It ends where less than `tolerance` times (1 + |objective|) is promised."""
    inner = objective.assembled.observed_only
    try:
        evaluate = objective.with_runs_kept(x)
    except RunError:
        return x, math.inf
    if not len(inner):
        return x, evaluate(x[inner]).value
    lower, upper = objective.problem.bounds
    settings = TrustRegionOptions(iterations=iterations, first_radius=2.0, value_tolerance=tolerance, secant=False)
    optimum = minimize(evaluate, lambda part: evaluate(part).value, x[inner], (lower[inner], upper[inner]), settings)
    point = x.copy()
    point[inner] = optimum.x
    return point, optimum.value
