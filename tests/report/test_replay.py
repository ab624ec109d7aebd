"""What a repetition is compared with, without repeating anything: folders that hold no run, versions, JSON forms."""

import json
import math

import pytest

from pathway.folders import FolderError
from pathway.report.provenance import provenance
from pathway.report.replay import _compare, compare_analysis, provenance_changes, replay


def folder_with(tmp_path, record, table="arm,time [h]\n", inputs=()):
    (tmp_path / "inputs").mkdir()
    (tmp_path / "provenance.json").write_text(record if isinstance(record, str) else json.dumps(record))
    if table is not None:
        (tmp_path / "time_courses.csv").write_text(table)
    for name in inputs:
        (tmp_path / "inputs" / name).write_text("x")
    return tmp_path


@pytest.mark.parametrize(
    ("record", "more", "said"),
    [
        ({"inputs": {"m.xml": ""}, "command": ["pathway", "run", "m.xml"]}, {"inputs": ["m.xml"]},
         "this is the run of a model file; run it again with: pathway run m.xml"),
        ({"inputs": {"s.toml": ""}}, {}, "no run to repeat: inputs/s.toml is missing"),
        ({"inputs": {}}, {}, "no run to repeat, or damaged (provenance.json names no input file)"),
        ({"inputs": {"../../s.toml": ""}}, {}, "no run to repeat, or damaged (provenance.json names no input file)"),
        ({}, {}, "no run to repeat, or damaged ('inputs' is missing)"),
        ("[", {}, "no run to repeat, or damaged (provenance.json: this is no JSON"),
        ("[" * 100_000, {}, "no run to repeat, or damaged (provenance.json: this is nested too deeply)"),
        ({"inputs": {"s.toml": ""}, "settings": "a=1"}, {}, "no run to repeat, or damaged ('settings' in provenance"),
        ({"inputs": {"s.toml": ""}, "ensemble": {"kind": 3}}, {}, "no run to repeat, or damaged ('ensemble' in prov"),
        ({"inputs": {"s.toml": ""}}, {"table": None}, "no run to repeat: time_courses.csv is missing"),
    ],
)  # fmt: skip
def test_a_folder_that_holds_no_run(record, more, said, tmp_path):
    with pytest.raises(FolderError) as found:
        replay(folder_with(tmp_path, record, **more))
    assert str(found.value).startswith(f"{tmp_path}: {said}")


NOW = {"pathway": "2", "python": "3", "system": "L", "packages": {"numpy": "2.0"}, "circuit": "c", "cpu": "p"}


@pytest.mark.parametrize(
    ("before", "told"),
    [
        ({}, []),
        ({"pathway": "1"}, ["pathway 1 -> 2"]),
        ({"packages": {"numpy": "1.0"}}, ["numpy 1.0 -> 2.0"]),
        ({"packages": {}}, ["numpy None -> 2.0"]),
        ({"circuit": "d"}, ["the circuit's reactions or numbers"]),
        ({"cpu": "q", "python": "2"}, ["python 2 -> 3", "processor"]),
    ],
)
def test_what_is_not_as_it_was(before, told):
    assert provenance_changes({**NOW, **before}, NOW) == told


OLD = {"doses": [1.0, 2.0, 1000.0], "verdict": "synergy", "grid": [[0.5, None], [0.25, 0.0]], "n": 3}


@pytest.mark.parametrize(
    ("change", "verdict", "first"),
    [
        ({}, "identical", None),
        ({"doses": (1.0, 2.0, 1000.0)}, "identical", None),
        ({"doses": [1.0 + 9e-4, 2.0, 1000.0]}, "agrees", None),  # of the largest of its list
        ({"doses": [1.0, 2.0 + 2e-3, 999.0]}, "differs", "doses[1]: 2.0 before, 2.002 now"),
        ({"n": 3 * (1 + 9e-7)}, "agrees", None),
        ({"n": 4}, "differs", "n: 3 before, 4 now"),
        ({"verdict": "antagonism"}, "agrees", None),  # a word that rests on numbers, which are compared
        ({"grid": [[0.5, 0.1], [0.25, 0.0]]}, "differs", "grid[0][1]: None before, 0.1 now"),
        ({"grid": [[0.5, None], [0.25, 0.1]]}, "differs", "grid[1][1]: 0.0 before, 0.1 now"),
        ({"doses": [1.0, 2.0]}, "differs", "doses: [1.0, 2.0, 1000.0] before, [1.0, 2.0] now"),
    ],
)
def test_two_forms_of_an_analysis(change, verdict, first):
    record = {**provenance(["pathway"], [], {}), "settings": [], "command": ["pathway"]}
    found = compare_analysis(record, OLD, {**OLD, **change})
    assert (found.verdict, found.first_difference, found.changed) == (verdict, first, ())
    assert (found.largest <= 1e-6) == (verdict != "differs")


def test_a_value_that_came_or_went_differs_by_no_number():
    record = {**provenance(["pathway"], [], {}), "settings": [], "command": ["pathway"]}
    assert compare_analysis(record, {"a": None}, {"a": 1.0}).largest == math.inf


HEAD = ["arm", "time [h]", "x [1]"]


@pytest.mark.parametrize(
    ("before", "now", "largest", "words"),
    [
        (["1.0"], ["1.0"], 0.0, None),
        (["1.0"], ["1.0000001"], 1e-7, None),
        (["4.0", "1.0"], ["4.0", "1.0000004"], 1e-7, None),  # of the largest of its column
        (["1.0", "4.0"], ["1.0", "4.4"], 0.1, "arm 'a', 1 h, x [1]: 4.0 before, 4.4 now"),
        (["1.0", ""], ["1.0", "2.0"], math.inf, "arm 'a', 1 h, x [1]: nothing before, 2.0 now"),
        (["1.0"], ["1.0", "2.0"], math.inf, "the number of rows: 1 before, 2 now"),
    ],
)
def test_tables_are_compared_number_by_number(before, now, largest, words):
    old, new = ([HEAD, *(["a", str(k), x] for k, x in enumerate(column))] for column in (before, now))
    found = _compare(old, new)
    assert found == (pytest.approx(largest, rel=1e-6), words)
    assert _compare(old, [["arm"], *new[1:]])[1] == "the columns: arm, time [h], x [1] before, arm now"
