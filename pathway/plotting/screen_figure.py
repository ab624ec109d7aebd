"""The figure of a screen: what changes the drug's effect, alone and in pairs."""

from __future__ import annotations

from typing import Any

import numpy as np

from pathway.analysis.screen import Screen

from .style import GREY, PALETTE, WIDTH, Figure, house_style, new_figure, whisker

_KIND_COLORS = {"species": PALETTE[2], "reaction": PALETTE[1], "parameter": PALETTE[4]}
_SHOWN = 30
_MOST_PAIRS = 50
_SMALL_ABOVE = 30
"""Rows of the map above which its labels are smaller."""
_LEAST_SIDE = 0.9
"""Inches: so much the label of the color bar needs."""


def plot_screen(found: Screen) -> Figure:
    """The strongest single targets as bars, and pairs as a heat map of up to 50 x 50."""
    with house_style():
        places = found.unlike()[:_SHOWN]
        count = len(places)
        paired = min(_MOST_PAIRS, len(found.paired))
        bars = 0.135 * count
        letter = 0.041 if paired > _SMALL_ABOVE else 0.05
        below = 0.15 + letter * max((len(found.targets[k].name) for k in found.paired[:paired]), default=0)
        side = max(0.11 * paired, _LEAST_SIDE)
        map_height = side + 0.2 + below if paired > 1 else 0.0
        height = 1.0 + bars + map_height
        figure = new_figure(WIDTH, height)
        doing = f"knocked down to {found.factor:g}" if found.factor < 1 else f"turned up {found.factor:g}-fold"
        figure.text(0.012, 1 - 0.1 / height, f"What changes the drug's effect in '{found.arm}': each target {doing}",
                    fontsize=9, fontweight="bold", va="top")  # fmt: skip
        _bars(figure.add_axes((2.6 / WIDTH, 1 - (0.5 + bars) / height, 2.8 / WIDTH, bars / height)), found, places)
        _growth(figure.add_axes((5.7 / WIDTH, 1 - (0.5 + bars) / height, 1.25 / WIDTH, bars / height)), found, places)
        if paired > 1:
            left = 1.75
            wide = min(side, WIDTH - left - 0.9)
            axes = figure.add_axes((left / WIDTH, below / height, wide / WIDTH, side / height))
            _pairs(figure, axes, found, paired, height)
        return figure


def _bars(axes: Any, found: Screen, places: list[int]) -> None:
    """One bar for each target; what does the same as one above stands in its label."""
    for row, k in enumerate(places):
        axes.barh(row, found.change[k], color=_KIND_COLORS[found.targets[k].kind], height=0.7)
        whisker(axes, found.intervals[k], row)
    axes.set_yticks(range(len(places)), [_label(found, k) for k in places])
    axes.set_ylim(len(places) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0, labelsize=6)
    axes.axvline(0, color="black", linewidth=0.6)
    axes.spines["left"].set_visible(False)
    drawn = "\nline and dot: 95 % and median of draws" if found.draws.count else ""
    said = f"change of GR [1]   (GR without: {found.baseline:.2f}; left: response restored){drawn}"
    axes.set_xlabel(said, labelpad=1.5)
    from matplotlib.patches import Patch

    kinds = dict.fromkeys(found.targets[k].kind for k in places)
    axes.legend(
        handles=[Patch(color=_KIND_COLORS[k], label=k) for k in kinds],
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=3,
        fontsize=6,
    )


def _label(found: Screen, place: int) -> str:
    name, others = found.targets[place].name.replace("_", " "), len(found.same_as(place))
    return name if not others else f"{name}  (and {others} alike)"


def _growth(axes: Any, found: Screen, places: list[int]) -> None:
    axes.plot(found.growth[places], range(len(places)), "o", color="black", markersize=2.5)
    axes.axvline(1, color=GREY, linewidth=0.6, linestyle=(0, (2, 2)))
    axes.set_ylim(len(places) - 0.4, -0.6)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlim(0, max(1.25, 1.1 * float(np.max(found.growth[places]))))
    axes.set_xlabel("growth without drug [1]", labelpad=1.5)


def _pairs(figure: Figure, axes: Any, found: Screen, paired: int, height: float) -> None:
    names = [found.targets[k].name.replace("_", " ") for k in found.paired[:paired]]
    values = np.ma.masked_invalid(found.pairs[:paired, :paired]) - found.baseline
    limit = float(np.abs(values).max())
    image = axes.imshow(values, cmap="PuOr_r", vmin=-limit, vmax=limit, aspect="auto")
    size = 5.0 if paired > _SMALL_ABOVE else 6.0
    axes.set_xticks(range(paired), names, rotation=90, fontsize=size)
    axes.set_yticks(range(paired), names, fontsize=size)
    axes.tick_params(length=0)
    axes.set_xticks(np.arange(paired + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(paired + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=0.25)
    axes.tick_params(which="minor", length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    of = f"{paired} of {len(found.paired)} targets; diagonal: one alone; negative: response restored"
    axes.set_title(f"Pairs ({of})")
    box = axes.get_position()
    bar = figure.add_axes((box.x1 + 0.12 / WIDTH, box.y0, 0.11 / WIDTH, min(1.4 / height, box.height)))
    figure.colorbar(image, cax=bar)
    bar.set_ylabel("change of GR [1]", fontsize=6)
    bar.tick_params(labelsize=6)
