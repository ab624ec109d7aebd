"""Parameters that something is divided by: at 0 they leave rates that are no numbers."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from pathway.equations import Model
from pathway.equations.model import TIME
from pathway.expressions import Expression, symbols
from pathway.expressions.arrays import evaluate_arrays
from pathway.simulation.prepared import prepare_model


@lru_cache(maxsize=1024)
def formulas_undefined_without(model: Model, name: str) -> str | None:
    """What would be no finite number if a parameter were 0, with the model's own numbers; remembered, since several
    arms ask the same."""
    return parameters_undefined_at_zero(model, model.parameter_values, [name]).get(name)


def parameters_undefined_at_zero(model: Model, values: np.ndarray, names: Iterable[str]) -> dict[str, str]:
    """Which of some parameters cannot be 0, and what would no longer be a finite number.

    Parameters
    ----------
    model : Model
    values : array, shape (n_parameters,)
        Of the other parameters.
    names : iterable of str
        One is set to 0 at a time: where everything is present, at the start, and where nothing is present.

    Returns
    -------
    dict
        Name to "the rate of X", or the name of a quantity.
    """
    ready, numbers = prepare_model(model), np.asarray(values, dtype=float).tobytes()
    return {name: what for name in names if (what := ready.once(_undefined, numbers, name))}


def _undefined(model: Model, numbers: bytes, name: str) -> str | None:
    """What is no finite number where a parameter is 0, though it is one where the parameter is not."""
    users = {what: formula for what, (formula, used) in prepare_model(model).once(_formulas).items() if name in used}
    rows = np.repeat(np.frombuffer(numbers)[None], 2, axis=0)
    rows[0, model.parameter_index(name)] = 0.0
    known = {n: rows[:, k] for k, n in enumerate(model.parameters)} | {TIME: np.array(model.start_time)}
    starts = evaluate_arrays([model.closed_initial[species] for species in model.species], known)
    # No two amounts are alike, so that no difference is zero by chance.
    present = np.exp(np.linspace(-1.0, 1.0, len(model.species)))
    for amounts in (present, starts, np.zeros(len(model.species))):
        columns = evaluate_arrays(list(users.values()), known | dict(zip(model.species, amounts, strict=True)))
        for what, column in zip(users, columns, strict=True):
            zero, usual = np.broadcast_to(np.isfinite(column), 2)
            if usual and not zero:
                return what
    return None


def _formulas(model: Model) -> dict[str, tuple[Expression, frozenset[str]]]:
    """Whatever a run evaluates, by what it is called, with its symbols."""
    observables = zip(model.observables, model.closed(model.observables.values()), strict=True)
    formulas = {f"the initial value of {name}": model.closed_initial[name] for name in model.species}
    formulas |= {f"the rate of {name}": formula for name, formula in model.derivatives.items()}
    formulas |= {f"'{name}'": formula for name, formula in (*model.closed_assignments.items(), *observables)}
    return {what: (formula, symbols(formula)) for what, formula in formulas.items()}
