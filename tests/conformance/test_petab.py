"""One test per case of the PEtab test suite; where it is not at hand, one skip that says so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conformance import petab
from tests.conformance.outcome import OTHER, PASSED, REFUSED, new_refusals

_FOLDER = os.environ.get(petab.VARIABLE, "")
_CASES = petab.cases(Path(_FOLDER)) if _FOLDER and Path(_FOLDER).is_dir() else []


@pytest.mark.skipif(not _CASES, reason=f"{petab.VARIABLE} names no folder with the suite")
@pytest.mark.parametrize("case", _CASES, ids=[f"{case.parent.name}-{case.name}" for case in _CASES])
def test_case(case: Path) -> None:
    outcome = petab.judge(case)
    assert not new_refusals([outcome], petab.REFUSALS), outcome.reason
    if outcome.status in (OTHER, REFUSED):
        pytest.skip(outcome.reason)
    assert outcome.status == PASSED, outcome.reason
