"""Compiled parts on disk, in the user's cache directory.

An entry is one file: a line that says what it is, a line with the hash of the rest, a line of JSON, object code. An
entry that is cut short, altered, or made by someone else's version is treated as absent. Files appear under their
name only when complete, so processes may write the same entry at the same time.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
import tempfile
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

from pathway.errors import PathwayWarning

_MARK = b"pathway compiled part 1\n"


def cache_directory() -> Path:
    """Where everything compiled is kept: `PATHWAY_CACHE_DIR`, or `pathway` in the user's cache directory."""
    if chosen := os.environ.get("PATHWAY_CACHE_DIR"):
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


def is_trusted_folder(folder: Path) -> bool:
    """Whether nobody but this user (or root) can have put code into a folder of the cache; made if it is not there.

    Code from a folder that others can write to would run with the rights of this user. It is then neither read nor
    written there, which is told once.
    """
    root = cache_directory()
    for place in (root, *(root.joinpath(*folder.relative_to(root).parts[:k]) for k in range(1, 9))):
        try:
            if not place.is_dir():
                if place == root:
                    place.parent.mkdir(parents=True, exist_ok=True)
                place.mkdir(exist_ok=True, mode=0o700)
            if not _is_ours(place.stat()):
                _tell(place)
                return False
        except OSError:
            return False
        if place == folder:
            break
    return True


def _is_ours(status: os.stat_result) -> bool:
    """Whether a file or folder belongs to this user or to root and nobody else can write to it."""
    if not hasattr(os, "geteuid"):
        return True
    return status.st_uid in (os.geteuid(), 0) and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


_told: set[Path] = set()


def _tell(place: Path) -> None:
    if place not in _told:
        _told.add(place)
        warnings.warn(
            f"{place}: others can write there, so compiled code is neither taken from there nor kept; "
            f"chmod go-w '{place}' (and see that it is yours), or set PATHWAY_CACHE_DIR",
            PathwayWarning,
            stacklevel=2,
        )


def read_cached(key: str) -> tuple[dict[str, Any], bytes] | None:
    """What was written under a key, or None."""
    path = _path(key)
    if not is_trusted_folder(path.parent):
        return None
    try:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            if not (stat.S_ISREG(status.st_mode) and _is_ours(status)):
                return None
            content = file.read()
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


def write_cached(key: str, facts: dict[str, Any], code: bytes) -> None:
    """Keep a part; a directory that cannot be written to only costs the next process its time."""
    rest = json.dumps({**facts, "key": key}, separators=(",", ":")).encode() + b"\n" + code
    seal = hashlib.sha256(rest).hexdigest().encode()
    path = _path(key)
    unfinished = None
    if not is_trusted_folder(path.parent):
        return
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{key[:8]}-", delete=False) as file:
            unfinished = file.name
            file.write(_MARK + seal + b"\n" + rest)
        os.replace(unfinished, path)
    except OSError:
        if unfinished is not None:
            _forget(unfinished)


def _forget(path: str) -> None:
    with suppress(OSError):
        os.unlink(path)
