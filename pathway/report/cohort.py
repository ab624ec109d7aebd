"""The report of a cohort of virtual women."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from pathway.clinic import DISCLAIMER
from pathway.clinic.patients import PatientScore
from pathway.clinic.result import CohortResult
from pathway.folders import stored_content, stored_json

from .record import input_files, read_record
from .report import DeferredFigure, JsonContent, Report, ReportOrigin, Table
from .write import RECORD

COHORT = "cohort"
JSON_FORM = "cohort.json"


def cohort_report(
    result: CohortResult, identity: Mapping[str, Any], asked: Mapping[str, Any], score: PatientScore | None = None
) -> Report:
    """What a cohort leaves beside its women.

    Parameters
    ----------
    result : CohortResult
    identity : mapping
        Of the folder, see `CohortRequest.identity`.
    asked : mapping
        Of the request, so that it can be repeated.
    score : PatientScore, optional
        Of one's own patients.
    """
    from pathway.plotting.cohort_figure import plot_cohort, plot_tumors

    tables: dict[str, Table] = {
        "relative_risks": result.relative_risk_table(),
        "checks": result.check_table(),
        "arms": result.arm_table(),
        "separation": result.separation_table(),
        "trials": result.trial_table(),
        "traits": result.trait_table(),
    }
    content, sentences, inputs = result.to_dict(), result.sentences(), {result.plan.file.name: result.plan.content}
    if score is not None:
        tables["patients"] = score.table()
        content["patients"] = score.to_dict()
        sentences += score.sentences()
        inputs[score.name] = score.content
    figures = {
        "figure": DeferredFigure(
            partial(plot_cohort, result),
            f"{DISCLAIMER} Relative risk of progression with {result.plan.high.word}: associated (what a biopsy tells) "
            "and causal (what is imposed), with the edge from miR-21 to PTEN and with the edge cut; power.",
        ),
        "tumors": DeferredFigure(
            partial(plot_tumors, result),
            f"{DISCLAIMER} Time without progression, best change and courses of sums of diameters.",
        ),
    }
    return Report(
        kind=COHORT,
        identity=identity,
        title=result.plan.title,
        origin=ReportOrigin(
            inputs, (), result.plan.seed, more={"cohort": result.plan.name, "note": DISCLAIMER, "asked": dict(asked)}
        ),
        tables=tables,
        figures=figures,
        sentences=sentences,
        content=JsonContent(JSON_FORM, content),
        grows=True,
    )


def read_cohort_folder(folder: Path) -> tuple[dict[str, Any], dict[str, Any], list[Path]]:
    """Provenance, JSON form and input files of a cohort, to repeat it.

    Raises
    ------
    FolderError
        If something is missing.
    """
    with stored_content(folder, "cohort to repeat"):
        record = read_record(folder)
        if not isinstance(record["asked"], dict):
            raise ValueError(f"'asked' in {RECORD} is no table")
        content, files = stored_json(folder, JSON_FORM), input_files(folder, record)
    return record, content, files
