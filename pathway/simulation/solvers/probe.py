"""Single evaluations of a compiled model from Python."""

from __future__ import annotations

import numpy as np

from pathway.kernels import calls

from .compilation import compiled
from .layout import Kernels


@compiled
def _call(prepare, address, time, state, parameters, out):
    """Call a kernel of the form (t, y, p, out)."""
    calls.prepare(prepare, parameters)
    calls.right_hand_side(address, time, state, parameters, out)


def evaluate(
    kernels: Kernels, address: int, size: int, time: float, state: np.ndarray, parameters: np.ndarray
) -> np.ndarray:
    """What a kernel of width 1 gives, shape (size,)."""
    out = np.zeros(size)
    slots = np.zeros(kernels.n_slots)
    slots[: kernels.n_parameters] = parameters
    _call(kernels.prepare, address, np.array([float(time)]), np.ascontiguousarray(state, dtype=float), slots, out)
    return out


def right_hand_side(kernels: Kernels, time: float, state: np.ndarray, parameters: np.ndarray) -> np.ndarray:
    """Rates of change, shape (n_species,); residuals for algebraic species."""
    return evaluate(kernels, kernels.right_hand_side, kernels.n_species, time, state, parameters)
