"""Agents by trade and code names, cell lines however they are spelled, numbers with a decimal comma."""

import pytest

import pathway
from pathway import parameters
from pathway.errors import UnknownNameError
from pathway.parameters import name_as_known, other_agent_names
from pathway.parameters.names import spelling
from pathway.scenario import built_in_laboratory, read_scenario
from pathway.scenario.mistakes import ScenarioError
from pathway.units import UnitError, parse_quantity

SCENARIO = """
title = "As a lab writes it"
cells = "{cells}"
[time]
end = "72 h"
[dose.drug]
agent = "{agent}"
amount = "{amount}"
at = "0 h"
[growth_rate]
of = ["{agent}"]
[[arm]]
name = "untreated"
[[arm]]
name = "treated"
cells = "{cells}"
doses = ["drug"]
"""


@pytest.mark.parametrize("agent", ["trastuzumab", "Trastuzumab", "Herceptin", "HERCEPTIN", "rhuMAb-HER2"])
@pytest.mark.parametrize("cells", ["bt474", "BT474", "BT-474", "bt-474"])
def test_a_scenario_may_use_the_names_of_the_laboratory(agent, cells, tmp_path):
    file = tmp_path / "own.toml"
    file.write_text(SCENARIO.format(agent=agent, cells=cells, amount="0,5 ug/mL"), encoding="utf-8")
    scenario = read_scenario(file)
    assert {arm.cells for arm in scenario.arms} == {"bt474"}
    assert (scenario.doses["drug"].agent, scenario.growth_of) == ("trastuzumab", ("trastuzumab",))
    plain = tmp_path / "plain.toml"
    plain.write_text(SCENARIO.format(agent="trastuzumab", cells="bt474", amount="0.5 ug/mL"), encoding="utf-8")
    assert scenario.doses["drug"].amount == read_scenario(plain).doses["drug"].amount


def test_lists_and_models_go_by_the_same_names():
    assert pathway.cells()["SK-BR-3"]["name"] == "skbr3"
    assert pathway.agents()["BYL-719"]["name"] == "alpelisib"
    assert pathway.load("MDA-MB-453").name == "mda_mb_453"


def test_the_list_that_messages_name_has_all_that_can_be_shown():
    assert set(pathway.observables()) == set(built_in_laboratory().units)


def test_other_names_are_of_agents_there_are_and_of_one_each():
    others = other_agent_names()
    assert others.keys() <= parameters.agents().keys()
    every = [spelling(name) for agent, names in others.items() for name in (agent, *names)]
    assert len(every) == len(set(every))
    tables = parameters.read_toml(parameters.HERE / "names.toml").tables.values()
    assert all(table["source"] and table["read"] in ("read", "abstract", "recalled") for table in tables)


def test_a_trade_name_that_is_spelled_wrong_is_told_with_its_agent(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(SCENARIO.format(cells="bt474", agent="Hercepton", amount="1 nM"))
    with pytest.raises(ScenarioError, match=r"'Hercepton'\. Did you mean 'Herceptin' \(trastuzumab\)\? All agents: "):
        read_scenario(file)
    with pytest.raises(UnknownNameError, match=r"Did you mean 'Tykerb' \(lapatinib\)"):
        pathway.agents()["Tykerp"]


def test_another_substance_is_no_other_name():
    """A conjugate carries a poison that the model does not know."""
    assert name_as_known("Kadcyla", parameters.agents(), other_agent_names()) == "Kadcyla"
    assert name_as_known("", parameters.agents(), other_agent_names()) == ""


@pytest.mark.parametrize(
    ("text", "value"), [("0,5 ug/mL", 0.5), ("-48,5 h", -48.5), ("1,25 nM", 1.25), ("0,125 uM", 0.125), (",5 nM", 0.5)]
)
def test_a_comma_is_a_decimal_point_where_it_can_be_nothing_else(text, value):
    assert parse_quantity(text)[0] == value


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("1,000 nM", "write '1.000 nM' or '1000 nM'"),
        ("123,456 h", "write '123.456 h' or '123456 h'"),
        ("1,000.5 nM", "without commas between thousands"),
    ],
)
def test_a_comma_that_may_stand_between_thousands_is_explained(text, fix):
    with pytest.raises(UnitError, match=fix):
        parse_quantity(text)
