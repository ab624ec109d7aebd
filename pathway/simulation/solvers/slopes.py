"""Forward sensitivities along the steps of a finished run: directions fill the lanes and share each factorization.

The sensitivities S = dy/dp obey the linear equation  M S' = J(t) S + df/dp(t)  along the trajectory. A diagonally
implicit Runge-Kutta method solves it without products with the Jacobian and without second derivatives:

    (M / (gamma h) - J_i) S_i = M / (gamma h) B_i + (df/dp)_i,
    B_i = S + sum_j a_ij K_j,     K_i = (S_i - B_i) / gamma,

K_i being h times the slope. J_i is the Jacobian at the dense output of the run, which is of order 4, enough for order
5 here. One factorization per stage serves all directions, and a stage costs a direction one solve.

The method is ESDIRK5(4)7L[2]SA2 of Kennedy & Carpenter, Diagonally implicit Runge-Kutta methods for stiff ODEs,
Applied Numerical Mathematics 146 (2019), doi:10.1016/j.apnum.2019.07.008: L-stable, stiffly accurate, stage order 2.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from pathway.kernels import calls
from pathway.kernels.vectors import PADDING, combine

from .compilation import compiled, inlined
from .layout import TAPE_HEAD

STAGES = 7
HOLD = 1e14
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


class SlopeKernels(NamedTuple):
    """Addresses and sizes; `solve_shared` and `multiply_shared` have `width` lanes, the others one."""

    jacobian: int
    factor: int
    parameter_jacobian: int
    solve_shared: int
    multiply_shared: int
    width: int
    n_species: int
    algebraic: int


class Directions(NamedTuple):
    """The sensitivities in blocks of lanes, and where df/dp enters them."""

    stacks: np.ndarray
    """Shape (n_blocks, 1 + STAGES, n_species * width, padded): the sensitivities, then K_1 ... K_7."""
    saved: np.ndarray
    """Shape (n_blocks, padded)."""
    entries: np.ndarray
    """Of the parameter Jacobian, by block."""
    places: np.ndarray
    """In the block's vectors."""
    starts: np.ndarray
    """Where each block's entries begin, shape (n_blocks + 1,)."""
    weights: np.ndarray
    """How much of the named parameter the present one carries, per entry."""


class SlopeTables(NamedTuple):
    """Coefficients for `combine`, and the rule for the size of the steps."""

    sums: np.ndarray
    """Row i: 1 and a_ij; row 7: 0 and b - embedded; row 8: filled in for an output."""
    dense: np.ndarray
    nodes: np.ndarray
    gamma: float
    relative: float
    """Relative tolerance of the sensitivities; 0: follow the steps of the run."""


class SlopeScratch(NamedTuple):
    """Working storage."""

    point: np.ndarray
    time: np.ndarray
    jacobian: np.ndarray
    factors: np.ndarray
    shift: np.ndarray
    worst: np.ndarray
    by_parameter: np.ndarray
    base: np.ndarray
    result: np.ndarray
    mass: np.ndarray
    floor: np.ndarray
    """Smallest size of a sensitivity that counts in the error, like a block's vectors, shape (n_blocks, padded)."""


def tables(relative: float) -> SlopeTables:
    """The method in the layout of the loop."""
    sums = np.zeros((STAGES + 2, STAGES + 1))
    sums[:STAGES, 0] = 1.0
    sums[:STAGES, 1:] = np.tril(A, -1)
    sums[STAGES, 1:] = A[6] - EMBEDDED
    return SlopeTables(sums, dense_weights(), NODES, GAMMA, relative)


def padded(n_species: int, width: int) -> int:
    """Entries of a block's vectors."""
    return (n_species * width + PADDING - 1) // PADDING * PADDING


@inlined
def _model(kernels, scratch, row, time, parameters):
    """Jacobian and df/dp at a time inside the step of a tape row."""
    n = kernels.n_species
    x = (time - row[0]) / row[1]
    rest = 1.0 - x
    for k in range(n):
        bend = row[TAPE_HEAD + 2 * n + k] + x * (row[TAPE_HEAD + 3 * n + k] + x * row[TAPE_HEAD + 4 * n + k])
        scratch.point[k] = rest * row[TAPE_HEAD + k] + x * (row[TAPE_HEAD + n + k] + rest * bend)
    scratch.time[0] = time
    calls.right_hand_side(kernels.jacobian, scratch.time, scratch.point, parameters, scratch.jacobian)
    calls.right_hand_side(kernels.parameter_jacobian, scratch.time, scratch.point, parameters, scratch.by_parameter)


@inlined
def _add_parameters(directions, scratch, block, vector):
    for k in range(directions.starts[block], directions.starts[block + 1]):
        vector[directions.places[k]] += directions.weights[k] * scratch.by_parameter[directions.entries[k]]


@inlined
def _settle(kernels, directions, scratch, block, vector):
    """The algebraic rows of a block's sensitivities from the others, which a huge shift holds (factors at hand)."""
    used, result = kernels.n_species * kernels.width, scratch.result
    for k in range(used):
        result[k] = HOLD * scratch.mass[k] * vector[k]
    _add_parameters(directions, scratch, block, result)
    calls.solve(kernels.solve_shared, scratch.factors, result)
    for k in range(used):
        if scratch.mass[k] == 0.0:
            vector[k] = result[k]


@inlined
def _holding_factors(kernels, scratch):
    scratch.shift[0] = HOLD
    calls.factor(kernels.factor, scratch.jacobian, scratch.shift, scratch.factors, scratch.worst)


@inlined
def _first_slopes(kernels, directions, scratch, length):
    """K_1 from the equation itself."""
    used = kernels.n_species * kernels.width
    for block in range(directions.stacks.shape[0]):
        stack = directions.stacks[block]
        calls.multiply(kernels.multiply_shared, scratch.jacobian, stack[0], scratch.result)
        _add_parameters(directions, scratch, block, scratch.result)
        for k in range(used):
            stack[1, k] = scratch.mass[k] * length * scratch.result[k]


@inlined
def _base(tables, stage, stack, base, size):
    if stage == 1:
        combine(1, 2, tables.sums, stage, stack, base, size)
    elif stage == 2:
        combine(1, 3, tables.sums, stage, stack, base, size)
    elif stage == 3:
        combine(1, 4, tables.sums, stage, stack, base, size)
    elif stage == 4:
        combine(1, 5, tables.sums, stage, stack, base, size)
    elif stage == 5:
        combine(1, 6, tables.sums, stage, stack, base, size)
    else:
        combine(1, 7, tables.sums, stage, stack, base, size)


@inlined
def _stage(kernels, directions, tables, scratch, stage, shift):
    """One stage of all directions; the last one leaves the new sensitivities in `saved`."""
    used = kernels.n_species * kernels.width
    size = directions.stacks.shape[2]
    base, result, mass = scratch.base[0], scratch.result, scratch.mass
    for block in range(directions.stacks.shape[0]):
        stack = directions.stacks[block]
        _base(tables, stage, stack, scratch.base, size)
        for k in range(used):
            result[k] = shift * mass[k] * base[k]
        _add_parameters(directions, scratch, block, result)
        calls.solve(kernels.solve_shared, scratch.factors, result)
        slopes = stack[stage + 1]
        inverse = 1.0 / tables.gamma
        for k in range(used):
            slopes[k] = inverse * mass[k] * (result[k] - base[k])
        if stage == 6:
            saved = directions.saved[block]
            for k in range(used):
                saved[k] = result[k]


@inlined
def _error(kernels, directions, tables, scratch):
    """Largest over directions of the root mean square of the error estimate over the tolerance.

    The difference to the embedded method goes through the last stage's factors, as stiff components would otherwise
    seem far worse than they are (Hosea & Shampine, Applied Numerical Mathematics 20, 1996).
    """
    width, n, size = kernels.width, kernels.n_species, directions.stacks.shape[2]
    largest = 0.0
    for block in range(directions.stacks.shape[0]):
        stack, saved, floor = directions.stacks[block], directions.saved[block], scratch.floor[block]
        combine(1, 8, tables.sums, 7, stack, scratch.base, size)
        result = scratch.result
        for k in range(n * width):
            result[k] = scratch.shift[0] * scratch.mass[k] * scratch.base[0, k]
        calls.solve(kernels.solve_shared, scratch.factors, result)
        for lane in range(width):
            total = 0.0
            for k in range(lane, n * width, width):
                tolerance = tables.relative * max(abs(stack[0, k]), abs(saved[k])) + floor[k]
                scaled = result[k] / tolerance
                total += scaled * scaled
            largest = max(largest, total / n)
    return math.sqrt(largest)


@inlined
def _record(kernels, directions, vector, block, out):
    """One block's vector into the array (species, direction)."""
    width = kernels.width
    for lane in range(width):
        direction = block * width + lane
        if direction < out.shape[1]:
            for k in range(kernels.n_species):
                out[k, direction] = vector[k * width + lane]


@inlined
def _record_inside(kernels, directions, tables, scratch, x, out):
    """The sensitivities at a share `x` of the step."""
    size = directions.stacks.shape[2]
    tables.sums[8, 0] = 1.0
    for i in range(7):
        weight = 0.0
        for k in range(3, -1, -1):
            weight = x * (weight + tables.dense[i, k])
        tables.sums[8, i + 1] = weight
    for block in range(directions.stacks.shape[0]):
        combine(1, 8, tables.sums, 8, directions.stacks[block], scratch.base, size)
        if kernels.algebraic != 0:
            _settle(kernels, directions, scratch, block, scratch.base[0])
        _record(kernels, directions, scratch.base[0], block, out)


@compiled
def walk(kernels, tables, directions, scratch, tape, parameters, times, output, values):
    """Carry the sensitivities along the rows of the tape; returns the next output, and the factorizations used."""
    fresh, last_length, work = True, 1.0, 0
    size = directions.stacks.shape[2]
    n_blocks = directions.stacks.shape[0]
    for index in range(tape.shape[0]):
        row = tape[index]
        begin, end = row[0], row[2]
        while output < times.shape[0] and times[output] <= begin:
            for block in range(n_blocks):
                _record(kernels, directions, directions.stacks[block, 0], block, values[output])
            output += 1
        time, parts = begin, 1
        while time < end:
            length = (end - begin) / parts
            last = time + 1.5 * length > end
            if last:
                length = end - time
            if fresh:
                _model(kernels, scratch, row, time, parameters)
                if kernels.algebraic != 0:
                    _holding_factors(kernels, scratch)
                    for block in range(n_blocks):
                        _settle(kernels, directions, scratch, block, directions.stacks[block, 0])
                _first_slopes(kernels, directions, scratch, length)
            elif length != last_length:
                for block in range(n_blocks):
                    for k in range(size):
                        directions.stacks[block, 1, k] *= length / last_length
            fresh, last_length = False, length
            shift = 1.0 / (tables.gamma * length)
            scratch.shift[0] = shift
            for stage in range(1, 7):
                moment = end if last and stage == 6 else time + tables.nodes[stage] * length
                _model(kernels, scratch, row, moment, parameters)
                calls.factor(kernels.factor, scratch.jacobian, scratch.shift, scratch.factors, scratch.worst)
                _stage(kernels, directions, tables, scratch, stage, shift)
                work += 1
            if tables.relative > 0.0 and parts < 256:
                error = _error(kernels, directions, tables, scratch)
                if not error <= 1.0:
                    # Smaller parts for the rest of this step.
                    parts = max(2 * parts, int(parts * min(8.0, 1.2 * error**0.2)) + 1)
                    continue
            stop = end if last else time + length
            while output < times.shape[0] and times[output] < stop:
                if kernels.algebraic != 0:
                    _model(kernels, scratch, row, times[output], parameters)
                    _holding_factors(kernels, scratch)
                _record_inside(kernels, directions, tables, scratch, (times[output] - time) / length, values[output])
                output += 1
            for block in range(n_blocks):
                stack = directions.stacks[block]
                for k in range(size):
                    stack[0, k] = directions.saved[block, k]
                    stack[1, k] = stack[7, k]
            time = stop
    return output, work
