"""PEtab's own formula grammar, read into an `Expression`.

It differs from the house's own in the strength of its operators (`!` binds as tightly as a minus sign,
`&&` and `||` equally), in `log(a, base)`, and in its trigonometric and hyperbolic functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from functools import partial

from pathway.expressions import (
    Expression,
    add,
    apply_function,
    divide,
    equal,
    exp,
    less,
    log,
    maximum,
    minimum,
    multiply,
    negate,
    not_of,
    number,
    piecewise,
    power,
    sqrt,
)
from pathway.expressions.text import ODD_NUMBER, Grammar, binary_operators, logarithm, parse

_ONE = number(1.0)


def read_formula(text: str) -> Expression:
    """The expression that a formula of a PEtab table stands for.

    Raises
    ------
    FormulaError
        Where the text is no formula, with the position.
    """
    return parse(text, PETAB)


def _inverse(x: Expression) -> Expression:
    return divide(_ONE, x)


def _sign(x: Expression) -> Expression:
    zero = number(0.0)
    return piecewise(_ONE, less(zero, x), number(-1.0), less(x, zero), zero)


def _area_sine(x: Expression) -> Expression:
    return log(add(x, sqrt(add(power(x, number(2.0)), _ONE))))


def _area_cosine(x: Expression) -> Expression:
    return log(add(x, multiply(sqrt(add(x, number(-1.0))), sqrt(add(x, _ONE)))))


def _area_tangent(x: Expression) -> Expression:
    return multiply(number(0.5), log(divide(add(_ONE, x), add(_ONE, negate(x)))))


def _arc_cotangent(x: Expression) -> Expression:
    return piecewise(number(math.pi / 2), equal(x, number(0.0)), apply_function("atan", _inverse(x)))


_FUNCTIONS: dict[str, tuple[Collection[int], Callable[..., Expression]]] = {
    "pow": ((2,), power),
    "exp": ((1,), exp),
    "sqrt": ((1,), sqrt),
    "log": ((1, 2), logarithm),
    "ln": ((1,), log),
    "log2": ((1,), lambda x: logarithm(x, number(2.0))),
    "log10": ((1,), lambda x: logarithm(x, number(10.0))),
    **{name: ((1,), partial(apply_function, name)) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    "cot": ((1,), lambda x: _inverse(apply_function("tan", x))),
    "sec": ((1,), lambda x: _inverse(apply_function("cos", x))),
    "csc": ((1,), lambda x: _inverse(apply_function("sin", x))),
    "coth": ((1,), lambda x: _inverse(apply_function("tanh", x))),
    "sech": ((1,), lambda x: _inverse(apply_function("cosh", x))),
    "csch": ((1,), lambda x: _inverse(apply_function("sinh", x))),
    "arcsin": ((1,), partial(apply_function, "asin")),
    "arccos": ((1,), partial(apply_function, "acos")),
    "arctan": ((1,), partial(apply_function, "atan")),
    "arccot": ((1,), _arc_cotangent),
    "arcsec": ((1,), lambda x: apply_function("acos", _inverse(x))),
    "arccsc": ((1,), lambda x: apply_function("asin", _inverse(x))),
    "arcsinh": ((1,), _area_sine),
    "arccosh": ((1,), _area_cosine),
    "arctanh": ((1,), _area_tangent),
    "arccoth": ((1,), lambda x: _area_tangent(_inverse(x))),
    "arcsech": ((1,), lambda x: _area_cosine(_inverse(x))),
    "arccsch": ((1,), lambda x: _area_sine(_inverse(x))),
    "abs": ((1,), partial(apply_function, "abs")),
    "sign": ((1,), _sign),
    "min": ((1, 2), minimum),
    "max": ((1, 2), maximum),
    "piecewise": (ODD_NUMBER, piecewise),
}

PETAB = Grammar(
    binary=binary_operators(either=1, both=1, raised=(15, 13)),
    unary={"-": (13, negate), "+": (13, lambda a: a), "!": (13, not_of)},
    words={},
    constants={"true": 1.0, "false": 0.0, "inf": math.inf},
    functions=_FUNCTIONS,
)
