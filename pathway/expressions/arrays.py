"""The arrays that formulas give: NumPy over whole trajectories and many members, in IEEE arithmetic.

Models run through the compiled kernels; here a formula is seen once or a few times, and compiling it would cost more
than it saves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .graph import Expression
from .steps import CHOICE, EvaluationSteps

Values = np.ndarray | float


def evaluate_arrays(expressions: Sequence[Expression], values: Mapping[str, Values]) -> list[np.ndarray]:
    """The expressions with an array or a number for every symbol; all arrays broadcast.

    Raises
    ------
    KeyError
        If a symbol has no value; the message is its name.
    """
    return ArrayEvaluator(expressions)(values)


class ArrayEvaluator:
    """Several expressions made ready to be evaluated again and again over arrays.

    Parameters
    ----------
    expressions : sequence of Expression
    """

    def __init__(self, expressions: Sequence[Expression]) -> None:
        self._work = EvaluationSteps(expressions)
        self._steps = [(ARRAY_MEANING[operator], operands, place) for operator, operands, place in self._work.steps]

    def __call__(self, values: Mapping[str, Values]) -> list[np.ndarray]:
        """The values of the expressions, in their order, each of the shape that its own symbols broadcast to."""
        slots: list[Values] = list(self._work.start)
        for place, name in self._work.names:
            slots[place] = np.asarray(values[name], dtype=float)
        with np.errstate(all="ignore"):
            for meaning, operands, place in self._steps:
                slots[place] = meaning(*[slots[k] for k in operands])
        return [np.asarray(slots[k], dtype=float) for k in self._work.results]


def _truth(relation: Callable[..., Any]) -> Callable[..., np.ndarray]:
    # As numbers: a sum of two true conditions is 2.
    return lambda *operands: np.asarray(relation(*operands), dtype=float)


ARRAY_MEANING: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "multiply": np.multiply,
    "divide": np.divide,
    "power": np.power,
    # Of a number and nan the first, as in compiled code.
    "min": lambda a, b: np.where(b < a, b, a),
    "max": lambda a, b: np.where(b > a, b, a),
    "less": _truth(np.less),
    "less_equal": _truth(np.less_equal),
    "equal": _truth(np.equal),
    "not_equal": _truth(np.not_equal),
    "and": _truth(np.logical_and),
    "or": _truth(np.logical_or),
    "not": _truth(np.logical_not),
    CHOICE: lambda condition, value, otherwise: np.where(condition != 0.0, value, otherwise),
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
"""What each operator of a step does, with IEEE results where it has no value."""
