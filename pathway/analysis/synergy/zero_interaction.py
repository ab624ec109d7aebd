"""ZIP: does one agent change potency or steepness of the other?

Every row and column of the grid is fitted with a Hill curve that starts from what the other agent does alone; their
mean is compared with the product of the curves of the agents alone.
"""

from __future__ import annotations

import numpy as np

from ..curves import fit_many
from .surface import Excess, Surface, excess

_BOTTOM = (-1.0, 1.5)
_SLOPE = (0.05, 20.0)


def zip_delta(surface: Surface) -> Excess:
    """The ZIP excess (delta): expected without any change of potency minus the fitted surface.

    Undefined for all cells if the grid has fewer than three doses above zero of either agent.

    Notes
    -----
    Yadav et al. 2015, doi 10.1016/j.csbj.2015.09.001.
    """
    shape = surface.effect.shape
    if min(shape) < 4:
        reason = "ZIP fits curves and needs three doses above zero of either agent"
        every = {(i, j): reason for i in range(shape[0]) for j in range(shape[1])}
        return excess("zip", np.zeros(shape), surface, every)
    top = float(surface.effect[0, 0])
    alone_first = _fitted(surface.doses_first, surface.alone_first[None], np.array([top]))[0]
    alone_second = _fitted(surface.doses_second, surface.alone_second[None], np.array([top]))[0]
    along_first = _fitted(surface.doses_first, surface.effect.T, alone_second).T
    along_second = _fitted(surface.doses_second, surface.effect, alone_first)
    fitted = Surface(
        surface.first, surface.second, surface.doses_first, surface.doses_second, (along_first + along_second) / 2
    )
    return excess("zip", alone_first[:, None] * alone_second[None, :] / top, fitted, {})


def _fitted(doses: np.ndarray, effects: np.ndarray, tops: np.ndarray) -> np.ndarray:
    """Values of a Hill curve through each row, which starts from `tops`, shape (k, n_doses)."""
    curves, _ = fit_many(doses[1:], effects[:, 1:], tops, bottom=_BOTTOM, slope=_SLOPE)
    return np.stack([curve.effect(doses) for curve in curves])
