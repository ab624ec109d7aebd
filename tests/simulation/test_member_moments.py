"""Moments of many members at once are, float by float, those of each alone."""

from __future__ import annotations

import numpy as np
import pytest

from pathway.simulation.float_order import first_changes
from pathway.simulation.member_moments import moments_of_members
from pathway.simulation.switches import SwitchError, TimeSwitches
from pathway.simulation.zones import MemberZones, joined_zones
from tests.simulation.models import model_of

CONDITIONS = [
    "time - t*floor(time/t) < w",
    "time - t*floor((time - w)/t) >= t",
    "t*ceil(time/t) - time > w and time < 3*t",
    "3*floor(time/t) - ceil(w*time) < time",
    "time - 4*floor(time/4) < 1",
    "time - t*floor(time/t) < 0",
    "abs(time - t*floor(time/t) - w) < 1",
    "floor(floor(time/t) + w*time) < 3",
    "time - exp(w)*floor(time/exp(w)) < t",
    "sin(time/t) > 0 and time > w",
]


@pytest.mark.parametrize("condition", CONDITIONS)
def test_members_switch_when_each_alone_does(condition: str) -> None:
    model = model_of("switching", {"x": f"piecewise(1, {condition}, 0) - x"}, {"x": 1.0}, {"t": 4.0, "w": 1.5})
    switching, random = TimeSwitches(model), np.random.default_rng(CONDITIONS.index(condition))
    rows = np.stack([random.uniform(0.5, 25.0, 20), random.uniform(0.2, 9.0, 20)], axis=1)
    rows[::7] = np.round(rows[::7] * 2) / 2 + 0.5
    rows[1:4] = (np.nan, 1.0), (0.0, 1.0), (-2.0, 1.0)
    state = np.array([1.0])
    for begin, end in ((-3.0, 30.0), (2.5, 2.5)):
        many = moments_of_members(switching, switching.in_rates, rows, state[None], begin, end)
        for k, own in enumerate(many.of_members(len(rows))):
            try:
                alone = switching.moments(switching.in_rates, rows[k], state, begin, end)
            except SwitchError as error:
                assert str(many.refused[k]) == str(error) and not len(own)
                continue
            for name in ("times", "before", "after", "switch"):
                np.testing.assert_array_equal(getattr(own, name), getattr(alone, name))
            mine = many.joined.member == k
            np.testing.assert_array_equal(many.joined.low[mine], alone.joined.before)
            np.testing.assert_array_equal(many.joined.high[mine], alone.joined.after)


def test_zones_are_joined_for_each_member_alone() -> None:
    member, low, high = np.array([1, 0, 1, 0, 0, 1]), np.array([5.0, 0, 1, 2, 3, 6]), np.array([7.0, 9, 2, 4, 5, 6.5])
    assert [part.tolist() for part in joined_zones([MemberZones(member, low, high)])] == [
        [0, 1, 1],
        [0.0, 1.0, 5.0],
        [9.0, 2.0, 7.0],
    ]


def test_a_time_is_inside_a_zone_of_its_member() -> None:
    zones = MemberZones(np.array([0, 0, 2]), np.array([1.0, 4.0, 1.0]), np.array([2.0, 5.0, 9.0]))
    asked = [(0, 1.5), (0, 1.0), (0, 2.0), (0, 3.0), (0, 4.5), (1, 1.5), (2, 8.0), (2, 9.0), (3, 4.5)]
    member, times = (np.array(column) for column in zip(*asked, strict=True))
    assert zones.inside(member, times).tolist() == [True, False, False, False, True, False, True, False, False]


def test_the_first_float_that_differs_is_found_also_between_equal_sides() -> None:
    """Steps at 1, and at a float after 2 for that float alone; none in the third; one from nan to a number."""
    spike = np.nextafter(2.0, 3.0)

    def label(times, rows):
        times, rows = np.asarray(times), np.asarray(rows)
        values = [times >= 1.0, times == spike, 0.0 * times, np.where(times < 4.0, np.nan, 1.0)]
        return np.choose(rows, [np.asarray(value, dtype=float) for value in values])

    for repeat in (1, 3):  # few stretches are looked at one by one
        low = np.repeat([-0.5, np.nextafter(2.0, 1.0), 3.0, 3.5], repeat)
        high = np.repeat([1.5, np.nextafter(spike, 3.0), 3.25, 4.5], repeat)
        found = first_changes(lambda times, rows: label(times, np.asarray(rows) // repeat), low, high)  # noqa: B023
        np.testing.assert_array_equal(found, np.repeat([1.0, spike, np.nan, 4.0], repeat))
