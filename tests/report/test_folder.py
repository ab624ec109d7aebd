"""The run folder: complete or absent, self-contained, repeatable."""

import csv
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pathway.cli import BAD_INPUT, DONE, main
from pathway.folders import verify_folder
from pathway.report import FolderError, replay, write_report
from pathway.report.analysis import _written
from pathway.report.replay import BANDS, repeated_run
from pathway.report.report import DeferredFigure
from pathway.report.run import run_report
from pathway.report.run_comparison import RunComparison, _texts, compare_runs
from pathway.scenario import read_scenario, run_scenario

SMALL = """
title = "Trastuzumab & <lapatinib>, quickly"
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
[data]
file = "../points.csv"
[[expect]]
claim = "slows"
role = "sanity"
quantity = "GR"
arm = "trastuzumab"
below = -1
reason = "It cannot."
"""


def write_run(result, out, command, **options):
    write_report(run_report(result, out), out, command, **options)


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenario")
    (folder / "points.csv").write_text("arm,time,observable,value\nuntreated,0,PTEN,1.0\nuntreated,24,PTEN,1.1\n")
    (folder / "here").mkdir()
    (folder / "here" / "small.toml").write_text(SMALL, encoding="utf-8")
    return run_scenario(read_scenario(folder / "here" / "small.toml"))


@pytest.fixture(scope="module")
def run_folder(result, tmp_path_factory):
    out = tmp_path_factory.mktemp("results") / "small"
    write_run(result, out, ["pathway", "run", "small.toml"])
    return out


def test_everything_is_there(run_folder):
    found = {str(p.relative_to(run_folder)) for p in run_folder.rglob("*") if p.is_file()}
    assert found == {
        "arms.csv",
        "expectations.csv",
        "figure.png",
        "figure.svg",
        "inputs/points.csv",
        "inputs/small.toml",
        "manifest.json",
        "parameters.csv",
        "provenance.json",
        "report.html",
        "result.json",
        "time_courses.csv",
    }
    assert [p for p in run_folder.parent.iterdir() if p != run_folder] == []


def test_the_table_is_tidy_and_its_header_has_units(run_folder, result):
    with open(run_folder / "time_courses.csv", newline="") as stream:
        header, *rows = list(csv.reader(stream))
    assert all(re.search(r"\[[^\]]+\]$", name) for name in header[1:])
    assert len(rows) == 2 * len(result.times)
    row = next(r for r in rows if r[0] == "trastuzumab" and float(r[1]) == 24.0)
    assert float(row[header.index("PTEN [1]")]) == pytest.approx(
        result.arms["trastuzumab"].courses["PTEN"][-1], rel=1e-9
    )


def test_provenance_says_what_was_run_with_what(run_folder):
    record = json.loads((run_folder / "provenance.json").read_text())
    assert record["command"] == ["pathway", "run", "small.toml"]
    assert set(record["inputs"]) == {"small.toml", "points.csv"}
    assert record["packages"]["numpy"] and record["python"] and record["cpu"]["name"]
    assert len(record["circuit"]) == 64


class Page(HTMLParser):
    """Collects what a page links to and says, and checks that its tags close."""

    def __init__(self):
        super().__init__()
        self.links, self.text, self.open = [], [], []

    def handle_starttag(self, tag, attributes):
        self.links += [value for name, value in attributes if name in ("href", "src", "xlink:href")]
        if tag not in ("meta", "path", "use", "rect", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.links += [value for name, value in attributes if name in ("href", "src", "xlink:href")]

    def handle_endtag(self, tag):
        assert not self.open or tag in ("path", "use", "rect") or self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_the_report_stands_alone_and_says_what_matters(run_folder):
    page = Page()
    page.feed((run_folder / "report.html").read_text(encoding="utf-8"))
    assert page.open == []
    assert all(link.startswith("#") for link in page.links), "everything it shows is inside"
    text = " ".join(page.text)
    for words in (
        "Trastuzumab & <lapatinib>, quickly",
        "0 of 1 expectations met",
        "It cannot.",
        "confidence",
        "sha256",
    ):
        assert words in text
    assert "k_PTEN_degradation" in text or "PTEN_degradation" in text


def test_one_panel_is_drawn_again_and_nothing_is_overwritten(run_folder, tmp_path, capsys):
    command = ["plot", str(run_folder), "--what", "PTEN", "--style", "column"]
    assert main([*command, "--out", str(tmp_path / "panel.pdf")]) == DONE
    assert (tmp_path / "panel.pdf").read_bytes().startswith(b"%PDF")
    (tmp_path / "mine.png").write_text("dear")
    assert main([*command, "--out", str(tmp_path / "mine.png")]) == BAD_INPUT
    assert (tmp_path / "mine.png").read_text() == "dear" and "--force" in capsys.readouterr().err
    assert main(["plot", str(run_folder), "--what", "PTENN"]) == BAD_INPUT
    assert "Did you mean 'PTEN'" in capsys.readouterr().err


def test_a_replay_is_identical(run_folder):
    found = replay(run_folder)
    assert (found.verdict, found.first_difference, found.changed) == ("identical", None, ())


def edited(folder, row, column, change):
    file = folder / "time_courses.csv"
    rows = list(csv.reader(file.read_text().splitlines()))
    rows[row][column] = repr(change(float(rows[row][column])))
    file.write_text("\n".join(map(",".join, rows)) + "\n")


def test_a_replay_names_the_first_difference(result, tmp_path):
    write_run(result, tmp_path / "run", [], figures=False)
    edited(tmp_path / "run", 3, 2, lambda v: v * (1 + 1e-9))
    assert replay(tmp_path / "run").verdict == "agrees"
    edited(tmp_path / "run", 4, 2, lambda v: v * 1.01)
    found = replay(tmp_path / "run")
    assert found.verdict == "differs"
    assert found.first_difference.startswith("arm 'untreated', 18 h, PTEN [1]: ")


def test_an_earlier_run_is_replaced_and_anything_else_is_left_alone(result, tmp_path):
    write_run(result, tmp_path / "run", [], figures=False)
    (tmp_path / "run" / "time_courses.csv").write_text("old")
    write_run(result, tmp_path / "run", [], figures=False)
    assert (tmp_path / "run" / "time_courses.csv").read_text() != "old"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("dear")
    with pytest.raises(FolderError, match="something else than a run"):
        write_run(result, tmp_path / "mine", [], figures=False)
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["notes.txt"]
    with pytest.raises(FolderError, match="this is a file"):
        write_run(result, tmp_path / "mine" / "notes.txt", [])


def test_nothing_is_left_where_writing_fails(result, tmp_path, monkeypatch):
    def fail(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("pathway.report.write.provenance", fail)
    with pytest.raises(KeyboardInterrupt):
        write_run(result, tmp_path / "run", [])
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(FolderError, match=r"no run to repeat: provenance\.json is missing"):
        replay(tmp_path)


def test_what_could_not_be_drawn_stands_on_record_and_nothing_else(result, tmp_path):
    def fail():
        raise ValueError("no such color")

    told = []
    report = run_report(result, tmp_path / "run")
    broken = replace(report, figures={**report.figures, "figure": DeferredFigure(fail)})
    write_report(broken, tmp_path / "run", [], say=told.append)
    record = json.loads((tmp_path / "run" / "provenance.json").read_text())
    assert record["not_made"] == {"figure 'figure'": "ValueError: no such color"}
    assert told == ["the figure 'figure' could not be made, the numbers are written (ValueError: no such color)"]
    assert not (tmp_path / "run" / "figure.svg").exists() and verify_folder(tmp_path / "run") == ([], [])
    write_run(result, tmp_path / "whole", [])
    assert "not_made" not in json.loads((tmp_path / "whole" / "provenance.json").read_text())


def test_options_of_an_analysis_as_its_page_shows_them():
    assert [_written(value) for value in ("PTEN", "", ("a", 2), [], 0.5, None)] == [
        "PTEN",
        "-",
        "a, 2",
        "-",
        "0.5",
        "None",
    ]


def test_a_comparison_as_a_table_and_in_json(tmp_path):
    rows = [("both", "GR", 0.5, 0.25, -0.25), ("both", "PTEN, end [1]", None, 1.0, None)]
    one, two = tmp_path / "one", tmp_path / "two"
    found = RunComparison(
        one,
        two,
        ("t", "u"),
        (["a=1"], []),
        ({"s.toml": "x"}, {"s.toml": "y"}),
        rows,
        {"PTEN [1]": (0.5, "arm 'both'")},
        ([], ["c"]),
    )
    assert found.table() == (["arm", "reading", "one", "two", "difference"], [list(row) for row in rows])
    content = found.to_dict()
    assert (content["first"], content["second"]) == (str(one), str(two))
    assert content["inputs"] == {str(one): {"s.toml": "x"}, str(two): {"s.toml": "y"}}
    assert content["settings"] == {str(one): ["a=1"], str(two): []}
    assert content["rows"][0] == {"arm": "both", "reading": "GR", "first": 0.5, "second": 0.25, "difference": -0.25}
    assert replace(found, second=tmp_path / "other" / "one").names == (str(one), str(tmp_path / "other" / "one"))


def test_settings_of_a_folder_are_texts():
    assert _texts([]) == [] and _texts(["a=1"]) == ["a=1"]
    for damaged in (None, "a=1", [1], ["a", None]):
        with pytest.raises(ValueError, match="is no list of texts"):
            _texts(damaged)


def test_a_replay_repeats_the_members_and_compares_their_bands(tmp_path, capsys):
    text = SMALL.replace('[data]\nfile = "../points.csv"\n', "")
    (tmp_path / "small.toml").write_text(text, encoding="utf-8")
    out = tmp_path / "out"
    assert main(["run", str(tmp_path / "small.toml"), "--ensemble", "prior", "--members", "3", "--out", str(out)]) in (
        0,
        3,
    )
    assert replay(out).verdict == "identical"
    assert repeated_run(out).ensemble.origin.kind == "prior"
    lines = (out / BANDS).read_text().splitlines()
    cells = lines[-1].split(",")
    changed = ",".join([*cells[:2], repr(2.0 * float(cells[2])), *cells[3:]])
    (out / BANDS).write_text("\n".join([*lines[:-1], changed]) + "\n")
    found = replay(out)
    assert found.verdict == "differs" and "PTEN 5 % [1]" in found.first_difference
    record = json.loads((out / "provenance.json").read_text())
    record["ensemble"]["hash"] = "0" * 64
    (out / "provenance.json").write_text(json.dumps(record))
    found = replay(out)  # other members: their bands are not compared, and that is told
    assert found.verdict == "identical" and any(words.startswith("the ensemble 0000") for words in found.changed)


def test_a_run_beside_itself_differs_in_nothing(run_folder, result):
    found = compare_runs(run_folder, run_folder)
    assert {row[0] for row in found.rows} <= set(result.arms) and found.rows
    assert all(before == after and not gap for _, _, before, after, gap in found.rows)
    assert any(before is not None for _, _, before, _, _ in found.rows)
    assert all(gap == 0.0 for gap, _ in found.courses.values()) and found.alone == ([], [])
    assert found.sentences[0].endswith(": the same input files.")


def test_of_readings_the_one_whose_gr_differs_most_is_told():
    rows = [
        ("a", "GR", 0.5, 0.4, -0.1), ("a", "% of untreated", 50.0, 90.0, 40.0),
        ("b", "GR", 0.1, None, None), ("c", "GR", 0.2, 0.22, 0.02),
    ]  # fmt: skip
    places = (Path("one"), Path("other"))
    found = RunComparison(*places, ("t", "t"), ([], []), ({}, {}), rows, {}, ([], []))
    assert found.sentences[1:] == ["GR differs most in 'a': 0.5 and 0.4."]
