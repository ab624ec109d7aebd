"""The figure of a run: what was given when, what the cells did, how much they were slowed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import shorten
from typing import Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter, NullLocator

from pathway.scenario.measurements import Measurement, comparison
from pathway.scenario.result import ArmResult, Result

from .style import FAINT, GREY, MARKERS, WIDTH, Figure, arm_style, house_style, new_figure, value_axis

_LEFT, _RIGHT = 0.62, 0.12  # inches
_MARK: dict[str, Any] = {"color": "white", "markeredgecolor": "black", "markersize": 4.5, "markeredgewidth": 0.8}
_PANEL, _GAP_ACROSS, _GAP_DOWN = 1.35, 0.62, 0.52
_LANE, _BAR = 0.165, 0.175
_BESIDE, _DIGIT = 0.035, 0.058  # between a bar and its number, and a digit of it, in inches


def plot_result(result: Result) -> Figure:
    """The figure of a run.

    Parameters
    ----------
    result : Result

    Returns
    -------
    Figure
        Dose timeline above, one panel for each shown observable; below GR and cells in percent of the named control and
        of untreated cells.
    """
    with house_style():
        arms = list(result.arms.values())
        heights = _heights(result)
        figure = new_figure(WIDTH, sum(heights.values()))
        _timeline(figure, result, arms, heights)
        for position, name in enumerate(result.scenario.observables):
            _course_panel(figure, result, name, position, heights)
        if heights["growth"]:
            _growth_panels(figure, arms, heights)
        return figure


def _heights(result: Result) -> dict[str, float]:
    """Height of each part in inches, from above."""
    rows = math.ceil(len(result.scenario.observables) / _columns(result))
    doses = len(_given(result))
    growth = _shows_growth(result)
    return {
        "title": 0.28,
        "legend": 0.06 + 0.15 * math.ceil(doses / _legend_columns(result)) if doses else 0.02,
        "timeline": _LANE * len(result.arms) + 0.36,
        "courses": rows * (_PANEL + _GAP_DOWN) + 0.06,
        "growth": _BAR * len(result.arms) + 0.68 if growth else 0.0,
    }


def _columns(result: Result) -> int:
    """Panels beside each other: three, but two where that leaves no hole."""
    return 2 if len(result.scenario.observables) in (1, 2, 4) else 3


def _legend_columns(result: Result) -> int:
    """How many entries fit beside each other."""
    longest = max(map(len, _given(result)), default=1)
    return max(1, min(len(_given(result)), int((WIDTH - 0.3) / (0.36 + 0.054 * longest))))


def _shows_growth(result: Result) -> bool:
    return any(arm.growth and math.isfinite(arm.growth.gr) for arm in result.arms.values())


def _given(result: Result) -> dict[str, str]:
    """Everything given or changed in any arm, in order of appearance: {text: marker}."""
    texts = dict.fromkeys(h.text for arm in result.arms.values() for h in arm.happenings)
    return {text: MARKERS[i % len(MARKERS)] for i, text in enumerate(texts)}


def _axes(figure: Figure, left: float, top: float, width: float, height: float) -> Any:
    """Axes from inches, `top` counted from the upper edge.

    Titles and labels get fixed places: they line up over all panels, and no time goes into finding a place for them.
    """
    across, down = figure.get_size_inches()
    axes = figure.add_axes((left / across, 1 - (top + height) / down, width / across, height / down))
    axes.xaxis.set_label_coords(0.5, -0.185 / height)
    axes.yaxis.set_label_coords(-0.3 / width, 0.5)
    return axes


def _titled(axes: Any, text: str) -> None:
    height = axes.get_position().height * axes.figure.get_figheight()
    axes.set_title(text, y=1 + 0.06 / height, pad=0)


def _timeline(figure: Figure, result: Result, arms: Sequence[ArmResult], heights: dict[str, float]) -> None:
    given = _given(result)
    names_wide, top = _names_wide(arms), heights["title"] + heights["legend"]
    axes = _axes(figure, names_wide, top, WIDTH - names_wide - _RIGHT, _LANE * len(arms))
    _write(figure, _RIGHT, 0.08, result.scenario.title, size=8, weight="bold", va="top")
    start, end = result.scenario.start, result.scenario.end
    places: dict[str, list[tuple[float, int]]] = {marker: [] for marker in given.values()}
    for lane, arm in enumerate(arms):
        axes.plot([start, end], [lane, lane], linewidth=1.6, solid_capstyle="butt", **arm_style(lane))
        for time, marker in _marks(arm, given, 0.09 * (end - start) / (WIDTH - names_wide - _RIGHT)):
            places[marker].append((time, lane))
    for marker, spots in places.items():
        axes.plot(*zip(*spots, strict=True), marker, clip_on=False, zorder=3, **_MARK)
    axes.set_ylim(len(arms) - 0.5, -0.5)
    _names(figure, axes, [arm.arm.name for arm in arms], [arm_style(lane)["color"] for lane in range(len(arms))])
    _time_axis(axes, start, end, 12)
    _legend(figure, result, heights)


def _names_wide(arms: Sequence[ArmResult]) -> float:
    """Inches left of the lanes and bars."""
    return min(2.4, 0.3 + 0.052 * max(len(arm.arm.name) for arm in arms))


def _write(figure: Figure, left: float, top: float, text: str, **style: Any) -> None:
    """Text at a place in inches, `top` counted from the upper edge."""
    across, down = figure.get_size_inches()
    figure.text(left / across, 1 - top / down, text, **style)


def _names(figure: Figure, axes: Any, names: Sequence[str], colors: Sequence[str]) -> None:
    """Names beside rows, as plain text: ticks would cost more time than all curves."""
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    box, (across, down) = axes.get_position(), figure.get_size_inches()
    left = box.x0 * across - 0.09
    for row, (name, color) in enumerate(zip(names, colors, strict=True)):
        middle = (1 - box.y1) * down + (row + 0.5) * box.height * down / len(names)
        if name:
            _write(figure, left, middle, name, size=6.5, color=color, ha="right", va="center_baseline")


def _legend(figure: Figure, result: Result, heights: dict[str, float]) -> None:
    """What each marker stands for, row by row under the title."""
    across, down = figure.get_size_inches()
    columns = _legend_columns(result)
    for place, (text, marker) in enumerate(_given(result).items()):
        row, column = divmod(place, columns)
        left = _RIGHT + 0.04 + column * (WIDTH - 0.3) / columns
        top = heights["title"] + 0.08 + 0.15 * row
        spot = Line2D([left / across], [1 - top / down], marker=marker, linestyle="none", **_MARK)
        spot.set_transform(figure.transFigure)
        figure.add_artist(spot)
        _write(figure, left + 0.1, top, text, size=6.5, va="center_baseline")


def _marks(arm: ArmResult, given: dict[str, str], width: float) -> list[tuple[float, str]]:
    """Where each marker of an arm goes; what happens at one moment stands side by side."""
    made: list[tuple[float, str]] = []
    for time in dict.fromkeys(h.time for h in arm.happenings):
        texts = list(dict.fromkeys(h.text for h in arm.happenings if h.time == time))
        made += [(time + k * width, given[text]) for k, text in enumerate(texts)]
    return made


_STEPS = (0.1, 0.25, 0.5, 1, 2, 3, 4, 6, 12, 24, 48, 72, 96, 120, 168, 240, 336, 720, math.inf)


def _time_axis(axes: Any, start: float, end: float, most: int = 6) -> None:
    """Hours, with ticks where a lab looks at the clock; grey before time zero."""
    axes.set_xlim(start, end)
    step = next(s for s in _STEPS if (end - start) / s <= most)
    axes.xaxis.set_major_locator(FixedLocator(np.arange(math.ceil(start / step) * step, end + 1e-9, step).tolist()))
    if start < 0 < end:
        axes.axvspan(start, 0, color=FAINT, alpha=0.6, linewidth=0, zorder=0)
    axes.set_xlabel("time [h]")


def _course_panel(figure: Figure, result: Result, name: str, position: int, heights: dict[str, float]) -> None:
    columns = _columns(result)
    row, column = divmod(position, columns)
    width = (WIDTH - _LEFT - _RIGHT - (columns - 1) * _GAP_ACROSS) / columns
    top = heights["title"] + heights["legend"] + heights["timeline"] + 0.2 + row * (_PANEL + _GAP_DOWN)
    axes = _axes(figure, _LEFT + column * (width + _GAP_ACROSS), top, width, _PANEL)
    points = [p for p in result.measurements if p.observable == name]
    drawn: list[np.ndarray] = []
    tops: list[float] = []
    for index, arm in enumerate(result.arms.values()):
        of_curve = comparison(result, name, arm.arm.name)[0] if points else (lambda c: c)
        drawn.append(of_curve(arm.courses[name]))
        axes.plot(arm.times, drawn[-1], **arm_style(index))
        own = [_on_axis(result, p) for p in points if p.arm == arm.arm.name]
        tops += [p.value + p.deviation for p in own]
        _points(axes, own, arm_style(index)["color"])
    _time_axis(axes, result.scenario.start, result.scenario.end)
    scaled = bool(points) and bool(result.scenario.overlays[points[0].table].axis)
    _titled(axes, _readable(name))
    axes.set_ylabel("normalized [1]" if scaled else _label(name, result.units[name]))
    if result.units[name] == "1" and name == "cell_number":
        _doublings(axes, result)
    elif scaled:
        axes.set_ylim(-0.08, 1.05 * max(*(float(np.max(curve)) for curve in drawn), *tops))
    else:
        values = np.concatenate([arm.courses[name] for arm in result.arms.values()])
        defined = values[np.isfinite(values)]  # a share of nothing, as of PTEN that is lost, is no number
        low, high = min(defined, default=0.0), max([*defined, *tops], default=0.0)
        axes.set_ylabel(_label(name, value_axis(axes, low, high, result.units[name])))


def _label(name: str, unit: str) -> str:
    """Name and unit; the unit alone where the panel is too low for both (its title has the name)."""
    text = f"{_readable(name)} [{unit}]"
    return text if len(text) <= 26 else f"[{unit}]"


def _readable(name: str) -> str:
    return name.replace("_", " ")


def _on_axis(result: Result, point: Measurement) -> Measurement:
    """A point with its value on the axis of the curve, by the factor of its gel."""
    of_point = comparison(result, point.observable, point.arm, point)[1]
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


def _doublings(axes: Any, result: Result) -> None:
    """Counts on a scale of doublings: exponential growth is a straight line."""
    axes.set_yscale("log", base=2)
    low = min(float(arm.count.min()) for arm in result.arms.values())
    high = max(float(arm.count.max()) for arm in result.arms.values())
    powers = np.arange(math.floor(math.log2(low) + 1e-9), math.ceil(math.log2(high) - 1e-9) + 1)
    step = max(1, math.ceil(len(powers) / 6))
    axes.yaxis.set_major_locator(FixedLocator((2.0 ** powers[::step]).tolist()))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_ylabel("cells [fold of start]")


def _growth_panels(figure: Figure, arms: Sequence[ArmResult], heights: dict[str, float]) -> None:
    names_wide = _names_wide(arms)
    top = heights["title"] + heights["legend"] + heights["timeline"] + heights["courses"] + 0.22
    height, gap = _BAR * len(arms), 0.22
    controls = [shorten(arm.growth.control, 32, placeholder=" ...") if arm.growth else "" for arm in arms]
    named = 0.1 + 0.05 * max(map(len, controls))
    bars = WIDTH - names_wide - _RIGHT - 2 * gap - named
    wide = (0.36 * bars, 0.32 * bars, 0.32 * bars)
    places = names_wide + np.cumsum([0.0, wide[0] + gap + named, wide[1] + gap])
    panels = [_axes(figure, float(left), top, across, height) for left, across in zip(places, wide, strict=True)]
    gr, control, untreated = panels
    growths = [arm.growth for arm in arms]
    _bars(gr, [growth.gr if growth else math.nan for growth in growths], "{:.2f}", 1.0)
    shares = [growth.percent_of_control if growth else math.nan for growth in growths]
    _bars(control, shares, "{:.0f} %", 100.0)
    percents = [math.nan if arm.percent_of_untreated is None else arm.percent_of_untreated for arm in arms]
    _bars(untreated, percents, "{:.0f} %", 100.0)
    _names(figure, gr, [arm.arm.name for arm in arms], ["black"] * len(arms))
    _names(figure, control, controls, [GREY] * len(arms))
    _names(figure, untreated, [], [])
    _titled(gr, f"GR{_span(arms)}")
    gr.set_xlabel("GR [1]  (0: arrested)")
    _titled(control, f"Cells at {arms[0].until:g} h")
    control.set_xlabel("percent of control [%]", size=6.5)
    untreated.set_xlabel("percent of untreated [%]", size=6.5)


def _bars(axes: Any, values: Sequence[float], form: str, full: float) -> None:
    """One bar for each arm with its number; a dotted line where the arm does as its control does."""
    known = [v for v in values if math.isfinite(v)]
    texts = [form.format(value) if math.isfinite(value) else "-" for value in values]
    low, high = min([0.0, *known]), max([1.02 * full, *known])
    # Right of the longest bar there is room for its number; widths in inches become those of the axis.
    room = _BESIDE + _DIGIT * max(map(len, texts), default=0) + _BESIDE
    inches = axes.get_position().width * axes.figure.get_figwidth()
    unit = (high - 1.12 * low) / max(inches - room, 0.3 * inches)
    axes.set_xlim(1.12 * low, high + room * unit)
    axes.set_ylim(len(values) - 0.5, -0.5)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 2.5, 5, 10]))
    axes.barh(range(len(values)), values, color=[arm_style(i)["color"] for i in range(len(values))], height=0.62)
    axes.axvline(0, color="black", linewidth=0.6)
    axes.axvline(full, color=GREY, linewidth=0.6, linestyle=(0, (2, 2)), zorder=0)
    for row, (value, text) in enumerate(zip(values, texts, strict=True)):
        begin = (max(value, 0.0) if math.isfinite(value) else 0.0) + _BESIDE * unit
        # Where the number would stand on the dotted line, it gets a white ground.
        crossed = begin <= full <= begin + (_DIGIT * len(text) + _BESIDE) * unit
        ground = {"facecolor": "white", "edgecolor": "none", "pad": 0.4} if crossed else None
        axes.text(begin, row, text, va="center_baseline", size=6.5, bbox=ground)


def _span(arms: Sequence[ArmResult]) -> str:
    """The time over which growth was compared, where it is the same for all."""
    spans = {(arm.growth.since, arm.growth.until) for arm in arms if arm.growth}
    if len(spans) == 1:
        since, until = spans.pop()
        return f", {since:g} to {until:g} h"
    return f", until {max(until for _, until in spans):g} h"
