"""What a loop contributes in each member, against the member run with and without it as a user would."""

import numpy as np
import pytest

from calibration.loops_off import contribution_rows, members_without
from pathway.scenario import built_in_laboratory, read_scenario
from pathway.scenario.members import run_members
from pathway.scenario.sampled_cell_lines import parameter_sets_of_ensemble
from tests.parameters.ensembles import drawn_ensemble


def test_a_loop_contributes_what_its_absence_takes_from_each_member():
    ensemble, laboratory = drawn_ensemble(3, seed=3, spread=0.2), built_in_laboratory()
    sets = parameter_sets_of_ensemble(laboratory.model, ensemble, np.full(3, 1 / 3))
    scenario = read_scenario("antimir21_resensitises_skbr3")
    usual = members_without(scenario, sets, {})
    without = members_without(scenario, sets, {"PI3K_beta_PTEN": 0.0})
    changed = read_scenario("antimir21_resensitises_skbr3", ["changes.PI3K_beta_PTEN=0 x"])
    runs = run_members(changed, laboratory, sets)
    expected = runs.arms["trastuzumab"].gr - runs.arms["parental"].gr
    assert without[0, runs.alive] == pytest.approx(expected, abs=1e-4)
    assert np.abs(usual - without).max() > 1e-3
    rows = contribution_rows(scenario, sets, {"p110beta": {"PI3K_beta_PTEN": 0.0}, "none": {}})
    assert [row[0] for row in rows] == ["nothing", "p110beta", "none"]
    assert rows[2][3].startswith("0 (") and rows[2][4] == "0%" and rows[2][1] == rows[0][1]
