"""Numbers of all arms beside what they are ranked with: another quantity, or measured numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from pathway.network import circuit
from pathway.scenario.expectations import ranked_numbers
from pathway.scenario.experiment import Reading
from pathway.scenario.plain_words import format_number, interval_text
from pathway.scenario.result import Result, Verdict

from .labels import readable_name, unit_words
from .layout import RIGHT, Page, RowLabels, row_labels, wrap_text
from .style import FAINT, GREY

_ROW, _GAP, _NARROW = 0.15, 0.22, 0.95
"""Inches of a row, between two columns, and that a column is wide at least."""


def rankings(result: Result) -> list[list[Verdict]]:
    """Expectations that are rank correlations, those of one number together."""
    ranked = [verdict for verdict in result.verdicts if verdict.expectation.reading.how == "rank"]
    return [list(group) for _, group in groupby(ranked, key=lambda v: _own(v.expectation.reading))]


def _own(reading: Reading) -> Reading:
    """The reading without what it is ranked with."""
    return replace(reading, arms=(), partner="", measured=())


def draw_rankings(page: Page, result: Result) -> None:
    """For each number a block: its arms from the lowest up, and a column for each thing it is ranked with."""
    for verdicts in rankings(result):
        _block(page, result, verdicts)


def _block(page: Page, result: Result, verdicts: Sequence[Verdict]) -> None:
    own = _own(verdicts[0].expectation.reading)
    names = [name for name in result.arms if any(name in v.expectation.reading.arms for v in verdicts)]
    numbers = ranked_numbers(replace(own, arms=tuple(names), partner=own.quantity), result)[1]
    order = np.argsort(numbers, kind="stable")
    names, numbers = [names[k] for k in order], numbers[order]
    spans = [_span(result, name, own) for name in names]
    label = f"{readable_name(own.quantity)}, {unit_words(own.quantity, result.units.get(own.quantity, '1'))}"
    columns: list[_Column] = [("computed", label.removesuffix(", no unit"), numbers, spans)]
    columns += [_partner(result, verdict, names) for verdict in verdicts]
    beside = row_labels(names, 0.36 * page.width)
    per_row = page.fitting(len(columns), len(columns), beside.right + RIGHT - _GAP, _GAP, _NARROW)
    for first in range(0, len(columns), per_row):
        _columns(page, beside, columns[first : first + per_row])


_Column = tuple[str, str, np.ndarray, Sequence[tuple[float, float]]]
"""Title, label, a number for each row (nan: none), and what these lie between."""


def _partner(result: Result, verdict: Verdict, names: Sequence[str]) -> _Column:
    reading = verdict.expectation.reading
    other = dict(zip(reading.arms, ranked_numbers(reading, result)[0].tolist(), strict=True))
    values = np.array([other.get(name, math.nan) for name in names])
    by_whom = verdict.expectation.source or "no source"
    what = f"measured, {by_whom}" if reading.measured else readable_name(reading.partner)
    title = f"{what}, {len(reading.arms)} arms: rank correlation {format_number(verdict.value)}"
    if verdict.interval is not None:
        title += f" ({interval_text(verdict.interval)})"
    if reading.measured:
        label = "rank, from the lowest" if _are_ranks(other.values()) else "numbers of the source"
    else:
        label = unit_words(reading.partner, result.units.get(reading.partner, "1"))
    return title, label, values, ()


def _are_ranks(numbers: Iterable[float]) -> bool:
    """Whether numbers are 1, 2, 3 and so on in some order."""
    return all(place == number for place, number in enumerate(sorted(numbers), 1))


def _span(result: Result, arm: str, reading: Reading) -> tuple[float, float]:
    """Between what the middle 90 % of the ensemble lie; nan where that is not kept, or has no unit in common."""
    interval = result.interval(arm, reading.quantity) if reading.reduce == "end" else None
    if interval is not None:
        return interval.low, interval.high
    if result.ensemble is None or reading.quantity not in result.scenario.observables or reading.reduce != "end":
        return math.nan, math.nan
    if reading.quantity in circuit().in_arbitrary_units:
        return math.nan, math.nan
    low, _, high = result.ensemble.bands(arm, reading.quantity)[:, -1]
    return float(low), float(high)


def _columns(page: Page, names: RowLabels, columns: Iterable[_Column]) -> None:
    """Columns of points beside each other, the names of the rows at the left."""
    columns, row = list(columns), names.row_height(_ROW, 0.04)
    wide = (page.width - names.right - RIGHT - _GAP * (len(columns) - 1)) / len(columns)
    titles = [wrap_text(title, wide + 0.6 * _GAP, 7.0, bold=True) for title, *_ in columns]
    top = page.top + 0.06 + 0.13 * max(map(len, titles))
    tall, below = row * len(names.lines), 1
    for place, ((_, label, values, spans), title) in enumerate(zip(columns, titles, strict=True)):
        left = names.right + place * (wide + _GAP)
        _points(page.add_axes(left, top, wide, tall), values, spans, wide)
        for number, line in enumerate(reversed(title)):
            page.text(left, top - 0.075 - 0.13 * number, line, 7.0, weight="bold", va="center_baseline")
        below = max(below, page.label_below(label, left, wide, top + tall))
    page.label_rows(names, names.right - 0.09, top, row)
    page.top = top + tall + 0.24 + 0.125 * below


def _points(axes: Any, values: np.ndarray, spans: Sequence[tuple[float, float]], inches: float) -> None:
    rows = np.arange(len(values))
    axes.hlines(rows, 0, 1, transform=axes.get_yaxis_transform(), color=FAINT, linewidth=0.6, zorder=0)
    for row, span in zip(rows, spans, strict=False):
        axes.plot(span, [row, row], color=GREY, linewidth=0.8, marker="|", markersize=3)
    axes.plot(values, rows, "o", color="black", markersize=3.2, linestyle="none")
    axes.set_ylim(len(values) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.margins(x=0.06)
    whole = _are_ranks(values[np.isfinite(values)])
    steps = [1, 2, 5, 10] if whole else [1, 2, 2.5, 5, 10]
    axes.xaxis.set_major_locator(MaxNLocator(nbins=max(2, int(inches / 0.4)), steps=steps, integer=whole))
