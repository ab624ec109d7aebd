"""Variants of a model against each other, on numbers worked out by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from pathway.expressions import parse
from pathway.fitting.problem import Observable, Parameter, ProblemError
from pathway.fitting.search.multi_start import fit
from pathway.fitting.search.result import Fit, StartResult
from pathway.fitting.uncertainty.comparison import compare_fits, fixed_in_nested_variant, likelihood_ratio
from tests.fitting.test_search import decay


def ended(problem, x, objective=0.0, starts=2):
    """A fit whose starts all ended at x (optimizer's scale)."""
    x = np.asarray(x, dtype=float)
    return Fit(problem, tuple(StartResult(k, objective, x, x, np.zeros(len(x))) for k in range(starts)), 1)


def test_criteria_and_weights_by_hand():
    problem = decay()
    full = fit(problem, starts=2, seed=1, workers=1)
    held = fit(problem.fixed({"scale": 3.0}), starts=2, seed=1, workers=1)
    found = compare_fits({"full": full, "held": held})
    by_name = {v.name: v for v in found.variants}
    ll = -full.best.objective
    assert by_name["full"].log_likelihood == pytest.approx(ll, abs=1e-9)
    assert by_name["full"].aic == pytest.approx(4.0 - 2.0 * ll)
    assert by_name["full"].aicc == pytest.approx(4.0 - 2.0 * ll + 12.0 / (11 - 3))
    assert by_name["full"].bic == pytest.approx(2.0 * math.log(11) - 2.0 * ll)
    ratio = math.exp(0.5 * (by_name["full"].aicc - by_name["held"].aicc))
    assert by_name["held"].weight / by_name["full"].weight == pytest.approx(ratio)
    assert sum(v.weight for v in found.variants) == pytest.approx(1.0)
    (only,) = found.ratios
    assert (only.restricted, only.full, only.held, only.at_bound) == ("held", "full", {"scale": 3.0}, False)
    assert only.statistic == pytest.approx(2.0 * (held.best.objective - full.best.objective), abs=1e-6)
    assert only.p == pytest.approx(stats.chi2.sf(only.statistic, 1))
    assert likelihood_ratio(10.0 + 0.5 * 3.841458820694124, 10.0, 1) == pytest.approx(0.05, rel=1e-9)


def test_a_parameter_at_its_bound_halves_p_and_says_so():
    """With an offset that cannot be negative, half of all data sets without one give a ratio of zero."""
    observables = (Observable("seen", parse("scale * x + offset"), parse("0.05")),)
    parameters = (*decay().parameters, Parameter("offset", 0.1, 0.0, 1.0))
    larger = decay(observables=observables, parameters=parameters)
    full = fit(larger, starts=2, seed=1, workers=1)
    held = fit(larger.fixed({"offset": 0.0}), starts=2, seed=1, workers=1)
    (ratio,) = compare_fits({"none": held, "offset": full}).ratios
    assert ratio.at_bound and ratio.held == {"offset": 0.0}
    assert ratio.p == pytest.approx(0.5 * stats.chi2.sf(max(ratio.statistic, 0.0), 1))
    assert any("edge" in concern for concern in compare_fits({"none": held, "offset": full}).concerns)


def test_fits_to_other_data_are_refused():
    one, other = decay(noise_seed=1), decay(noise_seed=2)
    with pytest.raises(ProblemError, match="'a' and 'b' are fits to different data: seen in 'only' at"):
        compare_fits({"a": ended(one, [-0.15, 0.48]), "b": ended(other, [-0.15, 0.48])})
    fewer = replace(one, measurements=one.measurements[:-1])
    with pytest.raises(ProblemError, match=r"only \(11 and 10 points\)"):
        compare_fits({"a": ended(one, [-0.15, 0.48]), "b": ended(fewer, [-0.15, 0.48])})
    uncounted = replace(one, measurements=(replace(one.measurements[0], counted=False), *one.measurements[1:]))
    with pytest.raises(ProblemError, match="counts for"):
        compare_fits({"a": ended(one, [-0.15, 0.48]), "b": ended(uncounted, [-0.15, 0.48])})
    with pytest.raises(ProblemError, match="at least two"):
        compare_fits({"a": ended(one, [-0.15, 0.48])})


def test_variants_that_do_not_contain_each_other_get_no_ratio():
    problem = decay()
    rate, scale = problem.fixed({"scale": 3.0}), problem.fixed({"k": 0.7})
    assert fixed_in_nested_variant(ended(rate, [-0.15]), ended(scale, [0.48])) is None
    other = decay(observables=(Observable("seen", parse("scale * x^2"), parse("0.05")),)).fixed({"scale": 3.0})
    assert fixed_in_nested_variant(ended(other, [-0.15]), ended(problem, [-0.15, 0.48])) is None


def test_a_restricted_variant_that_fits_better_points_at_the_search():
    problem = decay()
    good = fit(problem.fixed({"scale": 3.0}), starts=1, seed=1, workers=1)
    found = compare_fits({"small": good, "large": ended(problem, [0.3, 0.48], objective=500.0)})
    assert any("'small' fits better than 'large'" in concern for concern in found.concerns)
