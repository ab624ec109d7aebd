"""Weighted quantiles against their definition, written out member by member."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ks_2samp

from pathway.scenario.weighted import (
    distribution_distance,
    effective_sample_size,
    weighted_interval,
    weighted_quantiles,
    weighted_share,
)


def by_definition(values: np.ndarray, weights: np.ndarray, level: float) -> float:
    """The smallest of the values at or below which lies at least this share of the weight."""
    known = [(v, w) for v, w in zip(values, weights, strict=True) if not np.isnan(v) and w > 0.0]
    if not known:
        return float("nan")
    total = sum(w for _, w in known)
    enough = [v for v, _ in known if sum(w for other, w in known if other <= v) >= level * total - 1e-12]
    return min(enough)


@pytest.mark.parametrize("seed", range(8))
def test_quantiles_are_those_of_the_definition(seed: int) -> None:
    random = np.random.default_rng(seed)
    count = int(random.integers(1, 40))
    values = random.normal(size=(count, 6)).round(1)  # with ties
    values[random.random(values.shape) < 0.2] = np.nan
    weights = random.random(count) ** 3 * (random.random(count) < 0.8)
    weights[0] = 0.5
    levels = (0.05, 0.5, 0.95, 1.0)
    found = weighted_quantiles(values, weights, levels)
    for row, level in zip(found, levels, strict=True):
        assert row == pytest.approx([by_definition(column, weights, level) for column in values.T], nan_ok=True)


def test_equal_weights_give_the_quantiles_of_numpy() -> None:
    values = np.random.default_rng(3).normal(size=(200, 5))
    weights = np.full(200, 1.0 / 200.0)
    expected = np.quantile(values, [0.05, 0.5, 0.95], axis=0, method="inverted_cdf")
    assert np.array_equal(weighted_quantiles(values, weights, (0.05, 0.5, 0.95)), expected)


@pytest.mark.parametrize("weights", [[1.0], [0.0, 0.0, 0.3]])
def test_the_only_member_with_weight_is_every_quantile(weights: list[float]) -> None:
    values = np.arange(float(len(weights)))
    assert weighted_quantiles(values, np.array(weights), (0.0, 0.5, 1.0)).tolist() == [len(weights) - 1.0] * 3


def test_a_share_is_of_the_weight() -> None:
    weights = np.array([0.5, 0.3, 0.2])
    assert weighted_share(np.array([True, False, True]), weights) == pytest.approx(0.7)
    assert weighted_interval(np.array([3.0, 1.0, 2.0]), weights).median == 2.0
    assert weighted_interval(np.full(3, np.nan), weights).ends is None


@pytest.mark.parametrize("seed", range(4))
def test_the_distance_of_two_distributions_is_that_of_kolmogorov_and_smirnov(seed: int) -> None:
    """Whole weights say how often a member stands; what is nan stands for nobody."""
    random = np.random.default_rng(seed)
    one, two = random.normal(size=30).round(1), random.normal(0.4, 1.3, size=20).round(1)
    often, seldom = random.integers(0, 4, 30), random.integers(1, 5, 20)
    exact = ks_2samp(np.repeat(one, often), np.repeat(two, seldom)).statistic
    with_gaps = np.append(one, np.nan), np.append(often, 7.0)
    assert distribution_distance(*with_gaps, two, seldom.astype(float)) == pytest.approx(exact, abs=1e-12)
    assert distribution_distance(two, seldom.astype(float), *with_gaps) == pytest.approx(exact, abs=1e-12)


def test_a_distance_to_nobody() -> None:
    nobody = np.array([np.nan])
    assert distribution_distance(nobody, np.ones(1), nobody, np.ones(1)) == 0.0
    assert distribution_distance(nobody, np.ones(1), np.zeros(3), np.ones(3)) == 1.0


def test_the_effective_number_of_members() -> None:
    assert effective_sample_size(np.full(7, 0.3)) == pytest.approx(7.0)
    assert effective_sample_size(np.array([3.0, 1.0, 0.0])) == pytest.approx(16.0 / 10.0)
    assert effective_sample_size(np.zeros(3)) == 0.0
