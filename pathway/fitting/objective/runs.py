"""Runs the experiments of a layout on the compiled engine."""

from __future__ import annotations

import numpy as np

from pathway.simulation import SimulationError

from .engine import Engine
from .follower import Follower
from .going import Going
from .layout import Layout
from .many import Many, batches
from .recorded import ManyRecorded, Recorded, RunFailure

SAFETY = 0.01
"""A slope's share of its tolerance: the sum over all measurements must meet it."""


class EngineRunner:
    """Values and slopes of all recorded moments.

    Attributes
    ----------
    layout : Layout
    relative_tolerance : float
        Of the states.
    slope_tolerance : float
        Of their slopes.
    engine : Engine
    """

    def __init__(
        self,
        layout: Layout,
        relative_tolerance: float = 1e-8,
        slope_tolerance: float = 1e-4,
        solver: str = "Rodas5P",
    ) -> None:
        self.layout, self.relative_tolerance = layout, relative_tolerance
        self.slope_tolerance = slope_tolerance
        self.engine = Engine(layout, solver)
        self._batches = batches(layout.runs)
        self._followers = self._make_followers()
        self._room: tuple[np.ndarray, np.ndarray] | None = None

    def run(self, q: np.ndarray) -> Recorded:
        """States and slopes at parameter values `q`, shape (n_names,), in natural units; the next call overwrites the
        slopes.

        Raises
        ------
        RunFailure
        """
        try:
            return self._followed(q)
        except (SimulationError, np.linalg.LinAlgError) as reason:
            raise RunFailure(str(reason)) from None
        except MemoryError as reason:
            raise RunFailure(f"what the runs record does not fit into memory: {reason}") from None

    def run_many(self, q: np.ndarray) -> ManyRecorded:
        """States at many points, shape (n_points, n_names), each as if it were alone.

        Raises
        ------
        RunFailure
            If no point can be run.
        """
        try:
            going = Many(self.engine, self.layout, q, self.relative_tolerance)
            going.run(self._batches)
        except MemoryError as reason:
            raise RunFailure(f"what the runs record does not fit into memory: {reason}") from None
        return going.recorded

    @property
    def goes_backwards(self) -> bool:
        """Whether gradients can be had by `backwards.Backwards`."""
        return not self.layout.model.events

    def _make_followers(self) -> list[Follower]:
        """One for each run."""
        layout, prepared = self.layout, self.engine.traced
        made = []
        for run in layout.runs:
            chain = (*layout.runs[run.before].stretches, *run.stretches) if run.before >= 0 else run.stretches
            jumps = [stretch.jump for stretch in chain if stretch.jump is not None]
            extra = {int(layout.estimated_place[q]) for jump in jumps for q in jump.read} - {-1}
            held: dict[int, set[int]] = {}
            for stretch in chain:
                held.setdefault(stretch.row, set()).update(stretch.held.tolist())
            made.append(Follower(layout, prepared, run.start_row, held, extra))
        return made

    def _followed(self, q: np.ndarray) -> Recorded:
        """States and slopes, run by run."""
        if self._room is None:
            states, parameters = map(np.zeros, self.layout.slope_shapes)
            self._room = states, parameters
        tolerances = self.relative_tolerance, SAFETY * self.slope_tolerance
        going = Going(self.engine, self.layout, self._followers, q, tolerances, self._room)
        for k, run in enumerate(self.layout.runs):
            going.run(k, run)
        return going.recorded
