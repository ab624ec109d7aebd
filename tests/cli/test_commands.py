"""Every command, as a user types it: what it prints, where, and its exit code."""

import csv
import json
import math
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pathway.cli import BAD_INPUT, DONE, NOT_MET, NUMERICAL_FAILURE, main
from pathway.scenario.ensemble_result import INTERVALS

COMMANDS = (
    "run",
    "plan",
    "cohort",
    "check",
    "new",
    "explore",
    "compare",
    "replay",
    "verify",
    "validate",
    "show",
    "export",
    "cite",
    "dose-response",
    "synergy",
    "screen",
    "sensitivity",
    "bifurcation",
    "single-cells",
    "explain",
    "fit",
    "profile",
    "sample",
    "predict",
    "design",
    "compare-fits",
    "plot",
    "teach",
)

SMALL = """
title = "Trastuzumab in SK-BR-3"
source = "Gong2011"
cells = "skbr3"
[time]
end = "24 h"
record_every = "6 h"
[dose.t]
agent = "trastuzumab"
amount = "10 ug/mL"
[growth_rate]
of = ["t"]
[[arm]]
name = "untreated"
[[arm]]
name = "trastuzumab"
doses = ["t"]
[show]
observables = ["PTEN", "cell_number"]
[[expect]]
finding = "V0"
claim = "It slows growth"
role = "sanity"
quantity = "GR"
arm = "trastuzumab"
below = 0.95
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("small.toml").write_text(SMALL, encoding="utf-8")
    return tmp_path


def call(capsys, *arguments):
    code = main(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


def program(*arguments, **environment):
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "pathway", *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment},
    )


def test_help_lists_every_command(capsys):
    code, out, _ = call(capsys, "--help")
    assert code == DONE
    for name in COMMANDS:
        assert re.search(rf"\b{name}\b", out), name


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name, capsys):
    code, out, err = call(capsys, name, "--help")
    assert code == DONE and "Usage: pathway " + name in out and err == ""


def test_run_prints_a_table_and_a_verdict_and_leaves_a_folder(here, capsys):
    code, out, _ = call(capsys, "run", "small.toml")
    assert code == DONE
    assert "Trastuzumab in SK-BR-3" in out and "1 of 1 expectations met" in out
    assert (here / "results" / "small" / "report.html").is_file()


def test_run_json_is_one_object_and_nothing_else(here, capsys):
    code, out, err = call(capsys, "run", "small.toml", "--json", "--out", "elsewhere")
    found = json.loads(out)
    assert code == DONE and err == ""
    assert set(found) == {"scenario", "title", "arms", "expectations", "provenance"}
    arm = found["arms"]["trastuzumab"]
    assert set(arm) == {
        "GR",
        "cell_number_fold",
        "percent_of_control",
        "percent_of_untreated",
        "control",
        "observables",
        *(f"{name}_{what}" for name in INTERVALS for what in ("median", "interval")),
    }
    assert set(arm["observables"]["PTEN"]) == {"start", "end", "min", "max", "unit"}
    (expectation,) = found["expectations"]
    assert list(expectation) == [
        "finding",
        "claim",
        "role",
        "source",
        "quantity",
        "value",
        "above",
        "below",
        "met",
        "reason",
        "compares_with",
        "prior_pass_fraction",
        "share_of_ensemble",
        "median",
        "interval",
    ]
    assert expectation["met"] is True and expectation["prior_pass_fraction"] is None
    assert not (here / "results").exists() and (here / "elsewhere").is_dir()


def test_a_missed_expectation_gives_exit_code_3_and_a_reason(here, capsys):
    Path("missed.toml").write_text(SMALL.replace("below = 0.95", "above = 2"), encoding="utf-8")
    code, out, _ = call(capsys, "run", "missed.toml", "--json")
    (expectation,) = json.loads(out)["expectations"]
    assert code == NOT_MET
    assert expectation["met"] is False and "short of at least 2" in expectation["reason"]


SBML = """<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2">
 <model id="decay">
  <listOfCompartments><compartment id="cell" size="1" constant="true" spatialDimensions="3"/></listOfCompartments>
  <listOfSpecies><species id="A" compartment="cell" initialConcentration="3" hasOnlySubstanceUnits="false"
   boundaryCondition="false" constant="false"/></listOfSpecies>
  <listOfParameters><parameter id="k" value="0.5" constant="true"/></listOfParameters>
  <listOfReactions><reaction id="loss" reversible="false">
   <listOfReactants><speciesReference species="A" stoichiometry="1" constant="true"/></listOfReactants>
   <kineticLaw><math xmlns="http://www.w3.org/1998/Math/MathML"><apply><times/><ci>k</ci><ci>A</ci></apply></math>
   </kineticLaw></reaction></listOfReactions>
 </model>
</sbml>
"""


def test_any_sbml_model_runs(here, capsys):
    """dA/dt = -k A from 3: A(4) = 3 exp(-4 k)."""
    Path("decay.xml").write_text(SBML, encoding="utf-8")
    code, out, err = call(capsys, "run", "decay.xml", "--until", "4", "--points", "5", "--json", "--set", "k=0.25")
    assert (code, err) == (DONE, "")
    assert json.loads(out)["species"]["A"]["end"] == pytest.approx(3 * math.exp(-1), rel=1e-5)
    folder = here / "results" / "decay-k=0.25"
    table = (folder / "time_courses.csv").read_text().splitlines()
    assert len(table) == 6 and table[0].startswith("time [")
    assert (folder / "figure.svg").is_file()
    wrong = [("decay.xml",), ("none.xml", "--until", "4"), ("decay.xml", "--until", "nan")]
    for arguments in (*wrong, ("decay.xml", "--until", "4", "--set", "kk=1")):
        code, out, err = call(capsys, "run", *arguments, "--out", "other")
        assert (code, out) == (BAD_INPUT, "") and err.count("\n") == 1, arguments
    assert not (here / "other").exists()


def test_a_model_may_take_more_steps_than_usual(here, capsys):
    Path("decay.xml").write_text(SBML, encoding="utf-8")
    code, _, err = call(capsys, "run", "decay.xml", "--until", "4", "--max-steps", "3", "--out", "few")
    assert code == NUMERICAL_FAILURE and err.endswith("More are allowed by --max-steps 30.\n") and err.count("\n") == 1
    assert call(capsys, "run", "decay.xml", "--until", "4", "--max-steps", "300", "--out", "enough")[0] == DONE


def test_rules_are_in_the_output_and_identifiers_keep_their_names(here, capsys):
    """A species called time that decays from 3, and twice of it."""
    double = (
        '<parameter id="double" constant="false"/></listOfParameters><listOfRules><assignmentRule variable="double">'
    )
    math_of = '<math xmlns="http://www.w3.org/1998/Math/MathML"><apply><times/><cn>2</cn><ci>time</ci></apply></math>'
    text = SBML.replace('"A"', '"time"').replace("<ci>A</ci>", "<ci>time</ci>")
    text = text.replace("</listOfParameters>", f"{double}{math_of}</assignmentRule></listOfRules>")
    Path("named.xml").write_text(text, encoding="utf-8")
    code, out, err = call(capsys, "run", "named.xml", "--until", "2", "--points", "3", "--json")
    assert (code, err) == (DONE, "")
    found, at_end = json.loads(out), 3 * math.exp(-1)
    assert found["species"]["time"]["end"] == pytest.approx(at_end, rel=1e-5)
    assert found["assignments"]["double"]["end"] == pytest.approx(2 * at_end, rel=1e-5)
    header, *rows = (here / "results" / "named" / "time_courses.csv").read_text().splitlines()
    columns = [title.split(" [")[0] for title in header.split(",")]
    assert columns[0] == "time" and set(columns[1:]) == {"time", "double"}
    assert float(rows[-1].split(",")[columns.index("double")]) == pytest.approx(2 * at_end, rel=1e-5)
    _, out, _ = call(capsys, "run", "named.xml", "--until", "2", "--out", "told")
    assert "double" in out and "time_quantity" not in out


def test_a_parameter_called_time_is_set_by_that_name(here, capsys):
    named = SBML.replace('id="k" value', 'id="time" value').replace("<ci>k</ci>", "<ci>time</ci>")
    Path("named.xml").write_text(named, encoding="utf-8")
    code, out, _ = call(capsys, "run", "named.xml", "--until", "4", "--json", "--set", "time=0.25")
    assert code == DONE and json.loads(out)["species"]["A"]["end"] == pytest.approx(3 * math.exp(-1), rel=1e-5)


def test_settings_change_a_run(here, capsys):
    call(capsys, "run", "small.toml", "--out", "one")
    call(capsys, "run", "small.toml", "--out", "two", "--set", "dose.t=0.1 ug/mL")
    code, out, _ = call(capsys, "compare", "one", "two", "--json")
    found = json.loads(out)
    assert code == DONE
    assert found["settings"] == {"one": [], "two": ["dose.t=0.1 ug/mL"]}
    row = next(r for r in found["rows"] if (r["arm"], r["reading"]) == ("trastuzumab", "GR"))
    assert row["second"] > row["first"] and row["difference"] == pytest.approx(row["second"] - row["first"])
    code, out, _ = call(capsys, "compare", "one", "two")
    assert code == DONE and "--set dose.t=0.1 ug/mL" in out
    place = Path("results/compare-one-two")
    assert (place / "report.html").is_file() and (place / "differences.csv").is_file()
    assert call(capsys, "verify", str(place))[0] == DONE
    drawn = (place / "figure.png").read_bytes()
    assert call(capsys, "plot", str(place))[0] == DONE and (place / "plots" / "figure.png").stat().st_size > 5000
    assert call(capsys, "compare", "two", "one", "--out", str(place))[0] == BAD_INPUT
    assert (place / "figure.png").read_bytes() == drawn


def test_what_only_rounding_tells_apart_is_no_difference_of_runs(here, capsys):
    call(capsys, "run", "small.toml", "--out", "one")
    call(capsys, "run", "small.toml", "--out", "two")
    file = Path("two/result.json")
    found = json.loads(file.read_text())
    end = found["arms"]["untreated"]["observables"]["PTEN"]
    end["end"] = end["end"] * (1 + 2e-14)
    file.write_text(json.dumps(found))
    _, out, _ = call(capsys, "compare", "one", "two")
    assert "PTEN: the courses are the same." in out and "GR is the same in every arm." in out
    assert re.search(r"untreated +PTEN, end \[1\] +\S+ +\S+ +0\b", out), out


def test_bad_input_writes_nothing(here, capsys):
    before = sorted(here.rglob("*"))
    for arguments in (
        ("run", "nothing.toml"),
        ("run", "small.toml", "--set", "dose.t=10 mg"),
        ("run", "small.toml", "--out", "small.toml"),
        ("run", "."),
        ("run",),
        ("rum", "small.toml"),
        ("run", "small.toml", "--josn"),
        ("replay", "."),
        ("compare", ".", "."),
        ("show", "specees"),
        ("show", "agents", "trastuzmab"),
        ("new", "small.toml"),
        ("new", "x.yaml"),
        ("new", "x.toml", "--from", "nothing"),
        ("validate", "--scenario", "nothing"),
        ("cite", "nothing"),
    ):
        code, out, err = call(capsys, *arguments)
        assert code == BAD_INPUT, arguments
        assert out == "" and err.strip() and "Traceback" not in err, arguments
    assert sorted(here.rglob("*")) == before


def test_a_folder_of_other_things_is_left_alone(here, capsys):
    (here / "mine").mkdir()
    (here / "mine" / "notes.txt").write_text("dear")
    code, _, err = call(capsys, "run", "small.toml", "--out", "mine")
    assert code == BAD_INPUT and "something else than a run" in err
    assert [p.name for p in (here / "mine").iterdir()] == ["notes.txt"]


def test_check_draws_the_protocol_and_runs_nothing(here, capsys):
    code, out, _ = call(capsys, "check", "small.toml")
    assert code == DONE
    assert re.search(r"^trastuzumab +A-+$", out, re.M) and "A  trastuzumab 10 ug/mL" in out
    assert not (here / "results").exists()
    code, out, _ = call(capsys, "check", "small.toml", "none.toml", "--json")
    found = json.loads(out)["files"]
    assert code == BAD_INPUT and found["small.toml"]["ok"] and not found["none.toml"]["ok"]


def test_new_gives_a_scenario_that_runs(here, capsys):
    assert call(capsys, "new", "mine.toml")[0] == DONE
    assert call(capsys, "check", "mine.toml")[0] == DONE
    assert call(capsys, "new", "copy.toml", "--from", "antimir21_resensitises")[0] == DONE
    assert call(capsys, "check", "copy.toml")[0] == DONE


def test_new_brings_the_measurements_along(here, capsys):
    code, _, err = call(capsys, "new", "folder/gels.toml", "--from", "fit_a_blot")
    assert code == DONE and "folder/fit_a_blot.csv written" in err
    assert call(capsys, "check", "folder/gels.toml")[0] == DONE
    Path("folder/fit_a_blot.csv").write_text("mine")
    call(capsys, "new", "folder/again.toml", "--from", "fit_a_blot")
    assert Path("folder/fit_a_blot.csv").read_text() == "mine"


def test_help_names_the_table_of_a_fit(here, capsys):
    """Square brackets are markup to what prints the help."""
    assert "Scenario with [fit]" in call(capsys, "fit", "--help")[1]


def test_the_commented_lines_of_a_new_scenario_are_right_too(here, capsys):
    """A user takes the comments away; what is then there must be accepted."""
    call(capsys, "new", "mine.toml")
    lines = Path("mine.toml").read_text().splitlines()[1:]
    bare = [line[2:] if line.startswith("# ") else line for line in lines]
    Path("my_blots.csv").write_text("arm,time,gel,loading,pAKT [a.u.]\nuntreated,0 h,A,1,100\ntrastuzumab,1 h,A,1,90\n")
    Path("bare.toml").write_text("\n".join(bare))
    code, _, err = call(capsys, "check", "bare.toml")
    assert (code, err) == (DONE, "")


def test_replay_says_identical(here, capsys):
    call(capsys, "run", "small.toml")
    code, out, _ = call(capsys, "replay", "results/small")
    assert (code, out) == (DONE, "identical\n")
    file = here / "results" / "small" / "time_courses.csv"
    rows = list(csv.reader(file.read_text().splitlines()))
    rows[2][2] = "7"
    file.write_text("\n".join(map(",".join, rows)) + "\n")
    code, out, _ = call(capsys, "replay", "results/small", "--json")
    found = json.loads(out)
    assert code == NOT_MET and found["verdict"] == "differs" and "arm 'untreated', 6 h" in found["first_difference"]


@pytest.mark.parametrize(
    "what, words",
    [
        ("species", "miR21_RISC"),
        ("parameters", "confidence"),
        ("reactions", "->"),
        ("equations", "d PTEN_active/dt"),
        ("agents", "trastuzumab"),
        ("cells", "bt474_resistant"),
        ("scenarios", "antimir21_resensitises"),
        ("sources", "Gong2011"),
    ],
)
def test_show(what, words, capsys):
    code, out, _ = call(capsys, "show", what)
    assert code == DONE and words in out
    code, out, _ = call(capsys, "show", what, "--json")
    rows = json.loads(out)[what]
    assert rows and all("name" in row for row in rows)
    code, out, _ = call(capsys, "show", what, rows[0]["name"])
    assert code == DONE and rows[0]["name"] in out


def test_no_parameter_is_without_a_source(capsys):
    _, out, _ = call(capsys, "show", "parameters", "--json")
    for row in json.loads(out)["parameters"]:
        assert row["source"] and row["unit"] and row["range"] and row["confidence"], row["name"]


def test_validate_judges_and_takes_up_where_it_was_interrupted(here, capsys):
    arguments = ["validate", "--scenario", "small.toml", "--prior", "2", "--json"]
    code, out, _ = call(capsys, *arguments)
    found = json.loads(out)
    assert code == DONE
    assert set(found) == {"expectations", "findings", "by_role", "ensemble"} and found["ensemble"] is None
    (entry,) = found["expectations"]
    assert entry["scenario"] == "small" and entry["finding"] == "V0"
    assert found["by_role"]["sanity"] == {"met": 1, "of": 1}
    (draws,) = (here / "results" / "validate").glob("draws_*.jsonl")
    assert [json.loads(line)["draw"] for line in draws.read_text().splitlines()] == [0, 1]
    draws.write_text(draws.read_text().splitlines()[0] + '\n{"draw": 1, "me')
    again = json.loads(call(capsys, *arguments)[1])
    assert again == found


def test_cite_names_the_sources_of_a_scenario(capsys):
    code, out, _ = call(capsys, "cite", "antimir21_resensitises")
    assert code == DONE and "mir21-pathway" in out and "Gong2011" in out


def test_units_in_brackets_are_printed_as_they_are(capsys):
    from pathway.cli.console import print_line, print_table

    print_table(["miR21 [molecules]"], [["[bold] :dna: [/x]"]])
    print_line("[nM]")
    out = capsys.readouterr().out
    assert "miR21 [molecules]" in out and "[bold] :dna: [/x]" in out and "[nM]" in out


def test_narrow_terminals_and_no_color():
    narrow = program("show", "agents", COLUMNS="40", NO_COLOR="1")
    assert narrow.returncode == DONE
    assert max(map(len, narrow.stdout.splitlines())) <= 40
    assert "\x1b" not in narrow.stdout


def test_help_is_quick_and_loads_nothing_heavy():
    best = 10.0
    for _ in range(3):
        started = time.perf_counter()
        assert program("--help").returncode == DONE
        best = min(best, time.perf_counter() - started)
    code = "import sys, pathway.cli; pathway.cli.application(); print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"'numpy'", "'pydantic'", "'numba'", "'matplotlib'", "'sympy'", "'pandas'"} & set(loaded.split(", "))
    assert best < 2.0  # 0.5 s on an idle machine; test machines are shared


@pytest.mark.parametrize(
    "command",
    [
        ("run", "small.toml"),
        ("fit", "decay/decay.yaml", "--starts", "2"),
        ("profile", "decay/decay.yaml"),
        ("dose-response", "small.toml", "--steps", "3"),
        ("screen", "small.toml", "--kinds", "species", "--pairs", "2"),
    ],
    ids=lambda command: command[0],
)
def test_a_command_typed_again_loads_nothing_that_it_does_not_need(command, here):
    from tests.cli.decay import write_decay  # which has its model from here

    write_decay(here)
    heavy = ("sympy", "pandas", "petab", "libsbml", "pint", "scipy.stats", "scipy.optimize", "scipy.linalg", "numba")
    code = (
        "import sys; from pathway.cli import main; code = main([*sys.argv[1:], '--out', 'again']);"
        f"print(code, [m for m in {heavy} if m in sys.modules])"
    )
    line = [sys.executable, "-c", code, *command]
    first, second = (subprocess.run(line, capture_output=True, text=True) for _ in range(2))
    assert second.stdout.splitlines()[-1:] == ["0 []"], first.stderr + second.stderr


def test_an_interruption_is_quiet_and_leaves_nothing(here, capsys, monkeypatch):
    def interrupted(*arguments, **words):
        raise KeyboardInterrupt

    monkeypatch.setattr("pathway.scenario.run.simulate_ensemble", interrupted)
    code, out, err = call(capsys, "run", "small.toml")
    assert code == 130 and out == "" and "interrupted" in err
    assert not (here / "results").exists()


def test_a_numerical_failure_has_its_own_exit_code(here, capsys, monkeypatch):
    from pathway.simulation import SimulationError

    def failing(*arguments, **words):
        raise SimulationError("at 3 h the step became too small; PTEN changes fastest", "step", 3.0, {}, "PTEN")

    monkeypatch.setattr("pathway.scenario.run.simulate_ensemble", failing)
    code, out, err = call(capsys, "run", "small.toml")
    assert (code, out) == (2, "") and "PTEN changes fastest" in err
    assert not (here / "results").exists()


def test_a_package_that_hides_ours_is_named(tmp_path):
    (tmp_path / "pathway").mkdir()
    (tmp_path / "pathway" / "__init__.py").write_text("def run(): ...\n")
    starter = Path(__file__).parents[2] / "mir21_pathway.py"
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); "
    code += f"import runpy; runpy.run_path({str(starter)!r}, run_name='__main__')"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.returncode == BAD_INPUT
    assert found.stderr.startswith("pathway: another package called 'pathway'") and found.stderr.count("\n") == 1
