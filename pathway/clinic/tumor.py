"""A woman's tumor: two clones, the sum of diameters, and what is seen of it at visits (RECIST).

    d ln V / dt = growth * m(t)/m(untreated) - kill * occupancy(t) - chemotherapy(t)

The sensitive clone meets trastuzumab as the circuit says; the refractory clone is the same circuit whose HER2 no
antibody binds (as truncated HER2), so that neither its signal nor the killing through antibodies is touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

RESPONSE, PROGRESSION, LEAST_GROWTH = 0.7, 1.2, 5.0
"""RECIST 1.1: at most so much of the start; at least so much of the smallest; and at least so many mm more."""

TUMOR_PARAMETERS: Mapping[str, str] = {
    "doubling_time": "d",
    "kill": "1/d",
    "chemotherapy_kill": "1/d",
    "chemotherapy_time": "d",
    "refractory_share": "1",
    "diameter": "mm",
    "lesion_hazard": "1/d",
    "lesions_per_growth": "1",
}
"""Unit of every number that a tumor has beside its cells."""


@dataclass(frozen=True, eq=False)
class Exposure:
    """What a treatment does to the cells of each tumor, summed up over time.

    Attributes
    ----------
    times : array, shape (n_times,), days
        From 0 on.
    growth : array, shape (n_women, n_times), days
        Integral of growth rate over untreated growth rate.
    occupancy : array, shape (n_women, n_times), days
        Integral of the share of HER2 that is bound.
    refractory_growth : array, shape (n_women,)
        Growth rate of the refractory clone over untreated growth rate.
    """

    times: np.ndarray
    growth: np.ndarray
    occupancy: np.ndarray
    refractory_growth: np.ndarray


@dataclass(frozen=True, eq=False)
class TumorCourses:
    """Tumors over time, without any end of treatment.

    Attributes
    ----------
    times : array, shape (n_times,), days
    diameters : array, shape (n_women, n_times), mm
    lesion_time : array, shape (n_women,), days
        When a new lesion appears; inf: never.
    """

    times: np.ndarray
    diameters: np.ndarray
    lesion_time: np.ndarray


@dataclass(frozen=True, eq=False)
class Assessment:
    """What is seen at visits.

    Attributes
    ----------
    visits : array, shape (n_visits,), days
    progression_time : array, shape (n_women,), days
        The visit at which progression is seen; inf: not within the time looked at.
    last_visit_before : array, shape (n_women,), days
        The last visit without it (0: the start): the moment lies between the two.
    best_change : array, shape (n_women,)
        Smallest sum of diameters over that at the start, less 1, up to progression.
    benefit : bool array, shape (n_women,)
        Response, or no progression for 24 weeks.
    changes : array, shape (n_women, n_visits)
        Sum of diameters over that at the start, less 1.
    """

    visits: np.ndarray
    progression_time: np.ndarray
    last_visit_before: np.ndarray
    best_change: np.ndarray
    benefit: np.ndarray
    changes: np.ndarray

    @property
    def responded(self) -> np.ndarray:
        """Whether the sum of diameters fell to 70 %, shape (n_women,)."""
        return self.best_change <= RESPONSE - 1.0

    def moments(self, between: np.ndarray) -> np.ndarray:
        """Times of progression in days when it lies anywhere between two visits, shape (n_women,).

        Parameters
        ----------
        between : array, shape (n_women,)
            Where between the two, from 0 to 1: uniform draws.
        """
        late = np.isfinite(self.progression_time)
        times = np.full(len(late), np.inf)
        gap = self.progression_time[late] - self.last_visit_before[late]
        times[late] = self.last_visit_before[late] + gap * between[late]
        return times


def tumor_courses(
    exposure: Exposure, tumor: Mapping[str, np.ndarray], chemotherapy: bool, thresholds: np.ndarray
) -> TumorCourses:
    """Tumors under a treatment.

    Parameters
    ----------
    exposure : Exposure
    tumor : mapping of a name in TUMOR_PARAMETERS to array, shape (n_women,)
        In days and mm.
    chemotherapy : bool
    thresholds : array, shape (n_women,)
        Cumulated hazard at which a new lesion appears: exponential draws with mean 1.

    Returns
    -------
    TumorCourses
    """
    times = exposure.times
    growth = (np.log(2.0) / tumor["doubling_time"])[:, None]
    chemo = tumor["chemotherapy_kill"][:, None] * np.minimum(times, tumor["chemotherapy_time"][:, None])
    lost = chemo if chemotherapy else 0.0
    sensitive = growth * exposure.growth - tumor["kill"][:, None] * exposure.occupancy - lost
    refractory = growth * exposure.refractory_growth[:, None] * times - lost
    share = tumor["refractory_share"][:, None]
    with np.errstate(divide="ignore"):
        log_volume = np.logaddexp(np.log1p(-share) + sensitive, np.log(share) + refractory)
    steps = np.maximum(np.diff(log_volume, axis=1), 0.0)
    hazard = tumor["lesion_hazard"][:, None] * times
    hazard[:, 1:] += tumor["lesions_per_growth"][:, None] * np.cumsum(steps, axis=1)
    return TumorCourses(
        times, tumor["diameter"][:, None] * np.exp(log_volume / 3.0), _first_crossing(times, hazard, thresholds)
    )


def _first_crossing(times: np.ndarray, rising: np.ndarray, level: np.ndarray) -> np.ndarray:
    """When each rising row reaches its level, linear between times; inf where it does not."""
    after = rising >= level[:, None]
    there = after.any(axis=1)
    k = np.maximum(np.argmax(after, axis=1), 1)
    rows = np.arange(len(level))
    low, high = rising[rows, k - 1], rising[rows, k]
    part = np.clip((level - low) / np.maximum(high - low, 1e-300), 0.0, 1.0)
    return np.where(there, times[k - 1] + part * (times[k] - times[k - 1]), np.inf)


def assess(courses: TumorCourses, visit_every: float, benefit_after: float = 168.0) -> Assessment:
    """What visits see of tumors.

    Parameters
    ----------
    courses : TumorCourses
    visit_every : float, days
    benefit_after : float, days
        So long without progression counts as benefit (24 weeks).

    Notes
    -----
    RECIST 1.1 by sums of diameters: no confirmation, no error of reading, no complete response.
    """
    visits = np.arange(visit_every, courses.times[-1] + 1e-9, visit_every)
    places = np.searchsorted(courses.times, visits - 1e-9)
    start = courses.diameters[:, :1]
    diameters = courses.diameters[:, places]
    smallest = np.minimum.accumulate(np.concatenate([start, diameters], axis=1), axis=1)[:, :-1]
    progressed = (diameters >= PROGRESSION * smallest) & (diameters - smallest >= LEAST_GROWTH)
    progressed |= courses.lesion_time[:, None] <= visits
    ever = progressed.any(axis=1)
    first = np.where(ever, np.argmax(progressed, axis=1), len(visits))
    ends = np.concatenate([visits, [np.inf]])
    before = np.concatenate([[0.0], visits])
    changes = diameters / start - 1.0
    counted = np.arange(len(visits)) <= first[:, None]
    best = np.where(counted, changes, np.inf).min(axis=1)
    benefit = (best <= RESPONSE - 1.0) | (ends[first] > benefit_after)
    return Assessment(visits, ends[first], before[first], best, benefit, changes)
