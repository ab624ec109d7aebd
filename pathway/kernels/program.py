"""Formulas as a numbered list of operations with two operands or so: what a processor does, before it has lanes.

Operations are hash-consed across all formulas given to one `OperationList`, so whatever two outputs have in common is
done once. Signs are pulled outwards (a reaction's rate is one value, whether it is added here or subtracted there),
factors that depend on parameters alone are multiplied among themselves first, and division by such a factor becomes
multiplication by its reciprocal: all that is computed once per set of parameters, not once per step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from pathway.expressions import Expression, postorder
from pathway.expressions.graph import FUNCTIONS

Operation = tuple
"""(operator, operand numbers...), or for a leaf (kind, index or value)."""

LEAVES = frozenset({"number", "time", "species", "parameter", "direction"})
TRUTHS = frozenset({"less", "less_equal", "equal", "not_equal", "and", "or", "not", "holds"})
"""Operators whose result is a truth value; all others give a real number."""

LARGEST_PRODUCT_POWER = 32
"""Integer exponents up to this size become products."""


class OperationList:
    """Operations over named leaves.

    Attributes
    ----------
    operations : list of Operation
        Operands come before the operations that use them.
    invariant : list of bool
        Whether an operation depends on numbers and parameters alone.
    """

    def __init__(self, leaves: Mapping[str, Operation]) -> None:
        self.operations: list[Operation] = []
        self.invariant: list[bool] = []
        self._leaves = dict(leaves)
        self._numbered: dict[Operation, int] = {}
        self._known: dict[Expression, int] = {}
        self._one = self.number(1.0)

    def values(self, expressions: Iterable[Expression]) -> list[int]:
        """The operations that compute the expressions."""
        roots = list(expressions)
        known = self._known
        for node in postorder([root for root in roots if root not in known]):
            if node not in known:
                known[node] = self._translate(node)
        return [self._real(known[root]) for root in roots]

    def reachable(self, outputs: Iterable[int], stop: frozenset[int] = frozenset()) -> list[int]:
        """Operations needed for the outputs, each after its operands; leaves and those in `stop` are left out."""
        order: list[int] = []
        seen = set(stop)
        operations = self.operations
        for output in outputs:
            pending = [output]
            while pending:
                current = pending[-1]
                if current < 0:
                    order.append(~current)
                    pending.pop()
                    continue
                operation = operations[current]
                if current in seen or operation[0] in LEAVES:
                    pending.pop()
                    continue
                seen.add(current)
                pending[-1] = ~current
                pending.extend(reversed(operation[1:]))
        return order

    def invariants(self, outputs: Iterable[int]) -> list[int]:
        """The largest operations on parameters alone that the outputs need, in the order in which they are met."""
        invariants: dict[int, None] = {}
        wanted = list(outputs)
        for value in wanted:
            self._note_invariant(value, invariants)
        for value in self.reachable(wanted, frozenset(v for v in wanted if self.invariant[v])):
            if not self.invariant[value]:
                for operand in self.operations[value][1:]:
                    self._note_invariant(operand, invariants)
        return list(invariants)

    def _note_invariant(self, value: int, invariants: dict[int, None]) -> None:
        operator = self.operations[value][0]
        if self.invariant[value] and operator not in LEAVES and operator not in TRUTHS:
            invariants[value] = None

    def number(self, value: float) -> int:
        # A key that tells -0.0 from 0.0 and finds nan again.
        key = ("number", value.hex())
        position = self._numbered.get(key)
        if position is None:
            position = self._append(key, ("number", value), True)
        return position

    def _append(self, key: Operation, operation: Operation, invariant: bool) -> int:
        position = len(self.operations)
        self.operations.append(operation)
        self.invariant.append(invariant)
        self._numbered[key] = position
        return position

    def _put(self, *operation: object) -> int:
        position = self._numbered.get(operation)
        if position is None:
            invariant = self.invariant
            position = self._append(operation, operation, all([invariant[o] for o in operation[1:]]))  # type: ignore
        return position

    def _constant(self, value: int) -> float | None:
        operation = self.operations[value]
        return operation[1] if operation[0] == "number" else None

    def _leaf(self, name: str) -> int:
        operation = self._leaves[name]
        position = self._numbered.get(operation)
        if position is None:
            position = self._append(operation, operation, operation[0] == "parameter")
        return position

    # Kinds of values.

    def _real(self, value: int) -> int:
        return self._put("indicator", value) if self.operations[value][0] in TRUTHS else value

    def _truth(self, value: int) -> int:
        return value if self.operations[value][0] in TRUTHS else self._put("holds", value)

    # Translation of one node whose arguments are known.

    def _translate(self, node: Expression) -> int:
        operator = node.operator
        if operator == "symbol":
            return self._leaf(str(node.value))
        if operator == "number":
            return self.number(float(node.value))  # type: ignore[arg-type]
        arguments = [self._known[a] for a in node.arguments]
        if operator in _TRANSLATIONS:
            return _TRANSLATIONS[operator](self, arguments)
        if operator in FUNCTIONS:
            return self._put(operator, self._real(arguments[0]))
        raise ValueError(f"no kernel computes '{operator}'")

    def _sum(self, arguments: list[int]) -> int:
        fixed, moving = list[int](), list[int]()
        for term in arguments:
            term = self._real(term)
            (fixed if self.invariant[term] else moving).append(term)
        terms = [self._sum_of(fixed), *moving] if fixed else moving
        return self._sum_of(terms)

    def _sum_of(self, terms: list[int]) -> int:
        total = terms[0]
        for term in terms[1:]:
            total = self._plus(total, term)
        return total

    def _plus(self, left: int, right: int) -> int:
        left_operation, right_operation = self.operations[left], self.operations[right]
        if right_operation[0] == "negate":
            if left_operation[0] == "negate":
                return self._negative(self._plus(left_operation[1], right_operation[1]))
            return self._put("subtract", left, right_operation[1])
        if left_operation[0] == "negate":
            return self._put("subtract", right, left_operation[1])
        return self._put("add", min(left, right), max(left, right))

    def _negative(self, value: int) -> int:
        operation = self.operations[value]
        if operation[0] == "negate":
            return operation[1]
        if operation[0] == "number":
            return self.number(-operation[1])
        return self._put("negate", value)

    def _times(self, left: int, right: int) -> int:
        one = self._one
        if left == one:
            return right
        if right == one:
            return left
        return self._put("multiply", min(left, right), max(left, right))

    def _product(self, arguments: list[int]) -> int:
        return self._product_over(arguments, [])

    def _product_over(self, factors: list[int], reciprocals: list[int]) -> int:
        """Product of the factors and of 1/r for each invariant r: number * ((parameters alone) * the rest)."""
        negative, coefficient, fixed, moving = False, 1.0, list[int](), list[int]()
        for factor in factors:
            factor = self._real(factor)
            operation = self.operations[factor]
            if operation[0] == "negate":
                negative, factor = not negative, operation[1]
                operation = self.operations[factor]
            if operation[0] == "number":
                coefficient *= operation[1]
            else:
                (fixed if self.invariant[factor] else moving).append(factor)
        fixed += [self._reciprocal(r) for r in reciprocals]
        if coefficient < 0.0:
            negative, coefficient = not negative, -coefficient
        total = self._one
        for factor in [*fixed, *moving]:
            total = self._times(total, factor)
        total = self._times(self.number(coefficient), total)
        return self._negative(total) if negative else total

    def _reciprocal(self, value: int) -> int:
        constant = self._constant(value)
        if constant is not None and constant != 0.0:
            return self.number(1.0 / constant)
        return self._put("divide", self._one, value)

    def _quotient(self, arguments: list[int]) -> int:
        upper, lower = (self._real(a) for a in arguments)
        if self.invariant[lower]:
            return self._product_over(self._factors(upper), [lower])
        negative = False
        for value in (upper, lower):
            negative ^= self.operations[value][0] == "negate"
        upper, lower = (self.operations[v][1] if self.operations[v][0] == "negate" else v for v in (upper, lower))
        result = self._put("divide", upper, lower)
        return self._negative(result) if negative else result

    def _factors(self, value: int) -> list[int]:
        """A value that is (parameters alone) * the rest, in these two factors; otherwise the value itself."""
        operation = self.operations[value]
        if operation[0] == "multiply" and self.invariant[operation[1]] != self.invariant[operation[2]]:
            return [operation[1], operation[2]]
        return [value]

    def _power(self, arguments: list[int]) -> int:
        basis, exponent = (self._real(a) for a in arguments)
        constant = self._constant(exponent)
        if constant is None or abs(constant) > LARGEST_PRODUCT_POWER or not (2.0 * constant).is_integer():
            return self._put("power", basis, exponent)
        whole = int(abs(constant))
        result = self._whole_power(basis, whole)
        if whole != abs(constant):
            result = self._times(result, self._put("sqrt", basis))
        return self._reciprocal(result) if constant < 0.0 else result

    def _whole_power(self, basis: int, exponent: int) -> int:
        result, square = self._one, basis
        while exponent:
            if exponent & 1:
                result = self._times(result, square)
            exponent >>= 1
            if exponent:
                square = self._times(square, square)
        return result

    def _chain(self, operator: str, arguments: list[int]) -> int:
        make = self._truth if operator in ("and", "or") else self._real
        total = make(arguments[0])
        for argument in arguments[1:]:
            total = self._put(operator, total, make(argument))
        return total

    def _compare(self, operator: str, arguments: list[int]) -> int:
        return self._put(operator, *(self._real(a) for a in arguments))

    def _piecewise(self, arguments: list[int]) -> int:
        result = self._real(arguments[-1])
        for value, condition in zip(arguments[-3::-2], arguments[-2::-2], strict=True):
            result = self._put("choose", self._truth(condition), self._real(value), result)
        return result


_TRANSLATIONS: dict[str, Callable[[OperationList, list[int]], int]] = {
    "add": OperationList._sum,
    "multiply": OperationList._product,
    "divide": OperationList._quotient,
    "power": OperationList._power,
    "min": lambda program, arguments: program._chain("min", arguments),
    "max": lambda program, arguments: program._chain("max", arguments),
    "and": lambda program, arguments: program._chain("and", arguments),
    "or": lambda program, arguments: program._chain("or", arguments),
    "not": lambda program, arguments: program._put("not", program._truth(arguments[0])),
    "less": lambda program, arguments: program._compare("less", arguments),
    "less_equal": lambda program, arguments: program._compare("less_equal", arguments),
    "equal": lambda program, arguments: program._compare("equal", arguments),
    "not_equal": lambda program, arguments: program._compare("not_equal", arguments),
    "piecewise": OperationList._piecewise,
}
