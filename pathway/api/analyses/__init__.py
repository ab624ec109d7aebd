"""Analyses of a scenario: one function each, the same for Python, the terminal and a replay.

Every option may also stand in the scenario file, as [analyze.synergy] grid = "8x8"; what is given wins. Options are
declared once, in `pathway.analysis.declared_options`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .bifurcation import bifurcation_answer
from .doses import dose_response_answer, synergy_answer
from .explain import explain_answer
from .screen import screen_answer
from .sensitivity import sensitivity_answer
from .single_cells import single_cells_answer
from .task import AnalysisAnswer, AnalysisTask, Display

__all__ = ["ANSWERS", "AnalysisAnswer", "AnalysisTask", "Display"]

ANSWERS: Mapping[str, Callable[[AnalysisTask], AnalysisAnswer]] = {
    "dose_response": dose_response_answer,
    "synergy": synergy_answer,
    "screen": screen_answer,
    "sensitivity": sensitivity_answer,
    "bifurcation": bifurcation_answer,
    "explain": explain_answer,
    "single_cells": single_cells_answer,
}
"""By the name in options, folders and provenance."""
