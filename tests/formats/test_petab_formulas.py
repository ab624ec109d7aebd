"""PEtab's grammar against the petab library's own reader (an oracle: it goes through sympy)."""

import math

import pytest

from pathway.expressions import FormulaError, evaluate, parse
from pathway.formats.petab.formulas import read_formula

FORMULAS = [
    "1 + 2 * x ^ 2 ^ 0.5",
    "-x ^ 2",
    "2 ^ -x",
    "log(x, 2) + log10(x) - log2(x) + ln(x) + log(x)",
    "sec(x) + csc(x) + cot(x)",
    "arcsin(x / 9) + arccos(x / 9) + arctan(x) + arccot(x) + arcsec(9 * x) + arccsc(9 * x)",
    "sinh(x) + cosh(x) + tanh(x) + coth(x) + sech(x) + csch(x)",
    "arcsinh(x) + arccosh(x) + arctanh(x / 9) + arccoth(9 * x) + arcsech(x / 9) + arccsch(x)",
    "sign(x) + sign(-x) + abs(-x) + min(x, 1) + max(x, 1) + pow(x, 3) + sqrt(x) + exp(-x)",
    "piecewise(1, x > 2, 2, x <= 1, 3)",
    "piecewise(1, x > 1 && x < 2, 0)",
    "piecewise(1, true || true && x < 0, 0)",
    "piecewise(1, !(x > 1), 0)",
    "1.5e-3 * x + 0.5",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_values_agree_with_the_library(text):
    sympify = pytest.importorskip("petab.v1.math").sympify_petab
    for x in (1.25, 2.5):
        formula = sympify(text)
        expected = complex(formula.subs({symbol: x for symbol in formula.free_symbols}).evalf())
        made = evaluate(read_formula(text), {"x": x})
        if abs(expected.imag) < 1e-12:
            assert made == pytest.approx(expected.real, rel=1e-12)
        else:
            assert math.isnan(made)


@pytest.mark.parametrize(
    "text", ["", "1 +", "a b", "f(x)", "sin(1, 2)", "(x", "__import__('os').system('true')", "x ==", "$"]
)
def test_what_is_no_formula_is_refused(text):
    with pytest.raises(FormulaError):
        read_formula(text)


@pytest.mark.parametrize(
    ("text", "house", "petab"),
    [("-2 ^ 2", -4.0, -4.0), ("1 || 0 && 0", 1.0, 0.0), ("!0 == 2", 1.0, 0.0), ("2 ^ -1 ^ 2", 0.5, 0.5)],
)
def test_two_grammars_read_the_same_text_each_in_its_own_way(text, house, petab):
    assert evaluate(parse(text), {}) == house
    assert evaluate(read_formula(text), {}) == petab


def test_a_wrong_count_of_arguments_is_told():
    with pytest.raises(FormulaError, match="'log' takes one or two arguments and got 3"):
        read_formula("log(1, 2, 3)")
    with pytest.raises(FormulaError, match="'log' takes one argument and got 2"):
        parse("log(1, 2)")


def test_deep_nesting_is_refused():
    with pytest.raises(FormulaError, match="nested"):
        read_formula("(" * 100_000 + "x" + ")" * 100_000)
