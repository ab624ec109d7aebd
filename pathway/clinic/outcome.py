"""What a clinic counts: relative risk with its interval, response rates, survival curves, hazard ratios.

Survival statistics are those of lifelines (extra `clinic`); a log-rank test of thousands of trials at once is written
out here, because visits are few and trials many.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import binomtest, norm

from pathway.extras import lifelines, pandas


@dataclass(frozen=True)
class RelativeRisk:
    """A relative risk with its 95 % interval (Katz; half a woman is added to every cell where one is empty)."""

    value: float
    low: float
    high: float


def relative_risk(exposed_events: int, exposed: int, other_events: int, others: int) -> RelativeRisk:
    """Risk of the exposed over that of the others.

    Examples
    --------
    >>> risk = relative_risk(6, 7, 8, 30)
    >>> round(risk.value, 2), round(risk.low, 2), round(risk.high, 2)
    (3.21, 1.65, 6.26)
    """
    a, n, c, m = float(exposed_events), float(exposed), float(other_events), float(others)
    if min(a, c) == 0.0:
        a, n, c, m = a + 0.5, n + 1.0, c + 0.5, m + 1.0
    value = (a / n) / (c / m)
    spread = norm.ppf(0.975) * np.sqrt(1.0 / a - 1.0 / n + 1.0 / c - 1.0 / m)
    return RelativeRisk(value, float(value * np.exp(-spread)), float(value * np.exp(spread)))


def relative_risks(marked: np.ndarray, progressed: np.ndarray) -> np.ndarray:
    """Relative risks of many groups of women at once, along the last axis.

    Parameters
    ----------
    marked, progressed : bool array, shape (..., n_women)

    Returns
    -------
    array, shape (...)
        Half a woman is added to every cell where nobody, marked or not, progressed.
    """
    a, n = (marked & progressed).sum(axis=-1).astype(float), marked.sum(axis=-1).astype(float)
    c, m = (~marked & progressed).sum(axis=-1).astype(float), (~marked).sum(axis=-1).astype(float)
    empty = np.minimum(a, c) == 0.0
    a, n, c, m = (np.where(empty, x + y, x) for x, y in ((a, 0.5), (n, 1.0), (c, 0.5), (m, 1.0)))
    return (a / n) / (c / m)


@dataclass(frozen=True)
class Rate:
    """A share of women with its exact 95 % interval (Clopper and Pearson)."""

    value: float
    low: float
    high: float


def rate(events: int, of: int) -> Rate:
    """A share with its interval; nan where there is nobody."""
    if not of:
        return Rate(np.nan, np.nan, np.nan)
    interval = binomtest(int(events), int(of)).proportion_ci(0.95)
    return Rate(events / of, float(interval.low), float(interval.high))


@dataclass(frozen=True, eq=False)
class SurvivalCurve:
    """Kaplan and Meier's estimate with its 95 % interval.

    Attributes
    ----------
    times, survival, low, high : array, shape (n_times,)
    median : float
        inf where fewer than half progressed.
    """

    times: np.ndarray
    survival: np.ndarray
    low: np.ndarray
    high: np.ndarray
    median: float


def survival_curve(times: np.ndarray, events: np.ndarray) -> SurvivalCurve:
    """Share of women without an event over time.

    Parameters
    ----------
    times : array, shape (n_women,)
        Of the event, or when it was last known that there was none.
    events : bool array, shape (n_women,)

    Raises
    ------
    ImportError
        Where lifelines is not installed; the line names the extra.
    """
    fit = _quietly(lambda: lifelines().KaplanMeierFitter().fit(times, events))
    limits = fit.confidence_interval_survival_function_.to_numpy()
    survival = fit.survival_function_
    return SurvivalCurve(
        survival.index.to_numpy(dtype=float),
        survival.to_numpy()[:, 0],
        limits[:, 0],
        limits[:, 1],
        float(fit.median_survival_time_),
    )


@dataclass(frozen=True)
class HazardRatio:
    """Hazard of one group over the other's (Cox), its 95 % interval, and the log-rank test."""

    value: float
    low: float
    high: float
    p: float


def hazard_ratio(times: np.ndarray, events: np.ndarray, group: np.ndarray) -> HazardRatio:
    """Of those in the group against the others.

    Parameters
    ----------
    times : array, shape (n_women,)
    events, group : bool array, shape (n_women,)

    Raises
    ------
    ImportError
        Where lifelines is not installed; the line names the extra.
    """
    library = lifelines()
    table = pandas().DataFrame({"time": times, "event": events, "group": group.astype(float)})
    fit = _quietly(lambda: library.CoxPHFitter().fit(table, "time", "event"))
    low, high = np.exp(fit.confidence_intervals_.to_numpy()[0])
    p = float(chi_square_p(log_rank_statistic(times[None], events[None], group[None]))[0])
    return HazardRatio(float(fit.hazard_ratios_.iloc[0]), float(low), float(high), p)


def _quietly(work: Any) -> Any:
    """Without warnings that are about the library's own use of others."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return work()


def log_rank_statistic(times: np.ndarray, events: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Mantel's statistic of many trials at once, chi-square with one degree of freedom.

    Parameters
    ----------
    times : array, shape (n_trials, n_women)
    events, group : bool array, shape (n_trials, n_women)

    Returns
    -------
    array, shape (n_trials,)
        0 where nothing can be compared.
    """
    difference, variance = np.zeros(len(times)), np.zeros(len(times))
    for moment in np.unique(times[events]):
        at_risk, now = times >= moment, events & (times == moment)
        n, n_group = at_risk.sum(axis=1).astype(float), (at_risk & group).sum(axis=1).astype(float)
        d, d_group = now.sum(axis=1).astype(float), (now & group).sum(axis=1).astype(float)
        share = n_group / np.maximum(n, 1.0)
        difference += d_group - d * share
        variance += d * share * (1.0 - share) * np.maximum(n - d, 0.0) / np.maximum(n - 1.0, 1.0)
    return np.where(variance > 0.0, difference**2 / np.maximum(variance, 1e-300), 0.0)


def chi_square_p(statistic: np.ndarray) -> np.ndarray:
    """Probability of at least this much, with one degree of freedom."""
    return 2.0 * norm.sf(np.sqrt(statistic))
