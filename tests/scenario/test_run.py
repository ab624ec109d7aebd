"""Arms, doses, growth and knock-downs against formulas worked out by hand.

In the toy laboratory the drug stays in the medium, so cells grow at mu (1 - block d / (K + d)) exactly; a ligand given
at t0 is worth a exp(-k (t - t0)) afterwards; the protein rests where make (k_make + help p / (p + K)) = k_decay p.
"""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from pathway.errors import NumericalError
from pathway.scenario import read_scenario, run_scenario
from pathway.scenario.arms import ArmSetups, CellLineFormulas, arm_experiment
from pathway.scenario.growth import gr_value
from pathway.scenario.run import ScenarioRunError

from .toy import BLOCK, K_DRUG, MU, VALUES, toy_laboratory

HEAD = """
title = "t"
cells = "slow"
[time]
end = "72 h"
"""
DRUG = """
[dose.d]
agent = "drug"
amount = "10 nM"
[growth_rate]
of = ["d"]
"""


def run(tmp_path, text, settings=()):
    file = tmp_path / "toy.toml"
    file.write_text(HEAD + text, encoding="utf-8")
    return run_scenario(read_scenario(file, settings, toy_laboratory()), toy_laboratory())


def slowed(dose):
    """Share of the growth rate that is left."""
    return 1 - BLOCK * dose / (K_DRUG + dose)


def test_gr_and_percent_of_control_follow_the_closed_form(tmp_path):
    result = run(tmp_path, DRUG + '[[arm]]\nname = "none"\n[[arm]]\nname = "drug"\ndoses = ["d"]\n')
    drug, none = result.arms["drug"], result.arms["none"]
    assert_allclose(drug.growth.gr, 2 ** slowed(10.0) - 1, rtol=1e-5)
    assert_allclose(drug.growth.percent_of_control, 100 * math.exp(72 * MU * (slowed(10.0) - 1)), rtol=1e-5)
    assert_allclose(drug.fold, math.exp(72 * MU * slowed(10.0)), rtol=1e-5)
    assert none.growth is None and none.percent_of_untreated == 100.0
    after = drug.growth.course[1:]
    assert_allclose(after, 2 ** slowed(10.0) - 1, rtol=1e-4)
    assert math.isnan(drug.growth.course[0])


def test_gr_does_not_depend_on_the_line_or_on_what_both_arm_and_control_get(tmp_path):
    text = DRUG + (
        '[dose.before]\nagent = "drug"\namount = "5 nM"\nat = "-24 h"\n'
        '[[arm]]\nname = "slow"\ndoses = ["d"]\n'
        '[[arm]]\nname = "quick"\ncells = "quick"\ndoses = ["d"]\n'
        '[[arm]]\nname = "treated before"\ndoses = ["d", "before"]\n'
    )
    result = run(tmp_path, text)
    assert_allclose(result.arms["quick"].growth.gr, result.arms["slow"].growth.gr, rtol=1e-5)
    # 15 nM against a control with 5 nM: the control carries the other dose, and x0 is the count at time zero.
    assert_allclose(result.arms["treated before"].growth.gr, 2 ** (slowed(15.0) / slowed(5.0)) - 1, rtol=1e-5)
    assert result.arms["treated before"].growth.since == 0.0


def test_an_arm_may_name_its_own_control(tmp_path):
    text = DRUG + (
        '[dose.before]\nagent = "drug"\namount = "5 nM"\nat = "-24 h"\n[[arm]]\nname = "none"\n'
        '[[arm]]\nname = "before"\ndoses = ["before"]\ncontrol = "none"\n'
    )
    growth = run(tmp_path, text).arms["before"].growth
    assert growth.since == -24.0
    assert_allclose(growth.gr, 2 ** slowed(5.0) - 1, rtol=1e-5)


def test_repeated_doses_add_up_and_a_medium_change_removes_them(tmp_path):
    text = (
        '[dose.l]\nagent = "ligand"\namount = "2 x"\nat = "-12 h"\nevery = "24 h"\ntimes = 3\n'
        '[dose.wash]\nagent = "medium change"\nat = "36 h"\n'
        '[[arm]]\nname = "kept"\ndoses = ["l"]\n[[arm]]\nname = "washed"\ndoses = ["l", "wash"]\n'
        '[show]\nobservables = ["ligand"]\n'
    )
    result = run(tmp_path, text)
    times, k = result.times, VALUES["k_loss"]
    expected = sum(np.where(times >= t0, 2 * np.exp(-k * (times - t0)), 0) for t0 in (-12, 12, 36))
    assert_allclose(result.arms["kept"].courses["ligand"], expected, rtol=1e-4, atol=1e-6)
    # The wash and the third dose fall on the same moment: what is given with the new medium stays.
    fresh = np.where(times >= 36, 2 * np.exp(-k * (times - 36)), expected)
    assert_allclose(result.arms["washed"].courses["ligand"], fresh, rtol=1e-4, atol=1e-6)


def test_mass_concentrations_are_converted_with_the_molar_mass(tmp_path):
    # 1.5 ug/mL of 150 kDa is 10 nM.
    text = (
        DRUG.replace("10 nM", "1.5 ug/mL") + '[[arm]]\nname = "drug"\ndoses = ["d"]\n[show]\nobservables = ["drug"]\n'
    )
    assert_allclose(run(tmp_path, text).arms["drug"].courses["drug"][-1], 10.0, rtol=1e-9)


def rest(make):
    """Larger root of k_decay p^2 + (k_decay K - make k_make - make help) p - make k_make K = 0."""
    a = VALUES["k_decay"]
    b = a * K_DRUG - make * (VALUES["k_make"] + VALUES["help"])
    c = -make * VALUES["k_make"] * K_DRUG
    return (-b + math.sqrt(b * b - 4 * a * c)) / (2 * a)


def test_a_stable_knock_down_lowers_the_untreated_level_by_what_the_bench_measured(tmp_path):
    text = (
        '[[arm]]\nname = "normal"\n[[arm]]\nname = "low"\nknock_down = { protein = "80 %" }\n'
        '[show]\nobservables = ["protein"]\n'
    )
    result = run(tmp_path, text)
    assert_allclose(result.arms["normal"].courses["protein"], rest(1.0), rtol=1e-5)
    low = result.arms["low"]
    assert_allclose(low.courses["protein"], 0.2 * rest(1.0), rtol=1e-5)
    # The protein helps its own synthesis, so the synthesis had to fall by less than the level.
    factor = low.parameters[low.model.parameter_index("make_factor")]
    assert_allclose(rest(factor), 0.2 * rest(1.0), rtol=1e-5)
    assert factor > 0.2


def test_a_transient_knock_down_acts_from_its_moment(tmp_path):
    text = (
        '[[arm]]\nname = "low"\nknock_down = { protein = { by = "80 %", at = "24 h" } }\n'
        '[show]\nobservables = ["protein"]\n'
    )
    course = run(tmp_path, text, ["time.end=400 h"]).arms["low"]
    before = course.times <= 24
    assert_allclose(course.courses["protein"][before], rest(1.0), rtol=1e-5)
    assert_allclose(course.courses["protein"][-1], rest(0.2), rtol=1e-4)


def test_changes_are_multiples_of_the_line_or_values_and_may_come_at_a_moment(tmp_path):
    text = (
        '[[arm]]\nname = "half"\nchanges = { mu = "0.5 x" }\n[[arm]]\nname = "value"\nchanges = { mu = "0.24 1/d" }\n'
        '[[arm]]\nname = "later"\nchanges = { mu = { to = "0 x", at = "36 h" } }\n'
    )
    result = run(tmp_path, text)
    assert_allclose(result.arms["half"].fold, math.exp(72 * MU / 2), rtol=1e-5)
    assert_allclose(result.arms["value"].fold, math.exp(72 * 0.01), rtol=1e-5)
    assert_allclose(result.arms["later"].fold, math.exp(36 * MU), rtol=1e-5)


def test_a_knock_down_that_cannot_be_reached_says_so(tmp_path):
    laboratory = toy_laboratory()
    from dataclasses import replace

    from pathway.scenario.laboratory import KnockDown

    # Growth does not depend on the protein: no synthesis can lower it.
    stuck = replace(laboratory, knock_downs={"protein": KnockDown("make_factor", "growth_rate")})
    file = tmp_path / "toy.toml"
    file.write_text(HEAD + '[[arm]]\nname = "low"\nknock_down = { protein = "80 %" }\n', encoding="utf-8")
    with pytest.raises(ScenarioRunError, match="arm 'low': protein cannot be lowered by 80%"):
        run_scenario(read_scenario(file, (), stuck), stuck)


def test_growth_is_undefined_where_the_control_does_not_grow(tmp_path):
    result = run(tmp_path, DRUG + '[[arm]]\nname = "drug"\ndoses = ["d"]\n', ["mu=0 x"])
    assert math.isnan(result.arms["drug"].growth.gr)
    assert result.to_dict()["arms"]["drug"]["GR"] is None


@pytest.mark.parametrize("grown", ["", DRUG])
def test_more_cells_than_a_number_can_hold_are_refused_by_arm_and_time(tmp_path, grown):
    """exp(0.02 t) passes the largest double after 35489.1 h: the first record beyond is named."""
    text = grown + '[[arm]]\nname = "control"\n' + ('[[arm]]\nname = "drugged"\ndoses = ["d"]\n' if grown else "")
    span = ("time.end=40000 h", "time.record_every=100 h")
    with pytest.raises(
        ScenarioRunError, match=r"arm 'control': cell_number: at 35500 h there are more cells than .*1.8e308"
    ):
        run(tmp_path, text, span)
    held = run(tmp_path, text, ("time.end=35400 h", "time.record_every=100 h"))
    assert held.arms["control"].count[-1] == pytest.approx(math.exp(0.02 * 35400), rel=1e-4)
    with pytest.raises(NumericalError, match="more cells than a number can hold"):
        gr_value(np.array([1.0, 2.0]), np.array([3.0, math.inf]), 1.0)


def test_gr_counts_doublings_of_arm_and_control_each_from_its_own_start():
    """Three and one doublings; from the arm's start the control's would be two."""
    found = gr_value(np.array([16.0]), np.array([8.0]), np.array([2.0]), np.array([4.0]))
    assert found == pytest.approx(2.0**3 - 1.0)
    assert gr_value(np.array([16.0]), np.array([8.0]), np.array([2.0])) == pytest.approx(2.0**1.5 - 1.0)


def test_gr_of_an_arm_whose_control_has_grown_otherwise_before(tmp_path):
    text = DRUG + (
        '[dose.before]\nagent = "drug"\namount = "5 nM"\nat = "-24 h"\n'
        '[[arm]]\nname = "slowed before"\ndoses = ["before"]\n'
        '[[arm]]\nname = "drug"\ndoses = ["d"]\ncontrol = "slowed before"\n'
    )
    growth = run(tmp_path, text).arms["drug"].growth
    assert_allclose(growth.gr, 2 ** (slowed(10.0) / slowed(5.0)) - 1, rtol=1e-5)


def test_a_change_holds_from_its_very_moment(tmp_path):
    """What is read at the moment of a change is read with the new value, just before with the old one."""
    text = '[[arm]]\nname = "later"\nchanges = { mu = { to = "3 x", at = "36 h" } }\n'
    text += '[show]\nobservables = ["growth_rate"]\n'
    arm = run(tmp_path, text, ("time.record_every=12 h",)).arms["later"]
    expected = np.where(arm.times < 36.0, MU, 3 * MU)
    assert 36.0 in arm.times
    assert_allclose(arm.courses["growth_rate"], expected, rtol=1e-12)


def test_the_tidy_table_has_growth_and_the_timeline_what_changes_later(tmp_path):
    text = DRUG + (
        '[[arm]]\nname = "none"\nchanges = { mu = { to = "1 x", at = "36 h" } }\n'
        '[[arm]]\nname = "drug"\ndoses = ["d"]\n'
    )
    result = run(tmp_path, text)
    header, rows = result.columns()
    assert header[-3:] == ["cell_number [1]", "GR [1]", "GR instantaneous [1]"]
    assert all(len(row) == len(header) for row in rows)
    end = {row[0]: row for row in rows if row[1] == 72.0}
    assert_allclose(end["drug"][-3:], [math.exp(72 * MU * slowed(10.0)), *[2 ** slowed(10.0) - 1] * 2], rtol=1e-4)
    assert math.isnan(end["none"][-1]) and math.isnan(end["none"][-2])
    assert [(h.time, h.text) for h in result.arms["none"].timeline_entries] == [(36.0, "mu to 1 x")]
    assert [h.time for h in result.arms["drug"].timeline_entries] == [0.0]


def test_the_table_of_a_result_has_units_and_one_row_for_each_arm_and_time(tmp_path):
    expect = (
        '[[expect]]\nclaim = "e"\nrole = "sanity"\nquantity = "cell_number"\narm = "drug"\nat = "72 h"\nabove = {}\n'
    )
    text = DRUG + '[show]\nobservables = ["twice"]\n[[arm]]\nname = "none"\n[[arm]]\nname = "drug"\ndoses = ["d"]\n'
    fold = math.exp(72 * MU * slowed(10.0))
    result = run(tmp_path, text + expect.format(0.9 * fold) + expect.format(0.8 * fold).replace('"e"', '"f"'))
    table = result.to_dataframe()
    assert list(table.columns) == [
        *("arm", "time [h]", "twice [nM]"),
        *("cell number fold [1]", "GR [1]", "GR instantaneous [1]"),
    ]
    assert list(table["arm"]) == ["none"] * len(result.times) + ["drug"] * len(result.times)
    last = table.iloc[-1]
    assert last["time [h]"] == 72.0 and last["cell number fold [1]"] == pytest.approx(fold, rel=1e-5)
    assert (
        last["twice [nM]"] == pytest.approx(2 * result.arms["drug"].courses["protein"][-1])
        if ("protein" in result.arms["drug"].courses)
        else last["twice [nM]"] > 0.0
    )
    assert table["GR [1]"][: len(result.times)].isna().all()
    assert result.all_met
    assert not run(tmp_path, text + expect.format(0.9 * fold) + expect.format(1.1 * fold).replace('"e"', '"f"')).all_met


def test_a_second_multiple_of_what_anchors_give_is_refused():
    """The first is a multiple of what is found anew, the second would be one of the first."""
    line = CellLineFormulas({}, anchors=(SimpleNamespace(parameter="k_make"),))
    change = SimpleNamespace(name="k_make", written="2 x")
    with pytest.raises(ScenarioRunError, match="arm 'a': 'k_make' is changed twice, and '2 x' of what an anchor gives"):
        arm_experiment(
            SimpleNamespace(name="a", changes={"k_make": "0.5 x"}, timed_changes=[change]), None, None, line, {}
        )


def test_the_protein_that_stays_furthest_from_its_knock_down_is_named(monkeypatch):
    """The one should fall to 0.2 and falls to 0.5, the other to 0.1, and does."""
    levels = {"one": 4.0, "other": 8.0}
    monkeypatch.setattr(
        "pathway.scenario.arms.preequilibrated_state", lambda *_: SimpleNamespace(parameters=1, state=1)
    )
    monkeypatch.setattr("pathway.scenario.arms.Experiment", lambda *_: None)
    monkeypatch.setattr(
        "pathway.scenario.arms.value_at_rest",
        lambda _, name, parameters, __: levels[name] * (1.0 if parameters == 1 else {"one": 0.5, "other": 0.1}[name]),
    )
    laboratory = SimpleNamespace(knock_downs={name: SimpleNamespace(observable=name) for name in levels})
    setups = SimpleNamespace(model=None, laboratory=laboratory)
    for order in (("one", "other"), ("other", "one")):
        arm = SimpleNamespace(name="a", knock_downs={name: {"one": 0.8, "other": 0.9}[name] for name in order})
        said = ArmSetups._not_lowered(setups, arm, SimpleNamespace(preequilibration=[0]), SimpleNamespace(best=(2, 2)))
        assert said.startswith("one cannot be lowered by 80%") and "still 50.0% of normal" in said
    levels["one"] = 0.0
    said = ArmSetups._not_lowered(setups, arm, SimpleNamespace(preequilibration=[0]), SimpleNamespace(best=(2, 2)))
    assert said == "one cannot be lowered; its untreated level is 0"
