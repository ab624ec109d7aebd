"""Following a branch of solutions by pseudo-arclength, around its folds, and naming what it passes.

The branch is taken as a curve in the space of unknowns and parameter. From a point one goes along the tangent and comes
back to the curve in the plane across it, so that a fold, where the parameter turns round, is a point like any other.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from ..mistakes import AnalysisError
from .system import ContinuationSystem


@dataclass(frozen=True, eq=False)
class SpecialPoint:
    """Where something changes.

    Attributes
    ----------
    kind : str
        "fold", "Hopf" or "branch point".
    value : float
        Of the parameter.
    state : array, shape (n_unknowns,)
    frequency : float
        Of a Hopf point: imaginary part of the eigenvalues, per unit of time; else 0.
    """

    kind: str
    value: float
    state: np.ndarray
    frequency: float = 0.0


@dataclass(frozen=True, eq=False)
class Branch:
    """A curve of solutions.

    Attributes
    ----------
    unknowns : tuple of str
    parameter : str
    values : array, shape (k,)
        Of the parameter along the curve; not monotone where there are folds.
    states : array, shape (k, n_unknowns)
    stable : boolean array, shape (k,)
        All false for systems that are not dynamic.
    special : tuple of SpecialPoint
        In the order in which the curve passes them.
    ended : str
        Why it ends: "limit", "closed", "points".
    """

    unknowns: tuple[str, ...]
    parameter: str
    values: np.ndarray
    states: np.ndarray
    stable: np.ndarray
    special: tuple[SpecialPoint, ...]
    ended: str

    def of(self, name: str) -> np.ndarray:
        """One unknown along the curve."""
        return self.states[:, self.unknowns.index(name)]

    def folds(self) -> tuple[SpecialPoint, ...]:
        """The folds only."""
        return tuple(point for point in self.special if point.kind == "fold")


@dataclass
class _Point:
    place: np.ndarray  # unknowns and parameter, scaled
    tangent: np.ndarray
    eigenvalues: np.ndarray
    orientation: float  # sign of the bordered determinant


def follow_branch(
    system: ContinuationSystem,
    start: np.ndarray,
    value: float,
    low: float,
    high: float,
    *,
    towards: float = 1.0,
    largest_step: float = 0.05,
    most_points: int = 4000,
    keep: Callable[[np.ndarray], bool] | None = None,
) -> Branch:
    """The branch through a solution until the parameter leaves [low, high].

    Parameters
    ----------
    system : ContinuationSystem
    start : array, shape (n_unknowns,)
        Near a solution at `value`.
    value, low, high : float
        Of the parameter.
    towards : float
        1: the parameter rises at first, -1: it falls.
    largest_step : float
        In the scaled space, where the parameter's whole range has length 1.
    most_points : int
    keep : callable, optional
        The curve also ends where this is false of a state (say, a negative concentration).

    Returns
    -------
    Branch

    Raises
    ------
    AnalysisError
        If there is no solution near the start, or the curve is lost.

    Notes
    -----
    Keller 1977. A fold is where the parameter's part of the tangent changes its sign, a Hopf point where a pair of
    complex eigenvalues crosses the imaginary axis; both are located by root finding along the arc, to rounding error.
    """
    state = system.solve(start, value)
    if state is None:
        raise AnalysisError(f"no steady state was found near the start, at {system.parameter} = {value:g}")
    tracer = _Tracer(system, state, low, high)
    first = np.zeros(len(state) + 1)
    first[-1] = towards
    point = tracer.point(np.append(state, value) / tracer.scale, first)
    if point.tangent[-1] * towards < 0:
        point = tracer.point(point.place, -point.tangent)
    points, special, step, ended = [point], [], 0.2 * largest_step, "points"
    while len(points) < most_points:
        following, step = tracer.advance(points[-1], step, largest_step)
        at = following.place[-1] * tracer.scale[-1]
        if not low <= at <= high or (keep is not None and not keep(following.place[:-1] * tracer.scale[:-1])):
            ended = "limit"
            special += tracer.crossings(points[-1], following, within=(low, high))
            if not low <= at <= high:
                points.append(tracer.stop_at(points[-1], low if at < low else high))
            break
        special += tracer.crossings(points[-1], following, within=(low, high))
        points.append(following)
        if len(points) > 10 and tracer.closes(points[0], points[-2], following):
            ended = "closed"
            break
    return tracer.branch(points, special, ended)


class _Tracer:
    """The numerics of one branch: scaling, tangents, corrections."""

    def __init__(self, system: ContinuationSystem, state: np.ndarray, low: float, high: float) -> None:
        self.system = system
        sizes = np.abs(state)
        floor = 1e-3 * np.median(sizes[sizes > 0]) if (sizes > 0).any() else 1.0
        self.scale = np.append(np.maximum(sizes, min(floor, 1.0)) * math.sqrt(len(state)), high - low)

    def equations(self, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        residual, by_state, by_parameter = self.system.linearized(
            place[:-1] * self.scale[:-1], place[-1] * self.scale[-1]
        )
        return residual, np.column_stack([by_state, by_parameter]) * self.scale

    def point(self, place: np.ndarray, heading: np.ndarray) -> _Point:
        """Tangent, stability and orientation at a place on the curve."""
        _, slopes = self.equations(place)
        rows = slopes / np.maximum(np.abs(slopes).max(axis=1, keepdims=True), 1e-300)
        bordered = np.vstack([rows, heading])
        right = np.zeros(len(place))
        right[-1] = 1.0
        tangent = np.linalg.solve(bordered, right)
        tangent /= np.linalg.norm(tangent)
        orientation = np.linalg.slogdet(np.vstack([rows, tangent]))[0]
        eigenvalues = np.linalg.eigvals(slopes[:, :-1] / self.scale[:-1]) if self.system.dynamic else np.zeros(0)
        return _Point(place, tangent, eigenvalues, float(orientation))

    def corrected(self, origin: _Point, step: float) -> tuple[np.ndarray, int] | None:
        """The curve's point in the plane across the tangent at this distance, and the number of Newton steps."""
        target = origin.place + step * origin.tangent
        place = target.copy()
        for count in range(1, 9):
            residual, slopes = self.equations(place)
            if not np.isfinite(residual).all() or not np.isfinite(slopes).all():
                return None
            bordered = np.vstack([slopes, origin.tangent])
            right = np.append(residual, origin.tangent @ (place - target))
            try:
                change = np.linalg.solve(bordered, right)
            except np.linalg.LinAlgError:
                return None
            place = place - change
            if np.abs(change).max() < 1e-11:
                return place, count
        return (place, 8) if np.abs(change).max() < 1e-8 else None

    def advance(self, origin: _Point, step: float, largest: float) -> tuple[_Point, float]:
        """The next point, and the step to try from there."""
        while step > 1e-9:
            solution = self.corrected(origin, step)
            if solution is not None and np.linalg.norm(solution[0] - origin.place) < 2.0 * step:
                following = self.point(solution[0], origin.tangent)
                turn = float(following.tangent @ origin.tangent)
                if turn > 0.97:
                    growth = 1.4 if solution[1] <= 4 and turn > 0.995 else (0.8 if solution[1] > 6 else 1.0)
                    return following, min(step * growth, largest)
            step *= 0.5
        at = origin.place[-1] * self.scale[-1]
        raise AnalysisError(f"the branch was lost at {self.system.parameter} = {at:.6g}")

    def crossings(self, before: _Point, after: _Point, within: tuple[float, float]) -> list[SpecialPoint]:
        """Folds, Hopf and branch points between two neighbors."""
        points = []
        if before.tangent[-1] * after.tangent[-1] < 0:
            points.append(self._locate("fold", before, after, lambda p: p.tangent[-1]))
        elif before.orientation * after.orientation < 0:
            points.append(self._special("branch point", after))
        if self.system.dynamic and _unstable_pairs(before) != _unstable_pairs(after):
            with suppress(_NoPair):
                if _growth(before) * _growth(after) < 0:
                    points.append(self._locate("Hopf", before, after, _growth))
        return [point for point in points if within[0] <= point.value <= within[1]]

    def _locate(self, kind: str, before: _Point, after: _Point, test: Callable[[_Point], float]) -> SpecialPoint:
        from scipy.optimize import brentq

        length = float(before.tangent @ (after.place - before.place))

        def at(step: float) -> _Point:
            solution = self.corrected(before, step)
            if solution is None:
                near = f"{self.system.parameter} = {before.place[-1] * self.scale[-1]:.6g}"
                raise AnalysisError(f"a {kind} near {near} could not be located")
            return self.point(solution[0], before.tangent)

        step = brentq(lambda s: test(at(s)), 0.0, length, xtol=1e-14, rtol=1e-14)
        return self._special(kind, at(float(step)))

    def _special(self, kind: str, point: _Point) -> SpecialPoint:
        place = point.place * self.scale
        pair = _critical_pair(point) if kind == "Hopf" else None
        return SpecialPoint(kind, float(place[-1]), place[:-1], abs(pair.imag) if pair is not None else 0.0)

    def stop_at(self, last: _Point, limit: float) -> _Point:
        """The point of the curve exactly at a limit of the parameter."""
        share = (limit / self.scale[-1] - last.place[-1]) / last.tangent[-1]
        guess = (last.place + share * last.tangent)[:-1] * self.scale[:-1]
        state = self.system.solve(guess, limit)
        if state is None:
            return last
        return self.point(np.append(state, limit) / self.scale, last.tangent)

    def closes(self, first: _Point, last: _Point, following: _Point) -> bool:
        """Whether the step from `last` to `following` passes the start again, in the same direction."""
        length = np.linalg.norm(following.place - last.place)
        near = min(np.linalg.norm(first.place - p.place) for p in (last, following)) < length
        return bool(near and first.tangent @ following.tangent > 0.9)

    def branch(self, points: list[_Point], special: list[SpecialPoint], ended: str) -> Branch:
        places = np.stack([point.place for point in points]) * self.scale
        stable = np.array(
            [bool(len(p.eigenvalues)) and bool((p.eigenvalues.real < 0).all()) for p in points], dtype=bool
        )
        system = self.system
        return Branch(system.unknowns, system.parameter, places[:, -1], places[:, :-1], stable, tuple(special), ended)


def _complex(point: _Point) -> np.ndarray:
    values = point.eigenvalues
    return values[values.imag > 1e-9 * max(float(np.abs(values).max()), 1e-300)]


def _unstable_pairs(point: _Point) -> int:
    return int((_complex(point).real > 0).sum())


class _NoPair(Exception):
    """All eigenvalues are real: a pair that met on the real axis gives birth to no oscillation."""


def _growth(point: _Point) -> float:
    """How fast the critical pair's oscillation grows; negative: it dies out."""
    pair = _critical_pair(point)
    if pair is None:
        raise _NoPair
    return pair.real


def _critical_pair(point: _Point) -> complex | None:
    """The complex pair nearest to the imaginary axis."""
    values = _complex(point)
    return complex(values[np.argmin(np.abs(values.real))]) if len(values) else None
