"""Loewe additivity: an agent combined with itself is neither synergistic nor antagonistic.

Expected is the effect E at which d1 / D1(E) + d2 / D2(E) = 1, where D(E) is the dose that gives E alone. Where one
agent alone goes beyond what the other can ever reach, no such E exists, and the cell is undefined.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from .surface import EffectSurface, ExcessSurface, excess_surface


class SingleAgentCurve(Protocol):
    """Dose-effect curve of an agent alone."""

    def effect(self, dose: np.ndarray | float) -> np.ndarray: ...

    def dose(self, effect: np.ndarray | float) -> np.ndarray: ...


@dataclass(frozen=True, eq=False)
class InterpolatedCurve:
    """A curve through measured or simulated points, monotone between them (PCHIP over the square root of dose).

    Attributes
    ----------
    doses : array, shape (n,)
        Ascending from 0.
    effects : array, shape (n,)
        Falling; made so by the running minimum.
    """

    doses: np.ndarray
    effects: np.ndarray

    @property
    def strongest(self) -> float:
        """The largest effect within the doses."""
        return float(np.min(self.effects))

    @cached_property
    def _curve(self) -> Any:
        from scipy.interpolate import PchipInterpolator

        return PchipInterpolator(_places(self.doses), np.minimum.accumulate(self.effects))

    def effect(self, dose: np.ndarray | float) -> np.ndarray:
        """The effect at a dose; beyond the highest dose that of the highest."""
        return self._curve(np.minimum(_places(dose), self._curve.x[-1]))

    def dose(self, effect: np.ndarray | float) -> np.ndarray:
        """The dose of an effect: 0 at or before no effect, infinite beyond the strongest."""
        effects = np.atleast_1d(np.asarray(effect, dtype=float))
        return np.array([self._dose_of(float(e)) for e in effects.ravel()]).reshape(np.shape(effect))

    def _dose_of(self, wanted: float) -> float:
        from scipy.optimize import brentq

        places, effects = self._curve.x, np.minimum.accumulate(self.effects)
        if wanted >= effects[0]:
            return 0.0
        if wanted < effects[-1]:
            return np.inf
        last = int(np.argmax(effects <= wanted))
        if effects[last] - wanted >= -1e-15:
            return float(places[last] ** 2)

        def miss(place: float) -> float:
            return float(self._curve(place)) - wanted

        if not miss(places[last - 1]) > 0.0 > miss(places[last]):
            return float(places[last] ** 2)
        return float(brentq(miss, places[last - 1], places[last], xtol=1e-15) ** 2)


def _places(dose: np.ndarray | float) -> np.ndarray:
    # Square roots spread low doses as a logarithm would, and zero keeps a place.
    return np.sqrt(np.asarray(dose, dtype=float))


def loewe_excess(
    surface: EffectSurface, first: SingleAgentCurve | None = None, second: SingleAgentCurve | None = None
) -> ExcessSurface:
    """Excess over Loewe additivity.

    Parameters
    ----------
    surface : EffectSurface
    first, second : curve of an agent alone, optional
        A `Hill` fit or `InterpolatedCurve`; interpolated through the edges of the grid unless given.

    Returns
    -------
    ExcessSurface
        In units of the effect; undefined cells carry their reason.

    Notes
    -----
    Loewe and Muischnek 1926; Loewe 1953.
    """
    first = first or InterpolatedCurve(surface.doses_first, surface.alone_first)
    second = second or InterpolatedCurve(surface.doses_second, surface.alone_second)
    expected = expected_effects(first, second, surface.doses_first, surface.doses_second)
    places = np.argwhere(np.isnan(expected))
    reasons = {(int(i), int(j)): _reason(surface, first, second) for i, j in places}
    return excess_surface("loewe", expected, surface, reasons)


def expected_effects(
    first: SingleAgentCurve, second: SingleAgentCurve, doses_first: np.ndarray, doses_second: np.ndarray
) -> np.ndarray:
    """Effects of additive doses, shape (n_first, n_second); nan where Loewe additivity does not define one.

    The first agent stands for a share s of the effect if D1 = d1 / s, the second for the rest if D2 = d2 / (1 - s);
    both doses must give the same effect. The difference of the effects rises with s, so that halving finds s without
    inverting a curve.
    """
    one, two = np.asarray(doses_first, dtype=float)[:, None], np.asarray(doses_second, dtype=float)[None, :]
    low, high = np.zeros((one.size, two.size)), np.ones((one.size, two.size))
    with np.errstate(divide="ignore", invalid="ignore"):
        for _ in range(_HALVINGS):
            share = (low + high) / 2.0
            above = first.effect(one / share) > second.effect(two / (1.0 - share))
            low, high = np.where(above, low, share), np.where(above, share, high)
        share = (low + high) / 2.0
        alone_first, alone_second = one / share, two / (1.0 - share)
        effect = first.effect(alone_first)
        # Beyond what one of them ever reaches, halving ends at a bound or at a dose that was never tried.
        far = np.abs(effect - second.effect(alone_second)) > 1e-9
        undefined = far | (alone_first > _reach(first)) | (alone_second > _reach(second))
    additive = np.where(undefined, np.nan, effect)
    return np.where(two == 0.0, first.effect(one), np.where(one == 0.0, second.effect(two), additive))


_HALVINGS = 60


def _reach(agent: SingleAgentCurve) -> float:
    """The highest dose for which the curve says anything."""
    return float(agent.doses[-1]) if isinstance(agent, InterpolatedCurve) else float("inf")


def _strongest(agent: SingleAgentCurve) -> float:
    if isinstance(agent, InterpolatedCurve):
        return agent.strongest
    top, bottom = agent.top, agent.bottom  # type: ignore[attr-defined]
    return bottom + 1e-12 * (top - bottom)


def combination_index(
    surface: EffectSurface, first: SingleAgentCurve | None = None, second: SingleAgentCurve | None = None
) -> np.ma.MaskedArray:
    """d1 / D1(E) + d2 / D2(E) at the effect found; below 1 is synergy. Masked where the effect is out of reach."""
    first = first or InterpolatedCurve(surface.doses_first, surface.alone_first)
    second = second or InterpolatedCurve(surface.doses_second, surface.alone_second)
    alone_first, alone_second = first.dose(surface.effect), second.dose(surface.effect)
    usable = np.isfinite(alone_first) & np.isfinite(alone_second) & (alone_first > 0) & (alone_second > 0)
    usable[0, :] = usable[:, 0] = False
    index = np.ma.MaskedArray(np.ones(surface.effect.shape), mask=~usable)
    rows, columns = surface.doses_first[:, None], surface.doses_second[None, :]
    safe_first, safe_second = np.where(usable, alone_first, 1.0), np.where(usable, alone_second, 1.0)
    index[usable] = (rows / safe_first + columns / safe_second)[usable]
    return index


def _reason(surface: EffectSurface, first: SingleAgentCurve, second: SingleAgentCurve) -> str:
    weaker_is_first = _strongest(first) > _strongest(second)
    weaker, strongest = (surface.first, _strongest(first)) if weaker_is_first else (surface.second, _strongest(second))
    return f"{weaker} alone reaches only {strongest:.3g}, which the additive effect lies beyond"
