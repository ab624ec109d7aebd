"""`pathway dose-response`, `synergy`, `screen`, `sensitivity`, `bifurcation`, `explain`, `single-cells`.

Analyses of a scenario. Every option may also stand in the scenario file, as [analyze.synergy] grid = "8x8"; what is
typed wins. Options are declared in `pathway.analysis.declared_options`, for both; an `AnalysisCommand` adds the help
and the function that answers, also for a replay.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from .. import console
from .branches import BIFURCATION
from .causes import EXPLAIN
from .cells import SINGLE_CELLS
from .doses import DOSE_RESPONSE, SYNERGY
from .sensitive import SENSITIVITY
from .targets import SCREEN
from .task import AnalysisAnswer, AnalysisCommand, AnalysisTask

__all__ = ["ANALYSES", "AnalysisAnswer", "AnalysisCommand", "AnalysisTask", "register", "repeated_analysis"]

ANALYSES: Mapping[str, AnalysisCommand] = {
    analysis.name: analysis
    for analysis in (DOSE_RESPONSE, SYNERGY, SCREEN, SENSITIVITY, BIFURCATION, EXPLAIN, SINGLE_CELLS)
}
"""By the name in options, folders and provenance."""


def repeated_analysis(folder: Path) -> tuple[tuple[dict[str, Any], dict[str, Any]], AnalysisAnswer]:
    """An analysis asked again with the options of its record; the record and the JSON form that it has left, too.

    Raises
    ------
    FolderError
        If the folder holds none.
    """
    from pathway.report.analysis import read_analysis
    from pathway.scenario import built_in_laboratory, read_scenario

    record, content, scenario_file = read_analysis(folder, ANALYSES)
    scenario = read_scenario(str(scenario_file), record["settings"])
    with console.progress_line() as progress:
        task = AnalysisTask(scenario, built_in_laboratory(), record["options"], progress)
        return (record, content), ANALYSES[record["analysis"]].answer(task)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for analysis in ANALYSES.values():
        analysis.register(app)
