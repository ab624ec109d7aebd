"""Slopes of a steady state, forward and transposed, from one matrix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from .prepared import SMALL
from .steady_model import SteadyEquations, SteadyModel, SteadyPath
from .steady_refine import combinations_without_cancellation
from .tasks import plan_task

CONDITION = 1e9
"""Above this condition number the equations are combined term by term."""

SINGULAR = 1e14

MOST_ENTRIES = 2**20
"""Entries of the derivatives of members that are worked out together."""

TIGHT = 1e-9


class SteadySlopes:
    """How a steady state follows parameters and start: S = forward(by_parameter, before), and its transpose.

    Parameters
    ----------
    part : SteadyModel
    state : array, shape (n_species,)
    parameters : array, shape (n_parameters,)
    path : SteadyPath, optional
        From `SteadyModel.path_to`.
    known : _Known, optional
        What is the same work for many members at once, if it has been done.

    Raises
    ------
    LinAlgError
        If the state does not follow from rates and totals, and the way to it is not known.
    """

    def __init__(
        self,
        part: SteadyModel,
        state: np.ndarray,
        parameters: np.ndarray,
        path: SteadyPath | None,
        known: _Known | None = None,
    ) -> None:
        self.part, self.state, self.parameters, self.path = part, state, parameters, path
        self.time = _time_of(part, path)
        known = known or next(_known(part, state[None], parameters[None], [path]))
        self._known, self.jacobian, self.by_parameter, self.absent = known, *known[:3]
        self.decided = np.zeros(len(state), dtype=bool) if path is None else path.decided
        # Where the way decides anything that others read, it decides all of that.
        self.by_way = bool(self.decided[~part.outputs].any())
        if self.by_way:
            self.decided = self.decided | ~part.outputs
        else:
            self._present  # noqa: B018  a state without slopes is told here

    @cached_property
    def _present(self) -> _Linear:
        return self._linear(self.absent, self._known.inverse)

    @cached_property
    def _whole(self) -> _Linear:
        """With what is absent, if that has slopes; else what is absent stays so."""
        if not self.absent.any():
            return self._present
        try:
            return self._linear(np.zeros(len(self.state), dtype=bool))
        except np.linalg.LinAlgError:
            return self._present

    def _linear(self, absent: np.ndarray, known: tuple[np.ndarray, float] | None = None) -> _Linear:
        part = self.part
        equations = part.equations(absent, self.parameters)
        solved, replaced = equations.solved, equations.replaced
        if self.by_way:
            nothing = np.zeros((0, 0))
            return _Linear(equations, absent, solved[:0], nothing, np.zeros((0, len(self.parameters))), replaced[:0])
        by_parameter = self.by_parameter[solved]
        by_parameter[replaced] = 0.0
        total_rows = replaced
        inverse, condition = known or _inverse(equations.matrix(self.jacobian), self.state[solved])
        if not condition < CONDITION and not part.algebraic.any():
            combined, slopes = combinations_without_cancellation(
                part, equations, self.state, self.parameters, self.time
            )
            matrix = np.concatenate([combined @ slopes, equations.totals[:, solved]])
            by_terms = part.term_derivatives(part.model.parameters, self.state, self.parameters, self.time)
            by_parameter = np.concatenate([combined @ by_terms, np.zeros((len(replaced), by_terms.shape[1]))])
            total_rows = np.arange(len(combined), len(matrix))
            inverse, condition = _inverse(matrix, self.state[solved])
        if not condition < SINGULAR or not np.isfinite(by_parameter).all():
            raise np.linalg.LinAlgError("the steady state is not isolated: it does not follow from rates and totals")
        return _Linear(equations, absent, solved, inverse, by_parameter, total_rows)

    @cached_property
    def _along(self) -> tuple[np.ndarray, np.ndarray]:
        """Derivatives of the end of the way by all parameters and by the start."""
        from .sensitivities import simulate_with_sensitivities

        path, prepared = self.path, self.part.prepared
        assert path is not None
        begin, end = path.begin, path.begin + path.elapsed
        starts, rows = path.start[None].copy(), self.parameters[None].copy()
        absolute = SMALL * 1e-3 * prepared.scales(starts)
        task = plan_task(prepared, np.array([end]), begin, starts, rows, TIGHT, absolute, running=1e-3 * SMALL)
        n, n_parameters = len(path.start), len(self.parameters)
        names = (*prepared.model.parameters, *prepared.model.species)
        slopes = np.concatenate([np.zeros((n, n_parameters)), np.eye(n)], axis=1)
        run = simulate_with_sensitivities(prepared, task, names, slopes, "Rodas5P")
        assert run.sensitivities is not None
        along = run.sensitivities[-1]
        return along[:, :n_parameters], along[:, n_parameters:]

    def forward(self, by_parameter: np.ndarray, before: np.ndarray) -> np.ndarray:
        """Slopes of the steady state.

        Parameters
        ----------
        by_parameter : array, shape (n_parameters, n_directions)
            Slopes of the parameters.
        before : array, shape (n_species, n_directions)
            Slopes of the start.

        Returns
        -------
        array, shape (n_species, n_directions)
        """
        touched = self.absent.any() and (
            before[self.absent].any() or (self.by_parameter[self.absent] @ by_parameter).any()
        )
        linear, after = self._whole if touched else self._present, before.copy()
        equations, solved = linear.equations, linear.solved
        after[linear.ignored] = 0.0
        if len(solved):
            right = -linear.by_parameter @ by_parameter
            right[linear.total_rows] = equations.totals @ before
            after[solved] = linear.inverse @ right
        if self.decided.any():
            along_parameters, along_start = (part[self.decided] for part in self._along)
            after[self.decided] = along_parameters @ by_parameter + along_start @ before
        tied = self._tied(equations)
        if len(tied):
            after[equations.tied[tied]] += equations.ties[tied] @ (before - after)
        return after

    def vjp(self, by_state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The transpose of `forward`.

        Parameters
        ----------
        by_state : array, shape (n_species, n_columns)
            Derivatives by the steady state.

        Returns
        -------
        by_parameters : array, shape (n_parameters, n_columns)
        before : array, shape (n_species, n_columns)
            By the start.
        """
        linear, bar = self._whole, by_state.copy()
        equations, solved = linear.equations, linear.solved
        before = np.zeros_like(bar)
        by_parameters = np.zeros((len(self.parameters), bar.shape[1]))
        tied = self._tied(equations)
        if len(tied):
            pulled = equations.ties[tied].T @ bar[equations.tied[tied]]
            before += pulled
            bar -= pulled
        if self.decided.any():
            along_parameters, along_start = (part[self.decided] for part in self._along)
            by_parameters += along_parameters.T @ bar[self.decided]
            before += along_start.T @ bar[self.decided]
            bar[self.decided] = 0.0
        if len(solved):
            pulled = linear.inverse.T @ bar[solved]
            before += equations.totals.T @ pulled[linear.total_rows]
            pulled[linear.total_rows] = 0.0
            by_parameters -= linear.by_parameter.T @ pulled
            bar[solved] = 0.0
        bar[linear.ignored] = 0.0
        return by_parameters, before + bar

    def _tied(self, equations: SteadyEquations) -> np.ndarray:
        """Which of the tied outputs follow from their total."""
        return np.flatnonzero(~self.decided[equations.tied])


def steady_slopes_of_members(part: SteadyModel, states: np.ndarray, parameters: np.ndarray) -> Iterator[SteadySlopes]:
    """Those of many members, one after the other, of steady states that were found here.

    Parameters
    ----------
    part : SteadyModel
    states : array, shape (n_members, n_species)
    parameters : array, shape (n_members, n_parameters)

    Raises
    ------
    LinAlgError
        When the slopes of a member that has none are asked for.
    """
    together = max(1, MOST_ENTRIES // max(states.shape[1] * (states.shape[1] + parameters.shape[1]), 1))
    for first in range(0, len(states), together):
        some = states[first : first + together], parameters[first : first + together]
        paths = [part.path_to(*one) for one in zip(*some, strict=True)]
        for state, own, path, known in zip(*some, paths, _known(part, *some, paths), strict=True):
            yield SteadySlopes(part, state, own, path, known)


class _Known(NamedTuple):
    """What slopes of a steady state begin with.

    Attributes
    ----------
    jacobian, by_parameter : array, shape (n_species, n_species) and (n_species, n_parameters)
        Derivatives of the rates.
    absent : bool array, shape (n_species,)
    inverse : tuple of array and float
        Of the equations without what is absent, and its condition.
    """

    jacobian: np.ndarray
    by_parameter: np.ndarray
    absent: np.ndarray
    inverse: tuple[np.ndarray, float]


def _known(
    part: SteadyModel, states: np.ndarray, parameters: np.ndarray, paths: Sequence[SteadyPath | None]
) -> Iterator[_Known]:
    """Of many members."""
    times = np.array([_time_of(part, path) for path in paths])
    with np.errstate(all="ignore"):
        jacobians = part.jacobians(states, parameters, times)
        by_parameters = part.parameter_slopes(states, parameters, times)
    starts = np.array(
        [np.zeros(len(state)) if path is None else path.start for state, path in zip(states, paths, strict=True)]
    )
    absent = part.absent(states, jacobians, starts)
    inverses: dict[int, tuple[np.ndarray, float]] = {}
    for equations, members in part.grouped(absent, parameters):
        found = _inverses(equations.matrix(jacobians[members]), states[members][:, equations.solved])
        inverses |= zip(members.tolist(), zip(found[0], found[1].tolist(), strict=True), strict=True)
    for k in range(len(states)):
        yield _Known(jacobians[k], by_parameters[k], absent[k], inverses[k])


def _time_of(part: SteadyModel, path: SteadyPath | None) -> float:
    """When the rates are read."""
    if path is not None and part.driven and np.isfinite(path.elapsed):
        return path.begin + path.elapsed
    return part.model.start_time


@dataclass(frozen=True, eq=False)
class _Linear:
    """The linear equations for the slopes.

    Attributes
    ----------
    equations : SteadyEquations
    ignored : bool array, shape (n_species,)
        What is absent and stays so.
    solved : int array
    inverse : array, shape (n_solved, n_solved)
    by_parameter : array, shape (n_solved, n_parameters)
        Derivatives of the (combined) rates, 0 in the rows of totals.
    total_rows : int array
        Rows that stand for the totals.
    """

    equations: SteadyEquations
    ignored: np.ndarray
    solved: np.ndarray
    inverse: np.ndarray
    by_parameter: np.ndarray
    total_rows: np.ndarray


def _inverse(matrix: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, float]:
    """That of one matrix."""
    inverses, conditions = _inverses(matrix[None], values[None])
    return inverses[0], float(conditions[0])


def _inverses(matrices: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Inverses and condition numbers, rows scaled alike and columns by the size of what they stand for, shape
    (n_members, n); nan where there is none."""
    with np.errstate(all="ignore"):
        size = np.abs(values)
        size = np.maximum(size, 1e-9 * np.max(size, axis=1, initial=0.0, keepdims=True))
        size = np.where(size > 0.0, size, 1.0)
        scaled = matrices * size[:, None]
        rows = np.abs(scaled).max(axis=2, initial=0.0)
        scaled = scaled / rows[..., None]
        scaled[~np.isfinite(scaled).all(axis=(1, 2))] = np.nan
        inverses = inverted(scaled)
        conditions = _largest_row_sums(scaled) * _largest_row_sums(inverses)
        return size[..., None] * inverses / rows[:, None], conditions


def _largest_row_sums(matrices: np.ndarray) -> np.ndarray:
    return np.abs(matrices).sum(axis=2).max(axis=1, initial=0.0)


def inverted(matrices: np.ndarray) -> np.ndarray:
    """Inverses, shape (n_members, n, n); nan for singular members."""
    try:
        return np.linalg.inv(matrices)
    except np.linalg.LinAlgError:
        if len(matrices) == 1:
            return np.full_like(matrices, np.nan)
        return np.concatenate([inverted(matrix[None]) for matrix in matrices])
