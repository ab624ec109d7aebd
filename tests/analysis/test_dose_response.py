"""GR metrics against the numbers that the authors' own R and Python scripts give on their published example."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize

from pathway.analysis.dose_response import area_over_curve, count_metrics, gr_metrics
from pathway.analysis.hill_curves import HillCurve, fit_hill
from pathway.analysis.mistakes import AnalysisError
from pathway.scenario.growth import gr_value

# datarail/gr_metrics, toy example 1: MCF10A, replicate 1, 48 h; counts as published, control 1212.5, start 299.5.
DOSES = np.array([0.001, 0.003162, 0.01, 0.03162, 0.1, 0.3162, 1, 3.162, 10])
COUNTS = {
    "A": [1131, 1205, 1021, 743, 459, 318, 284, 274, 249],
    "D": [1172, 1146, 1115, 971, 817, 656, 651, 616, 577],
}
# OUTPUT/R_input1_GRmetrics.tsv of the same repository.
PUBLISHED = {
    "A": {
        "gr50": 0.0401590540510592,
        "gr_max": -0.087471872664457,
        "gr_aoc": 0.622696637673626,
        "gec50": 0.0446507657124445,
        "gr_inf": -0.0656685389606291,
        "h_gr": 1.16389429109656,
        "r_squared": 0.996524149183775,
    },
    "D": {
        "gr50": 0.353306343074862,
        "gr_max": 0.384090249685695,
        "gec50": 0.0622008598315758,
        "gr_inf": 0.39840933057878,
        "h_gr": 0.917493938110052,
        "r_squared": 0.992251090727097,
    },
}


def gr_of(drug):
    count = np.array(COUNTS[drug], dtype=float)
    return gr_value(count, np.full(9, 1212.5), np.full(9, 299.5), np.full(9, 299.5))


@pytest.mark.parametrize("drug", COUNTS)
def test_the_published_example_comes_out_as_the_authors_have_it(drug):
    found = gr_metrics(DOSES, gr_of(drug))
    assert not found.is_flat
    # The R optimiser stops at about 1e-4 of the parameters; what it does not fit agrees to the last digit.
    for name, value in PUBLISHED[drug].items():
        exact = name in ("gr_max",)
        assert getattr(found, name) == pytest.approx(value, rel=1e-12 if exact else 2e-3, abs=1e-12), name


def test_the_fit_is_the_least_squares_optimum_to_1e_6():
    gr = gr_of("A")

    def squares(v):
        return ((v[0] + (1 - v[0]) / (1 + (DOSES / 10 ** v[1]) ** v[2]) - gr) ** 2).sum()

    start = minimize(
        squares, [0.1, -1, 2], method="Nelder-Mead", options={"xatol": 1e-12, "fatol": 1e-18, "maxiter": 9999}
    )
    found = gr_metrics(DOSES, gr)
    assert found.gr_inf == pytest.approx(start.x[0], abs=1e-6)
    assert found.gec50 == pytest.approx(10 ** start.x[1], rel=1e-6)
    assert found.h_gr == pytest.approx(start.x[2], rel=1e-6)


def test_a_python_docstring_of_the_authors():
    # README of the gr50 package: drug A and the flat drug B.
    doses = np.array([0.001, 0.01, 0.1, 1.0, 10.0])
    found = gr_metrics(doses, np.array([0.965, 0.953, 0.533, 0.0976, 0.0188]))
    for name, value in (
        ("gr50", 0.114025),
        ("gr_max", 0.0188),
        ("gr_aoc", 0.481125),
        ("gec50", 0.110411),
        ("gr_inf", 0.018109),
        ("h_gr", 1.145262),
        ("r_squared", 0.998579),
    ):
        assert getattr(found, name) == pytest.approx(value, rel=2e-3), name
    assert found.p_value == pytest.approx(0.000054, abs=1e-6)
    flat = gr_metrics(doses, np.array([0.985, 0.916, 0.978, 1.04, 0.936]))
    assert flat.is_flat and flat.gr50 == math.inf and flat.gr_inf == pytest.approx(0.971) and flat.gec50 == 0.0
    assert flat.gr_aoc == pytest.approx(0.026375) and flat.gr_max == 0.936


def test_exact_curves_are_found_again():
    doses = np.geomspace(0.01, 100, 9)
    for curve in (HillCurve(1, -0.4, 2.0, 1.7), HillCurve(1, 0.62, 0.3, 0.8), HillCurve(1, 0.1, 30.0, 2.5)):
        found = gr_metrics(doses, curve.effect(doses))
        assert found.gr_inf == pytest.approx(curve.bottom, abs=1e-7)
        assert found.gec50 == pytest.approx(curve.half, rel=1e-6)
        assert found.h_gr == pytest.approx(curve.slope, rel=1e-6)
        # In closed form: (1 - inf) / (0.5 - inf) - 1 = odds at 0.5; a plateau above 0.5 has no GR50.
        if curve.bottom > 0.5:
            assert found.gr50 == math.inf
        else:
            odds = (1 - curve.bottom) / (0.5 - curve.bottom) - 1
            assert found.gr50 == pytest.approx(curve.half * odds ** (1 / curve.slope), rel=1e-6)


def test_flat_low_response_has_gr50_minus_infinity():
    found = gr_metrics(np.geomspace(1, 100, 6), np.array([0.1, 0.12, 0.09, 0.11, 0.1, 0.1]))
    assert found.is_flat and found.gr50 == -math.inf
    assert found.to_dict()["gr50"] == "-inf"


def test_a_trend_below_what_can_be_seen_is_flat():
    # Without scatter the F-test would call this significant.
    doses = np.geomspace(0.01, 100, 9)
    found = gr_metrics(doses, HillCurve(1, 1 - 5e-5, 1.0, 1.0).effect(doses))
    assert found.p_value < 1e-6 and found.is_flat and found.gr50 == math.inf and found.gec50 == 0.0


def test_ic50_of_counts_and_its_absence():
    doses = np.geomspace(0.01, 100, 9)
    curve = HillCurve(1, 0.2, 1.0, 1.0)
    # 0.2 + 0.8/(1+d) = 0.5 at d = 5/3
    assert count_metrics(doses, curve.effect(doses)).ic50 == pytest.approx(5 / 3, rel=1e-6)
    assert count_metrics(doses, HillCurve(1, 0.6, 1.0, 1.0).effect(doses)).ic50 == math.inf


def test_area_over_a_straight_line():
    doses = np.array([1.0, 10.0, 100.0])
    assert area_over_curve(doses, np.array([1.0, 0.5, 0.0])) == pytest.approx(0.5)


def test_f_test_against_its_definition():
    from scipy.stats import f

    gr = gr_of("A")
    fit = fit_hill(DOSES, gr)
    statistic = ((fit.residual_flat - fit.residual) / 2) / (fit.residual / (9 - 3 + 1))
    assert fit.p_value == pytest.approx(1 - f.cdf(statistic, 2, 7), rel=1e-6)


@pytest.mark.parametrize(
    ("doses", "words"),
    [
        ([0.0, 0.0, 0.0], "needs 3 different doses above zero, but there are 0"),
        ([1.0, -1.0, 2.0], "cannot be negative"),
        ([1.0, math.nan, 2.0], "finite"),
    ],
)
def test_bad_series_are_refused_in_words(doses, words):
    with pytest.raises(AnalysisError, match=words):
        gr_metrics(np.array(doses), np.array([1.0, 0.9, 0.8]))
