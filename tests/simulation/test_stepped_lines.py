"""Lines between steps: their changes are those that a search finds, and lie where exact numbers have them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from pathway.equations import Event
from pathway.expressions import parse
from pathway.simulation import simulate
from pathway.simulation.stepped_lines import SteppedLine, WholeNumbers
from pathway.simulation.switches import SwitchMoments, TimeSwitches
from tests.simulation.models import model_of

CONDITIONS = [
    "time - t*floor(time/t) < w",
    "time - t*floor((time - w)/t) >= t",
    "t*ceil(time/t) - time > w",
    "floor(time/t) > 2",
    "3*floor(time/t) - ceil(w*time) < time",
    "w*time < floor(time/t)",
    "5 - time >= floor(w*time) + ceil(time/t)",
]
VALUES = {"t": 4.0, "w": 1.5}


def switching(condition: str, searched: bool = False) -> TimeSwitches:
    model = model_of("stepped", {"x": f"piecewise(1, {condition}, 0) - x"}, {"x": 1.0}, VALUES)
    found = TimeSwitches(model)
    if searched:
        found.__dict__["stepped"] = [None] * len(found.every)
    return found


def moments(found: TimeSwitches, t: float, w: float, end: float) -> SwitchMoments:
    return found.moments(found.in_rates, np.array([t, w]), np.array([1.0]), 0.0, end)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_changes_are_those_that_a_search_finds(condition: str) -> None:
    told, searched, random = switching(condition), switching(condition, searched=True), np.random.default_rng(7)
    draws = [(4.0, 1.5, 24.0), (24.0, 2.0, 240.0), (0.1, 0.05, 1.0), (2.0, 2.0, 8.0)]
    draws += [(random.uniform(0.3, 5.0), random.uniform(0.1, 4.0), random.uniform(5.0, 40.0)) for _ in range(25)]
    for t, w, end in draws:
        one, other = moments(told, t, w, end), moments(searched, t, w, end)
        np.testing.assert_array_equal(one.times, other.times)
        np.testing.assert_array_equal(one.switch, other.switch)
        assert np.all((one.before < one.times) & (one.times <= one.after))
        assert np.all(one.after - one.before <= 1e-13 * end)


def test_periodic_changes_lie_where_exact_numbers_have_them() -> None:
    found = switching(CONDITIONS[0])
    assert {type(line) for line in found.stepped} == {WholeNumbers, SteppedLine}
    for t, w in ((0.7, 0.3), (24.0, 2.5), (3.1, 3.0)):
        some = moments(found, t, w, 1000.0 * t)
        threshold = found.every.index(next(s for s in found.every if not s.integer))
        rows = some[some.switch == threshold]
        whole, end = Fraction(t), Fraction(1000.0 * t)
        exact = sorted([k * whole for k in range(1, 1001)] + [k * whole + Fraction(w) for k in range(1000)])
        exact = [min(x, end) for x in exact]  # of the last step floats say that it falls on the end
        zones = zip(rows.before, exact, rows.after, strict=True)
        assert all(Fraction(float(low)) <= x <= Fraction(float(high)) for low, x, high in zones)


@pytest.mark.parametrize(
    "condition",
    [
        "time - t*floor(time/t) < 0",  # touches at every step
        "t*floor(time/t) < 8",  # no line in time between steps
        "sin(time) - floor(time/t) < 0",
        "floor(time*time/t) < 2",
        "floor(floor(time/t) + w*time) < 3",
        "time*floor(time/t) < 20",
        "max(time, w) < floor(time/t) + 3",
    ],
)
def test_other_functions_are_searched_as_before(condition: str) -> None:
    one, other = (
        moments(switching(condition), 4.0, 1.5, 30.0),
        moments(switching(condition, searched=True), 4.0, 1.5, 30.0),
    )
    np.testing.assert_array_equal(one.times, other.times)
    np.testing.assert_array_equal(one.switch, other.switch)


def test_a_periodic_feed_and_a_periodic_dose_meet_their_closed_forms() -> None:
    """Fed at a rate of 3 for the first quarter of every 2; given 1 at the end of each feed."""
    gate = "time - t*floor(time/t)"
    dose = Event("dose", parse(f"{gate} >= t/4"), {"n": parse("n + 1")})
    model = model_of("fed", {"x": f"piecewise(3, {gate} < t/4, 0)"}, {"x": 0.0, "n": 0.0}, {"t": 2.0}, events=(dose,))
    times = np.linspace(0.0, 9.9, 34)
    found = simulate(model, times, relative_tolerance=1e-9)
    turns, phase = np.divmod(times, 2.0)
    assert found["x"] == pytest.approx(3 * (0.5 * turns + np.minimum(phase, 0.5)), rel=1e-7, abs=1e-9)
    assert found["n"] == pytest.approx(turns + (phase >= 0.5))
