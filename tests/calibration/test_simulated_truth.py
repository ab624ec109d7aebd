"""The whole machine on data made from known parameters."""

import numpy as np
import pytest

from calibration.simulated_truth import CUT_SHORT, HIGHEST, LOWEST, NAMES, MinimalTarget, coverage, main


def test_made_up_data_scatter_around_the_truth_by_error_and_discrepancy():
    target = MinimalTarget()
    assert len(NAMES) == len(set(NAMES)) == target.dimension == 21
    rng = np.random.default_rng(0)
    z = np.zeros(target.dimension)
    truth = target.simulate(z[None])[0]
    data = np.array([target.measured(z, rng) for _ in range(50)])
    size = np.hypot(0.05, np.sqrt(0.02 * 0.3))
    assert (data - truth).std() == pytest.approx(size, rel=0.05)
    at_truth = MinimalTarget(data[0]).log_likelihood(z[None], truth[None])
    assert at_truth[0, 0] > MinimalTarget(data[0]).log_likelihood(z[None], truth[None] + 0.05)[0, 0]


@pytest.mark.slow
def test_each_marginal_covers_the_truth_as_often_as_it_says(tmp_path):
    main(["--repeats", "100", "--out", str(tmp_path / "runs")])
    number, inside = coverage(tmp_path / "runs")
    assert number == 100 and len(inside) == 21
    assert inside.pop(CUT_SHORT) >= 70
    assert all(LOWEST <= count <= HIGHEST for count in inside.values()), inside
