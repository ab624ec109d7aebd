"""A fit leaves out drugs that no arm is given, and nothing that it tells depends on that."""

from __future__ import annotations

import numpy as np
import pytest

import pathway
from pathway.fitting.objective import Objective, assembled


def test_a_fit_leaves_out_drugs_that_nobody_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = pathway.load_problem("fit_a_blot").definition
    x = np.clip(problem.to_scale(problem.nominal), *problem.bounds)
    tight = {"relative_tolerance": 1e-10}
    small, small_plan = pathway.EstimationProblem(problem, **tight), assembled.simulation_plan(problem)
    left_out = set(problem.model.species) - set(small_plan.model.species)
    assert {"trastuzumab", "HER2_trastuzumab", "antimiR_RISC"} <= left_out
    assert "lapatinib" not in left_out and left_out <= set(small_plan.model.parameters)

    monkeypatch.setattr(assembled, "without_absent_species", lambda model, given: model)
    whole = pathway.EstimationProblem(problem, **tight)
    assert Objective(problem).assembled.plan.model is problem.model
    assert small.value(x) == pytest.approx(whole.value(x), rel=1e-9)
    gradient = whole.gradient(x)
    assert small.gradient(x) == pytest.approx(gradient, abs=1e-6 * np.abs(gradient).max())
