"""Equal panels on a page, and the words beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
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

    def legend(self, entries: Sequence[tuple[Any, str]], top: float = 0.22, right: bool = False) -> None:
        """What lines and marks mean, in one row so many inches below the top edge."""
        self.figure.legend(
            [line for line, _ in entries],
            [text for _, text in entries],
            loc="upper right" if right else "upper left",
            bbox_to_anchor=(0.99 if right else 0.01, 1 - top / self.height),
            ncols=max(len(entries), 1),
            handletextpad=0.4,
            columnspacing=1.2,
        )

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
