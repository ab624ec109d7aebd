"""Two runs side by side: GR and cells in percent of untreated, arm by arm."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.lines import Line2D

from .layout import LINE, RIGHT, Page, row_labels
from .style import GREY, PALETTE, Figure, house_style, plain_number_ticks

READINGS = {"GR": "GR: 1 unhindered, 0 arrested", "% of untreated": "cells, percent of untreated"}


def plot_run_comparison(comparison: Any) -> Figure:
    """Growth of every arm that two runs share: an open mark for the first run, a full one for the second.

    Parameters
    ----------
    comparison : RunComparison
    """
    rows = [row for row in comparison.rows if None not in row[2:4]]
    pairs = {word: {row[0]: row[2:4] for row in rows if row[1] == word} for word in READINGS}
    shown = [word for word in READINGS if pairs[word]]
    arms = list(dict.fromkeys(arm for word in shown for arm in pairs[word]))
    with house_style():
        page = Page("Two runs compared")
        marks = zip(comparison.names, ("white", PALETTE[2]), strict=True)
        page.legend([(_mark(face), name) for name, face in marks])
        names = row_labels(arms, 0.34 * page.width)
        row = names.row_height(0.26, 0.06)
        left, tall, gap = names.right, row * len(arms), 0.25
        width = (page.width - left - RIGHT - gap * (len(shown) - 1)) / max(1, len(shown))
        page.label_rows(names, left - 0.09, page.top, row)
        places = [left + k * (width + gap) for k in range(len(shown))]
        for word, place in zip(shown, places, strict=True):
            axes = page.add_axes(place, page.top, width, tall)
            for number, arm in enumerate(arms):
                if arm in pairs[word]:
                    one, other = pairs[word][arm]
                    axes.plot([one, other], [number, number], color=GREY, linewidth=1.0, zorder=1)
                    for value, face in ((one, "white"), (other, PALETTE[2])):
                        axes.plot(value, number, "o", color=PALETTE[2], markerfacecolor=face, markersize=4.5)
            axes.set_ylim(len(arms) - 0.4, -0.6)
            axes.set_yticks([])
            low, high = axes.get_xlim()
            axes.set_xlim(min(0.0, low), high if np.isfinite(high) else 1.0)
            plain_number_ticks(axes.xaxis)
        below = max(
            page.label_below(READINGS[word], place, width, page.top + tall)
            for word, place in zip(shown, places, strict=True)
        )
        page.top += tall + 0.2 + LINE * below
        return page.cropped_figure()


def _mark(face: str) -> Line2D:
    return Line2D([], [], color=PALETTE[2], marker="o", linestyle="", markersize=4.5, markerfacecolor=face)
