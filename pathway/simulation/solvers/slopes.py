"""Forward sensitivities along the steps of a finished run: directions fill the lanes and share each factorization.

The sensitivities S = dy/dp obey the linear equation  M S' = J(t) S + df/dp(t)  along the trajectory. A diagonally
implicit Runge-Kutta method solves it without products with the Jacobian and without second derivatives:

    (M / (gamma h) - J_i) X_i = M / (gamma h) B_i + (df/dp)_i,
    B_i = S + sum_j a_ij K_j,     K_i = (X_i - B_i) / gamma,

K_i being h times the slope. J_i is the Jacobian at the dense output of the run, which is of order 4, enough for order
5 here. One factorization per stage serves all directions, and a stage costs a direction one sum and one solve. The
steps are its own: sensitivities are seldom as smooth as the run.

The method and its coefficients: `esdirk`.
"""

from __future__ import annotations

import numpy as np

from pathway.kernels import calls
from pathway.kernels.structs_numba import struct_reader
from pathway.kernels.vectors import linear_combinations

from .compilation import inlined_function
from .esdirk import STAGES
from .layout import TAPE_HEAD
from .lifted import (
    LEAST,
    NEAR,
    SHORTEST_NEAR,
    TRACE,
    has_unbounded_slope,
    raise_to_floor,
    starts_at_zero,
    zero_infinite_entries,
)
from .slope_layout import (
    DENSE,
    END,
    ERROR,
    FAINT,
    SLOPE,
    SensitivityDirections,
    SlopeKernels,
    SlopeScratch,
    SlopeTables,
    SlopeTask,
)

HOLD = 1e14
SAFETY = 0.9
LARGEST_GROWTH = 6.0
LARGEST_CUT = 0.1
FIRST_GROWTH = 1e4
"""The first steps after a jump, which begin far too small, may grow by this until one has an error above `STARTED`."""

STARTED = 1e-3
SHORTEST = 1e-10
"""Share of a stretch below which a step is taken whatever its error, as at a jump of a rate."""


# --- the model at moments of the run ------------------------------------------------------------------------------


@inlined_function
def _look(kernels, scratch, tape, index, lane, moment):
    """The state of the run at a moment not before row `index` of its tape, into a lane of `point`."""
    n, lanes, point = kernels.n_species, kernels.moments, scratch.point
    while index + 1 < tape.shape[0] and tape[index, 2] < moment:
        index += 1
    row = tape[index]
    x = (moment - row[0]) / row[1]
    rest = 1.0 - x
    before, after = row[TAPE_HEAD : TAPE_HEAD + n], row[TAPE_HEAD + n : TAPE_HEAD + 2 * n]
    bend, second = row[TAPE_HEAD + 2 * n : TAPE_HEAD + 3 * n], row[TAPE_HEAD + 3 * n : TAPE_HEAD + 4 * n]
    third = row[TAPE_HEAD + 4 * n : TAPE_HEAD + 5 * n]
    place, stride = np.uint64(lane), np.uint64(lanes)
    for k in range(n):
        point[place] = rest * before[k] + x * (after[k] + rest * (bend[k] + x * (second[k] + x * third[k])))
        place += stride
    scratch.time[lane] = moment


@inlined_function
def _evaluate(kernels, scratch, parameters, group):
    """Jacobian and df/dp in all lanes."""
    lanes, by_parameter = kernels.moments, scratch.by_parameter[group]
    near = raise_to_floor(scratch.singular, scratch.lowest, TRACE, scratch.point, lanes)
    calls.right_hand_side(kernels.parameter_jacobian, scratch.time, scratch.point, parameters, by_parameter)
    if near:
        raise_to_floor(scratch.singular, scratch.lowest, NEAR, scratch.point, lanes)
    calls.right_hand_side(kernels.jacobian, scratch.time, scratch.point, parameters, scratch.jacobian)
    if near:
        zero_infinite_entries(scratch.jacobian)


@inlined_function
def _factorize(kernels, scratch, shift, first, last):
    """Factors of all lanes, into the rows from `first` on."""
    lanes, packed = kernels.moments, scratch.packed
    for lane in range(lanes):
        scratch.shift[lane] = shift
    calls.factor(kernels.factor, scratch.jacobian, scratch.shift, packed, scratch.worst)
    # An index that cannot be negative: the compiler need not ask, which would take as long as the copy.
    start, stride = np.uint64(0), np.uint64(lanes)
    for k in range(kernels.n_factor):
        for row in range(last - first):
            scratch.factors[np.uint64(first + row), np.uint64(k)] = packed[start + np.uint64(row)]
        start += stride


@inlined_function
def _one_moment(kernels, scratch, tape, index, moment, parameters):
    """Jacobian and df/dp at one moment, the same in all lanes."""
    for lane in range(kernels.moments):
        _look(kernels, scratch, tape, index, lane, moment)
    _evaluate(kernels, scratch, parameters, 0)


@inlined_function
def _stage_moments(kernels, tables, scratch, tape, index, time, length, stop, parameters):
    """Factors and df/dp of all stages of a step: several at once, since the run to look at is already known."""
    lanes, shift = kernels.moments, 1.0 / (tables.gamma * length)
    for group in range(scratch.by_parameter.shape[0]):
        first = group * lanes
        last = min(first + lanes, STAGES - 1)
        for lane in range(lanes):
            stage = min(first + lane, last - 1) + 1
            moment = stop if stage == STAGES - 1 else time + tables.nodes[stage] * length
            _look(kernels, scratch, tape, index, lane, moment)
        _evaluate(kernels, scratch, parameters, group)
        _factorize(kernels, scratch, shift, first, last)


# --- one step of a block ------------------------------------------------------------------------------------------


@inlined_function
def _add_parameters(kernels, directions, scratch, block, stage, vector):
    """Add df/dp at a stage (counted from 0)."""
    lanes = kernels.moments
    by_parameter, stride = scratch.by_parameter[stage // lanes, stage % lanes :], np.uint64(lanes)
    first, last = directions.starts[block], directions.starts[block + 1]
    entries, places, weights = (
        directions.entries[first:last],
        directions.places[first:last],
        directions.weights[first:last],
    )
    for k in range(weights.shape[0]):
        vector[np.uint64(places[k])] += weights[k] * by_parameter[np.uint64(entries[k]) * stride]


@inlined_function
def _hold(kernels, scratch, vector):
    """Algebraic rows keep nothing of the stages before."""
    if kernels.algebraic != 0:
        for k in range(vector.shape[0]):
            vector[k] *= scratch.mass[k]


@inlined_function
def _sum(stage, coefficients, stack, target):
    """The start of a stage (counted from 0)."""
    size = stack.shape[1]
    if stage == 0:
        linear_combinations(1, 2, coefficients, 0, stack, target, size)
    elif stage == 1:
        linear_combinations(1, 2, coefficients, 1, stack[1:], target, size)
    elif stage == 2:
        linear_combinations(1, 3, coefficients, 2, stack[1:], target, size)
    elif stage == 3:
        linear_combinations(1, 4, coefficients, 3, stack[1:], target, size)
    elif stage == 4:
        linear_combinations(1, 5, coefficients, 4, stack[1:], target, size)
    else:
        linear_combinations(1, 6, coefficients, 5, stack[1:], target, size)


@inlined_function
def _coefficients(tables, scratch, length):
    """The sums of a step of this length."""
    shift = 1.0 / (tables.gamma * length)
    for k in range(STAGES):
        for row in range(ERROR + 1):
            scratch.sums[row, k] = shift * tables.sums[row, k]
        scratch.sums[SLOPE, k] = tables.sums[SLOPE, k] / length
        scratch.sums[END, k] = tables.sums[END, k]
    scratch.sums[0, 0] *= length  # this column multiplies the slope itself


@inlined_function
def _step(kernels, directions, scratch, block):
    """All stages of a block; the largest error of its directions (root mean square over species).

    The difference to the embedded method goes through the last stage's factors, as stiff components would otherwise
    seem far worse than they are (Hosea & Shampine, Applied Numerical Mathematics 20, 1996).
    """
    stack, result = directions.stacks[block], scratch.result
    for stage in range(STAGES - 1):
        target = stack[stage + 2]
        _sum(stage, scratch.sums, stack, stack[stage + 2 :])
        _hold(kernels, scratch, target)
        _add_parameters(kernels, directions, scratch, block, stage, target)
        calls.solve(kernels.solve_shared, scratch.factors[stage], target)
    linear_combinations(1, 7, scratch.sums, ERROR, stack[1:], result, stack.shape[1])
    _hold(kernels, scratch, result[0])
    calls.solve(kernels.solve_shared, scratch.factors[STAGES - 2], result[0])
    before, after, floor = stack[1], stack[STAGES], scratch.floor[block]
    calls.error_norm(kernels.error_norm, before, after, result[0], floor, scratch.relative, scratch.error)
    largest = 0.0
    for lane in range(kernels.width):
        if not scratch.error[lane] <= largest:
            largest = scratch.error[lane]
    return largest


@inlined_function
def _settle(kernels, directions, scratch, block, vector):
    """The algebraic rows of a block's sensitivities from the others, which a huge shift holds (one moment at hand)."""
    used, result = kernels.n_species * kernels.width, scratch.result[0]
    for k in range(used):
        result[k] = HOLD * scratch.mass[k] * vector[k]
    _add_parameters(kernels, directions, scratch, block, 0, result)
    calls.solve(kernels.solve_shared, scratch.factors[STAGES - 1], result)
    for k in range(used):
        if scratch.mass[k] == 0.0:
            vector[k] = result[k]


@inlined_function
def _begin(kernels, directions, scratch):
    """Slopes from the equation itself (one moment at hand)."""
    lanes = kernels.moments
    if kernels.algebraic != 0:
        _factorize(kernels, scratch, HOLD, STAGES - 1, STAGES)
    for k in range(kernels.n_jacobian):
        scratch.one_jacobian[k] = scratch.jacobian[k * lanes]
    for block in range(directions.stacks.shape[0]):
        stack = directions.stacks[block]
        if kernels.algebraic != 0:
            _settle(kernels, directions, scratch, block, stack[1])
        calls.multiply(kernels.multiply_shared, scratch.one_jacobian, stack[1], stack[0])
        _add_parameters(kernels, directions, scratch, block, 0, stack[0])


@inlined_function
def _record(kernels, course, vector, block, output):
    """One block's vector into the array (species, direction) of an output."""
    width, out, species = kernels.width, course.values[output], course.species
    first = block * width
    columns = course.columns[first : min(first + width, course.columns.shape[0])]
    for k in range(species.shape[0]):
        # Pieces counted from 0: no index can be negative, and the compiler need not ask.
        target, source = out[k], vector[species[k] * width :]
        for lane in range(columns.shape[0]):
            target[columns[lane]] = source[lane]


@inlined_function
def _weigh_inside(tables, scratch, shift, length, x):
    """How what a step has come to counts at a share `x` of it: shift S - S', S being the polynomial of the step."""
    weights = scratch.sums[DENSE]
    for i in range(STAGES + 1):
        value, rise = 0.0, 0.0
        for k in range(3, -1, -1):
            rise = value + x * rise + tables.dense[i, k]
            value = x * (value + tables.dense[i, k])
        weights[i] = shift * value - rise / length
    weights[0] *= length
    weights[1] += shift


@inlined_function
def _record_inside(kernels, directions, tables, scratch, course, tape, index, time, length, stop, output):
    """Record what lies inside the step, several moments at once; which output is the next.

    The polynomial of the step is of order 2 only for stiff components, which follow the others, and the error at the
    end of the step knows nothing of it. One implicit step from the polynomial towards the equation of the moment,

        (shift M - J) S = M (shift P - P') + df/dp,

    puts them where they belong, and the algebraic ones; others it leaves within the error of the polynomial P.
    """
    times, between, shift = course.times, scratch.between, 1.0 / (tables.gamma * length)
    while output < times.shape[0] and times[output] < stop:
        count = 1
        while count < min(kernels.moments, STAGES) and output + count < times.shape[0] and times[output + count] < stop:
            count += 1
        for lane in range(kernels.moments):
            _look(kernels, scratch, tape, index, lane, times[output + min(lane, count - 1)])
        _evaluate(kernels, scratch, course.slots, 0)
        _factorize(kernels, scratch, shift, 0, count)
        for k in range(count):
            _weigh_inside(tables, scratch, shift, length, (times[output] - time) / length)
            for block in range(directions.stacks.shape[0]):
                stack = directions.stacks[block]
                linear_combinations(1, 8, scratch.sums, DENSE, stack, between, stack.shape[1])
                _hold(kernels, scratch, between[0])
                _add_parameters(kernels, directions, scratch, block, k, between[0])
                calls.solve(kernels.solve_shared, scratch.factors[k], between[0])
                _record(kernels, course, between[0], block, output)
            output += 1
    return output


@inlined_function
def _advance(directions, scratch):
    """The end of the step becomes the start of the next, and the slope there the slope at its start."""
    for block in range(directions.stacks.shape[0]):
        stack = directions.stacks[block]
        linear_combinations(2, 7, scratch.sums, SLOPE, stack[1:], stack, stack.shape[1])


@inlined_function
def _prepare(kernels, course):
    """The model's parameters in every lane, and what the kernels make of them."""
    lanes = kernels.moments
    for k in range(course.parameters.shape[0]):
        for lane in range(lanes):
            course.slots[k * lanes + lane] = course.parameters[k]
    calls.prepare(kernels.prepare, course.slots)


@inlined_function
def _load(kernels, directions, scratch, course, tape):
    """The sensitivities at the start into the lanes, with the sizes from which on they count."""
    n, width, sizes, state = kernels.n_species, kernels.width, course.sizes, course.state
    for row in range(tape.shape[0]):
        for k in range(n):
            sizes[k] = max(sizes[k], abs(tape[row, TAPE_HEAD + k]))
    largest = 0.0
    for k in range(n):
        largest = max(largest, sizes[k])
    for k in range(n):
        scratch.lowest[k] = max(sizes[k], FAINT * largest, LEAST)
    for block in range(directions.stacks.shape[0]):
        target, floor = directions.stacks[block, 1], scratch.floor[block]
        for lane in range(width):
            direction = block * width + lane
            inside = direction < state.shape[0]
            for k in range(n):
                size = course.faint * max(sizes[k], course.least * largest)
                faint = size / course.scales[direction] if inside else 1.0
                floor[k * width + lane] = faint if faint > 0.0 else 1.0
                target[k * width + lane] = state[direction, k] if inside else 0.0


@inlined_function
def _store(kernels, directions, course):
    """The sensitivities out of the lanes."""
    width, state = kernels.width, course.state
    for direction in range(state.shape[0]):
        source = directions.stacks[direction // width, 1]
        for k in range(kernels.n_species):
            state[direction, k] = source[k * width + direction % width]


# --- the walk -----------------------------------------------------------------------------------------------------


_kernels, _tables, _directions = (
    struct_reader(SlopeKernels),
    struct_reader(SlopeTables),
    struct_reader(SensitivityDirections),
)
_scratch, _course = struct_reader(SlopeScratch), struct_reader(SlopeTask)


def run(kernels_at, tables_at, directions_at, scratch_at, course_at):
    """Carry the sensitivities along the steps of the course."""
    kernels, tables, directions = _kernels(kernels_at), _tables(tables_at), _directions(directions_at)
    scratch, course = _scratch(scratch_at), _course(course_at)
    progress, times, parameters = course.progress, course.times, course.slots
    tape, output = course.tape[progress[0] : progress[1]], progress[2]
    _prepare(kernels, course)
    _load(kernels, directions, scratch, course, tape)
    n_blocks, n_times = directions.stacks.shape[0], times.shape[0]
    begin, end = tape[0, 0], tape[tape.shape[0] - 1, 2]
    time, length, index = begin, tape[0, 1], 0
    growth, shortest = FIRST_GROWTH, SHORTEST * (end - begin)
    for lane in range(kernels.width):
        scratch.relative[lane] = tables.relative
    if has_unbounded_slope(kernels, scratch, course, tape, parameters):
        course.reached[0] = -np.inf
        return
    if starts_at_zero(scratch, tape[0]):
        shortest = max(SHORTEST_NEAR * (end - begin), 1e-14 * abs(begin))
    _one_moment(kernels, scratch, tape, 0, begin, parameters)
    _begin(kernels, directions, scratch)
    while output < n_times and times[output] <= begin:
        for block in range(n_blocks):
            _record(kernels, course, directions.stacks[block, 1], block, output)
        output += 1
    while time < end:
        rest = end - time
        if length >= 0.9999 * rest:
            length = rest
        elif length > 0.5 * rest:
            length = 0.5 * rest
        stop = end if length == rest else time + length
        while index + 1 < tape.shape[0] and tape[index, 2] <= time:
            index += 1
        _coefficients(tables, scratch, length)
        _stage_moments(kernels, tables, scratch, tape, index, time, length, stop, parameters)
        error = 0.0
        for block in range(n_blocks):
            block_error = _step(kernels, directions, scratch, block)
            if not block_error <= error:
                error = block_error
            if not error <= 1.0:
                break  # the others need not be tried
        small = length <= shortest
        if not error <= 1.0 and not (small and error < np.inf):
            if small:
                break
            growth = LARGEST_GROWTH
            length *= max(LARGEST_CUT, SAFETY * error**-0.2) if error < np.inf else LARGEST_CUT
            continue
        arguments = kernels, directions, tables, scratch, course, tape, index
        output = _record_inside(*arguments, time, length, stop, output)
        _advance(directions, scratch)
        time = stop
        if error > STARTED:
            growth = LARGEST_GROWTH
        length *= max(1.0 if small else LARGEST_CUT, min(growth, SAFETY * max(error, 1e-30) ** -0.2))
    while course.closes != 0 and time >= end and output < n_times:
        for block in range(n_blocks):
            _record(kernels, course, directions.stacks[block, 1], block, output)
        output += 1
    _store(kernels, directions, course)
    progress[2], course.reached[0] = output, time
