"""All runs of one point with their slopes, run by run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pathway.simulation import SimulationError
from pathway.simulation.events import EventState

from .engine import Engine, PeriodSlopes
from .follower import Follower
from .layout import Layout
from .recorded import Recorded, RunFailure
from .stretches import Jump, Run, Stretch

Slopes = np.ndarray
"""Of a run's active directions, in the last axis."""


class Going:
    """One pass over all runs.

    Attributes
    ----------
    recorded : Recorded
    """

    def __init__(
        self,
        engine: Engine,
        layout: Layout,
        followers: Sequence[Follower],
        q: np.ndarray,
        tolerances: tuple[float, float],
        room: tuple[np.ndarray, np.ndarray],
    ) -> None:
        """`tolerances` are relative ones of states and slopes; `room` is for the recorded slopes, zero wherever nothing
        ever moves."""
        self.engine, self.layout, self.followers, self.q = engine, layout, followers, q
        self.relative, self.slope_relative = tolerances
        starts, table = layout.tables(q[None])
        self.starts, self.table = starts[0], table[0]
        self.slopes = layout.slots.slopes(q)
        self.recorded = Recorded(
            np.full((len(layout.output_time), len(layout.model.species)), np.nan),
            self.table[layout.output_row],
            *room,
        )
        self._state_slopes, self._parameter_slopes = room
        sizes = np.abs(q[layout.estimated])
        self._sizes = np.where(sizes > 0.0, sizes, 1.0)
        self._rested: dict[int, tuple[np.ndarray, Slopes]] = {}
        self._with_events = bool(layout.model.events)
        self._events: dict[int, EventState] = {}

    def run(self, k: int, run: Run) -> None:
        """All stretches of one run."""
        follower = self.followers[k]
        try:
            if run.settles:
                self._rested[k] = self._settled(k, run, follower)
                return
            state, slopes = self._begun(run, follower)
            events = self._events.get(run.before, self.engine.initial_events)
            held: dict[int, tuple[float, Slopes]] = {}
            for stretch in run.stretches:
                row = self.table[stretch.row]
                by_parameter = follower.parameter_slopes(stretch.row, self.slopes)
                if stretch.jump is not None:
                    state, slopes = self._jump(stretch.jump, follower, stretch.start, state, slopes, held)
                if len(stretch.held):
                    row = row.copy()
                    for p in stretch.held.tolist():
                        row[p], by_parameter[p] = held[p]
                    self.recorded.parameters[stretch.outputs] = row
                if self._with_events:
                    period = PeriodSlopes(slopes, by_parameter, self._sizes[follower.active], self.slope_relative)
                    state, events = self._period(follower, stretch, state, row, period, events)
                    slopes = period.state
                else:
                    state, slopes = self._stretch(follower, stretch, state, slopes, row, by_parameter)
        except (RunFailure, SimulationError) as reason:
            raise RunFailure(f"experiment '{run.name}': {reason}") from None

    def _settled(self, k: int, run: Run, follower: Follower) -> tuple[np.ndarray, Slopes]:
        """The steady state of a pre-equilibration."""
        row, start, time = self.table[run.stretches[0].row], self.starts[run.start_row], self.layout.model.start_time
        by_parameter = follower.parameter_slopes(run.stretches[0].row, self.slopes)
        if self._with_events:
            sizes = self._sizes[follower.active]
            period = PeriodSlopes(follower.start(self.slopes), by_parameter, sizes, self.slope_relative)
            initial = self.engine.initial_events
            told = row, self.relative, initial, period
            state, self._events[k] = self.engine.rested_with_events(time, start, *told)
            return state, period.state
        state = self.engine.rested(time, start, row)
        if not len(state):
            return state, follower.start(self.slopes)
        return state, self.engine.rest_slopes(state, row).forward(by_parameter, follower.start(self.slopes))

    def _begun(self, run: Run, follower: Follower) -> tuple[np.ndarray, Slopes]:
        if run.before < 0:
            return self.starts[run.start_row], follower.start(self.slopes)
        state, before = self._rested[run.before]
        slopes = np.zeros((len(state), len(follower.active)))
        if len(state):
            slopes[:, np.searchsorted(follower.active, self.followers[run.before].active)] = before
        return state, slopes

    def _stretch(
        self,
        follower: Follower,
        stretch: Stretch,
        state: np.ndarray,
        slopes: Slopes,
        row: np.ndarray,
        by_parameter: Slopes,
    ) -> tuple[np.ndarray, Slopes]:
        """Record one stretch; returns state and slopes at its end."""
        recorded, active = self.recorded, follower.active
        if len(self.layout.read_constants):
            self._parameter_slopes[stretch.outputs, :, active] = by_parameter[self.layout.read_constants]
        if not len(state):
            return state, slopes
        times, n = stretch.moments
        if len(times):
            told = by_parameter, slopes, self._sizes[active], self.slope_relative, self._state_slopes
            if self.engine.hybrid is None:
                report = self.engine.taped(stretch, state, row, self.relative)
                slopes = follower.steps.follow(stretch, report, row, *told)
                values, state = report.values[0], report.states[0].copy()
            else:
                values, state, pieces = self.engine.pieces(stretch, state, row, self.relative)
                slopes = follower.steps.follow_pieces(stretch, pieces, *told)
            recorded.states[stretch.first_output : stretch.first_output + n] = values[:n]
        if stretch.rests:
            time = float(times[-1]) if len(times) else stretch.start
            state = self.engine.rested(time, state, row, measured=True)
            slopes = self.engine.rest_slopes(state, row).forward(by_parameter, slopes)
            recorded.states[stretch.outputs.stop - 1] = state
            self._state_slopes[stretch.outputs.stop - 1][:, active] = slopes[self.layout.read_species]
        return state, slopes

    def _period(
        self,
        follower: Follower,
        stretch: Stretch,
        state: np.ndarray,
        row: np.ndarray,
        slopes: PeriodSlopes,
        events: EventState,
    ) -> tuple[np.ndarray, EventState]:
        """Record one stretch of a model with events; returns the state at its end and what events remember."""
        recorded, active, species = self.recorded, follower.active, self.layout.read_species
        if len(self.layout.read_constants):
            self._parameter_slopes[stretch.outputs, :, active] = slopes.by_parameter[self.layout.read_constants]
        times, n = stretch.moments
        time = stretch.start
        if len(times):
            told = state, row, self.relative, events, n < len(times), slopes
            values, events = self.engine.simulated(time, times, *told)
            inside = slice(stretch.first_output, stretch.first_output + n)
            recorded.states[inside] = values[:n]
            self._state_slopes[inside][..., active] = slopes.values[:n, species]
            time, state = float(times[-1]), values[-1]
        if stretch.rests:
            state, events = self.engine.rested_with_events(time, state, row, self.relative, events, slopes)
            recorded.states[stretch.outputs.stop - 1] = state
            self._state_slopes[stretch.outputs.stop - 1][:, active] = slopes.state[species]
        return state, events

    def _jump(
        self,
        jump: Jump,
        follower: Follower,
        time: float,
        state: np.ndarray,
        slopes: Slopes,
        held: dict[int, tuple[float, Slopes]],
    ) -> tuple[np.ndarray, Slopes]:
        """State and slopes after a period's changes, by the chain rule."""
        by_state, by_parameter = jump.slopes(self.q, state, time)
        moved = by_state @ slopes + by_parameter[:, self.layout.estimated[follower.active]]
        after, new = jump.values(self.q[None], state[None], time)
        slopes, n = slopes.copy(), len(jump.species)
        slopes[jump.species] = moved[:n]
        held |= dict(zip(jump.parameters.tolist(), zip(new[0], moved[n:], strict=True), strict=True))
        return after[0], slopes
