"""The loop of `batch`."""

from __future__ import annotations

from pathway.kernels import calls
from pathway.kernels.structs_numba import struct_reader

from .batch import EvaluationBatch

_batch = struct_reader(EvaluationBatch)


def run(batch_at):
    """Fill the rows of `out`."""
    batch = _batch(batch_at)
    states, parameters, slots, out = batch.states, batch.parameters, batch.slots, batch.out
    for member in range(states.shape[0]):
        row = member if parameters.shape[0] > 1 else 0
        for k in range(batch.n_parameters):
            slots[k] = parameters[row, k]
        batch.time[0] = batch.times[member if batch.times.shape[0] > 1 else 0]
        calls.prepare(batch.prepare, slots)
        calls.right_hand_side(batch.address, batch.time, states[member], slots, out[member])
