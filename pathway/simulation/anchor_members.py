"""Anchors of many members at once.

States and anchored parameters are solved for together, all members in step (`anchor_joint`); the few members for which
that leads nowhere take the search of `anchor`, one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import numpy as np

from pathway.equations import Model
from pathway.errors import InputError
from pathway.expressions.arrays import evaluate_arrays

from .anchor import AnchoredState, AnchorError, solve_anchors
from .anchor_joint import JointSolutions, JointSystem, solve_jointly
from .ensemble import checked_members
from .errors import SimulationError
from .formulas import find_formula, values_by_symbol
from .prepared import prepare_model
from .steady import steady_states
from .steady_model import steady_model

MemberTargets = Mapping[str, tuple[str, "float | str | np.ndarray"]]
"""Parameter to (quantity, target); a target is a number, the name of a quantity, or a number for each member."""


NO_STATE = "there is no untreated steady state"


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
    nothing, unknown = (given[:, search.places] <= 0.0).any(axis=1), ~np.isfinite(given).all(axis=1)
    missed = dict.fromkeys(np.flatnonzero(unknown).tolist(), NO_STATE)
    missed |= dict.fromkeys(np.flatnonzero(nothing).tolist(), "a parameter that is 0 cannot be anchored")
    left = np.flatnonzero(~(nothing | unknown))
    if not anchors:
        states[left] = search.steady_states(given[left], left)
        gone = left[~np.isfinite(states[left]).all(axis=1)]
        states[gone] = np.nan
        missed, left = missed | dict.fromkeys(gone.tolist(), NO_STATE), left[:0]
    if len(left):
        ends = search.jointly(given[left], left)
        if ends is not None:
            solved[left[ends.met]], states[left[ends.met]] = ends.parameters[ends.met], ends.states[ends.met]
            missed |= dict.fromkeys(left[ends.unstable].tolist(), "what it is anchored to is met in no stable state")
            left = left[~(ends.met | ends.unstable)]
    for member in left.tolist():
        end = search.solve_member(given[member], member)
        if isinstance(end, str):
            missed[member] = end
        else:
            solved[member], states[member] = end.parameters, end.state
    return AnchoredMembers(solved, states, dict(sorted(missed.items())))


class _Search:
    """What members are anchored to, and the search of all of them in step."""

    def __init__(
        self, model: Model, anchors: MemberTargets, tolerance: float, n_members: int, initial: np.ndarray | None
    ) -> None:
        self.model, self.anchors, self.tolerance, self.initial = model, anchors, tolerance, initial
        self.places = [model.parameter_index(name) for name in anchors]
        self.quantities = [find_formula(model, quantity) for quantity, _ in anchors.values()]
        aims = [aim for _, aim in anchors.values()]
        self.following = [k for k, aim in enumerate(aims) if isinstance(aim, str)]
        self.aims = [find_formula(model, aim) for aim in aims if isinstance(aim, str)]
        self.targets = np.full((n_members, len(aims)), np.nan)
        for k, aim in enumerate(aims):
            if not isinstance(aim, str):
                self.targets[:, k] = aim
        if model.events or steady_model(model).driven:
            raise InputError(f"{model.name}: anchors of many members need rates without events and without time")

    def solve_member(self, p: np.ndarray, member: int) -> AnchoredState | str:
        """Where the search of one member leads, or why it leads nowhere."""
        begin = None if self.initial is None else self.initial[member]
        targets = {
            name: (quantity, aim if isinstance(aim, str) else float(self.targets[member, k]))
            for k, (name, (quantity, aim)) in enumerate(self.anchors.items())
        }
        try:
            return solve_anchors(self.model, targets, p, initial=begin, tolerance=self.tolerance)
        except AnchorError:
            return "the untreated steady state does not reach what it is anchored to"
        except SimulationError:
            return NO_STATE

    def jointly(self, p: np.ndarray, members: np.ndarray) -> JointSolutions | None:
        """Where one system of states and anchored parameters leads; None where a start depends on what is anchored."""
        starts = self._starts(p, members)
        moved = p.copy()
        moved[:, self.places] *= 2.0
        if (self._starts(moved, members) != starts).any():
            return None
        state = self.steady_states(p, members)
        distances = self._distances(state, p, members)
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

    def steady_states(self, p: np.ndarray, members: np.ndarray) -> np.ndarray:
        """Of members; nan where there is none."""
        return steady_states(self.model, self._starts(p, members), p, width=1 if len(p) == 1 else None)[0]

    def _starts(self, p: np.ndarray, members: np.ndarray) -> np.ndarray:
        if self.initial is not None:
            return self.initial[members]
        return np.broadcast_to(prepare_model(self.model).many_starts(p), (len(p), len(self.model.species)))

    def _distances(self, state: np.ndarray, p: np.ndarray, members: np.ndarray) -> np.ndarray:
        """log(quantity / target), shape (n_members, n_anchors)."""
        formulas, n = [*self.quantities, *self.aims], len(self.quantities)
        known = values_by_symbol(self.model, formulas, np.array(self.model.start_time), state, p)
        columns = np.stack([np.broadcast_to(c, len(p)) for c in evaluate_arrays(formulas, known)], axis=1)
        targets = self.targets[members]
        targets[:, self.following] = columns[:, n:]
        good = (columns[:, :n] > 0.0) & (targets > 0.0)
        return np.log(np.where(good, columns[:, :n], np.nan) / np.where(good, targets, 1.0))
