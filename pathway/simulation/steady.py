"""Steady states: where nothing changes any more, one or many at a time.

The state is followed in time until it hardly moves, so that of several steady states the one is found to which the
model itself goes; Newton's method then removes what is left, and the eigenvalues of the Jacobian tell whether the state
would survive a push. Where the steady states are not isolated (what a decaying source has formed by the end depends on
the whole way) the state is followed to the end at tight tolerances. `steady_model` says what is left out.

Time goes on: what rates read of it has to die away. Events that the way meets happen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pathway.equations import Model
from pathway.errors import public_function

from .checks import Values, checked_row
from .errors import REASONS, SimulationError, simulation_error
from .prepared import absolute_share, prepare_model
from .simulate import simulate
from .solvers import layout
from .solvers.layout import IntegrationTask
from .stable import is_surely_stable
from .steady_model import SteadyEquations, SteadyModel, SteadyPath, steady_model
from .steady_refine import refined_steady_state
from .steady_slopes import SteadySlopes, inverted
from .switches import SwitchError
from .tasks import empty_report, pivot_again, plan_task, run_one

ROUNDS = 9
"""Horizons, each a hundred times as long as the one before, before giving up."""

RELAX_STEPS = 20_000
"""In each; a member that needs more, or steps too small, is given up after this many such horizons:"""

STRIKES = 3

TOLERANCE = 1e-6
"""Relative, of the way to where Newton's method takes over: the way decides between several steady states."""

TIGHT = 1e-10
"""The same where the way decides the state itself."""

CONVERGED = 1e-11
"""Largest relative correction of the last Newton step."""

CHORD = 1e-4
"""Corrections up to this leave the Jacobian as it was."""

ROUGH = 1e-3
"""Corrections up to this that do not get smaller are rounding errors of ill-conditioned equations."""

NEAR = 0.01
"""Newton's method may move a species by this share of its value; more, and the state had not yet settled."""

SPREAD = 1e-9
"""Slowest / fastest eigenvalue: below, the equations are solved again term by term."""

STILL = 1e-9
"""What does not move by more than this share in as long a time as was waited counts as at rest."""

LOST = 1e-14
"""A rate below this share of what it is the difference of has no digit that is right."""

LONGER_FOR_EVENTS, MOST_EVENTS = 6, 100
"""A run whose events go on is made twice as long, so many times at most, and not beyond so many events."""

LATER = 0.137, 0.519, 1.0
"""When rates that depend on time are looked at again, in times that were waited."""


class SteadyStateError(SimulationError):
    """No steady state was reached."""


class Stability(NamedTuple):
    """How a state answers a small push.

    Attributes
    ----------
    stable : bool
        Whether every push dies out (conserved totals, outputs, and what is absent left out).
    eigenvalues : array of complex
        Of the Jacobian, per time unit, the slowest first.
    """

    stable: bool
    eigenvalues: np.ndarray


@public_function
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
        Outputs that nothing reads and that never rest keep their initial value.

    Raises
    ------
    SteadyStateError
        With the time reached, the state there and the species that still changes fastest.

    Examples
    --------
    >>> import pathway
    >>> model = pathway.load("bt474")
    >>> state = pathway.steady_state(model)
    >>> state.shape == (len(model.species),)
    True

    Notes
    -----
    Time goes on from the start time, so that a rate that depends on it has to come to rest too. Events that happen
    within a thousand times of the slowest turnover happen on the way.

    A start that lies exactly on the border between two steady states comes to the unstable one between them, which is
    refused; where rounding takes it off that border on the way, it is rounding that decides between the two, without a
    word. Two starts a little to either side tell.
    """
    prepared = prepare_model(model)
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
    part = steady_model(model)
    states = np.array(starts, dtype=float)
    if not model.events:
        ends, problems = find_steady_states(part, states[:, part.kept], parameters, model.start_time, width)
        states[:, part.kept] = ends
    else:
        problems = {}
        for k in range(len(states)):
            try:
                states[k] = _beyond_events(part, model, states[k], parameters[k])
            except SimulationError as error:
                problems[k] = _no_state(error)
    states[list(problems)] = np.nan
    return states, problems


def _beyond_events(part: SteadyModel, model: Model, start: np.ndarray, parameters: np.ndarray) -> np.ndarray:
    """The steady state after the events that the way meets."""
    begin, state, _ = _last_event(part, model, start, parameters)
    ends, problems = find_steady_states(part, state[None, part.kept], parameters[None], begin)
    if problems:
        raise problems[0]
    state[part.kept] = ends[0]
    return state


def _last_event(
    part: SteadyModel, model: Model, start: np.ndarray, parameters: np.ndarray
) -> tuple[float, np.ndarray, int]:
    """A time after the last event, the state there, and how many there were; the start if there are none."""
    begin, state, happened = model.start_time, start.copy(), 0
    horizon = float(_horizons(part, start[None, part.kept], parameters[None], begin)[0])
    for turn in range(LONGER_FOR_EVENTS):
        time = begin + horizon * 2.0**turn
        run = simulate(model, [time], parameters=parameters, initial=start, relative_tolerance=TOLERANCE)
        if run.statistics.events == happened:
            return begin, state, happened
        happened, state, begin = run.statistics.events, run.values[-1], time
        if happened > MOST_EVENTS:
            break
    raise SimulationError(f"{model.name}: events go on happening", "events go on happening", time, {}, None)


def _no_state(error: SimulationError) -> SteadyStateError:
    if isinstance(error, SteadyStateError):
        return error
    reason = f"no steady state was reached. {error}"
    return SteadyStateError(reason, error.reason, error.time, error.state, error.species)


def stability(model: Model, state: np.ndarray, parameters: Values = None) -> Stability:
    """Whether a steady state is stable, from the eigenvalues of its Jacobian.

    Parameters
    ----------
    model : Model
    state : array, shape (n_species,)
    parameters : array, mapping or None
    """
    part = steady_model(model)
    p = checked_row("parameters", parameters, model.parameters, model.parameter_values, model)
    states = np.asarray(state, dtype=float)[None, part.kept]
    jacobians = part.jacobians(states, p[None], model.start_time)
    equations = part.equations(part.absent(states, jacobians)[0], p)
    values = _eigenvalues(part, equations, jacobians)[0]
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
    """How the steady state moves with parameters and initial values.

    By the implicit function theorem; where the way decides the state, along the way.

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

    Raises
    ------
    SteadyStateError
        If there is no steady state, or it has no slopes.
    """
    prepared = prepare_model(model)
    p = checked_row("parameters", parameters, model.parameters, model.parameter_values, model)
    y = checked_row("initial", initial, model.species, prepared.starts(p), model)
    if state is None:
        state = steady_state(model, p, initial=y)
    start_slopes = prepared.start_slopes(p, tuple(names), given=initial is not None)
    return steady_slopes(model, state, p, tuple(names), start_slopes, start=y)


def steady_slopes(
    model: Model,
    state: np.ndarray,
    parameters: np.ndarray,
    names: tuple[str, ...],
    start_slopes: np.ndarray,
    start: np.ndarray | None = None,
) -> np.ndarray:
    """As `steady_state_sensitivities`, from a known state and slopes of the start, shape (n_species, n_names)."""
    slopes, kept = _slopes(model, state, parameters, start)
    by_parameter = np.zeros((len(model.parameters), len(names)))
    for column, name in enumerate(names):
        if name in model.parameters:
            by_parameter[model.parameters.index(name), column] = 1.0
    state_slopes = np.array(start_slopes)
    state_slopes[kept] = slopes.forward(by_parameter, state_slopes[kept])
    return state_slopes


def steady_state_vjp(
    model: Model, state: np.ndarray, parameters: np.ndarray, by_state: np.ndarray, start: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The transpose of the map from slopes of parameters and start to slopes of the steady state.

    Parameters
    ----------
    model : Model
    state : array, shape (n_species,)
        The steady state.
    parameters : array, shape (n_parameters,)
    by_state : array, shape (n_species, n_columns)
        Derivatives by the steady state.
    start : array, shape (n_species,), optional
        Where the steady state was reached from.

    Returns
    -------
    by_parameters : array, shape (n_parameters, n_columns)
    by_start : array, shape (n_species, n_columns)
    """
    slopes, kept = _slopes(model, state, parameters, start)
    by_start = np.array(by_state)
    by_parameters, by_start[kept] = slopes.vjp(by_start[kept])
    return by_parameters, by_start


def _slopes(
    model: Model, state: np.ndarray, parameters: np.ndarray, start: np.ndarray | None
) -> tuple[SteadySlopes, np.ndarray]:
    part = steady_model(model)
    if model.events and start is not None and _last_event(part, model, start, parameters)[2]:
        reason = "slopes of a steady state beyond events are not known"
        raise SteadyStateError(f"{model.name}: {reason}", reason, model.start_time, {}, None)
    own = np.ascontiguousarray(state[part.kept])
    path = part.path_to(own, parameters)
    if start is not None and path is None:
        path = SteadyPath(start[part.kept], model.start_time, np.nan, np.zeros(len(own), dtype=bool))
    try:
        return SteadySlopes(part, own, parameters, path), part.kept
    except np.linalg.LinAlgError as reason:
        now = dict(zip(model.species, map(float, state), strict=True))
        raise SteadyStateError(f"{model.name}: {reason}", str(reason), model.start_time, now, None) from None


# The search.


def find_steady_states(
    part: SteadyModel, starts: np.ndarray, parameters: np.ndarray, begin: float, width: int | None = None
) -> tuple[np.ndarray, dict[int, SteadyStateError]]:
    """Steady states of the part of a model that can rest.

    Parameters
    ----------
    part : SteadyModel
    starts : array, shape (n_members, n_species)
    parameters : array, shape (n_members, n_parameters)
    begin : float
        Time of the start.
    width : int, optional

    Returns
    -------
    states : array, shape (n_members, n_species)
    problems : dict of member to error
    """
    states = np.array(starts, dtype=float)
    problems: dict[int, SteadyStateError] = {}
    if not states.size:
        return states, problems
    if part.driven and len(states) > 1:
        # Each has come to a time of its own.
        for k in range(len(states)):
            states[k : k + 1], failed = find_steady_states(part, states[k : k + 1], parameters[k : k + 1], begin, 1)
            if failed:
                problems[k] = failed[0]
        return states, problems
    with np.errstate(all="ignore"):
        now, elapsed = states.copy(), np.zeros(len(states))
        horizons = _horizons(part, states, parameters, begin)
        waiting, strikes, before = np.arange(len(states)), np.zeros(len(states), dtype=int), states.copy()
        for attempt in range(ROUNDS):
            begins, rows, last = begin + elapsed[waiting], parameters[waiting], now.copy()
            now[waiting], waited, stuck = _follow(part, now[waiting], rows, begins, horizons[waiting], width)
            elapsed[waiting] += waited
            whole = waited >= horizons[waiting]
            strikes[waiting] += ~whole
            before[waiting[whole]] = last[waiting[whole]]
            left = _ended(part, states, now, elapsed, parameters, waiting, begin, attempt == ROUNDS - 1)
            problems |= {int(waiting[k]): error for k, error in stuck.items() if waiting[k] in left}
            waiting = np.array([member for member in left if member not in problems], dtype=int)
            horizons *= 100.0
            for member in waiting.tolist():
                if attempt == ROUNDS - 1 or strikes[member] == STRIKES:
                    way = FollowedMember(begin, before[member], now[member], parameters[member], float(elapsed[member]))
                    problems[member] = _unsettled(part, way)
            waiting = np.array([member for member in waiting if member not in problems], dtype=int)
            if not len(waiting):
                break
    return states, problems


def _ended(
    part: SteadyModel,
    states: np.ndarray,
    now: np.ndarray,
    elapsed: np.ndarray,
    parameters: np.ndarray,
    waiting: np.ndarray,
    begin: float,
    last: bool,
) -> list[int]:
    """Put the steady states of waiting members in the place of their starts; those that have none yet."""
    time = begin + (elapsed[waiting[0]] if part.driven else 0.0)
    polished, settled = _polish(part, now[waiting], parameters[waiting], states[waiting], time)
    left = []
    for k, member in enumerate(waiting.tolist()):
        way = FollowedMember(begin, states[member].copy(), now[member], parameters[member], float(elapsed[member]))
        if k in settled and _stays(part, polished[k], way):
            end = _with_outputs(part, settled[k], polished[k], way)
        else:
            # Only what stood still for as long as anyone may ask: a slow process must not be taken for none.
            end = _along(part, way) if last and _is_still(part, way) else None
        if end is None:
            left.append(member)
        else:
            states[member] = end
    return left


class FollowedMember(NamedTuple):
    """How far one member has been followed."""

    begin: float
    start: np.ndarray
    now: np.ndarray
    parameters: np.ndarray
    elapsed: float

    def time(self, part: SteadyModel) -> float:
        """What the rates are read at."""
        return self.begin + (self.elapsed if part.driven else 0.0)


def _horizons(part: SteadyModel, states: np.ndarray, parameters: np.ndarray, begin: float) -> np.ndarray:
    """A time after which the slowest process should have settled, from the smallest rate of loss."""
    losses = np.abs(np.diagonal(part.jacobians(states, parameters, begin), axis1=1, axis2=2))
    losses = np.where(np.isfinite(losses) & (losses > 0.0), losses, np.inf)
    slowest = losses.min(axis=1, initial=np.inf)
    horizons = 1e3 / np.where(np.isfinite(slowest), slowest, 1.0)
    # Up to a power of two: when rates switch by time is looked up, not searched for, where it was asked for before.
    return 2.0 ** np.ceil(np.log2(horizons)) if part.driven else horizons


def _follow(
    part: SteadyModel,
    states: np.ndarray,
    parameters: np.ndarray,
    begins: np.ndarray,
    horizons: np.ndarray,
    width: int | None,
) -> tuple[np.ndarray, np.ndarray, dict[int, SteadyStateError]]:
    """Follow each member for its horizon; where it got to, how long that took, and members that got stuck."""
    prepared = part.prepared
    kernels = prepared.kernels(width)
    if part.driven:
        try:
            task = _task(part, states, parameters, float(begins[0]), float(begins[0] + horizons[0]), TOLERANCE)
        except SwitchError as error:
            return states, 0.0 * horizons, {0: _no_state(error)}
    else:
        # Each member has a horizon of its own: all end at time zero and start that long before it.
        task = _task(part, states, parameters, 0.0, 0.0, TOLERANCE)._replace(start_times=-horizons)
    task = task._replace(maximum_steps=RELAX_STEPS)
    report = empty_report(len(states), 1, kernels.n_species, kernels)
    prepared.run(kernels, "Rodas5P", task, report)
    pivot_again(prepared, task, report, "Rodas5P")
    waited, stuck = horizons.copy(), {}
    for member in np.flatnonzero(report.counts[:, layout.STATUS] != layout.DONE).tolist():
        status, steps = (int(report.counts[member, column]) for column in (layout.STATUS, layout.STEPS))
        waited[member] = float(report.moments[member, 0] - task.start_times[member])
        if status not in (layout.TOO_MANY_STEPS, layout.STEP_TOO_SMALL):
            time = float(begins[member]) + waited[member]
            stuck[member] = _problem(part, status, steps, time, report.states[member], parameters[member])
    return report.states, waited, stuck


def _task(
    part: SteadyModel, states: np.ndarray, parameters: np.ndarray, begin: float, end: float, relative: float
) -> IntegrationTask:
    share = absolute_share(relative)
    absolute = share * part.prepared.scales(states)
    return plan_task(part.prepared, np.array([end]), begin, states, parameters, relative, absolute, running=share)


def _polish(
    part: SteadyModel, states: np.ndarray, parameters: np.ndarray, starts: np.ndarray, time: float
) -> tuple[np.ndarray, dict[int, SteadyEquations]]:
    """Newton's method; the equations of members that converged to a stable state nearby without negative amounts."""
    polished = states.copy()
    settled: dict[int, SteadyEquations] = {}
    jacobians = part.jacobians(states, parameters, time)
    absent = part.absent(states, jacobians, starts)
    finite = np.isfinite(jacobians).all(axis=(1, 2))
    for equations, members in part.grouped(absent, parameters):
        # Where the slope at zero is infinite, only what is present counts.
        where = members[[finite[k] or np.isfinite(equations.matrix(jacobians[k])).all() for k in members]]
        if not len(where):
            continue
        one = states[where], parameters[where], starts[where], jacobians[where]
        polished[where], good = _newton(part, equations, *one, time)
        settled |= dict.fromkeys(where[good].tolist(), equations)
    return polished, settled


def _newton(
    part: SteadyModel,
    equations: SteadyEquations,
    states: np.ndarray,
    parameters: np.ndarray,
    starts: np.ndarray,
    jacobians: np.ndarray,
    time: float,
) -> tuple[np.ndarray, np.ndarray]:
    """`jacobians` are those of the states, shape (n_members, n_species, n_species)."""
    y, solved = states.copy(), equations.solved
    if not len(solved):
        return y, np.ones(len(y), dtype=bool)
    totals = equations.totals
    wanted = (totals @ starts[..., None])[..., 0]
    own = np.maximum(np.abs(starts), np.abs(states))[:, solved]
    floor = 1e-12 * own.max(axis=1, keepdims=True)
    least = 1e-9 * own + 1e-3 * floor + 1e-300
    running, last = np.arange(len(y)), np.full(len(y), np.inf)
    latest, inverses = jacobians, inverted(equations.matrix(jacobians))
    for step in range(20):
        every = len(running) == len(y)
        now, rows = (y, parameters) if every else (y[running], parameters[running])
        coarse = running[last[running] > CHORD] if step else running[:0]
        if len(coarse):
            latest[coarse] = part.jacobians(y[coarse], parameters[coarse], time)
            inverses[coarse] = inverted(equations.matrix(latest[coarse]))
        right = part.rates(now, rows, time).take(solved, axis=1)
        right[:, equations.replaced] = (totals @ now[..., None])[..., 0] - (wanted if every else wanted[running])
        change = ((inverses if every else inverses[running]) @ right[..., None])[..., 0]
        moved = now.take(solved, axis=1) - change
        if every:
            y[:, solved] = moved
        else:
            y[running[:, None], solved] = moved
        share = (np.abs(change) / (np.abs(moved) + (least if every else least[running]))).max(axis=1)
        last[running] = share
        running = running[(share >= CONVERGED) & (share < np.inf)]
        if not len(running):
            break
    settled = last < CONVERGED
    rough = (last < ROUGH) & ~settled
    sound = settled | rough
    before, after = states[:, solved], y[:, solved]
    near = np.abs(after - before) <= NEAR * np.maximum(np.abs(after), np.abs(before)) + 1e-6 * own + floor
    sound &= near.all(axis=1) & (after >= np.where(before < 0.0, -np.inf, -1e-9 * own - floor)).all(axis=1)
    good = np.flatnonzero(sound)
    if len(good):
        one = (y, latest, inverses) if len(good) == len(y) else (y[good], latest[good], inverses[good])
        good = good[~_surely_stable(equations, *one)]
    if len(good):
        values = _eigenvalues(part, equations, latest[good])
        size = np.abs(values)
        if values.shape[1]:
            largest = size.max(axis=1)
            rough[good] |= size.min(axis=1) < SPREAD * largest
            sound[good] &= values.real.max(axis=1) <= 1e-12 * largest
    for k in np.flatnonzero(sound & rough).tolist():
        try:
            y[k] = refined_steady_state(part, equations, y[k], parameters[k], wanted[k], time)
        except np.linalg.LinAlgError:
            sound[k] = False
    after = y[:, solved]
    rounding = np.where(before < 0.0, least, np.inf)  # what was below zero before may belong there
    y[:, solved] = np.where((after < 0.0) & (after >= -rounding), 0.0, after)
    return y, sound


def _surely_stable(
    equations: SteadyEquations, states: np.ndarray, jacobians: np.ndarray, inverses: np.ndarray
) -> np.ndarray:
    """Members whose states are stable, and their paces not too far apart, as far as that is known without
    eigenvalues, shape (n_members,); `inverses` are those of the Jacobians with the totals in place."""
    solved, (dependent, free, slopes) = equations.solved, equations.reduction
    if len(equations.follow[0]) or not len(free):
        return np.zeros(len(states), dtype=bool)
    rest = solved[free]
    rows = jacobians.take(rest, axis=1)
    matrices, own = rows.take(rest, axis=2), inverses.take(free, axis=1).take(free, axis=2)
    if len(dependent):
        matrices -= rows.take(solved[dependent], axis=2) @ slopes
    return is_surely_stable(matrices, own, states[:, rest], SPREAD)


def _eigenvalues(part: SteadyModel, equations: SteadyEquations, jacobians: np.ndarray) -> np.ndarray:
    """Of the Jacobians where totals stay what they are, shape (n_members, n)."""
    solved = equations.solved
    still, moving = equations.follow
    dependent, free, slopes = equations.reduction
    if len(still):
        # Algebraic species follow the others at once.
        matrix = jacobians[:, solved[:, None], solved]
        follow = np.linalg.solve(matrix[:, still[:, None], still], matrix[:, still[:, None], moving])
        matrix = matrix[:, moving[:, None], moving] - matrix[:, moving[:, None], still] @ follow
        matrix = matrix[:, free[:, None], free] - matrix[:, free[:, None], dependent] @ slopes
    else:
        rest, tied = solved[free], solved[dependent]
        matrix = jacobians[:, rest[:, None], rest] - jacobians[:, rest[:, None], tied] @ slopes
    if not matrix.shape[-1]:
        return np.zeros((*matrix.shape[:1], 0), dtype=complex)
    if not np.isfinite(matrix).all():
        matrix = np.where(np.isfinite(matrix), matrix, 0.0)
    return np.linalg.eigvals(matrix)


def _is_still(part: SteadyModel, way: FollowedMember) -> bool:
    """Whether what others read hardly moves any more, though Newton's method finds no isolated state."""
    state, time = way.now, way.time(part)
    rates = part.rates(state[None], way.parameters[None], time)[0]
    if not (np.isfinite(rates).all() and np.isfinite(state).all()):
        return False
    size = np.maximum(np.abs(way.start), np.abs(state))
    size = np.maximum(size, 1e-12 * np.max(size, initial=0.0))
    moving = ~part.outputs & (np.abs(rates) * way.elapsed > STILL * size)
    if moving.any():
        moving &= np.abs(rates) > 1e-14 * part.term_scales(state, way.parameters, time)
    if moving.any():
        return False
    jacobians = part.jacobians(state[None], way.parameters[None], time)
    if not np.isfinite(jacobians).all():
        return True
    equations = part.equations(part.absent(state[None], jacobians, way.start)[0], way.parameters)
    values = _eigenvalues(part, equations, jacobians)[0]
    # What grows would have left long ago, unless it began there.
    growing = values.real > np.maximum(1e-10 * np.max(np.abs(values), initial=0.0), 10.0 / way.elapsed)
    return not growing.any()


def _stays(part: SteadyModel, state: np.ndarray, way: FollowedMember) -> bool:
    """Whether time alone does not move a state any more, in as long a time as was waited."""
    if not part.driven:
        return True
    small = STILL * part.term_scales(state, way.parameters, way.time(part))
    for share in LATER:
        rates = part.rates(state[None], way.parameters[None], way.time(part) + share * way.elapsed)[0]
        if not (part.outputs | (np.abs(rates) <= small)).all():
            return False
    return True


def _along(part: SteadyModel, way: FollowedMember) -> np.ndarray | None:
    """The state at the end of the way, at tight tolerances; outputs that never rest keep their start."""
    end = _tight(part, way)
    if end is None:
        return None
    rates = np.abs(part.rates(end[None], way.parameters[None], way.time(part))[0])
    growing = part.outputs & _goes_on(rates, np.abs(end - way.start), way.elapsed)
    end[growing] = way.start[growing]
    part.remember(end, way.parameters, SteadyPath(way.start, way.begin, way.elapsed, ~growing))
    return end


def _tight(part: SteadyModel, way: FollowedMember) -> np.ndarray | None:
    """The way once more at tight tolerances; None if that fails."""
    try:
        task = _task(part, way.start[None], way.parameters[None], way.begin, way.begin + way.elapsed, TIGHT)
        return run_one(part.prepared, part.prepared.kernels(1), task, "Rodas5P").states[0].copy()
    except SimulationError:
        return None


def _goes_on(rates: np.ndarray, moved: np.ndarray, elapsed: float) -> np.ndarray:
    """Whether an output would move on as it has moved so far."""
    return (rates * elapsed > 1e-7 * moved) & (rates > 0.0)


def _with_outputs(
    part: SteadyModel, equations: SteadyEquations, state: np.ndarray, way: FollowedMember
) -> np.ndarray | None:
    """The state with its outputs: from a total, from the way, or (what never rests) as they began."""
    decided, growing = np.zeros(len(state), dtype=bool), np.zeros(len(state), dtype=bool)
    if part.outputs.any():
        state, loose = state.copy(), equations.loose
        state[part.outputs] = way.start[part.outputs]
        if len(equations.tied):
            state[equations.tied] += equations.ties @ (way.start - state)
        if len(loose):
            rates = np.abs(part.rates(state[None], way.parameters[None], way.time(part))[0, loose])
            moved = np.abs(way.now - way.start)[loose]
            growing[loose] = _goes_on(rates, moved, way.elapsed)
            decided[loose] = ~growing[loose] & (moved > 0.0)
        if decided.any():
            end = _tight(part, way)
            if end is None:
                return None
            state[decided] = end[decided]
    if decided.any() or part.driven or len(equations.solved) + part.n_outputs < len(state):
        part.remember(state, way.parameters, SteadyPath(way.start, way.begin, way.elapsed, decided))
    return state


def unbounded_outputs(part: SteadyModel, state: np.ndarray, parameters: np.ndarray, time: float) -> np.ndarray:
    """Outputs that go on changing in a steady state that was found here, shape (n_species,)."""
    path = part.path_to(state, parameters)
    start, decided = (0.0, False) if path is None else (path.start, path.decided)
    if path is not None and part.driven:
        time = path.begin + path.elapsed
    jacobians = part.jacobians(state[None], parameters[None], time)
    equations = part.equations(part.absent(state[None], jacobians, start)[0], parameters)
    unbounded = part.outputs & ~decided & (part.rates(state[None], parameters[None], time)[0] != 0.0)
    unbounded[equations.tied] = False
    return unbounded


def _unsettled(part: SteadyModel, way: FollowedMember) -> SteadyStateError:
    """Why there is no steady state: what has changed most since the last horizon, or that a push would end it."""
    model, state = part.model, way.now
    unit = f" {model.time_unit}" if model.time_unit else ""
    rates = part.rates(state[None], way.parameters[None], way.time(part))[0]
    size = np.maximum(np.abs(state), np.abs(way.start))
    moved = np.abs(state - way.start) / (size + 1e-12 * np.max(size, initial=1e-300))
    moved = np.where(part.outputs | ~np.isfinite(moved), 0.0, moved)
    values = dict(zip(model.species, map(float, state), strict=True))
    if np.max(moved, initial=0.0) > 1e-6:
        index = int(np.argmax(moved))
        name = model.species[index]
        turnover = part.term_scales(state, way.parameters, way.time(part))[index]
        if abs(rates[index]) < LOST * turnover:
            reason = (
                f"what makes '{name}' and what uses it up cancel to more than 14 digits ({turnover:.2g} per "
                f"{model.time_unit or 'time unit'} each): its change is lost in rounding; slow the exchange down"
            )
        else:
            reason = (
                f"{_swings_that_die_out(part, way) or REASONS[layout.NOT_SETTLED]}: '{name}' still changes by "
                f"{rates[index]:.4g} per {model.time_unit or 'time unit'} at {state[index]:.6g}"
            )
    else:
        name = None
        reason = "the state that it comes to is unstable: after the smallest push it would go elsewhere"
    message = f"no steady state was reached. {model.name}: after {way.elapsed:.6g}{unit}, {reason}."
    return SteadyStateError(message, reason, way.begin + way.elapsed, values, name)


def _swings_that_die_out(part: SteadyModel, way: FollowedMember) -> str:
    """That it swings about a stable state and how fast the swings die out; empty if there is no such state."""
    time = way.time(part)
    one = way.now[None], way.parameters[None]
    jacobians = part.jacobians(*one, time)
    equations = part.equations(part.absent(one[0], jacobians, way.start)[0], way.parameters)
    with np.errstate(all="ignore"):
        near, _ = _newton(part, equations, *one, way.start[None], jacobians, time)
    jacobians = part.jacobians(near, one[1], time)
    if not np.isfinite(jacobians).all():
        return ""
    values = _eigenvalues(part, equations, jacobians)[0]
    slowest = max(values, key=lambda value: value.real, default=0.0)
    if not slowest.real < 0.0 or slowest.imag == 0.0:
        return ""
    unit = f" {part.model.time_unit}" if part.model.time_unit else ""
    period, half = 2.0 * np.pi / abs(slowest.imag), np.log(2.0) / -slowest.real
    return f"it settles too slowly to be followed (swings of {period:.3g}{unit} take {half:.3g}{unit} to halve)"


def _problem(
    part: SteadyModel, status: int, steps: int, time: float, state: np.ndarray, parameters: np.ndarray
) -> SteadyStateError:
    slope = part.rates(state[None], parameters[None], part.model.start_time)[0]
    error = simulation_error(part.model, status, steps, time, state, slope)
    message = f"no steady state was reached. {error}"
    return SteadyStateError(message, error.reason, error.time, error.state, error.species)
