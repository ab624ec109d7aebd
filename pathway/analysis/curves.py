"""Curves through dose-response points: a Hill curve, a flat line, and the test that decides between them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .mistakes import AnalysisError


@dataclass(frozen=True)
class Hill:
    """Effect of a dose: `top` without drug, `bottom` at infinite dose, halfway at `half`, with a steepness.

    Attributes
    ----------
    top, bottom : float
        In units of the effect; `bottom` may lie above `top`.
    half : float
        In units of the dose.
    slope : float
        Hill exponent, positive.
    """

    top: float
    bottom: float
    half: float
    slope: float

    def effect(self, dose: np.ndarray | float) -> np.ndarray:
        """The effect at each dose."""
        relative = (np.asarray(dose, dtype=float) / self.half) ** self.slope
        return self.bottom + (self.top - self.bottom) / (1.0 + relative)

    def dose(self, effect: np.ndarray | float) -> np.ndarray:
        """The dose that gives each effect: 0 at or before `top`, infinite at or beyond `bottom`."""
        share = (np.asarray(effect, dtype=float) - self.top) / (self.bottom - self.top)
        inside = (share > 0.0) & (share < 1.0)
        odds = np.where(inside, share, 0.5) / (1.0 - np.where(inside, share, 0.5))
        return np.where(inside, self.half * odds ** (1.0 / self.slope), np.where(share <= 0.0, 0.0, math.inf))


@dataclass(frozen=True)
class HillFit:
    """A Hill curve through points, and how it compares with a flat line.

    Attributes
    ----------
    curve : Hill
        Where the line is as good (`p_value` above the level asked for), `is_flat` is true and the curve's numbers
        should not be quoted.
    level : float
        Height of the flat line: the mean of the points.
    residual, residual_flat : float
        Sums of squares.
    p_value : float
        Of the F-test of the curve against the line.
    r_squared : float
        Of what is kept: the curve, or the line (then 0).
    """

    curve: Hill
    level: float
    residual: float
    residual_flat: float
    p_value: float
    r_squared: float
    is_flat: bool


def checked_series(doses: np.ndarray, effects: np.ndarray, least: int) -> tuple[np.ndarray, np.ndarray]:
    """Doses and effects as arrays in ascending order of dose, zero doses left out.

    Raises
    ------
    AnalysisError
        If there are too few positive doses, or something is not a finite number.
    """
    doses, effects = np.asarray(doses, dtype=float), np.asarray(effects, dtype=float)
    if doses.shape != effects.shape or doses.ndim != 1:
        raise AnalysisError(f"doses have shape {doses.shape}, effects {effects.shape}; both must be one list")
    if not (np.isfinite(doses).all() and np.isfinite(effects).all()):
        raise AnalysisError("doses and effects must be finite numbers; leave missing wells out")
    if (doses < 0).any():
        raise AnalysisError(f"a dose cannot be negative, but {doses.min():g} was given")
    kept = doses > 0
    if len(np.unique(doses[kept])) < least:
        found = len(np.unique(doses[kept]))
        raise AnalysisError(f"a curve needs {least} different doses above zero, but there are {found}")
    order = np.argsort(doses[kept], kind="stable")
    return doses[kept][order], effects[kept][order]


def fit_hill(
    doses: np.ndarray,
    effects: np.ndarray,
    *,
    top: float = 1.0,
    bottom: tuple[float, float] = (-1.0, 1.0),
    slope: tuple[float, float] = (0.1, 5.0),
    reach: float = 100.0,
    significance: float = 0.05,
) -> HillFit:
    """The Hill curve of least squares through the points, and the flat line beside it.

    Parameters
    ----------
    doses : array, shape (n,)
        Positive.
    effects : array, shape (n,)
    top : float
        Effect without drug.
    bottom, slope : (low, high)
        Bounds; those of the public GR scripts unless told otherwise.
    reach : float
        The half dose may lie this many times outside the range of doses.
    significance : float
        Above this p-value of the F-test the response counts as flat.

    Returns
    -------
    HillFit

    Notes
    -----
    The F-test has (p - 1) and (n - p + 1) degrees of freedom, as in Hafner et al. 2016, doi 10.1038/nmeth.3853.
    """
    from scipy.stats import f as fisher

    doses, effects = checked_series(doses, effects, 3)
    (curve,), (residual,) = fit_many(doses, effects[None], np.array([top]), bottom=bottom, slope=slope, reach=reach)
    level = float(effects.mean())
    residual_flat = float(((effects - level) ** 2).sum())
    left = max(len(doses) - 2, 1)
    gain = max(residual_flat - residual, 0.0) / 2
    scale = max(residual / left, np.finfo(float).tiny)
    p_value = float(fisher.sf(gain / scale, 2, left)) if residual_flat > 0.0 else 1.0
    is_flat = bool(p_value > significance)
    r_squared = 0.0 if is_flat or residual_flat == 0.0 else 1.0 - residual / residual_flat
    return HillFit(curve, level, residual, residual_flat, p_value, r_squared, is_flat)


def fit_many(
    doses: np.ndarray,
    effects: np.ndarray,
    tops: np.ndarray,
    *,
    bottom: tuple[float, float] = (-1.0, 1.0),
    slope: tuple[float, float] = (0.1, 5.0),
    reach: float = 100.0,
) -> tuple[list[Hill], list[float]]:
    """Hill curves of least squares through several series over the same doses, all at once.

    Parameters
    ----------
    doses : array, shape (n,)
        Positive, ascending.
    effects : array, shape (k, n)
    tops : array, shape (k,)

    Returns
    -------
    curves : list of k Hill
    residuals : list of k float
        Sums of squares.
    """
    places = np.log(doses)
    low = np.array([bottom[0], places[0] - math.log(reach), math.log(slope[0])])
    high = np.array([bottom[1], places[-1] + math.log(reach), math.log(slope[1])])
    starts = np.clip(_starts(places, effects), low, high)
    values, squares = _least_squares(places, effects[:, None, :], tops[:, None], starts, low, high)
    best = squares.argmin(axis=1)
    rows = np.arange(len(effects))
    found, left = values[rows, best], squares[rows, best]
    curves = [
        Hill(float(t), float(b), math.exp(half), math.exp(steep))
        for t, (b, half, steep) in zip(tops, found, strict=True)
    ]
    return curves, [float(square) for square in left]


def _starts(places: np.ndarray, effects: np.ndarray) -> np.ndarray:
    """Different steepness and plateau: the sum of squares has more than one valley where the plateau is not reached."""
    span = effects.max(axis=1) - effects.min(axis=1)
    made = [
        np.stack([plateau, np.full(len(effects), where), np.full(len(effects), math.log(steep))], axis=1)
        for plateau in (effects[:, -1], effects.min(axis=1) - 0.3 * span)
        for where in (float(np.median(places)), places[-1])
        for steep in (0.7, 1.5, 3.0)
    ]
    return np.stack(made, axis=1)


def _least_squares(
    places: np.ndarray, effects: np.ndarray, tops: np.ndarray, starts: np.ndarray, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Levenberg-Marquardt for many starts in step: plateau, log half dose and log slope, kept within bounds."""
    values = starts.copy()
    residual, slopes = _residuals(places, effects, tops, values)
    squares, damping = (residual**2).sum(axis=-1), np.full(values.shape[:-1], 1e-2)
    for _ in range(400):
        normal = np.einsum("...ni,...nj->...ij", slopes, slopes)
        downhill = -np.einsum("...ni,...n->...i", slopes, residual)
        # A value at its bound that wants to go further stays out of the step.
        held = ((values <= low) & (downhill < 0)) | ((values >= high) & (downhill > 0))
        normal = np.where(held[..., :, None] | held[..., None, :], 0.0, normal)
        diagonal = np.maximum(np.einsum("...ii->...i", normal), 1e-14)
        normal = normal + (damping[..., None] * diagonal + 1e-16)[..., None] * np.eye(3)
        normal = normal + held[..., None] * np.eye(3)
        step = np.linalg.solve(normal, np.where(held, 0.0, downhill)[..., None])[..., 0]
        trial = np.clip(values + np.clip(step, -2.0, 2.0), low, high)
        residual_trial, slopes_trial = _residuals(places, effects, tops, trial)
        squares_trial = (residual_trial**2).sum(axis=-1)
        better = squares_trial < squares
        moved = np.abs(trial - values).max(axis=-1)
        values = np.where(better[..., None], trial, values)
        residual = np.where(better[..., None], residual_trial, residual)
        slopes = np.where(better[..., None, None], slopes_trial, slopes)
        squares = np.where(better, squares_trial, squares)
        damping = np.clip(np.where(better, damping * 0.2, damping * 5.0), 1e-14, 1e10)
        if (moved < 1e-13).all():
            break
    return values, squares


def _residuals(
    places: np.ndarray, effects: np.ndarray, tops: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Curve minus points, and its derivatives by the three values (last axis)."""
    bottom, half, steep = values[..., 0:1], values[..., 1:2], np.exp(values[..., 2:3])
    away = places - half
    weight = 1.0 / (1.0 + np.exp(np.clip(steep * away, -700, 700)))
    height = tops[..., None] - bottom
    bend = height * weight * (1.0 - weight)
    residual = bottom + height * weight - effects
    return residual, np.stack([1.0 - weight, bend * steep, -bend * steep * away], axis=-1)
