"""Slopes of a run along given directions: how its states move when the fitted parameters move.

A direction is one fitted parameter; it may move several parameters of the model and the start. The run comes first and
leaves its steps on a tape, then all directions follow it together (`pathway.simulation.solvers.slopes`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from pathway.simulation.prepared import Prepared
from pathway.simulation.sensitivities import machine_of
from pathway.simulation.solvers.layout import TAPE_HEAD, TAPED, Report, Task
from pathway.simulation.solvers.slopes import STAGES, Directions, SlopeScratch, padded, tables, walk

from .layout import Layout

FLOOR = 1e-9
"""A slope counts in the error from this share of species size / parameter size on."""


@dataclass(frozen=True, eq=False)
class Seeds:
    """How one row of model parameters moves with the fitted parameters.

    Attributes
    ----------
    parameters : int array
        Model parameter of each entry.
    directions : int array
        Position among the active directions of the run.
    sources : int array
        Position among the slopes of the layout's parameter table.
    """

    parameters: np.ndarray
    directions: np.ndarray
    sources: np.ndarray


class Follower:
    """Carries the directions of one run along its stretches.

    Attributes
    ----------
    active : int array
        Fitted parameters (positions among the estimated) that this run depends on.
    held : mapping of row to set of int
        Model parameters that keep what a jump gave them, for each row of model parameters.
    """

    def __init__(
        self, layout: Layout, prepared: Prepared, start_row: int, held: Mapping[int, set[int]], extra: set[int]
    ) -> None:
        self.layout, self.prepared, self.held = layout, prepared, held
        rows = tuple(held)
        place = layout.estimated_place
        found = set(extra)
        for table, chosen in ((layout.initial, (start_row,)), (layout.parameters, rows)):
            inside = np.isin(table.pattern[:, 0], chosen)
            found |= {int(place[q]) for q in table.pattern[inside, 2] if place[q] >= 0}
        self.active = np.array(sorted(found), dtype=int)
        self._direction = {int(q): d for d, q in enumerate(self.active)}
        self.start_seeds = self._seeds(layout.initial, start_row)
        self.seeds = {row: self._seeds(layout.parameters, row) for row in rows}
        self._plans: dict[int, tuple[np.ndarray, ...]] = {}
        self._room: tuple[Directions, SlopeScratch] | None = None

    def _seeds(self, table: object, row: int) -> Seeds:
        pattern, place = table.pattern, self.layout.estimated_place  # type: ignore[attr-defined]
        chosen = np.flatnonzero((pattern[:, 0] == row) & (place[pattern[:, 2]] >= 0))
        directions = [self._direction[int(place[q])] for q in pattern[chosen, 2]]
        return Seeds(pattern[chosen, 1], np.array(directions, dtype=int), chosen)

    def start(self, slopes: np.ndarray) -> np.ndarray:
        """Slopes of the initial state, shape (n_species, n_active), from those of the layout's table."""
        made = np.zeros((len(self.layout.model.species), len(self.active)))
        seeds = self.start_seeds
        made[seeds.parameters, seeds.directions] = slopes[seeds.sources]
        return made

    def parameter_slopes(self, row: int, slopes: np.ndarray) -> np.ndarray:
        """Slopes of a row of model parameters, shape (n_model_parameters, n_active)."""
        made = np.zeros((len(self.layout.model.parameters), len(self.active)))
        seeds = self.seeds[row]
        made[seeds.parameters, seeds.directions] = slopes[seeds.sources]
        return made

    def follow(
        self,
        report: Report,
        task: Task,
        row: int,
        parameters: np.ndarray,
        by_parameter: np.ndarray,
        before: np.ndarray,
        sizes: np.ndarray,
        relative: float,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Slopes at the task's times, shape (n_times, n_species, n_active), and at its end.

        `sizes` are the fitted parameters' own sizes, shape (n_active,).
        """
        machine = machine_of(self.prepared, len(self.active))
        n, width = len(before), machine.kernels.width
        values = np.zeros((len(task.times), n, len(self.active)))
        if not len(self.active):
            return values, before
        entries, places, starts, sources = self._plan(row, machine)
        directions, scratch = self._storage(machine)
        tape = report.tape[: report.counts[0, TAPED]]
        _fill(directions.stacks[:, 1], before, width)
        species = np.abs(tape[:, TAPE_HEAD : TAPE_HEAD + n]).max(axis=0, initial=0.0)
        species = np.maximum(species, FLOOR * species.max(initial=0.0))
        scratch.floor[:] = 1.0
        floor = FLOOR * species[:, None] / sizes
        _fill(scratch.floor, np.where(floor > 0.0, floor, 1.0), width, 1.0)
        seeded = by_parameter[sources[0], sources[1]] if len(entries) else np.zeros(0)
        moving = directions._replace(entries=entries, places=places, starts=starts, weights=seeded)
        output = 0
        if len(tape):
            slots = machine.prepare(parameters)
            output, _ = walk(
                machine.kernels,
                _tables(relative),
                moving,
                scratch,
                np.ascontiguousarray(tape),
                slots,
                task.times,
                0,
                values,
            )
        end = _read(directions.stacks[:, 1], n, width, len(self.active))
        values[output:] = end
        return values, end

    def _plan(self, row: int, machine: object) -> tuple[np.ndarray, ...]:
        """Where the parameter Jacobian enters the blocks of lanes, for one row of model parameters."""
        if row not in self._plans:
            width = machine.kernels.width  # type: ignore[attr-defined]
            rows, columns = machine.by_parameter  # type: ignore[attr-defined]
            seeds = self.seeds[row]
            by_column: dict[int, list[int]] = {}
            for p, d in zip(seeds.parameters, seeds.directions, strict=True):
                by_column.setdefault(int(p), []).append(int(d))
            # What a jump set may move with everything that moves the state there.
            by_column |= {p: list(range(len(self.active))) for p in self.held[row]}
            found = sorted(
                (d // width, k, int(r) * width + d % width, int(c), d)
                for k, (r, c) in enumerate(zip(rows, columns, strict=True))
                for d in by_column.get(int(c), ())
            )
            table = np.array(found, dtype=np.int64).reshape(-1, 5)
            n_blocks = -(-len(self.active) // width)
            starts = np.searchsorted(table[:, 0], np.arange(n_blocks + 1)).astype(np.int64)
            self._plans[row] = (table[:, 1].copy(), table[:, 2].copy(), starts, (table[:, 3], table[:, 4]))  # type: ignore[assignment]
        return self._plans[row]

    def _storage(self, machine: object) -> tuple[Directions, SlopeScratch]:
        if self._room is None:
            kernels = machine.kernels  # type: ignore[attr-defined]
            size, n_blocks = padded(kernels.n_species, kernels.width), -(-len(self.active) // kernels.width)
            none = np.zeros(0, dtype=np.int64)
            directions = Directions(np.zeros((n_blocks, 1 + STAGES, size)), none, none, none, np.zeros(0))
            scratch = machine.scratch(n_blocks, self.prepared.pattern.mass)  # type: ignore[attr-defined]
            self._room = directions, scratch
        return self._room


_tables = cache(tables)


def _fill(blocks: np.ndarray, matrix: np.ndarray, width: int, rest: float = 0.0) -> None:
    """A (species, direction) matrix into the blocks' vectors; lanes without a direction get `rest`."""
    n, n_directions = matrix.shape
    full = np.full((len(blocks) * width, n), rest)
    full[:n_directions] = matrix.T
    lanes = full.reshape(len(blocks), width, n).swapaxes(1, 2)
    blocks[:, : n * width] = lanes.reshape(len(blocks), -1)


def _read(blocks: np.ndarray, n: int, width: int, n_directions: int) -> np.ndarray:
    """The (species, direction) matrix in the blocks' vectors."""
    lanes = blocks[:, : n * width].reshape(-1, n, width).swapaxes(1, 2)
    return lanes.reshape(-1, n)[:n_directions].T.copy()
