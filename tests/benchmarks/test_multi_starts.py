"""The interval for a ratio of two rates, and a row of the table."""

import math

import pytest

from benchmarks.multi_starts import FIDES, LOCAL, OWN, pooled_ratio, ratio_interval, row, together


def test_with_no_event_on_one_side_the_interval_has_a_closed_form():
    """All n events on one side: their probability share^n is 5 % at the lower end of the 90 % interval."""
    share = 0.05 ** (1.0 / 7.0)
    low, high = ratio_interval((7, 0), (2.0, 3.0))
    assert (low, high) == (pytest.approx(share / (1.0 - share) * 1.5), math.inf)
    assert ratio_interval((0, 7), (3.0, 2.0)) == (0.0, pytest.approx((1.0 - share) / share / 1.5))
    assert ratio_interval((0, 0), (3.0, 2.0)) == (0.0, math.inf)


def test_a_row_counts_what_is_near_the_best_of_all():
    starts = {OWN: [[1.0, 1.0], [1.05, 1.0]], LOCAL: [[1.2, 1.0], [None, 1.0]], FIDES: [[1.0, 4.0], [3.0, 4.0]]}
    cells = row("toy", {"parameters": 3, "known": 1.1, "starts": starts})
    assert cells[:7] == ["toy", "3", "1.00", "2 of 2: 3.6e+03", "0 of 2: 0", "1 of 2: 450", "8"]


def test_ratios_of_many_events_are_pooled_as_their_geometric_mean():
    """With counts as large the interval is that of the normal approximation: variances 1 / n add."""
    ratio, low, high = pooled_ratio([(20_000, 10_000), (10_000, 20_000)], [(1.0, 1.0), (1.0, 4.0)])
    assert ratio == pytest.approx(2.0, rel=1e-3)
    half = 1.6449 * math.sqrt(3.0 / 10_000) / 2.0
    assert (math.log(low), math.log(high)) == pytest.approx((math.log(2.0) - half, math.log(2.0) + half), abs=1e-4)


def test_the_page_names_what_is_missed():
    result = {"parameters": 3, "known": 1.0}
    slow = {OWN: [[1.0, 40.0]], LOCAL: [[2.0, 1.0]], FIDES: [[1.0, 1.0]] * 10}
    fast = {OWN: [[1.0, 1.0]] * 10, LOCAL: [[2.0, 1.0]], FIDES: [[1.0, 40.0]]}
    lost = {search: [[2.0, 1.0]] for search in (OWN, LOCAL, FIDES)}
    text = together({name: result | {"starts": s} for name, s in (("slow", slow), ("fast", fast), ("lost", lost))})
    assert "the best value of 2 of these 3" in text
    assert (
        "twice as fast: slow; slower beyond doubt (the interval ends below 1): slow. Not found by pathway: lost."
        in text
    )
