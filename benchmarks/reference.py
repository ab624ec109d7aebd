"""What the others are compared with, computed once and kept in the cache directory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.integrate import solve_ivp

from pathway.equations import Model
from pathway.kernels import cache_directory, compile_model

from .equations import right_hand_side
from .problems import Problem

TIGHT = 1e-12
LARGE = 200
"""Species beyond which a Python function compiled by numba takes minutes: the package's kernel is called instead."""


def error(values: np.ndarray, reference: np.ndarray, there: np.ndarray) -> float:
    """Largest deviation of any present species at any time, over the species' largest value."""
    if not np.all(np.isfinite(values)):
        return np.inf
    largest = np.abs(reference).max(axis=-2, keepdims=True)
    deviation = np.abs(values - reference) / np.where(largest > 0.0, largest, 1.0)
    return float(deviation[..., there].max())


def slopes_of(model: Model) -> Callable[[float, np.ndarray, np.ndarray], np.ndarray]:
    """f(t, y, p), for SciPy."""
    if len(model.species) <= LARGE:
        compiled = right_hand_side(model)

        def function(t: float, y: np.ndarray, p: np.ndarray) -> np.ndarray:
            dy = np.empty_like(y)
            compiled(t, y, dy, p)
            return dy

        return function
    kernel = compile_model(model, 1, ("right_hand_side",))
    prepared: dict[bytes, np.ndarray] = {}

    def function(t: float, y: np.ndarray, p: np.ndarray) -> np.ndarray:
        key = p.tobytes()
        if key not in prepared:
            prepared[key] = kernel.parameters(p)
        dy = np.empty_like(y)
        kernel.call("right_hand_side", np.array([t]), np.ascontiguousarray(y), prepared[key], dy)
        return dy

    return function


def reference(problem: Problem) -> np.ndarray:
    """Species at all times for the problem's own parameters, shape (n_times, n_species)."""
    method = "Radau" if len(problem.model.species) <= LARGE else "LSODA"
    return _kept(problem, f"single {method}", lambda: _solve(problem, problem.model.parameter_values[None], method))[0]


def member_references(problem: Problem, count: int) -> np.ndarray:
    """The same for the first members, shape (count, n_times, n_species): SciPy's LSODA."""
    members = problem.members(count)
    return _kept(problem, f"{count} members", lambda: _solve(problem, members, "LSODA"))


def _solve(problem: Problem, parameters: np.ndarray, method: str) -> np.ndarray:
    model, times = problem.model, problem.times
    slopes = slopes_of(model)
    solutions = []
    for p in parameters:
        start = model.initial_values_at(p)
        scale = np.maximum(np.abs(start), 1e-3 * np.median(np.abs(start)[np.abs(start) > 0.0]))
        solution = solve_ivp(
            slopes,
            (times[0], times[-1]),
            start,
            method=method,
            t_eval=times,
            args=(p,),
            rtol=TIGHT,
            atol=1e-3 * TIGHT * scale,
        )
        if not solution.success:
            raise RuntimeError(f"{problem.name}: no reference: {solution.message}")
        solutions.append(solution.y.T)
    return np.array(solutions)


def sensitivity_reference(problem: Problem, names: tuple[str, ...]) -> np.ndarray:
    """Derivatives by parameters from central differences of tight runs, two steps extrapolated to zero."""

    def differences() -> np.ndarray:
        columns = []
        for name in names:
            place = problem.model.parameter_index(name)
            slopes = []
            for step in (2e-4, 1e-4):
                pair = []
                for sign in (1.0, -1.0):
                    p = problem.model.parameter_values.copy()
                    p[place] *= 1.0 + sign * step
                    pair.append(_solve(problem, p[None], "LSODA")[0])
                slopes.append((pair[0] - pair[1]) / (2.0 * step * problem.model.parameter_values[place]))
            columns.append((4.0 * slopes[1] - slopes[0]) / 3.0)
        return np.stack(columns, axis=-1)

    return _kept(problem, "sensitivities " + " ".join(names), differences)


def _kept(problem: Problem, what: str, compute: Callable[[], np.ndarray]) -> np.ndarray:
    """Read from the cache, or compute and write."""
    model = problem.model
    content = hashlib.sha256(problem.sbml.read_bytes())
    for part in (
        what.encode(),
        repr(model.species).encode(),
        model.parameter_values.tobytes(),
        problem.times.tobytes(),
    ):
        content.update(part)
    path = cache_directory() / "benchmarks" / f"{problem.name}-{content.hexdigest()[:16]}.npy"
    if path.is_file():
        return np.load(path)
    values = compute()
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(f"{path}.part.npy")
    np.save(temporary, values)
    temporary.replace(path)
    return values
