"""Random PEtab 2 problems with events, delays, periods and pre-equilibration, against a reading moment by moment."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from pathway.fitting.objective import Objective, RunError
from pathway.fitting.problem import ProblemError
from pathway.formats.petab import read_petab
from tests.formats.random_petab_2 import random_problem_2
from tests.references.petab_periods import NoSteadyState, PlainPeriods

REFUSED = (r"which itself was set from the running state; this is not supported",)
"""All that is not computed; another kind fails."""


def _outcome(seed: int, folder: Path) -> str:
    """What became of one problem at two points: "right", "refused", or "without end" where both readings say so."""
    path = random_problem_2(seed, folder / str(seed))
    problem = read_petab(path)
    try:
        objective = Objective(problem)
    except ProblemError as reason:
        assert any(re.search(kind, str(reason)) for kind in REFUSED), f"random problem {seed}: {reason}"
        return "refused"
    objective.runner.relative_tolerance = 1e-9
    plain = PlainPeriods(path)
    moved = problem.nominal * np.exp(np.random.default_rng(seed).normal(0.0, 0.2, len(problem.names)))
    for natural in (problem.nominal, moved):
        named = dict(zip(problem.names, map(float, natural), strict=True))
        try:
            expected = plain.simulated(plain.parameters | named)
        except NoSteadyState:
            with pytest.raises(RunError, match=r"events go on happening|happen without end"):
                objective.compare(natural)
            return "without end"
        found = objective.compare(natural).simulated
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6, err_msg=f"random problem {seed}")
    return "right"


@pytest.mark.parametrize("seed", [3, 4, 6, 7, 8, 10])
def test_a_few_random_problems(seed: int, tmp_path: Path) -> None:
    assert _outcome(seed, tmp_path) == "right"


@pytest.mark.parametrize(("seed", "switching"), [(2, False), (7, False), (9, True), (3, True)])
def test_gradients_are_those_of_the_values(seed: int, switching: bool, tmp_path: Path) -> None:
    path = random_problem_2(seed, tmp_path, switching)
    objective, plain = Objective(read_petab(path)), PlainPeriods(path)
    objective.runner.relative_tolerance = 1e-10
    found, expected = objective.compare().simulated, plain.simulated(plain.parameters)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)
    problem, step = objective.problem, 1e-5
    x = problem.to_scale(problem.nominal * np.exp(np.random.default_rng(seed).normal(0.0, 0.1, len(problem.names))))
    steps = step * np.eye(len(x))
    differences = [(objective.value(x + s) - objective.value(x - s)) / (2.0 * step) for s in steps]
    np.testing.assert_allclose(objective(x).gradient, differences, rtol=1e-4, atol=1e-3)


@pytest.mark.slow
def test_two_hundred_random_problems(tmp_path: Path) -> None:
    outcomes = Counter(_outcome(seed, tmp_path) for seed in range(200))
    print(outcomes)
    assert outcomes["refused"] <= 6
    assert outcomes["without end"] <= 20
