"""Contrasts of dishes: values, slopes, noise; and the region that would refute."""

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import norm

from pathway.planning.contrasts import Harvest, gr_contrast, log_readout
from pathway.planning.refutation import mixture_distribution, predictive_region

ARM, CONTROL, START = Harvest("arm", 72.0), Harvest("control", 72.0), Harvest("control", 0.0)


def contrast(x=3.0, c=5.0, x0=1.2):
    return gr_contrast((ARM, np.array([x])), (CONTROL, np.array([c])), (START, np.array([x0])))


def test_slopes_of_gr_are_its_derivatives():
    step = 1e-6
    for dish, name, value in ((ARM, "x", 3.0), (CONTROL, "c", 5.0), (START, "x0", 1.2)):
        up, down = (contrast(**{name: value * np.exp(s)}).value for s in (step, -step))
        assert contrast().slopes[dish] == pytest.approx((up - down) / (2.0 * step), rel=1e-6)


def test_a_shared_dish_counts_once():
    other = gr_contrast((Harvest("other", 72.0), np.array([2.0])), (CONTROL, np.array([5.0])), (START, np.array([1.2])))
    difference = contrast() - other
    assert set(difference.harvests) == {ARM, CONTROL, START, Harvest("other", 72.0)}
    assert difference.slopes[CONTROL] == pytest.approx(contrast().slopes[CONTROL] - other.slopes[CONTROL])
    same = contrast() - contrast()
    assert same.noise(0.2) == pytest.approx([0.0]) and not same.harvests


def test_a_ratio_scatters_by_both_its_readings_and_stops_at_the_range():
    ratio = log_readout(ARM, np.array([0.0, 4.0])) - log_readout(CONTROL, np.array([1.0, 2.0]))
    assert ratio.noise(0.2) == pytest.approx([0.2 * np.sqrt(2.0)] * 2)
    told = ratio.within(50.0)
    assert np.exp(told.value) == pytest.approx([1.0 / 50.0, 2.0])


def test_the_region_of_one_member_is_that_of_a_normal():
    low, high = predictive_region(np.array([1.0]), np.array([0.5]), np.array([1.0]))
    assert (low, high) == pytest.approx(tuple(norm(1.0, 0.5).ppf([0.025, 0.975])), abs=1e-9)


def test_the_region_holds_its_share_of_a_mixture():
    rng = np.random.default_rng(0)
    value, noise, weights = rng.standard_normal(60) ** 3, rng.uniform(0.01, 1.0, 60), rng.dirichlet(np.ones(60))
    low, high = predictive_region(value, noise, weights)
    assert mixture_distribution(low, value, noise, weights) == pytest.approx(0.025, abs=1e-9)
    assert mixture_distribution(high, value, noise, weights) == pytest.approx(0.975, abs=1e-9)
    inside = weights @ (ndtr((high - value) / noise) - ndtr((low - value) / noise))
    assert inside == pytest.approx(0.95, abs=1e-9)


def test_members_without_a_number_take_no_part():
    value = np.array([0.0, np.nan])
    assert predictive_region(value, np.array([1.0, 1.0]), np.array([0.3, 0.7])) == pytest.approx(
        predictive_region(value[:1], np.array([1.0]), np.array([1.0]))
    )
    assert np.isnan(predictive_region(value[1:], np.array([1.0]), np.array([1.0]))).all()


def test_a_control_that_hardly_grows_tells_no_rate():
    """Twice the cells beside a control that grew by a millionth of a millionth: GR would be 2 to the 10^12."""
    hardly = contrast(x=2.0, c=1.0 + 1e-12, x0=1.0)
    assert np.isnan(hardly.value).all() and np.isnan(hardly.noise(0.1)).all()
