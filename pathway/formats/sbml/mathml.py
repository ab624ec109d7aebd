"""libSBML's tree of a formula -> `Expression`. Nothing is evaluated and no text is executed on the way."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import libsbml

from pathway.expressions import (
    Expression,
    absolute,
    add,
    all_of,
    any_of,
    apply_function,
    divide,
    equal,
    exp,
    less,
    less_equal,
    log,
    maximum,
    minimum,
    multiply,
    negate,
    not_equal,
    not_of,
    number,
    piecewise,
    postorder,
    power,
    sqrt,
    substitute,
    symbol,
    symbols,
)
from pathway.expressions.graph import ONE, ZERO, is_condition, is_number

from ..errors import FormatError, Unsupported
from .declarations import DELAY_PREFIX, RATE_PREFIX

AVOGADRO = 6.02214179e23
"""The value that the SBML specification fixes for its symbol (CODATA 2006)."""

LARGEST = 200_000
"""Nodes of one formula above which a file is refused (function definitions can call each other without end)."""

DEEPEST_CALL = 100
"""Functions that call each other in a longer chain are refused."""


class Translator:
    """Translates the formulas of one file; keeps its function definitions.

    Parameters
    ----------
    file : str
        What messages call the file.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.trees: dict[str, Any] = {}
        self.functions: dict[str, tuple[tuple[str, ...], Expression] | None] = {}
        self.delays: dict[str, tuple[Expression, Expression]] = {}

    def define(self, name: str, tree: Any) -> None:
        """Remember a function definition. Those that call each other may stand in any order."""
        self.trees[name] = tree

    def _function(self, name: str, place: str) -> tuple[tuple[str, ...], Expression]:
        """Arguments and body of a function, translated once over argument names of its own."""
        if name not in self.trees:
            raise FormatError(f"{self.file}: {place} calls '{name}', which is not defined")
        if name not in self.functions:
            if sum(known is None for known in self.functions.values()) > DEEPEST_CALL:
                raise Unsupported(f"{self.file}: {place}: functions call each other more than {DEEPEST_CALL} deep")
            self.functions[name] = None
            tree, inside = self.trees[name], f"function definition '{name}'"
            count = tree.getNumChildren()
            if count == 0:
                raise FormatError(f"{self.file}: {inside} has no body")
            own = {a: f"{a} of {name}" for a in (tree.getChild(i).getName() for i in range(count - 1))}
            self.functions[name] = tuple(own.values()), self.translate(tree.getChild(count - 1), inside, own)
        definition = self.functions[name]
        if definition is None:
            raise FormatError(f"{self.file}: function definition '{name}' calls itself")
        return definition

    def translate(self, tree: Any, place: str, names: Mapping[str, str] | None = None) -> Expression:
        """The formula as an expression.

        Parameters
        ----------
        tree : libsbml.ASTNode
        place : str
            The element it belongs to, for messages ("reaction 'R1'").
        names : mapping, optional
            Names that mean something else here: local parameters, arguments of a function.

        Raises
        ------
        FormatError
            For a function that is not defined or a wrong number of arguments.
        Unsupported
            For `delay` and functions without a meaning in a system of ordinary differential equations.
        """
        names = names or {}
        stack: list[Expression] = []
        pending: list[tuple[Any, int]] = [(tree, _UNREAD)]
        while pending:
            node, count = pending.pop()
            if count == _UNREAD:
                operands = _operands(node)
                pending.append((node, len(operands)))
                pending.extend((operand, _UNREAD) for operand in reversed(operands))
            else:
                arguments = stack[len(stack) - count :] if count else []
                del stack[len(stack) - count :]
                stack.append(self._node(node, arguments, place, names))
        return stack[0]

    def _node(self, node: Any, arguments: list[Expression], place: str, names: Mapping[str, str]) -> Expression:
        kind = node.getType()
        if kind in _NUMBERS:
            return number(_NUMBERS[kind](node))
        if kind == libsbml.AST_NAME:
            return symbol(names.get(node.getName(), node.getName()))
        if kind == libsbml.AST_NAME_TIME:
            return symbol("time")
        if kind == libsbml.AST_FUNCTION_DELAY:
            return self._delay(arguments, place)
        if kind == libsbml.AST_FUNCTION_RATE_OF:
            return self._rate_of(arguments, place)
        if kind == libsbml.AST_FUNCTION:
            return self._call(node.getName(), arguments, place)
        if kind not in _MEANING:
            word = node.getName() or node.getOperatorName() or f"type {kind}"
            raise Unsupported(f"{self.file}: {place} uses '{word}', which is not supported")
        lowest, highest, build = _MEANING[kind]
        if not lowest <= len(arguments) <= highest:
            word = node.getName() or node.getOperatorName() or "an operator"
            raise FormatError(f"{self.file}: {place}: '{word}' does not take {len(arguments)} arguments")
        return build(*arguments)

    def _rate_of(self, arguments: list[Expression], place: str) -> Expression:
        if len(arguments) != 1 or arguments[0].operator != "symbol":
            raise FormatError(f"{self.file}: {place}: rateOf() needs the name of one quantity")
        return symbol(f"{RATE_PREFIX}{arguments[0].value}")

    def _delay(self, arguments: list[Expression], place: str) -> Expression:
        if len(arguments) != 2:
            raise FormatError(f"{self.file}: {place}: delay() needs a quantity and a time")
        if any(name.startswith((DELAY_PREFIX, RATE_PREFIX)) for name in symbols(*arguments)):
            raise Unsupported(f"{self.file}: {place} uses delay() of a delay or a rate, which is not supported")
        return self._late(arguments[0], arguments[1])

    def _late(self, quantity: Expression, lag: Expression) -> Expression:
        mark = f"{DELAY_PREFIX}{len(self.delays) + 1}"
        self.delays[mark] = (quantity, lag)
        return symbol(mark)

    def _call(self, name: str, arguments: Sequence[Expression], place: str) -> Expression:
        own, body = self._function(name, place)
        if len(own) != len(arguments):
            raise FormatError(f"{self.file}: {place} calls '{name}' with {len(arguments)} arguments, not {len(own)}")
        given = dict(zip(own, arguments, strict=True))
        for mark in sorted(symbols(body)):
            # Rates of change and delayed values of an argument are those of what is given for it.
            if mark.startswith(RATE_PREFIX) and mark.removeprefix(RATE_PREFIX) in given:
                given[mark] = self._rate_of([given[mark.removeprefix(RATE_PREFIX)]], place)
            elif mark.startswith(DELAY_PREFIX):
                quantity, lag = self.delays[mark]
                given[mark] = self._delay([substitute(quantity, given), substitute(lag, given)], place)
        expanded = substitute(body, given)
        # A product of products is one long product, so doubling functions grow the formula itself.
        if sum(len(node.arguments) + 1 for node in postorder([expanded])) > LARGEST:
            raise Unsupported(f"{self.file}: {place}: the formula becomes too large once '{name}' is put in")
        return expanded


_UNREAD = -1


def _operands(node: Any) -> list[Any]:
    """The arguments of a node; libSBML joins long sums and products two by two, which is undone here."""
    kind = node.getType()
    if kind not in (libsbml.AST_PLUS, libsbml.AST_TIMES):
        return [node.getChild(i) for i in range(node.getNumChildren())]
    operands, pending = [], [node]
    while pending:
        inner = pending.pop()
        count = inner.getNumChildren() if inner.getType() == kind else 0
        if count:
            pending.extend(inner.getChild(i) for i in reversed(range(count)))
        elif inner is not node:
            operands.append(inner)
    return operands


def as_condition(operand: Expression) -> Expression:
    """The operand where true or false is expected: a number counts as true unless it is 0."""
    if is_condition(operand):
        return operand
    if operand.operator == "piecewise":
        parts = operand.arguments
        return piecewise(*(p if i % 2 and i < len(parts) - 1 else as_condition(p) for i, p in enumerate(parts)))
    return not_equal(operand, ZERO)


def _all(*operands: Expression) -> Expression:
    return all_of(*map(as_condition, operands))


def _any(*operands: Expression) -> Expression:
    return any_of(*map(as_condition, operands))


def _odd(*operands: Expression) -> Expression:
    result = ZERO
    for operand in operands:
        condition = as_condition(operand)
        result = condition if is_number(result, 0.0) else not_equal(result, condition)
    return result


def _chain(compare: Callable[[Expression, Expression], Expression]) -> Callable[..., Expression]:
    return lambda *operands: all_of(*(compare(a, b) for a, b in pairwise(operands)))


def _minus(*operands: Expression) -> Expression:
    return negate(operands[0]) if len(operands) == 1 else add(operands[0], negate(operands[1]))


def _piecewise(*parts: Expression) -> Expression:
    """SBML leaves the value open where no condition holds and nothing stands under `otherwise`: not a number."""
    closed = parts if len(parts) % 2 else (*parts, number(math.nan))
    return piecewise(*(as_condition(p) if i % 2 and i < len(closed) - 1 else p for i, p in enumerate(closed)))


def _root(*operands: Expression) -> Expression:
    degree, operand = operands if len(operands) == 2 else (number(2), operands[0])
    if is_number(degree, 2.0):
        return sqrt(operand)
    # The odd root of a negative number is real; a power with a fraction as exponent is not.
    if is_number(degree) and float(degree.value) % 2 == 1:  # type: ignore[arg-type]
        positive = power(absolute(operand), divide(ONE, degree))
        return piecewise(negate(positive), less(operand, ZERO), positive)
    return power(operand, divide(ONE, degree))


def _log(*operands: Expression) -> Expression:
    base, operand = operands if len(operands) == 2 else (number(10), operands[0])
    if is_number(base, 10.0) and is_number(operand) and float(operand.value) > 0:  # type: ignore[arg-type]
        return number(math.log10(float(operand.value)))  # type: ignore[arg-type]
    return divide(log(operand), log(base))


def _factorial(operand: Expression) -> Expression:
    """n! for the whole numbers whose factorial is a float, not a number elsewhere."""
    parts = [part for n in range(171) for part in (number(float(math.factorial(n))), equal(operand, number(n)))]
    return piecewise(*parts, number(math.nan))


def _quotient(upper: Expression, lower: Expression) -> Expression:
    ratio = divide(upper, lower)
    return piecewise(apply_function("ceil", ratio), less(ratio, ZERO), apply_function("floor", ratio))


def _remainder(upper: Expression, lower: Expression) -> Expression:
    return add(upper, negate(multiply(lower, _quotient(upper, lower))))


def _implies(given: Expression, then: Expression) -> Expression:
    return any_of(not_of(as_condition(given)), as_condition(then))


def _arcsinh(x: Expression) -> Expression:
    # log(x + sqrt(x^2 + 1)) loses all digits for large negative x, so the absolute value goes in and the sign out.
    size = absolute(x)
    value = log(add(size, sqrt(add(multiply(size, size), ONE))))
    return piecewise(negate(value), less(x, ZERO), value)


def _arccosh(x: Expression) -> Expression:
    return log(add(x, sqrt(add(multiply(x, x), number(-1)))))


def _arctanh(x: Expression) -> Expression:
    return multiply(number(0.5), log(divide(add(ONE, x), add(ONE, negate(x)))))


def _one(name: str) -> Callable[[Expression], Expression]:
    return lambda x: apply_function(name, x)


def _inverse_of(build: Callable[[Expression], Expression]) -> Callable[[Expression], Expression]:
    return lambda x: divide(ONE, build(x))


def _of_inverse(build: Callable[[Expression], Expression]) -> Callable[[Expression], Expression]:
    return lambda x: build(divide(ONE, x))


def _quotient_of(numerator: int, denominator: int) -> float:
    """As the arithmetic of computers has it: x/0 is infinite, 0/0 no number; both are refused where they count."""
    if denominator == 0:
        return math.nan if numerator == 0 else math.copysign(math.inf, numerator)
    return numerator / denominator


_NUMBERS: dict[int, Callable[[Any], float]] = {
    libsbml.AST_INTEGER: lambda node: float(node.getInteger()),
    libsbml.AST_REAL: lambda node: node.getReal(),
    libsbml.AST_REAL_E: lambda node: node.getReal(),
    libsbml.AST_RATIONAL: lambda node: _quotient_of(node.getNumerator(), node.getDenominator()),
    libsbml.AST_NAME_AVOGADRO: lambda node: AVOGADRO,
    libsbml.AST_CONSTANT_E: lambda node: math.e,
    libsbml.AST_CONSTANT_PI: lambda node: math.pi,
    libsbml.AST_CONSTANT_TRUE: lambda node: 1.0,
    libsbml.AST_CONSTANT_FALSE: lambda node: 0.0,
}

_ANY = 10**9
_MEANING: dict[int, tuple[int, int, Callable[..., Expression]]] = {
    libsbml.AST_PLUS: (0, _ANY, add),
    libsbml.AST_TIMES: (0, _ANY, multiply),
    libsbml.AST_MINUS: (1, 2, _minus),
    libsbml.AST_DIVIDE: (2, 2, divide),
    libsbml.AST_POWER: (2, 2, power),
    libsbml.AST_FUNCTION_POWER: (2, 2, power),
    libsbml.AST_FUNCTION_ROOT: (1, 2, _root),
    libsbml.AST_FUNCTION_LOG: (1, 2, _log),
    libsbml.AST_FUNCTION_LN: (1, 1, log),
    libsbml.AST_FUNCTION_EXP: (1, 1, exp),
    libsbml.AST_FUNCTION_ABS: (1, 1, absolute),
    libsbml.AST_FUNCTION_FLOOR: (1, 1, _one("floor")),
    libsbml.AST_FUNCTION_CEILING: (1, 1, _one("ceil")),
    libsbml.AST_FUNCTION_FACTORIAL: (1, 1, _factorial),
    libsbml.AST_FUNCTION_QUOTIENT: (2, 2, _quotient),
    libsbml.AST_FUNCTION_REM: (2, 2, _remainder),
    libsbml.AST_FUNCTION_MIN: (1, _ANY, minimum),
    libsbml.AST_FUNCTION_MAX: (1, _ANY, maximum),
    libsbml.AST_FUNCTION_PIECEWISE: (0, _ANY, _piecewise),
    libsbml.AST_LOGICAL_AND: (0, _ANY, _all),
    libsbml.AST_LOGICAL_OR: (0, _ANY, _any),
    libsbml.AST_LOGICAL_XOR: (0, _ANY, _odd),
    libsbml.AST_LOGICAL_NOT: (1, 1, lambda x: not_of(as_condition(x))),
    libsbml.AST_LOGICAL_IMPLIES: (2, 2, _implies),
    libsbml.AST_RELATIONAL_EQ: (1, _ANY, _chain(equal)),
    libsbml.AST_RELATIONAL_NEQ: (2, 2, not_equal),
    libsbml.AST_RELATIONAL_LT: (1, _ANY, _chain(less)),
    libsbml.AST_RELATIONAL_LEQ: (1, _ANY, _chain(less_equal)),
    libsbml.AST_RELATIONAL_GT: (1, _ANY, _chain(lambda a, b: less(b, a))),
    libsbml.AST_RELATIONAL_GEQ: (1, _ANY, _chain(lambda a, b: less_equal(b, a))),
    libsbml.AST_FUNCTION_SEC: (1, 1, _inverse_of(_one("cos"))),
    libsbml.AST_FUNCTION_CSC: (1, 1, _inverse_of(_one("sin"))),
    libsbml.AST_FUNCTION_COT: (1, 1, _inverse_of(_one("tan"))),
    libsbml.AST_FUNCTION_SECH: (1, 1, _inverse_of(_one("cosh"))),
    libsbml.AST_FUNCTION_CSCH: (1, 1, _inverse_of(_one("sinh"))),
    libsbml.AST_FUNCTION_COTH: (1, 1, _inverse_of(_one("tanh"))),
    libsbml.AST_FUNCTION_ARCSEC: (1, 1, _of_inverse(_one("acos"))),
    libsbml.AST_FUNCTION_ARCCSC: (1, 1, _of_inverse(_one("asin"))),
    libsbml.AST_FUNCTION_ARCCOT: (1, 1, _of_inverse(_one("atan"))),
    libsbml.AST_FUNCTION_ARCSINH: (1, 1, _arcsinh),
    libsbml.AST_FUNCTION_ARCCOSH: (1, 1, _arccosh),
    libsbml.AST_FUNCTION_ARCTANH: (1, 1, _arctanh),
    libsbml.AST_FUNCTION_ARCSECH: (1, 1, _of_inverse(_arccosh)),
    libsbml.AST_FUNCTION_ARCCSCH: (1, 1, _of_inverse(_arcsinh)),
    libsbml.AST_FUNCTION_ARCCOTH: (1, 1, _of_inverse(_arctanh)),
} | {
    getattr(libsbml, f"AST_FUNCTION_{long}"): (1, 1, _one(short))
    for long, short in {
        "SIN": "sin", "COS": "cos", "TAN": "tan", "SINH": "sinh", "COSH": "cosh", "TANH": "tanh",
        "ARCSIN": "asin", "ARCCOS": "acos", "ARCTAN": "atan",
    }.items()
}  # fmt: skip
"""Fewest arguments, most arguments, and how the expression is built, for every operator of MathML in SBML."""
