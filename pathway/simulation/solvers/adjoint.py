"""The gradient of one number by all parameters at once: the walk of `slopes` taken backwards.

Forward sensitivities along a tape are a linear map from the slopes of the start and from df/dp to the slopes at the
outputs. For G = sum over outputs of weights * states, the transposed map carries the weights backwards to the start
and gathers dG/dp on the way, for the price of two or three directions, however many parameters there are. With
(M / (gamma h) - J_i) S_i = M / (gamma h) B_i + P_i, B_i = S + sum_j a_ij K_j and K_i = (S_i - B_i) / gamma as in
`slopes`, and a bar for the derivative of G,

    (M / (gamma h) - J_i)^T z_i = M K_i~ / gamma     (for the last stage also + S~ after the step)
    B_i~ = M z_i / (gamma h) - M K_i~ / gamma,       S~ += B_i~,     K_j~ += a_ij B_i~,     dG/dp += P_i^T z_i,

from the last stage to the first. It is the exact transpose: with the same steps it gives what the forward walk gives,
to rounding, so nothing is asked of how smooth the weights' own solution is.

A second column carries the derivative of the sum over steps of S~ * (local error estimate), which tells how far the
gradient itself is off (the dual-weighted residual of Becker & Rannacher, Acta Numerica 10, 2001,
doi:10.1017/S0962492901000010, with the embedded method for the residual).

Members lie in the lanes, each with its own tape, steps and outputs. Nothing in a lane is computed from another, so what
a member gives does not depend on its neighbours.
"""

from __future__ import annotations

import numpy as np

from pathway.kernels import calls
from pathway.kernels.structs_numba import struct_reader

from .adjoint_layout import COLUMNS, AdjointKernels, AdjointPattern, AdjointScratch, AdjointTables, AdjointTask
from .compilation import inlined_function
from .esdirk import STAGES
from .layout import TAPE_HEAD
from .lifted import NEAR, TRACE, raise_to_floor, zero_infinite_entries
from .slope_layout import FAINT
from .slopes import HOLD

# --- the model at moments of the runs -----------------------------------------------------------------------------


@inlined_function
def _point(kernels, scratch, task, lane, moment):
    """The state of a lane's run at a moment of its present step."""
    n, width, tape = kernels.n_species, kernels.width, task.tape
    index, last = task.rows[scratch.step[lane]], task.tape_starts[max(scratch.member[lane], 0) + 1] - 1
    while index < last and tape[index, 2] < moment:
        index += 1
    row = tape[index]
    x = (moment - row[0]) / row[1]
    rest = 1.0 - x
    scratch.times[lane] = moment
    before, after = row[TAPE_HEAD : TAPE_HEAD + n], row[TAPE_HEAD + n : TAPE_HEAD + 2 * n]
    bend, second = row[TAPE_HEAD + 2 * n : TAPE_HEAD + 3 * n], row[TAPE_HEAD + 3 * n : TAPE_HEAD + 4 * n]
    third = row[TAPE_HEAD + 4 * n : TAPE_HEAD + 5 * n]
    place, stride = np.uint64(lane), np.uint64(width)  # no index can be negative, and the compiler need not ask
    for k in range(n):
        scratch.points[place] = rest * before[k] + x * (after[k] + rest * (bend[k] + x * (second[k] + x * third[k])))
        place += stride


@inlined_function
def _model(kernels, pattern, scratch):
    """Jacobians, df/dp and factors at the points of all lanes."""
    near = raise_to_floor(pattern.singular, scratch.lowest, TRACE, scratch.points, kernels.width)
    calls.right_hand_side(kernels.parameter_jacobian, scratch.times, scratch.points, scratch.slots, scratch.entries)
    if near:
        raise_to_floor(pattern.singular, scratch.lowest, NEAR, scratch.points, kernels.width)
    calls.right_hand_side(kernels.jacobian, scratch.times, scratch.points, scratch.slots, scratch.jacobian)
    if near:
        zero_infinite_entries(scratch.jacobian)
    calls.factor(kernels.factor, scratch.jacobian, scratch.shifts, scratch.factors, scratch.worst)


@inlined_function
def _stage(kernels, tables, pattern, scratch, task, stage):
    """The model at one stage of every lane's step."""
    for lane in range(kernels.width):
        step = scratch.step[lane]
        moment = task.begins[step] + tables.nodes[stage] * scratch.lengths[lane]
        scratch.shifts[lane] = 1.0 / (tables.gamma * scratch.lengths[lane])
        _point(kernels, scratch, task, lane, task.latest[step] if stage == STAGES - 1 else moment)
    _model(kernels, pattern, scratch)


@inlined_function
def _moments(kernels, pattern, scratch, task):
    """The model in every lane at a share of its step, with factors that hold the species with rates."""
    for lane in range(kernels.width):
        moment = task.begins[scratch.step[lane]] + scratch.shares[lane] * scratch.lengths[lane]
        scratch.shifts[lane] = HOLD
        _point(kernels, scratch, task, lane, moment)
    _model(kernels, pattern, scratch)


# --- transposes ---------------------------------------------------------------------------------------------------


@inlined_function
def _pull(kernels, scratch, vector, column):
    """dG/dp += P^T vector."""
    calls.multiply(kernels.pull_parameters, scratch.entries, vector, scratch.by_parameter[column])


@inlined_function
def _unsettle(kernels, scratch, vector, column):
    """The transpose of finding the algebraic rows from the others, in the chosen lanes (holding factors at hand)."""
    width, result, mass = kernels.width, scratch.result, scratch.mass
    for k in range(kernels.n_species):
        for lane in range(width):
            place = k * width + lane
            result[place] = (1.0 - mass[place]) * vector[place] if scratch.chosen[lane] != 0 else 0.0
    calls.solve(kernels.solve_transposed, scratch.factors, result)
    _pull(kernels, scratch, result, column)
    for k in range(kernels.n_species):
        for lane in range(width):
            place = k * width + lane
            if scratch.chosen[lane] != 0:
                vector[place] = mass[place] * (vector[place] + HOLD * result[place])


@inlined_function
def _add_inside(kernels, tables, pattern, scratch, task):
    """The weights of outputs inside the present steps, one output per lane and round."""
    n, width, vector = kernels.n_species, kernels.width, scratch.vector[0]
    while True:
        waiting = False
        for lane in range(width):
            step, last = scratch.step[lane], scratch.last[lane]
            inside = scratch.member[lane] >= 0 and last > 0 and task.times[last - 1] > task.begins[step]
            scratch.chosen[lane] = inside
            scratch.shares[lane] = 0.0
            waiting |= inside
            if inside:
                scratch.shares[lane] = (task.times[last - 1] - task.begins[step]) / scratch.lengths[lane]
        if not waiting:
            return
        for lane in range(width):
            if scratch.chosen[lane] != 0:
                scratch.last[lane] -= 1
                weight = task.weights[scratch.member[lane], scratch.last[lane]]
                for k in range(n):
                    vector[k * width + lane] = weight[k]
            else:
                for k in range(n):
                    vector[k * width + lane] = 0.0
        if kernels.algebraic != 0:
            _moments(kernels, pattern, scratch, task)
            _unsettle(kernels, scratch, vector, np.int64(0))
        first = scratch.bars[0, 0]
        for k in range(n * width):
            first[k] += vector[k]
        for i in range(STAGES):
            row = scratch.bars[0, i + 1]
            for lane in range(width):
                if scratch.chosen[lane] != 0:
                    x, share = scratch.shares[lane], 0.0
                    for k in range(3, -1, -1):
                        share = x * (share + tables.dense[i, k])
                    for k in range(lane, n * width, width):
                        row[k] += share * vector[k]


@inlined_function
def _add_now(kernels, scratch, task, target, lane, moment):
    """The weights of outputs that are not before a moment, to a derivative by the state there."""
    n, width, last = kernels.n_species, kernels.width, scratch.last[lane]
    while last > 0 and task.times[last - 1] >= moment:
        last -= 1
        weight = task.weights[scratch.member[lane], last]
        for k in range(n):
            target[k * width + lane] += weight[k]
    scratch.last[lane] = last


@inlined_function
def _enter_step(kernels, tables, scratch, task):
    """From the beginning of the step that follows to the end of this one, in every lane."""
    n, width, bars = kernels.n_species, kernels.width, scratch.bars
    for lane in range(width):
        step = scratch.step[lane]
        scratch.lengths[lane] = task.ends[step] - task.begins[step]
        # K_1 of the step that follows is K_7 of this one.
        scratch.shares[lane] = scratch.following[lane] / scratch.lengths[lane]
        shift = 1.0 / (tables.gamma * scratch.lengths[lane])
        for k in range(lane, n * width, width):
            scratch.held[k] = shift * scratch.mass[k]
    for column in range(COLUMNS):
        after, closing, opening = scratch.after[column], bars[column, STAGES], bars[column, 1]
        for k in range(n * width):
            after[k] = bars[column, 0, k]
        for k in range(n):
            for lane in range(width):
                closing[k * width + lane] = opening[k * width + lane] * scratch.shares[lane]
        for i in range(STAGES):
            row = bars[column, i]
            for k in range(n * width):
                row[k] = 0.0
    for lane in range(width):
        if scratch.member[lane] >= 0:
            _add_now(kernels, scratch, task, scratch.after[0], lane, task.ends[scratch.step[lane]])


@inlined_function
def _weigh_error(kernels, tables, scratch):
    """Let the steps' error estimates, weighted by the derivative after them, count in the second column; filtered as in
    `slopes` (the last stage at hand)."""
    used, filtered, after = kernels.n_species * kernels.width, scratch.result, scratch.after[0]
    for k in range(used):
        filtered[k] = after[k]
    calls.solve(kernels.solve_transposed, scratch.factors, filtered)
    for k in range(used):
        filtered[k] *= scratch.held[k]
    for i in range(STAGES):
        row, weight = scratch.bars[1, i + 1], tables.estimate[i]
        for k in range(used):
            row[k] += weight * filtered[k]


@inlined_function
def _stage_back(kernels, tables, scratch, stage, column):
    """One stage of one column (with the model there at hand)."""
    used, bars, vector = kernels.n_species * kernels.width, scratch.bars, scratch.vector[column]
    own, first, mass, held = bars[column, stage + 1], bars[column, 0], scratch.mass, scratch.held
    inverse = 1.0 / tables.gamma
    for k in range(used):
        own[k] *= inverse * mass[k]
        vector[k] = own[k]
    if stage == STAGES - 1:
        after = scratch.after[column]
        for k in range(used):
            vector[k] += after[k]
    calls.solve(kernels.solve_transposed, scratch.factors, vector)
    _pull(kernels, scratch, vector, column)
    for k in range(used):
        own[k] = held[k] * vector[k] - own[k]
        first[k] += own[k]
    for j in range(stage):
        weight, row = tables.a[stage, j], bars[column, j + 1]
        for k in range(used):
            row[k] += weight * own[k]


@inlined_function
def _first_slopes_back(kernels, pattern, scratch, task):
    """The transpose of K_1 = h M (J S + P), in the chosen lanes."""
    n, width = kernels.n_species, kernels.width
    for lane in range(width):
        scratch.shares[lane] = 0.0
    _moments(kernels, pattern, scratch, task)
    for column in range(COLUMNS):
        own, first, vector = scratch.bars[column, 1], scratch.bars[column, 0], scratch.vector[column]
        for k in range(n):
            for lane in range(width):
                place = k * width + lane
                vector[place] = 0.0
                if scratch.chosen[lane] != 0:
                    vector[place] = scratch.mass[place] * scratch.lengths[lane] * own[place]
                    own[place] = 0.0
        for k in range(pattern.rows.shape[0]):
            source, target = pattern.rows[k] * width, pattern.columns[k] * width
            for lane in range(width):
                first[target + lane] += scratch.jacobian[k * width + lane] * vector[source + lane]
        _pull(kernels, scratch, vector, np.int64(column))
        if kernels.algebraic != 0:
            _unsettle(kernels, scratch, first, np.int64(column))


# --- members in lanes ---------------------------------------------------------------------------------------------


@inlined_function
def _enter(kernels, pattern, scratch, task, lane, member):
    """Put the end of a member into a lane."""
    n, width, bars = kernels.n_species, kernels.width, scratch.bars
    for k in range(kernels.n_parameters):
        scratch.slots[k * width + lane] = task.parameters[member, k]
    for column in range(COLUMNS):
        for k in range(n):
            bars[column, 0, k * width + lane] = task.bars[member, k, column]
            for i in range(1, STAGES + 1):
                bars[column, i, k * width + lane] = 0.0
        for k in range(kernels.n_parameters):
            scratch.by_parameter[column, k * width + lane] = 0.0
    scratch.step[lane], scratch.last[lane] = task.step_starts[member + 1] - 1, task.times.shape[0]
    scratch.following[lane] = 0.0
    if pattern.singular.shape[0] > 0:
        largest = 0.0
        for k in range(n):
            size = 0.0
            for row in range(task.tape_starts[member], task.tape_starts[member + 1]):
                size = max(size, abs(task.tape[row, TAPE_HEAD + k]))
            scratch.lowest[k], largest = size, max(largest, size)
        for k in range(n):
            scratch.lowest[k] = max(scratch.lowest[k], FAINT * largest)


@inlined_function
def _clear(kernels, scratch, lane):
    """Let a lane compute something harmless."""
    for column in range(COLUMNS):
        for i in range(STAGES + 1):
            row = scratch.bars[column, i]
            for k in range(lane, row.shape[0], kernels.width):
                row[k] = 0.0
    scratch.member[lane] = -1


@inlined_function
def _leave(kernels, scratch, task, lane):
    """Note what a member has come to; the lane is free from then on."""
    width, member = kernels.width, scratch.member[lane]
    for column in range(COLUMNS):
        for k in range(kernels.n_species):
            task.bars[member, k, column] = scratch.bars[column, 0, k * width + lane]
        for k in range(kernels.n_parameters):
            task.by_parameter[member, k, column] = scratch.by_parameter[column, k * width + lane]
    _clear(kernels, scratch, lane)


@inlined_function
def _go_on(kernels, pattern, scratch, task):
    """To the step before, or to the end of the member."""
    some = False
    for lane in range(kernels.width):
        scratch.chosen[lane] = 0
        if scratch.member[lane] >= 0:
            step = scratch.step[lane]
            scratch.following[lane] = scratch.lengths[lane]
            if step == task.step_starts[scratch.member[lane]]:
                _add_now(kernels, scratch, task, scratch.bars[0, 0], lane, -np.inf)
                scratch.chosen[lane] = 1
            elif task.ends[step - 1] < task.begins[step]:
                scratch.chosen[lane] = 1
            some |= scratch.chosen[lane] != 0
    if some:
        _first_slopes_back(kernels, pattern, scratch, task)
    for lane in range(kernels.width):
        if scratch.member[lane] >= 0:
            if scratch.chosen[lane] != 0:
                scratch.following[lane] = 0.0
            if scratch.step[lane] == task.step_starts[scratch.member[lane]]:
                _leave(kernels, scratch, task, lane)
            else:
                scratch.step[lane] -= 1


_kernels, _tables, _pattern = struct_reader(AdjointKernels), struct_reader(AdjointTables), struct_reader(AdjointPattern)
_scratch, _task = struct_reader(AdjointScratch), struct_reader(AdjointTask)


def run(kernels_at, tables_at, pattern_at, scratch_at, task_at):
    """Carry the derivatives of all members from the end of their tapes to the beginning, step by step of the task.

    The outputs add their weights on the way.
    """
    kernels, tables, pattern = _kernels(kernels_at), _tables(tables_at), _pattern(pattern_at)
    scratch, task = _scratch(scratch_at), _task(task_at)
    following, n_members = np.int64(0), task.parameters.shape[0]
    for lane in range(kernels.width):
        _enter(kernels, pattern, scratch, task, lane, following)
        _clear(kernels, scratch, lane)
    while True:
        fresh, active = False, 0
        for lane in range(kernels.width):
            if scratch.member[lane] < 0 and following < n_members:
                _enter(kernels, pattern, scratch, task, lane, following)
                scratch.member[lane] = following
                following += 1
                fresh = True
            active += scratch.member[lane] >= 0
        if active == 0:
            return
        if fresh:
            calls.prepare(kernels.prepare, scratch.slots)
        _enter_step(kernels, tables, scratch, task)
        _add_inside(kernels, tables, pattern, scratch, task)
        for stage in range(STAGES - 1, 0, -1):
            _stage(kernels, tables, pattern, scratch, task, stage)
            if stage == STAGES - 1:
                _weigh_error(kernels, tables, scratch)
            for column in range(COLUMNS):
                _stage_back(kernels, tables, scratch, stage, column)
        _go_on(kernels, pattern, scratch, task)
