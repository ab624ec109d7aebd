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

from ..objective import Evaluation


@dataclass(frozen=True)
class TrustRegionOptions:
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
    largest_radius: float = 10.0
    value_tolerance: float = 1e-7
    gradient_tolerance: float = 1e-6
    step_tolerance: float = 1e-6
    patience: int = 10
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
    settings: TrustRegionOptions | None = None,
) -> LocalOptimum:
    """A local minimum of an objective within bounds.

    Parameters
    ----------
    evaluate : callable
        Value, gradient and positive semi-definite information at a point.
    value : callable
        The value alone, asked for at trial points after a refused step.
    start : array, shape (n,)
    bounds : (lower, upper), each of shape (n,)
    settings : TrustRegionOptions, optional

    Returns
    -------
    LocalOptimum

    Notes
    -----
    More & Sorensen 1983, doi 10.1137/0904038 (the subproblem, here by eigendecomposition); the secant part is the
    structured update of Dennis, Gay & Welsch 1981, doi 10.1145/355958.355965.
    """
    settings = settings or TrustRegionOptions()
    lower, upper = bounds
    x = np.clip(np.asarray(start, dtype=float), lower, upper)
    here = evaluate(x)
    if not math.isfinite(here.value):
        return LocalOptimum(x, math.inf, np.zeros_like(x), 0, f"the start cannot be computed: {here.failure}")
    search = _Search(x, here, settings)
    for iteration in range(settings.iterations):
        reason = search.step(evaluate, value, lower, upper)
        if reason and not search.revived():
            return search.ended(iteration + 1, reason)
    return search.ended(settings.iterations, "the iterations are used up")


class _Search:
    """One local optimization on its way."""

    def __init__(self, x: np.ndarray, here: Evaluation, settings: TrustRegionOptions) -> None:
        self.x, self.here, self.settings = x, here, settings
        self.radius = settings.first_radius
        self.secant = np.zeros((len(x), len(x)))
        self.with_secant = False
        # Slopes are asked for at once where a step is likely to be taken: after one that was.
        self.trusting = True
        self.path = [here.value]
        self._revived_at = math.inf

    def revived(self) -> bool:
        """Whether it goes on with a fresh radius: worth it after a long way round a bend, as long as it helps."""
        gained = self._revived_at - self.here.value
        if self.radius >= 0.1 * self.settings.first_radius or gained < 10.0 * self.settings.value_tolerance * (
            1.0 + abs(self.here.value)
        ):
            return False
        self._revived_at = self.here.value
        self.radius = self.settings.first_radius
        self.secant[:] = 0.0
        self.with_secant = False
        del self.path[:-1]
        return True

    def ended(self, iterations: int, reason: str) -> LocalOptimum:
        return LocalOptimum(self.x, self.here.value, self.here.gradient, iterations, reason, self.path)  # type: ignore[arg-type]

    def step(
        self,
        evaluate: Callable[[np.ndarray], Evaluation],
        value: Callable[[np.ndarray], float],
        lower: np.ndarray,
        upper: np.ndarray,
    ) -> str:
        """One trial; returns why the search is over, or nothing."""
        x, here, settings = self.x, self.here, self.settings
        gradient = here.gradient
        free = ~(((x <= lower) & (gradient >= 0)) | ((x >= upper) & (gradient <= 0)))  # type: ignore[operator]
        if not free.any() or np.max(np.abs(gradient[free])) < settings.gradient_tolerance:  # type: ignore[index]
            return "the slope vanishes"
        small = settings.value_tolerance * (1.0 + abs(here.value))
        matrix = here.information + self.secant if self.with_secant else here.information  # type: ignore[operator]
        step, promise = bounded_step(gradient, matrix, x, lower, upper, free, self.radius)  # type: ignore[arg-type]
        if promise < small:
            if not self.with_secant or self.radius < settings.step_tolerance:
                return "no step promises more"
            self.with_secant = False
            return ""
        trial = np.clip(x + step, lower, upper)
        length = float(np.linalg.norm(trial - x))
        new = evaluate(trial) if self.trusting else None
        there = value(trial) if new is None else new.value
        fall = here.value - there if math.isfinite(there) else -math.inf
        if new is None and fall > 1e-4 * promise:
            new = evaluate(trial)
        if new is not None and not (math.isfinite(new.value) and here.value - new.value > 1e-4 * promise):
            new = None
        self.trusting = new is not None
        ratio = fall / promise
        if new is None or ratio < 0.25:
            self.radius = 0.25 * min(length, self.radius)
        elif ratio > 0.75 and length > 0.8 * self.radius:
            self.radius = min(2.0 * self.radius, settings.largest_radius)
        self._judge_models(trial - x, fall)
        if new is not None:
            _update_secant(self.secant, trial - x, here, new)
            self.x, self.here = trial, new
            self.path.append(new.value)
            back = self.path[-1 - settings.patience] if len(self.path) > settings.patience else math.inf
            if back - new.value < settings.patience * small:
                return "the value no longer falls"
        if self.radius < settings.step_tolerance:
            return "the steps became too small"
        return ""

    def _judge_models(self, step: np.ndarray, fall: float) -> None:
        """Go on with the quadratic model that foresaw this step better."""
        if not self.settings.secant or not math.isfinite(fall):
            return
        plain = -float(self.here.gradient @ step + 0.5 * step @ self.here.information @ step)  # type: ignore[operator]
        bent = plain - 0.5 * float(step @ self.secant @ step)
        self.with_secant = abs(bent - fall) < abs(plain - fall)


def _update_secant(secant: np.ndarray, step: np.ndarray, old: Evaluation, new: Evaluation) -> None:
    """Fold what the last step taught about the part that the Gauss-Newton matrix leaves out into `secant` (in place).

    Afterwards `(new.information + secant) step` equals the change of the gradient.
    """
    change = new.gradient - old.gradient  # type: ignore[operator]
    wanted = change - new.information @ step  # type: ignore[operator]
    along = float(change @ step)
    if along <= 1e-10 * float(np.linalg.norm(change) * np.linalg.norm(step)):
        return
    before = float(step @ secant @ step)
    if before != 0.0:
        # An old correction that has become too large is shrunk first.
        secant *= min(1.0, abs(float(step @ wanted)) / abs(before))
    rest = wanted - secant @ step
    secant += (np.outer(rest, change) + np.outer(change, rest)) / along
    secant -= float(rest @ step) / along**2 * np.outer(change, change)


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
    free = free.copy()
    step, slope, remaining = np.zeros(len(x)), gradient.copy(), radius
    while free.any() and remaining > 1e-3 * radius:
        inner = np.flatnonzero(free)
        part = newton_step(slope[inner], matrix[np.ix_(inner, inner)], remaining)
        # Along the part the model only falls; it is followed to the first wall, from where the others go on.
        wall = np.where(part < 0.0, lower[inner], upper[inner]) - (x + step)[inner]
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = np.where(part != 0.0, wall / part, np.inf)
        first = int(np.argmin(shares))
        share = min(max(float(shares[first]), 0.0), 1.0)
        step[inner] += share * part
        if shares[first] >= 1.0:
            break
        free[inner[first]] = False
        slope = gradient + matrix @ step
        remaining -= share * float(np.linalg.norm(part))
    return step, -float(gradient @ step + 0.5 * step @ matrix @ step)


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
    if np.linalg.norm(along / (values + low)) < radius:
        # The hard case: the slope has no part along the lowest direction.
        step = -along / (values + low)
        step[0] += math.copysign(math.sqrt(max(radius**2 - float(step @ step), 0.0)), -along[0] or 1.0)
        return vectors @ step
    shift = low
    for _ in range(50):
        # Newton's method for 1 / length = 1 / radius, which is nearly straight: from below it never goes too far.
        step = -along / (values + shift)
        length = math.sqrt(float(step @ step))
        if length <= radius * (1.0 + 1e-9):
            break
        shift += length**2 / float(step @ (step / (values + shift))) * (length - radius) / radius
    return vectors @ step
