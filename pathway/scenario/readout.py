"""What can be read off cells that rest."""

from __future__ import annotations

from pathway.equations import Model
from pathway.expressions import evaluate


def value_at_rest(model: Model, name: str) -> float:
    """A species, quantity or observable at the model's initial values."""
    values = dict(zip(model.species, map(float, model.initial_values), strict=True))
    values |= dict(zip(model.parameters, map(float, model.parameter_values), strict=True))
    if name in values:
        return values[name]
    formula = {**model.assignments, **model.observables}[name]
    return evaluate(model.closed([formula])[0], {**values, "time": model.start_time})
