"""`--set KEY=VALUE`: a scenario changed from the command line without editing its file."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from pathway.errors import did_you_mean

from .inputs import typed_path
from .mistakes import Mistake

TIMES = {"end", "record_every"}


def document_with_settings(
    document: dict[str, Any], settings: Sequence[str], parameters: Collection[str], here: Path | None = None
) -> tuple[dict[str, Any], dict[tuple[str | int, ...], str], list[Mistake]]:
    """The document changed, where each changed path came from, and settings that could not be understood.

    A key is a path ("dose.trastuzumab.amount", "arm.both.cells"), the name of a dose ("dose.trastuzumab": its amount)
    or of a parameter (changed in every arm). A file of cells is looked for from `here`, the current folder unless told
    otherwise, and beside the scenario if there is none: what is typed is meant from where one stands.
    """
    changed = deepcopy(document)
    origins: dict[tuple[str | int, ...], str] = {}
    mistakes = []
    for setting in settings:
        key, sign, text = setting.partition("=")
        place = f"--set {setting}"
        if not sign or not key.strip():
            mistakes.append(Mistake(place, "expected KEY=VALUE, for example dose.trastuzumab.amount='1 ug/mL'"))
            continue
        if _is_lonely(key.strip(), document, parameters):
            near = did_you_mean(key.strip(), [*parameters, *TIMES, "cells"])
            mistakes.append(Mistake(place, f"no parameter and no key is called '{key.strip()}'.{near}"))
            continue
        complaint = _no_such_dose(key, settings, document)
        if complaint:
            mistakes.append(Mistake(place, complaint))
            continue
        parts = _full_key([part.strip().strip('"') for part in key.split(".")], changed, parameters)
        value = _value(text.strip())
        if parts[-1] == "cells" and isinstance(value, str) and value.endswith(".toml"):
            typed = typed_path(value, here)
            value = str(typed.resolve()) if typed.is_file() else value
        path, complaint = _assign(changed, parts, value)
        if complaint:
            mistakes.append(Mistake(place, complaint))
        else:
            origins[path] = place
    return changed, origins, mistakes


def _full_key(parts: list[str], document: dict[str, Any], parameters: Collection[str]) -> list[str]:
    if len(parts) == 1 and parts[0] in parameters:
        return ["changes", parts[0]]
    if len(parts) == 1 and parts[0] in TIMES:
        return ["time", parts[0]]
    if len(parts) == 2 and parts[0] == "dose" and isinstance(document.get("dose", {}).get(parts[1]), dict):
        return [*parts, "amount"]
    return parts


def _is_lonely(key: str, document: dict[str, Any], parameters: Collection[str]) -> bool:
    known = {"cells", "title", "source", "question", *TIMES, *document, *parameters}
    return "." not in key and key not in known


def _no_such_dose(key: str, settings: Sequence[str], document: Mapping[str, Any]) -> str | None:
    """What is wrong with a key of a dose that is named nearly as one of the scenario's, and that no setting makes."""
    parts, doses = [part.strip().strip('"') for part in key.split(".")], document.get("dose")
    if parts[0] != "dose" or len(parts) < 2 or not isinstance(doses, dict) or parts[1] in doses:
        return None
    if any(setting.replace(" ", "").startswith(f"dose.{parts[1]}.agent=") for setting in settings):
        return None
    near = did_you_mean(parts[1], doses)
    return f"no dose is called '{parts[1]}'.{near}" if near else None


def _value(text: str) -> Any:
    """A list, a table, true or a number if TOML reads it as one; otherwise the text itself."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _assign(document: Any, parts: list[str], value: Any) -> tuple[tuple[str | int, ...], str | None]:
    path: list[str | int] = []
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if isinstance(document, list):
            position = _position(document, part)
            if position is None:
                return tuple(path), f"there is no {path[-1]} '{part}'"
            path.append(position)
            if last:
                return tuple(path), f"'{part}' names a whole table; add the key that is to change"
            document = document[position]
        elif isinstance(document, dict):
            path.append(part)
            if last:
                document[part] = value
            else:
                document = document.setdefault(part, {})
        else:
            return tuple(path), f"'{'.'.join(parts[:index])}' is not a table"
    return tuple(path), None


def _position(rows: list[Any], part: str) -> int | None:
    names = [row.get("name", row.get("finding")) if isinstance(row, dict) else None for row in rows]
    if part in names:
        return names.index(part)
    return int(part) if part.isdigit() and int(part) < len(rows) else None
