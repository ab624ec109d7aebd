"""A second way to run a `Model`: SciPy's integrators on straight-line Python, without kernels or our own solvers.

Same arguments and the same meaning as `pathway.simulation.simulate` and `steady_state`, some hundred times slower.
Events, algebraic rules and sensitivities are not covered: this is the reference for the circuit and its scenarios.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import root

from pathway.equations import Model
from pathway.expressions import Expression, postorder

Compiled = Callable[[float, Sequence[float], Sequence[float]], list[float]]


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Values over time, shape (n_times, n_species); any name of the model can be looked up."""

    model: Model
    times: np.ndarray
    values: np.ndarray
    parameters: np.ndarray

    def __getitem__(self, name: str) -> np.ndarray:
        if name in self.model.species:
            return self.values[:, self.model.species.index(name)]
        formula = {**self.model.assignments, **self.model.observables}[name]
        function = compiled(self.model, self.model.closed([formula]))
        rows = zip(self.times, self.values, self.parameters, strict=True)
        return np.array([function(t, y, p)[0] for t, y, p in rows])


def compiled(model: Model, formulas: Sequence[Expression]) -> Compiled:
    """One Python function (time, species, parameters) -> values of closed formulas, each shared node computed once."""
    place = {"time": "t"}
    place |= {name: f"y[{i}]" for i, name in enumerate(model.species)}
    place |= {name: f"p[{i}]" for i, name in enumerate(model.parameters)}
    written: dict[int, str] = {}
    lines = ["def function(t, y, p):"]
    for count, node in enumerate(postorder(formulas)):
        if node.operator == "number":
            written[id(node)] = f"float('{node.value!r}')" if not math.isfinite(float(node.value)) else repr(node.value)  # type: ignore[arg-type]
        elif node.operator == "symbol":
            written[id(node)] = place[str(node.value)]
        else:
            lines.append(f"    v{count} = {_python(node.operator, [written[id(a)] for a in node.arguments])}")
            written[id(node)] = f"v{count}"
    lines.append(f"    return [{', '.join(written[id(f)] for f in formulas)}]")
    scope: dict[str, Any] = {"math": math}
    exec("\n".join(lines), scope)  # our own text, made from a checked graph
    return scope["function"]


_INFIX = {
    "add": "+",
    "multiply": "*",
    "divide": "/",
    "power": "**",
    "and": "and",
    "or": "or",
    "less": "<",
    "less_equal": "<=",
    "equal": "==",
    "not_equal": "!=",
}


def _python(operator: str, arguments: list[str]) -> str:
    if operator in _INFIX:
        return "(" + f" {_INFIX[operator]} ".join(arguments) + ")"
    if operator == "piecewise":
        pairs = zip(arguments[:-1:2], arguments[1::2], strict=True)
        return "(" + " ".join(f"{value} if {condition} else" for value, condition in pairs) + f" {arguments[-1]})"
    if operator in ("min", "max", "abs"):
        return f"{operator}({', '.join(arguments)})"
    if operator == "not":
        return f"(not {arguments[0]})"
    return f"math.{operator}({', '.join(arguments)})"


def simulate(
    model: Model,
    times: Sequence[float],
    *,
    parameters: np.ndarray | None = None,
    initial: np.ndarray | None = None,
    interventions: Sequence[Any] = (),
    relative_tolerance: float = 1e-8,
    absolute_tolerance: float | None = None,
    start: float | None = None,
    method: str = "LSODA",
) -> Trajectory:
    """The trajectory at `times`; at the time of an intervention, the value after it."""
    times = np.asarray(times, dtype=float)
    p = np.array(model.parameter_values if parameters is None else parameters, dtype=float)
    y = np.array(model.initial_values if initial is None else initial, dtype=float)
    function = compiled(model, list(model.derivatives.values()))
    absolute = absolute_tolerance or relative_tolerance * 1e-3 * np.maximum(np.abs(y), 1e-3)
    pending = sorted(interventions, key=lambda i: i.time)
    now = times[0] if start is None else start
    values, used = np.empty((len(times), len(y))), np.empty((len(times), len(p)))
    for stop, group in _stretches(now, times[-1], pending):
        wanted = times[(times >= now) & (times < stop)] if stop < math.inf else times[times >= now]
        last = wanted[-1] if stop == math.inf else stop
        if last > now:
            found = solve_ivp(
                lambda t, x, p=p: function(t, x, p),
                (now, last),
                y,
                method=method,
                t_eval=np.unique([*wanted, last]),
                rtol=relative_tolerance,
                atol=absolute,
            )
            if not found.success:
                raise RuntimeError(found.message)
            course, y = found.y.T, found.y[:, -1].copy()
        else:
            course = y[None, :]
        for row, t in enumerate(wanted):
            index = np.searchsorted(times, t)
            values[index], used[index] = course[row], p
        for intervention in group:
            y, p = _applied(model, intervention, y, p)
        now = stop
    return Trajectory(model, times, values, used)


def _stretches(first: float, last: float, pending: list[Any]) -> list[tuple[float, list[Any]]]:
    """Ends of the stretches between interventions, with what happens at each end; the last one is open."""
    moments = sorted({i.time for i in pending if first <= i.time <= last})
    return [(m, [i for i in pending if i.time == m]) for m in moments] + [(math.inf, [])]


def _applied(model: Model, intervention: Any, y: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    y, p = y.copy(), p.copy()

    def change(name: str, make: Callable[[float], float]) -> None:
        array, names = (y, model.species) if name in model.species else (p, model.parameters)
        array[names.index(name)] = make(array[names.index(name)])

    for name, value in (getattr(intervention, "set", None) or {}).items():
        change(name, lambda old, value=value: value)
    for name, value in (getattr(intervention, "scale", None) or {}).items():
        change(name, lambda old, value=value: old * value)
    for name, value in (getattr(intervention, "add", None) or {}).items():
        change(name, lambda old, value=value: old + value)
    return y, p


def steady_state(model: Model, parameters: np.ndarray | None = None, *, horizon: float = 3000.0) -> np.ndarray:
    """The state in which nothing changes, reached from the initial values; pure outputs keep theirs."""
    p = np.array(model.parameter_values if parameters is None else parameters, dtype=float)
    start = model.initial_values_at(p)
    kept = [i for i, name in enumerate(model.species) if name in model.outputs]
    function = compiled(model, list(model.derivatives.values()))
    relaxed = simulate(model, [0.0, horizon], parameters=p, initial=start, relative_tolerance=1e-8).values[-1]
    relaxed[kept] = start[kept]
    scale = np.maximum(np.abs(relaxed), 1e-9)

    def residual(z: np.ndarray) -> np.ndarray:
        out = np.array(function(model.start_time, z * scale, p)) / scale
        out[kept] = z[kept] - relaxed[kept] / scale[kept]
        return out

    # What a relaxation leaves is small: it is kept where Newton finds nothing better.
    polished = root(residual, relaxed / scale, tol=1e-12)
    better = np.max(np.abs(residual(polished.x))) <= np.max(np.abs(residual(relaxed / scale)))
    return polished.x * scale if better else relaxed
