"""Every figure with long names at three widths: no text is cut, and none lies over another."""

from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest
from matplotlib.text import Text

from pathway.analysis.combination import combination_grid
from pathway.analysis.continuation import ContinuationSystem, fold_curve, follow_branch
from pathway.analysis.control import control_coefficients_of_draws
from pathway.analysis.dose_series import dose_series
from pathway.analysis.draws import draws_from_ranges
from pathway.analysis.explain import explain
from pathway.analysis.global_sensitivity import ParameterRanges, morris_effects, sobol_indices
from pathway.analysis.scenario_cells import single_cells
from pathway.analysis.scenario_sensitivity import time_sensitivities
from pathway.analysis.schedules import compare_schedules
from pathway.analysis.screen import screen
from pathway.analysis.switch import bistable_switch
from pathway.expressions import parse
from pathway.fitting.objective import Objective
from pathway.fitting.search.multi_start import fit
from pathway.fitting.uncertainty.comparison import Variant, VariantComparison
from pathway.fitting.uncertainty.predict import predict
from pathway.fitting.uncertainty.profiles import profile
from pathway.fitting.uncertainty.sampling import Posterior
from pathway.formats.load import load
from pathway.network import circuit
from pathway.plotting import posterior_figure, save_figure
from pathway.plotting.branch_figure import plot_branches, plot_switch
from pathway.plotting.cell_figure import plot_single_cells
from pathway.plotting.comparison_figure import plot_comparison
from pathway.plotting.control_figure import plot_control, plot_time_sensitivities
from pathway.plotting.course_figure import plot_trajectory
from pathway.plotting.dose_figure import plot_dose_series
from pathway.plotting.fit_figure import KINDS, plot_fit
from pathway.plotting.layout import STYLES, Page, style_context
from pathway.plotting.network_figure import plot_explanation
from pathway.plotting.posterior_figure import plot_posterior
from pathway.plotting.prediction_figure import plot_prediction
from pathway.plotting.profile_figure import plot_any_profile, plot_profiles
from pathway.plotting.run_comparison_figure import plot_run_comparison
from pathway.plotting.run_figure import plot_result
from pathway.plotting.screen_figure import plot_screen
from pathway.plotting.sensitivity_figure import plot_morris, plot_sobol
from pathway.plotting.synergy_figure import plot_grid
from pathway.report.run_comparison import RunComparison
from pathway.scenario import built_in_laboratory, read_scenario, run_scenario
from pathway.scenario.arms import arm_setups
from pathway.simulation import Intervention, simulate
from pathway.simulation.steady import steady_states
from tests.fitting.test_search import decay
from tests.plotting.boxes import cut, overlapping

RANGES = ParameterRanges(
    ("a_parameter_of_the_circuit_with_quite_a_long_name", "second"), np.zeros(2), np.ones(2), np.zeros(2, dtype=bool)
)
NAMES = {word: f"{word} of a name that is seventy-five letters long, as careful people write"[:75] for word in
         ("untreated", "trastuzumab", "both")}  # fmt: skip
TITLE = "A title of one hundred and thirty letters, which somebody has given to an experiment because every word of it "
TITLE += "was important."
SCENARIO = f"""
title = "{TITLE}"
cells = "bt474_resistant"
[time]
end = "72 h"
record_every = "6 h"
[dose.anti_mir21]
agent = "anti-miR-21 (transfected)"
amount = "50 nM"
at = "-48 h"
[dose.trastuzumab]
agent = "trastuzumab"
amount = "10 ug/mL"
[growth_rate]
of = ["trastuzumab"]
[[arm]]
name = "{NAMES["untreated"]}"
[[arm]]
name = "{NAMES["trastuzumab"]}"
doses = ["trastuzumab"]
[[arm]]
name = "{NAMES["both"]}"
doses = ["trastuzumab", "anti_mir21"]
control = "{NAMES["trastuzumab"]}"
[show]
observables = ["pAKT", "PTEN", "miR21_free", "cell_number"]
[[expect]]
claim = "an order"
role = "sanity"
quantity = "pAKT"
rank_with = {{ "{NAMES["untreated"]}" = 1, "{NAMES["trastuzumab"]}" = 2, "{NAMES["both"]}" = 3 }}
above = -1
[[expect]]
claim = "another"
role = "sanity"
quantity = "pAKT"
rank_with = "AKT_phosphorylated"
above = -1
"""


@pytest.fixture(scope="module")
def laboratory():
    return built_in_laboratory()


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    file = tmp_path_factory.mktemp("scenario") / "long_names.toml"
    file.write_text(SCENARIO, encoding="utf-8")
    return read_scenario(file)


def control(laboratory, scenario):
    (setup,) = arm_setups(scenario, [scenario.arms[0]], laboratory)
    rows = np.stack([setup.parameters * factor for factor in (1.0, 1.1, 0.9)])
    states = steady_states(laboratory.model, np.tile(setup.state, (3, 1)), rows)[0]
    return partial(plot_control, control_coefficients_of_draws(laboratory.model, rows, states, ["pAKT"]), NAMES["both"])


def grid(laboratory, scenario):
    draws = draws_from_ranges(laboratory, ("bt474_resistant",), scenario.file.parent, 3)
    arm = NAMES["both"]
    given = compare_schedules(scenario, laboratory, [-48.0, 0.0, 48.0], arm=arm, draws=draws)
    return partial(plot_grid, combination_grid(scenario, laboratory, arm=arm, draws=draws), given)


def time_courses(laboratory, scenario):
    arm = scenario.arms[-1]
    return partial(
        plot_time_sensitivities,
        time_sensitivities(scenario, laboratory, arm, ["pAKT", "PTEN"], ["k_PTEN", "Km_PTEN"], steps=6),
        TITLE,
    )


def textbook_switch(laboratory, scenario):
    system = ContinuationSystem(["x"], [parse("b - q*x + 6*x^2 - x^3")], "b", {"q": 11.0})
    branch = follow_branch(system, np.array([0.2]), 2.0, 0.0, 12.0)
    curve = fold_curve(system, branch.folds()[0], "q", 5.0, 13.0, limits=(0.0, 20.0))
    units = {"x": "nM", "b": "nM/h", "q": "1/h"}
    drawn = [("x", branch, {"x": branch.of("x")})]
    return partial(plot_branches, drawn, ["x"], units, TITLE, "Folds.", fold_curves=[("x", curve)], against="q")


def explained(laboratory, scenario):
    return explain(scenario, laboratory, arm=NAMES["trastuzumab"], reference=NAMES["both"])


def fitted(laboratory, scenario):
    experiment, observable = NAMES["both"], "an_observable_with_a_name_of_forty_letters"
    problem = decay()
    return fit(
        replace(
            problem,
            name=TITLE,
            experiments=(replace(problem.experiments[0], name=experiment),),
            observables=(replace(problem.observables[0], name=observable),),
            measurements=tuple(replace(m, experiment=experiment, observable=observable) for m in problem.measurements),
        ),
        starts=3,
        workers=1,
    )


@cache
def fit_with_long_names():
    return fitted(None, None)


@cache
def profiles_with_long_names():
    found = fit_with_long_names()
    return profile(Objective(found.problem), found.best.x)


def open_profiles():
    """As if all others moved along with each parameter."""
    found = profiles_with_long_names()
    own = {n: replace(p, companions={other: 0.9 for other in found if other != n}) for n, p in found.items()}
    return replace(found, by_name=own)


def profiled(laboratory, scenario):
    return partial(plot_profiles, profiles_with_long_names())


@cache
def draws_with_long_names():
    """Of a Gaussian about the optimum, for pictures alone."""
    found = fit_with_long_names()
    random = np.random.default_rng(1)
    x = found.best.x + 0.05 * random.standard_normal((4, 200, len(found.best.x)))
    noise, none = random.standard_normal((4, 200)), np.zeros((4, 200), dtype=bool)
    return Posterior(found.problem, x, noise, none, none, noise, "metropolis", "", 1, 0.3, 800, 0, found.best.x, 4)


def variants(laboratory, scenario):
    made = [
        Variant(f"{k}: {NAMES['both']}", -10.0, 3 + k, 40, 20.0 + 9 * k, 21.0 + 9 * k, 22.0 + 12 * k, weight, 5)
        for k, weight in enumerate((0.97, 0.02, 0.01, 0.0))
    ]
    return partial(plot_comparison, VariantComparison(tuple(made), (), ()))


def two_runs(laboratory, scenario):
    arms = [*NAMES.values(), *(f"{number} {NAMES['both']}"[:75] for number in range(9))]
    rows = [(arm, word, 0.1 * k, 0.12 * k, 0.02 * k) for k, arm in enumerate(arms) for word in ("GR", "% of untreated")]
    places = (Path(NAMES["untreated"]), Path(NAMES["trastuzumab"]))
    nothing = ([], [])
    return partial(plot_run_comparison, RunComparison(*places, (TITLE, TITLE), nothing, ({}, {}), rows, {}, nothing))


@cache
def trajectory_of_long_names():
    model = replace(load("bt474"), name=TITLE)
    return simulate(model, np.linspace(0.0, 72.0, 25), interventions=[Intervention(1.0, add={"trastuzumab": 70.0})])


def many_arms(laboratory, scenario):
    """Thirteen arms, as the main experiment has, each with a long name."""
    arms = "".join(
        f'[[arm]]\nname = "{number}: {NAMES["both"][:70]}"\ndoses = ["trastuzumab", "anti_mir21"]\n'
        for number in range(10)
    )
    file = scenario.file.with_name("many_arms.toml")
    file.write_text(SCENARIO.replace("[show]", f"{arms}[show]"), encoding="utf-8")
    return partial(plot_result, run_scenario(read_scenario(file), laboratory))


def predicted(laboratory, scenario):
    found = fit_with_long_names()
    best = found.problem.from_scale(found.best.x)
    draws = np.stack([best * factor for factor in np.linspace(0.9, 1.1, 21)])
    band = predict(found.problem, best, draws)
    return partial(plot_prediction, band, band.measurements)


def a_scan(laboratory, scenario):
    return partial(plot_screen, screen(scenario, laboratory, arm=NAMES["both"], kinds=("species",), pairs=30))


def bands_of_a_gel(laboratory, scenario):
    """Numbers of five digits on logarithmic axes, two observables in four experiments each: the closest panels."""
    problem, names = decay(), ("HER3_total", "pAKT")
    (experiment, *_), (observable, *_) = problem.experiments, problem.observables
    bands = replace(
        problem,
        experiments=tuple(replace(experiment, name=arm) for arm in "abcd"),
        observables=tuple(replace(observable, name=n, transformation="log", unit="a.u.") for n in names),
        measurements=tuple(
            replace(m, observable=n, experiment=arm, value=2e4 * abs(m.value) + 5e3)
            for m in problem.measurements
            for arm in "abcd"
            for n in names
        ),
    )
    return partial(plot_fit, fit(bands, starts=1, workers=1), "fits")


FIGURES = {
    "large bands": bands_of_a_gel,
    "run": lambda lab, sc: partial(plot_result, run_scenario(sc, lab)),
    "doses": lambda lab, sc: partial(
        plot_dose_series, dose_series(sc, lab, agent="trastuzumab", arms=[NAMES["trastuzumab"], NAMES["both"]])
    ),
    "grid": grid,
    "large grid": lambda lab, sc: partial(plot_grid, combination_grid(sc, lab, arm=NAMES["both"], size=(12, 11))),
    "screen": a_scan,
    "time": time_courses,
    "cells": lambda lab, sc: partial(plot_single_cells, single_cells(sc, lab, n_cells=30, transcription=[1.0, 1000.0])),
    "switch": lambda lab, sc: partial(
        plot_switch, bistable_switch(sc, lab, arm=NAMES["both"], readings=["PTEN", "pAKT"])
    ),
    "explanation": lambda lab, sc: partial(plot_explanation, explained(lab, sc)),
    "fluxes": lambda lab, sc: partial(plot_explanation, explained(lab, sc), "flux"),
    "sobol": lambda lab, sc: partial(
        plot_sobol, sobol_indices(lambda x: x[:, 0] + x[:, 0] * x[:, 1], RANGES, 64), TITLE
    ),
    "morris": lambda lab, sc: partial(plot_morris, morris_effects(lambda x: x[:, 0] - x[:, 1], RANGES, 10), TITLE, "1"),
    "control": control,
    "branches": textbook_switch,
    "profiles": profiled,
    "paths": lambda lab, sc: partial(plot_any_profile, open_profiles(), "paths"),
    "variants": variants,
    "two runs": two_runs,
    "many arms": many_arms,
    "trajectory": lambda lab, sc: partial(plot_trajectory, trajectory_of_long_names()),
    "species": lambda lab, sc: partial(plot_trajectory, trajectory_of_long_names(), trajectory_of_long_names().species),
    **{
        f"{panel} alone": lambda lab, sc, panel=panel: partial(plot_result, run_scenario(sc, lab), panel)
        for panel in ("pAKT", "growth", "timeline")
    },
    **{
        f"draws: {kind}": lambda lab, sc, kind=kind: partial(plot_posterior, draws_with_long_names(), kind)
        for kind in posterior_figure.KINDS
    },
    "prediction": predicted,
    **{kind: lambda lab, sc, kind=kind: partial(plot_fit, fit_with_long_names(), kind) for kind in KINDS},
}


@pytest.mark.parametrize("name", FIGURES)
def test_no_text_is_cut_or_lies_over_another_at_any_width(name, laboratory, scenario, tmp_path):
    """With a title of 130 letters, and arms of 75."""
    draw = FIGURES[name](laboratory, scenario)
    for style in STYLES:
        with style_context(style):
            figure = draw()
        assert (cut(figure), overlapping(figure)) == ([], []), style
        assert figure.axes
        assert not [text for text in figure.findobj(Text) if "$" in text.get_text()]
    svg, png = save_figure(figure, tmp_path / "figure")
    assert svg.stat().st_size > 2000 and png.stat().st_size > 5000


def test_a_text_that_is_cut_or_covered_is_noticed():
    page = Page("A title")
    page.text(page.width - 0.2, 1.0, "over the edge")
    page.text(1.0, 1.0, "one")
    page.text(1.02, 1.02, "other")
    page.top = 2.0
    figure = page.cropped_figure()
    assert cut(figure) == ["over the edge"] and overlapping(figure) == [("one", "other")]


def test_the_map_has_every_node_once_and_no_two_in_one_place(laboratory, scenario):
    nodes = circuit().map_nodes
    assert len({node.name for node in nodes}) == len({(node.x, node.y) for node in nodes}) == len(nodes)
    levels = explained(laboratory, scenario).levels
    assert {node.quantity for node in nodes} <= levels.keys()
    edges = circuit().map_edges
    assert len({(edge.start, edge.end) for edge in edges}) == len(edges)
