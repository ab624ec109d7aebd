"""From experiments to runs, laid out as arrays: which runs there are, what each is given, which moments are recorded.

Everything that does not depend on the parameters' values is done here, once. Values over the problem's parameters
(initial states, model parameters of a period) are mapped by `ParameterMapping`; values over a running state (a dose
added to what is there) are `StateReset`s, worked out when the run gets there.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pathway.equations import Model
from pathway.expressions import Expression, symbols
from pathway.expressions.calculus import substitute_all

from .experiment import STEADY, Experiment, ExperimentError, Period
from .initial_state import InitialConditions
from .parameter_map import MappedTable, ParameterMapping
from .segments import ExperimentRun, Segment, StateReset, segment_batches


@dataclass(frozen=True)
class RecordedQuantities:
    """What is read of the runs.

    Attributes
    ----------
    moments : mapping of experiment to collection of float
        When each is looked at; inf: at its steady state. Experiments without are not run.
    species, parameters : frozenset of int
        Species and model parameters whose slopes are wanted.
    at_rest : frozenset of int
        Species that are read where time has no end.
    """

    moments: Mapping[str, Collection[float]]
    species: frozenset[int]
    parameters: frozenset[int]
    at_rest: frozenset[int]


class SimulationPlan:
    """The arrays of some experiments.

    Attributes
    ----------
    model : Model
    names : tuple of str
        All parameters of the problem, estimated or not; a model parameter among them belongs to the problem.
    estimated : int array
        Positions of the estimated ones among `names`.
    estimated_place : int array, shape (n_names,)
        Position among the estimated ones, or -1.
    runs : tuple of ExperimentRun
        Preequilibrations first; a run's `before` points to an earlier one.
    batches : list of SegmentBatch
        Their segments, in an order in which they can be run.
    mapping : ParameterMapping
        Everything that runs are given, with two tables in it:
    initial, parameters : MappedTable
        Initial states (n_starts, n_species) and model parameters (n_rows, n_model_parameters).
    output_row, output_time : arrays, shape (n_outputs,)
        Parameter row and time of every recorded moment.
    read_species, read_constants : int arrays
        Species, and model parameters that may move with an estimated one, whose slopes are recorded, sorted.
    read_at_rest : int array
        Species that are read where time has no end, sorted.
    """

    def __init__(
        self,
        model: Model,
        values: Mapping[str, float],
        estimated: Collection[str],
        experiments: Sequence[Experiment],
        reads: RecordedQuantities,
        derived: Mapping[str, Expression] | None = None,
        name: str = "",
    ) -> None:
        """`values` are the problem's parameters, `derived` model parameters that follow from others at the start of an
        experiment; `name` is for messages.

        Raises
        ------
        ExperimentError
            For what cannot be run.
        """
        self.model, self.names = model, tuple(values)
        self.positions = {name: k for k, name in enumerate(self.names)}
        self.estimated = np.array([k for k, name in enumerate(self.names) if name in estimated], dtype=int)
        self.estimated_place = np.full(len(self.names), -1)
        self.estimated_place[self.estimated] = np.arange(len(self.estimated))
        self.values = np.array(list(values.values()), dtype=float)
        conditions = InitialConditions(model, frozenset(self.names), derived or {})
        runs = _Runs(model, self.positions, conditions, name or model.name)
        self.runs = runs.of(experiments, reads.moments)
        self.batches = segment_batches(self.runs)
        self._output_of = runs.output_of
        self.mapping = ParameterMapping([e for row in (*runs.starts, *runs.rows) for e in row], self.positions)
        n_species, n_parameters = len(model.species), len(model.parameters)
        self.initial = MappedTable(self.mapping, (len(runs.starts), n_species))
        self.parameters = MappedTable(self.mapping, (len(runs.rows), n_parameters), len(runs.starts) * n_species)
        self.output_row = np.array([row for row, _ in runs.outputs], dtype=int)
        self.output_time = np.array([time for _, time in runs.outputs], dtype=float)
        self.read_species = np.array(sorted(reads.species), dtype=int)
        self.read_constants = np.array(sorted(reads.parameters & self.moving), dtype=int)
        self.read_at_rest = np.array(sorted(reads.at_rest), dtype=int)

    def output(self, experiment: str, time: float) -> int:
        """Position of a recorded moment."""
        return self._output_of[experiment, time]

    def full(self, estimated: np.ndarray) -> np.ndarray:
        """All parameters, shape (..., n_names), from the estimated ones, shape (..., n_estimated)."""
        values = np.empty((*estimated.shape[:-1], len(self.values)))
        values[:] = self.values
        values[..., self.estimated] = estimated
        return values

    def sizes(self, q: np.ndarray) -> np.ndarray:
        """Sizes of the estimated parameters, shape (n_estimated,), that errors of slopes are measured by; 1 for a 0."""
        sizes = np.abs(q[self.estimated])
        return np.where(sizes > 0.0, sizes, 1.0)

    def tables(self, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Initial states and model parameters at all parameters `q`, shape (n_points, n_names).

        Returns
        -------
        starts : array, shape (n_points, n_starts, n_species)
        rows : array, shape (n_points, n_rows, n_model_parameters)
        """
        values = self.mapping.values(q)
        return self.initial.part(values), self.parameters.part(values)

    @cached_property
    def moving(self) -> frozenset[int]:
        """Model parameters that may move with an estimated one, directly or because a reset sets them."""
        _, column, parameter, _ = self.parameters.pattern.T
        moving = {int(k) for k in column[self.estimated_place[parameter] >= 0]}
        return frozenset(moving | {int(k) for run in self.runs for segment in run.segments for k in segment.held})

    def read_columns(self, model: Model) -> np.ndarray:
        """Which model parameters matter to a run of a model, or to what is recorded of it, shape
        (n_model_parameters,): a direction that moves others alone need not be followed. Events may read any."""
        read = np.isin(np.arange(len(self.model.parameters)), self.read_constants)
        used = symbols(*model.derivatives.values())
        return read | np.array([bool(model.events) or name in used for name in self.model.parameters], dtype=bool)

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
        reads: list[frozenset[int]] = []
        for run in self.runs:
            own = starts[run.start_row].union(*(rows[segment.row] for segment in run.segments))
            own |= {int(q) for segment in run.segments if segment.reset is not None for q in segment.reset.read}
            reads.append(own | reads[run.before] if run.before >= 0 else own)
        return tuple(reads)

    def chain(self, run: ExperimentRun) -> tuple[Segment, ...]:
        """Everything that leads to the end of a run: its rests, then its own segments."""
        return (*self.chain(self.runs[run.before]), *run.segments) if run.before >= 0 else run.segments


class _Runs:
    """The runs of some experiments, equal ones once.

    Attributes
    ----------
    starts, rows : dict
        Initial states and model parameters as tuples of formulas, to their place.
    outputs : list of (row, time)
        Every recorded moment.
    output_of : dict of (experiment, time) to int
    """

    def __init__(self, model: Model, positions: Mapping[str, int], conditions: InitialConditions, name: str) -> None:
        self.model, self.positions, self.conditions, self.name = model, positions, conditions, name
        self.starts, self.rows = dict[tuple[Expression, ...], int](), dict[tuple[Expression, ...], int]()
        self.outputs: list[tuple[int, float]] = []
        self.output_of: dict[tuple[str, float], int] = {}
        self._resets: dict[tuple, StateReset] = {}
        self._rests: list[ExperimentRun] = []
        self._known_rests: dict[tuple, int] = {}

    def of(
        self, experiments: Sequence[Experiment], moments: Mapping[str, Collection[float]]
    ) -> tuple[ExperimentRun, ...]:
        """Preequilibrations, then experiments; those that do the same to the model are run once."""
        runs = []
        for alike in self._alike([e for e in experiments if e.name in moments]):
            times = sorted({time for experiment in alike for time in moments[experiment.name]})
            run = _RunBuilder(self, alike[0]).run(", ".join(e.name for e in alike), times)
            for segment in run.segments:
                for offset, time in enumerate(map(float, segment.times)):
                    self.output_of |= {(e.name, time): segment.first_output + offset for e in alike}
            runs.append(run)
        return (*self._rests, *runs)

    def _alike(self, experiments: Sequence[Experiment]) -> list[list[Experiment]]:
        """Experiments grouped by what they do to the running model."""
        groups: dict[object, list[Experiment]] = {}
        for experiment in experiments:
            periods = experiment.periods or (Period(self.model.start_time),)
            key = tuple((p.start, frozenset(p.changes.items())) for p in periods)
            groups.setdefault(key, []).append(experiment)
        return list(groups.values())

    def start(self, formulas: Sequence[Expression]) -> int:
        """Row of these initial states."""
        return self.starts.setdefault(tuple(formulas), len(self.starts))

    def row(self, formulas: Sequence[Expression]) -> int:
        """Row of these model parameters."""
        return self.rows.setdefault(tuple(formulas), len(self.rows))

    def reset(self, species: dict[str, Expression], parameters: dict[str, Expression]) -> StateReset:
        """The reset that sets these."""
        key = (*species.items(), None, *parameters.items())
        if key not in self._resets:
            self._resets[key] = StateReset(self.model, self.positions, species, parameters)
        return self._resets[key]

    def rest(self, run: ExperimentRun) -> int:
        """Position of a preequilibration; one that does the same is run once."""
        (segment,) = run.segments
        key = run.start_row, run.before, segment.row, segment.reset, segment.held.tobytes()
        if key not in self._known_rests:
            self._known_rests[key] = len(self._rests)
            self._rests.append(run)
        return self._known_rests[key]

    def reserve(self, row: int, times: Sequence[float]) -> int:
        """Make room for recorded moments; returns the position of the first."""
        first = len(self.outputs)
        self.outputs += [(row, time) for time in times]
        return first


class _RunBuilder:
    """Works through the periods of one experiment, keeping what each parameter stands for."""

    def __init__(self, runs: _Runs, experiment: Experiment) -> None:
        self.runs, self.model, self.experiment = runs, runs.model, experiment
        self.current: dict[str, Expression] = {}
        self.held: set[int] = set()

    def run(self, name: str, moments: list[float]) -> ExperimentRun:
        """The run; its preequilibrations are among the rests."""
        periods = self.experiment.periods or (Period(self.model.start_time),)
        rests = self.experiment.preequilibration
        if any(rest.targets for rest in rests):
            where = f"{self.runs.name}: experiment '{self.experiment.name}'"
            raise ExperimentError(f"{where} has targets of a steady state; expected them written as feedback")
        initial, self.current = self.runs.conditions.of(periods[0].changes)
        start_row, before = self.runs.start(initial), -1
        for place, rest in enumerate(rests):
            segment = self._segment(rest, math.inf, [], place > 0)
            words = f"steady state before {self.experiment.name}"
            before = self.runs.rest(ExperimentRun(words, start_row, before, (segment,), is_preequilibration=True))
        treatment = periods[len(rests) :] or (Period(self.model.start_time),)
        ends = [*(period.start for period in treatment[1:]), math.inf]
        segments = [
            self._segment(period, end, moments, place > 0 or bool(rests))
            for place, (period, end) in enumerate(zip(treatment, ends, strict=True))
        ]
        last = max((k for k, segment in enumerate(segments) if len(segment.times)), default=0)
        return ExperimentRun(name, start_row, before, tuple(segments[: last + 1]))

    def _segment(self, period: Period, end: float, moments: list[float], resets: bool) -> Segment:
        start = period.start if math.isfinite(period.start) else self.model.start_time
        reset = self._reset(period) if resets and period.changes else None
        row = self.runs.row([self.current[name] for name in self.model.parameters])
        times = [t for t in moments if start <= t and (t < end or end == math.inf)]
        if end == math.inf and period.start != STEADY:
            end = times[-1] if times else start
        held = np.array(sorted(self.held), dtype=int)
        return Segment(start, end, row, reset, held, np.array(times, float), self.runs.reserve(row, times))

    def _reset(self, period: Period) -> StateReset | None:
        model = self.model
        closed = model.closed(list(period.changes.values()))
        values = dict(zip(period.changes, substitute_all(closed, self.current), strict=True))
        held_names = {model.parameters[k] for k in self.held}
        for target, formula in zip(period.changes, closed, strict=True):
            if symbols(formula) & held_names:
                name = min(symbols(formula) & held_names)
                raise ExperimentError(
                    f"{self.runs.name}: experiment '{self.experiment.name}' at {period.start:g} sets '{target}' from "
                    f"'{name}', which itself was set from the running state; this is not supported"
                )
        moving = {"time", *model.species}
        species = {n: e for n, e in values.items() if n in model.species}
        stateful = {n: e for n, e in values.items() if n not in model.species and symbols(e) & moving}
        for name, value in values.items():
            if name in self.current:
                position = model.parameters.index(name)
                if name in stateful:
                    self.held.add(position)
                    self.current = {**self.current, name: self.runs.conditions.base[name]}
                else:
                    self.held.discard(position)
                    self.current = {**self.current, name: value}
        return self.runs.reset(species, stateful) if species or stateful else None
