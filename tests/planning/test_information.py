"""Expected information: against closed forms where everything is Gaussian, and against plain Monte Carlo."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from pathway.planning.information import (
    MeasurementSequence,
    categorical_answers,
    expected_information_gain,
    greedy_sequence,
    information_above_chance,
    mutual_information,
    numeric_answers,
    resolved_noise,
    shuffled_answers,
)

THETA = np.linspace(-8.0, 8.0, 401)
PRIOR = norm.pdf(THETA) / norm.pdf(THETA).sum()
"""A standard normal prior as members: sums over them are integrals to 1e-12."""


def gaussian_information(gains, noises, resolution):
    """Of y = gain theta + noise about theta to within a resolution, theta standard normal: by determinants."""
    gains, noises = np.array(gains), np.array(noises)
    y = np.outer(gains, gains) + np.diag(noises**2)
    both = np.block([[np.array([[1.0 + resolution**2]]), gains[None]], [gains[:, None], y]])
    return 0.5 * np.log((1.0 + resolution**2) * np.linalg.det(y) / np.linalg.det(both))


@pytest.mark.parametrize(
    "gain, noise, resolution", [(1.0, 0.5, 0.3), (2.0, 0.4, 0.2), (-0.3, 1.0, 0.5), (0.0, 1.0, 0.4)]
)
def test_a_linear_gaussian_measurement_tells_what_the_closed_form_says(gain, noise, resolution):
    asked = numeric_answers("theta", THETA, PRIOR, resolution)
    told = expected_information_gain(asked, gain * THETA, np.full(len(THETA), noise), PRIOR)
    assert told == pytest.approx(gaussian_information([gain], [noise], resolution), abs=1e-6)


def test_information_about_yes_or_no_is_an_integral():
    value, noise = np.array([0.0, 0.3, 1.0, 1.1]), np.array([0.3, 0.1, 0.2, 0.4])
    weights, yes = np.array([0.4, 0.1, 0.3, 0.2]), np.array([False, False, True, True])

    def density(y, of):
        return weights[of] @ norm.pdf(y, value[of], noise[of])

    def integrand(y):
        whole = density(y, yes) + density(y, ~yes)
        return sum(d * np.log(d / whole / weights[of].sum()) for of in (yes, ~yes) if (d := density(y, of)) > 0)

    expected = quad(integrand, -3.0, 4.0, epsabs=1e-11, limit=400)[0]
    told = expected_information_gain(
        categorical_answers("q", ["yes" if y else "no" for y in yes], weights), value, noise, weights
    )
    assert told == pytest.approx(expected, abs=1e-8)


def test_information_is_never_more_than_the_doubt_and_reaches_it():
    answers = categorical_answers("q", ["yes", "no", "no"], np.array([0.5, 0.3, 0.2]))
    weights = np.array([0.5, 0.3, 0.2])
    exact = expected_information_gain(answers, np.array([0.0, 5.0, 6.0]), np.full(3, 0.01), weights)
    assert answers.entropy(weights) == pytest.approx(np.log(2.0)) and exact == pytest.approx(np.log(2.0), abs=1e-9)
    # What tells only members of one answer apart tells nothing.
    assert expected_information_gain(answers, np.array([0.0, 0.0, 0.0]), np.full(3, 0.01), weights) == 0.0


def test_two_gaussian_measurements_tell_what_the_closed_form_says():
    gains, noises, resolution = [1.0, -0.7], [0.5, 0.4], 0.3
    chosen = greedy_sequence(
        numeric_answers("theta", THETA, PRIOR, resolution).likelihood[None],
        [(gain * THETA, np.full(len(THETA), noise)) for gain, noise in zip(gains, noises, strict=True)],
        PRIOR,
        2,
    )
    (first, [one], error_one), (_, [two], error_two) = chosen
    assert first == 0
    assert abs(one - gaussian_information(gains[:1], noises[:1], resolution)) < 4.0 * error_one < 0.05
    assert abs(two - gaussian_information(gains, noises, resolution)) < 4.0 * error_two < 0.05


def test_a_sequence_does_not_measure_the_same_twice():
    """Two halves of an answer: the second measurement is of the other half, not a better one of the first."""
    first, second = np.repeat([0.0, 1.0], 2), np.tile([0.0, 1.0], 2)
    weights = np.full(4, 0.25)
    answers = categorical_answers("q", ["a", "b", "c", "d"], weights)
    kinds = [(first, np.full(4, 0.05)), (first, np.full(4, 0.06)), (second, np.full(4, 0.3))]
    chosen = greedy_sequence(answers.likelihood[None], kinds, weights, 2)
    assert [which for which, *_ in chosen] == [0, 2]
    assert chosen[0][1] == pytest.approx([np.log(2.0)], abs=1e-6)


def test_what_has_nothing_to_do_with_the_answer_tells_nothing_above_chance():
    """200 members, noise far below their distance: by itself each result would name its member."""
    rng = np.random.default_rng(4)
    weights, value, noise = np.full(200, 1 / 200), 3.0 * rng.standard_normal(200), np.full(200, 0.01)
    noise = resolved_noise(value, noise, weights)
    for yes, least, most in ((rng.random(200) > 0.5, -0.03, 0.03), (value > 0.0, 0.3, np.log(2.0))):
        answers = categorical_answers("q", ["yes" if one else "no" for one in yes], weights)
        likelihoods = np.concatenate([answers.likelihood[None], shuffled_answers(answers)])
        assert least < information_above_chance(mutual_information(likelihoods, value, noise, weights)) < most


def test_one_measurement_is_the_same_by_draws_and_by_quadrature():
    rng = np.random.default_rng(8)
    weights, value, noise = rng.dirichlet(np.ones(80)), rng.standard_normal(80), rng.uniform(0.1, 0.5, 80)
    answers = categorical_answers("q", ["yes" if v > 0 else "no" for v in value + rng.standard_normal(80)], weights)
    sequence = MeasurementSequence(weights)
    (drawn,), error = sequence.information(
        sequence.with_measurement(value, noise, sequence.draw()), answers.likelihood[None]
    )
    assert abs(drawn - expected_information_gain(answers, value, noise, weights)) < 4.0 * error < 0.05
