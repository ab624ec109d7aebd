"""Switches that are straight lines in time: many members at once as one by one, and both as exact numbers say."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import numpy as np
import pytest

from pathway.expressions import parse
from pathway.simulation import Intervention, simulate, simulate_ensemble
from pathway.simulation.straight_switches import StraightSwitch, straight_switch
from tests.simulation.models import model_of

LINES = [
    "time - a",
    "a - time",
    "b*time - a",
    "time/b - a",
    "a*(time - b) + 0.1",
    "2*time - a - b*time",
    "b - a*time/3",
]


def line(text: str) -> StraightSwitch:
    found = straight_switch(parse(text))
    assert found is not None
    return found


@pytest.mark.parametrize("text", LINES)
def test_members_change_when_each_alone_does(text: str) -> None:
    random = np.random.default_rng(LINES.index(text))
    values = {name: random.uniform(-2.0, 9.0, 300) for name in "ab"}
    values["a"][:6], values["b"][:6] = (0.0, 7.0, np.nan, 1.0, np.inf, 2.0), (1.0, 1.0, 1.0, 0.0, 1.0, np.nan)
    switch = line(text)
    assert switch.exact
    many = switch.changes(values, 0.0, 7.0)
    looked = {"none": 0, "one": 0}
    for k in range(300):
        alone = switch.change({name: float(column[k]) for name, column in values.items()}, 0.0, 7.0)
        assert bool(many.unsure[k]) == (alone is None), k
        if alone is None:
            continue
        assert bool(many.found[k]) == (len(alone[1]) == 1), k
        looked["one" if many.found[k] else "none"] += 1
        if many.found[k]:
            assert (many.before[k], many.times[k], many.after[k]) == tuple(float(part[0]) for part in alone), k
    assert min(looked.values()) > 20


def test_the_change_lies_where_exact_numbers_have_it() -> None:
    random = Random(5)
    for _ in range(200):
        a, b = random.uniform(0.5, 9.0), random.uniform(0.2, 3.0)
        change = line("b*time - a").change({"a": a, "b": b}, 0.0, 50.0)
        assert change is not None
        before, times, after = (Fraction(float(part[0])) for part in change)
        root = Fraction(a) / Fraction(b)
        assert before < root < after and after - before < root * Fraction(5e-14)
        # The first float at which the function, as floats have it, is no longer negative.
        assert b * float(times) - a >= 0.0 > b * float(np.nextafter(float(times), 0.0)) - a


def test_what_is_no_straight_line_is_none() -> None:
    for text in ("time*time - a", "sin(time) - a", "floor(time) - a", "a/time - 1", "min(time, a)", "a^time - 2"):
        assert straight_switch(parse(text)) is None, text
    assert line("time - exp(a)").exact is False and line("time - 2*a").exact is True


def test_members_restart_where_each_alone_does() -> None:
    feed = "piecewise(a, time >= s and time < s + w, 0) + piecewise(1, time < u, 0)"
    model = model_of("pulses", {"x": f"{feed} - x"}, {"x": 1.0}, {"a": 3.0, "s": 2.0, "w": 1.5, "u": 4.0})
    rows = model.parameter_values * np.random.default_rng(2).uniform(0.3, 1.8, (30, 4))
    rows[3, 2] = 0.0  # the pulse begins and ends at the same moment
    rows[4, 3] = rows[4, 1]  # two switches at one moment
    rows[5, 1] = 9.0  # at the very end
    times = np.linspace(0.0, 9.0, 31)
    doses = [Intervention(1.0, add={"x": 2.0}), Intervention(2.5, set={"u": 6.0})]
    for interventions in ([], doses[:1], doses, [[], doses[:1], doses] * 10):
        found = simulate_ensemble(model, times, rows, interventions=interventions, workers=1)
        for k, row in enumerate(rows):
            own = interventions[k] if interventions and isinstance(interventions[0], list) else interventions
            assert np.array_equal(found.values[k], simulate(model, times, parameters=row, interventions=own).values), k


def test_a_member_whose_switches_cannot_be_told_fails_alone() -> None:
    model = model_of("wave", {"x": "piecewise(1, time >= s, 0) + piecewise(1, sin(time*w) > 0, 0)"}, {"x": 0.0},
                     {"s": 2.0, "w": 1.0})  # fmt: skip
    rows = np.array([[2.0, 1.0], [2.0, 1e9], [3.0, 2.0]])
    found = simulate_ensemble(model, [0.0, 9.0], rows)
    assert list(found.failures) == [1]
    assert found["x"][2, -1] == simulate(model, [0.0, 9.0], parameters=rows[2])["x"][-1]
