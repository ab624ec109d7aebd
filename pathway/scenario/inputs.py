"""The files that an experiment was read from, as they were then: what `inputs/` of a result folder holds.

They are taken when the scenario is read and carried with it, so that a result never goes with a file that was edited
while it was computed.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pathway.errors import InputError
from pathway.files import read_bytes

MOST = 200
"""Files; cells may have parents, which have parents."""


def input_files(
    file: Path, text: str, document: Mapping[str, Any], settings: Sequence[str] = ()
) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Everything the scenario in a file consists of, by the name it gets in `inputs/`, and the settings for the copies.

    The scenario comes first. Files that it names are put beside it, so that the folder can be moved and run again;
    where a name pointed elsewhere, the copy names the copy, and so does a setting. What cannot be read is left out: its
    reader tells.
    """
    tables = document.get("data", [])
    arms = document.get("arm", [])
    named = [t.get("file") for t in (tables if isinstance(tables, list) else [tables]) if isinstance(t, Mapping)]
    named += [t.get("cells") for t in (document, *(a for a in arms if isinstance(a, Mapping)))]
    own = f"{file.stem}.toml"
    copies = _Copies(files={own: b""})
    copies.files[own] = copies.text(text, [n for n in named if isinstance(n, str)], file.parent, own).encode()
    return copies.files, tuple(_of_copy(setting, file.parent, copies.places) for setting in settings)


@dataclass
class _Copies:
    """Copies made so far.

    Attributes
    ----------
    files : dict of name to content
    places : dict of path to name
    """

    files: dict[str, bytes]
    places: dict[Path, str] = field(default_factory=dict)

    def text(self, text: str, named: list[str], folder: Path, own: str) -> str:
        """The text of the file whose copy is `own`, with files renamed to their copies, which are added."""
        for name in sorted(set(named)):
            path = (folder / name).resolve()
            if path not in self.places and not self._added(path):
                continue
            copy = os.path.relpath(self.places[path], Path(own).parent).replace(os.sep, "/")
            text = text.replace(f'"{name}"', f'"{copy}"').replace(f"'{name}'", f"'{copy}'")
        return text

    def _added(self, path: Path) -> bool:
        content = _content(path)
        if content is None or len(self.files) > MOST:
            return False
        self.places[path] = copy = _free(path.name, self.files)
        self.files[copy] = content
        parents = _parents(content) if path.suffix == ".toml" else []
        if parents:
            self.files[copy] = self.text(content.decode(), parents, path.parent, copy).encode()
        return True


def _of_copy(setting: str, folder: Path, places: Mapping[Path, str]) -> str:
    """A setting that names a file, with the copy's name."""
    key, sign, value = setting.partition("=")
    name = value.strip().strip("\"'")
    if not name or "\0" in name:
        return setting
    for place in (typed_path(name), folder / name):
        if place.resolve() in places:
            return f"{key}{sign}{places[place.resolve()]}"
    return setting


def typed_path(name: str, here: Path | None = None) -> Path:
    """A file that is typed on the command line: meant from where one stands, or from the folder told."""
    return (here or Path.cwd()) / name


def _content(path: Path) -> bytes | None:
    try:
        return read_bytes(path)
    except (InputError, OSError):
        return None


def _parents(content: bytes) -> list[str]:
    """Files that a file of cells builds on."""
    try:
        about = tomllib.loads(content.decode()).get("line")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError):
        return []
    parent = about.get("parent") if isinstance(about, dict) else None
    return [parent] if isinstance(parent, str) and parent.endswith(".toml") else []


def _free(name: str, files: Mapping[str, bytes]) -> str:
    """The name, or where another file has it already, the name in a folder of its own."""
    number, free = 1, name
    while free in files:
        number += 1
        free = f"{number}/{name}"
    return free
