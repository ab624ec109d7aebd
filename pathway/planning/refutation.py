"""Which result would refute the model: the predictive distribution of a measured mean over all members.

A member is a normal distribution around its own contrast, as wide as the noise of the mean; the ensemble is their
mixture. A result outside its central 95 % is one that hardly any member gives.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

REGION = 0.95


def mixture_distribution(x: float, value: np.ndarray, noise: np.ndarray, weights: np.ndarray) -> float:
    """Distribution function of the mixture at `x`; weights add up to 1."""
    return float(weights @ ndtr((x - value) / noise))


def predictive_region(
    value: np.ndarray, noise: np.ndarray, weights: np.ndarray, share: float = REGION
) -> tuple[float, float]:
    """Between these lies the share of the predictive distribution, as much of the rest below as above.

    Parameters
    ----------
    value, noise : array, shape (n_members,)
        Of the mean that is measured; members whose value is nan take no part.
    weights : array, shape (n_members,)

    Returns
    -------
    (float, float)
        nan where no member has a value.
    """
    known = np.isfinite(value) & np.isfinite(noise) & (weights > 0.0)
    if not known.any():
        return np.nan, np.nan
    value, noise, weights = value[known], noise[known], weights[known] / weights[known].sum()
    rest = 0.5 * (1.0 - share)
    return _quantile(rest, value, noise, weights), _quantile(1.0 - rest, value, noise, weights)


def _quantile(level: float, value: np.ndarray, noise: np.ndarray, weights: np.ndarray) -> float:
    """By bisection: the distribution function grows, and has flat parts where members lie apart."""
    low, high = float((value - 10.0 * noise).min()), float((value + 10.0 * noise).max())
    while low < (middle := 0.5 * (low + high)) < high and high - low > 1e-12:
        if mixture_distribution(middle, value, noise, weights) < level:
            low = middle
        else:
            high = middle
    return middle
