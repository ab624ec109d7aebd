"""How far draws of a sampler can be trusted: rank-normalized R-hat, effective numbers of draws, energy.

After Vehtari et al. 2021, doi 10.1214/20-BA1221. Arrays are of one parameter, shape (n_chains, n_draws).
"""

from __future__ import annotations

import math

import numpy as np
from scipy import special


def r_hat(chains: np.ndarray) -> float:
    """Rank-normalized split R-hat: the worse of location and spread. Below 1.01 the chains agree; nan: not defined."""
    halves = _split(chains)
    folded = np.abs(halves - np.median(halves))
    return max(_potential(_normalized(halves)), _potential(_normalized(folded)))


def bulk_effective_size(chains: np.ndarray) -> float:
    """Effective number of draws for the middle of the distribution."""
    return _effective(_normalized(_split(chains)))


def tail_effective_size(chains: np.ndarray) -> float:
    """Effective number of draws for the 5 % and 95 % quantiles, the smaller of the two."""
    halves = _split(chains)
    return min(_effective((halves <= np.quantile(chains, share)).astype(float)) for share in (0.05, 0.95))


def bayesian_energy_fraction(energy: np.ndarray) -> np.ndarray:
    """Estimated Bayesian fraction of missing information of each chain: below 0.3 the sampler moves too slowly between
    levels of probability (Betancourt 2016, arXiv 1604.00695)."""
    steps = (np.diff(energy, axis=1) ** 2).sum(axis=1)
    return steps / ((energy - energy.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)


def _split(chains: np.ndarray) -> np.ndarray:
    """Both halves of each chain as chains of their own, so that a drift counts as disagreement."""
    half = chains.shape[1] // 2
    return np.concatenate([chains[:, :half], chains[:, chains.shape[1] - half :]])


def _normalized(chains: np.ndarray) -> np.ndarray:
    from scipy import stats  # half a second, that only draws are worth

    ranks = stats.rankdata(chains, axis=None).reshape(chains.shape)
    return special.ndtri((ranks - 0.375) / (chains.size + 0.25))


def _potential(chains: np.ndarray) -> float:
    draws = chains.shape[1]
    within = float(chains.var(axis=1, ddof=1).mean())
    if draws < 2 or within <= 0.0:
        return math.nan
    return math.sqrt((draws - 1) / draws + float(chains.mean(axis=1).var(ddof=1)) / within)


def _effective(chains: np.ndarray) -> float:
    """Number of independent draws that say as much about the mean, by Geyer's initial monotone sequence."""
    draws = chains.shape[1]
    if draws < 4 or float(np.ptp(chains)) == 0.0:
        return math.nan
    centred = chains - chains.mean(axis=1, keepdims=True)
    transformed = np.fft.rfft(centred, 2 * draws, axis=1)
    covariance = np.fft.irfft(np.abs(transformed) ** 2, axis=1)[:, :draws].mean(axis=0) / draws
    within = covariance[0] * draws / (draws - 1)
    total = covariance[0] + float(chains.mean(axis=1).var(ddof=1))
    correlation = 1.0 - (within - covariance) / total
    correlation[0] = 1.0
    pairs = correlation[: draws // 2 * 2].reshape(-1, 2).sum(axis=1)
    positive = int(np.argmax(pairs < 0.0)) if (pairs < 0.0).any() else len(pairs)
    time = -1.0 + 2.0 * float(np.minimum.accumulate(pairs[:positive]).sum())
    if 2 * positive < draws:
        time += max(float(correlation[2 * positive]), 0.0)
    return chains.size / max(time, 1.0 / math.log10(chains.size))
