"""Fits of models whose rates and events switch with time: values and gradients against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pathway.equations import Model
from pathway.expressions import parse
from pathway.fitting.objective import Objective
from pathway.fitting.problem import Measurement, Observable, Parameter, Problem
from pathway.simulation.protocol import Experiment, Period
from tests.simulation.models import model_of
from tests.simulation.test_time_switches import after_doses, after_pulses, dosed

TIMES = (30.0, 250.0, 500.0, 600.0)


def infused() -> Model:
    rate = "piecewise(1, time - every*floor(time/every) < 8, 0) - k*x"
    return model_of("infused", {"x": rate}, {"x": 0.0}, {"k": 0.01, "every": 24.0})


def problem_of(model: Model, start: float, periods: dict[float, dict[str, str]]) -> Problem:
    made = tuple(Period(at, {n: parse(f) for n, f in changes.items()}) for at, changes in periods.items())
    return Problem(
        name="dosing",
        model=model,
        parameters=(Parameter("k", start, 0.001, 1.0, "log"),),
        experiments=(Experiment("e", made),),
        observables=(Observable("x", parse("x"), parse("1")),),
        measurements=tuple(Measurement("x", "e", t, 1.0) for t in TIMES),
    )


def infusions(k: float) -> np.ndarray:
    """Every 24 up to 300, every 30 from there (a phase of 0 at 300)."""
    pulses = [(24.0 * n, min(24.0 * n + 8, 300.0)) for n in range(13)] + [
        (30.0 * n, 30.0 * n + 8) for n in range(10, 20)
    ]
    return np.array([after_pulses(pulses, t, k) for t in TIMES])


def test_values_and_gradients_of_periodic_infusions_over_two_periods() -> None:
    objective = Objective(problem_of(infused(), 0.01, {0.0: {}, 300.0: {"every": "30"}}))
    assert objective.compare().simulated == pytest.approx(infusions(0.01), rel=1e-6)
    at = np.log([0.01])
    step = 1e-5
    misfit = lambda k: 0.5 * np.sum((infusions(k) - 1.0) ** 2)  # noqa: E731
    slope = (misfit(0.01 * math.exp(step)) - misfit(0.01 * math.exp(-step))) / (2 * step)
    assert objective.value(at + step) - objective.value(at - step) == pytest.approx(2 * step * slope, rel=1e-4)
    for gradient in (objective(at).gradient, objective.backwards(at).gradient):  # forward, and backward
        assert gradient is not None
        assert gradient[0] == pytest.approx(slope, rel=2e-4)


def test_values_of_periodic_doses_by_events() -> None:
    objective = Objective(problem_of(dosed("phase < 0.5"), 0.2, {0.0: {}, 300.0: {"x": "x + 1"}}))
    doses = [6.0 * n for n in range(1, 101)]
    expected = [after_doses(doses, t) + (math.exp(-0.2 * (t - 300)) if t >= 300 else 0.0) for t in TIMES]
    assert objective.compare().simulated == pytest.approx(expected, rel=1e-6)
