"""A model's right-hand side written anew as a Python function and compiled by numba: for SciPy and numbalsoda."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numba
import numpy as np

from pathway.equations import Model
from pathway.expressions import postorder

_WRITTEN = {
    "add": lambda *a: "(" + " + ".join(a) + ")",
    "multiply": lambda *a: "(" + " * ".join(a) + ")",
    "divide": lambda a, b: f"({a} / {b})",
    "less": lambda a, b: f"(1.0 if {a} < {b} else 0.0)",
    "less_equal": lambda a, b: f"(1.0 if {a} <= {b} else 0.0)",
    "equal": lambda a, b: f"(1.0 if {a} == {b} else 0.0)",
    "not_equal": lambda a, b: f"(1.0 if {a} != {b} else 0.0)",
    "and": lambda *a: f"(1.0 if {' and '.join(f'{x} != 0.0' for x in a)} else 0.0)",
    "or": lambda *a: f"(1.0 if {' or '.join(f'{x} != 0.0' for x in a)} else 0.0)",
    "not": lambda a: f"(1.0 if {a} == 0.0 else 0.0)",
    "abs": lambda a: f"abs({a})",
    "min": lambda *a: f"min({', '.join(a)})",
    "max": lambda *a: f"max({', '.join(a)})",
}


def source(model: Model) -> str:
    """Text of `slopes(t, y, dy, p)`."""
    places = {name: f"y[{k}]" for k, name in enumerate(model.species)}
    places |= {name: f"p[{k}]" for k, name in enumerate(model.parameters)}
    places["time"] = "t"
    formulas = list(model.derivatives.values())
    names: dict[object, str] = {}
    lines = ["def slopes(t, y, dy, p):"]
    for node in postorder(formulas):
        if node.operator == "symbol":
            names[node] = places[str(node.value)]
        elif node.operator == "number":
            names[node] = repr(node.value)
        else:
            names[node] = f"v{len(names)}"
            lines.append(f"    {names[node]} = {_operation(node.operator, [names[a] for a in node.arguments])}")
    lines += [f"    dy[{row}] = {names[formula]}" for row, formula in enumerate(formulas)]
    return "\n".join(lines)


def _operation(operator: str, arguments: list[str]) -> str:
    if operator == "power":
        basis, exponent = arguments
        whole = exponent.endswith(".0") and abs(float(exponent)) <= 8
        return f"{basis} ** {int(float(exponent))}" if whole else f"{basis} ** {exponent}"
    if operator == "piecewise":
        text = arguments[-1]
        for value, condition in zip(arguments[-3::-2], arguments[-2::-2], strict=True):
            text = f"({value} if {condition} != 0.0 else {text})"
        return text
    if operator in _WRITTEN:
        return _WRITTEN[operator](*arguments)
    return f"math.{operator}({arguments[0]})"


@cache
def right_hand_side(model: Model) -> Callable[..., Any]:
    """`slopes(t, y, dy, p)`, compiled; the text is made from numbers and positions only."""
    import math

    space: dict[str, Any] = {"math": math}
    exec(source(model), space)
    return numba.njit(error_model="numpy")(space["slopes"])


def plain(model: Model) -> Callable[[float, np.ndarray], np.ndarray]:
    """f(t, y) at the model's own parameters, for SciPy."""
    slopes, p = right_hand_side(model), np.array(model.parameter_values)

    @numba.njit
    def function(t: float, y: np.ndarray) -> np.ndarray:
        dy = np.empty_like(y)
        slopes(t, y, dy, p)
        return dy

    function(0.0, np.array(model.initial_values))
    return function
