"""Experiments in periods: rests that follow each other, against closed forms, in every way in which they are run."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from pathway.equations import Model
from pathway.errors import InputError
from pathway.expressions import number, parse
from pathway.fitting.objective import Objective
from pathway.fitting.objective.assembled import simulation_plan
from pathway.fitting.problem import Measurement, Observable, Parameter, Problem
from pathway.simulation.protocol import STEADY, Experiment, Period, SteadyTarget, preequilibrated_state
from pathway.simulation.protocol.engine import SegmentEngine
from pathway.simulation.protocol.experiment import ExperimentError
from pathway.simulation.protocol.runner import Runner
from tests.simulation.models import model_of
from tests.simulation.test_events import event

TIMES = (0.0, 0.5, 1.0, 2.0)
RATE, LEVEL = 0.8, 3.0
PERIODS = (Period(STEADY, {"p": parse("a")}), Period(STEADY, {"p": parse("x / 2")}), Period(0.0, {"p": number(0.0)}))
"""x rests at a, then at half of what it was, then it is lost: a/2 exp(-k t)."""


def decay(**also) -> Model:
    """x decays to the level p; y follows it."""
    rates = {"x": "-k * (x - p)", "y": "x - y"}
    return model_of("decay", rates, {"x": 8.0, "y": 1.0}, {"k": 1.0, "p": 0.0, "a": LEVEL}, **also)


def problem(model: Model, periods=PERIODS, unused: int = 0) -> Problem:
    names = [("k", RATE), ("a", LEVEL), *((f"unused_{k}", 1.0) for k in range(unused))]
    return Problem(
        name="rests",
        model=model,
        parameters=tuple(Parameter(name, value, 0.1, 10.0, "log") for name, value in names),
        experiments=(Experiment("e", periods),),
        observables=(Observable("x", parse("x"), parse("0.1")),),
        measurements=tuple(Measurement("x", "e", time, 1.0) for time in TIMES),
    )


def expected_gradient() -> np.ndarray:
    """Of half the squared residuals, by the logarithms of k and a."""
    times, value = np.array(TIMES), 0.5 * LEVEL * np.exp(-RATE * np.array(TIMES))
    residual = (value - 1.0) / 0.01
    return np.array([residual @ (-RATE * times * value), residual @ value])


def test_rests_follow_each_other_in_a_batch_forward_and_backward() -> None:
    made = problem(decay())
    objective = Objective(made)
    x = made.to_scale(made.nominal)
    assert objective.compare().simulated == pytest.approx(0.5 * LEVEL * np.exp(-RATE * np.array(TIMES)), rel=1e-7)
    assert objective(x).gradient == pytest.approx(expected_gradient(), rel=1e-5)
    assert objective.backwards(x).gradient == pytest.approx(expected_gradient(), rel=1e-5)
    assert objective(x).gradient == pytest.approx(expected_gradient(), rel=1e-5)  # nothing is left of the call before


def test_rests_with_events_in_the_model_too() -> None:
    made = problem(decay(events=(event("low", "x < -1", {"y": "0"}),)))
    assert Objective(made)(made.to_scale(made.nominal)).gradient == pytest.approx(expected_gradient(), rel=1e-5)


@pytest.mark.parametrize("kind", ["plain", "events", "switches"])
def test_a_fit_follows_its_relative_tolerance_down_to_rounding(kind: str) -> None:
    model = decay(events=(event("low", "x < -1", {"y": "0"}),) if kind == "events" else ())
    if kind == "switches":
        model = replace(model, rate_rules={**model.rate_rules, "y": parse("piecewise(1, x > 1, 2) - y")})
    made = problem(model)
    objective = Objective(made, Runner(simulation_plan(made), relative_tolerance=1e-12))
    exact = 0.5 * LEVEL * np.exp(-RATE * np.array(TIMES))
    with_slopes = 1.0 + 0.1 * objective.linearized(made.to_scale(made.nominal)).residual
    assert objective.compare().simulated == pytest.approx(exact, rel=3e-12, abs=0.0)
    assert with_slopes == pytest.approx(exact, rel=3e-12, abs=0.0)


def test_rests_at_numbers_are_the_same() -> None:
    rested = preequilibrated_state(decay(), Experiment("e", PERIODS))
    assert rested.state == pytest.approx([LEVEL / 2, LEVEL / 2])
    assert rested.parameters == pytest.approx([1.0, LEVEL / 2, LEVEL])


def test_a_level_that_has_to_fall_falls_by_what_was_asked() -> None:
    lowered = SteadyTarget("p", "y", 0.25, of_level_before=True)
    experiment = Experiment("e", (Period(STEADY, {"p": number(4.0)}), Period(STEADY, {}, (lowered,))))
    rested = preequilibrated_state(decay(), experiment)
    assert rested.state == pytest.approx([1.0, 1.0]) and rested.parameters[1] == pytest.approx(1.0)


def test_targets_are_refused_by_what_does_not_know_them() -> None:
    periods = (Period(STEADY, {}, (SteadyTarget("p", "y", 2.0),)), Period(0.0))
    with pytest.raises(ExperimentError, match="experiment 'e' has targets of a steady state; expected them written as"):
        Objective(problem(decay(), periods))


def test_interventions_are_numbers_multiples_and_sums() -> None:
    changes = {"x": parse("2*x + 1"), "y": number(3.0), "p": parse("0.5*p"), "k": parse("k + 1")}
    (done,) = Experiment("e", (Period(1.0, changes), Period(2.0))).interventions
    assert (done.set, done.scale, done.add) == ({"y": 3.0}, {"x": 2.0, "p": 0.5}, {"x": 1.0, "k": 1.0})
    with pytest.raises(InputError, match="at 1: 'x' becomes a formula; expected a number, a multiple or a sum"):
        _ = Experiment("e", (Period(1.0, {"x": parse("x*y")}),)).interventions


def calls_of_the_engine(made: Problem, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the engine and the runner are asked to do for one value with its gradient."""
    objective, calls = Objective(made), list[str]()

    def count(owner: type, name: str) -> None:
        plain = getattr(owner, name)

        def counted(*given, **also):
            calls.append(name)
            return plain(*given, **also)

        monkeypatch.setattr(owner, name, counted)

    for name in ("advance", "taped", "pieces", "simulated", "rested", "rested_with_events"):
        count(SegmentEngine, name)
    count(Runner, "run_many")
    assert math.isfinite(objective(made.to_scale(made.nominal)).value)
    monkeypatch.undo()
    return calls


@pytest.mark.parametrize("events", [False, True])
def test_a_gradient_takes_no_runs_beside_the_one(events: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slopes follow the run: however many parameters there are, each period is run as often as for one of them."""
    model = decay(events=(event("low", "x < -1", {"y": "0"}),)) if events else decay()
    few, many = (calls_of_the_engine(problem(model, unused=n), monkeypatch) for n in (0, 20))
    assert few and few == many
    assert "run_many" not in few
