"""Is resistance a switch? Branches over draws, second states where there are some, and what a pulse does."""

from pathlib import Path

import numpy as np
import pytest

from pathway.analysis.arms_under_draws import untreated_steady_states
from pathway.analysis.draws import draws_from_ranges
from pathway.analysis.drive import branches_of_draws, drive_branch
from pathway.analysis.mistakes import AnalysisError
from pathway.analysis.pulse import minimal_pulse, pulse_course
from pathway.analysis.stable_state_search import search_stable_states
from pathway.analysis.switch import bistable_switch
from pathway.simulation import Intervention, simulate, steady_state


def test_no_second_state_in_draws_from_the_ranges(scenario, laboratory):
    rows = draws_from_ranges(laboratory, ("bt474_resistant",), scenario.file.parent, 20).of_line(
        "bt474_resistant", Path()
    )
    found = search_stable_states(laboratory, rows)
    assert found.members == 20 and found.bistable == () and 0.1 < found.upper_bound < 0.2


def beyond_the_plausible(laboratory):
    """Draws with the gains of the loop of miR-21, PDCD4 and AP-1 a thousand times too large: some then are switches."""
    rows = (
        draws_from_ranges(laboratory, ("bt474_resistant",), Path(), 60, seed=6)
        .of_line("bt474_resistant", Path())
        .copy()
    )
    gains = ("PDCD4_AP1_inhibition", "miR21_promoter_AP1", "faster_decay")
    rows[:, [laboratory.model.parameter_index(name) for name in gains]] *= 1000.0
    return rows


def test_a_second_state_is_found_where_there_is_one(laboratory):
    rows = beyond_the_plausible(laboratory)
    found = search_stable_states(laboratory, rows)
    assert found.bistable and found.loops["B2 PDCD4 on AP-1"] == len(found.bistable)
    place, pulses, folding = laboratory.model.parameter_index("miR21_extra_transcription"), [], 0
    for member in found.bistable:
        sensitive, *_, resistant = found.states[member]
        _, branch = drive_branch(laboratory, rows[member], sensitive)
        folds = sorted(point.value for point in branch.folds())
        # Two independent looks agree: the search finds two states where the branch lies before its fold, which may
        # come beyond the drives that are looked at.
        if folds:
            folding += 1
            assert folds[-1] > rows[member][place] and (len(folds) == 1 or folds[0] < rows[member][place])
        pulses.append(minimal_pulse(laboratory, rows[member], resistant, sensitive))
    assert folding > 1 and any(pulse is not None and 1.0 < pulse < 1000.0 for pulse in pulses)


def test_branches_of_draws_step_together_as_each_does_alone(laboratory, untreated):
    rows = draws_from_ranges(laboratory, ("bt474_resistant",), Path(), 3, seed=1).of_line("bt474_resistant", Path())
    states = untreated_steady_states(laboratory, rows)
    resting, _ = drive_branch(laboratory, untreated.parameters, untreated.state)
    found = branches_of_draws(resting, rows, states, ["PTEN"], 0.0, 10.0)
    assert found.members == 3 and not found.special
    place = laboratory.model.parameter_index("miR21_extra_transcription")
    for k, row in enumerate(rows):
        values = row.copy()
        values[place] = 10.0
        state = steady_state(laboratory.model, values, initial=states[k])
        run = simulate(laboratory.model, [0.0, 1e-6], parameters=values, initial=state)
        assert found.readings["PTEN"][k, -1] == pytest.approx(run["PTEN"][0], rel=1e-6)


def test_a_draw_with_folds_is_found_and_has_two_states_between_them(laboratory, untreated):
    row = beyond_the_plausible(laboratory)[26]
    model, place = laboratory.model, laboratory.model.parameter_index("miR21_extra_transcription")
    state = steady_state(model, row)
    resting, _ = drive_branch(laboratory, untreated.parameters, untreated.state)
    found = branches_of_draws(resting, row[None], state[None], ["PTEN"], 0.0, 10.0)
    assert found.having("fold") == [0] and found.members == 1
    (fold,) = (point.value for point in found.special[0])

    def pten(drive):
        """Active PTEN at a drive, come to from below and from above."""
        values, ends = row.copy(), []
        for before in (0.0, 10.0):
            values[place] = before
            start = steady_state(model, values, initial=state)
            values[place] = drive
            ends.append(steady_state(model, values, initial=start)[model.species_index("PTEN_active")])
        return ends

    below, above = pten(fold - 0.5)
    assert below > 1.1 * above
    assert pten(fold + 0.05)[0] == pytest.approx(pten(fold + 0.05)[1], rel=1e-4)


def test_the_answer_says_what_was_found(scenario, laboratory):
    draws = draws_from_ranges(laboratory, ("bt474_resistant",), scenario.file.parent, 4, seed=3)
    found = bistable_switch(scenario, laboratory, draws=draws)
    assert [c.label for c in found.conditions] == ["untreated", "with trastuzumab 68.7 nM"]
    said = found.text()
    assert "no fold and no Hopf point" in said and "0 of 4 parameter sets from the plausible ranges" in said
    content = found.to_dict()
    assert content["branches"][0]["over_draws"]["draws"] == 4 and content["pulse"]["restoring_dose"] > 1
    assert found.swept.gap("PTEN") < 1e-4 and len(found.rows()[1]) > 50
    with pytest.raises(AnalysisError, match="must rise"):
        bistable_switch(scenario, laboratory, low=3.0, high=1.0)
    with pytest.raises(AnalysisError, match="the range of k_PTEN"):
        bistable_switch(scenario, laboratory, against="k_PTEN")
    with pytest.raises(AnalysisError, match="Did you mean 'both'"):
        bistable_switch(scenario, laboratory, arm="botth")


def test_a_pulse_wears_off_and_the_restoring_dose_restores(laboratory, untreated):
    found = pulse_course(laboratory, untreated.parameters, untreated.state, doses=[5.0, 15.0, 20.0, 25.0, 50.0])
    assert (np.diff(found.lowest) < 0).all() and np.isfinite(found.back).all() and found.restoring is not None

    def after(dose, times):
        pulse = [Intervention(0.0, add={"antimiR_lipoplex": dose})]
        return simulate(
            laboratory.model, times, parameters=untreated.parameters, initial=untreated.state, interventions=pulse
        )

    assert np.max(after(found.restoring, np.linspace(0, 400, 801))["PTEN"]) == pytest.approx(1.0, abs=0.02)
    levels = after(50.0, [0.0, found.back[-1] - 10.0, found.back[-1] + 10.0])["miR21_free"]
    rest = after(0.0, [0.0, 1e-6])["miR21_free"][0]
    assert abs(levels[1] / rest - 1) > 0.05 > abs(levels[2] / rest - 1)
