"""The files that an experiment was read from, as they were then: what `inputs/` of a result folder holds.

They are taken when the scenario is read and carried with it, so that a result never goes with a file that was edited
while it was computed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pathway.errors import InputError
from pathway.files import read_bytes

MOST = 200
"""Files; cells may have parents, which have parents."""


def input_files(file: Path, text: str, document: Mapping[str, Any]) -> dict[str, bytes]:
    """Everything the scenario in a file consists of, by the name it gets in `inputs/`.

    The scenario comes first. Files that it names are put beside it, so that the folder can be moved and run again;
    where a name pointed elsewhere, the copy names the copy. What cannot be read is left out: its reader tells.
    """
    tables = document.get("data", [])
    arms = document.get("arm", [])
    named = [t.get("file") for t in (tables if isinstance(tables, list) else [tables]) if isinstance(t, Mapping)]
    named += [t.get("cells") for t in (document, *(a for a in arms if isinstance(a, Mapping)))]
    own = f"{file.stem}.toml"
    files: dict[str, bytes] = {own: b""}
    places: dict[Path, str] = {}
    files[own] = _copied(text, [n for n in named if isinstance(n, str)], file.parent, files, places).encode()
    return files


def _copied(text: str, named: list[str], folder: Path, files: dict[str, bytes], places: dict[Path, str]) -> str:
    """The text with files renamed to their copies, which are added to `files`."""
    for name in sorted(set(named)):
        path = (folder / name).resolve()
        if path not in places:
            content = _content(path)
            if content is None or len(files) > MOST:
                continue
            places[path] = copy = _free(path.name, files)
            files[copy] = content
            parents = _parents(content) if path.suffix == ".toml" else []
            if parents:
                files[copy] = _copied(content.decode(), parents, path.parent, files, places).encode()
        text = text.replace(f'"{name}"', f'"{places[path]}"').replace(f"'{name}'", f"'{places[path]}'")
    return text


def _content(path: Path) -> bytes | None:
    try:
        return read_bytes(path)
    except (InputError, OSError):
        return None


def _parents(content: bytes) -> list[str]:
    """Files that a file of cells builds on."""
    try:
        parent = tomllib.loads(content.decode()).get("parent")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError):
        return []
    return [parent] if isinstance(parent, str) and parent.endswith(".toml") else []


def _free(name: str, files: Mapping[str, bytes]) -> str:
    """The name, or where another file has it already, the name in a folder of its own."""
    number, free = 1, name
    while free in files:
        number += 1
        free = f"{number}/{name}"
    return free
