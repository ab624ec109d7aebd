"""What a reader asks for by name: over a whole trajectory after a run, or of cells that rest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pathway.equations import Model
from pathway.equations.model import TIME
from pathway.errors import UnknownNameError, did_you_mean
from pathway.expressions import Expression, evaluate, symbol, symbols
from pathway.expressions.arrays import ArrayEvaluator, evaluate_arrays
from pathway.expressions.calculus import gradients

from .prepared import prepare_model


def find_formula(model: Model, name: str) -> Expression:
    """The closed formula behind an observable, assignment, reaction, species or parameter.

    Raises
    ------
    UnknownNameError
        With the nearest names.
    """
    for group in (model.observables, model.assignments, model.rates):
        if name in group:
            return model.closed([group[name]])[0]
    if name in model.species or name in model.parameters or name == TIME:
        return symbol(name)
    known = (*model.species, *model.assignments, *model.observables, *model.rates, *model.parameters)
    raise UnknownNameError(f"'{model.name}' has nothing called '{name}'.{did_you_mean(name, known)}")


def values_by_symbol(
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
    evaluator, of_species, of_parameters = prepare_model(model).once(_named_evaluator, *names)
    values: dict[str, np.ndarray] = {TIME: np.asarray(times)}
    values |= {name: states[..., i] for name, i in of_species}
    values |= {name: parameters[..., i] for name, i in of_parameters}
    columns = evaluator(values)
    result = np.empty((*np.shape(times), len(names)))
    for place, column in enumerate(columns):
        result[..., place] = column
    return result


def _named_evaluator(model: Model, *names: str) -> tuple[ArrayEvaluator, list[tuple[str, int]], list[tuple[str, int]]]:
    """What gives named quantities, and the species and parameters that it reads with their positions."""
    formulas = [find_formula(model, name) for name in names]
    used = symbols(*formulas)
    species, parameters = (
        [(name, i) for i, name in enumerate(group) if name in used] for group in (model.species, model.parameters)
    )
    return ArrayEvaluator(formulas), species, parameters


def value_at_rest(model: Model, name: str, parameters: np.ndarray, state: np.ndarray) -> float:
    """A named quantity of a state, shape (n_species,), at parameters of shape (n_parameters,)."""
    values = dict(zip(model.species, map(float, state), strict=True)) | {TIME: model.start_time}
    values |= dict(zip(model.parameters, map(float, parameters), strict=True))
    return evaluate(find_formula(model, name), values)


def evaluate_derivatives(
    model: Model,
    formulas: Sequence[Expression],
    by: Sequence[str],
    times: np.ndarray,
    states: np.ndarray,
    parameters: np.ndarray,
) -> np.ndarray:
    """Derivative of each formula by each symbol of `by`, shape (..., n_formulas, n_by)."""
    rows = gradients(formulas, by)
    entries = [(row, by.index(name)) for row, gradient in enumerate(rows) for name in gradient]
    slopes = [slope for gradient in rows for slope in gradient.values()]
    columns = evaluate_arrays(slopes, values_by_symbol(model, slopes, times, states, parameters))
    result = np.zeros((*np.shape(times), len(formulas), len(by)))
    for (row, place), column in zip(entries, columns, strict=True):
        result[..., row, place] = column
    return result
