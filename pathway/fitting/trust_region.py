"""A local minimizer for objectives with a Gauss-Newton matrix and bounds: trust-region Newton on the free variables.

The model of the objective is quadratic with the Fisher information, corrected by secant updates where the residuals
stay large. Variables at a bound that the slope pushes outwards are held; a step that would leave the box is cut at the
wall, the variable that met it is held, and the step is solved again for the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .objective import Evaluation


@dataclass(frozen=True)
class Settings:
    """When to stop and how far to trust.

    Attributes
    ----------
    iterations : int
        At most so many accepted or refused steps.
    first_radius : float
        On the optimizer's scale.
    value_tolerance : float
        Stop when the model promises less than this times (1 + |value|) ...
    gradient_tolerance : float
        ... or the largest slope of a free variable is below this.
    step_tolerance : float
        Stop when the radius falls below this.
    secant : bool
        Whether the Gauss-Newton matrix is corrected by secant updates.
    """

    iterations: int = 500
    first_radius: float = 1.0
    value_tolerance: float = 1e-9
    gradient_tolerance: float = 1e-7
    step_tolerance: float = 1e-8
    secant: bool = True


@dataclass(frozen=True, eq=False)
class LocalOptimum:
    """Where a local optimization ended.

    Attributes
    ----------
    x : array, shape (n,)
        On the optimizer's scale.
    value : float
    gradient : array, shape (n,)
    iterations : int
    reason : str
        Why it stopped.
    """

    x: np.ndarray
    value: float
    gradient: np.ndarray
    iterations: int
    reason: str
    path: list[float] = field(default_factory=list)


def minimize(
    evaluate: Callable[[np.ndarray], Evaluation],
    value: Callable[[np.ndarray], float],
    start: np.ndarray,
    bounds: tuple[np.ndarray, np.ndarray],
    settings: Settings | None = None,
) -> LocalOptimum:
    """A local minimum of an objective within bounds.

    Parameters
    ----------
    evaluate : callable
        Value, gradient and positive semi-definite information at a point.
    value : callable
        The value alone, asked for at trial points.
    start : array, shape (n,)
    bounds : (lower, upper), each of shape (n,)
    settings : Settings, optional

    Returns
    -------
    LocalOptimum

    Notes
    -----
    More & Sorensen 1983, doi 10.1137/0904038 (the subproblem, here by eigendecomposition); the secant part is the
    structured update of Dennis, Gay & Welsch 1981, doi 10.1145/355958.355965.
    """
    settings = settings or Settings()
    lower, upper = bounds
    x = np.clip(np.asarray(start, dtype=float), lower, upper)
    here = evaluate(x)
    if not math.isfinite(here.value):
        return LocalOptimum(x, math.inf, np.zeros_like(x), 0, f"the start cannot be computed: {here.failure}")
    radius = settings.first_radius
    secant = np.zeros((len(x), len(x)))
    quiet = 0
    path = [here.value]
    for iteration in range(settings.iterations):
        gradient = here.gradient
        free = ~(((x <= lower) & (gradient >= 0)) | ((x >= upper) & (gradient <= 0)))  # type: ignore[operator]
        if not free.any() or np.max(np.abs(gradient[free])) < settings.gradient_tolerance:  # type: ignore[index]
            return LocalOptimum(x, here.value, gradient, iteration, "the slope vanishes", path)  # type: ignore[arg-type]
        matrix = here.information + secant if settings.secant else here.information  # type: ignore[operator]
        step, promise = bounded_step(gradient, matrix, x, lower, upper, free, radius)  # type: ignore[arg-type]
        small = settings.value_tolerance * (1.0 + abs(here.value))
        if promise < small:
            if not secant.any():
                return LocalOptimum(x, here.value, gradient, iteration, "no step promises more", path)  # type: ignore[arg-type]
            secant[:] = 0.0
            continue
        trial = np.clip(x + step, lower, upper)
        there = value(trial)
        ratio = (here.value - there) / promise if math.isfinite(there) else -1.0
        accepted = ratio > 1e-4
        if accepted:
            new = evaluate(trial)
            accepted = math.isfinite(new.value) and new.value < here.value + 1e-12 * abs(here.value)
        if accepted:
            _update_secant(secant, trial - x, here, new)
            quiet = quiet + 1 if here.value - new.value < small else 0
            x, here = trial, new
            path.append(here.value)
            if quiet >= 5:
                return LocalOptimum(x, here.value, here.gradient, iteration + 1, "the value no longer falls", path)  # type: ignore[arg-type]
        length = float(np.linalg.norm(step))
        if ratio > 0.75 and accepted and length > 0.8 * radius:
            radius = min(2.0 * radius, 10.0)
        elif ratio < 0.25 or not accepted:
            radius = 0.25 * min(length, radius)
            if not accepted and ratio < 0.0:
                secant *= 0.5
        if radius < settings.step_tolerance:
            return LocalOptimum(x, here.value, here.gradient, iteration + 1, "the steps became too small", path)  # type: ignore[arg-type]
    return LocalOptimum(x, here.value, here.gradient, settings.iterations, "the iterations are used up", path)  # type: ignore[arg-type]


def _update_secant(secant: np.ndarray, step: np.ndarray, old: Evaluation, new: Evaluation) -> None:
    """Fold what the last step taught about the part that the Gauss-Newton matrix leaves out into `secant` (in place).

    A symmetric rank-one update: `(new.information + secant) step` shall equal the change of the gradient.
    """
    change = new.gradient - old.gradient - new.information @ step  # type: ignore[operator]
    rest = change - secant @ step
    along = float(rest @ step)
    if abs(along) > 1e-8 * float(np.linalg.norm(rest) * np.linalg.norm(step)) and abs(along) > 0.0:
        update = np.outer(rest, rest) / along
        if np.linalg.norm(update) < 1e8 * (1.0 + np.linalg.norm(new.information)):  # type: ignore[arg-type]
            secant += update


def bounded_step(
    gradient: np.ndarray,
    matrix: np.ndarray,
    x: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    free: np.ndarray,
    radius: float,
) -> tuple[np.ndarray, float]:
    """A step inside the box and the radius, and how much the quadratic model falls along it."""
    n = len(x)
    free = free.copy()
    step = np.zeros(n)
    best, best_promise = step, 0.0
    for _ in range(n + 1):
        room = math.sqrt(max(radius**2 - float(step[~free] @ step[~free]), 0.0))
        inner = np.flatnonzero(free)
        if not len(inner) or room < 1e-3 * radius:
            break
        slope = gradient[inner] + matrix[np.ix_(inner, np.flatnonzero(~free))] @ step[~free]
        step[inner] = newton_step(slope, matrix[np.ix_(inner, inner)], room)
        inside = np.clip(x + step, lower, upper) - x
        promise = -float(gradient @ inside + 0.5 * inside @ matrix @ inside)
        if promise > best_promise:
            best, best_promise = inside.copy(), promise
        met = free & (inside != step)
        if not met.any():
            break
        step[met] = inside[met]
        free &= ~met
    return best, best_promise


def newton_step(gradient: np.ndarray, matrix: np.ndarray, radius: float) -> np.ndarray:
    """The minimizer of the quadratic model within a ball, by eigendecomposition; the matrix may be indefinite."""
    values, vectors = np.linalg.eigh(0.5 * (matrix + matrix.T))
    along = vectors.T @ gradient
    floor = 1e-14 * max(float(np.max(np.abs(values))), 1e-300)
    if values[0] > floor:
        step = -along / values
        if np.linalg.norm(step) <= radius:
            return vectors @ step
    low = max(0.0, -float(values[0])) + floor
    high = low + float(np.linalg.norm(gradient)) / radius + floor
    if np.linalg.norm(along / (values + low)) < radius:
        # The hard case: the slope has no part along the lowest direction.
        step = -along / (values + low)
        step[0] += math.copysign(math.sqrt(max(radius**2 - float(step @ step), 0.0)), -along[0] or 1.0)
        return vectors @ step
    for _ in range(100):
        middle = 0.5 * (low + high)
        if np.linalg.norm(along / (values + middle)) > radius:
            low = middle
        else:
            high = middle
        if high - low < 1e-10 * high:
            break
    return vectors @ (-along / (values + high))
