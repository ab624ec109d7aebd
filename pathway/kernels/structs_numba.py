"""The tables of `structs` in compiled code: a field of a named tuple is read from its place."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.datamodel import models
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import intrinsic, lower_getattr_generic, register_model
from numba.np.arrayobj import populate_array

from .structs import StructField, struct_fields

_WORD = ir.IntType(64)


@cache
def _kinds(owner: type) -> dict[str, tuple[StructField, Any]]:
    """Each field with its type in compiled code."""
    kinds = {}
    for field in struct_fields(owner):
        element = types.int64 if field.code == "l" else types.float64
        kinds[field.name] = (field, types.Array(element, field.dimensions, "C") if field.dimensions else element)
    return kinds


class StructPointer(types.Type):
    """The type, in compiled code, of a named tuple behind a pointer."""

    def __init__(self, owner: type) -> None:
        self.owner = owner
        super().__init__(name=f"StructPointer({owner.__module__}.{owner.__qualname__})")


@register_model(StructPointer)
class _Model(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _WORD)


@infer_getattr
class _Attributes(AttributeTemplate):
    key = StructPointer

    def generic_resolve(self, kind: Any, name: str) -> Any:
        return _kinds(kind.owner).get(name, (None, None))[1]


def struct_reader(owner: type) -> Callable[[int], Any]:
    """The function that, in compiled code, turns an address into the named tuple there."""
    handle = StructPointer(owner)

    @intrinsic
    def open_handle(typing: Any, where: Any) -> Any:
        return handle(where), lambda context, builder, signature, arguments: arguments[0]

    return open_handle


@lower_getattr_generic(StructPointer)
def _read(context: Any, builder: Any, kind: Any, value: Any, name: str) -> Any:
    field, array_type = _kinds(kind.owner)[name]
    words = builder.inttoptr(value, _WORD.as_pointer())

    def word(place: int) -> Any:
        loaded = builder.load(builder.gep(words, [_WORD(place)]))
        # Nothing writes to a table while compiled code runs, so reading it once is enough.
        loaded.set_metadata("invariant.load", builder.module.add_metadata([]))
        return loaded

    first = word(field.place)
    if not field.dimensions:
        return first if field.code == "l" else builder.bitcast(first, ir.DoubleType())
    array = context.make_array(array_type)(context, builder)
    shape = [word(field.place + 1 + k) for k in range(field.dimensions)]
    strides = [_WORD(8)]
    for length in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], length, flags=["nsw"]))
    data = builder.inttoptr(first, array.data.type)
    populate_array(array, data=data, shape=shape, strides=strides, itemsize=_WORD(8), meminfo=None)
    return array._getvalue()
