"""Zones of time in which something may change, of one member or of many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

Zones = tuple[np.ndarray, np.ndarray]
"""First and last float of stretches of time, of one member."""


class MemberZones(NamedTuple):
    """First and last float of stretches of time of many members; arrays of shape (n_zones,).

    Those of a member follow each other, and members stand in ascending order, unless told otherwise.
    """

    member: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def inside(self, member: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Whether times of members lie between the first and the last float of one of these, which are apart."""
        if not len(times) or not len(self.low):
            return np.zeros(len(times), dtype=bool)
        begun = _count_before(self.member, self.low, member, times, equal=False)
        return begun > _count_before(self.member, self.high, member, times, equal=True)


def member_order(member: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Places by member, and by time for each; what is equal stays in its order.

    NumPy sorts complex numbers by their real part first, in one go and, where much is in order, in linear time.
    """
    keys = np.empty(len(times), dtype=complex)
    keys.real, keys.imag = member, times
    return np.argsort(keys, kind="stable")


NO_ZONES = MemberZones(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0))


def _count_before(
    members: np.ndarray, values: np.ndarray, member: np.ndarray, times: np.ndarray, equal: bool
) -> np.ndarray:
    """How many of the values, of this member or of earlier ones, come before each time, or are equal to it."""
    both = (members, member), (values, times), (np.zeros(len(values)), np.ones(len(times)))
    whose, when, asked = (np.concatenate(pair if equal else pair[::-1]) for pair in both)
    order = member_order(whose, when)
    counts = np.empty(len(order), dtype=np.int64)
    counts[order] = np.cumsum(asked[order] == 0.0)
    return counts[asked != 0.0]


def joined_zones(parts: Sequence[MemberZones]) -> MemberZones:
    """Zones in any order, sorted, and joined where those of a member overlap or touch."""
    member, low, high = parts[0] if len(parts) == 1 else map(np.concatenate, zip(NO_ZONES, *parts, strict=True))
    order = member_order(member, low)
    member, low, high = member[order], low[order], high[order]
    same = member[1:] == member[:-1]
    if not (same & (low[1:] <= high[:-1])).any():
        return MemberZones(member, low, high)
    # Of places in this order the largest so far never is one of an earlier member.
    by_end = member_order(member, high)
    place = np.empty(len(high), dtype=np.int64)
    place[by_end] = np.arange(len(high))
    reach = high[by_end][np.maximum.accumulate(place)]
    first = np.append(True, ~same | (low[1:] > reach[:-1]))
    last = np.append(first[1:], True)
    return MemberZones(member[first], low[first], reach[last])


def zones_of_one(zones: Zones) -> MemberZones:
    """Those of the only member."""
    return MemberZones(np.zeros(len(zones[0]), dtype=np.int64), *zones)
