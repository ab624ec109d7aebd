"""Every kernel once, on arrays between pages that nobody may touch; run by `test_guarded` in a process of its own.

The machine code is the ordinary one. Each array lies directly before such pages, then directly behind them; what is
only read cannot be written; what is to be written holds a nan of its own kind, which arithmetic hands on. A read or
write outside an array ends the process, and the last line that it wrote says in which kernel; an entry that was not
written, or made from one that was not, is told.

    python -m tests.kernels.guarded [loops] [FAULT]

`loops` is with looped linear algebra and functions cut into short pieces, as very large models have them. A fault is
one of `FAULTS`: a mistake made by hand in the writing of kernels, which must be noticed.
"""

from __future__ import annotations

import ctypes
import mmap
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pathway.equations import Event, Model
from pathway.expressions import parse
from pathway.kernels import (
    PARTS,
    CompiledModel,
    FormulaBatch,
    SparseProduct,
    compile_batches,
    compile_model,
    functions,
    lowering,
    products,
)
from pathway.kernels.assembly import FunctionBody
from tests.kernels.synthetic import chain

GUARD = 1 << 20
"""Bytes on either side of an array that end the process when touched."""
POISON = 0x7FF80000DEADBEEF
"""A quiet nan that no formula makes by itself."""
SIGN = 1 << 63
NOBODY, READ = 0, 1


@dataclass(frozen=True, eq=False)
class Argument:
    """An array for a kernel: its values before the call, poison where it is to be written."""

    values: np.ndarray
    writable: bool = False


class GuardedArray:
    """A copy of an argument in memory of its own.

    Parameters
    ----------
    argument : Argument
    at_end : bool
        Whether its last byte, not its first, lies beside pages that nobody may touch.
    """

    def __init__(self, argument: Argument, at_end: bool) -> None:
        values = np.ascontiguousarray(argument.values)
        room = -(-values.nbytes // mmap.PAGESIZE) * mmap.PAGESIZE
        self._memory = mmap.mmap(-1, room + 2 * GUARD)
        begin = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        offset = GUARD + (room - values.nbytes if at_end else 0)
        self.address = begin + offset
        self.values = np.frombuffer(self._memory, values.dtype, values.size, offset).reshape(values.shape)
        self.values[...] = values
        for place in (begin, begin + GUARD + room):
            _protect(place, GUARD, NOBODY)
        if not argument.writable and room:
            _protect(begin + GUARD, room, READ)


def _protect(place: int, size: int, allowed: int) -> None:
    if ctypes.CDLL(None).mprotect(ctypes.c_void_p(place), ctypes.c_size_t(size), allowed):
        raise OSError("pages cannot be protected")


def call(name: str, function: Callable[..., Any], arguments: Sequence[Argument], *numbers: int) -> None:
    """Call a kernel with guarded copies of its arrays, in both positions."""
    for at_end in (True, False):
        print(f"{name}, arrays {'before' if at_end else 'behind'} guarded pages", flush=True)
        arrays = [GuardedArray(argument, at_end) for argument in arguments]
        function(*(array.address for array in arrays), *numbers)
        for place, (argument, array) in enumerate(zip(arguments, arrays, strict=True)):
            if argument.writable and (left := poisoned(array.values)):
                sys.exit(f"{name}: {left} of {array.values.size} entries of argument {place} were not written")


def poisoned(values: np.ndarray) -> int:
    """How many entries hold the poison or come from it."""
    return int(np.sum((values.view(np.uint64) & ~np.uint64(SIGN)) == np.uint64(POISON)))


def poison(*shape: int) -> np.ndarray:
    return np.full(shape, POISON, dtype=np.uint64).view(np.float64)


class Arguments:
    """What each part of a compiled model is called with; see `pathway.kernels` for the order."""

    def __init__(self, compiled: CompiledModel) -> None:
        self.compiled = compiled
        self.random = np.random.default_rng(1)

    def of(self, part: str) -> list[Argument]:
        """The arguments of a part."""
        n, lu = self.compiled.n_species, self.compiled.sizes["lu"]
        given, written, state, entries = self.given, self.written, self.state, self.entries
        algebra: dict[str, Callable[[], list[Argument]]] = {
            "prepare": lambda: [self.parameters()],
            "right_hand_side": lambda: [*state(), written(n)],
            "jacobian": lambda: [*state(), written(entries("jacobian"))],
            "time_derivative": lambda: [*state(), written(n)],
            "factor": lambda: [given(entries("jacobian")), given(), written(lu), written()],
            "solve": lambda: [given(lu), self.in_place(n)],
            "solve_shared": lambda: [self.plain(lu), self.in_place(n)],
            "solve_transposed": lambda: [given(lu), self.in_place(n)],
            "multiply": lambda: [given(entries("jacobian")), given(n), written(n)],
            "multiply_shared": lambda: [self.plain(entries("jacobian")), given(n), written(n)],
            "parameter_jacobian": lambda: [*state(), written(entries("parameter_jacobian"))],
            "pull_parameters": lambda: [
                *(given(entries("parameter_jacobian")), given(n), self.in_place(self.compiled.n_parameters))
            ],
            "second_derivatives": lambda: [*state(), given(n), *self.by("second")],
            "add_second_shared": lambda: [self.plain(entries("second_species")), given(n), self.in_place(n)],
            "time_gradients": lambda: [*state(), *self.by("time")],
            "add_scaled": lambda: [given(), given(n), self.in_place(n)],
            "interpolate": lambda: [*(given(n) for _ in range(5)), given(), written(n)],
            "error_norm": lambda: [*(given(n) for _ in range(4)), given(), written()],
        }
        if part in algebra:
            return algebra[part]()
        group = part.removesuffix("_gradients")
        values = written(self.compiled.sizes[group])
        return [*state(), values] if part == group else [*state(), *self.by(group), values]

    def entries(self, pattern: str) -> int:
        return len(self.compiled.patterns[pattern])

    def given(self, *rows: int) -> Argument:
        """Read only; without rows, one number for each lane."""
        return Argument(self.random.uniform(0.3, 2.0, (*rows, self.compiled.width)))

    def plain(self, rows: int) -> Argument:
        return Argument(self.random.uniform(0.3, 2.0, rows))

    def in_place(self, rows: int) -> Argument:
        return Argument(self.given(rows).values, writable=True)

    def written(self, *rows: int) -> Argument:
        return Argument(poison(*rows, self.compiled.width), writable=True)

    def by(self, what: str) -> list[Argument]:
        return [self.written(self.entries(f"{what}_{by}")) for by in ("species", "parameters")]

    def state(self) -> list[Argument]:
        return [self.given(), self.given(self.compiled.n_species), self.given(self.compiled.parameter_slots)]

    def parameters(self) -> Argument:
        """The model's own, and room for what is computed from them."""
        own, width = self.compiled.n_parameters, self.compiled.width
        computed = poison(self.compiled.parameter_slots - own, width)
        return Argument(np.concatenate([self.given(own).values, computed]), writable=True)


def models() -> Iterator[Model]:
    """One species, more than lanes, many; and one with events, switches, assignments and an algebraic row."""
    yield from (chain(1), chain(6), chain(60))
    formulas = {"a": "piecewise(k, b < limit and time < k, -k) * b + ceil(a * b)", "b": "-a * sin(time)"}
    yield Model(
        name="eventful",
        species=("a", "b", "c"),
        parameters=("k", "limit"),
        parameter_values=np.array([2.0, 5.0]),
        initial={"a": parse("3 * k"), "b": parse("a + limit^2"), "c": parse("1")},
        rate_rules={name: parse(formula) for name, formula in formulas.items()},
        algebraic={"c": parse("a - 2 * c + limit")},
        assignments={"sum_of_both": parse("a + b"), "twice": parse("2 * sum_of_both")},
        observables={"shown": parse("twice + exp(k) * time")},
        events=(
            Event("pulse", parse("time >= 3 and a < twice"), {"a": parse("a + k"), "b": parse("0")}, parse("k / 2")),
            Event("cap", parse("b > limit"), {"b": parse("limit")}, priority=parse("a")),
        ),
    )


def call_every_kernel() -> None:
    for model in models():
        for width in (1, 4, 8):
            compiled = compile_model(model, width, PARTS)
            arguments = Arguments(compiled)
            for part in PARTS:
                given = arguments.of(part)
                function = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * len(given))(compiled.address(part))
                call(f"{part} of '{model.name}', {width} lanes", function, given)
    call_sheets()
    call_sparse_product()


def call_sheets() -> None:
    """Formulas over rows, as the measurements of a fit need them."""
    formulas = [parse("x * y + log(x)"), parse("x / (1 + y)^2"), parse("2")]
    batches = [FormulaBatch(("x", "y"), formulas, np.arange(2 * rows).reshape(2, rows)) for rows in (1, 7, 8)]
    (compiled,) = compile_batches([batches])
    values = np.random.default_rng(2).uniform(0.3, 2.0, 16)[compiled._gather]
    given = Argument(np.tile(values, (3, 1)))
    call("formulas over rows", compiled._function, [given, Argument(poison(3, compiled._size), writable=True)], 3)


def call_sparse_product() -> None:
    random = np.random.default_rng(3)
    rows, columns = np.divmod(random.choice(7 * 9, 40, replace=False), 9)
    product = SparseProduct(rows, columns, random.integers(0, 20, 40), 7, 9)
    tables = [Argument(table) for table in (product._starts, product.columns, product.sources)]
    numbers = [Argument(random.normal(size=size)) for size in (20, (9, 5))]
    total = Argument(random.normal(size=(7, 5)), writable=True)
    call("sparse product", products._add()[0], [*tables, *numbers, total], 7, 5)


def _store(change: Callable[[str, int], list[tuple[str, int]]]) -> None:
    """Let lowered formulas store their outputs in other places."""

    class Faulty(FunctionBody):
        def store(self, value: str, array: str, row: int) -> None:
            for place in change(array, row) if array == "%out" else [(array, row)]:
                super().store(value, *place)

    lowering.FunctionBody = Faulty  # type: ignore[misc]


def _load(change: Callable[[int], int]) -> None:
    """Let lowered formulas read species from other rows."""

    class Faulty(FunctionBody):
        def load(self, array: str, row: int) -> str:
            return super().load(array, change(row) if array == "%species" else row)

    lowering.FunctionBody = Faulty  # type: ignore[misc]


FAULTS: dict[str, Callable[[], None]] = {
    "write one row too far": lambda: _store(lambda array, row: [(array, row), (array, row + 1)]),
    "write one row too early": lambda: _store(lambda array, row: [(array, row - 1), (array, row)]),
    "write into what is given": lambda: _store(lambda array, row: [(array, row), ("%species", row)]),
    "leave a row out": lambda: _store(lambda array, row: [(array, row)] if row else []),
    "read one row too far": lambda: _load(lambda row: row + 1),
    "read one row too early": lambda: _load(lambda row: row - 1),
}


if __name__ == "__main__":
    for word in sys.argv[1:]:
        if word == "loops":
            functions.MOST_WRITTEN_OUT, lowering.LONGEST_PIECE, lowering.MOST_OPERATIONS = 0, 20, 0
        else:
            FAULTS[word]()
    call_every_kernel()
    print("every kernel kept to its arrays")
