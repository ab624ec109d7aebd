"""Gradients by all parameters at once, along the tape of a finished run (`solvers.adjoint`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pathway.equations import Model
from pathway.kernels import CompiledModel, SparsityPattern, compile_model

from .prepared import PreparedModel, prepare_model
from .solvers.adjoint_layout import (
    AdjointKernels,
    AdjointPattern,
    AdjointScratch,
    AdjointState,
    AdjointTables,
    AdjointTask,
    solve_adjoint,
)
from .solvers.esdirk import EMBEDDED, GAMMA, NODES, STAGES, A, dense_weights
from .solvers.layout import TAPE_HEAD
from .solvers.slope_layout import FAINT

COLUMNS = 2
"""The derivative itself, and how far it is off."""

PARTS = ("jacobian", "factor", "parameter_jacobian", "solve_transposed")


@dataclass(frozen=True, eq=False)
class AdjointSolver:
    """What the walk backwards calls and works with, kept with the prepared model."""

    kernels: AdjointKernels
    tables: AdjointTables
    pattern: AdjointPattern
    code: CompiledModel
    singular: np.ndarray

    def scratch(self, tape: np.ndarray) -> AdjointScratch:
        """Working storage of one walk."""
        width, n = self.kernels.width, self.kernels.n_species
        n_jacobian, n_parameters = len(self.pattern.rows), len(self.pattern.parameter_rows)
        n_factor = self.code.sizes["lu"]
        return AdjointScratch(
            points=np.zeros(n * width),
            times=np.zeros(width),
            shifts=np.ones(width),
            worst=np.zeros(width),
            jacobians=np.zeros(n_jacobian * width),
            factors=np.zeros(n_factor * width),
            by_parameter=np.zeros(n_parameters * width),
            plain_jacobian=np.zeros(n_jacobian),
            plain_factors=np.zeros((STAGES, n_factor)),
            plain_parameters=np.zeros((STAGES, n_parameters)),
            vector=np.zeros(n * width),
            filtered=np.zeros(n * width),
            after=np.zeros(n * width),
            singular=self.singular,
            lowest=self._sizes(tape),
        )

    def _sizes(self, tape: np.ndarray) -> np.ndarray:
        """The largest size of each species along a tape, or a small share of that of all."""
        n = self.kernels.n_species
        if not len(self.singular):
            return np.zeros(n)
        sizes = np.abs(tape[:, TAPE_HEAD : TAPE_HEAD + n]).max(axis=0)
        return np.maximum(sizes, FAINT * sizes.max(initial=0.0))


def adjoint_solver(prepared: PreparedModel) -> AdjointSolver:
    """Compiled at the first request."""
    return prepared.once(_machine)


def _machine(model: Model) -> AdjointSolver:
    code = compile_model(model, None, PARTS)
    algebraic = int(bool(model.algebraic))
    addresses = {name: code.address(name) for name in PARTS}
    kernels = AdjointKernels(**addresses, width=code.width, n_species=code.n_species, algebraic=algebraic)
    tables = AdjointTables(A, A[STAGES - 1] - EMBEDDED, dense_weights(), NODES, GAMMA)
    species, by_parameter = code.patterns["jacobian"], code.patterns["parameter_jacobian"]
    pattern = AdjointPattern(*_places(species), *_places(by_parameter), code.mass)
    return AdjointSolver(kernels, tables, pattern, code, prepare_model(model).pattern.singular)


def _places(pattern: SparsityPattern) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns as the loop wants them."""
    return pattern.rows.astype(np.int64), pattern.columns.astype(np.int64)


def steps_along_tape(tape: np.ndarray, pace: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Steps of `pace` rows of the tape each (less than 1: of a share of a row), none of them across a restart.

    Returns
    -------
    begins, ends : array, shape (n_steps,)
    rows : int array, shape (n_steps,)
        Of the tape, in which each step begins.
    """
    begins, ends, rows = [], [], []
    restarts = np.flatnonzero(tape[1:, 0] > tape[:-1, 2]) + 1
    for first, last in zip([0, *restarts], [*restarts, len(tape)], strict=True):
        moments = np.append(tape[first:last, 0], tape[last - 1, 2])
        count = max(1, round((last - first) / pace))
        bounds = np.interp(np.linspace(0, last - first, count + 1), np.arange(last - first + 1), moments)
        begins.append(bounds[:-1])
        ends.append(bounds[1:])
        rows.append(first + np.minimum(np.arange(count) * (last - first) // count, last - first - 1))
    return np.concatenate(begins), np.concatenate(ends), np.concatenate(rows).astype(np.int64)


def trajectory_vjp(
    prepared: PreparedModel,
    tape: np.ndarray,
    parameters: np.ndarray,
    times: np.ndarray,
    weights: np.ndarray,
    after: np.ndarray,
    pace: float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Derivative of sum(weights * states) plus what comes later, by the parameters and by the start of a run.

    Parameters
    ----------
    prepared : PreparedModel
    tape : array
        Steps of the run, with constant parameters, as in `IntegrationReport.tape`.
    parameters : array, shape (n_parameters,)
    times : array, shape (n_times,)
    weights : array, shape (n_times, n_species)
        Derivative by the state at each time.
    after : array, shape (n_species, 2)
        Derivative by the state at the end, for what comes after it; second column: how far it is off.
    pace : float
        Steps of the run in each step back.

    Returns
    -------
    by_parameters : array, shape (n_parameters, 2)
        The second column estimates the error of the first.
    by_start : array, shape (n_species, 2)
    """
    machine = adjoint_solver(prepared)
    width, n = machine.kernels.width, machine.kernels.n_species
    adjoint = AdjointState(np.zeros((1 + STAGES, n * width)), np.zeros((len(parameters), width)))
    adjoint.bars[0].reshape(n, width)[:, :COLUMNS] = after
    tape = np.ascontiguousarray(tape)
    begins, ends, rows = steps_along_tape(tape, pace)
    task = AdjointTask(
        tape=tape,
        begins=begins,
        ends=ends,
        latest=np.nextafter(ends, begins),
        rows=rows,
        parameters=machine.code.parameters(parameters),
        times=np.ascontiguousarray(times, dtype=float),
        weights=np.ascontiguousarray(weights, dtype=float),
    )
    solve_adjoint(machine.kernels, machine.tables, machine.pattern, adjoint, machine.scratch(tape), task)
    by_start = adjoint.bars[0].reshape(n, width)[:, :COLUMNS]
    return adjoint.by_parameter[:, :COLUMNS].copy(), by_start.copy()
