"""PEtab's own formula grammar, read into an `Expression`.

It differs from `pathway.expressions.parse` in the strength of its operators (`!` binds as tightly as a minus sign,
`&&` and `||` equally), in `log(a, base)`, and in its trigonometric and hyperbolic functions.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator

from pathway.expressions import (
    LONG,
    Expression,
    FormulaError,
    add,
    all_of,
    any_of,
    apply,
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
    power,
    sqrt,
    symbol,
)

DEEPEST = 200
"""Nesting beyond which a formula is refused, before Python's own stack gives out."""

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<mark>\*\*|<=|>=|==|!=|&&|\|\||[-+*/^(),<>!]))"
)
_ONE = number(1.0)


def read_formula(text: str) -> Expression:
    """The expression that a formula of a PEtab table stands for.

    Raises
    ------
    FormulaError
        Where the text is no formula, with the position.
    """
    return _Reader(text).read()


class _Reader:
    """Precedence climbing over a list of tokens."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.next = 0
        self.depth = 0

    def read(self) -> Expression:
        made = self._operation(0)
        if self.tokens[self.next][0] != "end":
            raise self._error("an operator is missing")
        return made

    def _error(self, complaint: str) -> FormulaError:
        return FormulaError(self.text, self.tokens[self.next][2], complaint)

    def _at(self, mark: str) -> bool:
        return self.tokens[self.next][:2] == ("mark", mark)

    def _operation(self, weakest: int) -> Expression:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self._error(f"the formula is nested more than {DEEPEST} levels deep")
        left = self._operand()
        while self.tokens[self.next][0] == "mark" and self.tokens[self.next][1] in _BINARY:
            mark = self.tokens[self.next][1]
            strength, right_strength, combine = _BINARY[mark]
            if strength < weakest:
                break
            if mark in LONG:
                left = LONG[mark](left, *self._chain(LONG[mark], right_strength))
                continue
            self.next += 1
            left = combine(left, self._operation(right_strength))
        self.depth -= 1
        return left

    def _chain(self, combine: Callable[..., Expression], strength: int) -> Iterator[Expression]:
        """What follows in a sum or product; joined at once, since thousands two by two would take forever."""
        while self.tokens[self.next][0] == "mark" and LONG.get(mark := self.tokens[self.next][1]) is combine:
            self.next += 1
            operand = self._operation(strength)
            yield negate(operand) if mark == "-" else operand

    def _operand(self) -> Expression:
        kind, word, _ = self.tokens[self.next]
        if kind == "end":
            raise self._error("a value is missing")
        self.next += 1
        if kind == "number":
            return number(float(word))
        if kind == "name":
            return self._call(word) if self._at("(") else _name(word)
        if word == "(":
            inner = self._operation(0)
            self._close()
            return inner
        if word in _UNARY:
            return _UNARY[word](self._operation(_UNARY_STRENGTH))
        self.next -= 1
        raise self._error(f"a value is missing before '{word}'")

    def _close(self) -> None:
        if not self._at(")"):
            raise self._error("')' is missing")
        self.next += 1

    def _call(self, name: str) -> Expression:
        start = self.next - 1
        self.next += 1
        arguments = [self._operation(0)]
        while self._at(","):
            self.next += 1
            arguments.append(self._operation(0))
        self._close()
        after, self.next = self.next, start
        made = self._function(name, arguments)
        self.next = after
        return made

    def _function(self, name: str, arguments: list[Expression]) -> Expression:
        if name == "piecewise" and len(arguments) % 2 == 1:
            return piecewise(*arguments)
        if name not in _FUNCTIONS:
            raise self._error(f"no function is called '{name}' (known: {', '.join(sorted(_FUNCTIONS))}, piecewise)")
        counts, build = _FUNCTIONS[name]
        if len(arguments) not in counts:
            raise self._error(f"'{name}' takes {' or '.join(map(str, counts))} arguments and got {len(arguments)}")
        return build(*arguments)


def _name(word: str) -> Expression:
    constants = {"true": 1.0, "false": 0.0, "inf": math.inf}
    return number(constants[word]) if word in constants else symbol(word)


def _tokens(text: str) -> list[tuple[str, str, int]]:
    found, position = [], 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise FormulaError(text, position, f"'{text[position:].lstrip()[0]}' has no meaning")
        kind = str(match.lastgroup)
        found.append((kind, match.group(kind), match.start(kind)))
        position = match.end()
    return [*found, ("end", "", end)]


_UNARY_STRENGTH = 13
_UNARY: dict[str, Callable[[Expression], Expression]] = {"-": negate, "+": lambda a: a, "!": not_of}
_BINARY: dict[str, tuple[int, int, Callable[[Expression, Expression], Expression]]] = {
    "||": (1, 2, any_of),
    "&&": (1, 2, all_of),
    "==": (6, 7, equal),
    "!=": (6, 7, not_equal),
    "<": (6, 7, less),
    "<=": (6, 7, less_equal),
    ">": (6, 7, lambda a, b: less(b, a)),
    ">=": (6, 7, lambda a, b: less_equal(b, a)),
    "+": (8, 9, add),
    "-": (8, 9, lambda a, b: add(a, negate(b))),
    "*": (10, 11, multiply),
    "/": (10, 11, divide),
    "^": (15, 13, power),
    "**": (15, 13, power),
}


def _inverse(x: Expression) -> Expression:
    return divide(_ONE, x)


def _logarithm(x: Expression, base: Expression | None = None) -> Expression:
    return log(x) if base is None else divide(log(x), log(base))


def _sign(x: Expression) -> Expression:
    zero = number(0.0)
    return piecewise(_ONE, less(zero, x), number(-1.0), less(x, zero), zero)


def _area_sine(x: Expression) -> Expression:
    return log(add(x, sqrt(add(power(x, number(2.0)), _ONE))))


def _area_cosine(x: Expression) -> Expression:
    return log(add(x, multiply(sqrt(add(x, number(-1.0))), sqrt(add(x, _ONE)))))


def _area_tangent(x: Expression) -> Expression:
    return multiply(number(0.5), log(divide(add(_ONE, x), add(_ONE, negate(x)))))


def _arc_cotangent(x: Expression) -> Expression:
    return piecewise(number(math.pi / 2), equal(x, number(0.0)), apply("atan", _inverse(x)))


_FUNCTIONS: dict[str, tuple[tuple[int, ...], Callable[..., Expression]]] = {
    "pow": ((2,), power),
    "exp": ((1,), exp),
    "sqrt": ((1,), sqrt),
    "log": ((1, 2), _logarithm),
    "ln": ((1,), log),
    "log2": ((1,), lambda x: _logarithm(x, number(2.0))),
    "log10": ((1,), lambda x: _logarithm(x, number(10.0))),
    **{name: ((1,), lambda x, name=name: apply(name, x)) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    "cot": ((1,), lambda x: _inverse(apply("tan", x))),
    "sec": ((1,), lambda x: _inverse(apply("cos", x))),
    "csc": ((1,), lambda x: _inverse(apply("sin", x))),
    "coth": ((1,), lambda x: _inverse(apply("tanh", x))),
    "sech": ((1,), lambda x: _inverse(apply("cosh", x))),
    "csch": ((1,), lambda x: _inverse(apply("sinh", x))),
    "arcsin": ((1,), lambda x: apply("asin", x)),
    "arccos": ((1,), lambda x: apply("acos", x)),
    "arctan": ((1,), lambda x: apply("atan", x)),
    "arccot": ((1,), _arc_cotangent),
    "arcsec": ((1,), lambda x: apply("acos", _inverse(x))),
    "arccsc": ((1,), lambda x: apply("asin", _inverse(x))),
    "arcsinh": ((1,), _area_sine),
    "arccosh": ((1,), _area_cosine),
    "arctanh": ((1,), _area_tangent),
    "arccoth": ((1,), lambda x: _area_tangent(_inverse(x))),
    "arcsech": ((1,), lambda x: _area_cosine(_inverse(x))),
    "arccsch": ((1,), lambda x: _area_sine(_inverse(x))),
    "abs": ((1,), lambda x: apply("abs", x)),
    "sign": ((1,), _sign),
    "min": ((1, 2), minimum),
    "max": ((1, 2), maximum),
}
