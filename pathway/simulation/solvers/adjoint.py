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

Lane 0 carries the gradient. Lane 1 carries the derivative of the sum over steps of S~ * (local error estimate), which
tells how far the gradient itself is off (the dual-weighted residual of Becker & Rannacher, Acta Numerica 10, 2001,
doi:10.1017/S0962492901000010, with the embedded method for the residual).
"""

from __future__ import annotations

import numpy as np

from pathway.kernels import calls
from pathway.kernels.structs_numba import struct_reader

from .adjoint_layout import AdjointKernels, AdjointPattern, AdjointScratch, AdjointState, AdjointTables, AdjointTask
from .compilation import inlined_function
from .esdirk import STAGES
from .layout import TAPE_HEAD
from .lifted import NEAR, TRACE, raise_to_floor, zero_infinite_entries
from .slopes import HOLD


@inlined_function
def _point(kernels, scratch, tape, index, lane, moment):
    """Lane `lane` of the points: the state at a moment that is not before row `index` of the tape."""
    n, width = kernels.n_species, kernels.width
    while index + 1 < tape.shape[0] and tape[index, 2] < moment:
        index += 1
    row = tape[index]
    x = (moment - row[0]) / row[1]
    rest = 1.0 - x
    scratch.times[lane] = moment
    for k in range(n):
        bend = row[TAPE_HEAD + 2 * n + k] + x * (row[TAPE_HEAD + 3 * n + k] + x * row[TAPE_HEAD + 4 * n + k])
        scratch.points[k * width + lane] = rest * row[TAPE_HEAD + k] + x * (row[TAPE_HEAD + n + k] + rest * bend)


@inlined_function
def _model(kernels, scratch, parameters):
    """Jacobians and factors at the points of all lanes."""
    near = raise_to_floor(scratch.singular, scratch.lowest, TRACE, scratch.points, kernels.width)
    calls.right_hand_side(kernels.parameter_jacobian, scratch.times, scratch.points, parameters, scratch.by_parameter)
    if near:
        raise_to_floor(scratch.singular, scratch.lowest, NEAR, scratch.points, kernels.width)
    calls.right_hand_side(kernels.jacobian, scratch.times, scratch.points, parameters, scratch.jacobians)
    if near:
        zero_infinite_entries(scratch.jacobians)
    calls.factor(kernels.factor, scratch.jacobians, scratch.shifts, scratch.factors, scratch.worst)


@inlined_function
def _keep_lane(kernels, scratch, lane, stage):
    """Put what a lane holds of a stage in one piece."""
    width = kernels.width
    factors, by_parameter = scratch.plain_factors[stage], scratch.plain_parameters[stage]
    for k in range(factors.shape[0]):
        factors[k] = scratch.factors[k * width + lane]
    for k in range(by_parameter.shape[0]):
        by_parameter[k] = scratch.by_parameter[k * width + lane]


@inlined_function
def _stages(kernels, tables, scratch, tape, index, time, length, latest, parameters):
    """Factors and df/dp of stages 1 to 6, as many at a time as there are lanes; the last looks at `latest`."""
    width = kernels.width
    for lane in range(width):
        scratch.shifts[lane] = 1.0 / (tables.gamma * length)
    first = 1
    while first < STAGES:
        for lane in range(width):
            stage = min(first + lane, STAGES - 1)
            moment = latest if stage == STAGES - 1 else time + tables.nodes[stage] * length
            _point(kernels, scratch, tape, index, lane, moment)
        _model(kernels, scratch, parameters)
        for lane in range(width):
            if first + lane < STAGES:
                _keep_lane(kernels, scratch, lane, first + lane)
        first += width


@inlined_function
def _moment(kernels, scratch, tape, index, moment, parameters):
    """Jacobian, df/dp and factors that hold the species with rates, at one moment (stage 0 of the storage)."""
    width = kernels.width
    for lane in range(width):
        scratch.shifts[lane] = HOLD
        _point(kernels, scratch, tape, index, lane, moment)
    _model(kernels, scratch, parameters)
    _keep_lane(kernels, scratch, np.int64(0), np.int64(0))
    for k in range(scratch.plain_jacobian.shape[0]):
        scratch.plain_jacobian[k] = scratch.jacobians[k * width]


@inlined_function
def _gather(kernels, pattern, adjoint, entries, vector, factor):
    """dG/dp += factor P^T vector."""
    width = kernels.width
    for k in range(entries.shape[0]):
        row, column = pattern.parameter_rows[k] * width, pattern.parameter_columns[k]
        value = factor * entries[k]
        adjoint.by_parameter[column, 0] += value * vector[row]
        adjoint.by_parameter[column, 1] += value * vector[row + 1]


@inlined_function
def _unsettle(kernels, pattern, adjoint, scratch, vector):
    """The transpose of finding the algebraic rows from the others (holding factors at hand)."""
    width, result = kernels.width, scratch.filtered
    for k in range(kernels.n_species):
        for place in range(k * width, (k + 1) * width):
            result[place] = (1.0 - pattern.mass[k]) * vector[place]
    calls.solve(kernels.solve_transposed, scratch.plain_factors[0], result)
    _gather(kernels, pattern, adjoint, scratch.plain_parameters[0], result, 1.0)
    for k in range(kernels.n_species):
        for place in range(k * width, (k + 1) * width):
            vector[place] = pattern.mass[k] * (vector[place] + HOLD * result[place])


@inlined_function
def _add_inside(kernels, tables, pattern, adjoint, scratch, tape, index, x, parameters, moment, weight):
    """The weights, shape (n_species,), of an output at a share `x` of the step."""
    n, width = kernels.n_species, kernels.width
    vector = scratch.vector
    for k in range(n * width):
        vector[k] = 0.0
    for k in range(n):
        vector[k * width] = weight[k]
    if kernels.algebraic != 0:
        _moment(kernels, scratch, tape, index, moment, parameters)
        _unsettle(kernels, pattern, adjoint, scratch, vector)
    for k in range(n):
        adjoint.bars[0, k * width] += vector[k * width]
    for i in range(STAGES):
        share = 0.0
        for k in range(3, -1, -1):
            share = x * (share + tables.dense[i, k])
        for k in range(n):
            adjoint.bars[i + 1, k * width] += share * vector[k * width]


@inlined_function
def _step_back(kernels, tables, pattern, adjoint, scratch, shift):
    """All stages from the last to the first."""
    used, width = kernels.n_species * kernels.width, kernels.width
    bars, vector, mass = adjoint.bars, scratch.vector, pattern.mass
    inverse = 1.0 / tables.gamma
    for stage in range(STAGES - 1, 0, -1):
        own = bars[stage + 1]
        for k in range(kernels.n_species):
            for place in range(k * width, (k + 1) * width):
                own[place] *= inverse * mass[k]
        if stage == STAGES - 1:
            for k in range(used):
                vector[k] = scratch.after[k] + own[k]
        else:
            for k in range(used):
                vector[k] = own[k]
        calls.solve(kernels.solve_transposed, scratch.plain_factors[stage], vector)
        _gather(kernels, pattern, adjoint, scratch.plain_parameters[stage], vector, 1.0)
        for k in range(kernels.n_species):
            for place in range(k * width, (k + 1) * width):
                own[place] = shift * mass[k] * vector[place] - own[place]
        for k in range(used):
            bars[0, k] += own[k]
        for j in range(stage):
            weight = tables.a[stage, j]
            for k in range(used):
                bars[j + 1, k] += weight * own[k]


@inlined_function
def _weigh_error(kernels, tables, pattern, adjoint, scratch, shift):
    """Let the step's error estimate, weighted by lane 0 of `after`, count in lane 1; filtered as in `slopes`."""
    n, width = kernels.n_species, kernels.width
    filtered = scratch.filtered
    for k in range(n * width):
        filtered[k] = scratch.after[k]
    calls.solve(kernels.solve_transposed, scratch.plain_factors[STAGES - 1], filtered)
    for i in range(STAGES):
        weight = tables.estimate[i] * shift
        for k in range(n):
            adjoint.bars[i + 1, k * width + 1] += weight * pattern.mass[k] * filtered[k * width]


@inlined_function
def _first_slopes_back(kernels, pattern, adjoint, scratch, tape, index, time, length, parameters):
    """The transpose of K_1 = h M (J S + P)."""
    n, width = kernels.n_species, kernels.width
    own, bars = adjoint.bars[1], adjoint.bars[0]
    _moment(kernels, scratch, tape, index, time, parameters)
    for k in range(n):
        for place in range(k * width, (k + 1) * width):
            own[place] *= pattern.mass[k] * length
    for k in range(scratch.plain_jacobian.shape[0]):
        value, source, target = scratch.plain_jacobian[k], pattern.rows[k] * width, pattern.columns[k] * width
        bars[target] += value * own[source]
        bars[target + 1] += value * own[source + 1]
    _gather(kernels, pattern, adjoint, scratch.plain_parameters[0], own, 1.0)
    for k in range(n * width):
        own[k] = 0.0
    if kernels.algebraic != 0:
        _unsettle(kernels, pattern, adjoint, scratch, bars)


@inlined_function
def _enter_step(kernels, adjoint, scratch, share):
    """From the beginning of the step that follows to the end of this one, `share` being the proportion of lengths."""
    bars = adjoint.bars
    for k in range(kernels.n_species * kernels.width):
        scratch.after[k] = bars[0, k]
        # K_1 of the step that follows is K_7 of this one.
        bars[STAGES, k] = bars[1, k] * share
        for i in range(STAGES):
            bars[i, k] = 0.0


_kernels, _tables, _pattern = struct_reader(AdjointKernels), struct_reader(AdjointTables), struct_reader(AdjointPattern)
_adjoint, _scratch, _task = struct_reader(AdjointState), struct_reader(AdjointScratch), struct_reader(AdjointTask)


def run(kernels_at, tables_at, pattern_at, adjoint_at, scratch_at, task_at):
    """Carry `adjoint` from the end of a tape to its beginning, step by step of the task.

    The outputs add their weights on the way.
    """
    kernels, tables, pattern = _kernels(kernels_at), _tables(tables_at), _pattern(pattern_at)
    adjoint, scratch, task = _adjoint(adjoint_at), _scratch(scratch_at), _task(task_at)
    tape, parameters, times, weights = task.tape, task.parameters, task.times, task.weights
    n, width, last, following = kernels.n_species, kernels.width, times.shape[0], 0.0
    for step in range(task.begins.shape[0] - 1, -1, -1):
        begin, end, index = task.begins[step], task.ends[step], task.rows[step]
        length = end - begin
        _enter_step(kernels, adjoint, scratch, following / length)
        while last > 0 and times[last - 1] >= end:
            last -= 1
            for k in range(n):
                scratch.after[k * width] += weights[last, k]
        while last > 0 and times[last - 1] > begin:
            last -= 1
            moment, weight = times[last], weights[last]
            x = (moment - begin) / length
            _add_inside(kernels, tables, pattern, adjoint, scratch, tape, index, x, parameters, moment, weight)
        _stages(kernels, tables, scratch, tape, index, begin, length, task.latest[step], parameters)
        shift = scratch.shifts[0]
        _weigh_error(kernels, tables, pattern, adjoint, scratch, shift)
        _step_back(kernels, tables, pattern, adjoint, scratch, shift)
        following = length
        while step == 0 and last > 0:
            last -= 1
            for k in range(n):
                adjoint.bars[0, k * width] += weights[last, k]
        if step == 0 or task.ends[step - 1] < begin:
            _first_slopes_back(kernels, pattern, adjoint, scratch, tape, index, begin, length, parameters)
            following = 0.0
    while last > 0:
        last -= 1
        for k in range(n):
            adjoint.bars[0, k * width] += weights[last, k]
