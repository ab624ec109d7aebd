"""A cell line as text that `read_line` reads: what it is called, whose differences it starts from, its own numbers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from .read import Entry


def line_text(about: Mapping[str, str], entries: Iterable[Entry]) -> str:
    """The TOML text of a cell line.

    Parameters
    ----------
    about : mapping
        The table `[line]`: title, parent, note ...
    entries : iterable of Entry
        Its own numbers.
    """
    blocks = ["\n".join(["[line]", *(f"{key} = {_quoted(text)}" for key, text in about.items() if text)])]
    for entry in entries:
        lines = [
            f"[{entry.name}]",
            f"value = {float(entry.value)!r}",
            f"unit = {_quoted(entry.unit)}",
            f"range = [{float(entry.range[0])!r}, {float(entry.range[1])!r}]",
            f"source = {_quoted(entry.source)}",
            f"confidence = {_quoted(entry.confidence)}",
        ]
        blocks.append("\n".join([*lines, *([f"note = {_quoted(entry.note)}"] if entry.note else [])]))
    return "\n\n".join(blocks) + "\n"


def _quoted(text: str) -> str:
    """A basic string of TOML, which a string of JSON is too."""
    return json.dumps(text, ensure_ascii=False)
