"""The figure of single cells: courses with their spread, distributions, and the threshold where miR-21 runs out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from pathway.analysis.draws import DrawInterval
from pathway.analysis.scenario_cells import SingleCells
from pathway.analysis.single_cells import CellPopulation, TitrationCurve

from .layout import Page, Panel
from .style import GREY, PALETTE, Figure, house_style, line_style, plain_number_ticks


def plot_single_cells(counted: SingleCells) -> Figure:
    """Above: transcripts and PTEN over time, mean and middle 95 % of cells. Below: distributions, and the titration."""
    with house_style():
        cells = next(iter(counted.populations.values())).cells.counts.shape[0]
        page = Page(f"Single cells: {cells} of each arm, transcripts counted one by one")
        lines: list[tuple[Any, str]] = [
            (Line2D([], [], **line_style(k)), name) for k, name in enumerate(counted.populations)
        ]
        page.legend([*lines, (Line2D([], [], color=GREY, linestyle=(0, (2, 2)), linewidth=0.9), "without chance")])
        titles = ["PTEN transcript", "PTEN protein", "Spread of the transcript", "Spread of the protein"]
        if counted.titration is not None:
            titles += ["Threshold", "Cell-to-cell spread"]
        panels = page.panels(titles, 2, 1.5, gap=0.68)
        _courses(panels[0], counted, "transcripts")
        _courses(panels[1], counted, "protein")
        _transcript_histogram(panels[2], counted)
        _protein_histogram(panels[3], counted)
        if counted.titration is not None:
            _threshold(panels[4], counted.titration, counted.complexes, counted.threshold)
            _noise(panels[5], counted.titration)
        return page.cropped_figure(0.1)


def _values(population: CellPopulation, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Every cell's course, and the one without chance."""
    if kind == "transcripts":
        return population.transcripts(), population.usual_transcripts()
    return population.protein(), np.asarray(population.course["PTEN"])


def _courses(panel: Panel, counted: SingleCells, kind: str) -> None:
    axes = panel.axes
    top = 0.0
    for index, population in enumerate(counted.populations.values()):
        values, usual = _values(population, kind)
        low, high = np.quantile(values, [0.025, 0.975], axis=0)
        times, color = population.cells.times, line_style(index)["color"]
        axes.fill_between(times, low, high, color=color, alpha=0.13, linewidth=0)
        axes.plot(times, values.mean(axis=0), color=color)
        axes.plot(times, usual, color=color, linestyle=(0, (2, 2)), linewidth=0.9)
        top = max(top, float(high.max()))
    axes.set_xlim(times[0], times[-1])
    axes.set_ylim(0, 1.06 * top)
    panel.x_label("time, hours")
    panel.y_label("molecules per cell" if kind == "transcripts" else "relative to parental")


def _transcript_histogram(panel: Panel, counted: SingleCells) -> None:
    """Counts at the end with the Poisson distribution of the same mean as a line."""
    axes = panel.axes
    for index, population in enumerate(counted.populations.values()):
        counts = population.transcripts()[:, -1]
        values = np.arange(counts.max() + 2)
        shares = np.bincount(counts, minlength=len(values)) / len(counts)
        color = line_style(index)["color"]
        seen = shares > 0.0
        axes.plot(
            values[seen], shares[seen], "o", color=color, markersize=2.6, markerfacecolor="white", markeredgewidth=0.7
        )
        logs = values * math.log(counts.mean()) - counts.mean() - np.array([math.lgamma(v + 1.0) for v in values])
        axes.plot(values, np.exp(logs), color=color, linewidth=0.9)
    axes.set_ylim(bottom=0)
    axes.set_xlim(left=0)
    panel.x_label("at the end, molecules per cell (lines: Poisson)")
    panel.y_label("share of cells")


def _protein_histogram(panel: Panel, counted: SingleCells) -> None:
    axes = panel.axes
    ends = [population.protein()[:, -1] for population in counted.populations.values()]
    edges = np.linspace(min(map(np.min, ends)), max(map(np.max, ends)), 40)
    for index, (values, population) in enumerate(zip(ends, counted.populations.values(), strict=True)):
        color = line_style(index)["color"]
        weights = np.full(len(values), 1.0 / len(values))
        axes.hist(values, edges, weights=weights, histtype="stepfilled", color=color, alpha=0.25)
        axes.hist(values, edges, weights=weights, histtype="step", color=color)
        axes.axvline(float(population.course["PTEN"][-1]), color=color, linestyle=(0, (2, 2)), linewidth=0.9)
    panel.x_label("at the end, relative to parental")
    panel.y_label("share of cells")


_WITH_AND_WITHOUT = ((1, PALETTE[3], "without miR-21"), (0, PALETTE[1], "with miR-21"))
"""Row of a titration, color, and words."""


def _logarithmic(axes: Any) -> None:
    """Both axes, with ticks at some decades."""
    axes.set(xscale="log", yscale="log")
    plain_number_ticks(axes.xaxis, axes.yaxis)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(numticks=7))
        axis.set_minor_locator(NullLocator())


def _threshold(panel: Panel, titration: TitrationCurve, complexes: float, drawn: DrawInterval | None) -> None:
    """Free transcript over transcription: below the threshold the miRNA takes its share, above it runs out.

    A band is the middle 95 % of thresholds over draws.
    """
    axes = panel.axes
    for row, color, label in _WITH_AND_WITHOUT:
        axes.plot(titration.transcription, titration.free[row], "o-", color=color, markersize=3, label=label)
    axes.axhline(complexes, color=GREY, linewidth=0.7, linestyle=(0, (2, 2)), zorder=0)
    axes.annotate(
        "loaded miR-21 per cell", (titration.transcription[0], complexes), (0, 2), textcoords="offset points",
        fontsize=6, color=GREY,
    )  # fmt: skip
    threshold = titration.threshold()
    if threshold is not None:
        axes.axvline(threshold, color=GREY, linewidth=0.7, linestyle=(0, (1, 1)), zorder=0)
    if drawn is not None and drawn.low is not None and drawn.high is not None:
        ends = np.clip([drawn.low, drawn.high], None, titration.transcription[-1])
        axes.axvspan(*ends, color=GREY, alpha=0.13, linewidth=0, zorder=0)
    _logarithmic(axes)
    # Room for the words above the line, however far below it the curves end.
    axes.set_ylim(top=max(axes.get_ylim()[1], 10.0 * complexes))
    panel.x_label("transcription of PTEN, fold of the usual (dotted: threshold)")
    panel.y_label("free transcript, per cell")
    axes.legend(loc="lower right", fontsize=6)


def _noise(panel: Panel, titration: TitrationCurve) -> None:
    axes = panel.axes
    for row, color, label in _WITH_AND_WITHOUT:
        variation = titration.spread[row] / titration.mean[row]
        axes.plot(titration.mean[row], variation, "o", color=color, markersize=3, label=label)
    ends = np.array([titration.mean.min(), titration.mean.max()])
    axes.plot(ends, ends**-0.5, color=GREY, linewidth=0.8, zorder=0, label="birth and death: 1/sqrt(mean)")
    _logarithmic(axes)
    panel.x_label("mean transcripts, free and bound, per cell")
    panel.y_label("spread over mean")
    axes.legend(loc="upper right", fontsize=6)
