"""Every operator, its value and its derivative, against mpmath in 40 digits.

Walked in Python (`evaluate`), over arrays (`evaluate_arrays`), and compiled both as a part of a model and as a batch.
"""

from __future__ import annotations

from collections.abc import Callable

import mpmath
import numpy as np
import pytest

from pathway.equations import Model
from pathway.expressions import FUNCTIONS, Expression, differentiate, evaluate, gradients, number, parse, symbols
from pathway.expressions.arrays import evaluate_arrays
from pathway.kernels import FormulaBatch, compile_batches, compile_model

EXACT: dict[str, Callable[..., mpmath.mpf]] = {
    "exp(x)": mpmath.exp,
    "log(x)": mpmath.log,
    "sqrt(x)": mpmath.sqrt,
    "abs(x)": lambda x: x if x > 0 else -x,
    "floor(x)": mpmath.floor,
    "ceil(x)": mpmath.ceil,
    "sin(x)": mpmath.sin,
    "cos(x)": mpmath.cos,
    "tan(x)": mpmath.tan,
    "asin(x)": mpmath.asin,
    "acos(x)": mpmath.acos,
    "atan(x)": mpmath.atan,
    "sinh(x)": mpmath.sinh,
    "cosh(x)": mpmath.cosh,
    "tanh(x)": mpmath.tanh,
    "x + y + x*y": lambda x, y: x + y + x * y,
    "x - y": lambda x, y: x - y,
    "x * y * x": lambda x, y: x * y * x,
    "x / y": lambda x, y: x / y,
    "abs(x) ^ y": lambda x, y: abs(x) ** y,
    "x ^ 3 + y ^ -2": lambda x, y: x**3 + y**-2,
    "min(x, y, 0.4)": lambda x, y: min(x, y, mpmath.mpf(0.4)),
    "max(x, y, 0.4)": lambda x, y: max(x, y, mpmath.mpf(0.4)),
    "piecewise(x*x, x < y, y*y*x, y < 0, x*y)": lambda x, y: x * x if x < y else (y * y * x if y < 0 else x * y),
    "piecewise(x, x >= y, 2*y)": lambda x, y: x if x >= y else 2 * y,
    "piecewise(x, x > 0 and y > 0, 2*y)": lambda x, y: x if x > 0 and y > 0 else 2 * y,
    "piecewise(x, x > 0 or y > 0, 2*y)": lambda x, y: x if x > 0 or y > 0 else 2 * y,
    "piecewise(x, not x > y, 2*y)": lambda x, y: x if not x > y else 2 * y,
    "piecewise(x, x != y, 2*y)": lambda x, y: x if x != y else 2 * y,
    "piecewise(x, x == y, 2*y)": lambda x, y: x if x == y else 2 * y,
}
POSITIVE = {"log(x)", "sqrt(x)"}
POINTS = ((0.3, 0.7), (0.85, -0.6), (-0.45, 0.55), (-0.9, -0.35))


def points(text: str) -> list[tuple[float, float]]:
    """Where every operator has a value and a slope."""
    return [(abs(x) if text in POSITIVE else x, y) for x, y in POINTS]


def truths(text: str, x: float, y: float) -> list[float]:
    """Value, slope by x, slope by y."""
    function, two = EXACT[text], "y" in symbols(parse(text))
    with mpmath.workdps(40):
        at = (mpmath.mpf(x), mpmath.mpf(y)) if two else (mpmath.mpf(x),)
        slopes = [mpmath.diff(lambda v: function(v, *at[1:]), at[0])]
        slopes += [mpmath.diff(lambda v: function(at[0], v), at[1])] if two else [mpmath.mpf(0)]
        return [float(v) for v in (function(*at), *slopes)]


def formulas(text: str) -> list[Expression]:
    formula = parse(text)
    return [formula, differentiate(formula, "x"), differentiate(formula, "y")]


def test_every_function_is_here() -> None:
    assert {f"{name}(x)" for name in FUNCTIONS} <= EXACT.keys()


@pytest.mark.parametrize("text", EXACT)
def test_values_and_derivatives_walked_in_python(text: str) -> None:
    value, by_x, by_y = formulas(text)
    (together,) = gradients([value], {"x", "y"})
    for x, y in points(text):
        at, expected = {"x": x, "y": y}, truths(text, x, y)
        assert [evaluate(f, at) for f in (value, by_x, by_y)] == pytest.approx(expected, rel=1e-13, abs=1e-15)
        found = [evaluate(together.get(name, number(0.0)), at) for name in "xy"]
        assert found == pytest.approx(expected[1:], rel=1e-13, abs=1e-15)


@pytest.mark.parametrize("text", EXACT)
def test_values_and_derivatives_over_arrays(text: str) -> None:
    x, y = np.array(points(text)).T
    expected = np.array([truths(text, *at) for at in points(text)]).T
    found = [np.broadcast_to(values, x.shape) for values in evaluate_arrays(formulas(text), {"x": x, "y": y})]
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15)


@pytest.fixture(scope="module", params=[1, 4], ids="width {}".format)
def kernel(request: pytest.FixtureRequest) -> dict[str, np.ndarray]:
    """Of every formula the value and both slopes at the four points, shape (3, 4): y is a species, then a parameter."""
    model = Model(
        name="operators",
        species=("x", "y"),
        parameters=("k",),
        parameter_values=np.array([1.0]),
        initial={"x": number(0), "y": number(0)},
        observables={f"o{i}": parse(text) for i, text in enumerate(EXACT)},
    )
    width, n = request.param, len(EXACT)
    compiled = compile_model(model, width, ("observables", "observables_gradients"))
    pattern = compiled.patterns["observables_species"]
    found = np.zeros((n, 3, len(POINTS)))
    for signed in (True, False):
        for start in range(0, len(POINTS), width):
            lanes = slice(start, start + width)
            at = np.ascontiguousarray(np.array(POINTS)[lanes].T)
            at[0] = at[0] if signed else np.abs(at[0])
            parameters, time = compiled.parameters(np.ones((1, width))), np.zeros(width)
            values, by_time = np.empty((n, width)), np.empty((n, width))
            by_species, by_parameters = np.empty((len(pattern), width)), np.empty((0, width))
            compiled.call("observables", time, at, parameters, values)
            compiled.call("observables_gradients", time, at, parameters, by_species, by_parameters, by_time)
            own = [k for k, text in enumerate(EXACT) if (text not in POSITIVE) == signed]
            found[own, 0, lanes] = values[own]
            for row, column, slopes in zip(pattern.rows, pattern.columns, by_species, strict=True):
                if row in own:
                    found[row, 1 + column, lanes] = slopes
    return dict(zip(EXACT, found, strict=True))


@pytest.mark.parametrize("text", EXACT)
def test_values_and_derivatives_of_compiled_models(text: str, kernel: dict[str, np.ndarray]) -> None:
    expected = np.array([truths(text, *at) for at in points(text)]).T
    np.testing.assert_allclose(kernel[text], expected, rtol=1e-13, atol=1e-15)


def test_values_and_derivatives_of_compiled_sheets() -> None:
    every = [FormulaBatch(("x", "y"), tuple(formulas(text)), np.array([[0], [1]])) for text in EXACT]
    (compiled,) = compile_batches([every])
    for signed in (True, False):
        pools = np.array([(x if signed else abs(x), y) for x, y in POINTS])
        found = compiled(pools)
        for k, text in enumerate(EXACT):
            if (text not in POSITIVE) == signed:
                expected = np.array([truths(text, *at) for at in points(text)])
                np.testing.assert_allclose(found[:, compiled.places[k][:, 0]], expected, rtol=1e-13, atol=1e-15)
