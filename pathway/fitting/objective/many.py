"""All runs of many points, side by side, without slopes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pathway.simulation import SimulationError

from .engine import Engine
from .layout import Layout
from .recorded import ManyRecorded, RunFailure
from .stretches import Run, Stretch


@dataclass(frozen=True, eq=False)
class Batch:
    """Stretches that run together: equal start and equal moments.

    Attributes
    ----------
    members : tuple of (int, Stretch)
        Position of the run and the stretch.
    start : float
    times : array
        Finite moments to stop at.
    rests : bool
        Whether the steady state is asked for after them.
    """

    members: tuple[tuple[int, Stretch], ...]
    start: float
    times: np.ndarray
    rests: bool


def batches(runs: Sequence[Run]) -> list[Batch]:
    """All stretches but pre-equilibrations, in an order in which they can be run."""
    made = []
    for level in range(max((len(run.stretches) for run in runs), default=0)):
        groups: dict[tuple, list[tuple[int, Stretch]]] = {}
        for k, run in enumerate(runs):
            if level < len(run.stretches) and not run.settles:
                stretch = run.stretches[level]
                key = stretch.start, tuple(stretch.moments[0].tolist()), stretch.rests
                groups.setdefault(key, []).append((k, stretch))
        made += [Batch(tuple(members), key[0], np.array(key[1]), key[2]) for key, members in groups.items()]
    return made


class Many:
    """One pass over all runs, or some, at many points.

    Attributes
    ----------
    states : array, shape (n_points, n_outputs, n_species)
        nan where nothing was run.
    parameters : array, shape (n_points, n_outputs, n_model_parameters)
    failures : dict of int to str
        First reason for each point that could not be run.
    """

    def __init__(self, engine: Engine, layout: Layout, q: np.ndarray, relative: float) -> None:
        self.engine, self.layout, self.q, self.relative = engine, layout, q, relative
        self.starts, self.table = layout.tables(q)
        n_species = len(layout.model.species)
        self.states = np.full((len(q), len(layout.output_time), n_species), np.nan)
        self.parameters = self.table[:, layout.output_row]
        self.failures: dict[int, str] = {}
        self._now: dict[int, np.ndarray] = {}
        self._held: dict[int, dict[int, np.ndarray]] = {}

    @property
    def recorded(self) -> ManyRecorded:
        return ManyRecorded(self.states, self.parameters, self.failures)

    def run(self, plan: Sequence[Batch], only: frozenset[int] | None = None) -> None:
        """Run the batches; of some runs alone if `only` names them."""
        runs = self.layout.runs
        wanted = set(range(len(runs)) if only is None else only)
        for k in sorted(wanted | {runs[k].before for k in wanted} - {-1}):
            run = runs[k]
            if run.settles:
                rows, time = self.table[:, run.stretches[0].row], self.layout.model.start_time
                self._now[k] = self._rested(run, time, self.starts[:, run.start_row], rows, True)
            elif run.before < 0:
                self._now[k] = self.starts[:, run.start_row]
        for k in wanted:
            if runs[k].before >= 0:
                self._now[k] = self._now[runs[k].before]
        for batch in plan:
            members = [member for member in batch.members if member[0] in wanted]
            if members:
                self._batch(batch, members)

    def _batch(self, batch: Batch, members: Sequence[tuple[int, Stretch]]) -> None:
        rows = [self._begun(k, stretch) for k, stretch in members]
        if len(batch.times):
            self._advance(batch, members, rows)
        for (k, stretch), row in zip(members, rows, strict=True):
            if batch.rests:
                time = float(batch.times[-1]) if len(batch.times) else batch.start
                fresh = self._fresh(k, stretch) and len(stretch.times) == 1
                self._now[k] = self._rested(self.layout.runs[k], time, self._now[k], row, fresh)
                self.states[:, stretch.outputs.stop - 1] = self._now[k]

    def _begun(self, k: int, stretch: Stretch) -> np.ndarray:
        """Model parameters in force, shape (n_points, n_model_parameters), after the jump that begins the stretch."""
        held = self._held.setdefault(k, {})
        row = self.table[:, stretch.row]
        if stretch.jump is not None:
            self._now[k], new = stretch.jump.values(self.q, self._now[k], stretch.start)
            held |= dict(zip(stretch.jump.parameters.tolist(), new.T, strict=True))
        if len(stretch.held):
            row = row.copy()
            for p in stretch.held.tolist():
                row[:, p] = held[p]
            self.parameters[:, stretch.outputs] = row[:, None]
        return row

    def _advance(self, batch: Batch, members: Sequence[tuple[int, Stretch]], rows: Sequence[np.ndarray]) -> None:
        """Run the finite part of a batch; points that failed before are left out."""
        well: np.ndarray | slice = slice(None)
        if self.failures:
            well = np.array([p for p in range(len(self.q)) if p not in self.failures], dtype=int)
        n_species, shape = len(self.layout.model.species), self._now[members[0][0]][well].shape
        if not shape[0] or not n_species:
            return
        states = np.concatenate([self._now[k][well] for k, _ in members])
        values, ends, failures = self._run(batch, members, states, np.concatenate([row[well] for row in rows]))
        for member, reason in failures.items():
            which, point = divmod(member, shape[0])
            self._fail(int(np.arange(len(self.q))[well][point]), self.layout.runs[members[which][0]], reason)
        values = values.reshape(len(members), shape[0], len(batch.times), n_species)
        for (k, stretch), found, end in zip(members, values, ends.reshape(len(members), *shape), strict=True):
            first, n = stretch.first_output, stretch.moments[1]
            self.states[well, first : first + n] = found[:, :n]
            self._now[k] = self._now[k].copy()
            self._now[k][well] = end

    def _run(
        self, batch: Batch, members: Sequence[tuple[int, Stretch]], states: np.ndarray, rows: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, dict[int, str]]:
        """Values, ends and failures of the finite part, run by run and in each point by point."""
        engine, per_run = self.engine, len(states) // len(members)
        if not self.layout.model.events:
            kept = (batch, len(states)) if len(self.q) == 1 else None
            return engine.advance(batch.start, batch.times, states, rows, self.relative, kept)
        values, failures = np.full((len(states), len(batch.times), states.shape[1]), np.nan), {}
        for i, (state, row) in enumerate(zip(states, rows, strict=True)):
            fresh = self._fresh(*members[i // per_run])
            try:
                values[i] = engine.simulated(batch.start, batch.times, state, row, self.relative, fresh)
            except SimulationError as reason:
                failures[i] = str(reason)
        return values, values[:, -1], failures

    def _fresh(self, k: int, stretch: Stretch) -> bool:
        run = self.layout.runs[k]
        return run.before < 0 and stretch is run.stretches[0]

    def _rested(self, run: Run, time: float, states: np.ndarray, rows: np.ndarray, fresh: bool) -> np.ndarray:
        """Steady states from these states, point by point."""
        made = np.full(states.shape, np.nan)
        for p in range(len(states)):
            if p not in self.failures:
                try:
                    made[p] = self.engine.rested(time, states[p], rows[p], self.relative, fresh)
                except (RunFailure, SimulationError, np.linalg.LinAlgError) as reason:
                    self._fail(p, run, str(reason))
        return made

    def _fail(self, point: int, run: Run, reason: str) -> None:
        self.failures.setdefault(point, f"experiment '{run.name}': {reason}")
