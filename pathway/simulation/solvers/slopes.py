"""Forward sensitivities along the steps of a finished run: directions fill the lanes and share each factorization.

The sensitivities S = dy/dp obey the linear equation  M S' = J(t) S + df/dp(t)  along the trajectory. A diagonally
implicit Runge-Kutta method solves it without products with the Jacobian and without second derivatives:

    (M / (gamma h) - J_i) X_i = M / (gamma h) B_i + (df/dp)_i,
    B_i = S + sum_j a_ij K_j,     K_i = (X_i - B_i) / gamma,

K_i being h times the slope. J_i is the Jacobian at the dense output of the run, which is of order 4, enough for order
5 here. One factorization per stage serves all directions, and a stage costs a direction one sum and one solve. The
steps are its own: sensitivities are seldom as smooth as the run.

The method is ESDIRK5(4)7L[2]SA2 of Kennedy & Carpenter, Diagonally implicit Runge-Kutta methods for stiff ODEs,
Applied Numerical Mathematics 146 (2019), doi:10.1016/j.apnum.2019.07.008: L-stable, stiffly accurate, stage order 2.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pathway.kernels import calls
from pathway.kernels.handles import PADDING
from pathway.kernels.vectors import combine

from .compilation import compiled, inlined
from .layout import TAPE_HEAD

STAGES = 7
HOLD = 1e14
SAFETY = 0.9
LARGEST_GROWTH = 6.0
LARGEST_CUT = 0.1
FIRST_GROWTH = 1e4
"""The first steps after a jump, which begin far too small, may grow by this until one has an error above `STARTED`."""

STARTED = 1e-3
SHORTEST = 1e-10
"""Share of a stretch below which a step is taken whatever its error, as at a jump of a rate."""

GAMMA = 23.0 / 125.0
_B = (
    -188593204321 / 4778616380481,
    -188593204321 / 4778616380481,
    2809310203510 / 10304234040467,
    1021729336898 / 2364210264653,
    870612361811 / 2470410392208,
    -1307970675534 / 8059683598661,
    GAMMA,
)
A = np.array(
    [
        [0.0] * 7,
        [GAMMA, GAMMA, 0, 0, 0, 0, 0],
        [791020047304 / 3561426431547, 791020047304 / 3561426431547, GAMMA, 0, 0, 0, 0],
        [-158159076358 / 11257294102345, -158159076358 / 11257294102345, -85517644447 / 5003708988389, GAMMA, 0, 0, 0],
        [
            -1653327111580 / 4048416487981,
            -1653327111580 / 4048416487981,
            1514767744496 / 9099671765375,
            14283835447591 / 12247432691556,
            GAMMA,
            0,
            0,
        ],
        [
            -4540011970825 / 8418487046959,
            -4540011970825 / 8418487046959,
            -1790937573418 / 7393406387169,
            10819093665085 / 7266595846747,
            4109463131231 / 7386972500302,
            GAMMA,
            0,
        ],
        list(_B),
    ]
)
NODES = np.array(
    [
        0.0,
        46 / 125,
        7121331996143 / 11335814405378,
        49 / 353,
        3706679970760 / 5295570149437,
        347 / 382,
        1.0,
    ]
)
_EMBEDDED = (
    -582099335757 / 7214068459310,
    615023338567 / 3362626566945,
    3192122436311 / 6174152374399,
    6156034052041 / 14430468657929,
    -1011318518279 / 9693750372484,
    1914490192573 / 13754262428401,
)
EMBEDDED = np.array([1.0 - sum(_EMBEDDED), *_EMBEDDED])


def dense_weights() -> np.ndarray:
    """Polynomials b_i(x) of degree 4 of a continuous extension of order 4, coefficients of x .. x^4, shape (7, 4).

    The smallest solution of the order conditions up to order 4 (five of them, since the stage order is 2) that ends
    in the weights of the method.
    """
    c2 = NODES**2
    rows = [np.ones(STAGES), NODES, c2, NODES**3, A @ c2]
    targets = np.zeros((5, 4))
    for k, value in enumerate((1.0, 1 / 2, 1 / 3, 1 / 4)):
        targets[k, k] = value
    targets[4, 3] = 1 / 12
    equations, right = [], []
    for row, target in zip(rows, targets, strict=True):
        for k in range(4):
            equation = np.zeros((STAGES, 4))
            equation[:, k] = row
            equations.append(equation.ravel())
            right.append(target[k])
    for i in range(STAGES):
        equation = np.zeros((STAGES, 4))
        equation[i] = 1.0
        equations.append(equation.ravel())
        right.append(A[6, i])
    return np.linalg.lstsq(np.array(equations), np.array(right), rcond=None)[0].reshape(STAGES, 4)


def by_solutions() -> tuple[np.ndarray, np.ndarray]:
    """What each stage starts from and its slope, in terms of the stages' solutions instead of their slopes.

    Then a stage needs one sum and one solve, and nothing is computed only to be combined again. Columns: h times the
    slope at the start, the start, X_1 ... X_6; rows: B_1 ... B_6, and h times the slope at the start, K_1 ... K_6.
    The first column falls out everywhere but in B_1 and K_1, since the first two columns of `A` agree.
    """
    unit = np.eye(STAGES + 1)
    bases, slopes = [], [unit[0]]
    for stage in range(1, STAGES):
        bases.append(unit[1] + sum(A[stage, j] * slopes[j] for j in range(stage)))
        slopes.append((unit[stage + 1] - bases[-1]) / GAMMA)
    return np.array(bases), np.array(slopes)


class SlopeKernels(NamedTuple):
    """Addresses and sizes: the moments of a step lie in `moments` lanes, the directions of a block in `width`."""

    jacobian: int
    factor: int
    parameter_jacobian: int
    solve_shared: int
    multiply_shared: int
    error_norm: int
    moments: int
    width: int
    n_species: int
    n_factor: int
    n_jacobian: int
    algebraic: int


class Directions(NamedTuple):
    """The sensitivities in blocks of lanes, and where df/dp enters them."""

    stacks: np.ndarray
    """Slope and value of the sensitivities, then X_1 ... X_6, (n_blocks, 1 + STAGES, padded n_species * width)."""
    entries: np.ndarray
    """Of the parameter Jacobian, by block."""
    places: np.ndarray
    """In the block's vectors."""
    starts: np.ndarray
    """Where each block's entries begin, shape (n_blocks + 1,)."""
    weights: np.ndarray
    """How much of the named parameter the present one carries, per entry."""


class SlopeTables(NamedTuple):
    """Coefficients for `combine`, and the rule for the size of the steps.

    Columns: the start, X_1 ... X_6; in the rows of B_1 and of the dense output the slope at the start comes first.
    """

    sums: np.ndarray
    """What belongs in `SlopeScratch.sums` for a step of length 1, shape (ROWS, 1 + STAGES)."""
    dense: np.ndarray
    """Weights of the rows of a stack at a share x of the step, coefficients of x .. x^4, shape (1 + STAGES, 4)."""
    nodes: np.ndarray
    gamma: float
    relative: float
    """Relative tolerance of the sensitivities."""


class SlopeScratch(NamedTuple):
    """Working storage."""

    time: np.ndarray
    point: np.ndarray
    jacobian: np.ndarray
    shift: np.ndarray
    worst: np.ndarray
    packed: np.ndarray
    """Factors of some moments, lanes innermost."""
    by_parameter: np.ndarray
    """df/dp of all stages in groups of `moments`, shape (n_groups, entries * moments)."""
    factors: np.ndarray
    """Of each stage, shape (STAGES, n_factor); the last row is for other uses."""
    one_jacobian: np.ndarray
    sums: np.ndarray
    """Coefficients of this step, shape (ROWS, 1 + STAGES)."""
    result: np.ndarray
    """Shape (1, padded)."""
    between: np.ndarray
    """The same."""
    mass: np.ndarray
    relative: np.ndarray
    error: np.ndarray
    floor: np.ndarray
    """Smallest size of a sensitivity that counts in the error, like a block's vectors, shape (n_blocks, padded)."""


ERROR, SLOPE, END, DENSE = 6, 7, 8, 9
"""Rows of the coefficients after those of the stages."""

ROWS = 10


def tables(relative: float) -> SlopeTables:
    """The method in the layout of the loop."""
    bases, slopes = by_solutions()
    sums = np.zeros((ROWS, STAGES + 1))
    sums[0, :2] = bases[0, :2]
    sums[1:6, :STAGES] = bases[1:, 1:]
    sums[ERROR, :STAGES] = (A[6] - EMBEDDED) @ slopes[:, 1:]
    sums[SLOPE, :STAGES] = slopes[6, 1:]
    sums[END, STAGES - 1] = 1.0
    return SlopeTables(sums, slopes.T @ dense_weights(), NODES, GAMMA, relative)


def padded(n_species: int, width: int) -> int:
    """Entries of a block's vectors."""
    return (n_species * width + PADDING - 1) // PADDING * PADDING


def scratch_for(kernels: SlopeKernels, n_entries: int, n_blocks: int, mass: np.ndarray) -> SlopeScratch:
    """Working storage for some blocks of directions.

    Parameters
    ----------
    kernels : SlopeKernels
    n_entries : int
        Of the parameter Jacobian.
    n_blocks : int
    mass : array, shape (n_species,)
    """
    n, lanes, size = kernels.n_species, kernels.moments, padded(kernels.n_species, kernels.width)
    spread = np.zeros(size)
    spread[: n * kernels.width] = np.repeat(mass, kernels.width)
    return SlopeScratch(
        time=np.zeros(lanes),
        point=np.zeros(n * lanes),
        jacobian=np.zeros(kernels.n_jacobian * lanes),
        shift=np.zeros(lanes),
        worst=np.zeros(lanes),
        packed=np.zeros(kernels.n_factor * lanes),
        by_parameter=np.zeros((-(-(STAGES - 1) // lanes), n_entries * lanes)),
        factors=np.zeros((STAGES, kernels.n_factor)),
        one_jacobian=np.zeros(kernels.n_jacobian),
        sums=np.zeros((ROWS, STAGES + 1)),
        result=np.zeros((1, size)),
        between=np.zeros((1, size)),
        mass=spread,
        relative=np.zeros(kernels.width),
        error=np.zeros(kernels.width),
        floor=np.ones((n_blocks, size)),
    )


# --- the model at moments of the run ------------------------------------------------------------------------------


@inlined
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
    for k in range(n):
        point[k * lanes + lane] = rest * before[k] + x * (after[k] + rest * (bend[k] + x * (second[k] + x * third[k])))
    scratch.time[lane] = moment


@inlined
def _evaluate(kernels, scratch, parameters, group):
    """Jacobian and df/dp in all lanes."""
    calls.right_hand_side(kernels.jacobian, scratch.time, scratch.point, parameters, scratch.jacobian)
    by_parameter = scratch.by_parameter[group]
    calls.right_hand_side(kernels.parameter_jacobian, scratch.time, scratch.point, parameters, by_parameter)


@inlined
def _factorize(kernels, scratch, shift, first, last):
    """Factors of all lanes, into the rows from `first` on."""
    lanes, packed = kernels.moments, scratch.packed
    for lane in range(lanes):
        scratch.shift[lane] = shift
    calls.factor(kernels.factor, scratch.jacobian, scratch.shift, packed, scratch.worst)
    for row in range(first, last):
        factors, lane = scratch.factors[row], row - first
        for k in range(kernels.n_factor):
            factors[k] = packed[k * lanes + lane]


@inlined
def _one_moment(kernels, scratch, tape, index, moment, parameters):
    """Jacobian and df/dp at one moment, the same in all lanes."""
    for lane in range(kernels.moments):
        _look(kernels, scratch, tape, index, lane, moment)
    _evaluate(kernels, scratch, parameters, 0)


@inlined
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


@inlined
def _add_parameters(kernels, directions, scratch, block, stage, vector):
    """Add df/dp at a stage (counted from 0)."""
    lanes = kernels.moments
    by_parameter, lane = scratch.by_parameter[stage // lanes], stage % lanes
    for k in range(directions.starts[block], directions.starts[block + 1]):
        vector[directions.places[k]] += directions.weights[k] * by_parameter[directions.entries[k] * lanes + lane]


@inlined
def _hold(kernels, scratch, vector):
    """Algebraic rows keep nothing of the stages before."""
    if kernels.algebraic != 0:
        for k in range(vector.shape[0]):
            vector[k] *= scratch.mass[k]


@inlined
def _sum(stage, coefficients, stack, target):
    """The start of a stage (counted from 0)."""
    size = stack.shape[1]
    if stage == 0:
        combine(1, 2, coefficients, 0, stack, target, size)
    elif stage == 1:
        combine(1, 2, coefficients, 1, stack[1:], target, size)
    elif stage == 2:
        combine(1, 3, coefficients, 2, stack[1:], target, size)
    elif stage == 3:
        combine(1, 4, coefficients, 3, stack[1:], target, size)
    elif stage == 4:
        combine(1, 5, coefficients, 4, stack[1:], target, size)
    else:
        combine(1, 6, coefficients, 5, stack[1:], target, size)


@inlined
def _coefficients(tables, scratch, length):
    """The sums of a step of this length."""
    shift = 1.0 / (tables.gamma * length)
    for k in range(STAGES):
        for row in range(ERROR + 1):
            scratch.sums[row, k] = shift * tables.sums[row, k]
        scratch.sums[SLOPE, k] = tables.sums[SLOPE, k] / length
        scratch.sums[END, k] = tables.sums[END, k]
    scratch.sums[0, 0] *= length  # this column multiplies the slope itself


@inlined
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
    combine(1, 7, scratch.sums, ERROR, stack[1:], result, stack.shape[1])
    _hold(kernels, scratch, result[0])
    calls.solve(kernels.solve_shared, scratch.factors[STAGES - 2], result[0])
    before, after, floor = stack[1], stack[STAGES], scratch.floor[block]
    calls.error_norm(kernels.error_norm, before, after, result[0], floor, scratch.relative, scratch.error)
    largest = 0.0
    for lane in range(kernels.width):
        if not scratch.error[lane] <= largest:
            largest = scratch.error[lane]
    return largest


@inlined
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


@inlined
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


@inlined
def _record(kernels, vector, block, out):
    """One block's vector into the array (species, direction)."""
    width = kernels.width
    first = block * width
    last = min(first + width, out.shape[1])
    for k in range(kernels.n_species):
        # Pieces counted from 0: no index can be negative, and the compiler need not ask.
        target, source = out[k, first:last], vector[k * width :]
        for lane in range(target.shape[0]):
            target[lane] = source[lane]


@inlined
def _record_inside(kernels, directions, tables, scratch, length, x, out):
    """The sensitivities at a share `x` of the step."""
    weights, between = scratch.sums[DENSE], scratch.between
    for i in range(STAGES + 1):
        weight = 0.0
        for k in range(3, -1, -1):
            weight = x * (weight + tables.dense[i, k])
        weights[i] = weight
    weights[0] *= length
    weights[1] += 1.0
    for block in range(directions.stacks.shape[0]):
        stack = directions.stacks[block]
        combine(1, 8, scratch.sums, DENSE, stack, between, stack.shape[1])
        if kernels.algebraic != 0:
            _settle(kernels, directions, scratch, block, between[0])
        _record(kernels, between[0], block, out)


@inlined
def _advance(directions, scratch):
    """The end of the step becomes the start of the next, and the slope there the slope at its start."""
    for block in range(directions.stacks.shape[0]):
        stack = directions.stacks[block]
        combine(2, 7, scratch.sums, SLOPE, stack[1:], stack, stack.shape[1])


# --- the walk -----------------------------------------------------------------------------------------------------


@compiled
def walk(kernels, tables, directions, scratch, tape, parameters, times, output, values):
    """Carry the sensitivities along the rows of the tape.

    Returns the next output and the time reached, which is not the last one if no step can be made to fit.
    """
    n_blocks, n_times = directions.stacks.shape[0], times.shape[0]
    begin, end = tape[0, 0], tape[tape.shape[0] - 1, 2]
    time, length, index = begin, tape[0, 1], 0
    growth, shortest = FIRST_GROWTH, SHORTEST * (end - begin)
    for lane in range(kernels.width):
        scratch.relative[lane] = tables.relative
    while output < n_times and times[output] <= begin:
        for block in range(n_blocks):
            _record(kernels, directions.stacks[block, 1], block, values[output])
        output += 1
    _one_moment(kernels, scratch, tape, 0, begin, parameters)
    _begin(kernels, directions, scratch)
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
            found = _step(kernels, directions, scratch, block)
            if not found <= error:
                error = found
            if not error <= 1.0:
                break  # the others need not be tried
        small = length <= shortest
        if not error <= 1.0 and not (small and error < np.inf):
            if small:
                return output, time
            growth = LARGEST_GROWTH
            length *= max(LARGEST_CUT, SAFETY * error**-0.2) if error < np.inf else LARGEST_CUT
            continue
        while output < n_times and times[output] < stop:
            if kernels.algebraic != 0:
                _one_moment(kernels, scratch, tape, index, times[output], parameters)
                _factorize(kernels, scratch, HOLD, STAGES - 1, STAGES)
            x = (times[output] - time) / length
            _record_inside(kernels, directions, tables, scratch, length, x, values[output])
            output += 1
        _advance(directions, scratch)
        time = stop
        if error > STARTED:
            growth = LARGEST_GROWTH
        length *= max(1.0 if small else LARGEST_CUT, min(growth, SAFETY * max(error, 1e-30) ** -0.2))
    return output, time
