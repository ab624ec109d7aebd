"""Events whose moments are known before the run become actions of its schedule.

A trigger that reads nothing but time, parameters and species without a rate does not depend on the course. Where that
holds for every trigger, delay, priority and factor of a model, and where each new value is known too or a straight line
in what it replaces (`A + dose`, `A / 2`), all that events do can be worked out without the course: the events are run
alone, by the same code that carries them out beside a course (`EventRun`), and what they do is written down. Then the
compiled loop carries it out as it does interventions, for many members side by side.

What depends on the course after all (a value remembered from a trigger of an earlier moment, an error) is left to
`EventRun`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from pathway.equations import Model
from pathway.equations.model import TIME
from pathway.equations.switches import held_species
from pathway.expressions import Expression, symbols
from pathway.expressions.calculus import substitute
from pathway.expressions.graph import ZERO

from .errors import SimulationError
from .events import EventFormulas, EventRun, WaitingEvent, event_formulas
from .independent_events import IndependentEvents, independent_events
from .interventions import Schedule, schedule_of_rows
from .member_moments import AT_ONCE
from .prepared import PreparedModel
from .solvers import layout
from .solvers.layout import IntegrationTask
from .straight_switches import slope_of_line
from .switches import MOST_KEPT, MomentsAhead, TimeSwitches
from .tasks import make_task, member_schedule, schedules_with_all_breaks


class ScheduledEvents(NamedTuple):
    """What happens in a run.

    Attributes
    ----------
    schedule : Schedule
        Its interventions, and what its events do.
    executed : int
        Executions of events.
    """

    schedule: Schedule
    executed: int


def schedule_with_events(
    prepared: PreparedModel,
    schedule: Schedule,
    parameters: np.ndarray,
    start: np.ndarray,
    begin: float,
    times: np.ndarray,
) -> ScheduledEvents | None:
    """The schedule with what events do, and with restarts where the rates switch; None where that is not known.

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
    clock = prepared.once(_event_clock)
    if clock is None:
        return None
    read = parameters[clock.parameters].tobytes() + start[clock.species].tobytes()
    key = clock.key(read, schedule, begin, times)
    row = parameters[None], start[None], begin, times
    (found,) = [clock.kept[key]] if key in clock.kept else clock.scheduled(prepared, [schedule], *row)
    return _with_breaks(prepared, [found], *row)[0] if prepared.time_switches.in_rates else found


def schedules_with_events(prepared: PreparedModel, task: IntegrationTask) -> list[ScheduledEvents | None]:
    """The same for each member of a task whose schedules are of interventions alone."""
    clock, n = prepared.once(_event_clock), task.last
    if clock is None:
        return [None] * n
    schedules = [member_schedule(task, k) for k in range(len(task.schedule) - 1)]
    schedules = schedules * n if len(schedules) == 1 else schedules
    parameters, starts = (np.broadcast_to(part, (n, part.shape[1])) for part in (task.parameters, task.starts))
    rows = parameters, starts, float(task.start_times[0]), task.times
    return _with_breaks(prepared, clock.scheduled(prepared, schedules, *rows), *rows)


def _with_breaks(
    prepared: PreparedModel,
    each: list[ScheduledEvents | None],
    parameters: np.ndarray,
    starts: np.ndarray,
    begin: float,
    times: np.ndarray,
) -> list[ScheduledEvents | None]:
    """What happens in each member, with restarts."""
    known = [(k, found) for k, found in enumerate(each) if found is not None]
    if not known or not prepared.time_switches.in_rates:
        return each
    refused, rows = dict[int, SimulationError](), [k for k, _ in known]
    where = prepared.time_switches, parameters[rows], starts[rows], begin, float(times[-1])
    whole = schedules_with_all_breaks([found.schedule for _, found in known], *where, refused)
    for place, ((k, found), schedule) in enumerate(zip(known, whole, strict=True)):
        cannot = place in refused or _recorded_between(schedule, times)
        each[k] = None if cannot else found._replace(schedule=schedule)
    return each


def _recorded_between(schedule: Schedule, times: np.ndarray) -> bool:
    """Whether something is recorded among the few floats over which a run hops, and something is done there."""
    breaks = schedule.kinds == layout.BREAK
    low, high, done = schedule.times[breaks], schedule.values[breaks], schedule.times[~breaks]
    acts = np.searchsorted(done, high, side="right") > np.searchsorted(done, low, side="right")
    seen = np.searchsorted(times, high, side="left") > np.searchsorted(times, low, side="left")
    return bool((acts & seen).any())


# --- what can be known --------------------------------------------------------------------------------------------


@dataclass(eq=False)
class _EventClock:
    """The events of a model that do not depend on the course.

    Attributes
    ----------
    formulas : list of EventFormulas
        Their `values` are the offsets of all targets, then the slopes: a value is offset + slope * present value.
    moving : array of bool, shape (n_species,)
        Species whose values are not known before the run.
    parameters, species : list of int
        What the events read.
    switching : TimeSwitches
        Those of the triggers.
    independent : IndependentEvents or None
        The same events, if none changes what events read.
    kept : dict
        What has happened in the last runs.
    """

    formulas: list[EventFormulas]
    moving: np.ndarray
    parameters: list[int]
    species: list[int]
    switching: TimeSwitches
    independent: IndependentEvents | None
    kept: OrderedDict[Hashable, ScheduledEvents | None] = field(default_factory=OrderedDict)

    def key(self, read: bytes, schedule: Schedule, begin: float, times: np.ndarray) -> Hashable:
        """What happens depends on no more: the values that events read, and what is done when."""
        actions = [column.tobytes() for column in schedule] if len(schedule.times) else []
        return (read, begin, float(times[0]), float(times[-1]), *actions)

    def scheduled(
        self,
        prepared: PreparedModel,
        schedules: list[Schedule],
        parameters: np.ndarray,
        starts: np.ndarray,
        begin: float,
        times: np.ndarray,
    ) -> list[ScheduledEvents | None]:
        """Of each member, without restarts; those of the last calls are kept, and members may share one."""
        read = np.concatenate([parameters[:, self.parameters], starts[:, self.species]], axis=1)
        keys = [self.key(row.tobytes(), own, begin, times) for row, own in zip(read, schedules, strict=True)]
        found = {key: self.kept[key] for key in keys if key in self.kept}
        new = {key: k for k, key in enumerate(keys) if key not in found}
        for first in range(0, len(new), AT_ONCE):
            some = [*new.values()][first : first + AT_ONCE]
            what = [schedules[k] for k in some], parameters[some], starts[some], begin, times
            found |= zip((keys[k] for k in some), self._worked_out(prepared, *what), strict=True)
        self.kept |= {key: found[key] for key in new}
        while len(self.kept) > MOST_KEPT:
            self.kept.popitem(last=False)
        return [found[key] for key in keys]

    def _worked_out(
        self,
        prepared: PreparedModel,
        schedules: list[Schedule],
        parameters: np.ndarray,
        starts: np.ndarray,
        begin: float,
        times: np.ndarray,
    ) -> list[ScheduledEvents | None]:
        """All at once, those for which that does rehearsed one by one."""
        told: list[tuple[Schedule, int] | None] = [None] * len(schedules)
        if self.independent is not None and not any(map(self._is_changed_by, schedules)):
            where = parameters, starts, begin, float(times[-1])
            told = self.independent.schedules(prepared, schedules, *where)
        rows = zip(told, schedules, parameters, starts, strict=True)
        return [
            self._rehearsed(prepared, schedule, own, start, begin, times) if each is None else ScheduledEvents(*each)
            for each, schedule, own, start in rows
        ]

    def _is_changed_by(self, schedule: Schedule) -> bool:
        """Whether an action changes what events read."""
        return any(
            target in (self.species if kind <= layout.SCALE else self.parameters)
            for kind, target in zip(schedule.kinds.tolist(), schedule.targets.tolist(), strict=True)
        )

    def _rehearsed(
        self,
        prepared: PreparedModel,
        schedule: Schedule,
        parameters: np.ndarray,
        start: np.ndarray,
        begin: float,
        times: np.ndarray,
    ) -> ScheduledEvents | None:
        state = np.where(self.moving, np.nan, start)[None]
        task = make_task(times[[0, -1]], begin, state, parameters[None], np.ones_like(state), [schedule], 1e-6, 0.0)
        run = _Rehearsal(prepared, task, "", clock=self)
        try:
            run.run()
        except SimulationError:
            return None
        return ScheduledEvents(run.schedule(), run.events.executed)


def _event_clock(model: Model) -> _EventClock | None:
    """None if an event depends on the course."""
    held = held_species(model)
    known = frozenset((TIME, *model.parameters, *held))
    formulas, read = list[EventFormulas](), set[str]()
    for event in event_formulas(model):
        parts = [_straight_line(v, model.species[k]) for v, k in zip(event.values, event.targets, strict=True)]
        offsets, slopes = [offset for offset, _ in parts], [slope for _, slope in parts]
        for place, target in enumerate(event.targets):
            if model.species[target] in held:  # its present value is known, and so is the new one
                offsets[place], slopes[place] = event.values[place], ZERO
            elif model.species[target] in model.algebraic:
                return None
        extras = [f for f in (event.delay, event.priority, *event.factors) if f is not None]
        used = symbols(*model.closed([event.event.trigger]), *extras, *offsets, *slopes)
        if not used <= known:
            return None
        formulas.append(replace(event, values=[*offsets, *slopes]))
        read |= used
    moving, switching = np.array([name not in held for name in model.species], dtype=bool), TimeSwitches(model, True)
    return _EventClock(
        formulas,
        moving,
        [k for k, name in enumerate(model.parameters) if name in read],
        [k for k, name in enumerate(model.species) if name in read],
        switching,
        independent_events(model, formulas, switching, ~moving),
    )


def _straight_line(formula: Expression, name: str) -> tuple[Expression, Expression]:
    """Offset and slope of a formula that is a straight line in one symbol; of any other the formula itself and 0."""
    slope = slope_of_line(formula, name)
    return (formula, ZERO) if slope is None else (substitute(formula, {name: ZERO}), slope)


# --- the rehearsal ------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class _Rehearsal(EventRun):
    """A run of events alone, which writes down what is done when; species that move are nan."""

    clock: _EventClock | None = None

    def __post_init__(self, continued: Any) -> None:
        super().__post_init__(continued)
        self._done: list[tuple[float, int, int, float]] = []
        self.on_action = self._note_intervention
        self.on_trigger = self._note_trigger

    def schedule(self) -> Schedule:
        """Everything that was done, in order."""
        return schedule_of_rows(self._done)

    @cached_property
    def formulas(self) -> list[EventFormulas]:
        assert self.clock is not None
        return self.clock.formulas

    @cached_property
    def _ahead(self) -> MomentsAhead:
        assert self.clock is not None
        return MomentsAhead(self.clock.switching, float(self.task.times[-1]))

    def _integrate(self, stop: float) -> None:
        self.time = max(self.time, stop)
        # A trigger in compiled code may change a float later than where its switch was isolated; a course watches it.
        if not np.array_equal(self._truths(), self.events.triggers):
            raise self._error("a trigger changes between the moments at which it was to change")

    def _settle(self) -> None:
        pass

    def _record(self) -> None:
        pass

    def _note(self, kind: int, target: int, value: float) -> None:
        self._done.append((self.time, kind, target, value))

    def _note_intervention(self, place: int) -> None:
        task = self.task
        self._note(int(task.action_kinds[place]), int(task.action_targets[place]), float(task.action_values[place]))

    def _note_trigger(self, waiting: WaitingEvent) -> None:
        waiting.context = self.time, len(self._done)

    def _assign(self, waiting: WaitingEvent, values: list[float], factors: list[float]) -> None:
        assert self.clock is not None
        targets, n = self.formulas[waiting.place].targets, len(factors)
        for target, offset, slope, factor in zip(targets, values[:n], values[n:], factors, strict=True):
            offset, slope = offset * factor, slope * factor
            if not (np.isfinite(offset) and np.isfinite(slope)):
                raise self._error("a new value is not finite")
            if not self.clock.moving[target]:
                self.state[target] = offset
            if slope == 0.0:
                self._note(layout.SET, target, offset)
                continue
            if waiting.values is not None:
                self._check_unchanged(waiting, target)
            if slope != 1.0:
                self._note(layout.SCALE, target, slope)
            if offset != 0.0:
                self._note(layout.ADD, target, offset)

    def _check_unchanged(self, waiting: WaitingEvent, target: int) -> None:
        """Refuse what is remembered from a trigger if the course, or something done since, has changed it."""
        assert isinstance(waiting.context, tuple)
        since, count = waiting.context
        done = [row[2] for row in self._done[count:] if row[1] <= layout.SCALE]
        if since != self.time or target in done:
            raise self._error("a value remembered from a trigger depends on the course")
