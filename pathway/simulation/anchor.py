"""Anchors: values of parameters for which named quantities meet their targets in the untreated steady state.

Newton's method in the logarithms of the parameters; the slopes of the steady state come from the implicit function
theorem, so an iteration costs one steady state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pathway.equations import Model
from pathway.equations.model import TIME
from pathway.expressions.calculus import gradients
from pathway.expressions.evaluation import evaluate_all

from .checks import Values, checked_row
from .errors import SimulationError
from .formulas import find_formula
from .prepared import prepare_model
from .steady import SteadyStateError, steady_slopes, steady_state

Targets = Mapping[str, tuple[str, float | str]]
"""Parameter to (quantity, target)."""

LARGEST_MOVE = np.log(4.0)
"""Of the logarithm of a parameter in one iteration."""

ROUNDS = 60
HALVINGS = 12

RESTARTS = (1.0, 0.25, 4.0)
"""Factors on all anchored parameters from where the search begins; the next if the one before leads nowhere: a state
that jumps as a parameter moves hides targets that lie beyond the jump."""


class AnchorError(SteadyStateError):
    """Targets that are not met, whatever the anchored parameters are.

    Attributes
    ----------
    best : tuple of array
        Parameters and steady state at which the search ended.
    """

    best: tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class AnchoredState:
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
        start = prepare_model(self.model).start_slopes(self.parameters, everything, given=self._given)
        slopes = steady_slopes(self.model, self.state, self.parameters, everything, start)
        distances = self._system.slopes(self._system.at(self.state, self.parameters), everything, slopes)
        n = len(self.values)
        return distances[:, :n], distances[:, n:], slopes


def solve_anchors(
    model: Model,
    anchors: Targets,
    parameters: Values = None,
    *,
    initial: Values = None,
    tolerance: float = 1e-10,
) -> AnchoredState:
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
    p = checked_row("parameters", parameters, model.parameters, model.parameter_values, model).copy()
    names = tuple(anchors)
    places = [model.parameter_index(name) for name in names]
    system = _AnchorSystem.of(model, anchors)
    for name, place in zip(names, places, strict=True):
        if not p[place] > 0.0:
            state = steady_state(model, p, initial=initial)
            raise _missed(model, system, anchors, state, p, f"'{name}' is {p[place]:g} and cannot be anchored")
    ends = []
    for factor in RESTARTS:
        begun = p.copy()
        begun[places] *= factor
        try:
            end, state, now = _search(model, system, begun, places, names, initial, tolerance)
        except SteadyStateError:
            if factor == 1.0:
                raise
            continue
        if now.met(tolerance):
            values = {name: float(end[place]) for name, place in zip(names, places, strict=True)}
            return AnchoredState(model, end, state, values, system, initial is not None)
        ends.append((now.miss, end, state))
    _, end, state = min(ends, key=lambda tried: tried[0])
    raise _missed(model, system, anchors, state, end)


def _search(
    model: Model,
    system: _AnchorSystem,
    p: np.ndarray,
    places: list[int],
    names: tuple[str, ...],
    initial: Values,
    tolerance: float,
) -> tuple[np.ndarray, np.ndarray, _Reached]:
    """Newton's method until the targets are met or come no nearer."""
    prepared = prepare_model(model)
    state = steady_state(model, p, initial=initial)
    now = system.at(state, p)
    for _ in range(ROUNDS):
        if now.met(tolerance) or not np.isfinite(now.miss):
            break
        start_slopes = prepared.start_slopes(p, names, given=initial is not None)
        jacobian = system.slopes(now, names, steady_slopes(model, state, p, names, start_slopes)) * p[places]
        try:
            step = np.linalg.solve(jacobian, -now.distances)
        except np.linalg.LinAlgError:
            break
        if not np.isfinite(step).all():
            break
        step *= min(1.0, LARGEST_MOVE / np.max(np.abs(step)))
        stepped = _stepped(model, system, p, places, step, now, initial)
        if stepped is None:
            break
        p, state, now = stepped
    return p, state, now


def _stepped(
    model: Model,
    system: _AnchorSystem,
    p: np.ndarray,
    places: list[int],
    step: np.ndarray,
    now: _Reached,
    initial: Values,
) -> tuple[np.ndarray, np.ndarray, _Reached] | None:
    """Parameters, state and what is reached after a step, shortened until the targets come nearer; None if they do
    not."""
    for _ in range(HALVINGS):
        trial = p.copy()
        trial[places] *= np.exp(step)
        try:
            state = steady_state(model, trial, initial=initial)
        except SimulationError:
            state = None
        if state is not None:
            after = system.at(state, trial)
            if after.miss < now.miss:
                return trial, state, after
        step = 0.5 * step
    return None


def _missed(
    model: Model, system: _AnchorSystem, anchors: Targets, state: np.ndarray, p: np.ndarray, reason: str = ""
) -> AnchorError:
    reached, targets, _, distances = system.at(state, p)
    worst = int(np.argmax(np.where(np.isfinite(distances), np.abs(distances), np.inf)))
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

    def __init__(self, model: Model, *targets: tuple[str, float | str]) -> None:
        self.model = model
        self._quantities = [find_formula(model, quantity) for quantity, _ in targets]
        self._aims = [find_formula(model, aim) if isinstance(aim, str) else None for _, aim in targets]
        self._numbers = np.array([np.nan if isinstance(aim, str) else float(aim) for _, aim in targets])
        self._following = np.flatnonzero([aim is not None for aim in self._aims])
        self._formulas = [*self._quantities, *(aim for aim in self._aims if aim is not None)]
        names = (*model.species, *model.parameters)
        self._place = {name: k for k, name in enumerate(names)}
        rows = gradients(self._formulas, self._place)
        entries = [(row, self._place[name]) for row, gradient in enumerate(rows) for name in gradient]
        self._rows, self._columns = np.array(entries, dtype=int).reshape(-1, 2).T
        self._derivatives = [slope for gradient in rows for slope in gradient.values()]

    @classmethod
    def of(cls, model: Model, anchors: Targets) -> _AnchorSystem:
        """The system of these quantities and targets."""
        return prepare_model(model).once(cls, *anchors.values())

    def at(self, state: np.ndarray, parameters: np.ndarray) -> _Reached:
        """Quantities, targets and partial derivatives."""
        numbers = np.concatenate([state, parameters]).tolist()
        known = dict(zip(self._place, numbers, strict=True)) | {TIME: self.model.start_time}
        values = np.array(evaluate_all([*self._formulas, *self._derivatives], known))
        n, targets = len(self._quantities), self._numbers.copy()
        targets[self._following] = values[n : len(self._formulas)]
        partial = np.zeros((len(self._formulas), len(self._place)))
        partial[self._rows, self._columns] = values[len(self._formulas) :]
        good = (values[:n] > 0.0) & (targets > 0.0)
        distances = np.log(np.where(good, values[:n], np.nan) / np.where(good, targets, 1.0))
        return _Reached(values[:n], targets, partial, distances)

    def slopes(self, reached: _Reached, names: Sequence[str], state_slopes: np.ndarray) -> np.ndarray:
        """Derivatives of the distances by the names, shape (n_anchors, n_names), along the steady state."""
        total = reached.partial[:, : len(state_slopes)] @ state_slopes
        for column, name in enumerate(names):
            if name in self.model.parameters:
                total[:, column] += reached.partial[:, self._place[name]]
        n = len(self._quantities)
        moved = total[:n] / reached.quantities[:, None]
        moved[self._following] -= total[n:] / reached.targets[self._following, None]
        return moved


class _Reached(NamedTuple):
    """What quantities are in a state, shape (n_anchors,) each, and how they depend on species and parameters.

    `distances` are log(quantity / target), nan where one of the two is not positive.
    """

    quantities: np.ndarray
    targets: np.ndarray
    partial: np.ndarray
    distances: np.ndarray

    @property
    def miss(self) -> float:
        """How far all together are from their targets; inf where that has no meaning."""
        return float(np.linalg.norm(self.distances)) if np.isfinite(self.distances).all() else np.inf

    def met(self, tolerance: float) -> bool:
        """Whether every quantity meets its target."""
        return bool(np.all(np.abs(self.distances) < tolerance))
