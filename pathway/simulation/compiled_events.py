"""Events that depend on the course, carried out by the compiled loop, which stops each lane at its own.

What the loop does not do (algebraic species, factors of new values, moments in time that events or interventions move)
is left to `EventRun`, and so is a member that the loop gives up (`solvers.event_queue` says when).
"""

from __future__ import annotations

import numpy as np

from pathway.equations import Model

from .errors import SimulationError
from .events import EventState
from .interventions import Schedule, changes_moments, schedule_with_hops
from .member_moments import moments_of_members
from .prepared import PreparedModel, prepare_model
from .solvers.layout import IntegrationTask
from .switches import TimeSwitches
from .tasks import actions_of, member_schedule


def schedule_for_compiled_events(
    prepared: PreparedModel,
    schedule: Schedule,
    parameters: np.ndarray,
    start: np.ndarray,
    begin: float,
    times: np.ndarray,
) -> Schedule | None:
    """What the loop that carries out events has to be told; None where it cannot run this.

    Parameters
    ----------
    prepared : PreparedModel
        Of a model with events.
    schedule : Schedule
        Of the interventions.
    parameters : array, shape (n_parameters,)
    start : array, shape (n_species,)
    begin : float
    times : array
        Moments that are recorded.
    """
    switching, end = prepared.time_switches, float(times[-1])
    if not prepared.once(_can_be_compiled) or changes_moments(schedule, switching, switching.chosen):
        return None
    if not switching.chosen:
        return schedule
    try:
        return schedule_with_hops(schedule, switching.moments(switching.chosen, parameters, start, begin, end), end)
    except SimulationError:
        return None


def task_with_compiled_events(
    prepared: PreparedModel, task: IntegrationTask
) -> tuple[IntegrationTask, list[int]] | None:
    """A task whose schedules are of interventions alone as one for the loop that carries out events.

    Returns
    -------
    IntegrationTask
    list of int
        Members that the loop cannot run.
    None
        Where it can run none.
    """
    if not prepared.once(_can_be_compiled):
        return None
    schedules = [member_schedule(task, k) for k in range(len(task.schedule) - 1)]
    left = list[int]()
    if prepared.time_switches.chosen:
        schedules, left = _schedules_with_hops(prepared.time_switches, schedules, task)
    conditions = EventState.initial(prepared.model).triggers
    return task._replace(conditions=conditions, **actions_of(schedules)), left


def _schedules_with_hops(
    switching: TimeSwitches, schedules: list[Schedule], task: IntegrationTask
) -> tuple[list[Schedule], list[int]]:
    """The schedule of each member of a task with the moments of switches, and members for which there is none."""
    n, begin, end = task.last, float(task.start_times[0]), float(task.times[-1])
    parameters = np.broadcast_to(task.parameters, (n, task.parameters.shape[1]))
    moments = moments_of_members(switching, switching.chosen, parameters, task.starts, begin, end)
    moving = [changes_moments(schedule, switching, switching.chosen) for schedule in schedules]
    left = sorted({*moments.refused, *np.flatnonzero(np.broadcast_to(moving, n)).tolist()})
    each = schedules * n if len(schedules) == 1 else schedules
    return [schedule_with_hops(s, own, end) for s, own in zip(each, moments.of_members(n), strict=True)], left


def _can_be_compiled(model: Model) -> bool:
    """Whether the loop can carry out the events of a model."""
    switching = prepare_model(model).time_switches
    targets = {name for event in model.events for name in event.assignments}
    factors = any(event.factors for event in model.events)
    return not (model.algebraic or factors or targets & switching.reads(switching.chosen))
