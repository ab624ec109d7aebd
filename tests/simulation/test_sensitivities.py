"""Sensitivities against closed forms and against differences of tight runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pathway.equations import Event, Model
from pathway.expressions import parse
from pathway.scenario.built_in import cell_line_values, circuit_model
from pathway.simulation import Intervention, simulate, simulate_ensemble, steady_state, steady_state_sensitivities
from pathway.simulation.solvers import esdirk
from tests.simulation.models import chain, model_of, toggle
from tests.simulation.test_steady import binding

TIMES = np.linspace(0.0, 12.0, 25)


def differences(model: Model, names: tuple[str, ...], times: np.ndarray, **options: Any) -> np.ndarray:
    """Central differences of fourth order of runs at a tight tolerance, shape (n_times, n_species, n_names)."""
    result = []
    for name in names:
        columns = []
        base = (
            model.parameter_values[model.parameter_index(name)]
            if name in model.parameters
            else model.initial_values[model.species_index(name)]
        )
        step = 2e-3 * abs(base)
        for k in (-2, -1, 1, 2):
            key = "parameters" if name in model.parameters else "initial"
            push = {key: {name: base + k * step}}
            columns.append(simulate(model, times, relative_tolerance=1e-12, **push, **options).values)
        result.append((columns[0] - 8 * columns[1] + 8 * columns[2] - columns[3]) / (12 * step))
    return np.stack(result, axis=-1)


def close(found: np.ndarray, expected: np.ndarray, tolerance: float) -> None:
    size = np.abs(expected).max(axis=0, keepdims=True)
    error = np.abs(found - expected) / np.where(size > 1e-9, size, 1.0)
    assert float(error.max()) < tolerance


def test_the_method_meets_its_order_conditions() -> None:
    a, c, b = esdirk.A, esdirk.NODES, esdirk.A[6]
    assert a.sum(axis=1) == pytest.approx(c, abs=1e-12)
    assert a[1:] @ c == pytest.approx(c[1:] ** 2 / 2, abs=1e-12)
    conditions = [b.sum() - 1, b @ c - 1 / 2, b @ c**2 - 1 / 3, b @ c**3 - 1 / 4, b @ c**4 - 1 / 5]
    conditions += [b @ a @ c**2 - 1 / 12, b @ a @ c**3 - 1 / 20, b @ a @ a @ c**2 - 1 / 60, b * c @ a @ c**2 - 1 / 15]
    assert conditions == pytest.approx([0.0] * 9, abs=1e-12)


def test_stages_by_solutions_are_the_stages_of_the_method() -> None:
    solutions, start, slope = np.random.default_rng(1).normal(size=6), 0.3, -0.7
    bases, slopes_by = esdirk.stages_by_solutions()
    known = np.array([slope, start, *solutions])
    k = [slope]
    for stage in range(1, esdirk.STAGES):
        base = start + esdirk.A[stage, :stage] @ k
        assert bases[stage - 1] @ known == pytest.approx(base, abs=1e-10)
        k.append((solutions[stage - 1] - base) / esdirk.GAMMA)
    assert slopes_by @ known == pytest.approx(np.array(k), abs=1e-10)
    assert not bases[1:, 0].any() and not slopes_by[2:, 0].any()


def test_a_linear_chain_meets_the_slopes_of_its_closed_form() -> None:
    found = simulate(chain(), TIMES, sensitivities=["k1", "k2", "A"], relative_tolerance=1e-8)
    t, k1, k2, a = TIMES, 0.7, 0.2, 10.0
    e1, e2 = np.exp(-k1 * t), np.exp(-k2 * t)
    assert found.sensitivities is not None
    assert found.sensitivities[:, 0, 0] == pytest.approx(-t * a * e1, abs=1e-6)
    by_k1 = a * k2 / (k2 - k1) ** 2 * (e1 - e2) - a * k1 / (k2 - k1) * t * e1
    assert found.sensitivities[:, 1, 0] == pytest.approx(by_k1, abs=1e-6)
    by_k2 = -a * k1 / (k2 - k1) ** 2 * (e1 - e2) + a * k1 / (k2 - k1) * t * e2
    assert found.sensitivities[:, 1, 1] == pytest.approx(by_k2, abs=1e-6)
    assert found.sensitivities[:, 0, 2] == pytest.approx(e1, abs=1e-7)


@pytest.mark.parametrize("tolerance", [1e-5, 1e-8])
def test_a_nonlinear_model_through_doses(tolerance: float) -> None:
    names = ("a", "b", "d", "kon", "koff", "U", "F")
    doses = [
        Intervention(3.0, add={"F": 2.0}),
        Intervention(5.0, scale={"U": 0.5, "d": 0.7}),
        Intervention(8.0, set={"V": 1.0, "a": 2.0}),
    ]
    expected = differences(toggle(), names, TIMES, interventions=doses)
    found = simulate(toggle(), TIMES, sensitivities=names, interventions=doses, relative_tolerance=tolerance)
    assert found.sensitivities is not None
    close(found.sensitivities, expected, max(20 * tolerance, 3e-6))  # the differences are good to 1e-6
    plain = simulate(toggle(), TIMES, interventions=doses, relative_tolerance=tolerance)
    assert np.array_equal(found.values, plain.values)


def test_observables_follow_by_the_chain_rule() -> None:
    found = simulate(toggle(), TIMES, sensitivities=["kon", "F"], relative_tolerance=1e-9)
    assert found.sensitivities is not None
    s, c, f = found.sensitivities, found["C"][:, None], found["F"][:, None]
    expected = (s[:, 3] * f - s[:, 2] * c) / (c + f) ** 2
    assert found.observable_sensitivities(["bound"])[:, 0] == pytest.approx(expected, abs=1e-10)


def test_through_a_steady_state() -> None:
    model, names = binding(), ("kon", "koff", "A0")
    times = np.array([0.0, 0.5, 2.0])
    doses = [Intervention(0.0, add={"B": 2.0})]

    def run(values: np.ndarray) -> np.ndarray:
        state = steady_state(model, values)
        return simulate(
            model, times, parameters=values, initial=state, interventions=doses, relative_tolerance=1e-12
        ).values

    expected = np.empty((3, 4, 3))
    base = model.parameter_values
    for column in range(3):
        step = np.zeros(3)
        step[column] = 1e-3 * base[column]
        rows = [run(base + k * step) for k in (-2, -1, 1, 2)]
        expected[..., column] = (rows[0] - 8 * rows[1] + 8 * rows[2] - rows[3]) / (12 * step[column])
    found = simulate(
        model,
        times,
        initial=steady_state(model),
        initial_sensitivities=steady_state_sensitivities(model, names),
        sensitivities=names,
        interventions=doses,
        relative_tolerance=1e-9,
    )
    assert found.sensitivities is not None
    close(found.sensitivities, expected, 1e-6)


def test_every_parameter_of_the_circuit_through_rest_and_doses() -> None:
    """Against central differences of fourth order whose members find their own state of rest."""
    model, values = circuit_model(), cell_line_values("bt474_resistant")
    names, times = model.parameters, np.array([0.0, 1.0, 12.0, 24.0, 25.0, 48.0, 96.0])
    doses = [Intervention(0.0, add={"trastuzumab": 68.7}), Intervention(24.0, add={"trastuzumab": 30.0})]
    rest = steady_state(model, values)
    found = simulate(
        model,
        times,
        parameters=values,
        initial=rest,
        initial_sensitivities=steady_state_sensitivities(model, names, values, state=rest),
        sensitivities=names,
        interventions=doses,
        relative_tolerance=1e-8,
    )
    peaks = np.abs(found.values).max(axis=0)
    steps, moved = 8e-3 * values, [k for k, value in enumerate(values) if value != 0.0]
    members = np.concatenate([values + k * np.diag(steps) for k in (-2, -1, 1, 2)])
    runs = simulate_ensemble(
        model,
        times,
        members,
        initial="steady_state",
        interventions=doses,
        relative_tolerance=1e-12,
        absolute_tolerance=1e-13 * np.maximum(peaks, 1e-6),
    ).values.reshape(4, len(values), *found.values.shape)
    slopes = (runs[0] - 8 * runs[1] + 8 * runs[2] - runs[3])[moved] / (12 * steps[moved, None, None])
    expected = np.moveaxis(slopes, 0, -1)
    assert found.sensitivities is not None
    error = np.abs(found.sensitivities[..., moved] - expected).max(axis=0)
    size = np.abs(expected).max(axis=0)
    # Differences lose what lies below a thousandth of species / parameter; traces left by the search are no species.
    floor = 1e-3 * peaks[:, None] / np.abs(values[moved])
    real = peaks > 1e-6
    assert float((error[real] / np.maximum(size, floor)[real]).max()) < 1e-6


def test_algebraic_species_have_sensitivities() -> None:
    values = {"k": 0.3, "K": 0.5, "L": 1.0}
    bound = "((total + L + K) - sqrt((total + L + K)^2 - 4*total*L)) / 2"
    residual = {"bound": "(total - bound)*(L - bound) - K*bound"}
    implicit = model_of("implicit", {"total": "-k*bound"}, {"total": 2.0, "bound": 0.7}, values, algebraic=residual)
    explicit = model_of("explicit", {"total": f"-k*{bound}"}, {"total": 2.0}, values, observables={"bound": bound})
    names, times = ("k", "K", "L", "total"), TIMES[1:]
    found = simulate(implicit, times, sensitivities=names, relative_tolerance=1e-8)
    expected = simulate(explicit, times, sensitivities=names, relative_tolerance=1e-11)
    assert found.sensitivities is not None and expected.sensitivities is not None
    close(found.sensitivities[:, :1], expected.sensitivities, 1e-7)
    close(found.sensitivities[:, 1:], expected.observable_sensitivities(["bound"]), 1e-7)


@pytest.mark.parametrize(
    "event",
    [
        Event("at", parse("time >= tau"), {"x": parse("x + dose")}),
        Event("below", parse("x < level"), {"x": parse("x + dose*k"), "n": parse("n + x")}),
        Event("late", parse("x < level"), {"x": parse("x + dose")}, delay=parse("tau/4")),
        Event("late now", parse("x < level"), {"x": parse("2*x")}, delay=parse("x/4"), values_from_trigger_time=False),
    ],
    ids=lambda event: event.name,
)
def test_the_moment_of_an_event_moves_with_parameters(event: Event) -> None:
    model = model_of(
        "dosed",
        {"x": "-k*x - x^2/10", "n": "x - n"},
        {"x": 4.0, "n": 0.5},
        {"k": 0.5, "level": 1.0, "dose": 2.0, "tau": 1.3},
        events=(event,),
    )
    names, times = ("k", "level", "dose", "tau", "x"), np.array([0.2, 1.0, 2.0, 3.4, 5.0])
    found = simulate(model, times, sensitivities=names, relative_tolerance=1e-10)
    assert found.sensitivities is not None
    close(found.sensitivities, differences(model, names, times), 1e-6)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="sensitivities: no parameter of 'toggle' is called 'kom'"):
        simulate(toggle(), TIMES, sensitivities=["kom"])
