"""Weighted members: which of them stand for all."""

from __future__ import annotations

import numpy as np


def systematic(weights: np.ndarray, number: int, rng: np.random.Generator) -> np.ndarray:
    """Indices of `number` draws, each member as often as its weight says to within one; weights of sum 1."""
    places = (np.arange(number) + rng.random()) / number
    return np.searchsorted(np.cumsum(weights), places).clip(max=len(weights) - 1)


def thinned(
    weights: np.ndarray, number: int, rng: np.random.Generator, certain: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """A choice of distinct members that stands for all.

    Parameters
    ----------
    weights : array, shape (n_targets, n_members)
        Each row of sum 1. A member is chosen with a probability that grows with its mean over the targets.
    number : int
        To choose, at most.
    rng : Generator
    certain : int, optional
        A member that is chosen in any case.

    Returns
    -------
    (int array, shape (n_chosen,); array, shape (n_targets, n_chosen))
        Which, and their weights: divided by the probability of being chosen, then of sum 1 again.
    """
    mean = weights.mean(axis=0)
    number = min(number, int((mean > 0).sum()))
    inclusion = np.minimum(1.0, number * mean)
    if certain is not None:
        inclusion[certain] = 1.0
    for _ in range(100):  # what is certain to be chosen leaves the others more room
        sure = inclusion >= 1.0
        rest = number - sure.sum()
        if rest <= 0 or not (others := mean[~sure].sum()):
            break
        inclusion = np.where(sure, 1.0, np.minimum(1.0, rest * mean / others))
        if np.array_equal(inclusion >= 1.0, sure):
            break
    ends = np.floor(np.cumsum(inclusion) + rng.random())
    chosen = np.flatnonzero(np.diff(ends, prepend=0.0) > 0)
    chosen_weights = weights[:, chosen] / inclusion[chosen]
    return chosen, chosen_weights / chosen_weights.sum(axis=1, keepdims=True)
