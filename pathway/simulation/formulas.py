"""Formulas over whole trajectories with NumPy: what a reader asks for by name after a run.

A run itself uses compiled kernels; here a formula is seen once, and compiling it would cost more than it saves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from pathway.equations import Model
from pathway.equations.model import TIME
from pathway.errors import did_you_mean
from pathway.expressions import Expression, postorder, symbol, symbols
from pathway.expressions.calculus import directional_derivative
from pathway.expressions.graph import ONE

_FUNCTIONS: dict[str, Callable[..., np.ndarray]] = {
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
    "divide": np.divide,
    "power": np.power,
    "less": np.less,
    "less_equal": np.less_equal,
    "equal": np.equal,
    "not_equal": np.not_equal,
    "not": lambda x: x == 0.0,
}

_FOLDS: dict[str, Callable[..., np.ndarray]] = {
    "add": np.add,
    "multiply": np.multiply,
    "min": np.minimum,
    "max": np.maximum,
    "and": np.logical_and,
    "or": np.logical_or,
}


def evaluate_arrays(formulas: Sequence[Expression], values: Mapping[str, np.ndarray | float]) -> list[np.ndarray]:
    """The formulas with an array or a number for every symbol; all arrays broadcast."""
    found: dict[int, np.ndarray] = {}
    with np.errstate(all="ignore"):
        for node in postorder(formulas):
            if node.operator == "number":
                found[id(node)] = np.asarray(node.value, dtype=float)
            elif node.operator == "symbol":
                found[id(node)] = np.asarray(values[str(node.value)], dtype=float)
            else:
                found[id(node)] = _apply(node.operator, [found[id(a)] for a in node.arguments])
    return [found[id(formula)] for formula in formulas]


def _apply(operator: str, operands: list[np.ndarray]) -> np.ndarray:
    if operator in _FUNCTIONS:
        return np.asarray(_FUNCTIONS[operator](*operands), dtype=float)
    if operator in _FOLDS:
        total = operands[0]
        for operand in operands[1:]:
            total = _FOLDS[operator](total, operand)
        return np.asarray(total, dtype=float)
    result = operands[-1]  # piecewise: the first condition that holds decides
    for value, condition in reversed(list(zip(operands[:-1:2], operands[1::2], strict=True))):
        result = np.where(condition != 0.0, value, result)
    return result


def find_formula(model: Model, name: str) -> Expression:
    """The closed formula behind an observable, assignment, reaction, species or parameter.

    Raises
    ------
    KeyError
        With the nearest names.
    """
    for group in (model.observables, model.assignments, model.rates):
        if name in group:
            return model.closed([group[name]])[0]
    if name in model.species or name in model.parameters or name == TIME:
        return symbol(name)
    known = (*model.species, *model.assignments, *model.observables, *model.rates, *model.parameters)
    raise KeyError(f"'{model.name}' has nothing called '{name}'.{did_you_mean(name, known)}")


def named_values(
    model: Model, formulas: Sequence[Expression], times: np.ndarray, states: np.ndarray, parameters: np.ndarray
) -> dict[str, np.ndarray]:
    """The columns that the formulas use, by name; states end in species, parameters in parameters."""
    used = frozenset().union(*(symbols(formula) for formula in formulas)) if formulas else frozenset()
    values: dict[str, np.ndarray] = {TIME: np.asarray(times)}
    values |= {name: states[..., i] for i, name in enumerate(model.species) if name in used}
    values |= {name: parameters[..., i] for i, name in enumerate(model.parameters) if name in used}
    return values


def evaluate_names(
    model: Model, names: Sequence[str], times: np.ndarray, states: np.ndarray, parameters: np.ndarray
) -> np.ndarray:
    """Named quantities at given times and states, shape (..., n_names)."""
    formulas = [find_formula(model, name) for name in names]
    columns = evaluate_arrays(formulas, named_values(model, formulas, times, states, parameters))
    result = np.empty((*np.shape(times), len(names)))
    for place, column in enumerate(columns):
        result[..., place] = column
    return result


def evaluate_slopes(
    model: Model,
    formulas: Sequence[Expression],
    by: Sequence[str],
    times: np.ndarray,
    states: np.ndarray,
    parameters: np.ndarray,
) -> np.ndarray:
    """Derivative of each formula by each symbol of `by`, shape (..., n_formulas, n_by)."""
    result = np.zeros((*np.shape(times), len(formulas), len(by)))
    for place, name in enumerate(by):
        users = [row for row, formula in enumerate(formulas) if name in symbols(formula)]
        if not users:
            continue
        slopes = directional_derivative([formulas[row] for row in users], {name: ONE})
        columns = evaluate_arrays(slopes, named_values(model, slopes, times, states, parameters))
        for row, column in zip(users, columns, strict=True):
            result[..., row, place] = column
    return result
