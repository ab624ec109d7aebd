"""The engine under other people's tools: what the page about it shows is run, and the petab library judges."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pathway
from docs.blocks import HERE
from tests.conformance import benchmarks

_FOLDER = os.environ.get(benchmarks.VARIABLE, "")
_CASES = benchmarks.cases(Path(_FOLDER)) if _FOLDER and Path(_FOLDER).is_dir() else []
_PAGE = HERE / "howto" / "other_tools.md"
_STATES_IN_NOISE = "Raia_CancerResearch2011"

pytestmark = pytest.mark.skipif(not _CASES, reason=f"{benchmarks.VARIABLE} names no folder with the suite")


def _code(*words: str) -> list[str]:
    """The blocks of the page that mention one of these libraries, in order."""
    blocks = re.findall(r"^```python\n(.*?)^```$", _PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [block for block in blocks if any(word in block for word in words)]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the blocks find: Boehm's problem, in its folder."""
    monkeypatch.chdir(Path(_FOLDER) / "Boehm_JProteomeRes2014")
    return {"pathway": pathway, "problem": pathway.load_problem("Boehm_JProteomeRes2014.yaml")}


@pytest.mark.filterwarnings("ignore")
def test_pypesto_optimizes_and_samples(names: dict[str, Any]) -> None:
    pytest.importorskip("pypesto")
    optimize, sample = _code("pypesto")
    exec(optimize, names)
    assert min(names["result"].optimize_result.fval) == pytest.approx(138.22197, abs=1e-3)
    exec(sample, names)
    trace = names["result"].sample_result.trace_x
    assert trace.shape[-1] == 9 and (trace != trace[:, :1]).any()


@pytest.mark.filterwarnings("ignore")
def test_least_squares_and_samplers_run(names: dict[str, Any]) -> None:
    pytest.importorskip("emcee")
    pytest.importorskip("nutpie")
    for block in _code("least_squares", "emcee", "nutpie"):
        exec(block, names)
    problem = names["problem"]
    assert problem.value(names["best"].x) == pytest.approx(138.22197, abs=1e-3)
    assert names["sampler"].get_chain().shape == (20, 18, 9)
    theta = names["theta"].reshape(-1, 9)
    assert ((theta > problem.lower) & (theta < problem.upper)).all() and theta.std(axis=0).min() > 0.0


@pytest.mark.filterwarnings("ignore")
def test_blackjax_samples(names: dict[str, Any]) -> None:
    pytest.importorskip("blackjax")
    (block,) = _code("blackjax")
    exec(block, names)
    problem, density, jax = names["problem"], names["density"], names["jax"]
    z = np.full(len(problem.names), 0.3)
    value, gradient = density.sloped(z)
    assert float(names["log_density"](z)) == value
    assert np.array_equal(jax.grad(names["log_density"])(z), gradient)
    assert ((names["theta"] > problem.lower) & (names["theta"] < problem.upper)).all()
    assert names["theta"].std(axis=0).min() > 0.0


@pytest.mark.parametrize("case", _CASES, ids=[case.name for case in _CASES])
def test_the_petab_library_has_the_same_likelihood_of_our_simulation(case: Path) -> None:
    petab = pytest.importorskip("petab.v1")
    file = benchmarks.problem_file(case)
    problem, theirs = pathway.load_problem(file), petab.Problem.from_yaml(str(file))
    assert problem.names == tuple(theirs.x_free_ids)
    assert problem.scales == tuple(theirs.parameter_df.parameterScale[name] for name in problem.names)
    assert problem.nominal == pytest.approx(theirs.x_nominal_free_scaled)
    assert problem.lower == pytest.approx(theirs.get_lb(fixed=False, scaled=True))
    if case.name == _STATES_IN_NOISE:
        pytest.skip("its noise depends on states, which the library does not evaluate")
    found = problem.compare(problem.nominal)
    simulated = theirs.measurement_df.rename(columns={"measurement": "simulation"}).assign(simulation=found.simulated)
    known = petab.calculate.calculate_llh(theirs.measurement_df, simulated, theirs.observable_df, theirs.parameter_df)
    assert found.log_likelihood == pytest.approx(known, rel=1e-8)
