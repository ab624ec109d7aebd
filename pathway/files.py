"""Reading files that come from outside: regular files of a bounded size, and nothing else."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from .errors import InputError

LARGEST = 256_000_000
"""Bytes of the largest file that is read into memory unless a caller asks for less."""


def read_bytes(path: Path, largest: int = LARGEST) -> bytes:
    """The content of a file.

    Parameters
    ----------
    path : Path
    largest : int
        Bytes.

    Raises
    ------
    InputError
        If it is missing, a folder, a device or a pipe (which may have no end), or larger than that; without the path,
        so that the caller can put its own place before it.
    """
    try:
        with open(path, "rb", opener=_without_waiting) as stream:
            found = os.fstat(stream.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise InputError("this is a device or a pipe, not a file")
            if found.st_size > largest:
                raise InputError(f"this file has {found.st_size} bytes; at most {largest} are read")
            return stream.read(largest + 1)
    except FileNotFoundError:
        raise InputError("there is no such file") from None
    except IsADirectoryError:
        raise InputError("this is a folder, not a file") from None
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"cannot be read ({getattr(error, 'strerror', None) or error})") from None


def _without_waiting(path: str, flags: int) -> int:
    """Opens a pipe without waiting for someone who writes into it."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def is_inside_folder(path: Path, folder: Path) -> bool:
    """Whether a file lies in a folder or below it, links followed."""
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):
        return False
