"""The figure of a dose-response: GR over dose and over time, and what else was read."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator

from pathway.analysis.dose_series import ArmDoseResponse, DoseSeries
from pathway.numerals import plain_number

from .labels import readable_name, scaled_unit, unit_words
from .layout import LINE, Page, Panel, text_width, wrap_text
from .style import GREY, MARKERS, Figure, house_style, line_style, plain_number_ticks, split_curves, value_axis


def plot_dose_series(response: DoseSeries) -> Figure:
    """GR and relative count over dose for every arm, metrics as a table, each read-out a panel below.

    Points are simulated, lines the fitted curves, bands the middle 95 % of the draws. Many arms are shown in several
    rows of panels.
    """
    with house_style():
        page = Page(f"{response.doses.agent.name}: dose-response at {response.until:g} h")
        styles = [line_style(k) for k in range(len(response.series))]
        page.legend([(Line2D([], [], **style), name) for style, name in zip(styles, response.series, strict=True)])
        parts = [
            _Part(response, dict(zip(response.series, styles, strict=True)), part)
            for part in split_curves(list(response.series))
        ]
        for part in parts:
            top = page.panels([f"Growth rate, {response.since:g} to {response.until:g} h", "Relative count"], 2, 1.8)
            _gr(top[0], part)
            _counts(top[1], part)
        _metrics(page, response)
        names = list(next(iter(response.series.values())).readouts)
        titles = [f"GR until then, {response.doses.shown[-1]:g} {response.doses.unit}"]
        titles += [f"{readable_name(name)} at {response.until:g} h" for name in names]
        for part in parts:
            first, *others = page.panels(titles, 2 if len(titles) in (2, 4) else 3, 1.15)
            _over_time(first, part)
            for panel, name in zip(others, names, strict=True):
                _readout(panel, part, name)
        return page.cropped_figure()


class _Part(NamedTuple):
    """Arms of a dose-response that share panels, with the style of every arm."""

    response: DoseSeries
    styles: Mapping[str, dict[str, Any]]
    arms: Sequence[str]

    def series(self) -> Iterator[tuple[ArmDoseResponse, dict[str, Any], str]]:
        """Each with its style and marker."""
        order = list(self.styles)
        for arm in self.arms:
            yield self.response.series[arm], self.styles[arm], MARKERS[order.index(arm) % len(MARKERS)]


def _over_time(panel: Panel, part: _Part) -> None:
    """GR from the first dose until each time, at the highest dose."""
    axes, response = panel.axes, part.response
    for series, style, _ in part.series():
        axes.plot(response.times, series.gr_over_time[0, -1], **style)
    axes.set_xlim(response.since, response.until)
    axes.set_ylim(
        min(-0.05, 1.05 * min(float(np.nanmin(s.gr_over_time[0, -1])) for s in response.series.values())), 1.08
    )
    axes.axhline(0.0, color="black", linewidth=0.6, zorder=0)
    panel.x_label("time, hours")
    panel.y_label("GR")


def _dose_axis(panel: Panel, response: DoseSeries) -> None:
    panel.axes.set_xscale("log")
    panel.axes.xaxis.set_major_locator(LogLocator(numticks=max(3, int(panel.width / 0.42))))
    plain_number_ticks(panel.axes.xaxis)
    panel.x_label(f"{response.doses.agent.name}, {response.doses.unit}")


def _curves(axes: Any, part: _Part, values_of: Any, curve_of: Any) -> None:
    doses = np.array(part.response.doses.shown)
    fine = np.geomspace(doses[0], doses[-1], 200)
    for series, style, marker in part.series():
        values, curve = values_of(series), curve_of(series)
        if len(values) > 2:
            low, high = np.nanquantile(values[1:], [0.025, 0.975], axis=0)
            axes.fill_between(doses, low, high, color=style["color"], alpha=0.15, linewidth=0)
        axes.plot(doses, values[0], marker, color=style["color"], markersize=3.2, markerfacecolor="white", zorder=3)
        line = curve(fine) if curve is not None else np.full(len(fine), float(np.mean(values[0])))
        axes.plot(fine, line, **style)


def _gr(panel: Panel, part: _Part) -> None:
    axes, response = panel.axes, part.response
    _curves(axes, part, lambda s: s.gr, lambda s: s.metrics.curve.effect if s.metrics.curve else None)
    _dose_axis(panel, response)
    low = min(float(np.nanmin(s.gr)) for s in response.series.values())
    axes.set_ylim(min(-0.05, 1.05 * low), 1.08)
    axes.axhline(0.5, color=GREY, linewidth=0.6, linestyle=(0, (2, 2)), zorder=0)
    axes.axhline(0.0, color="black", linewidth=0.6, zorder=0)
    panel.y_label("GR (1: as control, 0: arrested)")


def _counts(panel: Panel, part: _Part) -> None:
    def curve(series: ArmDoseResponse) -> Any:
        from pathway.analysis.hill_curves import HillCurve

        metrics = series.counts
        return None if metrics.is_flat else HillCurve(1.0, metrics.plateau, metrics.ec50, metrics.slope).effect

    axes = panel.axes
    _curves(axes, part, lambda s: s.relative_count, curve)
    _dose_axis(panel, part.response)
    axes.set_ylim(0, 1.12)
    axes.axhline(0.5, color=GREY, linewidth=0.6, linestyle=(0, (2, 2)), zorder=0)
    panel.y_label("cells, of the control")


def _metrics(page: Page, response: DoseSeries) -> None:
    """A table: one row for each arm, the metrics as columns; on a narrow page, a line of words for each."""
    unit = response.doses.unit
    header = (f"GR50, {unit}", "GRmax", "GRinf", f"GEC50, {unit}", "slope", "AOC", f"IC50, {unit}")
    rows = [(name, _metrics_of(series)) for name, series in response.series.items()]
    if page.width < 6.0:
        for name, cells in rows:
            words = [f"{word.partition(',')[0]} {cell}" for word, cell in zip(header, cells, strict=True) if cell]
            page.lines(f"{name}: {', '.join(words)} (doses in {unit})")
        page.top += 0.1
        return
    widths = [max(map(text_width, column)) + 0.14 for column in zip(header, *(cells for _, cells in rows), strict=True)]
    name_width = page.width - 0.24 - sum(widths)
    for place, word in zip(_right_edges(name_width, widths), header, strict=True):
        page.text(place, page.top, word, color=GREY, ha="right", va="center_baseline")
    page.top += LINE
    for name, cells in rows:
        lines = wrap_text(name, name_width)
        for number, line in enumerate(lines):
            page.text(0.12, page.top + LINE * number, line, va="center_baseline")
        for place, cell in zip(_right_edges(name_width, widths), cells, strict=True):
            page.text(place, page.top, cell, ha="right", va="center_baseline")
        page.top += LINE * len(lines) + 0.03
    page.top += 0.1


def _right_edges(left: float, widths: Sequence[float]) -> list[float]:
    """Of columns, in inches."""
    return [0.12 + left + sum(widths[: k + 1]) for k in range(len(widths))]


def _metrics_of(series: ArmDoseResponse) -> tuple[str, ...]:
    m = series.metrics
    half = ("flat", "") if m.is_flat else (_number(m.gec50), f"{m.h_gr:.2f}")
    return (
        _number(m.gr50),
        f"{m.gr_max:.2f}",
        f"{m.gr_inf:.2f}",
        *half,
        f"{m.gr_aoc:.2f}",
        _number(series.counts.ic50),
    )


def _number(value: float) -> str:
    return (
        "not reached" if math.isinf(value) and value > 0 else ("below" if math.isinf(value) else plain_number(value, 3))
    )


def _readout(panel: Panel, part: _Part, name: str) -> None:
    axes, response = panel.axes, part.response
    doses, high = np.array(response.doses.shown), 0.0
    for series, style, _ in part.series():
        values = series.readouts[name]
        if len(values) > 2:
            low, top = np.nanquantile(values[1:], [0.025, 0.975], axis=0)
            axes.fill_between(doses, low, top, color=style["color"], alpha=0.15, linewidth=0)
            high = max(high, float(np.nanmax(top)))
        axes.plot(doses, values[0], **style)
        high = max(high, float(np.nanmax(values[0])))
    _dose_axis(panel, response)
    panel.y_label(scaled_unit(unit_words(name, response.units[name]), value_axis(axes, 0.0, high)))
