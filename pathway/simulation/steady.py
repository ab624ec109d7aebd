"""Steady states: where nothing changes any more, one or many at a time.

The state is followed in time until it hardly moves, so that of several steady states the one is found to which the
model itself goes; Newton's method then removes what is left. Conserved totals take the place of the equations that
they make redundant. Pure outputs (log cell number) never rest and are left out; time is held at the start time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from pathway.equations import Model, conserved_totals
from pathway.equations.model import TIME
from pathway.errors import public
from pathway.expressions import number, symbols
from pathway.expressions.calculus import substitute_all
from pathway.expressions.graph import is_number
from pathway.kernels import compile_model

from .checks import checked_row
from .errors import SimulationError, failure
from .interventions import NOTHING
from .prepared import SMALL, Prepared, prepare
from .simulate import Values, empty_report, make_task
from .solvers import layout
from .solvers.batch import evaluate_many

ROUNDS = 5
"""Times that the horizon is made a hundredfold longer before giving up."""

RELAX_STEPS = 20_000

CONVERGED = 1e-11
"""Largest relative correction of the last Newton step."""

DRIFT = 0.05
"""Newton's method may move a species by this share of its value; more, and the state had not yet settled."""


class SteadyStateError(SimulationError):
    """No steady state was reached."""


class Stability(NamedTuple):
    """How a state answers a small push.

    Attributes
    ----------
    stable : bool
        Whether every push dies out (conserved totals and outputs left out).
    eigenvalues : array of complex
        Of the Jacobian, per time unit, the slowest first.
    """

    stable: bool
    eigenvalues: np.ndarray


@dataclass(frozen=True, eq=False)
class Resting:
    """The part of a model that can come to rest.

    Attributes
    ----------
    prepared : Prepared
        A model without outputs, events and time.
    kept : array of int
        Places of its species in the original model.
    totals : array, shape (n_totals, n_kept)
        Combinations of species that stay what they are.
    replaced : array of int, shape (n_totals,)
        Rows of the Jacobian whose place they take.
    """

    prepared: Prepared
    kept: np.ndarray
    totals: np.ndarray
    replaced: np.ndarray


def resting(model: Model) -> Resting:
    """The part of the model that can rest; kept with the model."""
    notes = prepare(model).notes
    if "resting" not in notes:
        notes["resting"] = _resting(model)
    return notes["resting"]


def _resting(model: Model) -> Resting:
    kept = [i for i, name in enumerate(model.species) if name not in model.outputs]
    names = [model.species[i] for i in kept]
    formulas = model.derivatives
    driven = any(TIME in symbols(formula) for formula in formulas.values())
    part = model
    if len(kept) < len(model.species) or driven or model.events:
        closed = substitute_all([formulas[n] for n in names], {TIME: number(model.start_time)})
        part = replace(
            model,
            species=tuple(names),
            initial={n: number(0.0) for n in names},
            rates={},
            stoichiometry={},
            rate_rules={n: f for n, f in zip(names, closed, strict=True) if n not in model.algebraic},
            algebraic={n: f for n, f in zip(names, closed, strict=True) if n in model.algebraic},
            assignments={},
            observables={},
            events=(),
            outputs=frozenset(),
        )
    rows = []
    for total in conserved_totals(replace(model, events=())):
        if not set(total) & set(model.outputs):
            rows.append([total.get(n, 0.0) for n in names])
    covered = {names[k] for row in rows if np.count_nonzero(row) == 1 for k in np.flatnonzero(row)}
    for name in names:
        if is_number(formulas[name], 0.0) and name not in covered and name not in model.algebraic:
            rows.append([1.0 if n == name else 0.0 for n in names])
    totals = np.array(rows, dtype=float).reshape(len(rows), len(names))
    return Resting(prepare(part), np.array(kept, dtype=np.int64), totals, _pivots(totals))


def _pivots(totals: np.ndarray) -> np.ndarray:
    """One column per row such that the square part is regular: Gaussian elimination with column choice."""
    work, chosen = totals.copy(), []
    for row in range(len(work)):
        column = int(np.argmax(np.abs(work[row])))
        chosen.append(column)
        for other in range(row + 1, len(work)):
            work[other] -= work[other, column] / work[row, column] * work[row]
    return np.array(chosen, dtype=np.int64)


@public
def steady_state(model: Model, parameters: Values = None, *, initial: Values = None) -> np.ndarray:
    """The state in which nothing changes, reached from the initial values.

    Parameters
    ----------
    model : Model
    parameters : array of shape (n_parameters,), mapping of some names, or None
        None: the model's own.
    initial : array of shape (n_species,), mapping of some names, or None
        Where the search begins; it also decides the conserved totals.

    Returns
    -------
    array, shape (n_species,)
        Outputs keep their initial value.

    Raises
    ------
    SteadyStateError
        With the time reached, the state there and the species that still changes fastest.
    """
    prepared = prepare(model)
    p = checked_row("parameters", parameters, model.parameters, model.parameter_values, model)
    y = checked_row("initial", initial, model.species, prepared.starts(p), model)
    states, problems = steady_states(model, y[None], p[None], width=1)
    if problems:
        raise problems[0]
    return states[0]


def steady_states(
    model: Model, starts: np.ndarray, parameters: np.ndarray, *, width: int | None = None
) -> tuple[np.ndarray, dict[int, SteadyStateError]]:
    """Steady states of many members.

    Parameters
    ----------
    model : Model
    starts : array, shape (n_members, n_species)
    parameters : array, shape (n_members, n_parameters)
    width : int, optional
        Lanes; None: the machine's.

    Returns
    -------
    states : array, shape (n_members, n_species)
        nan for members that reached none.
    problems : dict of member to error
    """
    part = resting(model)
    states = np.array(starts, dtype=float)
    problems: dict[int, SteadyStateError] = {}
    moving = states[:, part.kept].copy()
    totals = moving @ part.totals.T
    horizon = _horizons(part, moving, parameters)
    waiting = np.arange(len(states))
    reached = np.zeros(len(states))
    for attempt in range(ROUNDS):
        relaxed, failed = _relax(part, moving[waiting], parameters[waiting], horizon[waiting], width)
        problems |= {int(waiting[k]): error for k, error in failed.items()}
        moving[waiting] = relaxed
        reached[waiting] += horizon[waiting]
        found, settled = _polish(part, relaxed, parameters[waiting], totals[waiting])
        settled[list(failed)] = False
        states[np.ix_(waiting[settled], part.kept)] = found[settled]
        lost = np.zeros(len(waiting), dtype=bool)
        lost[list(failed)] = True
        waiting = waiting[~settled & ~lost]
        horizon = horizon * 100.0
        if len(waiting) == 0 or attempt == ROUNDS - 1:
            break
    for member in waiting:
        problems[int(member)] = _problem(
            part, layout.NOT_SETTLED, 0, reached[member], moving[member], parameters[member]
        )
    states[list(problems)] = np.nan
    return states, problems


def stability(model: Model, state: np.ndarray, parameters: Values = None) -> Stability:
    """Whether a steady state is stable, from the eigenvalues of its Jacobian.

    Parameters
    ----------
    model : Model
    state : array, shape (n_species,)
    parameters : array, mapping or None

    Returns
    -------
    Stability
    """
    part = resting(model)
    p = checked_row("parameters", parameters, model.parameters, model.parameter_values, model)
    jacobian = _jacobians(part, np.asarray(state, dtype=float)[None, part.kept], p[None])[0]
    moving, still = _split(part)
    if len(still):
        # Algebraic species follow the others at once.
        follow = np.linalg.solve(jacobian[np.ix_(still, still)], jacobian[np.ix_(still, moving)])
        jacobian = jacobian[np.ix_(moving, moving)] - jacobian[np.ix_(moving, still)] @ follow
    if len(part.totals):
        # On the surface of constant totals: a basis of the directions that leave them alone.
        _, singular, rows = np.linalg.svd(part.totals[:, moving])
        basis = rows[int(np.sum(singular > 1e-12)) :].T
        jacobian = basis.T @ jacobian @ basis
    values = np.linalg.eigvals(jacobian)
    values = values[np.argsort(-values.real)]
    return Stability(bool(np.all(values.real < 0.0)), values)


def steady_state_sensitivities(
    model: Model,
    names: Sequence[str],
    parameters: Values = None,
    *,
    initial: Values = None,
    state: np.ndarray | None = None,
) -> np.ndarray:
    """How the steady state moves with parameters and initial values (implicit function theorem).

    Parameters
    ----------
    model : Model
    names : sequence of str
        Parameters, or species for their initial values (which matter through the conserved totals).
    parameters, initial : array, mapping or None
    state : array, shape (n_species,), optional
        The steady state, if it is already known.

    Returns
    -------
    array, shape (n_species, n_names)
    """
    prepared = prepare(model)
    p = checked_row("parameters", parameters, model.parameters, model.parameter_values, model)
    y = checked_row("initial", initial, model.species, prepared.starts(p), model)
    if state is None:
        state = steady_state(model, p, initial=y)
    start_slopes = prepared.start_slopes(p, tuple(names), given=initial is not None)
    return steady_slopes(model, state, p, tuple(names), start_slopes)


def steady_slopes(
    model: Model, state: np.ndarray, parameters: np.ndarray, names: tuple[str, ...], start_slopes: np.ndarray
) -> np.ndarray:
    """As `steady_state_sensitivities`, from a known state and slopes of the start, shape (n_species, n_names)."""
    part = resting(model)
    matrix = _matrices(part, state[None, part.kept], parameters[None])[0]
    right = -_parameter_slopes(part, state[part.kept], parameters, names)
    right[part.replaced] = part.totals @ start_slopes[part.kept]
    slopes = start_slopes.copy()
    slopes[part.kept] = np.linalg.solve(matrix, right)
    return slopes


def _split(part: Resting) -> tuple[np.ndarray, np.ndarray]:
    mass = part.prepared.pattern.mass
    return np.flatnonzero(mass != 0.0), np.flatnonzero(mass == 0.0)


def _jacobians(part: Resting, states: np.ndarray, parameters: np.ndarray) -> np.ndarray:
    """Dense Jacobians, shape (n_members, n, n)."""
    prepared = part.prepared
    kernels, pattern = prepared.kernels(1), prepared.pattern
    start = np.array([prepared.model.start_time])
    entries = evaluate_many(kernels, kernels.jacobian, kernels.n_jacobian, start, states, parameters)
    n = kernels.n_species
    dense = np.zeros((len(states), n, n))
    dense[:, pattern.rows, pattern.columns] = entries
    return dense


def _matrices(part: Resting, states: np.ndarray, parameters: np.ndarray) -> np.ndarray:
    """Jacobians with the conserved totals in the place of redundant rows."""
    dense = _jacobians(part, states, parameters)
    dense[:, part.replaced] = part.totals
    return dense


def _parameter_slopes(part: Resting, state: np.ndarray, parameters: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """Partial derivatives of the rates by the named parameters, shape (n_kept, n_names); 0 for initial values."""
    model = part.prepared.model
    made = compile_model(model, 1, ("parameter_jacobian",))
    pattern = made.patterns["parameter_jacobian"]
    start = np.array([model.start_time])
    kernels = part.prepared.kernels(1)
    address = made.address("parameter_jacobian")
    entries = evaluate_many(kernels, address, len(pattern), start, state[None], parameters[None])[0]
    dense = np.zeros((len(state), len(model.parameters)))
    dense[pattern.rows, pattern.columns] = entries
    columns = [model.parameters.index(n) if n in model.parameters else -1 for n in names]
    return np.where(np.array(columns) >= 0, dense[:, columns], 0.0)


def _horizons(part: Resting, states: np.ndarray, parameters: np.ndarray) -> np.ndarray:
    """A time after which the slowest process should have settled, from the smallest rate of loss."""
    losses = np.abs(np.diagonal(_jacobians(part, states, parameters), axis1=1, axis2=2))
    losses = np.where(np.isfinite(losses) & (losses > 0.0), losses, np.inf)
    slowest = losses.min(axis=1, initial=np.inf)
    return 1e3 / np.where(np.isfinite(slowest), slowest, 1.0)


def _relax(
    part: Resting, starts: np.ndarray, parameters: np.ndarray, horizons: np.ndarray, width: int | None
) -> tuple[np.ndarray, dict[int, SteadyStateError]]:
    """Follow each member for its horizon."""
    prepared = part.prepared
    kernels = prepared.kernels(width)
    # Each member has a horizon of its own: all end at time zero and start that long before it.
    absolute = SMALL * prepared.scales(starts)
    task = make_task(np.zeros(1), 0.0, starts, parameters, absolute, NOTHING, 1e-4, SMALL)
    task = task._replace(start_times=-horizons, maximum_steps=RELAX_STEPS)
    report = empty_report(len(starts), 1, kernels.n_species, kernels, False)
    prepared.run(kernels, "Rodas5P", task, report)
    problems: dict[int, SteadyStateError] = {}
    for member in np.flatnonzero(report.counts[:, layout.STATUS] != layout.DONE):
        time = float(report.moments[member, 0] + horizons[member])
        counts = report.counts[member]
        problems[int(member)] = _problem(
            part, int(counts[layout.STATUS]), int(counts[layout.STEPS]), time, report.states[member], parameters[member]
        )
    return report.states, problems


def _problem(
    part: Resting, status: int, steps: int, time: float, state: np.ndarray, parameters: np.ndarray
) -> SteadyStateError:
    prepared = part.prepared
    kernels = prepared.kernels(1)
    where = (np.array([prepared.model.start_time]), state[None], parameters[None])
    slope = evaluate_many(kernels, kernels.right_hand_side, kernels.n_species, *where)[0]
    found = failure(prepared.model, status, steps, time, state, slope)
    message = f"no steady state was reached. {found}"
    return SteadyStateError(message, found.reason, found.time, found.state, found.species)


def _polish(
    part: Resting, states: np.ndarray, parameters: np.ndarray, totals: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Newton's method from relaxed states; which members converged to a state nearby without negative amounts."""
    prepared = part.prepared
    kernels = prepared.kernels(1)
    start = np.array([prepared.model.start_time])
    y = states.copy()
    size = np.abs(states).max(axis=1, keepdims=True, initial=0.0)
    settled = np.zeros(len(y), dtype=bool)
    with np.errstate(all="ignore"):
        for _ in range(20):
            right = -evaluate_many(kernels, kernels.right_hand_side, kernels.n_species, start, y, parameters)
            right[:, part.replaced] = totals - y @ part.totals.T
            try:
                change = np.linalg.solve(_matrices(part, y, parameters), right[..., None])[..., 0]
            except np.linalg.LinAlgError:
                break
            y = y + np.where(settled[:, None], 0.0, change)
            relative = np.abs(change) / (np.abs(y) + 1e-9 * size + 1e-300)
            settled |= relative.max(axis=1, initial=0.0) < CONVERGED
            if settled.all():
                break
        moved = np.abs(y - states) <= DRIFT * np.abs(y) + 1e-6 * size
        inside = y >= np.where(np.signbit(states), -np.inf, -1e-9 * size)
        settled &= moved.all(axis=1) & inside.all(axis=1) & np.isfinite(y).all(axis=1)
    return np.where((y < 0.0) & (states >= 0.0), 0.0, y), settled
