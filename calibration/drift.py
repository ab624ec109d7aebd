"""Moves down the slopes of the residuals, each judged by the simulator alone.

A member goes part of the way to where a linear model with its own residuals has its posterior, and a random step of the
same law: a discretized Langevin process whose step is exact, and always taken, where residuals are linear (Cotter,
Roberts, Stuart and White 2013, doi 10.1214/13-STS421). Slopes come from differences of the simulator at some members.
Where the data tell nothing the move leads to the prior, however narrow the members have become.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.proposals import DIFFERENCE, Curvature


@dataclass(frozen=True, eq=False)
class Drift:
    """A linear model of the residuals around some members.

    Attributes
    ----------
    moved : int array, shape (n_moved,)
        Coordinates that it moves.
    slopes : array, shape (n_residuals, n_moved)
        Mean over the members.
    shape : Curvature
        Of the linear posterior, in these coordinates.
    """

    moved: np.ndarray
    slopes: np.ndarray
    shape: Curvature

    def widened(self, z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Members that are spread too widely: where they were along what data tell of, else anew from the prior."""
        normal = rng.standard_normal(z.shape)
        own = z[:, self.moved] @ self.shape.directions
        normal[:, self.moved] = np.where(self.shape.told, own, normal[:, self.moved]) @ self.shape.directions.T
        return normal

    def proposed(self, z: np.ndarray, residuals: np.ndarray, step: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A move of each member; `step` from 0 to 1, where 1 forgets the member in a linear model."""
        new = z.copy()
        normal = rng.standard_normal((len(z), len(self.moved)))
        along = self._center(z, residuals, step) + self._width(step) * normal
        new[:, self.moved] = along @ self.shape.directions.T
        return new

    def log_ratio(
        self, z: np.ndarray, residuals: np.ndarray, new: np.ndarray, new_residuals: np.ndarray, step: np.ndarray
    ) -> np.ndarray:
        """Logarithm of prior times proposal backwards over the same forwards."""
        forwards = self._log_density(new, self._center(z, residuals, step), step)
        backwards = self._log_density(z, self._center(new, new_residuals, step), step)
        return 0.5 * ((z**2).sum(axis=1) - (new**2).sum(axis=1)) + backwards - forwards

    def _center(self, z: np.ndarray, residuals: np.ndarray, step: np.ndarray) -> np.ndarray:
        downhill = (z[:, self.moved] + residuals @ self.slopes) @ self.shape.directions
        return z[:, self.moved] @ self.shape.directions - step[:, None] * self.shape.spread**2 * downhill

    def _width(self, step: np.ndarray) -> np.ndarray:
        return np.sqrt(1.0 - (1.0 - step[:, None]) ** 2) * self.shape.spread

    def _log_density(self, z: np.ndarray, center: np.ndarray, step: np.ndarray) -> np.ndarray:
        return -0.5 * (((z[:, self.moved] @ self.shape.directions - center) / self._width(step)) ** 2).sum(axis=1)


def beside(points: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """Coordinates at which the simulator tells the slopes: for each point one beside it for each coordinate.

    Returns
    -------
    array, shape (n_points * n_moved, dimension)
    """
    steps = np.zeros((len(moved), points.shape[1]))
    steps[np.arange(len(moved)), moved] = DIFFERENCE
    return (points[:, None, :] + steps).reshape(-1, points.shape[1])


def drift(moved: np.ndarray, at_points: np.ndarray, beside_points: np.ndarray) -> Drift:
    """From residuals at some members, shape (n_points, n_residuals), and at what `beside` gave for these."""
    shaped = beside_points.reshape(len(at_points), len(moved), -1)
    slopes = (np.swapaxes(shaped, 1, 2) - at_points[:, :, None]) / DIFFERENCE
    matrix = np.eye(len(moved)) + np.einsum("pri,prj->ij", slopes, slopes) / len(slopes)
    return Drift(moved, slopes.mean(axis=0), Curvature.of(matrix))
