"""What the walk backwards works with and on; the method and the walk itself: `adjoint`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pathway.kernels.structs import Cube, Integers, Table, Vector, array_address, packed_struct

from .esdirk import STAGES
from .loops import CompiledLoop

COLUMNS = 2
"""What is carried backwards: the derivative itself, and how far it is off."""


class AdjointKernels(NamedTuple):
    """Addresses and sizes, all for `width` lanes: one member per lane."""

    prepare: int
    jacobian: int
    factor: int
    parameter_jacobian: int
    solve_transposed: int
    pull_parameters: int
    width: int
    n_species: int
    n_parameters: int
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
    """Where the entries of the Jacobian stand, and which species have a rate."""

    rows: Integers
    columns: Integers
    mass: Vector
    singular: Integers
    """Species at whose zero a rate, or its slope, is infinite or undefined; with any, one lane alone is used."""


class AdjointScratch(NamedTuple):
    """Working storage, lanes innermost; the first axis of tables is `COLUMNS`."""

    bars: Cube
    """Derivative by the sensitivities (row 0) and by K_1 ... K_7 of the step, shape (2, 1 + STAGES, n_species * W)."""
    by_parameter: Table
    """Gathered so far, shape (2, n_parameters * W)."""
    vector: Table
    """Shape (2, n_species * W)."""
    after: Table
    """Derivative by the sensitivities after the step."""
    result: Vector
    mass: Vector
    """That of the pattern, in every lane."""
    held: Vector
    """Mass over gamma times the length of the step."""
    points: Vector
    jacobian: Vector
    factors: Vector
    entries: Vector
    """df/dp."""
    slots: Vector
    """The model's parameters and what its kernels make of them."""
    # One number per lane.
    times: Vector
    shifts: Vector
    worst: Vector
    lengths: Vector
    following: Vector
    """Length of the step that was walked before this one; 0: there is none that goes on from its end."""
    shares: Vector
    """Where in its step an output stands."""
    member: Integers
    """-1: the lane is idle."""
    step: Integers
    last: Integers
    """Outputs that are still to be added."""
    chosen: Integers
    """1 in lanes that something is done to."""
    lowest: Vector
    """Size of each species, shape (n_species,); of one lane alone."""


class AdjointTask(NamedTuple):
    """What is walked along, where its steps begin and end, and what the outputs add; and what comes out."""

    tape: Table
    """Steps of all members, as `IntegrationReport.tape`, one member after the other."""
    tape_starts: Integers
    """Shape (n_members + 1,)."""
    begins: Vector
    """Of the steps of the walk, one member after the other."""
    ends: Vector
    latest: Vector
    """Just before each end: a rate that jumps there belongs to the stretch that follows."""
    rows: Integers
    """Of the tape, in which each step begins."""
    step_starts: Integers
    """Shape (n_members + 1,)."""
    parameters: Table
    """Of the model, shape (n_members, n_parameters)."""
    times: Vector
    weights: Cube
    """Derivative by the state at each time, shape (n_members, n_times, n_species)."""
    bars: Cube
    """Derivative by the state at the end, and after the walk at the start, shape (n_members, n_species, 2)."""
    by_parameter: Cube
    """Filled in, shape (n_members, n_parameters, 2)."""


def adjoint_scratch(
    kernels: AdjointKernels, pattern: AdjointPattern, n_entries: int, n_factor: int, n_slots: int
) -> AdjointScratch:
    """Working storage of one walk."""
    width, n = kernels.width, kernels.n_species
    size = n * width
    return AdjointScratch(
        np.zeros((COLUMNS, 1 + STAGES, size)),
        np.zeros((COLUMNS, kernels.n_parameters * width)),
        np.zeros((COLUMNS, size)),
        np.zeros((COLUMNS, size)),
        np.zeros(size),
        np.repeat(pattern.mass, width),
        np.zeros(size),
        np.zeros(size),
        *(np.zeros(count * width) for count in (len(pattern.rows), n_factor, n_entries, n_slots)),
        *np.ones((6, width)),
        *np.zeros((4, width), dtype=np.int64),
        np.zeros(n),
    )


_LOOP = CompiledLoop("adjoint", 5)


def solve_adjoint(
    kernels: AdjointKernels,
    tables: AdjointTables,
    pattern: AdjointPattern,
    scratch: AdjointScratch,
    task: AdjointTask,
) -> None:
    """Carry the derivatives of all members from the end of their tapes to the beginning."""
    words = [packed_struct(values) for values in (kernels, tables, pattern, scratch, task)]
    _LOOP(*map(array_address, words))
