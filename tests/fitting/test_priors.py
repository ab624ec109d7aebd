"""Prior densities against scipy's."""

import numpy as np
import pytest
from scipy import stats

from pathway.fitting.priors import Prior

CASES = {
    "uniform": ((2.0, 8.0), stats.uniform(2.0, 6.0)),
    "log_uniform": ((3.0, 9.0), stats.loguniform(3.0, 9.0)),
    "normal": ((4.0, 2.0), stats.norm(4.0, 2.0)),
    "log_normal": ((1.5, 0.7), stats.lognorm(0.7, scale=np.exp(1.5))),
    "laplace": ((3.0, 5.0), stats.laplace(3.0, 5.0)),
    "log_laplace": ((1.5, 0.5), stats.loglaplace(2.0, scale=np.exp(1.5))),
    "cauchy": ((3.0, 5.0), stats.cauchy(3.0, 5.0)),
    "chi_squared": ((4.0,), stats.chi2(4.0)),
    "exponential": ((3.0,), stats.expon(scale=3.0)),
    "gamma": ((3.0, 5.0), stats.gamma(3.0, scale=5.0)),
    "rayleigh": ((3.0,), stats.rayleigh(scale=3.0)),
}


@pytest.mark.parametrize("name", CASES)
def test_density_slopes_and_draws(name):
    numbers, frozen = CASES[name]
    prior = Prior(name, numbers)
    assert prior.log_density(5.0) == pytest.approx(frozen.logpdf(5.0), abs=1e-12)
    h = 1e-4
    first, second = prior.slopes(5.0)
    values = [frozen.logpdf(5.0 + k * h) for k in (-1, 0, 1)]
    assert first == pytest.approx((values[2] - values[0]) / (2 * h), abs=1e-6)
    assert second == pytest.approx((values[2] - 2 * values[1] + values[0]) / h**2, abs=1e-5)
    shares = np.array([0.1, 0.5, 0.9])
    assert prior.draw(shares) == pytest.approx(frozen.ppf(shares), rel=1e-9)


@pytest.mark.parametrize("name", ["laplace", "log_laplace"])
def test_a_softened_density_is_the_same_away_from_its_kink_and_smooth_there(name):
    numbers, frozen = CASES[name]
    prior = Prior(name, numbers, soft=0.1)
    assert prior.log_density(9.0) == pytest.approx(frozen.logpdf(9.0), abs=1e-12)
    kink = frozen.median() * 1.001
    h = 1e-5
    slope = (prior.log_density(kink + h) - prior.log_density(kink - h)) / (2 * h)
    assert prior.slopes(kink)[0] == pytest.approx(slope, abs=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_a_truncated_density_is_normalized_between_its_bounds(name):
    numbers, frozen = CASES[name]
    prior = Prior(name, numbers, lower=4.0, upper=6.0)
    expected = frozen.logpdf(5.0) - np.log(frozen.cdf(6.0) - frozen.cdf(4.0))
    assert prior.log_density(5.0) == pytest.approx(expected, abs=1e-12)
    assert prior.log_density(6.5) == -np.inf
    drawn = prior.draw(np.array([0.0, 0.5, 1.0]))
    assert drawn[0] == pytest.approx(4.0) and drawn[2] == pytest.approx(6.0) and 4.0 < drawn[1] < 6.0


def test_an_unknown_prior_is_refused_by_name():
    with pytest.raises(ValueError, match="no prior is called 'normall'"):
        Prior("normall", (0.0, 1.0))
    with pytest.raises(ValueError, match="takes 2 numbers and got 1"):
        Prior("normal", (0.0,))
