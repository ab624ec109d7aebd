"""Two runs side by side, from the folders that they left: settings, growth, readings, courses."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pathway.folders import stored_bytes, stored_content, stored_json
from pathway.numerals import number_text, without_noise

from .output_folders import relative_place
from .report import DeferredFigure, JsonContent, Report, ReportOrigin, Table

RUN_COMPARISON, STORED = "comparison of runs", "run_comparison.json"
GROWTH_READINGS = ("GR", "% of untreated")
"""What the figure shows."""


@dataclass(frozen=True, eq=False, repr=False)
class RunComparison:
    """What two runs have in common and where they differ.

    Attributes
    ----------
    first, second : Path
        The folders.
    titles, settings : pair
        Of the first and the second.
    inputs : pair of mapping of file name to digest
    rows : list of (arm, reading, first, second, difference)
        Of arms that both have; None where one has no such number.
    courses : mapping of observable to (largest difference, where)
    alone : pair of list of str
        Arms that only one of them has.
    """

    first: Path
    second: Path
    titles: tuple[str, str]
    settings: tuple[list[str], list[str]]
    inputs: tuple[Mapping[str, str], Mapping[str, str]]
    rows: list[tuple[str, str, float | None, float | None, float | None]]
    courses: Mapping[str, tuple[float, str]]
    alone: tuple[list[str], list[str]]

    @property
    def names(self) -> tuple[str, str]:
        """Of the folders, as short as tells them apart."""
        one, other = self.first.name, self.second.name
        return (one, other) if one != other else (str(self.first), str(self.second))

    @property
    def sentences(self) -> list[str]:
        """What differs, in plain words: inputs, settings, the largest change of GR, courses, arms of one run alone."""
        one, other = self.names
        same = self.inputs[0] == self.inputs[1]
        sentences = [f"{one} and {other}: the {'same input files' if same else 'input files differ'}."]
        for name, changed in zip(self.names, self.settings, strict=True):
            if changed:
                sentences.append(f"{name} was run with {', '.join('--set ' + setting for setting in changed)}.")
        if moved := [row for row in self.rows if row[1] == "GR" and row[4] is not None]:
            arm, _, before, after, gap = max(moved, key=lambda row: abs(row[4] or 0.0))
            most = f"differs most in '{arm}': {before:.3g} and {after:.3g}" if gap else "is the same in every arm"
            sentences.append(f"GR {most}.")
        for name, (gap, where) in self.courses.items():
            apart = f"differ by at most {number_text(gap)} ({where})" if gap else "are the same"
            sentences.append(f"{name.removesuffix(' [1]')}: the courses {apart}.")
        for name, arms in zip(self.names, self.alone, strict=True):
            if arms:
                sentences.append(f"Only in {name}: {', '.join(arms)}.")
        return sentences

    def table(self) -> Table:
        """Arm, reading, both values and their difference."""
        one, other = self.names
        return ["arm", "reading", one, other, "difference"], [list(row) for row in self.rows]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        keys = ("arm", "reading", "first", "second", "difference")
        folders = (str(self.first), str(self.second))
        return {
            "first": folders[0],
            "second": folders[1],
            "inputs": dict(zip(folders, self.inputs, strict=True)),
            "settings": dict(zip(folders, self.settings, strict=True)),
            "rows": [dict(zip(keys, row, strict=True)) for row in self.rows],
            "courses": self.courses,
            "titles": list(self.titles),
            "alone": list(self.alone),
        }


def compare_runs(first: Path, second: Path) -> RunComparison:
    """Two runs side by side.

    Raises
    ------
    FolderError
        If a folder holds no run.
    """
    one, other = map(_read_run, (first, second))
    return RunComparison(
        first,
        second,
        (one.title, other.title),
        (one.settings, other.settings),
        (one.inputs, other.inputs),
        _without_noise(list(_differences(one, other))),
        _largest_difference(one, other),
        ([n for n in one.arms if n not in other.arms], [n for n in other.arms if n not in one.arms]),
    )


def stored_run_comparison(folder: Path) -> RunComparison:
    """The comparison that a folder holds; the runs need not be there any more.

    Raises
    ------
    FolderError
        If it holds none.
    """
    with stored_content(folder, "comparison of runs"):
        content = stored_json(folder, STORED)
        first, second = content["first"], content["second"]
        return RunComparison(
            Path(first),
            Path(second),
            _two(content["titles"], str),
            _two([content["settings"][place] for place in (first, second)], _texts),
            _two([content["inputs"][place] for place in (first, second)], dict),
            [_stored_row(row) for row in content["rows"]],
            {str(name): (float(largest), str(place)) for name, (largest, place) in content["courses"].items()},
            _two(content["alone"], _texts),
        )


def run_comparison_identity(first: Path, second: Path, out: Path) -> dict[str, Any]:
    """What tells such a comparison from others."""
    return {"first": relative_place(first, out), "second": relative_place(second, out)}


def run_comparison_report(comparison: RunComparison, out: Path) -> Report:
    """What a comparison leaves in the folder `out`."""
    from pathway.plotting.run_comparison_figure import plot_run_comparison

    c = comparison
    files = {f"{n}/result.json": (f / "result.json").read_bytes() for n, f in enumerate((c.first, c.second), 1)}
    growing = any(row[1] in GROWTH_READINGS and None not in row[2:4] for row in c.rows)
    caption = (
        "GR, and cells in percent of untreated, of arms that both runs have: open in the first, full in the second."
    )
    figures = {"figure": DeferredFigure(partial(plot_run_comparison, c), caption)} if growing else {}
    title = c.titles[0] if c.titles[0] == c.titles[1] else " | ".join(c.titles)
    return Report(
        kind=RUN_COMPARISON,
        identity=run_comparison_identity(c.first, c.second, out),
        title=f"Two runs compared: {title}",
        origin=ReportOrigin(files),
        tables={"differences": c.table()},
        figures=figures,
        sentences=c.sentences,
        content=JsonContent(STORED, c.to_dict()),
    )


@dataclass(frozen=True)
class _StoredRun:
    """What a folder of a run says, as far as it is compared.

    Attributes
    ----------
    readings : mapping of arm to mapping of reading to float or None
    courses : mapping of (arm, time) to mapping of observable to float
    """

    title: str
    settings: list[str]
    inputs: Mapping[str, str]
    arms: Mapping[str, Mapping[str, float | None]]
    courses: Mapping[tuple[str, str], Mapping[str, float]]


def _read_run(folder: Path) -> _StoredRun:
    with stored_content(folder, "run to compare"):
        result, table = stored_json(folder, "result.json"), stored_bytes(folder, "time_courses.csv").decode()
        origin = result["provenance"]
        arms = {name: _readings(arm) for name, arm in result["arms"].items()}
        return _StoredRun(
            str(result["title"]), _texts(origin["settings"]), dict(origin["inputs"]), arms, _courses(table)
        )


def _readings(arm: Mapping[str, Any]) -> dict[str, float | None]:
    readings = {"GR": arm["GR"], "% of control": arm["percent_of_control"]}
    readings |= {"% of untreated": arm.get("percent_of_untreated"), "cells, fold": arm["cell_number_fold"]}
    readings |= {f"{name}, end [{entry['unit']}]": entry["end"] for name, entry in arm["observables"].items()}
    return {name: _number(value) for name, value in readings.items()}


def _stored_row(row: Mapping[str, Any]) -> tuple[str, str, float | None, float | None, float | None]:
    first, second, difference = (_number(row[key]) for key in ("first", "second", "difference"))
    return str(row["arm"]), str(row["reading"]), first, second, difference


def _number(value: Any) -> float | None:
    """A number of a file, or none; what is neither is damage."""
    if value is not None and (isinstance(value, bool | str) or not math.isfinite(value)):
        raise ValueError(f"'{value}' is no number")
    return value


def _texts(values: Any) -> list[str]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError(f"'{values}' is no list of texts")
    return values


def _two(values: Any, of: Callable[[Any], Any]) -> tuple[Any, Any]:
    one, other = values
    return of(one), of(other)


def _differences(one: _StoredRun, other: _StoredRun) -> Any:
    for name in one.arms:
        if name in other.arms:
            left, right = one.arms[name], other.arms[name]
            for reading in left:
                if reading in right and not (left[reading] is None and right[reading] is None):
                    a, b = left[reading], right[reading]
                    yield name, reading, a, b, None if a is None or b is None else b - a


Row = tuple[str, str, float | None, float | None, float | None]


def _without_noise(rows: list[Row]) -> list[Row]:
    """0 for what only rounding keeps from zero, beside the largest number of the same reading."""
    largest: dict[str, float] = {}
    for _, reading, *numbers in rows:
        largest[reading] = max(largest.get(reading, 0.0), *(abs(v) for v in numbers if v is not None))

    def without_rounding(reading: str, value: float | None) -> float | None:
        return value if value is None else without_noise(value, largest[reading])

    return [
        (arm, name, without_rounding(name, a), without_rounding(name, b), without_rounding(name, gap))
        for arm, name, a, b, gap in rows
    ]


def _largest_difference(one: _StoredRun, other: _StoredRun) -> dict[str, tuple[float, str]]:
    """Of each observable in both runs, over arms and times they share: the largest difference and where it is."""
    left, right = one.courses, other.courses
    largest: dict[str, tuple[float, str]] = {}
    sizes: dict[str, float] = {}
    for key in left.keys() & right.keys():
        for name in left[key].keys() & right[key].keys():
            difference = abs(left[key][name] - right[key][name])
            sizes[name] = max(sizes.get(name, 0.0), abs(left[key][name]), abs(right[key][name]))
            if math.isfinite(difference) and difference >= largest.get(name, (-1.0, ""))[0]:
                largest[name] = difference, f"{key[0]}, {key[1]} h"
    return {name: (without_noise(gap, sizes[name]), where) for name, (gap, where) in sorted(largest.items())}


def _courses(table: str) -> dict[tuple[str, str], dict[str, float]]:
    rows = csv.DictReader(io.StringIO(table, newline=""))
    return {
        (row["arm"], row["time [h]"]): {k: float(v) for k, v in row.items() if k not in ("arm", "time [h]") and v}
        for row in rows
    }
