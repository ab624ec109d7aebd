"""Explicit steps in lanes whose run is not stiff, and the measurements by which a lane goes over to them and back.

A lane begins with implicit steps. Their Jacobian tells a bound of the fastest rate of the model. Where the next step
times that bound is well inside the region of stability, and steps no longer grow, an explicit method takes the same
steps for less: the lane goes over. The bound is asked for again every so many explicit steps, and before one that is
longer than the last bound allows; where the step is no longer inside, the lane goes back before it is tried, and waits
longer until it goes over again. So explicit steps are as long as accuracy allows, and never as long as stability does.
All this is decided by what is in the lane alone.

The slopes of the last two stages, by which codes look for stiffness while they run (Hairer & Wanner II, section IV.2),
do not show it at tight tolerances: stages of low order differ by more than what grows.

A species whose rates have no slope at zero must be above its absolute tolerance: what happens near zero is for
implicit steps (`near_zero`).
"""

from __future__ import annotations

import numpy as np

from pathway.kernels import calls
from pathway.kernels.vectors import moved_along_slopes, weighted_slopes

from .compilation import inlined_function

STAGES = 7
ERROR, DENSE = STAGES - 1, STAGES
"""Rows of the pair behind those of the points of the stages from the second on."""

INSIDE, EDGE = 1.0, 2.0
"""Step times the bound of the fastest rate up to which steps become explicit, and from which on they no longer are;
Tsit5 is stable up to 3.3."""

FIRST_WAIT, LONGEST_WAIT = 4, 64
"""Implicit steps before a lane goes over, which double each time that it comes back or the bound is too large."""

STEADY = 1.1
"""An implicit step that is longer than the one before by this does not count: steps have not found their level."""

LOOKS = 16
"""Explicit steps after which the bound is asked for again."""

TURNS = 8
"""Of power iteration for the bound."""


@inlined_function
def may_be_explicit(kernels):
    """Whether lanes may go over at all: not with algebraic species, nor where rates jump with the state, which no
    Jacobian tells."""
    return kernels.algebraic == 0 and kernels.switches == 0


@inlined_function
def wait_anew(lanes, lane):
    """At a start or a jump: the mode stays, what was measured does not."""
    lanes.explicit[lane] = min(lanes.explicit[lane], 1)
    lanes.wait[lane], lanes.calm[lane], lanes.rate[lane] = FIRST_WAIT, 0, np.inf


@inlined_function
def explicit_stages(kernels, method, lanes):
    """Try one explicit step in every lane: fills slopes, the new state, and the errors."""
    width, size, fresh = kernels.width, lanes.stack.shape[1], False
    slopes, lengths, state = lanes.stack[1:], lanes.lengths, lanes.stack[0]
    for k in range(0, kernels.n_species * width, width):
        for lane in range(width):
            lengths[k + lane] = lanes.step[lane]
    for lane in range(width):
        fresh |= lanes.explicit[lane] == 1
        lanes.worst[lane] = 1.0
    if fresh:
        _slope(kernels, method, lanes, 0, state, slopes[0])
    point = lanes.sums[0]
    for stage in range(1, STAGES):
        if stage == 1:
            moved_along_slopes(1, method.pair, 0, slopes, lengths, state, point, size)
        elif stage == 2:
            moved_along_slopes(2, method.pair, 1, slopes, lengths, state, point, size)
        elif stage == 3:
            moved_along_slopes(3, method.pair, 2, slopes, lengths, state, point, size)
        elif stage == 4:
            moved_along_slopes(4, method.pair, 3, slopes, lengths, state, point, size)
        elif stage == 5:
            moved_along_slopes(5, method.pair, 4, slopes, lengths, state, point, size)
        else:
            point = lanes.new[0]
            moved_along_slopes(6, method.pair, 5, slopes, lengths, state, point, size)
        _slope(kernels, method, lanes, stage, point, slopes[stage])
    estimate = lanes.sums[1]
    weighted_slopes(7, method.pair, ERROR, slopes, lengths, estimate, size)
    calls.error_norm(kernels.error_norm, state, point, estimate, lanes.absolute, lanes.relative, lanes.error)


@inlined_function
def _slope(kernels, method, lanes, stage, point, out):
    for lane in range(kernels.width):
        moment = lanes.time[lane] + method.pair_nodes[stage] * lanes.step[lane]
        lanes.stage_time[lane] = min(moment, lanes.latest[lane])
    calls.right_hand_side(kernels.right_hand_side, lanes.stage_time, point, lanes.parameters, out)


@inlined_function
def explicit_dense_sums(method, lanes):
    """What the dense output needs."""
    slopes, size = lanes.stack[1:], lanes.stack.shape[1]
    for row in range(3):
        weighted_slopes(7, method.pair, DENSE + row, slopes, lanes.lengths, lanes.dense[row], size)


@inlined_function
def look_at_rates(kernels, pattern, lanes):
    """Before a step of known size: lanes whose steps are too long for explicit ones go back; how many."""
    width, jacobian, due, gone = kernels.width, lanes.near_jacobian, False, 0
    for lane in range(width):
        due |= _looks(lanes, lane)
    if due:
        calls.right_hand_side(kernels.jacobian, lanes.time, lanes.stack[0], lanes.parameters, jacobian)
        for lane in range(width):
            if _looks(lanes, lane):
                lanes.calm[lane], lanes.rate[lane] = 0, _rate_bound(kernels, pattern, lanes, jacobian, lane)
                if not lanes.step[lane] * lanes.rate[lane] <= EDGE:
                    _go_back(lanes, lane)
                    gone += 1
    return gone


@inlined_function
def _looks(lanes, lane):
    """Whether a lane asks for the bound before its next step."""
    long = lanes.calm[lane] >= LOOKS or not lanes.step[lane] * lanes.rate[lane] <= EDGE
    return lanes.explicit[lane] != 0 and long


@inlined_function
def check_explicit_steps(kernels, pattern, lanes):
    """After attempts whose errors are known: those that led to rates that are no numbers, or near a zero that needs
    care, count as failed, and their lanes go back."""
    for lane in range(kernels.width):
        if lanes.accepted[lane] != 0:
            lanes.explicit[lane] = 2
            lanes.calm[lane] += 1
            if not lanes.error[lane] < np.inf or not _above_zero(kernels, pattern, lanes, lanes.new[0], lane):
                lanes.error[lane] = np.inf
                _go_back(lanes, lane)


@inlined_function
def _go_back(lanes, lane):
    lanes.explicit[lane], lanes.rejections[lane], lanes.calm[lane] = 0, 0, 0
    lanes.wait[lane] = min(2 * lanes.wait[lane], LONGEST_WAIT)


@inlined_function
def next_explicit_step(kernels, lanes, lane):
    """After an accepted explicit step: the slope at its end is that at the start of the next."""
    if lanes.explicit[lane] != 0:
        first, last = lanes.stack[1], lanes.stack[STAGES]
        for k in range(lane, kernels.n_species * kernels.width, kernels.width):
            first[k] = last[k]


@inlined_function
def try_explicit(kernels, pattern, lanes, lane):
    """After an accepted implicit step whose next one is known: go over to explicit steps where nothing is stiff."""
    step, jacobian, width = lanes.step[lane], lanes.jacobian, kernels.width
    fastest = abs(jacobian[lanes.fastest[lane] * width + lane]) if kernels.n_jacobian > 0 else 0.0
    if lanes.starting[lane] != 0 or step > STEADY * lanes.last_step[lane] or not step * fastest <= INSIDE:
        lanes.calm[lane] = 0
        return
    lanes.calm[lane] += 1
    if lanes.calm[lane] < lanes.wait[lane]:
        return
    lanes.calm[lane] = 0
    for k in range(kernels.n_jacobian):
        if pattern.rows[k] == pattern.columns[k] and not step * abs(jacobian[k * width + lane]) <= INSIDE:
            lanes.fastest[lane] = k
            return
    lanes.rate[lane] = _rate_bound(kernels, pattern, lanes, jacobian, lane)
    if step * lanes.rate[lane] <= INSIDE and _above_zero(kernels, pattern, lanes, lanes.stack[0], lane):
        lanes.explicit[lane] = 1
    else:
        lanes.wait[lane] = min(2 * lanes.wait[lane], LONGEST_WAIT)


@inlined_function
def _rate_bound(kernels, pattern, lanes, jacobian, lane):
    """A bound of the spectral radius of the Jacobian, from above: for any v > 0 the largest of (|J| v)_i / v_i
    (Collatz 1942). Turns of power iteration bring it near that of |J|; they end where the step is well inside."""
    width, v, product, least = kernels.width, lanes.ratio, lanes.point, np.inf
    for k in range(lane, kernels.n_species * width, width):
        v[k] = lanes.absolute[k]
    for _ in range(TURNS):
        for k in range(lane, kernels.n_species * width, width):
            product[k] = 0.0
        for k in range(kernels.n_jacobian):
            size = abs(jacobian[k * width + lane])
            product[pattern.rows[k] * width + lane] += size * v[pattern.columns[k] * width + lane]
        bound = 0.0
        for k in range(lane, kernels.n_species * width, width):
            ratio = product[k] / v[k]
            bound = ratio if not ratio <= bound else bound
        if not bound < np.inf:
            return np.inf
        least = min(least, bound)
        if lanes.step[lane] * least <= INSIDE or bound == 0.0:
            break
        for k in range(lane, kernels.n_species * width, width):
            v[k] += product[k] / bound
    return least


@inlined_function
def _above_zero(kernels, pattern, lanes, state, lane):
    """Whether all species whose zero needs care are above it."""
    for k in pattern.singular:
        place = k * kernels.width + lane
        if not state[place] > lanes.absolute[place]:
            return False
    return True
