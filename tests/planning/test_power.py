"""Power against the noncentral t distribution and against experiments that are drawn."""

import numpy as np
import pytest
from scipy.stats import nct
from scipy.stats import t as student

from pathway.planning.power import FEWEST, MOST, power_within, replicates_for_power


@pytest.mark.parametrize("replicates", [2, 3, 5, 12, 30])
@pytest.mark.parametrize("effect", [-0.3, 0.0, 0.2, 0.7, 2.0])
def test_power_of_a_rise_is_that_of_the_noncentral_t(replicates, effect):
    noise = np.array([0.3])
    found = power_within(np.array([effect]), noise, 0.0, np.inf, replicates, 0.025)[0]
    expected = nct.sf(student.isf(0.025, replicates - 1), replicates - 1, effect * np.sqrt(replicates) / 0.3)
    assert found == pytest.approx(expected, abs=1e-9)
    fall = power_within(np.array([-effect]), noise, -np.inf, 0.0, replicates, 0.025)[0]
    assert fall == pytest.approx(found, abs=1e-12)


@pytest.mark.parametrize("replicates, effect", [(3, 0.0), (4, 0.08), (10, -0.1)])
def test_power_of_equivalence_is_what_drawn_experiments_show(replicates, effect):
    rng = np.random.default_rng(3)
    days = effect + 0.07 * rng.standard_normal((200_000, replicates))
    half = student.isf(0.05, replicates - 1) * days.std(axis=1, ddof=1) / np.sqrt(replicates)
    mean = days.mean(axis=1)
    shown = ((mean - half > -0.15) & (mean + half < 0.15)).mean()
    found = power_within(np.array([effect]), np.array([0.07]), -0.15, 0.15, replicates, 0.05)[0]
    assert found == pytest.approx(shown, abs=0.005)


def test_a_member_without_a_number_finds_nothing():
    power = power_within(np.array([np.nan, 5.0]), np.array([0.1, 0.1]), 0.0, np.inf, 3, 0.025)
    assert power[0] == 0.0 and power[1] > 0.99


def test_the_fewest_replicates_that_suffice():
    def power(n):
        return float(power_within(np.array([0.25]), np.array([0.2]), 0.0, np.inf, n, 0.025)[0])

    needed = replicates_for_power(power)
    assert FEWEST < needed < MOST
    assert power(needed) >= 0.8 > power(needed - 1)
    assert replicates_for_power(lambda n: 0.5) is None
    assert replicates_for_power(lambda n: 0.9) == FEWEST
