"""Single evaluations of a compiled model from Python."""

from __future__ import annotations

import numpy as np

from .batch import evaluate_many
from .layout import Kernels


def right_hand_side(kernels: Kernels, time: float, state: np.ndarray, parameters: np.ndarray) -> np.ndarray:
    """Rates of change, shape (n_species,); residuals for algebraic species."""
    where = (np.array([float(time)]), state[None], parameters[None])
    return evaluate_many(kernels, kernels.right_hand_side, kernels.n_species, *where)[0]
