"""Curves through dose-response points: a Hill curve, a flat line, and the test that decides between them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .mistakes import AnalysisError

SMALLEST = 1e-4
"""Differences of an effect that no experiment sees; a hundred times the error of a simulated one."""


@dataclass(frozen=True)
class HillCurve:
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
    curve : HillCurve
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

    curve: HillCurve
    level: float
    residual: float
    residual_flat: float
    p_value: float
    r_squared: float
    is_flat: bool


def checked_dose_response(doses: np.ndarray, effects: np.ndarray, least: int) -> tuple[np.ndarray, np.ndarray]:
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
    if (count := len(np.unique(doses[kept]))) < least:
        raise AnalysisError(f"a curve needs {least} different doses above zero, but there are {count}")
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
        Above this p-value of the F-test the response counts as flat; so does one within `SMALLEST`, since simulated
        points have no scatter that could hide a trend.

    Returns
    -------
    HillFit

    Notes
    -----
    The F-test has (p - 1) and (n - p + 1) degrees of freedom, as in Hafner et al. 2016, doi 10.1038/nmeth.3853.
    """
    from scipy.special import fdtrc

    doses, effects = checked_dose_response(doses, effects, 3)
    (curve,), (residual,) = fit_many_hill(
        doses, effects[None], np.array([top]), bottom=bottom, slope=slope, reach=reach
    )
    level = float(effects.mean())
    residual_flat = float(((effects - level) ** 2).sum())
    left = max(len(doses) - 2, 1)
    gain = max(residual_flat - residual, 0.0) / 2
    scale = max(residual / left, np.finfo(float).tiny)
    p_value = float(fdtrc(2, left, gain / scale)) if residual_flat > 0.0 else 1.0
    is_flat = bool(p_value > significance or np.ptp(effects) < SMALLEST)
    r_squared = 0.0 if is_flat or residual_flat == 0.0 else 1.0 - residual / residual_flat
    return HillFit(curve, level, residual, residual_flat, p_value, r_squared, is_flat)


def fit_many_hill(
    doses: np.ndarray,
    effects: np.ndarray,
    tops: np.ndarray,
    *,
    bottom: tuple[float, float] = (-1.0, 1.0),
    slope: tuple[float, float] = (0.1, 5.0),
    reach: float = 100.0,
) -> tuple[list[HillCurve], list[float]]:
    """Hill curves of least squares through several series over the same doses, all at once.

    Parameters
    ----------
    doses : array, shape (n,)
        Positive, ascending.
    effects : array, shape (k, n)
    tops : array, shape (k,)

    Returns
    -------
    curves : list of k HillCurve
    residuals : list of k float
        Sums of squares.
    """
    places = np.log(doses)
    low = np.array([bottom[0], places[0] - math.log(reach), math.log(slope[0])])
    high = np.array([bottom[1], places[-1] + math.log(reach), math.log(slope[1])])
    starts = np.clip(_starts(places, effects), low, high)
    each = starts.shape[1]
    values, squares = _least_squares(
        places, np.repeat(effects, each, axis=0), np.repeat(tops, each), starts.reshape(-1, 3), low, high
    )
    values, squares = values.reshape(starts.shape), squares.reshape(starts.shape[:2])
    best = squares.argmin(axis=1)
    rows = np.arange(len(effects))
    fitted, left = values[rows, best], squares[rows, best]
    curves = [
        HillCurve(float(t), float(b), math.exp(half), math.exp(steep))
        for t, (b, half, steep) in zip(tops, fitted, strict=True)
    ]
    return curves, [float(square) for square in left]


def _starts(places: np.ndarray, effects: np.ndarray) -> np.ndarray:
    """Different steepness and plateau: the sum of squares has more than one valley where the plateau is not reached."""
    span = effects.max(axis=1) - effects.min(axis=1)
    starts = [
        np.stack([plateau, np.full(len(effects), where), np.full(len(effects), math.log(steep))], axis=1)
        for plateau in (effects[:, -1], effects.min(axis=1) - 0.3 * span)
        for where in (float(np.median(places)), places[-1])
        for steep in (0.7, 1.5, 3.0)
    ]
    return np.stack(starts, axis=1)


def _least_squares(
    places: np.ndarray, effects: np.ndarray, tops: np.ndarray, starts: np.ndarray, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Levenberg-Marquardt for many curves in step: plateau, log half dose and log slope, kept within bounds.

    Effects have shape (k, n), starts (k, 3); curves that have come to rest leave the crowd.
    """
    values = starts.copy()
    residual, slopes = _residuals(places, effects, tops, values)
    squares, damping = (residual**2).sum(axis=-1), np.full(len(values), 1e-2)
    moving = np.arange(len(values))
    for _ in range(_MOST_STEPS):
        held, step = _step(values[moving], residual[moving], slopes[moving], damping[moving], low, high)
        trial = np.clip(values[moving] + np.clip(step, -2.0, 2.0), low, high)
        residual_trial, slopes_trial = _residuals(places, effects[moving], tops[moving], trial)
        squares_trial = (residual_trial**2).sum(axis=-1)
        better = squares_trial < squares[moving]
        distance = np.abs(trial - values[moving]).max(axis=-1)
        gaining = ~better | (squares[moving] - squares_trial > 1e-12 * squares[moving] + 1e-22)
        taken = moving[better]
        values[taken], residual[taken], slopes[taken] = trial[better], residual_trial[better], slopes_trial[better]
        squares[taken] = squares_trial[better]
        damping[moving] = np.clip(np.where(better, damping[moving] * 0.2, damping[moving] * 5.0), 1e-14, 1e10)
        moving = moving[(distance >= 1e-13) & gaining & ~held.all(axis=-1)]
        if not len(moving):
            break
    return values, squares


_MOST_STEPS = 150
"""A curve that is still moving then lies in a valley so flat that its values differ by less than 1e-5."""


def _step(
    values: np.ndarray, residual: np.ndarray, slopes: np.ndarray, damping: np.ndarray, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Which values are held at a bound, and the damped Gauss-Newton step of the others."""
    normal = slopes @ slopes.swapaxes(-1, -2)
    downhill = -(slopes @ residual[..., None])[..., 0]
    # A value at its bound that wants to go further stays out of the step.
    held = ((values <= low) & (downhill < 0)) | ((values >= high) & (downhill > 0))
    normal = np.where(held[..., :, None] | held[..., None, :], 0.0, normal)
    diagonal = np.maximum(np.einsum("...ii->...i", normal), 1e-14)
    normal = normal + (damping[..., None] * diagonal + 1e-16 + held)[..., None] * np.eye(3)
    return held, np.linalg.solve(normal, np.where(held, 0.0, downhill)[..., None])[..., 0]


def _residuals(
    places: np.ndarray, effects: np.ndarray, tops: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Curve minus points, shape (k, n), and its derivatives by the three values, shape (k, 3, n)."""
    bottom, half, steep = values[..., 0:1], values[..., 1:2], np.exp(values[..., 2:3])
    away = places - half
    weight = 1.0 / (1.0 + np.exp(np.clip(steep * away, -700, 700)))
    height = tops[..., None] - bottom
    bend = height * weight * (1.0 - weight)
    residual = bottom + height * weight - effects
    return residual, np.stack([1.0 - weight, bend * steep, -bend * steep * away], axis=-2)
