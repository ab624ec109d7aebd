"""Switches of a model along a run: where its rates jump or bend, and where triggers may change.

The moments of switches that depend on time alone are isolated before the run, to floating-point accuracy, by branch and
bound: an interval of time is proved to be free of a switch, or the function is proved to be monotone on it and its
zero (or passage through a whole number) is narrowed down to neighboring floats, or it is halved. Inner switches come
first, so that `time - 24*floor(time/24)` is looked at between the jumps of its floor. What rounding hides (a sign that
no evaluation in floats can tell) is a touch if both sides are equal and the place is short, and else is refused.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from pathway.equations import Model
from pathway.equations.model import TIME
from pathway.equations.switches import Switch, root_functions, switches
from pathway.expressions import symbols, to_text
from pathway.expressions.arrays import ArrayEvaluator
from pathway.expressions.evaluation import Evaluator
from pathway.expressions.intervals import Enclosure, IntervalProgram

from .errors import SimulationError
from .float_order import first_changes, middle_float, moved, same_labels
from .stepped_lines import SteppedLine, WholeNumbers, stepped_line
from .straight_switches import UNSURE, StraightSwitch, is_exact, straight_switch
from .zones import Zones, joined_zones, zones_of_one

__all__ = ["MomentsAhead", "Switch", "SwitchError", "SwitchMoments", "TimeSwitches", "switches"]

MOST_MOMENTS = 1_000_000
TOO_OFTEN = f"changes more than {MOST_MOMENTS} times during the run"
MOST_PIECES = 2_000_000
MOST_HIDDEN = 200_000
"""Limits of the search for one function: intervals looked at, and those among them that rounding hides."""

MOST_KEPT = 1000
"""Results kept for values met before."""

AT_ONCE = 1 << 15
"""Intervals looked at together: their arrays stay in the cache."""

TOUCH = 1e-5
"""A touch likewise: near a double zero floats cannot tell the sign within a part in 1e8."""

FARTHEST = 1e-4
"""How far, as a share of the run, the end of a stretch is moved to where the sign is sure."""

NOISE = 16.0
"""A function that stays within so many times its rounding error is not told from zero by looking closer."""


class SwitchError(SimulationError):
    """A condition whose changes cannot be isolated; `time` is where."""


@dataclass(frozen=True, eq=False)
class SwitchMoments:
    """When switches change, ascending in time; arrays of shape (n_moments,).

    Attributes
    ----------
    times : array
        The first float at which the switch has changed.
    before, after : array
        The last float before it and the first one after it at which rounding surely does not matter: neighbors of
        `times`, or a few floats further.
    switch : array of int
        Which of `switches(model)`.
    """

    times: np.ndarray
    before: np.ndarray
    after: np.ndarray
    switch: np.ndarray

    def __len__(self) -> int:
        return len(self.times)

    @cached_property
    def joined(self) -> SwitchMoments:
        """Moments of several switches that cannot be told apart, or are the same, made one."""
        low, high = _merged([(self.before, self.after)])
        places = np.searchsorted(self.times, low)
        return SwitchMoments(self.times[places], low, high, self.switch[places])

    @cached_property
    def stations(self) -> tuple[np.ndarray, np.ndarray]:
        """All these moments, ascending, shape (3 n_moments,), and which of them a run hops to: it is integrated up to
        the last one at which a switch has surely not changed, and hops from there, over a few floats, to the first one
        at which it has and to the first one at which it surely has."""
        points = np.sort(np.concatenate([self.before, self.times, self.after]))
        hops = np.ones(len(points), dtype=bool)
        hops[np.searchsorted(points, self.joined.before)] = False
        return points, hops

    def __getitem__(self, rows: np.ndarray | slice) -> SwitchMoments:
        """Some of them: places, a mask or a slice."""
        return SwitchMoments(self.times[rows], self.before[rows], self.after[rows], self.switch[rows])


_NONE = np.zeros(0)
NO_MOMENTS = SwitchMoments(_NONE, _NONE, _NONE, _NONE.astype(np.int64))


class TimeSwitches:
    """The switches of a model that depend on time alone.

    Attributes
    ----------
    model : Model
    in_rates, in_triggers, chosen : list of int
        Places among `switches(model)`; `chosen` are all of them, or those of the triggers.
    """

    def __init__(self, model: Model, of_triggers: bool = False) -> None:
        self.model = model
        self.every = switches(model)
        self.in_rates = [k for k, s in enumerate(self.every) if s.time_only and s.in_rates]
        self.in_triggers = [k for k, s in enumerate(self.every) if s.time_only and s.in_triggers]
        self.chosen = sorted({*([] if of_triggers else self.in_rates), *self.in_triggers})
        self._kept: OrderedDict[tuple, SwitchMoments] = OrderedDict()

    def moments(
        self, chosen: Sequence[int], parameters: np.ndarray, state: np.ndarray, begin: float, end: float
    ) -> SwitchMoments:
        """When the chosen switches change between `begin` and `end`; those of the last calls are kept.

        Parameters
        ----------
        chosen : sequence of int
            Some of `in_rates` or `in_triggers`.
        parameters : array, shape (n_parameters,)
        state : array, shape (n_species,)
            Only species without a rate are read.

        Raises
        ------
        SwitchError
            Naming the condition and where in time it cannot be isolated, or that it changes too often.
        """
        if not chosen or not begin < end:
            return NO_MOMENTS
        names, of_parameters, of_species = self._read(tuple(chosen))
        values = [*parameters[of_parameters].tolist(), *state[of_species].tolist()]
        key = (tuple(chosen), begin, end, *values)
        moments = self._kept.get(key)
        if moments is None:
            isolation = _Isolation(self, dict(zip(names, values, strict=True)), begin, end)
            moments = self._kept[key] = _ordered(chosen, [isolation.changes(place) for place in chosen])
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return moments

    def breaks(self, parameters: np.ndarray, state: np.ndarray, begin: float, end: float) -> SwitchMoments:
        """When the rates switch, each moment once: see `moments`."""
        return self.moments(self.in_rates, parameters, state, begin, end).joined

    def columns(self, chosen: Sequence[int], parameters: np.ndarray, states: np.ndarray) -> dict[str, np.ndarray]:
        """What these switches read of many members, arrays of shape (n_members,).

        Parameters
        ----------
        chosen : sequence of int
        parameters : array, shape (n_members, n_parameters)
        states : array, shape (1 or n_members, n_species)
        """
        names, own, held = self._read(tuple(chosen))
        of_species = np.broadcast_to(states[:, held], (len(parameters), len(held)))
        return dict(zip(names, [*parameters[:, own].T, *of_species.T], strict=True))

    def _read(self, chosen: tuple[int, ...]) -> tuple[list[str], list[int], list[int]]:
        """Names that these switches read, and where their values stand among parameters and species."""
        if chosen not in self._names:
            model, used = self.model, symbols(*(self.every[place].function for place in chosen))
            own = [k for k, name in enumerate(model.parameters) if name in used]
            held = [k for k, name in enumerate(model.species) if name in used]
            names = [*(model.parameters[k] for k in own), *(model.species[k] for k in held)]
            self._names[chosen] = names, own, held
        return self._names[chosen]

    @cached_property
    def _names(self) -> dict[tuple[int, ...], tuple[list[str], list[int], list[int]]]:
        return {}

    def values(self, parameters: np.ndarray, state: np.ndarray) -> list[float]:
        """What the moments of all these switches depend on."""
        _, own, held = self._read(tuple(self.chosen))
        return [*parameters[own].tolist(), *state[held].tolist()]

    @cached_property
    def readers(self) -> list[list[int]]:
        """For each of `values` the switches that depend on it."""
        used = {place: symbols(self.every[place].function) for place in self.chosen}
        names = self._read(tuple(self.chosen))[0]
        return [[place for place in self.chosen if name in used[place]] for name in names]

    def reads(self, chosen: Sequence[int]) -> frozenset[str]:
        """Parameters and species on which the moments of these switches depend."""
        return frozenset(self._read(tuple(chosen))[0])

    def places(self, chosen: Sequence[int]) -> tuple[list[int], list[int]]:
        """Where what they depend on stands, among parameters and among species."""
        return self._read(tuple(chosen))[1:]

    @cached_property
    def nested(self) -> list[list[int]]:
        """For each switch those that stand inside its function."""
        place = {(switch.function, switch.integer): k for k, switch in enumerate(self.every)}
        keys = [{(function, integer) for function, _, integer in root_functions([s.function])} for s in self.every]
        return [sorted(place[key] for key in inside if key in place) for inside in keys]

    @cached_property
    def straight(self) -> list[StraightSwitch | None]:
        """For each switch its straight line in time, if it is no more than that."""
        return [None if switch.integer else straight_switch(switch.function) for switch in self.every]

    @cached_property
    def stepped(self) -> list[WholeNumbers | SteppedLine | None]:
        """For each switch what it is if it is a straight line between steps."""
        return [stepped_line(switch) for switch in self.every]

    @cached_property
    def formulas(self) -> list[ArrayEvaluator]:
        """What each switch gives at many times, as floats have it."""
        return [ArrayEvaluator([switch.function]) for switch in self.every]

    @cached_property
    def formulas_of_one(self) -> list[Evaluator | ArrayEvaluator]:
        """The same at one time, faster where the same float is sure."""
        pairs = zip(self.every, self.formulas, strict=True)
        return [Evaluator([s.function]) if is_exact([s.function]) else formula for s, formula in pairs]

    @cached_property
    def programs(self) -> list[IntervalProgram]:
        return [IntervalProgram(switch.function, TIME) for switch in self.every]


class MomentsAhead:
    """The moments of all switches that depend on time alone, as a run goes on.

    A switch is isolated anew only when something that it reads has changed.

    Parameters
    ----------
    switching : TimeSwitches
    end : float
        Last time of the run.
    """

    def __init__(self, switching: TimeSwitches, end: float) -> None:
        self.switching, self.end = switching, end
        self._values: list[float] | None = None
        self._moments = NO_MOMENTS
        self._points, self._hops = _NONE, _NONE.astype(bool)

    def next(self, parameters: np.ndarray, state: np.ndarray, time: float) -> tuple[float, bool]:
        """The next moment that has to do with one of them (`stations`), inf if there is none, and whether it is one to
        hop to."""
        if not self.switching.chosen:
            return math.inf, False
        values = self.switching.values(parameters, state)
        if values != self._values:
            self._isolate(values, parameters, state, time)
        place = int(np.searchsorted(self._points, time, side="right"))
        return (float(self._points[place]), bool(self._hops[place])) if place < len(self._points) else (math.inf, False)

    def _isolate(self, values: list[float], parameters: np.ndarray, state: np.ndarray, time: float) -> None:
        switching, earlier = self.switching, self._moments
        changed = switching.chosen
        if self._values is not None:
            differ = [k for k, (a, b) in enumerate(zip(self._values, values, strict=True)) if a != b]
            changed = sorted({place for k in differ for place in switching.readers[k]})
        moments = switching.moments(changed, parameters, state, time, self.end)
        if len(earlier):
            stays = np.ones(len(switching.every), dtype=bool)
            stays[changed] = False
            moments = _both(earlier[stays[earlier.switch] & (earlier.after > time)], moments)
        self._values, self._moments = values, moments
        self._points, self._hops = moments.stations


def _both(first: SwitchMoments, second: SwitchMoments) -> SwitchMoments:
    if not len(first) or not len(second):
        return first if len(first) else second
    names = ("times", "before", "after", "switch")
    moments = SwitchMoments(*(np.concatenate([getattr(first, name), getattr(second, name)]) for name in names))
    return moments[np.argsort(moments.times, kind="stable")]


def _ordered(chosen: Sequence[int], parts: Sequence[tuple[np.ndarray, ...]]) -> SwitchMoments:
    which = np.repeat(np.array(chosen, dtype=np.int64), [len(part[0]) for part in parts])
    before, times, after = (np.concatenate([part[k] for part in parts]) for k in range(3))
    order = np.argsort(times, kind="stable")
    return SwitchMoments(times, before, after, which)[order]


class _Isolation:
    """The switches of one model at given values, over one span."""

    def __init__(self, switching: TimeSwitches, values: Mapping[str, float], begin: float, end: float) -> None:
        self.switching, self.values, self.begin, self.end = switching, values, begin, end
        self.finest = 4e-17 * max(abs(begin), abs(end))
        self._zones: dict[int, Zones] = {}

    @np.errstate(all="ignore")
    def changes(self, place: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Before, at and after each change of one switch."""
        straight = self.switching.straight[place]
        if straight is not None:
            change = straight.change(self.values, self.begin, self.end)
            if change is not None:
                return change
        low, high = self.zones(place)
        function = self._function(place)
        times, unsure = function.changes(low, high, self.begin, self.end)
        self._refuse(place, low[unsure], high[unsure])
        real = ~np.isnan(times)
        return low[real], times[real], high[real]

    def zones(self, place: int) -> Zones:
        """Outside of these the switch keeps its state; kept."""
        if place not in self._zones:
            try:
                self._zones[place] = self._searched(place)
            except SwitchError:
                if not self.switching.every[place].continuous:
                    raise
                # Two sides of a kink that cannot be told apart are as good as equal.
                self._zones[place] = NO_MOMENTS.before, NO_MOMENTS.after
        return self._zones[place]

    def _searched(self, place: int) -> Zones:
        inner = _merged([self.zones(k) for k in self.switching.nested[place]])
        line, function = self.switching.stepped[place], self._function(place)
        told = None if line is None else self._told(line, inner)
        low, high = self._search(place, function, inner) if told is None else _merged([told])
        if len(low) > MOST_MOMENTS:
            raise self._error(place, self.begin, TOO_OFTEN)
        wide = too_wide(low, high, TOUCH, self.begin, self.end)
        self._refuse(place, low[wide], high[wide])
        return low, high

    def _told(self, line: WholeNumbers | SteppedLine, inner: Zones) -> Zones | None:
        columns = {name: np.array([value]) for name, value in self.values.items()}
        zones, untold = line.zones(columns, 1, zones_of_one(inner), self.begin, self.end)
        return None if untold[0] else zones[1:]

    def _function(self, place: int) -> _Function:
        return _Function(self.switching, place, self.values, self.finest)

    def _search(self, place: int, function: _Function, inner: Zones) -> Zones:
        low, high = _between(inner, self.begin, self.end)
        zones = [function.open_zones(*inner)]
        stack = _portions(low, high)
        patience = 100 if self.switching.every[place].continuous else 1
        count, hidden, left = len(zones[0][0]), 0, MOST_PIECES // patience + 4 * len(low)
        while stack:
            low, high = stack.pop()
            left -= len(low)
            passing, unclear, rest = function.divide(low, high)
            zones += [passing, unclear]
            count, hidden = count + len(passing[0]), hidden + len(unclear[0])
            if count > MOST_MOMENTS:
                raise self._error(place, self.begin, TOO_OFTEN)
            if left < 0 or hidden > MOST_HIDDEN // patience:
                where = f"near time {float(np.median(low)):.6g}"
                raise self._error(place, float(low[0]), f"cannot be told from {self._border(place)} {where}")
            middle = _middle(*rest)
            stack += _portions(np.concatenate([rest[0], middle]), np.concatenate([middle, rest[1]]))
        return function.closed(*_merged(zones), self.begin, self.end)

    def _refuse(self, place: int, low: np.ndarray, high: np.ndarray) -> None:
        """Zones that are too wide, if there are any."""
        if len(low):
            where = f"between time {low[0]:.9g} and {high[0]:.9g}"
            raise self._error(place, float(low[0]), f"cannot be told from {self._border(place)} {where}")

    def _border(self, place: int) -> str:
        return "a whole number" if self.switching.every[place].integer else "zero"

    def _error(self, place: int, time: float, problem: str) -> SwitchError:
        switch = self.switching.every[place]
        reason = f"'{to_text(switch.function)}', which decides '{to_text(switch.node)}', {problem}"
        return SwitchError(f"{self.switching.model.name}: {reason}", reason, time, {}, None)


def _merged(parts: Sequence[Zones]) -> Zones:
    """Sorted, and joined where they overlap or touch."""
    return joined_zones([zones_of_one(part) for part in parts])[1:]


def _between(zones: Zones, begin: float, end: float) -> Zones:
    """The stretches between zones."""
    low, high = np.concatenate([[begin], zones[1]]), np.concatenate([zones[0], [end]])
    inside = low < high
    return low[inside], high[inside]


def _portions(low: np.ndarray, high: np.ndarray) -> list[Zones]:
    return [(low[k : k + AT_ONCE], high[k : k + AT_ONCE]) for k in range(0, len(low), AT_ONCE)]


def _pick(
    mask: np.ndarray, low: np.ndarray, high: np.ndarray, bounds: Enclosure
) -> tuple[np.ndarray, np.ndarray, Enclosure]:
    """Some of the intervals, with what is known of them."""
    slope = None if bounds.slope is None else (bounds.slope[0][mask], bounds.slope[1][mask])
    least, most, defined, possible = (part[mask] for part in bounds[:4])
    return low[mask], high[mask], Enclosure(least, most, defined, possible, slope)


def _middle(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return low + 0.5 * (high - low)


# --- one function -------------------------------------------------------------------------------------------------


class SwitchFunction:
    """The function of a switch at given values.

    Its state at a moment is a number that changes with the switch: the sign, or of an integer part twice the number,
    with the odd numbers between; `nan` where the function is not a number.
    """

    def __init__(self, switching: TimeSwitches, place: int, values: Mapping[str, Any]) -> None:
        self.formula, self._of_one = switching.formulas[place], switching.formulas_of_one[place]
        self.integer, self.values = switching.every[place].integer, values

    def floats(self, times: Any, zones: Any = None) -> Any:
        """What floats give at times, which lie in these of the zones that it is asked about."""
        formula = self._of_one if isinstance(times, float) else self.formula
        return formula({**self.values_in(zones), TIME: times})[0]

    def values_in(self, zones: Any) -> Mapping[str, Any]:
        """The values in some zones."""
        return self.values

    def label(self, values: Any) -> Any:
        return np.floor(values) + np.ceil(values) if self.integer else np.sign(values)

    def changes(self, low: np.ndarray, high: np.ndarray, begin: float, end: float) -> tuple[np.ndarray, np.ndarray]:
        """The first float in each zone with another state than at its beginning, nan where there is none; and which
        zones are too wide to tell it."""
        times = first_changes(lambda moments, zones: self.label(self.floats(moments, zones)), low, high)
        values = self.floats(low, np.arange(len(low)))
        # One that stands on its border at the start has only one side: a touch.
        started = (low == begin) & (values == (np.rint(values) if self.integer else 0.0))
        return times, too_wide(low, high, UNSURE, begin, end) & ~np.isnan(times) & ~started


def too_wide(low: np.ndarray, high: np.ndarray, share: float, begin: float, end: float) -> np.ndarray:
    """Zones that take more than this share of the run, and more than the rounding of times."""
    return high - low > share * (end - begin) + 1e-14 * np.maximum(np.abs(low), np.abs(high))


class _Function(SwitchFunction):
    """One whose changes are searched for, at values that are numbers."""

    def __init__(self, switching: TimeSwitches, place: int, values: Mapping[str, float], finest: float) -> None:
        super().__init__(switching, place, values)
        self.program, self.finest = switching.programs[place], finest

    def enclose(self, low: np.ndarray, high: np.ndarray, slopes: bool = False) -> Enclosure:
        return self.program.enclose(self.values, low, high, slopes)

    def states(self, bounds: Enclosure) -> tuple[np.ndarray, np.ndarray]:
        """The state on each interval, and whether it is surely the same everywhere in it."""
        low, high = self.label(bounds.low), self.label(bounds.high)
        never = ~bounds.possible
        return np.where(never, np.nan, low), never | ((low == high) & bounds.defined)

    def divide(self, low: np.ndarray, high: np.ndarray) -> tuple[Zones, Zones, Zones]:
        """Of some intervals: zones where it passes, zones that rounding hides, and intervals that have to be halved."""
        bounds = self.enclose(low, high, slopes=True)
        low, high, bounds = _pick(~self.states(bounds)[1], low, high, bounds)
        assert bounds.slope is not None
        smooth = np.isfinite(bounds.low) & np.isfinite(bounds.high) & bounds.defined
        monotone = ((bounds.slope[0] > 0.0) | (bounds.slope[1] < 0.0)) & smooth
        passing = self._narrowed(low[monotone], high[monotone])
        low, high, bounds = _pick(~monotone, low, high, bounds)
        if not len(low):
            return passing, (low, high), (low, high)
        # The value in the middle and the slopes bound it closely where it touches zero.
        middle = _middle(low, high)
        thin, steepest = self.enclose(middle, middle), np.maximum(*map(np.abs, bounds.slope or (low, low)))
        reach = np.where(np.isfinite(steepest), steepest * (high - low), np.inf)
        least, most = np.maximum(bounds.low, thin.low - reach), np.minimum(bounds.high, thin.high + reach)
        free = (self.label(least) == self.label(most)) & bounds.defined
        error, near = NOISE * (thin.high - thin.low), np.rint(thin.low) if self.integer else 0.0
        hidden = (least >= near - error) & (most <= near + error) & thin.defined
        hidden |= (high - low <= self.finest) | (middle <= low) | (middle >= high)
        hidden, wide = hidden & ~free, ~hidden & ~free
        return passing, (low[hidden], high[hidden]), (low[wide], high[wide])

    def _narrowed(self, low: np.ndarray, high: np.ndarray) -> Zones:
        """Where a function that is monotone on each interval passes zero, or whole numbers."""
        if not len(low):
            return low, high
        ends = self.enclose(low, low), self.enclose(high, high)
        if not self.integer:
            target = np.zeros(len(low))
        else:
            least = np.floor(np.minimum(ends[0].low, ends[1].low))
            most = np.ceil(np.maximum(ends[0].high, ends[1].high))
            count = (most - least + 1.0).clip(0.0, 1e9).astype(np.int64)
            if count.sum() > MOST_MOMENTS + 3 * len(low):
                return np.zeros(MOST_MOMENTS + 1), np.ones(MOST_MOMENTS + 1)
            which = np.repeat(np.arange(len(low)), count)
            target = least[which] + np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
            ends = _pick(which, low, low, ends[0])[2], _pick(which, low, low, ends[1])[2]
            low, high = low[which], high[which]
        # Those that surely have it inside, or may have it at an end.
        rising = ends[1].high + ends[1].low > ends[0].high + ends[0].low
        first, last = (np.where(rising, ends[0].low, -ends[0].high), np.where(rising, ends[1].high, -ends[1].low))
        aim = np.where(rising, target, -target)
        inside = (first <= aim) & (last >= aim)
        low, high, target, rising = low[inside], high[inside], target[inside], rising[inside]
        root = self._root(low, high, target, rising)
        return self._sure(root, low, target, rising, -1), self._sure(root, high, target, rising, 1)

    def _root(self, low: np.ndarray, high: np.ndarray, target: np.ndarray, rising: np.ndarray) -> np.ndarray:
        """The zeros as floats have them, to about a neighboring float (Illinois, then halving)."""
        sign = np.where(rising, 1.0, -1.0)
        a, b = low.copy(), high.copy()
        fa, fb = (sign * (self.floats(t) - target) for t in (a, b))
        best = np.where(np.abs(fa) < np.abs(fb), a, b)
        side, one = np.zeros(len(a)), np.ones(len(a), dtype=np.int64)
        with np.errstate(all="ignore"):
            for turn in range(200):
                todo = (b - a > np.spacing(np.maximum(np.abs(a), np.abs(b)))) & (fa < 0.0) & (fb > 0.0)
                if not todo.any():
                    break
                # One that falls on an end is moved off it, so that a zero beside an end is closed in at once.
                guess = np.clip(a - fa * ((b - a) / (fb - fa)), moved(a, one), moved(b, -one))
                middle = middle_float(a, b) if turn % 8 == 7 else _middle(a, b)
                halve = ~((guess > a) & (guess < b)) | (turn >= 40) | (turn % 8 == 7)
                x = np.where(todo, np.where(halve, middle, guess), best)
                fx = sign * (self.floats(x) - target)
                best = np.where(todo, x, best)
                left, right = todo & (fx <= 0.0), todo & (fx >= 0.0)
                fb, fa = np.where(left & (side < 0), 0.5 * fb, fb), np.where(right & (side > 0), 0.5 * fa, fa)
                a, fa = np.where(left, x, a), np.where(left, fx, fa)
                b, fb = np.where(right, x, b), np.where(right, fx, fb)
                side = np.where(left, -1.0, 1.0)
        return best

    def _sure(self, root: np.ndarray, end: np.ndarray, target: np.ndarray, rising: np.ndarray, side: int) -> np.ndarray:
        """The float nearest to the zero, on one side of it, at which the sign is sure; or the end of the interval."""
        up = rising == (side > 0)  # whether the function lies above the target on this side
        nearest, steps = root.copy(), 1.0
        todo = np.arange(len(root))
        for _ in range(128):
            t = self._beyond(root[todo], side * steps)
            t = np.minimum(t, end[todo]) if side > 0 else np.maximum(t, end[todo])
            bounds = self.enclose(t, t)
            sure = np.where(up[todo], bounds.low > target[todo], bounds.high < target[todo]) & bounds.defined
            nearest[todo] = t
            todo = todo[~sure & (t != end[todo])]
            if not len(todo):
                break
            steps *= 2.0
        return nearest

    def _beyond(self, times: np.ndarray, steps: float) -> np.ndarray:
        """So many floats further, counted in time: around time 0 floats lie so close that most of them are there."""
        return times + steps * np.spacing(np.maximum(np.abs(times), self.finest))

    def open_zones(self, low: np.ndarray, high: np.ndarray) -> Zones:
        """Of the zones of inner switches those across which this one changes, or may."""
        if not len(low):
            return low, high
        first, last = (self.states(self.enclose(t, t)) for t in (low, high))
        same = first[1] & last[1] & same_labels(first[0], last[0])
        return low[~same], high[~same]

    def closed(self, low: np.ndarray, high: np.ndarray, begin: float, end: float) -> Zones:
        """Zones whose ends are unsure, because an inner switch lies there, widened until they are sure."""
        for side, ends, border in ((-1, low, begin), (1, high, end)):
            steps, first = 1.0, ends.copy()
            for _ in range(128):
                far = np.abs(ends - first) > FARTHEST * (end - begin)
                sure = self.states(self.enclose(ends, ends))[1] | (ends == border) | far
                if sure.all():
                    break
                moved = self._beyond(ends, side * steps)
                ends[~sure] = np.clip(moved, begin, end)[~sure]
                steps *= 2.0
        return _merged([(low, high)])
