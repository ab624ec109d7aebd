"""Power of paired t tests in each member, over the ensemble, and the replicates that it takes.

A replicate is a day on which every dish of a contrast is made once: what is common to a day cancels in the contrast,
and contrasts of different days are independent and normal. The mean of n of them is compared with a band: the effect
is found if its confidence interval lies inside.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from scipy.special import chdtri, gammaincinv, gammaln, ndtr, stdtrit, xlogy

WANTED = 0.8
"""The probability of finding an effect that a plan aims at."""
LEVEL = 0.05
"""Of two-sided tests; of each side of a test for equivalence."""
FEWEST, MOST = 2, 30
"""Replicates that are considered."""
_NODES, _TAIL, _FAR = 96, 1e-13, 8.5


def power_within(
    value: np.ndarray, noise: np.ndarray, low: float, high: float, replicates: int, tail: float
) -> np.ndarray:
    """Probability that the confidence interval of a mean lies between `low` and `high`.

    Parameters
    ----------
    value, noise : array, shape (n_members,)
        True contrast, and standard deviation of one replicate. nan: never found.
    low, high : float
        May be infinite.
    replicates : int
    tail : float
        One minus the one-sided confidence of each limit: 0.025 for an interval of 95 %.

    Returns
    -------
    array, shape (n_members,)

    Notes
    -----
    With s the estimated deviation and u = s / noise, the probability is the mean of
    Phi((high - value) sqrt(n) / noise - t u) - Phi((low - value) sqrt(n) / noise + t u), where positive, over u; by
    Gauss-Legendre quadrature. With one limit infinite it is the noncentral t distribution; with both it is the power
    of two one-sided tests (Schuirmann 1987, doi 10.1007/BF01068419).
    """
    critical = -stdtrit(replicates - 1, tail)
    known = np.isfinite(value) & (noise > 0.0)
    power = np.zeros(len(value))
    scale = np.sqrt(replicates) / noise[known]
    upper, lower = (high - value[known]) * scale, (low - value[known]) * scale
    least, most = _likely_spreads(replicates - 1)
    # Beyond these spreads the interval is wider than the band, or reaches over its edge as good as surely.
    widest = np.minimum((upper - lower) / 2.0, np.minimum(upper, -lower) + _FAR) / critical
    end = np.clip(widest, least, most)[:, None]
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    half = 0.5 * (end - least)
    u = least + half * (nodes + 1.0)
    inside = ndtr(upper[:, None] - critical * u) - ndtr(lower[:, None] + critical * u)
    density = _chi_squared_density((replicates - 1) * u**2, replicates - 1) * 2.0 * (replicates - 1) * u
    power[known] = (half * weights * density * inside).sum(axis=1).clip(0.0, 1.0)
    return power


@lru_cache
def _likely_spreads(freedom: int) -> tuple[float, float]:
    """Between these lies the estimated deviation over the true one, but for `_TAIL` at each side."""
    least, most = 2.0 * gammaincinv(0.5 * freedom, _TAIL), chdtri(freedom, _TAIL)
    return float(np.sqrt(least / freedom)), float(np.sqrt(most / freedom))


def _chi_squared_density(x: np.ndarray, freedom: int) -> np.ndarray:
    half = 0.5 * freedom
    return np.asarray(np.exp(xlogy(half - 1.0, x) - 0.5 * x - gammaln(half) - half * np.log(2.0)))


def replicates_for_power(probability: Callable[[int], float], wanted: float = WANTED) -> int | None:
    """The fewest replicates with which a probability, which grows with them, reaches what is wanted; None if `MOST`
    do not suffice."""
    if probability(MOST) < wanted:
        return None
    low, high = FEWEST - 1, MOST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if probability(middle) >= wanted else (middle, high)
    return high
