"""A fast stand-in for the simulator, learnt from the runs that were made.

Kernel ridge regression (the mean of a Gaussian process) of every simulated number, on distances weighted by how much
each coordinate moves the outputs. It only proposes: no weight ever depends on it.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

NUGGETS = (1e-4, 1e-3, 1e-2, 3e-2)
WIDTHS = (2.0, 6.0)
_TRIED = 400
"""Runs on which width and nugget are chosen."""
_REST = 1e-3
"""Share of the outputs' variance that is not learnt."""
_RATIO = 3.0
"""Positive outputs that spread over more than this factor are learnt as logarithms."""


@dataclass(frozen=True, eq=False)
class Emulator:
    """Outputs as a function of features.

    Attributes
    ----------
    left_out : array, shape (n_runs, n_outputs)
        Each run as predicted from all others.
    explained : array, shape (n_outputs,)
        Share of the variance that these predictions explain.
    """

    left_out: np.ndarray
    explained: np.ndarray
    _center: np.ndarray
    _scales: np.ndarray
    _runs: np.ndarray
    _coefficients: np.ndarray
    _components: np.ndarray
    _mean: np.ndarray
    _spread: np.ndarray
    _range: np.ndarray
    _logarithmic: np.ndarray

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Outputs, shape (n, n_outputs), never beyond what the runs spanned by more than a tenth."""
        centered = features - self._center
        smooth = _kernel(centered * self._scales, self._runs) @ self._coefficients @ self._components
        scaled = smooth * self._spread + self._mean
        return _unscaled(np.clip(scaled, *self._range), self._logarithmic)


def fit_emulator(features: np.ndarray, outputs: np.ndarray) -> Emulator:
    """Learn outputs of shape (n_runs, n_outputs) from features of shape (n_runs, n_features).

    An output that is nan somewhere is learnt as if it had its median there.
    """
    if not np.isfinite(outputs).all():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a column that is nan throughout
            outputs = np.where(np.isfinite(outputs), outputs, np.nan_to_num(np.nanmedian(outputs, axis=0)))
    logarithmic = (outputs > 0).all(axis=0) & (outputs.max(axis=0) > _RATIO * np.abs(outputs.min(axis=0)))
    learnt = np.where(logarithmic, np.log(np.where(logarithmic, outputs, 1.0)), outputs)
    mean, spread = learnt.mean(axis=0), learnt.std(axis=0)
    moving = spread > 1e-12 * np.abs(mean).clip(1e-300)
    y = np.where(moving, (learnt - mean) / np.where(moving, spread, 1.0), 0.0)
    center = features.mean(axis=0)
    x = features - center
    scores, components = _compressed(y)
    relevance = _relevance(x, scores)
    few = slice(None, None, max(1, len(x) // _TRIED))
    tried = {(w, n): _left_out(x[few], scores[few], _scales(x, relevance, w), n)[1] for w in WIDTHS for n in NUGGETS}
    width, nugget = min(tried, key=lambda pair: float((tried[pair] ** 2).mean()))
    scales = _scales(x, relevance, width)
    coefficients, error = _left_out(x, scores, scales, nugget)
    error = error @ components + (y - scores @ components)
    margin = 0.1 * (learnt.max(axis=0) - learnt.min(axis=0))
    left_out = _unscaled((y - error) * spread + mean, logarithmic)
    explained = np.where(moving, 1.0 - (error**2).mean(axis=0), 1.0)
    limits = np.array([learnt.min(axis=0) - margin, learnt.max(axis=0) + margin])
    spread = np.where(moving, spread, 0.0)
    return Emulator(
        left_out, explained, center, scales, x * scales, coefficients, components, mean, spread, limits, logarithmic
    )


def _compressed(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores (n_runs, n_kept) and components (n_kept, n_outputs) whose product is y but for a small rest."""
    left, sizes, right = np.linalg.svd(y, full_matrices=False)
    kept = max(1, int(np.searchsorted(np.cumsum(sizes**2), (1.0 - _REST) * (sizes**2).sum())) + 1)
    return left[:, :kept] * sizes[:kept], right[:kept]


def _scales(x: np.ndarray, relevance: np.ndarray, width: float) -> np.ndarray:
    """What features are multiplied by before distances are taken."""
    return np.sqrt(relevance) / (width * np.sqrt(2.0 * (relevance * x.var(axis=0)).sum()).clip(1e-12))


def _left_out(x: np.ndarray, y: np.ndarray, scales: np.ndarray, nugget: float) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of the kernel's columns, and the error of each run as predicted from all others, in closed form."""
    factor = cho_factor(_kernel(x * scales, x * scales) + nugget * np.eye(len(x)), check_finite=False)
    inverse = cho_solve(factor, np.eye(len(x)), check_finite=False)
    coefficients = inverse @ y
    return coefficients, coefficients / np.diag(inverse)[:, None]


def _relevance(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Mean squared linear slope of the outputs along each feature, less twice what chance alone would give."""
    slopes = np.linalg.solve(x.T @ x + 0.1 * len(x) * np.eye(x.shape[1]), x.T @ y)
    squares, chance = (slopes**2).mean(axis=1), ((y - x @ slopes) ** 2).mean() / len(x)
    return np.maximum(squares - 2.0 * chance, 1e-3 * squares) + 1e-12


def _kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2.0 * a @ b.T
    return np.exp(-np.maximum(squares, 0.0))


def _unscaled(scaled: np.ndarray, logarithmic: np.ndarray) -> np.ndarray:
    return np.where(logarithmic, np.exp(np.where(logarithmic, scaled, 0.0)), scaled)
