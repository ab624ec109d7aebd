"""Anchors: values of parameters for which named quantities meet their targets in the untreated steady state.

    python -m pathway.simulation.anchor bt474      # the anchored parameters of a cell line, as they should be

Newton's method in the logarithms of the parameters; the slopes of the steady state come from the implicit function
theorem, so an iteration costs one steady state.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pathway.equations import Model
from pathway.equations.model import TIME
from pathway.expressions import Expression, symbols
from pathway.expressions.calculus import directional_derivative
from pathway.expressions.evaluation import evaluate_all
from pathway.expressions.graph import ONE

from .checks import checked_row
from .errors import SimulationError
from .formulas import find_formula
from .prepared import prepare
from .simulate import Values
from .steady import SteadyStateError, steady_slopes, steady_state

Targets = Mapping[str, tuple[str, float | str]]
"""Parameter to (quantity, target)."""

LARGEST_MOVE = np.log(4.0)
"""Of the logarithm of a parameter in one iteration."""

ROUNDS = 60
HALVINGS = 12


class AnchorError(SteadyStateError):
    """Targets that are not met, whatever the anchored parameters are.

    Attributes
    ----------
    best : tuple of array
        Parameters and steady state at which the search ended.
    """

    best: tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class Anchored:
    """Parameters and the steady state that belongs to them.

    Attributes
    ----------
    model : Model
    parameters : array, shape (n_parameters,)
    state : array, shape (n_species,)
    values : dict of anchored parameter to value
    """

    model: Model
    parameters: np.ndarray
    state: np.ndarray
    values: Mapping[str, float]
    _system: _AnchorSystem
    _given: bool

    def sensitivities(self, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """How anchored parameters and the steady state follow other parameters (or initial values of species).

        Parameters
        ----------
        names : sequence of str
            None of them anchored.

        Returns
        -------
        parameters : array, shape (n_anchors, n_names)
        state : array, shape (n_species, n_names)
        """
        names = tuple(names)
        by_anchor, by_name, state_slopes = self._linearized(names)
        moved = np.linalg.solve(by_anchor, -by_name)
        n = len(self.values)
        return moved, state_slopes[:, n:] + state_slopes[:, :n] @ moved

    def vjp(self, names: Sequence[str], by_parameters: np.ndarray, by_state: np.ndarray) -> np.ndarray:
        """The transpose of `sensitivities`: derivatives by anchored parameters, shape (n_anchors,), and by the steady
        state, shape (n_species,), become derivatives by the names, shape (n_names,)."""
        names = tuple(names)
        by_anchor, by_name, state_slopes = self._linearized(names)
        n = len(self.values)
        pulled = np.linalg.solve(by_anchor.T, by_parameters + by_state @ state_slopes[:, :n])
        return by_state @ state_slopes[:, n:] - pulled @ by_name

    def _linearized(self, names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Slopes of the distances from the targets by anchored parameters and by the names; those of the state."""
        everything = (*self.values, *names)
        start = prepare(self.model).start_slopes(self.parameters, everything, given=self._given)
        slopes = steady_slopes(self.model, self.state, self.parameters, everything, start)
        distances = self._system.slopes(self.state, self.parameters, everything, slopes)
        n = len(self.values)
        return distances[:, :n], distances[:, n:], slopes


def solve_anchors(
    model: Model,
    anchors: Targets,
    parameters: Values = None,
    *,
    initial: Values = None,
    tolerance: float = 1e-10,
) -> Anchored:
    """Values of parameters for which quantities equal their targets in the steady state.

    Parameters
    ----------
    model : Model
    anchors : mapping of parameter name to (quantity, target)
        The quantity is a species, assignment or observable; the target a positive number or another quantity.
    parameters : array, mapping or None
        Where to begin, and all that is not anchored.
    initial : array, mapping or None
        Where each steady state begins; None: the model's initial formulas.
    tolerance : float
        Largest relative distance from a target.

    Raises
    ------
    AnchorError
        If the targets are not met; names the quantity, its value and its target.
    SteadyStateError
        If there is no steady state to begin with.
    """
    prepared = prepare(model)
    p = checked_row("parameters", parameters, model.parameters, model.parameter_values, model).copy()
    names = tuple(anchors)
    places = [model.parameter_index(name) for name in names]
    system = _AnchorSystem.of(model, anchors)
    state = steady_state(model, p, initial=initial)
    for name, place in zip(names, places, strict=True):
        if not p[place] > 0.0:
            raise _missed(model, system, anchors, state, p, f"'{name}' is {p[place]:g} and cannot be anchored")
    distance = system.distances(state, p)
    for _ in range(ROUNDS):
        if not np.isfinite(distance).all():
            break
        if np.max(np.abs(distance), initial=0.0) < tolerance:
            values = {name: float(p[place]) for name, place in zip(names, places, strict=True)}
            return Anchored(model, p, state, values, system, initial is not None)
        start_slopes = prepared.start_slopes(p, names, given=initial is not None)
        jacobian = system.slopes(state, p, names, steady_slopes(model, state, p, names, start_slopes)) * p[places]
        try:
            step = np.linalg.solve(jacobian, -distance)
        except np.linalg.LinAlgError:
            break
        if not np.isfinite(step).all():
            break
        step *= min(1.0, LARGEST_MOVE / np.max(np.abs(step)))
        found = _stepped(model, system, p, places, step, distance, initial)
        if found is None:
            break
        p, state, distance = found
    raise _missed(model, system, anchors, state, p)


def _stepped(
    model: Model,
    system: _AnchorSystem,
    p: np.ndarray,
    places: list[int],
    step: np.ndarray,
    distance: np.ndarray,
    initial: Values,
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Parameters, state and distances after a step, shortened until the targets come nearer; None if they do not."""
    for _ in range(HALVINGS):
        trial = p.copy()
        trial[places] *= np.exp(step)
        try:
            state = steady_state(model, trial, initial=initial)
        except SimulationError:
            state = None
        if state is not None:
            after = system.distances(state, trial)
            if np.isfinite(after).all() and np.linalg.norm(after) < np.linalg.norm(distance):
                return trial, state, after
        step = 0.5 * step
    return None


def _missed(
    model: Model, system: _AnchorSystem, anchors: Targets, state: np.ndarray, p: np.ndarray, reason: str = ""
) -> AnchorError:
    reached, targets = system.values(state, p)
    with np.errstate(all="ignore"):
        far = np.abs(np.log(np.where((reached > 0.0) & (targets > 0.0), reached / targets, np.inf)))
    worst = int(np.argmax(far))
    name, (quantity, _) = list(anchors.items())[worst]
    reason = reason or (
        f"'{quantity}' does not reach its target by '{name}': it is {reached[worst]:.6g} instead of "
        f"{targets[worst]:.6g} at {name} = {p[model.parameter_index(name)]:.6g}"
    )
    now = dict(zip(model.species, map(float, state), strict=True))
    error = AnchorError(f"{model.name}: {reason}", reason, model.start_time, now, None)
    error.best = p, state
    return error


class _AnchorSystem:
    """Quantities and targets with their partial derivatives; kept with the model."""

    def __init__(self, model: Model, anchors: Targets) -> None:
        self.model = model
        self._quantities = [find_formula(model, quantity) for quantity, _ in anchors.values()]
        self._aims = [find_formula(model, aim) if isinstance(aim, str) else None for _, aim in anchors.values()]
        self._numbers = np.array([np.nan if isinstance(aim, str) else float(aim) for _, aim in anchors.values()])
        self._following = np.flatnonzero([aim is not None for aim in self._aims])
        self._formulas = [*self._quantities, *(aim for aim in self._aims if aim is not None)]
        names = (*model.species, *model.parameters)
        self._place = {name: k for k, name in enumerate(names)}
        self._entries: list[tuple[int, int]] = []
        self._derivatives: list[Expression] = []
        for name in symbols(*self._formulas) - {TIME}:
            users = [row for row, formula in enumerate(self._formulas) if name in symbols(formula)]
            slopes = directional_derivative([self._formulas[row] for row in users], {name: ONE})
            self._entries += [(row, self._place[name]) for row in users]
            self._derivatives += slopes

    @classmethod
    def of(cls, model: Model, anchors: Targets) -> _AnchorSystem:
        """The system of these quantities and targets."""
        notes, key = prepare(model).notes, ("anchors", tuple(anchors.values()))
        if key not in notes:
            notes[key] = cls(model, anchors)
        return notes[key]

    def _named(self, state: np.ndarray, parameters: np.ndarray) -> dict[str, float]:
        numbers = np.concatenate([state, parameters]).tolist()
        return dict(zip(self._place, numbers, strict=True)) | {TIME: self.model.start_time}

    def values(self, state: np.ndarray, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Quantities and targets, shape (n_anchors,) each."""
        found = np.array(evaluate_all(self._formulas, self._named(state, parameters)))
        n, targets = len(self._quantities), self._numbers.copy()
        targets[self._following] = found[n:]
        return found[:n], targets

    def distances(self, state: np.ndarray, parameters: np.ndarray) -> np.ndarray:
        """log(quantity / target), shape (n_anchors,); nan where one of the two is not positive."""
        reached, targets = self.values(state, parameters)
        good = (reached > 0.0) & (targets > 0.0)
        return np.log(np.where(good, reached, np.nan) / np.where(good, targets, 1.0))

    def slopes(
        self, state: np.ndarray, parameters: np.ndarray, names: Sequence[str], state_slopes: np.ndarray
    ) -> np.ndarray:
        """Derivatives of the distances by the names, shape (n_anchors, n_names), along the steady state."""
        partial = np.zeros((len(self._formulas), len(self._place)))
        entries = evaluate_all(self._derivatives, self._named(state, parameters))
        for (row, column), entry in zip(self._entries, entries, strict=True):
            partial[row, column] = entry
        total = partial[:, : len(state)] @ state_slopes
        for column, name in enumerate(names):
            if name in self.model.parameters:
                total[:, column] += partial[:, self._place[name]]
        reached, targets = self.values(state, parameters)
        n = len(self._quantities)
        moved = total[:n] / reached[:, None]
        moved[self._following] -= total[n:] / targets[self._following, None]
        return moved


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
