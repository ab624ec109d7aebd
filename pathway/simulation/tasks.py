"""Runs of a model, one or many side by side: planned as a task for the compiled loops, run, and their failures told."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from typing import Any

import numpy as np

from .errors import SimulationError, simulation_error
from .interventions import NOTHING, Schedule, apply_action, schedule_with_breaks, schedules_with_breaks
from .prepared import PreparedModel, absolute_share
from .solvers import layout
from .solvers.layout import IntegrationReport, IntegrationTask, KernelAddresses
from .switches import SwitchError, TimeSwitches
from .trajectory import RunStatistics

MAXIMUM_STEPS = 100_000

LANES_FROM = 5
"""Members from which on they run side by side: four cost as much in eight lanes as one after the other."""

_NO_CONDITIONS = np.zeros(1)
_OF_PARAMETERS = (layout.PARAMETER_SET, layout.PARAMETER_ADD, layout.PARAMETER_SCALE)
_ACTIONS = ("schedule", "action_times", "action_kinds", "action_targets", "action_values")
_NO_ACTIONS = dict(zip(_ACTIONS, (np.zeros(2, dtype=np.int64), *NOTHING), strict=True))
NO_QUEUE = np.zeros(0, dtype=np.int64)
_NO_TAPE = np.zeros((0, 0))


def plan_task(
    prepared: PreparedModel,
    times: np.ndarray,
    begin: float,
    starts: np.ndarray,
    parameters: np.ndarray,
    relative: float,
    absolute: np.ndarray | None = None,
    schedules: Sequence[Schedule] = (NOTHING,),
    running: float = 0.0,
    refused: dict[int, SimulationError] | None = None,
) -> IntegrationTask:
    """The task of running members over the same times, with restarts where their rates switch at moments known before.

    Parameters
    ----------
    prepared : PreparedModel
    times : array, shape (n_times,)
    begin : float
    starts : array, shape (1 or n_members, n_species)
    parameters : array, shape (n_members, n_parameters)
    relative : float
    absolute : array, shape (n_species,) or (1 or n_members, n_species), or None
        None: the usual tolerances, which follow the relative one and the largest value that a species has had.
    schedules : sequence of Schedule
        One for all members, or one for each.
    running : float
        Absolute tolerances are at least this share of the largest value so far; 0: as given.
    refused : dict, optional
        Takes members whose switches cannot be isolated, with the reason.

    Raises
    ------
    SwitchError
        For a member whose switches cannot be isolated, where nobody takes it.
    """
    absolute, running = running_tolerances(prepared, starts, relative, absolute, schedules, running)
    if prepared.time_switches.in_rates and not prepared.model.events:
        where = prepared.time_switches, parameters, starts, begin, float(times[-1])
        schedules = schedules_with_all_breaks(list(schedules), *where, refused=refused)
    return make_task(times, begin, starts, parameters, absolute, schedules, relative, running)


def schedules_with_all_breaks(
    schedules: list[Schedule],
    switching: TimeSwitches,
    parameters: np.ndarray,
    starts: np.ndarray,
    begin: float,
    end: float,
    refused: dict[int, SimulationError] | None,
) -> list[Schedule]:
    """Each member's schedule, with restarts where its rates switch at moments known before: see `plan_task`."""
    made: list[Schedule | None] = [None]
    if len(parameters) > 1:
        made = schedules_with_breaks(schedules, switching, parameters, starts, begin, end)
    whole = list[Schedule]()
    for k, schedule in enumerate(made):
        if schedule is None:
            schedule = schedules[k if len(schedules) > 1 else 0]
            state = starts[k if len(starts) > 1 else 0]
            try:
                schedule = schedule_with_breaks(schedule, switching, parameters[k], state, begin, end)
            except SwitchError as error:
                if refused is None:
                    raise
                refused[k] = error
        whole.append(schedule)
    return whole


def running_tolerances(
    prepared: PreparedModel,
    starts: np.ndarray,
    relative: float,
    absolute: np.ndarray | None,
    schedules: Sequence[Schedule],
    running: float = 0.0,
) -> tuple[np.ndarray, float]:
    """Absolute tolerances, shape (1 or n_members, n_species), and the share of the largest value so far that they are
    at least: see `plan_task`."""
    if absolute is None:
        share = absolute_share(relative)
        return prepared.usual_tolerances(starts, largest_doses(schedules, starts.shape[1]), share), share
    return absolute[None] if absolute.ndim == 1 else absolute, running


def make_task(
    times: np.ndarray,
    begin: float,
    starts: np.ndarray,
    parameters: np.ndarray,
    absolute: np.ndarray,
    schedules: Sequence[Schedule],
    relative: float,
    running: float,
) -> IntegrationTask:
    """The task of running the rows of `starts` (or of `parameters`), with these schedules as they are."""
    return IntegrationTask(
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
        **actions_of(schedules),
        conditions=_NO_CONDITIONS,
        stop=np.zeros(1, dtype=np.int64),
        queue=NO_QUEUE,
    )


def actions_of(schedules: Sequence[Schedule] = (NOTHING,)) -> dict[str, Any]:
    """What is done in a task, by the names of its fields: one schedule for all members, or one for each."""
    if len(schedules) == 1 and not len(schedules[0].times):
        return _NO_ACTIONS
    columns = schedules[0] if len(schedules) == 1 else [np.concatenate(c) for c in zip(*schedules, strict=True)]
    ends = np.array([*accumulate((len(schedule.times) for schedule in schedules), initial=0)], dtype=np.int64)
    return dict(zip(_ACTIONS, (ends, *columns), strict=True))


def member_schedule(task: IntegrationTask, member: int) -> Schedule:
    """What is done to one member."""
    row = member if len(task.schedule) > 2 else 0
    actions = slice(*task.schedule[row : row + 2].tolist())
    columns = task.action_times, task.action_kinds, task.action_targets, task.action_values
    return Schedule(*(column[actions] for column in columns))


def single_member_task(task: IntegrationTask, member: int) -> IntegrationTask:
    """The task of one member alone."""
    pick = lambda rows: rows[member : member + 1] if len(rows) > 1 else rows  # noqa: E731
    return task._replace(
        first=0,
        last=1,
        start_times=pick(task.start_times),
        starts=np.ascontiguousarray(pick(task.starts)),
        parameters=np.ascontiguousarray(pick(task.parameters)),
        absolute=np.ascontiguousarray(pick(task.absolute)),
        queue=NO_QUEUE,
        **actions_of([member_schedule(task, member)]),
    )


def lane_width(n_members: int) -> int | None:
    """Lanes for so many members; None: as many as the machine has."""
    return 1 if n_members < LANES_FROM else None


def empty_report(
    n_members: int, n_times: int, n_columns: int, kernels: KernelAddresses, blank: bool = True
) -> IntegrationReport:
    """A report to be filled in; values are nan, or (not `blank`) whatever memory holds, which the loops touch first."""
    shape = (n_members, n_times, n_columns)
    return IntegrationReport(
        values=np.full(shape, np.nan) if blank else np.empty(shape),
        states=np.empty((n_members, kernels.n_species)),
        moments=np.zeros((n_members, 2)),
        counts=np.zeros((n_members, layout.COUNTS), dtype=np.int64),
        tape=_NO_TAPE,
    )


def run_one(
    prepared: PreparedModel, kernels: KernelAddresses, task: IntegrationTask, solver: str, tape: bool = False
) -> IntegrationReport:
    """Run one member to its end or to an event, if asked with a tape of its steps; raises if it fails."""
    report = _run_with_tape(prepared, kernels, task, solver, tape)
    if report.counts[0, layout.STATUS] == layout.VANISHING_PIVOT:
        pivots = report.counts[0, layout.PIVOTS]
        report = _run_with_tape(prepared, kernels, task._replace(pivoted=1), solver, tape)
        report.counts[0, layout.PIVOTS] += pivots
    status = report.counts[0, layout.STATUS]
    if status not in (layout.DONE, layout.EVENT):
        raise member_error(prepared, task, report, 0)
    return report


def _run_with_tape(
    prepared: PreparedModel, kernels: KernelAddresses, task: IntegrationTask, solver: str, tape: bool
) -> IntegrationReport:
    while True:
        report = empty_report(1, len(task.times), kernels.n_species, kernels)
        if tape:
            report = report._replace(tape=empty_tape(prepared))
        prepared.run(kernels, solver, task, report)
        if report.counts[0, layout.STATUS] != layout.TAPE_FULL:
            return report
        # The next run of this model needs about as many: it need not find that out by running twice.
        prepared.tape_rows *= 4


def empty_tape(prepared: PreparedModel) -> np.ndarray:
    """A tape as long as the longest that a run of the model has needed so far."""
    return np.empty((prepared.tape_rows, layout.TAPE_HEAD + 5 * len(prepared.model.species)))


def pivot_again(
    prepared: PreparedModel, task: IntegrationTask, report: IntegrationReport, solver: str, observables: bool = False
) -> None:
    """Run members whose linear systems met a vanishing pivot once more, with row exchange."""
    for member in np.flatnonzero(report.counts[:, layout.STATUS] == layout.VANISHING_PIVOT).tolist():
        kernels, pivots = prepared.kernels(1, observables), report.counts[member, layout.PIVOTS]
        again = empty_report(1, len(task.times), report.values.shape[2], kernels)
        prepared.run(kernels, solver, single_member_task(task, member)._replace(pivoted=1), again)
        for name in ("values", "states", "moments", "counts"):
            getattr(report, name)[member] = getattr(again, name)[0]
        report.counts[member, layout.PIVOTS] += pivots


def member_errors(
    prepared: PreparedModel,
    task: IntegrationTask,
    report: IntegrationReport,
    solver: str,
    observables: bool = False,
    known: Collection[int] = (),
) -> dict[int, SimulationError]:
    """Errors of the members of a finished report that did not get to their end, but for those `known` already.

    Members whose linear systems met a vanishing pivot are run again first.
    """
    if unfinished_members(report):
        pivot_again(prepared, task, report, solver, observables)
    failed = unfinished_members(report)
    return {member: member_error(prepared, task, report, member) for member in failed if member not in known}


def unfinished_members(report: IntegrationReport) -> list[int]:
    """Members that did not get to their end."""
    return [k for k, status in enumerate(report.counts[:, layout.STATUS].tolist()) if status != layout.DONE]


def member_error(
    prepared: PreparedModel, task: IntegrationTask, report: IntegrationReport, member: int
) -> SimulationError:
    """The error for a member that did not get to its end."""
    from .sliding import sliding_cause
    from .solvers.probe import evaluate_right_hand_side

    time, state = float(report.moments[member, 0]), report.states[member].copy()
    (parameters,) = parameters_over_time(task, member, np.array([time]))
    slope = evaluate_right_hand_side(prepared.kernels(1), time, state, parameters)
    counts, cause = report.counts[member], ""
    status = int(counts[layout.STATUS])
    if status in (layout.TOO_MANY_STEPS, layout.STEP_TOO_SMALL):
        cause = sliding_cause(prepared, time, state, parameters)
    return simulation_error(prepared.model, status, int(counts[layout.STEPS]), time, state, slope, cause)


def run_statistics(counts: Sequence[int], events: int = 0) -> RunStatistics:
    """The counts of a run, named."""
    return RunStatistics(
        steps=counts[layout.STEPS],
        rejected=counts[layout.REJECTED],
        factorizations=counts[layout.FACTORIZATIONS],
        vanishing_pivots=counts[layout.PIVOTS],
        events=events,
    )


def largest_doses(schedules: Sequence[Schedule], n_species: int) -> np.ndarray | None:
    """The largest amount that each schedule sets or adds to each species, shape (n_schedules, n_species); None where
    nothing is done."""
    if not any([len(schedule.kinds) for schedule in schedules]):
        return None
    doses = np.zeros((len(schedules), n_species))
    for row, schedule in zip(doses, schedules, strict=True):
        amounts = schedule.kinds <= layout.ADD  # set or added to species
        np.maximum.at(row, schedule.targets[amounts], np.abs(schedule.values[amounts]))
    return doses


def parameters_over_time(task: IntegrationTask, member: int = 0, times: np.ndarray | None = None) -> np.ndarray:
    """A member's parameters as they stood at each time (of the task), shape (n_times, n_parameters)."""
    times = task.times if times is None else times
    parameters = np.ascontiguousarray(task.parameters[member if len(task.parameters) > 1 else 0])
    return rows_over_time(parameters, member_schedule(task, member), times)


def rows_over_time(parameters: np.ndarray, schedule: Schedule, times: np.ndarray) -> np.ndarray:
    """Parameters, shape (n_parameters,), as a schedule changes them, shape (n_times, n_parameters)."""
    changes = [k for k, kind in enumerate(schedule.kinds.tolist()) if kind in _OF_PARAMETERS]
    if not changes:
        return repeated_row(parameters, len(times))
    used = np.repeat(parameters[None], len(times), axis=0)
    for k in changes:
        place = times >= schedule.times[k], schedule.targets[k]
        apply_action(schedule.kinds[k], used, place, schedule.values[k])
    return used


def repeated_row(row: np.ndarray, count: int) -> np.ndarray:
    """The same row so many times, to be read only; it is held once."""
    same = np.ndarray((count, len(row)), row.dtype, row, strides=(0, row.itemsize))
    same.flags.writeable = False
    return same


@contextmanager
def time_limit(task: IntegrationTask, wall_time: float) -> Iterator[None]:
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
