"""Compiled parts on disk, in the user's cache directory.

An entry is one file: a line that says what it is, a line with the hash of the rest, a line of JSON, object code. An
entry that is cut short, altered, or made by someone else's version is treated as absent. Files appear under their
name only when complete, so processes may write the same entry at the same time.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

_MARK = b"pathway compiled part 1\n"


def cache_directory() -> Path:
    """Where everything compiled is kept: `PATHWAY_CACHE_DIR`, or `pathway` in the user's cache directory."""
    chosen = os.environ.get("PATHWAY_CACHE_DIR")
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        root = os.environ.get("LOCALAPPDATA") or os.path.expanduser("~\\AppData\\Local")
    elif sys.platform == "darwin":
        root = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/Library/Caches")
    else:
        root = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(root) / "pathway"


def _path(key: str) -> Path:
    return cache_directory() / "kernels" / key[:2] / key


def read(key: str) -> tuple[dict[str, Any], bytes] | None:
    """What was written under a key, or None."""
    try:
        content = _path(key).read_bytes()
    except OSError:
        return None
    if not content.startswith(_MARK):
        return None
    seal, _, rest = content[len(_MARK) :].partition(b"\n")
    if hashlib.sha256(rest).hexdigest().encode() != seal:
        return None
    header, _, code = rest.partition(b"\n")
    facts = json.loads(header)
    return (facts, code) if facts.get("key") == key else None


def write(key: str, facts: dict[str, Any], code: bytes) -> None:
    """Keep a part; a directory that cannot be written to only costs the next process its time."""
    rest = json.dumps({**facts, "key": key}, separators=(",", ":")).encode() + b"\n" + code
    seal = hashlib.sha256(rest).hexdigest().encode()
    path = _path(key)
    unfinished = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{key[:8]}-", delete=False) as file:
            unfinished = file.name
            file.write(_MARK + seal + b"\n" + rest)
        os.replace(unfinished, path)
    except OSError:
        if unfinished is not None:
            _forget(unfinished)


def _forget(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass
