"""Events that depend on the course, carried out by the compiled loop, which stops each lane at its own.

What the loop does not do (algebraic species, factors of new values, moments in time that events or interventions move)
is left to `EventRun`, and so is a member that the loop gives up (`solvers.event_queue` says when).
"""

from __future__ import annotations

from itertools import islice

import numpy as np

from pathway.equations import Model

from .errors import SimulationError
from .events import EventState
from .interventions import NOTHING, Schedule, changes_moments, schedule_with_hops
from .prepared import PreparedModel, prepare_model
from .solvers.layout import IntegrationTask
from .tasks import actions_of, member_inputs


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
    inputs = member_inputs(task)
    if len(task.schedule) == 2 and not prepared.time_switches.chosen:
        inputs = islice(inputs, 1)  # the same for all
    schedules = [schedule_for_compiled_events(prepared, *each, task.times) for each in inputs]
    left = [member for member, schedule in enumerate(schedules) if schedule is None]
    actions = actions_of([NOTHING if schedule is None else schedule for schedule in schedules])
    return task._replace(conditions=EventState.initial(prepared.model).triggers, **actions), left


def _can_be_compiled(model: Model) -> bool:
    """Whether the loop can carry out the events of a model."""
    switching = prepare_model(model).time_switches
    targets = {name for event in model.events for name in event.assignments}
    factors = any(event.factors for event in model.events)
    return not (model.algebraic or factors or targets & switching.reads(switching.chosen))
