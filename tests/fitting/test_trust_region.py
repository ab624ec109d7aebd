"""The local minimizer on problems whose answer is known."""

import numpy as np
import pytest

from pathway.fitting.objective import Evaluation
from pathway.fitting.search.trust_region import TrustRegionOptions, bounded_step, minimize, newton_step


def least_squares(residuals, jacobian):
    def evaluate(x):
        r, j = residuals(x), jacobian(x)
        return Evaluation(0.5 * float(r @ r), j.T @ r, j.T @ j)

    return evaluate, lambda x: 0.5 * float(residuals(x) @ residuals(x))


def rosenbrock():
    return least_squares(
        lambda x: np.array([10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]]),
        lambda x: np.array([[-20.0 * x[0], 10.0], [-1.0, 0.0]]),
    )


def test_rosenbrock():
    found = minimize(*rosenbrock(), np.array([-1.2, 1.0]), (np.full(2, -5.0), np.full(2, 5.0)))
    assert found.x == pytest.approx([1.0, 1.0], abs=1e-5)


def test_the_minimum_on_a_bound():
    """With x0 <= 0.5 the minimum of Rosenbrock's function is at (0.5, 0.25)."""
    found = minimize(*rosenbrock(), np.array([-1.2, 1.0]), (np.full(2, -5.0), np.array([0.5, 5.0])))
    assert found.x == pytest.approx([0.5, 0.25], abs=1e-5)


def test_large_residuals_converge_with_the_secant_part():
    """Exponential fits whose residuals stay large: Gauss-Newton alone crawls, the minimum is the same."""
    t = np.linspace(0.0, 3.0, 20)
    data = 1.0 + np.sin(3.0 * t)

    def residuals(x):
        return x[0] * np.exp(-x[1] * t) - data

    def jacobian(x):
        return np.stack([np.exp(-x[1] * t), -t * x[0] * np.exp(-x[1] * t)], axis=1)

    bounds = (np.full(2, -10.0), np.full(2, 10.0))
    slow = minimize(
        *least_squares(residuals, jacobian),
        np.array([1.0, 1.0]),
        bounds,
        TrustRegionOptions(secant=False, value_tolerance=1e-11),
    )
    fast = minimize(
        *least_squares(residuals, jacobian), np.array([1.0, 1.0]), bounds, TrustRegionOptions(value_tolerance=1e-11)
    )
    assert fast.value == pytest.approx(slow.value, rel=1e-8)
    assert fast.iterations <= slow.iterations


def test_the_value_alone_is_asked_for_only_after_a_refused_step():
    """On a quadratic every step is taken; Rosenbrock's valley bends, and some are not."""
    asked = []

    def counted(evaluate, value):
        return evaluate, lambda x: asked.append(x) or value(x)

    box = (np.full(2, -5.0), np.full(2, 5.0))
    minimize(*counted(*least_squares(lambda x: x - 1.0, lambda x: np.eye(2))), np.array([-3.0, 4.0]), box)
    assert asked == []
    minimize(*counted(*rosenbrock()), np.array([-1.2, 1.0]), box)
    assert asked


def test_newton_step_solves_the_subproblem():
    """The optimality conditions of More and Sorensen: (H + l I) s = -g, l >= 0, semi-definite, |s| = radius."""
    rng = np.random.default_rng(1)
    for _ in range(20):
        a = rng.normal(size=(5, 5))
        matrix, gradient = a + a.T, rng.normal(size=5)
        step = newton_step(gradient, matrix, 0.7)
        assert np.linalg.norm(step) == pytest.approx(0.7, rel=1e-6)
        shift = -float(step @ (gradient + matrix @ step)) / float(step @ step)
        assert shift >= -1e-8
        assert np.linalg.eigvalsh(matrix + shift * np.eye(5))[0] >= -1e-6
        assert gradient + matrix @ step + shift * step == pytest.approx(np.zeros(5), abs=1e-5)


def test_a_step_stays_in_the_box_and_uses_it():
    """A separable quadratic: each coordinate goes to its own minimum or to its wall."""
    gradient, matrix = np.array([-4.0, 1.0, 2.0]), np.diag([1.0, 2.0, 1.0])
    free = np.array([True, True, True])
    step, promise = bounded_step(gradient, matrix, np.zeros(3), np.full(3, -1.0), np.full(3, 1.0), free, 100.0)
    assert step == pytest.approx([1.0, -0.5, -1.0])
    assert promise == pytest.approx(3.5 + 0.25 + 1.5)


def test_a_flat_direction_runs_into_its_wall_and_the_others_go_on():
    """The Newton step of the flat coordinate leaves the box at once; the steep one must still get to its minimum."""
    gradient, matrix = np.array([-1e-3, -2.0]), np.diag([1e-12, 1.0])
    free = np.array([True, True])
    step, promise = bounded_step(gradient, matrix, np.zeros(2), np.full(2, -1.0), np.array([1e-3, 9.0]), free, 5.0)
    assert step == pytest.approx([1e-3, 2.0], abs=1e-6)
    assert promise == pytest.approx(2.0, abs=1e-4)


def test_a_start_that_cannot_be_computed_says_why():
    found = minimize(
        lambda x: Evaluation(np.inf, failure="no steady state"),
        lambda x: np.inf,
        np.zeros(1),
        (np.zeros(1), np.ones(1)),
    )
    assert found.value == np.inf and "no steady state" in found.reason
