"""Starts of chains against posteriors in closed form."""

import numpy as np
import pytest

from calibration.populations import FINDINGS, MEASURED, PRIOR, judged
from calibration.starts import Starts

from .targets import Linear, TwoModes


def started(target, number=400, seed=0):
    z = np.random.default_rng(seed).standard_normal((number, target.dimension))
    return Starts(target, target.answer, judged(target, z, target.simulate(z), PRIOR), seed)


def test_of_a_linear_target_starts_are_draws_of_the_posterior():
    target = Linear()
    members = started(target).towards(MEASURED, 40)
    mean, covariance = target.exact(False)
    deviation = np.sqrt(np.diag(covariance))
    assert np.abs((members.z.mean(axis=0) - mean) / deviation).max() < 0.25
    assert members.z.std(axis=0) / deviation == pytest.approx(np.ones(12), abs=0.15)
    assert len(np.unique(members.z, axis=0)) == 400


def test_from_the_measured_data_they_go_on_to_the_findings():
    target = Linear()
    starts = started(target)
    measured = starts.towards(MEASURED, 40)
    both = starts.towards(FINDINGS, 40)
    mean, covariance = target.exact(True)
    assert np.median(both.totals[:, 1]) > np.median(measured.totals[:, 1])
    assert np.abs((both.z.mean(axis=0) - mean) / np.sqrt(np.diag(covariance))).max() < 0.3
    assert (both.z.std(axis=0) < 1.15 * np.sqrt(np.diag(covariance)))[6:].all()  # findings have no errors of their own


def test_most_starts_lie_at_one_of_two_tops():
    members = started(TwoModes(5)).towards(MEASURED, 10)
    assert (np.abs(np.abs(members.z[:, 0]) - 1.98) < 0.5).mean() > 0.8  # slopes that all share suit the majority


def test_a_start_is_never_worse_than_its_draw_and_stays_where_it_can_be_simulated():
    target = Linear()
    whole, likelihood = target.simulate, target.log_likelihood
    target.simulate = lambda z: np.where(z[:, 6:7] > 0, whole(z), np.nan)
    target.log_likelihood = lambda z, s: np.nan_to_num(likelihood(z, s), nan=-np.inf)
    z = np.abs(np.random.default_rng(1).standard_normal((100, 12)))
    drawn = judged(target, z, target.simulate(z), PRIOR)
    members = Starts(target, target.answer, drawn, 0).towards(MEASURED, 6)
    assert (members.z[:, 6] > 0).all() and np.median(members.totals[:, 0]) > np.median(drawn.totals[:, 0])
