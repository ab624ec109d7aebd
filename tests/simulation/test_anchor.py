"""Anchored parameters against closed forms."""

from __future__ import annotations

import pytest

from pathway.simulation import steady_state
from pathway.simulation.anchor import solve_anchors
from tests.simulation.models import model_of


def test_two_parameters_bring_two_quantities_to_their_targets() -> None:
    model = model_of(
        "two",
        {"x": "s - d*x", "y": "k*x^2 - y"},
        {"x": 1.0, "y": 1.0},
        {"s": 1.0, "d": 0.5, "k": 2.0, "T": 8.0},
        assignments={"sum": "x + y", "goal": "T/2"},
    )
    found = solve_anchors(model, {"s": ("x", "goal"), "k": ("sum", 10.0)})
    # x = s/d = 4, y = k x^2 = 6.
    assert found.values == pytest.approx({"s": 2.0, "k": 6.0 / 16.0}, rel=1e-9)
    assert found.state == pytest.approx([4.0, 6.0], rel=1e-9)
    assert steady_state(model, found.parameters) == pytest.approx(found.state, rel=1e-12)
