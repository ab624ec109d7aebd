"""What the page of a fit says about a problem of which the answer is known."""

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from pathway.equations import Model
from pathway.expressions import parse
from pathway.fitting.laboratory.courses import fitted_courses
from pathway.fitting.objective import Objective
from pathway.fitting.problem import Measurement, Observable, Parameter, Problem
from pathway.fitting.search.multi_start import fit
from pathway.fitting.uncertainty.predict import PredictionBand
from pathway.fitting.uncertainty.profiles import profile
from pathway.report.fit import (
    _tied,
    agreement_table,
    fit_report,
    fit_statistics,
    fit_summary,
    fixed_number_table,
    lack_of_fit_table,
    parameter_table,
)
from pathway.report.pages import page_text
from pathway.report.prediction import prediction_report, prediction_table
from pathway.report.problem_files import ProblemFiles
from pathway.report.profiles import profiles_report
from pathway.report.provenance import provenance
from pathway.simulation.protocol import Experiment

TIMES = (0.0, 1.0, 2.0, 4.0)
SPREADS = (0.05, 0.1, 0.05, 0.1)


@pytest.fixture(scope="module")
def found():
    """A decay at rate 0.5 from 2, whose upper bound of the rate is 0.4; each point has noise of its own."""
    model = Model(
        name="decay",
        species=("A",),
        parameters=("k",),
        parameter_values=np.array([0.3]),
        initial={"A": parse("2")},
        rates={"loss": parse("k * A")},
        stoichiometry={"A": {"loss": parse("-1")}},
    )
    points = tuple(
        Measurement("seen", "only", t, 2.0 * float(np.exp(-0.5 * t)), placeholders={"noise": parse(str(s))})
        for t, s in zip(TIMES, SPREADS, strict=True)
    )
    problem = Problem(
        name="decay",
        model=model,
        parameters=(Parameter("k", 0.3, 0.1, 0.4, "log10"),),
        experiments=(Experiment("only"),),
        observables=(Observable("seen", parse("A"), parse("noise")),),
        measurements=points,
    )
    return fit_statistics(fit(problem, starts=1, workers=1))


def test_a_value_at_its_bound_is_told(found):
    header, ((*row,),) = parameter_table(found)
    assert row[header.index("value")] == pytest.approx(0.4)
    assert row[header.index("interval by")] == "linear theory; at its upper bound"
    assert "At a bound: k." in fit_summary(found)


def test_criteria_are_those_of_the_likelihood(found):
    """Residuals of exp(-0.4 t) against exp(-0.5 t), by hand."""
    t, s = np.array(TIMES), np.array(SPREADS)
    z = 2.0 * (np.exp(-0.4 * t) - np.exp(-0.5 * t)) / s
    likelihood = -0.5 * float(z @ z) - float(np.sum(np.log(s * np.sqrt(2.0 * np.pi))))
    assert f"(AIC {2 - 2 * likelihood:.6g}, BIC {np.log(4) - 2 * likelihood:.6g})" in fit_summary(found)


def test_columns_without_a_word_are_left_out(found):
    page = page_text(fit_report(found.fit, ProblemFiles()), {}, provenance(["pathway", "fit"], (), {}, 1))
    parameters = page.partition("<h2>Parameters</h2>")[2].partition("</table>")[0]
    assert "lower bound" in parameters
    assert not any(word in parameters for word in ("prior", "meaning", "unit"))


def test_points_with_noise_of_their_own_have_it_beside_them(found):
    problem = found.fit.problem
    (course,) = fitted_courses(problem, np.array([0.4]))
    assert course.spread == pytest.approx(SPREADS)
    alike = replace(problem, measurements=(problem.measurements[0], problem.measurements[2]))
    (course,) = fitted_courses(alike, np.array([0.4]))
    assert not len(course.spread) and course.noise == pytest.approx(0.05)


@pytest.mark.parametrize(("beside", "word"), [(-1.5e-6, ""), (-0.5e-6, "upper"), (0.5e-6, "upper"), (1.5e-6, "")])
def test_a_value_is_at_its_bound_within_a_millionth(found, beside, word):
    """Also above it, by rounding; values and bounds are logarithms here, smaller than one."""
    best = replace(found.fit.best, x=np.array([np.log10(0.4) + beside]))
    assert replace(found, fit=SimpleNamespace(best=best, problem=found.fit.problem)).at_bound(0) == word


@pytest.mark.parametrize("measured", [False, True])
def test_a_table_of_predictions_names_its_units_and_what_was_measured(found, measured):
    problem = found.fit.problem
    points = problem.measurements[:2]
    numbers = [np.array([1.0, 2.0]) * k for k in (10.0, 9.0, 11.0)]
    band = PredictionBand(problem, points, *numbers, failed=0, draws=5, level=0.95)
    header, rows = prediction_table(band, measured)
    last = ["measured"] if measured else []
    named = ["experiment", "observable", "unit", "time [unit of the model]", "best", "low", "high"]
    assert header == [*named, *last]
    assert rows == [
        ["only", "seen", "unit of the data", m.time, 10.0 * k, 9.0 * k, 11.0 * k, *([m.value] if measured else [])]
        for k, m in enumerate(points, start=1)
    ]
    hours = replace(band, problem=replace(problem, model=replace(problem.model, time_unit="h")))
    assert prediction_table(hours, measured)[0][3] == "time [h]"


def test_a_prediction_report_holds_its_table_its_figure_and_what_was_left_out(found):
    points = found.fit.problem.measurements[:2]
    numbers = [np.array([1.0, 2.0]) * k for k in (10.0, 9.0, 11.0)]
    band = PredictionBand(found.fit.problem, points, *numbers, failed=3, draws=5, level=0.95)
    report = prediction_report(band, band, ProblemFiles(), {"problem": "decay"}, "A title", True)
    assert report.title == "A title" and list(report.figures) == ["prediction"]
    assert report.tables == {"predictions": prediction_table(band, True)}
    assert report.sentences[0].endswith(" 3 draws could not be simulated and are left out.")


def test_of_two_rates_that_act_as_one_the_report_shows_how_they_move_together(found):
    """The decay at a*b: along the profile of each the other one is its inverse, a slope of -1 in logarithms."""
    model = replace(
        found.fit.problem.model,
        parameters=("a", "b"), parameter_values=np.array([0.5, 1.0]), rates={"loss": parse("a * b * A")},
    )  # fmt: skip
    both = tuple(Parameter(name, 0.7, 0.1, 10.0, "log10") for name in "ab")
    problem = replace(found.fit.problem, model=model, parameters=both)
    profiles = profile(Objective(problem), np.log10([0.5, 1.0]))
    report = profiles_report(profiles, ProblemFiles())
    assert list(report.figures) == ["profiles", "paths"]
    header, rows = report.tables["intervals"]
    moves = header.index("moves with")
    assert [row[moves] for row in rows] == ["b (-1)", "a (-1)"]


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([], ""),
        ([("k", "s", -0.99)], "k and s (-0.990)"),
        (
            [("a", "b", 0.999), ("c", "d", 0.96), ("e", "f", 0.95)],
            "a and b (+0.999); c and d (+0.960), and 1 more pairs",
        ),
    ],
)
def test_pairs_that_the_data_cannot_tell_apart_are_named(pairs, words):
    assert _tied(SimpleNamespace(tied=lambda: pairs), most=2) == words


def test_a_fit_shows_chi_squared_only_where_noise_was_given(found):
    header, ((*row,),) = agreement_table(found)
    z = 2.0 * (np.exp(-0.4 * np.array(TIMES)) - np.exp(-0.5 * np.array(TIMES))) / np.array(SPREADS)
    assert row[header.index("per point")] == pytest.approx(float(z @ z) / 4.0, rel=1e-5)
    assert f"chi-squared per point {float(z @ z) / 4.0:.3g} (4 points whose noise is given)" in fit_summary(found)
    estimated = replace(found, diagnosis=replace(found.diagnosis, estimated_noise=frozenset({"seen"})))
    header, ((*row,),) = agreement_table(estimated)
    assert row[header.index("chi-squared")] is None and row[header.index("per point")] is None
    assert "chi-squared" not in fit_summary(estimated)


def test_tables_tell_what_speaks_against_a_fit(found):
    """At its bound the rate does not follow; the chi-squared of four means is that of four points."""
    header, rows = lack_of_fit_table(found)
    (arm, *moments) = rows
    assert arm[header.index("against")] == "chi-squared" and len(moments) == 4
    (lack,) = found.diagnosis.lacks
    assert lack.freedom == (4.0, math.inf)
    assert fixed_number_table(found) == (fixed_number_table(found)[0], [])
