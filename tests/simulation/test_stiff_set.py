"""The published stiff problems at four tolerances, and the order of the methods."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import pathway
from pathway.equations import Model
from pathway.simulation import simulate, simulate_ensemble
from pathway.simulation.solvers import METHODS
from tests.references.scipy_simulation import compiled
from tests.references.stiff_set import PROBLEMS, StiffProblem
from tests.simulation.models import model_of


def radau(problem: StiffProblem, relative: float, absolute: float) -> np.ndarray:
    model = problem.model
    function = compiled(model, list(model.derivatives.values()))
    span, start = (0.0, problem.end), model.initial_values
    return solve_ivp(lambda t, y: function(t, y, []), span, start, method="Radau", rtol=relative, atol=absolute).y[
        :, -1
    ]


@pytest.mark.parametrize("solver", ["AutoTsit5", "Rodas5P"])
@pytest.mark.parametrize("tolerance", [1e-4, 1e-6, 1e-8, 1e-10])
@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
def test_the_error_is_what_was_asked_for_or_no_worse_than_that_of_radau(
    problem: StiffProblem, tolerance: float, solver: str
) -> None:
    start = problem.model.initial_values
    absolute = problem.absolute or 1e-7 * tolerance * np.abs(start).max()
    reference = np.array(problem.solution) if problem.solution else radau(problem, 1e-12, 1e-13)
    options = {"relative_tolerance": tolerance, "absolute_tolerance": absolute, "solver": solver}
    found = simulate(problem.model, [0.0, problem.end], **options)  # type: ignore[arg-type]
    error = np.max(np.abs(found.values[-1] / reference - 1.0))
    allowed = 10 * tolerance
    if error > allowed:
        allowed = 1.05 * np.max(np.abs(radau(problem, tolerance, absolute) / reference - 1.0))
    assert error <= allowed


@pytest.mark.parametrize("name", list(METHODS))
def test_the_error_falls_with_the_order_of_the_method(name: str) -> None:
    # Nonlinear, driven by time, with a known solution: y = cos(t), z = exp(-t) + sin(t).
    model = model_of(
        "order",
        {
            "y": "-sin(time) + (cos(time)^2 - y^2)*(1 + z)",
            "z": "cos(time) - exp(-time) + y*z - y*(exp(-time) + sin(time))",
        },
        {"y": 1.0, "z": 1.0},
        {"k": 1.0},
    )
    times = np.linspace(0.0, 4.0, 41)
    exact = np.stack([np.cos(times), np.exp(-times) + np.sin(times)], axis=1)
    at_end, between = [], []
    for n_steps in (20, 40, 80):
        options = {"relative_tolerance": 0.9, "absolute_tolerance": 1e3, "solver": name}
        found = simulate(model, times, maximum_step=4.0 / n_steps * 1.0000001, **options)  # type: ignore[arg-type]
        at_end.append(np.abs(found.values[-1] - exact[-1]).max())
        between.append(np.abs(found.values - exact).max())
    order = {"Rodas4": 4}.get(name, 5)
    for errors, expected in ((at_end, order), (between, order - 1)):
        assert np.log2(errors[0] / errors[1]) > expected - 0.5
        assert np.log2(errors[1] / errors[2]) > expected - 0.3


@pytest.fixture(scope="module")
def treated_circuit() -> tuple[Model, np.ndarray, np.ndarray]:
    """Resistant cells under trastuzumab for 240 h, and their course by SciPy's LSODA at 1e-12."""
    model = pathway.load("bt474_resistant")
    start = model.initial_values.copy()
    start[model.species_index("trastuzumab")] += 68.7
    model, times = model.with_initial_values(start), np.linspace(0.0, 240.0, 13)
    function, p = compiled(model, list(model.derivatives.values())), list(model.parameter_values)
    scale = np.maximum(np.abs(start), 1e-3 * np.median(start[start > 0.0]))
    options = {"method": "LSODA", "t_eval": times, "rtol": 1e-12, "atol": 1e-15 * scale}
    solution = solve_ivp(lambda t, y: function(t, y, p), (0.0, 240.0), start, **options)
    assert solution.success
    return model, times, solution.y.T


@pytest.mark.parametrize("solver", ["AutoTsit5", "Rodas5P"])
@pytest.mark.parametrize("tolerance", [1e-4, 1e-6, 1e-8, 1e-10])
def test_the_error_of_the_circuit_is_what_was_asked_for(
    treated_circuit: tuple[Model, np.ndarray, np.ndarray], tolerance: float, solver: str
) -> None:
    model, times, expected = treated_circuit
    found = simulate(model, times, relative_tolerance=tolerance, solver=solver).values
    largest = np.abs(expected).max(axis=0)
    there = largest > 1e-12 * np.median(largest[largest > 0.0])
    error = np.abs(found - expected)[:, there] / largest[there]
    assert error.max() <= 10 * tolerance


def follower(k: float, driver: str) -> Model:
    """x = a cos(time), as fast as k says; the driver is the time itself, or a slow oscillation of other species."""
    sine, cosine = ("sin(time)", "cos(time)") if driver == "time" else ("s", "c")
    rates = {"x": f"-a*{sine} - k*(x - a*{cosine})", "s": "c", "c": "-s"}
    return model_of("follower", rates, {"x": "a", "s": 0.0, "c": 1.0}, {"k": k, "a": 1.3})


@pytest.mark.parametrize("solver", list(METHODS))
@pytest.mark.parametrize("driver", ["time", "species"])
@pytest.mark.parametrize("k", [1e2, 1e4, 1e6, 1e8])
def test_what_lies_between_two_steps_is_as_right_as_their_ends(k: float, driver: str, solver: str) -> None:
    times = np.linspace(0.0, 10.0, 401)
    model = follower(k, driver)
    for tolerance in (1e-4, 1e-6, 1e-8):
        found = simulate(model, times, relative_tolerance=tolerance, solver=solver)
        assert np.abs(found["x"] - 1.3 * np.cos(times)).max() < 20 * tolerance
        parameters = model.parameter_values[None].repeat(5, axis=0)
        together = simulate_ensemble(model, times, parameters, workers=1, relative_tolerance=tolerance, solver=solver)
        assert np.abs(together["x"] - 1.3 * np.cos(times)).max() < 20 * tolerance


@pytest.mark.parametrize("driver", ["time", "species"])
@pytest.mark.parametrize("k", [1e2, 1e4, 1e6, 1e8])
def test_slopes_between_two_steps_are_as_right_as_at_their_ends(k: float, driver: str) -> None:
    times = np.linspace(0.0, 10.0, 401)
    for tolerance in (1e-4, 1e-6, 1e-8):
        found = simulate(follower(k, driver), times, sensitivities=["a"], relative_tolerance=tolerance)
        slopes = found.sensitivities[:, 0, 0]  # type: ignore[index]
        assert np.abs(slopes - np.cos(times)).max() < 20 * tolerance


def test_algebraic_species_that_follow_the_time_are_right_between_two_steps() -> None:
    times, values = np.linspace(0.0, 10.0, 401), {"a": 1.3}
    model = model_of("held", {"x": "z"}, {"x": 0.0, "z": 1.0}, values, algebraic={"z": "z - a*cos(time)"})
    found = simulate(model, times, sensitivities=["a"], relative_tolerance=1e-6)
    assert np.abs(found["z"] - 1.3 * np.cos(times)).max() < 1e-5
    assert np.abs(found["x"] - 1.3 * np.sin(times)).max() < 1e-5
    assert np.abs(found.sensitivities[:, 1, 0] - np.cos(times)).max() < 2e-5  # type: ignore[index]
