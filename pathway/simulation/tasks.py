"""Tasks that the compiled loops are given, and reports that they fill in: for one run and for many."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from .errors import SimulationError, simulation_error
from .interventions import Schedule
from .prepared import PreparedModel
from .solvers import layout
from .solvers.layout import IntegrationReport, IntegrationTask, KernelAddresses
from .trajectory import RunStatistics

MAXIMUM_STEPS = 100_000

_NO_CONDITIONS = np.zeros(1)
_NO_ACTIONS = np.zeros(2, dtype=np.int64)
NO_QUEUE = np.zeros(0, dtype=np.int64)
_NO_TAPE = np.zeros((0, 0))


def make_task(
    times: np.ndarray,
    begin: float,
    starts: np.ndarray,
    parameters: np.ndarray,
    absolute: np.ndarray,
    schedule: Schedule,
    relative: float,
    running: float,
) -> IntegrationTask:
    """The task of running the rows of `starts` (or of `parameters`) with one schedule."""
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
        schedule=np.array([0, len(schedule.times)], dtype=np.int64) if len(schedule.times) else _NO_ACTIONS,
        action_times=schedule.times,
        action_kinds=schedule.kinds,
        action_targets=schedule.targets,
        action_values=schedule.values,
        conditions=_NO_CONDITIONS,
        stop=np.zeros(1, dtype=np.int64),
        queue=NO_QUEUE,
    )


def with_schedules(task: IntegrationTask, schedules: Sequence[Schedule]) -> IntegrationTask:
    """The task with one schedule for all members, or one for each."""
    times, kinds, targets, values = map(np.concatenate, zip(*schedules, strict=True))
    ends = np.cumsum([len(schedule.times) for schedule in schedules])
    return task._replace(
        schedule=np.concatenate([[0], ends]).astype(np.int64),
        action_times=times,
        action_kinds=kinds,
        action_targets=targets,
        action_values=values,
    )


def single_member_task(task: IntegrationTask, member: int) -> IntegrationTask:
    """The task of one member alone."""
    pick = lambda rows: rows[member : member + 1] if len(rows) > 1 else rows  # noqa: E731
    row = member if len(task.schedule) > 2 else 0
    actions = slice(int(task.schedule[row]), int(task.schedule[row + 1]))
    return task._replace(
        first=0,
        last=1,
        start_times=pick(task.start_times),
        starts=np.ascontiguousarray(pick(task.starts)),
        parameters=np.ascontiguousarray(pick(task.parameters)),
        absolute=np.ascontiguousarray(pick(task.absolute)),
        queue=NO_QUEUE,
        schedule=np.array([0, actions.stop - actions.start], dtype=np.int64),
        action_times=task.action_times[actions],
        action_kinds=task.action_kinds[actions],
        action_targets=task.action_targets[actions],
        action_values=task.action_values[actions],
    )


def empty_report(
    n_members: int, n_times: int, n_columns: int, kernels: KernelAddresses, end_parameters: bool, blank: bool = True
) -> IntegrationReport:
    """A report to be filled in; values are nan, or (not `blank`) whatever memory holds, which the loops touch first."""
    shape = (n_members, n_times, n_columns)
    return IntegrationReport(
        values=np.full(shape, np.nan) if blank else np.empty(shape),
        states=np.empty((n_members, kernels.n_species)),
        end_parameters=np.empty((n_members if end_parameters else 1, kernels.n_parameters)),
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
        raise member_error(prepared, report, 0)
    return report


def _run_with_tape(
    prepared: PreparedModel, kernels: KernelAddresses, task: IntegrationTask, solver: str, tape: bool
) -> IntegrationReport:
    while True:
        report = empty_report(1, len(task.times), kernels.n_species, kernels, True)
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


def member_errors(
    prepared: PreparedModel,
    task: IntegrationTask,
    report: IntegrationReport,
    solver: str,
    observables: bool = False,
    known: Collection[int] = (),
) -> dict[int, SimulationError]:
    """Errors of the members of a finished report that did not get to their end, but for those `known` already.

    Members whose linear systems met a vanishing pivot are run again first, with row exchange.
    """
    failed: dict[int, SimulationError] = {}
    for member in np.flatnonzero(report.counts[:, layout.STATUS] != layout.DONE).tolist():
        if member in known:
            continue
        if report.counts[member, layout.STATUS] == layout.VANISHING_PIVOT:
            kernels = prepared.kernels(1, observables)
            again = empty_report(1, len(task.times), report.values.shape[2], kernels, False)
            prepared.run(kernels, solver, single_member_task(task, member)._replace(pivoted=1), again)
            for name in ("values", "states", "moments", "counts"):
                getattr(report, name)[member] = getattr(again, name)[0]
        if report.counts[member, layout.STATUS] != layout.DONE:
            row = member if len(task.parameters) > 1 else 0
            one = report._replace(end_parameters=task.parameters[row : row + 1])
            failed[member] = member_error(prepared, one, member)
    return failed


def member_error(prepared: PreparedModel, report: IntegrationReport, member: int) -> SimulationError:
    """The error for a member that did not get to its end."""
    from .sliding import sliding_cause
    from .solvers.probe import evaluate_right_hand_side

    time, state = float(report.moments[member, 0]), report.states[member].copy()
    row = member if len(report.end_parameters) > 1 else 0
    slope = evaluate_right_hand_side(prepared.kernels(1), time, state, report.end_parameters[row])
    counts, parameters = report.counts[member], report.end_parameters[row]
    status, cause = int(counts[layout.STATUS]), ""
    if status in (layout.TOO_MANY_STEPS, layout.STEP_TOO_SMALL):
        cause = sliding_cause(prepared, time, state, parameters)
    return simulation_error(prepared.model, status, int(counts[layout.STEPS]), time, state, slope, cause)


def run_statistics(counts: np.ndarray, events: int = 0) -> RunStatistics:
    """The counts of a run, named."""
    numbers = counts.tolist()
    return RunStatistics(
        steps=numbers[layout.STEPS],
        rejected=numbers[layout.REJECTED],
        factorizations=numbers[layout.FACTORIZATIONS],
        vanishing_pivots=numbers[layout.PIVOTS],
        events=events,
    )


def largest_doses(schedule: Schedule, n_species: int) -> np.ndarray | None:
    """The largest amount that the schedule sets or adds to each species, shape (n_species,); None without any."""
    if not len(schedule.kinds):
        return None
    amounts = (schedule.kinds == layout.SET) | (schedule.kinds == layout.ADD)
    if not amounts.any():
        return None
    doses = np.zeros(n_species)
    np.maximum.at(doses, schedule.targets[amounts], np.abs(schedule.values[amounts]))
    return doses


def parameters_over_time(times: np.ndarray, parameters: np.ndarray, task: IntegrationTask) -> np.ndarray:
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
