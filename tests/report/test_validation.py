"""Findings against draws: a share for each expectation, whatever it is called; sittings that take each other up."""

import json
from types import SimpleNamespace

import pytest

from pathway.folders import verify_folder
from pathway.report import FolderError, write_report
from pathway.report.validation import judge_expectations, prior_pass_fractions, validation_report
from pathway.scenario import read_scenario
from pathway.scenario.prior_shares import verdicts_fingerprint

SMALL = """
title = "One claim, three bands"
cells = "skbr3"
[time]
end = "24 h"
record_every = "6 h"
[[arm]]
name = "untreated"
"""
BANDS = ("above = 0.99\nbelow = 1.01", "below = 0.5", "above = 0.99")
SMALL += "".join(
    f'[[expect]]\nclaim = "PTEN of the line is 1"\nrole = "sanity"\nquantity = "PTEN"\narm = "untreated"\n{band}\n'
    for band in BANDS
)


def test_each_expectation_has_a_share_of_its_own(tmp_path):
    """Drawn cells are anchored to PTEN 1, so the shares are known beforehand."""
    file = tmp_path / "small.toml"
    file.write_text(SMALL, encoding="utf-8")
    found = judge_expectations([str(file)], 3, 1, tmp_path / "out")
    assert [entry["prior_pass_fraction"] for entry in found["expectations"]] == [1.0, 0.0, 1.0]
    row = json.loads((tmp_path / "out" / "prior_pass.json").read_text())["small"]
    assert row == {
        "fingerprint": verdicts_fingerprint(read_scenario(file)),
        "draws": 3,
        "living": row["living"],
        "seed": 1,
        "shares": [1.0, 0.0, 1.0],
    }
    write_report(validation_report(found, 1), tmp_path / "out")
    assert json.loads((tmp_path / "out" / "verdicts.json").read_text()) == found
    assert verify_folder(tmp_path / "out") == ([], [])
    assert "PTEN of the line is 1" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("dear")
    with pytest.raises(FolderError, match="something else than a validation"):
        judge_expectations(["pten_knock_down"], 0, 1, tmp_path)


def test_a_changed_scenario_alone_is_judged_anew(tmp_path):
    first, second = tmp_path / "first.toml", tmp_path / "second.toml"
    first.write_text(SMALL, encoding="utf-8")
    second.write_text(SMALL, encoding="utf-8")
    names, out = [str(first), str(second)], tmp_path / "out"
    judge_expectations(names, 2, 1, out)
    (draws,) = out.glob("draws_*.jsonl")
    before = draws.read_text().splitlines()
    second.write_text(SMALL.replace('"24 h"', '"48 h"'), encoding="utf-8")
    judge_expectations(names, 2, 1, out)
    after = draws.read_text().splitlines()
    assert after[: len(before)] == before
    assert [json.loads(line)["scenario"] for line in after[len(before) :]] == ["second", "second"]


def test_a_share_is_of_the_draws_that_live_and_has_four_digits(tmp_path, monkeypatch):
    file = tmp_path / "small.toml"
    file.write_text(SMALL, encoding="utf-8")
    judged = [[True, False, True], None, [False, False, True], [False, True, True]]
    monkeypatch.setattr("pathway.report.validation._judged_draws", lambda *_: {"small": judged})
    written = {}
    folder = SimpleNamespace(write=lambda name, text: written.update({name: json.loads(text)}))
    found = prior_pass_fractions([read_scenario(file)], 4, 7, folder)
    assert found == {("small", 0): 0.3333, ("small", 1): 0.3333, ("small", 2): 1.0}
    row = written["prior_pass.json"]["small"]
    assert (row["draws"], row["living"], row["seed"], row["shares"]) == (4, 3, 7, [0.3333, 0.3333, 1.0])
