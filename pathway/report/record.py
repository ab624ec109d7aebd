"""What a folder says of where its result came from, read again: others may have changed it."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pathway.files import DAMAGE, is_inside_folder
from pathway.folders import stored_json

from .write import RECORD

_ENSEMBLE: Mapping[str, tuple[type, ...]] = {
    "kind": (str,),
    "hash": (str,),
    "weights": (str, type(None)),
    "limit": (int, type(None)),
}


def is_folder_of(kind: str, folder: Path) -> bool:
    """Whether a folder says of itself that it holds an "analysis" or a "cohort"."""
    try:
        return kind in stored_json(folder, RECORD)
    except DAMAGE:
        return False


def read_record(folder: Path) -> dict[str, Any]:
    """The provenance that `write_report` wrote into a folder; to be read inside `folders.stored_content`.

    Raises
    ------
    errors in `files.DAMAGE`
        If it is not there, or something else.
    """
    record = stored_json(folder, RECORD)
    for key in ("command", "settings", "settings_of_inputs"):
        value = record.get(key, [])
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise ValueError(f"'{key}' in {RECORD} is no list of texts")
    if not isinstance(record["inputs"], dict) or not isinstance(record.get("packages", {}), dict):
        raise ValueError(f"'inputs' or 'packages' in {RECORD} is no table")
    members = record.get("ensemble")
    if members is not None and not all(isinstance(members[key], kinds) for key, kinds in _ENSEMBLE.items()):
        raise ValueError(f"'ensemble' in {RECORD} is not what a run takes")
    return dict(record)


def first_input(folder: Path, record: Mapping[str, Any]) -> Path:
    """The copy of the file that a result is of; raises as `input_files`."""
    return _input_file(folder, next(iter(record["inputs"]), ""))


def input_files(folder: Path, record: Mapping[str, Any]) -> list[Path]:
    """The copies of all files that a result is of; they lie in the folder, whatever the record says.

    Raises
    ------
    errors in `files.DAMAGE`
        If the record names none, or one is not there.
    """
    return [_input_file(folder, name) for name in record["inputs"] or ("",)]


def _input_file(folder: Path, name: str) -> Path:
    place = folder / "inputs" / name
    if not name or not is_inside_folder(place, folder / "inputs"):
        raise ValueError(f"{RECORD} names no input file")
    if not place.is_file():
        raise FileNotFoundError(errno.ENOENT, "there is no such file", f"inputs/{name}")
    return place
