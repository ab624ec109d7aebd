"""What events do that read nothing which an event changes: for many members at once, without a run of events.

Doses at moments of their own are such. The truths of all triggers at all moments at which one may change are known
before anything happens, and with them what is triggered; when it is carried out, and with what values, follows.

What takes more (events at one moment among which a priority decides, or one of which changes what the other does;
moments too close to others; what is no number) is left to the run of events that `scheduled_events` makes of a member.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from pathway.equations import Model
from pathway.equations.model import TIME
from pathway.expressions import Expression, symbols
from pathway.expressions.arrays import ArrayEvaluator
from pathway.expressions.graph import ONE, ZERO

from .events import CHATTER, EXECUTIONS, MOMENTS, EventFormulas, EventState
from .interventions import Schedule
from .member_moments import MemberMoments, moments_of_members
from .prepared import PreparedModel
from .solvers import layout
from .solvers.batch import evaluate_kernel_rows
from .straight_switches import is_exact
from .switches import TimeSwitches
from .zones import member_order


class _Stops(NamedTuple):
    """Moments of members in their order; arrays of shape (n_stops,).

    Attributes
    ----------
    member : array of int
    times : array
    still : array of bool
        Whether no trigger is to change there, but for the first of a member.
    """

    member: np.ndarray
    times: np.ndarray
    still: np.ndarray


class _Triggered(NamedTuple):
    """Events that are triggered, in the order in which a member's come; arrays of one entry for each."""

    member: np.ndarray
    event: np.ndarray
    times: np.ndarray


class _Rows(NamedTuple):
    """What is done; arrays of one entry for each.

    Attributes
    ----------
    member : array of int
    order : array of int
        Of what is done at one moment: -1 for interventions, else which event it is of those triggered.
    times, kinds, targets, values : array
        As in a schedule.
    """

    member: np.ndarray
    order: np.ndarray
    times: np.ndarray
    kinds: np.ndarray
    targets: np.ndarray
    values: np.ndarray


@dataclass(frozen=True, eq=False)
class IndependentEvents:
    """The events of such a model.

    Attributes
    ----------
    model : Model
    formulas : list of EventFormulas
        Their `values` are the offsets of all targets, then the slopes: a value is offset + slope * present value.
    switching : TimeSwitches
        Those of the triggers.
    held : array of bool, shape (n_species,)
        Species whose values are known.
    """

    model: Model
    formulas: list[EventFormulas]
    switching: TimeSwitches
    held: np.ndarray

    def schedules(
        self,
        prepared: PreparedModel,
        schedules: Sequence[Schedule],
        parameters: np.ndarray,
        starts: np.ndarray,
        begin: float,
        end: float,
    ) -> list[tuple[Schedule, int] | None]:
        """The schedule of each member with what its events do, and how often one is carried out; None where that takes
        more.

        Parameters
        ----------
        prepared : PreparedModel
        schedules : sequence of Schedule
            Of the interventions of each; they change nothing that events read.
        parameters : array, shape (n_members, n_parameters)
        starts : array, shape (n_members, n_species)
        begin, end : float
        """
        run = _RunOfMembers(self, parameters, np.where(self.held, starts, np.nan), begin, end)
        triggered = run.triggered(prepared)
        for place in range(len(self.formulas)):
            run.carry_out(place, triggered)
        return run.finished(schedules)

    @cached_property
    def read(self) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
        """Parameters and species that new values, factors and delays read, with their places."""
        used = symbols(*(f for one in self.formulas for f in _formulas_of(one)))
        names = self.model.parameters, self.model.species
        of_parameters, of_species = ([(name, k) for k, name in enumerate(part) if name in used] for part in names)
        return of_parameters, of_species

    @cached_property
    def evaluators(self) -> list[tuple[ArrayEvaluator, ArrayEvaluator, ArrayEvaluator]]:
        """Delay, values and factors of each event."""
        parts = [([_or(f.delay, ZERO)], f.values, [_or(factor, ONE) for factor in f.factors]) for f in self.formulas]
        return [(ArrayEvaluator(delay), ArrayEvaluator(values), ArrayEvaluator(rest)) for delay, values, rest in parts]

    @cached_property
    def have_priorities(self) -> bool:
        return any(one.priority is not None for one in self.formulas)


def independent_events(
    model: Model, formulas: list[EventFormulas], switching: TimeSwitches, held: np.ndarray
) -> IndependentEvents | None:
    """None if an event changes what another one, or it itself, reads."""
    targets = {model.species[k] for one in formulas for k in one.targets}
    triggers = model.closed([one.event.trigger for one in formulas])
    others = [formula for one in formulas for formula in _formulas_of(one)]
    kept = all(one.delay is None or one.event.persistent for one in formulas)
    priorities = [one.priority for one in formulas if one.priority is not None]
    if targets & symbols(*triggers, *others, *priorities) or not is_exact(others) or not kept:
        return None
    return IndependentEvents(model, formulas, switching, held)


def _formulas_of(event: EventFormulas) -> list[Expression]:
    return [f for f in (event.delay, *event.factors) if f is not None] + event.values


def _or(formula: Expression | None, otherwise: Expression) -> Expression:
    return otherwise if formula is None else formula


class _RunOfMembers:
    """Members whose events are carried out.

    Attributes
    ----------
    left : array of bool, shape (n_members,)
        Members that take more.
    """

    def __init__(
        self, events: IndependentEvents, parameters: np.ndarray, known: np.ndarray, begin: float, end: float
    ) -> None:
        self.events, self.parameters, self.known = events, parameters, known
        self.begin, self.end, self.n = begin, end, len(parameters)
        switching = events.switching
        self.moments = moments_of_members(switching, switching.chosen, parameters, known, begin, end)
        self.left = np.zeros(self.n, dtype=bool)
        self.left[[*self.moments.refused]] = True
        self._rows: list[_Rows] = []
        self._carried_out: list[tuple[np.ndarray, np.ndarray]] = []

    def triggered(self, prepared: PreparedModel) -> _Triggered:
        """All that is triggered."""
        stops, kernels = _stops(self.moments, self.n, self.begin, self.end), prepared.kernels(1, events=True)
        rows = stops.times, self.known[stops.member], self.parameters[stops.member]
        truths = evaluate_kernel_rows(kernels, kernels.conditions, kernels.n_conditions, *rows)
        first = np.append(True, stops.member[1:] != stops.member[:-1])
        before = np.roll(truths, 1, axis=0)
        before[first] = EventState.initial(prepared.model).triggers
        changed = truths != before
        self.left[stops.member[changed.any(axis=1) & stops.still & ~first]] = True
        at, event = np.nonzero(changed & (truths != 0.0))
        return _Triggered(stops.member[at], event, stops.times[at])

    def carry_out(self, place: int, triggered: _Triggered) -> None:
        """Do what one event does whenever it was triggered."""
        event, evaluators = self.events.formulas[place], self.events.evaluators[place]
        order = np.flatnonzero(triggered.event == place)
        member, since = triggered.member[order], triggered.times[order]
        (delay,) = self._evaluated(evaluators[0], member, since)
        self.left[member[~(delay >= 0.0)]] = True
        due = since + delay
        done = due <= self.end
        order, member, since, due = (part[done] for part in (order, member, since, due))
        later = due != since
        self.left[member[later][self.moments.joined.inside(member[later], due[later])]] = True
        remembered = event.event.values_from_trigger_time
        new = self._evaluated(evaluators[1], member, since if remembered else due)
        factors, n = self._evaluated(evaluators[2], member, due), len(event.targets)
        for target, offset, slope, factor in zip(event.targets, new[:n], new[n:], factors, strict=True):
            offset, slope = offset * factor, slope * factor
            bad = ~(np.isfinite(offset) & np.isfinite(slope)) | (remembered & (slope != 0.0) & later)
            self.left[member[bad]] = True
            whole = slope == 0.0
            self._note(layout.SET, target, whole, member, order, due, offset)
            self._note(layout.SCALE, target, ~whole & (slope != 1.0), member, order, due, slope)
            self._note(layout.ADD, target, ~whole & (offset != 0.0), member, order, due, offset)
        self._carried_out.append((member, due))

    def _evaluated(self, formulas: ArrayEvaluator, member: np.ndarray, times: np.ndarray) -> list[np.ndarray]:
        of_parameters, of_species = self.events.read
        values = {name: self.parameters[member, k] for name, k in of_parameters}
        values |= {name: self.known[member, k] for name, k in of_species}
        return [np.broadcast_to(value, member.shape) for value in formulas({**values, TIME: times})]

    def _note(
        self,
        kind: int,
        target: int,
        chosen: np.ndarray,
        member: np.ndarray,
        order: np.ndarray,
        times: np.ndarray,
        values: np.ndarray,
    ) -> None:
        count = np.count_nonzero(chosen)
        if count:
            what = np.full(count, kind, dtype=np.int64), np.full(count, target, dtype=np.int64)
            self._rows.append(_Rows(member[chosen], order[chosen], times[chosen], *what, values[chosen]))

    def finished(self, schedules: Sequence[Schedule]) -> list[tuple[Schedule, int] | None]:
        """What is done to each member in all."""
        executed = self._counts()
        rows = [_interventions(schedules), *self._rows]
        member, order, *columns = (np.concatenate(part) for part in zip(*rows, strict=True))
        actions = member[order < 0], columns[0][order < 0]
        self.left[actions[0][self.moments.joined.inside(*actions)]] = True
        sequence = np.lexsort((order, columns[0], member))
        member, order, *columns = (part[sequence] for part in (member, order, *columns))
        self._leave_collisions(member, order, columns[0], columns[2])
        ends = np.searchsorted(member, np.arange(self.n + 1)).tolist()
        whole = [Schedule(*(column[ends[k] : ends[k + 1]] for column in columns)) for k in range(self.n)]
        left = self.left.tolist()
        return [None if left[k] else (whole[k], executed[k]) for k in range(self.n)]

    def _counts(self) -> list[int]:
        """How often events of each member are carried out; members in which that is not to be told so easily are
        left."""
        member, due = (np.concatenate(part) for part in zip(*self._carried_out, strict=True))
        order = member_order(member, due)
        member, due = member[order], due[order]
        if self.events.have_priorities:
            self.left[member[1:][(member[1:] == member[:-1]) & (due[1:] == due[:-1])]] = True
        # So many within hardly any time may go on without end.
        near = CHATTER * max(abs(self.end), abs(self.begin), self.end - self.begin)
        crowded = (member[MOMENTS:] == member[:-MOMENTS]) & (due[MOMENTS:] - due[:-MOMENTS] <= near)
        self.left[member[MOMENTS:][crowded]] = True
        counts = np.bincount(member, minlength=self.n)
        self.left[counts > EXECUTIONS] = True
        return counts.tolist()

    def _leave_collisions(self, member: np.ndarray, order: np.ndarray, times: np.ndarray, targets: np.ndarray) -> None:
        """Leave members in which two events change the same at one moment."""
        by_target = np.lexsort((targets, times, member))
        member, order, times, targets = (part[by_target] for part in (member, order, times, targets))
        same = [part[1:] == part[:-1] for part in (member, times, targets)]
        both = np.logical_and.reduce(same) & (order[1:] != order[:-1]) & (order[1:] >= 0) & (order[:-1] >= 0)
        self.left[member[1:][both]] = True


def _stops(moments: MemberMoments, n: int, begin: float, end: float) -> _Stops:
    """The start, the moments around each change, and the end.

    What is still at one moment stands before what may change there.
    """
    every, (member, low, _) = np.arange(n), moments.joined
    around = np.stack([moments.every.before, moments.every.times, moments.every.after], axis=1).ravel()
    members = np.concatenate([every, member, np.repeat(moments.member, 3), every])
    times = np.concatenate([np.full(n, begin), low, around, np.full(n, end)])
    still = np.repeat([True, False, True], [n + len(low), len(around), n])
    order = member_order(members, times)
    return _Stops(members[order], times[order], still[order])


def _interventions(schedules: Sequence[Schedule]) -> _Rows:
    lengths = [len(schedule.times) for schedule in schedules]
    member = np.repeat(np.arange(len(schedules)), lengths)
    columns = [np.concatenate(column) for column in zip(*schedules, strict=True)]
    return _Rows(member, np.full(len(member), -1, dtype=np.int64), *columns)
