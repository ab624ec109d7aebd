"""One run of one member in storage that is kept ready with the model, its addresses told to the loop once.

A task of `tasks` is arrays of its own for every call: making them and packing their addresses takes twice as long as
everything else that happens around a short run. What a call changes here is copied into place instead.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from pathway.kernels.structs import array_address, struct_fields

from .interventions import NOTHING, Schedule, schedule_with_breaks
from .members import MemberRuns
from .prepared import PreparedModel, PreparedTask
from .solvers import layout
from .solvers.layout import IntegrationReport, IntegrationTask
from .tasks import (
    empty_report,
    make_task,
    member_errors,
    rows_over_time,
    run_statistics,
    running_tolerances,
)
from .trajectory import Trajectory

_TASK = {field.name: field.place for field in struct_fields(IntegrationTask)}
_VALUES = struct_fields(IntegrationReport)[0].place
_ACTIONS = slice(_TASK["schedule"], _TASK["conditions"])
_BYTES = 8
_LIMITS, _ARRAY = struct.Struct("=dddq"), struct.Struct("=qq")


class SingleRun:
    """Storage for runs of one member, one after the other.

    Parameters
    ----------
    prepared : PreparedModel
    solver : str
    events : bool
        Whether the loop carries out events.
    """

    def __init__(self, prepared: PreparedModel, solver: str, events: bool) -> None:
        model, kernels = prepared.model, prepared.kernels(1, compiled_events=events)
        n, n_parameters = len(model.species), len(model.parameters)
        rows = np.zeros((1, n)), np.zeros((1, n_parameters)), np.zeros((1, n))
        task = make_task(np.zeros(1), 0.0, *rows, schedules=[NOTHING], relative=1e-6, running=0.0)
        if events:
            from .events import EventState

            task = task._replace(conditions=EventState.initial(model).triggers)
        self._ready = PreparedTask(prepared, kernels, solver, task, empty_report(1, 1, n, kernels))
        self._tables: tuple[Any, Any] = self._ready.words
        self._ends = np.zeros(2, dtype=np.int64)
        self._nothing = self._tables[0][_ACTIONS].copy()

    @property
    def report(self) -> IntegrationReport:
        """What the last run left, but for its values."""
        return self._ready.report

    def __call__(
        self,
        times: np.ndarray,
        begin: float,
        start: np.ndarray,
        parameters: np.ndarray,
        absolute: np.ndarray,
        schedule: Schedule,
        limits: tuple[float, float, float, int],
    ) -> np.ndarray:
        """Values at the times, shape (1, n_times, n_species); `limits` as in `simulate_one`, with `running` second."""
        task, report, words = self._ready.task, self._ready.report, self._tables
        values = np.empty((1, len(times), len(start)))
        task.start_times[0] = begin
        task.starts[0], task.parameters[0], task.absolute[0] = start, parameters, absolute
        report.counts[0] = 0
        _ARRAY.pack_into(words[0], _BYTES * _TASK["times"], array_address(times), len(times))
        _LIMITS.pack_into(words[0], _BYTES * _TASK["relative"], *limits)
        words[1][_VALUES] = array_address(values) if values.size else 0
        words[1][_VALUES + 2] = len(times)
        if len(schedule.times):
            self._ends[1] = len(schedule.times)
            arrays = self._ends, *schedule
            words[0][_ACTIONS] = [word for array in arrays for word in (array_address(array), len(array))]
        else:
            words[0][_ACTIONS] = self._nothing
        self._ready()
        return values


def simulate_one(
    prepared: PreparedModel,
    times: np.ndarray,
    begin: float,
    start: np.ndarray,
    parameters: np.ndarray,
    relative: float,
    absolute: np.ndarray | None,
    schedule: Schedule,
    maximum_step: float,
    maximum_steps: int,
    solver: str,
) -> Trajectory | None:
    """The run of a model; None where it has to be run as its events come.

    Parameters
    ----------
    prepared : PreparedModel
    times : array, shape (n_times,)
    begin : float
    start : array, shape (n_species,)
    parameters : array, shape (n_parameters,)
    relative : float
    absolute : array, shape (n_species,), or None
        As in `plan_task`.
    schedule : Schedule
        Of the interventions alone.
    maximum_step : float
    maximum_steps : int
    solver : str

    Raises
    ------
    SimulationError
    """
    model, starts, executed, of_course = prepared.model, start[None], 0, False
    tolerances, running = running_tolerances(prepared, starts, relative, absolute, [schedule])
    if model.events:
        from .compiled_events import schedule_for_compiled_events
        from .scheduled_events import schedule_with_events

        what = prepared, schedule, parameters, start, begin, times
        known = schedule_with_events(*what)
        of_course = known is None
        whole = schedule_for_compiled_events(*what) if known is None else known.schedule
        if whole is None:
            return None
        schedule, executed = whole, 0 if known is None else known.executed
    elif prepared.time_switches.in_rates:
        end = float(times[-1])
        schedule = schedule_with_breaks(schedule, prepared.time_switches, parameters, start, begin, end)
    # Taking from and putting back on a list is atomic: each thread works with storage of its own.
    shelf = prepared.single_runs.setdefault((solver, of_course), [])
    run = shelf.pop() if shelf else SingleRun(prepared, solver, of_course)
    limits = relative, running, maximum_step, maximum_steps
    values = run(times, begin, start, parameters, tolerances[0], schedule, limits)
    report = run.report._replace(values=values, states=run.report.states.copy())
    counts = report.counts[0].tolist()
    trajectory = None
    if counts[layout.STATUS] == layout.DONE:
        rows = rows_over_time(parameters, schedule, times)
        statistics = run_statistics(counts, executed + counts[layout.EVENTS])
        trajectory = Trajectory(model, times, values[0], rows, report.states[0], statistics=statistics)
    elif not model.events:
        task = make_task(times, begin, starts, parameters[None], tolerances, [schedule], relative, running)
        task = task._replace(maximum_step=maximum_step, maximum_steps=maximum_steps)
        errors = member_errors(prepared, task, report, solver)
        trajectory = MemberRuns(model, task, report, errors, {}).trajectory()
    shelf.append(run)
    return trajectory
