"""Quantiles and shares of weighted members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LOW, HIGH = 0.05, 0.95
"""Between these quantiles lie 90 % of the weight."""


@dataclass(frozen=True)
class WeightedInterval:
    """Median and the middle 90 % of weighted members; nan where no member has a value."""

    low: float
    median: float
    high: float

    @property
    def ends(self) -> list[float] | None:
        """The JSON form: [5 %, 95 %]; None where there is none."""
        return None if np.isnan([self.low, self.high]).any() else [self.low, self.high]


def weighted_quantiles(values: np.ndarray, weights: np.ndarray, levels: Sequence[float]) -> np.ndarray:
    """The smallest value at or below which at least such a share of the weight lies; nan count as no members.

    Parameters
    ----------
    values : array, shape (n_members, ...)
    weights : array, shape (n_members,)
    levels : sequence of float
        From 0 to 1.

    Returns
    -------
    array, shape (n_levels, ...)
        nan where no member has a value.
    """
    order = np.argsort(values, axis=0, kind="stable")
    ranked = np.take_along_axis(values, order, axis=0)
    counted = np.where(np.isnan(ranked), 0.0, weights[order])
    below = np.cumsum(counted, axis=0)
    quantiles = []
    for level in levels:
        # A sum of weights is only as exact as its last digits.
        reached = below >= (level - 1e-12) * below[-1]
        reached &= counted > 0.0
        place = np.argmax(reached, axis=0)[None]
        quantiles.append(np.where(below[-1] > 0.0, np.take_along_axis(ranked, place, axis=0)[0], np.nan))
    return np.array(quantiles)


def weighted_interval(values: np.ndarray, weights: np.ndarray) -> WeightedInterval:
    """Of one number in each member, shape (n_members,)."""
    return WeightedInterval(*map(float, weighted_quantiles(values, weights, (LOW, 0.5, HIGH))))


def distribution_distance(
    values: np.ndarray, weights: np.ndarray, others: np.ndarray, other_weights: np.ndarray
) -> float:
    """Largest difference of two weighted distribution functions (Kolmogorov-Smirnov); nan are no members."""
    places = np.unique(np.concatenate([values[~np.isnan(values)], others[~np.isnan(others)]]))
    if not len(places):
        return 0.0
    one, two = (_share_below(places, *each) for each in ((values, weights), (others, other_weights)))
    return float(np.abs(one - two).max())


def _share_below(places: np.ndarray, values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The share of the weight at or below each place."""
    known = ~np.isnan(values)
    order = np.argsort(values[known], kind="stable")
    sums = np.concatenate([[0.0], np.cumsum(weights[known][order])])
    total = sums[-1] if sums[-1] > 0.0 else 1.0
    return sums[np.searchsorted(values[known][order], places, side="right")] / total


def effective_sample_size(weights: np.ndarray) -> float:
    """Members of equal weight that would say as much: (sum w)^2 / sum w^2; 0 without weight."""
    squares = float(np.sum(weights**2))
    return float(weights.sum() ** 2 / squares) if squares > 0.0 else 0.0


def weighted_share(met: np.ndarray, weights: np.ndarray) -> float:
    """The share of the weight that members have for which something holds, shape (n_members,); nan without weight."""
    total = weights.sum()
    return float(weights[met].sum() / total) if total > 0.0 else float("nan")
