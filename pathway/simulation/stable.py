"""A proof of stability that costs less than eigenvalues."""

from __future__ import annotations

import numpy as np

LOOKS, SQUARINGS = 3, 4
"""Times that a matrix is squared so often and looked at, before the proof is given up."""


def is_surely_stable(matrices: np.ndarray, inverses: np.ndarray, sizes: np.ndarray, spread: float) -> np.ndarray:
    """Whether all eigenvalues surely have negative real parts, and none is smaller than `spread` times the largest.

    To an eigenvalue z of M belongs 1 + a z + b / z of I + a M + b / M, with a, b > 0. Where that is less than 1 in
    size, the real part of z, which has the sign of that of a z + b / z, is negative; so it is enough that some power
    of the matrix shrinks. The sizes of M and of its inverse bound the fastest and the slowest eigenvalue.

    Parameters
    ----------
    matrices : array, shape (n_members, n, n)
    inverses : array, shape (n_members, n, n)
    sizes : array, shape (n_members, n)
        On whose scale the matrices are taken, which makes them far more normal.
    spread : float

    Returns
    -------
    bool array, shape (n_members,)
        False: not known.
    """
    sizes = np.abs(sizes)
    sizes += 1e-12 * sizes.max(axis=1, keepdims=True) + 1e-300
    scales = sizes[:, None, :] / sizes[:, :, None]
    matrices, inverses = matrices * scales, inverses * scales
    fastest, slowest = _norms(matrices), _norms(inverses)
    well = fastest * slowest * spread < 1.0
    powers = matrices / fastest + inverses / slowest
    powers[:, np.arange(powers.shape[1]), np.arange(powers.shape[1])] += 1.0
    for _ in range(LOOKS):
        for _ in range(SQUARINGS):
            powers = powers @ powers
        proven = well & (_norms(powers) < 0.5)
        if proven.all():
            break
    return proven[:, 0, 0]


def _norms(matrices: np.ndarray) -> np.ndarray:
    """Frobenius norms, shape (n_members, 1, 1)."""
    return np.sqrt(np.einsum("kij,kij->k", matrices, matrices))[:, None, None]
