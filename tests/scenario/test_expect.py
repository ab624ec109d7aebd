"""Each word of [[expect]] on a course whose answer is known."""

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import spearmanr

from pathway.scenario.expectations import _half_rise_time, judge, reading_value
from pathway.scenario.experiment import Expectation, Reading

TIMES = np.linspace(-24.0, 100.0, 1241)


def result_with(**courses):
    """A result whose arms have one course each, called "x"."""
    arms = {
        name: SimpleNamespace(times=TIMES, trajectory={"x": np.broadcast_to(course(TIMES), TIMES.shape)}, growth=None)
        for name, course in courses.items()
    }
    return SimpleNamespace(arms=arms, scenario=SimpleNamespace(end=100.0), measurements=())


def reading(*arms, how="arm", **words):
    return Reading("x", arms, how, **words)


CASES = {
    "end": (lambda t: 2 * t, {}, 200.0),
    "at": (lambda t: 2 * t, {"reduce": "at", "at": 10.0}, 20.0),
    "min": (lambda t: (t - 30.0) ** 2, {"reduce": "min"}, 0.0),
    "max within a window": (lambda t: t, {"reduce": "max", "from_time": 10.0, "until": 20.0}, 20.0),
    "time before zero does not count": (lambda t: -t, {"reduce": "max"}, 0.0),
    "mean": (lambda t: t, {"reduce": "mean"}, 50.0),
    "mean of half an hour": (lambda t: t, {"reduce": "mean", "from_time": 10.0, "until": 10.5}, 10.25),
    "relative to start": (lambda t: 4 + t, {"relative_to": "start"}, 26.0),
    "relative to max": (lambda t: 100 - t / 2, {"relative_to": "max"}, 0.5),
    # 1 - exp(-t/T) with T = 10 h reaches half of its change at T ln 2 (1 - exp(-10) is 1 to 5e-5).
    "half_rise_time": (lambda t: 1 - np.exp(-t / 10), {"reduce": "half_rise_time"}, 10 * np.log(2)),
    "half time of a fall": (lambda t: 5 * np.exp(-t / 10), {"reduce": "half_rise_time"}, 10 * np.log(2)),
    # 0 at once, 2 at 50 h, back to 1 at 100 h: half of what is left of the rise has happened at a quarter of it.
    "half time of a rise beyond the end": (
        lambda t: np.where(t < 50, t / 25, 3 - t / 50),
        {"reduce": "half_rise_time"},
        12.5,
    ),
    # Down at first: half of the whole rise, from 1 to 3, is passed at (2 - 0) / 0.04 h after 20 h.
    "half time after a dip": (
        lambda t: np.where(t < 20, 1 - t / 20, (t - 20) * 3 / 80),
        {"reduce": "half_rise_time"},
        20 + 2 * 80 / 3,
    ),
    # From 1 down to 0.2 at 20 h, then straight up to 0.6 at 100 h: half of the lost 0.8 is back.
    "rebound": (lambda t: np.where(t < 20, 1 - 0.04 * t, 0.2 + 0.005 * (t - 20)), {"reduce": "rebound"}, 0.5),
    "no rebound": (lambda t: 1 - t / 200, {"reduce": "rebound"}, 0.0),
    "biphasic": (lambda t: np.where(t < 20, 1 - 0.04 * t, 0.2 + 0.005 * (t - 20)), {"reduce": "biphasic"}, 0.5),
    "monotone is not biphasic": (lambda t: np.exp(-t / 10), {"reduce": "biphasic"}, 0.0),
    "never_decreases, rising": (lambda t: t, {"reduce": "never_decreases"}, 0.0),
    "never_decreases, falling by a quarter": (lambda t: 1 - t / 400, {"reduce": "never_decreases"}, 0.25),
}


@pytest.mark.parametrize("name", CASES)
def test_reduce(name):
    course, words, expected = CASES[name]
    assert_allclose(reading_value(reading("a", **words), result_with(a=course)), expected, rtol=1e-3, atol=1e-6)


def test_two_arms():
    result = result_with(a=lambda t: 6.0, b=lambda t: 2.0)
    assert reading_value(reading("a", "b", how="compare"), result) == 4.0
    assert reading_value(reading("a", "b", how="ratio"), result) == 3.0
    assert_allclose(reading_value(reading("a", "b", how="ratio", take="log"), result), np.log(3))
    assert reading_value(reading("b", "a", how="ratio", take="loss"), result) == pytest.approx(2 / 3)


def test_a_ratio_of_ratios():
    """Half of the log-change of one over that of another: V2's form."""
    result = result_with(a=lambda t: 4.0, b=lambda t: 1.0, c=lambda t: 16.0)
    over = reading("c", "b", how="ratio", take="log")
    first = reading("a", "b", how="ratio", take="log", over=over)
    assert_allclose(reading_value(first, result), 0.5)


@pytest.mark.parametrize("seed", range(5))
def test_a_rank_correlation_over_arms_is_that_of_scipy_with_ties(seed):
    rng = np.random.default_rng(seed)
    own, measured = rng.integers(0, 5, size=(2, 9)).astype(float)
    arms = {f"arm {k}": (lambda t, value=value: value + 0.0 * t) for k, value in enumerate(own)}
    ranked = Reading("x", tuple(arms), "rank", measured=tuple(measured))
    assert reading_value(ranked, result_with(**arms)) == pytest.approx(spearmanr(own, measured).statistic, abs=1e-12)


def test_what_is_nothing_beside_the_largest_number_is_a_tie():
    """PTEN of lines without it is 0 here, 1e-31 there: rounding orders no arms."""
    arms = {f"arm {k}": (lambda t, value=value: value + 0.0 * t) for k, value in enumerate([1.0, 0.3, 0.0, 0.0])}
    noisy = dict(arms) | {"arm 2": lambda t: 4e-31 + 0.0 * t, "arm 3": lambda t: -5e-33 + 0.0 * t}
    ranked = Reading("x", tuple(arms), "rank", measured=(1.0, 2.0, 3.0, 4.0))
    assert reading_value(ranked, result_with(**noisy)) == reading_value(ranked, result_with(**arms))


def test_ranks_need_three_arms_that_differ():
    arms = {name: (lambda t, value=value: value + 0.0 * t) for name, value in (("a", 1.0), ("b", 2.0), ("c", np.nan))}
    result = result_with(**arms)
    ranked = Reading("x", ("a", "b", "c"), "rank", measured=(1.0, 2.0, 3.0))
    verdict = judge(Expectation("c", "prediction", ranked, 0.5, None), result)
    assert not verdict.met and "fewer than three arms" in verdict.reason
    same = Reading("x", ("a", "b", "c"), "rank", measured=(1.0, 1.0, 1.0))
    assert np.isnan(reading_value(same, result_with(a=lambda t: 1.0, b=lambda t: 2.0, c=lambda t: 3.0)))
    # What both sides share is the same quantity, so the order is the same.
    alike = Reading("x", ("a", "b", "c"), "rank", partner="x")
    assert reading_value(alike, result_with(a=lambda t: 1.0, b=lambda t: 2.0, c=lambda t: 0.0)) == pytest.approx(1.0)


def test_bands_and_reasons():
    result = result_with(a=lambda t: 1.0)

    def verdict(above, below, reason=None):
        return judge(Expectation("c", "prediction", reading("a"), above, below, reason=reason), result)

    assert verdict(0.5, 1.5).met and verdict(1.0, None).met and verdict(None, 1.0).met
    missed = verdict(1.5, None, "The model has no feedback.")
    assert not missed.met
    assert missed.reason == "1 is 0.5 short of at least 1.5. The model has no feedback."
    assert verdict(None, 0.25).reason == "1 is 0.75 beyond at most 0.25"
    assert verdict(0.5, 1.5, "not needed").reason is None


def test_what_cannot_be_read_is_missed_with_a_reason():
    result = result_with(a=lambda t: 0.0, b=lambda t: 1.0)
    verdict = judge(Expectation("c", "sanity", reading("b", "a", how="ratio"), 0.0, None), result)
    assert not verdict.met and "ratio to zero" in verdict.reason
    assert verdict.to_dict()["value"] is None


def test_a_ratio_that_has_no_logarithm_is_missed_without_an_error():
    result = result_with(a=lambda t: 0.0, b=lambda t: 1.0, c=lambda t: -1.0)
    for arm in ("a", "c"):
        assert np.isnan(reading_value(reading(arm, "b", how="ratio", take="log"), result))


@pytest.mark.parametrize(
    ("course", "hours"),
    [
        ([0.0, 2.0, 1.0], 0.25),
        ([1.0, -1.0, 0.0], 0.25),
        ([0.0, 0.0, 4.0], 1.5),
        ([3.0, 5.0, 3.0], np.nan),
        ([1.0], np.nan),
    ],
)
def test_half_of_a_whole_change_is_met_between_few_points(course, hours):
    """Rise or fall is from the first to the last, whatever the second does."""
    assert_allclose(_half_rise_time(np.arange(float(len(course))) + 7.0, np.array(course)), hours)
