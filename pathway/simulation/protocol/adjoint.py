"""Gradients of a fit by all parameters at once: every run forward once, then everything backwards.

What `forward` does in order (steady states, resets, segments) is a chain of maps that are linear in the slopes; here
the transposes of the same maps carry the derivative of one number back to the parameters. Arrays of derivatives have
two columns: the derivative, and an estimate of how far it is off (`pathway.simulation.adjoint`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..adjoint import COLUMNS, trajectory_vjp, trajectory_vjps
from ..algebraic import AlgebraicTies
from ..steady_slopes import steady_slopes_of_members
from .engine import PeriodSensitivities, SegmentEngine
from .forward import PointPass
from .outputs import RunError
from .plan import SimulationPlan
from .segments import ModeSegment, Segment, SegmentBatch, StateReset

SAFETY = 4.0
"""How many times the estimated error must fit into the tolerance."""

SMALLEST_SHARE = 1e-3
"""A slope by a parameter's logarithm counts in the error from this share of sum(|weights * states|) on."""

SHORTEST_PACE = 1.0 / 64.0
"""Shares of the run's steps that are tried before the walk backwards is given up."""

MOST_NUMBERS = 2**23
"""Rows of tapes that are walked together times what each concerns: so many and no more."""


class AdjointError(RunError):
    """What is walked backwards has kinks that the steps do not know of; forwards they are found."""


@dataclass(eq=False)
class _Walked:
    """A segment that has been run: what its transpose needs.

    Attributes
    ----------
    row : array, shape (n_model_parameters,)
        Model parameters in force.
    by_reset : list of array
        Derivatives of the reset before it, as `StateReset.linearized` gives them; none without one.
    pieces : list of ModeSegment
        The part before the steady state; none if there is none.
    state : array or None
        The state at the end of that part.
    rest : array or None
        The steady state at its end.
    """

    row: np.ndarray
    by_reset: list[np.ndarray]
    pieces: list[ModeSegment] = field(default_factory=list)
    state: np.ndarray | None = None
    rest: np.ndarray | None = None


class AdjointPass(PointPass):
    """All runs at parameter values `q`, shape (n_names,), in natural units: forward with their steps kept.

    Attributes
    ----------
    recorded : Outputs
        States and parameters at the recorded moments, without slopes.

    Raises
    ------
    RunError
    """

    def __init__(
        self, engine: SegmentEngine, plan: SimulationPlan, q: np.ndarray, tolerances: tuple[float, float]
    ) -> None:
        """`tolerances` are relative ones of states and of the gradient."""
        super().__init__(engine, plan, q, tolerances[0])
        self.slope_tolerance = tolerances[1]
        self.walked: dict[Segment, _Walked] = {}
        self.run()

    # Forward.

    def _entered(self, k: int, segment: Segment, by_reset: list[np.ndarray]) -> None:
        self.walked[segment] = _Walked(self.positions[k].row, by_reset)

    def _advance(self, batch: SegmentBatch) -> None:
        if self.engine.hybrid is not None:
            super()._advance(batch)
        else:
            for _, segment, run in self._taped(batch):
                walked, tape = self.walked[segment], run.tape[run.first : run.last].copy()
                walked.pieces = [ModeSegment(tape, walked.row)] if len(tape) else []
        for k, segment in batch.members:
            self.walked[segment].state = self.positions[k].state

    def _simulate(self, k: int, segment: Segment, slopes: PeriodSensitivities | None = None) -> None:
        now = self.positions[k]
        values, end, pieces = self.engine.pieces(segment, now.state, now.row, self.relative)
        self.walked[segment].pieces = pieces
        self._reach(k, segment, values, end)

    def _rest(self, batch: SegmentBatch) -> None:
        super()._rest(batch)
        for k, segment in batch.members:
            self.walked[segment].rest = self.positions[k].state

    # Backwards.

    @property
    def must_go_forward(self) -> bool:
        """Whether some switch has a slope only if nothing moves it: what moves is known on the way forward alone."""
        pieces = (piece for walked in self.walked.values() for piece in walked.pieces)
        return any(saltation.refusal for piece in pieces for saltation in piece.saltations)

    def gradient(self, by_states: np.ndarray, by_parameters: np.ndarray) -> np.ndarray:
        """Derivative by the estimated parameters, in natural units, of a number that depends on what is recorded.

        Parameters
        ----------
        by_states : array, shape (n_outputs, n_species)
            Its derivative by the recorded states.
        by_parameters : array, shape (n_outputs, n_model_parameters)
            By the model parameters at the recorded moments.

        Raises
        ------
        AdjointError
            If no steps are short enough for the tolerance of slopes.
        """
        sizes = self.plan.sizes(self.q)
        least = SMALLEST_SHARE * np.nansum(np.abs(by_states * self.recorded.states))
        # Steps of order 5, a hundredfold on the safe side.
        pace, most = max(1.0, (0.01 * self.slope_tolerance / self.relative) ** 0.2), 0.8
        while True:
            try:
                by_estimated = _Pass(self, by_states, by_parameters, pace).by_estimated * sizes[:, None]
            except np.linalg.LinAlgError as reason:  # of a steady state
                raise RunError(str(reason)) from None
            largest = max(np.abs(by_estimated[:, 0]).max(initial=0.0), least)
            error, allowed = SAFETY * np.abs(by_estimated[:, 1]).max(initial=0.0), self.slope_tolerance * largest
            if error <= allowed:
                return by_estimated[:, 0] / sizes
            # The estimate is that of a method of order 4, where there are no kinks.
            fitting = 0.8 * (allowed / error) ** 0.25 if 0.0 < allowed and error < np.inf else 0.5
            pace, most = pace * min(max(fitting, 0.125), most), 0.5
            if not pace >= SHORTEST_PACE:
                raise AdjointError("the gradient cannot be computed backwards to the tolerance asked for")


class _Pass:
    """One pass backwards over all runs; `by_estimated` is the derivative by the estimated parameters, two columns."""

    def __init__(self, forward: AdjointPass, by_states: np.ndarray, by_parameters: np.ndarray, pace: float) -> None:
        plan: SimulationPlan = forward.plan
        self.forward, self.plan, self.pace = forward, plan, pace
        self.by_states, self.by_parameters = by_states, by_parameters
        self.by_estimated = np.zeros((len(plan.estimated), COLUMNS))
        self.by_start = np.zeros((*forward.starts.shape, COLUMNS))
        self.by_table = np.zeros((*forward.table.shape, COLUMNS))
        # By the state that each run is in, and by what resets have set in it.
        self.bars = np.zeros((len(plan.runs), len(plan.model.species), COLUMNS))
        self.by_held: list[dict[int, np.ndarray]] = [{} for _ in plan.runs]
        for batch in reversed(plan.batches):
            self._batch(batch)
        slopes = plan.mapping.slopes(forward.q)
        for table, bars in ((plan.initial, self.by_start), (plan.parameters, self.by_table)):
            rows, columns, parameters, sources = table.pattern.T
            places = plan.estimated_place[parameters]
            entries = bars[rows, columns] * slopes[sources][:, None]
            np.add.at(self.by_estimated, places[places >= 0], entries[places >= 0])

    def _batch(self, batch: SegmentBatch) -> None:
        """From the end of some segments to what was before they began."""
        members = [(k, segment, self.forward.walked[segment]) for k, segment in batch.members]
        by_rows = np.zeros((len(members), self.by_table.shape[1], COLUMNS))
        for by_row, (k, segment, _) in zip(by_rows, members, strict=True):
            by_row[:, 0] = self.by_parameters[segment.outputs].sum(axis=0)
            if batch.is_measured:
                self.bars[k, :, 0] += self.by_states[segment.outputs.stop - 1]
        if batch.rests and self.bars.shape[1]:
            states, rows = (
                np.array(part) for part in zip(*((one.rest, one.row) for _, _, one in members), strict=True)
            )
            found = steady_slopes_of_members(self.forward.engine.steady, states, rows)
            for by_row, (k, _, _), slopes in zip(by_rows, members, found, strict=True):
                by_rest, self.bars[k] = slopes.vjp(self.bars[k])
                by_row += by_rest
        self._advance(batch, by_rows)
        for by_row, (k, segment, walked) in zip(by_rows, members, strict=True):
            held = self.by_held[k]
            for p in segment.held.tolist():
                held[p] = held.get(p, 0.0) + by_row[p]
                by_row[p] = 0.0
            self.by_table[segment.row] += by_row
            if segment.reset is not None:
                self.bars[k] = self._reset(segment.reset, walked.by_reset, self.bars[k], held)
            if segment is self.plan.runs[k].segments[0]:
                self._begin(k)

    def _begin(self, k: int) -> None:
        """From the beginning of a run to what it has begun with."""
        run = self.plan.runs[k]
        if run.before < 0:
            self.by_start[run.start_row] += self.bars[k]
            return
        self.bars[run.before] += self.bars[k]
        for p, by_value in self.by_held[k].items():
            self.by_held[run.before][p] = self.by_held[run.before].get(p, 0.0) + by_value

    def _advance(self, batch: SegmentBatch, by_rows: np.ndarray) -> None:
        """From the last finite moment of some segments to their beginning; adds to the derivatives by their model
        parameters, shape (n_members, n_model_parameters, 2)."""
        together: list[int] = []
        n_rows = 0
        for member, (k, segment) in enumerate(batch.members):
            walked = self.forward.walked[segment]
            if self.forward.engine.hybrid is not None and walked.pieces:
                pulled, self.bars[k] = self._pieces(segment, walked, self.bars[k])
                by_rows[member] += pulled
            elif walked.pieces:
                together.append(member)
                n_rows += len(walked.pieces[0].tape)
                if n_rows * (by_rows.shape[1] + self.bars.shape[1]) > MOST_NUMBERS:
                    self._walk(batch, together, by_rows)
                    together, n_rows = [], 0
            elif segment.moments[1] and self.bars.shape[1]:
                self.bars[k, :, 0] += self.by_states[segment.outputs][: segment.moments[1]].sum(axis=0)
                if self.plan.model.algebraic and walked.state is not None:
                    prepared = self.forward.engine.prepared
                    ties = AlgebraicTies.at(prepared, segment.start, walked.state, walked.row)
                    pulled, self.bars[k] = ties.back(self.bars[k])
                    by_rows[member] += pulled
        if together:
            self._walk(batch, together, by_rows)

    def _walk(self, batch: SegmentBatch, members: list[int], by_rows: np.ndarray) -> None:
        """The same of members without switches that move, side by side."""
        runs, segments = zip(*(batch.members[member] for member in members), strict=True)
        pieces = [self.forward.walked[segment].pieces[0] for segment in segments]
        starts = np.cumsum([0, *(len(piece.tape) for piece in pieces)])
        weights = np.zeros((len(members), len(batch.times), self.bars.shape[1]))
        for own, segment in zip(weights, segments, strict=True):
            own[: segment.moments[1]] = self.by_states[segment.outputs][: segment.moments[1]]
        tape, rows = np.concatenate([piece.tape for piece in pieces]), np.array([piece.row for piece in pieces])
        where = tape, starts, rows, batch.times, weights, self.bars[list(runs)]
        pulled, self.bars[list(runs)] = trajectory_vjps(self.forward.engine.traced, *where, self.pace)
        by_rows[members] += pulled

    def _pieces(self, segment: Segment, walked: _Walked, bar: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same of one member with switches: derivatives by model parameters and by the start."""
        (times, n), n_parameters = segment.moments, len(walked.row)
        weights = np.zeros((len(times), len(bar)))
        weights[:n] = self.by_states[segment.outputs][:n]
        by_row = np.zeros((n_parameters, COLUMNS))
        # What is recorded at the moment of a switch is what is there after it.
        ends = [piece.end for piece in walked.pieces[:-1]]
        bounds = [0, *np.searchsorted(times, ends).tolist(), len(times)]
        for k in reversed(range(len(walked.pieces))):
            piece, part = walked.pieces[k], slice(bounds[k], bounds[k + 1])
            for saltation in reversed(piece.saltations):
                bar, by_moment = saltation.back(bar)
                by_row += by_moment
            if piece.is_moment:
                bar = bar.copy()
                bar[:, 0] += weights[part].sum(axis=0)
                continue
            prepared = self.forward.engine.traced
            pulled, bar = trajectory_vjp(prepared, piece.tape, piece.row, times[part], weights[part], bar, self.pace)
            by_row += pulled[:n_parameters]
        return by_row, bar

    def _reset(
        self, reset: StateReset, by_reset: list[np.ndarray], bar: np.ndarray, held: dict[int, np.ndarray]
    ) -> np.ndarray:
        nothing = np.zeros(COLUMNS)
        of_parameters = [held.pop(p, nothing) for p in reset.parameters.tolist()]
        bars = np.concatenate([bar[reset.species], np.array(of_parameters).reshape(-1, COLUMNS)])
        by_state, by_parameter = by_reset
        before = bar.copy()
        before[reset.species] = 0.0
        self.by_estimated += by_parameter[:, self.plan.estimated].T @ bars
        return before + by_state.T @ bars
