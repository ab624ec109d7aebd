"""A problem laid out as arrays: which runs there are, what each is given, and which run gives each measurement.

Everything that does not depend on the parameters' values is done here, once. Values over the problem's parameters
(initial states, model parameters of a period, what stands for placeholders) become `Slots`; values over a running state
(a dose added to what is there) become `Jump`s, worked out when the run gets there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from ..problem import Measurement, Problem
from .axes import axis_of, moments
from .drafts import Drafts
from .groups import Group
from .noise import DISTRIBUTIONS, TRANSFORMATIONS, NoiseModel
from .observed import Moving, Observed, Pool
from .slots import Slots, Table


class Layout:
    """The arrays of a problem.

    Attributes
    ----------
    problem : Problem
    names : tuple of str
        All parameters of the problem, estimated or not.
    estimated : int array
        Positions of the estimated ones among `names`.
    estimated_place : int array, shape (n_names,)
        Position among the estimated ones, or -1.
    runs : tuple of Run
        Pre-equilibrations first; a run's `before` points to an earlier one.
    slots : Slots
        Everything that runs are given, with two tables in it:
    initial, parameters : Table
        Initial states (n_starts, n_species) and model parameters (n_rows, n_model_parameters).
    output_row, output_time : arrays, shape (n_outputs,)
        Parameter row and time of every recorded moment.
    groups : tuple of Group
        Measurements by observable.
    order : int array
        `order[k]` is the measurement at position k of the groups' order. Those after the problem's own are the moments
        that normalizations refer to: simulated, not counted.
    noise : NoiseModel
        In the order of the groups.
    observed : Observed
        The simulated measurements, in the same order.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.model = problem.model
        self.names = tuple(p.name for p in problem.parameters)
        self.positions = {name: k for k, name in enumerate(self.names)}
        self.estimated = np.array([k for k, p in enumerate(problem.parameters) if p.estimated], dtype=int)
        self.estimated_place = np.full(len(self.names), -1)
        self.estimated_place[self.estimated] = np.arange(len(self.estimated))
        self.values = np.array([p.value for p in problem.parameters], dtype=float)
        asked = {m.normalization for m in problem.measurements}
        used = [n for n in problem.normalizations if n.name in asked]
        measurements = (*problem.measurements, *(m for n in used for m in moments(n, problem)))
        drafts = Drafts(problem, self.positions, measurements)
        self._lay_out_runs(drafts)
        chosen = self._make_groups(drafts, measurements)
        self.noise = _noise_model(problem, chosen)
        self.axes = tuple(axis_of(n, chosen) for n in used)
        pool = Pool(
            self.groups,
            np.array([drafts.output(m) for m in chosen], dtype=int),
            self.output_time,
            (len(self.model.species), len(self.model.parameters)),
            self.positions,
        )
        moving = Moving(self.read_species, self.read_constants, self.estimated_place, len(self.estimated))
        self.observed = Observed(self.groups, pool, self.axes, moving)

    def _lay_out_runs(self, drafts: Drafts) -> None:
        self.runs = drafts.runs
        self.slots = Slots([e for row in (*drafts.starts, *drafts.rows) for e in row], self.positions)
        n_species, n_parameters = len(self.model.species), len(self.model.parameters)
        self.initial = Table(self.slots, (len(drafts.starts), n_species))
        self.parameters = Table(self.slots, (len(drafts.rows), n_parameters), len(drafts.starts) * n_species)
        self.output_row = np.array([row for row, _ in drafts.outputs], dtype=int)
        self.output_time = np.array([time for _, time in drafts.outputs], dtype=float)

    def _make_groups(self, drafts: Drafts, measurements: Sequence[Measurement]) -> list[Measurement]:
        """Groups, and the measurements in their order."""
        observables = {o.name: o for o in self.problem.observables}
        by_observable: dict[str, list[int]] = {}
        for k, m in enumerate(measurements):
            by_observable.setdefault(m.observable, []).append(k)
        groups: list[Group] = []
        order: list[int] = []
        for name, members in by_observable.items():
            measured = [measurements[k] for k in members]
            base = drafts.beginnings.base
            groups.append(Group(self.model, base, observables[name], observables, measured, len(order)))
            order += members
        self.groups = tuple(groups)
        self.order = np.array(order, dtype=int)
        return [measurements[k] for k in order]

    def full(self, estimated: np.ndarray) -> np.ndarray:
        """All parameters, shape (..., n_names), from the estimated ones, shape (..., n_estimated)."""
        made = np.empty((*estimated.shape[:-1], len(self.values)))
        made[:] = self.values
        made[..., self.estimated] = estimated
        return made

    def tables(self, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Initial states and model parameters at all parameters `q`, shape (n_points, n_names).

        Returns
        -------
        starts : array, shape (n_points, n_starts, n_species)
        rows : array, shape (n_points, n_rows, n_model_parameters)
        """
        values = self.slots.values(q)
        return self.initial.part(values), self.parameters.part(values)

    @cached_property
    def own_rows(self) -> np.ndarray:
        """Row in the groups' order of each of the problem's own measurements, in their order."""
        return np.argsort(self.order)[: len(self.problem.measurements)]

    @cached_property
    def read_species(self) -> np.ndarray:
        """Species that a group's formulas read, sorted: only their slopes are recorded."""
        return np.array(sorted({k for g in self.groups for k in g.species.values()}), dtype=int)

    @cached_property
    def moving(self) -> frozenset[int]:
        """Model parameters that may move with an estimated one, directly or because a jump sets them."""
        _, column, parameter, _ = self.parameters.pattern.T
        moving = {int(k) for k in column[self.estimated_place[parameter] >= 0]}
        return frozenset(moving | {int(k) for run in self.runs for stretch in run.stretches for k in stretch.held})

    @cached_property
    def read_at_rest(self) -> np.ndarray:
        """Species that are read where time has no end, sorted."""
        names = {m.observable for m in self.problem.measurements if m.time == math.inf}
        used = [g for g in self.groups if g.observable.name in names]
        return np.array(sorted({k for g in used for k in g.species.values()}), dtype=int)

    @cached_property
    def read_constants(self) -> np.ndarray:
        """Model parameters that a group's formulas read and that may move with an estimated one, sorted."""
        return np.array(sorted({k for g in self.groups for k in g.constants.values()} & self.moving), dtype=int)

    @property
    def slope_shapes(self) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
        """Of the recorded slopes of states and of model parameters."""
        n_outputs, n_estimated = len(self.output_time), len(self.estimated)
        return (
            (n_outputs, len(self.read_species), n_estimated),
            (n_outputs, len(self.read_constants), n_estimated),
        )

    @cached_property
    def reads(self) -> tuple[frozenset[int], ...]:
        """Of each run: which parameters its states depend on, also through its rest. Positions among `names`."""
        starts, rows = self.initial.read_by_row, self.parameters.read_by_row
        made: list[frozenset[int]] = []
        for run in self.runs:
            own = starts[run.start_row].union(*(rows[stretch.row] for stretch in run.stretches))
            own |= {int(q) for stretch in run.stretches if stretch.jump is not None for q in stretch.jump.read}
            made.append(own | made[run.before] if run.before >= 0 else own)
        return tuple(made)

    @cached_property
    def observed_only(self) -> np.ndarray:
        """Estimated parameters that no run depends on: scales, offsets, noise levels. Positions among the estimated."""
        used = frozenset().union(*self.reads)
        return np.array([k for k, q in enumerate(self.estimated) if int(q) not in used], dtype=int)


def _noise_model(problem: Problem, measurements: Sequence[Measurement]) -> NoiseModel:
    observables = {o.name: o for o in problem.observables}
    kinds = [observables[m.observable] for m in measurements]
    return NoiseModel(
        measured=np.array([m.value for m in measurements], dtype=float),
        distribution=np.array([DISTRIBUTIONS[o.distribution] for o in kinds], dtype=int),
        transformation=np.array([TRANSFORMATIONS[o.transformation] for o in kinds], dtype=int),
        freedom=np.array([o.degrees_of_freedom for o in kinds], dtype=float),
        censored=np.array([{"": 0, "below": -1, "above": 1}[m.censored] for m in measurements], dtype=int),
        counted=np.array([m.counted for m in measurements], dtype=bool),
    )
