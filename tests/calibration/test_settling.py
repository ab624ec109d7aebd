"""Chains from a wide start against posteriors in closed form."""

from dataclasses import replace

import numpy as np
import pytest

from calibration.moves import DIFFERENCE, beside, drift
from calibration.populations import FINDINGS, MEASURED, judged
from calibration.settling import Settings, _Chains, settle

from .targets import Banana, Linear, Switched

SETTINGS = Settings(members=200, first=256, starting=6, burn_in=12, settled=8, seed=3)


def moments(history, temperature):
    weights, z = history.weights(temperature), history.merged(temperature).z
    mean = weights @ z
    return mean, weights @ (z - mean) ** 2


@pytest.mark.parametrize("findings", [False, True])
def test_a_normal_posterior_has_its_moments(findings):
    target = Linear()
    temperature = FINDINGS if findings else MEASURED
    history = settle(target, target.answer, SETTINGS)
    mean, variance = moments(history, temperature)
    exact_mean, covariance = target.exact(findings)
    deviation = np.sqrt(np.diag(covariance))
    assert np.abs((mean - exact_mean) / deviation).max() < 0.25
    assert np.sqrt(variance) / deviation == pytest.approx(np.ones(12), abs=0.15)


def test_chains_go_on_from_where_they_ended():
    target = Linear()
    settled = settle(target, target.answer, SETTINGS)
    asked = []
    answer = lambda wave, z: asked.append((wave, z)) or target.answer(wave, z)  # noqa: E731
    further = settle(target, answer, SETTINGS, earlier=settled)
    first = next(z for wave, z in asked if wave == "settled-measured-0001")  # 0000 tells the slopes
    ended = settled.last(MEASURED).z
    assert np.abs(first - ended).max() < 4.0 and not np.isin(first, ended).all()
    assert np.corrcoef(first[:, 7], ended[:, 7])[0, 1] > 0.2  # of which no data tell: moved, not drawn anew
    for temperature in (MEASURED, FINDINGS):
        mean, variance = moments(further, temperature)
        exact_mean, covariance = target.exact(bool(temperature[1]))
        deviation = np.sqrt(np.diag(covariance))
        assert np.abs((mean - exact_mean) / deviation).max() < 0.25
        assert np.sqrt(variance) / deviation == pytest.approx(np.ones(12), abs=0.15)


def test_chains_of_one_target_go_on_alone():
    target = Linear()
    settled = settle(target, target.answer, SETTINGS)
    waves = []
    answer = lambda wave, z: waves.append(wave) or target.answer(wave, z)  # noqa: E731
    further = settle(target, answer, SETTINGS, earlier=settled, only=FINDINGS)
    assert (further.drawn_for(MEASURED).z == settled.drawn_for(MEASURED).z).all()
    assert (further.last(FINDINGS).z != settled.last(FINDINGS).z).any()
    assert not any(wave.startswith("settled-measured") for wave in waves)


def test_slopes_are_those_of_the_simulator_and_a_linear_move_is_always_taken():
    target, rng = Linear(), np.random.default_rng(1)
    z, moved = rng.standard_normal((50, 12)), np.arange(12)
    residuals = lambda z: target.residuals(z, target.simulate(z))  # noqa: E731
    differences = residuals(beside(z[:3], moved)).reshape(3, 12, -1) - residuals(z[:3])[:, None]
    slopes = drift(moved, np.swapaxes(differences, 1, 2) / DIFFERENCE)
    assert slopes.slopes == pytest.approx(target.design[: target.split] / target.error, rel=1e-9)
    step = np.full(50, 0.7)
    new = slopes.proposed(z, residuals(z), step, rng)
    gain = target.log_likelihood(new, target.simulate(new)) - target.log_likelihood(z, target.simulate(z))
    ratio = slopes.log_ratio(z, residuals(z), new, residuals(new), step)
    assert gain[:, 0] + ratio == pytest.approx(np.zeros(50), abs=1e-8)


def test_draws_of_a_bent_posterior_stay_draws_of_it():
    target, rng = Banana(4), np.random.default_rng(0)
    target.residuals = lambda z, simulated: simulated / 0.1
    chains = _Chains(target, target.answer, replace(SETTINGS, burn_in=60, settled=60), MEASURED, lambda line: None)
    z = target.draws(2000, rng)
    kept = chains.run(judged(target, z, target.simulate(z), MEASURED), select=False)
    mean, square = target.exact()
    moved = np.concatenate([population.z[:, 0] for population in kept])
    assert np.mean(moved) == pytest.approx(mean, abs=0.05)
    assert np.mean(moved**2) == pytest.approx(square, abs=0.03)
    assert (kept[-1].z[:, 0] != z[:, 0]).mean() > 0.95


def test_switches_and_a_cheap_coordinate_keep_their_probabilities():
    target, rng = Switched(), np.random.default_rng(0)
    target.residuals = lambda z, simulated: (simulated - target.data) / np.exp(z[:, 3:] / 2)
    chains = _Chains(target, target.answer, replace(SETTINGS, burn_in=60, settled=60), MEASURED, lambda line: None)
    z = target.draws(2000, rng)
    kept = chains.run(judged(target, z, target.simulate(z), MEASURED), select=False)
    moved = np.concatenate([population.z for population in kept])
    shares, size = target.exact()
    for pattern, share in shares.items():
        assert (target.on(moved) == pattern).all(axis=1).mean() == pytest.approx(share, abs=0.03)
    assert moved[:, 3].mean() == pytest.approx(size, abs=0.05)
    assert (target.on(kept[-1].z) != target.on(z)).any(axis=1).mean() > 0.1


def test_a_move_that_cannot_be_simulated_is_not_taken():
    target = Linear()
    whole, likelihood = target.simulate, target.log_likelihood
    target.simulate = lambda z: np.where(z[:, 6:7] > 0, whole(z), np.nan)
    target.log_likelihood = lambda z, s: np.nan_to_num(likelihood(z, s), nan=-np.inf)
    history = settle(target, target.answer, SETTINGS)
    z = history.merged(MEASURED).z[history.weights(MEASURED) > 0]
    assert (z[:, 6] > 0).all()
    assert z[:, 6].mean() == pytest.approx(np.sqrt(2 / np.pi), abs=0.15)
