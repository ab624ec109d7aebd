"""Switches that are straight lines in time, offset + slope time: their one change, of one member or of many at once.

Most conditions on time are no more than that, and their zero needs no search. Half the time around it in which rounding
may matter is the rounding error (`operations` times that of a float, on the scale of `size`, what is summed) over the
slope.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from pathway.equations.model import TIME
from pathway.expressions import Expression, differentiate, postorder, symbols
from pathway.expressions.arrays import ArrayEvaluator
from pathway.expressions.calculus import term_magnitudes
from pathway.expressions.evaluation import Evaluator

UNSURE = 1e-9
"""A change of sign that is hidden from floats for longer than this share of the run is refused."""

LOOKS = 100
"""Floats beside a zero at which the sign is looked at."""

_LINE = frozenset(("symbol", "add", "multiply", "divide"))
_EXACT = _LINE | {"number", "floor", "ceil", "abs"}
"""Operators that give the same float for a number as for an array."""

_NONE = np.zeros(0)


class StraightChanges(NamedTuple):
    """The one change of a switch, arrays of shape (n_members,).

    Attributes
    ----------
    before, times, after : array
        The last float before the change at which rounding surely does not matter, the first one at which floats have
        it, and the first one after it at which rounding surely does not matter; meaningless where there is none.
    found : array of bool
        Whether it changes within the span.
    unsure : array of bool
        Whether that has to be searched for in another way.
    """

    before: np.ndarray
    times: np.ndarray
    after: np.ndarray
    found: np.ndarray
    unsure: np.ndarray


class StraightSwitch:
    """A function that is a straight line in time, written with sums, products and quotients.

    Attributes
    ----------
    exact : bool
        Whether it can be looked at for many members at once with the same result, bit for bit.
    """

    def __init__(self, function: Expression, slope: Expression) -> None:
        moving = [node for node in postorder([function]) if TIME in symbols(node)]
        self._operations = 2 + 2 * sum(len(node.arguments) for node in moving)
        self._formulas = [function], [function, slope], term_magnitudes([function])
        self._function, self._slope, self._size = map(Evaluator, self._formulas)
        self.exact = is_exact([function, slope])
        self._arrays: tuple[ArrayEvaluator, ...] = ()

    def change(
        self, values: Mapping[str, float], begin: float, end: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """Before, at and after the change, arrays of one entry or none; None: not to be told this way."""
        offset, slope = self._slope(at := {**values, TIME: 0.0})
        if math.isnan(offset) or not 0.0 < abs(slope) < math.inf:
            return None
        root = -offset / slope
        if not begin < root < end:
            return None if begin <= root <= end else (_NONE, _NONE, _NONE)
        at[TIME] = root
        (size,) = self._size(at)
        half = self._operations * 2.3e-16 * (size / abs(slope) + abs(root))
        before, after = root - half, root + half
        if not (begin < before < after < end and half < UNSURE * (end - begin)):
            return None

        def passed(time: float) -> bool:
            """Whether the function, as floats have it, is on its later side."""
            at[TIME] = time
            value = self._function(at)[0]
            return value >= 0.0 if slope > 0.0 else value <= 0.0

        time, later = root, passed(root)
        for _ in range(LOOKS):
            near = math.nextafter(time, -math.inf if later else math.inf)
            if passed(near) != later:
                time = time if later else near
                break
            time = near
        return (np.array([before]), np.array([time]), np.array([after])) if before < time < after else None

    def changes(self, values: Mapping[str, np.ndarray], begin: float, end: float) -> StraightChanges:
        """The same for many members: values of shape (n_members,)."""
        if not self._arrays:
            self._arrays = tuple(map(ArrayEvaluator, self._formulas))
        function, line, sizes = self._arrays
        with np.errstate(all="ignore"):
            offset, slope = np.broadcast_arrays(*line({**values, TIME: 0.0}))
            root = -offset / slope
            inside = (begin < root) & (root < end) & (np.abs(slope) < np.inf)
            outside = ((root < begin) | (root > end)) & (np.abs(slope) > 0.0) & (np.abs(slope) < np.inf)
            (size,) = sizes({**values, TIME: root})
            half = self._operations * 2.3e-16 * (size / np.abs(slope) + np.abs(root))
            before, after = root - half, root + half
            sure = inside & (begin < before) & (before < after) & (after < end) & (half < UNSURE * (end - begin))

            def passed(times: np.ndarray) -> np.ndarray:
                (value,) = function({**values, TIME: times})
                return np.where(slope > 0.0, value >= 0.0, value <= 0.0)

            later, times, looked = passed(root), root, sure
            for _ in range(LOOKS):
                near = np.nextafter(times, np.where(later, -np.inf, np.inf))
                same = passed(near) == later
                times = np.where(looked & (same | ~later), near, times)
                looked = looked & same
                if not looked.any():
                    break
        found = sure & (before < times) & (times < after)
        return StraightChanges(before, times, after, found, ~found & ~outside)


def is_exact(formulas: Sequence[Expression]) -> bool:
    """Whether formulas give the same float for a number as for an array."""
    return {node.operator for node in postorder(formulas)} <= _EXACT


def straight_switch(function: Expression) -> StraightSwitch | None:
    """A function as a straight line in time; None if it is another."""
    slope = slope_of_line(function, TIME)
    return None if slope is None else StraightSwitch(function, slope)


def slope_of_line(formula: Expression, name: str) -> Expression | None:
    """The slope of a formula that is a straight line in one symbol, written with sums, products and quotients; None of
    any other."""
    if not {node.operator for node in postorder([formula]) if name in symbols(node)} <= _LINE:
        return None
    slope = differentiate(formula, name)
    return None if name in symbols(slope) else slope
