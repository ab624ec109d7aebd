"""One weight for every member of many tempered populations, and what such weights can be asked.

A population s was drawn from prior * exp(temperature[s] . totals), where `totals` holds the log-likelihood of a member,
that of measured data and that of findings apart. All populations together are draws of one mixture, so each
member counts towards every target (Shirts and Chodera 2008, doi 10.1063/1.2978177).
"""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp


def log_evidence(
    temperatures: np.ndarray, counts: np.ndarray, totals: np.ndarray, start: np.ndarray | None = None
) -> np.ndarray:
    """Logarithm of the evidence of each population relative to the first.

    Parameters
    ----------
    temperatures : array, shape (n_populations, n_parts)
    counts : array, shape (n_populations,)
        Members drawn from each; their sum is the length of `totals`.
    totals : array, shape (n_members, n_parts)
        Finite.
    start : array, shape (n_populations,), optional
        A first guess.
    """
    energies = temperatures @ totals.T
    log_z = np.zeros(len(counts)) if start is None else start.astype(float)
    for _ in range(500):
        denominator = logsumexp(energies + (np.log(counts) - log_z)[:, None], axis=0)
        new = logsumexp(energies - denominator, axis=1)
        new -= new[0]
        change, log_z = np.abs(new - log_z).max(), new
        if change < 1e-6:
            break
    return log_z


def log_weights(
    target: np.ndarray, temperatures: np.ndarray, counts: np.ndarray, totals: np.ndarray, log_z: np.ndarray
) -> np.ndarray:
    """Logarithm of each member's weight for a target temperature, shape (n_members,).

    The logarithm of their sum is the target's evidence relative to the first population.
    """
    energies = temperatures @ totals.T
    return totals @ target - logsumexp(energies + (np.log(counts) - log_z)[:, None], axis=0)


def normalized(log_w: np.ndarray) -> np.ndarray:
    """Weights of sum 1."""
    return np.exp(log_w - logsumexp(log_w))


def effective_number(weights: np.ndarray) -> float:
    """Kish's number of equally weighted draws that say as much: 1/sum of squares; weights of sum 1."""
    return float(1.0 / np.sum(weights**2))


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
    kept = weights[:, chosen] / inclusion[chosen]
    return chosen, kept / kept.sum(axis=1, keepdims=True)


def quantiles(values: np.ndarray, weights: np.ndarray, shares: np.ndarray | list[float]) -> np.ndarray:
    """Weighted quantiles of each column, shape (n_shares, n_columns); the middle of a member's weight is its share."""
    order = np.argsort(values, axis=0)
    ordered = np.take_along_axis(values, order, axis=0)
    middle = np.cumsum(weights[order], axis=0) - 0.5 * weights[order]
    return np.array(
        [[np.interp(share, m, v) for m, v in zip(middle.T, ordered.T, strict=True)] for share in np.atleast_1d(shares)]
    )
