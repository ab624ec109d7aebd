"""The local minimizer on problems whose answer is known."""

import numpy as np
import pytest

from pathway.fitting.objective import Evaluation
from pathway.fitting.search.trust_region import TrustRegionOptions, interior_step, minimize, newton_step, ways


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
    box = (np.full(2, -5.0), np.full(2, 5.0))
    found = minimize(*rosenbrock(), np.array([-1.2, 1.0]), box, TrustRegionOptions(value_tolerance=1e-10))
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


def test_a_step_far_from_the_walls_is_that_of_the_whole_space():
    """A wide box pulls no more; the plane of slope and Newton's step holds Newton's step."""
    rng = np.random.default_rng(2)
    a = rng.normal(size=(4, 4))
    matrix, gradient, x = a @ a.T + np.eye(4), rng.normal(size=4), np.zeros(4)
    free = np.full(4, np.inf)
    step, promise = interior_step(gradient, matrix, x, -free, free, 100.0)
    assert step == pytest.approx(-np.linalg.solve(matrix, gradient), rel=1e-9)
    assert promise == pytest.approx(0.5 * gradient @ np.linalg.solve(matrix, gradient), rel=1e-9)


def test_a_step_stays_inside_the_box_and_the_radius_and_falls():
    rng = np.random.default_rng(3)
    lower, upper = np.full(5, -1.0), np.full(5, 2.0)
    for radius in (0.01, 0.3, 5.0, 100.0):
        for _ in range(50):
            a, gradient = rng.normal(size=(3, 5)), 10.0 ** rng.uniform(-3, 3) * rng.normal(size=5)
            x = rng.uniform(lower, upper)
            scaled, promise = interior_step(gradient, a.T @ a, x, lower, upper, radius)
            there = x + np.sqrt(ways(gradient, x, lower, upper)) * scaled
            assert (there >= lower - 1e-12).all() and (there <= upper + 1e-12).all()
            assert np.linalg.norm(scaled) <= radius * (1.0 + 1e-6) and promise > 0.0


def test_where_the_data_see_nothing_a_step_goes_no_further_than_the_bound():
    """Without curvature the scaled model ends at the bound that the slope pushes to."""
    x, gradient = np.array([-0.5, 0.5]), np.array([1e-6, -1e-6])
    box = np.full(2, -1.0), np.full(2, 1.0)
    scaled, _ = interior_step(gradient, np.zeros((2, 2)), x, *box, 100.0)
    assert x + np.sqrt(ways(gradient, x, *box)) * scaled == pytest.approx([-1.0, 1.0], abs=0.03)


def test_parameters_that_no_data_see_do_not_slow_down_the_others():
    """Every second variable is flat; where the others end the normal equations say."""
    random = np.random.default_rng(3)
    matrix, data = random.normal(size=(12, 5)) * 10.0 ** np.arange(5), random.normal(size=12)
    wide = np.zeros((12, 10))
    wide[:, ::2] = matrix
    sum_of_squares = least_squares(lambda x: wide @ x - data, lambda x: wide)
    box, settings = (np.full(10, -50.0), np.full(10, 50.0)), TrustRegionOptions(value_tolerance=1e-12)
    found = minimize(*sum_of_squares, np.ones(10), box, settings)
    assert found.iterations <= 25
    assert found.x[::2] == pytest.approx(np.linalg.lstsq(matrix, data)[0], rel=1e-4)
    assert found.x[1::2] == pytest.approx(np.ones(5))


def test_ends_at_a_bound_lie_on_it():
    found = minimize(
        *least_squares(lambda x: x - np.array([3.0, 0.2, -3.0]), lambda x: np.eye(3)),
        np.array([-0.7, 0.9, 0.1]),
        (np.full(3, -1.0), np.full(3, 1.0)),
    )
    assert found.x[[0, 2]].tolist() == [1.0, -1.0] and found.x[1] == pytest.approx(0.2, abs=1e-6)


def test_a_start_that_cannot_be_computed_says_why():
    found = minimize(
        lambda x: Evaluation(np.inf, failure="no steady state"),
        lambda x: np.inf,
        np.zeros(1),
        (np.zeros(1), np.ones(1)),
    )
    assert found.value == np.inf and "no steady state" in found.reason
