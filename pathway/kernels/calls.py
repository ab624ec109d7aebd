"""Calling kernels from code that numba compiles.

Each function takes the address of a part (`CompiledModel.address`) and its arrays, contiguous float64 of any shape;
nothing is checked. The interpreter lock is not needed. What each part reads and writes: `pathway.kernels`.

    calls.right_hand_side(address, time, species, parameters, out)
    calls.factor(address, jacobian, shift, lu, worst)
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic


def _caller(count: int) -> Any:
    """An intrinsic that calls a C function of `count` pointers at an address."""

    def signature_and_code(*arguments: Any) -> Any:
        signature = types.void(*arguments)

        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            pointers = []
            for kind, value in zip(signature.args[1:], values[1:], strict=True):
                array = context.make_array(kind)(context, builder, value)
                pointers.append(builder.bitcast(array.data, ir.IntType(8).as_pointer()))
            kind = ir.FunctionType(ir.VoidType(), [p.type for p in pointers])
            builder.call(builder.inttoptr(values[0], kind.as_pointer()), pointers)
            return context.get_dummy_value()

        return signature, generate

    return {
        1: intrinsic(lambda typing, address, a: signature_and_code(address, a)),
        2: intrinsic(lambda typing, address, a, b: signature_and_code(address, a, b)),
        3: intrinsic(lambda typing, address, a, b, c: signature_and_code(address, a, b, c)),
        4: intrinsic(lambda typing, address, a, b, c, d: signature_and_code(address, a, b, c, d)),
        5: intrinsic(lambda typing, address, a, b, c, d, e: signature_and_code(address, a, b, c, d, e)),
        6: intrinsic(lambda typing, address, a, b, c, d, e, f: signature_and_code(address, a, b, c, d, e, f)),
        7: intrinsic(lambda typing, address, a, b, c, d, e, f, g: signature_and_code(address, a, b, c, d, e, f, g)),
    }[count]


@intrinsic
def take_next(typing: Any, counter: Any) -> Any:
    """take(counter): the first entry of an array of integers, which is raised by 1; safe among threads."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, values[0])
        return builder.atomic_rmw("add", array.data, ir.IntType(64)(1), "monotonic")

    return types.int64(counter), generate


prepare = _caller(1)
"""prepare(address, parameters)"""

solve = _caller(2)
"""solve(address, lu, b); also `solve_shared`, `solve_transposed`."""

multiply = _caller(3)
"""multiply(address, matrix, s, out); also `multiply_shared`, `add_second_shared`, `pull_parameters`."""

right_hand_side = _caller(4)
"""right_hand_side(address, time, species, parameters, out); also every other part over a state with one output."""

factor = _caller(4)
"""factor(address, jacobian, shift, lu, worst)"""

time_gradients = _caller(5)
"""time_gradients(address, time, species, parameters, out_species, out_parameters)"""

gradients = _caller(6)
"""gradients(address, time, species, parameters, out_species, out_parameters, out_time): of a group of formulas."""

second_derivatives = _caller(6)
"""second_derivatives(address, time, species, parameters, direction, out_species, out_parameters)"""

add_scaled = _caller(3)
"""add_scaled(address, factor, s, out)"""

error_norm = _caller(6)
"""error_norm(address, before, after, estimate, absolute, relative, out)"""

interpolate = _caller(7)
"""interpolate(address, before, after, bend, second, third, share, out)"""
