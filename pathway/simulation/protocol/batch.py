"""All runs of many points, without slopes: in lanes, or point by point where the state says when to stop."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .engine import SegmentEngine
from .forward import PointPass
from .outputs import BatchOutputs, RunError
from .plan import SimulationPlan
from .segments import ExperimentRun, Segment, SegmentBatch


class BatchRun:
    """One pass over all runs, or some, at many points.

    Attributes
    ----------
    states : array, shape (n_points, n_outputs, n_species)
        nan where nothing was run.
    parameters : array, shape (n_points, n_outputs, n_model_parameters)
    failures : dict of int to str
        First reason for each point that could not be run.
    """

    def __init__(self, engine: SegmentEngine, plan: SimulationPlan, q: np.ndarray, relative: float) -> None:
        self.engine, self.plan, self.q, self.relative = engine, plan, q, relative
        self.starts, self.table = plan.tables(q)
        n_species = len(plan.model.species)
        self.states = np.full((len(q), len(plan.output_time), n_species), np.nan)
        self.parameters = self.table[:, plan.output_row]
        self.failures: dict[int, str] = {}
        self._now: dict[int, np.ndarray] = {}
        self._held: dict[int, dict[int, np.ndarray]] = {}

    @property
    def recorded(self) -> BatchOutputs:
        return BatchOutputs(self.states, self.parameters, self.failures)

    def run(self) -> None:
        """Run all segments."""
        for batch in self.plan.batches:
            rows = [self._begun(k, segment) for k, segment in batch.members]
            if len(batch.times):
                self._advance(batch, rows)
            if batch.rests:
                self._rest(batch, rows)

    def _begun(self, k: int, segment: Segment) -> np.ndarray:
        """Model parameters in force, shape (n_points, n_model_parameters), after the reset that begins the segment."""
        run = self.plan.runs[k]
        if segment is run.segments[0]:
            begins = run.before < 0
            self._now[k] = self.starts[:, run.start_row] if begins else self._now[run.before]
            self._held[k] = {} if begins else dict(self._held[run.before])
        held = self._held[k]
        row = self.table[:, segment.row]
        if segment.reset is not None:
            self._now[k], new = segment.reset.values(self.q, self._now[k], segment.start)
            held |= dict(zip(segment.reset.parameters.tolist(), new.T, strict=True))
        if len(segment.held):
            row = row.copy()
            for p in segment.held.tolist():
                row[:, p] = held[p]
            self.parameters[:, segment.outputs] = row[:, None]
        return row

    def _advance(self, batch: SegmentBatch, rows: Sequence[np.ndarray]) -> None:
        """Run the finite part of a batch."""
        states, rows_of_all, points, well = self._living(batch, rows)
        if not states.size:
            return
        name = (batch, len(states)) if len(self.q) == 1 else None
        values, ends, failures = self.engine.advance(batch.start, batch.times, states, rows_of_all, self.relative, name)
        values = values.reshape(len(batch.members), len(points), len(batch.times), states.shape[1])
        for (_, segment), course in zip(batch.members, values, strict=True):
            first, n = segment.first_output, segment.moments[1]
            self.states[well, first : first + n] = course[:, :n]
        self._end(batch, ends, failures, points, well)

    def _rest(self, batch: SegmentBatch, rows: Sequence[np.ndarray]) -> None:
        """Bring a batch to its steady states."""
        states, rows_of_all, points, well = self._living(batch, rows)
        if states.size:
            ends, failures = self.engine.rested(batch.last_moment, states, rows_of_all, measured=batch.is_measured)
            self._end(batch, ends, failures, points, well)
        if batch.is_measured:
            for k, segment in batch.members:
                self.states[:, segment.outputs.stop - 1] = self._now[k]

    def _living(
        self, batch: SegmentBatch, rows: Sequence[np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray, Sequence[int], np.ndarray | slice]:
        """States and parameters of all members, point by point, without points that failed before; which points these
        are, as numbers and as an index."""
        points: Sequence[int] = range(len(self.q))
        well: np.ndarray | slice = slice(None)
        if self.failures:
            points = [p for p in points if p not in self.failures]
            well = np.array(points, dtype=int)
        states = np.concatenate([self._now[k][well] for k, _ in batch.members])
        return states, np.concatenate([row[well] for row in rows]), points, well

    def _end(
        self,
        batch: SegmentBatch,
        ends: np.ndarray,
        failures: dict[int, str],
        points: Sequence[int],
        well: np.ndarray | slice,
    ) -> None:
        """Where the members have got to, as `_living` orders them."""
        for member, reason in failures.items():
            which, place = divmod(member, len(points))
            self._fail(points[place], self.plan.runs[batch.members[which][0]], reason)
        for (k, _), end in zip(batch.members, ends.reshape(len(batch.members), len(points), -1), strict=True):
            if len(points) < len(self.q):
                now = self._now[k].copy()
                now[well] = end
                end = now
            self._now[k] = end

    def _fail(self, point: int, run: ExperimentRun, reason: str) -> None:
        self.failures.setdefault(point, f"experiment '{run.name}': {reason}")


def point_by_point(engine: SegmentEngine, plan: SimulationPlan, q: np.ndarray, relative: float) -> BatchOutputs:
    """The same, one point after the other."""
    states = np.full((len(q), len(plan.output_time), len(plan.model.species)), np.nan)
    parameters, failures = plan.tables(q)[1][:, plan.output_row], dict[int, str]()
    for k, point in enumerate(q):
        one = PointPass(engine, plan, point, relative)
        try:
            one.run()
        except RunError as reason:
            failures[k] = str(reason)
        states[k], parameters[k] = one.recorded.states, one.recorded.parameters
    return BatchOutputs(states, parameters, failures)
