"""What the walk backwards works with and on; the method and the walk itself: `adjoint`."""

from __future__ import annotations

from typing import NamedTuple

from pathway.kernels.structs import Integers, Table, Vector, array_address, packed_struct

from .loops import CompiledLoop


class AdjointKernels(NamedTuple):
    """Addresses and sizes, all for `width` lanes; lanes are stages, but in `solve_transposed` gradient and error."""

    jacobian: int
    factor: int
    parameter_jacobian: int
    solve_transposed: int
    width: int
    n_species: int
    algebraic: int


class AdjointTables(NamedTuple):
    """Coefficients of the method."""

    a: Table
    """Shape (STAGES, STAGES)."""
    estimate: Vector
    """Weights of the method less those of the embedded one."""
    dense: Table
    nodes: Vector
    gamma: float


class AdjointPattern(NamedTuple):
    """Where the entries of the two Jacobians stand, and which species have a rate."""

    rows: Integers
    columns: Integers
    parameter_rows: Integers
    parameter_columns: Integers
    mass: Vector


class AdjointState(NamedTuple):
    """What is carried backwards, lanes innermost."""

    bars: Table
    """Derivative by the sensitivities (row 0) and by K_1 ... K_7 of the step, shape (1 + STAGES, n_species * width)."""
    by_parameter: Table
    """Gathered so far, shape (n_parameters, width)."""


class AdjointScratch(NamedTuple):
    """Working storage."""

    points: Vector
    times: Vector
    shifts: Vector
    worst: Vector
    jacobians: Vector
    factors: Vector
    by_parameter: Vector
    plain_jacobian: Vector
    """Shape (n_jacobian,): of one moment."""
    plain_factors: Table
    """Shape (STAGES, n_factor): of each stage."""
    plain_parameters: Table
    """Shape (STAGES, n_parameter_jacobian)."""
    vector: Vector
    filtered: Vector
    after: Vector
    """Derivative by the sensitivities after the step."""
    singular: Integers
    """Species at whose zero a rate, or its slope, is infinite or undefined."""
    lowest: Vector
    """Size of each species, shape (n_species,)."""


class AdjointTask(NamedTuple):
    """What is walked along, where its steps begin and end, and what the outputs add."""

    tape: Table
    """Steps of a run, as `IntegrationReport.tape`."""
    begins: Vector
    ends: Vector
    latest: Vector
    """Just before each end: a rate that jumps there belongs to the stretch that follows."""
    rows: Integers
    """Of the tape, in which each step begins."""
    parameters: Table
    """Of the model and what its kernels make of them, in every lane."""
    times: Vector
    weights: Table
    """Derivative by the state at each time, shape (n_times, n_species)."""


_LOOP = CompiledLoop("adjoint", 6)


def solve_adjoint(
    kernels: AdjointKernels,
    tables: AdjointTables,
    pattern: AdjointPattern,
    adjoint: AdjointState,
    scratch: AdjointScratch,
    task: AdjointTask,
) -> None:
    """Carry `adjoint` from the end of a tape to its beginning."""
    words = [packed_struct(values) for values in (kernels, tables, pattern, adjoint, scratch, task)]
    _LOOP(*map(array_address, words))
