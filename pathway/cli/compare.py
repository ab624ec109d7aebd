"""`pathway compare`: two runs side by side."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from . import console


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("compare", rich_help_panel="Results")(compare)


def compare(
    first: Annotated[Path, typer.Argument(help="Folder of a run")],
    second: Annotated[Path, typer.Argument(help="Folder of another")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object")] = False,
) -> int:
    """Show two runs side by side: settings, growth, readings, verdicts."""
    from . import DONE

    one, other = _summary(first), _summary(second)
    rows = list(_differences(one, other))
    settings = {str(first): one["provenance"]["settings"], str(second): other["provenance"]["settings"]}
    inputs = {str(p): s["provenance"]["inputs"] for p, s in ((first, one), (second, other))}
    same_inputs = one["provenance"]["inputs"] == other["provenance"]["inputs"]
    if as_json:
        keys = ("arm", "reading", "first", "second", "difference")
        console.print_json(
            {
                "first": str(first),
                "second": str(second),
                "inputs": inputs,
                "settings": settings,
                "rows": [dict(zip(keys, row, strict=True)) for row in rows],
                "courses": _largest_difference(first, second),
            }
        )
        return DONE
    console.print_line(f"{first}: {one['title']}", style="bold")
    console.print_line(f"{second}: {other['title']}", style="bold")
    console.print_line("The same input files." if same_inputs else "The input files differ.")
    for folder, changed in settings.items():
        if changed:
            console.print_line(f"{folder} was run with {', '.join('--set ' + c for c in changed)}")
    shown = [[row[0], row[1], *(console.number_text(v, 4) for v in row[2:])] for row in rows]
    console.print_table(["arm", "reading", first.name, second.name, "difference"], shown, numbers=(2, 3, 4))
    for name, (difference, place) in _largest_difference(first, second).items():
        console.print_line(f"{name}: the courses differ by at most {difference:.3g} ({place})")
    _only_in_one(one, other, first, second)
    return DONE


def _summary(folder: Path) -> dict[str, Any]:
    from . import BadInput

    try:
        content = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        return content if {"arms", "provenance", "title"} <= set(content) else content["not a run"]
    except (OSError, json.JSONDecodeError, KeyError, TypeError):
        raise BadInput(f"{folder}: no run is here. A run folder is what 'pathway run' writes") from None


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


def _only_in_one(one: Mapping[str, Any], other: Mapping[str, Any], first: Path, second: Path) -> None:
    for mine, yours, folder in ((one, other, first), (other, one, second)):
        missing = [name for name in mine["arms"] if name not in yours["arms"]]
        if missing:
            console.print_line(f"Only in {folder}: {', '.join(missing)}")


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
