"""Gradients of a fit by all parameters at once: every run forward once, then everything backwards.

What `runs` does in order (steady states, jumps, stretches) is a chain of maps that are linear in the slopes; here the
transposes of the same maps carry the derivative of one number back to the parameters. Arrays of derivatives have two
columns: the derivative, and an estimate of how far it is off (`pathway.simulation.adjoint`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pathway.simulation import SimulationError
from pathway.simulation.adjoint import COLUMNS, pull_back
from pathway.simulation.solvers.layout import TAPED

from .layout import Layout
from .recorded import Recorded, RunFailure
from .runs import EngineRunner
from .stretches import Jump, ModeSegment, Run, Stretch

SAFETY = 4.0
"""How many times the estimated error must fit into the tolerance."""

SMALLEST_SHARE = 1e-3
"""A slope by a parameter's logarithm counts in the error from this share of sum(|weights * states|) on."""

SHORTEST_PACE = 1.0 / 64.0
"""Shares of the run's steps that are tried before the walk backwards is given up."""


class AdjointFailure(RunFailure):
    """What is walked backwards has kinks that the steps do not know of; forwards they are found."""


@dataclass(frozen=True, eq=False)
class _Walked:
    """A stretch that has been run: what its transpose needs.

    Attributes
    ----------
    row : array, shape (n_model_parameters,)
        Model parameters in force.
    times : array
        Of the part before the steady state.
    pieces : list of ModeSegment
        That part; none if there is none.
    rest : array or None
        The steady state at its end.
    partial : tuple of array
        Derivatives of the jump before it, as `Jump.slopes` gives them; none without one.
    """

    stretch: Stretch
    row: np.ndarray
    times: np.ndarray
    pieces: list[ModeSegment]
    rest: np.ndarray | None
    partial: tuple[np.ndarray, ...]


class Backwards:
    """All runs at parameter values `q`, shape (n_names,), in natural units: forward with their steps kept.

    Attributes
    ----------
    recorded : Recorded
        States and parameters at the recorded moments, without slopes.

    Raises
    ------
    RunFailure
    """

    def __init__(self, runner: EngineRunner, q: np.ndarray) -> None:
        layout = runner.layout
        self.runner, self.layout, self.q = runner, layout, q
        try:
            starts, table = layout.tables(q[None])
            self.starts, self.table = starts[0], table[0]
            states = np.full((len(layout.output_time), len(layout.model.species)), np.nan)
            self.recorded = Recorded(states, self.table[layout.output_row])
            self._rested: dict[int, np.ndarray] = {}
            self._walked = [self._forward(k, run) for k, run in enumerate(layout.runs)]
        except (SimulationError, np.linalg.LinAlgError) as reason:
            raise RunFailure(str(reason)) from None

    # Forward.

    def _forward(self, k: int, run: Run) -> list[_Walked]:
        """One run; a pre-equilibration has no stretches to keep."""
        state, made = self.starts[run.start_row], []
        try:
            if run.settles:
                row = self.table[run.stretches[0].row]
                self._rested[k] = self.runner.engine.rested(self.layout.model.start_time, state, row)
                return []
            if run.before >= 0:
                state = self._rested[run.before]
            held: dict[int, float] = {}
            for stretch in run.stretches:
                walked, state = self._walk(stretch, state, held)
                made.append(walked)
        except RunFailure as reason:
            raise RunFailure(f"experiment '{run.name}': {reason}") from None
        return made

    def _walk(self, stretch: Stretch, state: np.ndarray, held: dict[int, float]) -> tuple[_Walked, np.ndarray]:
        engine, row = self.runner.engine, self.table[stretch.row].copy()
        partial: tuple[np.ndarray, ...] = ()
        if stretch.jump is not None:
            partial = stretch.jump.slopes(self.q, state, stretch.start)
            after, new = stretch.jump.values(self.q[None], state[None], stretch.start)
            state = after[0]
            held |= dict(zip(stretch.jump.parameters.tolist(), new[0], strict=True))
        for p in stretch.held.tolist():
            row[p] = held[p]
        self.recorded.parameters[stretch.outputs] = row
        times, n = stretch.moments
        pieces: list[ModeSegment] = []
        rest = None
        if len(times) and len(state):
            if engine.hybrid is None:
                report = engine.taped(stretch, state, row, self.runner.relative_tolerance)
                tape = report.tape[: report.counts[0, TAPED]].copy()
                values, state = report.values[0], report.states[0].copy()
                pieces = [ModeSegment(tape, row)] if len(tape) else []
            else:
                values, state, pieces = engine.pieces(stretch, state, row, self.runner.relative_tolerance)
            self.recorded.states[stretch.first_output : stretch.first_output + n] = values[:n]
        if stretch.rests and len(state):
            time = float(times[-1]) if len(times) else stretch.start
            rest = state = engine.rested(time, state, row, measured=True)
            self.recorded.states[stretch.outputs.stop - 1] = rest
        return _Walked(stretch, row, times, pieces, rest, partial), state

    # Backwards.

    @property
    def must_go_forward(self) -> bool:
        """Whether some switch has a slope only if nothing moves it: what moves is known on the way forward alone."""
        pieces = (piece for walked in self._walked for stretch in walked for piece in stretch.pieces)
        return any(saltation.refusal for piece in pieces for saltation in piece.saltations)

    def gradient(self, by_states: np.ndarray, by_parameters: np.ndarray) -> np.ndarray:
        """Derivative by the estimated parameters, in natural units, of a number that depends on what is recorded.

        Parameters
        ----------
        by_states : array, shape (n_outputs, n_species)
            Its derivative by the recorded states.
        by_parameters : array, shape (n_outputs, n_model_parameters)
            By the model parameters at the recorded moments.

        Raises
        ------
        AdjointFailure
            If no steps are short enough for the runner's tolerance of slopes.
        """
        runner, sizes = self.runner, np.abs(self.q[self.layout.estimated])
        sizes = np.where(sizes > 0.0, sizes, 1.0)
        least = SMALLEST_SHARE * np.nansum(np.abs(by_states * self.recorded.states))
        # Steps of order 5, a hundredfold on the safe side.
        pace = max(1.0, (0.01 * runner.slope_tolerance / runner.relative_tolerance) ** 0.2)
        while True:
            found = _Pass(self, by_states, by_parameters, pace).found * sizes[:, None]
            largest = max(np.abs(found[:, 0]).max(initial=0.0), least)
            if SAFETY * np.abs(found[:, 1]).max(initial=0.0) <= runner.slope_tolerance * largest:
                return found[:, 0] / sizes
            pace *= 0.5
            if not pace >= SHORTEST_PACE:
                raise AdjointFailure("the gradient cannot be computed backwards to the tolerance asked for")


class _Pass:
    """One pass backwards over all runs; `found` is the derivative by the estimated parameters, two columns."""

    def __init__(self, forward: Backwards, by_states: np.ndarray, by_parameters: np.ndarray, pace: float) -> None:
        layout: Layout = forward.layout
        self.forward, self.layout, self.pace = forward, layout, pace
        self.by_states, self.by_parameters = by_states, by_parameters
        self.found = np.zeros((len(layout.estimated), COLUMNS))
        self.by_start = np.zeros((*forward.starts.shape, COLUMNS))
        self.by_table = np.zeros((*forward.table.shape, COLUMNS))
        self.by_rest = {k: np.zeros((len(layout.model.species), COLUMNS)) for k in forward._rested}
        for k in reversed(range(len(layout.runs))):
            self._run(k, layout.runs[k])
        slopes = layout.slots.slopes(forward.q)
        for table, bars in ((layout.initial, self.by_start), (layout.parameters, self.by_table)):
            rows, columns, parameters, sources = table.pattern.T
            places = layout.estimated_place[parameters]
            entries = bars[rows, columns] * slopes[sources][:, None]
            np.add.at(self.found, places[places >= 0], entries[places >= 0])

    def _run(self, k: int, run: Run) -> None:
        forward = self.forward
        if k in self.by_rest:
            row, state = forward.table[run.stretches[0].row], forward._rested[k]
            by_row, before = self._rest(state, row, self.by_rest[k])
            self.by_table[run.stretches[0].row] += by_row
            self.by_start[run.start_row] += before
            return
        bar = np.zeros((len(self.layout.model.species), COLUMNS))
        held: dict[int, np.ndarray] = {}
        for walked in reversed(forward._walked[k]):
            bar = self._stretch(walked, bar, held)
        target = self.by_rest[run.before] if run.before >= 0 else self.by_start[run.start_row]
        target += bar

    def _stretch(self, walked: _Walked, bar: np.ndarray, held: dict[int, np.ndarray]) -> np.ndarray:
        stretch = walked.stretch
        first, last = stretch.outputs.start, stretch.outputs.stop
        by_row = np.zeros((len(walked.row), COLUMNS))
        by_row[:, 0] = self.by_parameters[first:last].sum(axis=0)
        if walked.rest is not None:
            bar = bar.copy()
            bar[:, 0] += self.by_states[last - 1]
            by_rest, bar = self._rest(walked.rest, walked.row, bar)
            by_row += by_rest
        if walked.pieces:
            pulled, bar = self._pieces(walked, bar)
            by_row += pulled
        elif stretch.moments[1] and len(bar):
            bar = bar.copy()
            bar[:, 0] += self.by_states[first : first + stretch.moments[1]].sum(axis=0)
        for p in stretch.held.tolist():
            held[p] = held.get(p, 0.0) + by_row[p]
            by_row[p] = 0.0
        self.by_table[stretch.row] += by_row
        return bar if stretch.jump is None else self._jump(stretch.jump, walked.partial, bar, held)

    def _pieces(self, walked: _Walked, bar: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Derivatives by model parameters and by the start of the part before the steady state."""
        n, n_parameters = walked.stretch.moments[1], len(walked.row)
        weights = np.zeros((len(walked.times), len(bar)))
        weights[:n] = self.by_states[walked.stretch.outputs][:n]
        by_row = np.zeros((n_parameters, COLUMNS))
        # What is recorded at the moment of a switch is what is there after it.
        ends = [piece.end for piece in walked.pieces[:-1]]
        bounds = [0, *np.searchsorted(walked.times, ends).tolist(), len(walked.times)]
        for k in reversed(range(len(walked.pieces))):
            piece, part = walked.pieces[k], slice(bounds[k], bounds[k + 1])
            for saltation in reversed(piece.saltations):
                bar, by_moment = saltation.back(bar)
                by_row += by_moment
            if piece.is_moment:
                bar = bar.copy()
                bar[:, 0] += weights[part].sum(axis=0)
                continue
            prepared = self.forward.runner.engine.traced
            pulled, bar = pull_back(prepared, piece.tape, piece.row, walked.times[part], weights[part], bar, self.pace)
            by_row += pulled[:n_parameters]
        return by_row, bar

    def _jump(
        self, jump: Jump, partial: tuple[np.ndarray, ...], bar: np.ndarray, held: dict[int, np.ndarray]
    ) -> np.ndarray:
        nothing = np.zeros(COLUMNS)
        of_parameters = [held.pop(p, nothing) for p in jump.parameters.tolist()]
        bars = np.concatenate([bar[jump.species], np.array(of_parameters).reshape(-1, COLUMNS)])
        by_state, by_parameter = partial
        before = bar.copy()
        before[jump.species] = 0.0
        self.found += by_parameter[:, self.layout.estimated].T @ bars
        return before + by_state.T @ bars

    def _rest(self, state: np.ndarray, row: np.ndarray, bar: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if not len(state):
            return np.zeros((len(row), COLUMNS)), bar
        return self.forward.runner.engine.rest_slopes(state, row).vjp(bar)
