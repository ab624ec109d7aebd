"""How measurements scatter: negative log-likelihood per measurement, with slopes and information.

With t the transformation (identity, log, log10), r = (t(simulated) - t(measured)) / noise, and the density being that
of the measured value itself (so that the logarithms carry a factor 1/measured).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import special

_LOG_2PI = math.log(2.0 * math.pi)
_LN10 = math.log(10.0)
LINEAR, LOG, LOG10 = 0, 1, 2
NORMAL, LAPLACE, STUDENT_T = 0, 1, 2
TRANSFORMATIONS = {"linear": LINEAR, "log": LOG, "log10": LOG10}
DISTRIBUTIONS = {"normal": NORMAL, "laplace": LAPLACE, "student_t": STUDENT_T}


@dataclass(frozen=True, eq=False)
class LossTerms:
    """Per measurement, each array of shape (..., n).

    Attributes
    ----------
    loss : array
        Negative log-likelihood.
    residual : array
        (t(simulated) - t(measured)) / noise.
    by_simulated, by_noise : array
        Slopes of the loss.
    information_simulated, information_noise : array
        Expected second derivatives (Fisher information) by the simulated value and by the noise.
    """

    loss: np.ndarray
    residual: np.ndarray
    by_simulated: np.ndarray
    by_noise: np.ndarray
    information_simulated: np.ndarray
    information_noise: np.ndarray


@dataclass(frozen=True, eq=False)
class NoiseModel:
    """The fixed part of the comparison: measurements and how each scatters.

    Attributes
    ----------
    measured : array, shape (n,)
    distribution, transformation : int array, shape (n,)
    freedom : array, shape (n,)
        Degrees of freedom where Student's t.
    censored : int array, shape (n,)
        0 measured, -1 at most this value, +1 at least.
    counted : bool array, shape (n,)
        Where False, loss, slopes and information are zero.
    soft : float
        Laplace residuals nearer to zero than this count as in a parabola, and the information becomes the curvature of
        parabolas that lie above the loss and touch it (Huber 1964, doi 10.1214/aoms/1177703732): for descents, which
        no kink must hold up. 0: the noise as it is.
    """

    measured: np.ndarray
    distribution: np.ndarray
    transformation: np.ndarray
    freedom: np.ndarray
    censored: np.ndarray
    counted: np.ndarray
    soft: float = 0.0

    def loss(self, simulated: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Negative log-likelihoods at simulated values and noise levels, each of shape (..., n)."""
        if not self._plain:
            return self.scatter(simulated, noise).loss
        r = (simulated - self.measured) / noise
        return 0.5 * (r * r + _LOG_2PI) + np.log(noise)

    def scatter(self, simulated: np.ndarray, noise: np.ndarray) -> LossTerms:
        """Loss and slopes at simulated values and noise levels, each of shape (..., n)."""
        with np.errstate(all="ignore"):
            if self._plain:
                precision = 1.0 / noise
                r = (simulated - self.measured) / noise
                square = precision * precision
                loss = 0.5 * (r * r + _LOG_2PI) + np.log(noise)
                return LossTerms(loss, r, r * precision, (1.0 - r * r) * precision, square, 2.0 * square)
            ahead, slope, constant = self._transformed(simulated)
            r = ahead / noise
            loss, by_r, info_r, info_noise = self._standard(r)
            loss = loss + np.log(noise) + constant
            by_noise = (1.0 - by_r * r) / noise
            self._censor(r, loss, by_r, by_noise, noise)
            by_simulated, informations = by_r * slope / noise, (info_r * (slope / noise) ** 2, info_noise / noise**2)
            if np.all(self.counted):
                return LossTerms(loss, r, by_simulated, by_noise, *informations)
            terms = [np.where(self.counted, a, 0.0) for a in (loss, by_simulated, by_noise, *informations)]
            return LossTerms(terms[0], r, *terms[1:])

    def scattered(self, simulated: np.ndarray, noise: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """What would be measured: simulated values with scatter, shape (..., n)."""
        steps = rng.standard_normal(simulated.shape)
        steps = np.where(self.distribution == LAPLACE, rng.laplace(size=simulated.shape), steps)
        heavy = rng.standard_t(np.where(self.distribution == STUDENT_T, self.freedom, 1.0), size=simulated.shape)
        steps = noise * np.where(self.distribution == STUDENT_T, heavy, steps)
        unit = np.where(self.transformation == LOG10, _LN10, 1.0)
        return np.where(self.transformation == LINEAR, simulated + steps, simulated * np.exp(unit * steps))

    @cached_property
    def _plain(self) -> bool:
        """Whether every measurement counts, as it is, with normal noise."""
        unusual = (self.distribution != NORMAL) | (self.transformation != LINEAR) | (self.censored != 0)
        return bool(np.all(self.counted)) and not unusual.any()

    def _transformed(self, simulated: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Difference after the transformation, its slope by the simulated value, constant part of the loss."""
        logarithmic = self.transformation != LINEAR
        if not logarithmic.any():
            return simulated - self.measured, np.ones_like(simulated), np.zeros_like(simulated)
        unit = np.where(self.transformation == LOG10, _LN10, 1.0)
        ratio = np.where(logarithmic, simulated / self.measured, 1.0)
        ahead = np.where(logarithmic, np.log(ratio) / unit, simulated - self.measured)
        slope = np.where(logarithmic, 1.0 / (simulated * unit), 1.0)
        constant = np.where(logarithmic, np.log(np.abs(self.measured) * unit), 0.0)
        return ahead, slope, constant

    def _standard(self, r: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Loss, slope and information of the standardized residual, and the information about log noise."""
        loss, by_r = 0.5 * (r * r + _LOG_2PI), r.copy()
        info_r, info_noise = np.ones_like(r), np.full_like(r, 2.0)
        laplace = self.distribution == LAPLACE
        if laplace.any():
            far = np.maximum(np.abs(r), self.soft)
            loss = np.where(laplace, (0.5 * (r * r / far + far) if self.soft else far) + math.log(2.0), loss)
            by_r = np.where(laplace, r / far if self.soft else np.sign(r), by_r)
            info_r = np.where(laplace, 1.0 / far, info_r) if self.soft else info_r
            info_noise = np.where(laplace, 1.0, info_noise)
        student = self.distribution == STUDENT_T
        if student.any():
            v = self.freedom
            constant = special.gammaln(v / 2) - special.gammaln((v + 1) / 2) + 0.5 * np.log(v * np.pi)
            loss = np.where(student, constant + 0.5 * (v + 1) * np.log1p(r * r / v), loss)
            by_r = np.where(student, (v + 1) * r / (v + r * r), by_r)
            info_r = np.where(student, (v + 1) / (v + 3), info_r)
            info_noise = np.where(student, 2 * v / (v + 3), info_noise)
        return loss, by_r, info_r, info_noise

    @cached_property
    def _beyond_limits(self) -> list[tuple[int, np.ndarray]]:
        """Censored measurements by distribution."""
        rows = np.flatnonzero(self.censored)
        kinds = self.distribution[rows]
        return [(int(kind), rows[kinds == kind]) for kind in np.unique(kinds)]

    def _censor(
        self, r: np.ndarray, loss: np.ndarray, by_r: np.ndarray, by_noise: np.ndarray, noise: np.ndarray
    ) -> None:
        """Replace the loss of censored measurements by that of lying beyond the limit (in place)."""
        for kind, rows in self._beyond_limits:
            # r > 0 means that the simulation lies above the limit.
            side, distance = -self.censored[rows], r[..., rows]
            loss[..., rows], slope = _beyond(-side * distance, kind, self.freedom[rows])
            by_r[..., rows] = -side * slope
            by_noise[..., rows] = side * slope * distance / noise[..., rows]


def _beyond(z: np.ndarray, distribution: int, freedom: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """-log P(standard variable <= z) and its slope by z."""
    if distribution == NORMAL:
        value = special.log_ndtr(z)
        return -value, -np.exp(-0.5 * (z * z + _LOG_2PI) - value)
    if distribution == LAPLACE:
        tail = 0.5 * np.exp(-np.abs(z))
        below = z < 0.0
        return np.where(below, math.log(2.0) - z, -np.log1p(-tail)), np.where(below, -1.0, -tail / (1.0 - tail))
    share = special.stdtr(freedom, z)
    constant = special.gammaln((freedom + 1) / 2) - special.gammaln(freedom / 2) - 0.5 * np.log(freedom * math.pi)
    density = np.exp(constant) * (1 + z * z / freedom) ** (-(freedom + 1) / 2)
    seen = share > 0.0
    return np.where(seen, -np.log(share), math.inf), np.where(seen, -density / share, 0.0)
