"""The number a formula gives. For edges and tests; models run through the compiled kernels."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from .graph import _COMPARISONS, FUNCTIONS, Expression
from .traverse import postorder


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
        nodes = postorder(expressions)
        place = {id(node): k for k, node in enumerate(nodes)}
        self._start = [float(n.value) if n.operator == "number" else math.nan for n in nodes]  # type: ignore[arg-type]
        self._names = [(k, str(node.value)) for k, node in enumerate(nodes) if node.operator == "symbol"]
        inner = [(k, node) for k, node in enumerate(nodes) if node.operator not in ("number", "symbol")]
        self._steps = [(k, node.operator, [place[id(a)] for a in node.arguments]) for k, node in inner]
        self._results = [place[id(expression)] for expression in expressions]

    def __call__(self, values: Mapping[str, float]) -> list[float]:
        """The values of the expressions, in their order."""
        found = self._start.copy()
        for place, name in self._names:
            found[place] = float(values[name])
        for place, operator, arguments in self._steps:
            found[place] = _apply(operator, [found[k] for k in arguments])
        return [found[k] for k in self._results]


def _apply(operator: str, operands: list[float]) -> float:
    if operator in _COMPARISONS:
        return float(_COMPARISONS[operator](*operands))
    try:
        if operator in FUNCTIONS:
            return float(FUNCTIONS[operator](*operands))
        result = _MEANING[operator](operands)
        return math.nan if isinstance(result, complex) else float(result)  # a root of a negative number
    except OverflowError:
        return math.inf
    except ValueError:
        # Outside the domain of a function.
        return -math.inf if operator == "log" and operands[0] == 0.0 else math.nan
    except ZeroDivisionError:
        return _by_zero(operator, operands)


def _by_zero(operator: str, operands: list[float]) -> float:
    numerator = operands[0] if operator == "divide" else 1.0
    if numerator == 0.0 or math.isnan(numerator):
        return math.nan
    sign = math.copysign(1.0, numerator)
    return sign * math.copysign(math.inf, operands[1] if operator == "divide" else 1.0)


def _first_that_holds(operands: list[float]) -> float:
    for value, condition in zip(operands[:-1:2], operands[1::2], strict=True):
        if condition != 0.0:
            return value
    return operands[-1]


_MEANING: dict[str, Callable[[list[float]], float | complex]] = {
    "add": sum,
    "multiply": math.prod,
    "divide": lambda x: x[0] / x[1],
    "power": lambda x: x[0] ** x[1],
    "min": min,
    "max": max,
    "and": lambda x: all(x),
    "or": lambda x: any(x),
    "not": lambda x: x[0] == 0.0,
    "piecewise": _first_that_holds,
}
