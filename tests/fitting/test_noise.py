"""Noise models against scipy's distributions, slopes against differences."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from pathway.fitting.objective.noise import DISTRIBUTIONS, TRANSFORMATIONS, NoiseModel


def model(measured, distribution="normal", transformation="linear", censored=0, freedom=4.0):
    return NoiseModel(
        np.array([measured]),
        np.array([DISTRIBUTIONS[distribution]]),
        np.array([TRANSFORMATIONS[transformation]]),
        np.array([freedom]),
        np.array([censored]),
        np.array([True]),
    )


def loss(noise_model, simulated, noise):
    return noise_model.scatter(np.array([simulated]), np.array([noise])).loss[0]


DENSITIES = {
    ("normal", "linear"): lambda m, y, s: stats.norm.logpdf(m, y, s),
    ("laplace", "linear"): lambda m, y, s: stats.laplace.logpdf(m, y, s),
    ("student_t", "linear"): lambda m, y, s: stats.t.logpdf(m, 4.0, y, s),
    ("normal", "log"): lambda m, y, s: stats.lognorm.logpdf(m, s, scale=y),
    ("normal", "log10"): lambda m, y, s: stats.lognorm.logpdf(m, s * math.log(10), scale=y),
    ("laplace", "log"): lambda m, y, s: stats.laplace.logpdf(math.log(m), math.log(y), s) - math.log(m),
}


@pytest.mark.parametrize("kind", DENSITIES)
def test_loss_is_minus_the_log_density(kind):
    made = loss(model(0.8, *kind), 1.3, 0.4)
    assert made == pytest.approx(-DENSITIES[kind](0.8, 1.3, 0.4), rel=1e-12)


@pytest.mark.parametrize("distribution", ["normal", "laplace", "student_t"])
@pytest.mark.parametrize("censored", [-1, 1])
def test_a_censored_band_counts_the_probability_beyond_its_limit(distribution, censored):
    frozen = {"normal": stats.norm(), "laplace": stats.laplace(), "student_t": stats.t(4.0)}[distribution]
    for simulated in (0.1, 0.8, 2.5):
        z = (0.8 - simulated) / 0.4
        expected = frozen.logcdf(z) if censored < 0 else frozen.logsf(z)
        made = loss(model(0.8, distribution, censored=censored), simulated, 0.4)
        assert made == pytest.approx(-expected, rel=1e-9)


@pytest.mark.parametrize("kind", DENSITIES)
@pytest.mark.parametrize("censored", [0, -1, 1])
def test_slopes_agree_with_differences(kind, censored):
    noise_model = model(0.8, *kind, censored=censored)
    scatter = noise_model.scatter(np.array([1.3]), np.array([0.4]))
    h = 1e-6
    by_simulated = (loss(noise_model, 1.3 + h, 0.4) - loss(noise_model, 1.3 - h, 0.4)) / (2 * h)
    by_noise = (loss(noise_model, 1.3, 0.4 + h) - loss(noise_model, 1.3, 0.4 - h)) / (2 * h)
    assert scatter.by_simulated[0] == pytest.approx(by_simulated, rel=1e-6, abs=1e-9)
    assert scatter.by_noise[0] == pytest.approx(by_noise, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("kind", [("normal", "linear"), ("normal", "log"), ("student_t", "linear")])
def test_information_is_the_mean_squared_slope(kind):
    """The definition of Fisher information, by quadrature over the measured value."""
    grid = np.linspace(-12.0, 12.0, 40_001) if kind[1] == "linear" else np.exp(np.linspace(-6.0, 6.0, 40_001))
    n = len(grid)
    many = NoiseModel(
        grid,
        np.full(n, DISTRIBUTIONS[kind[0]]),
        np.full(n, TRANSFORMATIONS[kind[1]]),
        np.full(n, 4.0),
        np.zeros(n, int),
        np.ones(n, bool),
    )
    scatter = many.scatter(np.full(n, 1.3), np.full(n, 0.4))
    weight = np.exp(-scatter.loss)
    for slope, information in (
        (scatter.by_simulated, scatter.information_simulated),
        (scatter.by_noise, scatter.information_noise),
    ):
        assert np.trapezoid(weight * slope**2, grid) == pytest.approx(information[0], rel=2e-3)


def test_softened_laplace_noise_is_hubers_and_its_parabolas_lie_above_it():
    soft, noise = 0.1, 0.4
    hard = model(0.8, "laplace")
    made = replace(hard, soft=soft)
    points = np.linspace(-2.0, 3.0, 501)
    r = (points - 0.8) / noise
    huber = np.where(np.abs(r) < soft, 0.5 * r**2 / soft + 0.5 * soft, np.abs(r))
    losses = np.array([loss(made, point, noise) for point in points])
    assert losses == pytest.approx(huber + math.log(2.0 * noise), rel=1e-12)
    for point in (-1.0, 0.75, 0.81, 2.0):
        here = made.scatter(np.array([point]), np.array([noise]))
        moved = points - point
        above = here.loss[0] + here.by_simulated[0] * moved + 0.5 * here.information_simulated[0] * moved**2
        assert (above >= losses - 1e-12).all()
        ahead, back = (loss(made, point, noise + h) for h in (1e-6, -1e-6))
        assert here.by_noise[0] == pytest.approx((ahead - back) / 2e-6, rel=1e-6)
