"""A line written from a built-in one gives its numbers in every command."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from pathway.cli import DONE, NOT_MET, main
from pathway.fitting.laboratory.scenario_problem import problem_of_scenario
from pathway.fitting.objective import Objective
from pathway.scenario import read_scenario

SCENARIO = """
title = "Own lines"
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
of = ["trastuzumab"]
[[arm]]
name = "untreated"
[[arm]]
name = "alone"
doses = ["t"]
[[arm]]
name = "both"
doses = ["t", "anti"]
[[arm]]
name = "parental"
cells = "skbr3"
doses = ["t"]
[[arm]]
name = "low PTEN"
cells = "skbr3"
doses = ["t"]
knock_down = { PTEN = "70 %" }
[show]
observables = ["pAKT", "PTEN"]
[data]
file = "points.csv"
[fit]
parameters = ["k_PTEN_degradation"]
[fit.parameter.EGFR_level]
shared = "factor"
[[expect]]
claim = "It slows growth"
role = "sanity"
quantity = "GR"
arm = "parental"
below = 0.9
"""
POINTS = "arm,time,observable,value,unit\nparental,0 h,pAKT,0.2,1\nparental,48 h,pAKT,0.1,1\nalone,48 h,PTEN,0.6,1\n"
SLOW = ("synergy", "sobol", "control", "draws", "petab")
COMMANDS = {
    "run": ("run", "{}"),
    "validate": ("validate", "--scenario", "{}"),
    "dose-response": ("dose-response", "{}", "--arms", "alone,parental"),
    "synergy": ("synergy", "{}", "--grid", "3x3", "--shifts", "none", "--ensemble", "none"),
    "screen": ("screen", "{}", "--kinds", "species", "--pairs", "0", "--ensemble", "none"),
    "explain": ("explain", "{}", "--arm", "parental", "--reference", "untreated", "--ensemble", "none"),
    "sobol": ("sensitivity", "{}", "--method", "sobol", "--base", "4", "--arm", "alone"),
    "control": ("sensitivity", "{}", "--method", "control", "--ensemble", "none"),
    "draws": ("dose-response", "{}", "--arms", "alone", "--ensemble", "ranges", "--draws", "3"),
    "sbml": ("export", "{}", "--arm", "alone", "--to", "sbml", "--out", "model.xml"),
    "petab": ("export", "{}", "--to", "petab", "--out", "petab"),
}


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    """A scenario of built-in lines in one folder, and the same of files with their names in another."""
    folder = tmp_path_factory.mktemp("lines")
    for name in ("shipped", "own"):
        (folder / name / "lines").mkdir(parents=True)
        (folder / name / "points.csv").write_text(POINTS)
    (folder / "shipped" / "s.toml").write_text(SCENARIO)
    own = SCENARIO.replace('"skbr3_resistant"', '"lines/skbr3_resistant.toml"').replace('"skbr3"', '"lines/skbr3.toml"')
    (folder / "own" / "s.toml").write_text(own)
    for name in ("skbr3", "skbr3_resistant"):
        file = folder / "own" / "lines" / f"{name}.toml"
        assert main(["new", str(file), "--cells", name]) == DONE
        file.write_text(file.read_text().replace('parent = "skbr3"', 'parent = "./skbr3.toml"'))
    return folder


def numbers(content, place=()):
    """Every number and word of a JSON object with its place, apart from how and when it was made."""
    if isinstance(content, dict):
        for key, value in content.items():
            if key not in ("provenance", "ensemble", "cells"):
                yield from numbers(value, (*place, key))
    elif isinstance(content, list):
        for k, value in enumerate(content):
            yield from numbers(value, (*place, k))
    else:
        yield place, content


def same(one, other):
    """Whether two objects have the same words, and the same numbers to 1e-9."""
    left, right = dict(numbers(one)), dict(numbers(other))
    assert left.keys() == right.keys()
    for place, value in left.items():
        if isinstance(value, float) and math.isfinite(value):
            assert right[place] == pytest.approx(value, rel=1e-9, abs=1e-12), place
        else:
            assert right[place] == value or isinstance(value, float), place


@pytest.mark.parametrize("command", [pytest.param(c, marks=[pytest.mark.slow] * (c in SLOW)) for c in COMMANDS])
def test_own_lines_are_built_in_lines(lines, monkeypatch, capsys, command):
    told = {}
    for name in ("shipped", "own"):
        monkeypatch.chdir(lines / name)
        words = [word.format("s.toml") for word in COMMANDS[command]]
        writes = words[0] == "export"
        assert main(words if writes else [*words, "--json", "--out", f"out_{command}"]) in (DONE, NOT_MET)
        out = capsys.readouterr().out
        if not writes:
            told[name] = json.loads(out)
        elif command == "sbml":
            told[name] = {"text": Path("model.xml").read_text()}
        else:
            told[name] = {f.name: f.read_text() for f in sorted(Path("petab").iterdir()) if f.suffix != ".yaml"}
    same(told["shipped"], told["own"])


def test_fits_of_own_lines_are_fits_of_built_in_lines(lines):
    """Values and gradients at the start and away from it, anchors following."""
    problems = [problem_of_scenario(read_scenario(lines / name / "s.toml")) for name in ("shipped", "own")]
    assert problems[0].names == problems[1].names
    for shift in (0.0, 0.05):
        found = [Objective(p)(p.to_scale(p.nominal) + shift) for p in problems]
        assert found[1].value == pytest.approx(found[0].value, rel=1e-9)
        assert np.asarray(found[1].gradient) == pytest.approx(np.asarray(found[0].gradient), rel=1e-7)


def test_a_file_typed_on_the_command_line_is_meant_from_where_one_stands(lines, monkeypatch, capsys):
    monkeypatch.chdir(lines / "own" / "lines")
    content = {}
    for cells in ("./skbr3.toml", "skbr3"):
        words = [
            "run",
            str(lines / "shipped" / "s.toml"),
            "--set",
            f"cells={cells}",
            "--json",
            "--out",
            Path(cells).stem + cells[:1],
        ]
        assert main(words) in (DONE, NOT_MET)
        content[cells] = json.loads(capsys.readouterr().out)
    for found in content.values():
        del found["arms"]["parental"]["control"]  # "untreated", where that is the same line
    same(content["skbr3"], content["./skbr3.toml"])


def test_a_run_of_own_lines_is_repeated_from_its_folder(lines, monkeypatch, capsys):
    """Files of the same name in two folders, parents elsewhere, one typed: all lie in the run's own folder."""
    folder = lines / "kept"
    for place, hours in (("a", 50), ("b", 70)):
        (folder / place).mkdir(parents=True)
        text = f'doubling_time = "{hours} h"\n[line]\ntitle = "{place}"\nparent = "../base.toml"\n'
        (folder / place / "line.toml").write_text(text)
    (folder / "base.toml").write_text('[line]\ntitle = "base"\nparent = "skbr3"\n')
    scenario = SCENARIO.partition("[data]")[0].replace('"skbr3"', '"a/line.toml"')
    (folder / "s.toml").write_text(scenario)
    monkeypatch.chdir(folder / "b")
    assert main(["run", "../s.toml", "--set", "cells=./line.toml", "--json", "--out", "../out"]) in (DONE, NOT_MET)
    arms = json.loads(capsys.readouterr().out)["arms"]
    assert arms["untreated"]["cell_number_fold"] == pytest.approx(2 ** (96 / 70), rel=1e-5)
    for place in ("a", "b"):
        (folder / place / "line.toml").write_text("gone")
    (folder / "base.toml").unlink()
    (folder / "out").rename(lines / "moved")
    assert main(["replay", str(lines / "moved")]) == DONE
    assert "identical" in capsys.readouterr().out
