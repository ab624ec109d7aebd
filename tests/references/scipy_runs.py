"""A second way to run the experiments of a fitting problem: SciPy's LSODA, slopes by differences.

Follows a `SimulationPlan` period by period; events and algebraic rules are not covered.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.integrate import solve_ivp

from pathway.fitting.objective import BatchOutputs, RunOutputs
from pathway.simulation.protocol.plan import SimulationPlan

from .scipy_simulation import compiled


class ScipyRunner:
    """Runs a plan; `slopes` are central differences over whole runs."""

    def __init__(self, plan: SimulationPlan, relative_tolerance: float = 1e-10) -> None:
        self.plan = plan
        self.tolerance = relative_tolerance
        model = plan.model
        self.right = compiled(model, list(model.derivatives.values()))

    def run_many(self, q: np.ndarray) -> BatchOutputs:
        states, parameters = zip(*map(self._states, q), strict=True)
        return BatchOutputs(np.stack(states), np.stack(parameters), {})

    def run(self, q: np.ndarray) -> RunOutputs:
        states, parameters = self._states(q)
        by_state, by_parameter = [], []
        for k in self.plan.estimated:
            step = 1e-4 * max(abs(q[k]), 1e-12)
            ahead, back = q.copy(), q.copy()
            ahead[k] += step
            back[k] -= step
            (s1, p1), (s0, p0) = self._states(ahead), self._states(back)
            by_state.append((s1 - s0) / (2 * step))
            by_parameter.append((p1 - p0) / (2 * step))
        by_state, by_parameter = np.stack(by_state, -1), np.stack(by_parameter, -1)
        read = self.plan.read_species, self.plan.read_constants
        return RunOutputs(states, parameters, by_state[:, read[0]], by_parameter[:, read[1]])

    def _states(self, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        plan = self.plan
        (starts,), (table,) = plan.tables(q[None])
        states = np.full((len(plan.output_time), len(plan.model.species)), np.nan)
        parameters = table[plan.output_row]
        ends: list[np.ndarray] = []
        for run in plan.runs:
            y = ends[run.before] if run.before >= 0 else starts[run.start_row]
            held: dict[int, float] = {}
            for segment in run.segments:
                p = table[segment.row].copy()
                if segment.reset is not None:
                    (y,), (new,) = segment.reset.values(q[None], y[None], segment.start)
                    held |= dict(zip(segment.reset.parameters, new, strict=True))
                for k in segment.held:
                    p[k] = held[k]
                rows = slice(segment.first_output, segment.first_output + len(segment.times))
                if run.is_preequilibration:
                    y = self._rest(y, p, segment.start)
                else:
                    states[rows], y = self._segment(y, p, segment.start, segment.end, segment.times)
                parameters[rows] = p
            ends.append(y)
        return states, parameters

    def _segment(self, y, p, start, end, times):
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
