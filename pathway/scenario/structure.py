"""Mistakes of shape, in words: what pydantic finds, said the way a colleague would."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from pathway.errors import did_you_mean

from . import schema
from .mistakes import quoted_list
from .remedies import instead_of_key, instead_of_list

Path = tuple[str | int, ...]

SECTIONS: Mapping[Path, type[BaseModel]] = {
    (): schema.ScenarioFile,
    ("time",): schema.TimeSection,
    ("dose", "*"): schema.Dose,
    ("medium",): schema.TimedMedium,
    ("growth_rate",): schema.GrowthRate,
    ("arm", "*"): schema.Arm,
    ("arm", "*", "changes", "*"): schema.Timed,
    ("arm", "*", "knock_down", "*"): schema.TimedKnockDown,
    ("arm", "*", "medium"): schema.TimedMedium,
    ("show",): schema.Show,
    ("data",): schema.Data,
    ("data", "*"): schema.Data,
    ("fit",): schema.Fit,
    ("fit", "parameter", "*"): schema.FitParameter,
    ("fit", "parameter", "*", "prior"): schema.Prior,
    ("fit", "observable", "*"): schema.FitObservable,
    ("expect", "*"): schema.Expect,
    ("expect", "*", "over"): schema.Reading,
}
"""The tables of a scenario file by their paths; "*" stands for a name or a place in a list."""

_EXAMPLES = {
    "amount": '"50 nM"',
    "at": '"24 h"',
    "end": '"120 h"',
    "record_every": '"1 h"',
    "every": '"72 h"',
    "until": '"72 h"',
    "from": '"0 h"',
    "by": '"80 %"',
    "to": '"0.1 x"',
    "cells": '"bt474"',
    "medium": '"serum-free"',
    "agent": '"trastuzumab"',
    "title": '"What is asked"',
    "name": '"untreated"',
    "file": '"my_blots.csv"',
    "normalize": '"loading"',
    "range": '["0.1 1/h", "10 1/h"]',
}


def structural_mistakes(document: Mapping[str, Any]) -> list[tuple[Path, str]]:
    """Path and text of every mistake of shape; empty if the document is a scenario."""
    try:
        schema.ScenarioFile.model_validate(document)
    except ValidationError as error:
        return _one_for_each_place(error.errors(include_url=False), document)
    return []


def _one_for_each_place(entries: Iterable[Any], document: Mapping[str, Any]) -> list[tuple[Path, str]]:
    """One complaint for each place: of a union's branches, about the one that the author chose."""
    best: dict[Path, tuple[bool, Path, str]] = {}
    for entry in entries:
        path, value, fits = _path(entry["loc"], document)
        if path not in best or (fits and not best[path][0]):
            best[path] = (fits, *_translated(entry, path, value))
    chosen = [place for place, (fits, _, _) in best.items() if fits]
    # A complaint about a branch not chosen counts only where nothing else is said about the place or what is inside.
    kept = [p for p in best if best[p][0] or not any(c[: len(p)] == p or p[: len(c)] == c for c in chosen)]
    return [best[place][1:] for place in kept]


def _translated(entry: Any, path: Path, value: Any) -> tuple[Path, str]:
    kind, name = entry["type"], path[-1] if path else ""
    if kind == "missing":
        return path[:-1] if path[:-1] else (), _missing(path)
    if kind == "extra_forbidden":
        section = _section(path[:-1])
        known = [f.alias or key for key, f in section.model_fields.items()] if section else []
        remedy = did_you_mean(str(name), known) or instead_of_key(section.__name__ if section else "", str(name))
        return path, f"unknown key '{name}'{_where(path[:-1])}.{remedy} Known keys: {', '.join(known)}"
    if kind == "literal_error":
        words = [w.strip(" '") for w in entry["ctx"]["expected"].replace(" or ", ", ").split(",")]
        return path, f"{name} = {_shown(value)} is not one of {quoted_list(words)}.{did_you_mean(str(value), words)}"
    if kind in ("string_type", "float_type", "int_type"):
        return path, _wrong_type(path, value, kind)
    if kind == "too_long":
        return path, f"{_label(path)} must hold two entries: the lowest and the highest value"
    if kind in ("too_short", "greater_than_equal"):
        wanted = "two entries: the lowest and the highest value" if path[-1] == "range" else "at least one entry"
        return path, f"{_label(path)} must hold {wanted}" if kind == "too_short" else f"{name} must be at least 1"
    if path[-1:] and path[-1] in ("doses", "of", "observables"):
        return path, f"{name} = {_shown(value)} is not a list{_list_hint(path, value)}"
    expected = {"dict_type": "a table", "model_type": "a table", "list_type": "a list"}.get(kind, entry["msg"].lower())
    return path, f"{_label(path)} is {_shown(value)}, expected {expected}{_list_hint(path, value)}"


def _path(place: tuple[str | int, ...], document: Any) -> tuple[Path, Any, bool]:
    """The path in the document, its value, and whether the complaint is about the branch that the author chose.

    pydantic puts the names of a union's branches into the place; a value that is a table is only judged as a table.
    """
    path: list[str | int] = []
    value: Any = document
    fits = True
    for index, part in enumerate(place):
        if isinstance(value, list) and isinstance(part, int):
            value = value[part]
            path.append(part)
        elif isinstance(value, dict) and part in value:
            value = value[part]
            path.append(part)
        elif (kind := _branch(part)) is not None:
            fits = fits and isinstance(value, kind)
        elif index == len(place) - 1:
            path.append(part)
    return tuple(path), value, fits


_SCALARS = ("str", "int", "float", "constrained-str")
_TABLES = {section.__name__ for section in SECTIONS.values()}


def _branch(part: str | int) -> type | tuple[type, ...] | None:
    """What a value must be for the branch of a union that pydantic names so; None if the part names no branch."""
    if part in _TABLES:
        return dict
    if isinstance(part, str) and part.startswith(("list[", "dict[")):
        return list if part.startswith("list[") else dict
    return (str, int, float) if part in _SCALARS or str(part).startswith("literal[") else None


def _section(path: Path) -> type[BaseModel] | None:
    for pattern, section in SECTIONS.items():
        if len(pattern) == len(path) and all(a in ("*", b) for a, b in zip(pattern, path, strict=True)):
            return section
    return None


def _missing(path: Path) -> str:
    name = path[-1]
    if path == ("arm",):
        return "there is no arm; add at least [[arm]] with a name"
    if path == ("time",):
        return '[time] is missing; expected [time] with end = "120 h"'
    known = _EXAMPLES | {"to": '"serum-free"'} if path[-2:-1] == ("medium",) else _EXAMPLES
    example = f"; expected for example {name} = {known[str(name)]}" if name in known else ""
    return f"{_label(path[:-1])} has no '{name}'{example}"


def _wrong_type(path: Path, value: Any, kind: str) -> str:
    # An entry of a list is called after the list.
    name = next((part for part in reversed(path) if isinstance(part, str)), "")
    if kind == "string_type" and isinstance(value, int | float) and not isinstance(value, bool):
        example = _EXAMPLES.get(name, '"80 %"' if "knock_down" in path else '"0.1 x"')
        if name in ("parameters", "hold_out", "doses", "of", "observables"):
            return f"{name} holds the number {value}; expected names in quotes"
        if name in ("name", "title", "cells", "agent", "file", "normalize", "medium"):
            return f"{name} = {value} is a number; expected text such as {example}"
        return f"{name} = {value} has no unit; expected text with a unit such as {example}"
    wanted = {"string_type": "text", "float_type": "a number", "int_type": "a whole number"}[kind]
    return f"{name} = {_shown(value)} is not {wanted}{instead_of_list(name) if isinstance(value, list) else ''}"


def _list_hint(path: Path, value: Any) -> str:
    if path in (("arm",), ("expect",)) and isinstance(value, dict):
        return f"; write [[{path[0]}]] with two brackets"
    if path and path[-1] in ("doses", "of", "observables") and isinstance(value, str):
        return f'; write {path[-1]} = ["{value}"]'
    return ""


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    text = repr(value) if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _where(path: Path) -> str:
    return f" in {_label(path)}" if path else ""


def _label(path: Path) -> str:
    """How the author would name the place: [dose.t], arm 'both', expectation 2."""
    if not path:
        return "the file"
    if len(path) >= 2 and path[0] in ("arm", "expect", "data") and isinstance(path[1], int):
        word = f"[[{path[0]}]]"
        rest = "".join(f", {part}" for part in path[2:])
        return f"{word} number {path[1] + 1}{rest}"
    return f"[{'.'.join(str(part) for part in path)}]"
