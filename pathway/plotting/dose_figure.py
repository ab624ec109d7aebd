"""The figure of a dose-response: GR over dose and over time, and what else was read."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from pathway.analysis.dose_series import DoseSeries, Series

from .style import GREY, MARKERS, WIDTH, Figure, arm_style, house_style, new_figure, value_axis
from .words import scaled

_COLUMNS = 3


def plot_dose_series(found: DoseSeries) -> Figure:
    """GR and relative count over dose for every arm, metrics as a table, each read-out a panel below.

    Points are simulated, lines the fitted curves, bands the middle 95 % of the draws.
    """
    with house_style():
        names = list(next(iter(found.series.values())).readouts)
        # GR over time is one more small panel.
        columns = 2 if len(names) + 1 in (2, 4) else _COLUMNS
        rows = math.ceil((len(names) + 1) / columns)
        listed = 0.155 * len(found.series) + 0.45
        height = 2.75 + listed + 1.75 * rows
        figure = new_figure(WIDTH, height)
        figure.suptitle(
            f"{found.doses.agent.name}: dose-response at {found.until:g} h", x=0.012, y=1 - 0.1 / height, ha="left",
            va="top", fontsize=9, fontweight="bold",
        )  # fmt: skip
        panels = [_panel(figure, height, 0.42, column, 2, 1.85) for column in range(2)]
        _gr(panels[0], found)
        _counts(panels[1], found)
        _metrics(figure, found, height, 2.72)
        for position, name in enumerate(["", *names]):
            row, column = divmod(position, columns)
            axes = _panel(figure, height, 2.85 + listed + 1.75 * row, column, columns, 1.15)
            _readout(axes, found, name) if name else _over_time(axes, found)
        return figure


def _panel(figure: Figure, height: float, top: float, column: int, columns: int, tall: float) -> Any:
    left, gap, right = 0.55, 0.55, 0.12
    wide = (WIDTH - left - right - gap * (columns - 1)) / columns
    return figure.add_axes(
        ((left + column * (wide + gap)) / WIDTH, 1 - (top + tall) / height, wide / WIDTH, tall / height)
    )


def _over_time(axes: Any, found: DoseSeries) -> None:
    """GR from the first dose until each time, at the highest dose."""
    for index, series in enumerate(found.series.values()):
        axes.plot(found.times, series.gr_over_time[0, -1], **arm_style(index))
    axes.set_xlim(found.since, found.until)
    axes.set_ylim(min(-0.05, 1.05 * min(float(np.nanmin(s.gr_over_time[0, -1])) for s in found.series.values())), 1.08)
    axes.axhline(0.0, color="black", linewidth=0.6, zorder=0)
    axes.set_xlabel("time [h]", labelpad=1.5)
    axes.set_ylabel("GR [1]", labelpad=2)
    axes.set_title(f"GR until then, {found.doses.shown[-1]:g} {found.doses.unit}")


def _dose_axis(axes: Any, found: DoseSeries) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(numticks=8))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(f"{found.doses.agent.name} [{found.doses.unit}]", labelpad=1.5)


def _curves(axes: Any, found: DoseSeries, values_of: Any, curve_of: Any) -> None:
    doses = np.array(found.doses.shown)
    fine = np.geomspace(doses[0], doses[-1], 200)
    for index, series in enumerate(found.series.values()):
        style, values = arm_style(index), values_of(series)
        curve = curve_of(series)
        marker = MARKERS[index % len(MARKERS)]
        if len(values) > 2:
            low, high = np.nanquantile(values[1:], [0.025, 0.975], axis=0)
            axes.fill_between(doses, low, high, color=style["color"], alpha=0.15, linewidth=0)
        axes.plot(doses, values[0], marker, color=style["color"], markersize=3.2, markerfacecolor="white", zorder=3)
        line = curve(fine) if curve is not None else np.full(len(fine), float(np.mean(values[0])))
        axes.plot(fine, line, **style, label=series.arm)


def _gr(axes: Any, found: DoseSeries) -> None:
    _curves(axes, found, lambda s: s.gr, lambda s: s.metrics.curve.effect if s.metrics.curve else None)
    _dose_axis(axes, found)
    low = min(float(np.nanmin(s.gr)) for s in found.series.values())
    axes.set_ylim(min(-0.05, 1.05 * low), 1.08)
    axes.axhline(0.5, color=GREY, linewidth=0.6, linestyle=(0, (2, 2)), zorder=0)
    axes.axhline(0.0, color="black", linewidth=0.6, zorder=0)
    axes.set_ylabel("GR [1]   (1: as control, 0: arrested)", labelpad=2)
    axes.set_title(f"Growth rate, {found.since:g} to {found.until:g} h")


def _counts(axes: Any, found: DoseSeries) -> None:
    def curve(series: Series) -> Any:
        from pathway.analysis.curves import Hill

        metrics = series.counts
        return None if metrics.is_flat else Hill(1.0, metrics.plateau, metrics.ec50, metrics.slope).effect

    _curves(axes, found, lambda s: s.relative_count, curve)
    _dose_axis(axes, found)
    axes.set_ylim(0, 1.12)
    axes.axhline(0.5, color=GREY, linewidth=0.6, linestyle=(0, (2, 2)), zorder=0)
    axes.set_ylabel("cells, relative to control [1]", labelpad=2)
    axes.set_title("Relative count")


def _metrics(figure: Figure, found: DoseSeries, height: float, top: float) -> None:
    """One line for each arm: the key to the colours, and the metrics."""
    unit = found.doses.unit
    header = ("", f"GR50 [{unit}]", "GRmax", "GRinf", f"GEC50 [{unit}]", "h", "AOC", f"IC50 [{unit}]")
    places = (0.62, 3.1, 3.85, 4.35, 4.85, 5.65, 6.05, 6.5)
    for place, word in zip(places, header, strict=True):
        figure.text(place / WIDTH, 1 - top / height, word, fontsize=6.5, color=GREY, va="top")
    for index, (name, series) in enumerate(found.series.items()):
        y = top + 0.155 * (index + 1)
        style = arm_style(index)
        m = series.metrics
        figure.add_artist(_key(figure, 0.15, 0.52, 1 - (y + 0.05) / height, style))
        cells = [_number(m.gr50), f"{m.gr_max:.2f}", f"{m.gr_inf:.2f}"]
        cells += (
            ["flat", "", f"{m.gr_aoc:.2f}"] if m.is_flat else [_number(m.gec50), f"{m.h_gr:.2f}", f"{m.gr_aoc:.2f}"]
        )
        for place, word in zip(places, (name, *cells, _number(series.counts.ic50)), strict=True):
            figure.text(place / WIDTH, 1 - y / height, word, fontsize=6.5, va="top")


def _key(figure: Figure, left: float, right: float, y: float, style: dict[str, Any]) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([left / WIDTH, right / WIDTH], [y, y], linewidth=1.3, transform=figure.transFigure, **style)


def _number(value: float) -> str:
    return "not reached" if math.isinf(value) and value > 0 else ("below" if math.isinf(value) else f"{value:.3g}")


def _readout(axes: Any, found: DoseSeries, name: str) -> None:
    doses = np.array(found.doses.shown)
    high = 0.0
    for index, series in enumerate(found.series.values()):
        values, style = series.readouts[name], arm_style(index)
        if len(values) > 2:
            low, top = np.nanquantile(values[1:], [0.025, 0.975], axis=0)
            axes.fill_between(doses, low, top, color=style["color"], alpha=0.15, linewidth=0)
            high = max(high, float(np.nanmax(top)))
        axes.plot(doses, values[0], **style)
        high = max(high, float(np.nanmax(values[0])))
    _dose_axis(axes, found)
    unit = scaled(found.units[name], value_axis(axes, 0.0, high))
    axes.set_ylabel(f"{name.replace('_', ' ')} [{unit}]", labelpad=2)
    axes.set_title(f"{name} at {found.until:g} h")
