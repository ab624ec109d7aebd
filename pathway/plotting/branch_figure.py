"""The figure of a continuation: steady states over a parameter, stable and unstable, folds and Hopf points marked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from pathway.analysis.continuation import Branch

from .style import GREY, PALETTE, WIDTH, Figure, house_style, new_figure, value_axis

_COLUMNS = 3
_MARKS = {"fold": ("o", "fold"), "Hopf": ("s", "Hopf point"), "branch point": ("D", "branch point")}


def plot_branches(
    branches: Sequence[tuple[str, Branch, Mapping[str, np.ndarray]]],
    readings: Sequence[str],
    units: Mapping[str, str],
    title: str,
    text: str = "",
    usual: float | None = None,
) -> Figure:
    """Small multiples of readings over the parameter.

    Parameters
    ----------
    branches : sequence of (label, Branch, values by reading)
        One colour each; unstable stretches are dashed.
    readings : sequence of str
    units : mapping of reading and parameter to unit text
    title, text : str
        Heading and the finding in words.
    usual : float, optional
        Where the cells stand.
    """
    import textwrap

    with house_style():
        rows = math.ceil(len(readings) / _COLUMNS)
        lines = textwrap.wrap(text, 150)
        above = 0.5 + 0.115 * len(lines)
        height = above + rows * 1.85
        figure = new_figure(WIDTH, height)
        figure.text(0.012, 1 - 0.1 / height, title, fontsize=9, fontweight="bold", va="top")
        figure.text(0.012, 1 - 0.3 / height, "\n".join(lines), fontsize=6.5, va="top", color=GREY)
        for position, name in enumerate(readings):
            row, column = divmod(position, _COLUMNS)
            left, gap = 0.58, 0.6
            wide = (WIDTH - left - 0.12 - gap * (_COLUMNS - 1)) / _COLUMNS
            top = above + row * 1.85
            place = ((left + column * (wide + gap)) / WIDTH, 1 - (top + 1.3) / height, wide / WIDTH, 1.3 / height)
            axes = figure.add_axes(place)
            _panel(axes, branches, name, units, usual)
            if position == 0 and len(branches) > 1:
                axes.legend(fontsize=6, handlelength=1.5)
        return figure


def _panel(axes: Any, branches: Sequence[Any], name: str, units: Mapping[str, str], usual: float | None) -> None:
    high = 0.0
    for index, (label, branch, values) in enumerate(branches):
        color = PALETTE[(index + 1) % len(PALETTE)]
        course = np.asarray(values[name])
        high = max(high, float(course.max()))
        for stable, first, last in _stretches(branch.stable):
            dash = "solid" if stable else (0, (3, 1.5))
            shown = label if first == 0 else None
            axes.plot(branch.values[first:last], course[first:last], color=color, linestyle=dash, label=shown)
        for point in branch.special:
            nearest = int(np.argmin(np.abs(branch.states - point.state).sum(axis=1)))
            mark, _ = _MARKS.get(point.kind, ("o", ""))
            axes.plot(point.value, course[nearest], mark, color=color, markersize=4, markerfacecolor="white", zorder=3)
    parameter = branches[0][1].parameter
    if usual is not None:
        axes.axvline(usual, color=GREY, linewidth=0.6, linestyle=(0, (2, 2)), zorder=0)
    unit = value_axis(axes, 0.0, high, units.get(name, "1"))
    axes.set_xlabel(f"{parameter.replace('_', ' ')} [{units.get(parameter, '1')}]", labelpad=1.5)
    axes.set_ylabel(f"{name.replace('_', ' ')} [{unit}]", labelpad=2)
    axes.set_title(name)


def _stretches(stable: np.ndarray) -> list[tuple[bool, int, int]]:
    """Runs of equal stability; neighbors share a point so that the line has no gap."""
    cuts = [0, *(np.flatnonzero(np.diff(stable.astype(int))) + 1), len(stable)]
    return [(bool(stable[a]), int(a), min(int(b) + 1, len(stable))) for a, b in pairwise(cuts)]
