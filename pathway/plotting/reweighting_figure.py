"""An ensemble before and after a user's measurements: headline numbers, and the weight of each member."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullFormatter

from pathway.fitting.laboratory.reweighting import HeadlineChange, Reweighting

from .layout import RIGHT, Page, row_labels
from .style import FAINT, GREY, PALETTE, Figure, house_style, logarithmic_axis, plain_number_ticks

_ROW, _TALL = 0.3, 2.2
"""Inches of a headline number, and of the panel of weights."""
_LEAST = 1e-6
"""Of the largest weight: smaller ones are drawn there."""


def plot_reweighting(result: Reweighting) -> Figure:
    """The figure: headline numbers above, weights of the members below."""
    with house_style():
        before, after = result.effective_numbers
        words = f"Effective number of members: {before:.0f} before, {after:.1f} after."
        if result.refinement:
            words += f" {result.refinement.drawn} new vectors: {result.refinement.effective_number:.1f}."
        warning = f" Warning: {result.warning}." if result.warning else ""
        page = Page("The ensemble before and after the measurements", words + warning)
        if result.headlines:
            _headlines(page, result)
        _weights(page, result)
        return page.cropped_figure()


def _headlines(page: Page, result: Reweighting) -> None:
    page.legend(
        [
            (Line2D([], [], color=GREY, marker="o", markersize=3.2), "before"),
            (Line2D([], [], color="black", marker="o", markersize=3.2), "after"),
            (Rectangle((0, 0), 1, 1, facecolor=FAINT), "expected"),
        ]
    )
    names = row_labels([f"{c.expectation.claim} ({c.scenario})" for c in result.headlines], 0.5 * page.width)
    row, wide = names.row_height(_ROW, 0.08), page.width - names.right - RIGHT
    axes = page.add_axes(names.right, page.top, wide, row * len(result.headlines))
    axes.set_ylim(len(result.headlines) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    for place, change in enumerate(result.headlines):
        for interval, up, color in ((change.before, -0.14, GREY), (change.after, 0.14, "black")):
            axes.plot([interval.low, interval.high], [place + up] * 2, color=color, linewidth=1.0)
            axes.plot(interval.median, place + up, "o", color=color, markersize=3.2)
    axes.set_xlim(*axes.get_xlim())
    for place, change in enumerate(result.headlines):
        _expected(axes, change, place)
    page.label_rows(names, names.right - 0.09, page.top, row)
    bottom = page.top + row * len(result.headlines)
    page.label_below("the number, median and middle 90 %", names.right, wide, bottom)
    page.top = bottom + 0.5


def _expected(axes: Any, change: HeadlineChange, place: int) -> None:
    """The band of the expectation as far as the axis goes."""
    left, right = axes.get_xlim()
    low = left if change.expectation.above is None else max(left, change.expectation.above)
    high = right if change.expectation.below is None else min(right, change.expectation.below)
    if low < high:
        axes.add_patch(Rectangle((low, place - 0.42), high - low, 0.84, facecolor=FAINT, zorder=0))


def _weights(page: Page, result: Reweighting) -> None:
    before, after = result.weights(result.before), result.weights(result.after)
    (panel,) = page.panels(["Weight of each member"], 1, _TALL)
    floor = _LEAST * max(before.max(), after.max())
    survives = np.isin(np.arange(len(after)), result.survivors)
    for own, color in ((~survives, GREY), (survives, PALETTE[1])):
        panel.axes.plot(
            before[own].clip(floor), after[own].clip(floor), "o", color=color, markersize=2.5, linestyle="none"
        )
    ends = [floor, max(before.max(), after.max())]
    panel.axes.plot(ends, ends, color=GREY, linewidth=0.6, linestyle=(0, (2, 2)), zorder=0)
    panel.axes.set_xscale("log")
    logarithmic_axis(panel.axes, 0.5 * floor, 2.0 * ends[1])
    plain_number_ticks(panel.axes.xaxis)
    panel.axes.xaxis.set_minor_formatter(NullFormatter())
    panel.x_label("before; orange: the fewest members with 99 % of the weight after")
    panel.y_label("after")
