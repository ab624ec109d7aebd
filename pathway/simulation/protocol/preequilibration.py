"""Rest before an experiment: its steady states one after the other, at numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pathway.equations import Model
from pathway.equations.model import TIME
from pathway.expressions import evaluate

from ..anchor import Targets, solve_anchors
from ..prepared import prepare
from ..steady import steady_state
from ..steady_values import value_at_rest
from .experiment import Experiment, Period


@dataclass(frozen=True, eq=False)
class Preequilibrated:
    """Cells at rest.

    Attributes
    ----------
    parameters : array, shape (n_parameters,)
        With what the periods have set and found.
    state : array, shape (n_species,)
    """

    parameters: np.ndarray
    state: np.ndarray


def preequilibrated(model: Model, experiment: Experiment, tolerance: float = 1e-10) -> Preequilibrated:
    """Parameters and steady state at the first finite moment of an experiment whose changes hold nothing but numbers.

    The first rest begins at the model's initial formulas, each later one where the one before has ended.

    Parameters
    ----------
    model : Model
    experiment : Experiment
    tolerance : float
        Largest relative distance from a target.

    Raises
    ------
    SteadyStateError
        If there is no steady state.
    AnchorError
        If a target is not met, whatever its parameter is.
    """
    parameters, state = model.parameter_values, None
    for period in experiment.preequilibration:
        begun = _changed(model, period, parameters, state)
        if period.targets:
            targets = _targets(model, period, parameters, state)
            for target in period.targets:
                if target.of_level_before:
                    # Where nothing holds the level up, this is the answer.
                    begun[model.parameter_index(target.parameter)] *= float(target.target)
            found = solve_anchors(model, targets, begun, initial=state, tolerance=tolerance)
            parameters, state = found.parameters, found.state
        else:
            parameters, state = begun, steady_state(model, begun, initial=state)
    return Preequilibrated(parameters, prepare(model).starts(parameters) if state is None else state)


def _changed(model: Model, period: Period, parameters: np.ndarray, state: np.ndarray | None) -> np.ndarray:
    """The parameters after the changes of a period."""
    changed = parameters.copy()
    for name, formula in period.changes.items():
        if formula.operator == "number":
            changed[model.parameter_index(name)] = formula.value
        else:
            changed[model.parameter_index(name)] = evaluate(formula, _known(model, parameters, state))
    return changed


def _known(model: Model, parameters: np.ndarray, state: np.ndarray | None) -> dict[str, float]:
    known = dict(zip(model.parameters, map(float, parameters), strict=True)) | {TIME: model.start_time}
    return known if state is None else known | dict(zip(model.species, map(float, state), strict=True))


def _targets(model: Model, period: Period, parameters: np.ndarray, state: np.ndarray | None) -> Targets:
    """What each parameter has to bring about, from the rest before the period."""
    made: dict[str, tuple[str, float | str]] = {}
    for target in period.targets:
        aim = target.target
        if target.of_level_before:
            assert state is not None, "a level before is asked for in the first rest"
            aim = float(aim) * value_at_rest(model, target.quantity, parameters, state)
        made[target.parameter] = target.quantity, aim
    return made
