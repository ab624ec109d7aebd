"""What a clinic counts, against published examples and lifelines."""

import numpy as np
import pytest
from lifelines.statistics import logrank_test
from numpy.testing import assert_allclose
from scipy.stats import fisher_exact

from pathway.clinic.outcome import (
    chi_square_p,
    hazard_ratio,
    log_rank_statistic,
    rate,
    relative_risk,
    relative_risks,
    survival_curve,
)

# Freireich 1963, weeks of remission in acute leukemia: 6-mercaptopurine against placebo; the example of R's survival.
TREATED = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+".split()
PLACEBO = "1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23".split()


def parsed(texts):
    return np.array([float(t.rstrip("+")) for t in texts]), np.array([not t.endswith("+") for t in texts])


def both():
    (t1, e1), (t0, e0) = parsed(TREATED), parsed(PLACEBO)
    return np.concatenate([t1, t0]), np.concatenate([e1, e0]), np.repeat([True, False], [len(t1), len(t0)])


def test_the_observed_table_has_its_published_interval():
    found = relative_risk(6, 7, 8, 30)
    assert_allclose([found.value, found.low, found.high], [3.21, 1.65, 6.26], atol=0.005)
    assert_allclose(fisher_exact([[6, 1], [8, 22]]).pvalue, 0.0070, atol=5e-5)


def test_many_relative_risks_are_each_the_one():
    rng = np.random.default_rng(1)
    marked, progressed = rng.random((50, 37)) < 0.2, rng.random((50, 37)) < 0.4
    single = [
        relative_risk((m & p).sum(), m.sum(), (~m & p).sum(), (~m).sum()).value
        for m, p in zip(marked, progressed, strict=True)
    ]
    assert_allclose(relative_risks(marked, progressed), single)


def test_an_empty_cell_gets_half_a_woman():
    assert_allclose(relative_risk(0, 7, 8, 30).value, (0.5 / 8.0) / (8.5 / 31.0))


def test_survival_follows_the_product_limit_of_the_published_example():
    found = survival_curve(*parsed(TREATED))
    at = dict(zip(found.times, found.survival, strict=True))
    for week, value in ((6, 18 / 21), (7, 18 / 21 * 16 / 17), (10, 18 / 21 * 16 / 17 * 14 / 15)):
        assert_allclose(at[week], value, rtol=1e-9)
    assert found.median == 23.0
    assert_allclose(at[23], 0.4482, atol=5e-5)


@pytest.mark.filterwarnings("ignore")  # of what lifelines uses
def test_log_rank_is_that_of_lifelines_and_of_the_published_example():
    times, events, group = both()
    own = log_rank_statistic(times[None], events[None], group[None])
    theirs = logrank_test(times[group], times[~group], events[group], events[~group])
    assert_allclose(own[0], 16.79, atol=0.005)
    assert_allclose([own[0], chi_square_p(own)[0]], [theirs.test_statistic, theirs.p_value], rtol=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_log_rank_of_many_trials_is_that_of_each():
    rng = np.random.default_rng(2)
    times, events = np.ceil(rng.exponential(5.0, (20, 60))), rng.random((20, 60)) < 0.7
    group = rng.random((20, 60)) < 0.5
    single = [
        logrank_test(t[g], t[~g], e[g], e[~g]).test_statistic for t, e, g in zip(times, events, group, strict=True)
    ]
    assert_allclose(log_rank_statistic(times, events, group), single, rtol=1e-6)


def test_the_hazard_ratio_maximizes_the_partial_likelihood():
    """Without ties Cox's partial likelihood of one group is a short sum; its maximum is found by brute force."""
    rng = np.random.default_rng(3)
    times, events, group = rng.exponential(5.0, 40), rng.random(40) < 0.8, rng.random(40) < 0.5
    betas = np.linspace(-3.0, 3.0, 600_001)
    likelihood = np.zeros_like(betas)
    for k in np.flatnonzero(events):
        risk = times >= times[k]
        likelihood += betas * group[k] - np.log((risk & ~group).sum() + (risk & group).sum() * np.exp(betas))
    found = hazard_ratio(times, events, group)
    assert_allclose(np.log(found.value), betas[np.argmax(likelihood)], atol=2e-5)
    assert found.low < found.value < found.high


def test_shares_have_exact_intervals():
    found = rate(0, 10)
    assert found.value == 0.0 and found.low == 0.0
    assert_allclose(found.high, 1.0 - 0.025**0.1, rtol=1e-9)
    assert np.isnan(rate(0, 0).value)
