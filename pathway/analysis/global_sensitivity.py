"""Which parameters matter over their whole plausible ranges: Morris screening and Sobol indices.

Sampling and estimators are SALib's; here they meet ranges given in natural units, ensembles, failed members and
intervals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pathway.extras import require

from .mistakes import AnalysisError

Function = Callable[[np.ndarray], np.ndarray]
"""Samples, shape (k, n_parameters), in natural units -> readings, shape (k,); nan where a member failed."""


@dataclass(frozen=True, eq=False)
class ParameterRanges:
    """Where parameters may lie.

    Attributes
    ----------
    names : tuple of str
    low, high : array, shape (n,)
        In natural units.
    logarithmic : boolean array, shape (n,)
        Uniform in the logarithm; else in the value.
    """

    names: tuple[str, ...]
    low: np.ndarray
    high: np.ndarray
    logarithmic: np.ndarray

    def __post_init__(self) -> None:
        for name, low, high, log in zip(self.names, self.low, self.high, self.logarithmic, strict=True):
            if not low < high:
                raise AnalysisError(f"the range of {name} is [{low:g}, {high:g}]; its ends must rise")
            if log and low <= 0:
                raise AnalysisError(f"the range of {name} starts at {low:g}; a logarithmic one must start above 0")

    def placed(self, shares: np.ndarray) -> np.ndarray:
        """Values at shares (0 to 1) of the ranges, shape (..., n)."""
        low, high = (np.where(self.logarithmic, np.log(np.maximum(e, 1e-300)), e) for e in (self.low, self.high))
        values = low + shares * (high - low)
        return np.where(self.logarithmic, np.exp(np.where(self.logarithmic, values, 0.0)), values)


@dataclass(frozen=True, eq=False)
class SobolIndices:
    """Shares of the variance of a reading.

    Attributes
    ----------
    names : tuple of str
    first, total : array, shape (n,)
        By the parameter alone; with all its interactions.
    first_interval, total_interval : array, shape (n,)
        Half widths of the 95 % bootstrap intervals.
    variance : float
    samples, failed : int
        Base samples used, and left out because a member of theirs failed.
    """

    names: tuple[str, ...]
    first: np.ndarray
    total: np.ndarray
    first_interval: np.ndarray
    total_interval: np.ndarray
    variance: float
    samples: int
    failed: int

    def ranked(self) -> list[int]:
        """Positions by falling total index."""
        return [int(i) for i in np.argsort(-self.total, kind="stable")]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "parameters": list(self.names),
            "first": self.first.tolist(),
            "first_interval": self.first_interval.tolist(),
            "total": self.total.tolist(),
            "total_interval": self.total_interval.tolist(),
            "variance": self.variance,
            "base_samples": self.samples,
            "failed": self.failed,
        }


@dataclass(frozen=True, eq=False)
class MorrisEffects:
    """Elementary effects of whole ranges.

    Attributes
    ----------
    names : tuple of str
    mean, mean_absolute, spread : array, shape (n,)
        Of the elementary effects: direction, importance, and non-linearity or interaction.
    interval : array, shape (n,)
        Half widths of the 95 % bootstrap intervals of `mean_absolute`.
    trajectories, failed : int
    """

    names: tuple[str, ...]
    mean: np.ndarray
    mean_absolute: np.ndarray
    spread: np.ndarray
    interval: np.ndarray
    trajectories: int
    failed: int

    def ranked(self) -> list[int]:
        """Positions by falling mean absolute effect."""
        return [int(i) for i in np.argsort(-self.mean_absolute, kind="stable")]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "parameters": list(self.names),
            "mean": self.mean.tolist(),
            "mean_absolute": self.mean_absolute.tolist(),
            "interval": self.interval.tolist(),
            "spread": self.spread.tolist(),
            "trajectories": self.trajectories,
            "failed": self.failed,
        }


def sobol_indices(
    function: Function, ranges: ParameterRanges, base: int = 1024, seed: int = 0, resamples: int = 200
) -> SobolIndices:
    """First and total Sobol indices with bootstrap intervals.

    Parameters
    ----------
    function : callable
        Called once with all samples, base * (n_parameters + 2) of them.
    ranges : ParameterRanges
    base : int
        A power of two, as the sequence of points asks for.
    seed : int
    resamples : int

    Raises
    ------
    AnalysisError
        If `base` is no power of two, or fewer than half of the base samples are usable.

    Notes
    -----
    Saltelli et al. 2010, doi 10.1016/j.cpc.2009.09.018, on scrambled Sobol points.
    """
    require("SALib")
    from SALib.analyze import sobol as analyzer

    shares = sobol_points(len(ranges.names), base, seed)
    readings = np.asarray(function(ranges.placed(shares)), dtype=float)
    blocks = readings.reshape(base, -1)
    kept = np.isfinite(blocks).all(axis=1)
    if kept.sum() < base / 2:
        raise AnalysisError(f"only {kept.sum()} of {base} base samples could be simulated; narrow the ranges")
    readings = blocks[kept].ravel()
    if not np.ptp(readings) > 0:
        raise AnalysisError("the reading is the same for all samples, so there is no variance to divide")
    problem = _problem(ranges)
    # The estimators divide by the spread; centring first keeps digits where the mean is large. A bare seed of 0 would
    # count as none; in a list, every seed gives the resamples that it gives by itself.
    indices = analyzer.analyze(
        problem, readings, calc_second_order=False, num_resamples=resamples, conf_level=0.95, seed=[seed]
    )
    first, total, first_interval, total_interval = (
        np.asarray(indices[key], dtype=float) for key in ("S1", "ST", "S1_conf", "ST_conf")
    )
    used = int(kept.sum())
    variance = float(readings.var())
    return SobolIndices(ranges.names, first, total, first_interval, total_interval, variance, used, base - used)


def sobol_points(dimensions: int, base: int, seed: int) -> np.ndarray:
    """Saltelli's points for first and total indices, as shares of the ranges, shape (base * (n + 2), n).

    Each block of n + 2 rows is a base point, that point with one coordinate at a time from a second one, and the
    second point.
    """
    from scipy.stats import qmc

    if base < 2 or base & (base - 1):
        raise AnalysisError(
            f"{base} base samples: a power of two is needed, for example {1 << max(base, 2).bit_length()}"
        )
    pairs = qmc.Sobol(2 * dimensions, scramble=True, rng=np.random.default_rng(seed)).random(base)
    one, two = pairs[:, :dimensions], pairs[:, dimensions:]
    blocks = np.repeat(one[:, None, :], dimensions + 2, axis=1)
    for index in range(dimensions):
        blocks[:, index + 1, index] = two[:, index]
    blocks[:, -1] = two
    return blocks.reshape(-1, dimensions)


def morris_effects(
    function: Function, ranges: ParameterRanges, trajectories: int = 50, seed: int = 0, levels: int = 6
) -> MorrisEffects:
    """Morris elementary effects, scaled to the whole range of each parameter.

    Notes
    -----
    Morris 1991; mean of absolute effects by Campolongo et al. 2007, doi 10.1016/j.envsoft.2006.10.004.
    """
    require("SALib")
    from SALib.analyze import morris as analyzer
    from SALib.sample import morris as sampler

    unit = _problem(ranges)
    shares = sampler.sample(unit, trajectories, num_levels=levels, seed=seed)
    readings = np.asarray(function(ranges.placed(shares)), dtype=float)
    blocks = readings.reshape(trajectories, -1)
    kept = np.isfinite(blocks).all(axis=1)
    if kept.sum() < 2:
        raise AnalysisError(f"only {kept.sum()} of {trajectories} trajectories could be simulated; narrow the ranges")
    rows = shares.reshape(trajectories, -1, len(ranges.names))[kept].reshape(-1, len(ranges.names))
    effects = analyzer.analyze(unit, rows, blocks[kept].ravel(), num_levels=levels, num_resamples=200, seed=seed)
    mean, absolute, spread, interval = (
        np.asarray(effects[key], dtype=float) for key in ("mu", "mu_star", "sigma", "mu_star_conf")
    )
    return MorrisEffects(
        ranges.names, mean, absolute, spread, interval, int(kept.sum()), trajectories - int(kept.sum())
    )


def _problem(ranges: ParameterRanges) -> dict[str, Any]:
    names: Sequence[str] = ranges.names
    return {"num_vars": len(names), "names": list(names), "bounds": [[0.0, 1.0]] * len(names)}
