"""`pathway dose-response`, `synergy`, `screen`, `sensitivity`, `bifurcation`, `explain`, `single-cells`.

Analyses of a scenario. Every option may also stand in the scenario file, as [analyze.synergy] grid = "8x8"; what is
typed wins. A command collects its options; the function of the same name with `_found` answers them, also for a replay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import typer

from .branches import bifurcation, bifurcation_found
from .causes import explain, explain_found
from .cells import single_cells, single_cells_found
from .doses import dose_response, dose_response_found, synergy, synergy_found
from .sensitive import sensitivity, sensitivity_found
from .targets import screen, screen_found
from .task import Found, Task

ANSWERS: Mapping[str, Callable[[Task], Found]] = {
    "dose_response": dose_response_found,
    "synergy": synergy_found,
    "screen": screen_found,
    "sensitivity": sensitivity_found,
    "bifurcation": bifurcation_found,
    "explain": explain_found,
    "single_cells": single_cells_found,
}
"""What answers an analysis, by the name in options, folders and provenance."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (dose_response, synergy, screen, sensitivity, bifurcation, explain, single_cells):
        app.command(command.__name__.replace("_", "-"), rich_help_panel="Analyze")(command)
