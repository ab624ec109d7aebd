"""The figure of a run: what was given when, what the cells did, how much they were slowed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

from pathway.scenario.measurements import comparison
from pathway.scenario.result import ArmResult, Result

from .style import FAINT, GREY, MARKERS, WIDTH, Figure, arm_style, house_style, new_figure, value_axis

_LEFT, _RIGHT = 0.62, 0.12  # inches
_MARK = {"color": "white", "markeredgecolor": "black", "markersize": 4.5, "markeredgewidth": 0.8}
_PANEL, _GAP_ACROSS, _GAP_DOWN = 1.35, 0.62, 0.52
_LANE, _BAR = 0.165, 0.175


def plot_result(result: Result) -> Figure:
    """The figure of a run.

    Parameters
    ----------
    result : Result

    Returns
    -------
    Figure
        Dose timeline above, one panel for each shown observable, GR and percent of control below.
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
    names_wide = min(2.4, 0.3 + 0.052 * max(len(arm.arm.name) for arm in arms))
    top = heights["title"] + heights["legend"]
    axes = _axes(figure, names_wide, top, WIDTH - names_wide - _RIGHT, _LANE * len(arms))
    figure.text(
        _RIGHT / WIDTH, 1 - 0.08 / figure.get_figheight(), result.scenario.title, size=8, weight="bold", va="top"
    )
    start, end = result.scenario.start, result.scenario.end
    for lane, arm in enumerate(arms):
        style = arm_style(lane)
        axes.plot([start, end], [lane, lane], linewidth=1.6, solid_capstyle="butt", **style)
        for time, marker in _marks(arm, given, 0.09 * (end - start) / (WIDTH - names_wide - _RIGHT)):
            axes.plot(time, lane, marker, clip_on=False, zorder=3, **_MARK)
    axes.set_yticks(range(len(arms)), [arm.arm.name for arm in arms])
    for lane, label in enumerate(axes.get_yticklabels()):
        label.set_color(arm_style(lane)["color"])
    axes.tick_params(axis="y", length=0, pad=6)
    axes.set_ylim(len(arms) - 0.4, -0.6)
    _time_axis(axes, start, end, 12)
    axes.spines["left"].set_visible(False)
    handles = [axes.plot([], [], marker, label=text, **_MARK)[0] for text, marker in given.items()]
    if handles:
        down = 1 - (heights["title"] + heights["legend"] - 0.02) / figure.get_figheight()
        figure.legend(
            handles=handles,
            loc="lower left",
            bbox_to_anchor=(0.0, down),
            ncol=_legend_columns(result),
            borderaxespad=0.0,
            handletextpad=0.1,
            columnspacing=1.2,
            labelspacing=0.25,
        )


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
    of_curve, of_point = comparison(result, name) if points else (lambda c: c, lambda v: v)
    for index, arm in enumerate(result.arms.values()):
        axes.plot(arm.times, of_curve(arm.courses[name]), **arm_style(index))
        _points(axes, [p for p in points if p.arm == arm.arm.name], of_point, arm_style(index)["color"])
    _time_axis(axes, result.scenario.start, result.scenario.end)
    overlay = result.scenario.overlay
    scaled = points and overlay is not None and (overlay.normalize or "").startswith(("minmax", "lane"))
    _titled(axes, _readable(name))
    axes.set_ylabel("normalized [1]" if scaled else _label(name, result.units[name]))
    if result.units[name] == "1" and name == "cell_number":
        _doublings(axes, result)
    elif scaled:
        highest = max(float(np.max(of_curve(arm.courses[name]))) for arm in result.arms.values())
        tops = [of_point(p.value + (p.error or 0.0)) for p in points]
        axes.set_ylim(-0.08, 1.05 * max(highest, *tops))
    else:
        courses = [arm.courses[name] for arm in result.arms.values()]
        low, high = min(float(np.nanmin(c)) for c in courses), max(float(np.nanmax(c)) for c in courses)
        axes.set_ylabel(_label(name, value_axis(axes, low, high, result.units[name])))


def _label(name: str, unit: str) -> str:
    """Name and unit; the unit alone where the panel is too low for both (its title has the name)."""
    text = f"{_readable(name)} [{unit}]"
    return text if len(text) <= 26 else f"[{unit}]"


def _readable(name: str) -> str:
    return name.replace("_", " ")


def _points(axes: Any, points: Sequence[Any], of_point: Any, color: str) -> None:
    if not points:
        return
    times, values = [p.time for p in points], [of_point(p.value) for p in points]
    scale = [of_point(p.value + (p.error or 0.0)) - of_point(p.value) for p in points]
    if any(scale):
        axes.errorbar(times, values, yerr=scale, fmt="none", ecolor=color, elinewidth=0.7, capsize=1.5)
    axes.plot(times, values, "o", color=color, markersize=3, markerfacecolor="white", clip_on=False, zorder=3)


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
    names_wide = min(2.4, 0.3 + 0.052 * max(len(arm.arm.name) for arm in arms))
    top = heights["title"] + heights["legend"] + heights["timeline"] + heights["courses"] + 0.22
    free = WIDTH - names_wide - _RIGHT - 0.3
    height = _BAR * len(arms)
    gr = _axes(figure, names_wide, top, 0.58 * free, height)
    percent = _axes(figure, names_wide + 0.58 * free + 0.3, top, 0.42 * free, height)
    rows = range(len(arms))
    values = [arm.growth.gr if arm.growth else math.nan for arm in arms]
    shares = [arm.growth.percent_of_control if arm.growth else math.nan for arm in arms]
    colors = [arm_style(i)["color"] for i in rows]
    gr.barh(rows, values, color=colors, height=0.62)
    percent.barh(rows, shares, color=colors, height=0.62)
    for row, value, share in zip(rows, values, shares, strict=True):
        _bar_label(gr, row, value, "{:.2f}")
        _bar_label(percent, row, share, "{:.0f} %")
    low = min(0.0, *(v for v in values if math.isfinite(v)))
    gr.set_xlim(1.12 * low, max(1.15, *(1.12 * v for v in values if math.isfinite(v))))
    percent.set_xlim(0, max(118.0, *(1.15 * s for s in shares if math.isfinite(s))))
    _titled(gr, f"Growth under the drug{_span(arms)}")
    gr.set_xlabel("GR [1]   (1: as the control, 0: arrested)")
    _titled(percent, "Cells at the end")
    percent.set_xlabel("percent of matched control [%]")
    for axes, names in ((gr, [arm.arm.name for arm in arms]), (percent, [""] * len(arms))):
        axes.set_yticks(rows, names)
        axes.set_ylim(len(arms) - 0.45, -0.55)
        axes.tick_params(axis="y", length=0)
        axes.axvline(0, color="black", linewidth=0.6)
        axes.spines["left"].set_visible(False)
    gr.axvline(1, color=GREY, linewidth=0.6, linestyle=(0, (2, 2)), zorder=0)
    percent.axvline(100, color=GREY, linewidth=0.6, linestyle=(0, (2, 2)), zorder=0)


def _span(arms: Sequence[ArmResult]) -> str:
    """The time over which growth was compared, where it is the same for all."""
    spans = {(arm.growth.since, arm.growth.until) for arm in arms if arm.growth}
    if len(spans) == 1:
        since, until = spans.pop()
        return f", {since:g} to {until:g} h"
    return f", until {max(until for _, until in spans):g} h"


def _bar_label(axes: Any, row: int, value: float, form: str) -> None:
    text = form.format(value) if math.isfinite(value) else "not defined"
    axes.annotate(
        text,
        (max(value, 0.0) if math.isfinite(value) else 0.0, row),
        (2.5, 0),
        textcoords="offset points",
        va="center",
        size=6.5,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.4},
    )
