"""Switches of the state within a step: what becomes true for a while between its ends is not stepped over.

Along a step the state is a polynomial of degree four in time (the dense output). A function of it is sampled in five
places, which determine a polynomial of that degree; if its Bernstein coefficients all have the sign of the start, it
has no zero in between (exactly so for a function that is linear in the state; else its fourth difference is the
margin). A stretch that is not cleared is halved, `DEEPEST` times at most, so what is missed is shorter than a 256th of
a step, and less than its margin suggests. In the rates an excursion less deep than the relative tolerance, on the scale
of what the function is the sum of, counts as nothing: no state is known better.
"""

from __future__ import annotations

import numpy as np

from pathway.kernels import calls

from .compilation import inlined_function
from .layout import TAPED

DEEPEST = 6
"""Halvings of a step."""

SEARCHES = 200
"""Changes of root functions within one step that are followed up without a change of a condition."""

MARGIN = 0.125
"""Share of the fourth difference by which a function may differ from its polynomial."""


@inlined_function
def switch_state(value, whole):
    """A number that changes where the switch does: the sign, or twice the whole number, odd in between."""
    return np.floor(value) + np.ceil(value) if whole else np.sign(value)


@inlined_function
def states_inside_steps(kernels, lanes):
    """The states inside the last steps at the shares asked for, into `point`."""
    y, new, dense = lanes.stack[0], lanes.new[0], lanes.dense
    calls.interpolate(kernels.interpolate, y, new, dense[0], dense[1], dense[2], lanes.share, lanes.point)


@inlined_function
def _middle_coefficients(f, k, coefficients):
    """Bernstein coefficients 1 to 3 of the polynomial through the samples f[0..4, k] at quarters, and its margin."""
    f0, f1, f2, f3, f4 = f[0, k], f[1, k], f[2, k], f[3, k], f[4, k]
    coefficients[0] = f0
    coefficients[1] = (-13.0 * f0 + 48.0 * f1 - 36.0 * f2 + 16.0 * f3 - 3.0 * f4) / 12.0
    coefficients[3] = (-3.0 * f0 + 16.0 * f1 - 36.0 * f2 + 48.0 * f3 - 13.0 * f4) / 12.0
    coefficients[2] = (16.0 * f2 - f0 - f4 - 4.0 * (coefficients[1] + coefficients[3])) / 6.0
    coefficients[4] = f4
    return MARGIN * abs(f0 - 4.0 * f1 + 6.0 * f2 - 4.0 * f3 + f4)


@inlined_function
def _one_sided(c, margin, whole, faint):
    """Whether the polynomial stays on the side of its start, or leaves it by no more than what counts as nothing."""
    least = min(min(min(c[0], c[1]), min(c[2], c[3])), c[4])
    most = max(max(max(c[0], c[1]), max(c[2], c[3])), c[4])
    if least == most:
        return True
    if whole:
        near = np.floor(c[0])
        return least - margin > near - faint and most + margin < near + 1.0 + faint
    if c[0] > 0.0:
        return least - margin > -faint
    if c[0] < 0.0:
        return most + margin < faint
    return False


@inlined_function
def _simple(c, whole):
    """Whether the polynomial changes its label once at most."""
    if whole:
        rising = c[0] <= c[1] and c[1] <= c[2] and c[2] <= c[3] and c[3] <= c[4]
        return rising or (c[0] >= c[1] and c[1] >= c[2] and c[2] >= c[3] and c[3] >= c[4])
    changes, last = 0, 0.0
    for k in range(5):
        if c[k] != 0.0:
            changes += last != 0.0 and (c[k] > 0.0) != (last > 0.0)
            last = c[k]
    return changes <= 1


# --- conditions of events -----------------------------------------------------------------------------------------


@inlined_function
def _look(kernels, lanes, lane, moment, row):
    """Root functions (into a row of samples) and conditions at a moment in the step of a lane."""
    lanes.share[lane] = (moment - lanes.time[lane]) / lanes.step[lane]
    lanes.stage_time[lane] = moment
    states_inside_steps(kernels, lanes)
    if kernels.n_roots > 0:
        calls.right_hand_side(kernels.roots, lanes.stage_time, lanes.point, lanes.parameters, lanes.samples[row])
    calls.right_hand_side(kernels.conditions, lanes.stage_time, lanes.point, lanes.parameters, lanes.truth)


@inlined_function
def turned(kernels, lanes, lane):
    """Whether a condition of a lane has another truth than when they were last compared."""
    for place in range(lane, kernels.n_conditions * kernels.width, kernels.width):
        if lanes.truth[place] != lanes.truths[place]:
            return True
    return False


@inlined_function
def _differs(kernels, lanes, lane, row):
    """Whether a root function has another label than at the start, or a condition another truth."""
    for k in range(kernels.n_roots):
        place = k * kernels.width + lane
        now = switch_state(lanes.samples[row, place], k >= kernels.n_sign_roots)
        if now != lanes.signs[place] and (now == now or lanes.signs[place] == lanes.signs[place]):
            return True
    return turned(kernels, lanes, lane)


@inlined_function
def _relabel(kernels, lanes, lane, row):
    for k in range(kernels.n_roots):
        place = k * kernels.width + lane
        lanes.signs[place] = switch_state(lanes.samples[row, place], k >= kernels.n_sign_roots)


@inlined_function
def _first_zero(kernels, lanes, lane, low, high):
    """The first zero of the root functions that have changed between two rows of samples, as straight lines have it, as
    a share of the way; 2 where that is not to be told so."""
    first = 2.0
    for k in range(kernels.n_roots):
        place, whole = k * kernels.width + lane, k >= kernels.n_sign_roots
        before, after = lanes.samples[low, place], lanes.samples[high, place]
        if switch_state(after, whole) != lanes.signs[place]:
            if whole or not before * after < 0.0:
                return 2.0
            first = min(first, before / (before - after))
    return first


@inlined_function
def _narrowed(kernels, lanes, lane, a, b, row):
    """The first float at which something differs between a, where nothing does, and b, samples of which are in the row
    before and in this one.

    It is looked for on both sides of the zero that straight lines have, ever closer as long as it lies between; where
    that fails, and for the last floats, the stretch is halved.
    """
    low, high, spare = row - 1, row, (row + 1) % 5
    share = 0.1
    while True:
        middle = 0.5 * (a + b)
        if middle <= a or middle >= b:
            return b
        zero, reach = _first_zero(kernels, lanes, lane, low, high), max(share * (b - a), 4e-16 * abs(b))
        straight = zero < 1.0 and 8.0 * reach < b - a
        center, enclosed = a + zero * (b - a), 0
        for side in range(2 if straight else 1):
            moment = middle
            if straight:
                moment = center + (reach if side == 1 else -reach)
                if not a < moment < b:
                    enclosed += 1
                    continue
            _look(kernels, lanes, lane, moment, spare)
            if _differs(kernels, lanes, lane, spare):
                b, high, spare = moment, spare, high
                enclosed += side
            else:
                a, low, spare = moment, spare, low
                enclosed += 1 - side
        if straight:
            share = share * share if enclosed == 2 else np.sqrt(share)


@inlined_function
def _first_change(kernels, lanes, lane):
    """The earliest time in the step of a lane at which a condition changes, or inf."""
    start, end, width = lanes.time[lane], lanes.ends[lane], kernels.width
    low, searches, depth, place = start, 0, 0, 0
    _look(kernels, lanes, lane, start, 0)
    _relabel(kernels, lanes, lane, 0)
    while place < 1 << depth and searches < SEARCHES:
        pieces = 1 << depth
        left = max(low, start + (end - start) * (place / pieces))
        right = end if place + 1 == pieces else start + (end - start) * ((place + 1) / pieces)
        changed = 0
        for row in range(5):
            _look(kernels, lanes, lane, right if row == 4 else left + 0.25 * row * (right - left), row)
            if changed == 0 and row > 0 and _differs(kernels, lanes, lane, row):
                changed = row
        clear, simple = changed == 0, True
        for k in range(kernels.n_roots):
            whole = k >= kernels.n_sign_roots
            margin = _middle_coefficients(lanes.samples, k * width + lane, lanes.coefficients)
            clear &= _one_sided(lanes.coefficients, margin, whole, 0.0)
            simple &= _simple(lanes.coefficients, whole)
        if not clear and not simple and depth < DEEPEST:
            depth, place = depth + 1, 2 * place
            continue
        if changed > 0:
            searches += 1
            a = left + 0.25 * (changed - 1) * (right - left)
            b = right if changed == 4 else left + 0.25 * changed * (right - left)
            b = _narrowed(kernels, lanes, lane, a, b, changed)
            _look(kernels, lanes, lane, b, 0)
            if turned(kernels, lanes, lane):
                return b
            _relabel(kernels, lanes, lane, 0)
            low = b
            if b < right:
                continue
        # On to the next stretch, as large a one as begins there.
        place += 1
        while depth > 0 and place % 2 == 0:
            depth, place = depth - 1, place // 2
    return np.inf


@inlined_function
def _suspect(kernels, lanes):
    """Mark the lanes in whose accepted steps a condition may change; whether there are any.

    Between the moments at which time alone changes conditions, which no step goes beyond, nothing but a root function
    does: where all keep their sides, and conditions are at the end what they were, there is nothing to look for.
    """
    width = kernels.width
    if kernels.n_roots > 0:
        calls.right_hand_side(kernels.roots, lanes.time, lanes.stack[0], lanes.parameters, lanes.samples[0])
        for row in range(1, 4):
            for lane in range(width):
                lanes.share[lane] = 0.25 * row
                lanes.stage_time[lane] = lanes.time[lane] + 0.25 * row * lanes.step[lane]
            states_inside_steps(kernels, lanes)
            calls.right_hand_side(kernels.roots, lanes.stage_time, lanes.point, lanes.parameters, lanes.samples[row])
        calls.right_hand_side(kernels.roots, lanes.ends, lanes.new[0], lanes.parameters, lanes.samples[4])
    calls.right_hand_side(kernels.conditions, lanes.ends, lanes.new[0], lanes.parameters, lanes.truth)
    some = False
    for lane in range(width):
        lanes.suspected[lane] = 0
        if lanes.accepted[lane] != 0:
            clear = lanes.cut[lane] == np.inf and not turned(kernels, lanes, lane)
            for k in range(kernels.n_roots):
                if clear:
                    margin = _middle_coefficients(lanes.samples, k * width + lane, lanes.coefficients)
                    clear = _one_sided(lanes.coefficients, margin, k >= kernels.n_sign_roots, 0.0)
            if not clear:
                lanes.suspected[lane], some = 1, True
    return some


@inlined_function
def cut_at_events(kernels, report, lanes):
    """End accepted steps early where a condition of an event changes, at the first float at which it has."""
    if not _suspect(kernels, lanes):
        return False
    cut = False
    for lane in range(kernels.width):
        if lanes.suspected[lane] != 0:
            moment = _first_change(kernels, lanes, lane)
            if moment < np.inf:
                cut = True
                lanes.crossing[lane] = 1
                _cut(report, lanes, lane, moment, (moment - lanes.time[lane]) / lanes.step[lane])
    return cut


@inlined_function
def _cut(report, lanes, lane, moment, share):
    """End the accepted step of a lane at a moment, which is at this share of it."""
    lanes.cut[lane], lanes.ends[lane] = share, moment
    if report.tape.shape[0] > 0:
        report.tape[last_taped_row(report, lanes.member[lane]), 2] = moment


# --- switches of the rates (all lanes) ----------------------------------------------------------------------------


@inlined_function
def _look_at_rates(kernels, lanes, share, row):
    """The switches of the rates at one share of every lane's step."""
    for lane in range(kernels.width):
        lanes.share[lane] = share
        lanes.stage_time[lane] = lanes.time[lane] + share * lanes.step[lane]
    states_inside_steps(kernels, lanes)
    calls.right_hand_side(kernels.switches, lanes.stage_time, lanes.point, lanes.parameters, lanes.samples[row])


@inlined_function
def _goes_and_returns(kernels, task, lanes, lane, k):
    """Whether a switch may be elsewhere between places where it is as at the start of the step."""
    place, whole = k * kernels.width + lane, k >= kernels.n_sign_switches
    margin = _middle_coefficients(lanes.samples, place, lanes.coefficients)
    size = lanes.samples[0, (kernels.n_switches + k) * kernels.width + lane]
    return not _one_sided(lanes.coefficients, margin, whole, task.relative * size)


@inlined_function
def _elsewhere(kernels, task, lanes, lane, row):
    """Whether a switch that returns is on another side than at the start, by more than the tolerance leaves open."""
    for k in range(kernels.n_switches):
        place, whole = k * kernels.width + lane, k >= kernels.n_sign_switches
        if lanes.returns[place] != 0.0:
            value, size = lanes.samples[row, place], lanes.samples[row, (kernels.n_switches + k) * kernels.width + lane]
            first = lanes.first[place]
            if switch_state(value, whole) != switch_state(first, whole):
                if whole:
                    near = np.floor(first)
                    depth = max(near - value, value - near - 1.0)
                else:
                    depth = abs(value)
                if depth > task.relative * size:
                    return True
    return False


@inlined_function
def _first_excursion(kernels, task, lanes, lane):
    """The first share of a lane's step at which a switch is elsewhere that has returned by its end; inf if none is."""
    depth, place = 0, 0
    while place < 1 << depth:
        left, width = place / (1 << depth), 1.0 / (1 << depth)
        changed, clear = 0, True
        for row in range(5):
            _look_at_rates(kernels, lanes, left + 0.25 * row * width, row)
            if changed == 0 and row > 0 and _elsewhere(kernels, task, lanes, lane, row):
                changed = row
        for k in range(kernels.n_switches):
            if lanes.returns[k * kernels.width + lane] != 0.0:
                clear &= not _goes_and_returns(kernels, task, lanes, lane, k)
        if changed > 0:
            low, high = left + 0.25 * (changed - 1) * width, left + 0.25 * changed * width
            for _ in range(60):
                middle = 0.5 * (low + high)
                if middle <= low or middle >= high:
                    break
                _look_at_rates(kernels, lanes, middle, 0)
                if _elsewhere(kernels, task, lanes, lane, 0):
                    high = middle
                else:
                    low = middle
            return high
        if not clear and depth < DEEPEST:
            depth, place = depth + 1, 2 * place
            continue
        place += 1
        while depth > 0 and place % 2 == 0:
            depth, place = depth - 1, place // 2
    return np.inf


@inlined_function
def last_taped_row(report, member):
    """Which row of the tape has the last step of a member."""
    return member * (report.tape.shape[0] // report.counts.shape[0]) + report.counts[member, TAPED] - 1


@inlined_function
def cut_at_excursions(kernels, task, report, lanes):
    """End accepted steps early where a switch of the rates is elsewhere for a while that no stage has seen.

    A switch that is elsewhere at the end of the step too is left to the error control, whose stages see it.
    """
    width, n = kernels.width, kernels.n_switches
    calls.right_hand_side(kernels.switches, lanes.time, lanes.stack[0], lanes.parameters, lanes.samples[0])
    for row in range(1, 4):
        _look_at_rates(kernels, lanes, 0.25 * row, row)
    calls.right_hand_side(kernels.switches, lanes.ends, lanes.new[0], lanes.parameters, lanes.samples[4])
    suspected = False
    for lane in range(width):
        lanes.cut[lane] = np.inf
        some = False
        if lanes.accepted[lane] != 0:
            for k in range(n):
                place, whole = k * width + lane, k >= kernels.n_sign_switches
                lanes.first[place], lanes.returns[place] = lanes.samples[0, place], 0.0
                if switch_state(lanes.samples[4, place], whole) == switch_state(lanes.samples[0, place], whole):
                    if _goes_and_returns(kernels, task, lanes, lane, k):
                        lanes.returns[place], some = 1.0, True
        if some:
            lanes.cut[lane], suspected = 0.0, True
    if not suspected:
        return False
    cut = False
    for lane in range(width):
        if lanes.cut[lane] == 0.0:
            share = _first_excursion(kernels, task, lanes, lane)
            lanes.cut[lane] = share
            if share < np.inf and lanes.time[lane] + share * lanes.step[lane] < lanes.ends[lane]:
                cut = True
                _cut(report, lanes, lane, lanes.time[lane] + share * lanes.step[lane], share)
            else:
                lanes.cut[lane] = np.inf
    return cut


@inlined_function
def move_to_cuts(kernels, lanes):
    """Put the state at which a step was cut into what counts as its end."""
    for lane in range(kernels.width):
        lanes.share[lane] = lanes.cut[lane] if lanes.cut[lane] < np.inf else 1.0
    states_inside_steps(kernels, lanes)
    for lane in range(kernels.width):
        if lanes.cut[lane] < np.inf:
            for k in range(lane, kernels.n_species * kernels.width, kernels.width):
                lanes.new[0, k] = lanes.point[k]
