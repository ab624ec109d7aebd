"""Random formulas, compiled at two widths, against walking the formula in Python."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pathway.equations import Model
from pathway.expressions import (
    Expression,
    add,
    all_of,
    any_of,
    apply_function,
    divide,
    equal,
    evaluate,
    less,
    less_equal,
    maximum,
    minimum,
    multiply,
    negate,
    not_equal,
    not_of,
    number,
    parse,
    piecewise,
    power,
    symbol,
)
from pathway.kernels import compile_model

NAMES = ("x", "y", "k", "time")
LEAVES = st.one_of(
    st.sampled_from(NAMES).map(symbol),
    st.integers(-3, 4).map(number),
    st.floats(0.1, 3.0).map(number),
)


def conditions(inner: st.SearchStrategy) -> st.SearchStrategy:
    compared = st.builds(
        lambda relation, a, b: relation(a, b), st.sampled_from([less, less_equal, equal, not_equal]), inner, inner
    )
    return st.one_of(
        compared,
        st.builds(lambda join, a, b: join(a, b), st.sampled_from([all_of, any_of]), compared, compared),
        st.builds(not_of, compared),
    )


def grown(inner: st.SearchStrategy) -> st.SearchStrategy:
    functions = ["exp", "log", "sqrt", "abs", "floor", "ceil", "sin", "cos", "tan", "atan", "tanh", "cosh", "asin"]
    return st.one_of(
        st.builds(add, inner, inner),
        st.builds(multiply, inner, inner, inner),
        st.builds(divide, inner, inner),
        st.builds(negate, inner),
        st.builds(power, inner, inner),
        st.builds(power, inner, st.integers(-4, 5).map(number)),
        st.builds(apply_function, st.sampled_from(functions), inner),
        st.builds(minimum, inner, inner),
        st.builds(maximum, inner, inner, inner),
        st.builds(piecewise, inner, conditions(inner), inner),
        st.builds(piecewise, inner, conditions(inner), inner, conditions(inner), inner),
        conditions(inner),
    )


FORMULAS = st.recursive(LEAVES, grown, max_leaves=14)
VALUES = st.floats(-3.0, 3.0).map(lambda v: round(v, 3))


def model(formulas: list[Expression]) -> Model:
    return Model(
        name="random formulas",
        species=("x", "y"),
        parameters=("k",),
        parameter_values=np.array([1.0]),
        initial={"x": number(0), "y": number(0)},
        rate_rules={"x": add(symbol("k"), symbol("x"))},
        observables={f"o{i}": formula for i, formula in enumerate(formulas)},
    )


def compiled_values(formulas: list[Expression], width: int, points: np.ndarray) -> np.ndarray:
    """Values at `width` points of (x, y, k, time); shape (n_formulas, width)."""
    compiled = compile_model(model(formulas), width, ("observables",))
    out = np.empty((len(formulas), width))
    x_y, k, time = np.ascontiguousarray(points[:2, :width]), points[2:3, :width], points[3, :width].copy()
    compiled.call("observables", time, x_y, compiled.parameters(k), out)
    return out


def condition_number(formula: Expression, point: dict[str, float], value: float) -> float:
    """How much the value moves, over itself, when the inputs move by a part in 1e12; inf where it jumps."""
    worst = 0.0
    for name in NAMES:
        for sign in (1, -1):
            moved = evaluate(formula, {**point, name: point[name] * (1 + sign * 1e-12) + sign * 1e-13})
            change = abs(moved - value) / max(abs(value), 1e-12)
            worst = max(worst, math.inf if math.isnan(change) else change)
    return worst


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(FORMULAS, min_size=3, max_size=3), st.lists(VALUES, min_size=16, max_size=16))
def test_random_formulas_give_what_they_say(formulas: list[Expression], drawn: list[float]) -> None:
    points = np.array(drawn).reshape(4, 4)
    wide = compiled_values(formulas, 4, points)
    assert np.array_equal(wide[:, :1], compiled_values(formulas, 1, points), equal_nan=True)
    for lane in range(4):
        point = dict(zip(NAMES, points[:, lane], strict=True))
        for formula, found in zip(formulas, wide[:, lane], strict=True):
            expected = evaluate(formula, point)
            if not math.isfinite(expected) or condition_number(formula, point, expected) > 1e-8:
                continue  # at a jump, a pole or the edge of a domain rounding may decide
            assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("piecewise(1, x < y, 2, x == y, 3)", [1, 2, 3]),
        ("piecewise(log(x - 1), x > 1, 7)", [7, 7, math.log(1.5)]),
        ("min(x, y, 1)", [-1, 1, 1]),
        ("max(x, y, 1)", [1, 1, 2.5]),
        ("x < y and not (x == 0) or y > 5", [1, 0, 0]),
        ("(x < y) + 2 * (y < x)", [1, 0, 2]),
        ("x^3", [-1, 1, 15.625]),
        ("x^-2", [1, 1, 1 / 6.25]),
        ("x^k", [-1, 1, 15.625]),
        ("abs(x)^0.5", [1, 1, math.sqrt(2.5)]),
        ("abs(x)^2.5", [1, 1, 2.5**2.5]),
        ("time * ceil(x) - floor(y)", [-3, 1, 5]),
        ("-x / -y", [-1, 1, 2.5]),
        ("x^(1 / (k - 3))", [1, 1, math.inf]),
        ("1 / (k - 3)", [math.inf] * 3),
    ],
)
def test_formulas_with_known_answers(text: str, expected: list[float]) -> None:
    points = np.array([[-1.0, 1.0, 2.5, 0.0], [1.0, 1.0, 1.0, 0.0], [3.0] * 4, [2.0] * 4])
    found = compiled_values([parse(text)], 4, points)[0, :3]
    np.testing.assert_allclose(found, expected, rtol=1e-14)
