"""Random PEtab problems that mix what published ones contain, against a plain second reading with libRoadRunner."""

from __future__ import annotations

import importlib.util
import re

import numpy as np
import pytest

from pathway.fitting.objective import Objective
from pathway.formats.petab import read_petab
from tests.formats.random_petab import random_problem

pytestmark = pytest.mark.skipif(importlib.util.find_spec("roadrunner") is None, reason="not installed: roadrunner")


def _compared(seed: int, folder) -> None:
    """Objective at two points, both kinds of slopes at the second."""
    from tests.references.petab_likelihood import PlainPetab

    path = random_problem(seed, folder / str(seed))
    problem = read_petab(path)
    pace = re.search(r'id="pace"[^/]*value="([^"]*)"', (path.parent / "model.xml").read_text())
    plain = PlainPetab(path, long=3000.0 / float(pace[1]))
    objective = Objective(problem)
    objective.runner.relative_tolerance = 1e-9
    moved = problem.nominal * np.exp(np.random.default_rng(seed).normal(0.0, 0.2, len(problem.names)))
    for natural in (problem.nominal, moved):
        expected = plain.minus_log_posterior(plain.nominal | dict(zip(problem.names, natural, strict=True)))
        found = objective.value(problem.to_scale(natural))
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-6), f"random problem {seed}"
    x = problem.to_scale(moved)
    linear = np.array([p.scale == "linear" for p in problem.estimated])
    steps = np.diag(1e-4 * np.where(linear, np.abs(x), 1.0))
    changes = np.array([objective.value(x + step) - objective.value(x - step) for step in steps]) / 2.0
    for slopes in (objective(x).gradient, objective.backwards(x).gradient):
        allowed = 1e-4 * max(1e-4, np.abs(changes).max())
        np.testing.assert_allclose(steps @ slopes, changes, rtol=1e-4, atol=allowed, err_msg=f"random problem {seed}")


@pytest.mark.parametrize("seed", range(4))
def test_a_few_random_problems(seed, tmp_path) -> None:
    _compared(seed, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4, 104))
def test_random_problems(seed, tmp_path) -> None:
    _compared(seed, tmp_path)
