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
