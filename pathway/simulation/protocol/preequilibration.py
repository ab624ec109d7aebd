"""Rest before an experiment: its steady states one after the other, at numbers, for one set of them or many."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np

from pathway.equations import Model
from pathway.equations.model import TIME
from pathway.expressions import evaluate
from pathway.expressions.arrays import evaluate_arrays

from ..anchor import solve_anchors
from ..anchor_members import AnchoredMembers, solve_anchors_of_members
from ..formulas import evaluate_names, value_at_rest
from ..prepared import prepare_model
from ..steady import steady_state
from .experiment import Experiment, Period

Level = TypeVar("Level", float, np.ndarray)


@dataclass(frozen=True, eq=False)
class PreequilibratedState:
    """Cells at rest.

    Attributes
    ----------
    parameters : array, shape (n_parameters,)
        With what the periods have set and found.
    state : array, shape (n_species,)
    """

    parameters: np.ndarray
    state: np.ndarray


def preequilibrated_state(model: Model, experiment: Experiment, tolerance: float = 1e-10) -> PreequilibratedState:
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
            targets = _targets(period, partial(_level, model, parameters=parameters, state=state))
            _begin_near(model, period, begun)
            anchored = solve_anchors(model, targets, begun, initial=state, tolerance=tolerance)
            parameters, state = anchored.parameters, anchored.state
        else:
            parameters, state = begun, steady_state(model, begun, initial=state)
    return PreequilibratedState(parameters, prepare_model(model).starts(parameters) if state is None else state)


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


def _targets(period: Period, level_before: Callable[[str], Level]) -> dict[str, tuple[str, float | str | Level]]:
    """What each parameter has to bring about; levels are those in the rest before the period."""
    return {
        target.parameter: (
            target.quantity,
            float(target.target) * level_before(target.quantity) if target.of_level_before else target.target,
        )
        for target in period.targets
    }


def _begin_near(model: Model, period: Period, parameters: np.ndarray) -> None:
    """Multiply parameters, shape (..., n_parameters), by what their levels shall be multiplied by: where nothing holds
    a level up, this is the answer."""
    for target in period.targets:
        if target.of_level_before:
            parameters[..., model.parameter_index(target.parameter)] *= float(target.target)


def preequilibrated_states(
    model: Model,
    experiment: Experiment,
    parameters: np.ndarray,
    states: np.ndarray,
    values: Mapping[str, np.ndarray],
    tolerance: float = 1e-10,
) -> AnchoredMembers:
    """The same for many members, in lanes.

    Parameters
    ----------
    model : Model
    experiment : Experiment
    parameters : array, shape (n_members, n_parameters)
        Before the first change.
    states : array, shape (n_members, n_species)
        The steady states of these parameters; nan of members that have none, which are passed over.
    values : mapping of name to array, shape (n_members,)
        What the other symbols of the experiment's changes stand for.
    tolerance : float
        Largest relative distance from a target.

    Returns
    -------
    AnchoredMembers
        Its states are nan in members that were missed or passed over.
    """
    living = np.flatnonzero(np.isfinite(states).all(axis=1))
    parameters, states, missed = parameters.copy(), states.copy(), dict[int, str]()
    initial: np.ndarray | None = None
    for period in experiment.preequilibration:
        if period.changes or period.targets:
            rows, before = parameters[living], states[living]
            begun = rows.copy()
            known = dict(zip(model.parameters, rows.T, strict=True)) | {n: v[living] for n, v in values.items()}
            for name, column in zip(period.changes, evaluate_arrays(list(period.changes.values()), known), strict=True):
                begun[:, model.parameter_index(name)] = column
            levels = partial(_member_levels, model, parameters=rows, states=before)
            _begin_near(model, period, begun)
            begins = None if initial is None else initial[living]
            anchored = solve_anchors_of_members(
                model, _targets(period, levels), begun, initial=begins, tolerance=tolerance
            )
            parameters[living], states[living] = anchored.parameters, anchored.states
            missed |= {int(living[member]): reason for member, reason in anchored.missed.items()}
            living = np.flatnonzero(np.isfinite(states).all(axis=1))
        initial = states
    return AnchoredMembers(parameters, states, missed)


def _level(model: Model, quantity: str, parameters: np.ndarray, state: np.ndarray | None) -> float:
    assert state is not None, "a level before is asked for in the first rest"
    return value_at_rest(model, quantity, parameters, state)


def _member_levels(model: Model, quantity: str, parameters: np.ndarray, states: np.ndarray) -> np.ndarray:
    """A quantity of each member, shape (n_members,)."""
    return evaluate_names(model, [quantity], np.full(len(states), model.start_time), states, parameters)[:, 0]
