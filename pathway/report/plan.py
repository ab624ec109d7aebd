"""The report of a plan: one page for a lab book."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from pathway.planning.plan import ExperimentPlan, PlanRequest
from pathway.planning.sentences import (
    assay_table,
    design_table,
    information_table,
    missing_controls_table,
    plan_sentences,
    question_table,
    skipped_expectations_table,
)
from pathway.scenario.ensemble_result import EnsembleOrigin
from pathway.scenario.experiment import Scenario

from .output_folders import result_identity
from .report import DeferredFigure, JsonContent, Report, ReportOrigin

PLAN = "plan"
_CAPTION = (
    "The probability that the effect is found, over the time of harvest: with the doses as written (thick), and with "
    "one dose at another level. The line at 80 % is what a plan aims at."
)


def plan_identity(scenario: Scenario, request: PlanRequest, origin: EnsembleOrigin, out: Path) -> dict[str, Any]:
    """What tells a plan in the folder `out` from others, known before any member is run."""
    return result_identity(scenario, out, asked=_asked(request, origin))


def _asked(request: PlanRequest, origin: EnsembleOrigin) -> dict[str, Any]:
    return {
        "replicates": request.replicates,
        "pairs": [" of ".join(reversed(pair)) for pair in request.pairs],
        "assays": {assay.name: assay.noise.value for assay in request.assays},
        "at": list(request.at),
        "factors": list(request.factors),
        "uptake": request.transfection.uptake,
        "knock_down": request.transfection.knock_down,
        "about": request.about,
        "ensemble": origin.digest,
    }


def plan_report(plan: ExperimentPlan, out: Path) -> Report:
    """What a plan leaves in the folder `out`."""
    scenario, asked = plan.scenario, _asked(plan.request, plan.origin)
    return Report(
        kind=PLAN,
        identity=plan_identity(scenario, plan.request, plan.origin, out),
        title=f"Plan: {scenario.title}",
        origin=ReportOrigin(scenario.inputs, scenario.settings, more={"asked_of_plan": asked, "members": plan.members}),
        tables={
            "plan": question_table(plan),
            "assays": assay_table(plan),
            "controls": missing_controls_table(plan),
            "skipped": skipped_expectations_table(plan),
            "designs": design_table(plan),
            **({"information": information_table(plan.information)} if plan.information else {}),
        },
        figures={"figure": DeferredFigure(partial(_draw, plan), _CAPTION)},
        sentences=plan_sentences(plan),
        content=JsonContent(f"{PLAN}.json", plan.to_dict()),
    )


def _draw(plan: ExperimentPlan) -> Any:
    from pathway.plotting.plan_figure import plot_plan

    return plot_plan(plan)
