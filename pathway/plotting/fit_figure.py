"""A fit as figures: curves through points, residuals, the waterfall of starts, parameters, profiles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from pathway.errors import InputError
from pathway.fitting.laboratory.courses import FittedCourse, fitted_courses
from pathway.fitting.objective import Comparison, Objective
from pathway.fitting.problem import Problem
from pathway.fitting.search.result import Fit
from pathway.fitting.uncertainty.identifiability import identifiability
from pathway.numerals import plain_number

from .labels import axis_label, common_power_of_ten, readable_name, time_label
from .layout import LINE, RIGHT, Page, Panel, row_labels, text_width, wrap_text
from .panels import COLUMNS, small_panels
from .style import FAINT, GREY, PALETTE, Figure, house_style, logarithmic_axis, value_axis

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
    InputError
        For another word.
    """
    best = fit.problem.from_scale(fit.best.x)
    if what == "fits":
        return plot_courses_of_fit(fit.problem, fitted_courses(fit.problem, best))
    if what == "residuals":
        return plot_residuals(fit.problem, Objective(fit.problem).compare(best))
    if what == "waterfall":
        return plot_waterfall(fit)
    if what == "parameters":
        return plot_parameters(fit)
    if what == "correlations":
        local = identifiability(Objective(fit.problem), fit.best.x)
        return plot_correlations(local.names, local.correlations)
    raise InputError(f"there is no figure '{what}' of a fit: {', '.join(KINDS)}")


# Curves through points


def plot_courses_of_fit(problem: Problem, fitted: Sequence[FittedCourse]) -> Figure:
    """Curves and points, a panel for each observable and condition; shaded is one noise level around a curve."""
    panels: dict[tuple[str, str], list[FittedCourse]] = {}
    for observable in problem.observables:
        for course in (c for c in fitted if c.observable is observable):
            panels.setdefault((observable.name, course.experiment), []).append(course)
    shown = list(panels.items())[:MOST_PANELS]
    names = [name for (name, _), _ in shown]
    labels = list(dict.fromkeys(course.label for course in fitted if course.label))
    title = f"{problem.name}: measured and fitted"
    if len(shown) < len(panels):
        title += f" (the first {len(shown)} of {len(panels)} panels)"
    with house_style():
        page = Page(title)
        _legend(page, problem, labels)
        # Where each observable has one panel, every panel has an axis of its own; else an observable begins a row.
        rows = [shown] if len(set(names)) == len(names) else _rows_by_observable(shown)
        for row in rows:
            titles = [experiment for (_, experiment), _ in row]
            for panel, ((name, _), own) in zip(
                small_panels(page, titles, 3 if len(rows) == 1 else COLUMNS), row, strict=True
            ):
                beside = [c for (other, _), group in shown if other == name for c in group]
                for course in own:
                    color = PALETTE[(1 + labels.index(course.label)) % len(PALETTE)] if course.label else PALETTE[2]
                    _draw_course(panel.axes, problem, course, color)
                _course_axes(panel, problem, own[0], beside)
        return page.cropped_figure()


def _unit(course: FittedCourse) -> str:
    return course.observable.unit or "data"


def _draw_course(axes: Any, problem: Problem, course: FittedCourse, color: str) -> None:
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


def _rows_by_observable(shown: Sequence[tuple[tuple[str, str], Any]]) -> list[list[tuple[tuple[str, str], Any]]]:
    """The panels of each observable."""
    rows: dict[str, list[tuple[tuple[str, str], Any]]] = {}
    for panel in shown:
        rows.setdefault(panel[0][0], []).append(panel)
    return list(rows.values())


def _course_axes(panel: Panel, problem: Problem, course: FittedCourse, beside: Sequence[FittedCourse]) -> None:
    """Limits that all panels of an observable share, so that conditions can be compared; labels."""
    axes = panel.axes
    values = [problem.measurements[k].value for c in beside for k in c.members]
    values += [float(v) for c in beside for v in c.simulated if math.isfinite(v)]
    low, high = min(values), max(values)
    if course.observable.transformation != "linear" and low > 0.0:
        power = common_power_of_ten(low, high)
        logarithmic_axis(axes, low / 1.4, high * 1.4, power)
    else:
        power = value_axis(axes, low, high)
    times = [float(t) for c in beside for t in c.times]
    if times and min(times) < max(times):
        reach = 0.04 * (max(times) - min(times))
        axes.set_xlim(min(times) - reach, max(times) + reach)
    panel.few_ticks()
    panel.x_label(time_label(problem.model.time_unit))
    panel.y_label(axis_label(course.observable.name, _unit(course), power))


def _legend(page: Page, problem: Problem, labels: Sequence[str]) -> None:
    """What marks and colors mean, under the title."""
    kinds = {m.censored for m in problem.measurements}
    entries: list[tuple[Any, str]] = [(Line2D([], [], color=GREY, marker="o", linestyle=""), "measured")]
    if "below" in kinds:
        entries.append((Line2D([], [], color=GREY, marker="v", linestyle=""), "at most this"))
    if "above" in kinds:
        entries.append((Line2D([], [], color=GREY, marker="^", linestyle=""), "at least this"))
    if not all(m.counted for m in problem.measurements):
        hollow = Line2D([], [], color=GREY, marker="o", linestyle="", markerfacecolor="white")
        entries.append((hollow, "does not count"))
    entries += [(Line2D([], [], color=PALETTE[(1 + k) % len(PALETTE)]), label) for k, label in enumerate(labels[:6])]
    for line, _ in entries:
        line.set_markersize(3.2)
    page.legend(entries)


# Residuals


def plot_residuals(problem: Problem, fitted: Comparison) -> Figure:
    """Standardized residuals over time, a panel for each observable, and all of them against the normal distribution.

    Points between the dashed lines lie within two noise levels; a run of points on one side is a trend that the model
    does not follow.
    """
    names = [o.name for o in problem.observables][: MOST_PANELS - 1]
    experiments = list(dict.fromkeys(m.experiment for m in problem.measurements))
    with house_style():
        page = Page(f"{problem.name}: standardized residuals")
        _experiment_legend(page, experiments)
        panels = small_panels(page, [*names, "all, against normal"], 3, 1.4)
        for panel, name in zip(panels, names, strict=False):
            axes = panel.axes
            own = [
                k
                for k, m in enumerate(problem.measurements)
                if m.observable == name and not m.censored and math.isfinite(m.time)
            ]
            for k in own:
                m = problem.measurements[k]
                color = PALETTE[experiments.index(m.experiment) % len(PALETTE)]
                face = color if m.counted else "white"
                axes.plot([m.time], [fitted.residual[k]], "o", color=color, markersize=3, markerfacecolor=face)
            for level, dash in ((0.0, "solid"), (-2.0, (0, (3, 2))), (2.0, (0, (3, 2)))):
                axes.axhline(level, color=GREY, linewidth=0.6, linestyle=dash, zorder=0)
            reach = 1.15 * max([2.6, *(abs(float(fitted.residual[k])) for k in own)])
            axes.set_ylim(-reach, reach)
            panel.few_ticks()
            panel.x_label(time_label(problem.model.time_unit))
            panel.y_label("(fitted - measured) / noise")
        _against_normal(panels[-1], problem, fitted)
        return page.cropped_figure()


def _experiment_legend(page: Page, experiments: Sequence[str]) -> None:
    shown = experiments[: len(PALETTE)]
    lines = [Line2D([], [], color=PALETTE[k], marker="o", linestyle="", markersize=3) for k in range(len(shown))]
    page.legend(list(zip(lines, shown, strict=True)))


def _against_normal(panel: Panel, problem: Problem, fitted: Comparison) -> None:
    """Sorted residuals over what a normal distribution would give."""
    from scipy.special import ndtri

    axes = panel.axes
    counted = np.array([not m.censored for m in problem.measurements]) & fitted.counted
    values = np.sort(fitted.residual[counted])
    expected = ndtri((np.arange(len(values)) + 0.5) / max(len(values), 1))
    reach = 1.1 * max(2.5, float(np.max(np.abs(values), initial=0.0)))
    axes.plot([-reach, reach], [-reach, reach], color=GREY, linewidth=0.6)
    axes.plot(expected, values, "o", color=PALETTE[2], markersize=2.6)
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-reach, reach)
    panel.x_label("expected of normal noise")
    panel.y_label("residual / noise")


# The search


def plot_waterfall(fit: Fit) -> Figure:
    """Where every start ended, best first: a plateau on the left says that the best was found again and again."""
    values = fit.objectives
    ended = values[np.isfinite(values)]
    with house_style():
        failed = len(values) - len(ended)
        extra = f"; {failed} could not be computed" if failed else ""
        lowest = float(ended.min(initial=math.inf))
        reached = int((ended <= lowest + SAME).sum())
        page = Page(f"{fit.problem.name}: {reached} of {len(values)} starts reach {lowest:.6g}{extra}")
        page.legend([
            (Line2D([], [], color=PALETTE[k], marker="o", linestyle="", markersize=3.5), text)
            for k, text in ((2, "the best optimum"), (1, "elsewhere"))
        ])  # fmt: skip
        (panel,) = page.panels([""], 1, 1.35)
        axes = panel.axes
        ranks = np.arange(1, len(ended) + 1)
        above = ended - ended.min(initial=math.inf) + SAME
        same = ended <= ended.min(initial=math.inf) + SAME
        axes.plot(ranks, above, color=FAINT, zorder=0)
        axes.plot(ranks[same], above[same], "o", color=PALETTE[2], markersize=3.5)
        if not same.all():
            axes.plot(ranks[~same], above[~same], "o", color=PALETTE[1], markersize=3.5)
        logarithmic_axis(axes, 0.8 * SAME, 1.3 * max(10.0 * SAME, float(above.max(initial=0.0))))
        axes.set_xlim(0.5, len(values) + 0.5)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        panel.x_label("start, best first")
        panel.y_label(f"objective above the best + {SAME:g}")
        return page.cropped_figure()


def plot_parameters(fit: Fit) -> Figure:
    """Where the starts ended, as shares of the way from lower to upper bound; the best optimum in color."""
    problem = fit.problem
    lower, upper = problem.bounds
    width = np.where(np.isfinite(upper - lower) & (upper > lower), upper - lower, 1.0)
    ranked = [s for s in fit.ranked if math.isfinite(s.objective)]
    rows = np.arange(len(problem.names))[::-1]
    with house_style():
        page = Page(f"{problem.name}: where the starts ended")
        page.legend([
            (Line2D([], [], color=PALETTE[2], marker="o", markersize=2.6), "the best optimum"),
            (Line2D([], [], color=PALETTE[1], marker="o", markersize=2.6), "other ends"),
        ])  # fmt: skip
        names = row_labels([_bounded(problem, k) for k in range(len(rows))], 0.45 * page.width)
        row = names.row_height(0.2, 0.04)
        left, tall = names.right, row * len(rows)
        wide = page.width - left - RIGHT
        axes = page.add_axes(left, page.top, wide, tall)
        page.label_rows(names, left - 0.06, page.top, row)
        best = ranked[0].objective if ranked else math.inf
        for start in reversed(ranked):
            same = start.objective <= best + SAME
            color, order = (PALETTE[2], 2) if same else (PALETTE[1], 1)
            alpha = 0.9 if same else 0.3
            axes.plot(
                (start.x - lower) / width, rows, "-o", color=color, alpha=alpha, markersize=2.6, lw=0.7, zorder=order
            )
        axes.set_yticks([])
        axes.set_ylim(-0.5, len(rows) - 0.5)
        axes.set_xlim(-0.03, 1.03)
        for place in rows:
            axes.axhline(place, color=FAINT, linewidth=0.5, zorder=0)
        words = "from lower to upper bound, on the scale of the search"
        page.top += tall + 0.2 + LINE * page.label_below(words, left, wide, page.top + tall, RIGHT)
        return page.cropped_figure()


def plot_correlations(names: Sequence[str], correlations: np.ndarray) -> Figure:
    """How the uncertainties of parameters go together: 1 and -1 mean that the data see only a combination.

    Parameters
    ----------
    names : sequence of str
    correlations : array, shape (n, n)
        Not a number where a parameter is unseen.
    """
    n = len(names)
    with house_style():
        page = Page("Correlation of uncertainties")
        size = 6.0 if n <= 40 else 6.0 * 40 / n
        widest = max(text_width(name, size) for name in names)
        lines = [wrap_text(name, min(widest, 0.4 * page.width), size) for name in names]
        beside = max(text_width(part, size) for parts in lines for part in parts)
        left = RIGHT + beside + 0.1
        deepest = max(map(len, lines))
        side = min(max(max(0.16, 0.095 * deepest) * n, 1.0), page.width - left - 0.85)
        axes = page.add_axes(left, page.top, side, side)
        image = axes.imshow(np.ma.masked_invalid(correlations), cmap="RdBu_r", vmin=-1.0, vmax=1.0)
        axes.set_facecolor(FAINT)
        labels = ["\n".join(parts) for parts in lines]
        axes.set_xticks(range(n), labels, rotation=90, fontsize=size, linespacing=0.95)
        axes.set_yticks(range(n), labels, fontsize=size, linespacing=0.95)
        bar = page.figure.colorbar(image, cax=page.add_axes(left + side + 0.15, page.top, 0.1, min(side, 0.9)))
        bar.set_label("correlation")
        page.top += side + beside + 0.14
        return page.cropped_figure()


def _bounded(problem: Problem, k: int) -> str:
    p = problem.estimated[k]
    unit = f" {p.unit}" if p.unit and p.unit != "1" else ""
    return f"{readable_name(p.name)}, {plain_number(p.lower, 3)} to {plain_number(p.upper, 3)}{unit}"
