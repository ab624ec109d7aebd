"""`simulate`: one run."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np

from pathway.equations import Model
from pathway.errors import public

from .checks import checked_limits, checked_row, checked_slopes, checked_times, checked_tolerances
from .errors import failure
from .interventions import Intervention, Schedule, schedule_of, with_breaks
from .prepared import SMALL, Prepared, prepare
from .solvers import layout
from .solvers.layout import Kernels, Report, Task
from .trajectory import Statistics, Trajectory

Values = Mapping[str, float] | Sequence[float] | np.ndarray | None

MAXIMUM_STEPS = 100_000


@public
def simulate(
    model: Model,
    times: Sequence[float] | np.ndarray,
    *,
    parameters: Values = None,
    initial: Values = None,
    interventions: Sequence[Intervention] = (),
    relative_tolerance: float = 1e-6,
    absolute_tolerance: float | Sequence[float] | np.ndarray | None = None,
    sensitivities: Sequence[str] | None = None,
    initial_sensitivities: np.ndarray | None = None,
    start: float | None = None,
    maximum_step: float | None = None,
    maximum_steps: int = MAXIMUM_STEPS,
    wall_time: float | None = None,
    solver: str = "Rodas5P",
) -> Trajectory:
    """The course of a model over time.

    Parameters
    ----------
    model : Model
    times : array, shape (n_times,)
        Moments to record, ascending, in the model's time unit.
    parameters : array of shape (n_parameters,), mapping of some names, or None
        None: the model's own.
    initial : array of shape (n_species,), mapping of some names, or None
        State at the start; None: the model's initial formulas at these parameters.
    interventions : sequence of Intervention
        In any order; at its own time an intervention has already happened.
    relative_tolerance : float
    absolute_tolerance : float, array of shape (n_species,), or None
        None: 1e-9 of each species' own scale. That is the declared scale, else the initial value, else a millionth
        of the largest initial value or dose of the same unit; and never less than the largest value it has had so far.
    sensitivities : sequence of str, optional
        Parameters, or species for their initial values.
    initial_sensitivities : array, shape (n_species, n_sensitivities), optional
        Derivative of `initial` by each name, as `steady_state_sensitivities` gives it; None: that of the initial
        formulas, or 0 by parameters if `initial` is given.
    start : float, optional
        When the run begins; None: the model's own start time.
    maximum_step, wall_time : float, optional
        In the model's time unit; in seconds.
    maximum_steps : int
    solver : str
        A name of `pathway.simulation.solvers.METHODS`.

    Returns
    -------
    Trajectory

    Raises
    ------
    ValueError
        One line naming the argument.
    SimulationError
        With time, state and the fastest-changing species; or naming a switch of the rates at which a sensitivity that
        is asked for does not exist.

    Notes
    -----
    Where a piecewise, comparison, floor or ceil of a rate changes at a moment that depends on what is asked for,
    sensitivities jump (`pathway.simulation.hybrid`); at the very moment of such a jump they are those after it.
    The tolerance holds for a sensitivity on the scale of its species over its parameter. One that is a small difference
    of large effects has fewer digits: in Bachmann 2011 CISRNA hardly depends on its turnover number, p dy/dp being
    1.6e-4 of y, and at a tolerance of 1e-6 that slope is right to 0.4 % (7e-7 of y), at 1e-8 to 3e-5.
    """
    prepared = prepare(model)
    begin = model.start_time if start is None else float(start)
    times = checked_times(times, begin)
    p = checked_row("parameters", parameters, model.parameters, model.parameter_values, model)
    y = checked_row("initial", initial, model.species, prepared.starts(p), model)
    relative, absolute = checked_tolerances(relative_tolerance, absolute_tolerance, len(model.species))
    checked_limits(maximum_step, maximum_steps, wall_time)
    end = float(times[-1])
    schedule = schedule_of(model, interventions, begin, end)
    if not model.events:
        schedule = with_breaks(schedule, prepared.time_switches, p, y, begin, end)
    running = 0.0
    if absolute is None:
        running, absolute = SMALL, prepared.usual_tolerances(y, doses_of(schedule, len(y)))
    task = make_task(times, begin, y[None], p[None], absolute[None], schedule, relative, running)
    if maximum_step is not None or maximum_steps != MAXIMUM_STEPS:
        task = task._replace(maximum_step=np.inf if maximum_step is None else maximum_step, maximum_steps=maximum_steps)
    with _UNLIMITED if wall_time is None else time_limit(task, wall_time):
        if sensitivities is not None:
            from .sensitivities import checked_names, simulate_with_sensitivities

            names = checked_names(model, sensitivities)
            slopes = prepared.start_slopes(p, names, given=initial is not None)
            if initial_sensitivities is not None:
                slopes = checked_slopes(initial_sensitivities, slopes.shape)
            return simulate_with_sensitivities(prepared, task, names, slopes, solver)
        if model.events:
            from .events import simulate_with_events

            return simulate_with_events(prepared, task, solver)
        report = run_one(prepared, prepared.kernels(1), task, solver)
    statistics = statistics_of(report.counts[0])
    used = parameters_over_time(times, p, task)
    return Trajectory(model, times, report.values[0], used, report.states[0], statistics=statistics)


def make_task(
    times: np.ndarray,
    begin: float,
    starts: np.ndarray,
    parameters: np.ndarray,
    absolute: np.ndarray,
    schedule: Schedule,
    relative: float,
    running: float,
) -> Task:
    """The task of running the rows of `starts` (or of `parameters`) with one schedule."""
    return Task(
        first=0,
        last=max(len(starts), len(parameters)),
        times=times,
        start_times=np.array([begin]),
        starts=starts,
        parameters=parameters,
        absolute=absolute,
        first_output=0,
        relative=relative,
        running=running,
        maximum_step=np.inf,
        maximum_steps=MAXIMUM_STEPS,
        pivoted=0,
        schedule=np.array([0, len(schedule.times)], dtype=np.int64) if len(schedule.times) else _NO_ACTIONS,
        action_times=schedule.times,
        action_kinds=schedule.kinds,
        action_targets=schedule.targets,
        action_values=schedule.values,
        conditions=_NO_CONDITIONS,
        stop=np.zeros(1, dtype=np.int64),
        queue=NO_QUEUE,
    )


_NO_CONDITIONS = np.zeros(1)
_NO_ACTIONS = np.zeros(2, dtype=np.int64)
_UNLIMITED = nullcontext()
NO_QUEUE = np.zeros(0, dtype=np.int64)
_NO_TAPE = np.zeros((0, 0))


def empty_report(
    n_members: int, n_times: int, n_columns: int, kernels: Kernels, end_parameters: bool, blank: bool = True
) -> Report:
    """A report to be filled in; values are nan, or (not `blank`) whatever memory holds, which the loops touch first."""
    shape = (n_members, n_times, n_columns)
    return Report(
        values=np.full(shape, np.nan) if blank else np.empty(shape),
        states=np.empty((n_members, kernels.n_species)),
        end_parameters=np.empty((n_members if end_parameters else 1, kernels.n_parameters)),
        moments=np.zeros((n_members, 2)),
        counts=np.zeros((n_members, layout.COUNTS), dtype=np.int64),
        tape=_NO_TAPE,
    )


def run_one(prepared: Prepared, kernels: Kernels, task: Task, solver: str, tape: bool = False) -> Report:
    """Run one member to its end or to an event, if asked with a tape of its steps; raises if it fails."""
    report = _run_with_tape(prepared, kernels, task, solver, tape)
    if report.counts[0, layout.STATUS] == layout.VANISHING_PIVOT:
        pivots = report.counts[0, layout.PIVOTS]
        report = _run_with_tape(prepared, kernels, task._replace(pivoted=1), solver, tape)
        report.counts[0, layout.PIVOTS] += pivots
    status = report.counts[0, layout.STATUS]
    if status not in (layout.DONE, layout.EVENT):
        raise failure_of(prepared, report, 0)
    return report


def _run_with_tape(prepared: Prepared, kernels: Kernels, task: Task, solver: str, tape: bool) -> Report:
    n_rows = prepared.notes.get("tape rows", 512) if tape else 0
    while True:
        report = empty_report(1, len(task.times), kernels.n_species, kernels, True)
        if tape:
            report = report._replace(tape=np.empty((n_rows, layout.TAPE_HEAD + 5 * kernels.n_species)))
        prepared.run(kernels, solver, task, report)
        if report.counts[0, layout.STATUS] != layout.TAPE_FULL:
            return report
        # The next run of this model needs about as many: it need not find that out by running twice.
        n_rows = prepared.notes["tape rows"] = 4 * n_rows


def failure_of(prepared: Prepared, report: Report, member: int) -> Exception:
    """The error for a member that did not get to its end."""
    from .sliding import sliding_cause
    from .solvers.probe import right_hand_side

    time, state = float(report.moments[member, 0]), report.states[member].copy()
    row = member if len(report.end_parameters) > 1 else 0
    slope = right_hand_side(prepared.kernels(1), time, state, report.end_parameters[row])
    counts, parameters = report.counts[member], report.end_parameters[row]
    status, cause = int(counts[layout.STATUS]), ""
    if status in (layout.TOO_MANY_STEPS, layout.STEP_TOO_SMALL):
        cause = sliding_cause(prepared, time, state, parameters)
    return failure(prepared.model, status, int(counts[layout.STEPS]), time, state, slope, cause)


def statistics_of(counts: np.ndarray, events: int = 0) -> Statistics:
    """The counts of a run, named."""
    numbers = counts.tolist()
    return Statistics(
        steps=numbers[layout.STEPS],
        rejected=numbers[layout.REJECTED],
        factorizations=numbers[layout.FACTORIZATIONS],
        vanishing_pivots=numbers[layout.PIVOTS],
        events=events,
    )


def doses_of(schedule: Schedule, n_species: int) -> np.ndarray | None:
    """The largest amount that the schedule sets or adds to each species, shape (n_species,); None without any."""
    if not len(schedule.kinds):
        return None
    amounts = (schedule.kinds == layout.SET) | (schedule.kinds == layout.ADD)
    if not amounts.any():
        return None
    doses = np.zeros(n_species)
    np.maximum.at(doses, schedule.targets[amounts], np.abs(schedule.values[amounts]))
    return doses


def parameters_over_time(times: np.ndarray, parameters: np.ndarray, task: Task) -> np.ndarray:
    """Parameters as they stood at each time, shape (n_times, n_parameters)."""
    kinds = task.action_kinds
    parameters = np.ascontiguousarray(parameters)
    changes = np.flatnonzero((kinds >= layout.PARAMETER_SET) & (kinds <= layout.PARAMETER_SCALE)) if len(kinds) else ()
    if not len(changes):
        same = np.ndarray((len(times), len(parameters)), parameters.dtype, parameters, strides=(0, parameters.itemsize))
        same.flags.writeable = False
        return same
    used = np.repeat(parameters[None], len(times), axis=0)
    for k in changes:
        later, target, value = times >= task.action_times[k], task.action_targets[k], task.action_values[k]
        if kinds[k] == layout.PARAMETER_SET:
            used[later, target] = value
        elif kinds[k] == layout.PARAMETER_ADD:
            used[later, target] += value
        else:
            used[later, target] *= value
    return used


@contextmanager
def time_limit(task: Task, wall_time: float) -> Iterator[None]:
    """Tell the loop to stop when the time is over."""
    timer = threading.Timer(wall_time, _ring, (task.stop,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _ring(stop: Any) -> None:
    stop[0] = 1
