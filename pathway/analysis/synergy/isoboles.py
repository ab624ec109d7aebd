"""Isoboles: pairs of doses with the same effect, beside the straight line of Loewe additivity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .loewe import InterpolatedCurve
from .surface import EffectSurface


@dataclass(frozen=True, eq=False)
class Isobole:
    """One line of equal effect.

    Attributes
    ----------
    level : float
        The effect.
    doses_first, doses_second : array, shape (k,)
        Pairs of doses that give it.
    additive : tuple of float or None
        Where the straight line of additivity meets the axes; None where an agent alone does not reach the level.
    """

    level: float
    doses_first: np.ndarray
    doses_second: np.ndarray
    additive: tuple[float | None, float | None]


def isobole(surface: EffectSurface, level: float) -> Isobole:
    """The doses of the first agent that, with each dose of the second, leave the effect at `level`."""
    pairs = []
    for j, dose in enumerate(surface.doses_second):
        needed = float(InterpolatedCurve(surface.doses_first, surface.effect[:, j]).dose(level))
        if np.isfinite(needed):
            pairs.append((needed, float(dose)))
            if needed == 0.0:
                break
    for i, dose in enumerate(surface.doses_first):
        needed = float(InterpolatedCurve(surface.doses_second, surface.effect[i, :]).dose(level))
        if np.isfinite(needed) and needed > 0.0:
            pairs.append((float(dose), needed))
    pairs.sort(key=lambda pair: (pair[0], -pair[1]))
    places = np.array(pairs).reshape(-1, 2)
    alone = (
        float(InterpolatedCurve(surface.doses_first, surface.alone_first).dose(level)),
        float(InterpolatedCurve(surface.doses_second, surface.alone_second).dose(level)),
    )
    ends = tuple(dose if np.isfinite(dose) else None for dose in alone)
    return Isobole(level, places[:, 0], places[:, 1], (ends[0], ends[1]))
