"""Bounds enclose whatever the formula gives inside, and slopes whatever differences give."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

import mpmath
import numpy as np
import pytest

from pathway.expressions import differentiate, parse, to_text
from pathway.expressions.evaluation import evaluate
from pathway.expressions.graph import Expression
from pathway.expressions.intervals import IntervalProgram

UNARY = (
    *("exp", "log", "sqrt", "abs", "floor", "ceil", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh"),
    "tanh",
)


def random_formula(chance: random.Random, depth: int) -> str:
    if depth == 0:
        return chance.choice(["time", "time", "a", "b", "2", "0.5", "-3"])
    inner = lambda: random_formula(chance, depth - 1)  # noqa: E731
    kind = chance.randrange(9)
    if kind <= 2:
        return f"({inner()} {chance.choice('+-*/')} {inner()})"
    if kind == 3:
        return f"({inner()})^{chance.choice(['2', '3', '-1', '0.5', '-2', '1.7', 'a'])}"
    if kind <= 5:
        return f"{chance.choice(UNARY)}({inner()})"
    if kind == 6:
        return f"{chance.choice(['min', 'max'])}({inner()}, {inner()})"
    relation = chance.choice(["<", "<=", ">", "==", "!="])
    join = chance.choice(["", f" and {inner()} < {inner()}", f" or {inner()} > 1"])
    return f"piecewise({inner()}, {inner()} {relation} {inner()}{join}, {inner()})"


def points(low: float, high: float) -> list[float]:
    inside = np.linspace(low, high, 23)
    return [low, high, *inside.tolist(), math.nextafter(low, high), math.nextafter(high, low)]


@pytest.mark.parametrize("seed", range(12))
def test_bounds_enclose_values_and_slopes(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(10):
        formula = parse(random_formula(chance, chance.randrange(1, 5)))
        values = {"a": chance.choice([0.3, 1.0, 2.0, -1.5]), "b": chance.uniform(-2, 2)}
        low = np.array([chance.uniform(-4, 4) for _ in range(12)] + [0.0, 1.0, -2.0])
        high = low + np.array([10 ** chance.uniform(-6, 0.7) for _ in range(12)] + [0.0, 0.0, 2.0])
        check(formula, values, low, high)


def check(formula: Expression, values: dict[str, float], low: np.ndarray, high: np.ndarray) -> None:
    bounds = IntervalProgram(formula, "time").enclose(values, low, high, slopes=True)
    slope = differentiate(formula, "time")
    for k in range(len(low)):
        inside = points(low[k], high[k])
        found = [evaluate(formula, {**values, "time": t}) for t in inside]
        about = f"{to_text(formula)} on [{low[k]!r}, {high[k]!r}] with {values}"
        numbers = [v for v in found if not math.isnan(v)]
        assert bounds.possible[k] or not numbers, about
        assert not bounds.defined[k] or len(numbers) == len(found), about
        for value in filter(math.isfinite, numbers):
            assert bounds.low[k] <= value <= bounds.high[k], about
        if bounds.slope is None or not np.isfinite(bounds.slope[0][k]) or not np.isfinite(bounds.slope[1][k]):
            continue
        least, most = bounds.slope[0][k], bounds.slope[1][k]
        for t in inside[3:-3]:
            there = evaluate(slope, {**values, "time": t})
            room = 1e-9 * (abs(least) + abs(most) + 1e-3)
            assert math.isnan(there) or least - room <= there <= most + room, about
        course = list(zip(inside, found, strict=True))[2:-2]
        for (t, x), (u, y) in pairwise(course):
            if u - t > 1e-4 and max(abs(x), abs(y)) < 1e3:
                assert least - 1e-6 * (1 + abs(least)) <= (y - x) / (u - t) <= most + 1e-6 * (1 + abs(most)), about


def test_whole_numbers_stay_exact_and_constants_are_taken_as_they_are() -> None:
    formula = parse("time - 24*floor(time/24) - 8")
    times = np.array([8.0, 24.0, 32.0, 2408.0])
    bounds = IntervalProgram(formula, "time").enclose({}, times, times)
    assert bounds.low.tolist() == bounds.high.tolist() == [0.0, -8.0, 0.0, 0.0]
    bounds = IntervalProgram(parse("floor(0.1*k)*1"), "time").enclose({"k": 30.0}, times, times)
    assert bounds.low.tolist() == bounds.high.tolist() == [3.0] * 4


EXACT: dict[str, Callable[[Any], Any]] = {
    **{name: getattr(mpmath, name) for name in ("exp", "log", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan")},
    **{name: getattr(mpmath, name) for name in ("sinh", "cosh", "tanh")},
    "abs": abs,
}
SPANS = {
    **{name: [(0.25, 0.5), (0.5, 3.0), (2.0, 700.0), (1.0, 1.0)] for name in ("log", "sqrt")},
    **{name: [(-0.75, -0.25), (-0.5, 0.5), (0.1, 0.9)] for name in ("asin", "acos")},
    "tan": [(-1.5, -0.25), (-0.5, 1.25), (1.75, 4.5)],
}
OTHER = [(-2.0, -0.25), (-0.5, 1.0), (0.0, 0.5), (-0.75, 0.0), (0.1, 0.9), (1.5, 8.0), (1.75, 4.5), (2.0, 2.0)]


@pytest.mark.parametrize("name", EXACT)
def test_bounds_of_a_function_are_those_of_fifty_digits_and_hardly_wider(name: str) -> None:
    """Where it rises and falls, by the place of its turns."""
    spans = np.array(SPANS.get(name, OTHER))
    bounds = IntervalProgram(parse(f"{name}(time)"), "time").enclose({}, spans[:, 0], spans[:, 1])
    turns = [0.0] + [0.5 * math.pi * k for k in range(-3, 7)] if name in ("sin", "cos", "cosh", "abs") else []
    with mpmath.workdps(50):
        for (low, high), least, most in zip(spans, bounds.low, bounds.high, strict=True):
            values = [EXACT[name](mpmath.mpf(t)) for t in (low, high, *(t for t in turns if low < t < high))]
            for bound, exact in ((least, min(values)), (most, max(values))):
                assert abs(bound - exact) <= 1e-14 * abs(exact) + 1e-300, (low, high)
            assert least <= min(values) + 1e-30 and max(values) - 1e-30 <= most, (low, high)
    assert bounds.defined.all() and bounds.possible.all()


@pytest.mark.parametrize("low", [1.0, 2.0, 4.0])
@pytest.mark.parametrize("high", [7.0, 11.0, 49.0])
@pytest.mark.parametrize("upper", [-6.0, 5.0, -36.0])
def test_bounds_of_a_quotient_hold_the_fractions_themselves(low: float, high: float, upper: float) -> None:
    bounds = IntervalProgram(parse("k/time"), "time").enclose({"k": upper}, np.array([low]), np.array([high]))
    ends = sorted(Fraction(upper) / Fraction(t) for t in (low, high))
    assert Fraction(bounds.low[0]) <= ends[0] and ends[1] <= Fraction(bounds.high[0])
    assert bounds.low[0] == pytest.approx(float(ends[0])) and bounds.high[0] == pytest.approx(float(ends[1]))


def test_nothing_is_divided_by_zero_at_the_end_of_an_interval() -> None:
    for formula in ("time/time", "time/(1 - (1 - time))"):
        for span in ((0.0, 1.0), (-1.0, 0.0)):
            low, high = (np.array([t]) for t in span)
            assert not IntervalProgram(parse(formula), "time").enclose({}, low, high).defined.any()


def test_an_operand_that_is_no_number_leaves_the_bounds_of_the_others() -> None:
    """`log` of a negative number is none; which operand is taken then depends on their order."""
    for choose in ("min", "max"):
        formula = parse(f"{choose}(time, log(a))")
        bounds = IntervalProgram(formula, "time").enclose({"a": -1.0}, np.array([1.0]), np.array([2.0]))
        assert (bounds.low[0], bounds.high[0], bounds.defined[0], bounds.possible[0]) == (1.0, 2.0, False, True)


@pytest.mark.parametrize("factor", [1.0, -1.0, 0.0])
def test_a_factor_of_one_or_nothing_leaves_no_rounding(factor: float) -> None:
    low, high = np.array([0.1, 0.3]), np.array([0.7, 0.9])
    bounds = IntervalProgram(parse("k*time"), "time").enclose({"k": factor}, low, high)
    assert bounds.low.tolist() == np.minimum(factor * low, factor * high).tolist()
    assert bounds.high.tolist() == np.maximum(factor * low, factor * high).tolist()
