"""The tables of a run as CSV text; every header carries its unit."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pathway.network import circuit
from pathway.scenario.ensemble_result import INTERVALS
from pathway.scenario.result import ArmResult, Result, header_with_unit
from pathway.scenario.run_plan import describe_cells
from pathway.scenario.weighted import WeightedInterval

from .report import Table

_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
_QUANTITY = re.compile(r"[+-](\d+\.?\d*|\.\d+)(e[+-]?\d+)?( ?[a-zA-Z%\u00b5]+)?|[+-](inf|nan)")


def csv_text(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Rows as CSV; numbers with 12 digits, an undefined number as nothing."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(map(spreadsheet_safe, header))
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return stream.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.12g}" if math.isfinite(value) else ""
    return "" if value is None else spreadsheet_safe(str(value))


def spreadsheet_safe(text: str) -> str:
    """The text as a spreadsheet shows it instead of computing it: behind an apostrophe where it begins like a formula.

    Numbers stay as they are, and so do numbers with a unit ("-72 h").
    """
    if not text.startswith(_FORMULA_SIGNS) or _QUANTITY.fullmatch(text):
        return text
    return f"'{text}"


def arm_table(result: Result) -> Table:
    """One row for each arm: growth and cells; over an ensemble, median and the middle 90 % of each."""
    header = ["arm", "cells", "GR [1]", "percent of control [%]", "percent of untreated [%]", "cell number fold [1]"]
    header += ["control", "GR since [h]"]
    rows = []
    for name, arm in result.arms.items():
        growth = arm.growth
        known = [growth.gr, growth.percent_of_control] if growth else [None, None]
        after = [growth.control, growth.since] if growth else [None, None]
        rows.append(
            [name, describe_cells(arm.arm, result.scenario), *known, arm.percent_of_untreated, arm.fold, *after]
        )
        if result.ensemble:
            rows[-1] += [v for quantity in INTERVALS for v in _quantiles(result.interval(name, quantity))]
    if result.ensemble:
        words = dict(zip(INTERVALS, header[2:6], strict=True))
        header += [f"{words[quantity].replace(' [', f' {q} [')}" for quantity in INTERVALS for q in QUANTILES]
    return header, rows


QUANTILES = ("5 %", "median", "95 %")
"""Of the weight of an ensemble."""


def _quantiles(interval: WeightedInterval | None) -> list[float | None]:
    return [None] * 3 if interval is None else [interval.low, interval.median, interval.high]


def band_table(result: Result) -> Table:
    """One row for each arm and time: between what the middle 90 % of an ensemble lie, and the median, of each shown
    observable; not of what is in arbitrary units, in which members cannot be compared."""
    names = [name for name in result.scenario.observables if name not in circuit().in_arbitrary_units]
    header = ["arm", "time [h]"]
    header += [header_with_unit(name, result.units).replace(" [", f" {q} [") for name in names for q in QUANTILES]
    rows: list[list[Any]] = []
    for arm in result.arms if result.ensemble else ():
        bands = [band for name in names for band in result.ensemble.bands(arm, name)]  # type: ignore[union-attr]
        rows += [[arm, *map(float, row)] for row in np.column_stack([result.times, *bands])]
    return header, rows


def expectation_table(result: Result) -> Table:
    """One row for each expectation, with its verdict."""
    header = ["finding", "role", "claim", "source", "quantity", "value", "above", "below", "met", "reason"]
    rows = [[verdict.to_dict()[key] for key in header] for verdict in result.verdicts]
    if result.ensemble:
        header += ["share of ensemble", *QUANTILES]
        for row, verdict in zip(rows, result.verdicts, strict=True):
            row += [verdict.share_of_ensemble, *_quantiles(verdict.interval)]
    return header, rows


@dataclass(frozen=True, eq=False)
class SharedParameterSet:
    """Arms that were run with the same numbers.

    Attributes
    ----------
    name : str
        The line, and where arms of one line differ, which arms.
    cells : str
        The line's name.
    arms : tuple of str
    first : ArmResult
        One of them.
    """

    name: str
    cells: str
    arms: tuple[str, ...]
    first: ArmResult

    def value(self, name: str) -> float:
        """What a parameter was."""
        return float(self.first.parameters[self.first.model.parameter_index(name)])

    def usual(self, name: str) -> float:
        """What it is in the line."""
        return float(self.first.usual[self.first.model.parameter_index(name)])


def shared_parameter_sets(result: Result) -> list[SharedParameterSet]:
    """The different sets of numbers of a run, in the order of its arms."""
    groups: dict[tuple[str, bytes], list[str]] = {}
    for name, arm in result.arms.items():
        groups.setdefault((arm.arm.cells, arm.parameters.tobytes()), []).append(name)
    lines = [cells for cells, _ in groups]
    sets = []
    for (cells, _), arms in groups.items():
        stem = Path(cells).stem
        name = stem if lines.count(cells) == 1 else f"{stem} ({'; '.join(arms)})"
        sets.append(SharedParameterSet(name, stem, tuple(arms), result.arms[arms[0]]))
    return sets


def parameters_used(result: Result) -> Table:
    """One row for each parameter of each set of numbers in the run, as used: value, unit, source and confidence.

    Where the scenario has changed a number, the line's own stands beside it; range and source are of the line's own.
    Where calibration has moved that, source, confidence and note tell of the number before.
    """
    header = ["cells", "arms", "parameter", "value", "unit", "value of the line", "low", "high"]
    header += ["before calibration", "source", "confidence", "note"]
    rows: list[list[Any]] = []
    for shared in shared_parameter_sets(result):
        for name, entry in shared.first.entries.items():
            value, usual = shared.value(name), shared.usual(name)
            low, high = entry.range
            rows.append([shared.cells, "; ".join(shared.arms), name, value, entry.unit])
            rows[-1] += [usual if usual != value else None, float(low), float(high), entry.stated]
            rows[-1] += [entry.source, entry.confidence, entry.note]
    return header, rows
