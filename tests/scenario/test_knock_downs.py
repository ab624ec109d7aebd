"""Knock-downs of proteins that the circuit conserves: all forms fall at a moment, by what the scenario says."""

import pytest

import pathway
from pathway.scenario import ScenarioError, read_scenario

TEXT = """
title = "AKT falls"
cells = "hcc1954"
time = { end = "4 h", record_every = "1 h" }
show = { observables = ["pAKT"] }
arm = [{ name = "untreated" }, { name = "low", knock_down = { AKT = KNOCK_DOWN } }]
"""
FORMS = ["AKT", "AKT_T308", "AKT_S473", "AKT_T308_S473"]


def written(folder, knock_down):
    file = folder / "akt.toml"
    file.write_text(TEXT.replace("KNOCK_DOWN", knock_down))
    return file


def test_all_forms_fall_and_stay_as_low(tmp_path):
    result = pathway.run(written(tmp_path, '{ by = "60 %", at = "1 h" }'), ensemble=None)
    totals = {}
    for name in ("untreated", "low"):
        course = result.arms[name].trajectory
        totals[name] = sum(course[form] for form in FORMS)
    assert totals["untreated"] == pytest.approx([1.0] * 5, rel=1e-9)
    # At the moment itself the value after the change is recorded.
    assert totals["low"] == pytest.approx([1.0, 0.4, 0.4, 0.4, 0.4], rel=1e-9)


def test_a_lasting_knock_down_is_refused_with_what_to_write(tmp_path):
    with pytest.raises(ScenarioError, match=r'does not make AKT anew, so it falls at a moment; write \{ by = "60 %"'):
        read_scenario(written(tmp_path, '"60 %"'))
