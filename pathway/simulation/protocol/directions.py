"""Slopes of a run along given directions: how its states move when the fitted parameters move.

A direction is one fitted parameter; it may move several parameters of the model and the start. The run comes first and
leaves its steps on a tape, then all directions follow it together (`pathway.simulation.solvers.slopes`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..algebraic import AlgebraicTies
from ..prepared import PreparedModel
from ..sensitivities import SensitivityKernels, check_reached, jacobian_entries, sensitivity_kernels
from ..solvers.esdirk import STAGES
from ..solvers.slope_layout import PreparedSlopeRun, SensitivityDirections, SlopeTask, padded_size, slope_tables
from .engine import TapedRun
from .parameter_map import MappedTable
from .plan import SimulationPlan
from .segments import Segment

FLOOR = 1e-9
"""A slope counts in the error from this share of species size / parameter size on, and a species from this share of
the largest."""


@dataclass(frozen=True, eq=False)
class SensitivitySeeds:
    """How a row of a table moves with the fitted parameters.

    Attributes
    ----------
    columns : int array
        Species or model parameter of each entry.
    directions : int array
        Position among the active directions of the run.
    sources : int array
        Position among the slopes of the plan's mapping.
    """

    columns: np.ndarray
    directions: np.ndarray
    sources: np.ndarray


class ForwardSensitivities:
    """Carries the directions of one run along its segments.

    Attributes
    ----------
    active : int array
        Fitted parameters (positions among the estimated) that this run depends on.
    held : mapping of row to set of int
        Model parameters that keep what a reset gave them, for each row of model parameters.
    """

    def __init__(
        self,
        plan: SimulationPlan,
        prepared: PreparedModel,
        start_row: int,
        held: Mapping[int, set[int]],
        extra: set[int],
        read: np.ndarray,
    ) -> None:
        """`extra` are directions that resets read, `read` is what `SimulationPlan.read_columns` gives."""
        self.plan, self.prepared, self.held = plan, prepared, held
        rows, place = tuple(held), plan.estimated_place
        self._read = read
        patterns = [self._pattern(plan.initial, start_row), *(self._pattern(plan.parameters, row) for row in rows)]
        active = extra | {int(place[q]) for pattern in patterns for q in pattern[:, 2]}
        self.active = np.array(sorted(active), dtype=int)
        self._direction = {int(q): d for d, q in enumerate(self.active)}
        self.start_seeds = self._seeds(plan.initial, start_row)
        self.seeds = {row: self._seeds(plan.parameters, row) for row in rows}
        self._tables: dict[tuple[str, int], np.ndarray] = {}

    def _pattern(self, table: MappedTable, row: int) -> np.ndarray:
        """What moves in a row with an estimated parameter, and is read: as in `MappedTable.pattern`."""
        chosen = (table.pattern[:, 0] == row) & (self.plan.estimated_place[table.pattern[:, 2]] >= 0)
        if table is self.plan.parameters:
            chosen &= self._read[table.pattern[:, 1]]
        return table.pattern[chosen]

    def _seeds(self, table: MappedTable, row: int) -> SensitivitySeeds:
        _, columns, parameters, sources = self._pattern(table, row).T
        directions = [self._direction[int(q)] for q in self.plan.estimated_place[parameters]]
        return SensitivitySeeds(columns, np.array(directions, dtype=int), sources)

    def start(self, slopes: np.ndarray) -> np.ndarray:
        """Slopes of the initial state, shape (n_species, n_active), from those of the plan's mapping; overwritten by
        the next call."""
        return self._filled(("start", 0), self.start_seeds, slopes, len(self.plan.model.species))

    def parameter_slopes(self, row: int, slopes: np.ndarray) -> np.ndarray:
        """The same of a row of model parameters, shape (n_model_parameters, n_active)."""
        return self._filled(("row", row), self.seeds[row], slopes, len(self.plan.model.parameters))

    def _filled(self, which: tuple[str, int], seeds: SensitivitySeeds, slopes: np.ndarray, n_rows: int) -> np.ndarray:
        if which not in self._tables:
            self._tables[which] = np.zeros((n_rows, len(self.active)))
        table = self._tables[which]
        table[seeds.columns, seeds.directions] = slopes[seeds.sources]
        return table

    @cached_property
    def steps(self) -> SlopeSteps:
        """The walk along its slopes."""
        return SlopeSteps(self)


class SlopeSteps:
    """The walk along the slopes of a run, with what it works on made once."""

    def __init__(self, sensitivities: ForwardSensitivities) -> None:
        self.sensitivities, self.plan = sensitivities, sensitivities.plan
        self.machine: SensitivityKernels = sensitivity_kernels(sensitivities.prepared)
        kernels, n_active = self.machine.kernels, len(sensitivities.active)
        n_blocks = -(-n_active // kernels.width)
        self._stacks = np.zeros((n_blocks, 1 + STAGES, padded_size(kernels.n_species, kernels.width)))
        self._scratch = self.machine.scratch(n_blocks, sensitivities.prepared.pattern)
        self._slots = self.machine.slots()
        self._parameters = np.zeros(len(sensitivities.prepared.model.parameters))
        self._state, self._sizes = np.zeros((n_active, kernels.n_species)), np.zeros(kernels.n_species)
        self._scales, self._reached = np.ones(n_active), np.zeros(1)
        self._plans: dict[int, tuple[SensitivityDirections, np.ndarray]] = {}
        self._walks: dict[tuple[Segment, float], tuple[np.ndarray, np.ndarray, PreparedSlopeRun]] = {}

    def follow(
        self,
        segment: Segment,
        run: TapedRun,
        row: np.ndarray,
        by_parameter: np.ndarray,
        before: np.ndarray,
        scales: np.ndarray,
        relative: float,
        recorded: np.ndarray,
    ) -> np.ndarray:
        """Go along a segment that has been run.

        Parameters
        ----------
        segment : Segment
        run : TapedRun
        row : array, shape (n_model_parameters,)
        by_parameter : array, shape (n_model_parameters, n_active)
            Slopes of the model's parameters.
        before : array, shape (n_species, n_active)
            Slopes at the start.
        scales : array, shape (n_active,)
            The fitted parameters' own sizes.
        relative : float
            Relative tolerance.
        recorded : array, shape (n_outputs, n_read_species, n_estimated)
            Where the slopes at the segment's moments belong.

        Returns
        -------
        array, shape (n_species, n_active)
            Slopes at the end; overwritten by the next call.

        Raises
        ------
        SimulationError
        """
        walk = self._made_ready(segment, run.tape, relative, recorded)
        directions, sources = self._plan(segment.row)
        self._state[:], self._scales[:], self._sizes[:] = before.T, scales, 0.0
        by_parameter.take(sources, out=directions.weights, mode="clip")
        self._parameters[:] = row
        walk.course.progress[:] = run.first, run.last, 0
        if run.last > run.first:
            walk()
            check_reached(self.sensitivities.prepared, walk.course, relative)
        else:
            if self.plan.model.algebraic:
                ties = AlgebraicTies.at(self.sensitivities.prepared, segment.start, run.end, row)
                before = ties.forward(before, by_parameter, np.zeros(before.shape[1]))
            walk.course.values[..., self.sensitivities.active] = before[self.plan.read_species]
        return self._state.T

    def _made_ready(
        self, segment: Segment, tape: np.ndarray, relative: float, recorded: np.ndarray
    ) -> PreparedSlopeRun:
        """The walk along a segment, as long as tape and record are the same."""
        stored = self._walks.get((segment, relative))
        if stored is not None and stored[0] is tape and stored[1] is recorded:
            return stored[2]
        times, n = segment.moments
        directions, _ = self._plan(segment.row)
        course = SlopeTask(
            tape=tape,
            parameters=self._parameters,
            slots=self._slots,
            times=times[:n].copy(),
            species=self.plan.read_species,
            columns=self.sensitivities.active,
            values=recorded[segment.first_output : segment.first_output + n],
            state=self._state,
            sizes=self._sizes,
            scales=self._scales,
            faint=FLOOR,
            least=FLOOR,
            closes=1,
            progress=np.zeros(3, dtype=np.int64),
            reached=self._reached,
        )
        walk = PreparedSlopeRun(self.machine.kernels, slope_tables(relative), directions, self._scratch, course)
        self._walks[segment, relative] = tape, recorded, walk
        return walk

    def _plan(self, row: int) -> tuple[SensitivityDirections, np.ndarray]:
        """Where the parameter Jacobian enters the blocks of lanes for one row of model parameters, and which entry of
        the parameters' slopes is its weight there."""
        if row not in self._plans:
            seeds, n_active = self.sensitivities.seeds[row], len(self.sensitivities.active)
            moves = np.zeros((len(self.plan.model.parameters), n_active), dtype=bool)
            moves[seeds.columns, seeds.directions] = True
            # What a reset set may move with everything that moves the state there.
            moves[sorted(self.sensitivities.held[row])] = True
            width, prepared = self.machine.kernels.width, self.sensitivities.prepared
            entries, places, starts, sources = prepared.once(jacobian_entries, width, n_active, moves.tobytes())
            directions = SensitivityDirections(self._stacks, entries, places, starts, np.zeros(len(entries)))
            self._plans[row] = directions, sources
        return self._plans[row]
