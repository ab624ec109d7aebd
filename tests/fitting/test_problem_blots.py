"""A censored band and a saturated lane count as the probability beyond their limits, all the way to the objective."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from pathway.fitting.objective import Objective
from pathway.fitting.problem import Measurement, Normalization, ProblemError
from tests.fitting.test_search import TIMES, decay


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


def normalized(kind, points):
    """`decay` with measurements on the axis of a normalization; the scale in its formula then cancels."""
    problem = decay()
    axis = Normalization("axis", "seen", tuple(("only", float(t)) for t in points), kind)
    bands = [replace(m, value=m.value / 6.0, normalization="axis") for m in problem.measurements]
    bands[0] = replace(bands[0], counted=False)
    return replace(problem, measurements=tuple(bands), normalizations=(axis,))


@pytest.mark.parametrize(
    ("kind", "points", "curve"),
    [
        ("minmax", TIMES, lambda x: (x - x[-1]) / (x[0] - x[-1])),
        ("mean", TIMES[2:4], lambda x: x / x[2:4].mean()),
        ("mean", [0.25], lambda x: x / np.exp(-0.7 * 0.25)),  # a moment that is not among the measured ones
    ],
)
def test_the_model_is_normalized_as_the_bands_are(kind, points, curve):
    problem = normalized(kind, points)
    objective, x = Objective(problem), problem.to_scale(problem.nominal)
    made, expected = objective.compare(), curve(np.exp(-0.7 * TIMES))
    assert made.simulated == pytest.approx(expected, rel=1e-6, abs=1e-7)
    values = np.array([m.value for m in problem.measurements])
    by_hand = -stats.norm.logpdf(values, expected, 0.05)[1:].sum()  # the first point does not count
    assert objective.value(x) == pytest.approx(by_hand, rel=1e-6)
    assert made.chi_squared == pytest.approx((((expected - values) / 0.05) ** 2)[1:].sum(), rel=1e-5)
    for k in range(2):
        step = 1e-5 * np.eye(2)[k]
        slope = (objective.value(x + step) - objective.value(x - step)) / 2e-5
        assert objective(x).gradient[k] == pytest.approx(slope, rel=1e-4, abs=1e-5)
        assert objective.backwards(x).gradient[k] == pytest.approx(slope, rel=1e-4, abs=1e-5)


def test_a_normalization_that_contradicts_itself_is_refused():
    axis = Normalization("axis", "sene", (("onyl", 0.0),), "maxmin")
    with pytest.raises(ProblemError) as told:
        replace(decay(), normalizations=(axis, replace(axis, observable="seen", points=(), kind="mean")))
    assert "kind 'maxmin'; expected minmax or mean" in str(told.value)
    assert "Did you mean 'seen'" in str(told.value) and "Did you mean 'only'" in str(told.value)
    assert "no moments" in str(told.value)
