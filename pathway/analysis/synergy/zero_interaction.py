"""ZIP: does one agent change potency or steepness of the other?

Every row and column of the grid is fitted with a Hill curve that starts from what the other agent does alone; their
mean is compared with the product of the curves of the agents alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..hill_curves import fit_many_hill
from .surface import EffectSurface, ExcessSurface, excess_surface

_BOTTOM = (-1.0, 1.5)
_SLOPE = (0.05, 20.0)


def zip_delta(surface: EffectSurface) -> ExcessSurface:
    """The ZIP excess (delta): expected without any change of potency minus the fitted surface.

    Undefined for all cells if the grid has fewer than three doses above zero of either agent.

    Notes
    -----
    Yadav et al. 2015, doi 10.1016/j.csbj.2015.09.001.
    """
    return zip_deltas([surface])[0]


def zip_deltas(surfaces: Sequence[EffectSurface]) -> list[ExcessSurface]:
    """ZIP excess of several surfaces over the same doses; all their curves are fitted at once."""
    first = surfaces[0]
    shape = first.effect.shape
    if min(shape) < 4:
        reason = "ZIP fits curves and needs three doses above zero of either agent"
        every = {(i, j): reason for i in range(shape[0]) for j in range(shape[1])}
        return [excess_surface("zip", np.zeros(shape), surface, every) for surface in surfaces]
    effects = np.stack([surface.effect for surface in surfaces])
    tops, across = effects[:, 0, 0], effects.swapaxes(1, 2)
    alone_first = _fitted(first.doses_first, effects[:, :, 0], tops)
    alone_second = _fitted(first.doses_second, effects[:, 0, :], tops)
    along_first = _fitted(first.doses_first, across.reshape(-1, shape[0]), alone_second.ravel())
    along_second = _fitted(first.doses_second, effects.reshape(-1, shape[1]), alone_first.ravel())
    fitted = (along_first.reshape(across.shape).swapaxes(1, 2) + along_second.reshape(effects.shape)) / 2
    expected = alone_first[:, :, None] * alone_second[:, None, :] / tops[:, None, None]
    return [
        excess_surface("zip", expected[k], replace(surface, effect=fitted[k]), {}) for k, surface in enumerate(surfaces)
    ]


def _fitted(doses: np.ndarray, effects: np.ndarray, tops: np.ndarray) -> np.ndarray:
    """Values of a Hill curve through each row, which starts from `tops`, shape (k, n_doses)."""
    curves, _ = fit_many_hill(doses[1:], effects[:, 1:], tops, bottom=_BOTTOM, slope=_SLOPE)
    return np.stack([curve.effect(doses) for curve in curves])
