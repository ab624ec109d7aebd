"""Tests of residuals: against the scatter of replicates, and for neighbors in time that err to the same side.

A chi-square of points whose own scatter gave the noise level is right by construction. Replicates know the scatter
without the model, and the order of residuals in time does not depend on its size.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.special import bdtr, chdtrc, fdtrc, ndtr

from ..objective import Linearization
from ..problem import Measurement, Problem
from .score_tests import orthonormal

FEWEST = 3
"""Degrees of freedom of the scatter of replicates, below which nothing is compared with it."""


@dataclass(frozen=True)
class SerialCorrelationTest:
    """Whether residuals of one course err to the same side as their neighbors in time.

    Attributes
    ----------
    pairs : int
        Neighbors in time, over all courses.
    changes : int
        How many of these have residuals of different sign: runs of one sign, less the number of courses.
    p_runs : float
        Chance of so few changes where signs are free; nan without pairs.
    correlation : float
        Of a residual with the next one: lag-1 autocorrelation about zero; nan without pairs.
    p_correlation : float
        Chance of one as large where signs are free.
    """

    pairs: int
    changes: int
    p_runs: float
    correlation: float
    p_correlation: float


def serial_test(measurements: Sequence[Measurement], residuals: np.ndarray) -> SerialCorrelationTest:
    """The test of measurements with their residuals, shape (n_measurements,).

    A course is what one replicate of one experiment shows of one observable; points of one moment are one, their mean.
    A fit bends residuals a little to alternate, so that the chances are on the safe side.

    Notes
    -----
    Runs: Wald & Wolfowitz 1940, doi 10.1214/aoms/1177731909; with free signs changes are binomial.
    """
    courses: dict[tuple, dict[float, list[float]]] = defaultdict(lambda: defaultdict(list))
    for m, residual in zip(measurements, residuals.tolist(), strict=True):
        courses[m.observable, m.experiment, m.replicate, m.normalization][m.time].append(residual)
    pairs = [
        pair
        for course in courses.values()
        for pair in pairwise(float(np.mean(course[time])) for time in sorted(course))
    ]
    if not pairs:
        return SerialCorrelationTest(0, 0, math.nan, math.nan, math.nan)
    first, second = np.array(pairs).T
    products = first * second
    changes, size = int((products < 0.0).sum()), math.sqrt(float((first**2).sum() * (second**2).sum()))
    spread = math.sqrt(float((products**2).sum()))
    return SerialCorrelationTest(
        len(pairs),
        changes,
        float(bdtr(changes, len(pairs), 0.5)),
        float(products.sum()) / size if size > 0.0 else math.nan,
        float(ndtr(-products.sum() / spread)) if spread > 0.0 else math.nan,
    )


@dataclass(frozen=True)
class MeanDeviation:
    """How far the mean of some points lies from the fitted curve.

    Attributes
    ----------
    observable, experiment : str
    time : float
        nan: of all moments of the experiment.
    points : int
    deviation : float
        Mean of (measured - fitted) / noise.
    statistic : float
        Mean square over its expectation: chi-squared per degree of freedom where noise is given, else F.
    freedom : float
        Its degrees of freedom.
    p : float
    """

    observable: str
    experiment: str
    time: float
    points: int
    deviation: float
    statistic: float
    freedom: float
    p: float


@dataclass(frozen=True)
class LackOfFit:
    """The distance of replicates' means from the fitted curves, compared with how replicates scatter.

    Attributes
    ----------
    observable : str
    kind : str
        "F": against the scatter of replicates; "chi-squared": against noise that was given.
    statistic : float
        Mean square over its expectation.
    freedom : tuple of float
        Of the means, and of the scatter of replicates (inf: noise was given).
    p : float
    arms, moments : tuple of MeanDeviation
        The same by experiment, and by experiment and time.
    """

    observable: str
    kind: str
    statistic: float
    freedom: tuple[float, float]
    p: float
    arms: tuple[MeanDeviation, ...]
    moments: tuple[MeanDeviation, ...]


def lack_of_fit(problem: Problem, here: Linearization, noise_moves: np.ndarray, free: np.ndarray) -> list[LackOfFit]:
    """Lack of fit of every observable that has replicates, or noise that was given.

    Parameters
    ----------
    problem : Problem
    here : Linearization
        At the optimum.
    noise_moves : bool array, shape (n_measurements,)
        Whether the noise of a measurement is estimated.
    free : bool array, shape (n_estimated,)
        Parameters that lie off their bounds.

    Notes
    -----
    Degrees of freedom are those of linear theory: what the estimated parameters take up of means and of differences
    between replicates is known from the slopes.
    """
    basis = orthonormal(here.by_mean[:, free])
    by_observable: dict[str, list[int]] = defaultdict(list)
    for k, m in enumerate(problem.measurements):
        if m.counted and not m.censored:
            by_observable[m.observable].append(k)
    found = (_of_observable(problem, o, rows, here, noise_moves, basis) for o, rows in by_observable.items())
    return [lack for lack in found if lack is not None]


def _of_observable(
    problem: Problem, observable: str, rows: list[int], here: Linearization, noise_moves: np.ndarray, basis: np.ndarray
) -> LackOfFit | None:
    groups: dict[tuple[str, float], list[int]] = defaultdict(list)
    for k in rows:
        groups[problem.measurements[k].experiment, problem.measurements[k].time].append(k)
    is_given = not noise_moves[rows].any()
    residuals = -here.residual
    means = np.array([residuals[members].sum() / math.sqrt(len(members)) for members in groups.values()])
    taken = np.array([(basis[members].sum(axis=0) ** 2).sum() / len(members) for members in groups.values()])
    free = np.maximum(1.0 - taken, 0.0)
    inside = float((residuals[rows] ** 2).sum() - (means**2).sum())
    of_scatter = len(rows) - len(groups) - float((basis[rows] ** 2).sum() - taken.sum())
    if (not is_given and of_scatter < FEWEST) or free.sum() < 0.5:
        return None
    scatter, freedom = (1.0, math.inf) if is_given else (inside / of_scatter, of_scatter)
    if not scatter > 0.0:
        return None

    def compared(chosen: Iterable[int]) -> tuple[float, float, float]:
        places = list(chosen)
        own = float(free[places].sum())
        if own < 1e-3:
            return math.nan, own, math.nan
        ratio = float((means[places] ** 2).sum()) / own / scatter
        chance = chdtrc(own, ratio * own) if is_given else fdtrc(own, freedom, ratio)
        return ratio, own, float(chance)

    keys, members = list(groups), list(groups.values())
    moments = [
        MeanDeviation(observable, *keys[g], len(members[g]), float(residuals[members[g]].mean()), *compared([g]))
        for g in range(len(keys))
    ]
    arms = []
    for experiment in dict.fromkeys(e for e, _ in keys):
        own = [g for g, (e, _) in enumerate(keys) if e == experiment]
        points = [k for g in own for k in members[g]]
        mean = float(residuals[points].mean())
        arms.append(MeanDeviation(observable, experiment, math.nan, len(points), mean, *compared(own)))
    ratio, own_freedom, chance = compared(range(len(keys)))
    kind = "chi-squared" if is_given else "F"
    return LackOfFit(observable, kind, ratio, (own_freedom, freedom), chance, tuple(arms), tuple(moments))
