"""The report of a cohort of virtual women."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pathway.clinic import DISCLAIMER
from pathway.clinic.patients import PatientScore
from pathway.clinic.result import CohortResult
from pathway.folders import FolderError

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

    def draw() -> Any:
        from pathway.plotting.cohort_figure import plot_cohort

        return plot_cohort(result)

    def draw_tumors() -> Any:
        from pathway.plotting.cohort_figure import plot_tumors

        return plot_tumors(result)

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
            draw,
            f"{DISCLAIMER} Relative risk of progression with {result.plan.high.word}: associated (what a biopsy tells) "
            "and causal (what is imposed), with the edge from miR-21 to PTEN and with the edge cut; power.",
        ),
        "tumors": DeferredFigure(
            draw_tumors, f"{DISCLAIMER} Time without progression, best change and courses of sums of diameters."
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


def read_cohort_folder(folder: Path) -> tuple[dict[str, Any], dict[str, Any], list[Path]] | None:
    """Provenance, JSON form and input files of a cohort, to repeat it; None where the folder holds something else.

    Raises
    ------
    FolderError
        If it is a cohort of which something is missing.
    """
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(record, dict) or "cohort" not in record:
        return None
    try:
        content = json.loads((folder / JSON_FORM).read_text(encoding="utf-8"))
        files = [folder / "inputs" / name for name in record["inputs"]]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise FolderError(f"{folder}: no cohort to repeat ({error})") from None
    if not files or not all(file.is_file() for file in files):
        raise FolderError(f"{folder}: no cohort to repeat: its inputs are missing")
    return record, content, files
