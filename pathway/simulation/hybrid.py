"""A model with switches in its rates as a hybrid system: smooth rates in each mode, guards in between.

Every comparison, floor and ceil of the rates that changes by itself becomes a parameter that holds its present truth or
whole number (its mode), and a guard that a run watches. Within a mode nothing jumps; on both sides of a guard the rates
are those of their side. Where the moment of a switch depends on a parameter or on the state, slopes jump there:

    S+ = S- + (f- - f+) dt*/dp,      dt*/dp = -(g_y S- + g_p) / (g_t + g_y f-)

for rates f before and after and a guard g (the saltation matrix; Galan, Feehery & Barton 1999, Applied Numerical
Mathematics 31, doi 10.1016/S0168-9274(98)00125-1). abs, min and max stay what they are: at a kink f- = f+.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from functools import partial as partial_of
from itertools import chain, combinations
from typing import Any

import numpy as np

from pathway.equations import Event, Model
from pathway.equations.model import TIME
from pathway.equations.switches import switches
from pathway.expressions import Expression, symbol, symbols, to_text
from pathway.expressions.arrays import evaluate_arrays
from pathway.expressions.calculus import gradients
from pathway.expressions.evaluation import evaluate_all
from pathway.expressions.graph import (
    all_of,
    any_of,
    build_node,
    equal,
    less,
    less_equal,
    not_equal,
    number,
    piecewise,
    postorder,
)

from .algebraic import rates_of_change
from .errors import SimulationError
from .prepared import PreparedModel, prepare_model
from .solvers.batch import evaluate_kernel_rows
from .solvers.layout import BREAK, IntegrationTask

SAME = 1e-9
"""Two guards are one surface if their moments move alike up to this share."""

DOUBT = 10.0
"""A guard is known to this many times the relative tolerance, on the scale of what it is made of."""

STEEP = 1e-3
"""The slope of a rate counts as infinite at a border if the rate changes by this share hardly before it."""

GRAZING = 0.05
"""A guard is grazed where its speed changes by this share within what the tolerance leaves open of the moment."""


@dataclass(frozen=True, eq=False)
class Mode:
    """A comparison, floor or ceil of the rates.

    Attributes
    ----------
    parameter : int
        Position of the parameter that holds its present value.
    whole : Expression or None
        The floor or ceil, over inner modes; None for a comparison.
    guards : tuple of int
        Positions among the events of the hybrid model: the comparison itself; or whether the whole number has become
        smaller, and whether it has become larger.
    """

    parameter: int
    whole: Expression | None
    guards: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Guard:
    """A function that passes through zero where a mode changes.

    Attributes
    ----------
    mode : Mode
    function : Expression
    partial : dict of str to Expression
        Its derivatives by species, parameters and time; zeros are left out.
    text : str
        As it stands in the rates.
    """

    mode: Mode
    function: Expression
    partial: dict[str, Expression]
    text: str


@dataclass(frozen=True, eq=False)
class Saltation:
    """How slopes jump at a switch: S+ = S- + jump (by_state S- + by_parameter P), P being the slopes of parameters.

    Attributes
    ----------
    jump : array, shape (n_species,)
        Rates before less rates after; 0 for algebraic species.
    by_state : array, shape (n_species,)
        Derivative of the moment by the state before.
    by_parameter : array, shape (n_parameters,)
        By the parameters of the original model.
    refusal : str
        Why there is no slope if the moment moves at all; empty if there is one.
    time : float
    """

    jump: np.ndarray
    by_state: np.ndarray
    by_parameter: np.ndarray
    refusal: str
    time: float

    def moment(self, slopes: np.ndarray, by_parameter: np.ndarray) -> np.ndarray:
        """How the moment moves along some directions.

        Parameters
        ----------
        slopes : array, shape (n_species, n_directions)
        by_parameter : array, shape (n_parameters, n_directions)

        Returns
        -------
        array, shape (n_directions,)

        Raises
        ------
        SimulationError
            If there is no slope although the moment moves.
        """
        moves = self.by_state @ slopes + self.by_parameter @ by_parameter
        if self.refusal and moves.any():
            raise SimulationError(self.refusal, self.refusal, self.time, {}, None)
        return moves

    def forward(self, slopes: np.ndarray, by_parameter: np.ndarray) -> np.ndarray:
        """Slopes after the switch, shape (n_species, n_directions)."""
        return slopes + np.outer(self.jump, self.moment(slopes, by_parameter))

    def back(self, bar: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The transpose, of a switch without refusal: derivatives by the slopes after, shape (n_species, n_columns),
        become derivatives by the slopes before and by those of the parameters, shape (n_parameters, n_columns)."""
        through = self.jump @ bar
        return bar + np.outer(self.by_state, through), np.outer(self.by_parameter, through)


_Where = tuple[float, np.ndarray, np.ndarray]
"""Time, state and parameters with modes."""


@dataclass(frozen=True, eq=False)
class _Speed:
    """A guard at one moment: its derivatives and its derivative along the motion."""

    guard: int
    value: float
    by_state: np.ndarray
    by_parameter: np.ndarray
    by_time: float

    def along(self, rates: np.ndarray) -> float:
        return self.by_time + float(self.by_state @ rates)

    def moment(self, rates: np.ndarray) -> np.ndarray:
        """Derivative of the moment by state and parameters."""
        speed = self.along(rates)
        both = np.concatenate([self.by_state, self.by_parameter])
        return -both / speed if speed != 0.0 else np.where(both != 0.0, math.inf, 0.0)


@dataclass(frozen=True, eq=False)
class HybridModel:
    """A model whose rates are smooth within a mode.

    Attributes
    ----------
    original : Model
    model : Model
        The same with a parameter for each mode, and an event without assignments for each guard behind its own.
    modes : tuple of Mode
        Inner ones first.
    texts : tuple of str
        Of each guard, as it stands in the rates.
    """

    original: Model
    model: Model
    modes: tuple[Mode, ...]
    texts: tuple[str, ...]

    @cached_property
    def prepared(self) -> PreparedModel:
        return prepare_model(self.model)

    @property
    def n_events(self) -> int:
        """Events of the original model."""
        return len(self.original.events)

    @property
    def n_parameters(self) -> int:
        """Parameters of the original model."""
        return len(self.original.parameters)

    def extended(self, parameters: np.ndarray) -> np.ndarray:
        """Parameters, shape (..., n_parameters), with room for the modes."""
        return np.concatenate([parameters, np.zeros((*parameters.shape[:-1], len(self.modes)))], axis=-1)

    def task(self, task: IntegrationTask) -> IntegrationTask:
        """The task of one member of the original model as one of this, which finds out by itself where to stop."""
        kept = task.action_kinds != BREAK
        return task._replace(
            parameters=self.extended(task.parameters),
            schedule=np.array([0, np.count_nonzero(kept)], dtype=np.int64),
            action_times=task.action_times[kept],
            action_kinds=task.action_kinds[kept],
            action_targets=task.action_targets[kept],
            action_values=task.action_values[kept],
        )

    @property
    def reads_state(self) -> bool:
        """Whether some switch depends on more than time."""
        return any(s.in_rates and not s.continuous and not s.time_only for s in switches(self.original))

    # Modes.

    def truths(self, time: float, state: np.ndarray, parameters: np.ndarray) -> np.ndarray:
        """Triggers of the original model, then guards, as they stand, shape (n_conditions,)."""
        kernels = self.prepared.kernels(1, events=True)
        where = (np.array([time]), state[None], parameters[None])
        return evaluate_kernel_rows(kernels, kernels.conditions, kernels.n_conditions, *where)[0]

    def enter(self, time: float, state: np.ndarray, parameters: np.ndarray) -> None:
        """Give every mode its present value."""
        for _ in range(len(self.modes) + 100):
            guards = self.changed(self.truths(time, state, parameters), parameters)
            if not guards:
                return
            self._flip(guards, time, state, parameters)
        raise self._error(time, "the switches of the rates contradict each other")

    def changed(self, truth: np.ndarray, parameters: np.ndarray) -> list[int]:
        """Guards that do not agree with the modes."""
        disagreeing: list[int] = []
        for mode in self.modes:
            if mode.whole is None:
                disagreeing += [g for g in mode.guards if truth[g] != parameters[mode.parameter]]
            else:
                disagreeing += [g for g in mode.guards if truth[g] != 0.0]
        return disagreeing

    def _flip(self, guards: Iterable[int], time: float, state: np.ndarray, parameters: np.ndarray) -> None:
        """Change the modes of these guards."""
        for guard in guards:
            mode = self.guards[guard - self.n_events].mode
            now = parameters[mode.parameter]
            if mode.whole is None:
                parameters[mode.parameter] = 1.0 - now
                continue
            step = -1.0 if guard == mode.guards[0] else 1.0
            near = evaluate_all([mode.whole], self._values(time, state, parameters))[0]
            far = math.isfinite(near) and (near - now) * step > 1.0
            parameters[mode.parameter] = near if far else now + step

    def _values(self, time: float, state: np.ndarray, parameters: np.ndarray) -> dict[str, float]:
        values = dict(zip(self.model.species, map(float, state), strict=True))
        values |= zip(self.model.parameters, map(float, parameters), strict=True)
        values[TIME] = time
        return values

    # Slopes.

    @cached_property
    def guards(self) -> list[Guard]:
        events = self.model.events[self.n_events :]
        functions = [event.trigger.arguments[0] - event.trigger.arguments[1] for event in events]
        partial = gradients(functions, {*self.original.species, *self.original.parameters, TIME})
        owners = {guard: mode for mode in self.modes for guard in mode.guards}
        return [
            Guard(owners[self.n_events + k], function, slopes, text)
            for k, (function, slopes, text) in enumerate(zip(functions, partial, self.texts, strict=True))
        ]

    @cached_property
    def _formulas(self) -> list[Expression]:
        return [f for guard in self.guards for f in (guard.function, *guard.partial.values())]

    def _speeds(self, time: float, state: np.ndarray, parameters: np.ndarray) -> list[_Speed]:
        """All guards at a moment."""
        model, speeds = self.original, []
        numbers = iter(evaluate_all(self._formulas, self._values(time, state, parameters)))
        for k, guard in enumerate(self.guards):
            value, partial = next(numbers), {name: next(numbers) for name in guard.partial}
            by_state = np.array([partial.get(name, 0.0) for name in model.species])
            by_parameter = np.array([partial.get(name, 0.0) for name in model.parameters])
            speeds.append(_Speed(self.n_events + k, value, by_state, by_parameter, partial.get(TIME, 0.0)))
        return speeds

    def cross(
        self,
        guards: Sequence[int],
        time: float,
        state: np.ndarray,
        parameters: np.ndarray,
        settle: Callable[[], np.ndarray],
        earlier: Sequence[tuple[float, np.ndarray]],
        relative: float,
    ) -> list[Saltation]:
        """Go through some guards at one moment.

        Parameters
        ----------
        guards : sequence of int
            Those that have changed.
        time : float
        state : array, shape (n_species,)
        parameters : array, shape (n_parameters + n_modes,)
            With the modes before; those after are put into it.
        settle : callable
            The state after the modes have changed (algebraic species may jump with them).
        earlier : sequence of (float, array)
            Moments before this one on the same smooth course and the states there: its beginning, that of the last
            step, and hardly before this one; none if the state was just set.
        relative : float
            Relative tolerance of the run.

        Returns
        -------
        list of Saltation
            To be gone through in order; one for each surface.
        """
        before, rates = parameters.copy(), rates_of_change(self.prepared, time, state, parameters)
        mass = self.prepared.pattern.mass
        speeds = self._speeds(time, state, before)
        surfaces = _surfaces([speeds[guard - self.n_events] for guard in guards], rates)
        refusal = self._apart(surfaces, speeds, time, state, before, rates, relative)
        saltations = []
        for k, surface in enumerate(surfaces):
            self._flip([speed.guard for speed in surface], time, state, parameters)
            if k == len(surfaces) - 1:
                self.enter(time, state, parameters)
            after = rates_of_change(self.prepared, time, settle(), parameters)
            jump, speed = (rates - after) * mass, surface[0]
            moment = speed.moment(rates)
            reason = refusal
            where = time, state, before
            if not reason and _is_jump(jump, rates, after) and self._grazed(speed, where, rates, earlier, relative):
                reason = self._reason(time, f"'{self._text(speed.guard)}' is grazed, where there is no slope")
            if not reason and self._runs_away(where, rates, earlier):
                text = self._text(speed.guard)
                reason = self._reason(time, f"the slope of a rate is infinite at the border of '{text}'")
            if not np.isfinite(moment).all():
                moment = np.where(np.isfinite(moment), moment, 1.0 if reason else 0.0)
            n = len(state)
            saltations.append(Saltation(jump, moment[:n], moment[n:], reason, time))
            rates = after
        return saltations

    def touches(
        self,
        times: np.ndarray,
        states: np.ndarray,
        between: Callable[[int, float], np.ndarray],
        parameters: np.ndarray,
        relative: float,
    ) -> list[Saltation]:
        """Guards that turned round at their border, too near to tell whether they passed it: refusals of their slopes.

        Parameters
        ----------
        times : array, shape (n_times,)
            Moments within one mode.
        states : array, shape (n_times, n_species)
        between : callable
            The state at a time not before the moment of a row and not after the next.
        parameters : array, shape (n_parameters + n_modes,)
        relative : float
            Relative tolerance of the run.
        """
        kernels = self.prepared.kernels(1)
        rates = evaluate_kernel_rows(
            kernels, kernels.right_hand_side, kernels.n_species, times, states, parameters[None]
        )
        rates *= self.prepared.pattern.mass
        values: dict[str, Any] = dict(zip(self.model.parameters, map(float, parameters), strict=True))
        values |= {TIME: times, **dict(zip(self.model.species, states.T, strict=True))}
        numbers, refusals = iter(evaluate_arrays(self._formulas, values)), []
        place = {name: k for k, name in enumerate(self.model.species)}
        for k, guard in enumerate(self.guards):
            value, partial = (
                np.broadcast_to(next(numbers), times.shape),
                {name: next(numbers) for name in guard.partial},
            )
            speed = np.zeros(len(times)) + partial.get(TIME, 0.0)
            for name, slope in partial.items():
                if name in place:
                    speed = speed + slope * rates[:, place[name]]
            for row in _turns(times, value, speed):
                where = self._turning(k, times[row : row + 2], partial_of(between, row), parameters)
                at = self._speeds(*where)[k]
                if abs(at.value) <= _doubt(at, *where[:2], relative):
                    refusals += self._refusals(at.guard, where, f"'{guard.text}' is touched without being passed")
        return refusals

    def at_border(self, time: float, state: np.ndarray, parameters: np.ndarray) -> list[Saltation]:
        """Guards that stand at their border: refusals of their slopes."""
        speeds = self._speeds(time, state, parameters)
        guards = [s.guard for s in speeds if abs(s.value) <= _doubt(s, time, state, 0.0)]
        where = time, state, parameters
        return [r for g in guards for r in self._refusals(g, where, f"'{self._text(g)}' stands at its border")]

    def _turning(
        self, place: int, span: np.ndarray, state: Callable[[float], np.ndarray], parameters: np.ndarray
    ) -> _Where:
        """Where a guard turns round within a span: its speed changes its sign."""

        def speed(time: float) -> float:
            there = state(time)
            return self._speeds(time, there, parameters)[place].along(
                rates_of_change(self.prepared, time, there, parameters)
            )

        low, high = map(float, span)
        begins = speed(low)
        while high - low > 1e-9 * float(span[1] - span[0]):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if speed(middle) * begins > 0.0 else (low, middle)
        return high, state(high), parameters

    def _refusals(self, guard: int, where: _Where, what: str) -> list[Saltation]:
        """What refuses a slope if a guard moves at all, unless nothing jumps there."""
        time, state, parameters = where
        rates, inside = rates_of_change(self.prepared, time, state, parameters), parameters.copy()
        self._flip([guard], time, state, inside)
        after = rates_of_change(self.prepared, time, state, inside)
        if not _is_jump(rates - after, rates, after):
            return []
        speed = self._speeds(time, state, parameters)[guard - self.n_events]
        reason = self._reason(time, f"{what}, where there is no slope")
        return [Saltation(rates - after, speed.by_state, speed.by_parameter, reason, time)]

    def _text(self, guard: int) -> str:
        return self.texts[guard - self.n_events]

    def _grazed(
        self,
        speed: _Speed,
        where: _Where,
        rates: np.ndarray,
        earlier: Sequence[tuple[float, np.ndarray]],
        relative: float,
    ) -> bool:
        """Whether the guard passes so slowly that its speed is not known."""
        time, state, parameters = where
        now = speed.along(rates)
        if now == 0.0 or not earlier or is_instantaneous(earlier[1][0], time):
            return now == 0.0
        then, there = earlier[1]
        old = self._speeds(then, there, parameters)[speed.guard - self.n_events]
        past = old.along(rates_of_change(self.prepared, then, there, parameters))
        bend = abs(now - past) / (time - then)
        return bend * _doubt(speed, time, state, relative) > GRAZING * now * now

    def _runs_away(self, where: _Where, rates: np.ndarray, earlier: Sequence[tuple[float, np.ndarray]]) -> bool:
        """Whether the rates change so fast before the border that those at the border mean nothing."""
        before = [np.abs(rates_of_change(self.prepared, *moment, where[2])) for moment in earlier]
        size = max(float(part.max(initial=0.0)) for part in (*before, np.abs(rates)))
        return any((np.abs(near - np.abs(rates)) > STEEP * size).any() for near in before[2:])

    def _apart(
        self,
        surfaces: list[list[_Speed]],
        speeds: list[_Speed],
        time: float,
        state: np.ndarray,
        parameters: np.ndarray,
        rates: np.ndarray,
        relative: float,
    ) -> str:
        """Why surfaces met at the same moment cannot be gone through one after the other; empty if they can."""
        crossed = {speed.guard for surface in surfaces for speed in surface}
        near = [s for s in speeds if s.guard not in crossed and abs(s.value) <= _doubt(s, time, state, relative)]
        near = [s for s in near if s.value * s.along(rates) <= 0.0]
        met = _surfaces([surface[0] for surface in surfaces] + near, rates)
        for first, second in combinations(met, 2):
            if not self._commute(first, second, time, state, parameters, rates):
                a, b = (self._text(s[0].guard) for s in (first, second))
                return self._reason(time, f"'{a}' and '{b}' switch at the same moment, which has no slope")
        return ""

    def _commute(
        self,
        first: list[_Speed],
        second: list[_Speed],
        time: float,
        state: np.ndarray,
        parameters: np.ndarray,
        rates: np.ndarray,
    ) -> bool:
        """Whether two surfaces may be gone through in either order."""
        after = []
        for flipped in ((first,), (second,), (first, second)):
            inside = parameters.copy()
            self._flip([speed.guard for surface in flipped for speed in surface], time, state, inside)
            after.append(rates_of_change(self.prepared, time, state, inside))
        jump, other, both = rates - after[0], rates - after[1], rates - after[2]
        size = 1e-9 * (np.abs(rates) + np.abs(after).max(axis=0))
        by_first, by_second = first[0].by_state, second[0].by_state
        still = abs(by_second @ jump) <= np.abs(by_second) @ size and abs(by_first @ other) <= np.abs(by_first) @ size
        return bool(still and (np.abs(jump + other - both) <= size).all())

    def _reason(self, time: float, what: str) -> str:
        return f"{self.original.name}: at time {time:.9g} {what}"

    def _error(self, time: float, what: str) -> SimulationError:
        reason = self._reason(time, what)
        return SimulationError(reason, reason, time, {}, None)


def hybrid_model(model: Model) -> HybridModel | None:
    """The hybrid system of a model, kept with it; None if nothing in its rates jumps by itself."""
    return prepare_model(model).once(_hybrid_model)


def hybrid_model_if_needed(model: Model, names: Iterable[str]) -> HybridModel | None:
    """The hybrid system of a model if the place of a switch depends on the state or on one of the names, else None."""
    return hybrid_model(model) if _moves(model, frozenset(names)) else None


def _moves(model: Model, names: frozenset[str]) -> bool:
    moving = names.union(model.species)
    jumps = (s for s in switches(model) if s.in_rates and not s.continuous)
    return any(symbols(switch.function) & moving for switch in jumps)


def _hybrid_model(model: Model) -> HybridModel | None:
    if not any(switch.in_rates and not switch.continuous for switch in switches(model)):
        return None
    groups: list[dict] = [dict(model.rates), dict(model.rate_rules), dict(model.algebraic)]
    groups += [dict(factors) for factors in model.stoichiometry.values()]
    formulas = model.closed(formula for group in groups for formula in group.values())
    replaced, modes, triggers, texts = _with_modes(model, formulas)
    if not modes:
        return None
    remaining = iter(replaced)
    rates, rules, algebraic, *factors = [{name: next(remaining) for name in group} for group in groups]
    names = tuple(f"mode {k + 1}" for k in range(len(modes)))
    events = tuple(Event(f"guard {k + 1}", trigger, {}) for k, trigger in enumerate(triggers))
    changed = replace(
        model,
        rates=rates,
        rate_rules=rules,
        algebraic=algebraic,
        stoichiometry=dict(zip(model.stoichiometry, factors, strict=True)),
        parameters=(*model.parameters, *names),
        parameter_values=np.concatenate([model.parameter_values, np.zeros(len(modes))]),
        events=(*model.events, *events),
    )
    return HybridModel(model, changed, tuple(modes), tuple(texts))


def _with_modes(
    model: Model, formulas: list[Expression]
) -> tuple[list[Expression], list[Mode], list[Expression], list[str]]:
    """The formulas with a symbol for each mode, the modes, and the condition and the text of each guard."""
    moving = {*model.species, TIME}
    rebuilt: dict[int, Expression] = {}
    modes: list[Mode] = []
    triggers: list[Expression] = []
    texts: list[str] = []
    for node in postorder(formulas):
        plain = node
        if any(rebuilt[id(a)] is not a for a in node.arguments):
            plain = build_node(node.operator, (rebuilt[id(a)] for a in node.arguments))
            if plain.operator == "piecewise":
                plain = _within_domains(plain)
        rebuilt[id(node)] = plain
        if plain.operator not in ("less", "less_equal", "floor", "ceil") or not symbols(plain) & moving:
            continue
        mode = symbol(f"mode {len(modes) + 1}")
        first, guards = len(model.events) + len(triggers), _guards(plain, mode)
        whole = plain if plain.operator in ("floor", "ceil") else None
        places = tuple(range(first, first + len(guards)))
        modes.append(Mode(len(model.parameters) + len(modes), whole, places))
        triggers += guards
        texts += [to_text(node)] * len(guards)
        rebuilt[id(node)] = mode
    return [rebuilt[id(formula)] for formula in formulas], modes, triggers, texts


_PARTIAL = frozenset({"log", "sqrt", "power", "asin", "acos"})
"""Functions that are no numbers somewhere."""


def _within_domains(node: Expression) -> Expression:
    """A piecewise whose branches are left where they are no numbers: a step is tried beyond its guard before it is cut,
    and the condition may be what keeps the state inside the domain of a root or logarithm."""
    values, conditions, otherwise = node.arguments[:-1:2], list(node.arguments[1::2]), node.arguments[-1]
    for k, value in enumerate(values):
        if _may_fail(value):
            conditions[k] = all_of(conditions[k], equal(value, value))
    if _may_fail(otherwise):
        conditions[-1] = any_of(conditions[-1], not_equal(otherwise, otherwise))
    return piecewise(*chain(*zip(values, conditions, strict=True)), otherwise)


def _may_fail(formula: Expression) -> bool:
    return any(node.operator in _PARTIAL for node in postorder([formula]))


def _guards(node: Expression, mode: Expression) -> list[Expression]:
    """Conditions that change where a mode does."""
    if node.operator == "floor":
        return [less(node.arguments[0], mode), less_equal(mode + number(1.0), node.arguments[0])]
    if node.operator == "ceil":
        return [less_equal(node.arguments[0], mode - number(1.0)), less(mode, node.arguments[0])]
    return [node]


def _surfaces(speeds: Iterable[_Speed], rates: np.ndarray) -> list[list[_Speed]]:
    """Guards whose moments move alike, together."""
    surfaces: list[tuple[np.ndarray, list[_Speed]]] = []
    for speed in speeds:
        moment = speed.moment(rates)
        for other, members in surfaces:
            with np.errstate(invalid="ignore"):
                near = np.abs(moment - other) <= SAME * (np.abs(moment) + np.abs(other))
            if (near | (moment == other)).all():
                members.append(speed)
                break
        else:
            surfaces.append((moment, [speed]))
    return [members for _, members in surfaces]


def _turns(times: np.ndarray, value: np.ndarray, speed: np.ndarray) -> list[int]:
    """Rows after which a function comes much nearer to zero than at both ends and turns round (cubic interpolation)."""
    side = np.sign(value)
    rows = np.flatnonzero((side[1:] == side[:-1]) & (side[1:] * speed[:-1] < 0.0) & (side[1:] * speed[1:] > 0.0))
    x, h = speed[rows] / (speed[rows] - speed[rows + 1]), times[rows + 1] - times[rows]
    ahead = (1.0 + 2.0 * x) * value[rows] + x * h * speed[rows]
    back = (3.0 - 2.0 * x) * value[rows + 1] - (1.0 - x) * h * speed[rows + 1]
    nearest = np.abs((1.0 - x) ** 2 * ahead + x**2 * back)
    return rows[nearest <= 0.1 * np.maximum(np.abs(value[rows]), np.abs(value[rows + 1]))].tolist()


def _is_jump(jump: np.ndarray, before: np.ndarray, after: np.ndarray) -> bool:
    """Whether rates jump by more than rounding."""
    return bool((np.abs(jump) > 1e-12 * (np.abs(before) + np.abs(after))).any())


def _doubt(speed: _Speed, time: float, state: np.ndarray, relative: float) -> float:
    """How far a guard's value may be off."""
    magnitude = float(np.abs(speed.by_state) @ np.abs(state))
    return DOUBT * relative * magnitude + 1e-15 * (magnitude + abs(speed.by_time * time))


def is_instantaneous(begin: float, end: float) -> bool:
    """Whether a span is no longer than a few roundings of time: it ends where a switch stood at its border already."""
    return end - begin <= 1e-14 * max(abs(begin), abs(end)) + 1e-300
