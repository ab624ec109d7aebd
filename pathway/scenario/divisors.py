"""Parameters that something is divided by: at 0 they leave rates that are no numbers."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from pathway.equations import Model
from pathway.equations.model import TIME
from pathway.simulation.formulas import evaluate_arrays


def undefined_at_zero(model: Model, values: np.ndarray, names: Iterable[str]) -> dict[str, str]:
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
    asked = list(dict.fromkeys(names))
    if not asked:
        return {}
    # The last row is what the numbers are without any change: what is undefined there is not to blame on the names.
    rows = np.repeat(np.asarray(values, dtype=float)[None], len(asked) + 1, axis=0)
    rows[np.arange(len(asked)), [model.parameter_index(name) for name in asked]] = 0.0
    known = {name: rows[:, k] for k, name in enumerate(model.parameters)} | {TIME: np.array(model.start_time)}
    starts = evaluate_arrays([model.closed_initial[name] for name in model.species], known)
    observables = zip(model.observables, model.closed(model.observables.values()), strict=True)
    formulas = {f"the initial value of {name}": model.closed_initial[name] for name in model.species}
    formulas |= {f"the rate of {name}": formula for name, formula in model.derivatives.items()}
    formulas |= {f"'{name}'": formula for name, formula in (*model.closed_assignments.items(), *observables)}
    found: dict[str, str] = {}
    # No two amounts are alike, so that no difference is zero by chance.
    for amounts in (np.exp(np.linspace(-1.0, 1.0, len(model.species))), starts, np.zeros(len(model.species))):
        columns = evaluate_arrays(list(formulas.values()), known | dict(zip(model.species, amounts, strict=True)))
        for what, column in zip(formulas, columns, strict=True):
            *each, usual = np.broadcast_to(np.isfinite(column), len(rows))
            for name, good in zip(asked, each, strict=True):
                if usual and not good:
                    found.setdefault(name, what)
    return found
