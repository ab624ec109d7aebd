"""Analyses of the circuit's own scenarios: they agree with plain runs, with theorems, and with one another."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pathway.analysis.combination import combination_grid
from pathway.analysis.control import control_coefficients, sensitivities_over_time
from pathway.analysis.dose_series import dose_series
from pathway.analysis.draws import DrawInterval, draws_from_ranges
from pathway.analysis.drive import drive_branch, hysteresis
from pathway.analysis.explain import explain
from pathway.analysis.mistakes import AnalysisError
from pathway.analysis.options import analysis_options
from pathway.analysis.paired_model import REFERENCE, paired_model
from pathway.analysis.scaled_model import perturbation_targets, rate_scale_name, scalable_model
from pathway.analysis.scenario_sensitivity import parameter_ranges, reading_function
from pathway.analysis.schedules import compare_schedules
from pathway.analysis.screen import screen
from pathway.network import Influence, circuit
from pathway.scenario import run_scenario
from pathway.scenario.arms import arm_setups
from pathway.simulation import simulate, steady_state


@pytest.fixture(scope="module")
def result(scenario):
    return run_scenario(scenario)


@pytest.fixture(scope="module")
def grid(scenario, laboratory):
    return combination_grid(scenario, laboratory)


def test_a_dose_series_meets_the_scenario_at_its_dose(scenario, laboratory, result):
    found = dose_series(scenario, laboratory, doses=["1 ug/mL", "3 ug/mL", "10 ug/mL"], arms=["trastuzumab", "both"])
    for name in ("trastuzumab", "both"):
        series = found.series[name]
        assert series.gr[0, -1] == pytest.approx(result.arms[name].growth.gr, abs=1e-5)
        assert 100 * series.relative_count[0, -1] == pytest.approx(
            result.arms[name].growth.percent_of_control, rel=1e-4
        )
        assert series.readouts["pAKT"][0, -1] == pytest.approx(result.arms[name].courses["pAKT"][-1], rel=1e-4)
        # The time-dependent GR ends at the GR of the end.
        assert series.gr_over_time[0, :, -1] == pytest.approx(series.gr[0])


def test_a_plateau_above_one_half_has_no_gr50(scenario, laboratory):
    found = dose_series(scenario, laboratory, arms=["trastuzumab"])
    assert found.series["trastuzumab"].metrics.gr50 == np.inf
    assert found.to_dict()["arms"]["trastuzumab"]["metrics"]["gr50"] == "inf"


def test_every_agent_has_a_dose_response(scenario, laboratory):
    for name in ("lapatinib", "buparlisib", "MEK inhibitor"):
        found = dose_series(scenario, laboratory, agent=name, steps=4)
        (series,) = found.series.values()
        assert np.isfinite(series.gr).all() and series.gr[0, -1] < series.gr[0, 0] <= 1.001


def test_the_grid_meets_the_scenario_in_its_corner(grid, result):
    # Counted from the first drug (-48 h), relative to untreated cells.
    both, control = result.arms["both"], result.arms["untreated"]
    start = int(np.searchsorted(both.times, -48.0))
    grown = [np.log(arm.count[-1] / arm.count[start]) for arm in (both, control)]
    assert grid.surface.effect[-1, -1] == pytest.approx(grown[0] / grown[1], rel=1e-4)
    assert grid.surface.effect[0, 0] == 1.0 and grid.surface.effect.shape == (8, 8)


def test_all_metrics_of_the_grid_are_there_and_defined_or_flagged(grid):
    content = grid.to_dict()
    flagged = {(u["metric"], u["row"], u["column"]) for u in content["undefined"]}
    for metric in ("bliss", "hsa", "loewe", "zip"):
        for i, row in enumerate(content[metric]):
            for j, value in enumerate(row):
                assert (value is None) == ((metric, i, j) in flagged)
    told = "trastuzumab with anti-miR-21 (transfected), by Bliss: on the side of synergy, without an interval"
    assert content["conclusion"].startswith(told)
    assert content["musyc"]["r_squared"] > 0.99


def test_synergy_is_called_only_where_its_interval_leaves_zero(grid):
    """Whatever the chosen numbers say."""

    def called(low, high):
        interval = DrawInterval(0.03, low, high, None if low is None else (low + high) / 2)
        return replace(grid, intervals={"bliss": interval}).conclusion().partition(": ")[2].partition(" (mean")[0]

    assert called(0.01, 0.05) == "synergy"
    assert called(-0.01, 0.05).startswith("neither synergy nor antagonism is shown")
    assert called(None, None).startswith("neither")
    assert called(-0.05, -0.01) == "synergy, against most draws"


def test_a_grid_is_quick(scenario, laboratory, grid):
    began = time.perf_counter()
    combination_grid(scenario, laboratory)
    assert time.perf_counter() - began < 5.0  # under one second on an idle machine


def test_anti_mir_works_better_when_given_before(scenario, laboratory):
    found = compare_schedules(scenario, laboratory, [-48.0, 0.0, 48.0])
    assert found.effect.shape == (1, 3)
    assert found.effect[0, 0] < found.effect[0, 1] < found.effect[0, 2]
    assert "with trastuzumab" in found.text()


def test_draws_carry_intervals_and_row_zero_is_the_chosen_one(scenario, laboratory, grid):
    draws = draws_from_ranges(laboratory, ("bt474_resistant",), scenario.file.parent, 6, seed=3)
    found = combination_grid(scenario, laboratory, size=(3, 3), draws=draws)
    assert found.log_folds.shape == (7, 3, 3)
    assert found.intervals["bliss"].low <= found.intervals["bliss"].high
    assert found.surface.effect[-1, -1] == pytest.approx(grid.surface.effect[-1, -1], rel=1e-6)
    assert found.positive["bliss"].shape == (3, 3)


def test_control_coefficients_obey_the_summation_theorems(laboratory, untreated):
    levels = ["pAKT", "PTEN", "growth", "PIP3", "miR21", "AKT", "HER3"]
    found = control_coefficients(
        laboratory.model, untreated.parameters, untreated.state, levels, ["PIP3_by_PTEN", "RAS_loading"]
    )
    assert found.violation < 1e-9


def test_a_control_coefficient_is_what_turning_the_reaction_does(laboratory, untreated):
    found = control_coefficients(laboratory.model, untreated.parameters, untreated.state, ["PTEN_active"])
    model = scalable_model(laboratory.model)
    values = np.concatenate([untreated.parameters, np.ones(len(laboratory.model.rates))])
    step = 1e-4
    for reaction in ("PTEN_loss", "miR21_transcription"):
        values[model.parameter_index(rate_scale_name(reaction))] = 1 + step
        moved = steady_state(model, values, initial=untreated.state)[model.species_index("PTEN_active")]
        values[model.parameter_index(rate_scale_name(reaction))] = 1.0
        before = untreated.state[model.species_index("PTEN_active")]
        expected = np.log(moved / before) / np.log(1 + step)
        assert found.coefficients[0, found.reactions.index(reaction)] == pytest.approx(expected, abs=2e-4)


def test_sensitivities_over_time_are_those_of_finite_differences(scenario, laboratory):
    (setup,) = arm_setups(scenario, [scenario.arm("both")], laboratory)
    times = np.array([24.0, 120.0])
    found = sensitivities_over_time(
        laboratory.model, setup.parameters, setup.state, "pAKT", ["k_PTEN"], times, setup.interventions, -96.0
    )
    place, ends = laboratory.model.parameter_index("k_PTEN"), []
    for factor in (1 - 1e-4, 1 + 1e-4):
        values = setup.parameters.copy()
        values[place] *= factor
        run = simulate(
            laboratory.model,
            times,
            parameters=values,
            initial=setup.state,
            start=-96.0,
            interventions=setup.interventions,
            relative_tolerance=1e-10,
        )
        ends.append(np.asarray(run["pAKT"]))
    expected = (np.log(ends[1]) - np.log(ends[0])) / 2e-4
    assert found.values[:, 0] == pytest.approx(expected, rel=1e-3)


def test_screen_finds_what_restores_the_response(scenario, laboratory, result):
    found = screen(scenario, laboratory, kinds=("species", "reaction"), pairs=6)
    assert found.baseline == pytest.approx(result.arms["trastuzumab"].growth.gr, abs=1e-4)
    change = dict(zip((t.name for t in found.targets), found.change, strict=True))
    assert change["miR21_primary"] < -0.1 < 0.1 < change["PTEN_mRNA"]
    # A pair is symmetric, its diagonal one alone; turning one target in a pair of one is the single screen.
    assert found.pairs == pytest.approx(found.pairs.T, nan_ok=True)  # nan: a culture that dies without drug
    assert found.pairs.diagonal() == pytest.approx(found.gr[list(found.paired)])
    assert len({found.targets[k].name for k in found.paired}) == 6


def test_a_screened_parameter_is_the_change_of_a_scenario(scenario, laboratory):
    found = screen(scenario, laboratory, kinds=("parameter",), only=["k_PTEN"], factor=0.5)
    arm = scenario.arm("trastuzumab")
    changed = replace(scenario, arms=(replace(arm, changes={"k_PTEN": "0.5 x"}),), expectations=(), document={})
    assert found.gr[0] == pytest.approx(run_scenario(changed).arms["trastuzumab"].growth.gr, abs=1e-4)


def test_targets_are_named_once_per_kind(laboratory):
    names = [(t.kind, t.name) for t in perturbation_targets(laboratory.model)]
    assert len(set(names)) == len(names) > 250


@pytest.mark.parametrize("name", sorted(set(circuit().explained) - {"log_cell_number"}))
def test_influences_carry_the_whole_difference_and_shares_add_up(name, scenario, laboratory):
    found = explain(scenario, laboratory, arm="trastuzumab", reference="both", reading=name)
    gap = found.other - found.value
    assert abs(found.attribution.remainder[0]) < 1e-6 * max(abs(gap), 1e-9)
    if name not in ("PTEN", "PTEN_active"):
        assert found.unexplained == pytest.approx(0.0, abs=1e-5 * max(abs(gap), 1e-3))


def test_an_explanation_does_not_depend_on_the_order_of_influences(scenario, laboratory):
    carriers = circuit().influences_on("pAKT")
    one = explain(scenario, laboratory, arm="trastuzumab", reference="both", influences=carriers)
    other = explain(scenario, laboratory, arm="trastuzumab", reference="both", influences=carriers[::-1])
    shares = dict(zip((influence.name for influence in other.influences), other.shares, strict=True))
    for influence, share in zip(one.influences, one.shares, strict=True):
        assert share.value == pytest.approx(shares[influence.name].value, abs=1e-8)
    assert one.ranked()[0] == 0 and "restoring PTEN" in one.text()


def test_an_explanation_has_no_nonsense_digits(scenario, laboratory):
    """Neither "206 % of it" nor "-0 %"."""
    found = explain(scenario, laboratory, arm="trastuzumab", reference="both", reading="PTEN")
    assert f"{found.other / found.value:.3g} times as much" in found.text()
    back = explain(scenario, laboratory, arm="both", reference="trastuzumab", reading="PTEN")
    assert f"{100.0 * back.other / back.value:.2g} % of that" in back.text()
    assert [found.relative(share * found.value) for share in (-1e-5, -0.004, 0.25)] == ["0 %", "-0.4 %", "+25 %"]


def test_an_explained_value_is_that_of_the_scenario(scenario, laboratory, result):
    found = explain(scenario, laboratory, arm="trastuzumab", reference="both")
    assert found.value == pytest.approx(result.arms["trastuzumab"].courses["pAKT"][-1], rel=1e-4)
    assert found.other == pytest.approx(result.arms["both"].courses["pAKT"][-1], rel=1e-4)


def test_a_pair_without_switches_is_two_separate_cultures(laboratory, untreated):
    model = laboratory.model
    carriers = circuit().influences_on("pAKT")
    twin = paired_model(model, carriers)
    values = np.concatenate([untreated.parameters, untreated.parameters, np.zeros(len(carriers))])
    state = np.tile(untreated.state, 2)
    run = simulate(twin, [50.0], parameters=values, initial=state)
    n = len(model.species)
    assert run.values[0, :n] == pytest.approx(run.values[0, n:], rel=1e-9)
    with pytest.raises(AnalysisError, match="does not read"):
        paired_model(model, [Influence("x", ("NFIB",), ("PIP3_by_PTEN",))])
    assert REFERENCE + "PTEN" in twin.observables


def test_the_drive_is_followed_from_0_to_10_without_a_gap(laboratory, untreated):
    resting, branch = drive_branch(laboratory, untreated.parameters, untreated.state)
    assert branch.values[0] == 0.0 and branch.values[-1] == 10.0 and branch.ended == "limit"
    assert not branch.special and branch.stable.all()
    assert np.abs(np.diff(branch.values)).max() < 0.6
    # An independent look at one value: where the engine's own search comes to rest.
    place = laboratory.model.parameter_index("miR21_extra_transcription")
    values = untreated.parameters.copy()
    values[place] = 10.0
    state = steady_state(laboratory.model, values, initial=untreated.state)
    assert branch.states[-1] == pytest.approx(resting.reduce(state), rel=1e-6)
    swept = hysteresis(laboratory, untreated.parameters, untreated.state, np.linspace(0, 10, 4), ["PTEN", "pAKT"])
    assert swept.gap("PTEN") < 1e-4


def test_ranges_leave_out_what_is_anchored_and_know_their_names(scenario, laboratory):
    free = parameter_ranges(laboratory, "bt474_resistant", Path())
    assert "mu_max" not in free.names and len(free.names) > 20
    with pytest.raises(AnalysisError, match="Did you mean 'fitted'"):
        parameter_ranges(laboratory, "bt474_resistant", Path(), ["fited"])


def test_a_reading_at_the_chosen_numbers_is_the_scenarios(scenario, laboratory, result):
    asked = reading_function(scenario, laboratory, ("k_PTEN", "Km_PTEN"))
    (setup,) = arm_setups(scenario, [scenario.arm("trastuzumab")], laboratory)
    sample = setup.parameters[[laboratory.model.parameter_index(n) for n in asked.names]]
    assert asked(sample[None])[0] == pytest.approx(result.arms["trastuzumab"].growth.gr, abs=2e-3)


def test_bad_questions_get_a_line_that_says_what_to_change(scenario, laboratory):
    questions = [
        (lambda: dose_series(scenario, laboratory, doses=["0 ug/mL", "0 ug/mL"]), "give at least one dose above zero"),
        (lambda: dose_series(scenario, laboratory, readouts=["pATK"]), "Did you mean 'pAKT'"),
        (lambda: dose_series(scenario, laboratory, agent="trastuzmab"), "Did you mean 'trastuzumab'"),
        (lambda: dose_series(scenario, laboratory, agent="scramble oligo"), "does nothing"),
        (lambda: dose_series(replace(scenario, growth_of=()), laboratory), r"add \[growth_rate\] of"),
        (lambda: combination_grid(scenario, laboratory, size=(1, 8)), "use 2x2 or more"),
        (lambda: combination_grid(scenario, laboratory, scale="count s"), "Did you mean 'count'"),
        (
            lambda: combination_grid(scenario, laboratory, agents=("trastuzumab", "antimir")),
            "no dose is called 'antimir'",
        ),
        (lambda: screen(scenario, laboratory, factor=1.0), "is no knock-down"),
        (lambda: screen(scenario, laboratory, factor=-0.5), "is no knock-down"),
        (lambda: screen(scenario, laboratory, only=["PTTEN"]), "no target is called"),
        (lambda: screen(scenario, laboratory, arm="untreated"), "does not get trastuzumab"),
        (lambda: explain(scenario, laboratory, arm="both", reference="both"), "compared with itself"),
        (lambda: explain(scenario, laboratory, arm="both", reference="parental", reading="GR"), "read growth"),
        (lambda: compare_schedules(scenario, laboratory, [200.0]), "after the reading"),
        (
            lambda: explain(scenario, laboratory, arm="both", reference="parental", reading="EGFR"),
            "what carries all influence",
        ),
    ]
    for ask, words in questions:
        with pytest.raises(AnalysisError, match=words):
            ask()


def test_options_come_from_the_scenario_and_are_checked(scenario):
    table = {"analyze": {"synergy": {"grid": "5x5", "scale": "GR"}}}
    made = replace(scenario, document=table)
    assert analysis_options(made, "synergy", {"scale": "count", "arm": None})["grid"] == "5x5"
    assert analysis_options(made, "synergy", {"scale": "count"})["scale"] == "count"
    for wrong, words in (
        ({"synergie": {}}, "Did you mean 'synergy'"),
        ({"synergy": {"gird": "8x8"}}, "Did you mean 'grid'"),
        ({"synergy": {"grid": 8}}, "expected something like '8x8'"),
    ):
        with pytest.raises(AnalysisError, match=words):
            analysis_options(replace(scenario, document={"analyze": wrong}), "synergy", {})


def test_all_mistakes_of_the_options_are_reported_together_and_names_may_have_dashes(scenario):
    tables = {"single-cells": {"cells": 5}, "synergy": {"gird": 1}, "screen": {"paris": 2}}
    with pytest.raises(AnalysisError) as refused:
        analysis_options(replace(scenario, document={"analyze": tables}), "screen", {})
    assert len(str(refused.value).splitlines()) == 2
    only = replace(scenario, document={"analyze": {"single-cells": tables["single-cells"]}})
    assert analysis_options(only, "single_cells", {})["cells"] == 5
