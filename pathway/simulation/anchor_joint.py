"""States and anchored parameters of many members as one system, solved by Newton's method.

The search of `anchor_members` finds a steady state for every trial of the anchored parameters; here both are unknowns
together, so that a member costs one steady state to begin with and then a few solutions of a matrix. An end that is no
stable steady state is none: a target that is met there alone cannot be met.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from pathway.equations import Model
from pathway.equations.model import TIME
from pathway.expressions import Expression
from pathway.expressions.arrays import evaluate_arrays
from pathway.expressions.calculus import gradients

from .anchor import LARGEST_MOVE
from .formulas import values_by_symbol
from .prepared import prepare_model
from .steady import _polish
from .steady_model import SteadyEquations, steady_model

ROUNDS = 25
CLOSE = 1e-9
"""Relative change of states and parameters below which the iteration has ended."""

LEAST = 0.1
"""No amount falls below this share of itself in one iteration."""

SMALL_MOVE = 1e-5
"""Of the logarithm of a parameter, by which slopes are taken."""

Distances = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""States and parameters of all members -> log(quantity / target), shape (n_members, n_anchors)."""


class JointSystem:
    """The system of a model, anchored parameters and quantities; kept with the model.

    Parameters
    ----------
    model : Model
    places : sequence of int
        Of the anchored parameters.
    quantities : sequence of Expression
    aims : sequence of Expression or None
        Targets that are quantities; None where a target is a number.
    """

    def __init__(
        self, model: Model, places: Sequence[int], quantities: Sequence[Expression], aims: Sequence[Expression | None]
    ) -> None:
        self.model, self.part = model, steady_model(model)
        self.places = np.array(places, dtype=int)
        anchored = [model.parameters[place] for place in places]
        self._by = (*(model.species[k] for k in self.part.kept), *anchored)
        self._entries: list[tuple[int, int, float]] = []
        self._formulas: list[Expression] = []
        for row, pair in enumerate(zip(quantities, aims, strict=True)):
            for formula, sign in zip(pair, (1.0, -1.0), strict=True):
                if formula is not None:
                    for name, slope in gradients([formula], self._by)[0].items():
                        self._entries.append((row, self._by.index(name), sign))
                        self._formulas += [slope, formula]

    @classmethod
    def of(
        cls, model: Model, places: Sequence[int], quantities: Sequence[Expression], aims: Sequence[Expression | None]
    ) -> JointSystem:
        """The system of these parameters, quantities and targets."""
        return prepare_model(model).once(cls, tuple(places), tuple(quantities), tuple(aims))

    def slopes(self, states: np.ndarray, parameters: np.ndarray) -> np.ndarray:
        """Derivatives of the distances by species that can rest, then by logarithms of the anchored parameters, shape
        (n_members, n_anchors, n_kept + n_anchors)."""
        slopes = np.zeros((len(states), len(self.places), len(self._by)))
        known = values_by_symbol(self.model, self._formulas, np.array(self.model.start_time), states, parameters)
        values = evaluate_arrays(self._formulas, known | {TIME: np.array(self.model.start_time)})
        for (row, column, sign), slope, formula in zip(self._entries, values[::2], values[1::2], strict=True):
            slopes[:, row, column] += sign * slope / formula
        slopes[:, :, len(self.part.kept) :] *= parameters[:, None, self.places]
        return slopes


class JointSolutions(NamedTuple):
    """Where the iteration ended, for each member.

    Attributes
    ----------
    parameters : array, shape (n_members, n_parameters)
    states : array, shape (n_members, n_species)
    met : bool array
        Whether the targets are met in a stable steady state.
    unstable : bool array
        Whether they are met in an unstable one.
    """

    parameters: np.ndarray
    states: np.ndarray
    met: np.ndarray
    unstable: np.ndarray


def solve_jointly(
    system: JointSystem,
    parameters: np.ndarray,
    states: np.ndarray,
    starts: np.ndarray,
    distances: Distances,
    tolerance: float,
) -> JointSolutions:
    """Anchored parameters and steady states of members, from the steady states at the parameters given.

    Parameters
    ----------
    system : JointSystem
    parameters : array, shape (n_members, n_parameters)
    states, starts : array, shape (n_members, n_species)
        Steady states, and where they were reached from: the starts decide conserved totals.
    distances : callable
    tolerance : float
        Largest distance.
    """
    part, time = system.part, system.model.start_time
    p, y, ended = parameters.copy(), states.copy(), np.zeros(len(parameters), dtype=bool)
    with np.errstate(all="ignore"):
        own = y[:, part.kept]
        absent = part.absent(own, part.jacobians(own, p, time), starts[:, part.kept])
        for equations, members in part.grouped(absent, p):
            _iterate(system, equations, members, p, y, starts, distances, ended)
        near = (np.abs(distances(y, p)) < tolerance).all(axis=1) & ended
        polished, settled = _polish(part, y[near][:, part.kept], p[near], starts[near][:, part.kept], time)
        stable = np.zeros(len(p), dtype=bool)
        stable[np.flatnonzero(near)[list(settled)]] = True
        y[np.ix_(near, part.kept)] = polished
        met = stable & (np.abs(distances(y, p)) < tolerance).all(axis=1)
    return JointSolutions(p, y, met, near & ~stable)


def _iterate(
    system: JointSystem,
    equations: SteadyEquations,
    members: np.ndarray,
    p: np.ndarray,
    y: np.ndarray,
    starts: np.ndarray,
    distances: Distances,
    ended: np.ndarray,
) -> None:
    """Newton's method for members with the same equations; their rows of `p`, `y` and `ended` are changed."""
    part, time = system.part, system.model.start_time
    solved, totals, n = equations.solved, equations.totals.T, len(equations.solved)
    wanted = starts[:, part.kept] @ totals
    running = members
    for _ in range(ROUNDS):
        q, state = p[running], y[running]
        own = state[:, part.kept]
        right = part.rates(own, q, time)[:, solved]
        right[:, equations.replaced] = own @ totals - wanted[running]
        slopes = system.slopes(state, q)
        by_anchor = logarithmic_derivatives(partial(part.rates, own, time=time), q, system.places)[:, solved]
        by_anchor[:, equations.replaced] = 0.0
        rows = np.concatenate([equations.matrix(part.jacobians(own, q, time)), by_anchor], axis=2)
        last = np.concatenate([slopes[:, :, solved], slopes[:, :, len(part.kept) :]], axis=2)
        missing = np.concatenate([right, distances(y, p)[running]], axis=1)
        step = -solve_for_each_member(np.concatenate([rows, last], axis=1), missing[..., None])[..., 0]
        now, moved = own[:, solved], step[:, :n]
        falls = np.where((moved < 0.0) & (now > 0.0), (LEAST - 1.0) * now / moved, 1.0)
        short = np.minimum(1.0, LARGEST_MOVE / np.abs(step[:, n:]).max(axis=1))
        step *= np.minimum(short, falls.min(axis=1, initial=1.0))[:, None]
        own[:, solved] = now + step[:, :n]
        state[:, part.kept] = own
        q[:, system.places] *= np.exp(step[:, n:])
        p[running], y[running] = q, state
        least = 1e-9 * np.abs(now).max(axis=1, keepdims=True)
        share = (np.abs(step[:, :n]) / (np.abs(now) + least)).max(axis=1, initial=0.0)
        share = np.maximum(share, np.abs(step[:, n:]).max(axis=1))
        ended[running] = (share <= CLOSE) & (own[:, solved] >= -least).all(axis=1)
        running = running[(share > CLOSE) & np.isfinite(share)]
        if not len(running):
            break


def logarithmic_derivatives(
    function: Callable[[np.ndarray], np.ndarray], parameters: np.ndarray, places: Iterable[int]
) -> np.ndarray:
    """Central differences of a function of the parameters, shape (n_members, n), by logarithms of some of them, shape
    (n_members, n, n_places)."""
    columns = []
    for place in places:
        up, down = parameters.copy(), parameters.copy()
        up[:, place] *= np.exp(SMALL_MOVE)
        down[:, place] *= np.exp(-SMALL_MOVE)
        columns.append((function(up) - function(down)) / (2.0 * SMALL_MOVE))
    return np.stack(columns, axis=2)


def solve_for_each_member(matrices: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solutions of a linear system for each member, shape (n_members, n, n_columns); nan where the matrix is singular
    or a number is not finite."""
    solutions = np.full(right.shape, np.nan)
    good = np.flatnonzero(np.isfinite(matrices).all(axis=(1, 2)) & np.isfinite(right).all(axis=(1, 2)))
    try:
        solutions[good] = np.linalg.solve(matrices[good], right[good])
    except np.linalg.LinAlgError:
        for k in good.tolist():
            try:
                solutions[k] = np.linalg.solve(matrices[k], right[k])
            except np.linalg.LinAlgError:
                continue
    return solutions
