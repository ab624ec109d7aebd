"""exp, log and power against mpmath, in units in the last place, and at the edges of the number range."""

from __future__ import annotations

import math
from collections.abc import Callable

import mpmath
import numpy as np
import pytest

from pathway.equations import Model
from pathway.expressions import exp, log, number, power, symbol
from pathway.kernels import CompiledModel, compile_model

X, Y = symbol("x"), symbol("y")
MODEL = Model(
    name="three functions",
    species=("x", "y"),
    parameters=(),
    parameter_values=np.array([]),
    initial={"x": number(1), "y": number(1)},
    observables={"exp": exp(X), "log": log(X), "power": power(X, Y)},
)


@pytest.fixture(params=[1, 4], ids="width {}".format)
def compiled(request: pytest.FixtureRequest) -> CompiledModel:
    return compile_model(MODEL, request.param, ("observables",))


def values(compiled: CompiledModel, x: np.ndarray, y: np.ndarray | float = 1.0) -> np.ndarray:
    """exp(x), log(x), x^y at every x; shape (3, n)."""
    width = compiled.width
    points = np.stack(np.broadcast_arrays(x, y)).astype(float)
    padded = np.pad(points, ((0, 0), (0, -points.shape[1] % width)), constant_values=1.0)
    found = np.empty((3, padded.shape[1]))
    time, parameters = np.zeros(width), compiled.parameters(np.array([]))
    for start in range(0, padded.shape[1], width):
        block = np.ascontiguousarray(padded[:, start : start + width])
        out = np.empty((3, width))
        compiled.call("observables", time, block, parameters, out)
        found[:, start : start + width] = out
    return found[:, : points.shape[1]]


def worst_ulps(found: np.ndarray, exact: list[mpmath.mpf]) -> float:
    """Largest error in units in the last place of the exact value."""
    worst = 0.0
    for value, truth in zip(found, exact, strict=True):
        worst = max(worst, float(abs(mpmath.mpf(float(value)) - truth)) / math.ulp(float(truth)))
    return worst


def exact(function: Callable[..., mpmath.mpf], *arguments: np.ndarray) -> list[mpmath.mpf]:
    with mpmath.workprec(160):
        return [function(*map(mpmath.mpf, map(float, at))) for at in zip(*arguments, strict=True)]


def test_exp_is_within_one_unit(compiled: CompiledModel) -> None:
    random = np.random.default_rng(1)
    x = np.concatenate([random.uniform(-700, 709, 2000), random.normal(0, 1, 2000), random.normal(0, 1e-8, 500)])
    assert worst_ulps(values(compiled, x)[0], exact(mpmath.exp, x)) < 1.0


def test_log_is_within_six_tenths_of_a_unit(compiled: CompiledModel) -> None:
    random = np.random.default_rng(2)
    wide = np.exp(random.uniform(-700, 700, 2000))
    x = np.concatenate([wide, random.uniform(0.5, 2.0, 2000), 1.0 + random.normal(0, 1e-9, 500), [5e-324, 1e-310]])
    assert worst_ulps(values(compiled, x)[1], exact(mpmath.log, x)) < 0.6


def test_power_is_within_two_units(compiled: CompiledModel) -> None:
    random = np.random.default_rng(3)
    x = np.exp(random.normal(0, 5, 3000))
    y = random.uniform(-8, 8, 3000)
    x = np.concatenate([x, np.exp(random.uniform(-300, 300, 1000))])
    y = np.concatenate([y, random.uniform(-2, 2, 1000)])
    found = values(compiled, x, y)[2]
    assert worst_ulps(found, exact(mpmath.power, x, y)) < 2.0


@pytest.mark.parametrize("exponent", range(5))
def test_short_powers_are_products(compiled: CompiledModel, exponent: int) -> None:
    random = np.random.default_rng(5)
    x = np.exp(random.normal(0, 5, 1000)) * random.choice([-1.0, 1.0], 1000)
    product = {0: x**0, 1: x, 2: x * x, 3: x * (x * x), 4: (x * x) * (x * x)}[exponent]
    assert np.array_equal(values(compiled, x, float(exponent))[2], product)
    # A lane with another exponent leaves them as they are.
    mixed = np.where(np.arange(1000) % 3 == 0, 2.5, float(exponent))
    found = values(compiled, x, mixed)[2]
    assert np.array_equal(found[mixed != 2.5], product[mixed != 2.5])
    others = (mixed == 2.5) & (x > 0.0)
    assert worst_ulps(found[others], exact(mpmath.power, x[others], mixed[others])) < 2.0


EDGES = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    2.0,
    -2.0,
    0.5,
    -0.5,
    3.0,
    math.inf,
    -math.inf,
    math.nan,
    5e-324,
    2.2e-308,
    1.7e308,
    -1e300,
]


@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
def test_edges_give_what_the_c_library_gives(compiled: CompiledModel) -> None:
    x = np.array([*EDGES, 709.78, 709.79, 800.0, -745.1, -745.2, -800.0, 1e300])
    found = values(compiled, x)
    np.testing.assert_allclose(found[0], np.exp(x), rtol=1e-15, atol=5e-324)
    np.testing.assert_allclose(found[1], np.log(x), rtol=1e-15)


@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
def test_powers_of_edges_give_what_the_c_library_gives(compiled: CompiledModel) -> None:
    x, y = (grid.ravel() for grid in np.meshgrid(EDGES, EDGES))
    found, expected = values(compiled, x, y)[2], np.power(x, y)
    # C keeps the sign of a zero base and counts (-1)^inf as 1; rates have no use for either.
    compared = ~((x == 0.0) & np.signbit(x)) & ~(np.isinf(y) & (x < 0)) & ~((x == -math.inf) & ~np.isinf(y))
    np.testing.assert_allclose(found[compared], expected[compared], rtol=1e-15, atol=5e-324)


def test_a_lane_gives_the_bits_of_a_plain_double() -> None:
    random = np.random.default_rng(4)
    x, y = np.abs(random.normal(0, 30, 2000)), random.normal(0, 5, 2000)
    y = np.where(random.random(2000) < 0.5, y, random.integers(-1, 6, 2000))
    narrow, wide = (values(compile_model(MODEL, width, ("observables",)), x, y) for width in (1, 4))
    assert np.array_equal(narrow, wide)
