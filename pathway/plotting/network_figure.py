"""A map of the circuit, laid out by hand, coloured by fold change between two cultures; links carry their shares."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from typing import Any

from pathway.analysis.explain import Explanation

from .style import GREY, PALETTE, WIDTH, Figure, house_style, new_figure

# Place of each node (inches from the left and from above), what is written, and the quantity that colours it.
NODES: Mapping[str, tuple[float, float, str, str]] = {
    "EGFR": (0.75, 0.35, "EGFR", "EGFR_signal"),
    "HER2": (2.05, 0.35, "HER2", "HER2_signal"),
    "HER3": (3.55, 0.35, "HER2-HER3", "HER3_signal"),
    "SRC": (2.2, 1.25, "Src", "SRC_active"),
    "PI3K": (3.55, 1.25, "PI3K alpha", "PI3K_alpha"),
    "PI3Kb": (4.55, 1.25, "PI3K beta", "PI3K_beta"),
    "IRS1": (6.15, 1.25, "adapters", "IRS1"),
    "RAS": (0.6, 2.15, "RAS", "RAS_GTP"),
    "PTEN": (2.35, 2.15, "PTEN", "PTEN_active"),
    "PIP3": (3.95, 2.15, "PIP3", "PIP3"),
    "mTORC2": (5.75, 2.15, "mTORC2", "mTORC2_activity"),
    "ERK": (0.6, 3.05, "ERK", "ERK_active"),
    "PTENm": (2.35, 3.05, "PTEN mRNA", "PTEN_transcript"),
    "AKT": (3.95, 3.05, "pAKT", "pAKT"),
    "S6K": (5.75, 3.05, "S6K", "S6K_active"),
    "AP1": (0.6, 3.95, "AP-1", "AP1"),
    "miR21": (2.35, 3.95, "miR-21", "miR21_free"),
    "FOXO": (5.15, 3.95, "FOXO", "FOXO_nuclear"),
    "INF": (3.65, 3.95, "NF-kB/STAT3", "inflammation"),
    "PDCD4": (1.35, 4.75, "PDCD4", "PDCD4"),
    "NFIB": (2.95, 4.75, "NFIB", "NFIB"),
    "p27": (5.0, 4.75, "p27", "p27"),
    "cyclinD": (6.05, 4.75, "cyclin D", "cyclin_D"),
    "growth": (6.05, 5.45, "growth", "division_rate"),
}

# From, to, sign, and the links (names in `explain`) that the arrow stands for.
EDGES: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("EGFR", "PI3K", "+", ("EGFR signal",)),
    ("EGFR", "RAS", "+", ()),
    ("HER2", "HER3", "+", ()),
    ("HER2", "SRC", "+", ()),
    ("HER2", "RAS", "+", ()),
    ("HER3", "PI3K", "+", ("HER3 signal",)),
    ("IRS1", "PI3Kb", "+", ("adapters (S6K feedback)",)),
    ("SRC", "PTEN", "-", ("Src",)),
    ("PI3K", "PIP3", "+", ()),
    ("PI3Kb", "PIP3", "+", ()),
    ("PTEN", "PIP3", "-", ("PTEN",)),
    ("PIP3", "AKT", "+", ()),
    ("mTORC2", "AKT", "+", ("mTORC2 (S6K feedback)",)),
    ("AKT", "S6K", "+", ()),
    ("S6K", "mTORC2", "-", ()),
    ("AKT", "FOXO", "-", ()),
    ("AKT", "INF", "+", ()),
    ("FOXO", "p27", "+", ()),
    ("S6K", "cyclinD", "+", ()),
    ("p27", "growth", "-", ()),
    ("cyclinD", "growth", "+", ()),
    ("RAS", "ERK", "+", ()),
    ("ERK", "AP1", "+", ("ERK",)),
    ("AP1", "miR21", "+", ()),
    ("INF", "miR21", "+", ()),
    ("miR21", "PTENm", "-", ("miR-21",)),
    ("PTENm", "PTEN", "+", ()),
    ("miR21", "PDCD4", "-", ()),
    ("PDCD4", "AP1", "-", ()),
    ("miR21", "NFIB", "-", ()),
    ("NFIB", "miR21", "-", ()),
)

# Arrows that bend around the map: from, to, sign, corner points, links.
ROUND: tuple[tuple[str, str, str, tuple[tuple[float, float], ...], tuple[str, ...]], ...] = (
    ("FOXO", "HER3", "+", ((5.15, 0.35),), ()),
    ("S6K", "IRS1", "-", ((6.85, 3.05), (6.85, 1.25)), ()),
)

_WIDE, _TALL = 0.46, 0.145
_HEIGHT = 7.1


def plot_explanation(found: Explanation) -> Figure:
    """The map with fold changes and shares, the shares as bars, and the text."""
    with house_style():
        lines = textwrap.wrap(found.text(), 140)
        height = _HEIGHT + 0.115 * len(lines) + 0.15 * len(found.links)
        figure = new_figure(WIDTH, height)
        title = f"Why {found.reading} differs: '{found.arm}' against '{found.reference}' at {found.time:g} h"
        figure.text(0.012, 1 - 0.1 / height, title, fontsize=9, fontweight="bold", va="top")
        axes = figure.add_axes((0, 1 - 6.25 / height, 1, 5.85 / height))
        axes.set_xlim(0, WIDTH)
        axes.set_ylim(5.85, 0)
        axes.axis("off")
        _map(axes, found)
        _key(figure, height)
        _bars(figure, found, height)
        figure.text(
            0.012, (0.115 * len(lines) + 0.08) / height, "\n".join(lines), fontsize=6.5, va="top", linespacing=1.25
        )
        return figure


def _shares(found: Explanation) -> dict[str, float]:
    whole = sum(abs(share.value) for share in found.shares) or 1.0
    return {link.name: share.value / whole for link, share in zip(found.links, found.shares, strict=True)}


def _map(axes: Any, found: Explanation) -> None:
    shares = _shares(found)
    texts = {link.name: found.relative(share.value) for link, share in zip(found.links, found.shares, strict=True)}
    both_ways = {(start, end) for start, end, *_ in EDGES} & {(end, start) for start, end, *_ in EDGES}
    for start, end, sign, links in EDGES:
        beside = 0.06 if (start, end) in both_ways else 0.0
        _arrow(axes, NODES[start][:2], NODES[end][:2], sign, links, shares, texts, beside)
    for start, end, sign, corners, links in ROUND:
        _bent(axes, start, end, sign, corners, links, shares, texts)
    for x, y, label, quantity in NODES.values():
        own, other = found.levels.get(quantity, (math.nan, math.nan))
        _node(axes, x, y, label, own, other)


def _width(links: tuple[str, ...], shares: Mapping[str, float]) -> tuple[float, str]:
    size = sum(abs(shares.get(link, 0.0)) for link in links)
    return (0.8 + 4.0 * size, PALETTE[1]) if size > 0.01 else (0.8, GREY)


def _arrow(
    axes: Any, start: tuple[float, float], end: tuple[float, float], sign: str, links: tuple[str, ...],
    shares: Mapping[str, float], texts: Mapping[str, str], beside: float = 0.0,
) -> None:  # fmt: skip
    width, color = _width(links, shares)
    (x0, y0), (x1, y1) = _beside(_edge(start, end), _edge(end, start), beside)
    style = "-|>,head_width=0.13,head_length=0.26" if sign == "+" else "|-|,widthA=0,widthB=0.22"
    arrow = {"arrowstyle": style, "color": color, "linewidth": width, "shrinkA": 0, "shrinkB": 1, "mutation_scale": 12}
    axes.annotate("", (x1, y1), (x0, y0), arrowprops=arrow, zorder=1)
    label = [texts[link] for link in links if abs(shares.get(link, 0.0)) > 0.01]
    if label:
        box = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
        middle = (x0 + x1) / 2, (y0 + y1) / 2 - 0.1
        axes.text(*middle, label[0], fontsize=6.5, color=color, ha="center", fontweight="bold", bbox=box, zorder=4)


def _bent(
    axes: Any, start: str, end: str, sign: str, corners: tuple[tuple[float, float], ...], links: tuple[str, ...],
    shares: Mapping[str, float],
    texts: Mapping[str, str],
) -> None:  # fmt: skip
    width, color = _width(links, shares)
    first, last = NODES[start][:2], NODES[end][:2]
    path = [_edge(first, corners[0]), *corners]
    axes.plot(
        [p[0] for p in path], [p[1] for p in path], color=color, linewidth=width, zorder=1, solid_capstyle="round"
    )
    _arrow(axes, corners[-1], last, sign, (), {}, texts)


Place = tuple[float, float]


def _beside(start: Place, end: Place, distance: float) -> tuple[Place, Place]:
    """A line moved to its left, so that the one that goes back has room."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    across = distance / math.hypot(dx, dy)
    return (start[0] + across * dy, start[1] - across * dx), (end[0] + across * dy, end[1] - across * dx)


def _edge(start: tuple[float, float], end: tuple[float, float]) -> tuple[float, float]:
    """Where the line from the middle of a box leaves the box."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    share = min(_WIDE / abs(dx) if dx else math.inf, _TALL / abs(dy) if dy else math.inf, 1.0)
    known = any(start == node[:2] for node in NODES.values())
    return (start[0] + share * dx, start[1] + share * dy) if known else start


def _node(axes: Any, x: float, y: float, label: str, own: float, other: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    fold = math.log2(own / other) if own > 0 and other > 0 else 0.0
    color = _colour(fold)
    axes.add_patch(
        FancyBboxPatch(
            (x - _WIDE + 0.05, y - _TALL + 0.05), 2 * _WIDE - 0.1, 2 * _TALL - 0.1, boxstyle="round,pad=0.05",
            facecolor=color, edgecolor="black", linewidth=0.6, zorder=2,
        )
    )  # fmt: skip
    dark = abs(fold) > 1.3
    shown = f"{own / other:.2g}x" if own > 0 and other > 0 else "none"
    axes.text(x, y - 0.045, label, ha="center", va="center", fontsize=6.5, zorder=3, color="white" if dark else "black")
    axes.text(x, y + 0.075, shown, ha="center", va="center", fontsize=5.5, zorder=3, color="white" if dark else "black")


def _colour(fold: float) -> Any:
    import matplotlib

    return matplotlib.colormaps["PuOr_r"](0.5 + max(-1.0, min(1.0, fold / 2.0)) / 2.0)


def _key(figure: Figure, height: float) -> None:
    axes = figure.add_axes((0.35 / WIDTH, 1 - 6.2 / height, 1.7 / WIDTH, 0.09 / height))
    import numpy as np

    axes.imshow(np.linspace(0, 1, 128)[None], aspect="auto", cmap="PuOr_r", extent=(-2, 2, 0, 1))
    axes.set_yticks([])
    axes.set_xticks([-2, -1, 0, 1, 2], ["1/4", "1/2", "1", "2", "4"])
    axes.tick_params(length=0, pad=1, labelsize=5.5)
    axes.set_title("fold of the reference", fontsize=6, fontweight="normal", pad=2)
    said = "arrow: raises; bar: lowers; orange, as wide as its share: carries the difference"
    figure.text(2.3 / WIDTH, 1 - 6.2 / height, said, fontsize=6, color=GREY)


def _bars(figure: Figure, found: Explanation, height: float) -> None:
    order = found.ranked()
    tall = 0.15 * len(order)
    axes = figure.add_axes((2.0 / WIDTH, 1 - (6.55 + tall) / height, 3.9 / WIDTH, tall / height))
    values = [found.shares[k].value for k in order]
    axes.barh(range(len(order)), values, height=0.7, color=PALETTE[1])
    for row, k in enumerate(order):
        share = found.shares[k]
        if share.low is not None and share.high is not None:
            axes.plot([share.low, share.high], [row, row], color="black", linewidth=0.7)
        axes.plot(float(found.attribution.alone[k, 0]), row, "|", color="black", markersize=6)
    axes.set_yticks(range(len(order)), [found.links[k].name for k in order])
    axes.set_ylim(len(order) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.axvline(0, color="black", linewidth=0.6)
    axes.set_xlabel(f"share of the way to the reference, {found.reading} [{found.unit}]   (tick: alone)", labelpad=1.5)
