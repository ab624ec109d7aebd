"""Sparse linear algebra on a fixed pattern, written out entry by entry.

Rows are done one after the other: a row's entries stay in registers, what it needs of the rows above is read from the
factors. For large models `looped` does the same work in loops.
"""

from __future__ import annotations

from collections.abc import Sequence

from .assembly import FunctionBody, LaneTypes, llvm_function
from .layout import FactorLayout, SubstitutionSteps
from .lowering import LONGEST_PIECE


def factor(layout: FactorLayout, lanes: LaneTypes) -> str:
    """`factor(jacobian, shift, lu, worst)`."""
    elimination = layout.elimination
    size = len(elimination.row_order)
    pieces = _pieces([len(low) + sum(len(elimination.upper[m]) for m in low) + 4 for low in elimination.lower])
    texts, calls = [], []
    for index, steps in enumerate(pieces):
        body = FunctionBody(lanes)
        shift = body.load("%shift", 0)
        size_of_shift = body.call("llvm.fabs", shift)
        trouble = lanes.constant(0.0) if index == 0 else body.load("%worst", 0)
        for k in steps:
            trouble = _factor_row(layout, body, k, shift, size_of_shift, trouble)
        if index == len(pieces) - 1:
            trouble = body.divide(lanes.constant(float(size)), trouble)
        body.store(trouble, "%worst", 0)
        name = "factor" if len(pieces) == 1 else f"factor.{index}"
        texts.append(llvm_function(name, ["jacobian", "shift"], ["lu", "worst"], body.lines, internal=len(pieces) > 1))
        calls.append(f"call void @{name}(ptr %jacobian, ptr %shift, ptr %lu, ptr %worst)")
    if len(pieces) > 1:
        texts.append(llvm_function("factor", ["jacobian", "shift"], ["lu", "worst"], calls))
    return "".join(texts)


def _factor_row(layout: FactorLayout, body: FunctionBody, k: int, shift: str, size_of_shift: str, trouble: str) -> str:
    """Eliminate in the k-th row and store it; the running sum of pivot measures."""
    elimination = layout.elimination
    row = elimination.row_order[k]
    lower, upper = elimination.lower[k], elimination.upper[k]
    entries: dict[int, str] = {}
    for step in (*lower, k, *upper):
        place = layout.jacobian.get((row, elimination.column_order[step]))
        if place is not None:
            entries[step] = body.load("%jacobian", place)
    scale = size_of_shift if row in layout.shifted and elimination.column_order[k] == row else _largest(body, entries)
    if row in layout.shifted:
        step = next(s for s in (*lower, k, *upper) if elimination.column_order[s] == row)
        entries[step] = body.subtract(entries[step], shift) if step in entries else body.negate(shift)
    start = layout.starts[k]
    for position, m in enumerate(lower):
        entry = entries.pop(m)
        body.store(body.multiply(entry, body.load("%lu", layout.pivot(m))), "%lu", start + position)
        for offset, step in enumerate(elimination.upper[m], start=layout.pivot(m) + 1):
            above = body.load("%lu", offset)
            entries[step] = body.fused(entry, above, entries[step]) if step in entries else body.multiply(entry, above)
    inverse = body.divide(body.lanes.constant(-1.0), entries[k])
    body.store(inverse, "%lu", layout.pivot(k))
    for offset, step in enumerate(upper, start=layout.pivot(k) + 1):
        body.store(body.multiply(entries[step], inverse), "%lu", offset)
    return pivot_measure_sum(body, scale, entries[k], inverse, trouble)


def pivot_measure_sum(body: FunctionBody, scale: str, pivot: str, inverse: str, trouble: str) -> str:
    """The running sum of pivot measures; nan from an infinite pivot on, which would hold its species still."""
    trouble = body.fused(scale, body.call("llvm.fabs", inverse), trouble)
    return body.fused(body.multiply(pivot, body.lanes.constant(0.0)), inverse, trouble)


def _largest(body: FunctionBody, entries: dict[int, str]) -> str:
    largest = body.lanes.constant(0.0)
    for entry in entries.values():
        size = body.call("llvm.fabs", entry)
        largest = body.choose(body.compare("ogt", size, largest), size, largest)
    return largest


def solve(layout: FactorLayout, lanes: LaneTypes, *, shared: bool) -> str:
    """`solve(lu, b)`, or `solve_shared(lu, b)` with plain doubles as factors; the solution replaces `b`."""
    return _solve("solve_shared" if shared else "solve", layout, lanes, shared=shared, transposed=False)


def solve_transposed(layout: FactorLayout, lanes: LaneTypes) -> str:
    """`solve_transposed(lu, b)`: the solution of the transposed system replaces `b`."""
    return _solve("solve_transposed", layout, lanes, shared=False, transposed=True)


def _solve(name: str, layout: FactorLayout, lanes: LaneTypes, *, shared: bool, transposed: bool) -> str:
    plan = layout.substitution(transposed)
    forward = [(_Solver.forward, k) for k in range(layout.size)]
    backward = [(_Solver.backward, k) for k in reversed(range(layout.size))]
    steps = forward + backward
    costs = [1 + len(plan.forward[k]) for _, k in forward] + [1 + len(plan.backward[k]) for _, k in backward]
    pieces = _pieces(costs)
    texts, calls = [], []
    single = len(pieces) == 1
    for index, piece in enumerate(pieces):
        body = FunctionBody(lanes)
        writer = _Solver(layout, plan, body, shared, carried=not single)
        for position in piece:
            write, k = steps[position]
            write(writer, k)
        inputs, outputs = (["lu"], ["b"]) if single else (["lu"], ["b", "carried"])
        texts.append(
            llvm_function(name if single else f"{name}.{index}", inputs, outputs, body.lines, internal=not single)
        )
        calls.append(f"call void @{name}.{index}(ptr %lu, ptr %b, ptr %carried)")
    if not single:
        buffer = f"%carried = alloca [{layout.size} x {lanes.real}], align 32"
        texts.append(llvm_function(name, ["lu"], ["b"], [buffer, *calls]))
    return "".join(texts)


class _Solver:
    """Writes substitution steps; with `carried`, intermediate values live in a buffer between functions."""

    def __init__(
        self, layout: FactorLayout, plan: SubstitutionSteps, body: FunctionBody, shared: bool, *, carried: bool
    ) -> None:
        self.layout = layout
        self.plan = plan
        self.body = body
        self.entry = body.load_spread if shared else body.load
        self.carried = carried
        self.values: dict[int, str] = {}

    def _value(self, k: int) -> str:
        if k not in self.values:
            self.values[k] = self.body.load("%carried", k)
        return self.values[k]

    def _keep(self, k: int, value: str) -> None:
        self.values[k] = value
        if self.carried:
            self.body.store(value, "%carried", k)

    def forward(self, k: int) -> None:
        total = self.body.load("%b", self.plan.source[k])
        for place, m in self.plan.forward[k]:
            total = self.body.fused(self.entry("%lu", place), self._value(m), total)
        self._keep(k, total)

    def backward(self, k: int) -> None:
        total = self.body.multiply(self._value(k), self.entry("%lu", self.layout.pivot(k)))
        # The value that was found last comes last, so that the others do not wait for it.
        for place, m in reversed(self.plan.backward[k]):
            total = self.body.fused(self.entry("%lu", place), self._value(m), total)
        self._keep(k, total)
        self.body.store(total, "%b", self.plan.target[k])


def multiply(
    name: str, rows: Sequence[int], columns: Sequence[int], size: int, lanes: LaneTypes, *, shared: bool, add: bool
) -> str:
    """`name(matrix, s, out)`: out = matrix s, or with `add` out += matrix s; a shared matrix has plain doubles."""
    by_row: dict[int, list[tuple[int, int]]] = {row: [] for row in range(size)}
    for position, (row, column) in enumerate(zip(rows, columns, strict=True)):
        by_row[row].append((position, column))
    pieces = _pieces([1 + 2 * len(entries) for entries in by_row.values()])
    texts, calls = [], []
    for index, piece in enumerate(pieces):
        body = FunctionBody(lanes)
        vector: dict[int, str] = {}
        for row in piece:
            total = body.load("%out", row) if add and by_row[row] else None
            for position, column in by_row[row]:
                entry = (body.load_spread if shared else body.load)("%matrix", position)
                if column not in vector:
                    vector[column] = body.load("%s", column)
                value = vector[column]
                total = body.multiply(entry, value) if total is None else body.fused(entry, value, total)
            if total is not None or not add:
                body.store(lanes.constant(0.0) if total is None else total, "%out", row)
        part = name if len(pieces) == 1 else f"{name}.{index}"
        texts.append(llvm_function(part, ["matrix", "s"], ["out"], body.lines, internal=len(pieces) > 1))
        calls.append(f"call void @{part}(ptr %matrix, ptr %s, ptr %out)")
    if len(pieces) > 1:
        texts.append(llvm_function(name, ["matrix", "s"], ["out"], calls))
    return "".join(texts)


def _pieces(costs: Sequence[int]) -> list[range]:
    """Consecutive stretches of at most about `LONGEST_PIECE` operations."""
    pieces, start, total = [], 0, 0
    for index, cost in enumerate(costs):
        if total and total + cost > LONGEST_PIECE:
            pieces.append(range(start, index))
            start, total = index, 0
        total += cost
    return [*pieces, range(start, len(costs))]
