"""Bands of predictions against the closed form, and designs against what refits of synthetic data find."""

import math
from dataclasses import replace

import numpy as np
import pytest

from pathway.fitting.objective import Objective
from pathway.fitting.objective.noise import NoiseModel
from pathway.fitting.problem import Measurement, ProblemError
from pathway.fitting.search.multi_start import fit
from pathway.fitting.search.trust_region import minimize
from pathway.fitting.uncertainty.predict import curve_points, design, predict
from pathway.fitting.uncertainty.prediction_profile import profile_prediction
from tests.fitting.test_sampling import NOISE, closed_form, line
from tests.fitting.test_search import decay


def gaussian_draws(count=6000):
    """A straight line, and exact draws from its posterior."""
    problem = line()
    mean, covariance = closed_form(problem)
    return problem, mean, covariance, np.random.default_rng(1).multivariate_normal(mean, covariance, count)


def test_bands_of_a_straight_line_are_those_of_the_closed_form():
    problem, mean, covariance, draws = gaussian_draws()
    asked = [Measurement("seen", "only", float(t), 0.0) for t in (0.0, 1.0, 3.5)]
    rows = np.array([[1.0, m.time] for m in asked])
    deviation = np.sqrt(np.einsum("ij,jk,ik->i", rows, covariance, rows))
    found = predict(problem, mean, draws, asked)
    assert found.best == pytest.approx(rows @ mean, rel=1e-6)
    assert found.high - found.low == pytest.approx(2 * 1.96 * deviation, rel=0.05)
    assert "each point by itself" in found.words and "without measurement noise" in found.words
    noisy = predict(problem, mean, draws, asked, noise=True)
    assert noisy.high - noisy.low == pytest.approx(2 * 1.96 * np.hypot(deviation, NOISE), rel=0.05)
    assert "scatter included" in noisy.words


def test_simultaneous_bands_hold_whole_curves():
    problem, mean, _, draws = gaussian_draws()
    asked = [Measurement("seen", "only", float(t), 0.0) for t in np.linspace(0.0, 8.0, 17)]
    found = predict(problem, mean, draws[:3000], asked, simultaneous=True)
    curves = draws[3000:] @ np.array([[1.0, m.time] for m in asked]).T
    inside = np.all((curves >= found.low) & (curves <= found.high), axis=1).mean()
    assert inside == pytest.approx(0.95, abs=0.015)
    pointwise = predict(problem, mean, draws[:3000], asked)
    assert np.all(((curves >= pointwise.low) & (curves <= pointwise.high)).mean(axis=0) > 0.93)
    assert np.all((curves >= pointwise.low) & (curves <= pointwise.high), axis=1).mean() < 0.93
    assert "each whole curve lies inside" in found.words


def test_draws_that_cannot_be_run_are_counted_and_left_out():
    problem = decay()
    best = problem.nominal
    draws = np.array([best, [math.nan, 3.0], 1.01 * best])
    found = predict(problem, best, draws)
    assert found.failed == 1 and found.draws == 2 and np.isfinite(found.low).all()


def test_curves_through_measured_points_hold_these():
    made = curve_points(decay())
    times = {m.time for m in made}
    assert {m.time for m in decay().measurements} <= times and len(times) > 40 and not any(m.counted for m in made)


def test_scatter_is_that_of_the_noise_model():
    rng = np.random.default_rng(3)
    kinds = [(0, 0), (1, 0), (2, 0), (0, 1), (0, 2)]  # normal, Laplace, Student's t; then log and log10
    distribution, transformation = np.array(kinds).T
    model = NoiseModel(
        np.ones(5), distribution, transformation, np.full(5, 6.0), np.zeros(5, dtype=int), np.ones(5, dtype=bool)
    )
    drawn = model.scattered(np.full((200_000, 5), 2.0), np.full(5, 0.3), rng)
    assert drawn[:, 0].std() == pytest.approx(0.3, rel=0.01)
    assert drawn[:, 1].std() == pytest.approx(0.3 * math.sqrt(2.0), rel=0.02)
    assert drawn[:, 2].std() == pytest.approx(0.3 * math.sqrt(6.0 / 4.0), rel=0.02)
    assert np.log(drawn[:, 3] / 2.0).std() == pytest.approx(0.3, rel=0.01)
    assert np.log10(drawn[:, 4] / 2.0).std() == pytest.approx(0.3, rel=0.01)


# Designs


def scarce(*later):
    """The exponential decay, seen at two early moments and at some later ones."""
    problem = decay()
    times = (0.0, 0.4, *later)
    points = tuple(Measurement("seen", "only", t, 6.0 * math.exp(-0.7 * t)) for t in times)
    return replace(problem, measurements=points)


def refitted(problem, sets=600):
    """Spread of the best parameters over synthetic data sets, on the optimizer's scale."""
    rng, x = np.random.default_rng(7), problem.to_scale(problem.nominal)
    clean = Objective(problem).compare().simulated
    ends = []
    for _ in range(sets):
        seen = clean + 0.05 * rng.normal(size=len(clean))
        points = tuple(replace(m, value=float(v)) for m, v in zip(problem.measurements, seen, strict=True))
        objective = Objective(replace(problem, measurements=points))
        ends.append(minimize(objective, objective.value, x, problem.bounds).x)
    return np.std(ends, axis=0)


def test_the_best_ranked_measurement_shrinks_the_uncertainty_as_said_when_it_is_made():
    problem = scarce()
    x = problem.to_scale(problem.nominal)
    candidates = [Measurement("seen", "only", t, 1.0) for t in (0.1, 0.5, 1.4, 6.0)]
    ranked = design(problem, x, candidates, "k")
    assert ranked[0].gain > 0.5
    assert refitted(problem)[0] == pytest.approx(ranked[0].before, rel=0.1)
    assert refitted(scarce(ranked[0].measurement.time))[0] == pytest.approx(ranked[0].after, rel=0.1)
    assert refitted(scarce(ranked[-1].measurement.time))[0] == pytest.approx(ranked[-1].after, rel=0.1)


def test_a_prediction_can_be_the_target():
    problem = scarce()
    x = problem.to_scale(problem.nominal)
    aim = Measurement("seen", "only", 3.0, 1.0)
    ranked = design(problem, x, [Measurement("seen", "only", t, 1.0) for t in (0.1, 3.0)], aim)
    assert ranked[0].measurement.time == 3.0
    objective = Objective(problem)
    covariance = np.linalg.inv(objective(x).information)
    slope = np.array([-0.7 * 3.0, 1.0]) * math.log(10.0) * 6.0 * math.exp(-0.7 * 3.0)
    assert ranked[0].before == pytest.approx(math.sqrt(slope @ covariance @ slope), rel=1e-3)
    # One more point of the same noise there: variances combine like those of independent estimates.
    assert ranked[0].after == pytest.approx((ranked[0].before ** -2 + 0.05**-2) ** -0.5, rel=1e-3)


# Profiles of predictions


def test_the_interval_of_a_prediction_of_a_straight_line_is_that_of_the_closed_form():
    problem = line()
    mean, covariance = closed_form(problem)
    found = profile_prediction(Objective(problem), mean, Measurement("seen", "only", 3.0, 0.0))
    row = np.array([1.0, 3.0])
    half = 1.959964 * math.sqrt(row @ covariance @ row)
    assert (found.lower, found.upper) == pytest.approx((row @ mean - half, row @ mean + half), rel=0.01)
    assert found.verdict == "bounded" and np.all(np.diff(found.values) > 0.0)


def test_a_prediction_is_bounded_though_its_parameters_are_not():
    """k and k2 are known as a product alone, and with it the curve."""
    problem = decay(redundant=True)
    x = fit(problem, starts=2, seed=1, workers=1).best.x
    single = decay()
    point = Measurement("seen", "only", 8.0, 1.0)
    known = profile_prediction(Objective(single), fit(single, starts=2, seed=1, workers=1).best.x, point)
    found = profile_prediction(Objective(problem), x, point)
    assert found.verdict == "bounded"
    assert (found.lower, found.upper) == pytest.approx((known.lower, known.upper), rel=0.01)


def test_a_prediction_that_the_data_do_not_hold_is_said_to_be_open():
    """Where the scale is seen and nothing of the decay, the future may be anything between full and none."""
    problem = replace(decay(), measurements=(Measurement("seen", "only", 0.0, 6.0),))
    x = problem.to_scale(np.array([0.7, 3.0]))
    found = profile_prediction(Objective(problem), x, Measurement("seen", "only", 2.0, 1.0))
    assert found.lower_open and "below" in found.verdict
    assert found.lower == pytest.approx(0.0, abs=0.05) and found.upper > 5.7


def test_a_prediction_that_nothing_moves_is_refused():
    problem = decay().fixed({"scale": 3.0})
    with pytest.raises(ProblemError, match="depends on nothing"):
        profile_prediction(Objective(problem), problem.to_scale(problem.nominal), Measurement("seen", "only", 0.0, 1.0))
