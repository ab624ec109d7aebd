"""Formulas against sympy and against finite differences in 50 digits."""

import math
import pickle

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from pathway.expressions import (
    FormulaError,
    add,
    differentiate,
    divide,
    evaluate,
    exp,
    gradients,
    log,
    multiply,
    number,
    parse,
    piecewise,
    power,
    sqrt,
    substitute,
    symbol,
    to_sympy,
    to_text,
)
from pathway.expressions.arrays import ArrayEvaluator, evaluate_arrays
from pathway.expressions.evaluation import Evaluator

LEAVES = st.one_of(
    st.sampled_from(["x", "y", "z"]).map(symbol),
    st.integers(min_value=-3, max_value=5).map(number),
    st.floats(min_value=0.1, max_value=3.0).map(number),
)


def grown(inner: st.SearchStrategy) -> st.SearchStrategy:
    return st.one_of(
        st.tuples(inner, inner).map(lambda p: add(*p)),
        st.tuples(inner, inner).map(lambda p: add(p[0], -p[1])),
        st.tuples(inner, inner).map(lambda p: multiply(*p)),
        st.tuples(inner, inner).map(lambda p: divide(p[0], p[1] * p[1] + 1)),
        st.tuples(inner, st.integers(min_value=2, max_value=3)).map(lambda p: power(p[0], number(p[1]))),
        inner.map(lambda e: log(e * e + 1)),
        inner.map(lambda e: sqrt(e * e + 2)),
        inner.map(lambda e: exp(-(e * e))),
    )


FORMULAS = st.recursive(LEAVES, grown, max_leaves=12)
POINT = {"x": 0.7, "y": 1.3, "z": 2.1}


@given(FORMULAS)
def test_text_reads_back_as_the_same_formula(formula):
    assert evaluate(parse(to_text(formula)), POINT) == pytest.approx(evaluate(formula, POINT), rel=1e-12, abs=1e-12)


@given(FORMULAS)
def test_a_pickled_formula_is_the_same_object(formula):
    assert pickle.loads(pickle.dumps(formula)) is formula


@settings(deadline=None, max_examples=60)
@given(FORMULAS)
def test_derivatives_agree_with_differences_in_fifty_digits(formula):
    function = sympy.lambdify([sympy.Symbol(n, real=True) for n in "xyz"], to_sympy(formula), "mpmath")
    with mpmath.workdps(50):
        wanted = mpmath.diff(lambda x: mpmath.mpf(function(x, POINT["y"], POINT["z"])), mpmath.mpf(POINT["x"]))
    found = evaluate(differentiate(formula, "x"), POINT)
    assert found == pytest.approx(float(wanted), rel=1e-9, abs=1e-9)


@given(FORMULAS)
def test_gradients_are_the_derivatives_by_every_name_that_matters(formula):
    (found,) = gradients([formula], {"x", "y"})
    every = {name: differentiate(formula, name) for name in "xy"}
    assert found == {name: slope for name, slope in every.items() if slope is not number(0.0)}


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("-2^2", -4.0),
        ("2^3^2", 512.0),
        ("8 / 4 / 2", 1.0),
        ("1 - 2 - 3", -4.0),
        ("not 0 and 1", 1.0),
        ("piecewise(5, 2 < 1, 7)", 7.0),
        ("log10(1000)", 3.0),
        ("max(1, 2 * 3, 4)", 6.0),
        ("2 > 1 || 0", 1.0),
    ],
)
def test_text_means_what_mathematics_says(text, same):
    assert evaluate(parse(text), {}) == pytest.approx(same)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("k * (A + B", r"'\)' is missing at character 11"),
        ("k * fo(A)", "no function is called 'fo'"),
        ("A B", "an operator is missing at character 3"),
        ("__import__('os').system('ls')", "has no meaning"),
        ("(" * 100_000, "nested more than 200 levels"),
        ("exp(A, B)", "'exp' takes one argument and got 2"),
        ("", "a value is missing"),
        ("pow(A, B, 2)", "'pow' takes two arguments and got 3"),
        ("piecewise(A, B)", "'piecewise' takes an odd number of arguments and got 2"),
    ],
)
def test_what_is_no_formula_is_refused_with_its_place(text, complaint):
    with pytest.raises(FormulaError, match=complaint):
        parse(text)


def test_equal_formulas_are_one_object_and_order_is_kept():
    assert parse("k * A / (K + A)") is parse("k*A/(K+A)")
    assert parse("a + b") is not parse("b + a")


def test_substitution_replaces_all_names_at_once():
    swapped = substitute(parse("x - 2 * y"), {"x": symbol("y"), "y": symbol("x")})
    assert swapped is parse("y - 2 * x")


def test_a_branch_that_is_not_taken_does_not_spoil_the_derivative_of_a_power():
    slope = differentiate(parse("x^n"), "n")
    assert evaluate(slope, {"x": 0.0, "n": 2.0}) == 0.0
    assert evaluate(slope, {"x": 2.0, "n": 3.0}) == pytest.approx(8 * math.log(2))


def test_arithmetic_follows_ieee_where_there_is_no_number():
    assert evaluate(parse("1 / x"), {"x": 0.0}) == math.inf
    assert math.isnan(evaluate(parse("log(x)"), {"x": -1.0}))
    assert evaluate(parse("exp(x)"), {"x": 1e4}) == math.inf


CORNERS = ("x + y", "x * y", "x / y", "x ^ y", "min(x, y)", "max(x, y)", "floor(x)", "log(x)", "sqrt(x)", "sinh(x)")
CORNERS = (*CORNERS, "exp(y)", "sin(x)", "asin(x)", "not x", "x < y", "x != y", "x and y", "piecewise(1, x, y)")


@pytest.mark.parametrize("text", CORNERS)
def test_floats_and_arrays_agree_at_the_edges_of_arithmetic(text):
    """Zeros of both signs, overflow, infinities and nan, against each other and, where it has a value, NumPy's own."""
    edges = [0.0, -0.0, 1.0, -2.5, 1e308, -1e308, 1e4, -1e4, math.inf, -math.inf, math.nan]
    x, y = (grid.ravel() for grid in np.meshgrid(edges, edges))
    formula = parse(text)
    (over,) = np.broadcast_arrays(*evaluate_arrays([formula], {"x": x, "y": y}), x)[:1]
    alone = [evaluate(formula, {"x": float(a), "y": float(b)}) for a, b in zip(x, y, strict=True)]
    np.testing.assert_allclose(alone, over, rtol=1e-15)
    assert (np.signbit(alone) == np.signbit(over))[~np.isnan(over)].all()


def test_many_formulas_are_evaluated_again_and_again_over_floats_and_arrays():
    formulas = [parse("sqrt(y)/(1 + x) + max(x, y, 3) + exp(-y)*x^2"), parse("x*y"), parse("(x < 1) + (y < 9)")]
    over, alone = ArrayEvaluator(formulas), Evaluator(formulas)
    x, y = np.random.default_rng(1).uniform(0.1, 5.0, (2, 20))
    expected = [np.sqrt(y) / (1 + x) + np.maximum(np.maximum(x, y), 3) + np.exp(-y) * x**2, x * y, (x < 1) + 1.0]
    np.testing.assert_allclose(over({"x": x, "y": y}), expected, rtol=1e-14)
    found = [alone({"x": a, "y": b}) for a, b in zip(x, y, strict=True)]
    np.testing.assert_allclose(np.transpose(found), expected, rtol=1e-14)
    assert np.isnan(alone({"x": -1.0, "y": -2.0})[0]) and alone({"x": -1.0, "y": -2.0})[1] == 2.0
    with pytest.raises(KeyError, match="y"):
        over({"x": x})


def test_deep_sums_do_not_exhaust_the_stack():
    nested = symbol("x")
    for _ in range(20_000):
        nested = exp(-nested)
    assert 0.0 < evaluate(nested, {"x": 1.0}) < 1.0


def test_piecewise_without_an_otherwise_is_refused():
    with pytest.raises(ValueError, match="otherwise"):
        piecewise(number(1), number(1))


@pytest.mark.parametrize(("text", "y"), [("1/ceil(y)", -0.5), ("1/ceil(y)", -0.0), ("1/floor(y)", -0.0)])
def test_a_whole_number_of_zero_keeps_the_sign_of_what_it_was(text, y):
    """IEEE 754: roundToIntegral keeps the sign, so compiled code, NumPy and this walk are on one side of the pole."""
    assert evaluate(parse(text), {"y": y}) == -math.inf


def test_what_is_known_already_is_a_number_and_stands_in_front():
    x = symbol("x")
    assert [node.value for node in (parse("2^3"), parse("exp(0)"), parse("sqrt(16)"))] == [8.0, 1.0, 4.0]
    assert parse("min(3, 2, 4)") is number(2.0) and parse("max(3, 2, 4)") is number(4.0)
    assert parse("6/4") is number(1.5) and parse("1/0").operator == "divide"
    assert parse("x*2").arguments == (number(2.0), x) and parse("2*x*3*x").arguments == (number(6.0), x, x)
