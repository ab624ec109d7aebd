"""Events: what happens when a condition becomes true, with the meaning that SBML gives it.

A condition on the state is watched by the step loop, which stops at the first float at which it has changed; what
depends on time alone is isolated beforehand, and the run stops at every such moment. What follows happens here, between
two stretches of integration:

* An event is triggered when its trigger turns from false to true. Before the start the trigger counts as
  `initial_value`. Its delay, and its new values if they are those of the trigger's moment, are computed there.
* An event that is not persistent is dropped if its trigger turns false before it is executed.
* Of the events due at the same moment the one with the largest priority goes first (priorities are computed anew each
  time). Events that declare the same priority go in random order, as the SBML specification asks, drawn from a stream
  that starts anew with each run, so that a run repeats; those without a priority go in the order in which they were
  triggered. After each execution all triggers are looked at again, so an event can trigger or drop others at the same
  moment.

A plain run leaves most of this to the step loop (`compiled_events`); it comes here with what the loop does not do, for
derivatives along the course, and for experiments of several periods.

An experiment of several periods is one run cut into pieces: `EventState` is what a piece hands on to the next. What the
next period changes is done before anything else happens at its first moment (PEtab 2): an event that is triggered or
due at that moment happens after it, with the values that it left. PEtab says this of triggers and of delayed events,
and that the initial value of a trigger belongs to the beginning of the whole experiment; of an event that waits, of
priorities and of events that are not persistent it says nothing, so they go on as SBML has them in one run.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import InitVar, dataclass, replace
from functools import cached_property

import numpy as np

from pathway.equations import Event, Model
from pathway.equations.model import TIME
from pathway.expressions import Expression, symbols
from pathway.expressions.evaluation import Evaluator

from .errors import SimulationError
from .hybrid import HybridModel, Saltation
from .interventions import apply_action
from .prepared import PreparedModel, prepare_model
from .solvers import layout
from .solvers.batch import KernelEvaluator
from .solvers.layout import IntegrationReport, IntegrationTask, KernelAddresses
from .solvers.probe import evaluate_right_hand_side
from .switches import MomentsAhead
from .tasks import actions_of, run_one

EXECUTIONS = 100_000
"""Events in one run after which it is taken to be caught in a loop."""

AT_ONCE = 5_000
"""So many events within hardly any time are a loop too, or come ever closer together."""

ROUNDING = 1e-9
"""A trigger that changes back before what it reads has moved by this share did so by rounding: a smooth course that
passes its border and returns within it comes no further than its square, which is less than a float tells apart."""

HARDLY = 1e-8
"""Share of the time since the last switch that is hardly any time."""

CHATTER = 1e-9
"""A switch that turns back and forth within this share of the time that a run spans slides along its border."""

MOMENTS = 300
"""Events that alternate at so many moments within that share do the same."""

TIES = 1
"""Seed of what orders events of one priority."""


@dataclass(eq=False)
class WaitingEvent:
    """An event that was triggered and is not yet executed; `values` are known if they are those of the trigger."""

    place: int
    due: float
    values: list[float] | None
    context: object = None


@dataclass(eq=False)
class EventState:
    """What events remember from one moment to the next.

    Attributes
    ----------
    triggers : array, shape (n_events,)
        1.0 where the trigger was true when it was last looked at.
    waiting : list of WaitingEvent
        Triggered and not yet executed, in the order in which they were triggered.
    executed : int
    ties : int
        How often chance has ordered events of one priority.
    """

    triggers: np.ndarray
    waiting: list[WaitingEvent]
    executed: int = 0
    ties: int = 0

    @classmethod
    def initial(cls, model: Model) -> EventState:
        """As the model declares it for the time before its start."""
        triggers = np.array([float(event.initial_value) for event in model.events])
        return cls(triggers, [])

    def copy(self) -> EventState:
        """One of its own for a run that goes on from here: several may."""
        return replace(self, triggers=self.triggers.copy(), waiting=list(self.waiting))

    @property
    def next_due(self) -> float:
        """When the next waiting event is due; inf if none is."""
        return min((waiting.due for waiting in self.waiting), default=math.inf)


@dataclass(frozen=True, eq=False)
class EventFormulas:
    """The closed formulas of one event.

    Attributes
    ----------
    reads : list of int
        Species that the trigger reads.
    timed : bool
        Whether it reads the time.
    """

    event: Event
    targets: list[int]
    values: list[Expression]
    factors: list[Expression | None]
    delay: Expression | None
    priority: Expression | None
    reads: list[int]
    timed: bool


def state_between(row: np.ndarray, time: float) -> np.ndarray:
    """The state within a step, from its row of a tape, shape (n_species,)."""
    x = (time - row[0]) / row[1]
    before, after, bend, second, third = row[layout.TAPE_HEAD :].reshape(5, -1)
    return (1.0 - x) * before + x * (after + (1.0 - x) * (bend + x * (second + x * third)))


def event_formulas(model: Model) -> list[EventFormulas]:
    """The formulas of all events over species, parameters and time."""
    formulas = []
    for event in model.events:
        names = list(event.assignments)
        extras = [event.delay, event.priority, *(event.factors.get(name) for name in names)]
        closed = iter(model.closed([e for e in extras if e is not None]))
        delay, priority, *factors = [None if e is None else next(closed) for e in extras]
        values = model.closed(event.assignments.values())
        read = symbols(*model.closed([event.trigger]))
        reads = [k for k, name in enumerate(model.species) if name in read]
        targets = [model.species_index(n) for n in names]
        formulas.append(EventFormulas(event, targets, values, factors, delay, priority, reads, TIME in read))
    return formulas


@dataclass(eq=False)
class EventRun:
    """One run of a model with events, as it goes on.

    Attributes
    ----------
    prepared : PreparedModel
    task : IntegrationTask
        The whole run, with its interventions.
    solver : str
    hybrid : HybridModel, optional
        What `prepared` was made from, if the run stops at every switch of the rates.
    continued : EventState, optional
        What an earlier period of the experiment has left (it keeps its own); None: the experiment begins.
    open_end : bool
        Whether another period begins at the last time: what happens at that moment is left to it.
    on_stretch, on_cross, on_action, on_trigger, on_execution : callable, optional
        Told what happens, for derivatives along the run.
    events : EventState
    at_switch : bool
        Whether a switch of time alone changes at the present moment.
    at_crossing : bool
        Whether it was the course that has just changed a condition.
    """

    prepared: PreparedModel
    task: IntegrationTask
    solver: str
    tape: bool = False
    hybrid: HybridModel | None = None
    continued: InitVar[EventState | None] = None
    open_end: bool = False
    on_stretch: Callable[[IntegrationReport, np.ndarray], None] | None = None
    on_cross: Callable[[list[Saltation]], None] | None = None
    on_action: Callable[[int], None] | None = None
    on_trigger: Callable[[WaitingEvent], None] | None = None
    on_execution: Callable[[WaitingEvent, np.ndarray, np.ndarray], None] | None = None

    def __post_init__(self, continued: EventState | None) -> None:
        model = self.prepared.model
        self.time = float(self.task.start_times[0])
        self.state = self.task.starts[0].copy()
        self.parameters = self.task.parameters[0].copy()
        self.events = EventState.initial(model) if continued is None else continued.copy()
        self.action = 0
        self.counts = np.zeros(layout.COUNTS, dtype=np.int64)
        self.values = np.full((len(self.task.times), len(model.species)), np.nan)
        self.output = 0
        self.at_switch = False
        self._moments = deque([(-math.inf, "")], maxlen=MOMENTS)
        self.at_crossing = False
        self._turns: dict[int, list[float]] = {}
        self._earlier: list[tuple[float, np.ndarray]] = []
        self._changes: dict[int, tuple[float, np.ndarray]] = {}
        self._last_count = -math.inf

    @cached_property
    def formulas(self) -> list[EventFormulas]:
        return self.prepared.once(event_formulas)

    @cached_property
    def kernels(self) -> KernelAddresses:
        return self.prepared.kernels(1, events=True)

    @property
    def n_events(self) -> int:
        """Events of the model itself; behind them come the guards of a hybrid one."""
        return len(self.events.triggers) if self.hybrid is None else self.hybrid.n_events

    def _truths(self) -> np.ndarray:
        """Every condition as it stands now."""
        return self._conditions(self.time, self.state, self.parameters)

    @cached_property
    def _conditions(self) -> KernelEvaluator:
        return KernelEvaluator(self.kernels, self.kernels.conditions, self.kernels.n_conditions)

    def run(self) -> None:
        """Go on to the last time."""
        end = self.task.times[-1]
        self._enter_modes()
        self._settle()
        self._act()
        self._respond()
        self._record()
        while self.time < end:
            station, hop = self._next_station()
            if not hop:
                others = min(end, self._next_action(), self.events.next_due)
                self._integrate(min(others, station))
                if self.time == station < others and not self.at_crossing:
                    station, hop = self._next_station()
            self.at_switch = hop and station <= end
            if self.at_switch:
                self.time = float(np.nextafter(station, -math.inf))
                self._record()
                self.time = station
            self._cross()
            if self.time < end or not self.open_end:
                self._act()
                self._respond()
            self._record()

    def _next_station(self) -> tuple[float, bool]:
        return self._ahead.next(self.parameters, self.state, self.time)

    @cached_property
    def _ahead(self) -> MomentsAhead:
        switching = (self.prepared if self.hybrid is None else prepare_model(self.hybrid.original)).time_switches
        return MomentsAhead(switching, float(self.task.times[-1]))

    def _next_action(self) -> float:
        times = self.task.action_times
        return float(times[self.action]) if self.action < len(times) else math.inf

    def _integrate(self, stop: float) -> None:
        """Go on to `stop`, or to the first change of a condition before it."""
        if stop <= self.time:
            return
        times = self.task.times
        inside = times[(times > self.time) & (times < stop)]
        task = self._from_here(np.append(inside, stop))
        report = run_one(self.prepared, self.kernels, task, self.solver, self.tape)
        self.at_crossing = report.counts[0, layout.STATUS] == layout.EVENT
        if self.at_crossing:
            inside = inside[inside < report.moments[0, 0]]
        rows = slice(self.output, self.output + len(inside))
        self.values[rows] = report.values[0, : len(inside)]
        if self.on_stretch is not None:
            self.on_stretch(report, task.times)
        self.output += len(inside)
        self.time = float(report.moments[0, 0])
        self.state = report.states[0].copy()
        self.counts += report.counts[0]
        if self.hybrid is not None and self.on_cross is not None:
            self._look_back(report)
        if self.at_crossing:
            self._settle()  # inside a step they are known to the tolerance: what is set would move them back again

    def _look_back(self, report: IntegrationReport) -> None:
        """Keep a moment before a switch, and refuse slopes where a guard has turned round at its border."""
        assert self.hybrid is not None and self.on_cross is not None
        tape, n = report.tape[: report.counts[0, layout.TAPED]], len(self.state)
        states = np.concatenate([tape[:, layout.TAPE_HEAD : layout.TAPE_HEAD + n], self.state[None]])
        times = np.append(tape[:, 0], self.time)

        def between(row: int, time: float) -> np.ndarray:
            return state_between(tape[row], time)

        near = self.time - HARDLY * (self.time - float(times[0]))
        row = int(np.searchsorted(tape[:, 0], near, side="right")) - 1
        self._earlier = [(float(times[0]), states[0]), (float(times[-2]), states[-2]), (near, between(row, near))]
        self.on_cross(self.hybrid.touches(times, states, between, self.parameters, self.task.relative))

    def _from_here(self, times: np.ndarray) -> IntegrationTask:
        return self.task._replace(
            times=times,
            start_times=np.array([self.time]),
            starts=self.state[None].copy(),
            parameters=self.parameters[None].copy(),
            **actions_of(),
            conditions=self.events.triggers.copy(),
        )

    def _enter_modes(self) -> None:
        """Give the rates the side of each switch on which the state is, also after it was set to something else."""
        if self.hybrid is not None:
            self.hybrid.enter(self.time, self.state, self.parameters)

    def _cross(self) -> None:
        """Go through the switches of the rates that the motion has just brought about."""
        hybrid = self.hybrid
        if hybrid is None:
            return
        guards = hybrid.changed(self._truths(), self.parameters)
        if not guards:
            return
        self._count_turns(guards)
        if self.on_cross is None:
            self._enter_modes()
            self._settle()
            return

        def settle() -> np.ndarray:
            self._settle()
            return self.state

        self.on_cross(
            hybrid.cross(guards, self.time, self.state, self.parameters, settle, self._earlier, self.task.relative)
        )

    def _count_turns(self, guards: Sequence[int]) -> None:
        """Refuse a switch that turns back and forth without time going on."""
        assert self.hybrid is not None
        near = CHATTER * float(self.task.times[-1] - self.task.start_times[0])
        for guard in guards:
            turns = self._turns.setdefault(guard, [])
            turns.append(self.time)
            if len(turns) >= 4 and self.time - turns.pop(0) <= near:
                text = self.hybrid.texts[guard - self.hybrid.n_events]
                raise self._error(f"the switch '{text}' chatters: the state slides along its border")

    def _act(self) -> None:
        """Carry out the interventions due now."""
        task, acted = self.task, False
        while self._next_action() <= self.time:
            kind, target, value = (a[self.action] for a in (task.action_kinds, task.action_targets, task.action_values))
            apply_action(kind, self.state if kind <= layout.SCALE else self.parameters, target, value)
            if self.on_action is not None:
                self.on_action(self.action)
            self.action += 1
            acted = True
        if acted:
            self._earlier = []
            self.at_crossing = False
            self._changes.clear()
            self._settle()

    def _settle(self) -> None:
        """Find the algebraic species that belong to a changed state."""
        if self.prepared.model.algebraic:
            kernels = self.prepared.kernels(1)
            report = run_one(self.prepared, kernels, self._from_here(np.array([self.time])), self.solver)
            self.state = report.states[0].copy()

    def _respond(self) -> None:
        """Everything that happens at the present moment."""
        self._compare_triggers()
        while True:
            due = self._due()
            if not due:
                return
            chosen = due[0]
            if len(due) > 1:
                chosen = self._first(due)
            self.events.waiting.remove(chosen)
            self._execute(chosen)
            self._compare_triggers()

    def _due(self) -> list[WaitingEvent]:
        return [waiting for waiting in self.events.waiting if waiting.due <= self.time]

    def _first(self, due: list[WaitingEvent]) -> WaitingEvent:
        """The one with the largest priority; of several that declare the same one, any."""
        priorities = [self._priority(waiting) for waiting in due]
        equal = [w for w, p in zip(due, priorities, strict=True) if p == max(priorities)]
        declared = [w for w in equal if self.formulas[w.place].priority is not None]
        if len(declared) < 2:
            return equal[0]
        self.events.ties += 1
        return declared[int(np.random.default_rng([TIES, self.events.ties]).integers(len(declared)))]

    def _priority(self, waiting: WaitingEvent) -> float:
        formula = self.formulas[waiting.place].priority
        return 0.0 if formula is None else self._evaluate([formula])[0]

    def _compare_triggers(self) -> None:
        """Compare all triggers with what they were."""
        self._enter_modes()
        before, self.events.triggers = self.events.triggers, self._truths()
        truth = self.events.triggers
        changed = np.flatnonzero(truth[: self.n_events] != before[: self.n_events]).tolist()
        by_rounding = [place for place in changed if self.at_crossing and self._is_rounding(place)]
        if self.at_crossing:
            self._changes |= dict.fromkeys(changed, (self.time, self.state.copy()))
        self.at_crossing = False
        for place in changed:
            if place in by_rounding:
                continue
            formulas = self.formulas[place]
            if truth[place] == 0.0:
                if not formulas.event.persistent:
                    self.events.waiting = [w for w in self.events.waiting if w.place != place]
                continue
            delay = 0.0 if formulas.delay is None else self._evaluate([formulas.delay])[0]
            values = self._evaluate(formulas.values) if formulas.event.values_from_trigger_time else None
            if not delay >= 0.0:
                raise self._error(f"the delay of event '{formulas.event.name}' is {delay}")
            waiting = WaitingEvent(int(place), self.time + delay, values)
            if self.on_trigger is not None:
                self.on_trigger(waiting)
            self.events.waiting.append(waiting)

    def _is_rounding(self, place: int) -> bool:
        """Whether the course changed this trigger before, and nothing that it reads has moved since."""
        if place not in self._changes:
            return False
        (since, before), reads = self._changes[place], self.formulas[place].reads
        elapsed, least = self.time - since, ROUNDING * np.abs(self.state)
        if not reads or any(abs(self.state[k] - before[k]) > least[k] for k in reads):
            return False
        if self.formulas[place].timed and elapsed > ROUNDING * abs(self.time):
            return False
        return bool(np.all(np.abs(self._rates() * elapsed)[reads] <= least[reads]))

    def _rates(self) -> np.ndarray:
        rates = evaluate_right_hand_side(self.prepared.kernels(1), self.time, self.state, self.parameters)
        return rates * self.prepared.pattern.mass

    def _execute(self, waiting: WaitingEvent) -> None:
        """Set the new values of an event."""
        self._earlier = []
        formulas = self.formulas[waiting.place]
        values = waiting.values if waiting.values is not None else self._evaluate(formulas.values)
        declared = [f for f in formulas.factors if f is not None]
        found = iter(self._evaluate(declared)) if declared else iter(())
        before = self.state.copy()
        self._assign(waiting, values, [1.0 if factor is None else next(found) for factor in formulas.factors])
        self.events.executed += 1
        self._changes.clear()  # the course has a corner here, so what follows is no rounding
        self._check_chatter(formulas.event.name)
        if self.events.executed % AT_ONCE == 0:
            last, self._last_count = self._last_count, self.time
            if self.time - last <= ROUNDING * max(abs(self.time), float(self.task.times[-1] - self.task.times[0])):
                raise self._error(f"events happen without end, the last one '{formulas.event.name}'")
        if self.events.executed > EXECUTIONS:
            raise self._error(f"more than {EXECUTIONS} events, the last one '{formulas.event.name}'")
        self._settle()
        if self.on_execution is not None:
            self.on_execution(waiting, before, self.state)

    def _assign(self, waiting: WaitingEvent, values: list[float], factors: list[float]) -> None:
        """Put the values of an event, times their factors, in the place of the present ones."""
        formulas = self.formulas[waiting.place]
        self.state[formulas.targets] = np.multiply(values, factors)
        if not np.all(np.isfinite(self.state[formulas.targets])):
            raise self._error(f"event '{formulas.event.name}' gives a value that is not finite")

    def _check_chatter(self, name: str) -> None:
        """Refuse to go on where events undo each other without end."""
        if self.time > self._moments[-1][0]:
            self._moments.append((self.time, name))
        span = float(self.task.times[-1] - self.task.start_times[0])
        if len(self._moments) == MOMENTS and self.time - self._moments[0][0] <= CHATTER * span:
            names = sorted({name for _, name in self._moments})
            if len(names) > 1:
                raise self._error(f"events '{names[0]}' and '{names[1]}' undo each other: they chatter (sliding)")

    def _evaluate(self, formulas: Sequence[Expression]) -> list[float]:
        model = self.prepared.model
        values = dict(zip(model.species, map(float, self.state), strict=True))
        values |= zip(model.parameters, map(float, self.parameters), strict=True)
        values[TIME] = self.time
        return self.prepared.once(_evaluator, *formulas)(values)

    def _record(self) -> None:
        """Record the outputs of the present moment."""
        times = self.task.times
        while self.output < len(times) and times[self.output] <= self.time:
            self.values[self.output] = self.state
            self.output += 1

    def _error(self, reason: str) -> SimulationError:
        model = self.prepared.model
        state = dict(zip(model.species, map(float, self.state), strict=True))
        message = f"{model.name}: the run stopped at time {self.time:.9g}: {reason}."
        return SimulationError(message, reason, self.time, state, None)


def _evaluator(model: Model, *formulas: Expression) -> Evaluator:
    return Evaluator(formulas)
