"""Very long sums of products as one loop over tables of operands: what takes seconds to compile otherwise.

Every operation is a*b + c: a sum is a*1 + c, a difference c*(-1) + a, a product a*b + (-0), to the last bit. Operands
are parameters, read where they stand, or rows of a buffer with constants, inputs and intermediate values, whose rows
are used again after the last use of what was there. With 2,000 species of `benchmarks.sparse` right-hand side and
Jacobian compile in 0.04 s instead of 1.2, and take four times as long: 5 % of a step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from .assembly import FunctionBody, LaneTypes, LoopWriter, constant_table, llvm_function
from .program import Operation, OperationList

TABLED = frozenset({"add", "subtract", "multiply", "negate"})
"""Operators that can be written so."""


def tabled_function(
    name: str,
    program: OperationList,
    order: Sequence[int],
    slots: Mapping[int, int],
    outputs: Mapping[str, Sequence[int | None]],
    fused: Mapping[int, int],
    lanes: LaneTypes,
    inputs: Sequence[str],
) -> str:
    """The LLVM text of a function with one array of outputs whose operations are all of `TABLED`.

    Parameters
    ----------
    order : sequence of int
        Operations, each after its operands.
    slots : mapping of operation number to row of `parameters`
    fused : mapping of operation number to operation number
        Sums and differences with the product that only they use, which is not rounded by itself.
    """
    ((array, values),) = outputs.items()
    tables = _Tables(program, slots, inputs)
    tables.write(order, values, fused)
    body = FunctionBody(lanes)
    buffer = body.put(f"alloca [{tables.size} x {lanes.real}], align 32")
    for value, row in tables.constants.items():
        body.store(lanes.constant(float.fromhex(value)), buffer, row)
    for source, (first, count) in tables.inputs.items():
        with LoopWriter(body, "0", str(count * lanes.width), step=lanes.width) as rows:
            target = body.shifted(buffer, body.put(f"add i64 {rows.index}, {first * lanes.width}"))
            body.store_at(body.load_at(body.shifted(f"%{source}", rows.index)), target)
    texts = [constant_table(f"{name}_{k}", _scaled(column, lanes.width)) for k, column in enumerate(tables.columns)]
    with LoopWriter(body, "0", str(len(tables.columns[0]))) as steps:
        factors = [body.load_at(_place(body, f"@{name}_{k}", steps.index, buffer, "%parameters")) for k in range(3)]
        place = _place(body, f"@{name}_3", steps.index, buffer, f"%{array}")
        body.store_at(body.fused(*factors), place)
    return "".join(texts) + llvm_function(name, inputs, [array], body.lines)


def _scaled(rows: Sequence[int], width: int) -> list[int]:
    """Distances in doubles; what does not stand in the buffer has them below zero, from -1 on."""
    return [row * width if row >= 0 else ~(~row * width) for row in rows]


def _place(body: FunctionBody, table: str, index: str, buffer: str, other: str) -> str:
    """Where an entry of a table says that a value stands: in the buffer, or in the other array."""
    entry = body.put(f"sext i32 {body.element('i32', table, index)} to i64")
    sign = body.put(f"ashr i64 {entry}, 63")
    elsewhere = body.put(f"icmp slt i64 {entry}, 0")
    array = body.put(f"select i1 {elsewhere}, ptr {other}, ptr {buffer}")
    return body.shifted(array, body.put(f"xor i64 {entry}, {sign}"))


def _index(operation: Operation) -> int:
    """Of a leaf in its array."""
    return operation[1] if len(operation) > 1 else 0


class _Tables:
    """Decides on rows of the buffer and fills the four columns: two factors, a term, and where the result goes.

    Attributes
    ----------
    constants : dict of str to int
        Row of each number, by its hexadecimal text, which tells -0.0 from 0.0.
    inputs : dict of str to (int, int)
        First row and number of rows of each array that is copied into the buffer.
    size : int
        Rows of the buffer.
    """

    def __init__(self, program: OperationList, slots: Mapping[int, int], inputs: Sequence[str]) -> None:
        self.program, self.slots = program, slots
        self.columns: tuple[list[int], list[int], list[int], list[int]] = ([], [], [], [])
        self.constants: dict[str, int] = {}
        self.inputs: dict[str, tuple[int, int]] = {}
        self.size = 0
        for source in inputs:
            if source != "parameters":
                count = 1 + max((_index(o) for o in program.operations if o[0] == source), default=-1)
                self.inputs[source] = (self.size, count)
                self.size += count
        self.one, self.minus, self.nothing = (self._constant(v) for v in (1.0, -1.0, -0.0))
        self._rows: dict[int, int] = {}
        self._free: list[int] = []
        self._uses: Counter[int] = Counter()

    def write(self, order: Sequence[int], values: Sequence[int | None], fused: Mapping[int, int]) -> None:
        operations, absorbed = self.program.operations, set(fused.values())
        places: dict[int, list[int]] = {}
        for row, value in enumerate(values):
            if value is not None:
                places.setdefault(value, []).append(row)
        for value in order:
            self._uses.update(operations[value][1:])
        done = set(order)
        for value, rows in places.items():
            if value not in done:
                self._copy(self._row(value), rows)
        for value in order:
            if value not in absorbed:
                rows = places.get(value, [])
                if len(rows) == 1 and not self._uses[value]:
                    self._operation(operations[value], fused.get(value), ~rows[0])
                    continue
                target = self._rows[value] = self._new()
                self._operation(operations[value], fused.get(value), target)
                self._copy(target, rows)

    def _operation(self, operation: Operation, product: int | None, target: int) -> None:
        kind, operands = operation[0], operation[1:]
        if product is not None:
            left, right = self.program.operations[product][1:]
            other = operands[1] if operands[0] == product else operands[0]
            factor, term = self._row(left), self._row(other)
            if kind == "subtract":
                negative = self._new()
                negated_term = operands[0] == product
                self._step(term if negated_term else factor, self.minus, self.nothing, negative)
                factor, term = (factor, negative) if negated_term else (negative, term)
                self._free.append(negative)
            self._step(factor, self._row(right), term, target)
            self._release(left, right, product, other)
            return
        first, last = self._row(operands[0]), self._row(operands[-1])
        if kind == "add":
            self._step(first, self.one, last, target)
        elif kind == "subtract":
            self._step(last, self.minus, first, target)
        elif kind == "multiply":
            self._step(first, last, self.nothing, target)
        else:
            self._step(first, self.minus, self.nothing, target)
        self._release(*operands)

    def _copy(self, source: int, rows: Sequence[int]) -> None:
        for row in rows:
            self._step(source, self.one, self.nothing, ~row)

    def _step(self, *entries: int) -> None:
        for column, entry in zip(self.columns, entries, strict=True):
            column.append(entry)

    def _row(self, value: int) -> int:
        """Where a value stands: a row of the buffer, or the complement of a row of the parameters."""
        operation = self.program.operations[value]
        if value in self.slots:
            return ~self.slots[value]
        if operation[0] == "parameter":
            return ~operation[1]
        if operation[0] == "number":
            return self._constant(operation[1])
        if operation[0] in ("time", "species", "direction"):
            return self.inputs[operation[0]][0] + _index(operation)
        return self._rows[value]

    def _constant(self, value: float) -> int:
        """The row of a number, which nothing else is ever written to."""
        if value.hex() not in self.constants:
            self.constants[value.hex()] = self.size
            self.size += 1
        return self.constants[value.hex()]

    def _new(self) -> int:
        if self._free:
            return self._free.pop()
        self.size += 1
        return self.size - 1

    def _release(self, *operands: int) -> None:
        for value in operands:
            self._uses[value] -= 1
            if not self._uses[value] and value in self._rows:
                self._free.append(self._rows.pop(value))
