"""`compile_formulas`: formulas over named columns, evaluated for many rows at once."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from pathway.expressions import Expression

from . import elementary, machine, storage
from .assembly import Lanes, declarations
from .content import formulas_digest, sources_digest
from .lowering import LIBRARY, Function, lower
from .program import Program

_KIND = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)


@dataclass(frozen=True, eq=False)
class CompiledFormulas:
    """Machine code of some formulas; rows lie in the lanes.

    Attributes
    ----------
    n_inputs, n_outputs : int
    width : int
        Lanes.
    """

    n_inputs: int
    n_outputs: int
    width: int
    _function: Callable[[int, int, int], None] = field(repr=False)
    _code: machine.Loaded = field(repr=False)

    def __call__(self, columns: np.ndarray) -> np.ndarray:
        """Every formula at every row.

        Parameters
        ----------
        columns : array, shape (n_inputs, n_rows)

        Returns
        -------
        array, shape (n_outputs, n_rows)
        """
        n_rows = columns.shape[1]
        n_blocks = -(-n_rows // self.width)
        rows = np.ones((n_blocks * self.width, self.n_inputs))
        rows[:n_rows] = columns.T
        given = np.ascontiguousarray(rows.reshape(n_blocks, self.width, self.n_inputs).swapaxes(1, 2))
        made = np.empty((n_blocks, self.n_outputs, self.width))
        if made.size:
            # Constant formulas read nothing; an empty array has no address to give.
            self._function(_address(given if given.size else made), _address(made), n_blocks)
        return made.swapaxes(0, 1).reshape(self.n_outputs, -1)[:, :n_rows]


def _address(array: np.ndarray) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(array))  # type: ignore[arg-type]  # ten times as fast as asking the array


def compile_formulas(sets: Iterable[tuple[Sequence[str], Sequence[Expression]]]) -> list[CompiledFormulas]:
    """Machine code of several sets of formulas, from the cache on disk where it is there.

    Parameters
    ----------
    sets : iterable of (inputs, formulas)
        Names of the columns in their order, and formulas over them.
    """
    wanted = [(tuple(inputs), tuple(formulas)) for inputs, formulas in sets]
    lanes = Lanes(machine.machine_width())
    parts = {"sources": sources_digest(), "machine": machine.identity(), "width": str(lanes.width)}
    for k, (inputs, formulas) in enumerate(wanted):
        parts[f"set {k}"] = "\n".join(inputs) + formulas_digest((str(i), f) for i, f in enumerate(formulas))
    key = machine.digest({**parts, "part": "formulas"})
    entry = storage.read(key)
    if entry is None:
        entry = {}, machine.object_code(_module(wanted, lanes))
        storage.write(key, *entry)
    names = [f"rows{k}" for k in range(len(wanted))]
    code = machine.Loaded([entry[1]], names)
    return [
        CompiledFormulas(len(inputs), len(formulas), lanes.width, _KIND(code.address(name)), code)
        for name, (inputs, formulas) in zip(names, wanted, strict=True)
    ]


def _module(sets: Sequence[tuple[Sequence[str], Sequence[Expression]]], lanes: Lanes) -> str:
    texts: list[str] = []
    called: set[str] = set()
    for k, (inputs, formulas) in enumerate(sets):
        program = Program({name: ("species", i) for i, name in enumerate(inputs)})
        outputs = program.values(formulas)
        text, used = lower(program, Function(f"formulas{k}", {"out": outputs}), lanes, ("species",), {})
        called |= used
        texts += [text, _over_blocks(k, len(inputs) * lanes.bytes, len(formulas) * lanes.bytes)]
    own = [write(lanes) for name, write in elementary.FUNCTIONS.items() if name in called]
    foreign = [f"declare double @{name}(double)" for name in LIBRARY if name in called]
    return "\n".join([*declarations(lanes), *foreign, *own, *texts])


def _over_blocks(k: int, read: int, written: int) -> str:
    """A function that calls the kernel for one block of lanes after the other."""
    return f"""define void @rows{k}(ptr noalias readonly %in, ptr noalias %out, i64 %blocks) nounwind {{
start:
  br label %test
test:
  %i = phi i64 [ 0, %start ], [ %next, %again ]
  %inside = icmp slt i64 %i, %blocks
  br i1 %inside, label %again, label %done
again:
  %from = mul i64 %i, {read}
  %to = mul i64 %i, {written}
  %given = getelementptr i8, ptr %in, i64 %from
  %made = getelementptr i8, ptr %out, i64 %to
  call void @formulas{k}(ptr %given, ptr %made)
  %next = add i64 %i, 1
  br label %test
done:
  ret void
}}
"""
