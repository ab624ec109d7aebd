"""Cell lines drawn from the ranges of their parameters, for asking how much a verdict owes to the chosen numbers.

One quantile for each parameter and draw, the same in all lines, placed in the range of the line (uniform in the
logarithm where the range is positive). What is anchored in a parental line is then found anew, so that every draw still
divides at its line's doubling time and counts PTEN in units of its own untreated level.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import numpy as np

from pathway import parameters
from pathway.equations import Model
from pathway.errors import NumericalError
from pathway.simulation import SimulationError
from pathway.simulation.anchor import solve_anchors

from .laboratory import Laboratory
from .shelf import line_of_cells

_PRECISION = 1e-6
"""Relative distance of drawn cells from what they are anchored to."""


class DrawFailure(NumericalError, RuntimeError):
    """A draw that gives no living cell: no resting state, or growth or PTEN that cannot be had."""


def drawn_laboratory(laboratory: Laboratory, seed: int, draw: int, only: Collection[str] | None = None) -> Laboratory:
    """The laboratory with every cell line at draw number `draw`.

    Parameters
    ----------
    laboratory : Laboratory
    seed, draw : int
    only : collection of str, optional
        The parameters that are drawn, all others keep their values; default: every one.

    Raises
    ------
    DrawFailure
        When a line is asked for that cannot be anchored.
    """
    model = laboratory.model
    quantiles = dict(
        zip(model.parameters, np.random.default_rng([seed, draw]).random(len(model.parameters)), strict=True)
    )
    made: dict[str, np.ndarray] = {}

    def parameters_of(name: str, folder: Path) -> np.ndarray:
        if name not in made:
            line = line_of_cells(name, folder)
            parent = parameters_of(line.parent, folder) if line.parent else None
            made[name] = _drawn_line(line, quantiles, model, parent, only)
        return made[name]

    return replace(laboratory, parameters_of=parameters_of)


def _drawn_line(
    line: parameters.CellLine,
    quantiles: dict[str, float],
    model: Model,
    parent: np.ndarray | None,
    only: Collection[str] | None,
) -> np.ndarray:
    """The line's numbers at these quantiles; what follows is found where the line is anchored, or is its parent's."""
    # What a scenario sets (a mutation, an extra miRNA) is no uncertain constant: it keeps its value.
    values = np.array(
        [
            entry.value
            if entry.source == "scenario" or (only is not None and entry.name not in only)
            else _placed(quantiles[entry.name], *entry.range, entry.value)
            for entry in (line.entries[name] for name in model.parameters)
        ]
    )
    if parent is not None:
        inherited = [a for a in parameters.anchors() if line.entries[a.parameter].source == parameters.ANCHORED]
        places = [model.parameter_index(anchor.parameter) for anchor in inherited]
        values[places] = parent[places]
    anchors = parameters.anchors_solved_in(line)
    if not anchors:
        return values
    places = [model.parameter_index(anchor.parameter) for anchor in anchors]
    values[places] = [line.entries[anchor.parameter].value for anchor in anchors]
    targets = {anchor.parameter: (anchor.quantity, anchor.target) for anchor in anchors}
    try:
        return solve_anchors(model, targets, values, tolerance=_PRECISION).parameters
    except SimulationError as error:
        raise DrawFailure(str(error)) from error


def _placed(quantile: float, low: float, high: float, value: float) -> float:
    if low >= high:
        return value
    if low > 0:
        return math.exp(math.log(low) + quantile * math.log(high / low))
    return low + quantile * (high - low)
