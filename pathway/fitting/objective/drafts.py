"""From experiments to runs: what each period changes, which runs are the same, which moments are recorded."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from pathway.expressions import Expression, symbols
from pathway.expressions.calculus import substitute_all
from pathway.simulation.protocol import Experiment, Period

from ..problem import Measurement, Problem, ProblemError
from .beginnings import Beginnings
from .stretches import Jump, Run, Stretch


class Drafts:
    """All runs of a problem.

    Attributes
    ----------
    runs : tuple of Run
        Pre-equilibrations first; a run's `before` points to an earlier one.
    starts, rows : list of tuple of Expression
        Initial states and model parameters, equal ones once.
    outputs : list of (row, time)
        Every recorded moment.
    """

    def __init__(self, problem: Problem, positions: Mapping[str, int], measurements: Sequence[Measurement]) -> None:
        self.problem, self.model, self.positions = problem, problem.model, positions
        self.beginnings = Beginnings(problem, frozenset(positions))
        self._starts, self._rows = dict[tuple[Expression, ...], int](), dict[tuple[Expression, ...], int]()
        self._jumps: dict[tuple, Jump] = {}
        self._output_of: dict[tuple[str, float], int] = {}
        self.outputs: list[tuple[int, float]] = []
        self.runs = tuple(self._make_runs(measurements))
        self.starts, self.rows = list(self._starts), list(self._rows)

    def output(self, m: Measurement) -> int:
        """Position of the recorded moment that a measurement is compared with."""
        return self._output_of[(m.experiment, m.time)]

    def start(self, formulas: Sequence[Expression]) -> int:
        """Row of these initial states."""
        return self._starts.setdefault(tuple(formulas), len(self._starts))

    def row(self, formulas: Sequence[Expression]) -> int:
        """Row of these model parameters."""
        return self._rows.setdefault(tuple(formulas), len(self._rows))

    def jump(self, species: dict[str, Expression], parameters: dict[str, Expression]) -> Jump:
        key = (*species.items(), None, *parameters.items())
        if key not in self._jumps:
            self._jumps[key] = Jump(self.model, self.positions, species, parameters)
        return self._jumps[key]

    def reserve(self, row: int, times: Sequence[float]) -> int:
        """Make room for recorded moments; returns the position of the first."""
        first = len(self.outputs)
        self.outputs += [(row, time) for time in times]
        return first

    def _make_runs(self, measurements: Sequence[Measurement]) -> list[Run]:
        """Pre-equilibrations, then experiments; those that do the same to the model are run once."""
        shared: dict[tuple[int, int], int] = {}
        before: list[Run] = []
        runs = []
        for experiments, moments in self._alike(measurements):
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

    def _alike(self, measurements: Sequence[Measurement]) -> list[tuple[list[Experiment], list[float]]]:
        """Measured experiments grouped by what happens in them, with all moments of each group."""
        moments: dict[str, set[float]] = {}
        for m in measurements:
            moments.setdefault(m.experiment, set()).add(m.time)
        groups: dict[object, list[Experiment]] = {}
        for experiment in self.problem.experiments:
            if experiment.name in moments:
                groups.setdefault(self._doings(experiment), []).append(experiment)
        return [(group, sorted(set().union(*(moments[e.name] for e in group)))) for group in groups.values()]

    def _doings(self, experiment: Experiment) -> object:
        """Equal for experiments that do the same to the running model."""
        periods = experiment.periods or (Period(self.model.start_time),)
        return tuple((p.start, frozenset(p.changes.items())) for p in periods)

    def _record(self, experiments: list[Experiment], stretches: Sequence[Stretch]) -> None:
        """Note the recorded moment of each time of each stretch."""
        for stretch in stretches:
            for offset, time in enumerate(map(float, stretch.times)):
                for experiment in experiments:
                    self._output_of[(experiment.name, time)] = stretch.first_output + offset


class _RunDraft:
    """Works through the periods of one experiment, keeping what each parameter stands for."""

    def __init__(self, drafts: Drafts, experiment: Experiment, moments: list[float]) -> None:
        self.drafts, self.model = drafts, drafts.model
        periods = experiment.periods or (Period(self.model.start_time),)
        initial, self.current = drafts.beginnings.of(periods[0].changes)
        self.start_row = drafts.start(initial)
        self.held: set[int] = set()
        self.equilibration: Stretch | None = None
        if periods[0].start == -math.inf:
            self.equilibration = Stretch(-math.inf, 0.0, self._row(), None, _NONE, np.zeros(0), 0)
            rest = periods[1:] or (Period(self.model.start_time),)
            stretches = [self._stretch(experiment, rest, k, moments) for k in range(len(rest))]
        else:
            stretches = [self._stretch(experiment, periods, k, moments, k > 0) for k in range(len(periods))]
        last = max((k for k, s in enumerate(stretches) if len(s.times)), default=0)
        self.stretches = tuple(stretches[: last + 1])

    def _row(self) -> int:
        return self.drafts.row([self.current[name] for name in self.model.parameters])

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
        first = self.drafts.reserve(row, times)
        return Stretch(start, end, row, jump, np.array(sorted(self.held), dtype=int), np.array(times, float), first)

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
                        f"{self.drafts.problem.name}: experiment '{experiment.name}' at {period.start:g} sets "
                        f"'{target}' from '{name}', which itself was set from the running state; this is not supported"
                    ]
                )
        moving = {"time", *model.species}
        species = {n: e for n, e in values.items() if n in model.species}
        stateful = {n: e for n, e in values.items() if n not in model.species and symbols(e) & moving}
        for name, value in values.items():
            if name in self.current:
                position = model.parameters.index(name)
                if name in stateful:
                    self.held.add(position)
                    self.current = {**self.current, name: self.drafts.beginnings.base[name]}
                else:
                    self.held.discard(position)
                    self.current = {**self.current, name: value}
        return self.drafts.jump(species, stateful) if species or stateful else None


_NONE = np.zeros(0, dtype=int)
