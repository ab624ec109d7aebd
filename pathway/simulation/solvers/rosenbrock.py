"""The step loop of the Rosenbrock methods: one member per lane, each with its own step size and its own end.

All state is kept as (quantity, lane) arrays, lanes innermost, as the kernels want it; one lane is the ordinary
single run. Nothing in a lane is computed from another lane, so what a member gives does not depend on its
neighbours, on the number of threads or on the order in which members are handed out.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from pathway.kernels import calls
from pathway.kernels.structs_numba import struct_reader
from pathway.kernels.vectors import linear_combinations

from .compilation import inlined_function
from .event_queue import begin_events, carry_out_events
from .explicit import (
    check_explicit_steps,
    explicit_dense_sums,
    explicit_stages,
    look_at_rates,
    may_be_explicit,
    next_explicit_step,
    try_explicit,
    wait_anew,
)
from .lanes import LaneStorage
from .layout import (
    ADD,
    BREAK,
    DONE,
    EVENT,
    FACTORIZATIONS,
    NOT_FINITE,
    NOT_STARTED,
    PARAMETER_ADD,
    PARAMETER_SCALE,
    PARAMETER_SET,
    PIVOTS,
    REJECTED,
    SCALE,
    SET,
    STATUS,
    STEP_TOO_SMALL,
    STEPS,
    STOPPED,
    TAPE_FULL,
    TAPE_HEAD,
    TAPED,
    TOO_MANY_STEPS,
    UNSOLVED,
    VANISHING_PIVOT,
    IntegrationReport,
    IntegrationTask,
    JacobianPattern,
    KernelAddresses,
    RosenbrockMethod,
)
from .linear import solve_dense
from .near_zero import (
    check_step_near_zero,
    jacobian_near_zero,
    rates_near_zero,
    repair_rates,
    some_at_zero,
    stages_failed,
    start_jacobian,
    zero_traces_below_zero,
)
from .watch import cut_at_events, cut_at_excursions, last_taped_row, move_to_cuts, states_inside_steps

SAFETY = 0.9
LARGEST_GROWTH = 6.0
LARGEST_CUT = 0.2
FIRST_GROWTH = 1e4
"""The first steps after a jump, which begin far too small where species start at zero, may grow by this until one has
an error above `STARTED`."""

STARTED = 1e-3
SMALLEST_PIVOT = 1e-10
"""Below it (see `worst` of the kernels) the factors of the static order are not trusted."""

PIVOT_CUTS = 4
"""Times in a row that a smaller step is tried before rows are exchanged."""

REJECTIONS_IN_A_ROW = 50
MOST_TURNS = 100
"""Of Newton's method on algebraic species."""

TURNS = 25
"""Turns after which a correction within the tolerances is enough: rounding may not allow for a smaller one."""

RESOLVED = 1e-14
"""Share of the time that a step away from zero, by an infinite slope or a jump of the rate, may take whatever its
error."""

INSIDE = 0.3
"""The share of a step at which the error of the output is asked for; half-way that of `Rodas4` may vanish."""

RISES = 1.0 - 2.0 * INSIDE, (2.0 - 3.0 * INSIDE) * INSIDE, (3.0 - 4.0 * INSIDE) * INSIDE**2
"""How the polynomial rises there with the three vectors of the dense output."""


# --- one step in every lane ---------------------------------------------------------------------------------------


@inlined_function
def _stage_sums(method, stage, lanes, size):
    """The point where a stage evaluates the model, and what it carries over from the stages before."""
    row = 2 * stage
    if method.continues[stage] != 0:
        point, last = lanes.sums[0], lanes.stack[stage]
        for k in range(size):
            point[k] += last[k]
        if stage == 5:
            linear_combinations(1, 6, method.table, row + 1, lanes.stack, lanes.carried, size)
        elif stage == 6:
            linear_combinations(1, 7, method.table, row + 1, lanes.stack, lanes.carried, size)
        else:
            linear_combinations(1, 8, method.table, row + 1, lanes.stack, lanes.carried, size)
    elif stage == 1:
        linear_combinations(2, 2, method.table, row, lanes.stack, lanes.sums, size)
    elif stage == 2:
        linear_combinations(2, 3, method.table, row, lanes.stack, lanes.sums, size)
    elif stage == 3:
        linear_combinations(2, 4, method.table, row, lanes.stack, lanes.sums, size)
    elif stage == 4:
        linear_combinations(2, 5, method.table, row, lanes.stack, lanes.sums, size)
    elif stage == 5:
        linear_combinations(2, 6, method.table, row, lanes.stack, lanes.sums, size)
    elif stage == 6:
        linear_combinations(2, 7, method.table, row, lanes.stack, lanes.sums, size)
    elif stage == 7:
        linear_combinations(2, 8, method.table, row, lanes.stack, lanes.sums, size)


@inlined_function
def _dense_sums(kernels, method, task, report, lanes, explicit):
    """What the dense output needs, if something looks inside this step."""
    n_times = task.times.shape[0]
    wanted = kernels.conditions != 0 or kernels.switches != 0 or report.tape.shape[0] > 0
    for lane in range(kernels.width):
        output = lanes.output[lane]
        wanted |= lanes.accepted[lane] != 0 and output < n_times and task.times[output] < lanes.ends[lane]
    if wanted:
        if explicit:
            explicit_dense_sums(method, lanes)
        else:
            _implicit_dense_sums(method, lanes)


@inlined_function
def _implicit_dense_sums(method, lanes):
    size = lanes.stack.shape[1]
    if method.stages == 6:
        linear_combinations(3, 7, method.dense, 0, lanes.stack, lanes.dense, size)
    else:
        linear_combinations(3, 9, method.dense, 0, lanes.stack, lanes.dense, size)


@inlined_function
def _factorize(kernels, pattern, method, task, lanes, changed):
    """Jacobian where the state has changed, and the factors for the present step sizes."""
    if changed != 0:
        jacobian_near_zero(kernels, pattern, lanes)
        displaced = False
        for lane in range(kernels.width):
            displaced |= lanes.displaced[lane] != 0
        if displaced:
            start_jacobian(kernels, pattern, lanes)
    for lane in range(kernels.width):
        lanes.shift[lane] = 1.0 / (method.gamma * lanes.step[lane])
        lanes.worst[lane] = 1.0
    if task.pivoted == 0:
        calls.factor(kernels.factor, lanes.jacobian, lanes.shift, lanes.factors, lanes.worst)


@inlined_function
def _stages(kernels, pattern, method, task, lanes, careful):
    """Try one step in every lane: fills the stages and the new state; if `careful`, with rates that are defined."""
    width, n = kernels.width, kernels.n_species
    size = lanes.stack.shape[1]
    for lane in range(width):
        lanes.inverse[lane] = 1.0 / lanes.step[lane]
    for stage in range(method.stages):
        for lane in range(width):
            moment = lanes.time[lane] + method.nodes[stage] * lanes.step[lane]
            lanes.stage_time[lane] = min(moment, lanes.latest[lane])
        u = lanes.stack[stage + 1]
        if stage == 0:
            calls.right_hand_side(kernels.right_hand_side, lanes.stage_time, lanes.stack[0], lanes.parameters, u)
            if careful:
                repair_rates(kernels, pattern, lanes, lanes.stage_time, lanes.stack[0], u)
        else:
            _stage_sums(method, stage, lanes, size)
            calls.right_hand_side(kernels.right_hand_side, lanes.stage_time, lanes.sums[0], lanes.parameters, u)
            if careful:
                repair_rates(kernels, pattern, lanes, lanes.stage_time, lanes.sums[0], u)
            calls.add_scaled(kernels.add_scaled, lanes.inverse, lanes.sums[1], u)
        if kernels.time_derivative != 0 and method.d[stage] != 0.0:
            for k in range(n):
                for lane in range(width):
                    place = k * width + lane
                    u[place] += method.d[stage] * lanes.step[lane] * lanes.drift[place]
        _solve(kernels, pattern, task, lanes, u)
    # The methods are stiffly accurate: the last stage closes the step.
    new, point, last = lanes.new[0], lanes.sums[0], lanes.stack[method.stages]
    for k in range(size):
        new[k] = point[k] + last[k]


@inlined_function
def _solve(kernels, pattern, task, lanes, u):
    if task.pivoted != 0:
        if not solve_dense(kernels, pattern, lanes.jacobian, lanes.shift[0], u, lanes.matrix):
            lanes.worst[0] = 0.0
    else:
        calls.solve(kernels.solve, lanes.factors, u)


@inlined_function
def _errors(kernels, method, lanes):
    """Root mean square of the error estimate over the tolerance, per lane."""
    y, new, estimate = lanes.stack[0], lanes.new[0], lanes.stack[method.stages]
    calls.error_norm(kernels.error_norm, y, new, estimate, lanes.absolute, lanes.relative, lanes.error)


@inlined_function
def _errors_inside(kernels, pattern, method, task, lanes):
    """Count the error of the output inside the step as well.

    A fast species that follows the time itself, x' = k (f(time) - x), is right at the ends of the longest steps, and
    between them as far off as a polynomial of few degrees is from f. The error there is what solving with the factors
    of the step makes of the rates that the output does not have.
    """
    y, new, dense, residual, fall = lanes.stack[0], lanes.new[0], lanes.dense, lanes.slope, lanes.sums[1]
    _implicit_dense_sums(method, lanes)
    for lane in range(kernels.width):
        lanes.share[lane] = INSIDE
        lanes.stage_time[lane] = min(lanes.time[lane] + INSIDE * lanes.step[lane], lanes.latest[lane])
    states_inside_steps(kernels, lanes)
    calls.right_hand_side(kernels.right_hand_side, lanes.stage_time, lanes.point, lanes.parameters, residual)
    for k in range(lanes.stack.shape[1]):
        fall[k] = y[k] - new[k] - (RISES[0] * dense[0, k] + RISES[1] * dense[1, k] + RISES[2] * dense[2, k])
    calls.add_scaled(kernels.add_scaled, lanes.inverse, fall, residual)
    _solve(kernels, pattern, task, lanes, residual)
    calls.error_norm(kernels.error_norm, y, new, residual, lanes.absolute, lanes.relative, lanes.error_inside)
    for lane in range(kernels.width):
        # Rates that are undefined there say nothing.
        if lanes.error_inside[lane] > lanes.error[lane]:
            lanes.error[lane] = lanes.error_inside[lane]


@inlined_function
def _implicit_stages(kernels, pattern, method, task, lanes, changed):
    """Try one implicit step in every lane, again with care where a stage met undefined rates."""
    for lane in range(kernels.width):
        lanes.explicit[lane] = min(lanes.explicit[lane], 1)  # the stages' place is taken
    _factorize(kernels, pattern, method, task, lanes, changed)
    careful = some_at_zero(kernels, pattern, lanes.stack[0])
    while True:
        _stages(kernels, pattern, method, task, lanes, careful)
        _errors(kernels, method, lanes)
        if careful or not stages_failed(kernels, pattern, lanes):
            break
        careful = True
    if pattern.singular.shape[0] > 0:
        check_step_near_zero(kernels, pattern, lanes)
    if kernels.time_derivative != 0:
        _errors_inside(kernels, pattern, method, task, lanes)


# --- recording ----------------------------------------------------------------------------------------------------


@inlined_function
def _store(kernels, lanes, lane, row):
    """Store a lane's column of `point` (species) or of `observed`."""
    if kernels.observables != 0:
        for k in range(kernels.n_observables):
            row[k] = lanes.observed[k * kernels.width + lane]
    else:
        for k in range(kernels.n_species):
            row[k] = lanes.point[k * kernels.width + lane]


@inlined_function
def _record_inside(kernels, pattern, task, report, lanes):
    """Record the outputs inside the accepted steps, one output per lane and round."""
    n_times = task.times.shape[0]
    while True:
        waiting = False
        for lane in range(kernels.width):
            output = lanes.output[lane]
            lanes.share[lane] = 0.0
            if lanes.accepted[lane] != 0 and output < n_times and task.times[output] < lanes.ends[lane]:
                waiting = True
                lanes.stage_time[lane] = task.times[output]
                lanes.share[lane] = (task.times[output] - lanes.time[lane]) / lanes.step[lane]
        if not waiting:
            return
        states_inside_steps(kernels, lanes)
        if pattern.singular.shape[0] > 0:
            zero_traces_below_zero(kernels, pattern, lanes)
        if kernels.observables != 0:
            calls.right_hand_side(kernels.observables, lanes.stage_time, lanes.point, lanes.parameters, lanes.observed)
        for lane in range(kernels.width):
            output = lanes.output[lane]
            if lanes.accepted[lane] != 0 and output < n_times and task.times[output] < lanes.ends[lane]:
                _store(kernels, lanes, lane, report.values[lanes.member[lane], output])
                lanes.output[lane] += 1


@inlined_function
def _record_now(kernels, task, report, lanes, lane):
    """Record the outputs that are due at the present time of a lane."""
    n_times = task.times.shape[0]
    while lanes.output[lane] < n_times and task.times[lanes.output[lane]] <= lanes.time[lane]:
        for k in range(lane, kernels.n_species * kernels.width, kernels.width):
            lanes.point[k] = lanes.stack[0, k]
        if kernels.observables != 0:
            for other in range(kernels.width):
                lanes.stage_time[other] = lanes.time[lane]
            calls.right_hand_side(kernels.observables, lanes.stage_time, lanes.point, lanes.parameters, lanes.observed)
        _store(kernels, lanes, lane, report.values[lanes.member[lane], lanes.output[lane]])
        lanes.output[lane] += 1


@inlined_function
def _leave(kernels, report, lanes, lane, status):
    """Note where and how the member of a lane ended; the lane is free from then on."""
    member, width = lanes.member[lane], kernels.width
    for k in range(kernels.n_species):
        report.states[member, k] = lanes.stack[0, k * width + lane]
    report.moments[member, 0] = lanes.time[lane]
    report.moments[member, 1] = lanes.step[lane]
    report.counts[member, STATUS] = status
    lanes.member[lane] = -1
    lanes.restarting[lane] = 0
    lanes.displaced[lane] = 0
    lanes.explicit[lane] = 0


# --- starting and restarting --------------------------------------------------------------------------------------


@inlined_function
def _hair(time):
    """The smallest shift of a time that surely moves it: one or two units in its last place."""
    return max(2.3e-16 * abs(time), 1e-300)


@inlined_function
def _float_before(time):
    return time - 1.12e-16 * abs(time) - 5e-324


@inlined_function
def _enter(kernels, task, lanes, lane, member):
    """Put the start of a member into a lane."""
    width = kernels.width
    row = member if task.starts.shape[0] > 1 else 0
    for k in range(kernels.n_species):
        lanes.stack[0, k * width + lane] = task.starts[row, k]
    row = member if task.absolute.shape[0] > 1 else 0
    for k in range(kernels.n_species):
        lanes.absolute[k * width + lane] = task.absolute[row, k]
    row = member if task.parameters.shape[0] > 1 else 0
    for k in range(kernels.n_parameters):
        lanes.parameters[k * width + lane] = task.parameters[row, k]
    lanes.time[lane] = task.start_times[member if task.start_times.shape[0] > 1 else 0]
    row = member if task.schedule.shape[0] > 2 else 0
    lanes.action[lane], lanes.last_action[lane] = task.schedule[row], task.schedule[row + 1]
    lanes.output[lane] = task.first_output
    lanes.explicit[lane] = lanes.fastest[lane] = 0
    lanes.restarting[lane] = 1
    lanes.cut[lane] = np.inf
    lanes.crossing[lane] = 0


@inlined_function
def _act(kernels, task, lanes, lane):
    """Carry out the actions that are due at the present time of a lane."""
    y, p = lanes.stack[0], lanes.parameters
    action = lanes.action[lane]
    while action < lanes.last_action[lane] and task.action_times[action] <= lanes.time[lane]:
        kind, place = task.action_kinds[action], task.action_targets[action] * kernels.width + lane
        value = task.action_values[action]
        if kind == SET:
            y[place] = value
        elif kind == ADD:
            y[place] += value
        elif kind == SCALE:
            y[place] *= value
        elif kind == PARAMETER_SET:
            p[place] = value
        elif kind == PARAMETER_ADD:
            p[place] += value
        elif kind == PARAMETER_SCALE:
            p[place] *= value
        elif kernels.event_values != 0:
            break  # events that are due come first
        elif kind == BREAK:
            lanes.time[lane] = max(lanes.time[lane], value)
        action += 1
    lanes.action[lane] = action


@inlined_function
def _settle(kernels, pattern, task, lanes):
    """Newton's method on the algebraic species of the lanes that restart; the others are held by a huge shift.

    A lane is left alone from the turn on in which it has converged, however many more another one takes.
    """
    width, n = kernels.width, kernels.n_species
    y, correction = lanes.stack[0], lanes.slope
    for lane in range(width):
        lanes.settled[lane] = DONE if lanes.restarting[lane] == 0 else UNSOLVED
        lanes.worst[lane] = 1.0
    waiting = True
    for turn in range(MOST_TURNS):
        if not waiting:
            return
        jacobian_near_zero(kernels, pattern, lanes)
        rates_near_zero(kernels, pattern, lanes, lanes.time, y, correction)
        for k in range(n):
            for lane in range(width):
                lanes.shift[lane] = 1e14
                if pattern.mass[k] != 0.0:
                    correction[k * width + lane] = 0.0
        if task.pivoted != 0:
            if not solve_dense(kernels, pattern, lanes.jacobian, lanes.shift[0], correction, lanes.matrix):
                lanes.worst[0] = 0.0
        else:
            calls.factor(kernels.factor, lanes.jacobian, lanes.shift, lanes.factors, lanes.worst)
            calls.solve(kernels.solve, lanes.factors, correction)
        waiting = False
        for lane in range(width):
            if lanes.settled[lane] == UNSOLVED or lanes.settled[lane] == VANISHING_PIVOT:
                lanes.settled[lane] = _correct(kernels, pattern, task, lanes, lane, turn)
                waiting |= lanes.settled[lane] == UNSOLVED or lanes.settled[lane] == VANISHING_PIVOT


@inlined_function
def _correct(kernels, pattern, task, lanes, lane, turn):
    """Correct the algebraic species of a lane: DONE, or the status of the lane if this were the last turn."""
    y, correction = lanes.stack[0], lanes.slope
    weak = not lanes.worst[lane] > SMALLEST_PIVOT
    left, error, finite = 0.0, 0.0, True
    for k in range(kernels.n_species):
        if pattern.mass[k] == 0.0:
            place = k * kernels.width + lane
            y[place] += correction[place]
            finite &= abs(y[place]) < np.inf
            change = abs(correction[place])
            left = max(left, change / (1e-12 * abs(y[place]) + 1e-30))
            error = max(error, change / (lanes.absolute[place] + task.relative * abs(y[place]) + 1e-300))
    if weak:
        return VANISHING_PIVOT
    if not finite:
        return NOT_FINITE
    return DONE if left <= 1.0 or (turn >= TURNS and error <= 1.0) else UNSOLVED


@inlined_function
def _size(kernels, pattern, task, lanes, lane, vector, other):
    """Root mean square over the tolerances of the difference of two vectors, without the algebraic species."""
    total = 0.0
    for k in range(kernels.n_species):
        place = k * kernels.width + lane
        tolerance = lanes.absolute[place] + task.relative * abs(lanes.stack[0, place])
        scaled = pattern.mass[k] * (vector[place] - other[place]) / tolerance
        total += scaled * scaled
    return math.sqrt(total / max(kernels.n_species, 1))


@inlined_function
def _first_steps(kernels, pattern, method, task, lanes):
    """A first step size for each lane that restarts (Hairer, Norsett & Wanner I, section II.4)."""
    width, n = kernels.width, kernels.n_species
    y, slope, point, ratio = lanes.stack[0], lanes.slope, lanes.point, lanes.ratio
    nothing = lanes.drift  # overwritten before it is next used
    for k in range(n * width):
        nothing[k] = 0.0
    rates_near_zero(kernels, pattern, lanes, lanes.time, y, slope)
    for lane in range(width):
        longest = min(lanes.target[lane] - lanes.time[lane], task.maximum_step)
        size = _size(kernels, pattern, task, lanes, lane, y, nothing)
        speed = _size(kernels, pattern, task, lanes, lane, slope, nothing)
        small = 0.01 * size / speed if size > 1e-5 and speed > 1e-5 else 1e-6 * longest
        small = min(small, longest)
        if lanes.restarting[lane] == 0:
            small = 0.0
        lanes.ends[lane], lanes.shift[lane] = small, speed
        lanes.stage_time[lane] = lanes.time[lane] + small
        for k in range(lane, n * width, width):
            point[k] = y[k] + small * slope[k]
    rates_near_zero(kernels, pattern, lanes, lanes.stage_time, point, ratio)
    for lane in range(width):
        if lanes.restarting[lane] != 0:
            longest = min(lanes.target[lane] - lanes.time[lane], task.maximum_step)
            small = lanes.ends[lane]
            bend = _size(kernels, pattern, task, lanes, lane, ratio, slope) / small
            steepest = max(bend, lanes.shift[lane])
            guess = (0.01 / steepest) ** method.exponent if steepest > 1e-15 else longest
            step = min(100.0 * small, guess, longest)
            lanes.step[lane] = step if step > 0.0 else 1e-6 * longest
            lanes.last_step[lane] = lanes.step[lane]


@inlined_function
def _interrupt(kernels, pattern, task, lanes):
    """Carry out the actions that are due in the lanes that restart."""
    for lane in range(kernels.width):
        if lanes.restarting[lane] != 0:
            _act(kernels, task, lanes, lane)
    calls.prepare(kernels.prepare, lanes.parameters)
    if kernels.algebraic != 0:
        _settle(kernels, pattern, task, lanes)


@inlined_function
def _respond(kernels, pattern, task, report, lanes):
    """Carry out events in the lanes that restart, also behind switches in time, where a run hops over a few floats."""
    again = True
    while again:
        again = False
        for lane in range(kernels.width):
            if lanes.restarting[lane] == 0:
                continue
            if not carry_out_events(kernels, pattern, task, report, lanes, lane):
                _leave(kernels, report, lanes, lane, np.int64(EVENT))
                continue
            action = lanes.action[lane]
            if action < lanes.last_action[lane] and task.action_times[action] <= lanes.time[lane]:
                again = True
                if task.action_kinds[action] == BREAK:
                    behind = task.action_values[action]
                    lanes.time[lane] = max(lanes.time[lane], _float_before(behind))
                    _record_now(kernels, task, report, lanes, lane)
                    lanes.time[lane] = max(lanes.time[lane], behind)
                    lanes.action[lane] = action + 1
                _act(kernels, task, lanes, lane)
        if again:
            calls.prepare(kernels.prepare, lanes.parameters)


@inlined_function
def _restart(kernels, pattern, method, task, report, lanes):
    """Record what was done, and prepare the stretch up to the next target."""
    n_times, some = task.times.shape[0], False
    for lane in range(kernels.width):
        if lanes.restarting[lane] != 0:
            if kernels.algebraic != 0 and lanes.settled[lane] != DONE:
                report.counts[lanes.member[lane], PIVOTS] += lanes.settled[lane] == VANISHING_PIVOT
                _leave(kernels, report, lanes, lane, lanes.settled[lane])
                continue
            _record_now(kernels, task, report, lanes, lane)
            if lanes.output[lane] >= n_times:
                _leave(kernels, report, lanes, lane, np.int64(DONE))
                continue
            some = True
            target = task.times[n_times - 1]
            if lanes.action[lane] < lanes.last_action[lane]:
                target = min(target, task.action_times[lanes.action[lane]])
            for place in range(lane, lanes.waiting[lane] * kernels.width, kernels.width):
                target = min(target, lanes.waiting_due[place])
            lanes.target[lane], lanes.latest[lane] = target, target - _hair(target)
            lanes.last_ease[lane] = 1.0
            lanes.rejections[lane] = 0
            lanes.starting[lane] = 1
            lanes.displaced[lane] = 2
            wait_anew(lanes, lane)
    if some:
        _first_steps(kernels, pattern, method, task, lanes)
        for lane in range(kernels.width):
            lanes.restarting[lane] = 0


# --- step control -------------------------------------------------------------------------------------------------


@inlined_function
def _aim(kernels, task, lanes):
    """Step sizes that end on the target rather than just before it."""
    for lane in range(kernels.width):
        if lanes.member[lane] >= 0:
            rest = lanes.target[lane] - lanes.time[lane]
            step = min(lanes.step[lane], task.maximum_step)
            if step >= 0.9999 * rest:
                step = rest
            elif step > 0.5 * rest:
                step = 0.5 * rest
            lanes.step[lane] = step


@inlined_function
def _resolved(kernels, method, lanes, lane):
    """Whether the step of species that leave zero is as short as the time resolves."""
    if not (lanes.step[lane] <= RESOLVED * abs(lanes.time[lane]) and lanes.error[lane] < np.inf):
        return False
    return lanes.leaving[lane] != 0 or _only_leaves_zero(kernels, method, lanes, lane)


@inlined_function
def _only_leaves_zero(kernels, method, lanes, lane):
    """Whether all species with too large an error were zero before the step, as where a rate jumps with the state."""
    y, new, estimate = lanes.stack[0], lanes.new[0], lanes.stack[method.stages]
    for k in range(lane, kernels.n_species * kernels.width, kernels.width):
        allowed = lanes.absolute[k] + lanes.relative[lane] * max(abs(y[k]), abs(new[k]))
        if abs(estimate[k]) > allowed and abs(y[k]) > lanes.absolute[k]:
            return False
    return True


@inlined_function
def _accept(kernels, method, task, report, lanes, lane, explicit):
    """Whether the step of a lane stands that took part."""
    lanes.accepted[lane] = 0
    counts = report.counts[lanes.member[lane]]
    counts[STEPS] += 1
    if task.pivoted == 0 and not explicit:
        counts[FACTORIZATIONS] += 1
    weak = not lanes.worst[lane] > SMALLEST_PIVOT
    if weak:
        counts[PIVOTS] += 1
    elif lanes.error[lane] <= 1.0 or (not explicit and _resolved(kernels, method, lanes, lane)):
        lanes.accepted[lane] = 1
        lanes.ends[lane] = lanes.time[lane] + lanes.step[lane]
        if lanes.step[lane] >= lanes.target[lane] - lanes.time[lane]:
            lanes.ends[lane] = lanes.target[lane]


@inlined_function
def _limits(task, report, lanes, lane):
    """The status with which a lane must give up, or NOT_STARTED."""
    if task.stop[0] != 0:
        return STOPPED
    if report.counts[lanes.member[lane], STEPS] >= task.maximum_steps:
        return TOO_MANY_STEPS
    return NOT_STARTED


@inlined_function
def _retreat(kernels, method, task, report, lanes, lane):
    """After a refused step: a smaller one, or the end of the member."""
    error = lanes.error[lane]
    weak = not lanes.worst[lane] > SMALLEST_PIVOT
    report.counts[lanes.member[lane], REJECTED] += 1
    lanes.rejections[lane] += 1
    lanes.starting[lane] = 0
    if weak:
        factor = 0.1
    elif error < 1e30:
        factor = max(LARGEST_CUT, SAFETY * error ** (-method.exponent))
    else:
        factor = 0.25
    lanes.step[lane] *= factor
    status = _limits(task, report, lanes, lane)
    if weak and lanes.rejections[lane] > PIVOT_CUTS:
        status = VANISHING_PIVOT
    elif lanes.step[lane] <= 1e-15 * abs(lanes.time[lane]) or lanes.rejections[lane] > REJECTIONS_IN_A_ROW:
        status = STEP_TOO_SMALL if error < np.inf else NOT_FINITE
    if status != NOT_STARTED:
        _leave(kernels, report, lanes, lane, status)


@inlined_function
def _go_on(kernels, method, task, report, lanes, lane):
    """After an accepted step: the next step size (Gustafsson's predictive controller)."""
    n_times = task.times.shape[0]
    step, error = lanes.step[lane], lanes.error[lane]
    lanes.time[lane] = lanes.ends[lane]
    if error > STARTED:
        lanes.starting[lane] = 0
    ease = max(error, 1e-30 if lanes.starting[lane] != 0 else 1e-6) ** (-method.exponent)
    factor = SAFETY * ease
    if lanes.starting[lane] != 0:
        factor = min(factor, FIRST_GROWTH)
    else:
        trend = (step / lanes.last_step[lane]) * (ease / lanes.last_ease[lane])
        factor = min(factor, factor * trend, LARGEST_GROWTH)
    if lanes.rejections[lane] > 0:
        factor = min(factor, 1.0)
    lanes.rejections[lane] = 0
    lanes.displaced[lane] = 0
    lanes.last_ease[lane], lanes.last_step[lane] = min(ease, method.most_ease), step
    lanes.step[lane] = step * max(factor, LARGEST_CUT)
    if lanes.crossing[lane] != 0 and kernels.event_values == 0:
        _leave(kernels, report, lanes, lane, np.int64(EVENT))
        return
    was_cut = lanes.cut[lane] < np.inf
    lanes.cut[lane] = np.inf
    if lanes.ends[lane] >= lanes.target[lane]:
        lanes.restarting[lane] = 1
        return
    if was_cut:
        lanes.restarting[lane] = 1
    if lanes.output[lane] < n_times and task.times[lanes.output[lane]] <= lanes.time[lane]:
        _record_now(kernels, task, report, lanes, lane)
    status = _limits(task, report, lanes, lane)
    if status != NOT_STARTED:
        _leave(kernels, report, lanes, lane, status)


@inlined_function
def _move(kernels, task, lanes, all_accepted):
    """Make the new state the present one where the step was accepted."""
    width, y, new, absolute = kernels.width, lanes.stack[0], lanes.new[0], lanes.absolute
    running = task.running
    if all_accepted:
        for k in range(kernels.n_species * width):
            y[k] = new[k]
            absolute[k] = max(absolute[k], running * abs(new[k]))
    else:
        for lane in range(width):
            if lanes.accepted[lane] != 0:
                for k in range(lane, kernels.n_species * width, width):
                    y[k] = new[k]
                    absolute[k] = max(absolute[k], running * abs(new[k]))


# --- a tape of the steps -------------------------------------------------------------------------------------------


@inlined_function
def _write_tape(kernels, report, lanes):
    """Keep the accepted steps for a second pass over them; how many lanes had to leave because theirs are too many."""
    n, width, full = kernels.n_species, kernels.width, 0
    for lane in range(width):
        if lanes.accepted[lane] == 0:
            continue
        member = lanes.member[lane]
        if report.counts[member, TAPED] >= report.tape.shape[0] // report.counts.shape[0]:
            _leave(kernels, report, lanes, lane, np.int64(TAPE_FULL))
            lanes.accepted[lane] = 0
            full += 1
            continue
        report.counts[member, TAPED] += 1
        row = report.tape[last_taped_row(report, member)]
        row[0], row[1], row[2] = lanes.time[lane], lanes.step[lane], lanes.ends[lane]
        for k in range(n):
            source = k * width + lane
            row[TAPE_HEAD + k] = lanes.stack[0, source]
            row[TAPE_HEAD + n + k] = lanes.new[0, source]
            for part in range(3):
                row[TAPE_HEAD + (2 + part) * n + k] = lanes.dense[part, source]
    return full


# --- the loop -----------------------------------------------------------------------------------------------------

_kernels, _pattern, _method = (
    struct_reader(KernelAddresses),
    struct_reader(JacobianPattern),
    struct_reader(RosenbrockMethod),
)
_task, _report, _lanes = struct_reader(IntegrationTask), struct_reader(IntegrationReport), struct_reader(LaneStorage)


def rosenbrock_loop(watching: bool, switching: bool = False) -> Callable[..., None]:
    """The loop, with or without the code that looks inside steps for conditions of events and switches of the rates,
    and with or without explicit steps where nothing is stiff.

    Compiling the former takes a quarter of the whole, and most models have neither.
    """

    def run(kernels_at, pattern_at, method_at, task_at, report_at, lanes_at):
        """Run the members `task.first` to `task.last - 1`; everything found goes into `report`."""
        kernels, pattern, method = _kernels(kernels_at), _pattern(pattern_at), _method(method_at)
        task, report, lanes = _task(task_at), _report(report_at), _lanes(lanes_at)
        width = kernels.width
        following = task.first
        for lane in range(width):
            _enter(kernels, task, lanes, lane, task.first)  # idle lanes compute something harmless
            lanes.member[lane] = -1
            lanes.restarting[lane] = 0
            lanes.step[lane] = 1e-9
            lanes.latest[lane] = lanes.cut[lane] = np.inf
            lanes.relative[lane] = task.relative
        explicit = False
        changed = np.int64(1)  # a plain literal would compile what it is given to once more
        while True:
            fresh, active, n_explicit = False, 0, 0
            for lane in range(width):
                if lanes.member[lane] < 0 and following < task.last:
                    member = calls.take_next(task.queue) if task.queue.shape[0] > 0 else following
                    following = member + 1
                    if member < task.last:
                        lanes.member[lane] = member
                        _enter(kernels, task, lanes, lane, member)
                        if watching and kernels.conditions != 0:
                            begin_events(kernels, task, lanes, lane)
                fresh |= lanes.restarting[lane] != 0
            if fresh:
                _interrupt(kernels, pattern, task, lanes)
                if watching and kernels.event_values != 0:
                    _respond(kernels, pattern, task, report, lanes)
                _restart(kernels, pattern, method, task, report, lanes)
                changed = np.int64(1)
            for lane in range(width):
                active += lanes.member[lane] >= 0
                n_explicit += lanes.member[lane] >= 0 and lanes.explicit[lane] != 0
            if active == 0:
                if following >= task.last:
                    return
                continue

            _aim(kernels, task, lanes)
            if switching:
                if n_explicit > 0:
                    n_explicit -= look_at_rates(kernels, pattern, lanes)
                # Where lanes differ, those go on that are more, and the others wait until they are.
                explicit = 2 * n_explicit > active or (2 * n_explicit == active and explicit)
            for lane in range(width):
                lanes.accepted[lane] = lanes.member[lane] >= 0 and (lanes.explicit[lane] != 0) == explicit
            if switching and explicit:
                explicit_stages(kernels, method, lanes)
                check_explicit_steps(kernels, pattern, lanes)
            else:
                _implicit_stages(kernels, pattern, method, task, lanes, changed)
                changed = np.int64(0)

            n_accepted = 0
            for lane in range(width):
                if lanes.accepted[lane] != 0:
                    _accept(kernels, method, task, report, lanes, lane, explicit)
                    n_accepted += lanes.accepted[lane]
                    if lanes.accepted[lane] == 0:
                        _retreat(kernels, method, task, report, lanes, lane)
            changed += n_accepted
            if n_accepted == 0:
                continue
            _dense_sums(kernels, method, task, report, lanes, switching and explicit)
            if report.tape.shape[0] > 0:
                n_accepted -= _write_tape(kernels, report, lanes)
            if watching:
                cut = kernels.switches != 0 and cut_at_excursions(kernels, task, report, lanes)
                cut |= kernels.conditions != 0 and cut_at_events(kernels, report, lanes)
                _record_inside(kernels, pattern, task, report, lanes)
                if cut:
                    move_to_cuts(kernels, lanes)
            else:
                _record_inside(kernels, pattern, task, report, lanes)
            _move(kernels, task, lanes, n_accepted == width)
            for lane in range(width):
                if lanes.accepted[lane] != 0:
                    _go_on(kernels, method, task, report, lanes, lane)
                    if switching:
                        if explicit:
                            next_explicit_step(kernels, lanes, lane)
                        elif may_be_explicit(kernels):
                            try_explicit(kernels, pattern, lanes, lane)

    return run


run = rosenbrock_loop(watching=False)
