"""Values of a kernel for many states, one after the other."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pathway.kernels.structs import Table, Vector, packed_struct
from pathway.kernels.structs import array_address as address_of

from .layout import KernelAddresses
from .loops import CompiledLoop


class EvaluationBatch(NamedTuple):
    """What `batch_loop` is given."""

    prepare: int
    address: int
    n_parameters: int
    times: Vector
    states: Table
    parameters: Table
    slots: Vector
    time: Vector
    out: Table


_RUN = CompiledLoop("batch_loop", 1)


def evaluate_kernel_rows(
    kernels: KernelAddresses, address: int, size: int, times: np.ndarray, states: np.ndarray, parameters: np.ndarray
) -> np.ndarray:
    """What a kernel of width 1 gives.

    Parameters
    ----------
    kernels : KernelAddresses
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
    where = np.asarray(times, dtype=float), states, parameters, slots, np.zeros(1), out
    batch = packed_struct(EvaluationBatch(kernels.prepare, address, kernels.n_parameters, *where))
    _RUN(address_of(batch))
    return out


class KernelEvaluator:
    """A kernel of width 1 made ready to be asked about one state after the other, in a fifth of the time.

    Parameters
    ----------
    kernels : KernelAddresses
    address : int
        Of a kernel (time, species, parameters, out).
    size : int
        Rows of its output.
    """

    def __init__(self, kernels: KernelAddresses, address: int, size: int) -> None:
        self._time, self._state = np.zeros(1), np.zeros((1, kernels.n_species))
        self._parameters, self._out = np.zeros((1, kernels.n_parameters)), np.zeros((1, size))
        arrays = self._time, self._state, self._parameters, np.zeros(kernels.n_slots), np.zeros(1), self._out
        self._batch = EvaluationBatch(kernels.prepare, address, kernels.n_parameters, *arrays)
        self._table = packed_struct(self._batch)
        self._place = address_of(self._table)

    def __call__(self, time: float, state: np.ndarray, parameters: np.ndarray) -> np.ndarray:
        """What the kernel gives, shape (size,)."""
        self._time[0], self._state[0], self._parameters[0] = time, state, parameters
        _RUN(self._place)
        return self._out[0].copy()
