"""Values of a kernel for many states, one after the other."""

from __future__ import annotations

import numpy as np

from pathway.kernels import calls

from .compilation import compiled
from .layout import Kernels


@compiled
def _run(prepare, address, n_parameters, times, states, parameters, slots, time, out):
    """Fill the rows of `out`."""
    for member in range(states.shape[0]):
        row = member if parameters.shape[0] > 1 else 0
        for k in range(n_parameters):
            slots[k] = parameters[row, k]
        time[0] = times[member if times.shape[0] > 1 else 0]
        calls.prepare(prepare, slots)
        calls.right_hand_side(address, time, states[member], slots, out[member])


def evaluate_many(
    kernels: Kernels, address: int, size: int, times: np.ndarray, states: np.ndarray, parameters: np.ndarray
) -> np.ndarray:
    """What a kernel of width 1 gives.

    Parameters
    ----------
    kernels : Kernels
    address : int
        Of a kernel (time, species, parameters, out).
    size : int
        Rows of its output.
    times : array, shape (1 or n_members,)
    states : array, shape (n_members, n_species)
    parameters : array, shape (1 or n_members, n_parameters)

    Returns
    -------
    array, shape (n_members, size)
    """
    out = np.zeros((len(states), size))
    slots = np.zeros(kernels.n_slots)
    states, parameters = np.ascontiguousarray(states, dtype=float), np.ascontiguousarray(parameters, dtype=float)
    _run(kernels.prepare, address, kernels.n_parameters, np.asarray(times), states, parameters, slots, np.zeros(1), out)
    return out
