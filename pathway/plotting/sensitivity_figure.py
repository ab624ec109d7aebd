"""The figure of a global sensitivity analysis: indices with their intervals, ranked."""

from __future__ import annotations

from typing import Any

import numpy as np

from pathway.analysis.global_sensitivity import MorrisEffects, SobolIndices

from .style import GREY, PALETTE, WIDTH, Figure, house_style, new_figure

_SHOWN = 25


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
        axes.set_xlim(left=min(0.0, float((found.first - found.first_interval)[order].min())))
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
        _rows(axes, [found.names[k] for k in order])
        axes.set_xlabel(f"mean absolute effect over the range [{unit}]", labelpad=1.5)
        box = axes.get_position()
        other = figure.add_axes((box.x1 + 0.09, box.y0, 0.98 - box.x1 - 0.09, box.height))
        other.plot(found.mean, found.spread, "o", color=PALETTE[2], markersize=3, markerfacecolor="white")
        for k in order[:8]:
            other.annotate(
                found.names[k], (found.mean[k], found.spread[k]), (2, 2), textcoords="offset points", fontsize=5.5
            )
        other.axvline(0, color=GREY, linewidth=0.6)
        other.set_xlabel(f"mean effect [{unit}]", labelpad=1.5)
        other.set_ylabel(f"spread [{unit}]   (non-linear or interacting)", labelpad=1.5)
        return figure


def _figure(rows: int, title: str, share: float = 1.0) -> tuple[Figure, Any]:
    height = 0.85 + 0.17 * rows
    figure = new_figure(WIDTH, height)
    figure.text(0.012, 1 - 0.1 / height, title, fontsize=9, fontweight="bold", va="top")
    axes = figure.add_axes((2.05 / WIDTH, 0.42 / height, (WIDTH - 2.2) * share / WIDTH, 0.17 * rows / height))
    return figure, axes


def _rows(axes: Any, names: list[str]) -> None:
    axes.set_yticks(range(len(names)), [name.replace("_", " ") for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.axvline(0, color="black", linewidth=0.6)
    axes.spines["left"].set_visible(False)
