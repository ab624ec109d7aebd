"""House style: one palette, one set of sizes, colours that colour-blind readers can tell apart."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as MatplotlibFigure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from pathway.numerals import plain_number, power_of_ten

from .labels import common_power_of_ten

if TYPE_CHECKING:
    from pathway.analysis.draws import DrawInterval

# Okabe and Ito 2008, "Color Universal Design": black first, for the untreated arm; yellow last, it is faint on white.
PALETTE = ("#000000", "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#8C6D1F")
DASHES = ("solid", (0, (4, 1.5)), (0, (1, 1)), (0, (5, 1, 1, 1)))
MARKERS = ("v", "D", "s", "o", "^", "P", "X", "*", "<", ">", "p", "h")
GREY = "#6B6B6B"
MOST_CURVES = 6
"""Curves at full strength in one panel; more could not be told apart."""
FAINT = "#E6E6E6"

STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 7.0,
    "axes.titlesize": 7.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 7.0,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "lines.linewidth": 1.15,
    "legend.frameon": False,
    "legend.fontsize": 6.5,
    "savefig.dpi": 160,
    "figure.dpi": 100,
    # The same figure gives the same file, so that a replay can compare.
    "svg.hashsalt": "pathway",
    "svg.fonttype": "path",
    "path.simplify": True,
    # Names of arms and observables are the user's own: a dollar sign in them is a dollar sign.
    "text.parse_math": False,
}


class Figure(MatplotlibFigure):
    """A figure that notebooks show by themselves, without a plotting session."""

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        self.savefig(stream, format="png", dpi=150)
        return stream.getvalue()


@contextmanager
def house_style() -> Iterator[None]:
    """Inside, figures come out in the house style; outside, nothing has changed."""
    with matplotlib.rc_context(STYLE):
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, inches, that no plotting session holds on to."""
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure


def line_style(index: int) -> dict[str, Any]:
    """Colour and dash of a thing at this position, black left for what it is compared with."""
    colors = PALETTE[1:]
    return {"color": colors[index % len(colors)], "linestyle": DASHES[index // len(colors) % len(DASHES)]}


def split_curves(names: Sequence[str]) -> list[tuple[str, ...]]:
    """The names in as few parts of about equal size as six curves in a panel allow."""
    count = math.ceil(len(names) / MOST_CURVES)
    return [tuple(part.tolist()) for part in np.array_split(np.array(names, dtype=object), count)] if count else []


def value_axis(axes: Any, low: float, high: float, most: int = 5) -> int:
    """So many ticks for values from zero (or `low`) to `high`; the power of ten that they leave to the label."""
    if low >= 0 and high > 0:
        axes.set_ylim(0, 1.08 * high)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=most, steps=[1, 2, 2.5, 5, 10]))
    power = common_power_of_ten(low, high)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / 10.0**power:g}"))
    return power


def logarithmic_axis(axes: Any, low: float, high: float, power: int = 0) -> None:
    """A logarithmic value axis with labels at 1, 2, 5 of each decade, or at decades where there are many; they leave
    so many powers of ten to the label of the axis."""
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    decades = math.log10(high / low)
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0,) if decades > 2.2 else (1.0, 2.0, 5.0), numticks=8))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: power_text(value / 10.0**power)))
    axes.yaxis.set_minor_formatter(NullFormatter())


def plain_number_ticks(*axes: Any) -> None:
    """Numbers of logarithmic x or y axes (`axes.xaxis`) in plain text: the house's texts are no formulas."""
    for axis in axes:
        axis.set_major_formatter(FuncFormatter(power_text))
        axis.set_minor_formatter(NullFormatter())


def without_frame(axes: Any) -> None:
    """A heat map has no frame and no ticks: it ends where its cells end."""
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)


def power_text(value: float, _: object = None) -> str:
    """A number of a logarithmic axis, as people write it: decades of six digits and more as powers."""
    power = math.log10(value) if value > 0.0 else 0.0
    if not -4 < power < 5 and abs(power - round(power)) < 1e-9:
        return power_of_ten(round(power))
    return plain_number(value)


def draw_whisker(axes: Any, interval: DrawInterval, place: float, upright: bool = False) -> None:
    """The middle 95 % of draws as a line and their median as a white dot; nothing without draws."""
    if interval.low is None:
        return
    ends, middle = [interval.low, interval.high], [interval.median]
    for values, drawn in ((ends, {"linewidth": 0.7}), (middle, {"marker": "o", "markersize": 2.2})):
        at = [place] * len(values)
        x, y = (at, values) if upright else (values, at)
        axes.plot(x, y, color="black", markerfacecolor="white", markeredgewidth=0.5, zorder=3, **drawn)
