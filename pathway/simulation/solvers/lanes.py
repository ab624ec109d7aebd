"""What the Rosenbrock loop works with and on: the tableau in its layout, and the storage of a group of lanes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pathway.kernels.structs import PADDING, Integers, Table, Vector

from .layout import KernelAddresses, RosenbrockMethod
from .tableaus import ExplicitPair, Tableau

QUEUE = 32
"""Events of one lane that may wait at the same time."""

SHARED_FROM = 5
"""First stage that may build on the point of the stage before."""


CAUTION = 2.0
"""What the error estimate of an explicit step is multiplied with: at the same estimate a Rosenbrock step is as good as
it says, an explicit one of the same model where it is nearly stiff half as good."""


def rosenbrock_method(tableau: Tableau, pair: ExplicitPair | None = None) -> RosenbrockMethod:
    """The tableau in the layout of the loop, with the explicit pair for where a run is not stiff."""
    s = tableau.stages
    table = np.zeros((2 * s, s + 1))
    table[0 : 2 * s : 2, 1:] = tableau.a
    table[1 : 2 * s : 2, 1:] = tableau.c
    table[0 : 2 * s : 2, 0] = 1.0
    dense = np.zeros((3, s + 1))
    dense[: len(tableau.dense), 1:] = tableau.dense
    continues = np.array([k >= SHARED_FROM and _continues(tableau, k) for k in range(s)], dtype=np.int64)
    exponent = 1.0 / (tableau.error_order + 1)
    rows, nodes = np.zeros((0, 0)), np.zeros(0)
    if pair is not None:
        rows, nodes = np.concatenate([pair.a[1:], CAUTION * pair.error[None], pair.dense]), pair.nodes
    return RosenbrockMethod(
        s, exponent, 0.01**-exponent, tableau.gamma, table, continues, dense, tableau.nodes, tableau.d, rows, nodes
    )


def _continues(tableau: Tableau, stage: int) -> bool:
    """Whether a stage looks at the point of the stage before plus that stage."""
    before = tableau.a[stage - 1].copy()
    before[stage - 1] = 1.0
    return bool(np.array_equal(tableau.a[stage], before))


class LaneStorage(NamedTuple):
    """Working storage of a group of lanes."""

    # Vectors over (species, lane), padded for `combine`.
    stack: Table
    """Row 0: the state; row i: stage i."""
    sums: Table
    """The point of a stage, and what it carries over from the stages before."""
    carried: Table
    """The second row of `sums`."""
    new: Table
    dense: Table
    slope: Vector
    drift: Vector
    """Derivative of the right-hand side by time."""
    absolute: Vector
    ratio: Vector
    point: Vector
    inside: Vector
    """A state with species moved away from zero."""
    repaired: Vector
    """The right-hand side, or the derivative by time, there."""
    lengths: Vector
    """The step size of its lane for every entry of a vector."""
    kept: Vector
    """How columns of the Jacobian are taken: 1 near zero, -1 not at all."""
    # Other vectors with lanes innermost.
    jacobian: Vector
    near_jacobian: Vector
    """That of `inside`."""
    factors: Vector
    parameters: Vector
    observed: Vector
    # One number per lane.
    time: Vector
    step: Vector
    stage_time: Vector
    latest: Vector
    """No stage looks beyond this time: what happens at the target belongs to the next stretch."""
    target: Vector
    ends: Vector
    shift: Vector
    worst: Vector
    error: Vector
    error_inside: Vector
    """That of the output inside the step."""
    last_ease: Vector
    """The factor that the error of the last step left to its size."""
    last_step: Vector
    relative: Vector
    """Relative tolerance."""
    inverse: Vector
    """1 / step."""
    rate: Vector
    """A bound of the fastest rate of the model, when it was last asked for."""
    share: Vector
    """Where in the step the state is asked for."""
    member: Integers
    """-1: the lane is idle."""
    output: Integers
    action: Integers
    last_action: Integers
    rejections: Integers
    starting: Integers
    """1 until the step size has found its level after a jump."""
    accepted: Integers
    moved: Integers
    """Not 0: `inside` differs from the state in this lane."""
    displaced: Integers
    """2: the run has just begun or jumped, 1: and the Jacobian is that of a state nearby."""
    landed: Integers
    """1: a species was set to zero at the end of the step."""
    leaving: Integers
    """1: the Jacobian is not that of the state."""
    restarting: Integers
    explicit: Integers
    """Not 0: the lane takes explicit steps; 2: the slope at the start of the next one is in the first stage."""
    calm: Integers
    """Implicit steps in a row that explicit ones could replace, or explicit ones since `rate` was asked for."""
    wait: Integers
    """How many of the former the lane waits for."""
    fastest: Integers
    """The entry of the Jacobian that last was too large for explicit steps."""
    settled: Integers
    """The status with which solving for the algebraic species of a lane that restarts has ended."""
    # Switches of the state.
    samples: Table
    """Root functions, or switches and sizes (switch, lane), in five places of a step."""
    first: Vector
    """Switches at the start of the step, (switch, lane)."""
    returns: Vector
    """1 for one that may be elsewhere in between and returns by the end of the step."""
    coefficients: Vector
    cut: Vector
    """The share of its step at which a lane was stopped; inf: it was not."""
    # Conditions of events, (condition, lane) each.
    signs: Vector
    """Labels of the root functions (root, lane)."""
    truth: Vector
    """Conditions at the moment that is looked at."""
    truths: Vector
    """Conditions when they were last compared."""
    changed_at: Vector
    """When the course last changed one; -inf: not since something was done."""
    delays: Vector
    priorities: Vector
    values: Vector
    """New values (value, lane)."""
    crossing: Integers
    """1: the course has just changed a condition of this lane."""
    suspected: Integers
    """1: a condition may change within this step."""
    # Events that were triggered and are not yet carried out, `QUEUE` places for each lane, lanes innermost.
    waiting: Integers
    """How many, in the order in which they were triggered, shape (width,)."""
    waiting_event: Integers
    waiting_due: Vector
    waiting_values: Vector
    """(place, value, lane)."""
    checked_at: Vector
    """When events were last found not to go on without end, shape (width,)."""
    # For one lane only.
    matrix: Table


def lane_storage(kernels: KernelAddresses, method: RosenbrockMethod) -> LaneStorage:
    """Working storage for one call of `run`."""
    width, n = kernels.width, kernels.n_species
    size = (n * width + PADDING - 1) // PADDING * PADDING
    stack = np.zeros((method.stages + 1, size))
    sums, new, dense = np.zeros((2, size)), np.zeros((1, size)), np.zeros((3, size))
    others = [
        np.zeros(count * width) for count in (kernels.n_jacobian, kernels.n_jacobian, kernels.n_factor, kernels.n_slots)
    ]
    switches = kernels.n_switches * width
    samples = np.zeros((5, max(kernels.n_roots * width, 2 * switches) + 1))
    watched = [samples, np.zeros(switches + 1), np.zeros(switches + 1), np.zeros(5), np.full(width, np.inf)]
    n_conditions, n_values = kernels.n_conditions * width, kernels.n_event_values * width
    places = QUEUE * width if kernels.event_values else 0
    conditions = [np.zeros(kernels.n_roots * width + 1), *np.zeros((5, n_conditions + 1)), np.zeros(n_values + 1)]
    queue = [np.zeros(places, dtype=np.int64), np.zeros(places), np.zeros(places * kernels.n_event_values)]
    return LaneStorage(
        stack,
        sums,
        sums[1:],
        new,
        dense,
        *np.ones((9, size)),
        *others,
        np.zeros(kernels.n_observables * width),
        *np.ones((16, width)),
        *np.zeros((17, width), dtype=np.int64),
        *watched,
        *conditions,
        *np.zeros((3, width), dtype=np.int64),
        *queue,
        np.zeros(width),
        np.zeros((n, n)) if width == 1 and n <= 1000 else np.zeros((0, 0)),
    )
