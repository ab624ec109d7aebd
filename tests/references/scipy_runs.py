"""A second way to run the experiments of a fitting problem: SciPy's LSODA, slopes by differences.

Follows `Layout` period by period; events and algebraic rules are not covered.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.integrate import solve_ivp

from pathway.fitting.objective import ManyRecorded, Recorded
from pathway.fitting.objective.layout import Layout

from .scipy_simulation import compiled


class ScipyRunner:
    """Runs a layout; `slopes` are central differences over whole runs."""

    def __init__(self, layout: Layout, relative_tolerance: float = 1e-10) -> None:
        self.layout = layout
        self.tolerance = relative_tolerance
        model = layout.model
        self.right = compiled(model, list(model.derivatives.values()))

    def run_many(self, q: np.ndarray) -> ManyRecorded:
        states, parameters = zip(*map(self._states, q), strict=True)
        return ManyRecorded(np.stack(states), np.stack(parameters), {})

    def run(self, q: np.ndarray) -> Recorded:
        states, parameters = self._states(q)
        by_state, by_parameter = [], []
        for k in self.layout.estimated:
            step = 1e-4 * max(abs(q[k]), 1e-12)
            ahead, back = q.copy(), q.copy()
            ahead[k] += step
            back[k] -= step
            (s1, p1), (s0, p0) = self._states(ahead), self._states(back)
            by_state.append((s1 - s0) / (2 * step))
            by_parameter.append((p1 - p0) / (2 * step))
        by_state, by_parameter = np.stack(by_state, -1), np.stack(by_parameter, -1)
        read = self.layout.read_species, self.layout.read_constants
        return Recorded(states, parameters, by_state[:, read[0]], by_parameter[:, read[1]])

    def _states(self, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        layout = self.layout
        (starts,), (table,) = layout.tables(q[None])
        states = np.full((len(layout.output_time), len(layout.model.species)), np.nan)
        parameters = table[layout.output_row]
        ends: list[np.ndarray] = []
        for run in layout.runs:
            y = ends[run.before] if run.before >= 0 else starts[run.start_row]
            held: dict[int, float] = {}
            for stretch in run.stretches:
                p = table[stretch.row].copy()
                if stretch.jump is not None:
                    (y,), (new,) = stretch.jump.values(q[None], y[None], stretch.start)
                    held |= dict(zip(stretch.jump.parameters, new, strict=True))
                for k in stretch.held:
                    p[k] = held[k]
                rows = slice(stretch.first_output, stretch.first_output + len(stretch.times))
                states[rows], y = self._stretch(y, p, stretch.start, stretch.end, stretch.times)
                parameters[rows] = p
            ends.append(y)
        return states, parameters

    def _stretch(self, y, p, start, end, times):
        if start == -math.inf:
            return np.zeros((0, len(y))), self._rest(y, p, 0.0)
        made = []
        for time in times:
            if time == math.inf:
                y = self._rest(y, p, start)
            elif time > start:
                y, start = self._advance(y, p, start, time), time
            made.append(y)
        if math.isfinite(end) and end > start:
            y = self._advance(y, p, start, end)
        return np.array(made).reshape(len(made), len(y)), y

    def _advance(self, y, p, start, end):
        if not len(y):
            return y
        scale = 1e-6 * self.tolerance * max(np.max(np.abs(y)), 1e-12)
        found = solve_ivp(lambda t, s: self.right(t, s, p), (start, end), y, "LSODA", rtol=self.tolerance, atol=scale)
        assert found.success, found.message
        return found.y[:, -1]

    def _rest(self, y, p, start):
        span = 1e3
        for _ in range(8):
            before, y = y, self._advance(y, p, start, start + span)
            if np.allclose(before, y, rtol=1e-9, atol=1e-12 * np.max(np.abs(y), initial=0.0)):
                return y
            span *= 10.0
        raise AssertionError("no steady state")
