"""A local minimizer for objectives with a Gauss-Newton matrix and bounds: an interior trust region with reflections.

The model of the objective is quadratic with the Fisher information, corrected by secant updates where the residuals
stay large. Every variable is measured by the root of its way to the bound that the slope pushes it to, and steps lie in
the plane of the slope and Newton's step. Steps that fill the whole space, cut at the walls, found the best optimum of
problems with a known truth half as often: they run along what the data hardly see, onto plateaus and into walls.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ..objective import Evaluation

HOPELESS = 3e-3
"""Where a step promises less than this share of what is missing to a value found elsewhere, a search is over."""


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
    path : list of float
        Values on the way.
    information : array, shape (n, n), or None
        The Gauss-Newton matrix there.
    """

    x: np.ndarray
    value: float
    gradient: np.ndarray
    iterations: int
    reason: str
    path: list[float] = field(default_factory=list)
    information: np.ndarray | None = None


def minimize(
    evaluate: Callable[[np.ndarray], Evaluation],
    value: Callable[[np.ndarray], float],
    start: np.ndarray,
    bounds: tuple[np.ndarray, np.ndarray],
    settings: TrustRegionOptions | None = None,
    best_known: float = math.inf,
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
    best_known : float
        A value found elsewhere: far above it the search ends sooner.

    Returns
    -------
    LocalOptimum

    Notes
    -----
    Coleman & Li 1996, doi 10.1137/0806023; in a plane: Branch, Coleman & Li 1999, doi 10.1137/S1064827595289108; for
    such problems: Froehlich & Sorger 2022, doi 10.1371/journal.pcbi.1010322. The secant part is the structured update
    of Dennis, Gay & Welsch 1981, doi 10.1145/355958.355965.
    """
    settings = settings or TrustRegionOptions()
    lower, upper = bounds
    x = _inside(np.asarray(start, dtype=float), lower, upper)
    here = evaluate(x)
    if not math.isfinite(here.value):
        return LocalOptimum(x, math.inf, np.zeros_like(x), 0, f"the start cannot be computed: {here.failure}")
    search = _Search(x, here, settings, best_known)
    iterations, reason = 0, ""
    while not reason and iterations < settings.iterations:
        iterations += 1
        reason = search.step(evaluate, value, lower, upper)
        if reason and search.revived():
            reason = ""
    search.touch_bounds(evaluate, lower, upper)
    return search.ended(iterations, reason or "the iterations are used up")


MARGIN = 1e-10
"""Share of the way between finite bounds, or distance from a single one, that points keep from them."""

TOUCHING = 1e-3
"""... and from which on a bound that the slope pushes to is tried at the end."""


def _inside(x: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """The nearest point strictly inside the box (on it where both bounds are the same)."""
    margin = MARGIN * _widths(lower, upper)
    return np.clip(x, lower + margin, upper - margin)


def _widths(lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    width = upper - lower
    return np.where(np.isfinite(width), width, 1.0)


class _Search:
    """One local optimization on its way."""

    def __init__(self, x: np.ndarray, here: Evaluation, settings: TrustRegionOptions, best_known: float) -> None:
        self.x, self.here, self.settings, self.best_known = x, here, settings, best_known
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
        here = self.here
        return LocalOptimum(self.x, here.value, here.gradient, iterations, reason, self.path, here.information)  # type: ignore[arg-type]

    def touch_bounds(self, evaluate: Callable[[np.ndarray], Evaluation], lower: np.ndarray, upper: np.ndarray) -> None:
        """Put variables that the slope pushes to a bound close by onto it, unless that is worse."""
        x, gradient, near = self.x, self.here.gradient, TOUCHING * _widths(lower, upper)
        trial = np.where((x - lower < near) & (gradient > 0.0), lower, x)  # type: ignore[operator]
        trial = np.where((upper - x < near) & (gradient < 0.0), upper, trial)  # type: ignore[operator]
        if not np.array_equal(trial, x):
            new = evaluate(trial)
            if new.value <= self.here.value:
                self.x, self.here = trial, new
                self.path.append(new.value)

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
        way = ways(gradient, x, lower, upper)  # type: ignore[arg-type]
        # There is nothing to search where every parameter has a closed form.
        if np.max(np.abs(gradient) * np.minimum(way, 1.0), initial=0.0) < settings.gradient_tolerance:  # type: ignore[arg-type]
            return "the slope vanishes"
        small = settings.value_tolerance * (1.0 + abs(here.value))
        small = max(small, HOPELESS * (here.value - self.best_known))
        matrix = here.information + self.secant if self.with_secant else here.information  # type: ignore[operator]
        scaled, promise = interior_step(gradient, matrix, x, lower, upper, self.radius)  # type: ignore[arg-type]
        if promise < small:
            if not self.with_secant or self.radius < settings.step_tolerance:
                return "no step promises more"
            self.with_secant = False
            return ""
        trial = _inside(x + np.sqrt(way) * scaled, lower, upper)
        length = float(np.linalg.norm(scaled))
        new = evaluate(trial) if self.trusting else None
        there = value(trial) if new is None else new.value
        fall = here.value - there if math.isfinite(there) else -math.inf
        if new is None and fall > 1e-4 * promise:
            new = evaluate(trial)
        if new is not None and not (math.isfinite(new.value) and here.value - new.value > 1e-4 * promise):
            new = None
        self.trusting = new is not None
        # The model holds the pull away from the bounds, which the objective knows nothing of.
        ratio = (fall - 0.5 * float(scaled @ (_pull(gradient, lower, upper) * scaled))) / promise  # type: ignore[arg-type]
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


def ways(gradient: np.ndarray, x: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """How far each variable is from the bound that the slope pushes it to; 1 without one."""
    way = np.where(gradient < 0.0, upper - x, x - lower)
    return np.where(np.isfinite(way), way, 1.0)


def _pull(gradient: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Curvature that the scaling by ways adds: the size of the slope where there is a bound to go to."""
    bounded = np.isfinite(np.where(gradient < 0.0, upper, lower))
    return np.where(bounded, np.abs(gradient), 0.0)


def interior_step(
    gradient: np.ndarray,
    matrix: np.ndarray,
    x: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    radius: float,
) -> tuple[np.ndarray, float]:
    """A step that stays inside the box, as multiples of the roots of `ways` and no longer than the radius in them, and
    how much the model falls along it: the best of the step cut before the wall, reflected there, or down the slope."""
    root = np.sqrt(ways(gradient, x, lower, upper))
    slope = root * gradient
    bent = root[:, None] * matrix * root
    bent[np.diag_indices(len(x))] += _pull(gradient, lower, upper)
    length = max(float(np.linalg.norm(slope)), 1e-300)
    theta = max(0.95, 1.0 - float(np.linalg.norm(root * slope)))

    def walls(start: np.ndarray, step: np.ndarray) -> np.ndarray:
        """Which shares of a step lead to the wall."""
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = (np.where(step < 0.0, lower, upper) - start) / step
        return np.where(step == 0.0, np.inf, np.maximum(shares, 0.0))

    def along(begin: np.ndarray, step: np.ndarray, longest: float) -> np.ndarray:
        """The best of the line from `begin`, no further than `longest` times the step."""
        curvature, fall = float(step @ bent @ step), -float((slope + bent @ begin) @ step)
        best = fall / curvature if curvature > 0.0 else math.inf
        return begin + min(max(best, 0.0), longest) * step

    whole = _plane_step(slope, bent, radius)
    shares = walls(x, root * whole)
    first = float(shares.min())
    if first > 1.0:
        steps = [whole]
    else:
        met = shares <= first
        mirrored = np.where(met, -whole, whole)
        at_wall = np.clip(x + first * root * whole, lower, upper)
        on = theta * float(walls(at_wall, root * mirrored).min())
        steps = [theta * first * whole, along(first * whole, mirrored, min(on, 1.0 - first))]
        down = -slope / length
        steps.append(along(np.zeros(len(x)), down, min(theta * float(walls(x, root * down).min()), radius)))
    falls = [-float(slope @ step + 0.5 * step @ bent @ step) for step in steps]
    best = int(np.argmax(falls))
    return steps[best], falls[best]


def _plane_step(gradient: np.ndarray, matrix: np.ndarray, radius: float) -> np.ndarray:
    """The minimizer of the quadratic model within a ball, in the plane of the slope and Newton's step (of the lowest
    curvature where that is negative); Newton's step leaves alone what the data do not see."""
    values, vectors = np.linalg.eigh(0.5 * (matrix + matrix.T))
    floor = 1e-14 * max(float(np.abs(values).max()), 1e-300)
    if values[0] < -floor:
        other = vectors[:, 0]
    else:
        along, seen = vectors.T @ gradient, values > floor
        other = -vectors[:, seen] @ (along[seen] / values[seen])
        level = np.linalg.norm(along[~seen]) <= 1e-9 * np.linalg.norm(along)
        if level and np.linalg.norm(other) <= radius:
            return other
    plane = np.linalg.qr(np.stack([gradient, other], axis=1))[0]
    return plane @ newton_step(plane.T @ gradient, plane.T @ matrix @ plane, radius)


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
