"""Runs the experiments of a layout on the compiled engine."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pathway.equations import Model
from pathway.expressions import symbols
from pathway.expressions.evaluation import evaluate_all
from pathway.simulation import SimulationError, simulate
from pathway.simulation.interventions import schedule_of
from pathway.simulation.prepared import Prepared, prepare
from pathway.simulation.simulate import empty_report, failure_of, make_task, run_one
from pathway.simulation.solvers import layout as codes
from pathway.simulation.solvers.layout import Report, Task

from .layout import Jump, Layout, Run, Stretch
from .objective import Recorded, RunFailure
from .rest import GROWTH, ROUNDS, Rest
from .slopes import Follower

if TYPE_CHECKING:
    from .backwards import Backwards


@dataclass(frozen=True, eq=False)
class _Batch:
    """Stretches that run together: equal start and equal moments.

    Attributes
    ----------
    members : tuple of (int, Stretch)
        Position of the run and the stretch.
    start : float
    times : array
        Finite moments to record, the end included where another period follows.
    rests : bool
        Whether the steady state is asked for after them.
    """

    members: tuple[tuple[int, Stretch], ...]
    start: float
    times: np.ndarray
    rests: bool


class EngineRunner:
    """Values and slopes of all recorded moments.

    Attributes
    ----------
    layout : Layout
    relative_tolerance : float
        Of the states.
    slope_tolerance : float
        Of their slopes.
    solver : str
    """

    def __init__(
        self,
        layout: Layout,
        relative_tolerance: float = 1e-8,
        slope_tolerance: float = 1e-4,
        solver: str = "Rodas5P",
    ) -> None:
        self.layout, self.relative_tolerance, self.solver = layout, relative_tolerance, solver
        self.slope_tolerance = slope_tolerance
        self.prepared: Prepared = prepare(layout.model)
        self.before = [k for k, run in enumerate(layout.runs) if run.stretches[0].start == -math.inf]
        self.batches = _batches(layout.runs)
        self._nothing = schedule_of(layout.model, (), (), 0.0, 0.0)
        self._variants: dict[tuple[bool, ...], Model] = {}
        self._breaks: dict[bytes, list[float]] = {}
        used = {name for pair in self.prepared.jumps for formula in pair for name in symbols(formula)}
        self._breaking = np.array([k for k, name in enumerate(layout.model.parameters) if name in used], dtype=int)
        finite = layout.output_time[np.isfinite(layout.output_time)]
        self.pace = max(float(np.max(np.abs(finite), initial=0.0)), 1.0)
        self.rest = Rest(self.prepared)
        self.followers = self._make_followers()

    def run(self, q: np.ndarray, slopes: bool) -> Recorded:
        """States (and slopes) at parameter values `q`, in natural units.

        Raises
        ------
        RunFailure
        """
        try:
            if slopes and self.followers is not None:
                return self._followed(q)
            states, parameters = self._states(q)
            return self._differences(q, states, parameters) if slopes else Recorded(states, parameters)
        except (SimulationError, np.linalg.LinAlgError) as reason:
            raise RunFailure(str(reason)) from None
        except MemoryError as reason:
            raise RunFailure(f"what the runs record does not fit into memory: {reason}") from None

    @property
    def goes_backwards(self) -> bool:
        """Whether gradients can be had by `backwards`."""
        return self.followers is not None

    def backwards(self, q: np.ndarray) -> Backwards:
        """All runs at parameter values `q`, ready to be walked backwards.

        Raises
        ------
        RunFailure
        """
        from .backwards import Backwards

        try:
            return Backwards(self, q)
        except (SimulationError, np.linalg.LinAlgError) as reason:
            raise RunFailure(str(reason)) from None

    def _make_followers(self) -> list[Follower] | None:
        """One for each run; None where slopes have to come from differences."""
        layout = self.layout
        moving = {int(p) for p, q in layout.parameters.pattern[:, 1:] if layout.estimated_place[q] >= 0}
        names = {layout.model.parameters[p] for p in moving}
        if layout.model.events or any(symbols(d) & names for d, _ in self.prepared.jumps):
            return None
        made = []
        for run in layout.runs:
            chain = (*layout.runs[run.before].stretches, *run.stretches) if run.before >= 0 else run.stretches
            extra = {
                int(layout.estimated_place[layout.positions[name]])
                for stretch in chain
                if stretch.jump is not None
                for _, name in stretch.jump.tape.slopes
                if name in layout.positions
            } - {-1}
            held: dict[int, set[int]] = {}
            for stretch in chain:
                held.setdefault(stretch.row, set()).update(stretch.held)
            made.append(Follower(layout, self.prepared, run.start_row, held, extra))
        return made

    def _followed(self, q: np.ndarray) -> Recorded:
        """States and slopes, run by run."""
        layout = self.layout
        going = _Going(self, q)
        for k, run in enumerate(layout.runs):
            going.run(k, run)
        return Recorded(going.states, going.parameters, going.state_slopes, going.parameter_slopes)

    def _differences(self, q: np.ndarray, states: np.ndarray, parameters: np.ndarray) -> Recorded:
        """Slopes by central differences: for models with events, whose slopes the engine does not carry."""
        estimated, reads = self.layout.estimated, self.layout.reads
        by_state, by_parameter = map(np.zeros, self.layout.slope_shapes)
        species, constants = self.layout.read_species, self.layout.read_constants
        for place, k in enumerate(estimated):
            moved = [i for i, run_reads in enumerate(reads) if k in run_reads]
            if not moved:
                continue
            step = 1e-4 * max(abs(q[k]), 1e-8)
            ahead, back = q.copy(), q.copy()
            ahead[k] += step
            back[k] -= step
            s1, p1 = self._states(ahead, moved)
            s0, p0 = self._states(back, moved)
            outputs = self._outputs_of(moved)
            by_state[outputs, :, place] = (s1[outputs] - s0[outputs])[:, species] / (2 * step)
            by_parameter[outputs, :, place] = (p1[outputs] - p0[outputs])[:, constants] / (2 * step)
        return Recorded(states, parameters, by_state, by_parameter)

    def _outputs_of(self, runs: Sequence[int]) -> np.ndarray:
        """Positions of the moments that these runs record."""
        stretches = [stretch for k in runs for stretch in self.layout.runs[k].stretches]
        made = [np.arange(s.first_output, s.first_output + len(s.times)) for s in stretches]
        return np.concatenate(made) if made else np.zeros(0, dtype=int)

    def _states(self, q: np.ndarray, only: Sequence[int] | None = None) -> tuple[np.ndarray, np.ndarray]:
        """States and model parameters at all recorded moments; of some runs alone, nan for the others' states."""
        layout = self.layout
        asked = set(range(len(layout.runs)) if only is None else only)
        asked |= {layout.runs[k].before for k in asked}
        starts, table = layout.initial.values(q), layout.parameters.values(q)
        states = np.full((len(layout.output_time), len(layout.model.species)), np.nan)
        parameters = table[layout.output_row]
        now: list[np.ndarray] = [starts[run.start_row] for run in layout.runs]
        for k in asked.intersection(self.before):
            run = layout.runs[k]
            now[k] = self._rest(run.name, now[k], table[run.stretches[0].row], layout.model.start_time)
        for k, run in enumerate(layout.runs):
            if run.before >= 0:
                now[k] = now[run.before]
        held: list[dict[int, float]] = [{} for _ in layout.runs]
        for whole in self.batches:
            batch = whole if only is None else replace(whole, members=tuple(m for m in whole.members if m[0] in asked))
            if not batch.members:
                continue
            rows = np.stack([table[stretch.row] for _, stretch in batch.members])
            for i, (k, stretch) in enumerate(batch.members):
                if stretch.jump is not None:
                    now[k], new = _jumped(layout, stretch.jump, now[k], stretch.start, q)
                    held[k] |= new
                for p in stretch.held:
                    rows[i, p] = held[k][p]
            found, ends = self._advance(batch, np.stack([now[k] for k, _ in batch.members]), rows)
            for i, (k, stretch) in enumerate(batch.members):
                now[k] = ends[i]
                last = stretch.first_output + len(stretch.times)
                if batch.rests:
                    fresh = (
                        layout.runs[k].before < 0 and len(stretch.times) == 1 and stretch is layout.runs[k].stretches[0]
                    )
                    now[k] = self._rest(layout.runs[k].name, now[k], rows[i], batch.times[-1], fresh)
                    states[last - 1] = now[k]
                    last -= 1
                states[stretch.first_output : last] = found[i, : last - stretch.first_output]
                parameters[stretch.first_output : stretch.first_output + len(stretch.times)] = rows[i]
        return states, parameters

    def _advance(
        self, batch: _Batch, starts: np.ndarray, rows: np.ndarray, relative: float | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """States at the batch's times, shape (n_members, n_times, n_species), and at its end."""
        n = starts.shape[1]
        if n == 0:
            return np.zeros((len(starts), len(batch.times), 0)), starts
        if self.layout.model.events:
            return self._advance_singly(batch, starts, rows)
        kernels = self.prepared.kernels(1)
        task = make_task(
            batch.times,
            batch.start,
            starts,
            rows,
            _absolute(starts),
            self._nothing,
            relative or self.relative_tolerance,
            SMALL,
        )
        if self.prepared.has_breaks:
            task = _with_breaks(task, [self._known_breaks(row) for row in rows], batch)
        report = empty_report(len(starts), len(batch.times), n, kernels, False)
        self.prepared.run(kernels, self.solver, task, report)
        for i in np.flatnonzero(report.counts[:, codes.STATUS] != codes.DONE):
            name = self.layout.runs[batch.members[i][0]].name
            raise RunFailure(f"experiment '{name}': {failure_of(self.prepared, report, int(i))}")
        return report.values, report.states

    def _known_breaks(self, row: np.ndarray) -> list[float]:
        """Breaks at these model parameters, worked out once for the values they depend on."""
        key = row[self._breaking].tobytes()
        if key not in self._breaks:
            if len(self._breaks) > 1000:
                self._breaks.clear()
            self._breaks[key] = self.prepared.breaks(row)
        return self._breaks[key]

    def _taped(
        self, name: str, start: float, times: np.ndarray, state: np.ndarray, row: np.ndarray
    ) -> tuple[Report, Task]:
        """One run that keeps its steps."""
        starts = state[None]
        task = make_task(
            times, start, starts, row[None], _absolute(starts), self._nothing, self.relative_tolerance, SMALL
        )
        if self.prepared.has_breaks:
            task = _with_breaks(task, [self._known_breaks(row)], _Batch((), start, times, False))
        try:
            return run_one(self.prepared, self.prepared.kernels(1), task, self.solver, tape=True), task
        except SimulationError as reason:
            raise RunFailure(f"experiment '{name}': {reason}") from None

    def _advance_singly(self, batch: _Batch, starts: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same one by one, for models with events."""
        values = []
        for (k, stretch), start, row in zip(batch.members, starts, rows, strict=True):
            first = stretch is self.layout.runs[k].stretches[0] and self.layout.runs[k].before < 0
            model = self.layout.model if first else self._continued(start, row, batch.start)
            values.append(self._simulate(model, start, row, batch.start, batch.times))
        return np.stack(values), np.stack([v[-1] for v in values])

    def _simulate(
        self, model: Model, state: np.ndarray, row: np.ndarray, start: float, times: np.ndarray
    ) -> np.ndarray:
        made = simulate(
            model,
            times,
            parameters=row,
            initial=state,
            start=start,
            relative_tolerance=self.relative_tolerance,
            solver=self.solver,
        )
        return made.values

    def _continued(self, state: np.ndarray, row: np.ndarray, time: float) -> Model:
        """The model with triggers that count as what they were: one that is true already does not fire again."""
        values = dict(zip(self.layout.model.species, map(float, state), strict=True))
        values |= dict(zip(self.layout.model.parameters, map(float, row), strict=True)) | {"time": time}
        triggers = self.layout.model.closed([event.trigger for event in self.layout.model.events])
        truth = tuple(value != 0.0 for value in evaluate_all(triggers, values))
        if truth not in self._variants:
            events = tuple(
                replace(event, initial_value=true or event.initial_value)
                for event, true in zip(self.layout.model.events, truth, strict=True)
            )
            self._variants[truth] = replace(self.layout.model, events=events)
        return self._variants[truth]

    def _rest(self, name: str, state: np.ndarray, row: np.ndarray, start: float, fresh: bool = True) -> np.ndarray:
        """The steady state that a run comes to."""
        if not len(state):
            return state
        if not self.layout.model.events and not self.layout.model.algebraic:
            return self._settled(name, state, row, start)
        times = start + self.pace * SPANS
        model = self.layout.model if fresh else self._continued(state, row, start)
        values = self._simulate(model, state, row, start, times)
        scale = 1e-12 * np.max(np.abs(values), axis=0)
        still = np.all(np.abs(np.diff(values, axis=0)) <= 1e-7 * np.abs(values[1:]) + scale, axis=1)
        if not still[-1]:
            moving = int(np.argmax(np.abs(values[-1] - values[-2]) / (np.abs(values[-1]) + scale + 1e-300)))
            raise RunFailure(
                f"experiment '{name}': no steady state within {times[-1]:g}; "
                f"{self.layout.model.species[moving]} still changes"
            )
        return values[-1]

    def _settled(self, name: str, state: np.ndarray, row: np.ndarray, start: float) -> np.ndarray:
        """Followed until Newton's method takes over."""
        rest = self.rest
        slots = rest.slots(row)
        totals = rest.totals(start, state, slots)
        now, horizon = state, rest.horizon(start, state, slots, self.pace)
        relative = 1e-5
        for _ in range(ROUNDS):
            try:
                found = rest.settle(start, now, slots, totals, totals @ state)
            except np.linalg.LinAlgError:
                found = None
            if found is not None and now is not state:
                return found
            batch = _Batch(((0, self.layout.runs[0].stretches[0]),), start, np.array([start + horizon]), False)
            now = self._advance(batch, now[None], row[None], relative)[1][0]
            start, horizon, relative = start + horizon, horizon * GROWTH, max(0.1 * relative, 1e-10)
        raise RunFailure(f"experiment '{name}': no steady state within {start:g}")


SPANS = 8.0 ** np.arange(12)
"""Times at which a run with events is looked at on its way to a steady state, in multiples of its longest time."""


class _Going:
    """One pass over all runs with slopes."""

    def __init__(self, runner: EngineRunner, q: np.ndarray) -> None:
        layout = runner.layout
        self.runner, self.layout, self.q = runner, layout, q
        self.starts, self.table = layout.initial.values(q), layout.parameters.values(q)
        self.start_slopes, self.table_slopes = layout.initial.slopes(q), layout.parameters.slopes(q)
        self.states = np.full((len(layout.output_time), len(layout.model.species)), np.nan)
        self.parameters = self.table[layout.output_row]
        self.state_slopes, self.parameter_slopes = map(np.zeros, layout.slope_shapes)
        self.rested: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def run(self, k: int, run: Run) -> None:
        """All stretches of one run."""
        runner, follower = self.runner, self.runner.followers[k]  # type: ignore[index]
        if run.stretches[0].start == -math.inf:
            stretch = run.stretches[0]
            row, start = self.table[stretch.row], self.starts[run.start_row]
            state = runner._rest(run.name, start, row, self.layout.model.start_time)
            by_parameter = follower.parameter_slopes(stretch.row, self.table_slopes)
            slopes = self._rest_slopes(state, row, by_parameter, follower.start(self.start_slopes))
            self.rested[k] = state, slopes
            return
        if run.before >= 0:
            state, before = self.rested[run.before]
            slopes = np.zeros((len(state), len(follower.active)))
            if len(state):
                known = np.searchsorted(follower.active, runner.followers[run.before].active)  # type: ignore[index]
                slopes[:, known] = before
        else:
            state, slopes = self.starts[run.start_row], follower.start(self.start_slopes)
        held: dict[int, tuple[float, np.ndarray]] = {}
        for stretch in run.stretches:
            row = self.table[stretch.row].copy()
            by_parameter = follower.parameter_slopes(stretch.row, self.table_slopes)
            if stretch.jump is not None:
                state, slopes = self._jump(stretch.jump, follower, stretch.start, state, slopes, held)
            for p in stretch.held:
                row[p], by_parameter[p] = held[p]
            state, slopes = self._stretch(run.name, follower, stretch, state, slopes, row, by_parameter)

    def _rest_slopes(
        self, state: np.ndarray, row: np.ndarray, by_parameter: np.ndarray, before: np.ndarray
    ) -> np.ndarray:
        if not len(state):
            return before
        rest = self.runner.rest
        slots, time = rest.slots(row), self.layout.model.start_time
        return rest.slopes(time, state, slots, rest.totals(time, state, slots), by_parameter, before)

    def _stretch(
        self,
        name: str,
        follower: Follower,
        stretch: Stretch,
        state: np.ndarray,
        slopes: np.ndarray,
        row: np.ndarray,
        by_parameter: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Record one stretch; returns state and slopes at its end."""
        outputs = slice(stretch.first_output, stretch.first_output + len(stretch.times))
        self.parameters[outputs] = row
        self.parameter_slopes[outputs, :, follower.active] = by_parameter[self.layout.read_constants]
        if not len(state):
            return state, slopes
        runner = self.runner
        times, n = stretch.moments
        if len(times):
            report, task = runner._taped(name, stretch.start, times, state, row)
            sizes = np.abs(self.q[self.layout.estimated[follower.active]])
            found, end = follower.follow(
                report,
                task,
                stretch.row,
                row,
                by_parameter,
                slopes,
                np.where(sizes > 0.0, sizes, 1.0),
                0.01 * runner.slope_tolerance,  # the sum over all measurements must meet it
            )
            first = stretch.first_output
            self.states[first : first + n] = report.values[0, :n]
            self.state_slopes[first : first + n, :, follower.active] = found[:n, self.layout.read_species]
            state, slopes = report.states[0].copy(), end
        if n < len(stretch.times):
            state = runner._rest(name, state, row, float(times[-1]) if len(times) else stretch.start)
            slopes = self._rest_slopes(state, row, by_parameter, slopes)
            self.states[stretch.first_output + n] = state
            self.state_slopes[stretch.first_output + n][:, follower.active] = slopes[self.layout.read_species]
        return state, slopes

    def _jump(
        self,
        jump: Jump,
        follower: Follower,
        time: float,
        state: np.ndarray,
        slopes: np.ndarray,
        held: dict[int, tuple[float, np.ndarray]],
    ) -> tuple[np.ndarray, np.ndarray]:
        """State and slopes after a period's changes, by the chain rule."""
        layout = self.layout
        species = {name: i for i, name in enumerate(layout.model.species)}
        direction = {int(q): d for d, q in enumerate(follower.active)}
        values: dict[str, float | np.ndarray] = {name: float(self.q[k]) for name, k in layout.positions.items()}
        values |= {name: float(state[i]) for name, i in species.items()} | {"time": time}
        results, partial = jump.tape.evaluate(values)
        moved = np.zeros((len(results), len(follower.active)))
        for (formula, name), slope in zip(jump.tape.slopes, partial, strict=True):
            if name in species:
                moved[formula] += float(slope) * slopes[species[name]]
            else:
                place = direction.get(int(layout.estimated_place[layout.positions[name]]))
                if place is not None:
                    moved[formula, place] += float(slope)
        state, slopes = state.copy(), slopes.copy()
        n = len(jump.species)
        state[list(jump.species)] = [float(v) for v in results[:n]]
        slopes[list(jump.species)] = moved[:n]
        for i, p in enumerate(jump.parameters):
            held[p] = float(results[n + i]), moved[n + i]
        return state, slopes


SMALL = 1e-10
"""Absolute tolerance as a share of the largest value a species has had so far."""

FAINT = 1e-16
"""The same for a species that starts at zero, as a share of the largest start: amounts of a model in no declared unit
may lie many decades apart, and what is measured may be the smallest."""


def _absolute(starts: np.ndarray) -> np.ndarray:
    """Absolute tolerances to begin with, shape (n_members, n_species)."""
    own = np.abs(starts)
    largest = own.max(axis=1, keepdims=True)
    return np.maximum(SMALL * own, FAINT * np.where(largest > 0.0, largest, 1.0))


def _batches(runs: Sequence[Run]) -> list[_Batch]:
    """All finite stretches in an order in which they can be run."""
    made = []
    depth = max((len(run.stretches) for run in runs), default=0)
    for level in range(depth):
        groups: dict[tuple, list[tuple[int, Stretch]]] = {}
        for k, run in enumerate(runs):
            if level < len(run.stretches) and run.stretches[level].start != -math.inf:
                stretch = run.stretches[level]
                last = level + 1 == len(run.stretches)
                finite = stretch.times[np.isfinite(stretch.times)]
                rests = bool(len(stretch.times)) and stretch.times[-1] == math.inf
                end = [] if last and len(finite) else [stretch.start if rests else stretch.end]
                times = tuple(np.union1d(finite, [t for t in end if math.isfinite(t)]))
                groups.setdefault((stretch.start, times, rests), []).append((k, stretch))
        made += [
            _Batch(tuple(members), start, np.array(times), rests) for (start, times, rests), members in groups.items()
        ]
    return made


def _with_breaks(task: Task, breaks: Sequence[Sequence[float]], batch: _Batch) -> Task:
    """The task with restarts where a rate jumps at a time of its own."""
    if not any(breaks):
        return task
    inside = [[t for t in row if batch.start <= t <= batch.times[-1]] for row in breaks]
    times = np.array([t for row in inside for t in row])
    return task._replace(
        schedule=np.concatenate([[0], np.cumsum([len(row) for row in inside])]).astype(np.int64),
        action_times=times,
        action_kinds=np.full(len(times), codes.BREAK, dtype=np.int64),
        action_targets=np.zeros(len(times), dtype=np.int64),
        action_values=np.zeros(len(times)),
    )


def _jumped(
    layout: Layout, jump: Jump, state: np.ndarray, time: float, q: np.ndarray
) -> tuple[np.ndarray, dict[int, float]]:
    """The state and the model parameters after a period's changes."""
    values: dict[str, float | np.ndarray] = {name: float(q[k]) for name, k in layout.positions.items()}
    values |= dict(zip(layout.model.species, map(float, state), strict=True)) | {"time": time}
    results = [float(v) for v in jump.tape.values_only(values)]
    made = state.copy()
    made[list(jump.species)] = results[: len(jump.species)]
    return made, dict(zip(jump.parameters, results[len(jump.species) :], strict=True))
