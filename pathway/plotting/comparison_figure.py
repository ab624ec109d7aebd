"""Variants of a model side by side: how far each is from the best, and the evidence for it."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.lines import Line2D

from pathway.fitting.uncertainty.comparison import VariantComparison
from pathway.numerals import plain_number

from .layout import LINE, RIGHT, Page, row_labels
from .style import FAINT, GREY, PALETTE, Figure, house_style, plain_number_ticks


def plot_comparison(verdict: VariantComparison) -> Figure:
    """Criteria of each variant above the best of all, and Akaike weights.

    Below 2 the data hardly tell variants apart; beyond 10 they speak clearly against one (Burnham & Anderson 2002).
    """
    with house_style():
        page = Page("Evidence for variants of a model")
        marks = (("aicc", "AICc", PALETTE[2], "o"), ("bic", "BIC", PALETTE[1], "D"))
        page.legend([(Line2D([], [], color=c, marker=m, linestyle="", markersize=4), text) for _, text, c, m in marks])
        names = row_labels([f"{v.name} ({v.parameters} parameters)" for v in verdict.variants], 0.34 * page.width)
        rows, row = np.arange(len(verdict.variants)), names.row_height(0.26, 0.06)
        left, tall, beside = names.right, row * len(rows), 0.24 * page.width
        width = page.width - left - RIGHT - beside - 0.25
        criteria = page.add_axes(left, page.top, width, tall)
        weights = page.add_axes(page.width - RIGHT - beside, page.top, beside, tall)
        page.label_rows(names, left - 0.09, page.top, row)
        for k, (word, _, color, marker) in enumerate(marks):
            values = np.array([getattr(v, word) for v in verdict.variants])
            above = values - values[np.isfinite(values)].min(initial=math.inf)
            criteria.plot(above, rows - 0.12 + 0.24 * k, marker, color=color, markersize=4, clip_on=False)
        criteria.axvspan(0, 2, color=FAINT, zorder=0)
        criteria.axvline(10, color=GREY, linewidth=0.6, linestyle=(0, (3, 2)))
        reach = criteria.get_xlim()[1]
        if reach > 60.0:
            criteria.set_xscale("symlog", linthresh=10.0)
            plain_number_ticks(criteria.xaxis)
        criteria.set_xlim(0, max(12.0, 1.08 * reach))
        weights.barh(rows, [v.weight for v in verdict.variants], height=0.55, color=PALETTE[2])
        for place, v in zip(rows, verdict.variants, strict=True):
            inside = v.weight > 0.7
            at, side = (v.weight - 0.02, "right") if inside else (v.weight + 0.02, "left")
            weights.text(
                at, place, plain_number(v.weight, 2), va="center", ha=side, color="white" if inside else "black"
            )
        weights.set_xlim(0, 1)
        for axes in (criteria, weights):
            axes.set_yticks([])
            axes.set_ylim(len(rows) - 0.4, -0.6)
        labels = (
            ("above the best (grey: hardly worse; dashed: clearly worse)", left, width),
            ("Akaike weight: evidence among these", page.width - RIGHT - beside, beside),
        )
        below = max(page.label_below(text, begin, wide, page.top + tall) for text, begin, wide in labels)
        page.top += tall + 0.2 + LINE * below
        return page.cropped_figure()
