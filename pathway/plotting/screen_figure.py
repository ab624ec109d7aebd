"""The figure of a screen: what changes the drug's effect, alone and in pairs."""

from __future__ import annotations

import numpy as np
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from pathway.analysis.screen import ScreenResult

from .labels import readable_name
from .layout import LINE, RIGHT, Page, row_labels, text_width
from .style import GREY, PALETTE, Figure, draw_whisker, house_style, without_frame

_KIND_COLORS = {"species": PALETTE[2], "reaction": PALETTE[1], "parameter": PALETTE[4]}
_SHOWN = 30
_MOST_PAIRS = 50
_SMALL_ABOVE = 30
"""Rows of the map above which its labels are smaller."""
_LEAST_SIDE = 0.9
"""Inches: so much the label of the color bar needs."""


def plot_screen(screen: ScreenResult) -> Figure:
    """The strongest single targets as bars, and pairs as a heat map of up to 50 x 50."""
    with house_style():
        what = f"knocked down to {screen.factor:g}" if screen.factor < 1 else f"turned up {screen.factor:g}-fold"
        page = Page(f"What changes the drug's effect in '{screen.arm}': each target {what}")
        places = screen.unlike()[:_SHOWN]
        kinds = dict.fromkeys(screen.targets[k].kind for k in places)
        page.legend([(Patch(color=_KIND_COLORS[k]), k) for k in kinds])
        _singles(page, screen, places)
        if len(screen.paired) > 1:
            _pairs(page, screen)
        return page.cropped_figure()


def _singles(page: Page, screen: ScreenResult, places: list[int]) -> None:
    """One bar for each target, what does the same as one above in its name; beside them growth without the drug."""
    names = row_labels([_label(screen, k) for k in places], 0.38 * page.width, 6.0)
    row = names.row_height(0.135, 0.025)
    left, tall = names.right, row * len(places)
    beside = 0.2 * page.width
    width = page.width - left - RIGHT - beside - 0.25
    bars = page.add_axes(left, page.top, width, tall)
    growth = page.add_axes(page.width - RIGHT - beside, page.top, beside, tall)
    for number, k in enumerate(places):
        bars.barh(number, screen.change[k], color=_KIND_COLORS[screen.targets[k].kind], height=0.7)
        draw_whisker(bars, screen.intervals[k], number)
    page.label_rows(names, left - 0.06, page.top, row)
    bars.axvline(0, color="black", linewidth=0.6)
    growth.plot(screen.growth[places], range(len(places)), "o", color="black", markersize=2.5)
    growth.axvline(1, color=GREY, linewidth=0.6, linestyle=(0, (2, 2)))
    growth.set_xlim(0, max(1.25, 1.1 * float(np.max(screen.growth[places]))))
    for axes in (bars, growth):
        axes.set_ylim(len(places) - 0.4, -0.6)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=4 if axes is bars else 2))
    drawn = "; line and dot: 95 % and median of draws" if screen.draws.count else ""
    words = f"change of GR (GR without: {screen.baseline:.2f}; left: response restored{drawn})"
    labels = ((words, left, width), ("growth without drug", page.width - RIGHT - beside, beside))
    below = max(page.label_below(text, begin, wide, page.top + tall, 0.1) for text, begin, wide in labels)
    page.top += tall + 0.25 + LINE * below + 0.1


def _label(screen: ScreenResult, place: int) -> str:
    name, others = readable_name(screen.targets[place].name), len(screen.same_as(place))
    return name if not others else f"{name} (and {others} alike)"


def _pairs(page: Page, screen: ScreenResult) -> None:
    """A map of as many pairs as have room for their names."""
    first = screen.paired[:_MOST_PAIRS]
    beside = max(text_width(readable_name(screen.targets[k].name)) for k in first) + 0.9
    paired = min(len(first), int((page.width - RIGHT - beside) / 0.1))
    of = f"{paired} of {len(screen.paired)} targets; diagonal: one alone; negative: response restored"
    page.lines(f"Pairs ({of})", 7.0, weight="bold")
    page.top += 0.05
    names = [readable_name(screen.targets[k].name) for k in screen.paired[:paired]]
    values = np.ma.masked_invalid(screen.pairs[:paired, :paired]) - screen.baseline
    limit = float(np.abs(values).max())
    size = 5.0 if paired > _SMALL_ABOVE else 6.0
    left = RIGHT + max(text_width(name, size) for name in names) + 0.08
    side = min(max(0.11 * paired, _LEAST_SIDE), page.width - left - 0.75)
    axes = page.add_axes(left, page.top, side, side)
    image = axes.imshow(values, cmap="PuOr_r", vmin=-limit, vmax=limit, aspect="auto")
    axes.set_xticks(range(paired), names, rotation=90, fontsize=size)
    axes.set_yticks(range(paired), names, fontsize=size)
    without_frame(axes)
    axes.set_xticks(np.arange(paired + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(paired + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=0.25)
    axes.tick_params(which="minor", length=0)
    bar = page.add_axes(left + side + 0.12, page.top, 0.11, min(1.4, side))
    page.figure.colorbar(image, cax=bar)
    bar.set_ylabel("change of GR", fontsize=6)
    bar.tick_params(labelsize=6)
    page.top += side + 0.12 + max(text_width(name, size) for name in names)
