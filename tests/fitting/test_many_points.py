"""Values at many points: each what it is alone, to the bit, whatever stands beside it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from pathway.equations import Event, Model
from pathway.expressions import number, parse
from pathway.fitting.objective import Objective
from pathway.fitting.problem import Measurement, Observable, Parameter, Problem
from pathway.simulation.protocol import Experiment, Period
from tests.fitting.receptor import receptor


def around(problem: Problem, count: int, seed: int = 1) -> np.ndarray:
    spread = np.random.default_rng(seed).normal(scale=0.2, size=(count, len(problem.names)))
    return problem.to_scale(problem.nominal) + spread


def growth_with_events() -> Problem:
    """Growth that is halved whenever it reaches a limit."""
    model = Model(
        name="halved",
        species=("x",),
        parameters=("rate", "limit"),
        parameter_values=np.array([0.5, 2.0]),
        initial={"x": number(1.0)},
        rate_rules={"x": parse("rate * x")},
        events=(Event("full", trigger=parse("x > limit"), assignments={"x": parse("x / 2")}),),
    )
    values = np.random.default_rng(2).uniform(0.8, 1.9, 6)
    return Problem(
        name="halved",
        model=model,
        parameters=(Parameter("rate", 0.5, 1e-2, 1e2, "log10"), Parameter("limit", 2.0, 1.5, 3.0)),
        experiments=(Experiment("only", (Period(0.0),)),),
        observables=(Observable("seen", parse("x"), parse("0.1")),),
        measurements=tuple(Measurement("seen", "only", float(t), float(v)) for t, v in enumerate(values)),
    )


def censored_receptor() -> Problem:
    problem = receptor()
    kinds = ["", "below", "above"]
    measurements = [replace(m, censored=kinds[k % 3]) for k, m in enumerate(problem.measurements)]
    return replace(problem, measurements=tuple(measurements))


@pytest.mark.parametrize("problem", [receptor(), censored_receptor(), growth_with_events()], ids=lambda p: p.name)
def test_a_point_has_the_same_bits_alone_and_among_others(problem: Problem) -> None:
    objective = Objective(problem)
    points = around(problem, 11)
    alone = np.array([objective.value(x) for x in points])
    assert np.isfinite(alone).all()
    assert np.array_equal(objective.values(points), alone)
    assert np.array_equal(objective.values(points[::-2]), alone[::-2])
    assert objective.evaluations == 11 + 11 + 6


def test_a_value_is_that_of_the_evaluation_with_slopes() -> None:
    objective = Objective(receptor())
    for x in around(objective.problem, 3):
        assert objective.value(x) == pytest.approx(objective(x).value, rel=1e-10)


def test_a_point_that_fails_leaves_the_others_alone() -> None:
    objective = Objective(receptor())
    points = around(objective.problem, 5)
    expected = objective.values(points)
    points[2, objective.problem.names.index("on")] = math.inf
    expected[2] = math.inf
    assert np.array_equal(objective.values(points), expected)
    ((reason, count),) = objective.failures.items()
    assert count == 1 and "experiment" in reason


def explosion() -> Problem:
    """x' = rate x^2 from 1, which is 1 / (1 - rate t)."""
    model = Model(
        name="explosion",
        species=("x",),
        parameters=("rate",),
        parameter_values=np.array([1.0]),
        initial={"x": number(1.0)},
        rate_rules={"x": parse("rate * x^2")},
    )
    return Problem(
        name="explosion",
        model=model,
        parameters=(Parameter("rate", 1.0, 1e-2, 1e2, "log10"),),
        experiments=(Experiment("only", (Period(0.0),)),),
        observables=(Observable("seen", parse("x"), parse("0.1")),),
        measurements=tuple(Measurement("seen", "only", t, 1.0 / (1.0 - t)) for t in (0.1, 0.5, 0.9)),
    )


def test_what_an_earlier_run_left_is_no_result() -> None:
    objective = Objective(explosion())
    slow, fast = np.array([0.0]), np.array([math.log10(2.0)])
    expected = 1.5 * math.log(2.0 * math.pi * 0.01)
    assert objective.value(slow) == pytest.approx(expected, abs=1e-6)
    assert objective.value(fast) == math.inf
    assert objective(fast).value == math.inf
    assert objective.values(np.array([slow, fast] * 4)).tolist() == [objective.value(slow), math.inf] * 4
    assert sum(objective.failures.values()) == 6 and all("experiment 'only'" in reason for reason in objective.failures)


def test_no_points_have_no_values() -> None:
    objective = Objective(receptor())
    assert objective.values(np.zeros((0, len(objective.problem.names)))).shape == (0,)
