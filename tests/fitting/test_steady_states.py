"""Fits through steady states of models with outputs, absent ligands and very different paces, against SciPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from pathway.equations import Model
from pathway.expressions import number, parse
from pathway.fitting.objective import Objective
from pathway.fitting.objective.assembled import simulation_plan
from pathway.fitting.problem import Measurement, Observable, Parameter, Problem
from pathway.simulation.protocol import Experiment, Period
from pathway.simulation.protocol.runner import Runner

VALUES = {"make": 2.0, "lose": 0.4, "on": 1.3, "off": 0.6, "intern": 0.9, "clear": 0.5, "swap": 1e4, "dose": 1.7}
MEASURED = {
    ("C", 0.5): 0.7,
    ("C", 3.0): 0.4,
    ("D", math.inf): 0.9,
    ("W", 2.0): 1.1,
    ("KP", 2.0): 0.3,
    ("R", math.inf): 4.0,
}


def trafficking() -> Model:
    """A receptor that waits for its ligand; D counts what was taken in, W what was lost; a fast switch beside it."""
    return Model(
        name="trafficking",
        species=("R", "L", "C", "D", "W", "K", "KP"),
        parameters=("make", "lose", "on", "off", "intern", "clear", "swap"),
        parameter_values=np.array([VALUES[n] for n in ("make", "lose", "on", "off", "intern", "clear", "swap")]),
        initial={n: number(v) for n, v in zip("R L C D W K KP".split(), (1.0, 0, 0, 0, 0, 1.0, 0), strict=True)},
        rate_rules={
            "R": parse("make - lose*R - on*R*L + off*C"),
            "L": parse("-on*R*L + off*C - clear*L"),
            "C": parse("on*R*L - off*C - intern*C"),
            "D": parse("intern*C"),
            "W": parse("lose*R"),
            "K": parse("-swap*K*(0.1 + C) + swap*KP"),
            "KP": parse("swap*K*(0.1 + C) - swap*KP"),
        },
    )


def problem(measured: dict[tuple[str, float], float] = MEASURED) -> Problem:
    names = sorted({name for name, _ in measured})
    return Problem(
        "trafficking",
        trafficking(),
        tuple(Parameter(name, value, 1e-3, 1e6, "log10") for name, value in VALUES.items()),
        (Experiment("e", (Period(-math.inf), Period(0.0, {"L": parse("dose")}))),),
        tuple(Observable(f"y_{name}", parse(name), number(0.2)) for name in names),
        tuple(Measurement(f"y_{name}", "e", time, value) for (name, time), value in measured.items()),
    )


def reference(x: np.ndarray) -> float:
    """The negative log-likelihood with SciPy: the untreated state by hand, then an explicit dose."""
    make, lose, on, off, intern, clear, swap, dose = 10.0**x

    def rates(_: float, y: np.ndarray) -> list[float]:
        r, ligand, c, _, _, k, kp = y
        bound = on * r * ligand - off * c
        swapped = swap * (k * (0.1 + c) - kp)
        return [
            make - lose * r - bound,
            -bound - clear * ligand,
            bound - intern * c,
            intern * c,
            lose * r,
            -swapped,
            swapped,
        ]

    start = [make / lose, dose, 0.0, 0.0, 0.0, 1 / 1.1, 0.1 / 1.1]
    times = [0.5, 2.0, 3.0, 150.0]
    run = solve_ivp(rates, (0.0, 150.0), start, method="LSODA", t_eval=times, rtol=1e-12, atol=1e-14)
    place = {t: k for k, t in enumerate(times)} | {math.inf: 3}
    names = ("R", "L", "C", "D", "W", "K", "KP")
    return sum(
        0.5 * ((run.y[names.index(name), place[t]] - value) / 0.2) ** 2 + 0.5 * math.log(2 * math.pi * 0.04)
        for (name, t), value in MEASURED.items()
    )


def test_values_and_gradients_through_both_steady_states() -> None:
    made = problem()
    objective = Objective(made, Runner(simulation_plan(made), relative_tolerance=1e-10, slope_tolerance=1e-8))
    x = made.to_scale(made.nominal)
    forward, backward = objective(x), objective.backwards(x)
    assert forward.value == pytest.approx(reference(x), rel=1e-8)
    assert backward.value == pytest.approx(reference(x), rel=1e-8)
    expected = np.empty(len(x))
    for k in range(len(x)):
        step = np.zeros(len(x))
        step[k] = 1e-3
        expected[k] = (
            8 * (reference(x + step) - reference(x - step)) - reference(x + 2 * step) + reference(x - 2 * step)
        ) / 12e-3
    scale = np.abs(expected).max()
    np.testing.assert_allclose(forward.gradient, expected, rtol=1e-5, atol=1e-6 * scale)
    np.testing.assert_allclose(backward.gradient, forward.gradient, rtol=1e-5, atol=1e-6 * scale)


def test_what_never_rests_cannot_be_measured_in_the_end() -> None:
    objective = Objective(problem({("W", math.inf): 1.0, ("C", 1.0): 0.5}))
    assert objective(objective.problem.to_scale(objective.problem.nominal)).value == math.inf
    assert list(objective.failures) == ["experiment 'e': 'W' is measured at infinite time, but it never rests"]
