"""The figure of a continuation: steady states over a parameter, stable and unstable, folds and Hopf points marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.lines import Line2D

from pathway.analysis.continuation import Branch
from pathway.analysis.drive import BranchSpread, Hysteresis
from pathway.analysis.switch import BistableSwitch

from .labels import readable_name, scaled_unit, unit_words
from .layout import Page, Panel
from .style import GREY, PALETTE, Figure, house_style, value_axis

_ROOM = 2.5
_MARKS = {"fold": "o", "Hopf": "s", "branch point": "D"}


def plot_switch(result: BistableSwitch) -> Figure:
    """Branches of every condition, bands and medians over draws, up and down in time as triangles, fold curves."""
    return plot_branches(
        [(c.label, c.branch, c.readings) for c in result.conditions],
        list(result.conditions[0].readings),
        result.units,
        f"Steady states of {result.cells} over {result.parameter}",
        result.text(),
        result.usual,
        [c.spread for c in result.conditions],
        result.swept,
        [(c.label, c.fold_curve) for c in result.conditions if c.fold_curve is not None],
        result.against,
    )


def plot_branches(
    branches: Sequence[tuple[str, Branch, Mapping[str, np.ndarray]]],
    readings: Sequence[str],
    units: Mapping[str, str],
    title: str,
    text: str = "",
    usual: float | None = None,
    spreads: Sequence[BranchSpread | None] = (),
    swept: Hysteresis | None = None,
    fold_curves: Sequence[tuple[str, Branch]] = (),
    against: str = "",
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
    spreads : sequence of BranchSpread or None, one for each branch
        Bands of the middle 95 % of draws, dotted their median.
    swept : Hysteresis, optional
        Simulated on the way up and down, in the first condition.
    fold_curves : sequence of (label, Branch)
        Drawn in a panel of their own over `against`, with cusps.
    """
    with house_style():
        page = Page(title, text)
        if len(branches) > 1:
            lines = [Line2D([], [], color=PALETTE[(k + 1) % len(PALETTE)]) for k in range(len(branches))]
            page.legend([(line, label) for line, (label, _, _) in zip(lines, branches, strict=True)])
        titles = [readable_name(name) for name in readings] + (["Folds (diamonds: cusps)"] if fold_curves else [])
        panels = page.panels(titles, 3, 1.3)
        for panel, name in zip(panels, readings, strict=False):
            _panel(panel, branches, name, units, usual, spreads, swept)
        if fold_curves:
            _folds(panels[-1], fold_curves, branches[0][1].parameter, against, units)
        return page.cropped_figure()


def _folds(
    panel: Panel, curves: Sequence[tuple[str, Branch]], parameter: str, against: str, units: Mapping[str, str]
) -> None:
    """Where folds lie in the plane of two parameters: between the two arms of a line there are three states."""
    axes = panel.axes
    for index, (label, curve) in enumerate(curves):
        color = PALETTE[(index + 1) % len(PALETTE)]
        axes.plot(curve.of(parameter), curve.values, color=color, label=label)
        for point in curve.special:
            axes.plot(point.state[curve.unknowns.index(parameter)], point.value, "D", color=color, markersize=4)
    panel.x_label(_parameter_words(parameter, units))
    panel.y_label(_parameter_words(against, units))


def _parameter_words(name: str, units: Mapping[str, str]) -> str:
    unit = units.get(name, "1")
    return readable_name(name) if unit == "1" else f"{readable_name(name)}, {unit_words(name, unit)}"


def _panel(
    panel: Panel, branches: Sequence[Any], name: str, units: Mapping[str, str], usual: float | None,
    spreads: Sequence[BranchSpread | None], swept: Hysteresis | None,
) -> None:  # fmt: skip
    axes = panel.axes
    high = widest = 0.0
    for index, (label, branch, values) in enumerate(branches):
        color = PALETTE[(index + 1) % len(PALETTE)]
        spread = spreads[index] if spreads else None
        if spread is not None and spread.members:
            lowest, highest, median = spread.band(name)
            axes.fill_between(spread.values, lowest, highest, color=color, alpha=0.13, linewidth=0)
            dots: Any = {"color": color, "linestyle": (0, (1, 1.5)), "linewidth": 0.8}
            axes.plot(spread.values, median, label="median of draws" if index == 0 else None, **dots)
            widest = max(widest, float(np.nanmax(highest)))
        course = np.asarray(values[name])
        high = max(high, float(course.max()))
        for stable, first, last in _stretches(branch.stable):
            dash = "solid" if stable else (0, (3, 1.5))
            shown = label if first == 0 else None
            axes.plot(branch.values[first:last], course[first:last], color=color, linestyle=dash, label=shown)
        for point in branch.special:
            nearest = int(np.argmin(np.abs(branch.states - point.state).sum(axis=1)))
            mark = _MARKS.get(point.kind, "o")
            axes.plot(point.value, course[nearest], mark, color=color, markersize=4, markerfacecolor="white", zorder=3)
    if swept is not None:
        for way, marker in ((swept.up, "^"), (swept.down, "v")):
            axes.plot(swept.values, way[name], marker, color="black", markersize=2.6, markerfacecolor="none",
                      markeredgewidth=0.5, zorder=3)  # fmt: skip
    parameter = branches[0][1].parameter
    if usual is not None:
        axes.axvline(usual, color=GREY, linewidth=0.6, linestyle=(0, (2, 2)), zorder=0)
    # A band may be many times wider than the branches; then it runs out of the panel.
    power = value_axis(axes, 0.0, min(max(high, widest), _ROOM * high))
    panel.x_label(_parameter_words(parameter, units))
    panel.y_label(scaled_unit(unit_words(name, units.get(name, "1")), power))


def _stretches(stable: np.ndarray) -> list[tuple[bool, int, int]]:
    """Runs of equal stability; neighbors share a point so that the line has no gap."""
    cuts = [0, *(np.flatnonzero(np.diff(stable.astype(int))) + 1), len(stable)]
    return [(bool(stable[a]), int(a), min(int(b) + 1, len(stable))) for a, b in pairwise(cuts)]
