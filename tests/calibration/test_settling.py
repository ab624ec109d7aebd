"""Chains from a wide start against posteriors in closed form."""

from dataclasses import replace

import numpy as np
import pytest

from calibration.drift import beside, drift
from calibration.populations import FINDINGS, MEASURED, History, Population
from calibration.settling import settle
from calibration.smc import Settings, climb

from .targets import Banana, Linear, Switched

SETTINGS = Settings(members=200, first=256, rounds=2, last_rounds=2, training=300, burn_in=12, settled=8, seed=3)


def moments(history, temperature):
    weights, z = history.weights(temperature), history.merged(temperature).z
    mean = weights @ z
    return mean, weights @ (z - mean) ** 2


def collapsed(target, point):
    """A climb whose members have all become one."""
    rng = np.random.default_rng(0)
    populations = []
    for temperature, z in (
        (np.zeros(2), rng.standard_normal((300, target.dimension))),
        (MEASURED, point + 0.01 * rng.standard_normal((300, target.dimension))),
        (FINDINGS, point + 0.01 * rng.standard_normal((300, target.dimension))),
    ):
        simulated = target.simulate(z)
        columns = target.log_likelihood(z, simulated)
        totals = np.stack([columns[:, ~target.finding].sum(axis=1), columns[:, target.finding].sum(axis=1)], axis=1)
        populations.append(Population(temperature, z, simulated, columns, totals))
    return History.of(populations, 1.0)


@pytest.mark.parametrize("findings", [False, True])
def test_a_collapsed_climb_widens_to_the_right_posterior(findings):
    target = Linear()
    temperature = FINDINGS if findings else MEASURED
    history = settle(target, target.answer, SETTINGS, collapsed(target, target.exact(False)[0] + 0.2))
    mean, variance = moments(history, temperature)
    exact_mean, covariance, _ = target.exact(findings)
    deviation = np.sqrt(np.diag(covariance))
    assert np.abs((mean - exact_mean) / deviation).max() < 0.25
    assert np.sqrt(variance) / deviation == pytest.approx(np.ones(12), abs=0.15)


def test_chains_go_on_from_where_they_ended():
    target = Linear()
    settled = settle(target, target.answer, SETTINGS, collapsed(target, target.exact(False)[0] + 0.2))
    asked = []
    answer = lambda wave, z: asked.append((wave, z)) or target.answer(wave, z)  # noqa: E731
    further = settle(target, answer, SETTINGS, settled)
    first = next(z for wave, z in asked if wave == "settled-measured-0001")  # 0000 tells the slopes
    ended = settled.last(MEASURED).z
    assert np.abs(first - ended).max() < 4.0 and not np.isin(first, ended).all()
    assert np.corrcoef(first[:, 7], ended[:, 7])[0, 1] > 0.2  # of which no data tell: moved, not drawn anew
    for temperature in (MEASURED, FINDINGS):
        mean, variance = moments(further, temperature)
        exact_mean, covariance, _ = target.exact(bool(temperature[1]))
        deviation = np.sqrt(np.diag(covariance))
        assert np.abs((mean - exact_mean) / deviation).max() < 0.25
        assert np.sqrt(variance) / deviation == pytest.approx(np.ones(12), abs=0.15)


def test_slopes_are_those_of_the_simulator_and_a_linear_move_is_always_taken():
    target, rng = Linear(), np.random.default_rng(1)
    z, moved = rng.standard_normal((50, 12)), np.arange(12)
    residuals = lambda z: target.residuals(z, target.simulate(z))  # noqa: E731
    slopes = drift(moved, residuals(z[:3]), residuals(beside(z[:3], moved)))
    assert slopes.slopes == pytest.approx(target.design[: target.split] / target.error, rel=1e-9)
    step = np.full(50, 0.7)
    new = slopes.proposed(z, residuals(z), step, rng)
    gain = target.log_likelihood(new, target.simulate(new)) - target.log_likelihood(z, target.simulate(z))
    ratio = slopes.log_ratio(z, residuals(z), new, residuals(new), step)
    assert gain[:, 0] + ratio == pytest.approx(np.zeros(50), abs=1e-8)


def test_a_bent_posterior_has_its_moments():
    target = Banana(4)
    target.residuals = lambda z, simulated: simulated / 0.1
    settings = replace(SETTINGS, burn_in=200, settled=200)
    history = settle(target, target.answer, settings, climb(target, target.answer, settings))
    weights, z = history.weights(MEASURED), history.merged(MEASURED).z
    mean, square, evidence = target.exact()
    assert weights @ z[:, 0] == pytest.approx(mean, abs=0.15)
    assert weights @ z[:, 0] ** 2 == pytest.approx(square, abs=0.12)
    assert history.log_evidence(MEASURED) == pytest.approx(evidence, abs=0.2)


def test_switches_have_their_probabilities_and_a_cheap_coordinate_its_mean():
    target = Switched()
    target.residuals = lambda z, simulated: (simulated - target.data) / np.exp(z[:, 3:] / 2)
    settings = replace(SETTINGS, members=400, burn_in=300, settled=100)
    history = settle(target, target.answer, settings, climb(target, target.answer, settings))
    weights, z = history.weights(MEASURED), history.merged(MEASURED).z
    shares, size, _ = target.exact()
    for pattern, share in shares.items():
        assert weights @ (target.on(z) == pattern).all(axis=1) == pytest.approx(share, abs=0.06)
    assert weights @ z[:, 3] == pytest.approx(size, abs=0.12)


def test_a_move_that_cannot_be_simulated_is_not_taken():
    target = Linear()
    whole, likelihood = target.simulate, target.log_likelihood
    target.simulate = lambda z: np.where(z[:, 6:7] > 0, whole(z), np.nan)
    target.log_likelihood = lambda z, s: np.nan_to_num(likelihood(z, s), nan=-np.inf)
    history = settle(target, target.answer, SETTINGS, climb(target, target.answer, SETTINGS))
    z = history.merged(MEASURED).z[history.weights(MEASURED) > 0]
    assert (z[:, 6] > 0).all()
    assert z[:, 6].mean() == pytest.approx(np.sqrt(2 / np.pi), abs=0.15)
