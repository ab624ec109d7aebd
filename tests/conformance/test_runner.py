"""The runner of the suites: what it exits with."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from tests.conformance.outcome import ERROR, FAILED, OTHER, PASSED, REFUSED, Outcome

DELAY = "delay() by a time that changes or is negative is not supported"


@pytest.mark.parametrize(
    ("suite", "outcome", "code"),
    [
        ("sbml", Outcome("00001", PASSED), 0),
        ("sbml", Outcome("00982", REFUSED, f"00982.xml: {DELAY}"), 0),
        ("sbml", Outcome("00982", REFUSED, "00982.xml: another reason"), 3),
        ("sbml", Outcome("00001", REFUSED, f"00001.xml: {DELAY}"), 3),
        ("sbml", Outcome("00001", FAILED, "S1 is off"), 3),
        ("sbml", Outcome("00001", ERROR, "the run stopped"), 3),
        ("sbml", Outcome("00001", OTHER, "flux balance"), 0),
        ("petab", Outcome("v2.0.0/0001", PASSED), 0),
        ("petab", Outcome("v2.0.0/0001", REFUSED, "not supported"), 3),
        ("benchmarks", Outcome("Boehm", REFUSED, "not supported"), 3),
    ],
    ids=lambda value: getattr(value, "status", value),
)
def test_a_case_that_begins_to_be_refused_is_an_error(
    suite: str, outcome: Outcome, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = importlib.import_module("tests.conformance.__main__")
    module = importlib.import_module(f"tests.conformance.{suite}")
    monkeypatch.setenv(module.VARIABLE, str(tmp_path))
    monkeypatch.setattr(module, "cases", lambda folder: [tmp_path / outcome.case])
    monkeypatch.setattr(runner, "sweep", lambda cases, judge, workers: iter([outcome]))
    assert runner.main([suite]) == code
