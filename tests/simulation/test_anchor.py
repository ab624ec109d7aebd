"""Anchored parameters against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from pathway.equations import Model
from pathway.expressions import parse
from pathway.simulation import steady_state
from pathway.simulation.anchor import AnchorError, solve_anchors
from pathway.simulation.anchor_joint import JointSystem, solve_jointly
from pathway.simulation.anchor_members import solve_anchors_of_members
from tests.simulation.models import model_of


def two() -> Model:
    """Two equations whose anchored parameters have a closed form: x = s/d = T/2, y = k x^2 = 10 - x."""
    return model_of(
        "two",
        {"x": "s - d*x", "y": "k*x^2 - y"},
        {"x": 1.0, "y": 1.0},
        {"s": 1.0, "d": 0.5, "k": 2.0, "T": 8.0},
        assignments={"sum": "x + y", "goal": "T/2"},
    )


def test_two_parameters_bring_two_quantities_to_their_targets() -> None:
    model = two()
    found = solve_anchors(model, {"s": ("x", "goal"), "k": ("sum", 10.0)})
    # x = s/d = 4, y = k x^2 = 6.
    assert found.values == pytest.approx({"s": 2.0, "k": 6.0 / 16.0}, rel=1e-9)
    assert found.state == pytest.approx([4.0, 6.0], rel=1e-9)
    assert steady_state(model, found.parameters) == pytest.approx(found.state, rel=1e-12)


def test_slopes_of_anchored_parameters_and_of_their_state() -> None:
    """s = d T/2, k = 4 (10 - T/2)/T^2, x = T/2, y = 10 - T/2."""
    found = solve_anchors(two(), {"s": ("x", "goal"), "k": ("sum", 10.0)})
    d, t = 0.5, 8.0
    parameters, state = found.sensitivities(("d", "T"))
    assert parameters == pytest.approx(np.array([[t / 2, d / 2], [0.0, -80.0 / t**3 + 2.0 / t**2]]), rel=1e-9)
    assert state == pytest.approx(np.array([[0.0, 0.5], [0.0, -0.5]]), abs=1e-9)
    by_parameters, by_state = np.array([0.3, -2.0]), np.array([1.5, 0.7])
    pulled = found.vjp(("d", "T"), by_parameters, by_state)
    assert pulled == pytest.approx(by_parameters @ parameters + by_state @ state, rel=1e-9)


def test_targets_that_cannot_be_met_are_named() -> None:
    with pytest.raises(AnchorError, match=r"'x' does not reach its target by 'k': it is 2 instead of 5 at k"):
        solve_anchors(two(), {"k": ("x", 5.0)})
    with pytest.raises(AnchorError, match="'k' is 0 and cannot be anchored"):
        solve_anchors(two(), {"k": ("y", 5.0)}, {"k": 0.0})


def test_many_members_are_anchored_like_each_alone() -> None:
    """s = d T/2 and k = 4 (10 - T/2)/T^2 in closed form, each member with its own d, T and target of the sum."""
    model = two()
    rows = np.tile(model.parameter_values, (3, 1))
    columns = [model.parameter_index(name) for name in ("d", "T")]
    rows[:, columns] = [[0.5, 8.0], [1.5, 2.0], [0.1, 30.0]]
    totals = np.array([10.0, 40.0, 100.0])
    found = solve_anchors_of_members(model, {"s": ("x", "goal"), "k": ("sum", totals)}, rows)
    d, t = rows[:, columns].T
    places = [model.parameter_index(name) for name in ("s", "k")]
    expected = np.stack([d * t / 2, 4.0 * (totals - t / 2) / t**2], axis=1)
    assert found.missed == {}
    assert found.parameters[:, places] == pytest.approx(expected, rel=1e-9)
    assert found.states == pytest.approx(np.stack([t / 2, totals - t / 2], axis=1), rel=1e-9)


def test_members_that_cannot_be_anchored_are_told_and_leave_the_others_alone() -> None:
    model = two()
    rows = np.tile(model.parameter_values, (4, 1))
    rows[1, model.parameter_index("k")] = 0.0  # nothing to scale
    rows[2, model.parameter_index("d")] = np.nan
    targets = np.array([1.0, 1.0, 1.0, 3.0])
    found = solve_anchors_of_members(model, {"k": ("y", targets)}, rows)
    assert set(found.missed) == {1, 2} and "0 cannot be anchored" in found.missed[1]
    # x = s/d = 2, so k x^2 = y asks for k = y/4.
    assert found.parameters[[0, 3], model.parameter_index("k")] == pytest.approx([0.25, 0.75], rel=1e-9)
    assert np.isnan(found.states[[1, 2]]).all()
    away = solve_anchors_of_members(model, {"k": ("x", 5.0)}, rows[:1])
    assert "does not reach" in away.missed[0]


@pytest.mark.parametrize("anchors", [{}, {"s": ("x", "goal")}])
def test_nobody_is_anchored_to_nothing(anchors) -> None:
    """Neither where there are no members, nor where none is left that could be anchored."""
    model = two()
    none = solve_anchors_of_members(model, anchors, np.zeros((0, 4)))
    assert none.states.shape == (0, 2) and not none.missed
    unknown = solve_anchors_of_members(model, anchors, np.full((2, 4), np.nan))
    assert np.isnan(unknown.states).all() and set(unknown.missed) == {0, 1}


@pytest.mark.parametrize("start", [0.5, 100.0, 1e4])
def test_a_step_that_goes_too_far_is_halved_and_the_next_one_is_new(start: float) -> None:
    """x = s/(1 + s) hardly moves where s is large: the first step of log s is 70, or 7000, times too long."""
    model = model_of("saturated", {"x": "s/(1 + s) - x"}, {"x": "s"}, {"s": start})
    end = solve_anchors(model, {"s": ("x", 0.5)}, [start])
    assert end.values["s"] == pytest.approx(1.0, rel=1e-8) and end.state == pytest.approx([0.5], rel=1e-9)


def test_a_step_is_halved_as_often_as_it_needs() -> None:
    """log x = u/1000 + (50 u)^4 with u = log s hardly rises at u = 0 and steeply where it is 1, close to u = 1/50."""
    model = model_of("steep", {"x": "exp(0.001*log(s) + (50*log(s))^4) - x"}, {"x": "s"}, {"s": 1.0})
    end = solve_anchors(model, {"s": ("x", np.e)}, [1.0])
    assert np.log(end.values["s"]) == pytest.approx((1.0 - 2e-5) ** 0.25 / 50.0, rel=1e-6)


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
def test_states_and_parameters_are_solved_for_together_whatever_the_size_of_amounts(size: float) -> None:
    """x = s/d is to fall to a hundredth: d rises a hundredfold, in steps in which x falls to a tenth at most."""
    model = model_of("pool", {"x": "s - d*x"}, {"x": 0.0}, {"s": size, "d": 1.0})
    system = JointSystem.of(model, [1], [parse("x")], [None])
    found = solve_jointly(
        system, np.array([[size, 1.0]]), np.array([[size]]), np.zeros((1, 1)),
        lambda states, _: np.log(states / (0.01 * size)), 1e-9,
    )  # fmt: skip
    assert found.met.tolist() == [True]
    assert found.parameters[0] == pytest.approx([size, 100.0], rel=1e-9) and found.states[0, 0] == pytest.approx(
        0.01 * size, rel=1e-9
    )
