"""Plans as a user asks for them: doses, harvests, controls, transfection, and what is refused in one line."""

import json
import time

import numpy as np
import pytest

import pathway
from pathway.cli import BAD_INPUT, DONE, main
from pathway.errors import InputError
from pathway.parameters import parameter_ensemble
from pathway.planning.assays import built_in_assays, select_assays
from pathway.planning.plan import PlanRequest
from pathway.planning.questions import ON_COUNTS, expectation_questions
from pathway.planning.transfection import TRANSFECTED
from pathway.scenario import built_in_laboratory, read_scenario

MAIN = "antimir21_resensitises"
MEMBERS = str(parameter_ensemble.SHIPPED)
PAIR = {"compare": "both vs trastuzumab", "quantity": "pAKT"}


def plan_of(scenario=MAIN, **given):
    return pathway.plan(scenario, **{"ensemble": MEMBERS, **given})


@pytest.fixture(scope="module")
def plan():
    return plan_of(members=20)


def test_every_number_of_an_assay_says_where_it_is_from():
    readable = built_in_laboratory().units.keys() | {*ON_COUNTS, "cell_number_fold"}
    for assay in built_in_assays().values():
        assert set(assay.measures) <= readable
        for number in (assay.noise, assay.range, assay.price):
            assert number.unit and number.source and number.note


def test_transfected_agents_are_the_circuits_own():
    species = {agent.species for agent in built_in_laboratory().agents.values()}
    assert set(TRANSFECTED) <= species


def test_expectations_become_questions_or_say_why_not():
    scenario = read_scenario(MAIN)
    questions, skipped = expectation_questions(scenario, select_assays(()))
    assert len(questions) + len(skipped) == len(scenario.expectations)
    by_name = {q.name: q for q in questions}
    assert by_name["V4"].equivalence and (by_name["V4"].low, by_name["V4"].high) == (-0.15, 0.15)
    assert not by_name["V3"].equivalence and by_name["V3"].low == 0.0 and by_name["V3"].size == 0.2
    assert by_name["V5"].high == 0.0 and by_name["V5"].size == pytest.approx(-0.02)
    fold = next(q for q in questions if q.quantity == "PTEN")
    assert fold.high == 0.0 and fold.size == pytest.approx(np.log(0.70))
    assert any("which no bench can" in why for _, why in skipped)


def test_more_replicates_find_more_and_the_cheapest_reaches_what_it_promises(plan):
    for question in plan.result.questions:
        design = question.as_written
        powers = [design.power_with(n) for n in (2, 3, 6, 12, 30)]
        assert (np.diff(powers) > -1e-9).all()
        assert question.best.power >= design.power - 5e-4
        if question.cheapest:
            assert question.cheapest.power_with(question.cheapest.needed) >= 0.8
            assert all(other.price >= question.cheapest.price for other in question.designs)
        low, high = design.region
        assert low < high


def test_doses_above_the_highest_on_record_are_left_out():
    found = plan_of(members=4, doses=[1.0, 4.0, 5.0], **PAIR).result
    levels = {(d.level.dose, d.level.factor) for d in found.questions[0].designs}
    assert ("anti_mir21", 4.0) in levels and ("anti_mir21", 5.0) not in levels and ("trastuzumab", 5.0) in levels


def test_missing_controls_are_named_and_those_that_are_there_are_not(plan):
    told = "; ".join(plan.result.controls)
    assert "IgG in place of trastuzumab" in told and "empty plasmid in place of plasmid" in told
    found = plan_of(members=4, doses=[1.0], at="48 h", **PAIR).result
    assert not any("scramble" in control for control in found.controls)  # 'scramble + trastuzumab' is an arm


def test_cells_that_took_nothing_up_dilute_the_effect():
    kinds = {"members": 12, "doses": [1.0], "at": "48 h", **PAIR}
    whole, half, tenth = (plan_of(uptake=u, **kinds).result for u in (1.0, 0.5, 0.1))
    effects = [np.abs(f.questions[0].as_written.contrast.value) for f in (whole, half, tenth)]
    assert (effects[1] < effects[0]).all() and (effects[2] < effects[1]).all()


def test_a_knock_down_that_was_measured_holds_in_every_dish():
    found = plan_of(
        members=12, doses=[1.0], at="-24 h", compare="anti-miR-21 vs untreated", quantity="miR21_free",
        assays="qpcr", uptake=0.7, knock_down=0.4,
    ).result  # fmt: skip
    left = np.exp(found.questions[0].as_written.contrast.value)
    beyond = int(found.remark.split()[0]) if found.remark else 0
    assert np.isclose(left, 0.6, atol=1e-3).sum() == len(left) - beyond and (left > 0.6 - 1e-3).all()


SILENCED = """
title = "Silenced"
cells = "skbr3"
time = {{ end = "48 h", record_every = "1 h" }}
dose.own = {{ agent = "{agent}", amount = "{amount}" }}
[[arm]]
name = "untreated"
[[arm]]
name = "silenced"
doses = ["own"]
"""


def silenced(folder, agent, amount):
    (folder / "silenced.toml").write_text(SILENCED.format(agent=agent, amount=amount), encoding="utf-8")
    return folder / "silenced.toml"


def test_a_knock_down_by_an_sirna_sets_what_cells_take_up_of_it(tmp_path):
    found = plan_of(
        silenced(tmp_path, "siRNA HER3", "50 nM"), members=12, doses=[1.0], at="24 h",
        compare="silenced vs untreated", quantity="HER3_mRNA", assays="qpcr", uptake=0.8, knock_down=0.5,
    )  # fmt: skip
    left = np.exp(found.result.questions[0].as_written.contrast.value)
    assert left == pytest.approx(0.5, abs=1e-3) and not found.result.remark
    assert any("ERBB3 transcript falls by 50%" in sentence for sentence in found.sentences)


@pytest.mark.parametrize(
    "agent, amount", [("PTEN plasmid", "1 ug/mL"), ("siRNA PDCD4", "50 nM"), ("trastuzumab", "10 ug/mL")]
)
def test_a_knock_down_of_anything_else_is_refused_by_name(tmp_path, agent, amount):
    asked = {"compare": "silenced vs untreated", "quantity": "PTEN", "knock_down": 0.5, "uptake": 0.9}
    with pytest.raises(InputError) as error:
        plan_of(silenced(tmp_path, agent, amount), members=4, **asked)
    words = "no dose is a transfected anti-miR-21" if agent == "trastuzumab" else f"{agent} is not set by one: only"
    assert words in str(error.value) and "\n" not in str(error.value)


def test_own_replicates_take_the_place_of_the_table():
    found = plan_of(members=4, own_replicates={"blot": [1.0, 2.0, 4.0]}, assays="blot", at="48 h", **PAIR)
    (assay,) = found.result.assays_used
    assert assay.noise.value == pytest.approx(np.log(2.0)) and assay.noise.confidence == "measured"
    assert "blot 0.69 (measured)" in found.sentences[-1]


def test_an_own_line_is_planned_in_its_own_cells(tmp_path, capsys):
    line = tmp_path / "my_line.toml"
    assert main(["new", str(line), "--cells", "skbr3_resistant"]) == DONE
    own = plan_of(cells=line, members=4, doses=[1.0], at="48 h", **PAIR).result
    other = plan_of(members=4, doses=[1.0], at="48 h", **PAIR).result
    assert own.scenario.arm("both").cells.endswith("my_line.toml")
    assert not np.allclose(own.questions[0].as_written.contrast.value, other.questions[0].as_written.contrast.value)


@pytest.mark.parametrize(
    "given, words",
    [
        ({**PAIR, "quantity": "pAKTT"}, "no assay measures 'pAKTT'. Did you mean 'pAKT'"),
        ({**PAIR, "quantity": "GR", "assays": "elisa"}, "'GR' is not measured by elisa; count would"),
        ({"at": "-60 h", **PAIR}, "harvest at -60 h: 'both' gets its first dose"),
        ({"at": "400 h", **PAIR}, "the experiment ends at 120 h"),
        ({"at": "48", **PAIR}, "at: '48' has no unit"),
        ({"replicates": 0}, "replicates: 0, expected 2 to 30"),
        ({"compare": "both", "quantity": "GR"}, "'both' is no pair of arms"),
        ({"compare": "bot vs trastuzumab", "quantity": "GR"}, "no arm is called 'bot'. Did you mean 'both'"),
        ({"compare": "both vs parental untreated", "quantity": "GR"}, "'parental untreated' has no GR"),
        ({"compare": "both vs trastuzumab"}, "what is measured?"),
        ({"assays": "blott"}, "no assay is called 'blott'. Did you mean 'blot'"),
        ({"uptake": 1.5}, "uptake: 1.5"),
        ({"uptake": 0.5, "knock_down": 0.6}, "knock-down: 0.6"),
        ({"own_replicates": {"blot": [1.0]}}, "1 replicates, expected at least 3"),
        ({"ensemble": "none"}, "a plan needs an ensemble"),
        ({"doses": [0.0]}, "expected factors above 0"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(given, words):
    with pytest.raises(InputError) as error:
        plan_of(members=4, **given)
    assert words in str(error.value) and "\n" not in str(error.value)


def test_the_command_leaves_a_page_and_prints_numbers(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["plan", MAIN, "--ensemble", MEMBERS, "--members", "4", "--assay", "blot"]
    words += ["--compare", "both vs trastuzumab", "--quantity", "PTEN"]
    assert main([*words, "--at", "48 h", "--uptake", "70 %", "--json"]) == DONE
    out, err = capsys.readouterr()
    numbers = json.loads(out)
    (question,) = numbers["questions"]
    assert err == "" and question["as_written"]["assay"] == "blot" and numbers["transfection"]["uptake"] == 0.7
    folder = tmp_path / "results" / f"{MAIN}_plan"
    assert {"report.html", "plan.json", "designs.csv", "figure.svg", "provenance.json"} <= {
        path.name for path in folder.iterdir()
    }
    assert "assumed" not in (folder / "plan.csv").read_text() and "inferred" in (folder / "assays.csv").read_text()
    assert main([*words, "--at", "-90 h"]) == BAD_INPUT
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_folder_that_is_taken_is_refused_before_any_member_is_run(tmp_path, capsys, monkeypatch):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine.txt").write_text("mine")
    monkeypatch.setattr("pathway.api.plan.make_plan", lambda *_: pytest.fail("members were run"))
    assert main(["plan", MAIN, "--ensemble", MEMBERS, "--members", "4", "--out", str(tmp_path / "taken")]) == BAD_INPUT
    assert "this folder holds something else than a plan" in capsys.readouterr().err


@pytest.mark.slow
def test_a_plan_of_the_main_experiment_takes_less_than_a_minute():
    begun = time.process_time()
    made = plan_of()
    assert made.result.members >= 150 and time.process_time() - begun < 60.0
    assert PlanRequest().replicates == 3


def test_the_figure_has_a_panel_for_each_question(plan):
    assert len(pathway.plot(plan).axes) == len(plan.result.questions)


def test_a_question_of_ones_own_is_called_by_its_arms_alone():
    found = plan_of(members=4, doses=[1.0], at="48 h", assays="blot", **PAIR)
    assert found.sentences[1].startswith("pAKT of 'both' against 'trastuzumab' at 48 h, by blot is found")
    assert plan_of(members=4, doses=[1.0]).sentences[1].startswith("V1: miR21 of 'untreated'")
