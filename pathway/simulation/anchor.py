"""Parameters that follow from a steady state: values for which named quantities hit their targets there.

    python -m pathway.simulation.anchor bt474      # the anchored parameters of a cell line, as they should be

Newton's method in the logarithms of the parameters; the slopes of the steady state come from the implicit function
theorem, so an iteration costs one steady state.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pathway.equations import Model

from .checks import checked_row
from .formulas import evaluate_names, evaluate_slopes, find_formula
from .prepared import prepare
from .simulate import Values
from .steady import SteadyStateError, steady_slopes, steady_state

LARGEST_MOVE = np.log(4.0)
"""Of the logarithm of a parameter in one iteration."""


@dataclass(frozen=True, eq=False)
class Anchored:
    """Parameters and the steady state that belongs to them.

    Attributes
    ----------
    parameters : array, shape (n_parameters,)
    state : array, shape (n_species,)
    values : dict of anchored parameter to value
    """

    parameters: np.ndarray
    state: np.ndarray
    values: Mapping[str, float]


def solve_anchors(
    model: Model, anchors: Mapping[str, tuple[str, float | str]], parameters: Values = None, *, tolerance: float = 1e-10
) -> Anchored:
    """Values of parameters for which quantities equal their targets in the steady state.

    Parameters
    ----------
    model : Model
    anchors : mapping of parameter name to (quantity, target)
        The quantity is a species, assignment or observable; the target a positive number or another quantity.
    parameters : array, mapping or None
        Where to begin, and all that is not anchored.
    tolerance : float
        Largest relative distance from a target.

    Returns
    -------
    Anchored

    Raises
    ------
    SteadyStateError
        If a steady state is not reached on the way, or the targets are not.
    """
    prepared = prepare(model)
    p = checked_row("parameters", parameters, model.parameters, model.parameter_values, model)
    names = tuple(anchors)
    places = [model.parameter_index(name) for name in names]
    quantities = tuple(quantity for quantity, _ in anchors.values())
    formulas = [find_formula(model, quantity) for quantity in quantities]
    aims = [find_formula(model, a) if isinstance(a, str) else None for _, a in anchors.values()]
    state = steady_state(model, p)
    distance = np.full(len(names), np.inf)
    for _ in range(40):
        where = (np.array(model.start_time), state, p)
        reached = evaluate_names(model, quantities, *where)
        slopes = steady_slopes(model, state, p, names, prepared.start_slopes(p, names))
        total = evaluate_slopes(model, formulas, model.species, *where) @ slopes
        total += evaluate_slopes(model, formulas, names, *where)
        targets, moves = _targets(model, anchors, aims, names, slopes, where)
        distance = np.log(reached / targets)
        if np.max(np.abs(distance)) < tolerance:
            values = {name: float(p[place]) for name, place in zip(names, places, strict=True)}
            return Anchored(p, state, values)
        jacobian = (total / reached[:, None] - moves / targets[:, None]) * p[places]
        step = np.linalg.solve(jacobian, -distance)
        p[places] *= np.exp(np.clip(step, -LARGEST_MOVE, LARGEST_MOVE))
        state = steady_state(model, p)
    worst = int(np.argmax(np.abs(distance)))
    reason = f"'{quantities[worst]}' does not reach its target by '{names[worst]}'"
    now = dict(zip(model.species, map(float, state), strict=True))
    raise SteadyStateError(f"{model.name}: {reason}.", reason, model.start_time, now, None)


def _targets(
    model: Model, anchors: Mapping, aims: list, names: tuple[str, ...], slopes: np.ndarray, where: tuple
) -> tuple[np.ndarray, np.ndarray]:
    """Targets and how they move with the anchored parameters."""
    targets, moves = np.empty(len(names)), np.zeros((len(names), len(names)))
    for row, (aim, (_, given)) in enumerate(zip(aims, anchors.values(), strict=True)):
        if aim is None:
            targets[row] = given
            continue
        targets[row] = evaluate_names(model, [given], *where)[0]
        moves[row] = (evaluate_slopes(model, [aim], model.species, *where) @ slopes)[0]
        moves[row] += evaluate_slopes(model, [aim], names, *where)[0]
    return targets, moves


def main(arguments: list[str]) -> int:
    """Print the anchored parameters of cell lines."""
    from pathway import parameters
    from pathway.equations.circuit import network_model
    from pathway.network import circuit

    network = circuit()
    for line in arguments:
        cells = parameters.cell_line(line)
        anchors = {a.parameter: (a.quantity, a.target) for a in parameters.anchors_held(cells)}
        model = network_model(line, network, parameters.values(network, cells))
        found = solve_anchors(model, anchors)
        for name, value in found.values.items():
            before = model.parameter_values[model.parameter_index(name)]
            print(f"{line}: {name} = {value:.10g}  (now {before:.10g})")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
