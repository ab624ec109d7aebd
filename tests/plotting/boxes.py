"""Where the texts of a figure are when it is drawn: which are cut, and which lie over each other."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from matplotlib.text import Text

SLACK = 1.5
"""Pixels at 100 per inch by which boxes may touch: they are a little larger than their letters."""


def drawn_texts(figure: Any) -> list[tuple[str, Any]]:
    """Every text that is drawn, with its box in pixels."""
    seen: list[tuple[str, Any]] = []
    usual = Text.draw

    def noted(self: Text, renderer: Any, *args: Any, **kwargs: Any) -> None:
        usual(self, renderer, *args, **kwargs)
        if self.get_visible() and self.get_text().strip():
            seen.append((self.get_text(), self.get_window_extent(renderer)))

    Text.draw = noted  # type: ignore[method-assign]
    try:
        figure.canvas.draw()
    finally:
        Text.draw = usual  # type: ignore[method-assign]
    return seen


def cut(figure: Any) -> list[str]:
    """Texts that leave the page, or were shortened."""
    wide, tall = figure.bbox.width, figure.bbox.height
    return [
        text
        for text, box in drawn_texts(figure)
        if box.x0 < -SLACK or box.y0 < -SLACK or box.x1 > wide + SLACK or box.y1 > tall + SLACK or "\u2026" in text
    ]


def overlapping(figure: Any) -> list[tuple[str, str]]:
    """Pairs of texts of which the boxes lie over each other."""
    texts = drawn_texts(figure)
    return [
        (one, other)
        for (one, a), (other, b) in combinations(texts, 2)
        if min(a.x1, b.x1) - max(a.x0, b.x0) > SLACK and min(a.y1, b.y1) - max(a.y0, b.y0) > SLACK
    ]
