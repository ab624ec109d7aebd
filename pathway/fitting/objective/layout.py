"""A problem laid out as arrays: which runs there are, what each is given, and which run gives each measurement.

Everything that does not depend on the parameters' values is done here, once. Values over the problem's parameters
(initial states, model parameters of a period) become `Slots`; values over a running state (a dose added to what is
there) become `Jump`s, worked out when the run gets there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from pathway.equations import Model
from pathway.expressions import Expression, number, symbol, symbols
from pathway.expressions.calculus import substitute_all
from pathway.kernels import compile_formulas

from ..problem import Experiment, Measurement, Normalization, Observable, Period, Problem, ProblemError
from .noise import DISTRIBUTIONS, TRANSFORMATIONS, NoiseModel
from .tapes import SlopedTape, partial_slopes


class Slots:
    """A table of numbers, some of which are formulas over the problem's parameters.

    Attributes
    ----------
    shape : (n_rows, n_columns)
    pattern : int array, shape (n_nonzero, 3)
        Row, column and parameter of each entry of the table's derivative that is not zero everywhere.
    """

    def __init__(self, rows: Sequence[Sequence[Expression]], n_columns: int, names: Mapping[str, int]) -> None:
        self.shape = (len(rows), n_columns)
        self._constant = np.zeros(self.shape)
        self._copied: list[tuple[int, int, int]] = []
        formulas: list[Expression] = []
        self._computed: list[tuple[int, int, int]] = []
        place: dict[int, int] = {}
        for i, row in enumerate(rows):
            for j, formula in enumerate(row):
                if formula.operator == "number":
                    self._constant[i, j] = float(formula.value)  # type: ignore[arg-type]
                elif formula.operator == "symbol":
                    self._copied.append((i, j, names[str(formula.value)]))
                else:
                    if id(formula) not in place:
                        place[id(formula)] = len(formulas)
                        formulas.append(formula)
                    self._computed.append((i, j, place[id(formula)]))
        self._tape = SlopedTape(formulas) if formulas else None
        self._names = names
        self._index_arrays()

    def _index_arrays(self) -> None:
        n_columns = self.shape[1]
        self._copy_to = np.array([i * n_columns + j for i, j, _ in self._copied], dtype=int)
        self._copy_from = np.array([q for _, _, q in self._copied], dtype=int)
        self._compute_to = np.array([i * n_columns + j for i, j, _ in self._computed], dtype=int)
        self._compute_from = np.array([k for _, _, k in self._computed], dtype=int)
        entries = list(self._copied)
        self._slope_from: list[int] = []
        by_formula: dict[int, list[tuple[int, int]]] = {}
        if self._tape is not None:
            for position, (formula, name) in enumerate(self._tape.slopes):
                by_formula.setdefault(formula, []).append((position, self._names[name]))
        for i, j, formula in self._computed:
            for position, q in by_formula.get(formula, []):
                entries.append((i, j, q))
                self._slope_from.append(position)
        self.pattern = np.array(entries, dtype=int).reshape(-1, 3)

    @cached_property
    def read_by_row(self) -> list[frozenset[int]]:
        """The parameters that each row depends on."""
        made: list[set[int]] = [set() for _ in range(self.shape[0])]
        for row, _, q in self.pattern.tolist():
            made[row].add(q)
        return [frozenset(row) for row in made]

    def values(self, q: np.ndarray) -> np.ndarray:
        """The table at parameter values `q`, shape (n_rows, n_columns)."""
        made = self._constant.copy()
        flat = made.reshape(-1)
        flat[self._copy_to] = q[self._copy_from]
        if self._tape is not None:
            results = self._tape.values_only({name: float(q[self._names[name]]) for name in self._tape.inputs})
            flat[self._compute_to] = np.array(results, dtype=float)[self._compute_from]
        return made

    def slopes(self, q: np.ndarray) -> np.ndarray:
        """Derivative entries in the order of `pattern`."""
        made = np.ones(len(self.pattern))
        if self._tape is not None and self._slope_from:
            _, slopes = self._tape.evaluate({name: float(q[self._names[name]]) for name in self._tape.inputs})
            made[len(self._copied) :] = np.array(slopes, dtype=float)[self._slope_from]
        return made


@dataclass(frozen=True, eq=False)
class Jump:
    """New values at the start of a period that depend on the running state.

    Attributes
    ----------
    species, parameters : tuple of int
        Positions that are set; the formulas follow this order, species first.
    tape : SlopedTape
        Over species, `time` and the problem's parameters.
    """

    species: tuple[int, ...]
    parameters: tuple[int, ...]
    tape: SlopedTape


@dataclass(frozen=True, eq=False)
class Stretch:
    """One period of one run.

    Attributes
    ----------
    start, end : float
        -inf as `start`: run to the steady state; `end` is inf where the last measurement is a steady state.
    row : int
        Row of the layout's parameter table.
    jump : Jump, optional
    held : tuple of int
        Model parameters that keep what a jump gave them.
    times : array
        Moments recorded in this period, ascending; a final inf asks for the steady state.
    first_output : int
        Position of the first of them among all recorded moments of the layout.
    """

    start: float
    end: float
    row: int
    jump: Jump | None
    held: tuple[int, ...]
    times: np.ndarray
    first_output: int

    @cached_property
    def moments(self) -> tuple[np.ndarray, int]:
        """Finite moments to stop at, the end included, and how many of them are recorded."""
        finite = self.times[np.isfinite(self.times)]
        return finite if math.isinf(self.end) else np.union1d(finite, [self.end]), len(finite)


@dataclass(frozen=True, eq=False)
class Run:
    """One experiment: where it starts and its periods.

    Attributes
    ----------
    name : str
    start_row : int
        Row of the layout's table of initial states.
    before : int
        Position of the pre-equilibration it continues, or -1.
    stretches : tuple of Stretch
    """

    name: str
    start_row: int
    before: int
    stretches: tuple[Stretch, ...]


class _Drafts:
    """Collects rows of the two tables, equal ones once."""

    def __init__(self) -> None:
        self.rows: list[tuple[Expression, ...]] = []
        self._known: dict[tuple[int, ...], int] = {}

    def add(self, row: Sequence[Expression]) -> int:
        key = tuple(id(e) for e in row)
        if key not in self._known:
            self._known[key] = len(self.rows)
            self.rows.append(tuple(row))
        return self._known[key]


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
    initial, parameters : Slots
        Initial states (n_starts, n_species) and model parameters (n_rows, n_model_parameters).
    output_row, output_time : arrays, shape (n_outputs,)
        Parameter row and time of every recorded moment.
    groups : tuple of Group
        Measurements by observable.
    formulas, sloped_formulas : list of CompiledFormulas
        Of each group: observable and noise; the same followed by the derivatives in the order of `Group.slopes`.
    noise : NoiseModel
        In the order of the groups.
    order : int array
        `order[k]` is the measurement at position k of the groups' order. Those after the problem's own are the moments
        that normalizations refer to: simulated, not counted.
    counted : bool array
        Which measurements count in the likelihood, in the groups' order.
    axes : tuple of Axis
        Normalizations of simulated values, as rows in the groups' order.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.model = problem.model
        self.names = tuple(p.name for p in problem.parameters)
        self.positions = {name: k for k, name in enumerate(self.names)}
        self.estimated = np.array([k for k, p in enumerate(problem.parameters) if p.estimated], dtype=int)
        self.estimated_place = np.full(len(self.names), -1)
        self.estimated_place[self.estimated] = np.arange(len(self.estimated))
        self.values = np.array([p.value for p in problem.parameters])
        asked = {m.normalization for m in problem.measurements}
        self._used = tuple(n for n in problem.normalizations if n.name in asked)
        self.measurements = (*problem.measurements, *(m for n in self._used for m in _moments(n, problem)))
        self._starts, self._rows = _Drafts(), _Drafts()
        self._outputs: list[tuple[int, float]] = []
        self._output_of: dict[tuple[str, float], int] = {}
        self._base = {
            name: symbol(name) if name in self.positions else number(float(value))
            for name, value in zip(self.model.parameters, self.model.parameter_values, strict=True)
        }
        self.runs = tuple(self._make_runs())
        self.initial = Slots(self._starts.rows, len(self.model.species), self.positions)
        self.parameters = Slots(self._rows.rows, len(self.model.parameters), self.positions)
        self.output_row = np.array([row for row, _ in self._outputs], dtype=int)
        self.output_time = np.array([time for _, time in self._outputs])
        self._make_groups()

    def full(self, estimated: np.ndarray) -> np.ndarray:
        """Values of all parameters from those of the estimated ones."""
        made = self.values.copy()
        made[self.estimated] = estimated
        return made

    @cached_property
    def own_rows(self) -> np.ndarray:
        """Row in the groups' order of each of the problem's own measurements, in their order."""
        return np.argsort(self.order)[: len(self.problem.measurements)]

    @cached_property
    def read_species(self) -> np.ndarray:
        """Species that a group's formulas read, sorted: only their slopes are recorded."""
        return np.unique(np.concatenate([np.zeros(0, dtype=int), *(g.chain.species for g in self.groups)]))

    @cached_property
    def read_constants(self) -> np.ndarray:
        """Model parameters that a group's formulas read, sorted."""
        return np.unique(np.concatenate([np.zeros(0, dtype=int), *(g.chain.constants for g in self.groups)]))

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
            jumps = [stretch.jump.tape.slopes for stretch in run.stretches if stretch.jump is not None]
            own |= {self.positions[n] for slopes in jumps for _, n in slopes if n in self.positions}
            made.append(own | made[run.before] if run.before >= 0 else own)
        return tuple(made)

    @cached_property
    def observed_only(self) -> np.ndarray:
        """Estimated parameters that no run depends on: scales, offsets, noise levels. Positions among the estimated."""
        used = frozenset().union(*self.reads)
        return np.array([k for k, q in enumerate(self.estimated) if int(q) not in used], dtype=int)

    # Runs

    def _make_runs(self) -> list[Run]:
        """Pre-equilibrations, then experiments; those that do the same to the model are run once."""
        shared: dict[tuple[int, int], int] = {}
        before: list[Run] = []
        runs = []
        for experiments, moments in self._alike():
            draft = _RunDraft(self, experiments[0], moments)
            self._record(experiments, draft.stretches)
            position = -1
            if draft.equilibration is not None:
                key = (draft.start_row, draft.equilibration.row)
                if key not in shared:
                    shared[key] = len(before)
                    name = f"steady state before {experiments[0].name}"
                    before.append(Run(name, draft.start_row, -1, (draft.equilibration,)))
                position = shared[key]
            name = ", ".join(e.name for e in experiments)
            runs.append(Run(name, draft.start_row, position, draft.stretches))
        return before + runs

    def _alike(self) -> list[tuple[list[Experiment], list[float]]]:
        """Measured experiments grouped by what happens in them, with all moments of each group."""
        moments: dict[str, set[float]] = {}
        for m in self.measurements:
            moments.setdefault(m.experiment, set()).add(m.time)
        groups: dict[object, list[Experiment]] = {}
        for experiment in self.problem.experiments:
            if experiment.name in moments:
                groups.setdefault(self._doings(experiment), []).append(experiment)
        return [(group, sorted(set().union(*(moments[e.name] for e in group)))) for group in groups.values()]

    def _doings(self, experiment: Experiment) -> object:
        """Equal for experiments that do the same to the running model."""
        periods = experiment.periods or (Period(self.model.start_time),)
        return tuple((p.start, frozenset((n, id(e)) for n, e in p.changes.items())) for p in periods)

    def _record(self, experiments: list[Experiment], stretches: Sequence[Stretch]) -> None:
        """Reserve a recorded moment for each time of each stretch."""
        for stretch in stretches:
            for offset, time in enumerate(map(float, stretch.times)):
                for experiment in experiments:
                    self._output_of[(experiment.name, time)] = stretch.first_output + offset

    def initial_formulas(self, changes: Mapping[str, Expression]) -> tuple[list[Expression], dict[str, Expression]]:
        """Initial states and model parameters under the changes of a first period, over the problem's parameters."""
        model = self.model
        # What a change says of the state means the state the model would have started from.
        context = {**self._plain, **{n: symbol(n) for n in self.positions}, **self._usual}
        closed = dict(zip(changes, substitute_all(model.closed(list(changes.values())), context), strict=True))
        parameters = self._with_derived({n: e for n, e in closed.items() if n in self._base})
        fixed = {n: e for n, e in closed.items() if n in self._usual}
        moved = fixed.keys() | {n for n, e in parameters.items() if e is not self._plain[n]}
        following = {n: self._starting[n] for n in self._following(moved) - fixed.keys()}
        ready = {n: e for n, e in {**self._untouched, **fixed}.items() if n not in following}
        return _resolve(model, following, {**parameters, "time": self._plain["time"]}, ready), parameters

    @cached_property
    def _plain(self) -> dict[str, Expression]:
        """Model parameters and time before any change, over the problem's parameters."""
        return {**self._with_derived({}), "time": number(self.model.start_time)}

    @cached_property
    def _usual(self) -> dict[str, Expression]:
        """Where the model's species start before any change, over the problem's parameters."""
        model = self.model
        made = substitute_all([model.closed_initial[n] for n in model.species], self._plain)
        return dict(zip(model.species, made, strict=True))

    @cached_property
    def _starting(self) -> dict[str, Expression]:
        """The model's initial formulas over parameters and other species; without species the problem itself sets."""
        closed = self.model.closed(list(self.model.initial.values()))
        return {n: e for n, e in zip(self.model.initial, closed, strict=True) if n not in self.positions}

    @cached_property
    def _untouched(self) -> dict[str, Expression]:
        """Where the species start in an experiment that changes nothing."""
        given = {n: symbol(n) for n in self.model.species if n in self.positions}
        made = _resolve(self.model, self._starting, self._plain, given)
        return dict(zip(self.model.species, made, strict=True))

    @cached_property
    def _read_by(self) -> dict[str, list[str]]:
        """The species whose initial formula mentions a name."""
        made: dict[str, list[str]] = {}
        for species, formula in self._starting.items():
            for name in symbols(formula):
                made.setdefault(name, []).append(species)
        return made

    def _following(self, names: Iterable[str]) -> set[str]:
        """The species whose start follows from these names, also by way of others."""
        reached: set[str] = set()
        waiting = list(names)
        while waiting:
            new = [n for n in self._read_by.get(waiting.pop(), ()) if n not in reached]
            reached.update(new)
            waiting += new
        return reached

    def _with_derived(self, changes: Mapping[str, Expression]) -> dict[str, Expression]:
        """What every model parameter stands for after these changes, over the problem's parameters."""
        made = {**self._base, **changes}
        for name, formula in self.problem.derived.items():
            if name not in changes and name not in self.positions:
                made[name] = substitute_all([formula], made)[0]
        return made

    # Measurements

    def _make_groups(self) -> None:
        observables = {o.name: o for o in self.problem.observables}
        by_observable: dict[str, list[int]] = {}
        for k, m in enumerate(self.measurements):
            by_observable.setdefault(m.observable, []).append(k)
        groups: list[Group] = []
        order: list[int] = []
        for name, members in by_observable.items():
            measured = [self.measurements[k] for k in members]
            groups.append(Group(self, observables[name], observables, measured, len(order)))
            order += members
        self.groups = tuple(groups)
        self.order = np.array(order, dtype=int)
        sets = [(g.inputs, g.formulas) for g in groups] + [(g.inputs, [*g.formulas, *g.derivatives]) for g in groups]
        made = compile_formulas(sets)
        self.formulas, self.sloped_formulas = made[: len(groups)], made[len(groups) :]
        chosen = [self.measurements[k] for k in order]
        kinds = [observables[m.observable] for m in chosen]
        self.counted = np.array([m.counted for m in chosen], dtype=bool)
        self.noise = NoiseModel(
            measured=np.array([m.value for m in chosen]),
            distribution=np.array([DISTRIBUTIONS[o.distribution] for o in kinds], dtype=int),
            transformation=np.array([TRANSFORMATIONS[o.transformation] for o in kinds], dtype=int),
            freedom=np.array([o.degrees_of_freedom for o in kinds]),
            censored=np.array([{"": 0, "below": -1, "above": 1}[m.censored] for m in chosen], dtype=int),
            counted=self.counted,
        )
        self.axes = tuple(self._axis(n, chosen) for n in self._used)

    def _axis(self, normalization: Normalization, chosen: Sequence[Measurement]) -> Axis:
        """The rows that a normalization brings to its axis, and those that make it."""
        members = [row for row, m in enumerate(chosen) if m.normalization == normalization.name]
        made_by = [row for row, m in enumerate(chosen) if m.source == _MOMENT + normalization.name]
        return Axis(np.array(members, dtype=int), np.array(made_by, dtype=int), normalization.kind == "minmax")

    def output(self, m: Measurement) -> int:
        """Position of the recorded moment that a measurement is compared with."""
        return self._output_of[(m.experiment, m.time)]

    def reserve(self, row: int, times: Sequence[float]) -> int:
        """Make room for recorded moments; returns the position of the first."""
        first = len(self._outputs)
        self._outputs += [(row, time) for time in times]
        return first


def _resolve(
    model: Model,
    formulas: Mapping[str, Expression],
    context: Mapping[str, Expression],
    done: Mapping[str, Expression],
) -> list[Expression]:
    """Initial formulas with each other and the parameters put in; those in `done` are already over the problem."""
    ready, open_ones = dict(done), dict(formulas)
    while open_ones:
        solvable = [n for n, e in open_ones.items() if not symbols(e) & open_ones.keys()]
        if not solvable:
            raise ProblemError([f"{model.name}: initial values of {', '.join(sorted(open_ones))} depend on each other"])
        made = substitute_all([open_ones[n] for n in solvable], {**context, **ready})
        for name, formula in zip(solvable, made, strict=True):
            ready[name] = formula
            del open_ones[name]
    return [ready[n] for n in model.species]


_MOMENT = "moment of "
"""How the measurements that a normalization adds are told from the problem's own."""


def _moments(normalization: Normalization, problem: Problem) -> list[Measurement]:
    """What a normalization needs to be simulated, written as measurements that do not count."""
    member = next(m for m in problem.measurements if m.normalization == normalization.name)
    blank = replace(
        member, value=1.0, censored="", normalization="", counted=False, source=_MOMENT + normalization.name
    )
    return [replace(blank, experiment=experiment, time=time) for experiment, time in normalization.points]


@dataclass(frozen=True, eq=False)
class Axis:
    """A normalization in rows of the groups' order.

    Attributes
    ----------
    members : int array
        Rows that are brought to the axis.
    made_by : int array
        Rows whose simulated values make its zero and one.
    minmax : bool
        Whether these are the least and the greatest value, instead of 0 and the mean.
    """

    members: np.ndarray
    made_by: np.ndarray
    minmax: bool

    def weights(self, simulated: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Zero and one as sums over `made_by`, each of shape (n_made_by,), at simulated values of all rows."""
        n = len(self.made_by)
        if not self.minmax:
            return np.zeros(n), np.full(n, 1.0 / n)
        values = simulated[self.made_by]
        zero, one = np.zeros(n), np.zeros(n)
        zero[np.argmin(values)] = one[np.argmax(values)] = 1.0
        return zero, one

    def apply(self, simulated: np.ndarray, slopes: np.ndarray | None = None) -> None:
        """Normalize simulated values, shape (n_rows,), and slopes, shape (n_rows, n_estimated), in place."""
        weights = self.weights(simulated)
        zero, one = (w @ simulated[self.made_by] for w in weights)
        made = (simulated[self.members] - zero) / (one - zero)
        if slopes is not None:
            zero_slope, one_slope = (w @ slopes[self.made_by] for w in weights)
            moved = slopes[self.members] - zero_slope - made[:, None] * (one_slope - zero_slope)
            slopes[self.members] = moved / (one - zero)
        simulated[self.members] = made


class _RunDraft:
    """Works through the periods of one experiment, keeping what each parameter stands for."""

    def __init__(self, layout: Layout, experiment: Experiment, moments: list[float]) -> None:
        self.layout, self.model = layout, layout.model
        periods = experiment.periods or (Period(layout.model.start_time),)
        initial, self.current = layout.initial_formulas(periods[0].changes)
        self.start_row = layout._starts.add(initial)
        self.held: set[int] = set()
        self.equilibration: Stretch | None = None
        stretches = []
        if periods[0].start == -math.inf:
            self.equilibration = Stretch(-math.inf, 0.0, self._row(), None, (), np.zeros(0), 0)
            rest = periods[1:] or (Period(layout.model.start_time),)
            stretches = [self._stretch(experiment, rest, k, moments) for k in range(len(rest))]
        else:
            stretches = [self._stretch(experiment, periods, k, moments, k > 0) for k in range(len(periods))]
        last = max((k for k, s in enumerate(stretches) if len(s.times)), default=0)
        self.stretches = tuple(stretches[: last + 1])

    def _row(self) -> int:
        return self.layout._rows.add([self.current[name] for name in self.model.parameters])

    def _stretch(
        self, experiment: Experiment, periods: Sequence[Period], k: int, moments: list[float], jumping: bool = True
    ) -> Stretch:
        start = periods[k].start
        end = periods[k + 1].start if k + 1 < len(periods) else math.inf
        jump = self._jump(experiment, periods[k]) if jumping and periods[k].changes else None
        row = self._row()
        times = [t for t in moments if start <= t and (t < end or end == math.inf)]
        if end == math.inf:
            end = times[-1] if times else start
        first = self.layout.reserve(row, times)
        return Stretch(start, end, row, jump, tuple(sorted(self.held)), np.array(times), first)

    def _jump(self, experiment: Experiment, period: Period) -> Jump | None:
        model = self.model
        closed = model.closed(list(period.changes.values()))
        values = dict(zip(period.changes, substitute_all(closed, self.current), strict=True))
        held_names = {model.parameters[k] for k in self.held}
        for target, formula in zip(period.changes, closed, strict=True):
            if symbols(formula) & held_names:
                name = min(symbols(formula) & held_names)
                raise ProblemError(
                    [
                        f"{self.layout.problem.name}: experiment '{experiment.name}' at {period.start:g} sets "
                        f"'{target}' from '{name}', which itself was set from the running state; this is not supported"
                    ]
                )
        moving = {"time", *model.species}
        species = [n for n in values if n in model.species]
        stateful = [n for n in values if n not in model.species and symbols(values[n]) & moving]
        for name, value in values.items():
            if name in self.current:
                position = model.parameters.index(name)
                if name in stateful:
                    self.held.add(position)
                    self.current = {**self.current, name: self.layout._base[name]}
                else:
                    self.held.discard(position)
                    self.current = {**self.current, name: value}
        if not species and not stateful:
            return None
        return Jump(
            tuple(model.species.index(n) for n in species),
            tuple(model.parameters.index(n) for n in stateful),
            SlopedTape([values[n] for n in (*species, *stateful)], frozenset({"time"})),
        )


@dataclass(frozen=True, eq=False)
class Chain:
    """The chain rule of one observable: where the derivative of a formula by an input goes.

    Attributes
    ----------
    moving : list of str
        Species, then model parameters, whose slopes are carried along the run.
    species, constants : int arrays
        Their positions in the model.
    of_states : int array of rows (derivative, formula, position in `moving`)
    of_direct : int array of rows (derivative, formula, estimated parameter)
    of_given : list of (derivative, formula, rows, estimated parameters, slopes of the placeholders)
    """

    moving: list[str]
    species: np.ndarray
    constants: np.ndarray
    of_states: np.ndarray
    of_direct: np.ndarray
    of_given: list[tuple[int, int, np.ndarray, np.ndarray, np.ndarray]]


class Group:
    """All measurements of one observable, evaluated together.

    Attributes
    ----------
    observable : Observable
    rows : slice
        Their place in the order of the groups.
    outputs : int array, shape (n,)
        Recorded moment of each measurement.
    formulas : list of Expression
        Of the observable and its noise, over species, parameters, placeholders and time.
    slopes : tuple of (formula index, symbol)
        Their derivatives that are not zero everywhere; `derivatives` are the formulas of these.
    filled : list of list of Expression
        What stands for each placeholder in each measurement.
    """

    def __init__(
        self,
        layout: Layout,
        observable: Observable,
        observables: Mapping[str, Observable],
        measured: Sequence[Measurement],
        first: int,
    ) -> None:
        self.layout, self.observable = layout, observable
        self.rows = slice(first, first + len(measured))
        self.outputs = np.array([layout.output(m) for m in measured], dtype=int)
        formulas = _expanded(layout.model, [observable.formula, observable.noise], observables)
        self.formulas = formulas
        self.slopes, self.derivatives = partial_slopes(formulas, frozenset({"time"}))
        used = sorted(symbols(*formulas))
        model = layout.model
        given = sorted({name for m in measured for name in m.placeholders} & set(used))
        missing = object()
        columns = [[m.placeholders.get(name, missing) for m in measured] for name in given]
        own = [
            [symbol(given[j]) if e is missing else e for j, e in enumerate(row)] for row in zip(*columns, strict=True)
        ]
        rows = own if given else [[] for _ in measured]
        self.filled = [substitute_all(list(row), layout._base) for row in rows]
        self.placeholders = Slots(self.filled, len(given), layout.positions)  # type: ignore[arg-type]
        self.species = [(n, model.species.index(n)) for n in used if n in model.species]
        self.constants = [(n, model.parameters.index(n)) for n in used if n in model.parameters and n not in given]
        taken = {n for n, _ in self.species} | {n for n, _ in self.constants} | set(given) | {"time"}
        self.direct = [(n, layout.positions[n]) for n in used if n not in taken]
        self.given = given
        self.timed = "time" in used
        self.chain = self._plan_chain()

    def _plan_chain(self) -> Chain:
        """Where each derivative of the formulas goes."""
        layout = self.layout
        species, constants, direct = dict(self.species), dict(self.constants), dict(self.direct)
        moving = [*species, *constants]
        of_states, of_direct, of_given = [], [], []
        for position, (formula, name) in enumerate(self.slopes):
            if name in species or name in constants:
                of_states.append((position, formula, moving.index(name)))
            elif name in direct:
                place = int(layout.estimated_place[direct[name]])
                if place >= 0:
                    of_direct.append((position, formula, place))
            else:
                pattern = self.placeholders.pattern
                places = layout.estimated_place[pattern[:, 2]]
                kept = np.flatnonzero((pattern[:, 1] == self.given.index(name)) & (places >= 0))
                of_given.append((position, formula, pattern[kept, 0], places[kept], kept))
        return Chain(
            moving,
            np.array(list(species.values()), dtype=int),
            np.array(list(constants.values()), dtype=int),
            np.array(of_states, dtype=int).reshape(-1, 3),
            np.array(of_direct, dtype=int).reshape(-1, 3),
            of_given,
        )

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Symbols of the formulas in the order of `columns`."""
        named = [*self.species, *self.constants, *((n, 0) for n in self.given), *self.direct]
        return tuple(n for n, _ in named) + ("time",) * self.timed

    def columns(self, states: np.ndarray, parameters: np.ndarray, q: np.ndarray) -> np.ndarray:
        """What stands for each symbol in each measurement, shape (n_inputs, n), from all recorded moments."""
        made = np.empty((len(self.inputs), len(self.outputs)))
        n, m, k = len(self.species), len(self.species) + len(self.constants), len(self.given)
        made[:n] = states[self.outputs[:, None], self.chain.species].T
        made[n:m] = parameters[self.outputs[:, None], self.chain.constants].T
        if k:
            made[m : m + k] = self.placeholders.values(q).T
        made[m + k : m + k + len(self.direct)] = q[self._direct_places][:, None]
        if self.timed:
            made[-1] = self.layout.output_time[self.outputs]
        return made

    @cached_property
    def _direct_places(self) -> np.ndarray:
        return np.array([k for _, k in self.direct], dtype=int)


def _expanded(model: Model, formulas: list[Expression], observables: Mapping[str, Observable]) -> list[Expression]:
    """Formulas with other observables and the model's assignments put in."""
    taken = {*model.species, *model.assignments, *model.parameters}
    own = {name: o.formula for name, o in observables.items() if name not in taken}
    for _ in range(len(own) + 1):
        if not symbols(*formulas) & own.keys():
            return model.closed(formulas)
        formulas = substitute_all(formulas, own)
    raise ProblemError([f"observables {', '.join(sorted(symbols(*formulas) & own.keys()))} are defined by each other"])
