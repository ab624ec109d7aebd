"""Reading files that come from outside: regular files of a bounded size, and nothing else."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import stat
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import InputError

if TYPE_CHECKING:
    import numpy as np

LARGEST = 256_000_000
"""Bytes of the largest file that is read into memory unless a caller asks for less."""

DAMAGE = (
    *(OSError, EOFError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError),
    csv.Error,
)
"""What is raised where a damaged file is taken apart as if it were whole."""


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
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise InputError("this is a device or a pipe, not a file")
            if status.st_size > largest:
                raise InputError(f"this file has {status.st_size} bytes; at most {largest} are read")
            return stream.read(largest + 1)
    except FileNotFoundError:
        raise InputError("there is no such file") from None
    except IsADirectoryError:
        raise InputError("this is a folder, not a file") from None
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"cannot be read ({getattr(error, 'strerror', None) or error})") from None


def read_json(path: Path) -> Any:
    """The content of a JSON file; raises as `read_bytes` and `parse_json`."""
    return parse_json(read_bytes(path))


def parse_json(content: bytes) -> Any:
    """What a JSON text says.

    Raises
    ------
    InputError
        If it is no JSON, or nested without end; without a path, as in `read_bytes`.
    """
    try:
        return json.loads(content)
    except RecursionError:
        raise InputError("this is nested too deeply") from None
    except ValueError as error:
        raise InputError(f"this is no JSON ({error})") from None


def _without_waiting(path: str, flags: int) -> int:
    """Opens a pipe without waiting for someone who writes into it."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def read_arrays(
    content: bytes, names: Collection[str], optional: Collection[str] = (), largest: int = LARGEST
) -> dict[str, np.ndarray]:
    """Arrays of an NPZ archive, without pickled objects; nothing is made larger than what the archive holds.

    Parameters
    ----------
    content : bytes
    names, optional : collection of str
        Those that must be there, and those that may be; others are left alone.
    largest : int
        Bytes of all together, unpacked.

    Raises
    ------
    InputError
        If it is no such archive, damaged, incomplete or larger than that; without a path, as in `read_bytes`.
    """
    import zipfile

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
            if sum(sizes.values()) > largest:
                raise InputError(f"unpacked it has {sum(sizes.values())} bytes; at most {largest} are read")
            stored = [name for name in (*names, *optional) if f"{name}.npy" in sizes]
            if missing := [name for name in names if name not in stored]:
                raise InputError(f"it lacks {', '.join(missing)}")
            return {name: _array(archive.read(f"{name}.npy")) for name in stored}
    except InputError:
        raise
    except Exception as error:  # zipfile, zlib and numpy raise whatever their parsers raise
        raise InputError(f"no archive of arrays, or damaged ({error})") from None


def _array(content: bytes) -> np.ndarray:
    """As numpy reads it, but numpy makes room for what the header says before it looks how much is there."""
    import numpy as np
    from numpy.lib import format as npy

    stream = io.BytesIO(content)
    header = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    shape, by_columns, dtype = header[npy.read_magic(stream)](stream)
    if dtype.hasobject:
        raise ValueError("it holds pickled objects, which are not read")
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(content) - stream.tell():
        raise ValueError(f"an array of shape {shape} is not of {len(content) - stream.tell()} bytes")
    flat = np.frombuffer(content[stream.tell() :], dtype) if math.prod(shape) else np.empty(0, dtype)
    return flat.reshape(shape, order="F" if by_columns else "C").copy()


def is_inside_folder(path: Path, folder: Path) -> bool:
    """Whether a file lies in a folder or below it, links followed."""
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):
        return False
