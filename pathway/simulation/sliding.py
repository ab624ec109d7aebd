"""Why a run that switches without end does so: the rates on both sides of a border push back to it (sliding mode)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pathway.equations.model import TIME
from pathway.equations.switches import Switch, switches
from pathway.expressions import to_text
from pathway.expressions.calculus import gradients
from pathway.expressions.evaluation import evaluate_all

from .prepared import PreparedModel
from .solvers.probe import evaluate_right_hand_side

NEAR = 1e-3
"""A border is looked at if the rates would reach it in this share of the time run so far."""

ASIDE = 1e-7
"""How far to either side of the border the rates are looked at, in the same measure."""


def sliding_switch(prepared: PreparedModel, time: float, state: np.ndarray, parameters: np.ndarray) -> Switch | None:
    """The switch of the rates on whose border a state would have to stay, if there is one.

    Parameters
    ----------
    time : float
    state : array, shape (n_species,)
        Of a run that did not get on.
    parameters : array, shape (n_parameters,)
    """
    model, kernels, mass = prepared.model, prepared.kernels(1), prepared.pattern.mass
    values = dict(zip(model.parameters, map(float, parameters), strict=True)) | {TIME: time}
    values |= zip(model.species, map(float, state), strict=True)
    for switch in switches(model):
        if switch.time_only or switch.continuous or not switch.in_rates:
            continue
        slopes = gradients([switch.function], {*model.species, TIME})[0]
        value, *numbers = evaluate_all([switch.function, *slopes.values()], values)
        slope = dict(zip(slopes, numbers, strict=True))
        if not np.isfinite(value):
            continue
        border = float(np.rint(value)) if switch.integer else 0.0
        across = np.array([slope.get(name, 0.0) for name in model.species])
        length = float(across @ across)
        if not 0.0 < length < np.inf:
            continue

        def speed(
            beyond: float,
            value: float = value,
            across: np.ndarray = across,
            length: float = length,
            slope: dict = slope,
            border: float = border,
        ) -> float:
            """How fast the function changes where it is so far beyond the border."""
            there = state + (border + beyond - value) / length * across
            rates = mass * evaluate_right_hand_side(kernels, time, there, parameters)
            return slope.get(TIME, 0.0) + float(across @ rates)

        beyond = value - border
        reach = abs(speed(beyond)) * (time - model.start_time)
        if abs(beyond) <= NEAR * reach and _pushes_back(speed, max(4.0 * abs(beyond), ASIDE * reach)):
            return switch
    return None


def _pushes_back(speed: Callable[[float], float], aside: float) -> bool:
    """Whether a function falls where it is positive and rises where it is negative, however near to zero."""
    for sign in (1.0, -1.0):
        near, far = sign * speed(0.5 * sign * aside), sign * speed(sign * aside)
        # At a steady state beside no border the speed would be in proportion to the distance.
        if not (near < 0.75 * far < 0.0):
            return False
    return True


def sliding_cause(prepared: PreparedModel, time: float, state: np.ndarray, parameters: np.ndarray) -> str:
    """What a message says of a run that chatters; empty if it does not."""
    switch = sliding_switch(prepared, time, state, parameters)
    if switch is None:
        return ""
    return (
        f"on both sides of '{to_text(switch.node)}' the rates push back to its border, so that they chatter (sliding)"
    )
