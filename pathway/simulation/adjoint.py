"""Gradients by all parameters at once, along the tapes of finished runs (`solvers.adjoint`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pathway.equations import Model
from pathway.kernels import CompiledModel, compile_model

from .prepared import PreparedModel, prepare_model
from .solvers.adjoint_layout import (
    COLUMNS,
    AdjointKernels,
    AdjointPattern,
    AdjointTables,
    AdjointTask,
    adjoint_scratch,
    solve_adjoint,
)
from .solvers.esdirk import EMBEDDED, GAMMA, NODES, STAGES, A, dense_weights
from .tasks import lane_width

PARTS = ("jacobian", "factor", "parameter_jacobian", "solve_transposed", "pull_parameters")


@dataclass(frozen=True, eq=False)
class AdjointSolver:
    """What the walk backwards calls and works with, kept with the prepared model."""

    kernels: AdjointKernels
    tables: AdjointTables
    pattern: AdjointPattern
    code: CompiledModel

    def solve(self, task: AdjointTask) -> None:
        """Carry the derivatives of all members to the beginning."""
        sizes = len(self.code.patterns["parameter_jacobian"]), self.code.sizes["lu"], self.code.parameter_slots
        scratch = adjoint_scratch(self.kernels, self.pattern, *sizes)
        solve_adjoint(self.kernels, self.tables, self.pattern, scratch, task)


def adjoint_solver(prepared: PreparedModel, n_members: int) -> AdjointSolver:
    """For so many members; compiled at the first request."""
    width = 1 if len(prepared.pattern.singular) else lane_width(n_members)
    return prepared.once(_solver, width)


def _solver(model: Model, width: int | None) -> AdjointSolver:
    code = compile_model(model, width, PARTS)
    kernels = AdjointKernels(
        **{name: code.address(name) for name in ("prepare", *PARTS)},
        width=code.width,
        n_species=code.n_species,
        n_parameters=code.n_parameters,
        algebraic=int(bool(model.algebraic)),
    )
    tables = AdjointTables(A, A[STAGES - 1] - EMBEDDED, dense_weights(), NODES, GAMMA)
    species, singular = code.patterns["jacobian"], prepare_model(model).pattern.singular
    places = species.rows.astype(np.int64), species.columns.astype(np.int64)
    return AdjointSolver(kernels, tables, AdjointPattern(*places, code.mass, singular), code)


def steps_along_tapes(
    tape: np.ndarray, starts: np.ndarray, pace: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Steps of `pace` rows of a tape each (less than 1: of a share of a row), none of them across a restart.

    Parameters
    ----------
    tape : array
        Rows of one member after those of the other.
    starts : int array, shape (n_members + 1,)
        Where each begins; each has at least one.
    pace : float

    Returns
    -------
    begins, ends : array, shape (n_steps,)
    rows : int array, shape (n_steps,)
        Of the tape, in which each step begins.
    step_starts : int array, shape (n_members + 1,)
        Where the steps of each member begin.
    """
    apart = np.concatenate([[True], tape[1:, 0] > tape[:-1, 2]])
    apart[starts[:-1]] = True
    firsts = np.flatnonzero(apart)
    lengths = np.diff([*firsts, len(tape)])
    counts = np.maximum(1, np.round(lengths / pace).astype(int))
    offsets = np.concatenate([[0], np.cumsum(counts)])
    # Step j of count begins at j / count of the way, in rows; a row lasts until the next begins.
    j = np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)
    first, length, count = (np.repeat(a, counts) for a in (firsts, lengths, counts))
    inside = j * length // count
    rows, share = first + inside, j * (length / count) - inside
    until = np.where(inside + 1 < length, tape[np.minimum(rows + 1, len(tape) - 1), 0], tape[rows, 2])
    begins = tape[rows, 0] + share * (until - tape[rows, 0])
    ends = np.append(begins[1:], 0.0)
    ends[offsets[1:] - 1] = tape[firsts + lengths - 1, 2]
    return begins, ends, rows, offsets[np.searchsorted(firsts, starts)]


def trajectory_vjps(
    prepared: PreparedModel,
    tape: np.ndarray,
    starts: np.ndarray,
    parameters: np.ndarray,
    times: np.ndarray,
    weights: np.ndarray,
    after: np.ndarray,
    pace: float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Of each member, the derivative of sum(weights * states) plus what comes later, by its parameters and its start.

    Parameters
    ----------
    prepared : PreparedModel
    tape : array
        Steps of the runs, with constant parameters, as in `IntegrationReport.tape`, one member after the other.
    starts : int array, shape (n_members + 1,)
        Where each member's rows begin; each has at least one.
    parameters : array, shape (n_members, n_parameters)
    times : array, shape (n_times,)
    weights : array, shape (n_members, n_times, n_species)
        Derivative by the state at each time.
    after : array, shape (n_members, n_species, 2)
        Derivative by the state at the end, for what comes after it; last axis: itself, and how far it is off.
    pace : float
        Steps of the run in each step back.

    Returns
    -------
    by_parameters : array, shape (n_members, n_parameters, 2)
        The last axis: itself, and an estimate of its error.
    by_start : array, shape (n_members, n_species, 2)
    """
    begins, ends, rows, step_starts = steps_along_tapes(tape, starts, pace)
    by_start, by_parameters = np.array(after, dtype=float), np.zeros((*parameters.shape, COLUMNS))
    task = AdjointTask(
        tape=np.ascontiguousarray(tape),
        tape_starts=np.asarray(starts, dtype=np.int64),
        begins=begins,
        ends=ends,
        latest=np.nextafter(ends, begins),
        rows=rows.astype(np.int64),
        step_starts=step_starts.astype(np.int64),
        parameters=np.ascontiguousarray(parameters, dtype=float),
        times=np.ascontiguousarray(times, dtype=float),
        weights=np.ascontiguousarray(weights, dtype=float),
        bars=by_start,
        by_parameter=by_parameters,
    )
    adjoint_solver(prepared, len(parameters)).solve(task)
    return by_parameters, by_start


def trajectory_vjp(
    prepared: PreparedModel,
    tape: np.ndarray,
    parameters: np.ndarray,
    times: np.ndarray,
    weights: np.ndarray,
    after: np.ndarray,
    pace: float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """The same of one member, without the first axis of what is given and returned."""
    both = trajectory_vjps(
        prepared, tape, np.array([0, len(tape)]), parameters[None], times, weights[None], after[None], pace
    )
    return both[0][0], both[1][0]
