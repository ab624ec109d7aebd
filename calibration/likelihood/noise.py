"""From readings to numbers on a datum's scale, and Gaussian likelihoods with shared offsets and gains marginalized."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

LEAST = 1e-12
"""A share or level below this is taken for this before a logarithm."""

Values = Sequence[np.ndarray]


def _log10_fold(readings: Values, background: np.ndarray, divisions: np.ndarray, hours: float) -> np.ndarray:
    """Signal over that of the control; both carry a background, given as a share of the control's signal."""
    now, before = (np.maximum(one, LEAST) for one in readings)
    return np.log10(background + (1.0 - background) * now / before)


def _log10_level(readings: Values, background: np.ndarray, divisions: np.ndarray, hours: float) -> np.ndarray:
    return np.log10(np.maximum(readings[0], LEAST))


def _level(readings: Values, background: np.ndarray, divisions: np.ndarray, hours: float) -> np.ndarray:
    return readings[0]


def _log_ratio(readings: Values, background: np.ndarray, divisions: np.ndarray, hours: float) -> np.ndarray:
    """The first half of the readings, summed, over the second."""
    half = len(readings) // 2
    now, before = (np.maximum(sum(part), LEAST) for part in (readings[:half], readings[half:]))
    return np.log(now / before)


def _relative_count(readings: Values, background: np.ndarray, divisions: np.ndarray, hours: float) -> np.ndarray:
    """Cells relative to untreated ones after so many divisions d of these: 2^(d (q - 1)), where q is growth under
    treatment over growth without (GR = 2^q - 1). Readings: logarithm of the count, growth rate of untreated cells."""
    treated, rate = readings
    return np.exp2(np.clip(divisions * (treated / (rate * hours) - 1.0), -60.0, 20.0))


def _growth_rate_inhibition(
    readings: Values, background: np.ndarray, divisions: np.ndarray, hours: float
) -> np.ndarray:
    """GR: 2^q - 1, where q is growth under treatment over growth without."""
    treated, rate = readings
    return np.exp2(np.clip(treated / (rate * hours), -60.0, 20.0)) - 1.0


def _log_slope(readings: Values, background: np.ndarray, divisions: np.ndarray, hours: float) -> np.ndarray:
    """d ln(first) / d ln(second) between two conditions: readings are first, first before, second, second before."""
    first, before, second, second_before = (np.maximum(one, LEAST) for one in readings)
    run = np.log(second / second_before)
    return np.log(first / before) / np.where(np.abs(run) < 1e-9, np.nan, run)


SCALES: dict[str, Callable[[Values, np.ndarray, np.ndarray, float], np.ndarray]] = {
    "log10 fold": _log10_fold,
    "log10 level": _log10_level,
    "level": _level,
    "log ratio": _log_ratio,
    "relative count": _relative_count,
    "GR": _growth_rate_inhibition,
    "log slope": _log_slope,
}


def spread(model: np.ndarray) -> np.ndarray:
    """A group's model values, shape (n_members, n_data), scaled to 0-1 over the group, as its data are; a course that
    hardly moves stays one."""
    low, high = model.min(axis=1, keepdims=True), model.max(axis=1, keepdims=True)
    return (model - low) / np.maximum(high - low, 0.02 * np.abs(high) + 1e-9)


def design(model: np.ndarray, offset: float, gain: float) -> np.ndarray:
    """Columns of what a group shares, in units of their standard deviations, (n_members, n_data, n_shared)."""
    columns = []
    if offset > 0.0:
        columns.append(np.full_like(model, offset))
    if gain > 0.0:
        columns.append(gain * (model - model.mean(axis=1, keepdims=True)))
    return np.stack(columns, axis=2) if columns else np.zeros((*model.shape, 0))


def log_density(residual: np.ndarray, variance: np.ndarray, shared: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Logarithm of the density of residuals with independent errors and shared, standard normal coefficients.

    Parameters
    ----------
    residual : array, shape (n_members, n_data)
        Measured less modelled.
    variance : array, shape (n_members, n_data)
    shared : array, shape (n_members, n_data, n_shared)

    Returns
    -------
    log_density : array, shape (n_members,)
        Of a normal distribution with covariance diag(variance) + shared shared^T.
    coefficients : array, shape (n_members, n_shared)
        Their mean given the residuals.
    """
    n = residual.shape[1]
    weighted = residual / variance
    total = -0.5 * (n * np.log(2.0 * np.pi) + np.log(variance).sum(axis=1) + (residual * weighted).sum(axis=1))
    if not shared.shape[2]:
        return total, np.zeros((len(residual), 0))
    scaled = shared / variance[:, :, None]
    matrix = np.eye(shared.shape[2]) + np.swapaxes(shared, 1, 2) @ scaled
    right = (scaled * residual[:, :, None]).sum(axis=1)
    coefficients = np.linalg.solve(matrix, right[..., None])[..., 0]
    total += 0.5 * (right * coefficients).sum(axis=1) - 0.5 * np.log(np.linalg.det(matrix))
    return total, coefficients
