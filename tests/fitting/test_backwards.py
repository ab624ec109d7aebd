"""Gradients by the walk backwards, through rest, jumps and held parameters, against differences and forward slopes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pathway.equations import Model
from pathway.expressions import number, parse
from pathway.fitting.objective import Objective
from pathway.fitting.objective.layout import Layout
from pathway.fitting.objective.runs import EngineRunner
from pathway.fitting.priors import Prior
from pathway.fitting.problem import Experiment, Measurement, Observable, Parameter, Period, Problem


def receptor() -> Problem:
    """A receptor that turns over and binds a ligand: rest, dose, a second dose that also changes a rate, rest again."""
    model = Model(
        name="receptor",
        species=("R", "C", "L"),
        parameters=("make", "lose", "on", "off", "clear", "start"),
        parameter_values=np.array([2.0, 0.4, 1.3, 0.6, 0.5, 3.0]),
        initial={"R": parse("start"), "C": number(0.0), "L": number(0.0)},
        rate_rules={
            "R": parse("make - lose * R - on * R * L + off * C"),
            "C": parse("on * R * L - off * C - lose * C"),
            "L": parse("-clear * L"),
        },
    )
    rested = Experiment(
        "rested",
        (
            Period(-math.inf),
            Period(0.0, {"L": parse("dose")}),
            Period(2.0, {"L": parse("L + 0.5 * dose * R / (1 + R)"), "on": parse("faster * on / (1 + C)")}),
        ),
    )
    fresh = Experiment("fresh", (Period(0.0, {"L": parse("2 * dose")}),))
    seen = Observable("seen", parse("scale * C + 0.1"), parse("noise * (1 + C)"))
    free = Observable("free", parse("log(R + L + make)"), parse("spread"), "laplace")
    values = {"make": 2.0, "lose": 0.4, "on": 1.3, "off": 0.6, "clear": 0.5, "start": 3.0}
    values |= {"dose": 1.7, "faster": 2.2, "scale": 3.0, "noise": 0.3}
    parameters = [Parameter(name, value, 1e-3, 1e3, "log10") for name, value in values.items()]
    parameters[2] = Parameter("on", 1.3, 1e-3, 1e3, "log10", prior=Prior("normal", (0.0, 1.0), on_scale=True))
    moments = [(e, t) for e in ("rested", "fresh") for t in (0.0, 0.5, 1.9, 2.0, 3.5, 9.0)] + [("rested", math.inf)]
    draws = np.random.default_rng(4).uniform(0.5, 4.0, (len(moments), 2))
    measurements = []
    for (experiment, time), (first, second) in zip(moments, draws, strict=True):
        measurements.append(Measurement("seen", experiment, time, float(first)))
        spread = {"spread": parse("0.2 * noise + 0.1")}
        measurements.append(Measurement("free", experiment, time, float(second), spread))
    return Problem(
        "receptor", model, tuple(parameters), (rested, fresh), (seen, free), tuple(measurements), posterior=True
    )


@pytest.fixture(scope="module")
def objective() -> Objective:
    problem = receptor()
    return Objective(problem, EngineRunner(Layout(problem), relative_tolerance=1e-11, slope_tolerance=1e-8))


def point(problem: Problem) -> np.ndarray:
    return problem.to_scale(problem.nominal) + np.random.default_rng(5).normal(scale=0.1, size=len(problem.names))


def test_it_agrees_with_forward_slopes(objective: Objective) -> None:
    x = point(objective.problem)
    found, forward = objective.slope(x), objective(x)
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
    np.testing.assert_allclose(objective.slope(x).gradient, expected, rtol=1e-6, atol=1e-6)


def test_what_cannot_be_run_is_infinite_and_keeps_its_reason() -> None:
    objective = Objective(receptor())
    x = point(objective.problem)
    x[objective.problem.names.index("on")] = math.inf
    assert objective.slope(x).value == math.inf
    assert sum(objective.failures.values()) == 1


def test_forward_slopes_are_kept_of_what_observables_read_alone(objective: Objective) -> None:
    layout, x = objective.layout, point(objective.problem)
    recorded = objective.runner.run(layout.full(objective.problem.from_scale(x)), True)
    n_outputs, n_estimated = len(layout.output_time), len(x)
    assert recorded.state_slopes.shape == (n_outputs, 3, n_estimated)
    assert recorded.parameter_slopes.shape == (n_outputs, 1, n_estimated)  # of "make"


def test_slopes_that_do_not_fit_into_memory_are_a_failed_run(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = receptor()
    objective = Objective(problem)
    monkeypatch.setattr(Layout, "slope_shapes", ((1 << 40, 1 << 10, 1), (1, 1, 1)))
    found = objective(point(problem))
    assert found.value == math.inf
    assert "memory" in found.failure
