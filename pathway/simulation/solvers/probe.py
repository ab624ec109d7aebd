"""Single evaluations of a compiled model from Python."""

from __future__ import annotations

import numpy as np

from .batch import evaluate_kernel_rows
from .layout import KernelAddresses


def evaluate_right_hand_side(
    kernels: KernelAddresses, time: float, state: np.ndarray, parameters: np.ndarray
) -> np.ndarray:
    """Rates of change, shape (n_species,); residuals for algebraic species."""
    where = (np.array([float(time)]), state[None], parameters[None])
    return evaluate_kernel_rows(kernels, kernels.right_hand_side, kernels.n_species, *where)[0]
