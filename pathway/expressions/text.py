"""Formulas read from text. What a user writes is only ever parsed here, never executed."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from pathway.errors import InputError

from .graph import (
    FUNCTIONS,
    Expression,
    add,
    all_of,
    any_of,
    apply_function,
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


@dataclass(frozen=True)
class Grammar:
    """What tells one way of writing formulas from another; tokens and brackets are the same in all.

    Attributes
    ----------
    binary : mapping of mark to (int, int, callable)
        Strength of each operator between two operands, strength its right side is read with, meaning.
    unary : mapping of mark to (int, callable)
        The same of each operator in front of its operand.
    words : mapping of word to mark
        Words that stand for operators.
    constants : mapping of name to float
    functions : mapping of name to (collection of int, callable)
        How many arguments each may have, and its meaning.
    """

    binary: Mapping[str, tuple[int, int, Callable[[Expression, Expression], Expression]]]
    unary: Mapping[str, tuple[int, Callable[[Expression], Expression]]]
    words: Mapping[str, str]
    constants: Mapping[str, float]
    functions: Mapping[str, tuple[Collection[int], Callable[..., Expression]]]


def binary_operators(
    either: int, both: int, raised: tuple[int, int]
) -> dict[str, tuple[int, int, Callable[[Expression, Expression], Expression]]]:
    """The usual operators between two operands, with the strengths of `||`, of `&&` and of both sides of `^`."""
    return {
        "||": (either, either + 1, any_of),
        "&&": (both, both + 1, all_of),
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
        "^": (*raised, power),
        "**": (*raised, power),
    }


def logarithm(x: Expression, base: Expression | None = None) -> Expression:
    """The logarithm to a base, the natural one without."""
    return log(x) if base is None else divide(log(x), log(base))


ANY_NUMBER, ODD_NUMBER = range(1, sys.maxsize), range(1, sys.maxsize, 2)
LONG: dict[str, Callable[..., Expression]] = {"+": add, "-": add, "*": multiply}
"""Operators that join as many operands as there are; a difference is a sum with a negated operand."""
_ALIASES = {"ln": "log", "ceiling": "ceil", "arcsin": "asin", "arccos": "acos", "arctan": "atan"}

HOUSE = Grammar(
    # `^` binds to the right, and more tightly than a minus sign in front.
    binary=binary_operators(either=1, both=3, raised=(14, 13)),
    unary={"-": (12, negate), "+": (12, lambda a: a), "!": (5, not_of)},
    words={"and": "&&", "or": "||", "not": "!"},
    constants={"true": 1.0, "false": 0.0, "inf": float("inf"), "nan": float("nan")},
    functions={
        **{name: ((1,), partial(apply_function, name)) for name in FUNCTIONS},
        **{alias: ((1,), partial(apply_function, name)) for alias, name in _ALIASES.items()},
        "log10": ((1,), lambda x: logarithm(x, number(10.0))),
        "log2": ((1,), lambda x: logarithm(x, number(2.0))),
        "pow": ((2,), power),
        "min": (ANY_NUMBER, minimum),
        "max": (ANY_NUMBER, maximum),
        "piecewise": (ODD_NUMBER, piecewise),
    },
)
"""The grammar of this house's own formulas."""


def parse(text: str, grammar: Grammar = HOUSE) -> Expression:
    """The expression a text stands for.

    Parameters
    ----------
    text : str
        Numbers, names, `+ - * / ^ **`, comparisons, `and or not` (or `&& || !`), the functions of
        `FUNCTIONS`, `log10`, `log2`, `min`, `max`, `piecewise(value, condition, ..., otherwise)`, and the constants
        `true`, `false`, `inf`, `nan`.
    grammar : Grammar
        Another than that.

    Returns
    -------
    Expression

    Raises
    ------
    FormulaError
        Where the text is no formula, with the position.
    """
    return _Reader(text, grammar).read()


class _Reader:
    """Precedence climbing over a list of tokens."""

    def __init__(self, text: str, grammar: Grammar) -> None:
        self.text, self.grammar = text, grammar
        self.tokens = _tokens(text, grammar.words)
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
        left, binary = self._operand(), self.grammar.binary
        while self._kind() == "mark" and self._mark() in binary:
            mark = self._mark()
            strength, right_strength, combine = binary[mark]
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
        if mark in self.grammar.unary:
            strength, make = self.grammar.unary[mark]
            return make(self._operation(strength))
        self.next -= 1
        raise self._error(f"a value is missing before '{mark}'")

    def _named(self, name: str) -> Expression:
        if self._kind() == "mark" and self._mark() == "(":
            return self._call(name)
        constants = self.grammar.constants
        return number(constants[name]) if name in constants else symbol(name)

    def _call(self, name: str) -> Expression:
        start = self.next - 1
        self._expect("(")
        arguments = [self._operation(0)]
        while self._kind() == "mark" and self._mark() == ",":
            self.next += 1
            arguments.append(self._operation(0))
        self._expect(")")
        self.next, after = start, self.next  # errors below point at the function's name
        expression = self._function(name, arguments)
        self.next = after
        return expression

    def _function(self, name: str, arguments: list[Expression]) -> Expression:
        functions = self.grammar.functions
        if name not in functions:
            raise self._error(f"no function is called '{name}' (known: {', '.join(sorted(functions))})")
        counts, build = functions[name]
        if len(arguments) not in counts:
            raise self._error(f"'{name}' takes {_how_many(counts)} and got {len(arguments)}")
        return build(*arguments)


def _how_many(counts: Collection[int]) -> str:
    if counts is ODD_NUMBER:
        return "an odd number of arguments"
    words = " or ".join({1: "one", 2: "two"}[count] for count in counts)
    return f"{words} argument{'s' if max(counts) > 1 else ''}"


def _tokens(text: str, words: Mapping[str, str]) -> list[tuple[str, str, int]]:
    tokens, position = [], 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise FormulaError(text, position, f"'{text[position:].lstrip()[0]}' has no meaning")
        kind = str(match.lastgroup)
        word = match.group(kind)
        if word in words:
            kind, word = "mark", words[word]
        tokens.append((kind, word, match.start(match.lastgroup or 0)))
        position = match.end()
    return [*tokens, ("end", "", end)]
