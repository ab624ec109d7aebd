"""When switches in time change, for many members at once.

Switches that are straight lines in time, also between the steps of others, are told for all members together, to the
same floats as for each alone; the others, and members in which something is close to something else, one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .stepped_lines import SteppedLine, WholeNumbers
from .straight_switches import StraightSwitch
from .switches import (
    MOST_MOMENTS,
    NO_MOMENTS,
    TOUCH,
    SwitchError,
    SwitchFunction,
    SwitchMoments,
    TimeSwitches,
    too_wide,
)
from .zones import MemberZones, joined_zones, member_order

AT_ONCE = 500
"""Members that are looked at together: their arrays stay small."""

_Part = tuple[np.ndarray, SwitchMoments]
"""Some moments, and whose they are."""


@dataclass(frozen=True, eq=False)
class MemberMoments:
    """When switches of many members change.

    Attributes
    ----------
    every : SwitchMoments
        Those of all members, one after the other, each member's ascending in time.
    member : array of int, shape (n_moments,)
        Whose they are.
    refused : dict of member to SwitchError
        Members whose switches cannot be isolated.
    """

    every: SwitchMoments
    member: np.ndarray
    refused: Mapping[int, SwitchError]

    @cached_property
    def joined(self) -> MemberZones:
        """Zones of time in which they lie, each member's apart from each other."""
        return joined_zones([MemberZones(self.member, self.every.before, self.every.after)])

    def of_members(self, n: int) -> list[SwitchMoments]:
        """Those of each of n members."""
        ends = np.searchsorted(self.member, np.arange(n + 1)).tolist()
        return [self.every[slice(*ends[k : k + 2])] for k in range(n)]


def moments_of_members(
    switching: TimeSwitches,
    chosen: Sequence[int],
    parameters: np.ndarray,
    states: np.ndarray,
    begin: float,
    end: float,
) -> MemberMoments:
    """When the chosen switches of members change between `begin` and `end`: see `TimeSwitches.moments`.

    Parameters
    ----------
    switching : TimeSwitches
    chosen : sequence of int
    parameters : array, shape (n_members, n_parameters)
    states : array, shape (1 or n_members, n_species)
    """
    n = len(parameters)
    if not chosen or not begin < end:
        return MemberMoments(NO_MOMENTS, np.zeros(0, dtype=np.int64), {})
    if n == 1 or not all(_is_told(switching, place) for place in chosen):
        return _with_searches([], switching, chosen, parameters, states, (begin, end), range(n))
    columns, sure, untold = switching.columns(chosen, parameters, states), list[_Part](), list[int]()
    for first in range(0, n, AT_ONCE):
        some = {name: column[first : first + AT_ONCE] for name, column in columns.items()}
        told = _ToldMoments(switching, some, min(AT_ONCE, n - first), begin, end)
        for member, moments in [told.changes(place) for place in chosen]:
            kept = ~told.untold[member]
            sure.append((first + member[kept], moments[kept]))
        untold += (first + np.flatnonzero(told.untold)).tolist()
    return _with_searches(sure, switching, chosen, parameters, states, (begin, end), untold)


def _with_searches(
    parts: list[_Part],
    switching: TimeSwitches,
    chosen: Sequence[int],
    parameters: np.ndarray,
    states: np.ndarray,
    span: tuple[float, float],
    members: Sequence[int],
) -> MemberMoments:
    """Those of the parts, and of some members one by one."""
    refused = dict[int, SwitchError]()
    for k in members:
        try:
            moments = switching.moments(chosen, parameters[k], states[k if len(states) > 1 else 0], *span)
        except SwitchError as error:
            refused[k] = error
            continue
        parts.append((np.full(len(moments), k), moments))
    if not parts:
        return MemberMoments(NO_MOMENTS, np.zeros(0, dtype=np.int64), refused)
    member = np.concatenate([member for member, _ in parts])
    columns = ("times", "before", "after", "switch")
    every = SwitchMoments(*(np.concatenate([getattr(part, name) for _, part in parts]) for name in columns))
    order = member_order(member, every.times)
    return MemberMoments(every[order], member[order], refused)


def _is_told(switching: TimeSwitches, place: int) -> bool:
    """Whether a switch is a line, and those inside it are."""
    straight = switching.straight[place]
    if straight is not None:
        return straight.exact
    inside = switching.nested[place]
    return switching.stepped[place] is not None and all(_is_told(switching, k) for k in inside)


class _ToldMoments:
    """Switches that are lines, at the values of many members.

    Attributes
    ----------
    untold : array of bool, shape (n_members,)
        Members that have to be searched.
    """

    def __init__(
        self, switching: TimeSwitches, values: Mapping[str, np.ndarray], n: int, begin: float, end: float
    ) -> None:
        self.switching, self.values, self.n, self.begin, self.end = switching, values, n, begin, end
        self.untold = np.zeros(n, dtype=bool)
        self._zones: dict[int, MemberZones] = {}

    @np.errstate(all="ignore")
    def changes(self, place: int) -> _Part:
        """Each change of one switch, and whose it is."""
        straight = self.switching.straight[place]
        if straight is not None:
            return self._one_each(place, straight)
        member, low, high = self.zones(place)
        function = _FunctionOfMembers(self.switching, place, self.values, member)
        times, unsure = function.changes(low, high, self.begin, self.end)
        self.untold[member[unsure]] = True
        real = ~np.isnan(times)
        return member[real], _moments(times[real], low[real], high[real], place)

    def _one_each(self, place: int, straight: StraightSwitch) -> _Part:
        changes = straight.changes(self.values, self.begin, self.end)
        before, times, after, found, unsure = (np.broadcast_to(part, self.n) for part in changes)
        self.untold |= unsure
        member = np.flatnonzero(found)
        return member, _moments(times[member], before[member], after[member], place)

    def zones(self, place: int) -> MemberZones:
        """Outside of these the switch of a member that is told keeps its state; kept."""
        if place not in self._zones:
            line = self.switching.stepped[place]
            assert isinstance(line, WholeNumbers | SteppedLine)
            inner = joined_zones([self.zones(k) for k in self.switching.nested[place]])
            zones, untold = line.zones(self.values, self.n, inner, self.begin, self.end)
            member, low, high = self._zones[place] = joined_zones([zones])
            self.untold |= untold | (np.bincount(member, minlength=self.n) > MOST_MOMENTS)
            self.untold[member[too_wide(low, high, TOUCH, self.begin, self.end)]] = True
        return self._zones[place]


class _FunctionOfMembers(SwitchFunction):
    """The function of a switch in zones of many members."""

    def __init__(
        self, switching: TimeSwitches, place: int, values: Mapping[str, np.ndarray], member: np.ndarray
    ) -> None:
        own = {name: column[member] for name, column in values.items()}
        super().__init__(switching, place, own)
        self._last: tuple[Any, Mapping[str, Any]] = (None, own)

    def values_in(self, zones: Any) -> Mapping[str, Any]:
        if zones is not self._last[0]:  # the same are asked about again and again
            self._last = zones, {name: column[zones] for name, column in self.values.items()}
        return self._last[1]


def _moments(times: np.ndarray, before: np.ndarray, after: np.ndarray, place: int) -> SwitchMoments:
    return SwitchMoments(times, before, after, np.full(len(times), place, dtype=np.int64))
