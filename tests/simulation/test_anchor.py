"""Anchored parameters against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from pathway.equations import Model
from pathway.simulation import steady_state
from pathway.simulation.anchor import AnchorError, solve_anchors
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
