"""Named tuples reach compiled code as one pointer each.

Passed as they are, the arrays of a loop's tuples are hundreds of arguments to every function it calls, and compiling
takes three times as long. So a tuple is packed into a table of 64-bit words (a number, or an address followed by the
array's shape), and compiled code reads a field, `task.times`, from its place in the table.

    @compiled
    def run(task_at):
        task = open_task(task_at)          # open_task = opener(Task)

    table = packed(task)
    run(address(table))                    # table and task must outlive the call
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, NamedTuple, get_type_hints

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.core.datamodel import models
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import intrinsic, lower_getattr_generic, register_model
from numba.np.arrayobj import populate_array

Vector = Annotated[np.ndarray, "d", 1]
Table = Annotated[np.ndarray, "d", 2]
Cube = Annotated[np.ndarray, "d", 3]
Integers = Annotated[np.ndarray, "l", 1]
IntegerTable = Annotated[np.ndarray, "l", 2]

_WORD = ir.IntType(64)
_DOUBLE, _LONG = np.dtype(np.float64), np.dtype(np.int64)
_ANYTHING = ctypes.c_char * 0


class _Field(NamedTuple):
    """Where a field stands in the table, and what it is there."""

    name: str
    place: int
    code: str
    dimensions: int
    kind: Any


@cache
def _fields(owner: type) -> tuple[_Field, ...]:
    fields: list[_Field] = []
    place = 0
    for name, hint in get_type_hints(owner, include_extras=True).items():
        if hint in (int, float):
            field = _Field(name, place, "l" if hint is int else "d", 0, types.int64 if hint is int else types.float64)
        else:
            code, dimensions = hint.__metadata__
            element = types.int64 if code == "l" else types.float64
            field = _Field(name, place, code, dimensions, types.Array(element, dimensions, "C"))
        fields.append(field)
        place += 1 + field.dimensions
    return tuple(fields)


@cache
def _layout(owner: type) -> struct.Struct:
    words = ("q" * (1 + f.dimensions) if f.dimensions or f.code == "l" else "d" for f in _fields(owner))
    return struct.Struct("=" + "".join(words))


@cache
def _plan(owner: type) -> tuple[struct.Struct, tuple[tuple[int, np.dtype], ...]]:
    return _layout(owner), tuple((f.dimensions, _DOUBLE if f.code == "d" else _LONG) for f in _fields(owner))


def packed(values: Any) -> np.ndarray:
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
        shape, found = value.shape, value.dtype
        if len(shape) != dimensions or (found is not element and found != element):
            expected = f"{element} of {dimensions} dimensions"
            raise TypeError(f"{type(values).__name__}: expected {expected}, got {found} of shape {shape}")
        words.append(address(value) if value.size else 0)
        words += shape
    return np.frombuffer(form.pack(*words), dtype=np.int64)


def address(array: np.ndarray) -> int:
    """Where an array's numbers stand; one with gaps is refused."""
    try:
        return ctypes.addressof(_ANYTHING.from_buffer(array))  # ten times as fast as asking the array
    except TypeError:  # one with gaps, or one that must not be written to
        if not array.flags.c_contiguous:
            raise TypeError(f"expected an array without gaps, got strides {array.strides}") from None
        return array.__array_interface__["data"][0]


class Handle(types.Type):
    """The type, in compiled code, of a named tuple behind a pointer."""

    def __init__(self, owner: type) -> None:
        self.owner = owner
        super().__init__(name=f"Handle({owner.__module__}.{owner.__qualname__})")


@register_model(Handle)
class _Model(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _WORD)


@infer_getattr
class _Attributes(AttributeTemplate):
    key = Handle

    def generic_resolve(self, kind: Any, name: str) -> Any:
        return next((field.kind for field in _fields(kind.owner) if field.name == name), None)


def opener(owner: type) -> Callable[[int], Any]:
    """The function that, in compiled code, turns an address into the named tuple there."""
    handle = Handle(owner)

    @intrinsic
    def open_handle(typing: Any, where: Any) -> Any:
        return handle(where), lambda context, builder, signature, arguments: arguments[0]

    return open_handle


@lower_getattr_generic(Handle)
def _read(context: Any, builder: Any, kind: Any, value: Any, name: str) -> Any:
    field = next(f for f in _fields(kind.owner) if f.name == name)
    words = builder.inttoptr(value, _WORD.as_pointer())

    def word(place: int) -> Any:
        loaded = builder.load(builder.gep(words, [_WORD(place)]))
        # Nothing writes to a table while compiled code runs, so reading it once is enough.
        loaded.set_metadata("invariant.load", builder.module.add_metadata([]))
        return loaded

    first = word(field.place)
    if not field.dimensions:
        return first if field.code == "l" else builder.bitcast(first, ir.DoubleType())
    array = context.make_array(field.kind)(context, builder)
    shape = [word(field.place + 1 + k) for k in range(field.dimensions)]
    strides = [_WORD(8)]
    for length in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], length, flags=["nsw"]))
    data = builder.inttoptr(first, array.data.type)
    populate_array(array, data=data, shape=shape, strides=strides, itemsize=_WORD(8), meminfo=None)
    return array._getvalue()
