"""The figure of a combination: effect, excess over each reference, isoboles, schedules, and the verdict in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import matplotlib
import numpy as np
from matplotlib.cm import ScalarMappable

from pathway.analysis.grid import CombinationGrid
from pathway.analysis.schedules import ScheduleComparison, shift_in_words
from pathway.analysis.synergy.isoboles import isobole
from pathway.analysis.synergy.scales import SCALES, side_in_words
from pathway.numerals import plain_number

from .layout import Page, Panel
from .style import PALETTE, Figure, draw_whisker, house_style, plain_number_ticks, without_frame

_TITLES = {"bliss": "Bliss excess", "hsa": "HSA excess", "loewe": "Loewe excess", "zip": "ZIP excess"}
_MISSING = "#BFBFBF"


def plot_grid(grid: CombinationGrid, given: ScheduleComparison | None = None) -> Figure:
    """The verdict in words, heat maps of effect and excess, isoboles, schedules.

    Thin lines among the isoboles are those of draws. Cells too small for their numbers get colour bars instead.
    """
    with house_style():
        effect = f"Effect: {SCALES[grid.scale]}, {grid.since:g} to {grid.until:g} h. "
        page = Page(
            f"{grid.first.agent.name} with {grid.second.agent.name}",
            effect + "Excess: expected minus found; positive is synergy.",
        )
        for line in _verdict(grid):
            page.lines(line)
        page.top += 0.08
        maps = [("Effect (1: untreated)", None), *((_title(name, e), e) for name, e in grid.excess.items())]
        titles = [title for title, _ in maps] + ["Isoboles (dashed: additive)"]
        if given is not None:
            titles.append(f"{given.second.split(' (')[0]} before, with, after")
        panels = page.panels(titles, 3, 1.7, left=0.68, gap=0.66, below=0.6)
        limit = max(0.05, *(float(np.abs(e.values).max()) for e in grid.excess.values() if e.values.count()))
        for panel, (_, excess) in zip(panels, maps, strict=False):
            if excess is None:
                _heat(panel, grid, np.ma.MaskedArray(grid.surface.effect), "cividis", (0.0, 1.0), "{:.2f}")
            else:
                _heat(panel, grid, excess.values, "PuOr", (-limit, limit), "{:+.2f}")
        _isoboles(panels[len(maps)], grid)
        if given is not None:
            _schedules(panels[-1], given)
        if not _is_numbered(panels[0], grid):
            _color_bars(page, limit)
        return page.cropped_figure()


def _title(name: str, excess: Any) -> str:
    mean = excess.mean()
    return f"{_TITLES[name]}" + (f", mean {mean:+.3f}" if mean is not None else ", undefined")


_CELL = 0.235, 0.12
"""Inches that a cell needs across and down for its number."""


def _is_numbered(panel: Panel, grid: CombinationGrid) -> bool:
    rows, columns = grid.surface.effect.shape
    return panel.width / columns >= _CELL[0] and panel.height / rows >= _CELL[1]


def _color_bars(page: Page, limit: float) -> None:
    """Colour bars for maps without numbers."""
    wide = min(1.7, 0.5 * (page.width - 1.6))
    bars = (("cividis", 0.0, 1.0, "effect, of untreated"), ("PuOr", -limit, limit, "excess, of untreated"))
    for column, (colors, low, high, label) in enumerate(bars):
        axes = page.add_axes(0.68 + column * (wide + 0.6), page.top + 0.06, wide, 0.09)
        norm = matplotlib.colors.Normalize(low, high)
        page.figure.colorbar(ScalarMappable(norm, matplotlib.colormaps[colors]), cax=axes, orientation="horizontal")
        axes.set_xlabel(label, labelpad=1.5, fontsize=6.5)
        axes.tick_params(labelsize=6)
    page.top += 0.5


def _heat(
    panel: Panel, grid: CombinationGrid, values: np.ma.MaskedArray, colors: str, limits: tuple[float, float], form: str
) -> None:
    axes = panel.axes
    palette = matplotlib.colormaps[colors].with_extremes(bad=_MISSING)
    image = axes.imshow(values, origin="lower", aspect="auto", cmap=palette, vmin=limits[0], vmax=limits[1])
    if _is_numbered(panel, grid):
        for i in range(values.shape[0]):
            for j in range(values.shape[1]):
                _cell(axes, image, values, i, j, form)
    _doses(axes.yaxis, grid.first, panel.height / 0.14)
    _doses(axes.xaxis, grid.second, panel.width / 0.36)
    panel.x_label(f"{grid.second.agent.name}, {grid.second.unit}")
    panel.y_label(f"{grid.first.agent.name}, {grid.first.unit}")
    axes.tick_params(labelsize=6)
    without_frame(axes)


def _doses(axis: Any, series: Any, most: float) -> None:
    """Doses at their rows or columns, as many as have room."""
    doses = (0.0, *series.shown)
    count = max(2, min(len(doses), int(most)))
    shown = np.unique(np.linspace(0, len(doses) - 1, count).round().astype(int))
    axis.set_ticks(shown, [plain_number(doses[k], 2) for k in shown])


def _cell(axes: Any, image: Any, values: np.ma.MaskedArray, i: int, j: int, form: str) -> None:
    if np.ma.is_masked(values[i, j]):
        axes.text(j, i, "n.d.", ha="center", va="center", fontsize=4.8, color="black")
        return
    value = float(values[i, j])
    shown = form.format(value) if abs(value) >= 0.005 or form == "{:.2f}" else "0"
    shown = shown.replace("0.", ".", 1)
    red, green, blue, _ = image.cmap(image.norm(value))
    dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
    axes.text(j, i, shown, ha="center", va="center", fontsize=5.6, color="white" if dark else "black")


_MOST_LINES = 50
"""Isoboles of so many draws are drawn."""


def _isoboles(panel: Panel, grid: CombinationGrid) -> None:
    """Lines of equal effect; dashed is what additivity would give."""
    axes, surface = panel.axes, grid.surface
    lowest = float(surface.effect.min())
    levels = [level for level in (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2) if level > lowest][-4:]
    drawn = False
    for index, level in enumerate(levels):
        line = isobole(surface, level)
        if len(line.doses_first) < 2:
            continue
        drawn = True
        color = PALETTE[1 + index]
        for effect in grid.drawn[:_MOST_LINES]:
            other = isobole(replace(surface, effect=effect), level)
            axes.plot(other.doses_second, other.doses_first, color=color, linewidth=0.4, alpha=0.35, zorder=0)
        axes.plot(line.doses_second, line.doses_first, color=color, label=f"effect {level:g}")
        if None not in line.additive:
            axes.plot([0, line.additive[1]], [line.additive[0], 0], color=color, linewidth=0.8, linestyle=(0, (2, 2)))
    panel.x_label(f"{grid.second.agent.name}, {grid.second.unit}")
    panel.y_label(f"{grid.first.agent.name}, {grid.first.unit}")
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    plain_number_ticks(axes.xaxis, axes.yaxis)
    if drawn:
        axes.legend(loc="upper right", handlelength=1.2, fontsize=6, frameon=True, framealpha=0.85, edgecolor="none")
    else:
        panel.note("no level is crossed")


def _schedules(panel: Panel, given: ScheduleComparison) -> None:
    """Effect of full doses by when the second agent is given."""
    axes, places = panel.axes, range(len(given.shifts))
    axes.bar(places, given.effect[0], width=0.62, color=PALETTE[2])
    for place, grid in zip(places, given.intervals(), strict=True):
        draw_whisker(axes, grid, place, upright=True)
        # On ground of the bar's own color, for the whisker passes behind.
        ground = {"facecolor": PALETTE[2], "edgecolor": "none", "pad": 0.6}
        words = {"ha": "center", "va": "center", "color": "white", "fontsize": 6.5}
        axes.text(place, grid.value / 2, f"{grid.value:.2f}", bbox=ground, zorder=4, **words)
    axes.set_xticks(places, [shift_in_words(shift).replace(" h ", " h\n") for shift in given.shifts])
    axes.set_xlim(-0.6, len(given.shifts) - 0.4)
    axes.set_ylim(0, 1.05)
    axes.tick_params(axis="x", length=0)
    panel.y_label("growth rate, of untreated")


def _verdict(grid: CombinationGrid) -> list[str]:
    lines = [grid.conclusion()]
    scales = "; ".join(f"{name}: {side_in_words(word)}" for name, word in grid.verdicts.items())
    lines.append(f"Mean excess by scale of effect: {scales}.")
    if grid.musyc is not None:
        fit = grid.musyc.surface
        lines.append(
            f"MuSyC: efficacy beta {fit.beta:+.2f}, potency alpha12 {fit.alpha_12:.2f} (first on second), "
            f"alpha21 {fit.alpha_21:.2f} (second on first), r2 {grid.musyc.r_squared:.3f}."
        )
    if grid.intervals:
        words = [f"{n} {i.low:+.3f} to {i.high:+.3f}" for n, i in grid.intervals.items() if i.low is not None]
        lines.append(f"95 % of {grid.draws.count} draws ({grid.draws.kind}): {'; '.join(words)}.".replace("_", ""))
    if undefined := sorted({u.reason for e in grid.excess.values() for u in e.undefined}):
        lines.append("n.d.: not defined, " + "; ".join(undefined) + ".")
    return lines
