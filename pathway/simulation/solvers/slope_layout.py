"""What the walk along sensitivities works with and on; the method and the walk itself: `slopes`."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from pathway.kernels.structs import PADDING, Cube, Integers, Table, Vector, array_address, packed_struct

from .esdirk import EMBEDDED, GAMMA, NODES, STAGES, A, dense_weights, stages_by_solutions
from .layout import JacobianPattern
from .loops import CompiledLoop

FAINT = 1e-6
"""The size of a species that is always zero, as a share of the largest."""


class SlopeKernels(NamedTuple):
    """Addresses and sizes: the moments of a step lie in `moments` lanes, the directions of a block in `width`."""

    prepare: int
    jacobian: int
    factor: int
    parameter_jacobian: int
    solve_shared: int
    multiply_shared: int
    error_norm: int
    moments: int
    width: int
    n_species: int
    n_factor: int
    n_jacobian: int
    algebraic: int


class SensitivityDirections(NamedTuple):
    """The sensitivities in blocks of lanes, and where df/dp enters them."""

    stacks: Cube
    """Slope and value of the sensitivities, then X_1 ... X_6, (n_blocks, 1 + STAGES, padded n_species * width)."""
    entries: Integers
    """Of the parameter Jacobian, by block."""
    places: Integers
    """In the block's vectors."""
    starts: Integers
    """Where each block's entries begin, shape (n_blocks + 1,)."""
    weights: Vector
    """How much of the named parameter the present one carries, per entry."""


class SlopeTables(NamedTuple):
    """Coefficients for `combine`, and the rule for the size of the steps.

    Columns: the start, X_1 ... X_6; in the rows of B_1 and of the dense output the slope at the start comes first.
    """

    sums: Table
    """What belongs in `SlopeScratch.sums` for a step of length 1, shape (ROWS, 1 + STAGES)."""
    dense: Table
    """Weights of the rows of a stack at a share x of the step, coefficients of x .. x^4, shape (1 + STAGES, 4)."""
    nodes: Vector
    gamma: float
    relative: float
    """Relative tolerance of the sensitivities."""


class SlopeTask(NamedTuple):
    """What is walked along, and what is recorded on the way."""

    tape: Table
    """Steps of a run, as `IntegrationReport.tape`."""
    parameters: Vector
    """Of the model, shape (n_parameters,)."""
    slots: Vector
    """Room for what the kernels make of them in each of `moments` lanes."""
    times: Vector
    species: Integers
    """Those whose sensitivities are recorded."""
    columns: Integers
    """Column of each direction in what is recorded, shape (n_directions,)."""
    values: Cube
    """Recorded, shape (n_times, n_recorded_species, n_columns)."""
    state: Table
    """Sensitivities at the start, and after the walk at its end, shape (n_directions, n_species)."""
    sizes: Vector
    """Largest size of each species before; the walk goes on with them, shape (n_species,)."""
    scales: Vector
    """Size of what each direction moves, shape (n_directions,)."""
    faint: float
    """A sensitivity counts in the error from this share of species size / scale on."""
    least: float
    """The smallest size that a species counts with, as a share of the largest."""
    closes: int
    """1: what is to be recorded at the end or later is the state at the end; 0: that is left to the caller."""
    progress: Integers
    """First row of the tape, the row after the last, and the next output, which the walk leaves behind the last."""
    reached: Vector
    """Time reached, shape (1,): not the last one if no step can be made to fit."""


class SlopeScratch(NamedTuple):
    """Working storage."""

    time: Vector
    point: Vector
    jacobian: Vector
    shift: Vector
    worst: Vector
    packed: Vector
    """Factors of some moments, lanes innermost."""
    by_parameter: Table
    """df/dp of all stages in groups of `moments`, shape (n_groups, entries * moments)."""
    factors: Table
    """Of each stage, shape (STAGES, n_factor); the last row is for other uses."""
    one_jacobian: Vector
    sums: Table
    """Coefficients of this step, shape (ROWS, 1 + STAGES)."""
    result: Table
    """Shape (1, padded)."""
    between: Table
    """The same."""
    mass: Vector
    relative: Vector
    error: Vector
    singular: Integers
    """Species at whose zero a rate, or its slope, is infinite or undefined."""
    lowest: Vector
    """Size of each species, shape (n_species,)."""
    rows: Integers
    """Of the Jacobian's entries."""
    columns: Integers
    floor: Table
    """Smallest size of a sensitivity that counts in the error, like a block's vectors, shape (n_blocks, padded)."""


ERROR, SLOPE, END, DENSE = 6, 7, 8, 9
"""Rows of the coefficients after those of the stages."""

ROWS = 10


@lru_cache(maxsize=16)
def slope_tables(relative: float) -> SlopeTables:
    """The method in the layout of the loop."""
    bases, slopes = stages_by_solutions()
    sums = np.zeros((ROWS, STAGES + 1))
    sums[0, :2] = bases[0, :2]
    sums[1:6, :STAGES] = bases[1:, 1:]
    sums[ERROR, :STAGES] = (A[6] - EMBEDDED) @ slopes[:, 1:]
    sums[SLOPE, :STAGES] = slopes[6, 1:]
    sums[END, STAGES - 1] = 1.0
    return SlopeTables(sums, slopes.T @ dense_weights(), NODES, GAMMA, relative)


def padded_size(n_species: int, width: int) -> int:
    """Entries of a block's vectors."""
    return (n_species * width + PADDING - 1) // PADDING * PADDING


def slope_scratch(kernels: SlopeKernels, n_entries: int, n_blocks: int, pattern: JacobianPattern) -> SlopeScratch:
    """Working storage for some blocks of directions.

    Parameters
    ----------
    kernels : SlopeKernels
    n_entries : int
        Of the parameter Jacobian.
    n_blocks : int
    pattern : JacobianPattern
    """
    n, lanes, size = kernels.n_species, kernels.moments, padded_size(kernels.n_species, kernels.width)
    spread = np.zeros(size)
    spread[: n * kernels.width] = np.repeat(pattern.mass, kernels.width)
    return SlopeScratch(
        time=np.zeros(lanes),
        point=np.zeros(n * lanes),
        jacobian=np.zeros(kernels.n_jacobian * lanes),
        shift=np.zeros(lanes),
        worst=np.zeros(lanes),
        packed=np.zeros(kernels.n_factor * lanes),
        by_parameter=np.zeros((-(-(STAGES - 1) // lanes), n_entries * lanes)),
        factors=np.zeros((STAGES, kernels.n_factor)),
        one_jacobian=np.zeros(kernels.n_jacobian),
        sums=np.zeros((ROWS, STAGES + 1)),
        result=np.zeros((1, size)),
        between=np.zeros((1, size)),
        mass=spread,
        relative=np.zeros(kernels.width),
        error=np.zeros(kernels.width),
        singular=pattern.singular,
        lowest=np.zeros(n),
        rows=pattern.rows,
        columns=pattern.columns,
        floor=np.ones((n_blocks, size)),
    )


_LOOP = CompiledLoop("slopes", 5)


class PreparedSlopeRun:
    """A walk made ready, to be made again whenever the arrays it was given have new contents.

    Attributes
    ----------
    course : SlopeTask
    """

    def __init__(
        self,
        kernels: SlopeKernels,
        tables: SlopeTables,
        directions: SensitivityDirections,
        scratch: SlopeScratch,
        course: SlopeTask,
    ) -> None:
        self.course = course
        given = (kernels, tables, directions, scratch, course)
        words = [packed_struct(values) for values in given]
        self._held = given, words
        self._addresses = [array_address(table) for table in words]

    def __call__(self) -> None:
        """Carry the sensitivities along the course."""
        _LOOP(*self._addresses)
