"""The figure of a combination: effect, excess over each reference, isoboles, schedules, and the verdict in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from pathway.analysis.grid import Grid
from pathway.analysis.schedules import Schedules, when
from pathway.analysis.synergy.isoboles import isobole
from pathway.analysis.synergy.scales import SCALES

from .style import GREY, PALETTE, WIDTH, Figure, house_style, new_figure, whisker

_TITLES = {"bliss": "Bliss excess", "hsa": "HSA excess", "loewe": "Loewe excess", "zip": "ZIP excess"}
_MISSING = "#BFBFBF"


def plot_grid(found: Grid, given: Schedules | None = None) -> Figure:
    """Heat maps of effect and excess with their numbers, isoboles, schedules, and the verdict on every scale.

    Thin lines among the isoboles are those of draws. Grids above 10 x 10 get colour bars instead of numbers.
    """
    with house_style():
        height = 7.55
        figure = new_figure(WIDTH, height)
        title = f"{found.first.agent.name} with {found.second.agent.name}"
        figure.text(0.012, 1 - 0.1 / height, title, fontsize=9, fontweight="bold", va="top")
        said = f"Effect: {SCALES[found.scale]}, {found.since:g} to {found.until:g} h. "
        said += "Excess: expected minus found, positive is synergy."
        figure.text(0.012, 1 - 0.29 / height, said, fontsize=6.5, va="top", color=GREY)
        limit = max(0.05, *(float(np.abs(e.values).max()) for e in found.excess.values() if e.values.count()))
        for position, (name, excess) in enumerate((("effect", None), *found.excess.items())):
            axes = _panel(figure, position, height)
            if excess is None:
                _heat(axes, found, np.ma.MaskedArray(found.surface.effect), "cividis", (0.0, 1.0), "{:.2f}")
                axes.set_title("Effect (1: untreated)")
            else:
                _heat(axes, found, excess.values, "PuOr", (-limit, limit), "{:+.2f}")
                mean = excess.mean()
                axes.set_title(f"{_TITLES[name]}" + (f", mean {mean:+.3f}" if mean is not None else ", undefined"))
        _isoboles(_panel(figure, 5, height), found)
        if given is not None:
            _schedules(_panel(figure, 6, height), given)
        _verdict(figure, found, height, 0.55 if given is None else 2.85)
        if max(found.surface.effect.shape) > _MOST_NUMBERED:
            _bars(figure, limit, height)
        return figure


_MOST_NUMBERED = 10


def _bars(figure: Figure, limit: float, height: float) -> None:
    """Colour bars for the maps without numbers."""
    import matplotlib
    from matplotlib.cm import ScalarMappable

    for column, (colors, low, high, label) in enumerate(
        (("cividis", 0.0, 1.0, "effect [1]"), ("PuOr", -limit, limit, "excess [1]"))
    ):
        bar = figure.add_axes(((2.9 + 2.1 * column) / WIDTH, 0.42 / height, 1.6 / WIDTH, 0.09 / height))
        norm = matplotlib.colors.Normalize(low, high)
        figure.colorbar(ScalarMappable(norm, matplotlib.colormaps[colors]), cax=bar, orientation="horizontal")
        bar.set_xlabel(label, labelpad=1.5, fontsize=6.5)
        bar.tick_params(labelsize=6)


def _panel(figure: Figure, position: int, height: float) -> Any:
    row, column = divmod(position, 3)
    left, gap, wide, tall = 0.55, 0.48, 1.75, 1.75
    top = 0.68 + row * (tall + 0.6)
    return figure.add_axes(
        ((left + column * (wide + gap)) / WIDTH, 1 - (top + tall) / height, wide / WIDTH, tall / height)
    )


def _heat(
    axes: Any, found: Grid, values: np.ma.MaskedArray, colors: str, limits: tuple[float, float], form: str
) -> None:
    import matplotlib

    palette = matplotlib.colormaps[colors].with_extremes(bad=_MISSING)
    image = axes.imshow(values, origin="lower", aspect="auto", cmap=palette, vmin=limits[0], vmax=limits[1])
    rows, columns = values.shape
    if max(rows, columns) <= _MOST_NUMBERED:
        for i in range(rows):
            for j in range(columns):
                _cell(axes, image, values, i, j, form)
    for axis, doses, series in (
        (axes.yaxis, (0.0, *found.first.shown), found.first),
        (axes.xaxis, (0.0, *found.second.shown), found.second),
    ):
        shown = np.unique(np.linspace(0, len(doses) - 1, min(len(doses), 10)).round().astype(int))
        axis.set_ticks(shown, [f"{doses[k]:.2g}" for k in shown])
        axis.set_label_text(f"{series.agent.name} [{series.unit}]")
        axis.labelpad = 1.5
    axes.tick_params(length=0, labelsize=6)
    axes.tick_params(axis="x", rotation=45)
    for side in axes.spines.values():
        side.set_visible(False)


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


def _isoboles(axes: Any, found: Grid) -> None:
    """Lines of equal effect; dashed is what additivity would give."""
    surface = found.surface
    lowest = float(surface.effect.min())
    levels = [level for level in (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2) if level > lowest][-4:]
    drawn = False
    for index, level in enumerate(levels):
        line = isobole(surface, level)
        if len(line.doses_first) < 2:
            continue
        drawn = True
        color = PALETTE[1 + index]
        for effect in found.drawn[:_MOST_LINES]:
            other = isobole(replace(surface, effect=effect), level)
            axes.plot(other.doses_second, other.doses_first, color=color, linewidth=0.4, alpha=0.35, zorder=0)
        axes.plot(line.doses_second, line.doses_first, color=color, label=f"effect {level:g}")
        if None not in line.additive:
            axes.plot([0, line.additive[1]], [line.additive[0], 0], color=color, linewidth=0.8, linestyle=(0, (2, 2)))
    axes.set_xlabel(f"{found.second.agent.name} [{found.second.unit}]", labelpad=1.5)
    axes.set_ylabel(f"{found.first.agent.name} [{found.first.unit}]", labelpad=1.5)
    axes.set_title("Isoboles")
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    if drawn:
        axes.legend(loc="upper right", handlelength=1.2, fontsize=6, frameon=True, framealpha=0.85, edgecolor="none")
    else:
        axes.text(0.5, 0.5, "no level is crossed", transform=axes.transAxes, ha="center", color=GREY)


def _schedules(axes: Any, given: Schedules) -> None:
    """Effect of full doses by when the second agent is given."""
    places = range(len(given.shifts))
    axes.bar(places, given.effect[0], width=0.62, color=PALETTE[2])
    for place, found in zip(places, given.intervals(), strict=True):
        whisker(axes, found, place, upright=True)
        axes.text(place, found.value / 2, f"{found.value:.2f}", ha="center", va="center", color="white", fontsize=6.5)
    axes.set_xticks(places, [when(shift).replace(" h ", " h\n") for shift in given.shifts])
    axes.set_xlim(-0.6, len(given.shifts) - 0.4)
    axes.set_ylim(0, 1.05)
    axes.tick_params(axis="x", length=0)
    axes.set_ylabel("growth rate of untreated [1]", labelpad=2)
    axes.set_title(f"{given.second.split(' (')[0]} before, with, after")


def _verdict(figure: Figure, found: Grid, height: float, left: float) -> None:
    import textwrap

    lines = [found.conclusion()]
    lines.append("By scale of effect: " + "; ".join(f"{name}: {word}" for name, word in found.verdicts.items()) + ".")
    if found.musyc is not None:
        fit = found.musyc.surface
        lines.append(
            f"MuSyC: efficacy beta {fit.beta:+.2f}, potency alpha12 {fit.alpha_12:.2f} (first on second), "
            f"alpha21 {fit.alpha_21:.2f} (second on first), r2 {found.musyc.r_squared:.3f}."
        )
    if found.intervals:
        words = [f"{n} {i.low:+.3f} to {i.high:+.3f}" for n, i in found.intervals.items() if i.low is not None]
        lines.append(f"95 % of {found.draws.count} draws ({found.draws.kind}): {'; '.join(words)}.".replace("_", ""))
    undefined = sorted({u.reason for e in found.excess.values() for u in e.undefined})
    if undefined:
        lines.append("n.d.: not defined, " + "; ".join(undefined) + ".")
    wide = int((WIDTH - left - 0.1) / 0.0535)
    wrapped = [part for line in lines for part in textwrap.wrap(line, wide)]
    figure.text(left / WIDTH, 1 - 5.42 / height, "\n".join(wrapped), fontsize=6.3, va="top", linespacing=1.35)
