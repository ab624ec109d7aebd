"""Runs with forward sensitivities: through interventions, events and steady states.

The run comes first and leaves its accepted steps on a tape; the sensitivities then follow it (`solvers.slopes`), with
an error control of their own. Where the state jumps, they jump by the chain rule; where the moment of an event depends
on parameters, its slope comes from the condition that sets it off. A model with switches in its rates runs as a hybrid
system as soon as the place of one of them moves with a name or with the state (`hybrid`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pathway.equations import Model
from pathway.equations.model import TIME
from pathway.equations.switches import root_functions
from pathway.errors import InputError
from pathway.expressions import Expression, symbols
from pathway.expressions.calculus import gradients
from pathway.kernels import CompiledModel, compile_model, machine_width

from .algebraic import AlgebraicTies, rates_of_change
from .checks import checked_texts
from .errors import SimulationError
from .events import EventFormulas, EventRun, EventState, WaitingEvent
from .hybrid import (
    HybridModel,
    Saltation,
    hybrid_model_if_needed,
    is_instantaneous,
)
from .interventions import apply_action, remaining_share
from .prepared import PreparedModel, prepare_model
from .solvers import layout
from .solvers.esdirk import STAGES
from .solvers.layout import IntegrationReport, IntegrationTask, JacobianPattern
from .solvers.slope_layout import (
    PreparedSlopeRun,
    SensitivityDirections,
    SlopeKernels,
    SlopeScratch,
    SlopeTask,
    padded_size,
    slope_scratch,
    slope_tables,
)
from .tasks import parameters_over_time, run_one, run_statistics
from .trajectory import Trajectory

FLOOR = 1e-4
"""A sensitivity counts in the error from this share of species scale / parameter scale on."""


def simulate_with_sensitivities(
    prepared: PreparedModel,
    task: IntegrationTask,
    names: tuple[str, ...],
    slopes: np.ndarray,
    solver: str,
) -> Trajectory:
    """The trajectory with the derivative of every value by every name, from the slopes of the start."""
    model = prepared.model
    hybrid = hybrid_model_if_needed(model, names)
    if hybrid is not None:
        prepared, task = hybrid.prepared, hybrid.task(task)
    own = _positions(prepared, names)
    by_parameter = np.zeros((len(prepared.model.parameters), len(names)))
    moved = own >= len(model.species)
    by_parameter[own[moved] - len(model.species), np.flatnonzero(moved)] = 1.0
    going = SensitivityCourse(prepared, task, slopes, by_parameter, task.relative, own=own)
    if prepared.model.events:
        run = EventSensitivities(prepared, task, solver, going, hybrid)
        run.run()
        values, end = run.values, run.state
        statistics = run_statistics(run.counts.tolist(), run.events.executed)
    else:
        report = run_one(prepared, prepared.kernels(1), task, solver, tape=True)
        going.follow(report, task)
        values, end = report.values[0], report.states[0]
        statistics = run_statistics(report.counts[0].tolist())
    return Trajectory(
        model=model,
        times=task.times,
        values=values,
        parameters=parameters_over_time(task)[:, : len(model.parameters)],
        end=end,
        sensitivities=going.values,
        sensitivity_names=names,
        parameter_slopes=going.carried,
        statistics=statistics,
    )


def checked_names(model: Model, names: Sequence[str]) -> tuple[str, ...]:
    """Names of parameters and species; anything else is refused."""
    names = checked_texts("sensitivities", names)
    for name in set(names).difference(model.species, model.parameters):
        try:
            model.parameter_index(name)
        except KeyError as error:
            raise InputError(f"sensitivities: {error.args[0]}") from None
    return names


def _positions(prepared: PreparedModel, names: Sequence[str]) -> np.ndarray:
    """Where each name stands among species and parameters."""
    known = prepared.once(_all_positions)
    return np.array([known[name] for name in names], dtype=int)


def _all_positions(model: Model) -> dict[str, int]:
    return {name: k for k, name in enumerate((*model.species, *model.parameters))}


class SensitivityCourse:
    """Sensitivities on their way along a run.

    Attributes
    ----------
    by_parameter : array, shape (n_parameters, n_directions)
        How the parameters in force move with each direction.
    values : array, shape (n_times, n_species, n_directions)
    carried : array, shape (n_times, n_directions)
        Sum of `by_parameter` over the parameters: of a direction that moves one parameter, what it still carries.
    """

    def __init__(
        self,
        prepared: PreparedModel,
        task: IntegrationTask,
        slopes: np.ndarray,
        by_parameter: np.ndarray,
        relative: float,
        *,
        own: np.ndarray | None = None,
        scales: np.ndarray | None = None,
    ) -> None:
        """From slopes of the start, shape (n_species, n_directions), to a relative tolerance; the scale of a direction
        is that of the species or parameter whose position is in `own`, or fixed in `scales`."""
        self.prepared, self.task, self.relative = prepared, task, relative
        self.n, self.n_names = slopes.shape
        self.machine = sensitivity_kernels(prepared)
        self.width = self.machine.kernels.width
        self.parameters = task.parameters[0].copy()
        self.by_parameter = by_parameter
        self.values = np.empty((len(task.times), self.n, self.n_names))
        self.carried = np.zeros((len(task.times), self.n_names))
        self.sizes = prepared.scales(task.starts[0])
        self.output = 0
        self.action = 0
        self.state = slopes.T.copy()
        self._own, self._fixed_scales = own, scales
        self.directions, self._sources = self._blocks()
        self.scratch = self.machine.scratch(len(self.directions.stacks), prepared.pattern)
        self.tables = slope_tables(relative)

    def _blocks(self) -> tuple[SensitivityDirections, np.ndarray]:
        size, n_blocks = padded_size(self.n, self.width), -(-self.n_names // self.width)
        moves = self.by_parameter != 0.0
        entries, where, starts, sources = self.prepared.once(
            jacobian_entries, self.width, self.n_names, moves.tobytes()
        )
        stacks = np.zeros((n_blocks, 1 + STAGES, size))
        return SensitivityDirections(stacks, entries, where, starts, np.ones(len(entries))), sources

    @property
    def matrix(self) -> np.ndarray:
        """The present sensitivities, shape (n_species, n_names)."""
        return self.state.T.copy()

    @matrix.setter
    def matrix(self, matrix: np.ndarray) -> None:
        self.state[:] = matrix.T

    def _scales(self, tape: np.ndarray) -> np.ndarray:
        """Sizes of what the names move, from the largest values of the species so far."""
        states = tape[:, layout.TAPE_HEAD : layout.TAPE_HEAD + self.n]
        self.sizes = np.maximum(self.sizes, np.abs(states).max(axis=0))
        if self._fixed_scales is not None:
            return self._fixed_scales
        by = np.concatenate([self.sizes, np.abs(self.parameters)])[self._own]
        return np.where(by > 0.0, by, 1.0)

    def follow(self, report: IntegrationReport, task: IntegrationTask) -> None:
        """Go along a finished run, with the interventions of its schedule."""
        tape = report.tape[: report.counts[0, layout.TAPED]]
        self._act(float(task.start_times[0]))
        position = 0
        while position < len(tape):
            last = len(tape)
            if self.action < len(task.action_times):
                last = int(np.searchsorted(tape[:, 0], task.action_times[self.action]))
            self.advance(tape[position:last])
            if last < len(tape) or self.action < len(task.action_times):
                self._act(task.action_times[self.action])
            position = last
        self.settle(float(task.times[-1]), report.states[0])
        self.record(float(task.times[-1]))

    def settle(self, time: float, state: np.ndarray) -> None:
        """Let algebraic species move as the others make them, where nothing runs that would."""
        if self.prepared.model.algebraic:
            ties = AlgebraicTies.at(self.prepared, time, state, self.parameters)
            self.matrix = ties.forward(self.matrix, self.by_parameter, np.zeros(self.n_names))

    def advance(self, tape: np.ndarray) -> None:
        """Go along some rows of a tape with constant parameters."""
        if len(tape) == 0:
            return
        first, scales = self.output, self._scales(tape)
        self.by_parameter.take(self._sources, out=self.directions.weights)
        course = SlopeTask(
            tape=np.ascontiguousarray(tape),
            parameters=self.parameters,
            slots=self.machine.slots(),
            times=self.task.times,
            species=np.arange(self.n),
            columns=np.arange(self.n_names),
            values=self.values,
            state=self.state,
            sizes=self.sizes,
            scales=scales,
            faint=FLOOR * self.relative,
            least=0.0,
            closes=0,
            progress=np.array([0, len(tape), first]),
            reached=np.zeros(1),
        )
        PreparedSlopeRun(self.machine.kernels, self.tables, self.directions, self.scratch, course)()
        check_reached(self.prepared, course, self.relative)
        self.output = int(course.progress[2])
        self.carried[first : self.output] = self.by_parameter.sum(axis=0)

    def record(self, now: float) -> None:
        """Record the outputs up to the present moment."""
        times = self.task.times
        while self.output < len(times) and times[self.output] <= now:
            self.values[self.output] = self.matrix
            self.carried[self.output] = self.by_parameter.sum(axis=0)
            self.output += 1

    def _act(self, now: float) -> None:
        while self.action < len(self.task.action_times) and self.task.action_times[self.action] <= now:
            self.act(self.action)
            self.action += 1

    def act(self, action: int) -> None:
        """The jump of the sensitivities at one action of the schedule."""
        task = self.task
        kind, target, value = (a[action] for a in (task.action_kinds, task.action_targets, task.action_values))
        if kind <= layout.SCALE:
            self.state[:, target] *= remaining_share(kind, value)
        elif kind <= layout.PARAMETER_SCALE:
            apply_action(kind, self.parameters, target, value)
            self.by_parameter[target] *= remaining_share(kind, value)


def check_reached(prepared: PreparedModel, course: SlopeTask, relative: float) -> None:
    """Raise if a walk along slopes, to this relative tolerance, has not reached its end with finite numbers.

    Raises
    ------
    SimulationError
    """
    first, last, _ = course.progress
    time, species, reason = float(course.reached[0]), None, ""
    if time == -math.inf:
        time, species = float(course.tape[first, 0]), _resting_at_zero(prepared, course)
        reason = f"'{species}' rests at zero, where the slope of a rate is infinite, and so are sensitivities"
        raise SimulationError(f"{reason} from time {time:g} on", reason, time, {}, species)
    if time < course.tape[last - 1, 2]:
        reason = f"no step of the sensitivities meets the tolerance of {relative:g}"
    elif not np.isfinite(course.state).all():
        reason = "the sensitivities are not finite numbers"
    if reason:
        raise SimulationError(f"{reason} at time {time:g}", reason, time, {}, None)


def _resting_at_zero(prepared: PreparedModel, course: SlopeTask) -> str:
    """The name of a species that rests at zero and moves with some name."""
    states, moves = course.tape[course.progress[0], layout.TAPE_HEAD :], (course.state != 0.0).any(axis=0)
    near = [k for k in prepared.pattern.singular if moves[k]]
    return prepared.model.species[min(near, key=lambda k: abs(states[k]))]


@dataclass(frozen=True, eq=False)
class SensitivityKernels:
    """Kernels for sensitivities."""

    kernels: SlopeKernels
    by_parameter: tuple[np.ndarray, np.ndarray]
    codes: tuple[CompiledModel, CompiledModel]

    def slots(self) -> np.ndarray:
        """Room for the parameters as kernels of several moments read them."""
        return np.zeros(self.codes[0].parameter_slots * self.kernels.moments)

    def scratch(self, n_blocks: int, pattern: JacobianPattern) -> SlopeScratch:
        """Working storage for some blocks of directions."""
        return slope_scratch(self.kernels, len(self.by_parameter[0]), n_blocks, pattern)


def jacobian_entries(model: Model, width: int, n_names: int, moves: bytes) -> tuple[np.ndarray, ...]:
    """Which entries of the parameter Jacobian go where, by block, and where their weights stand; `moves` says which
    parameter moves in which direction, shape (n_parameters, n_names)."""
    rows, columns = sensitivity_kernels(prepare_model(model)).by_parameter
    moving = np.frombuffer(moves, dtype=bool).reshape(len(model.parameters), n_names)
    entry, direction = np.nonzero(moving[columns])
    order = np.argsort(direction // width, kind="stable")
    entry, direction = entry[order], direction[order]
    starts = np.searchsorted(direction // width, np.arange(-(-n_names // width) + 1))
    sources = columns[entry] * n_names + direction
    return entry, rows[entry] * width + direction % width, starts.astype(np.int64), sources


def sensitivity_kernels(prepared: PreparedModel) -> SensitivityKernels:
    """What the walk along slopes calls, compiled at the first request and kept with the prepared model."""
    return prepared.once(_machine)


def _machine(model: Model) -> SensitivityKernels:
    width = machine_width()
    moments = compile_model(model, None, ("jacobian", "factor", "parameter_jacobian"))
    wide = compile_model(model, width, ("solve_shared", "multiply_shared", "error_norm"))
    kernels = SlopeKernels(
        prepare=moments.address("prepare"),
        jacobian=moments.address("jacobian"),
        factor=moments.address("factor"),
        parameter_jacobian=moments.address("parameter_jacobian"),
        solve_shared=wide.address("solve_shared"),
        multiply_shared=wide.address("multiply_shared"),
        error_norm=wide.address("error_norm"),
        moments=moments.width,
        width=width,
        n_species=moments.n_species,
        n_factor=moments.sizes["lu"],
        n_jacobian=len(moments.patterns["jacobian"]),
        algebraic=int(bool(model.algebraic)),
    )
    pattern = moments.patterns["parameter_jacobian"]
    places = (np.asarray(pattern.rows), np.asarray(pattern.columns))
    return SensitivityKernels(kernels, places, (moments, wide))


# --- events -------------------------------------------------------------------------------------------------------


class EventSensitivities(EventRun):
    """A run with events that carries sensitivities along.

    `moment` is how the present moment moves with each name; while something happens at it, `total` holds how the
    state there moves, the motion of the moment included.
    """

    def __init__(
        self,
        prepared: PreparedModel,
        task: IntegrationTask,
        solver: str,
        slopes: SensitivityCourse,
        hybrid: HybridModel | None,
        continued: EventState | None = None,
        open_end: bool = False,
    ) -> None:
        super().__init__(prepared, task, solver, True, hybrid, continued, open_end)
        self.slopes = slopes
        self.moment = np.zeros(slopes.n_names)
        self.total = slopes.matrix
        self.on_stretch = self._stretch
        self.on_cross = self._crossed
        self.on_action = self._action
        self.on_trigger = self._trigger
        self.on_execution = self._execution
        self._passed: list[tuple[Saltation, np.ndarray]] = []

    def run(self) -> None:
        """Go on to the last time."""
        if self.hybrid is not None:
            parameters = self.parameters.copy()
            self.hybrid.enter(self.time, self.state, parameters)
            self._crossed(self.hybrid.at_border(self.time, self.state, parameters))
        super().run()

    def _settle(self) -> None:
        super()._settle()
        self._settle_slopes()

    def _settle_slopes(self) -> None:
        self.slopes.parameters[:] = self.parameters
        self.slopes.settle(self.time, self.state)

    def _rates(self) -> np.ndarray:
        return rates_of_change(self.prepared, self.time, self.state, self.parameters)

    def _stretch(self, report: IntegrationReport, times: np.ndarray) -> None:
        self.slopes.parameters[:] = self.parameters
        tape = report.tape[: report.counts[0, layout.TAPED]]
        if self.hybrid is None or not is_instantaneous(tape[0, 0], tape[-1, 2]):
            self.slopes.advance(tape)
        self._passed = []
        self._before = self.parameters.copy()

    def _crossed(self, saltations: list[Saltation]) -> None:
        """The jump of the sensitivities at switches of the rates."""
        slopes = self.slopes
        by_parameter = slopes.by_parameter[: self.n_parameters]
        for saltation in saltations:
            moment = saltation.moment(slopes.matrix, by_parameter)
            slopes.matrix = slopes.matrix + np.outer(saltation.jump, moment)
            self._passed.append((saltation, moment))
        if saltations:
            self._settle_slopes()
        if any(moment.any() for _, moment in self._passed):
            self._check_acted()

    def _respond(self) -> None:
        """Everything at this moment, with the motion of the moment taken out again at its end."""
        slopes = self.slopes
        rates = self._rates()
        self.moment = np.zeros(slopes.n_names)
        due = self._due()
        changed = self._changed_triggers() if self.at_crossing or self.at_switch else []
        if changed:
            self.moment = self._crossing(rates, changed)
        elif due:
            self.moment = due[0].context[0]  # type: ignore[index]
        before = self.events.executed
        self.total = slopes.matrix + np.outer(rates, self.moment)
        super()._respond()
        if self.events.executed > before:
            slopes.matrix = self.total - np.outer(self._rates(), self.moment)
            if any(not np.allclose(m, self.moment, rtol=1e-9, atol=0.0) for s, m in self._passed if s.jump.any()):
                raise self._error("an event and a switch of the rates happen at the same moment, which has no slope")

    def _record(self) -> None:
        super()._record()
        self.slopes.record(self.time)

    def _action(self, action: int) -> None:
        self.slopes.act(action)

    def _act(self) -> None:
        before, first = (self.time, self.state.copy(), self.parameters.copy()), self.action
        super()._act()
        if self.hybrid is None or self.action == first:
            return
        self._acted = (*before, range(first, self.action))
        if any(moment.any() for _, moment in self._passed):
            earlier = np.sum([saltation.jump for saltation, _ in self._passed], axis=0)
            self._compare_jumps(earlier, self._jump(self.state, self.parameters, self._before), self._acted[3])

    _acted: tuple[float, np.ndarray, np.ndarray, range] | None = None

    def _check_acted(self) -> None:
        """Refuse a moving switch at the very moment of an intervention, unless it may as well come before it."""
        if self._acted is not None and is_instantaneous(self._acted[0], self.time):
            _, state, parameters, actions = self._acted
            modes = np.concatenate([parameters[: self.n_parameters], self.parameters[self.n_parameters :]])
            later = np.sum([saltation.jump for saltation, _ in self._passed], axis=0)
            self._compare_jumps(self._jump(state, modes, parameters), later, actions)

    @property
    def n_parameters(self) -> int:
        """Parameters of the model itself; behind them come the modes of a hybrid one."""
        return len(self.parameters) if self.hybrid is None else self.hybrid.n_parameters

    def _jump(self, state: np.ndarray, parameters: np.ndarray, modes: np.ndarray) -> np.ndarray:
        """Rates in other modes less rates in those of `parameters`."""
        others = np.concatenate([parameters[: self.n_parameters], modes[self.n_parameters :]])
        after = rates_of_change(self.prepared, self.time, state, parameters)
        return (rates_of_change(self.prepared, self.time, state, others) - after) * self.prepared.pattern.mass

    def _compare_jumps(self, earlier: np.ndarray, later: np.ndarray, actions: range) -> None:
        """Refuse a slope unless the jump at a switch is the same before and after some actions."""
        task, expected = self.task, earlier.copy()
        for action in actions:
            if task.action_kinds[action] <= layout.SCALE:
                share = remaining_share(task.action_kinds[action], task.action_values[action])
                expected[task.action_targets[action]] *= share
        if not np.allclose(later, expected, rtol=1e-9, atol=1e-12 * np.abs(expected).max(initial=0.0)):
            raise self._error("an intervention and a switch of the rates come at the same moment, which has no slope")

    def _slope(self, formulas: Sequence[Expression]) -> np.ndarray:
        """How formulas at the present moment move with each name, shape (n_formulas, n_names)."""
        result = np.zeros((len(formulas), self.slopes.n_names))
        for row, formula in enumerate(formulas):
            partial = self.prepared.once(_partial, formula)
            for name, value in zip(partial, self._evaluate(list(partial.values())), strict=True):
                result[row] += value * self._moves_of(name)
        return result

    def _moves_of(self, name: str) -> np.ndarray:
        """How a species, a parameter or the time moves at the present moment, shape (n_directions,)."""
        kind, place = self._places[name]
        if kind == TIME:
            return self.moment
        return self.total[place] if kind == "species" else self.slopes.by_parameter[place]

    @cached_property
    def _places(self) -> dict[str, tuple[str, int]]:
        model = self.prepared.model
        places = {name: ("parameter", k) for k, name in enumerate(model.parameters)}
        return places | {name: ("species", k) for k, name in enumerate(model.species)} | {TIME: (TIME, 0)}

    def _changed_triggers(self) -> list[int]:
        """Events whose triggers the motion has just changed."""
        changed = self._truths() != self.events.triggers
        return np.flatnonzero(changed[: self.n_events]).tolist()

    def _crossing(self, rates: np.ndarray, changed: Sequence[int]) -> np.ndarray:
        """How the moment moves at which a trigger has just changed: from what in it stands at its border."""
        best, moves = math.inf, np.zeros(self.slopes.n_names)
        self.total = self.slopes.matrix
        for formula, integer in self._deciding(changed):
            partial = self.prepared.once(_partial, formula)
            value, *parts = self._evaluate([formula, *partial.values()])
            speeds = {TIME: 1.0} | dict(zip(self.prepared.model.species, rates, strict=True))
            speed = sum(part * speeds.get(name, 0.0) for name, part in zip(partial, parts, strict=True))
            distance = value - np.rint(value) if integer else value
            if speed != 0.0 and abs(distance / speed) < best:
                best = abs(distance / speed)
                moves = -self._slope([formula])[0] / speed
        return moves

    def _deciding(self, places: Sequence[int]) -> list[tuple[Expression, bool]]:
        """What some triggers jump at: functions, and whether their integer part counts and not their sign."""
        jumps = self.prepared.once(_jumps_of_triggers, self.n_events)
        return [one for place in places for one in jumps[place]]

    def _trigger(self, waiting: WaitingEvent) -> None:
        formulas: EventFormulas = self.formulas[waiting.place]
        due = self.moment if formulas.delay is None else self.moment + self._slope([formulas.delay])[0]
        waiting.context = (due, None if waiting.values is None else self._slope(formulas.values))

    def _execute(self, waiting: WaitingEvent) -> None:
        formulas = self.formulas[waiting.place]
        remembered: np.ndarray | None = waiting.context[1]  # type: ignore[index]
        moves = self._slope(formulas.values) if remembered is None else remembered
        factors = [f for f in formulas.factors if f is not None]
        if factors:
            numbers = waiting.values if waiting.values is not None else self._evaluate(formulas.values)
            for k, factor in enumerate(formulas.factors):
                if factor is not None:
                    moves[k] = moves[k] * self._evaluate([factor])[0] + numbers[k] * self._slope([factor])[0]
        self._moves = (formulas.targets, moves)
        super()._execute(waiting)

    def _execution(self, waiting: WaitingEvent, before: np.ndarray, after: np.ndarray) -> None:
        targets, moves = self._moves
        self.total[targets] = moves
        if self.prepared.model.algebraic:
            ties = AlgebraicTies.at(self.prepared, self.time, after, self.parameters)
            self.total = ties.forward(self.total, self.slopes.by_parameter, self.moment)


def _partial(model: Model, formula: Expression) -> dict[str, Expression]:
    """Derivatives of a formula by what it reads."""
    return dict(sorted(gradients([formula], symbols(formula))[0].items()))


def _jumps_of_triggers(model: Model, n_events: int) -> list[list[tuple[Expression, bool]]]:
    """What the trigger of each event jumps at, and whether its integer part counts and not its sign."""
    triggers = model.closed(event.trigger for event in model.events[:n_events])
    # abs, min and max have a kink and no jump.
    kinks = ("abs", "min", "max")
    roots = [root_functions([trigger]) for trigger in triggers]
    return [[(f, whole) for f, node, whole in some if node.operator not in kinks] for some in roots]
