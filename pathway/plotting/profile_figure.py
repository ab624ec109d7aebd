"""Profile likelihoods as figures: the rise over one parameter, and how the others move along."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from pathway.errors import InputError
from pathway.fitting.problem import Parameter, Problem
from pathway.fitting.uncertainty.prediction_profile import PredictionProfile
from pathway.fitting.uncertainty.profiles import Profile, Profiles

from .labels import readable_name, scaled_unit, unit_words
from .layout import Page, Panel
from .panels import small_panels
from .style import FAINT, GREY, PALETTE, Figure, house_style, plain_number_ticks, value_axis

KINDS = ("profiles", "paths")
_OPEN = {
    "not identifiable": "open both ways",
    "not identifiable downward": "open downward",
    "not identifiable upward": "open upward",
}


def plot_any_profile(profiles: Profiles, what: str = "profiles") -> Figure:
    """Profiles as one of the two figures.

    Raises
    ------
    InputError
        For a word not among `KINDS`.
    """
    if what not in KINDS:
        raise InputError(f"there is no figure '{what}' of profiles: {', '.join(KINDS)}")
    return plot_profiles(profiles) if what == "profiles" else plot_paths(profiles)


def plot_profiles(profiles: Profiles) -> Figure:
    """The rise of the objective above the best while one parameter is held and the others adapt.

    Where the curve passes the dashed line, the confidence interval ends; the side of a curve that stays below is shaded
    to the bound.
    """
    with house_style():
        page = Page(f"{profiles.problem.name}: profile likelihoods, {100 * profiles.level:.4g} % intervals")
        for panel, (name, p) in zip(small_panels(page, list(profiles)), profiles.items(), strict=True):
            axes = panel.axes
            about = profiles.problem.estimated[profiles.problem.names.index(name)]
            best = _rise(panel, p)
            axes.plot(
                [_start(profiles, name)], [p.began - best], "o", color=PALETTE[2], markerfacecolor="white", markersize=4
            )
            for limit, is_open in ((p.lower, p.lower_open), (p.upper, p.upper_open)):
                if not is_open:
                    axes.axvline(limit, color=PALETTE[1], linewidth=0.8)
            _value_axis(panel, about, p)
            panel.x_label(about.unit if about.unit not in ("", "1") else "value")
            if p.verdict != "identifiable":
                panel.note(_OPEN.get(p.verdict, "not followed to its end"), PALETTE[1])
        return page.cropped_figure()


def _rise(panel: Panel, p: Any) -> float:
    """The curve, its interval and its threshold; the lowest objective."""
    best = float(p.objectives.min())
    rise = p.threshold - best
    panel.axes.axvspan(p.lower, p.upper, color=PALETTE[5], alpha=0.18, linewidth=0, zorder=0)
    panel.axes.axhline(rise, color=GREY, linewidth=0.6, linestyle=(0, (3, 2)))
    panel.axes.plot(p.values, p.objectives - best, "-o", color=PALETTE[2], markersize=1.8)
    panel.axes.set_ylim(-0.06 * rise, 1.6 * rise)
    panel.axes.yaxis.set_major_locator(MaxNLocator(nbins=4))
    panel.y_label("rise of the objective")
    return best


def _start(profiles: Profiles, name: str) -> float:
    return float(profiles.problem.from_scale(profiles.best)[profiles.problem.names.index(name)])


def _value_axis(panel: Panel, about: Parameter, p: Profile) -> None:
    """Where the profile is worth looking at; a logarithmic axis where it spans much."""
    axes = panel.axes
    near = p.objectives <= p.objectives.min() + 1.6 * (p.threshold - p.objectives.min())
    low, high = float(p.values[near].min()), float(p.values[near].max())
    low, high = min(low, p.lower), max(high, p.upper)
    if about.scale != "linear" and low > 0.0 and high > 10.0 * low:
        axes.set_xscale("log")
        plain_number_ticks(axes.xaxis)
        axes.set_xlim(low / (high / low) ** 0.05, high * (high / low) ** 0.05)
    elif high > low:
        axes.set_xlim(low - 0.05 * (high - low), high + 0.05 * (high - low))
        _few_ticks(panel)


def _few_ticks(panel: Panel) -> None:
    """Values as people write them, as many as have room."""
    panel.few_ticks(0.4, min_n_ticks=2)
    plain_number_ticks(panel.axes.xaxis)


def plot_prediction_profiles(profiles: Mapping[str, PredictionProfile], problem: Problem, level: float) -> Figure:
    """The rise of the objective while one prediction is held and all parameters adapt."""
    units = {o.name: o.unit or "unit of the data" for o in problem.observables}
    with house_style():
        page = Page(f"{problem.name}: profiles of predictions, {100 * level:.4g} % intervals")
        for panel, p in zip(small_panels(page, list(profiles), 3), profiles.values(), strict=True):
            _rise(panel, p)
            _few_ticks(panel)
            observable = p.measurement.observable
            panel.x_label(f"{readable_name(observable)}, {unit_words(observable, units[observable])}")
            if p.verdict != "bounded":
                panel.note(p.verdict, PALETTE[1])
        return page.cropped_figure()


def plot_paths(profiles: Profiles, most: int = 6) -> Figure:
    """How the other parameters move along the profiles that stay open, on the scale of the search."""
    shown = {name: p for name, p in profiles.items() if p.companions}
    with house_style():
        none = "" if shown else "Every profile is closed: nothing moves along."
        page = Page(f"{profiles.problem.name}: what moves along with open profiles", none)
        for panel, (name, p) in zip(small_panels(page, list(shown), 3, 1.3), shown.items(), strict=True):
            k = profiles.problem.names.index(name)
            own = p.points[:, k] - profiles.best[k]
            inside = p.objectives <= p.threshold
            entries, reach = [], [0.0]
            for j, other in enumerate(sorted(p.companions, key=lambda n: -abs(p.companions[n]))[:most]):
                column = profiles.problem.names.index(other)
                moved = p.points[inside, column] - profiles.best[column]
                reach += [float(moved.min()), float(moved.max())] if len(moved) else []
                entries += panel.axes.plot(own[inside], moved, color=PALETTE[(1 + j) % len(PALETTE)], label=other)
            panel.axes.axhline(0.0, color=FAINT, zorder=0)
            scale = profiles.problem.estimated[k].scale
            panel.x_label("away from the best" + ("" if scale == "linear" else f", {scale}"))
            panel.key([(line, line.get_label()) for line in entries])
            span = float(np.ptp(own[inside])) if inside.any() else math.nan
            if span > 0.0:
                panel.axes.set_xlim(own[inside].min() - 0.05 * span, own[inside].max() + 0.05 * span)
            power = value_axis(panel.axes, min(reach) - 1e-12, max(reach))
            panel.y_label(scaled_unit("the others, on their scales", power))
        return page.cropped_figure()
