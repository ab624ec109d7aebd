"""Gradients by the walk backwards against closed forms and against forward sensitivities."""

from __future__ import annotations

import numpy as np
import pytest

from pathway.equations import Model
from pathway.scenario.built_in import cell_line_values, circuit_model
from pathway.simulation import simulate
from pathway.simulation.adjoint import steps_along_tapes, trajectory_vjp
from pathway.simulation.interventions import NOTHING, schedule_with_breaks
from pathway.simulation.prepared import prepare_model
from pathway.simulation.solvers import layout
from pathway.simulation.tasks import make_task, run_one
from tests.simulation.models import chain, chain_solution, model_of, toggle

TIMES = np.array([0.0, 0.0, 0.3, 1.0, 2.5, 7.0, 7.0, 12.0])


def pulled(
    model: Model, weights: np.ndarray, relative: float, pace: float = 1.0, times: np.ndarray = TIMES
) -> tuple[np.ndarray, np.ndarray]:
    """Derivative of sum(weights * states) by all parameters, then by all initial values, and its estimated error."""
    prepared, parameters = prepare_model(model), np.array(model.parameter_values)
    start = prepared.starts(parameters)
    absolute = prepared.usual_tolerances(start, None, 1e-9)
    schedule = schedule_with_breaks(NOTHING, prepared.time_switches, parameters, start, 0.0, float(times[-1]))
    task = make_task(times, 0.0, start[None], parameters[None], absolute[None], [schedule], relative, 1e-9)
    report = run_one(prepared, prepared.kernels(1), task, "Rodas5P", tape=True)
    tape = report.tape[: report.counts[0, layout.TAPED]]
    nothing = np.zeros((len(start), 2))
    both = np.concatenate(trajectory_vjp(prepared, tape, parameters, times, weights, nothing, pace))
    return both[:, 0], both[:, 1]


def drawn(model: Model, times: np.ndarray = TIMES) -> np.ndarray:
    return np.random.default_rng(3).normal(size=(len(times), len(model.species)))


def test_a_linear_chain_meets_the_slopes_of_its_closed_form() -> None:
    weights = drawn(chain())
    found, _ = pulled(chain(), weights, 1e-9)
    for place, name in ((0, "k1"), (1, "k2"), (2, "a")):
        values = {"a": 10.0 + 0j, "k1": 0.7 + 0j, "k2": 0.2 + 0j}
        values[name] += 1e-30j
        expected = (weights * chain_solution(TIMES, **values).imag).sum() / 1e-30
        assert found[place] == pytest.approx(expected, rel=1e-6)


def test_a_pulse_in_time_meets_its_closed_form() -> None:
    # x' = a before 3, then nothing comes in; lost at rate k.
    pulse = model_of("pulse", {"x": "piecewise(a, time < 3, 0) - k*x"}, {"x": 0.0}, {"a": 2.0, "k": 0.4})
    weights = np.array([[0.0], [0.0], [1.0], [0.0], [2.0], [0.0], [1.0], [1.0]])
    found, _ = pulled(pulse, weights, 1e-9)
    for place, (a, k) in enumerate([(2.0 + 1e-30j, 0.4), (2.0, 0.4 + 1e-30j)]):
        level = a / k * (1.0 - np.exp(-k * np.minimum(TIMES, 3.0))) * np.exp(-k * np.maximum(TIMES - 3.0, 0.0))
        assert found[place] == pytest.approx((weights[:, 0] * level.imag).sum() / 1e-30, rel=1e-6)


def implicit() -> Model:
    residual = {"bound": "(total - bound)*(L - bound) - K*bound"}
    values = {"k": 0.3, "L": 1.5, "K": 0.4}
    return model_of("implicit", {"total": "-k*bound"}, {"total": 2.0, "bound": 0.7}, values, algebraic=residual)


@pytest.mark.parametrize("model", [toggle(), implicit()], ids=lambda model: model.name)
def test_it_agrees_with_forward_sensitivities(model: Model) -> None:
    weights = drawn(model)
    names = [*model.parameters, *model.species]
    found, _ = pulled(model, weights, 1e-10)
    forward = simulate(model, TIMES, sensitivities=names, relative_tolerance=1e-10).sensitivities
    assert forward is not None
    expected = np.einsum("ts,tsd->d", weights, forward)
    counted = [k for k, name in enumerate(names) if name not in model.algebraic]
    size = np.abs(expected).max()
    np.testing.assert_allclose(found[counted], expected[counted], rtol=1e-6, atol=1e-7 * size)


def test_it_agrees_with_forward_sensitivities_of_the_circuit() -> None:
    """By every parameter that does not move the start."""
    model = circuit_model().with_parameters(
        dict(zip(circuit_model().parameters, cell_line_values("bt474"), strict=True))
    )
    times = np.array([0.0, 2.0, 24.0, 96.0])
    found, _ = pulled(model, drawn(model, times), 1e-9, times=times)
    forward = simulate(
        model,
        times,
        sensitivities=model.parameters,
        initial=model.initial_values,
        relative_tolerance=1e-9,
    ).sensitivities
    assert forward is not None
    expected = np.einsum("ts,tsd->d", drawn(model, times), forward)
    scale = np.abs(model.parameter_values)
    ours = found[: len(scale)]
    np.testing.assert_allclose(ours * scale, expected * scale, rtol=1e-6, atol=1e-7 * np.abs(expected * scale).max())


@pytest.mark.parametrize("pace", [0.5, 1.0, 2.0, 4.0])
def test_the_estimate_tells_how_far_the_gradient_is_off(pace: float) -> None:
    model, weights = toggle(), drawn(toggle())
    exact, _ = pulled(model, weights, 1e-11, 0.5)
    found, estimate = pulled(model, weights, 1e-7, pace)
    error = np.abs(found - exact).max()
    assert error <= 20.0 * np.abs(estimate).max()
    assert np.abs(estimate).max() <= 100.0 * error


@pytest.mark.parametrize(
    ("pace", "begins", "ends", "rows"),
    [
        (1.0, [0, 1, 5], [1, 3, 6], [0, 1, 2]),
        (2.0, [0, 5], [3, 6], [0, 2]),
        (0.5, [0, 0.5, 1, 2, 5, 5.5], [0.5, 1, 2, 3, 5.5, 6], [0, 0, 1, 1, 2, 2]),
    ],
)
def test_steps_along_a_tape_stop_where_it_starts_again(pace, begins, ends, rows):
    """Rows from 0 to 1 and from 1 to 3, then, after a restart, from 5 to 6."""
    tape = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 3.0], [5.0, 0.0, 6.0]])
    *found, starts = steps_along_tapes(tape, np.array([0, 3]), pace)
    assert [part.tolist() for part in found] == [begins, ends, rows] and starts.tolist() == [0, len(begins)]
    # A second member may begin where the first ends, or before.
    *both, starts = steps_along_tapes(np.concatenate([tape, tape]), np.array([0, 3, 6]), pace)
    expected = 2 * begins, 2 * ends, [*rows, *(row + 3 for row in rows)]
    assert tuple(part.tolist() for part in both) == expected
    assert starts.tolist() == [0, len(begins), 2 * len(begins)]
