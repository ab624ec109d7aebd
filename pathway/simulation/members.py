"""Members of one model run to their end: one, or many in lanes and on threads; one by one where events stop them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from pathway.equations import Model

from .errors import SimulationError
from .formulas import evaluate_names, find_formula
from .interventions import NOTHING
from .prepared import PreparedModel, prepare_model
from .solvers import layout
from .solvers.layout import IntegrationReport, IntegrationTask, KernelAddresses
from .tasks import (
    actions_of,
    empty_report,
    lane_width,
    member_errors,
    parameters_over_time,
    run_statistics,
    single_member_task,
    unfinished_members,
)
from .threads import map_on_threads, worker_count
from .trajectory import Trajectory


class MemberRuns(NamedTuple):
    """What members have come to.

    Attributes
    ----------
    model : Model
    task : IntegrationTask
    report : IntegrationReport
        Its values are of the species, or of what was asked for instead.
    failures : dict of member to SimulationError
    events : dict of member to int
        Executions of events; none of a model without.
    """

    model: Model
    task: IntegrationTask
    report: IntegrationReport
    failures: dict[int, SimulationError]
    events: dict[int, int]

    def trajectory(self, member: int = 0) -> Trajectory:
        """A member whose species were recorded.

        Raises
        ------
        SimulationError
            Why it did not get to its end.
        """
        if member in self.failures:
            raise self.failures[member]
        report, used = self.report, parameters_over_time(self.task, member)
        statistics = run_statistics(report.counts[member].tolist(), self.events.get(member, 0))
        values, end = report.values[member], report.states[member]
        return Trajectory(self.model, self.task.times, values, used, end, statistics=statistics)


def run_members(
    prepared: PreparedModel,
    task: IntegrationTask,
    solver: str,
    names: tuple[str, ...] | None = None,
    workers: int | None = 1,
    known: Collection[int] = (),
) -> MemberRuns:
    """Run a task.

    Parameters
    ----------
    prepared : PreparedModel
    task : IntegrationTask
    solver : str
    names : tuple of str, optional
        Observables, assignments or species to record instead of all species.
    workers : int, optional
        Threads; None: as many as there are cores.
    known : collection of int
        Members of which an error is known already.
    """
    shown = prepared if names is None else prepared.once(_showing, names)
    if prepared.model.events:
        return _run_with_events(prepared.model, shown, task, solver, names, workers, known)
    report, failures = _run_in_lanes(shown, task, solver, names, workers, known)
    return MemberRuns(prepared.model, task, report, failures, {})


def _run_in_lanes(
    shown: PreparedModel,
    task: IntegrationTask,
    solver: str,
    names: tuple[str, ...] | None,
    workers: int | None,
    known: Collection[int],
) -> tuple[IntegrationReport, dict[int, SimulationError]]:
    """Members side by side, and the errors of those that failed."""
    kernels = shown.kernels(lane_width(task.last), names is not None)
    report = _lane_report(shown, task, kernels, solver, names, workers)
    return report, member_errors(shown, task, report, solver, names is not None, known)


def _lane_report(
    shown: PreparedModel,
    task: IntegrationTask,
    kernels: KernelAddresses,
    solver: str,
    names: tuple[str, ...] | None,
    workers: int | None,
) -> IntegrationReport:
    """What members that run side by side have come to, as far as they get."""
    report = _blank_report(shown, task, names, kernels)
    _on_threads(lambda task: shown.run(kernels, solver, task, report), task, kernels.width, workers)
    return report


def _blank_report(
    shown: PreparedModel, task: IntegrationTask, names: tuple[str, ...] | None, kernels: KernelAddresses
) -> IntegrationReport:
    n_columns = len(shown.model.species if names is None else names)
    return empty_report(task.last, len(task.times), n_columns, kernels, blank=False)


def _showing(model: Model, names: tuple[str, ...]) -> PreparedModel:
    """The model whose observables are the names asked for."""
    return prepare_model(replace(model, observables={name: find_formula(model, name) for name in names}))


def _on_threads(work: Callable[[IntegrationTask], Any], task: IntegrationTask, width: int, workers: int | None) -> None:
    """Run a task's members on threads whose lanes take the next member whenever one is free."""
    n_workers = min(worker_count(workers), -(-(task.last - task.first) // width))
    if n_workers <= 1:
        work(task)
        return
    shared = task._replace(queue=np.array([task.first], dtype=np.int64))
    list(map_on_threads(work, [shared] * n_workers, n_workers))


def _run_with_events(
    model: Model,
    shown: PreparedModel,
    task: IntegrationTask,
    solver: str,
    names: tuple[str, ...] | None,
    workers: int | None,
    known: Collection[int],
) -> MemberRuns:
    """Members of a model with events: side by side where what events do is known before the run or can be done by the
    compiled loop, else one by one."""
    from .compiled_events import task_with_compiled_events
    from .scheduled_events import schedules_with_events

    scheduled = schedules_with_events(shown, task)
    events = {member: each.executed for member, each in enumerate(scheduled) if each is not None}
    if events:
        schedules = [NOTHING if each is None else each.schedule for each in scheduled]
        shared = all(schedule is schedules[0] for schedule in schedules)
        whole = task._replace(**actions_of(schedules[:1] if shared else schedules))
        report, failed = _run_in_lanes(shown, whole, solver, names, workers, known)
        others = [member for member, each in enumerate(scheduled) if each is None or member in failed]
    elif (compiled := task_with_compiled_events(shown, task)) is not None:
        kernels = shown.kernels(lane_width(task.last), names is not None, compiled_events=True)
        report = _lane_report(shown, compiled[0], kernels, solver, names, workers)
        others = sorted({*unfinished_members(report), *compiled[1]})
        events = dict(enumerate(report.counts[:, layout.EVENTS].tolist()))
    else:
        report, others = _blank_report(shown, task, names, shown.kernels(1)), [*range(task.last)]
    # One that fails is run once more as its events come, so that it fails with the words of such a run.
    failures = _run_as_events_come(shown, task, others, solver, names, report, events)
    return MemberRuns(model, task, report, failures, events)


def _run_as_events_come(
    prepared: PreparedModel,
    task: IntegrationTask,
    members: Collection[int],
    solver: str,
    names: tuple[str, ...] | None,
    report: IntegrationReport,
    events: dict[int, int],
) -> dict[int, SimulationError]:
    """Run members one after the other, each stopping at its events; what they come to goes into `report`, how often
    events happened into `events`.

    Returns
    -------
    dict of member to SimulationError
        Those that failed.
    """
    failures = dict[int, SimulationError]()
    if not members:
        return failures
    from .events import EventRun

    for member in members:
        run = EventRun(prepared, single_member_task(task, member), solver)
        try:
            run.run()
        except SimulationError as error:
            failures[member] = error
            events.pop(member, None)
            continue
        values = run.values
        if names is not None:
            values = evaluate_names(prepared.model, names, task.times, values, parameters_over_time(run.task))
        report.values[member], report.states[member], report.counts[member] = values, run.state, run.counts
        events[member] = run.events.executed
    return failures
