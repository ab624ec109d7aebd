"""What can be read off cells that rest."""

from __future__ import annotations

import numpy as np

from pathway.equations import Model
from pathway.expressions import evaluate


def value_at_rest(model: Model, name: str, parameters: np.ndarray, state: np.ndarray) -> float:
    """A species, quantity or observable of a state, shape (n_species,), at parameters of shape (n_parameters,)."""
    values = dict(zip(model.species, map(float, state), strict=True))
    values |= dict(zip(model.parameters, map(float, parameters), strict=True))
    if name in values:
        return values[name]
    formula = {**model.assignments, **model.observables}[name]
    return evaluate(model.closed([formula])[0], {**values, "time": model.start_time})
