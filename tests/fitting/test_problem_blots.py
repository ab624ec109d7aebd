"""A censored band and a saturated lane count as the probability beyond their limits, all the way to the objective."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from pathway.fitting.objective import Objective
from pathway.fitting.problem import Measurement
from tests.fitting.test_search import decay


def test_bands_beyond_their_limits():
    problem = decay()
    bands = (
        Measurement("seen", "only", 1.0, 2.9),
        Measurement("seen", "only", 5.0, 0.2, censored="below"),
        Measurement("seen", "only", 0.0, 5.9, censored="above"),
    )
    problem = replace(problem, measurements=bands)
    curve = 6.0 * np.exp(-0.7 * np.array([1.0, 5.0, 0.0]))
    expected = -stats.norm.logpdf(2.9, curve[0], 0.05)
    expected -= stats.norm.logcdf((0.2 - curve[1]) / 0.05) + stats.norm.logsf((5.9 - curve[2]) / 0.05)
    assert Objective(problem).value(problem.to_scale(problem.nominal)) == pytest.approx(expected, rel=1e-6)
