"""Variants of a model side by side: how far each is from the best, and the evidence for it."""

from __future__ import annotations

import math

import numpy as np

from pathway.fitting.uncertainty.comparison import Verdict

from .panels import short
from .style import FAINT, GREY, PALETTE, WIDTH, Figure, house_style, new_figure, plain_ticks


def plot_comparison(found: Verdict) -> Figure:
    """Criteria of each variant above the best of all, and Akaike weights.

    Below 2 the data hardly tell variants apart; beyond 10 they speak clearly against one (Burnham & Anderson 2002).
    """
    with house_style():
        rows = np.arange(len(found.variants))[::-1]
        height = 0.95 + 0.26 * len(rows)
        figure = new_figure(WIDTH, height)
        bottom, tall = 0.42 / height, 1 - 0.85 / height
        left = figure.add_axes((0.31, bottom, 0.4, tall))
        for k, (word, color, marker) in enumerate((("aicc", PALETTE[2], "o"), ("bic", PALETTE[1], "D"))):
            values = np.array([getattr(v, word) for v in found.variants])
            above = values - values[np.isfinite(values)].min(initial=math.inf)
            label = {"aicc": "AICc", "bic": "BIC"}[word]
            left.plot(above, rows + 0.12 - 0.24 * k, marker, color=color, markersize=4, label=label, clip_on=False)
        left.axvspan(0, 2, color=FAINT, zorder=0)
        left.axvline(10, color=GREY, linewidth=0.6, linestyle=(0, (3, 2)))
        left.set_yticks(rows, [f"{short(v.name, 36)} ({v.parameters})" for v in found.variants])
        left.set_ylim(-0.6, len(rows) - 0.4)
        reach = left.get_xlim()[1]
        if reach > 60.0:
            left.set_xscale("symlog", linthresh=10.0)
            plain_ticks(left.xaxis)
        left.set_xlim(0, max(12.0, 1.08 * reach))
        left.set_xlabel("above the best [1]   (grey: hardly worse; dashed: clearly worse)", labelpad=1.5)
        left.set_title("criteria (in brackets: parameters)")
        left.legend(loc="upper left", bbox_to_anchor=(0.78, 1.0 + 0.36 / (height * tall)), ncols=2, handletextpad=0.1)
        right = figure.add_axes((0.74, bottom, 0.24, tall))
        right.barh(rows, [v.weight for v in found.variants], height=0.55, color=PALETTE[2])
        for row, v in zip(rows, found.variants, strict=True):
            inside = v.weight > 0.7
            place, side = (v.weight - 0.02, "right") if inside else (v.weight + 0.02, "left")
            right.text(place, row, f"{v.weight:.2g}", va="center", ha=side, color="white" if inside else "black")
        right.set_yticks([])
        right.set_ylim(-0.6, len(rows) - 0.4)
        right.set_xlim(0, 1)
        right.set_xlabel("Akaike weight [1]", labelpad=1.5)
        right.set_title("evidence among these")
        return figure
