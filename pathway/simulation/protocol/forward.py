"""All runs of one point, run by run: their values, and their slopes beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import SimulationError
from ..events import EventState
from .directions import ForwardSensitivities
from .engine import PeriodSensitivities, SegmentEngine
from .outputs import RunError, RunOutputs
from .plan import SimulationPlan
from .segments import ExperimentRun, Segment, StateReset

Slopes = np.ndarray
"""Of a run's active directions, in the last axis."""


class PointPass:
    """One pass over all runs at parameter values `q`, shape (n_names,), in natural units: their values.

    Where a run begins, enters a segment, goes along it and comes to rest are methods of their own, for those who carry
    slopes along (`ForwardPass`) or keep what they need to go back (`AdjointPass`).

    Attributes
    ----------
    recorded : RunOutputs
    state : array, shape (n_species,)
        Of the run that is on its way, with
    row : array, shape (n_model_parameters,)
        the model parameters in force, and
    events : EventState
        what events remember.
    """

    state: np.ndarray
    row: np.ndarray
    events: EventState

    def __init__(self, engine: SegmentEngine, plan: SimulationPlan, q: np.ndarray, relative: float) -> None:
        """`relative` is the tolerance of the states."""
        self.engine, self.plan, self.q, self.relative = engine, plan, q, relative
        starts, table = plan.tables(q[None])
        self.starts, self.table = starts[0], table[0]
        states = np.full((len(plan.output_time), len(plan.model.species)), np.nan)
        self.recorded = RunOutputs(states, self.table[plan.output_row])
        self._ends: list[tuple[np.ndarray, EventState, dict[int, float]]] = []

    def run(self) -> None:
        """All runs.

        Raises
        ------
        RunError
        """
        for run in self.plan.runs:
            try:
                self._begin(run)
                self._run(run)
            except (RunError, SimulationError, np.linalg.LinAlgError) as reason:
                raise RunError(f"experiment '{run.name}': {reason}") from None

    def _run(self, run: ExperimentRun) -> None:
        """One run, from where the one before it has ended."""
        self.state, self.events, held = self.starts[run.start_row], self.engine.initial_events, dict[int, float]()
        if run.before >= 0:
            self.state, self.events, before = self._ends[run.before]
            held |= before
        for segment in run.segments:
            self.row, by_reset = self.table[segment.row], list[np.ndarray]()
            if segment.reset is not None:
                self.state, new, *by_reset = segment.reset.linearized(self.q, self.state, segment.start)
                held |= dict(zip(segment.reset.parameters.tolist(), new.tolist(), strict=True))
            if len(segment.held):
                self.row = self.row.copy()
                self.row[segment.held] = [held[p] for p in segment.held.tolist()]
                self.recorded.parameters[segment.outputs] = self.row
            self._enter(segment, by_reset)
            if len(self.state):
                self._segment(run, segment)
        self._ends.append((self.state, self.events, held))

    def _segment(self, run: ExperimentRun, segment: Segment) -> None:
        """Go to the end of a segment and record it."""
        times, n = segment.moments
        if len(times):
            self.recorded.states[segment.first_output : segment.first_output + n] = self._advance(segment)[:n]
        if run.is_preequilibration or segment.rests:
            self._rest(segment)
        if segment.rests:
            self.recorded.states[segment.outputs.stop - 1] = self.state

    def _begin(self, run: ExperimentRun) -> None:
        """A run begins."""

    def _enter(self, segment: Segment, by_reset: list[np.ndarray]) -> None:
        """A segment begins; `by_reset`: the derivatives of its reset, if it has one."""

    def _advance(self, segment: Segment) -> np.ndarray:
        """Go to the segment's last finite moment; values at its finite moments, shape (n_moments, n_species)."""
        return self._simulated(segment)

    def _simulated(self, segment: Segment, slopes: PeriodSensitivities | None = None) -> np.ndarray:
        times, n = segment.moments
        arguments = self.state, self.row, self.relative, self.events, n < len(times), slopes
        values, self.events = self.engine.simulated(segment.start, times, *arguments)
        self.state = values[-1]
        return values

    def _rest(self, segment: Segment, slopes: PeriodSensitivities | None = None) -> None:
        """Go to the steady state that a segment comes to."""
        where = segment.last_moment, self.state, self.row
        if self.plan.model.events:
            self.state, self.events = self.engine.rested_with_events(*where, self.relative, self.events, slopes)
        else:
            self.state = self.engine.rested(*where, measured=segment.rests)


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
        places = np.searchsorted(active, self.sensitivities.active)
        rows = np.zeros((len(self.state) + len(self.held), len(active)))
        rows[:, places] = np.stack([*self.state, *self.held.values()]) if len(rows) else 0.0
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
        self._moving: list[_Moving] = []

    def _begin(self, run: ExperimentRun) -> None:
        sensitivities = self.sensitivities_of[len(self._moving)]
        if run.before < 0:
            state, held = sensitivities.start(self.slopes), dict[int, Slopes]()
        else:
            state, held = self._moving[run.before].along(sensitivities.active)
        self._moving.append(_Moving(sensitivities, state, held, np.zeros((0, 0))))

    def _enter(self, segment: Segment, by_reset: list[np.ndarray]) -> None:
        now = self._moving[-1]
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

    def _period(self) -> PeriodSensitivities:
        now = self._moving[-1]
        return PeriodSensitivities(
            now.state, now.by_parameter, self._sizes[now.sensitivities.active], self.slope_relative
        )

    def _advance(self, segment: Segment) -> np.ndarray:
        now, active = self._moving[-1], self._moving[-1].sensitivities.active
        if self._stops:
            period = self._period()
            values = self._simulated(segment, period)
            inside = slice(segment.first_output, segment.first_output + segment.moments[1])
            self._state_slopes[inside][..., active] = period.values[: segment.moments[1], self.plan.read_species]
            now.state = period.state
            return values
        report = self.engine.taped(segment, self.state, self.row, self.relative)
        arguments = now.by_parameter, now.state, self._sizes[active], self.slope_relative, self._state_slopes
        now.state = now.sensitivities.steps.follow(segment, report, self.row, *arguments)
        self.state = report.states[0].copy()
        return report.values[0]

    def _rest(self, segment: Segment, slopes: PeriodSensitivities | None = None) -> None:
        now, period = self._moving[-1], self._period()
        super()._rest(segment, period)
        if self.plan.model.events:
            now.state = period.state
        else:
            now.state = self.engine.rest_slopes(self.state, self.row).forward(now.by_parameter, now.state)
        if segment.rests:
            active = now.sensitivities.active
            self._state_slopes[segment.outputs.stop - 1][:, active] = now.state[self.plan.read_species]
