"""A cohort that was computed: outcomes of every arm, the published checks, the tables of 37, the trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from pathway.errors import NumericalError

from . import DISCLAIMER, MONTH
from .label import SOURCE, label_checks
from .outcome import HazardRatio, Rate, SurvivalCurve, hazard_ratio, rate, relative_risk, survival_curve
from .plan import BENEFIT, CORRELATION, CohortPlan, MarkerCut
from .table37 import CohortTables, Progression, cohort_tables, follow_up_time
from .trial import TrialPower, trial_power
from .tumor import Assessment, assess, tumor_courses
from .women import EDGE, Women, measured_markers

Table = tuple[Sequence[str], Sequence[Sequence[Any]]]
"""Header with units, and rows."""

KILL_LADDER = (0.0, *np.geomspace(1e-5, 0.1, 25).tolist())
"""Per day, from low to high: the smallest killing that does is the one."""


class CalibrationError(NumericalError, RuntimeError):
    """No killing gives the control arm its published median."""


@dataclass(frozen=True)
class CohortCheck:
    """A published number beside the cohort's."""

    name: str
    value: float
    published: str
    met: bool
    source: str = ""
    finding: str = ""


@dataclass(frozen=True)
class ArmOutcome:
    """What a clinic would report of an arm.

    Attributes
    ----------
    curve : SurvivalCurve
        Without progression, by visits, months.
    median : float
        Months without progression, the moment anywhere between two visits.
    response, benefit : Rate
    against_first : HazardRatio or None
        Progression against the first arm.
    """

    curve: SurvivalCurve
    median: float
    response: Rate
    benefit: Rate
    against_first: HazardRatio | None


@dataclass(frozen=True, eq=False)
class CohortResult:
    """Everything that was found.

    Attributes
    ----------
    plan : CohortPlan
    variants : mapping of "edge", "cut" to Women
    kill : float
        Median killing through antibodies per day, as the control arm sets it.
    n_failed : int
    ensemble : str
        Where members come from.
    """

    plan: CohortPlan
    variants: Mapping[str, Women]
    kill: float
    n_failed: int
    ensemble: str

    def assessment(self, variant: str, arm: int) -> Assessment:
        """What visits see of an arm's tumors."""
        if variant == EDGE:
            return self.assessments[arm]
        return _assessment(self.plan, self.variants[variant], arm, self.kill)

    @cached_property
    def assessments(self) -> tuple[Assessment, ...]:
        """Of every arm, with the edge."""
        women = self.variants[EDGE]
        return tuple(_assessment(self.plan, women, arm, self.kill) for arm in range(len(self.plan.arms)))

    @cached_property
    def progressions(self) -> Mapping[str, Progression]:
        """Of the arm whose follow-up is asked for, with the edge and without it."""
        arm, (count, of) = self.plan.arm(self.plan.follow_up_arm), self.plan.follow_up_share
        progressions = {}
        for variant, women in self.variants.items():
            moments = self.assessment(variant, arm).moments(women.others[:, -1])
            follow_up = follow_up_time(moments, count / of, self.plan.end)
            progressions[variant] = Progression(women, measured_markers(self.plan, women), moments, follow_up)
        return progressions

    @cached_property
    def tables(self) -> CohortTables:
        """Relative risks over cohorts as large as the observed one."""
        return cohort_tables(self.plan, self.progressions)

    @cached_property
    def trials(self) -> tuple[TrialPower, ...]:
        """Power of trials of the later arms against the first."""
        women, measured = self.variants[EDGE], self.progressions[EDGE].measured
        marked = self.plan.high.marked(measured[self.plan.high.marker])
        times, events = zip(*map(_visits, self.assessments), strict=True)
        return trial_power(self.plan, times, events, marked, women.members)

    @cached_property
    def outcomes(self) -> tuple[ArmOutcome, ...]:
        """Of every arm."""
        women = self.variants[EDGE]
        return tuple(_outcome(a, self.assessments[0] if k else None, women.others[:, -1]) for k, a in
                     enumerate(self.assessments))  # fmt: skip

    @cached_property
    def checks(self) -> tuple[CohortCheck, ...]:
        """Every published number of the file beside the cohort's."""
        checks = [
            CohortCheck(check.name, check.value, f"{check.published:g}", check.met, SOURCE)
            for check in label_checks(self.plan)
        ]
        for expectation in self.plan.expectations:
            value = self.value_of(expectation.quantity)
            checks.append(
                CohortCheck(
                    expectation.claim,
                    value,
                    expectation.published,
                    expectation.met(value),
                    expectation.source,
                    expectation.finding,
                )
            )
        return tuple(checks)

    def value_of(self, quantity: str) -> float:
        """The number that an expectation asks for, in the words of a checked file."""
        return _Quantities(self)[quantity]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        tables = self.tables
        return {
            "cohort": self.plan.name,
            "note": DISCLAIMER,
            "relative_risk": tables.quantiles(),
            "p_at_least_observed": tables.at_least_observed(),
            "members_shared": {
                "relative_risk": tables.quantiles(shared=True),
                "p_at_least_observed": tables.at_least_observed(shared=True),
            },
            "observed_relative_risk": tables.observed,
            "women": len(self.variants[EDGE].numbers),
            "women_failed": self.n_failed,
            "cohorts": self.plan.cohort_count,
            "members": len(np.unique(self.variants[EDGE].members)),
            "ensemble": self.ensemble,
            "kill": {"value": self.kill, "unit": "1/d"},
            "follow_up": {v: p.follow_up / MONTH for v, p in self.progressions.items()} | {"unit": "months"},
            "separation": [{"women": n, "power": power} for n, power in tables.separation],
            "arms": {arm.name: _arm_dict(self.outcomes[k]) for k, arm in enumerate(self.plan.arms)},
            "trials": [trial.to_dict() for trial in self.trials],
            "checks": [
                {"name": c.name, "value": _finite(c.value), "published": c.published, "met": c.met} for c in self.checks
            ],
        }

    def relative_risk_table(self) -> Table:
        """Associated and causal, with the edge and without it; women of all members, and of one member a cohort."""
        header = ["women of a cohort", "circuit", "high by", "5 %", "50 %", "95 %", "share at least observed"]
        words = {
            "associated": ("with the edge", "what the biopsy tells (associated)"),
            "causal": ("with the edge", "what is imposed (causal)"),
            "edge_cut": ("edge cut", "what the biopsy tells (associated)"),
            "edge_cut_causal": ("edge cut", "what is imposed (causal)"),
        }
        rows: list[list[Any]] = []
        for shared, whose in ((False, "of all members"), (True, "of one member")):
            share = self.tables.at_least_observed(shared)
            for name, values in self.tables.quantiles(shared).items():
                rows.append([whose, *words[name], *values, share[name]])
        return header, rows

    def check_table(self) -> Table:
        """Every published number beside the cohort's."""
        rows = [[c.finding, c.name, c.value, c.published, "met" if c.met else "missed", c.source] for c in self.checks]
        return ["finding", "what", "cohort", "published", "verdict", "source"], rows

    def arm_table(self) -> Table:
        """What a clinic would report of each arm."""
        header = ["arm", "median without progression [months]", "response", "benefit", "hazard ratio"]
        header += ["low (95 %)", "high (95 %)"]
        rows = []
        for arm, outcome in zip(self.plan.arms, self.outcomes, strict=True):
            ratio = outcome.against_first
            ratios = [None] * 3 if ratio is None else [ratio.value, ratio.low, ratio.high]
            rows.append([arm.name, outcome.median, outcome.response.value, outcome.benefit.value, *ratios])
        return header, rows

    def trial_table(self) -> Table:
        """Power of trials."""
        header = ["arm against the first", "women in each arm", "who", "power", "5 % of members", "95 % of members"]
        rows = [
            [t.arm, t.women, f"{self.plan.high.word} only" if t.enriched else "all", t.power,
             *((t.power_of_members[0], t.power_of_members[2]) if t.power_of_members else (None, None))]
            for t in self.trials
        ]  # fmt: skip
        return header, rows

    def separation_table(self) -> Table:
        """How many women tell the edge from the cut edge."""
        return ["women of a cohort", "power against the cut edge"], [[n, p] for n, p in self.tables.separation]

    def trait_table(self) -> Table:
        """What differs between women, and where that comes from."""
        rows = [
            [t.name, t.parameter, t.median, t.sd if t.share is None else None, t.share, t.source, t.confidence, t.note]
            for t in self.plan.traits
        ]
        return ["trait", "parameter", "median", "sd of ln", "share", "source", "confidence", "note"], rows

    def sentences(self) -> list[str]:
        """The finding in plain words; the first says what this is not."""
        tables = self.tables
        risk, p, cut = tables.quantiles(), tables.at_least_observed(), "edge_cut"
        sentences = [
            DISCLAIMER,
            f"{self.plan.high.word[:1].upper()}{self.plan.high.word[1:]} goes with a relative risk of progression of "
            f"{_interval(risk['associated'])} in cohorts of {self.plan.cohort_size} (median, 5 to 95 %); where it is "
            f"imposed it is {_interval(risk['causal'])}, and with the edge from miR-21 to PTEN cut "
            f"{_interval(risk[cut])}. Observed: {tables.observed:.2f}.",
            f"A relative risk of at least {tables.observed:.2f} turns up in {p['associated']:.1%} of cohorts with the "
            f"edge and in {p[cut]:.1%} of those without it.",
        ]
        enough = next((n for n, power in tables.separation if power >= 0.8), None)
        if tables.separation:
            (fewest, low), (most, high) = tables.separation[0], tables.separation[-1]
            sentences.append(f"Cohorts of {fewest} women tell the edge from the cut edge with a power of {low:.0%}.")
            if enough is None:
                sentences[-1] += f" Not even {most} women do so with 80 % (there it is {high:.0%})."
            elif enough > fewest:
                sentences[-1] += f" For 80 % it takes up to {enough} women."
        if self.n_failed:
            sentences.append(f"{self.n_failed} women are left out: untreated, their cells find no rest or hardly grow.")
        missed = [check.name for check in self.checks if not check.met]
        sentences.append(
            f"{len(self.checks) - len(missed)} of {len(self.checks)} published numbers are met"
            + (f"; missed: {'; '.join(missed)}." if missed else ".")
        )
        return sentences


def _interval(values: Sequence[float]) -> str:
    return f"{values[1]:.2f} ({values[0]:.2f} to {values[2]:.2f})"


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _rate_dict(share: Rate) -> dict[str, Any]:
    return {"value": _finite(share.value), "low": _finite(share.low), "high": _finite(share.high)}


def _arm_dict(outcome: ArmOutcome) -> dict[str, Any]:
    ratio = outcome.against_first
    return {
        "median_progression_free": {"value": _finite(outcome.median), "unit": "months"},
        "response": _rate_dict(outcome.response),
        "benefit": _rate_dict(outcome.benefit),
        "hazard_ratio": None
        if ratio is None
        else {"value": ratio.value, "low": ratio.low, "high": ratio.high, "p": ratio.p},
    }


def _outcome(assessment: Assessment, first: Assessment | None, between: np.ndarray) -> ArmOutcome:
    times, events = _visits(assessment)
    ratio = None
    if first is not None:
        other_times, other_events = _visits(first)
        group = np.repeat([True, False], [len(times), len(other_times)])
        ratio = hazard_ratio(np.concatenate([times, other_times]), np.concatenate([events, other_events]), group)
    return ArmOutcome(
        survival_curve(times / MONTH, events),
        median_months(assessment.moments(between)),
        rate(int(assessment.responded.sum()), len(times)),
        rate(int(assessment.benefit.sum()), len(times)),
        ratio,
    )


def _visits(assessment: Assessment) -> tuple[np.ndarray, np.ndarray]:
    return np.minimum(assessment.progression_time, assessment.visits[-1]), np.isfinite(assessment.progression_time)


def median_months(moments: np.ndarray) -> float:
    """Median time without progression; inf where fewer than half progressed."""
    return float(np.quantile(moments, 0.5, method="higher")) / MONTH if len(moments) else np.nan


def _assessment(plan: CohortPlan, women: Women, arm: int, kill: float) -> Assessment:
    """Of an arm, at a median killing through antibodies."""
    tumor = dict(women.tumor)
    if usual := _median_kill(plan):
        tumor["kill"] = tumor["kill"] * (kill / usual)
    thresholds = -np.log1p(-women.others[:, -2])
    courses = tumor_courses(women.exposure(arm), tumor, plan.arms[arm].chemotherapy, thresholds)
    return assess(courses, plan.visit_every)


def calibrated_kill(plan: CohortPlan, women: Women) -> float:
    """The smallest median killing through antibodies at which the control arm has its published median; 0 where even
    without any it lasts longer, the file's own where nothing is to be set.

    Parameters
    ----------
    plan : CohortPlan
    women : Women
        With the edge.

    Raises
    ------
    CalibrationError
        If no killing does.
    """
    if plan.calibration is None:
        return _median_kill(plan)
    arm, wanted = plan.arm(plan.calibration.arm), plan.calibration.months

    def months(kill: float) -> float:
        return median_months(_assessment(plan, women, arm, kill).moments(women.others[:, -1]))

    # Beyond some killing the median falls again: from a deeper response the refractory clone is seen earlier.
    low = 0.0
    for high in KILL_LADDER:
        if months(high) >= wanted:
            break
        low = high
    else:
        raise CalibrationError(
            f"{plan.file}: whatever antibodies kill, '{plan.calibration.arm}' does not reach {wanted:.1f} months "
            "without progression; its other priors contradict the published arm"
        )
    for _ in range(30):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if months(middle) < wanted else (low, middle)
    return high


def _median_kill(plan: CohortPlan) -> float:
    """That of the file; 0 where it has none."""
    return next((float(t.median) for t in plan.traits if t.parameter == "kill" and t.median is not None), 0.0)


class _Quantities:
    """Numbers by the words of an expectation; each is worked out when asked for."""

    def __init__(self, result: CohortResult) -> None:
        self.result = result
        self.progression = result.progressions[EDGE]

    def __getitem__(self, quantity: str) -> float:
        for cut in filter(None, (self.result.plan.high, self.result.plan.low)):
            risk, median, other, sensitivity, specificity = cut.quantities
            if quantity == risk:
                return self.relative_risk(cut)
            if quantity in (sensitivity, specificity):
                cases = self.progression.progressed == (quantity == sensitivity)
                return float((self.marked(cut) == (quantity == sensitivity))[cases].mean())
            if quantity in (median, other):
                group = self.marked(cut) if quantity == median else ~self.marked(cut)
                return median_months(self.progression.moments[group])
        if quantity.startswith(BENEFIT):
            return self.benefit(quantity.removeprefix(BENEFIT))
        one, _, other = quantity.removeprefix(CORRELATION).partition(" and ")
        measured = self.progression.measured
        return float(spearmanr(measured[one], measured[other]).statistic)

    def marked(self, cut: MarkerCut) -> np.ndarray:
        return cut.marked(self.progression.measured[cut.marker])

    def relative_risk(self, cut: MarkerCut) -> float:
        marked, progressed = self.marked(cut), self.progression.progressed
        counts = (marked & progressed).sum(), marked.sum(), (~marked & progressed).sum(), (~marked).sum()
        return relative_risk(*map(int, counts)).value

    def benefit(self, who: str) -> float:
        """Of carriers of any of the traits named, or of those who carry none of all that other expectations name."""
        assessment = self.result.assessment(EDGE, self.result.plan.arm(self.result.plan.follow_up_arm))
        carriers = self.result.variants[EDGE].carriers
        names = who.split(" or ")
        if who == "neither":
            groups = [e.quantity.removeprefix(BENEFIT) for e in self.result.plan.expectations]
            names = [n for text in groups for n in text.split(" or ") if n in carriers]
        if not names or any(name not in carriers for name in names):
            return np.nan
        carried = np.logical_or.reduce([carriers[name] for name in names])
        group = ~carried if who == "neither" else carried
        return float(assessment.benefit[group].mean()) if group.any() else np.nan
