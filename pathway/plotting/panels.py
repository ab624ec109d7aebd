"""Equal panels of a fit on a page, and the words beside them."""

from __future__ import annotations

from collections.abc import Sequence

from pathway.fitting.problem import Problem

from .layout import Page, Panel

COLUMNS = 4
PANEL, CLOSE = 1.15, 0.5
"""Inches that panels are high, and between two of them."""


def small_panels(page: Page, titles: Sequence[str], columns: int = COLUMNS, tall: float = PANEL) -> list[Panel]:
    """Equal panels row by row, with their titles."""
    return page.panels(titles, columns, tall, gap=CLOSE if columns > 3 else 0.64, least=0.95)


def time_words(problem: Problem) -> str:
    """Of a time axis, with its unit."""
    unit = problem.model.time_unit
    return f"time, {'hours' if unit == 'h' else unit or 'unit of the model'}"
