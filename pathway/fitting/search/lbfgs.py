"""A local minimizer that asks for gradients alone: L-BFGS-B, for problems with many parameters.

With the walk backwards a gradient costs three to four plain runs, while the Gauss-Newton matrix of `trust_region` needs
the slopes of every measurement by every parameter.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..objective import Evaluation
from .trust_region import LocalOptimum, TrustRegionOptions

MANY = 150
"""From so many parameters on a search uses gradients alone. With 113 (Bachmann 2011) Gauss-Newton got to 27 above the
nominal value in 1.6 s of processor time, this to 108 above it in 23 s; with 155 (Chen 2009), where a gradient costs 0.3
of the slopes that Gauss-Newton needs, searches were not compared."""

MEMORY = 30
"""Pairs of steps and changes of the slope that make its model of the curvature."""

FAILED = 1e10
"""Added to the best value so far where a point cannot be computed: the line search comes back from there."""


def minimize_with_lbfgs(
    slope: Callable[[np.ndarray], Evaluation],
    start: np.ndarray,
    bounds: tuple[np.ndarray, np.ndarray],
    settings: TrustRegionOptions | None = None,
) -> LocalOptimum:
    """A local minimum of an objective within bounds.

    Parameters
    ----------
    slope : callable
        Value and gradient at a point.
    start : array, shape (n,)
    bounds : (lower, upper), each of shape (n,)
    settings : TrustRegionOptions, optional
        Its radius, step tolerance and secant part have no meaning here.

    Returns
    -------
    LocalOptimum

    Notes
    -----
    Byrd, Lu, Nocedal & Zhu 1995, doi 10.1137/0916069, as in scipy.
    """
    from scipy.optimize import Bounds, minimize

    settings = settings or TrustRegionOptions()
    x = np.clip(np.asarray(start, dtype=float), *bounds)
    first = slope(x)
    if not math.isfinite(first.value):
        return LocalOptimum(x, math.inf, np.zeros_like(x), 0, f"the start cannot be computed: {first.failure}")
    best: list[tuple[np.ndarray, Evaluation]] = [(x, first)]
    path = [first.value]

    def evaluate(point: np.ndarray) -> tuple[float, np.ndarray]:
        evaluation = first if np.array_equal(point, x) else slope(point)
        if not math.isfinite(evaluation.value) or evaluation.gradient is None:
            return best[0][1].value + FAILED, np.zeros_like(point)
        if evaluation.value < best[0][1].value:
            best[0] = point.copy(), evaluation
            path.append(evaluation.value)
        return evaluation.value, evaluation.gradient

    options = {
        "maxcor": MEMORY,
        "maxiter": settings.iterations,
        "maxfun": 10 * settings.iterations,
        "ftol": settings.value_tolerance,
        "gtol": settings.gradient_tolerance,
    }
    result = minimize(evaluate, x, jac=True, method="L-BFGS-B", bounds=Bounds(*bounds), options=options)
    where, there = best[0]
    gradient = there.gradient if there.gradient is not None else np.zeros_like(x)
    return LocalOptimum(where, there.value, gradient, int(result.nit), str(result.message).lower(), path)
