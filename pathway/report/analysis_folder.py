"""The folder that an analysis leaves behind: inputs, numbers as JSON and CSV, figure, provenance."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pathway.folders import FolderError, json_text, new_folder
from pathway.scenario.experiment import Scenario

from .folder import RECORD, Figures, Say, identity_of, quiet, tell_kept, write_results
from .provenance import provenance
from .replay import TOLERANCE, Replay, changes
from .tables import csv_text


def write_analysis(
    name: str,
    scenario: Scenario,
    content: Mapping[str, Any],
    tables: Mapping[str, tuple[Sequence[str], Sequence[Sequence[Any]]]],
    figures: Figures,
    out: Path,
    command: Sequence[str],
    options: Mapping[str, Any],
    seed: int | None = None,
    force: bool = False,
    say: Say = quiet,
) -> dict[str, Any]:
    """Writes an analysis to `out`, all of it or nothing.

    Parameters
    ----------
    name : str
        "synergy", ...
    scenario : Scenario
    content : mapping
        The JSON form.
    tables : mapping of file stem to (header, rows)
    figures : mapping of file stem to callable
        That draws it.
    out : Path
        An earlier analysis of the same scenario with the same settings and options is replaced.
    command : sequence of str
        As typed.
    options : mapping
        What the analysis was asked, defaults filled in.
    seed : int, optional
    force : bool
        Another result is replaced, too.
    say : callable
        Is told of files that were kept and of figures that could not be drawn.

    Returns
    -------
    dict
        The provenance.

    Raises
    ------
    FolderError
        If `out` holds something else.
    """
    texts = {f"{name}.json": json_text(content)}
    texts |= {f"{stem}.csv": csv_text(header, rows) for stem, (header, rows) in tables.items()}
    inputs = scenario.inputs
    record = provenance(command, scenario.settings, inputs, seed)
    record = {**record, "analysis": name, "options": dict(options)}
    with new_folder(out, name, identity_of(scenario, out, options=dict(options)), force) as folder:
        write_results(folder, record, inputs, texts, figures, say=say)
    tell_kept(out, folder, say)
    return record


def is_analysis(folder: Path) -> bool:
    """Whether a folder says of itself that it holds an analysis."""
    try:
        return "analysis" in json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        return False


def read_analysis(folder: Path, known: Iterable[str]) -> tuple[dict[str, Any], dict[str, Any], Path]:
    """Provenance, JSON form and scenario file of an analysis, to repeat it.

    Raises
    ------
    FolderError
        If something is missing or the analysis is none of those known.
    """
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        name, scenario_file = record["analysis"], folder / "inputs" / next(iter(record["inputs"]))
        content = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        settings, options = record["settings"], record["options"]
    except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
        raise FolderError(f"{folder}: no analysis to repeat ({error})") from None
    if name not in known or not isinstance(options, dict) or not isinstance(settings, list):
        raise FolderError(f"{folder}: no analysis to repeat: {RECORD} speaks of '{name}'")
    if not scenario_file.is_file():
        raise FolderError(f"{folder}: no analysis to repeat: {scenario_file.name} is missing")
    return record, content, scenario_file


def compare_analysis(record: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]) -> Replay:
    """Two JSON forms of an analysis, number by number; each is measured against the largest of its list."""
    # As it would be read back: tuples become lists, keys text.
    new = json.loads(json.dumps(new))
    changed = tuple(changes(record, provenance(record["command"], record["settings"], {})))
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
