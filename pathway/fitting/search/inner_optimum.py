"""Scales, offsets and noise levels brought to their best without a further simulation."""

from __future__ import annotations

import math

import numpy as np

from ..objective import InnerObjective, Objective, RunError
from .trust_region import TrustRegionOptions, minimize


def inner_optimum(
    objective: Objective, x: np.ndarray, iterations: int = 30, tolerance: float = 1e-4
) -> tuple[np.ndarray, float]:
    """`x`, shape (n_estimated,), with the parameters that no run depends on at their best for the runs at `x`, and the
    objective there; inf where a run fails. It ends where less than `tolerance` times (1 + |objective|) is promised."""
    try:
        runs = objective.with_runs_kept(x)
    except RunError:
        return x, math.inf
    return inner_optimum_of_runs(runs, iterations, tolerance)


def inner_optimum_of_runs(
    runs: InnerObjective, iterations: int = 30, tolerance: float = 1e-4
) -> tuple[np.ndarray, float]:
    """The same with runs that are kept."""
    inner, x = runs.objective.assembled.observed_only, runs.x
    if not len(inner):
        return x, runs(x[inner]).value
    lower, upper = runs.objective.problem.bounds
    settings = TrustRegionOptions(iterations=iterations, first_radius=2.0, value_tolerance=tolerance, secant=False)
    optimum = minimize(runs, lambda part: runs(part).value, x[inner], (lower[inner], upper[inner]), settings)
    point = x.copy()
    point[inner] = optimum.x
    return point, optimum.value
