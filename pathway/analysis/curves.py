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
    top: float | None = 1.0,
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
    top : float or None
        Effect without drug; None: fitted too.
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
    free_top = top is None
    low = np.array([bottom[0], math.log(doses[0] / reach), math.log(slope[0])] + [-np.inf] * free_top)
    high = np.array([bottom[1], math.log(doses[-1] * reach), math.log(slope[1])] + [np.inf] * free_top)
    best = min(
        (_least_squares(doses, effects, top, start, low, high) for start in _starts(doses, effects, free_top)),
        key=lambda found: found[1],
    )
    values, residual = best
    curve = Hill(values[3] if free_top else float(top), values[0], math.exp(values[1]), math.exp(values[2]))  # type: ignore[arg-type]
    level = float(effects.mean())
    residual_flat = float(((effects - level) ** 2).sum())
    n_free = len(values)
    left = max(len(doses) - n_free + 1, 1)
    gain = max(residual_flat - residual, 0.0) / (n_free - 1)
    scale = max(residual / left, np.finfo(float).tiny)
    p_value = float(fisher.sf(gain / scale, n_free - 1, left)) if residual_flat > 0.0 else 1.0
    is_flat = bool(p_value > significance)
    r_squared = 0.0 if is_flat or residual_flat == 0.0 else 1.0 - residual / residual_flat
    return HillFit(curve, level, residual, residual_flat, p_value, r_squared, is_flat)


def _starts(doses: np.ndarray, effects: np.ndarray, free_top: bool) -> list[list[float]]:
    """Different steepness and plateau: the sum of squares has more than one valley where the plateau is not reached."""
    middle = math.log(float(np.median(doses)))
    span = float(effects.max() - effects.min())
    plateaus = (float(effects[-1]), float(effects.min()) - 0.3 * span)
    return [
        [plateau, where, math.log(steep)] + [float(effects[0])] * free_top
        for plateau in plateaus
        for where in (middle, math.log(doses[-1]))
        for steep in (0.7, 1.5, 3.0)
    ]


def _least_squares(
    doses: np.ndarray, effects: np.ndarray, top: float | None, start: list[float], low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, float]:
    from scipy.optimize import least_squares

    log_doses = np.log(doses)

    def parts(v: np.ndarray) -> tuple[np.ndarray, float, float]:
        height = v[3] if top is None else top
        weight = 1.0 / (1.0 + np.exp(np.clip(math.exp(v[2]) * (log_doses - v[1]), -700, 700)))
        return weight, height, math.exp(v[2])

    def residuals(v: np.ndarray) -> np.ndarray:
        weight, height, _ = parts(v)
        return v[0] + (height - v[0]) * weight - effects

    def slopes(v: np.ndarray) -> np.ndarray:
        weight, height, steep = parts(v)
        bend = (height - v[0]) * weight * (1.0 - weight)
        columns = [1.0 - weight, bend * steep, -bend * steep * (log_doses - v[1])]
        return np.stack([*columns, weight] if top is None else columns, axis=1)

    start_inside = np.clip(start, low + 1e-9, high - 1e-9)
    found = least_squares(
        residuals, start_inside, slopes, bounds=(low, high), xtol=1e-15, ftol=1e-15, gtol=1e-15, x_scale="jac"
    )
    return found.x, float((found.fun**2).sum())
