"""The commands of the analyses, as a user types them."""

import json
from pathlib import Path

import pytest

from pathway.cli import BAD_INPUT, DONE, NOT_MET, main

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
[analyze.single-cells]
cells = 20
titration = [1, 1000]
[analyze.sensitivity]
base = 8
trajectories = 4
levels = ["pAKT"]
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
        ("single-cells", {"arms", "titration", "conclusion"}),
    ],
)
def test_json_is_one_object_and_the_folder_holds_everything(command, keys, here, capsys):
    code, out, _ = call(capsys, command, "pair.toml", "--json", "--out", "found")
    assert code == DONE
    content = json.loads(out)
    assert keys <= content.keys() and content["provenance"]["analysis"] == command.replace("-", "_")
    names = {path.suffix for path in Path("found").iterdir()}
    assert {".json", ".csv", ".png", ".svg"} <= names and Path("found/inputs/pair.toml").is_file()
    record = json.loads(Path("found/provenance.json").read_text())
    assert record["options"] and record["inputs"]["pair.toml"]


@pytest.mark.parametrize(
    ("method", "key"), [("morris", "mean_absolute"), ("control", "coefficients"), ("time", "relative_sensitivities")]
)
def test_every_method_of_sensitivity(method, key, here, capsys):
    code, out, _ = call(capsys, "sensitivity", "pair.toml", "--method", method, "--json", "--out", "found")
    assert code == DONE and key in json.loads(out)


DRAWS = "k_PTEN,scale_pAKT\n" + "".join(f"{80 + 10 * k},1\n" for k in range(6))


@pytest.mark.parametrize(
    ("command", "interval"),
    [
        (("dose-response", "--arms", "alone"), lambda c: c["arms"]["alone"]["intervals"]["gr_inf"].values()),
        (("synergy",), lambda c: c["intervals"]["bliss"]),
        (("screen", "--only", "PTEN_mRNA,p27"), lambda c: (c["targets"][0][f"change_{e}"] for e in ("low", "high"))),
        (("sensitivity", "--method", "control"), lambda c: (c[end][0][0] for end in ("low", "high"))),
        (("sensitivity", "--base", "16"), lambda c: c["total_interval"]),
        (("explain",), lambda c: (c["links"][0][end] for end in ("low", "high"))),
        (("single-cells", "--cells", "20"), lambda c: c["arms"]["alone"]["intervals"]["spread of PTEN"].values()),
        (("single-cells", "--cells", "20", "--titration", "1, 300, 30000"), lambda c: c["threshold"].values()),
        (("sensitivity", "--method", "time"), lambda c: (c[e]["pAKT"][-1][0] for e in ("low", "high", "median"))),
        (("bifurcation", "--draws", "6"), lambda c: c["branches"][0]["over_draws"]["readings"]["PTEN"]["low"]),
    ],
)
def test_draws_of_a_fit_give_every_analysis_intervals(command, interval, here, capsys):
    Path("fit").mkdir()
    Path("fit/draws.csv").write_text(DRAWS, encoding="utf-8")
    name, *options = command
    code, out, err = call(
        capsys, name, "pair.toml", *options, "--ensemble", "posterior", "--posterior", "fit", "--json", "--out", "found"
    )
    assert code == DONE and "left out: scale_pAKT" in err
    content = json.loads(out)
    assert all(isinstance(value, float) for value in interval(content))


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
        (("explain", "pair.toml", "--color", "flx"), "Did you mean 'flux'"),
        (("sensitivity", "pair.toml", "--method", "sobl"), "Did you mean 'sobol'"),
        (("single-cells", "pair.toml", "--arms", "alon"), "Did you mean 'alone'"),
        (("single-cells", "pair.toml", "--titration", "1, x"), "numbers separated by commas"),
        (("synergy", "pair.toml", "--ensemble", "posterior"), "pathway sample"),
        (("synergy", "pair.toml", "--ensemble", "rangs"), "Did you mean 'ranges'"),
        (("bifurcation", "pair.toml", "--parameter", "miR21_extra_transcript"), "Did you mean"),
    ],
)
def test_bad_input_gets_one_line_and_exit_code_one(arguments, words, here, capsys):
    code, out, err = call(capsys, *arguments)
    assert code == BAD_INPUT and out == "" and words in err and "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("bifurcation", "pair.toml", "--low", "3", "--high", "1"), "must rise"),
        (("bifurcation", "pair.toml", "--readings", "pATK"), "Did you mean 'pAKT'"),
        (("bifurcation", "pair.toml", "--arm", "alon"), "Did you mean 'alone'"),
        (("explain", "pair.toml", "--reading", "pATK"), "Did you mean 'pAKT'"),
        (("single-cells", "pair.toml", "--cells", "1"), "at least 2 cells"),
        (("synergy", "pair.toml", "--scale", "GRR"), "Did you mean 'GR'"),
        (("sensitivity", "pair.toml", "--method", "control", "--levels", "pATK"), "Did you mean 'pAKT'"),
    ],
)
def test_a_question_is_checked_before_parameters_are_drawn(arguments, words, here, capsys, monkeypatch):
    def drawn(*_):
        pytest.fail("drew parameters for a question that cannot be asked")

    monkeypatch.setattr("pathway.scenario.sampled_cell_lines.SampledCellLines.line", drawn)
    code, _, err = call(capsys, *arguments, "--ensemble", "ranges")
    assert code == BAD_INPUT and words in err


def test_without_a_control_it_says_what_to_add(here, capsys):
    text = PAIR.replace('[growth_rate]\nof = ["t"]\n', "")
    Path("bare.toml").write_text(text, encoding="utf-8")
    for command in ("dose-response", "screen"):
        code, _, err = call(capsys, command, "bare.toml")
        assert code == BAD_INPUT and "[growth_rate]" in err


def test_an_analysis_is_repeated_from_its_folder(here, capsys):
    call(capsys, "synergy", "pair.toml", "--grid", "2x3", "--out", "found")
    code, out, _ = call(capsys, "replay", "found")
    assert code == DONE and out.strip() == "identical"
    file = Path("found/synergy.json")
    content = json.loads(file.read_text(encoding="utf-8"))
    content["effect"][1][1] += 1e-3
    file.write_text(json.dumps(content), encoding="utf-8")
    code, out, _ = call(capsys, "replay", "found")
    assert code == NOT_MET and out.startswith("differs; first: effect[1][1]")
    file.unlink()
    code, _, err = call(capsys, "replay", "found")
    assert code == BAD_INPUT and "no analysis to repeat" in err


def test_check_reads_the_options_of_analyses_too(here, capsys):
    Path("bad.toml").write_text(PAIR.replace('grid = "3x4"', 'gird = "3x4"'), encoding="utf-8")
    code, _, err = call(capsys, "check", "bad.toml")
    assert code == BAD_INPUT and "[analyze.synergy]" in err and "Did you mean 'grid'" in err
