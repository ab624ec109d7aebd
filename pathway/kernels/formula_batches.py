"""`compile_batches`: formulas over numbers picked from a pool, for many rows and many pools by one call."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from pathway.expressions import Expression

from . import machine, storage
from .assembly import LaneTypes
from .digests import formulas_digest, sources_digest
from .functions import module_text
from .lowering import LoweredFunction, lower_to_llvm
from .program import OperationList
from .structs import array_address

_KIND = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)


@dataclass(frozen=True, eq=False)
class FormulaBatch:
    """Formulas that are evaluated for the same rows.

    Attributes
    ----------
    inputs : sequence of str
        Names that the formulas use.
    formulas : sequence of Expression
    places : int array, shape (n_inputs, n_rows)
        Where in a pool the number stands that a name means in a row.
    """

    inputs: Sequence[str]
    formulas: Sequence[Expression]
    places: np.ndarray


@dataclass(frozen=True, eq=False)
class CompiledBatches:
    """Machine code of some batches; rows lie in the lanes.

    Attributes
    ----------
    places : tuple of int array, shape (n_formulas, n_rows)
        Of each batch: where its results stand among all results.
    """

    places: tuple[np.ndarray, ...]
    _gather: np.ndarray = field(repr=False)
    _size: int
    _function: Callable[[int, int, int], None] = field(repr=False)
    _code: machine.LoadedCode = field(repr=False)

    def __call__(self, pools: np.ndarray) -> np.ndarray:
        """Every formula of every batch at every row.

        Parameters
        ----------
        pools : array, shape (n_pools, n_numbers)

        Returns
        -------
        array, shape (n_pools, n_results)
            Each row depends on its own pool alone.
        """
        numbers = pools.take(self._gather, axis=1)
        results = np.empty((len(pools), self._size))
        if results.size:
            # Constant formulas read nothing; an empty array has no address to give.
            self._function(array_address(numbers if numbers.size else results), array_address(results), len(pools))
        return results


def compile_batches(books: Iterable[Sequence[FormulaBatch]]) -> list[CompiledBatches]:
    """Machine code of several lists of batches, each to be called by itself; from the cache on disk if it is there."""
    wanted = [tuple(batches) for batches in books]
    lanes = LaneTypes(machine.machine_width())
    parts = {"sources": sources_digest(), "machine": machine.machine_identity(), "width": str(lanes.width)}
    for k, batches in enumerate(wanted):
        for j, batch in enumerate(batches):
            digest = formulas_digest((str(i), f) for i, f in enumerate(batch.formulas))
            parts[f"batch {k} {j}"] = "\n".join([*batch.inputs, digest, str(_blocks(batch, lanes))])
    key = machine.digest_of_parts({**parts, "part": "formulas"})
    entry = storage.read_cached(key)
    if entry is None:
        entry = {}, machine.object_code(_module(wanted, lanes))
        storage.write_cached(key, *entry)
    names = [f"batches{k}" for k in range(len(wanted))]
    code = machine.LoadedCode([entry[1]], names)
    return [_placed(batches, lanes.width, code, name) for batches, name in zip(wanted, names, strict=True)]


def _blocks(batch: FormulaBatch, lanes: LaneTypes) -> int:
    """Groups of lanes that the rows fill."""
    return -(-batch.places.shape[1] // lanes.width)


def _placed(batches: Sequence[FormulaBatch], width: int, code: machine.LoadedCode, name: str) -> CompiledBatches:
    """Batches with what their code reads and writes: block after block, in each the lanes innermost."""
    gather, places, size = [np.zeros(0, dtype=np.intp)], [], 0
    for batch in batches:
        n_rows, n_formulas = batch.places.shape[1], len(batch.formulas)
        n_blocks = -(-n_rows // width)
        filled = np.minimum(np.arange(n_blocks * width), n_rows - 1)  # idle lanes do what the last row does
        lanes = np.asarray(batch.places, dtype=np.intp)[:, filled].reshape(len(batch.inputs), n_blocks, width)
        gather.append(lanes.swapaxes(0, 1).ravel())
        block, lane = np.divmod(np.arange(n_rows), width)
        places.append(size + (block * n_formulas + np.arange(n_formulas)[:, None]) * width + lane)
        size += n_blocks * n_formulas * width
    return CompiledBatches(tuple(places), np.concatenate(gather), size, _KIND(code.address(name)), code)


def _module(books: Sequence[Sequence[FormulaBatch]], lanes: LaneTypes) -> str:
    texts: list[str] = []
    called: set[str] = set()
    for k, batches in enumerate(books):
        steps = []
        for j, batch in enumerate(batches):
            program = OperationList({name: ("species", i) for i, name in enumerate(batch.inputs)})
            outputs = program.values(batch.formulas)
            name = f"formulas{k}.{j}"
            text, used = lower_to_llvm(program, LoweredFunction(name, {"out": outputs}), lanes, ("species",), {})
            called |= used
            read, written = len(batch.inputs) * lanes.bytes, len(batch.formulas) * lanes.bytes
            texts += [text, _repeated(f"rows{k}.{j}", [(name, read, written, None)])]
            steps.append((f"rows{k}.{j}", read, written, _blocks(batch, lanes)))
        texts.append(_repeated(f"batches{k}", steps))
    return module_text(lanes, called, texts)


def _repeated(name: str, steps: Sequence[tuple[str, int, int, int | None]]) -> str:
    """A function that does the steps again and again, each time further on in what is read and written.

    Parameters
    ----------
    name : str
    steps : sequence of (function, bytes read, bytes written, times)
        `times` is how often the function itself is told to repeat; None: it is called once and not told.
    """
    lines, read, written = [], 0, 0
    for k, (function, reads, writes, times) in enumerate(steps):
        count = 1 if times is None else times
        lines += [
            f"%given{k} = getelementptr i8, ptr %in.now, i64 {read}",
            f"%made{k} = getelementptr i8, ptr %out.now, i64 {written}",
            f"call void @{function}(ptr %given{k}, ptr %made{k}{'' if times is None else f', i64 {times}'})",
        ]
        read, written = read + reads * count, written + writes * count
    body = "\n  ".join(lines)
    return f"""define void @{name}(ptr noalias readonly %in, ptr noalias %out, i64 %times) nounwind {{
start:
  br label %test
test:
  %i = phi i64 [ 0, %start ], [ %next, %again ]
  %in.now = phi ptr [ %in, %start ], [ %in.next, %again ]
  %out.now = phi ptr [ %out, %start ], [ %out.next, %again ]
  %inside = icmp slt i64 %i, %times
  br i1 %inside, label %again, label %done
again:
  {body}
  %in.next = getelementptr i8, ptr %in.now, i64 {read}
  %out.next = getelementptr i8, ptr %out.now, i64 {written}
  %next = add i64 %i, 1
  br label %test
done:
  ret void
}}
"""
