"""What binds how strongly in a formula, and operators of Python: each against the same with brackets or by hand."""

import itertools
import math

import pytest

from pathway.expressions import Expression, parse, symbol, to_text
from pathway.expressions.evaluation import evaluate_all

LEVELS = ["||", "&&", "== != < <= > >=", "+ -", "* /", "^ **"]
"""From the weakest to the strongest; within a level from left to right, powers from right to left."""
STRENGTH = {mark: level for level, marks in enumerate(LEVELS) for mark in marks.split()}


@pytest.mark.parametrize("first", STRENGTH)
def test_two_operators_without_brackets(first):
    for second in STRENGTH:
        left = STRENGTH[first] > STRENGTH[second] or (STRENGTH[first] == STRENGTH[second] and first not in ("^", "**"))
        bracketed = f"(a {first} b) {second} c" if left else f"a {first} (b {second} c)"
        assert parse(f"a {first} b {second} c") is parse(bracketed), f"a {first} b {second} c"


@pytest.mark.parametrize(
    ("plain", "bracketed"),
    [("-a^b", "-(a^b)"), ("-a*b", "(-a)*b"), ("a^-b", "a^(-b)"), ("!a == b", "!(a == b)"), ("!a && b", "(!a) && b")],
)
def test_signs_in_front(plain, bracketed):
    assert parse(plain) is parse(bracketed)


X = symbol("x")


@pytest.mark.parametrize(
    ("made", "value"),
    [
        (2 + X, 5.0), (X + 2, 5.0), (2 - X, -1.0), (X - 2, 1.0), (2 * X, 6.0), (X * 2, 6.0),
        (X / 2, 1.5), (2 / X, 2 / 3), (X**2, 9.0), (2**X, 8.0), (-X, -3.0),
    ],
)  # fmt: skip
def test_operators_of_python(made, value):
    assert evaluate_all([made], {"x": 3.0}) == pytest.approx([value])


def test_an_expression_is_neither_true_nor_false_and_shows_its_formula():
    with pytest.raises(TypeError, match="has no truth value"):
        bool(X)
    with pytest.raises(TypeError, match="not with Expression"):
        Expression()
    assert repr(X + 1) in ("<x + 1>", "<1 + x>")


@pytest.mark.parametrize("text", ["a +", "* a", "a + * b", "(a", "a)", "f(", "", "a b", "1..2", "a ^ ^ b"])
def test_broken_formulas_are_refused(text):
    with pytest.raises(ValueError):
        parse(text)


def test_comparisons_hold_exactly_where_numbers_say():
    compared = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne"}
    for mark, name in compared.items():
        formula = parse(f"piecewise(1, a {mark} b, 0)")
        for a, b in itertools.product((-1.0, 0.0, 1.0, math.inf), repeat=2):
            import operator

            assert evaluate_all([formula], {"a": a, "b": b})[0] == float(getattr(operator, name)(a, b)), (a, mark, b)


@pytest.mark.parametrize(
    "text",
    ["-2 * x", "-x * y", "-2 * x * y + 3", "2 * (-3)^x", "-(x + 1)", "x - 2 * y", "-x^2", "(-x)^2", "x / (-2 * y)"],
)
def test_a_formula_is_written_with_no_more_brackets_than_it_needs(text):
    assert to_text(parse(text)) == text and parse(to_text(parse(text))) is parse(text)
