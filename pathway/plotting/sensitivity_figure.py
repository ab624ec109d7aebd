"""The figure of a global sensitivity analysis: indices with their intervals, ranked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from pathway.analysis.global_sensitivity import MorrisEffects, SobolIndices

from .labels import readable_name
from .layout import LINE, RIGHT, Page, row_labels
from .style import GREY, PALETTE, Figure, house_style

_SHOWN = 25
_LEAST = 1.5
"""Inches that panels are high at least."""
_NUMBERED = 10
"""So many parameters are numbered, to be found again in the second panel."""


def plot_sobol(result: SobolIndices, title: str) -> Figure:
    """First and total indices, the largest total first; whiskers are 95 % bootstrap intervals."""
    with house_style():
        order = result.ranked()[:_SHOWN]
        page = Page(title)
        parts = (
            (-0.18, result.total, result.total_interval, PALETTE[2], "total, with interactions"),
            (0.18, result.first, result.first_interval, PALETTE[1], "first, alone"),
        )
        whisker = Line2D([], [], color="black", linewidth=0.6)
        page.legend([*((Patch(color=c), text) for *_, c, text in parts), (whisker, "95 % of resamples")])
        axes, place = _rows(page, [result.names[k] for k in order])
        rows = np.arange(len(order))
        for shift, values, widths, color, _ in parts:
            axes.barh(rows + shift, values[order], height=0.34, color=color)
            axes.errorbar(
                values[order], rows + shift, xerr=widths[order], fmt="none", ecolor="black", elinewidth=0.6, capsize=1.2
            )
        lowest = float((result.first - result.first_interval)[order].min())
        axes.set_xlim(left=1.06 * lowest if lowest < 0.0 else 0.0)
        words = f"share of the variance ({result.samples} base samples, {result.failed} left out)"
        return page.cropped_figure(_below(page, place, words))


def plot_morris(result: MorrisEffects, title: str, unit: str) -> Figure:
    """Mean absolute effects, ranked, and beside or below them effect against spread."""
    with house_style():
        order = result.ranked()[:_SHOWN]
        page = Page(title)
        of_unit = "" if unit == "1" else f", {unit}"
        numbers = [f" ({number + 1})" if number < _NUMBERED else "" for number in range(len(order))]
        names = [result.names[k] + number for k, number in zip(order, numbers, strict=True)]
        wide = page.width > 5.0
        top = page.top
        axes, place = _rows(page, names, 0.56 * page.width if wide else page.width - RIGHT)
        rows = np.arange(len(order))
        axes.barh(rows, result.mean_absolute[order], height=0.6, color=PALETTE[2])
        axes.errorbar(
            result.mean_absolute[order], rows, xerr=result.interval[order], fmt="none", ecolor="black", elinewidth=0.6,
            capsize=1.2,
        )  # fmt: skip
        axes.set_xlim(left=min(0.0, float((result.mean_absolute - result.interval)[order].min())))
        below = _below(page, place, f"mean absolute effect over the range{of_unit}")
        if wide:
            left, height = 0.56 * page.width + 0.62, place[3]
        else:
            page.top += below + 0.05
            left, top, height = 0.62, page.top, _LEAST
            page.top += height
        other = page.add_axes(left, top, page.width - RIGHT - left, height)
        _spread(other, result, order)
        other.set_xlabel(f"mean effect{of_unit}", labelpad=1.5)
        other.set_ylabel(f"spread{of_unit} (interacting)", labelpad=1.5)
        return page.cropped_figure(max(below, 0.42))


def _spread(axes: Any, result: MorrisEffects, order: Sequence[int]) -> None:
    """Effects against how much they differ over the range; the largest are numbered."""
    axes.plot(result.mean, result.spread, "o", color=PALETTE[2], markersize=3, markerfacecolor="white")
    for number, k in enumerate(order[:_NUMBERED]):
        axes.annotate(
            str(number + 1), (result.mean[k], result.spread[k]), (3, 1.5), textcoords="offset points", fontsize=6
        )
    axes.axvline(0, color=GREY, linewidth=0.6)
    largest = 1.15 * float(np.abs(result.mean).max())
    axes.set_xlim(-largest, largest)
    # As many of one sign as of the other: outside these lines effects have one direction.
    axes.plot([-largest, 0, largest], [largest, 0, largest], color=GREY, linewidth=0.6, linestyle=(0, (2, 2)))
    axes.set_ylim(0, 1.1 * max(float(result.spread.max()), 0.1 * largest))


def _rows(page: Page, names: Sequence[str], right: float = 0.0) -> tuple[Any, tuple[float, float, float, float]]:
    """Axes with a named row for each parameter, and where they are; what follows goes below."""
    beside = row_labels([readable_name(name) for name in names], 0.36 * page.width)
    row = beside.row_height(max(0.17, _LEAST / len(names)), 0.04)
    left = beside.right
    place = (left, page.top, (right or page.width - RIGHT) - left, row * len(names))
    axes = page.add_axes(*place)
    page.label_rows(beside, left - 0.09, page.top, row)
    axes.set_yticks([])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.axvline(0, color="black", linewidth=0.6)
    axes.spines["left"].set_visible(False)
    page.top += place[3]
    return axes, place


def _below(page: Page, place: tuple[float, float, float, float], text: str) -> float:
    """The label of an axis, in as many lines as it takes; inches that these go down."""
    left, _, wide, _ = place
    return 0.22 + LINE * page.label_below(text, left, wide, page.top, 0.2)
