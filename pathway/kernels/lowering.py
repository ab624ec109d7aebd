"""From a `OperationList` to the text of LLVM functions for one lane width.

A product that is used once, as a term of a sum, is fused with the sum (one rounding). Quotients with the same
denominator multiply by its reciprocal, since a division takes as long as ten multiplications. Both choices depend on
the formulas alone, so they are the same at every width.

Long functions are cut into pieces, since LLVM's time per operation grows with the length of a function; what one piece
computes for a later one passes through a buffer. Pieces of very long functions are shorter: with 500 species those of
100 operations compile in a third of the time of those of 500 and run as fast, while in a small model the calls show.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from .assembly import FunctionBody, LaneTypes, llvm_function
from .program import LEAVES, TRUTHS, OperationList
from .tabled import TABLED, tabled_function

LONGEST_PIECE = 500
"""Operations in one LLVM function."""

SHORTER_FROM, SHORTER_PIECE = 2000, 100
"""Operations and outputs from which a function counts as very long, and those in one of its pieces."""


MOST_OPERATIONS = 10000
"""Sums and products of a function from which on it runs over tables (`tabled`) instead of being written out."""


class LoweredFunction:
    """What a compiled function computes: `outputs[array][row]` is the number of an operation, None leaves the row."""

    def __init__(self, name: str, outputs: Mapping[str, Sequence[int | None]]) -> None:
        self.name = name
        self.outputs = outputs


def lower_to_llvm(
    program: OperationList, wanted: LoweredFunction, lanes: LaneTypes, inputs: Sequence[str], slots: Mapping[int, int]
) -> tuple[str, set[str]]:
    """The LLVM text of a function, and the names of the functions it calls.

    Parameters
    ----------
    program : OperationList
    wanted : LoweredFunction
    lanes : LaneTypes
    inputs : sequence of str
        Names of the arrays it reads, in calling order; leaves of the program stand in `time`, `species`,
        `parameters` and `direction`.
    slots : mapping of operation number to row of `parameters`
        Invariant operations that are already computed.
    """
    roots = [value for values in wanted.outputs.values() for value in values if value is not None]
    order = program.reachable(roots, frozenset(slots))
    plan = _Plan(program, wanted, order, slots)
    outputs = list(wanted.outputs)
    if len(order) > MOST_OPERATIONS and len(outputs) == 1 and {program.operations[v][0] for v in order} <= TABLED:
        return tabled_function(wanted.name, program, order, slots, wanted.outputs, plan.fused, lanes, inputs), set()
    called: set[str] = set()
    first = plan.placed_first()
    longest = LONGEST_PIECE if len(order) + len(first) < SHORTER_FROM else SHORTER_PIECE
    pieces = [order[i : i + longest] for i in range(0, len(order), longest)] or [[]]
    # Outputs without an operation only have to be copied; they are spread over the pieces.
    share = -(-len(first) // len(pieces))
    if share > longest:
        pieces += [[] for _ in range(len(first) // longest)]
        share = -(-len(first) // len(pieces))
    if len(pieces) == 1:
        piece = _Piece(plan, lanes, {}, called)
        piece.write(pieces[0], first)
        return llvm_function(wanted.name, inputs, outputs, piece.body.lines), called
    carried = plan.carried(pieces)
    texts, calls = [], []
    arrays = ", ".join(f"ptr %{a}" for a in [*inputs, *outputs, "carried"])
    for index, operations in enumerate(pieces):
        piece = _Piece(plan, lanes, carried, called)
        piece.write(operations, first[index * share : (index + 1) * share])
        name = f"{wanted.name}.{index}"
        texts.append(llvm_function(name, inputs, [*outputs, "carried"], piece.body.lines, internal=True))
        calls.append(f"call void @{name}({arrays})")
    buffer = f"%carried = alloca [{max(len(carried), 1)} x {lanes.real}], align 32"
    return "".join(texts) + llvm_function(wanted.name, inputs, outputs, [buffer, *calls]), called


class _Plan:
    """What is decided once for all pieces: uses, fusions, places."""

    def __init__(
        self, program: OperationList, wanted: LoweredFunction, order: list[int], slots: Mapping[int, int]
    ) -> None:
        self.program = program
        self.slots = slots
        self.order = order
        self.places: dict[int, list[tuple[str, int]]] = {}
        for array, values in wanted.outputs.items():
            for row, value in enumerate(values):
                if value is not None:
                    self.places.setdefault(value, []).append((array, row))
        self.fused: dict[int, int] = {}
        self.absorbed: set[int] = set()
        self._fuse()
        lower = [program.operations[value][2] for value in order if program.operations[value][0] == "divide"]
        self.shared_denominators = {value for value, uses in Counter(lower).items() if uses > 1}

    def _fuse(self) -> None:
        operations = self.program.operations
        uses: dict[int, int] = {value: len(places) for value, places in self.places.items()}
        for value in self.order:
            for operand in operations[value][1:]:
                uses[operand] = uses.get(operand, 0) + 1
        available = set(self.order)
        for value in self.order:
            operation = operations[value]
            if operation[0] in ("add", "subtract"):
                # The second operand first: the first one is usually the running sum.
                for operand in (operation[2], operation[1]):
                    if operand in available and uses[operand] == 1 and operations[operand][0] == "multiply":
                        self.fused[value] = operand
                        self.absorbed.add(operand)
                        break

    def placed_first(self) -> list[int]:
        """Outputs that need no operation: numbers, leaves, values already computed."""
        done = set(self.order)
        return [value for value in self.places if value not in done]

    def operands(self, value: int) -> tuple[int, ...]:
        """Operands of an operation as it is carried out, those of a fused product included."""
        operation = self.program.operations[value]
        if value not in self.fused:
            return operation[1:]
        product = self.fused[value]
        rest = [o for o in operation[1:] if o != product]
        return (*self.program.operations[product][1:], *rest)

    def carried(self, pieces: list[list[int]]) -> dict[int, int]:
        """Rows of the buffer for operations that a later piece uses."""
        piece_of = {value: index for index, piece in enumerate(pieces) for value in piece}
        rows: dict[int, int] = {}
        for index, piece in enumerate(pieces):
            for value in piece:
                if value in self.absorbed:
                    continue
                for operand in self.operands(value):
                    if operand in piece_of and piece_of[operand] != index:
                        rows.setdefault(operand, len(rows))
        return rows


class _Piece:
    """Writes one stretch of operations."""

    def __init__(self, plan: _Plan, lanes: LaneTypes, carried: Mapping[int, int], called: set[str]) -> None:
        self.plan = plan
        self.body = FunctionBody(lanes)
        self.carried = carried
        self.called = called
        self.names: dict[int, str] = {}
        self.reciprocals: dict[int, str] = {}

    def write(self, operations: Iterable[int], first: Iterable[int]) -> None:
        plan, names = self.plan, self.names
        for value in first:
            self._place(value, self.name(value))
        known = plan.program.operations
        for value in operations:
            if value in plan.absorbed:
                continue
            if value in plan.fused:
                name = self._fused(value)
            else:
                operation = known[value]
                if operation[0] == "divide" and operation[2] in plan.shared_denominators:
                    name = self._quotient(operation)
                else:
                    name = _WRITERS[operation[0]](self, [self.name(o) for o in operation[1:]])
            names[value] = name
            if value in plan.places:
                self._place(value, name)
            if value in self.carried:
                if known[value][0] in TRUTHS:
                    name = _indicator(self, [name])
                self.body.store(name, "%carried", self.carried[value])

    def _quotient(self, operation: tuple) -> str:
        _, upper, lower = operation
        one = self.body.lanes.constant(1.0)
        if lower not in self.reciprocals:
            self.reciprocals[lower] = self.body.divide(one, self.name(lower))
        reciprocal, name = self.reciprocals[lower], self.name(upper)
        return reciprocal if name == one else self.body.multiply(name, reciprocal)

    def _place(self, value: int, name: str) -> None:
        for array, row in self.plan.places[value]:
            self.body.store(name, f"%{array}", row)

    def name(self, value: int) -> str:
        """The register that holds a value; loaded at its first use in this piece."""
        name = self.names.get(value)
        if name is None:
            name = self.names[value] = self._load(value)
        return name

    def _load(self, value: int) -> str:
        body, operation = self.body, self.plan.program.operations[value]
        kind = operation[0]
        if value in self.plan.slots:
            return body.load("%parameters", self.plan.slots[value])
        if kind not in LEAVES:
            stored = body.load("%carried", self.carried[value])
            return _holds(self, [stored]) if kind in TRUTHS else stored
        if kind == "number":
            return body.lanes.constant(operation[1])
        if kind == "time":
            return body.load("%time", 0)
        return body.load({"species": "%species", "parameter": "%parameters"}.get(kind, f"%{kind}"), operation[1])

    def _fused(self, value: int) -> str:
        operation, product = self.plan.program.operations[value], self.plan.fused[value]
        body = self.body
        left, right = (self.name(o) for o in self.plan.program.operations[product][1:])
        product_comes_first = operation[1] == product
        other = self.name(operation[2] if product_comes_first else operation[1])
        if operation[0] == "subtract":
            if product_comes_first:
                other = body.negate(other)
            else:
                left = body.negate(left)
        return body.fused(left, right, other)


def _real_operation(operation: str) -> Callable[[_Piece, list[str]], str]:
    return lambda piece, operands: piece.body.binary(operation, *operands)


def _intrinsic(name: str) -> Callable[[_Piece, list[str]], str]:
    return lambda piece, operands: piece.body.call(name, *operands)


def _comparison(relation: str) -> Callable[[_Piece, list[str]], str]:
    return lambda piece, operands: piece.body.compare(relation, *operands)


def _truth_operation(operation: str) -> Callable[[_Piece, list[str]], str]:
    return lambda piece, o: piece.body.put(f"{operation} {piece.body.lanes.truth} {o[0]}, {o[1]}")


def _own_function(name: str) -> Callable[[_Piece, list[str]], str]:
    def write(piece: _Piece, operands: list[str]) -> str:
        piece.called.add(name)
        return piece.body.call_function(name, *operands)

    return write


def _library_function(name: str) -> Callable[[_Piece, list[str]], str]:
    """A function of the C library, called for each lane."""

    def write(piece: _Piece, operands: list[str]) -> str:
        piece.called.add(name)
        body, lanes = piece.body, piece.body.lanes
        if lanes.width == 1:
            return body.put(f"call double @{name}(double {operands[0]})")
        result = "poison"
        for lane in range(lanes.width):
            one = body.put(f"extractelement {lanes.real} {operands[0]}, i32 {lane}")
            value = body.put(f"call double @{name}(double {one})")
            result = body.put(f"insertelement {lanes.real} {result}, double {value}, i32 {lane}")
        return result

    return write


def _extremum(relation: str) -> Callable[[_Piece, list[str]], str]:
    def write(piece: _Piece, operands: list[str]) -> str:
        first, second = operands
        return piece.body.choose(piece.body.compare(relation, second, first), second, first)

    return write


def _indicator(piece: _Piece, operands: list[str]) -> str:
    lanes = piece.body.lanes
    return piece.body.choose(operands[0], lanes.constant(1.0), lanes.constant(0.0))


def _holds(piece: _Piece, operands: list[str]) -> str:
    return piece.body.compare("une", operands[0], piece.body.lanes.constant(0.0))


def _not(piece: _Piece, operands: list[str]) -> str:
    lanes = piece.body.lanes
    true = "true" if lanes.width == 1 else "<" + ", ".join(["i1 true"] * lanes.width) + ">"
    return piece.body.put(f"xor {lanes.truth} {operands[0]}, {true}")


LIBRARY = ("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh")
"""Functions taken from the C library, lane by lane."""

_WRITERS: dict[str, Callable[[_Piece, list[str]], str]] = {
    "add": _real_operation("fadd"),
    "subtract": _real_operation("fsub"),
    "multiply": _real_operation("fmul"),
    "divide": _real_operation("fdiv"),
    "negate": lambda piece, operands: piece.body.negate(operands[0]),
    "sqrt": _intrinsic("llvm.sqrt"),
    "abs": _intrinsic("llvm.fabs"),
    "floor": _intrinsic("llvm.floor"),
    "ceil": _intrinsic("llvm.ceil"),
    "exp": _own_function("pathway_exp"),
    "log": _own_function("pathway_log"),
    "power": _own_function("pathway_pow"),
    "min": _extremum("olt"),
    "max": _extremum("ogt"),
    "less": _comparison("olt"),
    "less_equal": _comparison("ole"),
    "equal": _comparison("oeq"),
    "not_equal": _comparison("une"),
    "and": _truth_operation("and"),
    "or": _truth_operation("or"),
    "not": _not,
    "holds": _holds,
    "indicator": _indicator,
    "choose": lambda piece, operands: piece.body.choose(*operands),
    **{name: _library_function(name) for name in LIBRARY},
}
