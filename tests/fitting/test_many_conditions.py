"""Conditions run side by side, each with its steps: what they give is what each gives alone."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from pathway.expressions import parse
from pathway.fitting.objective import Objective
from pathway.fitting.problem import Problem
from pathway.simulation.prepared import prepare_model
from pathway.simulation.protocol import Experiment, Period
from tests.fitting.receptor import receptor

DOSES = [0.3 * 1.4**k for k in range(11)]


def many_doses(count: int = len(DOSES)) -> Problem:
    """The receptor from rests of its own, then under a dose of its own, then under one that also changes a rate."""
    one = receptor()
    experiments, measurements = [], []
    for k, dose in enumerate(DOSES[:count]):
        name = f"dose{k}"
        rest = Period(-math.inf, {"make": parse(f"make * {1.0 + 0.1 * k}")})
        later = Period(2.0, {"L": parse(f"L + {dose} * dose * R / (1 + R)"), "on": parse("faster * on / (1 + C)")})
        experiments.append(Experiment(name, (rest, Period(0.0, {"L": parse(f"{dose} * dose")}), later)))
        measurements += [replace(m, experiment=name) for m in one.measurements if m.experiment == "rested"]
    return replace(one, experiments=tuple(experiments), measurements=tuple(measurements), posterior=False)


def without_prior(problem: Problem) -> Problem:
    return replace(problem, parameters=tuple(replace(p, prior=None) for p in problem.parameters))


def alone(problem: Problem, experiment: Experiment) -> Problem:
    own = tuple(m for m in problem.measurements if m.experiment == experiment.name)
    return replace(problem, experiments=(experiment,), measurements=own)


@pytest.mark.parametrize("way", ["forward", "backwards"])
def test_the_whole_is_the_sum_of_its_conditions(way: str) -> None:
    problem = without_prior(many_doses())
    ask = lambda p: (Objective(p) if way == "forward" else Objective(p).backwards)(x)  # noqa: E731
    x = problem.to_scale(problem.nominal) + 0.05
    whole, parts = ask(problem), [ask(alone(problem, e)) for e in problem.experiments]
    assert whole.value == pytest.approx(sum(part.value for part in parts), rel=1e-12)
    assert whole.gradient == pytest.approx(sum(part.gradient for part in parts), rel=1e-10, abs=1e-10)
    if way == "forward":
        assert whole.information == pytest.approx(sum(part.information for part in parts), rel=1e-10, abs=1e-10)


def test_more_steps_than_there_was_room_for_change_nothing() -> None:
    problem = many_doses()
    x = problem.to_scale(problem.nominal)
    usual = Objective(problem)(x)
    cramped = replace(problem, model=replace(problem.model))
    prepare_model(cramped.model).tape_rows = 3
    found = Objective(cramped)(x)
    assert prepare_model(cramped.model).tape_rows > 3
    assert found.value == usual.value and np.array_equal(found.gradient, usual.gradient)


def test_a_point_has_the_same_bits_alone_and_among_others() -> None:
    """Rests of many members run in lanes, those of one condition alone do not."""
    problem = many_doses(2)
    objective = Objective(problem)
    points = problem.to_scale(problem.nominal) + np.random.default_rng(1).normal(scale=0.2, size=(7, 10))
    expected = np.array([objective.value(x) for x in points])
    assert np.isfinite(expected).all()
    assert np.array_equal(objective.values(points), expected)


@pytest.mark.parametrize("way", ["forward", "backwards"])
def test_the_condition_that_fails_is_named(way: str) -> None:
    """Under the strongest dose alone the receptor is lost to infinity."""
    problem = many_doses()
    periods = (*problem.experiments[7].periods[:1], Period(0.0, {"L": parse("-1e3 * dose"), "clear": parse("-1")}))
    experiments = [*problem.experiments[:7], Experiment("dose7", periods), *problem.experiments[8:]]
    objective = Objective(replace(problem, experiments=tuple(experiments)))
    x = problem.to_scale(problem.nominal)
    found = (objective if way == "forward" else objective.backwards)(x)
    assert found.value == math.inf and "experiment 'dose7'" in found.failure
    assert objective.value(x) == math.inf
    assert all("experiment 'dose7'" in reason for reason in objective.failures)


def test_a_parameter_of_another_condition_is_no_direction_of_a_run() -> None:
    """Each dose is a parameter of the model too, which the rates do not read."""
    problem = without_prior(many_doses(3))
    names = [f"amount{k}" for k in range(3)]
    model = replace(
        problem.model,
        parameters=(*problem.model.parameters, *names),
        parameter_values=np.append(problem.model.parameter_values, [1.0, 2.0, 3.0]),
    )
    experiments = [
        Experiment(e.name, (e.periods[0], Period(0.0, {"L": parse(f"{name} * dose")})))
        for e, name in zip(problem.experiments, names, strict=True)
    ]
    doses = tuple(replace(problem.parameters[0], name=name, value=k + 1.0) for k, name in enumerate(names))
    problem = replace(problem, model=model, parameters=(*problem.parameters, *doses), experiments=tuple(experiments))
    objective = Objective(problem)
    x = problem.to_scale(problem.nominal)
    for sensitivities, name in zip(objective.runner._sensitivities[3:], names, strict=True):
        followed = {problem.names[d] for d in sensitivities.active}
        assert followed & set(names) == {name}
    np.testing.assert_allclose(objective(x).gradient, objective.backwards(x).gradient, rtol=1e-5, atol=1e-6)
    for k in range(len(x)):
        step = 1e-4 * np.eye(len(x))[k]
        slope = (objective.value(x + step) - objective.value(x - step)) / 2e-4
        assert objective(x).gradient[k] == pytest.approx(slope, rel=1e-5, abs=1e-5)
