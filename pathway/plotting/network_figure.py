"""A map of the circuit, laid out by hand, coloured by fold changes or fluxes; arrows carry their shares."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.patches import FancyBboxPatch

from pathway.analysis.explain import Explanation
from pathway.analysis.mistakes import unknown_name_error
from pathway.network import MapEdge, MapNode, circuit

from .labels import unit_words
from .layout import RIGHT, STYLES, Page, row_labels, style_context
from .style import GREY, PALETTE, Figure, draw_whisker, house_style

Place = tuple[float, float]
WIDTH = STYLES["paper"]

_WIDE, _TALL = 0.46, 0.145
_MAP = 5.5
"""Inches: wide and high are boxes to either side of their middle; so high is the map."""


COLORS = ("fold", "flux")
"""What the map is coloured by: fold changes of what the boxes stand for, or of the fluxes that the arrows stand for."""


def plot_explanation(explanation: Explanation, color: str = "fold") -> Figure:
    """The map with fold changes and shares, or with fluxes; the shares as bars; the text.

    Parameters
    ----------
    explanation : Explanation
    color : str
        Of `COLORS`.

    Raises
    ------
    AnalysisError
        If the color is none of these.
    """
    if color not in COLORS:
        raise unknown_name_error("color of the map", color, COLORS)
    # The map is laid out by hand for one width.
    with house_style(), style_context("paper"):
        against = f"'{explanation.arm}' against '{explanation.reference}' at {explanation.time:g} h"
        page = Page(f"Why {explanation.reading} differs: {against}")
        page.lines(explanation.text())
        page.top += 0.1
        strokes = _by_share(explanation) if color == "fold" else _by_flux(explanation)
        _map(page, strokes, explanation.levels if color == "fold" else None)
        _key(page, color)
        _bars(page, explanation)
        return page.cropped_figure()


def plot_map() -> Figure:
    """The map of the circuit alone: an arrow raises, a bar lowers."""
    with house_style(), style_context("paper"):
        page = Page("")
        _map(page, {}, None)
        return page.cropped_figure()


def _map(page: Page, strokes: Mapping[Edge, ArrowStroke], levels: Mapping[str, tuple[float, float]] | None) -> None:
    """Boxes and arrows; boxes in the color of their fold where levels, of two arms, are given."""
    axes = page.add_axes(0, page.top, WIDTH, _MAP)
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(_MAP + 0.15, 0.15)
    axes.axis("off")
    network = circuit()
    for edge in network.map_edges:
        _arrow(axes, edge, strokes.get((edge.start, edge.end), ArrowStroke()))
    for node in network.map_nodes:
        _box(axes, node, *(levels or {}).get(node.quantity, (math.nan, math.nan)), shaded=levels is not None)
    page.top += _MAP + 0.15


@dataclass(frozen=True)
class ArrowStroke:
    """How an arrow is drawn, and what stands beside it."""

    width: float = 0.8
    color: Any = GREY
    label: str = ""
    ink: str = PALETTE[1]


Edge = tuple[str, str]
"""Names of the boxes from which and to which an arrow goes."""


def _by_share(explanation: Explanation) -> dict[Edge, ArrowStroke]:
    """Arrows that carry the difference, as wide as their share."""
    whole = sum(abs(share.value) for share in explanation.shares) or 1.0
    shares = {
        influence.name: share.value for influence, share in zip(explanation.influences, explanation.shares, strict=True)
    }
    strokes = {}
    for edge in circuit().map_edges:
        carried = [shares[name] for name in edge.influences if abs(shares.get(name, 0.0)) > 0.01 * whole]
        if carried:
            width = 0.8 + 4.0 * sum(map(abs, carried)) / whole
            strokes[edge.start, edge.end] = ArrowStroke(width, PALETTE[1], explanation.relative(carried[0]))
    return strokes


def _by_flux(explanation: Explanation) -> dict[Edge, ArrowStroke]:
    """Arrows coloured by the fold of the flux, wide where it is far from 1; faint where an arrow has no reaction."""
    strokes = {}
    for edge in circuit().map_edges:
        place = edge.start, edge.end
        strokes[place] = ArrowStroke(0.6, _FAINT)
        if not edge.reactions:
            continue
        own, other = (sum(explanation.fluxes[name][k] for name in edge.reactions) for k in (0, 1))
        if own > 0.0 and other > 0.0:
            fold = math.log2(own / other)
            strokes[place] = ArrowStroke(
                1.0 + min(abs(fold), 2.0), _shade("flux", fold), f"{own / other:.2g}x", PALETTE[0]
            )
        else:
            strokes[place] = ArrowStroke(0.6, _FAINT, "none", GREY)
    return strokes


_FAINT = "#C8C8C8"


_MAPS: dict[str, Colormap] = {
    "fold": matplotlib.colormaps["PuOr_r"],
    # As the boxes' colors, but grey in the middle: a white line is none.
    "flux": LinearSegmentedColormap.from_list("flux", ["#3F1F7A", "#8073AC", "#A0A0A0", "#E08214", "#7F3B08"]),
}


def _shade(of: str, doublings: float) -> Any:
    """The color of a fold change, from a quarter to four times."""
    return _MAPS[of](0.5 + max(-1.0, min(1.0, doublings / 2.0)) / 2.0)


def _arrow(axes: Any, edge: MapEdge, stroke: ArrowStroke) -> None:
    places, corners = _places(), edge.corners
    first, last = places[edge.start], places[edge.end]
    if corners:
        path = [_border(first, corners[0]), *corners]
        axes.plot(*zip(*path, strict=True), color=stroke.color, linewidth=stroke.width, zorder=1)
        first = corners[-1]
    back = any((edge.end, edge.start) == (other.start, other.end) for other in circuit().map_edges if not other.corners)
    (x0, y0), (x1, y1) = _beside(_border(first, last), _border(last, first), 0.06 if back else 0.0)
    style = "-|>,head_width=0.13,head_length=0.26" if edge.sign == "+" else "|-|,widthA=0,widthB=0.22"
    arrow = {"arrowstyle": style, "color": stroke.color, "linewidth": stroke.width, "shrinkA": 0, "shrinkB": 1}
    axes.annotate("", (x1, y1), (x0, y0), arrowprops={**arrow, "mutation_scale": 12}, zorder=1)
    if stroke.label:
        if corners and math.hypot(x1 - x0, y1 - y0) < 0.5:
            (x0, y0), (x1, y1) = path[-2:]
        along = 0.35 if back else 0.5
        box = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
        axes.text(
            x0 + along * (x1 - x0), y0 + along * (y1 - y0) - (0.0 if back else 0.1), stroke.label, fontsize=6.5,
            color=stroke.ink, ha="center", va="center" if back else "baseline", fontweight="bold", bbox=box, zorder=4,
        )  # fmt: skip


def _places() -> dict[str, Place]:
    """The middle of each box."""
    return {node.name: (node.x, node.y) for node in circuit().map_nodes}


def _beside(start: Place, end: Place, distance: float) -> tuple[Place, Place]:
    """A line moved to its left, so that the one that goes back has room."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    across = distance / math.hypot(dx, dy)
    return (start[0] + across * dy, start[1] - across * dx), (end[0] + across * dy, end[1] - across * dx)


def _border(start: Place, end: Place) -> Place:
    """Where the line from the middle of a box leaves the box."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    share = min(_WIDE / abs(dx) if dx else math.inf, _TALL / abs(dy) if dy else math.inf, 1.0)
    known = start in _places().values()
    return (start[0] + share * dx, start[1] + share * dy) if known else start


def _box(axes: Any, node: MapNode, own: float, other: float, shaded: bool) -> None:
    x, y, label = node.x, node.y, node.label

    fold = math.log2(own / other) if own > 0 and other > 0 else 0.0
    color = _shade("fold", fold) if shaded else "white"
    axes.add_patch(
        FancyBboxPatch(
            (x - _WIDE + 0.05, y - _TALL + 0.05), 2 * _WIDE - 0.1, 2 * _TALL - 0.1, boxstyle="round,pad=0.05",
            facecolor=color, edgecolor="black", linewidth=0.6, zorder=2,
        )
    )  # fmt: skip
    dark = abs(fold) > 1.3
    if not shaded:
        axes.text(x, y + 0.01, label, ha="center", va="center", fontsize=6.5, zorder=3)
        return
    shown = f"{own / other:.2g}x" if own > 0 and other > 0 else "none"
    axes.text(x, y - 0.045, label, ha="center", va="center", fontsize=6.5, zorder=3, color="white" if dark else "black")
    axes.text(x, y + 0.075, shown, ha="center", va="center", fontsize=5.5, zorder=3, color="white" if dark else "black")


def _key(page: Page, color: str) -> None:
    """What colors and arrows mean."""
    title = "fold of the reference" if color == "fold" else "flux, fold of the reference"
    page.text(0.35, page.top, title, size=6, va="center_baseline")
    axes = page.add_axes(0.35, page.top + 0.06, 1.7, 0.09)
    axes.imshow(np.linspace(0, 1, 128)[None], aspect="auto", cmap=_MAPS[color], extent=(-2, 2, 0, 1))
    axes.set_yticks([])
    axes.set_xticks([-2, -1, 0, 1, 2], ["1/4", "1/2", "1", "2", "4"])
    axes.tick_params(length=0, pad=1, labelsize=5.5)
    words = "arrow: raises; bar: lowers; orange, as wide as its share: carries the difference"
    if color == "flux":
        words = "arrow: raises; bar: lowers; number: rate of the reaction that it acts on; faint: on none"
    page.text(2.3, page.top + 0.1, words, size=6, color=GREY, va="center_baseline")
    page.top += 0.4


def _bars(page: Page, explanation: Explanation) -> None:
    """How much of the way to the reference each link takes."""
    order = explanation.ranked()
    names = row_labels([explanation.influences[k].name for k in order], 0.4 * page.width)
    row = names.row_height(0.15, 0.03)
    left, tall = names.right, row * len(order)
    axes = page.add_axes(left, page.top, page.width - left - 2 * RIGHT, tall)
    values = [explanation.shares[k].value for k in order]
    axes.barh(range(len(order)), values, height=0.7, color=PALETTE[1])
    for place, k in enumerate(order):
        draw_whisker(axes, explanation.shares[k], place)
        axes.plot(float(explanation.attribution.alone[k, 0]), place, "|", color="black", markersize=6)
    page.label_rows(names, left - 0.06, page.top, row)
    axes.set_yticks([])
    axes.set_ylim(len(order) - 0.4, -0.6)
    axes.spines["left"].set_visible(False)
    axes.axvline(0, color="black", linewidth=0.6)
    drawn = "; line and dot: 95 % and median of draws" if explanation.draws.count else ""
    unit = unit_words(explanation.reading, explanation.unit)
    axes.set_xlabel(
        f"share of the way to the reference: {explanation.reading}, {unit} (tick: alone{drawn})", labelpad=1.5
    )
    page.top += tall + 0.4
