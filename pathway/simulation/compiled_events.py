"""Events that depend on the course, carried out by the compiled loop, which stops each lane at its own.

What the loop does not do (algebraic species, factors of new values, moments in time that events or interventions move)
is left to `EventRun`, and so is a member that the loop gives up (`solvers.event_queue` says when).
"""

from __future__ import annotations

from pathway.equations import Model

from .errors import SimulationError
from .events import EventState
from .interventions import NOTHING, Schedule, changes_moments, schedule_with_hops
from .prepared import PreparedModel, prepare_model
from .solvers.layout import IntegrationTask
from .tasks import actions_of, member_inputs, member_schedule


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
    switching, end, left = prepared.time_switches, float(task.times[-1]), list[int]()
    if not switching.chosen:
        shared = len(task.schedule) == 2
        schedules = [member_schedule(task, member) for member in range(1 if shared else task.last)]
    else:
        schedules = list[Schedule]()
        for member, (schedule, parameters, start, begin) in enumerate(member_inputs(task)):
            whole = NOTHING
            try:
                if changes_moments(schedule, switching, switching.chosen):
                    left.append(member)
                else:
                    moments = switching.moments(switching.chosen, parameters, start, begin, end)
                    whole = schedule_with_hops(schedule, moments, end)
            except SimulationError:
                left.append(member)
            schedules.append(whole)
    conditions = EventState.initial(prepared.model).triggers
    return task._replace(conditions=conditions, **actions_of(schedules)), left


def _can_be_compiled(model: Model) -> bool:
    """Whether the loop can carry out the events of a model."""
    switching = prepare_model(model).time_switches
    targets = {name for event in model.events for name in event.assignments}
    factors = any(event.factors for event in model.events)
    return not (model.algebraic or factors or targets & switching.reads(switching.chosen))
