"""Small steps of a sampler in coordinates whose prior is standard normal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

_SHARES = np.array([0.3, 0.3, 0.15, 0.15, 0.1])
"""Of the kinds of steps, in the order of `propose`."""
DIFFERENCE = 0.1
"""In standard deviations of the prior, for slopes of residuals."""
_TOLD = 0.7
"""Standard deviation over the prior's below which a direction counts as told by the data."""


@dataclass(frozen=True, eq=False)
class Curvature:
    """How narrow the target is along orthogonal directions, by the slopes of its residuals (Gauss and Newton).

    Attributes
    ----------
    directions : array, shape (dimension, dimension)
        Columns.
    spread : array, shape (dimension,)
        Standard deviations along these; the prior's is 1.
    told : bool array, shape (dimension,)
        Directions of which the data tell something.
    """

    directions: np.ndarray
    spread: np.ndarray

    @property
    def told(self) -> np.ndarray:
        return self.spread < _TOLD

    @classmethod
    def of(cls, matrix: np.ndarray) -> Curvature:
        """From identity + mean of J^T J, J being slopes of residuals, shape (dimension, dimension)."""
        values, vectors = np.linalg.eigh(matrix)
        return cls(vectors, 1.0 / np.sqrt(values.clip(1.0)))


def curvature(residuals: Callable[[np.ndarray], np.ndarray], points: np.ndarray, temperature: float) -> Curvature:
    """Mean over some points of identity + temperature * J^T J, J being the slopes of the residuals.

    Parameters
    ----------
    residuals : callable
        Coordinates (n, dimension) to standardized residuals (n, n_data).
    points : array, shape (n_points, dimension)
    temperature : float
    """
    dimension = points.shape[1]
    total = np.eye(dimension)
    for point in points:
        values = residuals(
            np.vstack([point, point + DIFFERENCE * np.eye(dimension), point - DIFFERENCE * np.eye(dimension)])
        )
        slopes = (values[1 : dimension + 1] - values[dimension + 1 :]) / (2 * DIFFERENCE)
        total += temperature * slopes @ slopes.T / len(points)
    return Curvature.of(total)


def propose(
    z: np.ndarray, others: np.ndarray, shape: Curvature, cheap: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A small step for every member, each of one kind by chance.

    Kinds: a random walk along the directions that data tell of, as wide as the target is there; towards a draw of the
    prior along all others (preconditioned Crank-Nicolson); along the difference of two other members in some
    coordinates (ter Braak and Vrugt 2008, doi 10.1007/s11222-008-9104-9); some coordinates drawn anew from the
    prior, which also turns switches; coordinates that the simulator does not see.

    Returns
    -------
    (array, shape (n, dimension); array, shape (n,))
        Proposals, and the logarithm of prior times proposal backwards over the same forwards.
    """
    shares = _SHARES * [shape.told.any(), not shape.told.all(), True, True, cheap.any()]
    kind = rng.choice(len(shares), len(z), p=shares / shares.sum())
    size = np.exp(rng.uniform(np.log(0.05), 0.0, len(z)))[:, None]
    new, normal = z.copy(), rng.standard_normal(z.shape)
    a = kind == 0
    width = shape.spread * shape.told * 2.4 / np.sqrt(max(1, shape.told.sum()))
    new[a] += size[a] * (normal[a] * width) @ shape.directions.T
    b = kind == 1
    free = shape.directions[:, ~shape.told]
    along = z[b] @ free
    new[b] += ((np.sqrt(1 - size[b] ** 2) - 1) * along + size[b] * normal[b][:, : free.shape[1]]) @ free.T
    c = kind == 2
    pairs = rng.integers(len(others), size=(2, len(z)))[:, c]
    mask = rng.random(z[c].shape) < rng.random((c.sum(), 1))
    new[c] += mask * (size[c] * (others[pairs[0]] - others[pairs[1]]) + 1e-3 * normal[c])
    d = kind == 3
    redrawn = rng.random(z[d].shape) < (0.2 * size[d]).clip(1.0 / z.shape[1])
    new[d] = np.where(redrawn, normal[d], new[d])
    e = kind == 4
    new[e] += np.where(cheap, size[e] * normal[e], 0.0)
    return new, np.where(b | d, 0.0, 0.5 * ((z**2).sum(axis=1) - (new**2).sum(axis=1)))
