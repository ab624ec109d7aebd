"""The commands of the analyses, as a user types them."""

import json
from pathlib import Path

import pytest

from pathway.cli import BAD_INPUT, DONE, main

PAIR = """
title = "Two agents in resistant SK-BR-3"
cells = "skbr3_resistant"
[time]
end = "72 h"
record_every = "12 h"
[dose.t]
agent = "trastuzumab"
amount = "10 ug/mL"
[dose.anti]
agent = "anti-miR-21 (transfected)"
amount = "50 nM"
at = "-24 h"
[growth_rate]
of = ["t"]
[[arm]]
name = "untreated"
[[arm]]
name = "alone"
doses = ["t"]
[[arm]]
name = "both"
doses = ["t", "anti"]
[show]
observables = ["pAKT"]
[analyze.synergy]
grid = "3x4"
[analyze.screen]
kinds = ["species"]
pairs = 3
[analyze.bifurcation]
draws = 0
readings = ["PTEN", "pAKT"]
[analyze.sensitivity]
base = 8
parameters = ["k_PTEN", "Km_PTEN"]
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("pair.toml").write_text(PAIR, encoding="utf-8")
    return tmp_path


def call(capsys, *arguments):
    code = main(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.parametrize(
    ("command", "keys"),
    [
        ("dose-response", {"doses", "arms", "units", "agent"}),
        ("synergy", {"doses", "units", "effect", "GR", "bliss", "hsa", "loewe", "zip", "undefined"}),
        ("screen", {"targets", "pairs", "baseline"}),
        ("sensitivity", {"parameters", "first", "total", "total_interval"}),
        ("bifurcation", {"branches", "conclusion", "hysteresis_gap"}),
        ("explain", {"links", "total", "text"}),
    ],
)
def test_json_is_one_object_and_the_folder_holds_everything(command, keys, here, capsys):
    code, out, _ = call(capsys, command, "pair.toml", "--json", "--out", "found")
    assert code == DONE
    content = json.loads(out)
    assert keys <= content.keys() and content["provenance"]["analysis"] == command.replace("-", "_")
    names = {path.suffix for path in Path("found").iterdir()}
    assert {".json", ".csv", ".png", ".svg", ".toml"} <= names
    record = json.loads(Path("found/provenance.json").read_text())
    assert record["options"] and record["inputs"]["pair.toml"]


def test_the_scenarios_options_hold_and_what_is_typed_wins(here, capsys):
    _, out, _ = call(capsys, "synergy", "pair.toml", "--json", "--out", "one")
    assert len(json.loads(out)["bliss"]) == 3 and len(json.loads(out)["bliss"][0]) == 4
    _, out, _ = call(capsys, "synergy", "pair.toml", "--grid", "2x2", "--json", "--out", "two")
    assert len(json.loads(out)["bliss"][0]) == 2
    _, out, _ = call(capsys, "synergy", "pair.toml", "--set", "analyze.synergy.scale=GR", "--json", "--out", "three")
    assert "GR value" in json.loads(out)["scale"]


def test_tables_are_printed_for_people(here, capsys):
    code, out, _ = call(capsys, "dose-response", "pair.toml", "--arms", "alone")
    assert code == DONE and "GR50 [ug/mL]" in out and "results/pair-dose_response" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("dose-response", "pair.toml", "--doses", "0 ug/mL"), "give at least one dose above zero"),
        (("dose-response", "pair.toml", "--readouts", "pATK"), "Did you mean 'pAKT'"),
        (("synergy", "pair.toml", "--grid", "8"), "written like 8x8"),
        (("synergy", "pair.toml", "--set", "analyze.synergy.gird=8x8"), "Did you mean 'grid'"),
        (("screen", "pair.toml", "--knock-down", "120 %"), "between 0 % and 100 %"),
        (("explain", "pair.toml", "--reference", "boht"), "Did you mean 'both'"),
        (("sensitivity", "pair.toml", "--method", "sobl"), "Did you mean 'sobol'"),
        (("bifurcation", "pair.toml", "--parameter", "miR21_extra_transcript"), "Did you mean"),
    ],
)
def test_bad_input_gets_one_line_and_exit_code_one(arguments, words, here, capsys):
    code, out, err = call(capsys, *arguments)
    assert code == BAD_INPUT and out == "" and words in err and "Traceback" not in err


def test_without_a_control_it_says_what_to_add(here, capsys):
    text = PAIR.replace('[growth_rate]\nof = ["t"]\n', "")
    Path("bare.toml").write_text(text, encoding="utf-8")
    for command in ("dose-response", "screen"):
        code, _, err = call(capsys, command, "bare.toml")
        assert code == BAD_INPUT and "[growth_rate]" in err
