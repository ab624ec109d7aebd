"""The report of an analysis of a scenario, and an analysis read back from its folder to be repeated."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pathway.folders import FolderError
from pathway.scenario.experiment import Scenario

from .output_folders import result_identity
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
    asked = [[key, _written(value)] for key, value in options.items()]
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
        page=lambda: {"scenario": scenario, "analysis": words, "asked": (["option", "value"], asked)},
    )


def _written(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text or "-"


def is_analysis(folder: Path) -> bool:
    """Whether a folder says of itself that it holds an analysis."""
    try:
        return "analysis" in json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        return False


def read_analysis(folder: Path, known: Iterable[str]) -> tuple[dict[str, Any], dict[str, Any], Path]:
    """Provenance, JSON form and scenario file of an analysis, to repeat it.

    Raises
    ------
    FolderError
        If something is missing or the analysis is none of those known.
    """
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        name, scenario_file = record["analysis"], folder / "inputs" / next(iter(record["inputs"]))
        content = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        settings, options = record["settings"], record["options"]
    except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
        raise FolderError(f"{folder}: no analysis to repeat ({error})") from None
    if name not in known or not isinstance(options, dict) or not isinstance(settings, list):
        raise FolderError(f"{folder}: no analysis to repeat: {RECORD} speaks of '{name}'")
    if not scenario_file.is_file():
        raise FolderError(f"{folder}: no analysis to repeat: {scenario_file.name} is missing")
    return record, content, scenario_file
