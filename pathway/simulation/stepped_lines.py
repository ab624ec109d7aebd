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

Zones = tuple[np.ndarray, np.ndarray]
"""First and last float of stretches in which a switch may change."""

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

    def zones(self, values: Mapping[str, float], inner: Zones, begin: float, end: float) -> Zones | None:
        """See `SteppedLine.zones`; nothing steps inside."""
        least, most = np.sort(self._function({**values, TIME: np.array([begin, end])})[0])
        if not most - least < MOST:
            return None
        root, half, _ = self._line.roots(values, np.arange(np.floor(least), np.ceil(most) + 1.0), _latest(begin, end))
        order = np.argsort(root)
        before, after = (root - half)[order], (root + half)[order]
        if not np.all(after[:-1] < before[1:]):
            return None
        near = (after >= begin) & (before <= end)
        return np.maximum(before[near], begin), np.minimum(after[near], end)


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

    def zones(self, values: Mapping[str, float], inner: Zones, begin: float, end: float) -> Zones | None:
        """Outside of which it keeps its sign; None where that is not to be told this way.

        Parameters
        ----------
        values : mapping of str to float
            Of everything but the time.
        inner : (array, array)
            Where a step may come; ascending and apart from each other.
        begin, end : float
        """
        low, high = np.concatenate([[begin], inner[1]]), np.concatenate([inner[0], [end]])
        steps = self._steps({**values, TIME: low + 0.5 * (high - low)})
        named = {name: np.broadcast_to(step, low.shape) for name, step in zip(self._names, steps, strict=True)}
        root, half, slope = self._line.roots({**values, **named}, np.zeros(len(low)), _latest(begin, end))
        before, after = root - half, root + half
        inside = (low < before) & (before < after) & (after < high)
        if not np.all(inside | (after < low) | (before > high)):
            return None
        first, last = np.sign(slope * (low - root)), np.sign(slope * (high - root))
        at_begin, at_end = np.sign(self._function({**values, TIME: np.array([begin, end])})[0])
        if low[0] == high[0]:  # a step comes at the very beginning
            inside[0], last[0] = False, at_begin
        if low[-1] == high[-1]:
            inside[-1], first[-1] = False, at_end
        jumps = last[:-1] != first[1:]
        return tuple(
            np.concatenate([own[inside], step[jumps]]) for own, step in zip((before, after), inner, strict=True)
        )  # type: ignore[return-value]


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
