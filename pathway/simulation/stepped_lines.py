"""Where switches may change whose functions are straight lines in time between the steps of other lines.

`time - 24*floor(time/24) < 2` is one: `time/24` passes whole numbers at moments that quotients give, and between them
the condition is a straight line. Each moment comes with the time around it in which rounding may matter; where such
stretches touch each other, nothing is told, and the moments have to be searched for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pathway.equations.model import TIME
from pathway.equations.switches import Switch
from pathway.expressions import Expression, postorder, symbol, symbols
from pathway.expressions.arrays import ArrayEvaluator
from pathway.expressions.calculus import term_magnitudes
from pathway.expressions.graph import build_node

from .straight_switches import slope_of_line
from .zones import MemberZones

MOST = 100_000
"""Whole numbers that a line may pass."""


class _Line:
    """A straight line in time over other symbols."""

    def __init__(self, function: Expression, slope: Expression) -> None:
        moving = [node for node in postorder([function]) if TIME in symbols(node)]
        self._operations = 4 + 2 * sum(len(node.arguments) for node in moving)
        self._line, self._size = ArrayEvaluator([function, slope]), ArrayEvaluator(term_magnitudes([function]))

    def roots(
        self, values: Mapping[str, Any], target: np.ndarray, latest: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Where the line meets a target, half the time around it in which rounding may matter, also that of a time as
        late as `latest`, and its slope."""
        offset, slope = self._line({**values, TIME: 0.0})
        root = (target - offset) / slope
        (size,) = self._size({**values, TIME: root})
        half = self._operations * 2.3e-16 * ((size + np.abs(target)) / np.abs(slope) + np.abs(root)) + 2e-17 * latest
        return root, half, np.broadcast_to(slope, root.shape)


def _latest(begin: float, end: float) -> float:
    return max(abs(begin), abs(end))


class WholeNumbers:
    """Where a straight line passes whole numbers."""

    def __init__(self, function: Expression, slope: Expression) -> None:
        self._line, self._function = _Line(function, slope), ArrayEvaluator([function])

    @np.errstate(all="ignore")
    def zones(
        self, values: Mapping[str, np.ndarray], n: int, inner: MemberZones, begin: float, end: float
    ) -> tuple[MemberZones, np.ndarray]:
        """See `SteppedLine.zones`; nothing steps inside."""
        first, last = (np.broadcast_to(self._function({**values, TIME: time})[0], n) for time in (begin, end))
        least, most = np.floor(np.minimum(first, last)), np.ceil(np.maximum(first, last))
        untold = ~(most - least < MOST)
        count = np.where(untold, 0.0, most - least + 1.0).astype(np.int64)
        member = np.repeat(np.arange(n), count)
        target = least[member] + (np.arange(len(member)) - (np.cumsum(count) - count)[member])
        own = {name: column[member] for name, column in values.items()}
        root, half, _ = self._line.roots(own, target, _latest(begin, end))
        order = np.lexsort((root, member))
        before, after = (root - half)[order], (root + half)[order]
        touching = ~(after[:-1] < before[1:]) & (member[:-1] == member[1:])
        untold[member[1:][touching]] = True
        near = (after >= begin) & (before <= end)
        return MemberZones(member[near], np.maximum(before[near], begin), np.minimum(after[near], end)), untold


class SteppedLine:
    """Where a function passes zero that is a straight line in time between the steps of floors and ceils of lines.

    Parameters
    ----------
    function : Expression
    between : Expression
        The same with a symbol for each step.
    slope : Expression
        The derivative of `between` by time.
    steps : mapping of str to Expression
        What each symbol stands for.
    """

    def __init__(
        self, function: Expression, between: Expression, slope: Expression, steps: Mapping[str, Expression]
    ) -> None:
        self._line, self._function = _Line(between, slope), ArrayEvaluator([function])
        self._names, self._steps = list(steps), ArrayEvaluator(list(steps.values()))

    @np.errstate(all="ignore")
    def zones(
        self, values: Mapping[str, np.ndarray], n: int, inner: MemberZones, begin: float, end: float
    ) -> tuple[MemberZones, np.ndarray]:
        """Outside of which it keeps its sign.

        Parameters
        ----------
        values : mapping of str to array, shape (n,)
            Of everything but the time, for each member.
        n : int
            Members.
        inner : MemberZones
            Where a step may come, apart from each other.
        begin, end : float

        Returns
        -------
        MemberZones
            Of a member in any order.
        untold : array of bool, shape (n,)
            Members whose zones are not to be told this way.
        """
        every = np.arange(n)
        opening, closing = (np.searchsorted(inner.member, every, side=side) for side in ("left", "right"))
        member = np.insert(inner.member, opening, every)
        low, high = np.insert(inner.high, opening, begin), np.insert(inner.low, closing, end)
        own = {name: column[member] for name, column in values.items()}
        steps = self._steps({**own, TIME: low + 0.5 * (high - low)})
        named = {name: np.broadcast_to(step, low.shape) for name, step in zip(self._names, steps, strict=True)}
        root, half, slope = self._line.roots({**own, **named}, np.zeros(len(low)), _latest(begin, end))
        before, after = root - half, root + half
        inside = (low < before) & (before < after) & (after < high)
        untold = np.zeros(n, dtype=bool)
        untold[member[~(inside | (after < low) | (before > high))]] = True
        first, last = np.sign(slope * (low - root)), np.sign(slope * (high - root))
        at_begin, at_end = (
            np.sign(np.broadcast_to(self._function({**values, TIME: time})[0], n)) for time in (begin, end)
        )
        # A step may come at the very beginning, or at the end.
        opening, closing = opening + every, closing + every
        none_before, none_after = low[opening] == high[opening], low[closing] == high[closing]
        inside[opening[none_before]] = inside[closing[none_after]] = False
        last[opening[none_before]] = at_begin[none_before]
        first[closing[none_after]] = at_end[none_after]
        ahead = np.arange(len(inner.member)) + inner.member
        jumps = last[ahead] != first[ahead + 1]
        parts = zip((member, before, after), inner, strict=True)
        return MemberZones(*(np.concatenate([mine[inside], step[jumps]]) for mine, step in parts)), untold


def stepped_line(switch: Switch) -> WholeNumbers | SteppedLine | None:
    """The function of a switch as such a line; None if it is another."""
    if switch.integer:
        slope = slope_of_line(switch.function, TIME)
        return None if slope is None else WholeNumbers(switch.function, slope)
    rebuilt, steps = dict[int, Expression](), dict[str, Expression]()
    for node in postorder([switch.function]):
        arguments = [rebuilt[id(argument)] for argument in node.arguments]
        same = all(new is old for new, old in zip(arguments, node.arguments, strict=True))
        rebuilt[id(node)] = node if same else build_node(node.operator, arguments)
        if node.operator in ("floor", "ceil") and TIME in symbols(node):
            if slope_of_line(node.arguments[0], TIME) is None:
                return None
            name = f"step {len(steps) + 1}"
            steps[name] = node
            rebuilt[id(node)] = symbol(name)
    between = rebuilt[id(switch.function)]
    slope = slope_of_line(between, TIME) if steps else None
    return None if slope is None else SteppedLine(switch.function, between, slope, steps)
