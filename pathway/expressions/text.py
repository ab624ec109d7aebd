"""Formulas read from text. What a user writes is only ever parsed here, never executed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from pathway.errors import InputError

from .graph import (
    FUNCTIONS,
    Expression,
    add,
    all_of,
    any_of,
    apply,
    divide,
    equal,
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
    symbol,
)

DEEPEST = 200
"""Nesting beyond which a formula is refused: no one writes it by hand, and it would exhaust the stack."""


class FormulaError(InputError):
    """A formula that cannot be read. `position` counts characters from 0."""

    def __init__(self, text: str, position: int, complaint: str) -> None:
        near = text[max(0, position - 20) : position + 20]
        super().__init__(f"{complaint} at character {position + 1} of the formula, near '{near}'")
        self.position = position


_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[^\W\d]\w*)"
    r"|(?P<mark>\*\*|<=|>=|==|!=|&&|\|\||[-+*/^(),<>!]))"
)
_ALIASES = {"ln": "log", "ceiling": "ceil", "arcsin": "asin", "arccos": "acos", "arctan": "atan"}
_WORDS = {"and": "&&", "or": "||", "not": "!"}


def parse(text: str) -> Expression:
    """The expression a text stands for.

    Parameters
    ----------
    text : str
        Numbers, names, `+ - * / ^ **`, comparisons, `and or not` (or `&& || !`), the functions of
        `FUNCTIONS`, `log10`, `log2`, `min`, `max`, `piecewise(value, condition, ..., otherwise)`, and the constants
        `true`, `false`, `inf`, `nan`.

    Returns
    -------
    Expression

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
        expression = self._operation(0)
        if self._kind() != "end":
            raise self._error("an operator is missing")
        return expression

    def _kind(self) -> str:
        return self.tokens[self.next][0]

    def _mark(self) -> str:
        return self.tokens[self.next][1]

    def _error(self, complaint: str) -> FormulaError:
        return FormulaError(self.text, self.tokens[self.next][2], complaint)

    def _expect(self, mark: str) -> None:
        if self._kind() != "mark" or self._mark() != mark:
            raise self._error(f"'{mark}' is missing")
        self.next += 1

    def _operation(self, weakest: int) -> Expression:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self._error(f"the formula is nested more than {DEEPEST} levels deep")
        left = self._operand()
        while self._kind() == "mark" and self._mark() in _BINARY:
            mark = self._mark()
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
        while self._kind() == "mark" and LONG.get(mark := self._mark()) is combine:
            self.next += 1
            operand = self._operation(strength)
            yield negate(operand) if mark == "-" else operand

    def _operand(self) -> Expression:
        kind, mark, _ = self.tokens[self.next]
        if kind == "end":
            raise self._error("a value is missing")
        self.next += 1
        if kind == "number":
            return number(float(mark))
        if kind == "name":
            return self._named(mark)
        if mark == "(":
            inner = self._operation(0)
            self._expect(")")
            return inner
        if mark in _UNARY:
            strength, make = _UNARY[mark]
            return make(self._operation(strength))
        self.next -= 1
        raise self._error(f"a value is missing before '{mark}'")

    def _named(self, name: str) -> Expression:
        if self._kind() == "mark" and self._mark() == "(":
            return self._call(name)
        return number(_CONSTANTS[name]) if name in _CONSTANTS else symbol(name)

    def _call(self, name: str) -> Expression:
        start = self.next - 1
        self._expect("(")
        arguments = [self._operation(0)]
        while self._kind() == "mark" and self._mark() == ",":
            self.next += 1
            arguments.append(self._operation(0))
        self._expect(")")
        self.next, after = start, self.next  # errors below point at the function's name
        made = self._function(_ALIASES.get(name, name), arguments)
        self.next = after
        return made

    def _function(self, name: str, arguments: list[Expression]) -> Expression:
        if name in _MANY:
            least, build = _MANY[name]
            if len(arguments) < least or (name == "piecewise" and len(arguments) % 2 == 0):
                raise self._error(f"'{name}' got {len(arguments)} arguments")
            return build(*arguments)
        if name not in FUNCTIONS and name not in _BASED:
            known = ", ".join(sorted([*FUNCTIONS, *_MANY, *_BASED]))
            raise self._error(f"no function is called '{name}' (known: {known})")
        if len(arguments) != 1:
            raise self._error(f"'{name}' takes one argument and got {len(arguments)}")
        if name in _BASED:
            return divide(log(arguments[0]), log(number(_BASED[name])))
        return apply(name, arguments[0])


_CONSTANTS = {"true": 1.0, "false": 0.0, "inf": float("inf"), "nan": float("nan")}
_BASED = {"log10": 10.0, "log2": 2.0}
_MANY: dict[str, tuple[int, Callable[..., Expression]]] = {
    "min": (1, minimum),
    "max": (1, maximum),
    "piecewise": (1, piecewise),
    "pow": (2, power),
}
# Strength of each binary operator, strength its right side is read with, meaning. `^` binds to the right.
_BINARY: dict[str, tuple[int, int, Callable[[Expression, Expression], Expression]]] = {
    "||": (1, 2, any_of),
    "&&": (3, 4, all_of),
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
    "^": (14, 13, power),
    "**": (14, 13, power),
}
LONG: dict[str, Callable[..., Expression]] = {"+": add, "-": add, "*": multiply}
"""Operators that join as many operands as there are; a difference is a sum with a negated operand."""
_UNARY: dict[str, tuple[int, Callable[[Expression], Expression]]] = {
    "-": (12, negate),
    "+": (12, lambda a: a),
    "!": (5, not_of),
}


def _tokens(text: str) -> list[tuple[str, str, int]]:
    found, position = [], 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise FormulaError(text, position, f"'{text[position:].lstrip()[0]}' has no meaning")
        kind = str(match.lastgroup)
        word = match.group(kind)
        if word in _WORDS:
            kind, word = "mark", _WORDS[word]
        found.append((kind, word, match.start(match.lastgroup or 0)))
        position = match.end()
    return [*found, ("end", "", end)]
