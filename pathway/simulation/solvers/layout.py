"""What a step loop is given and what it fills in: plain tuples of numbers and arrays, one name each.

Every loop has the signature `run(kernels, pattern, method, task, report, lanes)`, each the address of a packed tuple
(`pathway.kernels.structs`). All numbers are float64 or int64 and all arrays are contiguous, so that a loop is compiled
once for all models.
"""

from __future__ import annotations

from typing import NamedTuple

from pathway.kernels.structs import Cube, Integers, IntegerTable, Table, Vector

# How a member ended.
(
    NOT_STARTED,
    DONE,
    EVENT,
    TOO_MANY_STEPS,
    STEP_TOO_SMALL,
    NOT_FINITE,
    VANISHING_PIVOT,
    STOPPED,
    NOT_SETTLED,
    TAPE_FULL,
    UNSOLVED,
) = range(11)

# What happens at a moment of the schedule; at a BREAK the run goes on from a moment a few floats later, its value.
SET, ADD, SCALE, PARAMETER_SET, PARAMETER_ADD, PARAMETER_SCALE, BREAK = range(7)

# Columns of `IntegrationReport.counts`.
STEPS, REJECTED, FACTORIZATIONS, PIVOTS, STATUS, TAPED, EVENTS = range(7)
COUNTS = 7

# Columns of `JacobianPattern.events`.
FIRST_VALUE, PERSISTENT, FROM_TRIGGER, HAS_PRIORITY = range(4)


class KernelAddresses(NamedTuple):
    """Addresses (0: absent) and sizes of a compiled model."""

    prepare: int
    right_hand_side: int
    jacobian: int
    time_derivative: int
    factor: int
    solve: int
    add_scaled: int
    interpolate: int
    error_norm: int
    observables: int
    roots: int
    conditions: int
    switches: int
    """Functions of the state that the rates switch by, and behind them the sizes of what these are sums of."""
    event_values: int
    """0: the loop stops at a change of a condition; else it carries out what events do."""
    event_delays: int
    event_priorities: int
    width: int
    n_species: int
    n_parameters: int
    n_slots: int
    """Rows of the array of parameters: the model's own, then those that `prepare` fills."""
    n_jacobian: int
    n_factor: int
    n_observables: int
    n_roots: int
    n_sign_roots: int
    """Of the root functions those whose sign counts, which come first; of the others it is the integer part."""
    n_switches: int
    n_sign_switches: int
    n_conditions: int
    n_event_values: int
    """New values of all events together."""
    algebraic: int
    """1 if some species are found by solving residual = 0."""


class JacobianPattern(NamedTuple):
    """Which species have a rate, where the entries of the Jacobian stand, and what events do."""

    mass: Vector
    """1 for a species with a rate, 0 for an algebraic one, shape (n_species,)."""
    rows: Integers
    """Shape (n_jacobian,)."""
    columns: Integers
    singular: Integers
    """Species at whose zero a rate, or its slope, is infinite or undefined."""
    events: IntegerTable
    """Where the new values of an event begin, and 1 if it is persistent, takes values of the trigger's moment, declares
    a priority; a last row ends the values, shape (n_events + 1, 4)."""
    event_targets: Integers
    """The species that each new value is for, shape (n_event_values,)."""
    event_reads: IntegerTable
    """1 for a species that a trigger reads, shape (n_events, n_species)."""


class RosenbrockMethod(NamedTuple):
    """A Rosenbrock tableau as the loop wants it."""

    stages: int
    exponent: float
    """1 / (order of the error estimate + 1)."""
    most_ease: float
    """A hundredth to the power of minus the exponent: a smaller error does not count as easier."""
    gamma: float
    table: Table
    """Rows for `combine`: y and the stages' weights, for the point (2 i) and for what is carried over (2 i + 1)."""
    continues: Integers
    """1 where a stage's point is that of the stage before plus that stage, shape (n_stages,)."""
    dense: Table
    nodes: Vector
    d: Vector
    pair: Table
    """The explicit pair for where a run is not stiff (no rows: there is none): weights of the slopes for the points of
    the stages from the second on, for the error estimate, and for the three rows of the dense output."""
    pair_nodes: Vector


class IntegrationTask(NamedTuple):
    """Members to run; an array with one row serves all members."""

    first: int
    last: int
    times: Vector
    """Moments to record, ascending, shape (n_times,)."""
    start_times: Vector
    """Shape (1 or n_members,)."""
    starts: Table
    """Shape (1 or n_members, n_species)."""
    parameters: Table
    """Shape (1 or n_members, n_parameters)."""
    absolute: Table
    """Absolute tolerances, shape (1 or n_members, n_species)."""
    first_output: int
    relative: float
    running: float
    """Absolute tolerance is at least this times the largest value so far; 0: as given."""
    maximum_step: float
    maximum_steps: int
    pivoted: int
    """1: linear systems with row exchange (after a vanishing pivot)."""
    schedule: Integers
    """Where in the actions each schedule starts, shape (n_schedules + 1,); one schedule serves all members."""
    action_times: Vector
    action_kinds: Integers
    action_targets: Integers
    action_values: Vector
    conditions: Vector
    """Truth of the watched conditions when they were last looked at, shape (n_conditions,)."""
    stop: Integers
    """Turns non-zero when the loop must give up, shape (1,)."""
    queue: Integers
    """The next member, for threads that take turns, shape (1,); empty: this loop runs all of them."""


class IntegrationReport(NamedTuple):
    """What a loop fills in."""

    values: Cube
    """Shape (n_members, n_times, n_species or n_observables); nan where a member did not get."""
    states: Table
    """State at the end or where it failed, shape (n_members, n_species)."""
    moments: Table
    """Time at the end and last step size, shape (n_members, 2)."""
    counts: IntegerTable
    """Columns STEPS ... EVENTS, shape (n_members, COUNTS)."""
    tape: Table
    """Accepted steps, each member's in an equal share of the rows (none: not wanted), shape (n_rows, TAPE_HEAD + 5
    n_species)."""


TAPE_HEAD = 3
"""A row of the tape: start, size and end of the step (the end is earlier if an event cuts it short); then the state,
the state after the whole step, and the three rows of the dense output."""
