"""Floats by their order, in which neighbors differ by one, and where among them something changes."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

FEW = 2
"""Stretches that are looked at one by one: such as the one around time 0, which has more floats than all others."""

SHORT = 66
"""Floats of a stretch that are looked at one by one where its sides are the same."""

_DOUBLE, _WORD = struct.Struct("=d"), struct.Struct("=q")


def first_changes(label: Callable[[Any, Any], Any], low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The first float in each stretch with another label than at its beginning; nan where the label stays.

    By halving where the sides differ; where they do not, a short stretch is looked at float by float.

    Parameters
    ----------
    label : callable
        Labels at some times, given which of the stretches each lies in: arrays of shape (n,), or one of each.
    low, high : array, shape (n_stretches,)
        First and last float of each.
    """
    every = np.arange(len(low))
    before = label(low, every)
    changed = ~same_labels(before, label(high, every))
    times = np.full(len(low), np.nan)
    _halve(label, low, high, before, np.flatnonzero(changed), times)
    _look_through(label, low, high, before, np.flatnonzero(~changed), times)
    return times


def _halve(
    label: Callable[[Any, Any], Any],
    low: np.ndarray,
    high: np.ndarray,
    before: np.ndarray,
    rows: np.ndarray,
    times: np.ndarray,
) -> None:
    """Put the first change of stretches that have changed by their end into `times`."""
    a, b, first = ordinals(low[rows]), ordinals(high[rows]), before[rows]
    while len(rows) > FEW:
        middle = (a >> 1) + (b >> 1) + (a & b & 1)
        wide = middle > a
        if not wide.all():
            times[rows[~wide]] = floats(b[~wide])
            rows, a, b, first, middle = (part[wide] for part in (rows, a, b, first, middle))
        stays = same_labels(label(floats(middle), rows), first)
        a, b = np.where(stays, middle, a), np.where(stays, b, middle)
    for row, start, end in zip(rows.tolist(), a.tolist(), b.tolist(), strict=True):
        times[row] = _first_change(label, row, start, end, float(before[row]))


def _first_change(label: Callable[[Any, Any], Any], row: int, a: int, b: int, before: float) -> float:
    while b - a > 1:
        middle = (a + b) // 2
        state = float(label(_float(middle), row))
        same = state == before or (math.isnan(state) and math.isnan(before))
        a, b = (middle, b) if same else (a, middle)
    return _float(b)


def _look_through(
    label: Callable[[Any, Any], Any],
    low: np.ndarray,
    high: np.ndarray,
    before: np.ndarray,
    rows: np.ndarray,
    times: np.ndarray,
) -> None:
    """The same for short stretches whose sides are the same."""
    first, last = ordinals(low[rows]), ordinals(high[rows])
    short = last < first + (SHORT - 1)
    rows, first, last = rows[short], first[short], last[short]
    if not len(rows):
        return
    inside = first[:, None] + np.arange(1 + int((last - first).max()))
    labels = label(floats(inside).ravel(), np.repeat(rows, inside.shape[1])).reshape(inside.shape)
    other = ~same_labels(labels, before[rows][:, None]) & (inside <= last[:, None])
    some = other.any(axis=1)
    times[rows[some]] = floats(inside[some, other[some].argmax(axis=1)])


def same_labels(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Where two labels are the same; nan is a label too."""
    return (a == b) | (np.isnan(a) & np.isnan(b))


def ordinals(times: np.ndarray) -> np.ndarray:
    """Floats by their order: neighbors differ by one."""
    bits = np.ascontiguousarray(times, dtype=float).view(np.int64)
    return np.where(bits < 0, np.int64(-(2**63)) - bits, bits)


def floats(ordinal: np.ndarray) -> np.ndarray:
    """The floats of these places."""
    bits = np.where(ordinal < 0, np.int64(-(2**63)) - ordinal, ordinal)
    return np.ascontiguousarray(bits).view(float)


def _float(ordinal: int) -> float:
    return _DOUBLE.unpack(_WORD.pack(-(2**63) - ordinal if ordinal < 0 else ordinal))[0]


def middle_float(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The float that has as many between it and one as between it and the other."""
    first, last = ordinals(a), ordinals(b)
    return floats((first >> 1) + (last >> 1) + (first & last & 1))


def moved(times: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Floats so many places further."""
    return floats(ordinals(times) + steps)
