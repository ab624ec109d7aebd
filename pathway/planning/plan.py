"""From a scenario to a plan: what is asked, what could be done about it, and what that would tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from pathway.numerals import finite_or_none
from pathway.scenario.ensemble_result import EnsembleOrigin
from pathway.scenario.experiment import Expectation, Scenario
from pathway.scenario.laboratory import Laboratory
from pathway.scenario.sampled_cell_lines import ParameterSets

from .assays import Assay, PlanError, select_assays
from .controls import missing_controls
from .designs import FACTORS, Design, designs_of, dose_levels, harvest_times
from .power import FEWEST, MOST
from .questions import EffectQuestion, comparison_question, expectation_questions
from .ranking import InformationRanking, rank_measurements
from .readouts import member_readouts
from .transfection import Transfection, lowered_by_transfection, sets_with_knock_down, transfected_doses

Progress = Callable[[str, int, int], None]
REPLICATES = 3


@dataclass(frozen=True)
class PlanRequest:
    """What is asked of a plan.

    Attributes
    ----------
    pairs : tuple of (str, str)
        Arms "a vs b" and an observable; without any, what the expectations of the scenario ask.
    replicates : int
        Days on which the experiment is done.
    assays : tuple of Assay
    at : tuple of float, hours
        Harvests; each day unless told otherwise.
    factors : tuple of float
        On each dose.
    transfection : Transfection
    about : str
        A question about the cell, to rank measurements by what they tell; see `cell_questions.answers_to`. "": none.
    """

    pairs: tuple[tuple[str, str], ...] = ()
    replicates: int = REPLICATES
    assays: tuple[Assay, ...] = field(default_factory=lambda: select_assays(()))
    at: tuple[float, ...] = ()
    factors: tuple[float, ...] = FACTORS
    transfection: Transfection = field(default_factory=Transfection)
    about: str = ""

    def __post_init__(self) -> None:
        if not FEWEST <= self.replicates <= MOST:
            why = "a scatter cannot be told from fewer" if self.replicates < FEWEST else "more is no plan"
            raise PlanError(f"replicates: {self.replicates}, expected {FEWEST} to {MOST}: {why}")
        if not all(0.0 < factor < np.inf for factor in self.factors):
            raise PlanError("doses: expected factors above 0 on the scenario's doses")


@dataclass(frozen=True, eq=False)
class QuestionPlan:
    """What could be done about one question.

    Attributes
    ----------
    question : EffectQuestion
    as_written : Design
        The scenario's own doses and harvest, by the assay that finds it most often.
    designs : tuple of Design
        All that were considered, that one among them.
    """

    question: EffectQuestion
    as_written: Design
    designs: tuple[Design, ...]

    @cached_property
    def best(self) -> Design:
        """The design that finds the effect most often with the replicates that were asked for; of equal ones the first
        in time, the scenario's own doses before others."""
        return max(self.designs, key=lambda d: (round(d.power, 3), d.level.is_as_written, -d.time))

    @cached_property
    def cheapest(self) -> Design | None:
        """The cheapest design that finds it with a probability of 80 %, of equal ones the quickest; None if there is
        none."""
        enough = [design for design in self.designs if design.needed is not None]
        return min(enough, key=lambda d: (d.price, d.time, not d.level.is_as_written)) if enough else None


@dataclass(frozen=True, eq=False)
class ExperimentPlan:
    """A plan.

    Attributes
    ----------
    scenario : Scenario
    request : PlanRequest
    questions : tuple of QuestionPlan
    skipped : tuple of (Expectation, str)
        Expectations that ask nothing of a bench, and why.
    controls : tuple of str
        Dishes that are missing.
    transfected : tuple of str
        Doses that a transfection brings in.
    origin : EnsembleOrigin
    members : int
    lowered : str
        What a knock-down by qPCR reads, in words; "" where none could set what is taken up.
    remark : str
        On members that cannot have the knock-down.
    information : InformationRanking or None
        Where a question about the cell was asked.
    """

    scenario: Scenario
    request: PlanRequest
    questions: tuple[QuestionPlan, ...]
    skipped: tuple[tuple[Expectation, str], ...]
    controls: tuple[str, ...]
    transfected: tuple[str, ...]
    origin: EnsembleOrigin
    members: int
    lowered: str = ""
    remark: str = ""
    information: InformationRanking | None = None

    @property
    def assays_used(self) -> tuple[Assay, ...]:
        """Those that some design measures with."""
        used = {design.assay.name for question in self.questions for design in question.designs}
        return tuple(assay for assay in self.request.assays if assay.name in used)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "scenario": self.scenario.name,
            "replicates": self.request.replicates,
            "ensemble": {
                "kind": self.origin.kind,
                "hash": self.origin.digest,
                "weights": self.origin.weighting or None,
            },
            "members": self.members,
            "transfection": {
                "uptake": self.request.transfection.uptake,
                "uptake_measured": self.request.transfection.measured,
                "knock_down": self.request.transfection.knock_down,
            },
            "questions": [_question_dict(question) for question in self.questions],
            "skipped": [{"claim": e.claim, "finding": e.finding, "why": why} for e, why in self.skipped],
            "missing_controls": list(self.controls),
            "assays": {assay.name: _assay_dict(assay) for assay in self.assays_used},
            "information": None if self.information is None else self.information.to_dict(),
        }


def _question_dict(plan: QuestionPlan) -> dict[str, Any]:
    question = plan.question
    return {
        "question": question.name,
        "claim": question.claim,
        "quantity": question.quantity,
        "arms": list(question.arms),
        "to_be_shown": question.criterion,
        "as_written": design_dict(plan.as_written),
        "best": design_dict(plan.best),
        "cheapest": None if plan.cheapest is None else design_dict(plan.cheapest),
        "designs": len(plan.designs),
    }


def design_dict(design: Design) -> dict[str, Any]:
    """The JSON form of a design; effects in GR or as logarithms of ratios."""
    low, high = design.region
    return {
        "assay": design.assay.name,
        "harvest_hours": design.time,
        "dose": design.level.dose or None,
        "factor": design.level.factor,
        "dishes": [list(dish) for dish in design.contrast.harvests],
        "probability": design.power,
        "above_noise": design.above_noise,
        "replicates_for_80_percent": design.needed,
        "replicates_for_80_percent_at_least_effect": design.needed_for_size,
        "price_eur": finite_or_none(design.price),
        "refuted_below": finite_or_none(low),
        "refuted_above": finite_or_none(high),
    }


def _assay_dict(assay: Assay) -> dict[str, Any]:
    return {
        key: {"value": n.value, "unit": n.unit, "source": n.source, "confidence": n.confidence, "note": n.note}
        for key, n in (("noise", assay.noise), ("range", assay.range), ("price", assay.price))
    }


def make_plan(
    scenario: Scenario,
    laboratory: Laboratory,
    sets: ParameterSets,
    request: PlanRequest,
    progress: Progress | None = None,
) -> ExperimentPlan:
    """What each design of an experiment would tell, over the members of an ensemble.

    Parameters
    ----------
    scenario : Scenario
    laboratory : Laboratory
    sets : ParameterSets
    request : PlanRequest
    progress : callable (what, done, of), optional

    Raises
    ------
    PlanError
        If nothing that is asked can be measured, or a harvest cannot be.
    NoMembersError
        If no member has living cells.
    """
    questions, skipped = questions_of(scenario, request)
    transfected = transfected_doses(scenario, laboratory)
    times = {question: harvest_times(question, scenario, request.at) for question in questions}
    own, remark = sets_with_knock_down(sets, scenario, laboratory, request.transfection)
    by_question: dict[EffectQuestion, list[Design]] = {question: [] for question in questions}
    levels = list(dose_levels(questions, scenario, laboratory, request.factors))
    members = 0
    for done, (level, variant, asked) in enumerate(levels):
        if progress:
            progress("doses", done, len(levels))
        moments = sorted({time for question in asked for time in times[question]})
        readings = member_readouts(variant, asked, moments, laboratory, own, transfected, request.transfection.uptake)
        members = members or len(readings.result)
        for design in designs_of(readings, asked, times, level, request.assays, request.replicates):
            by_question[design.question].append(design)
    plans = tuple(_question_plan(question, tuple(designs)) for question, designs in by_question.items())
    information = None
    if request.about:
        if progress:
            progress("what would tell", 0, 1)
        information = rank_measurements(
            request.about, scenario, laboratory, own, request.assays, request.replicates, request.at,
            [d for designs in by_question.values() for d in designs], transfected, request.transfection.uptake,
            factors=request.factors,
        )  # fmt: skip
    return ExperimentPlan(
        scenario, request, plans, tuple(skipped), missing_controls(questions, scenario, laboratory),
        tuple(n for n in transfected if any(n in scenario.arm(a).doses for q in questions for a in q.arms)),
        sets.origin, members, lowered_by_transfection(scenario, laboratory), remark, information,
    )  # fmt: skip


def questions_of(
    scenario: Scenario, request: PlanRequest
) -> tuple[list[EffectQuestion], list[tuple[Expectation, str]]]:
    """What is asked: the user's pairs, or else the expectations of the scenario.

    Raises
    ------
    PlanError
        If no assay answers any of it.
    """
    if request.pairs:
        return [comparison_question(pair, quantity, scenario, request.assays) for pair, quantity in request.pairs], []
    questions, skipped = expectation_questions(scenario, request.assays)
    if not questions:
        why = "; ".join(dict.fromkeys(reason for _, reason in skipped)) or "it expects nothing"
        raise PlanError(
            f"{scenario.file}: nothing in it asks something of a bench ({why}); name two arms and an observable"
        )
    return questions, skipped


def _question_plan(question: EffectQuestion, designs: tuple[Design, ...]) -> QuestionPlan:
    unchanged = [design for design in designs if design.level.is_as_written]
    last = min((design.time for design in unchanged), key=lambda t: abs(t - question.time))
    own = max((d for d in unchanged if d.time == last), key=lambda d: d.power)
    return QuestionPlan(question, own, designs)
