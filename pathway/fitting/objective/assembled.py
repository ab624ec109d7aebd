"""A problem assembled: which runs there are, which of them gives each measurement, and how that scatters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from pathway.equations import Model
from pathway.equations.absent import without_absent_species
from pathway.expressions import symbols
from pathway.simulation.prepared import prepare_model
from pathway.simulation.protocol.initial_state import model_symbols
from pathway.simulation.protocol.plan import RecordedQuantities, SimulationPlan

from ..problem import Measurement, Normalization, Problem
from .noise import DISTRIBUTIONS, TRANSFORMATIONS, NoiseModel
from .normalizers import normalization_measurements, normalizer_of
from .observable_groups import ObservableGroup
from .observed import EstimatedPlaces, ObservedValues, ValuePool


class AssembledProblem:
    """The arrays of a problem.

    Attributes
    ----------
    problem : Problem
    plan : SimulationPlan
        What is run.
    groups : tuple of ObservableGroup
        Measurements by observable.
    order : int array
        `order[k]` is the measurement at position k of the groups' order. Those after the problem's own are the moments
        that normalizations refer to: simulated, not counted.
    noise : NoiseModel
        In the order of the groups.
    observed : ObservedValues
        The simulated measurements, in the same order.
    """

    def __init__(self, problem: Problem, plan: SimulationPlan | None = None) -> None:
        """`plan` is that of `simulation_plan`, if there is one already."""
        self.problem = problem
        used, measurements = _all_measurements(problem)
        self.groups, self.order = _groups(problem, measurements)
        self.plan = plan = _plan(problem, measurements, self.groups) if plan is None else plan
        chosen = [measurements[k] for k in self.order]
        self.noise = _noise_model(problem, chosen)
        self.axes = tuple(normalizer_of(n, chosen) for n in used)
        pool = ValuePool(
            self.groups,
            np.array([plan.output(m.experiment, m.time) for m in chosen], dtype=int),
            plan.output_time,
            (len(plan.model.species), len(plan.model.parameters)),
            plan.positions,
        )
        moving = EstimatedPlaces(plan.read_species, plan.read_constants, plan.estimated_place, len(plan.estimated))
        self.observed = ObservedValues(self.groups, pool, self.axes, moving)

    @cached_property
    def own_rows(self) -> np.ndarray:
        """Row in the groups' order of each of the problem's own measurements, in their order."""
        return np.argsort(self.order)[: len(self.problem.measurements)]

    @cached_property
    def noise_moves(self) -> np.ndarray:
        """Whether the noise of each of the problem's own measurements may move with the estimated parameters."""
        plan, estimated = self.plan, set(self.problem.names)
        moves = np.zeros(len(self.order), dtype=bool)
        for g in self.groups:
            for name in (name for formula, name in g.slopes if formula == 1):
                if name in g.given:
                    moves[g.rows] |= [bool(symbols(formula) & estimated) for formula in g.given[name]]
                else:
                    moves[g.rows] |= name in g.species or g.constants[name] in plan.moving
        return moves[self.own_rows]

    @cached_property
    def observed_only(self) -> np.ndarray:
        """Estimated parameters that no run depends on: scales, offsets, noise levels. Positions among the estimated."""
        used = frozenset().union(*self.plan.reads)
        return np.array([k for k, q in enumerate(self.plan.estimated) if int(q) not in used], dtype=int)


def simulation_plan(problem: Problem) -> SimulationPlan:
    """What is run for a problem."""
    _, measurements = _all_measurements(problem)
    return _plan(problem, measurements, _groups(problem, measurements)[0])


def _all_measurements(problem: Problem) -> tuple[list[Normalization], tuple[Measurement, ...]]:
    """The normalizations that are used, and the measurements with the moments that these refer to."""
    asked = {m.normalization for m in problem.measurements}
    used = [n for n in problem.normalizations if n.name in asked]
    return used, (*problem.measurements, *(m for n in used for m in normalization_measurements(n, problem)))


def _groups(problem: Problem, measurements: Sequence[Measurement]) -> tuple[tuple[ObservableGroup, ...], np.ndarray]:
    """Measurements by observable, and their order."""
    observables = {o.name: o for o in problem.observables}
    model = _simulated_model(problem)
    base = model_symbols(model, [p.name for p in problem.parameters])
    by_observable: dict[str, list[int]] = {}
    for k, m in enumerate(measurements):
        by_observable.setdefault(m.observable, []).append(k)
    groups: list[ObservableGroup] = []
    order: list[int] = []
    for name, members in by_observable.items():
        measured = [measurements[k] for k in members]
        groups.append(ObservableGroup(model, base, observables[name], observables, measured, len(order)))
        order += members
    return tuple(groups), np.array(order, dtype=int)


def _plan(problem: Problem, measurements: Sequence[Measurement], groups: Sequence[ObservableGroup]) -> SimulationPlan:
    times: dict[str, set[float]] = {}
    for m in measurements:
        times.setdefault(m.experiment, set()).add(m.time)
    last = {m.observable for m in problem.measurements if m.time == math.inf}
    reads = RecordedQuantities(
        moments=times,
        species=frozenset(k for g in groups for k in g.species.values()),
        parameters=frozenset(k for g in groups for k in g.constants.values()),
        at_rest=frozenset(k for g in groups if g.observable.name in last for k in g.species.values()),
    )
    values, model = {p.name: p.value for p in problem.parameters}, _simulated_model(problem)
    return SimulationPlan(
        model, values, frozenset(problem.names), problem.experiments, reads, problem.derived, problem.name
    )


def _simulated_model(problem: Problem) -> Model:
    """The problem's model without species that no experiment brings in: drugs that no arm is given."""
    named = {name for e in problem.experiments for period in e.periods for name in period.changes}
    given = frozenset(problem.model.species) & (named | {p.name for p in problem.parameters})
    return prepare_model(problem.model).once(without_absent_species, given)


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
