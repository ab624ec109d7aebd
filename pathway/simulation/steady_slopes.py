"""Slopes of a steady state, forward and transposed, from one matrix."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .prepared import SMALL
from .steady_model import SteadyEquations, SteadyModel, SteadyPath
from .steady_refine import combinations_without_cancellation
from .tasks import plan_task

CONDITION = 1e9
"""Above this condition number the equations are combined term by term."""

SINGULAR = 1e14
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

    Raises
    ------
    LinAlgError
        If the state does not follow from rates and totals, and the way to it is not known.
    """

    def __init__(self, part: SteadyModel, state: np.ndarray, parameters: np.ndarray, path: SteadyPath | None) -> None:
        self.part, self.state, self.parameters, self.path = part, state, parameters, path
        self.time = part.model.start_time
        if path is not None and part.driven and np.isfinite(path.elapsed):
            self.time = path.begin + path.elapsed
        self.decided = np.zeros(len(state), dtype=bool) if path is None else path.decided
        with np.errstate(all="ignore"):
            self.jacobian = part.jacobians(state[None], parameters[None], self.time)
        start = 0.0 if path is None else path.start
        self.absent = part.absent(state[None], self.jacobian, start)[0]
        # Where the way decides anything that others read, it decides all of that.
        self.by_way = bool(self.decided[~part.outputs].any())
        if self.by_way:
            self.decided = self.decided | ~part.outputs
        else:
            self._present  # noqa: B018  a state without slopes is told here

    @cached_property
    def by_parameter(self) -> np.ndarray:
        """Derivatives of the rates by the parameters, shape (n_species, n_parameters)."""
        return self.part.parameter_slopes(self.state, self.parameters, self.time)

    @cached_property
    def _present(self) -> _Linear:
        return self._linear(self.absent)

    @cached_property
    def _whole(self) -> _Linear:
        """With what is absent, if that has slopes; else what is absent stays so."""
        if not self.absent.any():
            return self._present
        try:
            return self._linear(np.zeros(len(self.state), dtype=bool))
        except np.linalg.LinAlgError:
            return self._present

    def _linear(self, absent: np.ndarray) -> _Linear:
        part = self.part
        equations = part.equations(absent, self.parameters)
        solved, replaced = equations.solved, equations.replaced
        if self.by_way:
            nothing = np.zeros((0, 0))
            return _Linear(equations, absent, solved[:0], nothing, np.zeros((0, len(self.parameters))), replaced[:0])
        by_parameter = self.by_parameter[solved]
        by_parameter[replaced] = 0.0
        total_rows = replaced
        inverse, condition = _inverse(equations.matrix(self.jacobian[0]), self.state[solved])
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
        touched = before[self.absent].any() or (self.by_parameter[self.absent] @ by_parameter).any()
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
    """Inverse and condition number, rows scaled alike and columns by the size of what they stand for."""
    with np.errstate(all="ignore"):
        size = np.abs(values)
        size = np.maximum(size, 1e-9 * np.max(size, initial=0.0))
        size = np.where(size > 0.0, size, 1.0)
        scaled = matrix * size
        rows = np.abs(scaled).max(axis=1, initial=0.0)
        scaled = scaled / rows[:, None]
    if not np.isfinite(scaled).all():
        return np.full_like(matrix, np.nan), np.inf
    try:
        inverse = np.linalg.inv(scaled)
    except np.linalg.LinAlgError:
        return np.full_like(matrix, np.nan), np.inf
    condition = np.linalg.norm(scaled, np.inf) * np.linalg.norm(inverse, np.inf) if len(matrix) else 1.0
    return size[:, None] * inverse / rows, float(condition)
