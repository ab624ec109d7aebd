"""Weighted quantiles against their definition, written out member by member."""

from __future__ import annotations

import numpy as np
import pytest

from pathway.scenario.weighted import weighted_interval, weighted_quantiles, weighted_share


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


def test_a_share_is_of_the_weight() -> None:
    weights = np.array([0.5, 0.3, 0.2])
    assert weighted_share(np.array([True, False, True]), weights) == pytest.approx(0.7)
    assert weighted_interval(np.array([3.0, 1.0, 2.0]), weights).median == 2.0
    assert weighted_interval(np.full(3, np.nan), weights).ends is None
