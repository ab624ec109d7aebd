"""What is run: runs, their segments, and the resets between them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from pathway.equations import Model
from pathway.expressions import Expression, symbols
from pathway.kernels import CompiledBatches, FormulaBatch, compile_batches

from ..hybrid import Saltation, is_instantaneous
from .parameter_map import partial_derivatives


class StateReset:
    """New values at the start of a period that depend on the running state.

    Attributes
    ----------
    species, parameters : int arrays
        Positions that are set; the formulas follow this order, species first.
    read : int array
        Parameters of the problem that the formulas depend on.
    """

    def __init__(
        self,
        model: Model,
        names: Mapping[str, int],
        species: Mapping[str, Expression],
        parameters: Mapping[str, Expression],
    ) -> None:
        self.species = np.array([model.species.index(n) for n in species], dtype=int)
        self.parameters = np.array([model.parameters.index(n) for n in parameters], dtype=int)
        self._formulas = [*species.values(), *parameters.values()]
        self._slopes, self._derivatives = partial_derivatives(self._formulas, frozenset({"time"}))
        self._n_names, self._n_species = len(names), len(model.species)
        # A pool holds the problem's parameters, then the state, then time.
        pool = [*names, *model.species, "time"]
        used = symbols(*self._formulas)
        self._place = {name: k for k, name in enumerate(pool) if name in used}
        self.read = np.array(sorted({names[n] for _, n in self._slopes if n in names}), dtype=int)

    @cached_property
    def _compiled(self) -> CompiledBatches:
        places = np.array(list(self._place.values()), dtype=int)[:, None]
        formulas = [*self._formulas, *self._derivatives]
        return compile_batches([[FormulaBatch(tuple(self._place), formulas, places)]])[0]

    def _evaluate(self, q: np.ndarray, states: np.ndarray, time: float) -> np.ndarray:
        pools = np.concatenate([q, states, np.full((len(q), 1), time)], axis=1)
        return self._compiled(pools)[:, self._compiled.places[0][:, 0]]

    def values(self, q: np.ndarray, states: np.ndarray, time: float) -> tuple[np.ndarray, np.ndarray]:
        """The states after the reset, shape (n_points, n_species), and what the parameters are set to."""
        return self._applied(self._evaluate(q, states, time), states)

    def linearized(
        self, q: np.ndarray, state: np.ndarray, time: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """The same at one point, then the derivatives of what is set: by the state before, shape (n_set, n_species),
        and by the problem's parameters, shape (n_set, n_names)."""
        results = self._evaluate(q[None], state[None], time)
        (after,), (values,) = self._applied(results, state[None])
        slopes = np.zeros((len(self._formulas), self._n_names + self._n_species))
        for (formula, name), entry in zip(self._slopes, results[0, len(self._formulas) :], strict=True):
            slopes[formula, self._place[name]] = entry
        return after, values, slopes[:, self._n_names :], slopes[:, : self._n_names]

    def _applied(self, results: np.ndarray, states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        after, n = states.copy(), len(self.species)
        after[:, self.species] = results[:, :n]
        return after, results[:, n : len(self._formulas)]


@dataclass(frozen=True, eq=False)
class Segment:
    """One period of one run.

    Attributes
    ----------
    start, end : float
        `end` is inf where the last measurement is a steady state, and of a preequilibration.
    row : int
        Row of the plan's parameter table.
    reset : StateReset, optional
    held : int array
        Model parameters that keep what a reset gave them.
    times : array
        Moments recorded in this period, ascending; a final inf asks for the steady state.
    first_output : int
        Position of the first of them among all recorded moments of the plan.
    """

    start: float
    end: float
    row: int
    reset: StateReset | None
    held: np.ndarray
    times: np.ndarray
    first_output: int

    @cached_property
    def outputs(self) -> slice:
        """Its moments among all recorded ones."""
        return slice(self.first_output, self.first_output + len(self.times))

    @cached_property
    def moments(self) -> tuple[np.ndarray, int]:
        """Finite moments to stop at, the end included, and how many of them are recorded."""
        finite = self.times[np.isfinite(self.times)]
        return finite if math.isinf(self.end) else np.union1d(finite, [self.end]), len(finite)

    @property
    def last_moment(self) -> float:
        """The last of these moments, or the start if there is none."""
        return float(self.moments[0][-1]) if len(self.moments[0]) else self.start

    @property
    def rests(self) -> bool:
        """Whether the steady state is asked for at its end."""
        return bool(len(self.times)) and self.times[-1] == math.inf


@dataclass(frozen=True, eq=False)
class ModeSegment:
    """Part of a segment that has been run, within one mode of the rates; without switches that move, all of it.

    Attributes
    ----------
    tape : array
        Its steps, as in `IntegrationReport.tape`.
    row : array
        Model parameters in force, with the modes.
    saltations : list of Saltation
        How slopes reset at its end.
    """

    tape: np.ndarray
    row: np.ndarray
    saltations: list[Saltation] = field(default_factory=list)

    @property
    def is_moment(self) -> bool:
        """Whether nothing moves in it."""
        return not len(self.tape) or is_instantaneous(float(self.tape[0, 0]), self.end)

    @property
    def end(self) -> float:
        return float(self.tape[-1, 2]) if len(self.tape) else -math.inf


@dataclass(frozen=True, eq=False)
class ExperimentRun:
    """One experiment: where it starts and its periods.

    Attributes
    ----------
    name : str
    start_row : int
        Row of the plan's table of initial states.
    before : int
        Position of the preequilibration it continues, or -1.
    segments : tuple of Segment
        One, of a preequilibration.
    is_preequilibration : bool
        Whether it lasts until the steady state, where others go on.
    """

    name: str
    start_row: int
    before: int
    segments: tuple[Segment, ...]
    is_preequilibration: bool = False


@dataclass(frozen=True, eq=False)
class SegmentBatch:
    """Segments that run together: equal start, equal moments, and alike in what follows them.

    Attributes
    ----------
    members : tuple of (int, Segment)
        Position of the run and the segment.
    start : float
    times : array
        Finite moments to stop at.
    rests : bool
        Whether the steady state is asked for after them.
    is_measured : bool
        Whether somebody measures there.
    """

    members: tuple[tuple[int, Segment], ...]
    start: float
    times: np.ndarray
    rests: bool
    is_measured: bool

    @cached_property
    def last_moment(self) -> float:
        """When they come to rest."""
        return float(self.times[-1]) if len(self.times) else self.start


def segment_batches(runs: Sequence[ExperimentRun]) -> list[SegmentBatch]:
    """All segments in an order in which they can be run: each after what leads to it."""
    depths = list[int]()
    for run in runs:
        depths.append(depths[run.before] + 1 if run.before >= 0 else 0)
    first = max(depths, default=0)  # where all preequilibrations are over
    groups: dict[tuple, list[tuple[int, Segment]]] = {}
    for k, run in enumerate(runs):
        for level, segment in enumerate(run.segments, depths[k] if run.is_preequilibration else first):
            ends = segment.rests or run.is_preequilibration, segment.rests
            key = level, segment.start, tuple(segment.moments[0].tolist()), *ends
            groups.setdefault(key, []).append((k, segment))
    ordered = sorted(groups.items(), key=lambda group: group[0][0])
    return [SegmentBatch(tuple(members), key[1], np.array(key[2]), *key[3:]) for key, members in ordered]
