"""The figure of a global sensitivity analysis: indices with their intervals, ranked."""

from __future__ import annotations

from typing import Any

import numpy as np

from pathway.analysis.global_sensitivity import MorrisEffects, SobolIndices

from .style import GREY, PALETTE, WIDTH, Figure, house_style, new_figure

_SHOWN = 25
_LEAST = 1.5
"""Inches that panels are high at least."""
_NUMBERED = 10
"""So many parameters are numbered, to be found again in the second panel."""


def plot_sobol(found: SobolIndices, title: str) -> Figure:
    """First and total indices, the largest total first; whiskers are 95 % bootstrap intervals."""
    with house_style():
        order = found.ranked()[:_SHOWN]
        figure, axes = _figure(len(order), title)
        rows = np.arange(len(order))
        for shift, values, widths, color, label in (
            (-0.18, found.total, found.total_interval, PALETTE[2], "total, with interactions"),
            (0.18, found.first, found.first_interval, PALETTE[1], "first, alone"),
        ):
            axes.barh(rows + shift, values[order], height=0.34, color=color, label=label)
            axes.errorbar(
                values[order], rows + shift, xerr=widths[order], fmt="none", ecolor="black", elinewidth=0.6, capsize=1.2
            )
        _rows(axes, [found.names[k] for k in order])
        axes.set_xlabel(
            f"share of the variance [1]   ({found.samples} base samples, {found.failed} left out)", labelpad=1.5
        )
        lowest = float((found.first - found.first_interval)[order].min())
        axes.set_xlim(left=1.06 * lowest if lowest < 0.0 else 0.0)
        axes.legend(loc="lower right")
        return figure


def plot_morris(found: MorrisEffects, title: str, unit: str) -> Figure:
    """Mean absolute effects, ranked, and beside them effect against spread."""
    with house_style():
        order = found.ranked()[:_SHOWN]
        figure, axes = _figure(len(order), title, share=0.5)
        rows = np.arange(len(order))
        axes.barh(rows, found.mean_absolute[order], height=0.6, color=PALETTE[2])
        axes.errorbar(
            found.mean_absolute[order], rows, xerr=found.interval[order], fmt="none", ecolor="black", elinewidth=0.6,
            capsize=1.2,
        )  # fmt: skip
        numbers = [f"  {number + 1}" if number < _NUMBERED else "" for number in range(len(order))]
        _rows(axes, [found.names[k] + number for k, number in zip(order, numbers, strict=True)])
        axes.set_xlim(left=min(0.0, float((found.mean_absolute - found.interval)[order].min())))
        axes.set_xlabel(f"mean absolute effect over the range [{unit}]", labelpad=1.5)
        box = axes.get_position()
        other = figure.add_axes((box.x1 + 0.09, box.y0, 0.965 - box.x1 - 0.09, box.height))
        other.plot(found.mean, found.spread, "o", color=PALETTE[2], markersize=3, markerfacecolor="white")
        for number, k in enumerate(order[:_NUMBERED]):
            other.annotate(
                str(number + 1), (found.mean[k], found.spread[k]), (3, 1.5), textcoords="offset points", fontsize=6
            )
        other.axvline(0, color=GREY, linewidth=0.6)
        largest = 1.15 * float(np.abs(found.mean).max())
        other.set_xlim(-largest, largest)
        # As many of one sign as of the other: outside these lines effects have one direction.
        other.plot([-largest, 0, largest], [largest, 0, largest], color=GREY, linewidth=0.6, linestyle=(0, (2, 2)))
        other.set_ylim(0, 1.1 * max(float(found.spread.max()), 0.1 * largest))
        other.set_xlabel(f"mean effect [{unit}]", labelpad=1.5)
        other.set_ylabel(f"spread [{unit}]   (interacting)", labelpad=1.5)
        return figure


def _figure(rows: int, title: str, share: float = 1.0) -> tuple[Figure, Any]:
    tall = max(0.17 * rows, _LEAST)
    height = 0.85 + tall
    figure = new_figure(WIDTH, height)
    figure.text(0.012, 1 - 0.1 / height, title, fontsize=9, fontweight="bold", va="top")
    axes = figure.add_axes((2.05 / WIDTH, 0.42 / height, (WIDTH - 2.2) * share / WIDTH, tall / height))
    return figure, axes


def _rows(axes: Any, names: list[str]) -> None:
    axes.set_yticks(range(len(names)), [name.replace("_", " ") for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.axvline(0, color="black", linewidth=0.6)
    axes.spines["left"].set_visible(False)
