"""All runs of one point: their values, and their slopes beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import SimulationError
from ..events import EventState
from ..steady_slopes import steady_slopes_of_members
from .directions import ForwardSensitivities
from .engine import PeriodSensitivities, SegmentEngine, TapedRun
from .outputs import RunError, RunOutputs
from .plan import SimulationPlan
from .segments import Segment, SegmentBatch, StateReset

Slopes = np.ndarray
"""Of a run's active directions, in the last axis."""


@dataclass(eq=False)
class RunPosition:
    """Where a run is.

    Attributes
    ----------
    state : array, shape (n_species,)
    events : EventState
        What events remember.
    held : dict of int to float
        What resets have set model parameters to.
    row : array, shape (n_model_parameters,)
        The model parameters in force.
    """

    state: np.ndarray
    events: EventState
    held: dict[int, float]
    row: np.ndarray


class PointPass:
    """One pass over all runs at parameter values `q`, shape (n_names,), in natural units: their values.

    Where a run begins, enters a segment, goes along it and comes to rest are methods of their own, for those who carry
    slopes along (`ForwardPass`) or keep what they need to go back (`AdjointPass`).

    Attributes
    ----------
    recorded : RunOutputs
    positions : list of RunPosition
        Of the runs that have begun.
    """

    def __init__(self, engine: SegmentEngine, plan: SimulationPlan, q: np.ndarray, relative: float) -> None:
        """`relative` is the tolerance of the states."""
        self.engine, self.plan, self.q, self.relative = engine, plan, q, relative
        starts, table = plan.tables(q[None])
        self.starts, self.table = starts[0], table[0]
        states = np.full((len(plan.output_time), len(plan.model.species)), np.nan)
        self.recorded = RunOutputs(states, self.table[plan.output_row])
        self.positions = [
            RunPosition(self.starts[run.start_row], engine.initial_events, {}, self.table[0]) for run in plan.runs
        ]
        self._present = 0

    def run(self) -> None:
        """All runs.

        Raises
        ------
        RunError
        """
        for batch in self.plan.batches:
            try:
                self._batch(batch)
            except (RunError, SimulationError, np.linalg.LinAlgError) as reason:
                raise RunError(f"experiment '{self.plan.runs[self._present].name}': {reason}") from None

    def _each(self, batch: SegmentBatch) -> Iterator[tuple[int, Segment]]:
        """The members, each being the present one until the next is asked for: whatever fails is its failure."""
        for self._present, segment in batch.members:
            yield self._present, segment

    def _batch(self, batch: SegmentBatch) -> None:
        """Go to the end of some segments and record them."""
        for k, segment in self._each(batch):
            self._enter(k, segment)
        if not len(self.plan.model.species):
            return
        if len(batch.times):
            self._advance(batch)
        if batch.rests:
            self._rest(batch)
        if batch.is_measured:
            for k, segment in batch.members:
                self.recorded.states[segment.outputs.stop - 1] = self.positions[k].state

    def _enter(self, k: int, segment: Segment) -> None:
        """Begin a segment, and with the first of them a run."""
        run, now, by_reset = self.plan.runs[k], self.positions[k], list[np.ndarray]()
        if segment is run.segments[0]:
            if run.before >= 0:
                before = self.positions[run.before]
                now.state, now.events, now.held = before.state, before.events, dict(before.held)
            self._begun(k)
        now.row = self.table[segment.row]
        if segment.reset is not None:
            now.state, new, *by_reset = segment.reset.linearized(self.q, now.state, segment.start)
            now.held |= dict(zip(segment.reset.parameters.tolist(), new.tolist(), strict=True))
        if len(segment.held):
            now.row = now.row.copy()
            now.row[segment.held] = [now.held[p] for p in segment.held.tolist()]
            self.recorded.parameters[segment.outputs] = now.row
        self._entered(k, segment, by_reset)

    def _begun(self, k: int) -> None:
        """A run has begun."""

    def _entered(self, k: int, segment: Segment, by_reset: list[np.ndarray]) -> None:
        """A segment has begun; `by_reset`: the derivatives of its reset, if it has one."""

    def _advance(self, batch: SegmentBatch) -> None:
        """Go to the last finite moment and record what is there."""
        for k, segment in self._each(batch):
            self._simulate(k, segment)

    def _simulate(self, k: int, segment: Segment, slopes: PeriodSensitivities | None = None) -> None:
        """The same by a run that stops at events."""
        now, (times, n) = self.positions[k], segment.moments
        arguments = now.state, now.row, self.relative, now.events, n < len(times), slopes
        values, now.events = self.engine.simulated(segment.start, times, *arguments)
        self._reach(k, segment, values, values[-1])

    def _taped(self, batch: SegmentBatch) -> Iterator[tuple[int, Segment, TapedRun]]:
        """The same side by side, each member with its steps."""
        states, rows = self._states(batch)
        runs = self.engine.taped(batch, batch.start, batch.times, states, rows, self.relative)
        for (k, segment), run in zip(self._each(batch), runs, strict=True):
            yield k, segment, run
            self._reach(k, segment, run.values, run.end.copy())

    def _states(self, batch: SegmentBatch) -> tuple[np.ndarray, np.ndarray]:
        """States and model parameters of all members."""
        positions = [self.positions[k] for k, _ in batch.members]
        return np.array([now.state for now in positions]), np.array([now.row for now in positions])

    def _reach(self, k: int, segment: Segment, values: np.ndarray, end: np.ndarray) -> None:
        """Record the values at finite moments, shape (n_moments, n_species), and be at their end."""
        n = segment.moments[1]
        self.recorded.states[segment.first_output : segment.first_output + n] = values[:n]
        self.positions[k].state = end

    def _rest(self, batch: SegmentBatch) -> None:
        """Go to the steady states that segments come to."""
        if self.plan.model.events:
            for k, _ in self._each(batch):
                self._rest_with_events(k, batch.last_moment)
            return
        states, rows = self._states(batch)
        ends, failures = self.engine.rested(batch.last_moment, states, rows, measured=batch.is_measured)
        for member, reason in failures.items():
            self._present = batch.members[member][0]
            raise RunError(reason)
        for (k, _), end in zip(batch.members, ends, strict=True):
            self.positions[k].state = end

    def _rest_with_events(self, k: int, time: float, slopes: PeriodSensitivities | None = None) -> None:
        now = self.positions[k]
        arguments = now.state, now.row, self.relative, now.events, slopes
        now.state, now.events = self.engine.rested_with_events(time, *arguments)


@dataclass(eq=False)
class _Moving:
    """How a run moves at present, along its active directions.

    Attributes
    ----------
    sensitivities : ForwardSensitivities
    state : array, shape (n_species, n_active)
    held : dict of int to array, shape (n_active,)
        Of the model parameters that resets have set.
    by_parameter : array, shape (n_model_parameters, n_active)
        Of those in force.
    """

    sensitivities: ForwardSensitivities
    state: Slopes
    held: dict[int, Slopes]
    by_parameter: Slopes

    def along(self, active: np.ndarray) -> tuple[Slopes, dict[int, Slopes]]:
        """State and held parameters along the active directions of a run that continues this one."""
        own = self.sensitivities.active
        if np.array_equal(own, active):
            return self.state, dict(self.held)
        places = np.searchsorted(active, own)
        rows = np.zeros((len(self.state) + len(self.held), len(active)))
        rows[: len(self.state), places] = self.state
        for row, moved in zip(rows[len(self.state) :], self.held.values(), strict=True):
            row[places] = moved
        return rows[: len(self.state)], dict(zip(self.held, rows[len(self.state) :], strict=True))


class ForwardPass(PointPass):
    """The same with slopes: `recorded` holds those of what is read."""

    def __init__(
        self,
        engine: SegmentEngine,
        plan: SimulationPlan,
        sensitivities_of: Sequence[ForwardSensitivities],
        q: np.ndarray,
        tolerances: tuple[float, float],
        storage: tuple[np.ndarray, np.ndarray],
    ) -> None:
        """`tolerances` are relative ones of states and slopes; `storage` takes recorded slopes, zero wherever nothing
        ever moves."""
        super().__init__(engine, plan, q, tolerances[0])
        self.sensitivities_of, self.slope_relative = sensitivities_of, tolerances[1]
        self.slopes = plan.mapping.slopes(q)
        self._state_slopes, self._parameter_slopes = storage
        self.recorded = RunOutputs(self.recorded.states, self.recorded.parameters, *storage)
        self._sizes = plan.sizes(q)
        self._stops = bool(plan.model.events) or engine.hybrid is not None
        self._moving = list[_Moving]()
        for sensitivities in sensitivities_of:
            self._moving.append(_Moving(sensitivities, np.zeros((0, 0)), {}, np.zeros((0, 0))))

    def _begun(self, k: int) -> None:
        now, before = self._moving[k], self.plan.runs[k].before
        if before < 0:
            now.state = now.sensitivities.start(self.slopes)
        else:
            now.state, now.held = self._moving[before].along(now.sensitivities.active)

    def _entered(self, k: int, segment: Segment, by_reset: list[np.ndarray]) -> None:
        now = self._moving[k]
        if segment.reset is not None:
            self._reset(now, segment.reset, *by_reset)
        now.by_parameter = now.sensitivities.parameter_slopes(segment.row, self.slopes)
        if len(segment.held):
            now.by_parameter = now.by_parameter.copy()
            now.by_parameter[segment.held] = [now.held[p] for p in segment.held.tolist()]
        if len(self.plan.read_constants):
            active = now.sensitivities.active
            self._parameter_slopes[segment.outputs, :, active] = now.by_parameter[self.plan.read_constants]

    def _reset(self, now: _Moving, reset: StateReset, by_state: np.ndarray, by_parameter: np.ndarray) -> None:
        """Slopes after a period's changes, by the chain rule."""
        n = len(reset.species)
        moved = by_state @ now.state + by_parameter[:, self.plan.estimated[now.sensitivities.active]]
        now.state = now.state.copy()
        now.state[reset.species] = moved[:n]
        now.held |= dict(zip(reset.parameters.tolist(), moved[n:], strict=True))

    def _period(self, now: _Moving) -> PeriodSensitivities:
        sizes = self._sizes[now.sensitivities.active]
        return PeriodSensitivities(now.state, now.by_parameter, sizes, self.slope_relative)

    def _advance(self, batch: SegmentBatch) -> None:
        if self._stops:
            super()._advance(batch)
            return
        for k, segment, run in self._taped(batch):
            now, row = self._moving[k], self.positions[k].row
            sizes = self._sizes[now.sensitivities.active]
            arguments = now.by_parameter, now.state, sizes, self.slope_relative, self._state_slopes
            now.state = now.sensitivities.steps.follow(segment, run, row, *arguments)

    def _simulate(self, k: int, segment: Segment, slopes: PeriodSensitivities | None = None) -> None:
        now, n, active = self._moving[k], segment.moments[1], self._moving[k].sensitivities.active
        period = self._period(now)
        super()._simulate(k, segment, period)
        inside = slice(segment.first_output, segment.first_output + n)
        self._state_slopes[inside][..., active] = period.values[:n, self.plan.read_species]
        now.state = period.state

    def _rest(self, batch: SegmentBatch) -> None:
        super()._rest(batch)
        if not self.plan.model.events:
            found = steady_slopes_of_members(self.engine.steady, *self._states(batch))
            for (k, _), slopes in zip(self._each(batch), found, strict=True):
                now = self._moving[k]
                now.state = slopes.forward(now.by_parameter, now.state)
        for k, segment in batch.members:
            now = self._moving[k]
            if batch.is_measured:
                active = now.sensitivities.active
                self._state_slopes[segment.outputs.stop - 1][:, active] = now.state[self.plan.read_species]

    def _rest_with_events(self, k: int, time: float, slopes: PeriodSensitivities | None = None) -> None:
        now = self._moving[k]
        period = self._period(now)
        super()._rest_with_events(k, time, period)
        now.state = period.state
