"""Loops that come compiled with the package, for Linux on processors with `kernels.BASELINE`; `build` makes them.

They are taken only from the package itself, beside their sources: whoever can write there can change what Python runs
as well. Each is held against its hash in the index, and the index against the sources, so that a loop that was edited
or damaged is compiled as anywhere else.
"""

from __future__ import annotations

import hashlib
import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

from pathway.kernels import has_baseline

from .sources import sources_digest

FOLDER = Path(__file__).with_name("objects")
INDEX = FOLDER / "index.json"


@cache
def shipped_index() -> dict[str, Any]:
    """What the objects were made from (`sources`, `made_with`) and the hash of each (`objects`); empty without them."""
    try:
        index: dict[str, Any] = json.loads(INDEX.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return index


def object_file(module: str) -> Path:
    """Where the object of a loop lies."""
    return FOLDER / f"{module}.o"


def shipped_object(module: str) -> bytes | None:
    """Object code of a loop, or None where it has to be compiled."""
    index = shipped_index()
    if sys.platform != "linux" or not has_baseline() or index.get("sources") != sources_digest():
        return None
    try:
        code = object_file(module).read_bytes()
    except OSError:
        return None
    return code if hashlib.sha256(code).hexdigest() == index["objects"].get(module) else None
