"""Loewe additivity: an agent combined with itself is neither synergistic nor antagonistic.

Expected is the effect E at which d1 / D1(E) + d2 / D2(E) = 1, where D(E) is the dose that gives E alone. Where one
agent alone goes beyond what the other can ever reach, no such E exists, and the cell is undefined.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from .surface import Excess, Surface, excess


class SingleAgent(Protocol):
    """Dose-effect curve of an agent alone."""

    def effect(self, dose: np.ndarray | float) -> np.ndarray: ...

    def dose(self, effect: np.ndarray | float) -> np.ndarray: ...


@dataclass(frozen=True, eq=False)
class Interpolated:
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
        wanted = np.atleast_1d(np.asarray(effect, dtype=float))
        return np.array([self._dose_of(float(e)) for e in wanted.ravel()]).reshape(np.shape(effect))

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


def loewe(surface: Surface, first: SingleAgent | None = None, second: SingleAgent | None = None) -> Excess:
    """Excess over Loewe additivity.

    Parameters
    ----------
    surface : Surface
    first, second : curve of an agent alone, optional
        A `Hill` fit or `Interpolated`; interpolated through the edges of the grid unless given.

    Returns
    -------
    Excess
        In units of the effect; undefined cells carry their reason.

    Notes
    -----
    Loewe and Muischnek 1926; Loewe 1953.
    """
    first = first or Interpolated(surface.doses_first, surface.alone_first)
    second = second or Interpolated(surface.doses_second, surface.alone_second)
    expected, reasons = np.zeros(surface.effect.shape), {}
    for i, dose_first in enumerate(surface.doses_first):
        for j, dose_second in enumerate(surface.doses_second):
            found = expected_effect(first, second, float(dose_first), float(dose_second))
            if found is None:
                reasons[i, j] = _reason(surface, first, second, i, j)
            else:
                expected[i, j] = found
    return excess("loewe", expected, surface, reasons)


def expected_effect(first: SingleAgent, second: SingleAgent, dose_first: float, dose_second: float) -> float | None:
    """The effect of two additive doses, None where Loewe additivity does not define one."""
    from scipy.optimize import brentq

    if dose_first == 0.0 or dose_second == 0.0:
        return float(second.effect(dose_second) if dose_first == 0.0 else first.effect(dose_first))
    alone = float(first.effect(dose_first)), float(second.effect(dose_second))
    high = min(alone)
    # Additive doses do at least what the stronger does alone; the other must be able to reach that by itself.
    if not _surplus(first, second, dose_first, dose_second, high) >= 0.0:
        return None
    low = _lowest(first, second)
    if _surplus(first, second, dose_first, dose_second, low) > 0.0:
        return None
    if high <= low:
        return high
    return float(brentq(lambda e: _surplus(first, second, dose_first, dose_second, e), low, high, xtol=1e-14))


def _surplus(first: SingleAgent, second: SingleAgent, dose_first: float, dose_second: float, effect: float) -> float:
    """Falls through zero at the additive effect, coming from high effects; nan where a curve cannot give it."""
    alone_first, alone_second = float(first.dose(effect)), float(second.dose(effect))
    if np.isinf(alone_first) or np.isinf(alone_second):
        return np.nan
    if alone_first == 0.0 or alone_second == 0.0:
        return 1e9
    return min(dose_first / alone_first + dose_second / alone_second - 1.0, 1e9)


def _lowest(first: SingleAgent, second: SingleAgent) -> float:
    """The strongest effect that either agent can reach."""
    return max(_strongest(first), _strongest(second))


def _strongest(agent: SingleAgent) -> float:
    if isinstance(agent, Interpolated):
        return agent.strongest
    top, bottom = agent.top, agent.bottom  # type: ignore[attr-defined]
    return bottom + 1e-12 * (top - bottom)


def combination_index(
    surface: Surface, first: SingleAgent | None = None, second: SingleAgent | None = None
) -> np.ma.MaskedArray:
    """d1 / D1(E) + d2 / D2(E) at the effect found; below 1 is synergy. Masked where the effect is out of reach."""
    first = first or Interpolated(surface.doses_first, surface.alone_first)
    second = second or Interpolated(surface.doses_second, surface.alone_second)
    alone_first, alone_second = first.dose(surface.effect), second.dose(surface.effect)
    usable = np.isfinite(alone_first) & np.isfinite(alone_second) & (alone_first > 0) & (alone_second > 0)
    usable[0, :] = usable[:, 0] = False
    index = np.ma.MaskedArray(np.ones(surface.effect.shape), mask=~usable)
    rows, columns = surface.doses_first[:, None], surface.doses_second[None, :]
    safe_first, safe_second = np.where(usable, alone_first, 1.0), np.where(usable, alone_second, 1.0)
    index[usable] = (rows / safe_first + columns / safe_second)[usable]
    return index


def _reason(surface: Surface, first: SingleAgent, second: SingleAgent, row: int, column: int) -> str:
    weaker_is_first = _strongest(first) > _strongest(second)
    weaker, strongest = (surface.first, _strongest(first)) if weaker_is_first else (surface.second, _strongest(second))
    return f"{weaker} alone reaches only {strongest:.3g}, which the additive effect lies beyond"
