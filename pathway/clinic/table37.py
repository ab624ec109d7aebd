"""The table of 37 women, drawn again and again from virtual women: relative risks, associated and causal.

Associated: of women whose biopsy tells high miR-21. Causal: of women on whom high miR-21 is imposed, by the part of it
that nothing else in them tells. Where the edge from miR-21 to PTEN is cut, what is left is not its doing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .outcome import relative_risks
from .plan import CohortPlan
from .women import CUT, EDGE, Women

QUANTILES = (0.05, 0.5, 0.95)
SIZES = (37, 75, 150, 300, 600, 1200)
"""Cohorts for which it is asked whether they tell the edge from the cut edge."""

ASSOCIATED, CAUSAL, EDGE_CUT, EDGE_CUT_CAUSAL = "associated", "causal", "edge_cut", "edge_cut_causal"


@dataclass(frozen=True, eq=False)
class Progression:
    """Who has progressed when follow-up ends, and what a biopsy had told, of the women of one variant.

    Attributes
    ----------
    women : Women
    measured : mapping of marker to array, shape (n_women,)
    moments : array, shape (n_women,), days
        When each progressed; inf: not within the time looked at.
    follow_up : float, days
        At which the share of the whole that has progressed is that of the observed women.
    """

    women: Women
    measured: Mapping[str, np.ndarray]
    moments: np.ndarray
    follow_up: float

    @property
    def progressed(self) -> np.ndarray:
        """Bool array, shape (n_women,)."""
        return self.moments <= self.follow_up


def follow_up_time(moments: np.ndarray, share: float, end: float) -> float:
    """When so large a share has progressed, days; the end where it never is."""
    return float(min(np.quantile(moments, share, method="higher"), end))


@dataclass(frozen=True, eq=False)
class CohortTables:
    """Relative risks over many cohorts.

    Attributes
    ----------
    risks : mapping of "associated", "causal", "edge_cut", "edge_cut_causal" to array, shape (n_cohorts,)
        Women of a cohort come from all members.
    risks_shared : the same where all women of a cohort have the numbers of one member, or empty
        What nature's constants are is then the same for all of them, and unknown.
    observed : float
        The relative risk that was observed.
    separation : tuple of (n_women, power)
        Of cohorts of so many women: how often their associated relative risk is beyond the 95th percentile of what the
        cut edge gives.
    """

    risks: Mapping[str, np.ndarray]
    risks_shared: Mapping[str, np.ndarray]
    observed: float
    separation: tuple[tuple[int, float], ...]

    def quantiles(self, shared: bool = False) -> dict[str, list[float]]:
        """5, 50 and 95 % of each."""
        risks = self.risks_shared if shared else self.risks
        return {name: [float(q) for q in np.quantile(values, QUANTILES)] for name, values in risks.items()}

    def at_least_observed(self, shared: bool = False) -> dict[str, float]:
        """Share of cohorts whose relative risk is at least the observed one."""
        risks = self.risks_shared if shared else self.risks
        return {name: float((values >= self.observed - 1e-9).mean()) for name, values in risks.items()}


def cohort_tables(plan: CohortPlan, progressions: Mapping[str, Progression]) -> CohortTables:
    """Draw cohorts.

    Parameters
    ----------
    plan : CohortPlan
    progressions : mapping of variant to Progression
    """
    a, n, c, m = plan.observed
    women = progressions[EDGE].women  # the same in all variants
    n_women = len(women.members)
    count, size = plan.cohort_count, min(plan.cohort_size, n_women)
    separation = tuple((k, _separation(plan, progressions, n_women, k)) for k in SIZES if k * 2 <= n_women)
    return CohortTables(
        _risks(plan, progressions, _draw_cohorts(n_women, size, count, plan.seed)),
        _risks(plan, progressions, _draw_from_members(women.members, size, count, plan.seed)),
        (a / n) / (c / m),
        separation,
    )


_NAMES = {EDGE: (ASSOCIATED, CAUSAL), CUT: (EDGE_CUT, EDGE_CUT_CAUSAL)}


def _risks(plan: CohortPlan, progressions: Mapping[str, Progression], cohorts: np.ndarray) -> dict[str, np.ndarray]:
    """Relative risks by what the biopsy told, and by what was imposed; none where there are no cohorts."""
    risks: dict[str, np.ndarray] = {}
    for variant, (associated, causal) in _NAMES.items() if len(cohorts) else ():
        progression = progressions[variant]
        risks[associated] = _associated_risks(plan, progression, cohorts)
        marked = plan.high.marked(progression.women.imposed[cohorts])
        risks[causal] = relative_risks(marked, progression.progressed[cohorts])
    return risks


def _associated_risks(plan: CohortPlan, progression: Progression, cohorts: np.ndarray) -> np.ndarray:
    marked = plan.high.marked(progression.measured[plan.high.marker][cohorts])
    return relative_risks(marked, progression.progressed[cohorts])


def _draw_cohorts(n_women: int, size: int, count: int, seed: int) -> np.ndarray:
    """Women of each cohort, nobody twice in one; shape (count, size)."""
    rng = np.random.default_rng([seed, size, count])
    return np.array([rng.choice(n_women, size, replace=False) for _ in range(count)]).reshape(count, size)


def _draw_from_members(members: np.ndarray, size: int, count: int, seed: int) -> np.ndarray:
    """The same, all women of a cohort from one member; none where no member has twice as many women."""
    groups = [rows for k in np.unique(members) if len(rows := np.flatnonzero(members == k)) >= 2 * size]
    if len(groups) < 2:
        return np.zeros((0, size), dtype=int)
    rng = np.random.default_rng([seed, size, count, 1])
    return np.array([rng.choice(groups[rng.integers(len(groups))], size, replace=False) for _ in range(count)])


def _separation(plan: CohortPlan, progressions: Mapping[str, Progression], n_women: int, size: int) -> float:
    """How often a cohort with the edge stands out from cohorts without it."""
    cohorts = _draw_cohorts(n_women, size, max(200, min(1000, plan.cohort_count)), plan.seed)
    with_edge, without = (_associated_risks(plan, progressions[variant], cohorts) for variant in (EDGE, CUT))
    return float((with_edge > np.quantile(without, 0.95)).mean())
