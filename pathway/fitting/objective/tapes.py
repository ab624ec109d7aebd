"""Formulas of values that depend on the problem's parameters or on the state at a jump.

A tape is the list of a formula graph's nodes in order of evaluation. The simulated model and the observables run
through the compiled kernels, not here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce

import numpy as np

from pathway.expressions import Expression, postorder, symbols
from pathway.expressions.calculus import directional_derivative
from pathway.expressions.graph import ONE, is_number

Values = np.ndarray | float


def _piecewise(operands: list[Values]) -> Values:
    made = operands[-1]
    for value, condition in reversed(list(zip(operands[:-1:2], operands[1::2], strict=True))):
        made = np.where(np.asarray(condition) != 0.0, value, made)
    return made


_OPERATIONS: dict[str, Callable[[list[Values]], Values]] = {
    "add": lambda x: reduce(np.add, x),
    "multiply": lambda x: reduce(np.multiply, x),
    "divide": lambda x: np.divide(x[0], x[1]),
    "power": lambda x: np.power(np.asarray(x[0], dtype=float), x[1]),
    "min": lambda x: reduce(np.minimum, x),
    "max": lambda x: reduce(np.maximum, x),
    "less": lambda x: np.less(x[0], x[1]) * 1.0,
    "less_equal": lambda x: np.less_equal(x[0], x[1]) * 1.0,
    "equal": lambda x: np.equal(x[0], x[1]) * 1.0,
    "not_equal": lambda x: np.not_equal(x[0], x[1]) * 1.0,
    "and": lambda x: reduce(np.logical_and, x) * 1.0,
    "or": lambda x: reduce(np.logical_or, x) * 1.0,
    "not": lambda x: np.equal(x[0], 0.0) * 1.0,
    "piecewise": _piecewise,
}
_FUNCTIONS: dict[str, Callable[[Values], Values]] = {
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "floor": np.floor,
    "ceil": np.ceil,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
}


class Tape:
    """Several formulas, ready to be evaluated over rows.

    Attributes
    ----------
    inputs : tuple of str
        Symbols that the formulas use, in sorted order.
    """

    def __init__(self, formulas: Sequence[Expression]) -> None:
        order = postorder(formulas)
        position = {id(node): index for index, node in enumerate(order)}
        self.inputs = tuple(sorted(symbols(*formulas)))
        self._outputs = [position[id(formula)] for formula in formulas]
        self._steps = [(node.operator, [position[id(a)] for a in node.arguments], node.value) for node in order]

    def evaluate(self, values: Mapping[str, Values]) -> list[Values]:
        """Each formula's value: an array over rows, or one number where nothing varies by row."""
        found: list[Values] = []
        with np.errstate(all="ignore"):
            for operator, arguments, value in self._steps:
                if operator == "number":
                    found.append(float(value))  # type: ignore[arg-type]
                elif operator == "symbol":
                    found.append(values[str(value)])
                elif operator in _FUNCTIONS:
                    found.append(_FUNCTIONS[operator](found[arguments[0]]))
                else:
                    found.append(_OPERATIONS[operator]([found[a] for a in arguments]))
        return [found[index] for index in self._outputs]


def partial_slopes(
    formulas: Sequence[Expression], constant: frozenset[str] = frozenset()
) -> tuple[tuple[tuple[int, str], ...], list[Expression]]:
    """Partial derivatives that are not zero everywhere: pairs of (formula index, symbol), and their formulas."""
    pairs, derivatives = [], []
    for name in sorted(symbols(*formulas) - constant):
        users = [k for k, formula in enumerate(formulas) if name in symbols(formula)]
        for k, slope in zip(users, directional_derivative([formulas[k] for k in users], {name: ONE}), strict=True):
            if not is_number(slope, 0.0):
                pairs.append((k, name))
                derivatives.append(slope)
    return tuple(pairs), derivatives


class SlopedTape:
    """Formulas with their partial derivatives by every symbol they use.

    Attributes
    ----------
    slopes : tuple of (formula index, symbol)
        The derivatives that are not zero everywhere, in the order in which `evaluate` returns them.
    """

    def __init__(self, formulas: Sequence[Expression], constant: frozenset[str] = frozenset()) -> None:
        pairs, derivatives = partial_slopes(formulas, constant)
        self.slopes = pairs
        self._count = len(formulas)
        self._values = Tape(formulas)
        self._both = Tape([*formulas, *derivatives])
        self.inputs = self._both.inputs

    def evaluate(self, values: Mapping[str, Values]) -> tuple[list[Values], list[Values]]:
        """Values of the formulas, and the derivatives in the order of `slopes`."""
        made = self._both.evaluate(values)
        return made[: self._count], made[self._count :]

    def values_only(self, values: Mapping[str, Values]) -> list[Values]:
        """Values of the formulas without derivatives."""
        return self._values.evaluate(values)
