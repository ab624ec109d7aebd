"""What the others are compared with, computed once and kept in the cache directory.

Never by the step loops of this package: SciPy over the equations written anew, or, where there are events, which SciPy
does not know, libRoadRunner over the file; and checked against another program that reads the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

from pathway.equations import Model
from pathway.kernels import cache_directory, compile_model

from . import peers
from .equations import right_hand_side
from .measure import Settings
from .problems import LARGE, Problem

TIGHT = 1e-12
CHECKS = tuple(Settings(rtol, share) for rtol in (1e-12, 1e-11, 1e-10) for share in (1e-2, 1e-5, 1.0))
"""Settings of which the one that comes closest counts as the checking program's best."""


CLOSE = 1e-9
"""A deviation that no target here needs to be smaller."""


class NoReference(Exception):
    """Why a problem has nothing to be compared with."""


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


def method(problem: Problem) -> str:
    """Which program gives the reference.

    Raises
    ------
    NoReference
    """
    if problem.model.algebraic:
        raise NoReference("algebraic equations: no other program here solves them")
    if problem.model.events:
        return "libRoadRunner"
    return "SciPy LSODA" if problem.large else "SciPy Radau"


def reference(problem: Problem) -> np.ndarray:
    """Species at all times for the problem's own parameters, shape (n_times, n_species)."""
    how = method(problem)
    return _kept(problem, f"single {how}", lambda: _solve(problem, problem.model.parameter_values[None], how))[0]


def member_references(problem: Problem, count: int) -> np.ndarray:
    """The same for the first members, shape (count, n_times, n_species): SciPy's LSODA, or libRoadRunner."""
    members, how = problem.members(count), method(problem).replace("Radau", "LSODA")
    digest = hashlib.sha256(members.tobytes()).hexdigest()
    return _kept(problem, f"{count} members {how} {digest}", lambda: _solve(problem, members, how))


def check(problem: Problem, truth: np.ndarray, tools: Mapping[str, Any]) -> tuple[str, float | None]:
    """The one of the programs that read the file that comes closest to the reference, and its deviation; ("", None) if
    none can."""
    there = peers.present(truth)
    best: tuple[str, float | None] = "", None
    for name in ("libRoadRunner", "COPASI"):
        if name == method(problem) or name not in tools:
            continue
        for settings in CHECKS[:1] if problem.large else CHECKS:
            if best[1] is not None and best[1] <= CLOSE:
                return best
            try:
                deviation = error(tools[name].run(settings), truth, there)
            except Exception:
                continue
            if np.isfinite(deviation) and (best[1] is None or deviation < best[1]):
                best = name, deviation
    return best


def _solve(problem: Problem, parameters: np.ndarray, how: str) -> np.ndarray:
    """Shape (n_members, n_times, n_species)."""
    if how == "libRoadRunner":
        return _by_road_runner(problem, parameters)
    model, times = problem.model, problem.times
    slopes = slopes_of(model)
    # A switch must not lie within one long step over a stretch of rest.
    longest = times[1] - times[0] if problem.switches else np.inf
    solutions = []
    for p in parameters:
        start = model.initial_values_at(p)
        scale = np.maximum(np.abs(start), 1e-3 * np.median(np.abs(start)[np.abs(start) > 0.0]))
        solution = solve_ivp(
            slopes,
            (times[0], times[-1]),
            start,
            method=how.removeprefix("SciPy "),
            t_eval=times,
            args=(p,),
            rtol=TIGHT,
            atol=1e-3 * TIGHT * scale,
            max_step=longest,
        )
        if not solution.success:
            raise NoReference(f"{how}: {solution.message}")
        solutions.append(solution.y.T)
    return np.array(solutions)


def _by_road_runner(problem: Problem, parameters: np.ndarray) -> np.ndarray:
    """Two runs, the second with the first one's scales for its absolute tolerances."""
    scales = np.ones(len(problem.model.species))
    for share in (1e-6, 1e-2):
        tool = peers.RoadRunner(problem, scales)
        values = tool.members(parameters, Settings(TIGHT, share, tool.methods[-2]))
        scales = peers.scales_of(problem, values[0])
    return values


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
                    pair.append(_solve(problem, p[None], "SciPy LSODA")[0])
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
