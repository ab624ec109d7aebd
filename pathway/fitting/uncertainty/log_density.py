"""The posterior as samplers want it: a log density with slopes on coordinates without bounds, spread about one.

Three changes of coordinates lead there. Natural values to the optimizer's scale, on which parameters without a prior
are flat; a prior that is a density of the natural value brings the slope of that change along, so that draws do not
depend on the scale of the search. Bounds to infinity by the logistic function (a single bound by the exponential).
At last the mode to the origin and the information there to one: what is left for a sampler to learn is small.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from ..objective import Evaluation, Objective
from ..objective.objective import scale_derivatives
from ..problem import Problem, ProblemError

NEWTON_STEPS = 12
FLATTEST = 1e-2
"""Curvature, in free coordinates, below which a direction counts as this curved."""
NOTHING = 1e-8
"""Curvature of a direction that neither data nor prior nor bounds hold."""


@dataclass(frozen=True, eq=False)
class TransformedPoint:
    """A point on the optimizer's scale as a function of one without bounds, each array of shape (n_estimated,).

    Attributes
    ----------
    x : array
    slope, bend : array
        First and second derivative of x.
    gain, gain_slope, gain_bend : array
        Log of the size of the slope, and its derivatives.
    """

    x: np.ndarray
    slope: np.ndarray
    bend: np.ndarray
    gain: np.ndarray
    gain_slope: np.ndarray
    gain_bend: np.ndarray


class UnboundedTransform:
    """Coordinates without bounds.

    Parameters
    ----------
    problem : Problem
    x : array, shape (n_estimated,)
        A point on the optimizer's scale; its size is the unit of a coordinate that has no bounds anyway.

    Raises
    ------
    ProblemError
        If the bounds of a parameter leave no room.
    """

    def __init__(self, problem: Problem, x: np.ndarray) -> None:
        self.lower, self.upper = problem.bounds
        self.unit = np.maximum(np.abs(x), 1.0)
        self.both = np.isfinite(self.lower) & np.isfinite(self.upper)
        self.single = np.isfinite(self.lower) ^ np.isfinite(self.upper)
        self.wall = np.where(np.isfinite(self.lower), self.lower, self.upper)
        self.sign = np.where(np.isfinite(self.lower), 1.0, -1.0)
        self.width = np.where(self.both, self.upper - self.lower, 1.0)
        if (self.width <= 0.0).any():
            name = problem.names[int(np.argmin(self.width))]
            raise ProblemError([f"{problem.name}: the bounds of parameter '{name}' leave no room to sample"])

    def into(self, x: np.ndarray, margin: float = 0.01) -> np.ndarray:
        """The point without bounds; one at a bound is taken a share of `margin` off it. Any leading shape."""
        share = np.clip((x - self.lower) / self.width, margin, 1.0 - margin) if self.both.any() else 0.5
        distance = np.maximum(self.sign * (x - self.wall), 1e-8 * (1.0 + np.abs(self.wall)))
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.both, special.logit(share), np.where(self.single, np.log(distance), x / self.unit))

    def point(self, free: np.ndarray) -> np.ndarray:
        """Back to the optimizer's scale, any leading shape."""
        with np.errstate(invalid="ignore", over="ignore"):
            alone = np.where(self.single, self.wall + self.sign * np.exp(free), self.unit * free)
            return np.where(self.both, self.lower + self.width * special.expit(free), alone)

    def moved(self, free: np.ndarray) -> TransformedPoint:
        """The same with all slopes, of one point."""
        share, rest = special.expit(free), special.expit(-free)
        grown = self.sign * np.exp(np.minimum(free, 700.0))
        logistic = self.width * share * rest

        def pick(both: np.ndarray, single: Any, none: Any) -> np.ndarray:
            return np.where(self.both, both, np.where(self.single, single, none))

        return TransformedPoint(
            x=self.point(free),
            slope=pick(logistic, grown, self.unit),
            bend=pick(logistic * (rest - share), grown, 0.0),
            gain=pick(np.log(self.width) - np.logaddexp(0.0, free) - np.logaddexp(0.0, -free), free, 0.0),
            gain_slope=pick(rest - share, 1.0, 0.0),
            gain_bend=pick(-2.0 * share * rest, 0.0, 0.0),
        )


class LogDensity:
    """Log posterior density of whitened coordinates `z`, shape (n_estimated,).

    Parameters
    ----------
    objective : Objective
    x : array, shape (n_estimated,)
        An optimum, on the optimizer's scale.

    Raises
    ------
    ProblemError
        If the objective cannot be computed there, or nothing holds a parameter.
    """

    def __init__(self, objective: Objective, x: np.ndarray) -> None:
        self.objective, self.unbounded = objective, UnboundedTransform(objective.problem, x)
        self._natural = of_natural_value(objective.problem)
        self.centre, curvature = self._mode(self.unbounded.into(np.asarray(x, dtype=float)))
        values, vectors = np.linalg.eigh(curvature)
        if values[0] < NOTHING:
            name = objective.problem.names[int(np.argmax(np.abs(vectors[:, 0])))]
            raise ProblemError(
                [f"{objective.problem.name}: neither data nor prior nor bounds hold parameter '{name}'; give it bounds"]
            )
        self.spread = vectors / np.sqrt(np.maximum(values, FLATTEST))
        self._narrow = vectors * np.sqrt(np.maximum(values, FLATTEST))

    def into(self, x: np.ndarray) -> np.ndarray:
        """Whitened coordinates of a point on the optimizer's scale, shape (n_estimated,)."""
        return (self.unbounded.into(x, 1e-6) - self.centre) @ self._narrow

    def points(self, z: np.ndarray) -> np.ndarray:
        """Points on the optimizer's scale, shape (..., n_estimated)."""
        return self.unbounded.point(self.centre + z @ self.spread.T)

    def value(self, z: np.ndarray) -> float:
        """Log density up to a constant; -inf where the objective cannot be computed."""
        moved = self.unbounded.moved(self.centre + self.spread @ z)
        return self._gain(moved) - self.objective.value(moved.x)

    def values(self, points: np.ndarray) -> np.ndarray:
        """The same at many points side by side, shape (n_points, n_estimated)."""
        moved = [self.unbounded.moved(self.centre + self.spread @ z) for z in points]
        return np.array([self._gain(m) for m in moved]) - self.objective.values(np.array([m.x for m in moved]))

    def gain(self, z: np.ndarray) -> float:
        """What the changes of coordinates add to the log density at `z`."""
        return self._gain(self.unbounded.moved(self.centre + self.spread @ z))

    def sloped(self, z: np.ndarray) -> tuple[float, np.ndarray]:
        """Log density and its slopes; slopes of zero where it is -inf."""
        moved = self.unbounded.moved(self.centre + self.spread @ z)
        evaluation = self.objective.slope(moved.x)
        if evaluation.gradient is None:
            return -math.inf, np.zeros(len(z))
        return self._gain(moved) - evaluation.value, -self.spread.T @ self._descent(evaluation, moved)

    def _gain(self, moved: TransformedPoint) -> float:
        """Log of how much room on the axes of the priors a step in free coordinates covers."""
        return float(moved.gain.sum()) + log_jacobian_of_scales(self.objective.problem, moved.x)

    def _descent(self, evaluation: Evaluation, moved: TransformedPoint) -> np.ndarray:
        """Slopes of minus the log density by free coordinates."""
        assert evaluation.gradient is not None
        return (evaluation.gradient - self._natural) * moved.slope - moved.gain_slope

    def _mode(self, free: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The mode in free coordinates, by damped Newton steps, and the curvature there."""
        value, slope, curvature = self._curved(free)
        if not math.isfinite(value):
            raise ProblemError([f"{self.objective.problem.name}: the objective cannot be computed where to begin"])
        for _ in range(NEWTON_STEPS):
            values, vectors = np.linalg.eigh(curvature)
            step = -(vectors / np.maximum(values, FLATTEST)) @ (vectors.T @ slope)
            step *= min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-300))
            while -float(slope @ step) > 1e-3:
                ahead = self._curved(free + step)
                if ahead[0] < value:
                    break
                step *= 0.25
            else:
                break
            free, (value, slope, curvature) = free + step, ahead
        return free, curvature

    def _curved(self, free: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Minus the log density, its slopes and a curvature of which no part is negative."""
        moved = self.unbounded.moved(free)
        evaluation = self.objective(moved.x)
        if evaluation.gradient is None or evaluation.information is None:
            return math.inf, free, np.eye(len(free))
        own = np.maximum((evaluation.gradient - self._natural) * moved.bend, 0.0) - moved.gain_bend
        curvature = evaluation.information * moved.slope[:, None] * moved.slope + np.diag(own)
        return evaluation.value - self._gain(moved), self._descent(evaluation, moved), curvature


def log_jacobian_of_scales(problem: Problem, x: np.ndarray) -> float:
    """What a posterior density gains from natural values to the optimizer's scale, at `x`, shape (n_estimated,): the
    log of d natural / d x, summed over the parameters whose prior is a density of the natural value."""
    slopes, natural = scale_derivatives(problem, problem.from_scale(x)), of_natural_value(problem)
    return float(np.log(slopes, where=natural > 0.0, out=np.zeros(len(x))).sum())


def of_natural_value(problem: Problem) -> np.ndarray:
    """Slope by x of the log of d natural / d x, where the prior is a density of the natural value; else 0."""
    steepness = {"linear": 0.0, "log": 1.0, "log10": math.log(10.0)}
    flat = [problem.posterior and math.isfinite(p.upper - p.lower) for p in problem.estimated]
    natural = [f if p.prior is None else not p.prior.on_scale for p, f in zip(problem.estimated, flat, strict=True)]
    return np.array([steepness[p.scale] * n for p, n in zip(problem.estimated, natural, strict=True)])
