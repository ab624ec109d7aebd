"""Prior densities of single parameters, with slopes, truncated to bounds where asked."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy import special

_LOG_2PI = math.log(2.0 * math.pi)


@dataclass(frozen=True)
class Prior:
    """A density of one parameter.

    Attributes
    ----------
    distribution : str
        "uniform" (lower, upper), "log_uniform" (lower, upper), "normal" (mean, deviation), "log_normal" (mean and
        deviation of the logarithm), "laplace" (location, scale), "log_laplace" (both of the logarithm), "cauchy"
        (location, scale), "chi_squared" (degrees of freedom), "exponential" (scale), "gamma" (shape, scale),
        "rayleigh" (scale).
    numbers : tuple of float
    on_scale : bool
        Whether the density is of the value on the parameter's scale instead of the natural value.
    lower, upper : float
        Truncation, on the same axis as the density; the density is normalized between them.
    soft : float
        A Laplace density within so many scales of its location is one without a kink, as `NoiseModel.soft` says.
    """

    distribution: str
    numbers: tuple[float, ...]
    on_scale: bool = False
    lower: float = -math.inf
    upper: float = math.inf
    soft: float = field(default=0.0, repr=False)

    def __post_init__(self) -> None:
        if self.distribution not in _DENSITIES:
            known = ", ".join(_DENSITIES)
            raise ValueError(f"no prior is called '{self.distribution}' (known: {known})")
        expected = _DENSITIES[self.distribution][2]
        if len(self.numbers) != expected:
            raise ValueError(f"prior '{self.distribution}' takes {expected} numbers and got {len(self.numbers)}")

    def log_density(self, value: float) -> float:
        """Log density at `value`; -inf outside the support."""
        if not self.lower <= value <= self.upper:
            return -math.inf
        return self._at(value)[0] - self._log_mass()

    def slopes(self, value: float) -> tuple[float, float]:
        """First and second derivative of the log density by the value."""
        _, first, second = self._at(value)
        return first, second

    def _at(self, value: float) -> Slopes:
        if self.soft and self.distribution in _SOFT:
            return _SOFT[self.distribution](value, *self.numbers, self.soft)
        return _DENSITIES[self.distribution][0](value, *self.numbers)

    def draw(self, share: np.ndarray) -> np.ndarray:
        """Values at these cumulative shares (0 to 1) of the truncated distribution, any shape."""
        cumulative = _DENSITIES[self.distribution][1]
        low, high = cumulative(self.lower, *self.numbers), cumulative(self.upper, *self.numbers)
        wanted = low + np.asarray(share) * (high - low)
        return np.clip(_QUANTILES[self.distribution](wanted, *self.numbers), self.lower, self.upper)

    def _log_mass(self) -> float:
        cumulative = _DENSITIES[self.distribution][1]
        mass = cumulative(self.upper, *self.numbers) - cumulative(self.lower, *self.numbers)
        return math.log(mass) if mass > 0.0 else -math.inf


Slopes = tuple[float, float, float]
_OUTSIDE: Slopes = (-math.inf, 0.0, 0.0)


def _uniform(x: float, a: float, b: float) -> Slopes:
    return (-math.log(b - a), 0.0, 0.0) if a <= x <= b else _OUTSIDE


def _log_uniform(x: float, a: float, b: float) -> Slopes:
    return (-math.log(x * math.log(b / a)), -1.0 / x, 1.0 / x**2) if a <= x <= b else _OUTSIDE


def _normal(x: float, mean: float, deviation: float) -> Slopes:
    z = (x - mean) / deviation
    return -0.5 * (_LOG_2PI + z * z) - math.log(deviation), -z / deviation, -1.0 / deviation**2


def _laplace(x: float, location: float, scale: float) -> Slopes:
    z = (x - location) / scale
    return -math.log(2.0 * scale) - abs(z), -float(np.sign(z)) / scale, 0.0


def _soft_laplace(x: float, location: float, scale: float, soft: float) -> Slopes:
    z = (x - location) / scale
    far = max(abs(z), soft)
    return -math.log(2.0 * scale) - 0.5 * (z * z / far + far), -z / far / scale, -1.0 / (far * scale**2)


def _of_logarithm(density: Callable[..., Slopes]) -> Callable[..., Slopes]:
    def slopes(x: float, *numbers: float) -> Slopes:
        if x <= 0.0:
            return _OUTSIDE
        value, first, second = density(math.log(x), *numbers)
        return value - math.log(x), (first - 1.0) / x, (second - first + 1.0) / x**2

    return slopes


def _cauchy(x: float, location: float, scale: float) -> Slopes:
    z = (x - location) / scale
    tail = 1.0 + z * z
    return -math.log(math.pi * scale * tail), -2 * z / (scale * tail), -2 * (1 - z * z) / (scale * tail) ** 2


def _gamma(x: float, shape: float, scale: float) -> Slopes:
    if x <= 0.0:
        return _OUTSIDE
    value = (shape - 1) * math.log(x) - x / scale - math.lgamma(shape) - shape * math.log(scale)
    return value, (shape - 1) / x - 1 / scale, -(shape - 1) / x**2


def _chi_squared(x: float, freedom: float) -> Slopes:
    return _gamma(x, freedom / 2.0, 2.0)


def _exponential(x: float, scale: float) -> Slopes:
    return (-math.log(scale) - x / scale, -1.0 / scale, 0.0) if x >= 0.0 else _OUTSIDE


def _rayleigh(x: float, scale: float) -> Slopes:
    if x <= 0.0:
        return _OUTSIDE
    return math.log(x / scale**2) - 0.5 * (x / scale) ** 2, 1 / x - x / scale**2, -1 / x**2 - 1 / scale**2


def _positive(share: Callable[..., float]) -> Callable[..., float]:
    """A cumulative share that is 0 below zero."""
    return lambda x, *numbers: 0.0 if x <= 0.0 else float(share(x, *numbers))


def _laplace_share(x: float, location: float, scale: float) -> float:
    z = (x - location) / scale
    return 0.5 * math.exp(z) if z < 0.0 else 1.0 - 0.5 * math.exp(-z)


def _log(x: float) -> float:
    return math.log(x) if x > 0.0 else -math.inf


_DENSITIES: dict[str, tuple[Callable[..., Slopes], Callable[..., float], int]] = {
    "uniform": (_uniform, lambda x, a, b: min(max((x - a) / (b - a), 0.0), 1.0), 2),
    "log_uniform": (
        _log_uniform,
        _positive(lambda x, a, b: min(max(_log(x / a) / math.log(b / a), 0.0), 1.0)),
        2,
    ),
    "normal": (_normal, lambda x, m, s: float(special.ndtr((x - m) / s)), 2),
    "log_normal": (_of_logarithm(_normal), _positive(lambda x, m, s: special.ndtr((_log(x) - m) / s)), 2),
    "laplace": (_laplace, _laplace_share, 2),
    "log_laplace": (_of_logarithm(_laplace), _positive(lambda x, m, s: _laplace_share(_log(x), m, s)), 2),
    "cauchy": (_cauchy, lambda x, m, s: 0.5 + math.atan((x - m) / s) / math.pi, 2),
    "chi_squared": (_chi_squared, _positive(lambda x, k: special.gammainc(k / 2.0, x / 2.0)), 1),
    "exponential": (_exponential, _positive(lambda x, s: -math.expm1(-x / s)), 1),
    "gamma": (_gamma, _positive(lambda x, k, s: special.gammainc(k, x / s)), 2),
    "rayleigh": (_rayleigh, _positive(lambda x, s: -math.expm1(-0.5 * (x / s) ** 2)), 1),
}
"""By name: (log density with two slopes, cumulative share, how many numbers)."""


_SOFT: dict[str, Callable[..., Slopes]] = {"laplace": _soft_laplace, "log_laplace": _of_logarithm(_soft_laplace)}


def _laplace_quantile(q: np.ndarray, location: float, scale: float) -> np.ndarray:
    return location - scale * np.sign(q - 0.5) * np.log1p(-2.0 * np.abs(q - 0.5))


_QUANTILES: dict[str, Callable[..., np.ndarray]] = {
    "uniform": lambda q, a, b: a + q * (b - a),
    "log_uniform": lambda q, a, b: a * (b / a) ** q,
    "normal": lambda q, m, s: m + s * special.ndtri(q),
    "log_normal": lambda q, m, s: np.exp(m + s * special.ndtri(q)),
    "laplace": _laplace_quantile,
    "log_laplace": lambda q, m, s: np.exp(_laplace_quantile(q, m, s)),
    "cauchy": lambda q, m, s: m + s * np.tan(np.pi * (q - 0.5)),
    "chi_squared": lambda q, k: 2.0 * special.gammaincinv(k / 2.0, q),
    "exponential": lambda q, s: -s * np.log1p(-q),
    "gamma": lambda q, k, s: s * special.gammaincinv(k, q),
    "rayleigh": lambda q, s: s * np.sqrt(-2.0 * np.log1p(-q)),
}
