"""Equal panels of a fit on a page."""

from __future__ import annotations

from collections.abc import Sequence

from .layout import Page, Panel

COLUMNS = 4
PANEL, CLOSE = 1.15, 0.5
"""Inches that panels are high, and between two of them."""


def small_panels(page: Page, titles: Sequence[str], columns: int = COLUMNS, tall: float = PANEL) -> list[Panel]:
    """Equal panels row by row, with their titles."""
    return page.panels(titles, columns, tall, gap=CLOSE if columns > 3 else 0.64, least=0.95)
