"""All runs of many points, without slopes: in lanes, or point by point where the state says when to stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import SimulationError
from .engine import SegmentEngine
from .forward import PointPass
from .outputs import BatchOutputs, RunError
from .plan import SimulationPlan
from .segments import ExperimentRun, Segment


@dataclass(frozen=True, eq=False)
class SegmentBatch:
    """Segments that run together: equal start and equal moments.

    Attributes
    ----------
    members : tuple of (int, Segment)
        Position of the run and the segment.
    start : float
    times : array
        Finite moments to stop at.
    rests : bool
        Whether the steady state is asked for after them.
    """

    members: tuple[tuple[int, Segment], ...]
    start: float
    times: np.ndarray
    rests: bool


def segment_batches(runs: Sequence[ExperimentRun]) -> list[SegmentBatch]:
    """All segments but pre-equilibrations, in an order in which they can be run."""
    batches = []
    for level in range(max((len(run.segments) for run in runs), default=0)):
        groups: dict[tuple, list[tuple[int, Segment]]] = {}
        for k, run in enumerate(runs):
            if level < len(run.segments) and not run.is_preequilibration:
                segment = run.segments[level]
                key = segment.start, tuple(segment.moments[0].tolist()), segment.rests
                groups.setdefault(key, []).append((k, segment))
        batches += [SegmentBatch(tuple(members), key[0], np.array(key[1]), key[2]) for key, members in groups.items()]
    return batches


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

    def run(self, together: Sequence[SegmentBatch]) -> None:
        """Run the batches, pre-equilibrations first."""
        for k, run in enumerate(self.plan.runs):
            if run.before >= 0:
                self._now[k], self._held[k] = self._now[run.before], dict(self._held[run.before])
            else:
                self._now[k], self._held[k] = self.starts[:, run.start_row], {}
            if run.is_preequilibration:
                (segment,) = run.segments
                self._rest(k, segment.start, self._begun(k, segment))
        for batch in together:
            self._batch(batch)

    def _batch(self, batch: SegmentBatch) -> None:
        rows = [self._begun(k, segment) for k, segment in batch.members]
        if len(batch.times):
            self._advance(batch, rows)
        for (k, segment), row in zip(batch.members, rows, strict=True):
            if batch.rests:
                self._rest(k, segment.last_moment, row)
                self.states[:, segment.outputs.stop - 1] = self._now[k]

    def _begun(self, k: int, segment: Segment) -> np.ndarray:
        """Model parameters in force, shape (n_points, n_model_parameters), after the reset that begins the segment."""
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
        """Run the finite part of a batch; points that failed before are left out."""
        members = batch.members
        points: Sequence[int] = range(len(self.q))
        well: np.ndarray | slice = slice(None)
        if self.failures:
            points = [p for p in points if p not in self.failures]
            well = np.array(points, dtype=int)
        n_species, shape = len(self.plan.model.species), self._now[members[0][0]][well].shape
        if not shape[0] or not n_species:
            return
        states = np.concatenate([self._now[k][well] for k, _ in members])
        rows_of_all = np.concatenate([row[well] for row in rows])
        name = (batch, len(states)) if len(self.q) == 1 else None
        values, ends, failures = self.engine.advance(batch.start, batch.times, states, rows_of_all, self.relative, name)
        for member, reason in failures.items():
            which, place = divmod(member, shape[0])
            self._fail(points[place], self.plan.runs[members[which][0]], reason)
        values = values.reshape(len(members), shape[0], len(batch.times), n_species)
        for (k, segment), course, end in zip(members, values, ends.reshape(len(members), *shape), strict=True):
            first, n = segment.first_output, segment.moments[1]
            self.states[well, first : first + n] = course[:, :n]
            self._now[k] = self._now[k].copy()
            self._now[k][well] = end

    def _rest(self, k: int, time: float, rows: np.ndarray) -> None:
        """Bring a run to its steady states, point by point."""
        run, states = self.plan.runs[k], self._now[k]
        self._now[k] = np.full(states.shape, np.nan)
        for p in range(len(states)):
            if p not in self.failures:
                try:
                    measured = not run.is_preequilibration
                    self._now[k][p] = self.engine.rested(time, states[p], rows[p], measured=measured)
                except (RunError, SimulationError, np.linalg.LinAlgError) as reason:
                    self._fail(p, run, str(reason))

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
