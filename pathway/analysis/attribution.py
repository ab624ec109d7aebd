"""How much of a difference is owed to each of several causes, when they act on each other.

A cause's share is its Shapley value: what it adds on average over all orders in which the causes could be restored.
The shares add up to the whole difference, do not depend on any order, and give nothing to a cause without effect.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial

import numpy as np

from .mistakes import AnalysisError

MOST_CAUSES = 12
"""With n causes, 2^n experiments are needed."""


@dataclass(frozen=True, eq=False)
class Attribution:
    """A difference divided among its causes.

    Attributes
    ----------
    causes : tuple of str
    before, after : array, shape (...)
        The reading with no cause and with all causes in place.
    shares : array, shape (n_causes, ...)
        Shapley values; their sum is `after - before`.
    alone : array, shape (n_causes, ...)
        Effect of each cause when it is the only one.
    last : array, shape (n_causes, ...)
        Effect of each cause when all others are already in place.
    """

    causes: tuple[str, ...]
    before: np.ndarray
    after: np.ndarray
    shares: np.ndarray
    alone: np.ndarray
    last: np.ndarray

    @property
    def total(self) -> np.ndarray:
        """The whole difference."""
        return self.after - self.before

    @property
    def remainder(self) -> np.ndarray:
        """What the shares leave unexplained: rounding only."""
        return self.total - self.shares.sum(axis=0)


def coalitions(n_causes: int) -> np.ndarray:
    """All subsets of causes as rows of booleans, shape (2^n, n); row k holds the bits of k.

    Raises
    ------
    AnalysisError
        If there are too many causes.
    """
    if not 1 <= n_causes <= MOST_CAUSES:
        raise AnalysisError(f"{n_causes} causes need 2^{n_causes} experiments; name 1 to {MOST_CAUSES} of them")
    return (np.arange(2**n_causes)[:, None] >> np.arange(n_causes)) & 1 == 1


def shapley_attribution(causes: tuple[str, ...], readings: np.ndarray) -> Attribution:
    """The shares of causes from the readings of all subsets.

    Parameters
    ----------
    causes : tuple of str
    readings : array, shape (2^n_causes, ...)
        In the order of `coalitions`.

    Returns
    -------
    Attribution

    Notes
    -----
    Shapley 1953. With k causes already in place, an order that adds this one next has weight k! (n - k - 1)! / n!.
    """
    n = len(causes)
    readings = np.asarray(readings, dtype=float)
    present = coalitions(n)
    sizes = present.sum(axis=1)
    weight = np.array([factorial(k) * factorial(n - k - 1) / factorial(n) for k in range(n)])
    shares, alone, last = [], [], []
    full = 2**n - 1
    for index in range(n):
        without = np.flatnonzero(~present[:, index])
        gains = readings[without | (1 << index)] - readings[without]
        shares.append(np.tensordot(weight[sizes[without]], gains, axes=1))
        alone.append(readings[1 << index] - readings[0])
        last.append(readings[full] - readings[full ^ (1 << index)])
    return Attribution(causes, readings[0], readings[full], np.array(shares), np.array(alone), np.array(last))
