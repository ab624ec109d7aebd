"""`pathway dose-response`, `synergy`, `screen`, `sensitivity`, `bifurcation`, `explain`, `single-cells`.

Analyses of a scenario. Every option may also stand in the scenario file, as [analyze.synergy] grid = "8x8"; what is
typed wins. Options are declared in `pathway.analysis.declared_options`, for both; an `Analysis` adds the help and the
function that answers, also for a replay.
"""

from __future__ import annotations

from collections.abc import Mapping

import typer

from .branches import BIFURCATION
from .causes import EXPLAIN
from .cells import SINGLE_CELLS
from .doses import DOSE_RESPONSE, SYNERGY
from .sensitive import SENSITIVITY
from .targets import SCREEN
from .task import Analysis, Answer, Task

__all__ = ["ANALYSES", "Analysis", "Answer", "Task", "register"]

ANALYSES: Mapping[str, Analysis] = {
    analysis.name: analysis
    for analysis in (DOSE_RESPONSE, SYNERGY, SCREEN, SENSITIVITY, BIFURCATION, EXPLAIN, SINGLE_CELLS)
}
"""By the name in options, folders and provenance."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for analysis in ANALYSES.values():
        analysis.register(app)
