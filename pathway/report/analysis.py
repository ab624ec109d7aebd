"""The report of an analysis of a scenario, and an analysis read back from its folder to be repeated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pathway.folders import stored_content, stored_json
from pathway.scenario.experiment import Scenario

from .output_folders import result_identity
from .record import first_input, read_record
from .report import DeferredFigure, JsonContent, Report, ReportOrigin, Table
from .write import RECORD


def analysis_report(
    name: str,
    scenario: Scenario,
    out: Path,
    content: Mapping[str, Any],
    tables: Mapping[str, Table],
    figures: Mapping[str, DeferredFigure],
    options: Mapping[str, Any],
    title: str = "",
    sentences: Iterable[str] = (),
) -> Report:
    """What an analysis leaves in the folder `out`.

    Parameters
    ----------
    name : str
        "synergy", ...
    scenario : Scenario
    out : Path
    content : mapping
        The JSON form.
    tables : mapping of file stem to Table
    figures : mapping of file stem to DeferredFigure
    options : mapping
        What the analysis was asked, defaults filled in.
    title : str
        The scenario's unless given.
    sentences : iterable of str
        What was found, in plain words.
    """
    words = name.replace("_", " ").capitalize()
    rows = [[key, _written(value)] for key, value in options.items()]
    return Report(
        kind=name,
        identity=result_identity(scenario, out, options=dict(options)),
        title=title or f"{words}: {scenario.title}",
        origin=ReportOrigin(
            scenario.inputs,
            scenario.settings,
            options.get("seed"),
            more={"analysis": name, "options": dict(options)},
        ),
        tables=tables,
        figures=figures,
        sentences=list(sentences),
        content=JsonContent(f"{name}.json", content),
        template="analysis.html",
        page=lambda: {"scenario": scenario, "analysis": words, "asked": (["option", "value"], rows)},
    )


def _written(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text or "-"


def read_analysis(folder: Path, known: Iterable[str]) -> tuple[dict[str, Any], dict[str, Any], Path]:
    """Provenance, JSON form and scenario file of an analysis, to repeat it.

    Raises
    ------
    FolderError
        If something is missing or the analysis is none of those known.
    """
    with stored_content(folder, "analysis to repeat"):
        record = read_record(folder)
        name, options = record["analysis"], record["options"]
        if name not in known or not isinstance(options, dict):
            raise ValueError(f"{RECORD} speaks of '{name}'")
        content, scenario_file = stored_json(folder, f"{name}.json"), first_input(folder, record)
    return record, content, scenario_file
