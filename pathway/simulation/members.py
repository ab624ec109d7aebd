"""Members of one model run to their end: one, or many in lanes and on threads; one by one where events stop them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from pathway.equations import Model

from .errors import SimulationError
from .formulas import evaluate_names, find_formula
from .prepared import PreparedModel, prepare_model
from .solvers.layout import IntegrationReport, IntegrationTask
from .tasks import (
    empty_report,
    lane_width,
    member_errors,
    parameters_over_time,
    run_statistics,
    single_member_task,
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
    model, n, n_times = prepared.model, task.last, len(task.times)
    shown = prepared if names is None else prepared.once(_showing, names)
    n_names = len(model.species) if names is None else len(names)
    if model.events:
        report = empty_report(n, n_times, n_names, shown.kernels(1), blank=False)
        return MemberRuns(model, task, report, *_run_with_events(shown, task, solver, report, names))
    kernels = shown.kernels(lane_width(n), names is not None)
    report = empty_report(n, n_times, n_names, kernels, blank=False)
    _on_threads(lambda task: shown.run(kernels, solver, task, report), task, kernels.width, workers)
    return MemberRuns(model, task, report, member_errors(shown, task, report, solver, names is not None, known), {})


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
    prepared: PreparedModel,
    task: IntegrationTask,
    solver: str,
    report: IntegrationReport,
    names: tuple[str, ...] | None,
) -> tuple[dict[int, SimulationError], dict[int, int]]:
    """Members of a model with events, one after the other; those that failed, and how many events happened."""
    from .events import EventRun

    failures, events = dict[int, SimulationError](), dict[int, int]()
    for member in range(task.last):
        run = EventRun(prepared, single_member_task(task, member), solver)
        try:
            run.run()
        except SimulationError as error:
            failures[member] = error
            continue
        values = run.values
        if names is not None:
            values = evaluate_names(prepared.model, names, task.times, values, parameters_over_time(run.task))
        report.values[member], report.states[member], report.counts[member] = values, run.state, run.counts
        events[member] = run.events.executed
    return failures, events
