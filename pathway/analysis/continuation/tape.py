"""Formulas as a list of operations, run again and again on numbers or on whole arrays.

A continuation evaluates the same few thousand operations thousands of times, on one state or on many states at once.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence

import numpy as np

from pathway.expressions import Expression, postorder
from pathway.expressions.graph import FUNCTIONS

_FOLDS: dict[str, tuple[Callable, Callable]] = {
    "add": (operator.add, np.add),
    "multiply": (operator.mul, np.multiply),
    "divide": (operator.truediv, np.divide),
    "power": (operator.pow, np.power),
    "min": (min, np.minimum),
    "max": (max, np.maximum),
    "less": (lambda a, b: float(a < b), np.less),
    "less_equal": (lambda a, b: float(a <= b), np.less_equal),
    "equal": (lambda a, b: float(a == b), np.equal),
    "not_equal": (lambda a, b: float(a != b), np.not_equal),
    "and": (lambda a, b: float(a != 0.0 and b != 0.0), np.logical_and),
    "or": (lambda a, b: float(a != 0.0 or b != 0.0), np.logical_or),
}
_NUMPY_NAMES = {"asin": "arcsin", "acos": "arccos", "atan": "arctan"}
_FUNCTIONS = {name: (meaning, getattr(np, _NUMPY_NAMES.get(name, name))) for name, meaning in FUNCTIONS.items()}
_FUNCTIONS["not"] = (lambda x: float(x == 0.0), np.logical_not)


def _choose(condition: float, value: float, otherwise: float) -> float:
    return value if condition != 0.0 else otherwise


class Tape:
    """Several formulas over the same symbols.

    Parameters
    ----------
    formulas : sequence of Expression
    names : sequence of str
        Symbols, in the order in which their values are given.
    """

    def __init__(self, formulas: Sequence[Expression], names: Sequence[str]) -> None:
        self.names = tuple(names)
        places = {name: index for index, name in enumerate(self.names)}
        self._start: list[float] = [0.0] * len(self.names)
        self._operations: list[tuple[Callable, Callable, tuple[int, ...], int]] = []
        found: dict[int, int] = {}
        for node in postorder(formulas):
            found[id(node)] = self._place(node, [found[id(a)] for a in node.arguments], places)
        self._results = [found[id(formula)] for formula in formulas]
        self._scalar = [(o[0], o[2], o[3]) for o in self._operations]

    def _slot(self, value: float = 0.0) -> int:
        self._start.append(value)
        return len(self._start) - 1

    def _place(self, node: Expression, operands: list[int], places: dict[str, int]) -> int:
        if node.operator == "symbol":
            return places[str(node.value)]
        if node.operator == "number":
            return self._slot(float(node.value))  # type: ignore[arg-type]
        if node.operator == "piecewise":
            last = operands[-1]
            for value, condition in reversed(list(zip(operands[:-1:2], operands[1::2], strict=True))):
                last = self._append((_choose, lambda c, v, o: np.where(c != 0.0, v, o)), (condition, value, last))
            return last
        if node.operator in _FUNCTIONS:
            return self._append(_FUNCTIONS[node.operator], (operands[0],))
        last = operands[0]
        for operand in operands[1:]:
            last = self._append(_FOLDS[node.operator], (last, operand))
        return last

    def _append(self, meaning: tuple[Callable, Callable], operands: tuple[int, ...]) -> int:
        result = self._slot()
        self._operations.append((*meaning, operands, result))
        return result

    def at(self, values: Sequence[float] | np.ndarray) -> np.ndarray:
        """The formulas at one set of values, shape (n_formulas,); nan where they have no value."""
        work = list(self._start)
        work[: len(self.names)] = list(map(float, values))
        try:
            for meaning, operands, result in self._scalar:
                work[result] = meaning(*[work[operand] for operand in operands])
        except (ValueError, ZeroDivisionError, OverflowError, TypeError):
            return np.full(len(self._results), math.nan)
        found = [work[result] for result in self._results]
        if any(isinstance(value, complex) for value in found):
            return np.full(len(self._results), math.nan)
        return np.array(found, dtype=float)

    def over(self, values: Sequence[np.ndarray | float]) -> list[np.ndarray]:
        """The formulas with an array or a number for each symbol; all broadcast against each other."""
        work: list[np.ndarray | float] = list(self._start)
        work[: len(self.names)] = list(values)
        with np.errstate(all="ignore"):
            for _, meaning, operands, result in self._operations:
                work[result] = meaning(*[work[operand] for operand in operands])
        return [np.asarray(work[result], dtype=float) for result in self._results]
