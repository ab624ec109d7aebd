"""Cell lines drawn from the ranges of their parameters, for asking how much a verdict owes to the chosen numbers.

One quantile for each parameter and draw, the same in all lines, placed in the range of the line (uniform in the
logarithm where the range is positive). What is anchored in a parental line is then found anew, so that every draw still
divides at its line's doubling time and counts PTEN in units of its own untreated level.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from pathway import parameters
from pathway.equations import Model, network_model
from pathway.network import circuit
from pathway.simulation import SimulationError, steady_state

from .laboratory import Laboratory
from .readout import value_at_rest
from .shelf import line_of_cells

_PRECISION = 1e-6
_MOST_TRIALS = 40


class DrawFailure(RuntimeError):
    """A draw that gives no living cell: no resting state, or growth or PTEN that cannot be had."""


def drawn_laboratory(laboratory: Laboratory, seed: int, draw: int) -> Laboratory:
    """The laboratory with every cell line at draw number `draw`.

    Raises
    ------
    DrawFailure
        When a line is asked for that cannot be anchored.
    """
    names = [parameter.name for parameter in circuit().parameters]
    quantiles = dict(zip(names, np.random.default_rng([seed, draw]).random(len(names)), strict=True))
    made: dict[str, Model] = {}

    def model_of(name: str, folder: Path) -> Model:
        if name not in made:
            made[name] = _drawn_line(name, folder, quantiles, model_of)
        return made[name]

    return replace(laboratory, model_of=model_of)


def _drawn_line(name: str, folder: Path, quantiles: dict[str, float], model_of: object) -> Model:
    line = line_of_cells(name, folder)
    values = {n: _placed(quantiles[n], *line.entries[n].range, line.entries[n].value) for n in quantiles}
    anchors = parameters.anchors()
    if line.parent:
        parent = model_of(line.parent, folder)  # type: ignore[operator]
        values |= {a.parameter: float(parent.parameter_values[parent.parameter_index(a.parameter)]) for a in anchors}
        return network_model(line.name, circuit(), values)
    start = {a.parameter: line.entries[a.parameter].value for a in anchors}
    return _anchored(network_model(line.name, circuit(), values | start), anchors)


def _placed(quantile: float, low: float, high: float, value: float) -> float:
    if low >= high:
        return value
    if low > 0:
        return math.exp(math.log(low) + quantile * math.log(high / low))
    return low + quantile * (high - low)


def _anchored(model: Model, anchors: tuple[parameters.Anchor, ...]) -> Model:
    """Anchored parameters found by Newton's method in logarithms, its slopes improved along the way (Broyden 1965)."""
    names = [anchor.parameter for anchor in anchors]
    logs = np.array([math.log(model.parameter_values[model.parameter_index(n)]) for n in names])
    slopes = np.eye(len(names))
    model, misses = _trial(model, anchors, logs)
    for _ in range(_MOST_TRIALS):
        if np.max(np.abs(misses)) < _PRECISION:
            return model
        step = np.clip(-np.linalg.solve(slopes, misses), -1.0, 1.0)
        model, after = _trial(model, anchors, logs + step)
        slopes += np.outer(after - misses - slopes @ step, step) / (step @ step)
        logs, misses = logs + step, after
        if abs(np.linalg.det(slopes)) < 1e-6:
            slopes = np.eye(len(names))
    raise DrawFailure("the anchored parameters could not be found")


def _trial(model: Model, anchors: tuple[parameters.Anchor, ...], logs: np.ndarray) -> tuple[Model, np.ndarray]:
    """The model at rest with these values, and how far (in logarithms) each quantity is from its target."""
    model = model.with_parameters({a.parameter: math.exp(v) for a, v in zip(anchors, logs, strict=True)})
    try:
        model = model.with_initial_values(steady_state(model))
    except SimulationError as error:
        raise DrawFailure(str(error)) from error
    misses = []
    for anchor in anchors:
        found = value_at_rest(model, anchor.quantity)
        wanted = value_at_rest(model, anchor.target) if isinstance(anchor.target, str) else float(anchor.target)
        if not (found > 0 and wanted > 0):
            raise DrawFailure(f"{anchor.quantity} is {found:.3g}")
        misses.append(math.log(found / wanted))
    return model, np.array(misses)
