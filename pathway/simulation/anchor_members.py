"""Anchors of many members at once.

States and anchored parameters are first solved for together (`anchor_joint`); members for which that leads nowhere take
the search of `anchor`, with every steady state of a round found in lanes.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import numpy as np

from pathway.equations import Model
from pathway.errors import InputError
from pathway.expressions.arrays import evaluate_arrays

from .anchor import HALVINGS, LARGEST_MOVE, RESTARTS, ROUNDS
from .anchor_joint import (
    SMALL_MOVE,
    JointSolutions,
    JointSystem,
    logarithmic_derivatives,
    solve_for_each_member,
    solve_jointly,
)
from .ensemble import checked_members
from .formulas import find_formula, values_by_symbol
from .prepared import prepare_model
from .steady import steady_states
from .steady_model import SteadyModel, steady_model

MemberTargets = Mapping[str, tuple[str, "float | str | np.ndarray"]]
"""Parameter to (quantity, target); a target is a number, the name of a quantity, or a number for each member."""


class AnchoredMembers(NamedTuple):
    """Members whose quantities meet their targets.

    Attributes
    ----------
    parameters : array, shape (n_members, n_parameters)
    states : array, shape (n_members, n_species)
        The steady states; nan of members that were missed.
    missed : dict of member to str
        Why there are no such cells.
    """

    parameters: np.ndarray
    states: np.ndarray
    missed: Mapping[int, str]


def solve_anchors_of_members(
    model: Model,
    anchors: MemberTargets,
    parameters: np.ndarray,
    *,
    initial: np.ndarray | None = None,
    tolerance: float = 1e-10,
) -> AnchoredMembers:
    """Values of parameters for which quantities equal their targets in the steady state, of each member.

    Parameters
    ----------
    model : Model
        Without events, and with rates that do not read the time.
    anchors : mapping of parameter name to (quantity, target)
        Positive targets. Without any, this is the steady state of every member.
    parameters : array, shape (n_members, n_parameters)
        Where to begin, and all that is not anchored.
    initial : array, shape (n_members, n_species), optional
        Where each steady state begins; None: the model's initial formulas.
    tolerance : float
        Largest relative distance from a target.

    Returns
    -------
    AnchoredMembers

    Raises
    ------
    InputError
        If the shape of the parameters is another one.
    """
    given = checked_members(model, parameters)
    search = _Search(model, anchors, tolerance, len(given), initial)
    solved, states = given.copy(), np.full((len(given), len(model.species)), np.nan)
    missed: dict[int, str] = {}
    anchored = (given[:, search.places] > 0.0).all(axis=1)
    left = np.flatnonzero(anchored)
    missed |= dict.fromkeys(np.flatnonzero(~anchored).tolist(), "a parameter that is 0 cannot be anchored")
    if anchors and len(left):
        ends = search.jointly(given[left], left)
        if ends is not None:
            solved[left[ends.met]], states[left[ends.met]] = ends.parameters[ends.met], ends.states[ends.met]
            missed |= dict.fromkeys(left[ends.unstable].tolist(), "what it is anchored to is met in no stable state")
            left = left[~(ends.met | ends.unstable)]
    for factor in RESTARTS if anchors else RESTARTS[:1]:
        if not len(left):
            break
        begun = given[left]
        begun[:, search.places] *= factor
        end, state, distances, alive = search.run(begun, left)
        met = np.isfinite(distances).all(axis=1) & (np.abs(distances) < tolerance).all(axis=1)
        met &= np.isfinite(state).all(axis=1)
        solved[left[met]], states[left[met]] = end[met], state[met]
        if factor == RESTARTS[0]:
            missed |= dict.fromkeys(left[~alive].tolist(), "there is no untreated steady state")
            met |= ~alive
        left = left[~met]
    missed |= dict.fromkeys(left.tolist(), "the untreated steady state does not reach what it is anchored to")
    return AnchoredMembers(solved, states, dict(sorted(missed.items())))


class _Search:
    """Newton's method in the logarithms of the anchored parameters, all members in step."""

    def __init__(
        self, model: Model, anchors: MemberTargets, tolerance: float, n_members: int, initial: np.ndarray | None
    ) -> None:
        self.model, self.tolerance, self.initial = model, tolerance, initial
        self.places = [model.parameter_index(name) for name in anchors]
        self.quantities = [find_formula(model, quantity) for quantity, _ in anchors.values()]
        aims = [aim for _, aim in anchors.values()]
        self.following = [k for k, aim in enumerate(aims) if isinstance(aim, str)]
        self.aims = [find_formula(model, aim) for aim in aims if isinstance(aim, str)]
        self.targets = np.full((n_members, len(aims)), np.nan)
        for k, aim in enumerate(aims):
            if not isinstance(aim, str):
                self.targets[:, k] = aim
        self.part: SteadyModel = steady_model(model)
        if model.events or self.part.driven:
            raise InputError(f"{model.name}: anchors of many members need rates without events and without time")

    def run(self, p: np.ndarray, members: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Parameters, states and distances where the search ends, and which members had a state to begin with."""
        state, distances = self._at(p, members)
        alive = np.isfinite(state).all(axis=1)
        active = alive & np.isfinite(distances).all(axis=1)
        steps, halvings = np.zeros_like(distances), np.zeros(len(p), dtype=int)
        for _ in range(ROUNDS):
            active &= ~(np.abs(distances) < self.tolerance).all(axis=1)
            fresh = np.flatnonzero(active & (halvings == 0))
            if len(fresh):
                steps[fresh] = self._step(state[fresh], p[fresh], distances[fresh], members[fresh])
            active[fresh] &= np.isfinite(steps[fresh]).all(axis=1)
            running = np.flatnonzero(active)
            if not len(running):
                break
            trial = p[running]
            trial[:, self.places] *= np.exp(steps[running])
            after, reached = self._at(trial, members[running])
            nearer = _miss(reached) < _miss(distances[running])
            gone, stayed = running[nearer], running[~nearer]
            p[gone], state[gone], distances[gone] = trial[nearer], after[nearer], reached[nearer]
            halvings[gone] = 0
            steps[stayed] *= 0.5
            halvings[stayed] += 1
            active &= halvings < HALVINGS
        return p, state, distances, alive

    def jointly(self, p: np.ndarray, members: np.ndarray) -> JointSolutions | None:
        """Where one system of states and anchored parameters leads; None where a start depends on what is anchored."""
        starts = self._starts(p, members)
        moved = p.copy()
        moved[:, self.places] *= 2.0
        if (self._starts(moved, members) != starts).any():
            return None
        state, distances = self._at(p, members)
        good = np.isfinite(state).all(axis=1) & np.isfinite(distances).all(axis=1)
        aims = iter(self.aims)
        targets = [next(aims) if k in self.following else None for k in range(len(self.quantities))]
        system = JointSystem.of(self.model, self.places, self.quantities, targets)
        rows = np.flatnonzero(good)
        distances_of_rows = partial(self._distances, members=members[rows])
        ends = solve_jointly(system, p[rows], state[rows], starts[rows], distances_of_rows, self.tolerance)
        solved, states, met, unstable = p.copy(), state, good.copy(), np.zeros(len(p), dtype=bool)
        solved[rows], states[rows], met[rows], unstable[rows] = ends
        return JointSolutions(solved, states, met, unstable)

    def _at(self, p: np.ndarray, members: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Steady states, and distances from the targets; nan where there is none."""
        state, _ = steady_states(self.model, self._starts(p, members), p, width=1 if len(p) == 1 else None)
        return state, self._distances(state, p, members)

    def _starts(self, p: np.ndarray, members: np.ndarray) -> np.ndarray:
        if self.initial is not None:
            return self.initial[members]
        return np.broadcast_to(prepare_model(self.model).many_starts(p), (len(p), len(self.model.species)))

    def _distances(self, state: np.ndarray, p: np.ndarray, members: np.ndarray) -> np.ndarray:
        """log(quantity / target), shape (n_members, n_anchors)."""
        formulas, n = [*self.quantities, *self.aims], len(self.quantities)
        if not formulas:
            return np.zeros((len(p), 0))
        known = values_by_symbol(self.model, formulas, np.array(self.model.start_time), state, p)
        columns = np.stack([np.broadcast_to(c, len(p)) for c in evaluate_arrays(formulas, known)], axis=1)
        targets = self.targets[members]
        targets[:, self.following] = columns[:, n:]
        good = (columns[:, :n] > 0.0) & (targets > 0.0)
        return np.log(np.where(good, columns[:, :n], np.nan) / np.where(good, targets, 1.0))

    def _step(self, state: np.ndarray, p: np.ndarray, distances: np.ndarray, members: np.ndarray) -> np.ndarray:
        """Newton's step of the logarithms, shape (n_members, n_anchors); nan where there is none."""
        slopes = self._state_slopes(state, p, members)
        jacobian = np.empty((len(p), len(self.places), len(self.places)))
        for column, place in enumerate(self.places):
            ends = []
            for move in (SMALL_MOVE, -SMALL_MOVE):
                moved = p.copy()
                moved[:, place] *= np.exp(move)
                ends.append(self._distances(state + move * slopes[:, :, column], moved, members))
            jacobian[:, :, column] = (ends[0] - ends[1]) / (2.0 * SMALL_MOVE)
        step = solve_for_each_member(jacobian, -distances[..., None])[..., 0]
        with np.errstate(all="ignore"):
            return step * np.minimum(1.0, LARGEST_MOVE / np.abs(step).max(axis=1, keepdims=True))

    def _state_slopes(self, state: np.ndarray, p: np.ndarray, members: np.ndarray) -> np.ndarray:
        """Derivatives of the steady states by the logarithms of the anchored parameters, shape (n_members, n_species,
        n_anchors), by the implicit function theorem; what is absent stays so."""
        part, time = self.part, self.model.start_time
        kept = part.kept
        own = np.ascontiguousarray(state[:, kept])
        jacobians = part.jacobians(own, p, time)
        absent = part.absent(own, jacobians, self._starts(p, members)[:, kept])
        rates = logarithmic_derivatives(partial(part.rates, own, time=time), p, self.places)
        begun = logarithmic_derivatives(lambda q: self._starts(q, members)[:, kept], p, self.places)
        slopes = np.zeros((len(p), len(self.model.species), len(self.places)))
        for equations, rows in part.grouped(absent, p):
            right = -rates[rows][:, equations.solved]
            right[:, equations.replaced] = equations.totals @ begun[rows]
            slopes[rows[:, None], kept[equations.solved]] = solve_for_each_member(
                equations.matrix(jacobians[rows]), right
            )
        return slopes


def _miss(distances: np.ndarray) -> np.ndarray:
    """How far each member is from all of its targets; inf where that has no meaning."""
    norm = np.linalg.norm(distances, axis=1)
    return np.where(np.isfinite(norm), norm, np.inf)
