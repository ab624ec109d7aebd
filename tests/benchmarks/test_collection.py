"""The table of a collection, of what a process has told."""

from __future__ import annotations

import json

from benchmarks.collection import HEAD, collected, page, row

TOLD = [
    {"parameters": 9, "cold": 1.26, "nominal": 138.222},
    {"likelihood": -138.222, "published": -138.22199},
    {"gradient": 2.2e-7, "memory": 300.0},
    {"start": [145.0, 20.0]},
    {"start": [138.25, 10.0]},
    {"start": [None, 6.0]},
    {"memory": 312.4},
]


def test_starts_are_counted_at_the_best_value_known():
    result = collected("\n".join(map(json.dumps, TOLD)), 30.0, 1)
    assert result["starts"] == [[145.0, 20.0], [138.25, 10.0], [None, 6.0]]
    cells = dict(zip(HEAD, row("Boehm", result), strict=True))
    assert cells["starts at the best known"] == "1 of 3" and cells["per processor hour"] == "100"
    assert cells["memory [MB]"] == "312" and cells["best found"] == "138.25" and cells["gradient off by"] == "2e-07"
    # A better nominal value is the best known, and nobody has reached it.
    assert row("Boehm", result | {"nominal": 130.0})[-2:] == ["0 of 3", "0"]


def test_a_process_that_ends_early_has_a_row_of_what_it_told():
    result = collected(json.dumps(TOLD[0]), 30.0, 1, "ended: it took too long")
    cells = dict(zip(HEAD, row("Chen", result), strict=True))
    assert cells["parameters"] == "9" and cells["published"] == "-"
    assert cells["starts at the best known"] == "ended: it took too long" and cells["per processor hour"] == "-"
    assert page({"Chen": result}).splitlines()[-1].startswith("| Chen | 9 | 1.3 | - |")
