"""One test per problem of the PEtab benchmark collection; where it is not at hand, one skip that says so."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.conformance import benchmarks
from tests.conformance.outcome import FAILED, OTHER, PASSED, REFUSED, new_refusals

_FOLDER = os.environ.get(benchmarks.VARIABLE, "")
_CASES = benchmarks.cases(Path(_FOLDER)) if _FOLDER and Path(_FOLDER).is_dir() else []


@pytest.mark.skipif(not _CASES, reason=f"{benchmarks.VARIABLE} names no folder with the suite")
@pytest.mark.parametrize("case", _CASES, ids=[case.name for case in _CASES])
def test_case(case: Path) -> None:
    outcome = benchmarks.judge(case)
    assert not new_refusals([outcome], benchmarks.REFUSALS), outcome.reason
    if outcome.status in (OTHER, REFUSED):
        pytest.skip(outcome.reason)
    assert outcome.status == PASSED, outcome.reason


@pytest.mark.slow
@pytest.mark.skipif(not _CASES, reason=f"{benchmarks.VARIABLE} names no folder with the suite")
@pytest.mark.parametrize("case", _CASES, ids=[case.name for case in _CASES])
def test_gradient(case: Path) -> None:
    off = benchmarks.gradient_error(case)
    assert off <= 1e-5


@pytest.mark.skipif(not _CASES, reason=f"{benchmarks.VARIABLE} names no folder with the suite")
def test_what_there_is_nothing_to_compare_with_has_not_passed(tmp_path: Path) -> None:
    """A copy under another name, of which no likelihood is published: with its table, with a wrong one, without."""
    case = tmp_path / "Unknown"
    shutil.copytree(Path(_FOLDER) / "Boehm_JProteomeRes2014", case)
    assert benchmarks.judge(case).status == PASSED
    (table,) = case.glob("simulatedData*.tsv")
    text = table.read_text()
    last = text.rstrip().rpartition("\n")[2]
    table.write_text(text.replace(last, last.replace("model1_data1\t", "model1_data1\t9")))
    assert benchmarks.judge(case).status == FAILED
    table.unlink()
    outcome = benchmarks.judge(case)
    assert outcome.status == OTHER and "nothing to compare" in outcome.reason
