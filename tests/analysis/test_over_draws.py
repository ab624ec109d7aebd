"""Analyses over parameter draws: where draws come from, and that every draw is treated as it would be by itself."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pathway.analysis.arms_under_draws import arms_under_draws, untreated_steady_states
from pathway.analysis.control import control_coefficients, control_coefficients_of_draws
from pathway.analysis.draws import draws_from_ensemble, draws_from_ranges, draws_from_table
from pathway.analysis.mistakes import AnalysisError
from pathway.analysis.scenario_sensitivity import parameter_ranges_of_draws, reading_function, time_sensitivities
from pathway.analysis.screen import screen
from pathway.scenario import read_scenario
from pathway.scenario.arms import arm_setups
from pathway.scenario.sampled_cell_lines import parameter_sets_of_ensemble
from pathway.simulation import simulate, steady_state
from pathway.simulation.pieces import PieceRunner
from tests.parameters.ensembles import drawn_ensemble


def test_draws_of_a_fit_come_as_a_table(tmp_path, laboratory):
    file = tmp_path / "draws.csv"
    file.write_text("_chain,k_PTEN,scale_pAKT\n0,100,1\n0,120,1\n1,140,2\n", encoding="utf-8")
    draws = draws_from_table(laboratory, tmp_path)
    rows = draws.of_line("bt474_resistant", Path())
    assert rows[:, laboratory.model.parameter_index("k_PTEN")].tolist() == [100, 120, 140]
    assert draws.left_out == ("scale_pAKT",) and draws.names == ("k_PTEN",)
    for text, words in (
        ("k_PTENN\n1\n2\n", "Did you mean 'k_PTEN'"),
        ("k_PTEN\n1\nnan\n", "holds something that is no number"),
        ("k_PTEN\n1\n", "at least two draws"),
        ("", "at least two draws"),
    ):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(AnalysisError, match=words):
            draws_from_table(laboratory, file)


def test_what_only_resistant_cells_have_is_not_drawn_for_their_parents(tmp_path, laboratory):
    file = tmp_path / "draws.csv"
    file.write_text("miR21_extra_transcription\n2\n4\n", encoding="utf-8")
    draws, place = draws_from_table(laboratory, file), laboratory.model.parameter_index("miR21_extra_transcription")
    assert draws.of_line("bt474_resistant", Path())[:, place].tolist() == [2, 4]
    assert draws.of_line("bt474", Path())[:, place].tolist() == [0, 0]


def test_a_posterior_gives_ranges_for_a_global_analysis(tmp_path, laboratory):
    file = tmp_path / "draws.csv"
    rows = "\n".join(f"{value},7" for value in range(1, 202))
    file.write_text(f"k_PTEN,Km_PTEN\n{rows}\n", encoding="utf-8")
    ranges = parameter_ranges_of_draws(laboratory, draws_from_table(laboratory, file), "bt474_resistant", Path())
    # 201 values 1..201: the quantiles lie at 1 + 200 q; what does not move is no range.
    assert ranges.names == ("k_PTEN",) and (ranges.low[0], ranges.high[0]) == (6.0, 196.0)


def test_control_over_draws_is_that_of_each_draw(laboratory, untreated):
    rows = draws_from_ranges(laboratory, ("bt474_resistant",), Path(), 3, seed=2).of_line("bt474_resistant", Path())
    states = untreated_steady_states(laboratory, rows)
    parameters = np.concatenate([untreated.parameters[None], rows])
    found = control_coefficients_of_draws(
        laboratory.model, parameters, np.concatenate([untreated.state[None], states]), ["pAKT"]
    )
    each = [
        control_coefficients(laboratory.model, row, state, ["pAKT"]).coefficients
        for row, state in zip(rows, states, strict=True)
    ]
    assert found.low == pytest.approx(np.min(each, axis=0)) and found.high == pytest.approx(np.max(each, axis=0))
    assert "(" in found.strongest_in_words("pAKT", 1)[0] and len(found.rows()[1]) == len(found.reactions)


CHANGED = """
title = "all that is done to cells before or beside doses"
cells = "bt474_resistant"
[time]
end = "72 h"
[[arm]]
name = "a multiple and an amount"
changes = { k_PTEN = "0.5 x", synthesis_growth_coupling = "0" }
[[arm]]
name = "a multiple later"
changes = { k_PTEN = { to = "0.3 x", at = "12 h" } }
[[arm]]
name = "lowered"
knock_down = { PTEN = "60 %" }
"""


def test_each_draw_is_changed_and_lowered_by_its_own_numbers(tmp_path, laboratory):
    file = tmp_path / "changed.toml"
    file.write_text(CHANGED, encoding="utf-8")
    scenario = read_scenario(str(file))
    draws = draws_from_ranges(laboratory, ("bt474_resistant",), tmp_path, 3, seed=2)
    for cells in arms_under_draws(scenario, scenario.arms, laboratory, draws):
        for k, row in enumerate(draws.of_line("bt474_resistant", tmp_path), start=1):
            alone = replace(laboratory, parameters_of=lambda name, folder, row=row: row)
            (setup,) = arm_setups(scenario, [cells.setup.arm], alone)
            assert np.allclose(cells.parameters[k], setup.parameters, rtol=1e-5, atol=0.0)
            assert np.allclose(cells.states[k], setup.state, rtol=1e-4, atol=1e-12)
            assert cells.interventions(k) == setup.interventions


def test_sensitivities_of_an_arm_begin_at_rest(scenario, laboratory):
    (found,) = time_sensitivities(scenario, laboratory, scenario.arm("both"), ["PTEN"], ["faster_decay_PTEN"], steps=5)
    assert found.values[0, 0] == 0.0 and found.values[-1, 0] < -0.1
    assert found.strongest(1)[0][0] == "faster_decay_PTEN"


def test_targets_that_do_the_same_are_named_together(scenario, laboratory):
    found = screen(scenario, laboratory, only=["PTEN_mRNA", "PTEN_mRNA_synthesis", "PTEN_gene", "miR21_loss"])
    assert len(found.unlike()) == 2
    first = next(k for k in found.unlike() if found.targets[k].name.startswith("PTEN"))
    assert len(found.same_as(first)) == 2


def test_a_screen_over_draws_is_that_of_each_draw(scenario, laboratory):
    draws = draws_from_ranges(laboratory, ("bt474_resistant",), scenario.file.parent, 3, seed=5)
    found = screen(scenario, laboratory, only=["PTEN_mRNA", "p27"], pairs=2, draws=draws)
    (setup,) = arm_setups(scenario, [scenario.arm("trastuzumab")], laboratory)

    def gr(values):
        state, logs = steady_state(laboratory.model, values), []
        for plan in (setup.interventions, ()):
            run = simulate(
                laboratory.model, [0.0, 120.0], parameters=values, initial=state, start=0.0, interventions=plan
            )
            logs.append(run["log_cell_number"][1] - run["log_cell_number"][0])
        return 2 ** (logs[0] / logs[1]) - 1

    changes = []
    for row in draws.of_line("bt474_resistant", scenario.file.parent):
        turned = row.copy()
        turned[laboratory.model.parameter_index("PTEN_gene")] *= found.factor
        changes.append(gr(turned) - gr(row))
    place = [target.name for target in found.targets].index("PTEN_mRNA")
    assert found.intervals[place].low == pytest.approx(min(changes), abs=1e-4)
    assert found.intervals[place].high == pytest.approx(max(changes), abs=1e-4)
    ((one, two, _),) = found.best_pairs()
    assert found.pair_interval(one, two).low <= found.pair_interval(one, two).high


def test_members_of_an_ensemble_without_living_cells_are_stood_in_for(laboratory):
    ensemble = drawn_ensemble(6, seed=3, spread=0.2)
    sets = parameter_sets_of_ensemble(laboratory.model, ensemble, np.full(6, 1 / 6))

    def values_of(line):
        rows = sets.values_of(line)
        rows[[0, 4]] = np.nan
        return rows

    draws = draws_from_ensemble(laboratory, ("bt474",), Path(), replace(sets, values_of=values_of), 6)
    rows = draws.of_line("bt474", Path())
    assert rows.shape == (6, len(laboratory.model.parameters)) and np.isfinite(rows).all()
    assert len(np.unique(rows, axis=0)) == 4 and draws.refusals() == 2
    with pytest.raises(AnalysisError, match="no living cell"):
        dead = replace(sets, values_of=lambda line: np.full_like(sets.values_of(line), np.nan))
        draws_from_ensemble(laboratory, ("bt474",), Path(), dead, 6).of_line("bt474", Path())


def test_a_reading_has_the_same_bits_for_any_workers(scenario, laboratory, monkeypatch):
    monkeypatch.setattr("pathway.analysis.scenario_sensitivity._CHUNK", 5)
    asked = reading_function(scenario, laboratory, ("k_PTEN", "Km_PTEN"))
    (setup,) = arm_setups(scenario, [asked.arm], laboratory)
    usual = setup.parameters[[laboratory.model.parameter_index(name) for name in asked.names]]
    samples = usual * np.random.default_rng(1).uniform(0.7, 1.4, (18, 2))
    alone = asked(samples, runner=PieceRunner(1))
    assert np.isfinite(alone).all() and len(np.unique(alone)) == 18
    assert np.array_equal(alone, asked(samples, runner=PieceRunner(3)))
    with ThreadPoolExecutor(2) as pool:
        assert np.array_equal(alone, asked(samples, runner=PieceRunner(executor=pool)))
