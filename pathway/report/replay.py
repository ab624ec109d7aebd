"""A run or an analysis repeated from its folder and compared."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pathway.errors import InputError
from pathway.folders import FolderError, stored_bytes, stored_content
from pathway.scenario import built_in_laboratory, read_scenario, run_scenario
from pathway.scenario.ensembles import CALIBRATED, PRIOR, WEIGHTS, open_parameter_sets
from pathway.scenario.members import result_with_members
from pathway.scenario.result import Result
from pathway.scenario.sampled_cell_lines import ParameterSets

from .provenance import provenance
from .record import first_input, read_record
from .tables import band_table, csv_text
from .write import COURSES

BANDS = "bands.csv"
TOLERANCE = 1e-6
"""Relative difference allowed between machines and versions, of each column's largest value."""


@dataclass(frozen=True)
class Replay:
    """What a repetition has shown.

    Attributes
    ----------
    verdict : str
        "identical", "agrees" (within 1e-6) or "differs".
    first_difference : str or None
        Arm, time and column of the first value that differs by more, with both values.
    largest : float
        Largest relative difference.
    changed : tuple of str
        What is not as it was: versions, processor, the circuit's numbers.
    """

    verdict: str
    first_difference: str | None
    largest: float
    changed: tuple[str, ...]


def replay(folder: Path) -> Replay:
    """Repeats the run in `folder` from its own inputs.

    Raises
    ------
    FolderError
        If the folder holds no run.
    ScenarioError
        If its scenario can no longer be read.
    """
    record, stored, scenario_file = _opened(folder)
    result = _run(record, scenario_file)
    changed = provenance_changes(record, provenance(record["command"], record["settings"], {}))
    pairs = [(stored, csv_text(*result.columns()))]
    sets, missing = _ensemble_of(record, folder)
    if sets is not None and (folder / BANDS).is_file():
        rerun = result_with_members(result, built_in_laboratory(), sets)
        with stored_content(folder, "run to repeat"):
            pairs.append((stored_bytes(folder, BANDS).decode(), csv_text(*band_table(rerun))))
    with stored_content(folder, "table to compare with"):
        comparisons = [(0.0, None) if old == new else _compare(_rows(old), _rows(new)) for old, new in pairs]
    largest = max(distance for distance, _ in comparisons)
    difference = next((words for _, words in comparisons if words), None)
    same = all(old == new for old, new in pairs)
    verdict = "differs" if difference else "identical" if same else "agrees"
    return Replay(verdict, difference, largest, (*changed, *missing))


def repeated_run(folder: Path) -> Result:
    """The run in `folder` once more, from its own inputs, with the members that it took; raises as `replay`."""
    record, _, scenario_file = _opened(folder)
    sets, _ = _ensemble_of(record, folder)
    result = _run(record, scenario_file)
    return result if sets is None else result_with_members(result, built_in_laboratory(), sets)


def _run(record: Mapping[str, Any], scenario_file: Path) -> Result:
    settings = record.get("settings_of_inputs", record["settings"])
    return run_scenario(read_scenario(scenario_file, settings, here=scenario_file.parent))


def _ensemble_of(record: Mapping[str, Any], folder: Path) -> tuple[ParameterSets | None, list[str]]:
    """The members that a run took, and what is not as it was: then only the chosen numbers are compared."""
    stored = record.get("ensemble")
    if stored is None:
        return None, []
    kind = stored["kind"]
    word = kind if kind in (CALIBRATED, PRIOR) else str(folder / "inputs" / Path(kind).name)
    try:
        sets = open_parameter_sets(built_in_laboratory().model, word, stored["weights"] or WEIGHTS[0], stored["limit"])
    except InputError as error:
        return None, [f"the ensemble ({error})"]
    if sets.origin.digest != stored["hash"]:
        return None, [f"the ensemble {stored['hash'][:12]} -> {sets.origin.digest[:12]}"]
    return sets, []


def _opened(folder: Path) -> tuple[dict[str, Any], str, Path]:
    """Provenance, stored table and scenario file of a run folder."""
    with stored_content(folder, "run to repeat"):
        record, stored = read_record(folder), stored_bytes(folder, COURSES).decode()
        scenario_file = first_input(folder, record)
    if scenario_file.suffix != ".toml":
        raise FolderError(
            f"{folder}: this is the run of a model file; run it again with: {' '.join(record['command'])}"
        )
    return record, stored, scenario_file


def provenance_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What is not as it was, from the provenance of then and now."""
    changes = [
        f"{key} {old.get(key)} -> {new[key]}" for key in ("pathway", "python", "system") if old.get(key) != new[key]
    ]
    for name, version in new["packages"].items():
        before = old.get("packages", {}).get(name)
        if before != version:
            changes.append(f"{name} {before} -> {version}")
    if old.get("circuit") != new["circuit"]:
        changes.append("the circuit's reactions or numbers")
    if old.get("cpu") != new["cpu"]:
        changes.append("processor")
    return changes


def _rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def _compare(old: list[list[str]], new: list[list[str]]) -> tuple[float, str | None]:
    """Largest relative difference, and the first that is too large in words."""
    if old[0] != new[0]:
        return math.inf, f"the columns: {', '.join(old[0])} before, {', '.join(new[0])} now"
    if len(old) != len(new):
        return math.inf, f"the number of rows: {len(old) - 1} before, {len(new) - 1} now"
    scales = [max((abs(_number(row[c]) or 0.0) for row in old[1:]), default=0.0) for c in range(len(old[0]))]
    largest, first = 0.0, None
    for before, now in zip(old[1:], new[1:], strict=True):
        for column, (a, b) in enumerate(zip(before, now, strict=True)):
            distance = _distance(a, b, scales[column])
            largest = max(largest, distance)
            if distance > TOLERANCE and first is None:
                first = (
                    f"arm '{before[0]}', {before[1]} h, {old[0][column]}: {a or 'nothing'} before, {b or 'nothing'} now"
                )
    return largest, first


def _distance(a: str, b: str, scale: float) -> float:
    if a == b:
        return 0.0
    first, second = _number(a), _number(b)
    if first is None or second is None:
        return math.inf
    return abs(first - second) / max(scale, 1e-300)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


# Analyses


def compare_analysis(record: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]) -> Replay:
    """Two JSON forms of an analysis, number by number; each is measured against the largest of its list."""
    # As it would be read back: tuples become lists, keys text.
    new = json.loads(json.dumps(new))
    changed = tuple(provenance_changes(record, provenance(record["command"], record["settings"], {})))
    largest, first = 0.0, None
    for place, before, now, scale in _pairs("", old, new, 0.0):
        same = before == now
        if not same and isinstance(before, float | int) and isinstance(now, float | int):
            distance = abs(before - now) / max(scale, abs(before), 1e-12)
        else:
            distance = 0.0 if same or (isinstance(before, str) and isinstance(now, str)) else math.inf
        largest = max(largest, distance)
        if distance > TOLERANCE and first is None:
            first = f"{place}: {before} before, {now} now"
    verdict = "differs" if first else ("identical" if old == new else "agrees")
    return Replay(verdict, first, largest, changed)


def _pairs(place: str, old: Any, new: Any, scale: float) -> Iterator[tuple[str, Any, Any, float]]:
    """Leaves of two JSON trees side by side, with the largest number of the list they stand in."""
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        for name in old:
            yield from _pairs(f"{place}.{name}".lstrip("."), old[name], new[name], 0.0)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        size = max((abs(v) for v in old if isinstance(v, float | int)), default=scale)
        for index, (before, now) in enumerate(zip(old, new, strict=True)):
            yield from _pairs(f"{place}[{index}]", before, now, size)
    else:
        yield place, old, new, scale
