"""Profile likelihoods as figures: the rise over one parameter, and how the others move along."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from pathway.fitting.problem import Parameter, Problem
from pathway.fitting.uncertainty.prediction_profile import PredictionProfile
from pathway.fitting.uncertainty.profiles import Profile, Profiles

from .panels import COLUMNS, Page, short
from .style import FAINT, GREY, PALETTE, Figure, house_style, plain_ticks

KINDS = ("profiles", "paths")
_OPEN = {
    "not identifiable": "open both ways",
    "not identifiable downward": "open downward",
    "not identifiable upward": "open upward",
}


def plot_any_profile(found: Profiles, what: str = "profiles") -> Figure:
    """Profiles as one of the two figures.

    Raises
    ------
    ValueError
        For a word not among `KINDS`.
    """
    if what not in KINDS:
        raise ValueError(f"there is no figure '{what}' of profiles: {', '.join(KINDS)}")
    return plot_profiles(found) if what == "profiles" else plot_paths(found)


def plot_profiles(found: Profiles) -> Figure:
    """The rise of the objective above the best while one parameter is held and the others adapt.

    Where the curve passes the dashed line, the confidence interval ends; the side of a curve that stays below is shaded
    to the bound.
    """
    with house_style():
        title = f"{found.problem.name}: profile likelihoods, {100 * found.level:.4g} % intervals"
        page = Page(len(found), COLUMNS, title, top=0.5)
        for position, (name, p) in enumerate(found.items()):
            axes = page.axes(position)
            about = found.problem.estimated[found.problem.names.index(name)]
            best = float(p.objectives.min())
            rise = p.threshold - best
            axes.axvspan(p.lower, p.upper, color=PALETTE[5], alpha=0.18, linewidth=0, zorder=0)
            axes.axhline(rise, color=GREY, linewidth=0.6, linestyle=(0, (3, 2)))
            axes.plot(p.values, p.objectives - best, "-o", color=PALETTE[2], markersize=1.8)
            axes.plot(
                [_start(found, name)], [p.began - best], "o", color=PALETTE[2], markerfacecolor="white", markersize=4
            )
            for limit, is_open in ((p.lower, p.lower_open), (p.upper, p.upper_open)):
                if not is_open:
                    axes.axvline(limit, color=PALETTE[1], linewidth=0.8)
            axes.set_ylim(-0.06 * rise, 1.6 * rise)
            _value_axis(axes, about, p)
            axes.set_title(short(name, 21))
            axes.set_xlabel(f"[{about.unit or '1'}]", labelpad=1.5)
            if p.verdict != "identifiable":
                words = _OPEN.get(p.verdict, "not followed to its end")
                axes.set_title(words, loc="right", color=PALETTE[1], weight="normal", fontsize=6, y=0.9)
            if position % page.columns == 0:
                axes.set_ylabel("rise of the objective [1]")
        return page.figure


def _start(found: Profiles, name: str) -> float:
    return float(found.problem.from_scale(found.best)[found.problem.names.index(name)])


def _value_axis(axes: Any, about: Parameter, p: Profile) -> None:
    """Where the profile is worth looking at; a logarithmic axis where it spans much."""
    near = p.objectives <= p.objectives.min() + 1.6 * (p.threshold - p.objectives.min())
    low, high = float(p.values[near].min()), float(p.values[near].max())
    low, high = min(low, p.lower), max(high, p.upper)
    if about.scale != "linear" and low > 0.0 and high > 10.0 * low:
        axes.set_xscale("log")
        plain_ticks(axes.xaxis)
        axes.set_xlim(low / (high / low) ** 0.05, high * (high / low) ** 0.05)
    elif high > low:
        axes.set_xlim(low - 0.05 * (high - low), high + 0.05 * (high - low))
        axes.ticklabel_format(axis="x", scilimits=(-3, 4))


def plot_prediction_profiles(found: Mapping[str, PredictionProfile], problem: Problem, level: float) -> Figure:
    """The rise of the objective while one prediction is held and all parameters adapt."""
    units = {o.name: o.unit or "unit of the data" for o in problem.observables}
    with house_style():
        title = f"{problem.name}: profiles of predictions, {100 * level:.4g} % intervals"
        page = Page(len(found), 3, title, top=0.5)
        for position, (name, p) in enumerate(found.items()):
            axes = page.axes(position)
            best = float(p.objectives.min())
            rise = p.threshold - best
            axes.axvspan(p.lower, p.upper, color=PALETTE[5], alpha=0.18, linewidth=0, zorder=0)
            axes.axhline(rise, color=GREY, linewidth=0.6, linestyle=(0, (3, 2)))
            axes.plot(p.values, p.objectives - best, "-o", color=PALETTE[2], markersize=1.8)
            axes.set_ylim(-0.06 * rise, 1.6 * rise)
            if p.verdict != "bounded":
                axes.set_title(p.verdict, loc="right", color=PALETTE[1], weight="normal", fontsize=6, y=0.9)
            axes.set_title(short(name, 30))
            axes.ticklabel_format(axis="x", scilimits=(-3, 4))
            axes.set_xlabel(f"[{units[p.measurement.observable]}]", labelpad=1.5)
            if position % page.columns == 0:
                axes.set_ylabel("rise of the objective [1]")
        return page.figure


def plot_paths(found: Profiles, most: int = 6) -> Figure:
    """How the other parameters move along the profiles that stay open, on the scale of the search."""
    shown = {name: p for name, p in found.items() if p.companions}
    with house_style():
        page = Page(len(shown), COLUMNS, f"{found.problem.name}: what moves along with open profiles", top=0.5)
        for position, (name, p) in enumerate(shown.items()):
            axes = page.axes(position)
            k = found.problem.names.index(name)
            own = p.points[:, k] - found.best[k]
            inside = p.objectives <= p.threshold
            for j, other in enumerate(sorted(p.companions, key=lambda n: -abs(p.companions[n]))[:most]):
                column = found.problem.names.index(other)
                moved = p.points[inside, column] - found.best[column]
                axes.plot(own[inside], moved, color=PALETTE[(1 + j) % len(PALETTE)], label=short(other, 20))
            axes.axhline(0.0, color=FAINT, zorder=0)
            axes.set_title(short(name, 21))
            scale = found.problem.estimated[k].scale
            axes.set_xlabel("away from the best" + ("" if scale == "linear" else f" [{scale}]"), labelpad=1.5)
            axes.legend(loc="best", handlelength=1.0)
            span = float(np.ptp(own[inside])) if inside.any() else math.nan
            if span > 0.0:
                axes.set_xlim(own[inside].min() - 0.05 * span, own[inside].max() + 0.05 * span)
            if position % page.columns == 0:
                axes.set_ylabel("the others [their scales]")
        return page.figure
