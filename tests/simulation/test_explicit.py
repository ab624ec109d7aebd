"""Explicit steps where nothing is stiff: the pair, closed forms, lanes of both kinds, and the way back."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from pathway.equations import Model
from pathway.simulation import Intervention, Trajectory, simulate, simulate_ensemble
from pathway.simulation.solvers.tableaus import TSIT5
from tests.simulation.models import model_of

TOLERANCES = [1e-4, 1e-6, 1e-8, 1e-10]
SOLVERS = ("AutoTsit5", "Rodas5P")


# --- the pair -----------------------------------------------------------------------------------------------------


def trees(order: int) -> list[tuple[int, tuple]]:
    """Rooted trees with so many nodes, each as (density, children)."""
    if order == 1:
        return [(1, ())]
    found = []
    smaller = [(size, tree) for size in range(1, order) for tree in trees(size)]
    for count in range(1, order):
        for children in itertools.combinations_with_replacement(smaller, count):
            if sum(size for size, _ in children) == order - 1:
                density = order * int(np.prod([tree[0] for _, tree in children]))
                found.append((density, tuple(tree for _, tree in children)))
    return found


def weights_of(tree: tuple[int, tuple]) -> np.ndarray:
    """What each stage contributes to the tree's elementary weight."""
    product = np.ones(len(TSIT5.nodes))
    for child in tree[1]:
        product *= TSIT5.a @ weights_of(child)
    return product


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
def test_the_pair_fulfils_the_order_conditions(order: int) -> None:
    method = TSIT5.a[-1]
    for tree in trees(order):
        weights = weights_of(tree)
        assert method @ weights == pytest.approx(1 / tree[0], abs=5e-14)
        if order < 5:
            assert TSIT5.error @ weights == pytest.approx(0.0, abs=5e-14)
            powers = np.linspace(0.0, 1.0, 7)[:, None] ** np.arange(1, 5)
            between = powers @ TSIT5.interpolant.T @ weights
            np.testing.assert_allclose(between, np.linspace(0.0, 1.0, 7) ** order / tree[0], atol=1e-13)
    np.testing.assert_allclose(TSIT5.a.sum(axis=1), TSIT5.nodes, atol=1e-14)
    if order == 5:
        assert len(trees(5)) == 9
        assert max(abs(TSIT5.error @ weights_of(tree)) for tree in trees(5)) > 1e-4


def test_the_dense_output_is_the_interpolant() -> None:
    x = np.linspace(0.0, 1.0, 11)[:, None]
    first, second, third = TSIT5.dense
    found = x * (TSIT5.a[-1] + (1 - x) * (first + x * (second + x * third)))
    np.testing.assert_allclose(found, x ** np.arange(1, 5) @ TSIT5.interpolant.T, atol=1e-13)


# --- runs ---------------------------------------------------------------------------------------------------------


def explicit_share(trajectory: Trajectory) -> float:
    statistics = trajectory.statistics
    assert statistics is not None
    return 1.0 - statistics.factorizations / statistics.steps


def swing(**more: object) -> Model:
    """x = e^(0.1 sin(w t)) cos(w t) and its companion, driven by time; w = 1."""
    rates = {"x": "-w*y + 0.1*w*cos(w*time)*x", "y": "w*x + 0.1*w*cos(w*time)*y", "s": "w*(1 - s^2)"}
    return model_of("swing", rates, {"x": 1.0, "y": 0.0, "s": 0.0}, {"w": 1.0}, **more)


def swing_at(times: np.ndarray, w: float | np.ndarray = 1.0) -> np.ndarray:
    phase = w * times
    size = np.exp(0.1 * np.sin(phase))
    return np.stack([size * np.cos(phase), size * np.sin(phase), np.tanh(phase)], axis=-1)


@pytest.mark.parametrize("tolerance", TOLERANCES)
def test_a_closed_form_is_met_as_well_as_by_implicit_steps(tolerance: float) -> None:
    times = np.linspace(0.0, 60.0, 301)
    exact, errors = swing_at(times), {}
    for solver in SOLVERS:
        found = simulate(swing(), times, relative_tolerance=tolerance, solver=solver)
        errors[solver] = np.abs(found.values - exact).max()
        assert (explicit_share(found) > 0.6) == (solver == "AutoTsit5")
    assert errors["AutoTsit5"] < max(20 * tolerance, errors["Rodas5P"])


def repressilator() -> Model:
    """Three genes in a ring; the Hill coefficient is a parameter, so that proteins near zero need care."""
    genes = range(3)
    rates = {f"m{k}": f"0.03 + 30*40^n/(40^n + p{(k - 1) % 3}^n) - 0.35*m{k}" for k in genes}
    rates |= {f"p{k}": f"7*m{k} - 0.07*p{k}" for k in genes}
    return model_of("ring", rates, dict.fromkeys(rates, 0.0) | {"m0": 20.0}, {"n": 2.0})


@pytest.mark.parametrize("tolerance", TOLERANCES)
def test_an_oscillator_agrees_with_another_program(tolerance: float) -> None:
    def slopes(t: float, y: np.ndarray) -> np.ndarray:
        m, p = y[:3], y[3:]
        return np.concatenate([0.03 + 30 * 1600 / (1600 + np.roll(p, 1) ** 2) - 0.35 * m, 7 * m - 0.07 * p])

    times = np.linspace(0.0, 400.0, 81)
    start = np.array([20.0, 0, 0, 0, 0, 0])
    truth = solve_ivp(slopes, (0.0, 400.0), start, "DOP853", times, rtol=1e-13, atol=1e-12).y.T
    found = {s: simulate(repressilator(), times, relative_tolerance=tolerance, solver=s) for s in SOLVERS}
    error = {s: (np.abs(run.values - truth) / truth.max(axis=0)).max() for s, run in found.items()}
    assert error["AutoTsit5"] < max(10 * tolerance, error["Rodas5P"])
    assert tolerance == 1e-4 or explicit_share(found["AutoTsit5"]) > 0.5


def turning_stiff() -> Model:
    """y follows cos(t), ever more tightly: nothing is stiff before t = 20, and everything after."""
    rates = {"y": "-(1 + 1e6/(1 + exp(-4*(time - 30))))*(y - cos(time)) - sin(time)"}
    return model_of("turning", rates, {"y": 1.0}, {"k": 1.0})


@pytest.mark.parametrize("tolerance", TOLERANCES)
def test_a_run_that_turns_stiff_goes_back_to_implicit_steps(tolerance: float) -> None:
    times = np.linspace(0.0, 60.0, 121)
    found = {s: simulate(turning_stiff(), times, relative_tolerance=tolerance, solver=s) for s in SOLVERS}
    errors = {solver: np.abs(run.values[:, 0] - np.cos(times)).max() for solver, run in found.items()}
    assert errors["AutoTsit5"] < max(20 * tolerance, 1.1 * errors["Rodas5P"])
    # A step without a factorization counts as half of one with it.
    work = {s: r.statistics.factorizations + r.statistics.steps for s, r in found.items() if r.statistics is not None}
    assert work["AutoTsit5"] < 1.2 * work["Rodas5P"]
    if tolerance < 1e-4:
        early = simulate(turning_stiff(), times[times < 20.0], relative_tolerance=tolerance, solver="AutoTsit5")
        assert explicit_share(early) > 0.5


def test_stiff_problems_see_no_explicit_steps_that_last() -> None:
    robertson = model_of(
        "robertson",
        {"a": "1e4*b*c - 0.04*a", "b": "0.04*a - 1e4*b*c - 3e7*b^2", "c": "3e7*b^2"},
        {"a": 1.0, "b": 0.0, "c": 0.0},
        {"k": 1.0},
    )
    plain = simulate(robertson, [0.0, 1e5], relative_tolerance=1e-6, solver="Rodas5P")
    found = simulate(robertson, [0.0, 1e5], relative_tolerance=1e-6, solver="AutoTsit5")
    assert found.statistics is not None and plain.statistics is not None
    assert found.statistics.steps < 1.1 * plain.statistics.steps
    np.testing.assert_allclose(found.values, plain.values, rtol=3e-6, atol=1e-12)


# --- lanes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2])
def test_a_lane_does_not_depend_on_neighbours_of_the_other_kind(workers: int) -> None:
    # Two decays under the same drive; members from harmless to very stiff, in an order that mixes them in every group.
    model = model_of("pair", {"x": "cos(time) - k*x", "y": "k*(x - y) + sin(3*time)"}, {"x": 0.0, "y": 1.0}, {"k": 1.0})
    times = np.linspace(0.0, 30.0, 31)
    k = np.array([0.3, 1e4, 1.0, 0.5, 3e5, 2.0, 1e3, 0.1, 30.0, 0.7, 1e6])[:, None]
    together = simulate_ensemble(model, times, k, relative_tolerance=1e-7, workers=workers, solver="AutoTsit5")
    alone = [simulate(model, times, parameters=row, relative_tolerance=1e-7, solver="AutoTsit5") for row in k]
    assert explicit_share(alone[0]) > 0.9 and explicit_share(alone[1]) < 0.5
    for member, run in enumerate(alone):
        assert np.array_equal(together.values[member], run.values)
    exact = (k * np.cos(times) + np.sin(times) - k * np.exp(-k * times)) / (1 + k**2)
    np.testing.assert_allclose(together.values[:, :, 0], exact, atol=1e-6)


# --- doses, events, slopes, zero ----------------------------------------------------------------------------------


def test_doses_and_changed_parameters_take_effect_where_steps_are_explicit() -> None:
    times = np.linspace(0.0, 40.0, 201)
    actions = [Intervention(10.0, set={"x": 2.0, "y": 0.0}), Intervention(20.0, set={"w": 2.0})]
    model = model_of("turn", {"x": "-w*y", "y": "w*x"}, {"x": 1.0, "y": 0.0}, {"w": 1.0})
    found = simulate(model, times, interventions=actions, relative_tolerance=1e-9, solver="AutoTsit5")
    angle = np.where(times < 20.0, times - 10.0, 10.0 + 2.0 * (times - 20.0))
    exact = np.where(times < 10.0, np.cos(times), 2.0 * np.cos(angle))
    np.testing.assert_allclose(found["x"], exact, atol=3e-7)
    assert explicit_share(found) > 0.7


def test_a_parameter_that_makes_a_run_stiff_ends_its_explicit_steps() -> None:
    model = model_of("tied", {"x": "-sin(time) - k*(x - cos(time))"}, {"x": 1.0}, {"k": 1.0})
    times = np.linspace(0.0, 40.0, 81)
    action = Intervention(20.0, set={"k": 1e6})
    found = simulate(model, times, interventions=[action], relative_tolerance=1e-8, solver="AutoTsit5")
    np.testing.assert_allclose(found["x"], np.cos(times), atol=2e-4)
    before = simulate(model, times[times <= 20.0], relative_tolerance=1e-8, solver="AutoTsit5")
    assert found.statistics is not None and before.statistics is not None
    assert explicit_share(before) > 0.7
    later = found.statistics.steps - before.statistics.steps
    assert found.statistics.factorizations - before.statistics.factorizations > 0.9 * later


def test_sensitivities_follow_explicit_steps() -> None:
    times = np.linspace(0.0, 30.0, 61)
    found = simulate(swing(), times, sensitivities=["w"], relative_tolerance=1e-8, solver="AutoTsit5")
    assert found.sensitivities is not None
    small = 1e-6
    exact = (swing_at(times, 1 + small) - swing_at(times, 1 - small)) / (2 * small)
    np.testing.assert_allclose(found.sensitivities[:, :, 0], exact, atol=2e-5)


def test_near_a_zero_that_needs_care_steps_are_implicit() -> None:
    # x reaches zero at t = 2 and stays; y goes on swinging.
    rates = {"x": "-2*x^h", "y": "-z", "z": "y"}
    model = model_of("emptied", rates, {"x": 4.0, "y": 1.0, "z": 0.0}, {"h": 0.5})
    times = np.linspace(0.0, 30.0, 61)
    found = simulate(model, times, relative_tolerance=1e-7, solver="AutoTsit5")
    np.testing.assert_allclose(found["x"], np.maximum(2.0 - times, 0.0) ** 2, atol=1e-5)
    np.testing.assert_allclose(found["y"], np.cos(times), atol=1e-5)
