"""Analyses of a scenario: one function each, the same for Python, the terminal and a replay.

Every option may also stand in the scenario file, as [analyze.synergy] grid = "8x8"; what is given wins. Options are
declared once, in `pathway.analysis.declared_options`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .bifurcation import bifurcation_output
from .doses import dose_response_output, synergy_output
from .explain import explain_output
from .screen import screen_output
from .sensitivity import sensitivity_output
from .single_cells import single_cells_output
from .task import AnalysisOutput, AnalysisTask, Display

__all__ = ["ANALYSES", "AnalysisOutput", "AnalysisTask", "Display"]

ANALYSES: Mapping[str, Callable[[AnalysisTask], AnalysisOutput]] = {
    "dose_response": dose_response_output,
    "synergy": synergy_output,
    "screen": screen_output,
    "sensitivity": sensitivity_output,
    "bifurcation": bifurcation_output,
    "explain": explain_output,
    "single_cells": single_cells_output,
}
"""By the name in options, folders and provenance."""
