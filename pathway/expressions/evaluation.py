"""The number a formula gives. For edges and tests; models run through the compiled kernels."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence

from .graph import FUNCTIONS, Expression
from .steps import CHOICE, EvaluationSteps


def evaluate(expression: Expression, values: Mapping[str, float]) -> float:
    """The value of the expression.

    Parameters
    ----------
    expression : Expression
    values : mapping of symbol name to float

    Returns
    -------
    float
        IEEE arithmetic: division by zero gives inf or nan, a function outside its domain gives nan.

    Raises
    ------
    KeyError
        If a symbol has no value; the message is its name.
    """
    return evaluate_all([expression], values)[0]


def evaluate_all(expressions: Sequence[Expression], values: Mapping[str, float]) -> list[float]:
    """The values of several expressions; what they share is computed once."""
    return Evaluator(expressions)(values)


class Evaluator:
    """Several expressions made ready to be evaluated again and again; see `evaluate` for the arithmetic.

    Parameters
    ----------
    expressions : sequence of Expression
    """

    def __init__(self, expressions: Sequence[Expression]) -> None:
        self._work = EvaluationSteps(expressions)
        self._steps = [(_MEANING[name], operands, place) for name, operands, place in self._work.steps]

    def __call__(self, values: Mapping[str, float]) -> list[float]:
        """The values of the expressions, in their order."""
        slots = self._work.start.copy()
        for place, name in self._work.names:
            slots[place] = float(values[name])
        try:
            for meaning, operands, place in self._steps:
                slots[place] = meaning(*[slots[k] for k in operands])
        except (ArithmeticError, ValueError):
            self._carefully(slots)
        return [slots[k] for k in self._work.results]

    def _carefully(self, slots: list[float]) -> None:
        """The same where some step has no finite value: such steps give what IEEE arithmetic gives."""
        for (meaning, operands, place), (name, _, _) in zip(self._steps, self._work.steps, strict=True):
            arguments = [slots[k] for k in operands]
            try:
                slots[place] = meaning(*arguments)
            except (ArithmeticError, ValueError):
                slots[place] = _as_arrays_do(name, arguments)


def _as_arrays_do(name: str, given: Sequence[float]) -> float:
    """A step by IEEE arithmetic."""
    # Imported here: files from outside are read in a process whose memory is limited, which has no use for numpy.
    import numpy as np

    from .arrays import ARRAY_MEANING

    with np.errstate(all="ignore"):
        return float(ARRAY_MEANING[name](*map(np.float64, given)))


_MEANING: dict[str, Callable[..., float]] = {
    **FUNCTIONS,
    "add": operator.add,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "power": math.pow,
    "min": min,
    "max": max,
    "less": lambda a, b: 1.0 if a < b else 0.0,
    "less_equal": lambda a, b: 1.0 if a <= b else 0.0,
    "equal": lambda a, b: 1.0 if a == b else 0.0,
    "not_equal": lambda a, b: 1.0 if a != b else 0.0,
    "and": lambda a, b: 1.0 if a != 0.0 and b != 0.0 else 0.0,
    "or": lambda a, b: 1.0 if a != 0.0 or b != 0.0 else 0.0,
    "not": lambda a: 1.0 if a == 0.0 else 0.0,
    CHOICE: lambda condition, value, otherwise: value if condition != 0.0 else otherwise,
}
