"""A fit as figures: curves through points, residuals, the waterfall of starts, parameters, profiles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from pathway.fitting.laboratory.courses import Course, courses
from pathway.fitting.objective import Comparison, Objective
from pathway.fitting.problem import Problem
from pathway.fitting.search.result import Fit
from pathway.fitting.uncertainty.identifiability import identifiability

from .panels import COLUMNS, GAP_ACROSS, LEFT, Page, short, time_label
from .style import FAINT, GREY, PALETTE, WIDTH, Figure, house_style, logarithmic_axis, new_figure, value_axis
from .words import scaled

KINDS = ("fits", "residuals", "waterfall", "parameters", "correlations")
MOST_PANELS = 48
SAME = 0.1
"""Objectives this close to the best count as the same optimum."""


def plot_fit(fit: Fit, what: str = "fits") -> Figure:
    """A fit as a figure.

    Parameters
    ----------
    fit : Fit
    what : str
        "fits" (a panel for each condition and observable), "residuals", "waterfall", "parameters" or
        "correlations".

    Raises
    ------
    ValueError
        For another word.
    """
    best = fit.problem.from_scale(fit.best.x)
    if what == "fits":
        return plot_courses_of_fit(fit.problem, courses(fit.problem, best))
    if what == "residuals":
        return plot_residuals(fit.problem, Objective(fit.problem).compare(best))
    if what == "waterfall":
        return plot_waterfall(fit)
    if what == "parameters":
        return plot_parameters(fit)
    if what == "correlations":
        local = identifiability(Objective(fit.problem), fit.best.x)
        return plot_correlations(local.names, local.correlations)
    raise ValueError(f"there is no figure '{what}' of a fit: {', '.join(KINDS)}")


# Curves through points


def plot_courses_of_fit(problem: Problem, found: Sequence[Course]) -> Figure:
    """Curves and points, a panel for each observable and condition; shaded is one noise level around a curve."""
    panels: dict[tuple[str, str], list[Course]] = {}
    for observable in problem.observables:
        for course in (c for c in found if c.observable is observable):
            panels.setdefault((observable.name, course.experiment), []).append(course)
    shown = list(panels.items())[:MOST_PANELS]
    names = [name for (name, _), _ in shown]
    one_each = len(set(names)) == len(names)  # then every panel has an axis of its own
    columns, gap = (3, LEFT) if one_each else (COLUMNS, GAP_ACROSS)
    places = list(range(len(names))) if one_each else _rows_by_observable(names, columns)
    labels = list(dict.fromkeys(course.label for course in found if course.label))
    title = f"{problem.name}: measured and fitted"
    if len(shown) < len(panels):
        title += f" (the first {len(shown)} of {len(panels)} panels)"
    with house_style():
        page = Page(places[-1] + 1, columns, title, gap=gap)
        for place, ((name, experiment), own) in zip(places, shown, strict=True):
            axes = page.axes(place)
            beside = [c for (other, _), group in shown if other == name for c in group]
            for course in own:
                color = PALETTE[(1 + labels.index(course.label)) % len(PALETTE)] if course.label else PALETTE[2]
                _draw_course(axes, problem, course, color)
            label = _course_axes(axes, problem, own[0], beside)
            axes.set_title(short(experiment, 25))
            if one_each or place % page.columns == 0:
                axes.set_ylabel(label)
        _legend(page, problem, labels)
        return page.figure


def _unit(course: Course) -> str:
    return course.observable.unit or "data"


def _draw_course(axes: Any, problem: Problem, course: Course, color: str) -> None:
    if len(course.times) > 1:
        if not len(course.spread):
            axes.fill_between(course.times, *course.band(), color=color, alpha=0.13, linewidth=0)
        axes.plot(course.times, course.simulated, color=color)
    elif len(course.times) == 1:
        axes.plot(course.times, course.simulated, "_", color=color, markersize=9)
    for position, k in enumerate(course.members):
        m = problem.measurements[k]
        if math.isfinite(m.time):
            if len(course.spread):
                reach = course.around(np.array(m.value), course.spread[position])
                axes.plot([m.time, m.time], reach, color=color, linewidth=0.7, zorder=2)
            marker = {"": "o", "below": "v", "above": "^"}[m.censored]
            face = color if m.counted else "white"
            axes.plot([m.time], [m.value], marker, color=color, markersize=3.2, markerfacecolor=face, zorder=3)


def _rows_by_observable(names: Sequence[str], columns: int) -> list[int]:
    """A place for each panel; every observable begins a row of its own."""
    places: list[int] = []
    for k, name in enumerate(names):
        place = places[-1] + 1 if places else 0
        places.append(place if not k or names[k - 1] == name else -(-place // columns) * columns)
    return places


def _course_axes(axes: Any, problem: Problem, course: Course, beside: Sequence[Course]) -> str:
    """Limits that all panels of an observable share, so that conditions can be compared; the label of the axis."""
    values = [problem.measurements[k].value for c in beside for k in c.members]
    values += [float(v) for c in beside for v in c.simulated if math.isfinite(v)]
    low, high = min(values), max(values)
    unit = _unit(course)
    if course.observable.transformation != "linear" and low > 0.0:
        logarithmic_axis(axes, low / 1.4, high * 1.4)
    else:
        unit = scaled(unit, value_axis(axes, low, high))
    times = [float(t) for c in beside for t in c.times]
    if times and min(times) < max(times):
        reach = 0.04 * (max(times) - min(times))
        axes.set_xlim(min(times) - reach, max(times) + reach)
    axes.set_xlabel(time_label(problem), labelpad=1.5)
    return f"{short(course.observable.name, 16)} [{unit}]"


def _legend(page: Page, problem: Problem, labels: Sequence[str]) -> None:
    """What marks and colors mean, under the title."""
    from matplotlib.lines import Line2D

    kinds = {m.censored for m in problem.measurements}
    made: list[tuple[Any, str]] = [(Line2D([], [], color=GREY, marker="o", linestyle=""), "measured")]
    if "below" in kinds:
        made.append((Line2D([], [], color=GREY, marker="v", linestyle=""), "at most this"))
    if "above" in kinds:
        made.append((Line2D([], [], color=GREY, marker="^", linestyle=""), "at least this"))
    if not all(m.counted for m in problem.measurements):
        hollow = Line2D([], [], color=GREY, marker="o", linestyle="", markerfacecolor="white")
        made.append((hollow, "does not count"))
    made += [
        (Line2D([], [], color=PALETTE[(1 + k) % len(PALETTE)]), short(label, 22)) for k, label in enumerate(labels[:6])
    ]
    for line, _ in made:
        line.set_markersize(3.2)
    page.legend(made)


# Residuals


def plot_residuals(problem: Problem, found: Comparison) -> Figure:
    """Standardized residuals over time, a panel for each observable, and all of them against the normal distribution.

    Points between the dashed lines lie within two noise levels; a run of points on one side is a trend that the model
    does not follow.
    """
    names = [o.name for o in problem.observables][: MOST_PANELS - 1]
    experiments = list(dict.fromkeys(m.experiment for m in problem.measurements))
    with house_style():
        page = Page(len(names) + 1, 3, f"{problem.name}: standardized residuals", panel=1.5, top=0.66)
        for position, name in enumerate(names):
            axes = page.axes(position)
            own = [
                k
                for k, m in enumerate(problem.measurements)
                if m.observable == name and not m.censored and math.isfinite(m.time)
            ]
            for k in own:
                m = problem.measurements[k]
                color = PALETTE[experiments.index(m.experiment) % len(PALETTE)]
                face = color if m.counted else "white"
                axes.plot([m.time], [found.residual[k]], "o", color=color, markersize=3, markerfacecolor=face)
            for level, dash in ((0.0, "solid"), (-2.0, (0, (3, 2))), (2.0, (0, (3, 2)))):
                axes.axhline(level, color=GREY, linewidth=0.6, linestyle=dash, zorder=0)
            reach = 1.15 * max([2.6, *(abs(float(found.residual[k])) for k in own)])
            axes.set_ylim(-reach, reach)
            axes.set_title(short(name, 32))
            axes.set_xlabel(time_label(problem), labelpad=1.5)
            axes.set_ylabel("(fitted - measured) / noise [1]")
        _against_normal(page.axes(len(names)), problem, found)
        _experiment_legend(page, experiments)
        return page.figure


def _experiment_legend(page: Page, experiments: Sequence[str]) -> None:
    from matplotlib.lines import Line2D

    shown = experiments[: len(PALETTE)]
    lines = [Line2D([], [], color=PALETTE[k], marker="o", linestyle="", markersize=3) for k in range(len(shown))]
    page.figure.legend(
        lines,
        [short(name, 18) for name in shown],
        loc="upper left",
        bbox_to_anchor=(0.01, 1 - 0.2 / page.height),
        ncols=min(6, len(shown)),
        handletextpad=0.2,
        columnspacing=1.0,
    )


def _against_normal(axes: Any, problem: Problem, found: Comparison) -> None:
    """Sorted residuals over what a normal distribution would give."""
    from scipy.special import ndtri

    counted = np.array([not m.censored for m in problem.measurements]) & found.counted
    values = np.sort(found.residual[counted])
    expected = ndtri((np.arange(len(values)) + 0.5) / max(len(values), 1))
    reach = 1.1 * max(2.5, float(np.max(np.abs(values), initial=0.0)))
    axes.plot([-reach, reach], [-reach, reach], color=GREY, linewidth=0.6)
    axes.plot(expected, values, "o", color=PALETTE[2], markersize=2.6)
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-reach, reach)
    axes.set_title("all, against normal")
    axes.set_xlabel("expected of normal noise [1]", labelpad=1.5)
    axes.set_ylabel("residual [1]")


# The search


def plot_waterfall(fit: Fit) -> Figure:
    """Where every start ended, best first: a plateau on the left says that the best was found again and again."""
    values = fit.objectives
    ended = values[np.isfinite(values)]
    with house_style():
        figure = new_figure(WIDTH, 2.1)
        axes = figure.add_axes((0.09, 0.2, 0.88, 0.66))
        ranks = np.arange(1, len(ended) + 1)
        above = ended - ended.min(initial=math.inf) + SAME
        same = ended <= ended.min(initial=math.inf) + SAME
        axes.plot(ranks, above, color=FAINT, zorder=0)
        axes.plot(ranks[same], above[same], "o", color=PALETTE[2], markersize=3.5, label="the best optimum")
        if not same.all():
            axes.plot(ranks[~same], above[~same], "o", color=PALETTE[1], markersize=3.5, label="elsewhere")
        logarithmic_axis(axes, 0.8 * SAME, 1.3 * max(10.0 * SAME, float(above.max(initial=0.0))))
        axes.set_xlim(0.5, len(values) + 0.5)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("start, best first")
        axes.set_ylabel(f"objective above the best + {SAME:g} [1]")
        failed = len(values) - len(ended)
        extra = f"; {failed} could not be computed" if failed else ""
        axes.set_title(
            f"{int(same.sum())} of {len(values)} starts reach {float(ended.min(initial=math.inf)):.6g}{extra}"
        )
        axes.legend(loc="best")
        return figure


def plot_parameters(fit: Fit) -> Figure:
    """Where the starts ended, as shares of the way from lower to upper bound; the best optimum in color."""
    problem = fit.problem
    lower, upper = problem.bounds
    width = np.where(np.isfinite(upper - lower) & (upper > lower), upper - lower, 1.0)
    ranked = [s for s in fit.ranked if math.isfinite(s.objective)]
    rows = np.arange(len(problem.names))[::-1]
    with house_style():
        height = 0.75 + 0.2 * max(len(rows), 2)
        figure = new_figure(WIDTH, height)
        axes = figure.add_axes((0.36, 0.45 / height, 0.61, 1 - 0.75 / height))
        best = ranked[0].objective if ranked else math.inf
        for start in reversed(ranked):
            same = start.objective <= best + SAME
            color, order = (PALETTE[2], 2) if same else (PALETTE[1], 1)
            alpha = 0.9 if same else 0.3
            axes.plot(
                (start.x - lower) / width, rows, "-o", color=color, alpha=alpha, markersize=2.6, lw=0.7, zorder=order
            )
        axes.set_yticks(rows, [_bounded(problem, k) for k in range(len(rows))])
        axes.set_ylim(-0.7, len(rows) - 0.3)
        axes.set_xlim(-0.03, 1.03)
        axes.grid(axis="y", color=FAINT, linewidth=0.5)
        axes.set_xlabel("from lower to upper bound, on the scale of the search [1]")
        axes.set_title("blue: the best optimum; orange: other ends")
        return figure


def plot_correlations(names: Sequence[str], correlations: np.ndarray) -> Figure:
    """How the uncertainties of parameters go together: 1 and -1 mean that the data see only a combination.

    Parameters
    ----------
    names : sequence of str
    correlations : array, shape (n, n)
        Not a number where a parameter is unseen.
    """
    n = len(names)
    side = min(max(0.16 * n, 1.0), WIDTH - 3.0)
    with house_style():
        labels = [short(name, 26) for name in names]
        room = 0.15 + 0.055 * max(map(len, labels))
        figure = new_figure(WIDTH, side + room + 0.3)
        height = side + room + 0.3
        axes = figure.add_axes((2.1 / WIDTH, room / height, side / WIDTH, side / height))
        image = axes.imshow(np.ma.masked_invalid(correlations), cmap="RdBu_r", vmin=-1.0, vmax=1.0)
        axes.set_facecolor(FAINT)
        size = 6.0 if n <= 40 else 6.0 * 40 / n
        axes.set_xticks(range(n), labels, rotation=90, fontsize=size)
        axes.set_yticks(range(n), labels, fontsize=size)
        beside = figure.add_axes(((2.3 + side) / WIDTH, room / height, 0.1 / WIDTH, 0.8 / height))
        bar = figure.colorbar(image, cax=beside)
        bar.set_label("correlation [1]")
        axes.set_title("correlation of uncertainties")
        return figure


def _bounded(problem: Problem, k: int) -> str:
    p = problem.estimated[k]
    unit = f" {p.unit}" if p.unit and p.unit != "1" else ""
    return f"{short(p.name, 26)}  {p.lower:.3g}\u2013{p.upper:.3g}{unit}"
