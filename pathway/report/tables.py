"""The tables of a run as CSV text; every header carries its unit."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pathway.scenario.result import Result
from pathway.scenario.run_plan import described


def csv_text(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Rows as CSV; numbers with 12 digits, an undefined number as nothing."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return stream.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.12g}" if math.isfinite(value) else ""
    return "" if value is None else str(value)


def arm_rows(result: Result) -> tuple[list[str], list[list[Any]]]:
    """One row for each arm: growth and cells."""
    header = ["arm", "cells", "GR [1]", "percent of control [%]", "percent of untreated [%]", "cell number fold [1]"]
    header += ["control", "GR since [h]"]
    rows = []
    for name, arm in result.arms.items():
        growth = arm.growth
        known = [growth.gr, growth.percent_of_control] if growth else [None, None]
        after = [growth.control, growth.since] if growth else [None, None]
        rows.append([name, described(arm.arm, result.scenario), *known, arm.percent_of_untreated, arm.fold, *after])
    return header, rows


def expectation_rows(result: Result) -> tuple[list[str], list[list[Any]]]:
    """One row for each expectation, with its verdict."""
    header = ["finding", "role", "claim", "source", "quantity", "value", "above", "below", "met", "reason"]
    rows = [[verdict.to_dict()[key] for key in header] for verdict in result.verdicts]
    return header, rows


def parameters_used(result: Result) -> tuple[list[str], list[list[Any]]]:
    """One row for each parameter of each cell line in the run, as used: with value, unit, source and confidence."""
    header = ["cells", "parameter", "value", "unit", "low", "high", "source", "confidence", "note"]
    rows: list[list[Any]] = []
    for cells in dict.fromkeys(arm.arm.cells for arm in result.arms.values()):
        for entry in entries_of(cells, result.scenario.file.parent).values():
            low, high = entry.range
            rows.append([Path(cells).stem, entry.name, float(entry.value), entry.unit, float(low), float(high)])
            rows[-1] += [entry.source, entry.confidence, entry.note]
    return header, rows


def entries_of(cells: str, folder: Path) -> Any:
    """Every parameter of a cell line with its source."""
    from pathway.scenario.shelf import line_of_cells

    return line_of_cells(cells, folder).entries
