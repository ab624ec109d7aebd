"""Shapley shares against their axioms and a game solved by hand."""

from itertools import permutations

import numpy as np
import pytest

from pathway.analysis.attribution import coalitions, shapley_attribution
from pathway.analysis.mistakes import AnalysisError


def test_glove_game():
    # One left glove, two right gloves; a pair is worth 1. By hand: 2/3, 1/6, 1/6.
    present = coalitions(3)
    readings = (present[:, 0] & (present[:, 1] | present[:, 2])).astype(float)
    assert shapley_attribution(("left", "right", "other"), readings).shares == pytest.approx([2 / 3, 1 / 6, 1 / 6])


def test_shares_are_the_mean_over_all_orders_and_add_up():
    readings = np.random.default_rng(3).normal(size=(32, 4))
    found = shapley_attribution(tuple("abcde"), readings)
    by_hand = np.zeros((5, 4))
    for order in permutations(range(5)):
        code = 0
        for cause in order:
            by_hand[cause] += readings[code | (1 << cause)] - readings[code]
            code |= 1 << cause
    assert found.shares == pytest.approx(by_hand / 120, abs=1e-12)
    assert np.abs(found.remainder).max() < 1e-12
    assert found.total == pytest.approx(readings[-1] - readings[0])


def test_shares_do_not_depend_on_the_order_of_causes():
    rng = np.random.default_rng(4)
    readings = rng.normal(size=16)
    order = [2, 0, 3, 1]
    present = coalitions(4)
    moved = np.array([readings[sum(1 << order[i] for i in range(4) if row[i])] for row in present])
    one, other = shapley_attribution(tuple("abcd"), readings), shapley_attribution(tuple("cadb"), moved)
    for name in "abcd":
        assert one.shares[one.causes.index(name)] == pytest.approx(other.shares[other.causes.index(name)], abs=1e-14)


def test_a_cause_without_effect_gets_nothing_and_equal_causes_equal_shares():
    present = coalitions(3)
    readings = 2.0 * present[:, 0] + 3.0 * (present[:, 0] & present[:, 1])
    found = shapley_attribution(("a", "b", "idle"), readings)
    assert found.shares == pytest.approx([3.5, 1.5, 0.0])
    assert found.alone == pytest.approx([2.0, 0.0, 0.0]) and found.last == pytest.approx([5.0, 3.0, 0.0])


def test_too_many_causes_are_refused():
    with pytest.raises(AnalysisError, match="name 1 to 12"):
        coalitions(13)
