"""The figure of a run: what was given when, what the cells did, how much they were slowed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter, NullLocator

from pathway.errors import InputError
from pathway.network import circuit
from pathway.numerals import superscript
from pathway.scenario.measurements import Measurement, comparison_scaling
from pathway.scenario.plain_words import ensemble_words
from pathway.scenario.result import ArmResult, Result

from .labels import readable_name, scaled_unit, unit_words
from .layout import LEFT, LINE, RIGHT, Page, Panel, row_labels, text_width, wrap_text
from .rank_figure import draw_rankings, rankings
from .style import DASHES, FAINT, GREY, MARKERS, MOST_CURVES, Figure, house_style, line_style, split_curves, value_axis

_MARK: dict[str, Any] = {"color": "white", "markeredgecolor": "black", "markersize": 4.5, "markeredgewidth": 0.8}
_LANE, _BAR = 0.165, 0.175


@dataclass(frozen=True)
class ArmGroup:
    """Arms that are shown together.

    Attributes
    ----------
    title : str
        "" where there is one group alone.
    arms : tuple of str
    """

    title: str
    arms: tuple[str, ...]


def plot_result(result: Result, panel: str = "") -> Figure:
    """The figure of a run.

    Parameters
    ----------
    result : Result
    panel : str
        One observable alone, or "growth", "timeline" or "ranks"; everything unless given.

    Returns
    -------
    Figure
        Dose timeline above, where anything is given; the shown observables over time, at most six arms at full strength
        in a panel, with what was not treated behind in grey; below GR, and cells in percent of untreated beside those
        of the named control; and where arms are ranked, their numbers beside what these are ranked with.

    Raises
    ------
    InputError
        For a panel that the run does not have.
    """
    if panel and panel not in panel_names(result):
        raise InputError(f"there is no panel '{panel}' of this run: {', '.join(panel_names(result))}")
    with house_style():
        page = Page(result.scenario.title, _of_bands(result))
        styles = arm_styles(result)
        if panel == "timeline" or (not panel and _given(result)):
            _timeline(page, result, styles)
        observables = [name for name in result.scenario.observables if panel in ("", name)]
        if observables and (panel or _given(result) or not rankings(result)):  # at rest, ranks tell all there is
            _courses(page, result, observables, styles)
        if panel in ("", "growth") and _shows_growth(result):
            _growth(page, result, styles)
        if panel in ("", "ranks"):
            draw_rankings(page, result)
        return page.cropped_figure()


def _of_bands(result: Result) -> str:
    """What the figure shows beside the chosen numbers."""
    if result.ensemble is None:
        return ""
    return f"Lines and bars: the chosen numbers. Bands and whiskers: the middle 90 % of {ensemble_words(result)}."


def panel_names(result: Result) -> tuple[str, ...]:
    """What can be drawn alone."""
    growth, ranks = ["growth"] * _shows_growth(result), ["ranks"] * bool(rankings(result))
    return ("timeline", *result.scenario.observables, *growth, *ranks)


def _shows_growth(result: Result) -> bool:
    return any(arm.growth and math.isfinite(arm.growth.gr) for arm in result.arms.values())


# Which arms stand together, and how they look


def is_control(result: Result, name: str) -> bool:
    """Whether an arm is what others are compared with: it gets nothing of which growth is asked, or nothing at all."""
    arm = result.arms[name]
    if result.scenario.growth_of:
        return arm.growth is None
    return not arm.timeline_entries and not _is_variant(arm)


def _is_variant(result: ArmResult) -> bool:
    """Whether an arm's cells have other numbers than their line."""
    arm = result.arm
    return bool(arm.changes or arm.timed_changes or arm.knock_downs or arm.timed_knock_downs)


def arm_groups(result: Result) -> list[ArmGroup]:
    """Arms that are no controls, at most six in a group; those with changed cells by themselves where all are many."""
    names = [name for name in result.arms if not is_control(result, name)]
    if not names:
        return [ArmGroup("", part) for part in split_curves(list(result.arms))]
    if len(names) <= MOST_CURVES:
        return [ArmGroup("", tuple(names))]
    unchanged = [name for name in names if not _is_variant(result.arms[name])]
    changed = [name for name in names if _is_variant(result.arms[name])]
    groups = [ArmGroup("", part) for part in split_curves(unchanged)]
    return groups + [ArmGroup("Changed cells", part) for part in split_curves(changed)]


def arm_styles(result: Result) -> dict[str, dict[str, Any]]:
    """Color and dash of every arm: controls black or grey, colors for the others, dashes where colors are used up."""
    styles: dict[str, dict[str, Any]] = {}
    controls = [name for name in result.arms if is_control(result, name)]
    if len(controls) == len(result.arms):
        controls = controls[:1]  # nothing is compared, and all are to be told apart
    for number, name in enumerate(controls):
        styles[name] = {"color": "black" if number == 0 else GREY, "linestyle": DASHES[number % len(DASHES)]}
    for number, name in enumerate(name for name in result.arms if name not in styles):
        styles[name] = line_style(number)
    return styles


# What is given when


def _given(result: Result) -> dict[str, str]:
    """Everything given or changed in any arm, in order of appearance: {text: marker}."""
    texts = dict.fromkeys(h.text for arm in result.arms.values() for h in arm.timeline_entries)
    return {text: MARKERS[i % len(MARKERS)] for i, text in enumerate(texts)}


def _timeline(page: Page, result: Result, styles: Mapping[str, dict[str, Any]]) -> None:
    markers = _given(result)
    page.legend([(Line2D([], [], marker=marker, linestyle="none", **_MARK), text) for text, marker in markers.items()])
    arms = list(result.arms.values())
    names = row_labels([arm.arm.name for arm in arms], 0.36 * page.width)
    lane, left = names.row_height(_LANE, 0.04), names.right
    wide = page.width - left - RIGHT
    axes = page.add_axes(left, page.top, wide, lane * len(arms))
    start, end = result.scenario.start, result.scenario.end
    places: dict[str, list[tuple[float, int]]] = {marker: [] for marker in markers.values()}
    for row, arm in enumerate(arms):
        axes.plot([start, end], [row, row], linewidth=1.6, solid_capstyle="butt", **styles[arm.arm.name])
        for time, marker in _marks(arm, markers, 0.09 * (end - start) / wide):
            places[marker].append((time, row))
    for marker, spots in places.items():
        axes.plot(*zip(*spots, strict=True), marker, clip_on=False, zorder=3, **_MARK)
    axes.set_ylim(len(arms) - 0.5, -0.5)
    _without_ticks(axes)
    page.label_rows(names, left - 0.09, page.top, lane, [styles[arm.arm.name]["color"] for arm in arms])
    _time_axis(axes, start, end, wide)
    page.top += lane * len(arms)
    page.text(left + 0.5 * wide, page.top + 0.23, "time, hours", ha="center", va="center_baseline")
    page.top += 0.4


def _without_ticks(axes: Any) -> None:
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)


def _marks(arm: ArmResult, given: dict[str, str], width: float) -> list[tuple[float, str]]:
    """Where each marker of an arm goes; what happens at one moment stands side by side."""
    marks: list[tuple[float, str]] = []
    for time in dict.fromkeys(h.time for h in arm.timeline_entries):
        texts = list(dict.fromkeys(h.text for h in arm.timeline_entries if h.time == time))
        marks += [(time + k * width, given[text]) for k, text in enumerate(texts)]
    return marks


_STEPS = (0.1, 0.25, 0.5, 1, 2, 3, 4, 6, 12, 24, 48, 72, 96, 120, 168, 240, 336, 720, math.inf)


def _time_axis(axes: Any, start: float, end: float, wide: float) -> None:
    """Hours, with ticks where a lab looks at the clock and as many as have room; grey before time zero."""
    axes.set_xlim(start, end)
    most = max(2, min(12, int(wide / 0.34)))
    step = next(s for s in _STEPS if (end - start) / s <= most)
    axes.xaxis.set_major_locator(FixedLocator(np.arange(math.ceil(start / step) * step, end + 1e-9, step).tolist()))
    if start < 0 < end:
        axes.axvspan(start, 0, color=FAINT, alpha=0.6, linewidth=0, zorder=0)


# Courses


def _courses(page: Page, result: Result, names: Sequence[str], styles: Mapping[str, dict[str, Any]]) -> None:
    """A block of panels for each group of arms, one panel for each observable.

    Where all observables have room in one row, blocks are rows of a table with one axis of time below.
    """
    groups = arm_groups(result)
    per_row = page.fitting(len(names), len(names), LEFT + RIGHT - _CLOSE, _CLOSE, _NARROW)
    table = len(groups) > 1 and per_row == len(names)
    for number, group in enumerate(groups):
        if len(groups) > 1 or (len(result.arms) > 1 and not _given(result) and not _shows_growth(result)):
            entries = [(Line2D([], [], **styles[name]), name) for name in group.arms]
            page.legend([*entries, *(_behind(result, group, styles) if number == 0 else [])])
        titles = [readable_name(name) for name in names]
        timed = not table or number == len(groups) - 1
        if table:
            above = titles if number == 0 else [""] * len(names)
            below = 0.42 if timed else 0.16
            panels = page.panels(above, len(names), 0.95, gap=_CLOSE, below=below, least=_NARROW)
        else:
            panels = page.panels(titles, 2 if len(names) in (1, 2, 4) else 3, 1.3)
        for panel, name in zip(panels, names, strict=True):
            _course_panel(panel, result, name, group, styles, timed)
    page.top += 0.02


_CLOSE, _NARROW = 0.5, 0.8
"""Inches between the panels of a table, and that they are wide at least."""


def _behind(result: Result, group: ArmGroup, styles: Mapping[str, dict[str, Any]]) -> list[tuple[Any, str]]:
    controls = [name for name in result.arms if is_control(result, name) and name not in group.arms]
    return [(Line2D([], [], **_faint(styles[name])), name) for name in controls[:2]]


def _faint(style: Mapping[str, Any]) -> dict[str, Any]:
    return {**style, "color": "#9A9A9A", "linewidth": 0.9}


def _course_panel(
    panel: Panel, result: Result, name: str, group: ArmGroup, styles: Mapping[str, dict[str, Any]], timed: bool
) -> None:
    """Curves of a group over time, controls behind; `timed` says whether the axis below has numbers."""
    axes = panel.axes
    points = [p for p in result.measurements if p.observable == name]
    drawn: list[np.ndarray] = []
    tops: list[float] = []
    spread: list[np.ndarray] = []
    scaled = bool(points) and bool(result.scenario.overlays[points[0].table].axis)
    # Members do not share an arbitrary unit: all count in the first arm's value at the start, unless points forbid it.
    arbitrary = name in circuit().in_arbitrary_units
    first = next(iter(result.arms)) if arbitrary and not points else ""
    unit_value = result.arms[first].courses[name][0] if first else 1.0
    for arm_name, arm in result.arms.items():
        if arm_name not in group.arms and not is_control(result, arm_name):
            continue
        of_curve = comparison_scaling(result, name, arm_name)[0] if points else (lambda c: c / unit_value)
        drawn.append(of_curve(arm.courses[name]))
        front = arm_name in group.arms
        style = styles[arm_name] if front else _faint(styles[arm_name])
        axes.plot(arm.times, drawn[-1], zorder=2.2 if front else 1.8, **style)
        # Points that are scaled to an axis of their own would need the curve of each member on it.
        if front and result.ensemble and not scaled and not (arbitrary and points):
            low, _, high = result.ensemble.bands(arm_name, name, first)
            axes.fill_between(arm.times, low, high, color=style["color"], alpha=0.13, linewidth=0, zorder=1.5)
            spread += [low, high]
        own = [_on_axis(result, p) for p in points if p.arm == arm_name]
        tops += [p.value + p.deviation for p in own]
        _points(axes, own, style["color"])
    _time_axis(axes, result.scenario.start, result.scenario.end, panel.width)
    if timed:
        panel.x_label("time, hours")
    else:
        axes.xaxis.set_major_formatter(NullFormatter())
    unit = result.units[name]
    if unit == "1" and name == "cell_number":
        _doublings(axes, [*drawn, *spread])
        panel.y_label("cells, fold of start")
    elif scaled:
        axes.set_ylim(-0.08, 1.05 * max(*(float(np.max(curve)) for curve in drawn), *tops))
        panel.y_label("normalized, lowest 0 and highest 1")
    else:
        values = np.concatenate([*drawn, *spread])
        defined = values[np.isfinite(values)]  # a share of nothing, as of PTEN that is lost, is no number
        low, high = min(defined, default=0.0), max([*defined, *tops], default=0.0)
        power = value_axis(axes, low, high, 5 if panel.height > 1.0 else 3)
        # The title has the name.
        panel.y_label(scaled_unit("relative to the first arm's start" if first else unit_words(name, unit), power))


def _on_axis(result: Result, point: Measurement) -> Measurement:
    """A point with its value on the axis of the curve, by the factor of its gel."""
    of_point = comparison_scaling(result, point.observable, point.arm, point)[1]
    return point.scaled(of_point(1.0))


def _points(axes: Any, points: Sequence[Measurement], color: str) -> None:
    """Values as circles with their errors; a limit as a triangle that points to where the value lies."""
    for marker, own in (
        ("o", [p for p in points if p.measured]),
        ("v", [p for p in points if p.below_detection]),
        ("^", [p for p in points if p.saturated]),
    ):
        if not own:
            continue
        times, values, errors = [p.time for p in own], [p.value for p in own], [p.deviation for p in own]
        if any(errors) and marker == "o":
            axes.errorbar(times, values, yerr=errors, fmt="none", ecolor=color, elinewidth=0.7, capsize=1.5)
        axes.plot(times, values, marker, color=color, markersize=3, markerfacecolor="white", clip_on=False, zorder=3)


def _doublings(axes: Any, counts: Sequence[np.ndarray]) -> None:
    """Counts on a scale of doublings: exponential growth is a straight line."""
    axes.set_yscale("log", base=2)
    low = min(float(count.min()) for count in counts)
    high = max(float(count.max()) for count in counts)
    powers = np.arange(math.floor(math.log2(low) + 1e-9), math.ceil(math.log2(high) - 1e-9) + 1)
    step = max(1, math.ceil(len(powers) / 6))
    ticks: np.ndarray = 2.0 ** powers[::step]
    if high < 2.0 * low:  # a doubling that is not seen whole needs ticks of its own
        ticks = np.array(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]).tick_values(low, high))
    axes.yaxis.set_major_locator(FixedLocator(ticks.tolist()))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _doubled(value)))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _doubled(count: float) -> str:
    """A power of two, with its exponent where digits would have no room."""
    return f"{count:g}" if 0.2 < count < 10_000 else superscript(2, round(math.log2(count)))


# Growth


def _growth(page: Page, result: Result, styles: Mapping[str, dict[str, Any]]) -> None:
    """GR as bars; cells in percent of untreated ones, and those of the control that an arm names, as an open mark.

    Beside each other, or on a narrow page below.
    """
    arms = list(result.arms.values())
    colors = [styles[arm.arm.name]["color"] for arm in arms]
    names = [arm.arm.name for arm in arms]
    controls = [arm.growth.control if arm.growth else "" for arm in arms]
    gr = _Bars(f"GR{_span(arms)}", "GR (1: as the control, 0: arrested)", "{:.2f}", 1.0,
               [arm.growth.gr if arm.growth else math.nan for arm in arms],
               spans=_spans(result, "GR"))  # fmt: skip
    share = _Bars(f"Cells at {max(arm.until for arm in arms):g} h; open: the control named at the left",
                  "percent of untreated", "{:.0f} %", 100.0,
                  [math.nan if arm.percent_of_untreated is None else arm.percent_of_untreated for arm in arms],
                  [_percent_of_control(arm) for arm in arms],
                  _spans(result, "percent_of_untreated"))  # fmt: skip
    if page.width < 5.0:
        _block(page, [(names, colors, gr)])
        both = [f"{name} ({control})" if control else name for name, control in zip(names, controls, strict=True)]
        _block(page, [(both, colors, share)])
    else:
        _block(page, [(names, colors, gr), (controls, colors, share)])


@dataclass(frozen=True)
class _Bars:
    """A panel of bars: what it says, and for each arm a number and what it lies between; nan where there is none."""

    title: str
    label: str
    form: str
    full: float
    values: Sequence[float]
    marks: Sequence[float] = ()
    spans: Sequence[tuple[float, float]] = ()


def _block(page: Page, parts: Sequence[tuple[Sequence[str], Sequence[str], _Bars]]) -> None:
    """Panels of bars beside each other, each with the names of its rows and their colors."""
    rows = len(parts[0][0])
    most = 0.3 * page.width if len(parts) > 1 else 0.42 * page.width
    beside = [row_labels(names, most if k == 0 else 0.2 * page.width) for k, (names, _, _) in enumerate(parts)]
    row = max(names.row_height(_BAR, 0.045) for names in beside)
    words = sum(names.width + 0.1 for names in beside)
    panel = (page.width - 2 * RIGHT - words - 0.2 * (len(parts) - 1)) / len(parts)
    titles = [wrap_text(bars.title, panel + RIGHT, 7.0, bold=True) for _, _, bars in parts]
    top = page.top + 0.1 + 0.13 * max(map(len, titles))
    left, bottom, below = RIGHT, top + row * rows, 1
    for place, ((_, colors, bars), names, title) in enumerate(zip(parts, beside, titles, strict=True)):
        left += names.width + 0.1
        _bars(page.add_axes(left, top, panel, row * rows), bars, colors, panel)
        page.label_rows(names, left - 0.09, top, row, colors if place == 0 else [GREY] * rows)
        for number, line in enumerate(reversed(title)):
            page.text(left, top - 0.08 - 0.13 * number, line, 7.0, weight="bold", va="center_baseline")
        below = max(below, page.label_below(bars.label, left, panel, bottom, RIGHT))
        left += panel + 0.2
    page.top = bottom + 0.24 + LINE * below


def _spans(result: Result, quantity: str) -> list[tuple[float, float]]:
    """Between what the middle 90 % of the ensemble lie, for each arm; none without an ensemble."""
    intervals = [result.interval(name, quantity) for name in result.arms] if result.ensemble else []
    return [(math.nan, math.nan) if one is None else (one.low, one.high) for one in intervals]


def _percent_of_control(arm: ArmResult) -> float:
    """Cells of an arm's control per hundred untreated ones; nan where it has none."""
    if arm.growth is None or arm.percent_of_untreated is None:
        return math.nan
    share = 100.0 * arm.percent_of_untreated / arm.growth.percent_of_control
    return share if math.isfinite(share) else math.nan


_BESIDE = 0.035
"""Inches between what is drawn and the numbers."""


def _bars(axes: Any, bars: _Bars, colors: Sequence[str], inches: float) -> None:
    """One bar for each arm with its number; a dotted line where the arm does as its control or untreated cells do."""
    values, marks, full = bars.values, bars.marks, bars.full
    ends = [end for span in bars.spans for end in span]
    known = [v for v in (*values, *marks, *ends) if math.isfinite(v)]
    texts = [bars.form.format(value) if math.isfinite(value) else "-" for value in values]
    low, high = min([0.0, *known]), max([1.02 * full, *known])
    # Right of everything there is room for the numbers; widths in inches become those of the axis.
    margin = 2 * _BESIDE + max(map(text_width, texts), default=0.0) + (0.06 if len(marks) else 0.0)
    unit = (high - 1.12 * low) / max(inches - margin, 0.3 * inches)
    axes.set_xlim(1.12 * low, high + margin * unit)
    axes.set_ylim(len(values) - 0.5, -0.5)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=max(2, min(4, int(inches / 0.4))), steps=[1, 2, 2.5, 5, 10]))
    axes.barh(range(len(values)), values, color=list(colors), height=0.62)
    for row, span in enumerate(bars.spans):
        axes.plot(span, [row, row], color="black", linewidth=0.7, marker="|", markersize=3, zorder=2.5)
    axes.axvline(0, color="black", linewidth=0.6)
    axes.axvline(full, color=GREY, linewidth=0.6, linestyle=(0, (2, 2)), zorder=0)
    _without_ticks(axes)
    if len(marks):
        axes.plot(marks, range(len(marks)), "o", markersize=3.6, markerfacecolor="white", markeredgecolor="black",
                  markeredgewidth=0.7, linestyle="none", zorder=3)  # fmt: skip
    # In a column of their own: beside its bar a number would stand on whiskers, or be read as that of an open mark.
    for row, text in enumerate(texts):
        axes.text(high + margin * unit, row, text, ha="right", va="center_baseline", size=6.5)


def _span(arms: Sequence[ArmResult]) -> str:
    """The time over which growth was compared, where it is the same for all."""
    spans = {(arm.growth.since, arm.growth.until) for arm in arms if arm.growth}
    if len(spans) == 1:
        since, until = spans.pop()
        return f", {since:g} to {until:g} h"
    return f", until {max(until for _, until in spans):g} h"
