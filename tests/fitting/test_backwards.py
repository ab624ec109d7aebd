"""Gradients by the walk backwards, through rest, jumps and held parameters, against differences and forward slopes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pathway.expressions import parse
from pathway.fitting.objective import Objective
from pathway.fitting.objective.assembled import simulation_plan
from pathway.fitting.problem import Measurement, Observable, Parameter, Problem
from pathway.simulation import simulate
from pathway.simulation.protocol import Experiment, Period
from pathway.simulation.protocol.plan import SimulationPlan
from pathway.simulation.protocol.runner import Runner
from tests.fitting.receptor import receptor
from tests.simulation.models import model_of
from tests.simulation.test_zero import SLOPES, differences, one


@pytest.fixture(scope="module")
def objective() -> Objective:
    problem = receptor()
    return Objective(problem, Runner(simulation_plan(problem), relative_tolerance=1e-11, slope_tolerance=1e-8))


def point(problem: Problem) -> np.ndarray:
    return problem.to_scale(problem.nominal) + np.random.default_rng(5).normal(scale=0.1, size=len(problem.names))


def test_it_agrees_with_forward_slopes(objective: Objective) -> None:
    x = point(objective.problem)
    found, forward = objective.backwards(x), objective(x)
    assert found.value == pytest.approx(forward.value, rel=1e-12)
    assert found.information is None
    np.testing.assert_allclose(found.gradient, forward.gradient, rtol=1e-6, atol=1e-8)


def test_it_agrees_with_differences_of_the_objective(objective: Objective) -> None:
    x = point(objective.problem)
    expected = np.empty(len(x))
    for k in range(len(x)):
        step = np.zeros(len(x))
        step[k] = 1e-3
        ahead, back, far_ahead, far_back = (objective.value(x + f * step) for f in (1, -1, 2, -2))
        expected[k] = (8.0 * (ahead - back) - (far_ahead - far_back)) / (12.0 * 1e-3)
    np.testing.assert_allclose(objective.backwards(x).gradient, expected, rtol=1e-6, atol=1e-6)


def test_parameters_that_no_run_depends_on_have_slopes_too() -> None:
    problem = receptor()
    moving = ("scale", "noise")
    fixed = {p.name: p.value for p in problem.parameters if p.name not in moving}
    part, whole = Objective(problem.fixed(fixed)), Objective(problem)
    x = problem.to_scale(problem.nominal)
    chosen = [problem.names.index(name) for name in moving]
    np.testing.assert_allclose(part(x[chosen]).gradient, whole(x).gradient[chosen], rtol=1e-5)  # type: ignore[index]
    np.testing.assert_allclose(part.backwards(x[chosen]).gradient, whole(x).gradient[chosen], rtol=1e-5)  # type: ignore[index]


def test_what_cannot_be_run_is_infinite_and_keeps_its_reason() -> None:
    objective = Objective(receptor())
    x = point(objective.problem)
    x[objective.problem.names.index("on")] = math.inf
    assert objective.backwards(x).value == math.inf
    assert sum(objective.failures.values()) == 1


def test_forward_slopes_are_kept_of_what_observables_read_alone(objective: Objective) -> None:
    plan, x = objective.runner.plan, point(objective.problem)
    recorded = objective.runner.run(plan.full(objective.problem.from_scale(x)))
    n_outputs, n_estimated = len(plan.output_time), len(x)
    assert recorded.state_slopes.shape == (n_outputs, 3, n_estimated)
    assert recorded.parameter_slopes.shape == (n_outputs, 1, n_estimated)  # of "make"


def test_slopes_that_do_not_fit_into_memory_are_a_failed_run(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = receptor()
    objective = Objective(problem)
    monkeypatch.setattr(SimulationPlan, "slope_shapes", ((1 << 40, 1 << 10, 1), (1, 1, 1)))
    found = objective(point(problem))
    assert found.value == math.inf
    assert "memory" in found.failure


@pytest.mark.parametrize("rate", SLOPES)
def test_gradients_of_states_that_begin_at_zero(rate):
    """Both ways, against differences of an explicit method, where the slope of a rate is infinite at the start."""
    times, values, size = np.array([0.5, 1.0, 3.0]), SLOPES[rate], 0.01
    problem = Problem(
        name="zero",
        model=one(rate, **values),
        parameters=tuple(Parameter(name, value, 1e-3, 1e3, "linear") for name, value in values.items()),
        experiments=(Experiment("only", (Period(0.0),)),),
        observables=(Observable("seen", parse("y"), parse(repr(size))),),
        measurements=tuple(Measurement("seen", "only", float(t), 0.01) for t in times),
    )
    objective = Objective(problem)
    x = problem.to_scale(problem.nominal)
    states = simulate(one(rate, **values), times, relative_tolerance=1e-10)["y"]
    expected = ((states - 0.01) / size**2) @ differences(rate, values, times)
    for gradient in (objective(x).gradient, objective.backwards(x).gradient):
        assert gradient == pytest.approx(expected, rel=1e-4, abs=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("times", [(0.0,), (0.0, 1.5)])
def test_what_algebraic_rules_give_at_the_start_has_its_slope(times: tuple[float, ...]) -> None:
    """z = 1 / (1 + p (a0 + q t)), measured as 0.3 with a noise of 0.1: the gradient by hand, forwards and backwards."""
    values = {"p": 0.8, "q": 0.5, "a0": 1.0}
    model = model_of("ties", {"a": "q"}, {"a": "a0", "z": 0.5}, values, algebraic={"z": "z*(1 + p*a) - 1"})
    problem = Problem(
        name="ties",
        model=model,
        parameters=tuple(Parameter(name, value, 0.01, 10.0) for name, value in values.items()),
        experiments=(Experiment("only"),),
        observables=(Observable("seen", parse("z"), parse("0.1")),),
        measurements=tuple(Measurement("seen", "only", t, 0.3) for t in times),
    )
    t = np.array(times)
    a = 1.0 + 0.5 * t
    z = 1.0 / (1.0 + 0.8 * a)
    expected = ((z - 0.3) / 0.01) @ (-np.stack([a, 0.8 * t, 0.8 * np.ones(len(t))], axis=1) * (z**2)[:, None])
    objective, x = Objective(problem), problem.to_scale(np.array(list(values.values())))
    assert objective(x).gradient == pytest.approx(expected, rel=1e-4, abs=1e-9)
    assert objective.backwards(x).gradient == pytest.approx(expected, rel=1e-4, abs=1e-9)
