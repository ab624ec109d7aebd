"""The same counts on three scales of effect, and where a verdict depends on which one is taken.

Independence of two agents means something else on each scale: on counts, that growth rates subtract; on growth rates,
that the shares left multiply. An agent that only slows growth can be synergistic on one and antagonistic on another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .references import bliss_excess
from .surface import EffectSurface, ExcessSurface

SCALES: Mapping[str, str] = {
    "growth rate": "growth rate relative to untreated, counted from the first drug",
    "GR": "GR value, 2^(relative growth rate) - 1",
    "count": "cell count relative to untreated at the end",
}
"""Scales of effect by name, the usual one first, in words."""


def effects_on_scale(log_folds: np.ndarray, control: float | np.ndarray, scale: str) -> np.ndarray:
    """Growth as an effect on a scale.

    Parameters
    ----------
    log_folds : array
        Natural logarithm of cells at the end per cells at the first drug.
    control : float or array that broadcasts
        The same of the untreated cells.
    scale : str
        A name of `SCALES`.
    """
    if scale == "growth rate":
        return log_folds / control
    if scale == "GR":
        return np.exp2(log_folds / control) - 1.0
    if scale == "count":
        return np.exp(log_folds - control)
    raise KeyError(scale)


@dataclass(frozen=True)
class VerdictFlip:
    """Doses whose Bliss verdict depends on the scale of effect."""

    row: int
    column: int
    excess: Mapping[str, float]


SLIGHT = 0.01
"""Excess below which two agents count as additive."""


def synergy_verdict(value: float | None) -> str:
    """ "synergy", "antagonism", "additive" or "undefined"."""
    if value is None:
        return "undefined"
    return "additive" if abs(value) < SLIGHT else ("synergy" if value > 0 else "antagonism")


def side_in_words(verdict: str) -> str:
    """ "on the side of synergy": where nothing says that it is more than a number."""
    return f"on the side of {verdict}" if verdict in ("synergy", "antagonism") else verdict


def verdict_flips(surfaces: Mapping[str, EffectSurface]) -> tuple[VerdictFlip, ...]:
    """Cells that are synergistic on one scale and antagonistic on another, by Bliss excess."""
    by_scale: dict[str, ExcessSurface] = {name: bliss_excess(surface) for name, surface in surfaces.items()}
    shape = next(iter(surfaces.values())).effect.shape
    flips = []
    for i in range(1, shape[0]):
        for j in range(1, shape[1]):
            cell = {n: float(e.values[i, j]) for n, e in by_scale.items() if not np.ma.is_masked(e.values[i, j])}
            if {"synergy", "antagonism"} <= {synergy_verdict(value) for value in cell.values()}:
                flips.append(VerdictFlip(i, j, cell))
    return tuple(flips)
