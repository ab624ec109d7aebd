"""Named tuples reach compiled code as one pointer each.

Passed as they are, the arrays of a loop's tuples are hundreds of arguments to every function it calls, and compiling
takes three times as long. So a tuple is packed into a table of 64-bit words (a number, or an address followed by the
array's shape), and compiled code reads a field, `task.times`, from its place in the table.

    @compiled
    def run(task_at):
        task = open_task(task_at)          # open_task = structs_numba.struct_reader(Task)

    table = packed_struct(task)
    run(address(table))                    # table and task must outlive the call
"""

from __future__ import annotations

import ctypes
import struct
from functools import cache
from typing import Annotated, Any, NamedTuple, get_type_hints

import numpy as np

Vector = Annotated[np.ndarray, "d", 1]
Table = Annotated[np.ndarray, "d", 2]
Cube = Annotated[np.ndarray, "d", 3]
Integers = Annotated[np.ndarray, "l", 1]
IntegerTable = Annotated[np.ndarray, "l", 2]

PADDING = 8
"""Vectors that `vectors.linear_combinations` works on have a multiple of this many entries."""

_DOUBLE, _LONG = np.dtype(np.float64), np.dtype(np.int64)
_ANYTHING = ctypes.c_char * 0


class StructField(NamedTuple):
    """Where a field stands in the table, and what it is there."""

    name: str
    place: int
    code: str
    """"d" for doubles, "l" for 64-bit integers."""
    dimensions: int
    """0 for a number."""


@cache
def struct_fields(owner: type) -> tuple[StructField, ...]:
    """The fields of a named tuple in its table."""
    fields: list[StructField] = []
    place = 0
    for name, hint in get_type_hints(owner, include_extras=True).items():
        if hint in (int, float):
            field = StructField(name, place, "l" if hint is int else "d", 0)
        else:
            field = StructField(name, place, *hint.__metadata__)
        fields.append(field)
        place += 1 + field.dimensions
    return tuple(fields)


@cache
def _layout(owner: type) -> struct.Struct:
    words = ("q" * (1 + f.dimensions) if f.dimensions or f.code == "l" else "d" for f in struct_fields(owner))
    return struct.Struct("=" + "".join(words))


@cache
def _plan(owner: type) -> tuple[struct.Struct, tuple[tuple[int, np.dtype], ...]]:
    return _layout(owner), tuple((f.dimensions, _DOUBLE if f.code == "d" else _LONG) for f in struct_fields(owner))


def packed_struct(values: Any) -> np.ndarray:
    """The table of a named tuple.

    Parameters
    ----------
    values : NamedTuple
        Its fields annotated as int, float or one of the arrays above.

    Returns
    -------
    array of int64

    Raises
    ------
    TypeError
        If an array has another kind of number, another number of dimensions, or gaps.
    """
    words: list[float] = []
    form, plan = _plan(type(values))
    for value, (dimensions, element) in zip(values, plan, strict=True):
        if not dimensions:
            words.append(value)
            continue
        shape, dtype = value.shape, value.dtype
        if len(shape) != dimensions or (dtype is not element and dtype != element):
            expected = f"{element} of {dimensions} dimensions"
            raise TypeError(f"{type(values).__name__}: expected {expected}, got {dtype} of shape {shape}")
        words.append(array_address(value) if value.size else 0)
        words += shape
    table = np.empty(form.size // 8, dtype=np.int64)
    form.pack_into(table, 0, *words)
    return table


def array_address(array: np.ndarray) -> int:
    """Where an array's numbers stand; one with gaps is refused."""
    try:
        return ctypes.addressof(_ANYTHING.from_buffer(array))  # ten times as fast as asking the array
    except TypeError:  # one with gaps, or one that must not be written to
        if not array.flags.c_contiguous:
            raise TypeError(f"expected an array without gaps, got strides {array.strides}") from None
        return array.__array_interface__["data"][0]
