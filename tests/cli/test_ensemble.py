"""`--ensemble` as a user types it: intervals in every form of a run, shares in a validation, and both had again."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pathway.cli import BAD_INPUT, DONE, NOT_MET, main
from pathway.parameters.parameter_ensemble import write_ensemble
from tests.parameters.ensembles import drawn_ensemble

SMALL = """
title = "Trastuzumab in resistant cells"
cells = "bt474_resistant"
caveats = ["Nobody has measured this."]
growth_rate = { of = ["trastuzumab"] }
time = { end = "24 h", record_every = "6 h" }
show = { observables = ["PTEN", "cell_number"] }
dose.t = { agent = "trastuzumab", amount = "10 ug/mL" }
[[arm]]
name = "untreated"
[[arm]]
name = "trastuzumab"
doses = ["t"]
[[expect]]
finding = "V3"
claim = "It hardly slows them"
role = "calibration"
quantity = "GR"
arm = "trastuzumab"
headline = true
above = 0.3
[[expect]]
finding = "V9"
claim = "PTEN stays"
role = "prediction"
quantity = "PTEN"
arm = "trastuzumab"
above = 0.55
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a scenario and eight members; no ensemble comes with the package unless a test says so."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pathway.parameters.parameter_ensemble.SHIPPED", tmp_path / "shipped.npz")
    (tmp_path / "small.toml").write_text(SMALL, encoding="utf-8")
    made = drawn_ensemble(8, seed=2, spread=0.2)
    write_ensemble(tmp_path / "own.npz", replace(made, prior_values=drawn_ensemble(6, seed=4).values))
    return tmp_path


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


def table(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_a_run_with_an_ensemble_says_intervals_everywhere(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "run", "small.toml", "--ensemble", "own.npz", "--json", "--out", "with")
    content = json.loads(out)
    assert code in (DONE, NOT_MET)
    record = content["provenance"]["ensemble"]
    assert record["members"] == 8 and re.fullmatch("[0-9a-f]{64}", record["hash"])
    assert content["provenance"]["inputs"]["own.npz"] == record["hash"]
    low, high = content["arms"]["trastuzumab"]["GR_interval"]
    (row,) = (row for row in table(here / "with/arms.csv") if row["arm"] == "trastuzumab")
    assert (float(row["GR 5 % [1]"]), float(row["GR 95 % [1]"])) == pytest.approx((low, high))
    last = table(here / "with/bands.csv")[-1]
    assert last["arm"] == "trastuzumab" and float(last["time [h]"]) == 24.0
    assert float(last["PTEN 5 % [1]"]) <= float(last["PTEN median [1]"]) <= float(last["PTEN 95 % [1]"])
    share = content["expectations"][1]["share_of_ensemble"]
    assert float(table(here / "with/expectations.csv")[1]["share of ensemble"]) == pytest.approx(share)
    page = (here / "with/report.html").read_text(encoding="utf-8")
    for words in ("It hardly slows them: ", "8 members of the ensemble own.npz", "Nobody has measured this.", "Bands"):
        assert words in page, words
    code, out, _ = call(capsys, "verify", "with")
    assert code == DONE


def test_the_terminal_tells_the_sentence_first_and_the_caveat_last(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = call(capsys, "run", "small.toml", "--ensemble", "own.npz", "--members", "4", "--weights", "findings")
    lines = [line for line in out.splitlines() if line.strip()]
    assert lines[1].startswith("It hardly slows them: ") and "90 % lie between" in lines[1]
    assert "Median (middle 90 %) of" in out and "of ensemble" in out
    assert out.index("expectations met") < out.index("Beside it: Nobody has measured this.")


def test_a_run_is_had_again_with_its_members(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call(capsys, "run", "small.toml", "--ensemble", "own.npz", "--members", "3", "--out", "with")
    (here / "own.npz").unlink()  # a copy lies in the folder
    code, out, err = call(capsys, "replay", "with")
    assert (code, out.strip()) == (DONE, "identical") and "ensemble" not in err
    rows = (here / "with/bands.csv").read_text(encoding="utf-8").splitlines()
    rows[-1] = re.sub(r"[\d.]+$", "9.5", rows[-1])
    (here / "with/bands.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    code, out, _ = call(capsys, "replay", "with")
    assert code == NOT_MET and "cell_number 95 %" in out


def test_the_shipped_ensemble_is_taken_by_itself_and_named_by_its_hash(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = write_ensemble(here / "shipped.npz", drawn_ensemble(5, seed=2, spread=0.2))
    _, out, _ = call(capsys, "run", "small.toml", "--json", "--out", "calibrated")
    record = json.loads(out)["provenance"]
    assert record["ensemble"]["hash"] == digest and list(record["inputs"]) == ["small.toml"]
    _, out, _ = call(capsys, "run", "small.toml", "--json", "--ensemble", "none", "--out", "none")
    assert "ensemble" not in json.loads(out)["provenance"] and not (here / "none/bands.csv").exists()
    # Another ensemble by the time of the replay: told, and the chosen numbers are compared all the same.
    write_ensemble(here / "shipped.npz", drawn_ensemble(5, seed=9, spread=0.2))
    code, out, err = call(capsys, "replay", "calibrated")
    assert (code, out.strip()) == (DONE, "identical") and f"the ensemble {digest[:12]} -> " in err


def test_an_ensemble_that_does_not_fit_costs_only_the_intervals(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "shipped.npz").write_bytes(b"PK nothing")
    code, out, err = call(capsys, "run", "small.toml")
    assert code in (DONE, NOT_MET) and "no intervals: " in err and "Median (middle" not in out
    code, _, err = call(capsys, "run", "small.toml", "--ensemble", "calibrated")
    assert code == BAD_INPUT and "shipped.npz: no ensemble of parameter sets" in err
    code, _, err = call(capsys, "run", "small.toml", "--ensemble", "clibrated")
    assert code == BAD_INPUT and "Did you mean 'calibrated'" in err


def test_a_validation_tells_each_headline_number_three_times(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(
        capsys, "validate", "--scenario", "small.toml", "--ensemble", "own.npz", "--triple", "--out", "found", "--json"
    )
    content = json.loads(out)
    assert code == DONE and content["ensemble"]["prior"] is True
    one, two = content["expectations"]
    assert set(one["stages"]) == {"prior", "measured", "findings"} and isinstance(one["informed"], bool)
    assert one["share_given_calibration"] is None and one["share_without_itself"] is not None
    assert two["share_without_itself"] is None
    assert [row["finding"] for row in content["findings"]] == ["V3", "V9"]
    page = (here / "found/report.html").read_text(encoding="utf-8")
    assert "Headline numbers, three times" in page and "before data" in page
    assert (here / "found/stages.csv").is_file() and (here / "found/findings.csv").is_file()
    code, out, _ = call(capsys, "validate", "--scenario", "small.toml", "--ensemble", "own.npz", "--out", "found")
    assert code == DONE and "One line for each distinct finding" in out


@pytest.mark.parametrize(
    ("word", "said"), [("none", "--triple needs an ensemble"), ("prior", "'prior' is no ensemble to validate with")]
)
def test_a_triple_without_an_ensemble_is_refused(
    word: str, said: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = call(capsys, "validate", "--scenario", "small.toml", "--ensemble", word, "--triple")
    assert code == BAD_INPUT and said in err and err.count("\n") == 1 and not out


@pytest.mark.parametrize("command", ["explain", "screen"])
def test_analyses_draw_from_the_same_file(command: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = SMALL + '[[arm]]\nname = "parental"\ncells = "bt474"\ndoses = ["t"]\n'
    (here / "pair.toml").write_text(text, encoding="utf-8")
    more = {
        "explain": ("--arm", "trastuzumab", "--reference", "parental", "--reading", "pAKT"),
        "screen": ("--arm", "trastuzumab", "--only", "PTEN_mRNA,p27", "--pairs", "0"),
    }[command]
    code, out, _ = call(
        capsys, command, "pair.toml", *more, "--ensemble", "own.npz", "--draws", "6", "--json", "--out", "found"
    )
    content = json.loads(out)
    assert code == DONE
    drawn = content["draws"] if "draws" in content else content["ensemble"]
    assert drawn["kind"] == "own.npz" and drawn["draws"] + drawn["refused"] >= 6


def test_the_figure_shows_all_of_every_band_and_whisker(here: Path) -> None:
    import pathway

    result = pathway.run(here / "small.toml", ensemble=here / "own.npz")
    figure = pathway.plot(result)
    interval = result.interval("trastuzumab", "GR")
    assert interval is not None
    span = [interval.low, interval.high]
    lines = [(axes, line) for axes in figure.axes for line in axes.lines if len(line.get_xdata()) == 2]
    whiskers = [(axes, line) for axes, line in lines if np.allclose(line.get_xdata(), span)]
    assert whiskers
    for axes, line in whiskers:
        low, high = axes.get_xlim()
        assert low <= min(line.get_xdata()) and max(line.get_xdata()) <= high
    bands = [(axes, area) for axes in figure.axes for area in axes.collections if len(area.get_paths()) == 1]
    assert bands
    for axes, area in bands:
        low, high = axes.get_ylim()
        heights = area.get_paths()[0].vertices[:, 1]
        assert low <= heights.min() and heights.max() <= high
