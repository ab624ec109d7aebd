"""Measurements of the experiments in the registry, read from a folder of tables.

A table may have the format of its set (`likelihood/sets.toml`; `FOLDER/SET/FILE` or `FOLDER/FILE`), or be plain:
`FOLDER/EXPERIMENT.csv` with line, condition, quantity, time_h and value, named as in the registry's own tables.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from calibration.likelihood import readers, screens
from calibration.likelihood.data import Datum
from calibration.likelihood.manifest import manifest
from calibration.likelihood.readers import line_called, rows_of

Key = tuple[str, str, str, float]
"""Line, condition, quantity, hours."""

PLATEAU = "plateau"
HALF_EFFECT = "half effect"


def measurements(name: str, one: Mapping[str, Any], folder: Path, lines: Sequence[str]) -> dict[Key, float]:
    """What was measured of an experiment in some lines; empty where no table is there.

    Parameters
    ----------
    name : str
        Of the experiment.
    one : mapping
        Its table in `registry/experiments.toml`.
    folder : Path
    lines : sequence of str
    """
    plain = folder / f"{name}.csv"
    readings = _plain(plain) if plain.is_file() else _as_filed(one, folder)
    return {key: value for key, value in readings.items() if key[0] in lines}


def key_of(row: Mapping[str, str]) -> Key:
    return row["line"], row["condition"], row["quantity"], rounded_hours(float(row["time_h"]))


def key_of_datum(datum: Datum) -> Key:
    return datum.line, datum.label, datum.quantity, rounded_hours(datum.time)


def rounded_hours(time: float) -> float:
    """Five digits: minutes over 60 find their way back from text."""
    return float(f"{time:.5g}")


def _plain(file: Path) -> dict[Key, float]:
    rows = rows_of(file)
    for place, row in enumerate(rows, start=2):
        missing = [c for c in ("line", "condition", "quantity", "time_h", "value") if not row.get(c)]
        if missing:
            raise SystemExit(
                f"{file}, line {place}: no {missing[0]}; expected line, condition, quantity, time_h, value"
            )
        if not line_called(row["line"]):
            raise SystemExit(f"{file}, line {place}: no cell line is called {row['line']!r}")
    return {key_of({**row, "line": line_called(row["line"])}): float(row["value"]) for row in rows}


def _as_filed(one: Mapping[str, Any], folder: Path) -> dict[Key, float]:
    about = {**manifest()["set"][one["set"]], **_widened(one)}
    readings: dict[Key, float] = {}
    for files, own in files_of(one["set"], about, folder):
        readings |= _READERS[one["form"]](files, {**about, **own}, one)
    return readings


def _widened(one: Mapping[str, Any]) -> dict[str, Any]:
    """What a reader of the set leaves out of the likelihood and the registry asks for."""
    return {"minutes": one["minutes"]} if "minutes" in one else {}


def files_of(name: str, about: Mapping[str, Any], folder: Path) -> Iterator[tuple[list[Path], dict[str, Any]]]:
    """Files that are there, with the spelled line where each line has a file of its own."""
    stems = [about["file"], *about.get("more_files", ())]
    for place in (folder / name, folder):
        if "{line}" in about["file"]:
            before, after = about["file"].split("{line}")
            for file in sorted(place.glob(f"{before}*{after}")):
                yield [file], {"lines": [file.name[len(before) : -len(after)]]}
        elif (place / stems[0]).is_file():
            yield [place / stem for stem in stems], {}
            return


def _data(read: readers.Reader) -> Callable[..., dict[Key, float]]:
    """The values of a reader's data."""

    def values(files: Sequence[Path], about: Mapping[str, Any], one: Mapping[str, Any]) -> dict[Key, float]:
        return {key_of_datum(datum): datum.value for datum in read(files, about, one["set"])[0]}

    return values


def _folds(files: Sequence[Path], about: Mapping[str, Any], one: Mapping[str, Any]) -> dict[Key, float]:
    if not files[-1].is_file():
        raise SystemExit(f"{files[-1]}: no such file; the folds of {files[0].name} need the raw levels beside them")
    return _data(readers.niepel_folds)(files, about, one)


def _counts(files: Sequence[Path], about: Mapping[str, Any], one: Mapping[str, Any]) -> dict[Key, float]:
    spelled = sorted({row["line"] for row in rows_of(files[0])})
    drug = one["label"].split()[0]
    others = {name: [] for name in about["drugs"]}
    wide = {**about, "lines": spelled, "doses": {**others, drug: one["nM"]}}
    return {
        (line, label, "growth", hours): value
        for (line, label, _, hours), value in _data(screens.inhibitor_screen)(files, wide, one).items()
    }


def growth_curves(rows: Iterable[Mapping[str, str]], drug: str) -> dict[str, dict[float, float]]:
    """GR over doses (nM), mean of the runs of each line."""
    seen: dict[str, dict[float, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        line = line_called(row["cell_line"])
        if line and row["drug"] == drug:
            seen[line][1e9 * float(row["concentration"])].append(float(row["GR_value_derived"]))
    return {line: {d: float(np.mean(v)) for d, v in sorted(by.items())} for line, by in seen.items()}


def plateau_of(doses: np.ndarray, curve: np.ndarray, about: Mapping[str, Any]) -> np.ndarray:
    """Mean of GR over the doses on the plateau; the curve's last axis is the dose."""
    flat = (doses >= about["plateau"]) & (doses < about["highest"])
    return np.asarray(curve[..., flat].mean(axis=-1))


def half_effect_of(doses: np.ndarray, curve: np.ndarray, plateau: float, least: float = 0.05) -> float:
    """Where GR first is half of the way to its plateau, log10 of nM; nan where it falls by less than `least`."""
    half = 0.5 * (1.0 + plateau)
    below = np.flatnonzero(curve <= half)
    if 1.0 - plateau < least or not len(below) or below[0] == 0:
        return float("nan")
    k = below[0]
    share = (curve[k - 1] - half) / (curve[k - 1] - curve[k])
    return float(np.log10(doses[k - 1]) + share * np.log10(doses[k] / doses[k - 1]))


def _growth(files: Sequence[Path], about: Mapping[str, Any], one: Mapping[str, Any]) -> dict[Key, float]:
    readings: dict[Key, float] = {}
    registered = np.array(one["nM"])
    for line, curve in growth_curves(rows_of(files[0]), about["drug"]).items():
        doses, values = np.array(list(curve)), np.array(list(curve.values()))
        for dose, value in curve.items():
            nearest = float(registered[np.argmin(np.abs(np.log(registered / dose)))])
            if abs(np.log(nearest / dose)) < 0.05:
                readings[line, one["label"].format(dose=nearest), "growth", 72.0] = value
        plateau = float(plateau_of(doses, values, about))
        readings[line, PLATEAU, "growth", 72.0] = plateau
        half = half_effect_of(doses, values, plateau)
        if np.isfinite(half):
            readings[line, HALF_EFFECT, "dose", 72.0] = half
    return readings


def _nothing(files: Sequence[Path], about: Mapping[str, Any], one: Mapping[str, Any]) -> dict[Key, float]:
    """Knock-downs have no table in the format of a set: plain ones only."""
    return {}


_READERS: Mapping[str, Callable[..., dict[Key, float]]] = {
    "ligand_folds": _folds,
    "both_ligands": _data(readers.bender_raw),
    "inhibited_folds": _data(readers.hpn_courses),
    "relative_counts": _counts,
    "growth_rates": _growth,
    "knock_downs": _nothing,
}
