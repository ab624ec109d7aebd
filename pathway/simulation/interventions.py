"""`Intervention`: something done to the system from outside at a known time, and the schedule a loop works through."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

from pathway.equations import Model
from pathway.errors import InputError, did_you_mean

from .member_moments import moments_of_members
from .solvers import layout
from .switches import SwitchMoments, TimeSwitches
from .zones import member_order


@dataclass(frozen=True)
class Intervention:
    """A dose, a wash, a change of a parameter.

    The run ends exactly at `time`, the values are changed, and it starts anew from there. Within one intervention
    values are first set, then scaled, then added to.

    Attributes
    ----------
    time : float
        In the model's time unit.
    set, scale, add : mapping of name to float
        Species or parameters; a parameter keeps its new value from then on.
    """

    time: float
    set: Mapping[str, float] = field(default_factory=dict)
    scale: Mapping[str, float] = field(default_factory=dict)
    add: Mapping[str, float] = field(default_factory=dict)


class Schedule(NamedTuple):
    """Actions in the order of their times."""

    times: np.ndarray
    kinds: np.ndarray
    targets: np.ndarray
    values: np.ndarray


_KINDS = (
    ("set", layout.SET, layout.PARAMETER_SET),
    ("scale", layout.SCALE, layout.PARAMETER_SCALE),
    ("add", layout.ADD, layout.PARAMETER_ADD),
)

NOTHING = Schedule(np.zeros(0), np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))


def checked_interventions(given: Any) -> Sequence[Intervention]:
    """A sequence of interventions; anything else is refused."""
    if not isinstance(given, Sequence):
        raise InputError(f"interventions: expected a list of Intervention, got {type(given).__name__}")
    for number, entry in enumerate(given):
        if not isinstance(entry, Intervention):
            raise InputError(f"interventions: entry {number} is {type(entry).__name__}, expected an Intervention")
        if not isinstance(entry.time, Real):
            raise InputError(f"interventions: entry {number} has time {entry.time!r}, expected a number")
        for word in ("set", "scale", "add"):
            changes = getattr(entry, word)
            if not isinstance(changes, Mapping) or not all(isinstance(value, Real) for value in changes.values()):
                raise InputError(f"interventions: entry {number}: '{word}' is {changes!r}, expected names with numbers")
    return given


def schedule_of(model: Model, interventions: Sequence[Intervention], start: float, end: float) -> Schedule:
    """The actions of the interventions between start and end.

    Raises
    ------
    ValueError
        If an intervention lies before the start, names something unknown, or gives a value that is not finite.
    """
    if not interventions:
        return NOTHING
    rows: list[tuple[float, int, int, float]] = []
    for number, intervention in enumerate(interventions):
        if not math.isfinite(intervention.time):
            raise InputError(f"interventions: entry {number} has time {intervention.time}")
        if intervention.time < start:
            raise InputError(
                f"interventions: entry {number} at time {intervention.time:g} lies before the start ({start:g})"
            )
        rows += [(float(intervention.time), *row) for row in _actions(model, number, intervention)]
    rows = sorted((row for row in rows if row[0] <= end), key=itemgetter(0))
    return schedule_of_rows(rows)


def schedule_of_rows(rows: Sequence[tuple[float, int, int, float]]) -> Schedule:
    """Time, kind, target and value of each action, in the order of their times."""
    if not rows:
        return NOTHING
    times, kinds, targets, values = zip(*rows, strict=True)
    return Schedule(
        np.array(times), np.array(kinds, dtype=np.int64), np.array(targets, dtype=np.int64), np.array(values)
    )


def schedule_with_breaks(
    schedule: Schedule, switching: TimeSwitches, parameters: np.ndarray, state: np.ndarray, start: float, end: float
) -> Schedule:
    """The schedule with restarts where the rates switch at a moment that is known beforehand.

    Where an action changes what the moments depend on, they are isolated anew from there.

    Parameters
    ----------
    schedule : Schedule
    switching : TimeSwitches
    parameters : array, shape (n_parameters,)
    state : array, shape (n_species,)

    Raises
    ------
    SwitchError
    """
    if not switching.in_rates:
        return schedule
    parameters, state, reads = parameters.copy(), state.copy(), switching.reads(switching.in_rates)
    model, parts, since = switching.model, [], start
    for at, kind, target, value in zip(*schedule, strict=True):
        of_state = kind <= layout.SCALE
        if (model.species if of_state else model.parameters)[target] in reads:
            parts.append(switching.breaks(parameters, state, since, at))
            apply_action(kind, state if of_state else parameters, target, value)
            since = at
    parts.append(switching.breaks(parameters, state, since, end))
    return _merged(schedule, parts)


def schedules_with_breaks(
    schedules: Sequence[Schedule],
    switching: TimeSwitches,
    parameters: np.ndarray,
    states: np.ndarray,
    start: float,
    end: float,
) -> list[Schedule | None]:
    """The same for many members at once; None for those in which an action changes moments, or that are refused.

    Parameters
    ----------
    schedules : sequence of Schedule
        One for all members, or one for each.
    switching : TimeSwitches
    parameters : array, shape (n_members, n_parameters)
    states : array, shape (1 or n_members, n_species)
    """
    n = len(parameters)
    moments = moments_of_members(switching, switching.in_rates, parameters, states, start, end)
    member, before, after = moments.joined
    each = [schedules[k if len(schedules) > 1 else 0] for k in range(n)]
    changing = [changes_moments(schedule, switching, switching.in_rates) for schedule in schedules]
    lengths = [len(schedule.times) for schedule in each]
    actions = [np.concatenate(column) for column in zip(*each, strict=True)]
    owners = np.concatenate([np.repeat(np.arange(n), lengths), member])
    zeros = np.zeros(len(member), dtype=np.int64)
    breaks = before, zeros + layout.BREAK, zeros, after
    columns = [np.concatenate(pair) for pair in zip(actions, breaks, strict=True)]
    order = member_order(owners, columns[0])
    columns = [column[order] for column in columns]
    ends = np.searchsorted(owners[order], np.arange(n + 1)).tolist()
    slow = [*np.broadcast_to(changing, n)]
    for k in moments.refused:
        slow[k] = True
    return [None if slow[k] else Schedule(*(column[ends[k] : ends[k + 1]] for column in columns)) for k in range(n)]


def changes_moments(schedule: Schedule, switching: TimeSwitches, chosen: Sequence[int]) -> bool:
    """Whether an action changes what the moments of some switches depend on."""
    reads, model = switching.reads(chosen), switching.model
    for kind, target in zip(schedule.kinds.tolist(), schedule.targets.tolist(), strict=True):
        if (model.species if kind <= layout.SCALE else model.parameters)[target] in reads:
            return True
    return False


def apply_action(kind: int, values: np.ndarray, target: Any, value: float) -> None:
    """Do one action of a schedule to the state or the parameters, at an index."""
    if kind in (layout.SET, layout.PARAMETER_SET):
        values[target] = value
    elif kind in (layout.ADD, layout.PARAMETER_ADD):
        values[target] += value
    elif kind in (layout.SCALE, layout.PARAMETER_SCALE):
        values[target] *= value


def remaining_share(kind: int, value: float) -> float:
    """How much of what was there before an action is there after it."""
    if kind in (layout.SET, layout.PARAMETER_SET):
        return 0.0
    return value if kind in (layout.SCALE, layout.PARAMETER_SCALE) else 1.0


def _merged(schedule: Schedule, parts: Sequence[SwitchMoments]) -> Schedule:
    """The schedule with restarts: moments at which a run ends, and those at which it goes on."""
    if len(parts) == 1:
        return _with_hops(schedule, parts[0].before, parts[0].after)
    return _with_hops(
        schedule, *(np.concatenate([getattr(part, side) for part in parts]) for side in ("before", "after"))
    )


def schedule_with_hops(schedule: Schedule, moments: SwitchMoments, end: float) -> Schedule:
    """The schedule of a run that stops behind every float at which a switch may have changed, up to its end."""
    points, hops = moments.stations
    hops = np.flatnonzero(hops & (points <= end))
    return _with_hops(schedule, points[hops - 1], points[hops])


def _with_hops(schedule: Schedule, before: np.ndarray, after: np.ndarray) -> Schedule:
    """The schedule with restarts from one moment to another, a few floats later."""
    zeros = np.zeros(len(before), dtype=np.int64)
    breaks = Schedule(before, zeros + layout.BREAK, zeros, after)
    if not len(schedule.times):
        return breaks
    both = [np.concatenate(columns) for columns in zip(schedule, breaks, strict=True)]
    order = np.argsort(both[0], kind="stable")
    return Schedule(*(column[order] for column in both))


def _actions(model: Model, number: int, intervention: Intervention) -> list[tuple[int, int, float]]:
    rows = []
    for word, species_kind, parameter_kind in _KINDS:
        for name, value in getattr(intervention, word).items():
            if not math.isfinite(value):
                raise InputError(f"interventions: entry {number} gives '{name}' the value {value}")
            if name in model.species:
                rows.append((species_kind, model.species.index(name), float(value)))
            elif name in model.parameters:
                rows.append((parameter_kind, model.parameters.index(name), float(value)))
            else:
                raise InputError(f"interventions: entry {number}: {_unknown(model, name)}")
    return rows


def _unknown(model: Model, name: str) -> str:
    hint = did_you_mean(name, (*model.species, *model.parameters))
    return f"no species or parameter of '{model.name}' is called '{name}'.{hint}"
