"""Equal panels on a page, and the words beside them."""

from __future__ import annotations

import math
from typing import Any

from pathway.fitting.problem import Problem

from .style import WIDTH, new_figure

COLUMNS = 4
PANEL, GAP_DOWN, GAP_ACROSS, LEFT, RIGHT, TOP = 1.15, 0.62, 0.44, 0.6, 0.12, 0.62
"""Inches."""


class Page:
    """A page of equal panels, each placed in inches."""

    def __init__(
        self,
        panels: int,
        columns: int,
        title: str,
        panel: float = PANEL,
        top: float = TOP,
        gap: float = GAP_ACROSS,
    ) -> None:
        self.columns = max(1, min(columns, panels))
        self.gap = gap
        rows = math.ceil(panels / self.columns)
        self.panel, self.top = panel, top
        self.height = top + rows * (panel + GAP_DOWN)
        self.width = (WIDTH - LEFT - RIGHT - (columns - 1) * gap) / columns
        self.figure = new_figure(WIDTH, self.height)
        self.figure.text(0.017, 1 - 0.08 / self.height, title, size=8, weight="bold", va="top")

    def axes(self, position: int) -> Any:
        """The panel at this position, row by row."""
        row, column = divmod(position, self.columns)
        bottom = self.height - self.top - row * (self.panel + GAP_DOWN) - self.panel
        left = LEFT + column * (self.width + self.gap)
        return self.figure.add_axes((left / WIDTH, bottom / self.height, self.width / WIDTH, self.panel / self.height))


def time_label(problem: Problem) -> str:
    """Of a time axis, with its unit."""
    return f"time [{problem.model.time_unit or 'unit of the model'}]"


def short(text: str, most: int) -> str:
    """The text, cut to so many letters."""
    return text if len(text) <= most else text[: most - 1] + "\u2026"
