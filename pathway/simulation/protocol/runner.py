"""Runs the experiments of a plan: values of many points, values and slopes of one, gradients of one number."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from pathway.kernels import machine_width

from ..tasks import lane_width
from .adjoint import AdjointPass
from .batch import BatchRun, point_by_point
from .directions import ForwardSensitivities
from .engine import SegmentEngine
from .forward import ForwardPass
from .outputs import BatchOutputs, RunError, RunOutputs
from .plan import SimulationPlan

SAFETY = 0.01
"""A slope's share of its tolerance: the sum over all measurements must meet it."""


BACKWARDS = 4.5, 18.0
"""Price of a segment backwards, alone and of as many as there are lanes, in blocks of directions (as measured)."""


class Runner:
    """Values and slopes of all recorded moments.

    Attributes
    ----------
    plan : SimulationPlan
    relative_tolerance : float
        Of the states.
    slope_tolerance : float
        Of their slopes.
    engine : SegmentEngine
    """

    def __init__(
        self,
        plan: SimulationPlan,
        relative_tolerance: float = 1e-8,
        slope_tolerance: float = 1e-4,
        solver: str = "Rodas5P",
    ) -> None:
        self.plan, self.relative_tolerance = plan, relative_tolerance
        self.slope_tolerance = slope_tolerance
        self.engine = SegmentEngine(plan, solver)
        self._sensitivities = self._make_sensitivities()
        self._room: tuple[np.ndarray, np.ndarray] | None = None

    def run(self, q: np.ndarray) -> RunOutputs:
        """States and slopes at parameter values `q`, shape (n_names,), in natural units; the next call overwrites the
        slopes.

        Raises
        ------
        RunError
        """
        try:
            return self._followed(q)
        except MemoryError as reason:
            raise RunError(f"what the runs record does not fit into memory: {reason}") from None

    def run_many(self, q: np.ndarray) -> BatchOutputs:
        """States at many points, shape (n_points, n_names), each as if it were alone.

        Raises
        ------
        RunError
            If no point can be run.
        """
        try:
            if self.engine.stops_by_state:
                return point_by_point(self.engine, self.plan, q, self.relative_tolerance)
            batch = BatchRun(self.engine, self.plan, q, self.relative_tolerance)
            batch.run()
        except MemoryError as reason:
            raise RunError(f"what the runs record does not fit into memory: {reason}") from None
        return batch.recorded

    def adjoint(self, q: np.ndarray) -> AdjointPass:
        """All runs at one point with their steps kept, for the gradient of one number.

        Raises
        ------
        RunError
        """
        return AdjointPass(self.engine, self.plan, q, (self.relative_tolerance, self.slope_tolerance))

    @cached_property
    def prefers_backwards(self) -> bool:
        """Whether a gradient costs less by `adjoint` than by `run`, as far as counts of lanes and of blocks of
        directions tell: forward, a segment costs an evaluation and a block's solutions for each block; backwards, what
        `BACKWARDS` says."""
        width, forward, backwards = machine_width(), 0.0, 0.0
        for batch in self.plan.batches:
            if len(batch.times):
                n = len(batch.members)
                backwards += BACKWARDS[0] * n if lane_width(n) == 1 else BACKWARDS[1] * -(-n // width)
                forward += sum(1 + -(-len(self._sensitivities[k].active) // width) for k, _ in batch.members)
        return self.goes_backwards and forward > backwards

    @property
    def goes_backwards(self) -> bool:
        """Whether gradients can be had by `adjoint`."""
        return not self.plan.model.events

    def _make_sensitivities(self) -> list[ForwardSensitivities]:
        """One for each run."""
        plan, sensitivities = self.plan, []
        traced, read = self.engine.traced, self.plan.read_columns(self.engine.traced.model)
        for run in plan.runs:
            chain = plan.chain(run)
            resets = [segment.reset for segment in chain if segment.reset is not None]
            extra = {int(plan.estimated_place[q]) for reset in resets for q in reset.read} - {-1}
            held: dict[int, set[int]] = {}
            for segment in chain:
                held.setdefault(segment.row, set()).update(segment.held.tolist())
            sensitivities.append(ForwardSensitivities(plan, traced, run.start_row, held, extra, read))
        return sensitivities

    def _followed(self, q: np.ndarray) -> RunOutputs:
        """States and slopes, run by run."""
        if self._room is None:
            states, parameters = map(np.zeros, self.plan.slope_shapes)
            self._room = states, parameters
        tolerances = self.relative_tolerance, SAFETY * self.slope_tolerance
        forward = ForwardPass(self.engine, self.plan, self._sensitivities, q, tolerances, self._room)
        forward.run()
        return forward.recorded
