"""What follows from a line's untreated steady state, found for the lines that users write."""

from __future__ import annotations

import math
from collections.abc import Collection
from functools import lru_cache

import numpy as np

from pathway import parameters
from pathway.equations import Model
from pathway.parameters import Anchor, CellLine, ParameterError
from pathway.simulation import SimulationError
from pathway.simulation.anchor import AnchoredState, solve_anchors
from pathway.simulation.formulas import value_at_rest

CLOSE = 1e-6
"""Relative difference up to which a number of the file says the same as the target that the file states."""


def anchored_line(line: CellLine, model: Model) -> CellLine:
    """A line with the parameters that follow from its untreated steady state.

    Parameters
    ----------
    line : CellLine
        From a file; with a parent, the parent's parameters have been found.
    model : Model
        The circuit.

    Raises
    ------
    ParameterError
        If there is no such state, it meets no target, or numbers of the file contradict each other; with file and line.
    """
    here, stated = parameters.anchors_solved_in_line(line), _stated(line)
    if not here and not stated:
        return line
    start = _nearest_parental(line, here) if line.parent is None else {}
    values = tuple(start.get(name, line.entries[name].value) for name in model.parameters)
    try:
        rest = _at_rest(model, values, here)
    except SimulationError as error:
        raise ParameterError(f"{_place(line, *line.own)}: no untreated cells with these numbers: {error}") from None
    for anchor in stated:
        reached, target = _reached(model, anchor, rest)
        if abs(reached / target - 1.0) > CLOSE:
            raise ParameterError(
                f"{_place(line, anchor.parameter)}: '{anchor.parameter}' gives {anchor.quantity} {reached:.4g} where "
                f"'{anchor.stated_by}' asks for {target:.4g}; leave out one of the two"
            )
    return parameters.cell_line_with_values(line, rest.values, parameters.ANCHORED, "Found: see anchors.toml.")


def _stated(line: CellLine) -> list[Anchor]:
    """Anchors whose parameter and target the line states both."""
    return [
        anchor
        for anchor in parameters.anchors_in_line(line)
        if anchor.stated_by in line.own and anchor.parameter in line.own
        if line.entries[anchor.parameter].source != parameters.ANCHORED
    ]


@lru_cache(maxsize=64)
def _at_rest(model: Model, values: tuple[float, ...], anchors: tuple[Anchor, ...]) -> AnchoredState:
    goals = {anchor.parameter: (anchor.quantity, anchor.target) for anchor in anchors}
    return solve_anchors(model, goals, np.array(values))


def _reached(model: Model, anchor: Anchor, rest: AnchoredState) -> tuple[float, float]:
    """What the quantity is at rest, and its target."""
    names = (anchor.quantity, anchor.target)
    reached, target = (
        value_at_rest(model, name, rest.parameters, rest.state) if isinstance(name, str) else name for name in names
    )
    return reached, target


def _nearest_parental(line: CellLine, anchors: Collection[Anchor]) -> dict[str, float]:
    """Where the search begins: what has been found for the built-in parental line whose numbers are nearest.

    So a file with the numbers of a built-in line is that line to the last digit.
    """
    names = {anchor.parameter for anchor in anchors}
    built_in = [parameters.cell_line(name) for name in parameters.cell_lines()]
    parental = [other for other in built_in if other.parent is None and all(other.values[n] > 0.0 for n in names)]
    nearest = min(parental, key=lambda other: _distance(line, other, names))
    return {name: nearest.values[name] for name in names}


def _distance(line: CellLine, other: CellLine, apart: Collection[str]) -> float:
    pairs = [(line.entries[name].value, other.entries[name].value) for name in line.entries if name not in apart]
    return sum(min(1.0, abs(math.log(a / b))) if a * b > 0.0 else 1.0 for a, b in pairs if a != b)


def _place(line: CellLine, *names: str) -> str:
    """`file:line` of the first of some numbers in a line's own file."""
    file = line.files[0].name if line.files else line.name
    return f"{file}:{min((line.entries[name].line for name in names if name in line.own), default=1)}"
