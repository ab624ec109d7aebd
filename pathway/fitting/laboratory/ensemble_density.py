"""A density that the members of an ensemble stand for: each member, moved along what measurements see.

Members are points; between them an ensemble says nothing. What measurements see are a few directions among hundreds of
parameters. Along these the members are made a density by kernels that keep mean and variance (West 1993, doi
10.1111/j.2517-6161.1993.tb01911.x); in all else each vector is as the member that it was moved from. Kernels in all
directions would break what the data hold together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

WIDTH = 0.7
"""Of a kernel, in standard deviations of the ensemble: narrower ones leave few members near what was measured, and with
them what the measurements do not see."""
MOST_DIRECTIONS = 8
_LEAST_SEEN = 0.1
"""Of the noise: along a direction that changes the measurements by less nothing is moved."""
_SHRINKAGE, _RIDGE = 0.2, 0.1
"""Of correlations among so few members; of slopes, per member."""


@dataclass(frozen=True, eq=False)
class EnsembleDensity:
    """Of pairs of a member and its step, which is standard normal in each direction before the measurements.

    Attributes
    ----------
    places : array, shape (n_members, n_coordinates)
    weights : array, shape (n_members,)
        They add up to 1.
    directions : array, shape (n_coordinates, n_directions)
        In coordinates; one standard deviation of the ensemble each.
    seen : array, shape (n_members, n_directions)
        Where the members lie along them, in standard deviations from the mean.
    slopes : array, shape (n_directions, n_measurements)
        What a standard deviation changes in the measurements, by the members.
    width : float
    """

    places: np.ndarray
    weights: np.ndarray
    directions: np.ndarray
    seen: np.ndarray
    slopes: np.ndarray
    width: float = WIDTH

    @classmethod
    def of_members(
        cls, places: np.ndarray, weights: np.ndarray, deviations: np.ndarray, noise: np.ndarray
    ) -> EnsembleDensity:
        """The density of members.

        Parameters
        ----------
        places : array, shape (n_members, n_coordinates)
            No coordinate is the same in all of them.
        weights : array, shape (n_members,)
        deviations : array, shape (n_members, n_measurements)
            Of what each member shows from what was measured; nan of members that cannot be judged.
        noise : array, shape (n_measurements,)
            Standard deviation of a measurement.
        """
        centred = places - weights @ places
        covariance = centred.T @ (centred * weights[:, None])
        shrunk = (1.0 - _SHRINKAGE) * covariance + _SHRINKAGE * np.diag(np.diag(covariance))
        root = np.linalg.cholesky(shrunk)
        white = np.linalg.solve(root, centred.T).T
        judged = np.isfinite(deviations).all(axis=1)
        own = white[judged] - white[judged].mean(axis=0)
        shown = (deviations[judged] - deviations[judged].mean(axis=0)) / noise
        ridge = _RIDGE * len(own) * np.eye(own.shape[1])
        slopes = np.linalg.solve(own.T @ own + ridge, own.T @ shown)
        left, strengths, _ = np.linalg.svd(slopes, full_matrices=False)
        count = max(1, int((strengths[:MOST_DIRECTIONS] > _LEAST_SEEN / WIDTH).sum()))
        seen = white @ left[:, :count]
        spread = np.sqrt(weights @ seen**2)
        directions = (root @ left[:, :count]) * spread
        return cls(places, weights, directions, seen / spread, (left[:, :count].T @ slopes) * spread[:, None] * noise)

    @property
    def own_steps(self) -> np.ndarray:
        """The steps that leave the members where they are, shape (n_members, n_directions)."""
        return (1.0 - np.sqrt(1.0 - self.width**2)) / self.width * self.seen

    def moved(self, members: np.ndarray, steps: np.ndarray) -> np.ndarray:
        """Coordinates of members after steps, shape (n, n_coordinates)."""
        shift = self.width * (steps - self.own_steps[members])
        return np.asarray(self.places[members] + shift @ self.directions.T)

    def log_density(self, members: np.ndarray, steps: np.ndarray) -> np.ndarray:
        """Of pairs, but for a constant, shape (n,)."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.weights[members]) - 0.5 * (steps**2).sum(axis=1))
