"""One test per case of the SBML semantic suite; where it is not at hand, one skip that says so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conformance import sbml
from tests.conformance.outcome import OTHER, PASSED, REFUSED, new_refusals

_FOLDER = os.environ.get(sbml.VARIABLE, "")
_CASES = sbml.cases(Path(_FOLDER)) if _FOLDER and Path(_FOLDER).is_dir() else []


@pytest.mark.skipif(not _CASES, reason=f"{sbml.VARIABLE} names no folder with the suite")
@pytest.mark.parametrize("case", _CASES, ids=[case.name for case in _CASES])
def test_case(case: Path) -> None:
    outcome = sbml.judge(case)
    assert not new_refusals([outcome], sbml.REFUSALS), outcome.reason
    if outcome.status in (OTHER, REFUSED):
        pytest.skip(outcome.reason)
    assert outcome.status == PASSED, outcome.reason
