"""Two runs side by side, from the folders that they left: settings, growth, readings, courses."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pathway.folders import FolderError

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
        moved = [row for row in self.rows if row[1] == "GR" and row[4] is not None]
        if moved:
            arm, _, before, after, _ = max(moved, key=lambda row: abs(row[4] or 0.0))
            sentences.append(f"GR differs most in '{arm}': {before:.3g} and {after:.3g}.")
        sentences += [
            f"{n.removesuffix(' [1]')}: the courses differ by at most {d:.3g} ({where})."
            for n, (d, where) in self.courses.items()
        ]
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
    one, other = _read_run(first), _read_run(second)
    alone = tuple([n for n in mine["arms"] if n not in yours["arms"]] for mine, yours in ((one, other), (other, one)))
    return RunComparison(
        first,
        second,
        (one["title"], other["title"]),
        (one["provenance"]["settings"], other["provenance"]["settings"]),
        (one["provenance"]["inputs"], other["provenance"]["inputs"]),
        list(_differences(one, other)),
        _largest_difference(first, second),
        (alone[0], alone[1]),
    )


def stored_run_comparison(folder: Path) -> RunComparison:
    """The comparison that a folder holds; the runs need not be there any more.

    Raises
    ------
    FolderError
        If it holds none.
    """
    try:
        found = json.loads((folder / STORED).read_text(encoding="utf-8"))
        first, second = found["first"], found["second"]
        return RunComparison(
            Path(first),
            Path(second),
            tuple(found["titles"]),
            (found["settings"][first], found["settings"][second]),
            (found["inputs"][first], found["inputs"][second]),
            [tuple(row.values()) for row in found["rows"]],
            found["courses"],
            tuple(found["alone"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FolderError(f"{folder}: no comparison of runs is here ({error})") from None


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


def _read_run(folder: Path) -> dict[str, Any]:
    try:
        content = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        return content if {"arms", "provenance", "title"} <= set(content) else content["not a run"]
    except (OSError, json.JSONDecodeError, KeyError, TypeError):
        raise FolderError(f"{folder}: no run is here. A run folder is what 'pathway run' writes") from None


def _readings(arm: Mapping[str, Any]) -> dict[str, float | None]:
    readings = {"GR": arm["GR"], "% of control": arm["percent_of_control"]}
    readings |= {"% of untreated": arm.get("percent_of_untreated"), "cells, fold": arm["cell_number_fold"]}
    readings |= {f"{name}, end [{entry['unit']}]": entry["end"] for name, entry in arm["observables"].items()}
    return readings


def _differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> Any:
    for name in one["arms"]:
        if name in other["arms"]:
            left, right = _readings(one["arms"][name]), _readings(other["arms"][name])
            for reading in left:
                if reading in right and not (left[reading] is None and right[reading] is None):
                    a, b = left[reading], right[reading]
                    yield name, reading, a, b, None if a is None or b is None else b - a


def _largest_difference(first: Path, second: Path) -> dict[str, tuple[float, str]]:
    """Of each observable in both runs, over arms and times they share: the largest difference and where it is."""
    left, right = _courses(first), _courses(second)
    largest: dict[str, tuple[float, str]] = {}
    for key in left.keys() & right.keys():
        for name in left[key].keys() & right[key].keys():
            difference = abs(left[key][name] - right[key][name])
            if math.isfinite(difference) and difference >= largest.get(name, (-1.0, ""))[0]:
                largest[name] = difference, f"{key[0]}, {key[1]} h"
    return {name: largest[name] for name in sorted(largest)}


def _courses(folder: Path) -> dict[tuple[str, str], dict[str, float]]:
    with open(folder / "time_courses.csv", newline="", encoding="utf-8") as stream:
        rows = csv.DictReader(stream)
        return {
            (row["arm"], row["time [h]"]): {k: float(v) for k, v in row.items() if k not in ("arm", "time [h]") and v}
            for row in rows
        }
