"""Text of LLVM functions in which every value is a row of lanes.

Written as text because that is several times faster than building objects, and because it can be read. Width 1
stands for plain doubles, any other width for `<width x double>`; the same operations are written in either case, so a
lane gives the same bits at every width.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import lru_cache


@lru_cache(maxsize=4096)
def llvm_double(value: float) -> str:
    """A double as LLVM reads it without loss."""
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"


class LaneTypes:
    """Names of the types of one width, and constants of them."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.real = "double" if width == 1 else f"<{width} x double>"
        self.truth = "i1" if width == 1 else f"<{width} x i1>"
        self.integer = "i64" if width == 1 else f"<{width} x i64>"
        self.suffix = "f64" if width == 1 else f"v{width}f64"
        self.bytes = 8 * width
        self._constants: dict[str, str] = {}

    def constant(self, value: float) -> str:
        """A number in every lane."""
        return self._spread("double", llvm_double(value))

    def whole(self, value: int) -> str:
        """A 64-bit integer in every lane."""
        return self._spread("i64", str(value - (1 << 64) if value >= 1 << 63 else value))

    def _spread(self, kind: str, text: str) -> str:
        if self.width == 1:
            return text
        key = kind + text
        if key not in self._constants:
            self._constants[key] = "<" + ", ".join([f"{kind} {text}"] * self.width) + ">"
        return self._constants[key]


class FunctionBody:
    """The instructions of one function, in the order in which they are written."""

    def __init__(self, lanes: LaneTypes) -> None:
        self.lanes = lanes
        self.lines: list[str] = ["start:"]
        self.block = "start"

    def put(self, operation: str) -> str:
        """Write one instruction; the name of its result."""
        name = f"%v{len(self.lines)}"
        self.lines.append(f"{name} = {operation}")
        return name

    def do(self, operation: str) -> None:
        """Write one instruction without a result."""
        self.lines.append(operation)

    def address(self, array: str, row: int) -> str:
        """Where row `row` of an array of lanes stands."""
        if row == 0:
            return array
        return self.put(f"getelementptr i8, ptr {array}, i64 {row * self.lanes.bytes}")

    def load(self, array: str, row: int) -> str:
        return self.put(f"load {self.lanes.real}, ptr {self.address(array, row)}, align 8")

    def load_spread(self, array: str, position: int) -> str:
        """One number of an array of plain doubles, in every lane."""
        place = array if position == 0 else self.put(f"getelementptr i8, ptr {array}, i64 {8 * position}")
        return self.spread(self.put(f"load double, ptr {place}, align 8"))

    def spread(self, scalar: str) -> str:
        """A plain double in every lane."""
        width, real = self.lanes.width, self.lanes.real
        if width == 1:
            return scalar
        first = self.put(f"insertelement {real} poison, double {scalar}, i32 0")
        return self.put(f"shufflevector {real} {first}, {real} poison, <{width} x i32> zeroinitializer")

    def store(self, value: str, array: str, row: int) -> None:
        self.do(f"store {self.lanes.real} {value}, ptr {self.address(array, row)}, align 8")

    def binary(self, operation: str, left: str, right: str) -> str:
        return self.put(f"{operation} {self.lanes.real} {left}, {right}")

    def add(self, left: str, right: str) -> str:
        return self.binary("fadd", left, right)

    def subtract(self, left: str, right: str) -> str:
        return self.binary("fsub", left, right)

    def multiply(self, left: str, right: str) -> str:
        return self.binary("fmul", left, right)

    def divide(self, left: str, right: str) -> str:
        return self.binary("fdiv", left, right)

    def negate(self, operand: str) -> str:
        return self.put(f"fneg {self.lanes.real} {operand}")

    def fused(self, left: str, right: str, term: str) -> str:
        """left * right + term, rounded once where the machine can; the same at every width."""
        return self.call("llvm.fmuladd", left, right, term)

    def call(self, intrinsic: str, *operands: str) -> str:
        """An LLVM intrinsic over lanes."""
        return self.call_function(f"{intrinsic}.{self.lanes.suffix}", *operands)

    def call_function(self, name: str, *operands: str) -> str:
        """A function of this module from lanes to lanes."""
        real = self.lanes.real
        return self.put(f"call {real} @{name}({', '.join(f'{real} {o}' for o in operands)})")

    def compare(self, relation: str, left: str, right: str) -> str:
        return self.put(f"fcmp {relation} {self.lanes.real} {left}, {right}")

    def choose(self, condition: str, value: str, otherwise: str) -> str:
        real = self.lanes.real
        return self.put(f"select {self.lanes.truth} {condition}, {real} {value}, {real} {otherwise}")

    def in_all_lanes(self, condition: str) -> str:
        """Whether a condition holds everywhere, as one bit."""
        width, truth = self.lanes.width, self.lanes.truth
        if width == 1:
            return condition
        return self.put(f"icmp eq i{width} {self.put(f'bitcast {truth} {condition} to i{width}')}, -1")

    def bits(self, value: str) -> str:
        """A real as its 64 bits."""
        return self.put(f"bitcast {self.lanes.real} {value} to {self.lanes.integer}")

    def from_bits(self, value: str) -> str:
        return self.put(f"bitcast {self.lanes.integer} {value} to {self.lanes.real}")

    def whole(self, operation: str, left: str, right: str) -> str:
        """An operation on 64-bit integers."""
        return self.put(f"{operation} {self.lanes.integer} {left}, {right}")

    def element(self, kind: str, array: str, position: str) -> str:
        """Load element `position` (a register) of an array of plain `kind`."""
        place = self.put(f"getelementptr {kind}, ptr {array}, i64 {position}")
        return self.put(f"load {kind}, ptr {place}")

    def count(self, array: str, position: str) -> str:
        """Load an entry of an array of 32-bit counts, as i64."""
        return self.put(f"zext i32 {self.element('i32', array, position)} to i64")

    def shifted(self, array: str, doubles: str) -> str:
        """Where an array goes on after a number of doubles (a register)."""
        return self.put(f"getelementptr double, ptr {array}, i64 {doubles}")

    def load_at(self, place: str) -> str:
        return self.put(f"load {self.lanes.real}, ptr {place}, align 8")

    def store_at(self, value: str, place: str) -> None:
        self.do(f"store {self.lanes.real} {value}, ptr {place}, align 8")

    def label(self, name: str) -> None:
        """Begin a block."""
        self.lines.append(f"{name}:")
        self.block = name


class LoopWriter:
    """Instructions repeated for `index` = first, first + step, ... before `last`, with values that run along.

    Used as a context: what is written inside is repeated. Inside, append to `following` the new value of each of
    `totals`; afterwards these are the last ones.
    """

    def __init__(self, body: FunctionBody, first: str, last: str, totals: Sequence[str] = (), step: int = 1) -> None:
        self.body = body
        self.name = f"loop{len(body.lines)}"
        self.step = step
        self.index = f"%{self.name}.index"
        self.totals = [f"%{self.name}.total{k}" for k in range(len(totals))]
        self.following: list[str] = []
        self._start(first, last, totals)

    def _start(self, first: str, last: str, totals: Sequence[str]) -> None:
        body, name, before = self.body, self.name, self.body.block
        body.do(f"br label %{name}")
        body.label(name)
        body.do(f"{self.index} = phi i64 [ {first}, %{before} ], [ {self.index}.next, %{name}.again ]")
        self._holes = len(body.lines)
        for register, total in zip(self.totals, totals, strict=True):
            body.do(f"{register} = phi {body.lanes.real} [ {total}, %{before} ], ")
        more = body.put(f"icmp {'slt' if self.step > 0 else 'sgt'} i64 {self.index}, {last}")
        body.do(f"br i1 {more}, label %{name}.inside, label %{name}.after")
        body.label(f"{name}.inside")

    def __enter__(self) -> LoopWriter:
        return self

    def __exit__(self, *failure: object) -> None:
        body, name = self.body, self.name
        for k, value in enumerate(self.following):
            body.lines[self._holes + k] += f"[ {value}, %{name}.again ]"
        body.do(f"br label %{name}.again")
        body.label(f"{name}.again")
        body.do(f"{self.index}.next = add i64 {self.index}, {self.step}")
        body.do(f"br label %{name}")
        body.label(f"{name}.after")


def constant_table(name: str, values: Sequence[int]) -> str:
    """A constant array of 32-bit counts."""
    listed = ", ".join(f"i32 {v}" for v in values) or "i32 0"
    return f"@{name} = private constant [{max(len(values), 1)} x i32] [{listed}]\n"


INTRINSICS = {"fmuladd": 3, "sqrt": 1, "fabs": 1, "floor": 1, "ceil": 1}
"""Intrinsics a module may use and how many operands they take."""


def llvm_declarations(lanes: LaneTypes) -> list[str]:
    """Of all intrinsics for these lanes, and of one for the columns that single numbers are gathered in."""
    wide = [("fmuladd", 3, LaneTypes(4))] if lanes.width == 1 else []
    return [
        f"declare {kind.real} @llvm.{name}.{kind.suffix}({', '.join([kind.real] * count)})"
        for name, count, kind in [*((name, count, lanes) for name, count in INTRINSICS.items()), *wide]
    ]


def llvm_function(
    name: str, inputs: Sequence[str], outputs: Sequence[str], lines: Sequence[str], *, internal: bool = False
) -> str:
    """A function of pointers; the arrays must not overlap."""
    pointers = [f"ptr noalias readonly %{i}" for i in inputs] + [f"ptr noalias %{o}" for o in outputs]
    linkage = "internal " if internal else ""
    body = "\n  ".join([*lines, "ret void"])
    return f"define {linkage}void @{name}({', '.join(pointers)}) nounwind {{\n  {body}\n}}\n"


def lane_function(name: str, lanes: LaneTypes, arguments: Sequence[str], body: FunctionBody, result: str) -> str:
    """A function from lanes to lanes, for use inside the module; called, not inlined, to keep modules small."""
    parameters = ", ".join(f"{lanes.real} %{a}" for a in arguments)
    lines = "\n  ".join([*body.lines, f"ret {lanes.real} {result}"])
    return f"define internal {lanes.real} @{name}({parameters}) nounwind noinline {{\n  {lines}\n}}\n"
