"""One test per problem of the PEtab benchmark collection; where it is not at hand, one skip that says so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conformance import benchmarks
from tests.conformance.outcome import OTHER, PASSED, REFUSED, new_refusals

_FOLDER = os.environ.get(benchmarks.VARIABLE, "")
_CASES = benchmarks.cases(Path(_FOLDER)) if _FOLDER and Path(_FOLDER).is_dir() else []
_MISSED = {
    "Fujita_SciSignal2010": "the collection's simulations belong to the numbers in the SBML file, an earlier fit",
}


@pytest.mark.skipif(not _CASES, reason=f"{benchmarks.VARIABLE} names no folder with the suite")
@pytest.mark.parametrize("case", _CASES, ids=[case.name for case in _CASES])
def test_case(case: Path, request: pytest.FixtureRequest) -> None:
    if case.name in _MISSED:
        request.applymarker(pytest.mark.xfail(reason=_MISSED[case.name], strict=True))
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
