"""Findings against draws: a share for each expectation, whatever it is called; sittings that take each other up."""

import json
from types import SimpleNamespace

import pytest

from pathway.errors import InputError
from pathway.folders import verify_folder
from pathway.report import FolderError, write_report
from pathway.report.validation import (
    _ensemble_asked_for,
    _read_draws,
    judge_expectations,
    prior_pass_fractions,
    triple_table,
    validation_report,
)
from pathway.scenario import read_scenario
from pathway.scenario.plain_words import verdict_interval_text
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


def test_what_is_no_ensemble_is_refused_by_its_word():
    with pytest.raises(InputError, match="'prio' is no ensemble to validate with: calibrated, none, or a file"):
        _ensemble_asked_for("prio", False)
    assert _ensemble_asked_for("none", False) is None
    with pytest.raises(InputError, match="--triple needs an ensemble"):
        _ensemble_asked_for("none", True)


def test_draws_that_were_judged_are_read_and_damaged_lines_are_judged_again(tmp_path):
    rows = [(0, [True, False]), (1, None), (2, "no"), (3, [1]), (4, [])]
    lines = [json.dumps({"draw": draw, "fingerprint": "f", "met": met}) for draw, met in rows]
    (tmp_path / "draws.jsonl").write_text("\n".join([*lines, '{"draw": 5, "fing']))
    assert _read_draws(tmp_path / "draws.jsonl") == {(0, "f"): [True, False], (1, "f"): None, (4, "f"): []}
    assert _read_draws(tmp_path / "none.jsonl") == {}


def test_headline_numbers_before_and_after_the_data():
    stage = {"interval": [1.0, 3.0], "median": 2.0, "share": 0.25}
    told = {"finding": "V1", "scenario": "s", "claim": "c", "headline": True, "informed": True}
    entries = [
        {**told, "stages": {"prior": stage, "measured": {**stage, "share": 0.5}}},
        {**told, "stages": {"prior": stage}, "headline": False, "informed": False, "finding": None},
        {**told, "stages": None},
    ]
    header, rows = triple_table(entries)
    assert header == ["finding", "scenario", "claim", "before data", "measured data", "findings too", "data"]
    text = verdict_interval_text(stage)
    assert rows == [["V1", "s", "c", f"{text}; 25% meet it", f"{text}; 50% meet it", "-", "inform it"]]
    assert [row[0] for row in triple_table(entries, everything=True)[1]] == ["V1", ""]
    assert triple_table(entries, everything=True)[1][1][-1] == "no measurement informs this"
