"""All runs of one point with their slopes, run by run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import SimulationError
from ..events import EventState
from .directions import ForwardSensitivities
from .engine import Engine, PeriodSlopes
from .outputs import Outputs, RunError
from .plan import SimulationPlan
from .segments import Run, Segment, StateReset

Slopes = np.ndarray
"""Of a run's active directions, in the last axis."""


@dataclass(frozen=True, eq=False)
class _Rested:
    """What a preequilibration leaves to the runs that continue it, with slopes along its own active directions."""

    state: np.ndarray
    slopes: Slopes
    events: EventState
    held: dict[int, tuple[float, Slopes]]


class ForwardPass:
    """One pass over all runs.

    Attributes
    ----------
    recorded : Outputs
    """

    def __init__(
        self,
        engine: Engine,
        plan: SimulationPlan,
        sensitivities_of: Sequence[ForwardSensitivities],
        q: np.ndarray,
        tolerances: tuple[float, float],
        room: tuple[np.ndarray, np.ndarray],
    ) -> None:
        """`tolerances` are relative ones of states and slopes; `room` is for the recorded slopes, zero wherever nothing
        ever moves."""
        self.engine, self.plan, self.sensitivities_of, self.q = engine, plan, sensitivities_of, q
        self.relative, self.slope_relative = tolerances
        starts, table = plan.tables(q[None])
        self.starts, self.table = starts[0], table[0]
        self.slopes = plan.mapping.slopes(q)
        self.recorded = Outputs(
            np.full((len(plan.output_time), len(plan.model.species)), np.nan),
            self.table[plan.output_row],
            *room,
        )
        self._state_slopes, self._parameter_slopes = room
        self._sizes = plan.sizes(q)
        self._rested: dict[int, _Rested] = {}
        self._with_events = bool(plan.model.events)

    def run(self, k: int, run: Run) -> None:
        """All segments of one run."""
        sensitivities = self.sensitivities_of[k]
        try:
            state, slopes, events, held = self._begun(run, sensitivities)
            for segment in run.segments:
                row = self.table[segment.row]
                by_parameter = sensitivities.parameter_slopes(segment.row, self.slopes)
                if segment.reset is not None:
                    state, slopes = self._reset(segment.reset, sensitivities, segment.start, state, slopes, held)
                if len(segment.held):
                    row, by_parameter = row.copy(), by_parameter.copy()
                    for p in segment.held.tolist():
                        row[p], by_parameter[p] = held[p]
                    self.recorded.parameters[segment.outputs] = row
                if self._with_events:
                    sizes = self._sizes[sensitivities.active]
                    period = PeriodSlopes(slopes, by_parameter, sizes, self.slope_relative)
                    if run.is_preequilibration:
                        rest = segment.start, state, row, self.relative, events, period
                        state, events = self.engine.rested_with_events(*rest)
                    else:
                        state, events = self._period(sensitivities, segment, state, row, period, events)
                    slopes = period.state
                elif run.is_preequilibration:
                    state, slopes = self._rest(segment, state, slopes, row, by_parameter)
                else:
                    state, slopes = self._segment(sensitivities, segment, state, slopes, row, by_parameter)
        except (RunError, SimulationError) as reason:
            raise RunError(f"experiment '{run.name}': {reason}") from None
        if run.is_preequilibration:
            self._rested[k] = _Rested(state, slopes, events, held)

    def _begun(
        self, run: Run, sensitivities: ForwardSensitivities
    ) -> tuple[np.ndarray, Slopes, EventState, dict[int, tuple[float, Slopes]]]:
        """State, slopes, what events remember and what resets have set, as the run before has left them."""
        if run.before < 0:
            return self.starts[run.start_row], sensitivities.start(self.slopes), self.engine.initial_events, {}
        before, active = self._rested[run.before], sensitivities.active
        places = np.searchsorted(active, self.sensitivities_of[run.before].active)
        slopes = np.zeros((len(before.state), len(active)))
        slopes[:, places] = before.slopes
        held = {}
        for p, (value, moved) in before.held.items():
            held[p] = value, np.zeros(len(active))
            held[p][1][places] = moved
        return before.state, slopes, before.events, held

    def _rest(
        self, segment: Segment, state: np.ndarray, slopes: Slopes, row: np.ndarray, by_parameter: Slopes
    ) -> tuple[np.ndarray, Slopes]:
        """The steady state of a preequilibration."""
        state = self.engine.rested(segment.start, state, row)
        if len(state):
            slopes = self.engine.rest_slopes(state, row).forward(by_parameter, slopes)
        return state, slopes

    def _segment(
        self,
        sensitivities: ForwardSensitivities,
        segment: Segment,
        state: np.ndarray,
        slopes: Slopes,
        row: np.ndarray,
        by_parameter: Slopes,
    ) -> tuple[np.ndarray, Slopes]:
        """Record one segment; returns state and slopes at its end."""
        recorded, active = self.recorded, sensitivities.active
        if len(self.plan.read_constants):
            self._parameter_slopes[segment.outputs, :, active] = by_parameter[self.plan.read_constants]
        if not len(state):
            return state, slopes
        times, n = segment.moments
        if len(times):
            told = by_parameter, slopes, self._sizes[active], self.slope_relative, self._state_slopes
            if self.engine.hybrid is None:
                report = self.engine.taped(segment, state, row, self.relative)
                slopes = sensitivities.steps.follow(segment, report, row, *told)
                values, state = report.values[0], report.states[0].copy()
            else:
                values, state, pieces = self.engine.pieces(segment, state, row, self.relative)
                slopes = sensitivities.steps.follow_pieces(segment, pieces, *told)
            recorded.states[segment.first_output : segment.first_output + n] = values[:n]
        if segment.rests:
            state = self.engine.rested(segment.last_moment, state, row, measured=True)
            slopes = self.engine.rest_slopes(state, row).forward(by_parameter, slopes)
            recorded.states[segment.outputs.stop - 1] = state
            self._state_slopes[segment.outputs.stop - 1][:, active] = slopes[self.plan.read_species]
        return state, slopes

    def _period(
        self,
        sensitivities: ForwardSensitivities,
        segment: Segment,
        state: np.ndarray,
        row: np.ndarray,
        slopes: PeriodSlopes,
        events: EventState,
    ) -> tuple[np.ndarray, EventState]:
        """Record one segment of a model with events; returns the state at its end and what events remember."""
        recorded, active, species = self.recorded, sensitivities.active, self.plan.read_species
        if len(self.plan.read_constants):
            self._parameter_slopes[segment.outputs, :, active] = slopes.by_parameter[self.plan.read_constants]
        times, n = segment.moments
        if len(times):
            told = state, row, self.relative, events, n < len(times), slopes
            values, events = self.engine.simulated(segment.start, times, *told)
            inside = slice(segment.first_output, segment.first_output + n)
            recorded.states[inside] = values[:n]
            self._state_slopes[inside][..., active] = slopes.values[:n, species]
            state = values[-1]
        if segment.rests:
            last = segment.last_moment, state, row, self.relative, events, slopes
            state, events = self.engine.rested_with_events(*last)
            recorded.states[segment.outputs.stop - 1] = state
            self._state_slopes[segment.outputs.stop - 1][:, active] = slopes.state[species]
        return state, events

    def _reset(
        self,
        reset: StateReset,
        sensitivities: ForwardSensitivities,
        time: float,
        state: np.ndarray,
        slopes: Slopes,
        held: dict[int, tuple[float, Slopes]],
    ) -> tuple[np.ndarray, Slopes]:
        """State and slopes after a period's changes, by the chain rule."""
        after, new, by_state, by_parameter = reset.linearized(self.q, state, time)
        moved = by_state @ slopes + by_parameter[:, self.plan.estimated[sensitivities.active]]
        slopes, n = slopes.copy(), len(reset.species)
        slopes[reset.species] = moved[:n]
        held |= dict(zip(reset.parameters.tolist(), zip(new, moved[n:], strict=True), strict=True))
        return after, slopes
