"""A plan in plain sentences, and its tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from pathway.scenario.plain_words import percent_text

from .designs import Design
from .plan import ExperimentPlan, QuestionPlan
from .power import MOST
from .ranking import InformationRanking

Table = tuple[Sequence[str], Sequence[Sequence[Any]]]


def plan_sentences(plan: ExperimentPlan) -> list[str]:
    """The first page of a lab book: what would be found, what it takes, what would refute the model."""
    replicates = plan.request.replicates
    return [
        f"{plan.members} {plan.origin.description} say what would be found with {replicates} replicates; a "
        "replicate is a day on which every dish is made once.",
        *(_question_sentence(question) for question in plan.questions),
        *(ranking_sentences(plan.information) if plan.information else ()),
        *_transfection_sentences(plan),
        *([f"Controls that are missing: {'; '.join(plan.controls)}."] if plan.controls else []),
        _noise_sentence(plan),
    ]


def _question_sentence(plan: QuestionPlan) -> str:
    question, own, best, cheapest = plan.question, plan.as_written, plan.best, plan.cheapest
    low, high = own.region
    parts = [
        f"{question.prefix}{own.label} is found with a probability of {percent_text(own.power)} "
        f"(to be shown is {question.criterion}, {own.n_harvests} dishes a replicate)"
    ]
    if best.power > own.power + 0.005:
        parts.append(f"most often, {percent_text(best.power)}, {_changed(best, own)}")
    if own.needed_for_size:
        parts.append(
            f"an effect of {own.effect_text(question.size or 0.0)} would take {own.needed_for_size} replicates for 80 %"
        )
    if cheapest:
        parts.append(
            f"the cheapest design with 80 % over the members takes {cheapest.needed} replicates "
            f"({cheapest.price:.0f} EUR) {_changed(cheapest, own)}"
        )
    else:
        most = max(design.power_with(MOST) for design in plan.designs)
        parts.append(
            f"no design reaches 80 % over the members ({percent_text(most)} with {MOST} replicates): the effect is "
            "small or none in too many"
        )
    if np.isfinite(low):
        parts.append(
            f"a mean of {own.replicates} outside {own.effect_text(low)} to {own.effect_text(high)} would refute the "
            "model"
        )
    return "; ".join(parts) + "."


def _changed(design: Design, own: Design) -> str:
    """In what a design differs from the scenario's own."""
    parts = [f"at {design.time:g} h"] if design.time != own.time else []
    parts += [] if design.level.is_as_written else [f"with {design.level.label}"]
    parts += [f"by {design.assay.name}"] if design.assay.name != own.assay.name else []
    return " ".join(parts) or "as written"


def ranking_sentences(ranking: InformationRanking) -> Iterator[str]:
    """What is open, and which measurements would tell."""
    now = ", ".join(f"{answer} {_share(ranking, share)}" for answer, share in ranking.answers.shares.items())
    words = ranking.answers.question
    yield f"{words[0].upper()}{words[1:]} The members say: {now}; {ranking.doubt:.2f} nats could be told at most."
    if not ranking.is_informative:
        yield (
            f"No measurement of this scenario tells more about it than the best of {len(ranking.ranked)} would by "
            f"chance among so few members ({ranking.chance:.2f} nats)."
        )
        return
    first = ranking.ranked[0]
    yield (
        f"Most telling, {first.nats:.2f} nats (the best of {len(ranking.ranked)} by chance: {ranking.chance:.2f}): "
        f"{first.design.label}, {first.design.replicates} replicates."
    )
    steps = [f"{t.design.label} ({t.nats:.2f} nats so far)" for t in ranking.sequence]
    yield f"Three measurements one after the other: {'; then '.join(steps)}."


def _share(ranking: InformationRanking, number: float) -> str:
    return f"{number:.3g}" if "mean" in ranking.answers.shares else percent_text(number)


def information_table(ranking: InformationRanking) -> Table:
    """Every measurement, the most telling first."""
    header = ["measurement", "quantity", "arms", "assay", "dose", "harvest [h]", "information [nats]"]
    rows = [
        [t.design.label, t.design.question.quantity, " vs ".join(t.design.question.arms), t.design.assay.name,
         t.design.level.label, t.design.time, t.nats]
        for t in ranking.ranked
    ]  # fmt: skip
    return header, rows


def _transfection_sentences(plan: ExperimentPlan) -> Iterator[str]:
    if not plan.transfected:
        return
    oligo, names = plan.request.transfection, ", ".join(plan.transfected)
    if oligo.measured:
        yield f"{oligo.uptake:.0%} of the cells took up {names}; the others grow in the same dish untouched."
    else:
        yield (
            f"Measure the share of cells that take up {names} (a labelled oligo in a flow cytometer) and give it as "
            "--uptake: until then every cell is taken to have it."
        )
    if oligo.knock_down is not None:
        fall = f"{oligo.knock_down:.0%}"
        yield f"Delivery is set so that {plan.lowered} falls by {fall} over the dish within 24 h (qPCR)."
    elif plan.lowered:
        yield (
            f"Measure {plan.lowered} by qPCR 24 h after transfection, against the control oligo, and give its fall as "
            "--knock-down: until then each member delivers what it has."
        )
    if plan.remark:
        yield f"{plan.remark}."


def _noise_sentence(plan: ExperimentPlan) -> str:
    noises = [f"{a.name} {a.noise.value:.2g} ({a.noise.confidence})" for a in plan.assays_used]
    return (
        f"Noise of one reading, as a deviation of its natural logarithm from day to day: {', '.join(noises)}. Your own "
        "replicates are better than any table: --own-replicates."
    )


def question_table(plan: ExperimentPlan) -> Table:
    """One row for each question."""
    n = plan.request.replicates
    header = ["question", "measured", "to be shown", f"found with {n}", "best", "cheapest for 80 %", "refuting outside"]
    rows = []
    for q in plan.questions:
        own, low, high = q.as_written, *q.as_written.region
        cheap = q.cheapest
        rows.append(
            [
                q.question.name,
                own.label,
                q.question.criterion,
                percent_text(own.power),
                f"{percent_text(q.best.power)} {_changed(q.best, own)}",
                f"{cheap.needed} replicates {_changed(cheap, own)}" if cheap else "none",
                f"{own.effect_text(low)} to {own.effect_text(high)}" if np.isfinite(low) else "-",
            ]
        )
    return header, rows


def design_table(plan: ExperimentPlan) -> Table:
    """One row for each design that was considered; effects as a bench reads them: a difference of GR, GR, a ratio."""
    header = ["question", "quantity", "arms", "assay", "dose", "harvest [h]", "dishes a replicate"]
    header += [
        "probability",
        "effect above noise",
        "replicates for 80 %",
        "price [EUR]",
        "refuted below",
        "refuted above",
    ]
    rows = []
    for plan_of in plan.questions:
        for d in plan_of.designs:
            low, high = d.region
            rows.append(
                [
                    d.question.name, d.question.quantity, " vs ".join(d.question.arms), d.assay.name, d.level.label,
                    d.time, d.n_harvests, d.power, d.above_noise, d.needed or "",
                    "" if d.needed is None else d.price, d.effect_text(low), d.effect_text(high),
                ]
            )  # fmt: skip
    return header, rows


def assay_table(plan: ExperimentPlan) -> Table:
    """Every number of the assays that were used, with unit, source and confidence."""
    header = ["assay", "number", "value", "unit", "source", "confidence", "note"]
    rows = [
        [assay.name, what, n.value, n.unit, n.source, n.confidence, n.note]
        for assay in plan.assays_used
        for what, n in (("noise", assay.noise), ("range", assay.range), ("price", assay.price))
    ]
    return header, rows


def missing_controls_table(plan: ExperimentPlan) -> Table:
    """What is missing."""
    return ["missing control"], [[control] for control in plan.controls]


def skipped_expectations_table(plan: ExperimentPlan) -> Table:
    """Expectations that ask nothing of a bench."""
    return ["finding", "claim", "why it is not planned"], [[e.finding or "", e.claim, why] for e, why in plan.skipped]
