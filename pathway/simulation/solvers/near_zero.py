"""Rates and Jacobians where a species is zero and a slope there infinite: y^0.5, 1 / (1 + (K / y)^n), y log y, x / y.

An infinite entry of the Jacobian would hold its species still, whatever its rate. A Rosenbrock method with another
Jacobian is still consistent, and its error estimate sees the difference. So the column of such a species, while it is
smaller than its absolute tolerance, is taken a little away from zero if it damps and the species stays that small (the
steps may then be long), and left out otherwise (nothing is then held back, and the error estimate makes the steps as
small as they must be, down to what the time resolves). Columns are kept or dropped as a whole, which leaves conserved
totals alone.

Rates themselves are those at the state; at zero if they are undefined a trace below it; the limit from above if they
are undefined at zero too. A species further below zero than its tolerance is never moved: if its rates are undefined
there, the step is refused.

Nothing is done in a model without such species (`Pattern.singular`), and nothing before one of them is near zero. In a
step that begins away from zero no stage is looked at: one that meets undefined rates makes the end of the step no
number, and the step is made again with care.
"""

from __future__ import annotations

import math

import numpy as np

from pathway.kernels import calls

from .compilation import inlined_function

LEAST = 1e-200
"""What stands for zero where the absolute tolerance is zero."""

TRACE = 1e-20
"""Share of the tolerance at which rates are taken that are undefined at zero; and its square."""

SHARE = 1e-3
"""Share of the tolerance at which the column of the Jacobian is taken of what is smaller still. Species of a tenth of
it whose rates balance then swing by no more than the error estimate passes over."""

DAMPED = 0.25
"""A column damps if its loss is at least this share of the largest gain that it brings another species."""

STICKING = 0.01
"""A species that falls at zero by more than this share of its rate a step before cannot end there."""

VANISHING = 1e-10
"""A rate that is less than this share of itself at the square of the trace is zero at zero."""


@inlined_function
def _finite(width, lane, vector, count):
    """Whether all entries of a lane are numbers."""
    for k in range(count):
        if not abs(vector[k * width + lane]) < np.inf:
            return False
    return True


@inlined_function
def _tolerance(lanes, place):
    return max(lanes.absolute[place], LEAST)


@inlined_function
def rates_near_zero(kernels, pattern, lanes, time, state, out):
    """The right-hand side; where it is undefined, that at zero or just above of what is zero within its tolerance."""
    calls.right_hand_side(kernels.right_hand_side, time, state, lanes.parameters, out)
    repair_rates(kernels, pattern, lanes, time, state, out)


@inlined_function
def repair_rates(kernels, pattern, lanes, time, state, out):
    """Such rates in the place of the right-hand side where that is undefined."""
    if some_at_zero(kernels, pattern, state) and _undefined(kernels, pattern, lanes, state, out):
        _rates_near(kernels, pattern, lanes, time, state, 0.0)
        _take(kernels, lanes, out)
        if _undefined(kernels, pattern, lanes, state, out):
            _rates_near(kernels, pattern, lanes, time, state, TRACE * TRACE)
            _take(kernels, lanes, out)
            _rates_near(kernels, pattern, lanes, time, state, TRACE)
            _extrapolate(kernels, lanes, out)


@inlined_function
def some_at_zero(kernels, pattern, state):
    """Whether a species that needs care is zero or below in some lane."""
    width = kernels.width
    for k in pattern.singular:
        for place in range(k * width, (k + 1) * width):
            if state[place] <= 0.0:
                return True
    return False


@inlined_function
def stages_failed(kernels, pattern, lanes):
    """Whether a step came to no number, as where a stage of it met undefined rates."""
    if pattern.singular.shape[0] > 0:
        for lane in range(kernels.width):
            if lanes.member[lane] >= 0 and not lanes.error[lane] < np.inf:
                return True
    return False


@inlined_function
def _undefined(kernels, pattern, lanes, state, out):
    """Mark in `moved` the lanes whose rates are no numbers and that have a species at zero; whether there are any."""
    width, some = kernels.width, False
    for lane in range(width):
        lanes.moved[lane] = 0
        for k in pattern.singular:
            place = k * width + lane
            if -_tolerance(lanes, place) <= state[place] <= 0.0:
                lanes.moved[lane] = 1
        if lanes.moved[lane] != 0 and _finite(width, lane, out, kernels.n_species):
            lanes.moved[lane] = 0
        some |= lanes.moved[lane] != 0
    return some


@inlined_function
def _rates_near(kernels, pattern, lanes, time, state, share):
    """Rates, in `repaired`, with species at this share of their tolerance that are zero within it."""
    width, inside = kernels.width, lanes.inside
    for k in range(kernels.n_species * width):
        inside[k] = state[k]
    for k in pattern.singular:
        for lane in range(width):
            place = k * width + lane
            tolerance = _tolerance(lanes, place)
            if -tolerance <= state[place] <= 0.0:
                inside[place] = share * tolerance
    calls.right_hand_side(kernels.right_hand_side, time, inside, lanes.parameters, lanes.repaired)


@inlined_function
def _take(kernels, lanes, out):
    """The rates in `repaired`, in the marked lanes."""
    width = kernels.width
    for lane in range(width):
        if lanes.moved[lane] != 0:
            for k in range(lane, kernels.n_species * width, width):
                out[k] = lanes.repaired[k]


@inlined_function
def _extrapolate(kernels, lanes, out):
    """From rates nearer to zero, in `out`, and farther from it to those at zero, in the marked lanes."""
    width = kernels.width
    for lane in range(width):
        if lanes.moved[lane] != 0:
            for k in range(lane, kernels.n_species * width, width):
                farther = lanes.repaired[k]
                if not abs(out[k]) < np.inf:
                    out[k] = farther
                elif abs(out[k]) < VANISHING * abs(farther):
                    out[k] = 0.0


@inlined_function
def jacobian_near_zero(kernels, pattern, lanes):
    """The Jacobian, and the derivative by time, at the present states; near zero of a species with its column as
    described above."""
    width, state, near, moved = kernels.width, lanes.stack[0], False, False
    _derivatives(kernels, lanes, state, lanes.jacobian, lanes.drift)
    for k in pattern.singular:
        for place in range(k * width, (k + 1) * width):
            near |= abs(state[place]) < _tolerance(lanes, place)
    for lane in range(width):
        lanes.leaving[lane] = 0
    if not near:
        return
    for lane in range(width):
        lanes.moved[lane] = 0
        for k in pattern.singular:
            place = k * width + lane
            # The next attempt after a refused one, which another lane's step may ask for, is made as it was.
            if lanes.rejections[lane] == 0:
                lanes.kept[place] = 0.0
            if abs(state[place]) < _tolerance(lanes, place):
                lanes.moved[lane] = 1 if state[place] != 0.0 or lanes.moved[lane] == 1 else 2
        # At zero itself most columns are ordinary, as that of y^2.5.
        if lanes.moved[lane] == 2 and _derivatives_finite(kernels, lanes, lane):
            lanes.moved[lane] = 0
        moved |= lanes.moved[lane] != 0
    if not moved:
        return
    inside = lanes.inside
    for k in range(kernels.n_species * width):
        inside[k] = state[k]
    for k in pattern.singular:
        for lane in range(width):
            place = k * width + lane
            tolerance = _tolerance(lanes, place)
            if abs(state[place]) < tolerance:
                inside[place] = max(inside[place], SHARE * tolerance)
    _derivatives(kernels, lanes, inside, lanes.near_jacobian, lanes.repaired)
    for lane in range(width):
        if lanes.moved[lane] != 0:
            lanes.leaving[lane] = 1
            _weigh_columns(kernels, pattern, lanes, lane)
            _merge(kernels, pattern, lanes, lane)


@inlined_function
def _derivatives(kernels, lanes, state, jacobian, drift):
    calls.right_hand_side(kernels.jacobian, lanes.time, state, lanes.parameters, jacobian)
    if kernels.time_derivative != 0:
        calls.right_hand_side(kernels.time_derivative, lanes.time, state, lanes.parameters, drift)


@inlined_function
def _derivatives_finite(kernels, lanes, lane):
    well = _finite(kernels.width, lane, lanes.jacobian, kernels.n_jacobian)
    if kernels.time_derivative != 0:
        well &= _finite(kernels.width, lane, lanes.drift, kernels.n_species)
    return well


@inlined_function
def _weigh_columns(kernels, pattern, lanes, lane):
    """Into `kept`, 1 for species near zero whose column is kept, -1 for those whose column is dropped."""
    width, jacobian = kernels.width, lanes.near_jacobian
    loss, gain = lanes.ratio, lanes.point
    for k in range(lane, kernels.n_species * width, width):
        loss[k], gain[k] = 0.0, 0.0
    for k in range(kernels.n_jacobian):
        value, place = jacobian[k * width + lane], pattern.columns[k] * width + lane
        if pattern.rows[k] == pattern.columns[k]:
            loss[place] = -value
        elif value > gain[place]:
            gain[place] = value
    for k in pattern.singular:
        place = k * width + lane
        if abs(lanes.stack[0, place]) < _tolerance(lanes, place):
            damps = loss[place] > 0.0 and loss[place] >= DAMPED * gain[place] and lanes.kept[place] >= 0.0
            lanes.kept[place] = 1.0 if damps else -1.0


@inlined_function
def _merge(kernels, pattern, lanes, lane):
    """The Jacobian of a lane from that at the state and that away from zero."""
    width, kept, drift = kernels.width, lanes.kept, lanes.drift
    for k in range(kernels.n_jacobian):
        place, column = k * width + lane, pattern.columns[k] * width + lane
        value, own = lanes.jacobian[place], kept[column]
        if not abs(value) < np.inf or (own > 0.0 and lanes.stack[0, column] != 0.0):
            value = lanes.near_jacobian[place]
        lanes.jacobian[place] = value if own >= 0.0 and abs(value) < np.inf else 0.0
    if kernels.time_derivative != 0:
        for k in range(lane, kernels.n_species * width, width):
            if not abs(drift[k]) < np.inf:
                drift[k] = lanes.repaired[k] if abs(lanes.repaired[k]) < np.inf else 0.0


@inlined_function
def start_jacobian(kernels, pattern, lanes):
    """After a jump (lanes with 2 in `displaced`, and for further attempts 1): where the Jacobian still has infinite
    entries, as at y = 1 of (1 - y)^0.5, that of the state to which the rates lead within the tolerance."""
    width, inside, some = kernels.width, lanes.inside, False
    for lane in range(width):
        if lanes.displaced[lane] != 0 and _derivatives_finite(kernels, lanes, lane):
            lanes.displaced[lane] = 0
        lanes.moved[lane] = lanes.displaced[lane]
        some |= lanes.moved[lane] != 0
    if not some:
        return
    for lane in range(width):
        lanes.displaced[lane] = min(lanes.displaced[lane], 1)
    rates_near_zero(kernels, pattern, lanes, lanes.time, lanes.stack[0], lanes.slope)
    for lane in range(width):
        lanes.moved[lane] = lanes.displaced[lane]
    for lane in range(width):
        total = 0.0
        for k in range(lane, kernels.n_species * width, width):
            scaled = lanes.slope[k] / (lanes.absolute[k] + lanes.relative[lane] * abs(lanes.stack[0, k]))
            total += scaled * scaled
        share = math.sqrt(kernels.n_species / total) if total > 0.0 else 0.0
        for k in range(lane, kernels.n_species * width, width):
            inside[k] = lanes.stack[0, k] + share * lanes.slope[k]
    _derivatives(kernels, lanes, inside, lanes.near_jacobian, lanes.repaired)
    for lane in range(width):
        if lanes.moved[lane] != 0:
            for k in range(lane, kernels.n_jacobian * width, width):
                lanes.jacobian[k] = lanes.near_jacobian[k]
            if kernels.time_derivative != 0:
                for k in range(lane, kernels.n_species * width, width):
                    # Infinite by time itself, as of time^0.5 at 0.
                    lanes.drift[k] = lanes.repaired[k] if abs(lanes.repaired[k]) < np.inf else 0.0


@inlined_function
def check_step_near_zero(kernels, pattern, lanes):
    """What a step must not do near zero.

    A species whose column was kept must stay within its tolerance; one that leaves gets its column dropped, and the
    step is tried again. Where the rates are undefined at the end of the step, species that are a trace below zero are
    set to zero; with one that is further below it the step counts as failed.
    """
    width, new = kernels.width, lanes.new[0]
    for lane in range(width):
        if lanes.leaving[lane] != 0:
            for k in pattern.singular:
                place = k * width + lane
                if lanes.kept[place] > 0.0 and not abs(new[place]) <= _tolerance(lanes, place):
                    _drop(kernels, pattern, lanes, lane, k)
    if not _some_below_zero(kernels, pattern, new):
        return
    calls.right_hand_side(kernels.right_hand_side, lanes.stage_time, new, lanes.parameters, lanes.slope)
    for lane in range(width):
        lanes.landed[lane] = 0
        if not _finite(width, lane, lanes.slope, kernels.n_species):
            for k in pattern.singular:
                place = k * width + lane
                if -_tolerance(lanes, place) <= new[place] < 0.0:
                    new[place], lanes.landed[lane] = 0.0, 1
                elif new[place] < 0.0:
                    lanes.error[lane] = np.inf
    _look_down(kernels, pattern, lanes)


@inlined_function
def _some_below_zero(kernels, pattern, state):
    width = kernels.width
    for k in pattern.singular:
        for place in range(k * width, (k + 1) * width):
            if state[place] < 0.0:
                return True
    return False


@inlined_function
def _look_down(kernels, pattern, lanes):
    """Refuse the steps of species that were set to zero if they fall there as fast as before: they would stick."""
    width, some = kernels.width, False
    for lane in range(width):
        some |= lanes.landed[lane] != 0
    if not some:
        return
    rates_near_zero(kernels, pattern, lanes, lanes.stage_time, lanes.new[0], lanes.slope)
    rates_near_zero(kernels, pattern, lanes, lanes.time, lanes.stack[0], lanes.point)
    for lane in range(width):
        for k in pattern.singular:
            place = k * width + lane
            if lanes.landed[lane] != 0 and lanes.new[0, place] == 0.0:
                if lanes.slope[place] < -STICKING * abs(lanes.point[place]):
                    lanes.error[lane] = np.inf


@inlined_function
def _drop(kernels, pattern, lanes, lane, species):
    """Refuse the step of a lane, whose next attempt does without the column of a species."""
    width = kernels.width
    lanes.error[lane], lanes.kept[species * width + lane] = np.inf, -1.0
    for k in range(kernels.n_jacobian):
        if pattern.columns[k] == species:
            lanes.jacobian[k * width + lane] = 0.0


@inlined_function
def zero_traces_below_zero(kernels, pattern, lanes):
    """States between two steps: zero for what is a trace below it."""
    width, point = kernels.width, lanes.point
    for k in pattern.singular:
        for lane in range(width):
            place = k * width + lane
            if -_tolerance(lanes, place) <= point[place] < 0.0:
                point[place] = 0.0
