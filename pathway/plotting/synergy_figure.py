"""The figure of a combination: effect, excess over each reference, isoboles. The scale of effect stands above."""

from __future__ import annotations

from typing import Any

import numpy as np

from pathway.analysis.grid import Grid
from pathway.analysis.synergy.isoboles import isobole
from pathway.analysis.synergy.scales import SCALES

from .style import GREY, PALETTE, WIDTH, Figure, house_style, new_figure

_TITLES = {"bliss": "Bliss excess", "hsa": "HSA excess", "loewe": "Loewe excess", "zip": "ZIP excess"}
_MISSING = "#BFBFBF"


def plot_grid(found: Grid) -> Figure:
    """Heat maps of effect and excess with their numbers, isoboles, and the verdict on every scale."""
    with house_style():
        height = 6.15
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
        _verdict(figure, found, height)
        return figure


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
    if max(rows, columns) <= 10:
        for i in range(rows):
            for j in range(columns):
                _cell(axes, image, values, i, j, form)
    for axis, doses, series in (
        (axes.yaxis, (0.0, *found.first.shown), found.first),
        (axes.xaxis, (0.0, *found.second.shown), found.second),
    ):
        step = max(1, len(doses) // 8)
        axis.set_ticks(range(0, len(doses), step), [f"{dose:.2g}" for dose in doses[::step]])
        axis.set_label_text(f"{series.agent.name} [{series.unit}]")
        axis.labelpad = 1.5
    axes.tick_params(length=0, labelsize=5.5)
    axes.tick_params(axis="x", rotation=45)
    for side in axes.spines.values():
        side.set_visible(False)


def _cell(axes: Any, image: Any, values: np.ma.MaskedArray, i: int, j: int, form: str) -> None:
    if np.ma.is_masked(values[i, j]):
        axes.text(j, i, "n.d.", ha="center", va="center", fontsize=4.2, color="black")
        return
    value = float(values[i, j])
    shown = form.format(value) if abs(value) >= 0.005 or form == "{:.2f}" else "0"
    red, green, blue, _ = image.cmap(image.norm(value))
    dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
    axes.text(j, i, shown, ha="center", va="center", fontsize=4.6, color="white" if dark else "black")


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
        axes.plot(line.doses_second, line.doses_first, color=color, label=f"effect {level:g}")
        if None not in line.additive:
            axes.plot([0, line.additive[1]], [line.additive[0], 0], color=color, linewidth=0.8, linestyle=(0, (2, 2)))
    axes.set_xlabel(f"{found.second.agent.name} [{found.second.unit}]", labelpad=1.5)
    axes.set_ylabel(f"{found.first.agent.name} [{found.first.unit}]", labelpad=1.5)
    axes.set_title("Isoboles")
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    if drawn:
        axes.legend(loc="best", handlelength=1.2, fontsize=5.5)
    else:
        axes.text(0.5, 0.5, "no level is crossed", transform=axes.transAxes, ha="center", color=GREY)


def _verdict(figure: Figure, found: Grid, height: float) -> None:
    import textwrap

    lines = textwrap.wrap(found.conclusion(), 150)
    lines.append("By scale of effect: " + "; ".join(f"{name}: {word}" for name, word in found.verdicts.items()) + ".")
    if found.musyc is not None:
        fit = found.musyc.surface
        lines.append(
            f"MuSyC: efficacy beta {fit.beta:+.2f}, potency alpha12 {fit.alpha_12:.2f} (first on second), "
            f"alpha21 {fit.alpha_21:.2f} (second on first), r2 {found.musyc.r_squared:.3f}."
        )
    if found.intervals:
        i = found.intervals["bliss"]
        draws = f"{found.draws.count} draws ({found.draws.kind})"
        lines.append(f"Mean Bliss excess over {draws}: {i.low:+.3f} to {i.high:+.3f} (95 %).")
    undefined = sorted({u.reason for e in found.excess.values() for u in e.undefined})
    if undefined:
        lines.append("n.d.: not defined, " + "; ".join(undefined) + ".")
    wrapped = [part for line in lines for part in textwrap.wrap(line, 158)]
    figure.text(0.012, 1 - 5.38 / height, "\n".join(wrapped[:6]), fontsize=5.9, va="top", linespacing=1.35)
