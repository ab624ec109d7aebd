"""Derivatives along a run near the zero of a species where they are infinite, for slopes forward and backward.

The Jacobian of y^0.5 along a run that leaves zero is infinite for a moment, and its integral finite. So Jacobians are
taken a hair above zero (`NEAR`), and df/dp, which may be as infinite but counts also where a species stays at zero, a
hair's hair (`TRACE`); the steps at the start may be as small as that needs. What no step can resolve, a species that
stays at zero, does not damp and yet moves with a name, has infinite slopes and is refused.
"""

from __future__ import annotations

import numpy as np

from pathway.kernels import calls

from .compilation import inlined_function
from .layout import TAPE_HEAD

LEAST = 1e-100
"""The size of a species if all are always zero."""

NEAR, TRACE = 1e-18, 1e-30
"""Shares of a species' size at which Jacobians and df/dp are taken of what is nearer to zero."""

BELOW = 1e-8
"""Below zero by no more than this share of its size a species counts as zero."""

RESTS = 1e-9
"""Up to this share of its size a species counts as zero."""

SHORTEST_NEAR = 1e-18
"""Share of a stretch that begins at such a zero below which a step is taken whatever its error."""

DAMPED = 0.01
"""A species at zero damps if its own loss is at least this share of what its column gives to others."""


@inlined_function
def raise_to_floor(singular, lowest, share, point, lanes):
    """Raise what is nearer to zero than this share of its size; whether there was any."""
    some = False
    for k in singular:
        floor = share * lowest[k]
        for place in range(k * lanes, (k + 1) * lanes):
            if -BELOW * lowest[k] <= point[place] < floor:
                point[place] = floor
                some = True
    return some


@inlined_function
def zero_infinite_entries(jacobian):
    """Zero for what is no number even a hair above zero: products of powers that overflow have that limit."""
    for k in range(jacobian.shape[0]):
        if not abs(jacobian[k]) < np.inf:
            jacobian[k] = 0.0


@inlined_function
def starts_at_zero(scratch, row):
    """Whether a stretch begins at the zero of a species that needs care."""
    for k in scratch.singular:
        if abs(row[TAPE_HEAD + k]) <= RESTS * scratch.lowest[k]:
            return True
    return False


@inlined_function
def _rests(scratch, tape, n, k):
    """Whether a species is zero all along a tape."""
    low = RESTS * scratch.lowest[k]
    for row in range(tape.shape[0]):
        if abs(tape[row, TAPE_HEAD + k]) > low or abs(tape[row, TAPE_HEAD + n + k]) > low:
            return False
    return True


@inlined_function
def has_unbounded_slope(kernels, scratch, course, tape, parameters):
    """Whether a species that rests at zero moves with some direction although the slope of a rate is infinite there."""
    n, lanes, row, some = kernels.n_species, kernels.moments, tape[0], False
    for k in scratch.singular:
        moves = False
        for direction in range(course.state.shape[0]):
            moves |= course.state[direction, k] != 0.0
        some |= moves and _rests(scratch, tape, n, k)
    if not some:
        return False
    for lane in range(lanes):
        scratch.time[lane] = row[0]
        for k in range(n):
            scratch.point[k * lanes + lane] = max(row[TAPE_HEAD + k], 0.0)
    calls.right_hand_side(kernels.jacobian, scratch.time, scratch.point, parameters, scratch.jacobian)
    for j in range(kernels.n_jacobian):
        scratch.one_jacobian[j] = scratch.jacobian[j * lanes]
    raise_to_floor(scratch.singular, scratch.lowest, NEAR, scratch.point, lanes)
    calls.right_hand_side(kernels.jacobian, scratch.time, scratch.point, parameters, scratch.jacobian)
    for k in scratch.singular:
        moves, infinite, loss, largest = False, False, 0.0, 0.0
        for direction in range(course.state.shape[0]):
            moves |= course.state[direction, k] != 0.0
        for j in range(kernels.n_jacobian):
            if scratch.columns[j] == k:
                value = scratch.jacobian[j * lanes]
                infinite |= not abs(scratch.one_jacobian[j]) < np.inf
                largest = max(largest, abs(value))
                if scratch.rows[j] == k:
                    loss = -value
        if moves and infinite and _rests(scratch, tape, n, k) and not loss >= DAMPED * largest:
            return True
    return False
