"""Moves of many members at once, each judged by the simulator alone.

A member goes part of the way to where a linear model with its own residuals has its posterior, and a random step of the
same law: a discretized Langevin process whose step is exact, and always taken, where residuals are linear (Cotter,
Roberts, Stuart and White 2013, doi 10.1214/13-STS421). Slopes come from differences of the simulator at some members.
Where the data tell nothing the move leads to the prior, however narrow the members have become.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from calibration.populations import Population, Simulate, Target, judged

DIFFERENCE = 0.1
"""In standard deviations of the prior, for slopes of residuals."""
POINTS = 6
"""Members at which the simulator tells the slopes."""
_CHEAP = 6
"""Moves of the coordinates that no simulation sees, in each round."""


@dataclass(frozen=True, eq=False)
class Drift:
    """A linear model of the residuals around some members.

    Attributes
    ----------
    moved : int array, shape (n_moved,)
        Coordinates that it moves.
    slopes : array, shape (n_residuals, n_moved)
        Mean over the members.
    directions : array, shape (n_moved, n_moved)
        Columns: axes of the linear posterior (Gauss and Newton).
    spread : array, shape (n_moved,)
        Its standard deviations along these; the prior's is 1.
    """

    moved: np.ndarray
    slopes: np.ndarray
    directions: np.ndarray
    spread: np.ndarray

    def proposed(self, z: np.ndarray, residuals: np.ndarray, step: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A move of each member; `step` from 0 to 1, where 1 forgets the member in a linear model."""
        new = z.copy()
        normal = rng.standard_normal((len(z), len(self.moved)))
        along = self._center(z, residuals, step) + self._width(step) * normal
        new[:, self.moved] = along @ self.directions.T
        return new

    def log_ratio(
        self, z: np.ndarray, residuals: np.ndarray, new: np.ndarray, new_residuals: np.ndarray, step: np.ndarray
    ) -> np.ndarray:
        """Logarithm of prior times proposal backwards over the same forwards."""
        forwards = self._log_density(new, self._center(z, residuals, step), step)
        backwards = self._log_density(z, self._center(new, new_residuals, step), step)
        return 0.5 * ((z**2).sum(axis=1) - (new**2).sum(axis=1)) + backwards - forwards

    def _center(self, z: np.ndarray, residuals: np.ndarray, step: np.ndarray) -> np.ndarray:
        downhill = (z[:, self.moved] + residuals @ self.slopes) @ self.directions
        return z[:, self.moved] @ self.directions - step[:, None] * self.spread**2 * downhill

    def _width(self, step: np.ndarray) -> np.ndarray:
        return np.sqrt(1.0 - (1.0 - step[:, None]) ** 2) * self.spread

    def _log_density(self, z: np.ndarray, center: np.ndarray, step: np.ndarray) -> np.ndarray:
        return -0.5 * (((z[:, self.moved] @ self.directions - center) / self._width(step)) ** 2).sum(axis=1)


def beside(points: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """Coordinates at which the simulator tells the slopes: for each point one beside it for each coordinate.

    Returns
    -------
    array, shape (n_points * n_moved, dimension)
    """
    steps = np.zeros((len(moved), points.shape[1]))
    steps[np.arange(len(moved)), moved] = DIFFERENCE
    return (points[:, None, :] + steps).reshape(-1, points.shape[1])


def slopes_at(
    points: Population,
    moved: np.ndarray,
    simulate: Callable[[np.ndarray], np.ndarray],
    residuals: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> np.ndarray:
    """Slopes of residuals by differences of the simulator, shape (n_points, n_residuals, n_moved); 0 along coordinates
    along which it fails.

    Parameters
    ----------
    points : Population
    moved : int array, shape (n_moved,)
    simulate : callable
        Coordinates to simulated numbers.
    residuals : callable
        Both of these to residuals, shape (n, n_residuals).
    """
    places = beside(points.z, moved)
    simulated = simulate(places)
    failed = ~np.isfinite(simulated).all(axis=1)
    simulated[failed] = np.repeat(points.simulated, len(moved), axis=0)[failed]
    here, there = residuals(points.z, points.simulated), residuals(places, simulated)
    return np.swapaxes(there.reshape(len(points.z), len(moved), -1) - here[:, None, :], 1, 2) / DIFFERENCE


def damped_steps(slopes: np.ndarray, uphill: np.ndarray, damping: float) -> np.ndarray:
    """Steps of Levenberg and Marquardt where the prior is standard normal, shape (n_members, n_moved).

    Parameters
    ----------
    slopes : array, shape (n_residuals, n_moved)
    uphill : array, shape (n_members, n_moved)
        Gradients of half the squares of prior and residuals.
    damping : float
        0: the step of Gauss and Newton.
    """
    matrix = np.eye(slopes.shape[1]) + slopes.T @ slopes
    return -np.linalg.solve(matrix + damping * np.diag(np.diag(matrix)), uphill.T).T


def drift(moved: np.ndarray, slopes: np.ndarray) -> Drift:
    """From the slopes at some members, shape (n_points, n_residuals, n_moved)."""
    matrix = np.eye(len(moved)) + np.einsum("pri,prj->ij", slopes, slopes) / len(slopes)
    values, directions = np.linalg.eigh(matrix)
    return Drift(moved, slopes.mean(axis=0), directions, 1.0 / np.sqrt(values.clip(1.0)))


class Moves:
    """How members of one target move.

    Parameters
    ----------
    target : Target
    simulate : callable
    name : str
        Of its waves, which are numbered.
    temperature : array, shape (2,)
    rng : Generator
    """

    def __init__(
        self, target: Target, simulate: Simulate, name: str, temperature: np.ndarray, rng: np.random.Generator
    ) -> None:
        self.target, self.name, self.temperature, self.rng = target, name, temperature, rng
        self.moved = moved_coordinates(target)
        self._simulate, self._calls = simulate, 0

    def answers(self, z: np.ndarray) -> np.ndarray:
        """Simulated numbers, shape (n, n_outputs)."""
        simulated = self._simulate(f"{self.name}-{self._calls:04d}", z)
        self._calls += 1
        return simulated

    def judged(self, z: np.ndarray) -> Population:
        """Members at new places."""
        return judged(self.target, z, self.answers(z), self.temperature)

    def residuals(self, z: np.ndarray, simulated: np.ndarray) -> np.ndarray:
        """Of measured data and of findings, which are 0 until they count; shape (n, n_residuals)."""
        return all_residuals(self.target, self.temperature, z, simulated)

    def slopes_of_some(self, population: Population) -> np.ndarray:
        """Slopes of the residuals at some of the members, shape (n_points, n_residuals, n_moved)."""
        number = min(POINTS, len(population.z))
        points = population.rows(self.rng.choice(len(population.z), number, replace=False), self.temperature)
        return slopes_at(points, self.moved, self.answers, self.residuals)

    def cheap(self, population: Population) -> Population:
        """Steps of the coordinates that no simulation sees."""
        rng, cheap = self.rng, self.target.cheap
        for _ in range(_CHEAP if cheap.any() else 0):
            size = np.exp(rng.uniform(np.log(0.05), 0.0, len(population.z)))[:, None]
            moved = cheap & (rng.random(population.z.shape) < 0.3)
            z = population.z + moved * size * rng.standard_normal(population.z.shape)
            new = judged(self.target, z, population.simulated, self.temperature)
            ratio = 0.5 * ((population.z**2).sum(axis=1) - (z**2).sum(axis=1))
            population, _ = self.taken(population, new, ratio)
        return population

    def taken(self, population: Population, new: Population, log_ratio: np.ndarray) -> tuple[Population, float]:
        """Members after the verdict of Metropolis and Hastings on their moves, and the share that moved."""
        alive = new.alive
        gain = np.where(alive, (np.where(alive[:, None], new.totals, 0.0) - population.totals) @ self.temperature, 0.0)
        taken = alive & (np.log(self.rng.random(len(alive))) < gain + log_ratio)
        return population.moved(taken, new), float(taken.mean())


def all_residuals(target: Target, temperature: np.ndarray, z: np.ndarray, simulated: np.ndarray) -> np.ndarray:
    """Of measured data and of findings, these times how much they count; shape (n, n_residuals), finite."""
    measured, findings = target.residuals(z, simulated), target.finding_residuals(z, simulated)
    return np.concatenate([np.nan_to_num(measured), temperature[1] * np.nan_to_num(findings)], axis=1)


def moved_coordinates(target: Target) -> np.ndarray:
    """Those that a simulation sees and that are no switches."""
    return np.flatnonzero(~target.cheap & ~target.switches)
