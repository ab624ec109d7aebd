"""Slopes of a run along given directions: how its states move when the fitted parameters move.

A direction is one fitted parameter; it may move several parameters of the model and the start. The run comes first and
leaves its steps on a tape, then all directions follow it together (`pathway.simulation.solvers.slopes`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pathway.simulation.prepared import Prepared
from pathway.simulation.sensitivities import Machine, machine_of
from pathway.simulation.solvers.esdirk import STAGES
from pathway.simulation.solvers.layout import TAPE_HEAD, TAPED, Report
from pathway.simulation.solvers.slope_layout import Course, Directions, Walk, padded, tables

from .layout import Layout
from .recorded import RunFailure
from .slots import Table
from .stretches import Stretch

FLOOR = 1e-9
"""A slope counts in the error from this share of species size / parameter size on."""


@dataclass(frozen=True, eq=False)
class Seeds:
    """How a row of a table moves with the fitted parameters.

    Attributes
    ----------
    columns : int array
        Species or model parameter of each entry.
    directions : int array
        Position among the active directions of the run.
    sources : int array
        Position among the slopes of the layout's slots.
    """

    columns: np.ndarray
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
        self,
        layout: Layout,
        prepared: Prepared,
        start_row: int,
        held: Mapping[int, set[int]],
        extra: set[int],
        relative: float,
    ) -> None:
        self.layout, self.prepared, self.held = layout, prepared, held
        rows, place = tuple(held), layout.estimated_place
        found = set(extra)
        for table, chosen in ((layout.initial, (start_row,)), (layout.parameters, rows)):
            inside = np.isin(table.pattern[:, 0], chosen)
            found |= {int(place[q]) for q in table.pattern[inside, 2] if place[q] >= 0}
        self.active = np.array(sorted(found), dtype=int)
        self._direction = {int(q): d for d, q in enumerate(self.active)}
        self.start_seeds = self._seeds(layout.initial, start_row)
        self.seeds = {row: self._seeds(layout.parameters, row) for row in rows}
        self._relative = relative

    def _seeds(self, table: Table, row: int) -> Seeds:
        place = self.layout.estimated_place
        _, columns, parameters, sources = table.pattern[table.pattern[:, 0] == row].T
        chosen = place[parameters] >= 0
        directions = [self._direction[int(place[q])] for q in parameters[chosen]]
        return Seeds(columns[chosen], np.array(directions, dtype=int), sources[chosen])

    def start(self, slopes: np.ndarray) -> np.ndarray:
        """Slopes of the initial state, shape (n_species, n_active), from those of the layout's slots."""
        made = np.zeros((len(self.layout.model.species), len(self.active)))
        seeds = self.start_seeds
        made[seeds.columns, seeds.directions] = slopes[seeds.sources]
        return made

    def parameter_slopes(self, row: int, slopes: np.ndarray) -> np.ndarray:
        """Slopes of a row of model parameters, shape (n_model_parameters, n_active)."""
        made = np.zeros((len(self.layout.model.parameters), len(self.active)))
        seeds = self.seeds[row]
        made[seeds.columns, seeds.directions] = slopes[seeds.sources]
        return made

    @cached_property
    def steps(self) -> Steps:
        """The walk along its slopes."""
        return Steps(self, self._relative)


class Steps:
    """The walk along the slopes of a run, with what it works on made once."""

    def __init__(self, follower: Follower, relative: float) -> None:
        self.follower, self.layout = follower, follower.layout
        self.machine: Machine = machine_of(follower.prepared, len(follower.active))
        kernels, n_active = self.machine.kernels, len(follower.active)
        n, width, n_blocks = kernels.n_species, kernels.width, -(-n_active // kernels.width)
        self.stacks = np.zeros((n_blocks, 1 + STAGES, padded(n, width)))
        self.scratch = self.machine.scratch(n_blocks, follower.prepared.pattern.mass)
        self.slots, self.tables = self.machine.slots(), tables(relative)
        self.parameters = np.zeros(len(self.layout.model.parameters))
        self.reached = np.zeros(1)
        # The same numbers as (direction, species): in the walk's lanes, and beside them as one matrix.
        shape = n_blocks, n, width
        self._lanes = self.stacks[:, 1, : n * width].reshape(shape).swapaxes(1, 2)
        self._floors = self.scratch.floor[:, : n * width].reshape(shape).swapaxes(1, 2)
        self._matrix = np.zeros((n_blocks, width, n))
        self._own = self._matrix.reshape(-1, n)[:n_active]
        self._plans: dict[int, tuple[Directions, tuple[np.ndarray, np.ndarray]]] = {}
        self._walks: dict[Stretch, Walk] = {}

    def follow(
        self,
        stretch: Stretch,
        report: Report,
        row: np.ndarray,
        by_parameter: np.ndarray,
        before: np.ndarray,
        sizes: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Go along a stretch that has been run.

        Parameters
        ----------
        stretch : Stretch
        report : Report
            Of the run, with its tape.
        row : array, shape (n_model_parameters,)
        by_parameter : array, shape (n_model_parameters, n_active)
            Slopes of the model's parameters.
        before : array, shape (n_species, n_active)
            Slopes at the start.
        sizes : array, shape (n_active,)
            The fitted parameters' own sizes.

        Returns
        -------
        recorded : array, shape (n_times, n_read_species, n_active)
            At the stretch's moments; overwritten by the next call.
        end : array, shape (n_species, n_active)

        Raises
        ------
        RunFailure
        """
        directions, sources = self._plan(stretch.row)
        n, n_rows = len(before), int(report.counts[0, TAPED])
        walk = self._walks.get(stretch)
        if walk is None or walk.course.tape is not report.tape:
            walk = self._walks[stretch] = self._made_ready(stretch, report, directions)
        course = walk.course
        species = np.abs(report.tape[:n_rows, TAPE_HEAD : TAPE_HEAD + n]).max(axis=0, initial=0.0)
        species = np.maximum(species, FLOOR * species.max(initial=0.0))
        self._own[:] = FLOOR * species / sizes[:, None]
        self._floors[:] = np.where(self._matrix > 0.0, self._matrix, 1.0)
        self._own[:] = before.T
        self._lanes[:] = self._matrix
        self.parameters[:] = row
        directions.weights[:] = by_parameter[sources]
        course.progress[:] = 0, n_rows, 0
        if n_rows:
            walk()
            if self.reached[0] < report.tape[n_rows - 1, 2]:
                raise RunFailure(f"no step of the slopes meets their tolerance at time {self.reached[0]:g}")
        self._matrix[:] = self._lanes
        end = self._own.T.copy()
        course.values[course.progress[2] :] = end[self.layout.read_species]
        return course.values, end

    def _made_ready(self, stretch: Stretch, report: Report, directions: Directions) -> Walk:
        times = stretch.moments[0]
        values = np.zeros((len(times), len(self.layout.read_species), len(self.follower.active)))
        progress = np.zeros(3, dtype=np.int64)
        course = Course(
            report.tape, self.parameters, self.slots, times, self.layout.read_species, values, progress, self.reached
        )
        return Walk(self.machine.kernels, self.tables, directions, self.scratch, course)

    def _plan(self, row: int) -> tuple[Directions, tuple[np.ndarray, np.ndarray]]:
        """Where the parameter Jacobian enters the blocks of lanes for one row of model parameters, and which slope of
        which parameter is its weight there."""
        if row not in self._plans:
            width, (rows, columns) = self.machine.kernels.width, self.machine.by_parameter
            seeds, n_active = self.follower.seeds[row], len(self.follower.active)
            by_column: dict[int, list[int]] = {}
            for p, d in zip(seeds.columns, seeds.directions, strict=True):
                by_column.setdefault(int(p), []).append(int(d))
            # What a jump set may move with everything that moves the state there.
            by_column |= {p: list(range(n_active)) for p in self.follower.held[row]}
            found = sorted(
                (d // width, k, int(r) * width + d % width, int(c), d)
                for k, (r, c) in enumerate(zip(rows, columns, strict=True))
                for d in by_column.get(int(c), ())
            )
            block, entries, places, parameters, chosen = np.array(found, dtype=np.int64).reshape(-1, 5).T.copy()
            starts = np.searchsorted(block, np.arange(len(self.stacks) + 1)).astype(np.int64)
            directions = Directions(self.stacks, entries, places, starts, np.zeros(len(entries)))
            self._plans[row] = directions, (parameters, chosen)
        return self._plans[row]
