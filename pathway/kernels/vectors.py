"""A small matrix times a stack of long vectors, as explicit vector instructions.

The stage sums of every one-step method are of this kind and cost as much as the model itself. Left to itself the
compiler has to prove that a dozen rows do not overlap, gives up, and runs four times slower. Products and sums are
fused in a fixed order, so an entry has the same bits wherever in the vector it stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

VECTOR = 4
"""Doubles per instruction; vectors are padded to a multiple of it."""

_INT = ir.IntType(64)
_DOUBLE = ir.DoubleType()
_LANES = ir.VectorType(_DOUBLE, VECTOR)


@intrinsic(prefer_literal=True)
def linear_combinations(
    typingctx: Any, rows: Any, count: Any, coefficients: Any, first: Any, inputs: Any, outputs: Any, size: Any
) -> Any:
    """outputs[r, :size] = sum over j < count of coefficients[first + r, j] * inputs[j, :size], for r < rows.

    `rows` and `count` are literal numbers; the three arrays are two-dimensional and contiguous; `size` is a multiple
    of `PADDING` (padding entries are computed like the others).
    """
    if not (isinstance(rows, types.IntegerLiteral) and isinstance(count, types.IntegerLiteral)):
        return None
    signature = types.void(rows, count, coefficients, first, inputs, outputs, size)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        arrays = [context.make_array(signature.args[i])(context, builder, arguments[i]) for i in (2, 4, 5)]
        _emit(builder, rows.literal_value, count.literal_value, arrays, arguments[3], arguments[6])
        return context.get_dummy_value()

    return signature, generate


@intrinsic(prefer_literal=True)
def weighted_slopes(
    typingctx: Any, count: Any, coefficients: Any, row: Any, slopes: Any, lengths: Any, output: Any, size: Any
) -> Any:
    """output[:size] = lengths[:size] * sum over j < count of coefficients[row, j] * slopes[j, :size].

    `lengths` and `output` have one dimension; else as in `linear_combinations`.
    """
    return _along(typingctx, count, coefficients, row, slopes, lengths, None, output, size)


@intrinsic(prefer_literal=True)
def moved_along_slopes(
    typingctx: Any,
    count: Any,
    coefficients: Any,
    row: Any,
    slopes: Any,
    lengths: Any,
    start: Any,
    output: Any,
    size: Any,
) -> Any:
    """As `weighted_slopes`, added to `start[:size]`."""
    return _along(typingctx, count, coefficients, row, slopes, lengths, start, output, size)


def _along(typingctx: Any, count: Any, *rest: Any) -> Any:
    if not isinstance(count, types.IntegerLiteral):
        return None
    given = tuple(kind for kind in rest if kind is not None)
    signature = types.void(count, *given)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        made = [
            context.make_array(kind)(context, builder, value) if isinstance(kind, types.Array) else value
            for kind, value in zip(signature.args, arguments, strict=True)
        ]
        _, table, row, slopes, lengths, *start, output, size = made
        _emit(builder, 1, count.literal_value, [table, slopes, output], row, size, [lengths, *start])
        return context.get_dummy_value()

    return signature, generate


def _emit(
    builder: Any, rows: int, count: int, arrays: list[Any], first: Any, size: Any, along: Sequence[Any] = ()
) -> None:
    """The sums; `along`: what they are multiplied with, and what is added then."""
    table, inputs, outputs = arrays
    strides = [builder.extract_value(a.shape, 1) for a in arrays[:2]]

    def row(array: Any, stride: Any, index: Any) -> Any:
        return builder.gep(array.data, [builder.mul(index, stride)])

    splat = []
    for r in range(rows):
        start = row(table, strides[0], builder.add(first, _INT(r)))
        splat.append([_broadcast(builder, builder.load(builder.gep(start, [_INT(j)]))) for j in range(count)])
    sources = [row(inputs, strides[1], _INT(j)) for j in range(count)]
    targets = [outputs.data] + [row(outputs, builder.extract_value(outputs.shape, 1), _INT(r)) for r in range(1, rows)]
    fused = builder.module.declare_intrinsic(
        f"llvm.fmuladd.v{VECTOR}f64", fnty=ir.FunctionType(_LANES, [_LANES, _LANES, _LANES])
    )

    before = builder.block
    body = builder.append_basic_block("combine.body")
    after = builder.append_basic_block("combine.after")
    builder.cbranch(builder.icmp_signed(">", size, _INT(0)), body, after)
    builder.position_at_end(body)
    k = builder.phi(_INT)
    k.add_incoming(_INT(0), before)
    values = [_vector(builder, source, k) for source in sources]
    for target, weights in zip(targets, splat, strict=True):
        total = builder.fmul(weights[0], values[0])
        for weight, value in zip(weights[1:], values[1:], strict=True):
            total = builder.call(fused, [weight, value, total])
        if along:
            factor, *start = [_vector(builder, array.data, k) for array in along]
            total = builder.call(fused, [factor, total, *start]) if start else builder.fmul(factor, total)
        place = builder.bitcast(builder.gep(target, [k]), _LANES.as_pointer())
        builder.store(total, place, align=8)
    following = builder.add(k, _INT(VECTOR))
    k.add_incoming(following, builder.block)
    builder.cbranch(builder.icmp_signed("<", following, size), body, after)
    builder.position_at_end(after)


def _broadcast(builder: Any, value: Any) -> Any:
    one = builder.insert_element(ir.Constant(_LANES, ir.Undefined), value, ir.IntType(32)(0))
    mask = ir.Constant(ir.VectorType(ir.IntType(32), VECTOR), [0] * VECTOR)
    return builder.shuffle_vector(one, ir.Constant(_LANES, ir.Undefined), mask)


def _vector(builder: Any, source: Any, k: Any) -> Any:
    return builder.load(builder.bitcast(builder.gep(source, [k]), _LANES.as_pointer()), align=8)
