"""ZIP: does one agent change potency or steepness of the other?

Every row and column of the grid is fitted with a Hill curve that starts from what the other agent does alone; their
mean is compared with the product of the curves of the agents alone.
"""

from __future__ import annotations

import numpy as np

from ..curves import Hill, fit_hill
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
    first = _curve(surface.doses_first, surface.alone_first, top)
    second = _curve(surface.doses_second, surface.alone_second, top)
    alone_first, alone_second = first(surface.doses_first), second(surface.doses_second)
    along_first = np.stack(
        [
            _curve(surface.doses_first, surface.effect[:, j], float(alone_second[j]))(surface.doses_first)
            for j in range(shape[1])
        ],
        axis=1,
    )
    along_second = np.stack(
        [
            _curve(surface.doses_second, surface.effect[i, :], float(alone_first[i]))(surface.doses_second)
            for i in range(shape[0])
        ]
    )
    fitted = Surface(
        surface.first, surface.second, surface.doses_first, surface.doses_second, (along_first + along_second) / 2
    )
    return excess("zip", alone_first[:, None] * alone_second[None, :] / top, fitted, {})


class _Curve:
    def __init__(self, curve: Hill | None, level: float) -> None:
        self.curve, self.level = curve, level

    def __call__(self, doses: np.ndarray) -> np.ndarray:
        return np.full(len(doses), self.level) if self.curve is None else self.curve.effect(doses)


def _curve(doses: np.ndarray, effects: np.ndarray, top: float) -> _Curve:
    if np.ptp(effects[1:]) < 1e-12 and abs(effects[1] - top) < 1e-12:
        return _Curve(None, top)
    return _Curve(fit_hill(doses[1:], effects[1:], top=top, bottom=_BOTTOM, slope=_SLOPE).curve, top)
