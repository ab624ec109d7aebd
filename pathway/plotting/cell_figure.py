"""The figure of single cells: courses with their spread, distributions, and the threshold where miR-21 runs out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pathway.analysis.draws import Interval
from pathway.analysis.scenario_cells import SingleCells
from pathway.analysis.single_cells import Population, Titration

from .style import GREY, PALETTE, WIDTH, Figure, arm_style, house_style, new_figure, plain_ticks

_TALL, _ROW = 1.55, 2.15


def plot_single_cells(found: SingleCells) -> Figure:
    """Above: transcripts and PTEN over time, mean and middle 95 % of cells. Below: distributions, and the titration."""
    with house_style():
        rows = 2 if found.titration is None else 3
        height = 0.72 + rows * _ROW
        figure = new_figure(WIDTH, height)
        cells = next(iter(found.populations.values())).cells.counts.shape[0]
        title = f"Single cells: {cells} of each arm, transcripts counted one by one"
        figure.text(0.012, 1 - 0.1 / height, title, fontsize=9, fontweight="bold", va="top")
        _legend(figure, found, height)
        _courses(_panel(figure, height, 0, 0), found, "transcripts")
        _courses(_panel(figure, height, 0, 1), found, "protein")
        _transcript_histogram(_panel(figure, height, 1, 0), found)
        _protein_histogram(_panel(figure, height, 1, 1), found)
        if found.titration is not None:
            _threshold(_panel(figure, height, 2, 0), found.titration, found.complexes, found.threshold)
            _noise(_panel(figure, height, 2, 1), found.titration)
        return figure


def _panel(figure: Figure, height: float, row: int, column: int) -> Any:
    left, gap = 0.62, 0.7
    wide = (WIDTH - left - gap - 0.15) / 2
    top = 0.72 + row * _ROW
    return figure.add_axes(
        ((left + column * (wide + gap)) / WIDTH, 1 - (top + _TALL) / height, wide / WIDTH, _TALL / height)
    )


def _legend(figure: Figure, found: SingleCells, height: float) -> None:
    from matplotlib.lines import Line2D

    lines: list[Any] = [Line2D([], [], **arm_style(k)) for k in range(len(found.populations))]
    names = list(found.populations)
    lines.append(Line2D([], [], color=GREY, linestyle=(0, (2, 2)), linewidth=0.9))
    figure.legend(
        lines, [*names, "without chance"], loc="upper left", bbox_to_anchor=(0.005, 1 - 0.24 / height),
        ncols=len(names) + 1, handlelength=1.8, columnspacing=1.4,
    )  # fmt: skip


def _values(found: Population, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Every cell's course, and the one without chance."""
    if kind == "transcripts":
        return found.transcripts(), found.usual_transcripts()
    return found.protein(), np.asarray(found.course["PTEN"])


def _courses(axes: Any, found: SingleCells, kind: str) -> None:
    top = 0.0
    for index, population in enumerate(found.populations.values()):
        values, usual = _values(population, kind)
        low, high = np.quantile(values, [0.025, 0.975], axis=0)
        times, color = population.cells.times, arm_style(index)["color"]
        axes.fill_between(times, low, high, color=color, alpha=0.13, linewidth=0)
        axes.plot(times, values.mean(axis=0), color=color)
        axes.plot(times, usual, color=color, linestyle=(0, (2, 2)), linewidth=0.9)
        top = max(top, float(high.max()))
    axes.set_xlim(times[0], times[-1])
    axes.set_ylim(0, 1.06 * top)
    axes.set_xlabel("time [h]", labelpad=1.5)
    transcripts = kind == "transcripts"
    axes.set_title("PTEN transcript" if transcripts else "PTEN protein")
    axes.set_ylabel("per cell [molecules]" if transcripts else "PTEN [1]   (1: parental cells)", labelpad=2)


def _transcript_histogram(axes: Any, found: SingleCells) -> None:
    """Counts at the end with the Poisson distribution of the same mean as a line."""
    for index, population in enumerate(found.populations.values()):
        counts = population.transcripts()[:, -1]
        values = np.arange(counts.max() + 2)
        shares = np.bincount(counts, minlength=len(values)) / len(counts)
        color = arm_style(index)["color"]
        seen = shares > 0.0
        axes.plot(
            values[seen], shares[seen], "o", color=color, markersize=2.6, markerfacecolor="white", markeredgewidth=0.7
        )
        logs = values * math.log(counts.mean()) - counts.mean() - np.array([math.lgamma(v + 1.0) for v in values])
        axes.plot(values, np.exp(logs), color=color, linewidth=0.9)
    axes.set_ylim(bottom=0)
    axes.set_xlim(left=0)
    axes.set_xlabel("PTEN transcripts at the end [molecules]   (lines: Poisson)", labelpad=1.5)
    axes.set_ylabel("share of cells [1]", labelpad=2)
    axes.set_title("Spread of the transcript")


def _protein_histogram(axes: Any, found: SingleCells) -> None:
    ends = [population.protein()[:, -1] for population in found.populations.values()]
    edges = np.linspace(min(map(np.min, ends)), max(map(np.max, ends)), 40)
    for index, (values, population) in enumerate(zip(ends, found.populations.values(), strict=True)):
        color = arm_style(index)["color"]
        weights = np.full(len(values), 1.0 / len(values))
        axes.hist(values, edges, weights=weights, histtype="stepfilled", color=color, alpha=0.25)
        axes.hist(values, edges, weights=weights, histtype="step", color=color)
        axes.axvline(float(population.course["PTEN"][-1]), color=color, linestyle=(0, (2, 2)), linewidth=0.9)
    axes.set_xlabel("PTEN at the end [1]   (1: parental cells)", labelpad=1.5)
    axes.set_ylabel("share of cells [1]", labelpad=2)
    axes.set_title("Spread of the protein")


def _threshold(axes: Any, found: Titration, complexes: float, drawn: Interval | None) -> None:
    """Free transcript over transcription: below the threshold the miRNA takes its share, above it runs out.

    A band is the middle 95 % of thresholds over draws.
    """
    from matplotlib.ticker import LogLocator, NullLocator

    for row, color, label in ((1, PALETTE[3], "without miR-21"), (0, PALETTE[1], "with miR-21")):
        axes.plot(found.transcription, found.free[row], "o-", color=color, markersize=3, label=label)
    axes.axhline(complexes, color=GREY, linewidth=0.7, linestyle=(0, (2, 2)), zorder=0)
    axes.text(found.transcription[0], complexes * 1.25, "loaded miR-21 per cell", fontsize=6, color=GREY)
    threshold = found.threshold()
    if threshold is not None:
        axes.axvline(threshold, color=GREY, linewidth=0.7, linestyle=(0, (1, 1)), zorder=0)
    if drawn is not None and drawn.low is not None and drawn.high is not None:
        ends = np.clip([drawn.low, drawn.high], None, found.transcription[-1])
        axes.axvspan(*ends, color=GREY, alpha=0.13, linewidth=0, zorder=0)
    axes.set(xscale="log", yscale="log")
    plain_ticks(axes.xaxis, axes.yaxis)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(numticks=7))
        axis.set_minor_locator(NullLocator())
    axes.set_xlabel("transcription of PTEN [fold of the usual]   (dotted: threshold)", labelpad=1.5)
    axes.set_ylabel("free transcript [molecules]", labelpad=2)
    axes.set_title("Threshold")
    axes.legend(loc="lower right")


def _noise(axes: Any, found: Titration) -> None:
    from matplotlib.ticker import LogLocator, NullLocator

    for row, color, label in ((1, PALETTE[3], "without miR-21"), (0, PALETTE[1], "with miR-21")):
        axes.plot(found.mean[row], found.spread[row] / found.mean[row], "o", color=color, markersize=3, label=label)
    ends = np.array([found.mean.min(), found.mean.max()])
    axes.plot(ends, ends**-0.5, color=GREY, linewidth=0.8, zorder=0, label="birth and death: 1/sqrt(mean)")
    axes.set(xscale="log", yscale="log")
    plain_ticks(axes.xaxis, axes.yaxis)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(numticks=7))
        axis.set_minor_locator(NullLocator())
    axes.set_xlabel("mean transcripts, free and bound [molecules]", labelpad=1.5)
    axes.set_ylabel("spread over mean [1]", labelpad=2)
    axes.set_title("Cell-to-cell spread")
    axes.legend(loc="upper right")
