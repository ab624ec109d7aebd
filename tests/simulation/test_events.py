"""Events, each against what its declaration says must happen."""

from __future__ import annotations

import numpy as np
import pytest

from pathway.equations import Event, Model
from pathway.expressions import parse
from pathway.simulation import Intervention, SimulationError, simulate
from tests.simulation.models import model_of


def event(name: str, trigger: str, assignments: dict[str, str], **more: object) -> Event:
    for key in ("delay", "priority"):
        if key in more:
            more[key] = parse(str(more[key]))
    return Event(name, parse(trigger), {n: parse(f) for n, f in assignments.items()}, **more)  # type: ignore[arg-type]


def decay(*events: Event, **start: float) -> Model:
    return model_of("decay", {"x": "-k*x"}, {"x": 8.0, "n": 0.0, "m": 0.0, **start}, {"k": 1.0}, events=events)


def test_a_threshold_is_crossed_where_the_solution_crosses_it() -> None:
    times = np.array([0.0, 1.0, 1.5, 2.5, 3.0])
    model = decay(event("refill", "x < 2", {"x": "8", "n": "n + 1"}))
    found = simulate(model, times, relative_tolerance=1e-9)
    period = np.log(4.0)
    assert found["x"] == pytest.approx(8 * np.exp(-(times % period)), rel=1e-7)
    assert found["n"] == pytest.approx(np.floor(times / period))
    assert found.statistics.events == 2


def test_a_time_event_falls_on_its_float() -> None:
    found = simulate(decay(event("dose", "time >= 2", {"x": "x + 5"})), [0.0, 2.0, 3.0], relative_tolerance=1e-9)
    at = 8 * np.exp(-2.0) + 5
    assert found["x"] == pytest.approx([8.0, at, at * np.exp(-1.0)], rel=1e-7)
    later = simulate(decay(event("dose", "time > 2", {"x": "x + 5"})), [0.0, 2.0, 3.0], relative_tolerance=1e-9)
    assert later["x"] == pytest.approx([8.0, 8 * np.exp(-2.0), at * np.exp(-1.0)], rel=1e-7)


def test_a_trigger_that_swings_is_seen_where_nothing_else_moves() -> None:
    swing = event("swing", "sin(3.019 * time) > 0.3", {"n": "n + 1", "m": "time"})
    times = np.linspace(0.0, 12.0, 7)
    found = simulate(decay(swing, x=0.0), times)
    rises = (np.arcsin(0.3) + 2 * np.pi * np.arange(7)) / 3.019
    assert found["n"] == pytest.approx([np.sum(rises <= t) for t in times])
    assert found["m"][-1] == pytest.approx(rises[rises <= 12.0][-1], rel=1e-9)


def test_what_is_true_at_the_start_fires_only_if_it_counts_as_false_before() -> None:
    fires = decay(event("now", "x > 1", {"n": "n + 1"}, initial_value=False))
    rests = decay(event("now", "x > 1", {"n": "n + 1"}))
    assert simulate(fires, [0.0, 1.0])["n"] == pytest.approx([1.0, 1.0])
    assert simulate(rests, [0.0, 1.0])["n"] == pytest.approx([0.0, 0.0])


@pytest.mark.parametrize(("from_trigger", "expected"), [(True, 2.0), (False, 2.0 * np.exp(-1.5))])
def test_a_delayed_event_takes_its_values_from_either_moment(from_trigger: bool, expected: float) -> None:
    late = event("late", "x <= 2", {"n": "x"}, delay="1.5*k", values_from_trigger_time=from_trigger)
    crossing = np.log(4.0)
    found = simulate(decay(late), [0.0, crossing + 1.49, crossing + 1.51], relative_tolerance=1e-9)
    assert found["n"] == pytest.approx([0.0, 0.0, expected], rel=1e-7)


def test_an_event_that_is_not_persistent_is_dropped() -> None:
    for persistent, expected in ((True, 1.0), (False, 0.0)):
        window = event("window", "time > 1 and time < 2", {"n": "1"}, delay="3", persistent=persistent)
        assert simulate(decay(window), [0.0, 5.0])["n"][-1] == expected


def test_priorities_order_simultaneous_events_and_see_each_other() -> None:
    def digit(name: str, value: int, priority: str, from_trigger: bool) -> Event:
        change = {"n": f"n*10 + {value}"}
        return event(name, "time >= 1", change, priority=priority, values_from_trigger_time=from_trigger)

    for from_trigger, expected in ((False, 231.0), (True, 1.0)):
        events = [digit("one", 1, "1", from_trigger), digit("two", 2, "5 - n", from_trigger)]
        events.append(digit("three", 3, "3", from_trigger))
        assert simulate(decay(*events), [0.0, 1.0])["n"][-1] == expected


def test_one_event_sets_off_another_at_the_same_moment() -> None:
    first = event("first", "time >= 1", {"n": "1"})
    second = event("second", "n > 0.5", {"m": "time"})
    found = simulate(decay(first, second), [0.0, 1.0, 2.0])
    assert found["m"] == pytest.approx([0.0, 1.0, 1.0])


def test_an_execution_can_drop_a_simultaneous_event() -> None:
    winner = event("winner", "time >= 1 and m < 0.5", {"m": "1", "n": "n + 1"}, priority="2", persistent=False)
    loser = event("loser", "time >= 1 and m < 0.5", {"m": "1", "n": "n + 10"}, priority="1", persistent=False)
    assert simulate(decay(loser, winner), [0.0, 2.0])["n"][-1] == 1.0


def test_a_condition_that_holds_for_a_moment_only_is_seen() -> None:
    brief = event("brief", "time > 5 and time < 5.000001", {"n": "n + 1"})
    assert simulate(decay(brief), [0.0, 10.0])["n"][-1] == 1.0


def test_an_intervention_can_trigger_an_event() -> None:
    model = decay(event("high", "x > 20", {"n": "n + 1"}))
    found = simulate(model, [0.0, 1.0, 2.0], interventions=[Intervention(1.0, add={"x": 30.0})])
    assert found["n"] == pytest.approx([0.0, 1.0, 1.0])
    assert found["x"][1] == pytest.approx(8 * np.exp(-1.0) + 30, rel=1e-6)


def test_algebraic_species_follow_an_event() -> None:
    model = model_of(
        "balance",
        {"x": "-x"},
        {"x": 1.0, "twice": 0.0},
        {"k": 2.0},
        algebraic={"twice": "twice - k*x"},
        events=(event("add", "time >= 1", {"x": "x + 1"}),),
    )
    found = simulate(model, [0.0, 1.0, 2.0], relative_tolerance=1e-9)
    assert found["twice"] == pytest.approx(2 * found["x"], rel=1e-9)
    assert found["x"][1] == pytest.approx(1 + np.exp(-1.0), rel=1e-7)


def test_a_bouncing_ball_bounces() -> None:
    ball = model_of(
        "ball",
        {"h": "v", "v": "-g"},
        {"h": 5.0, "v": 0.0},
        {"g": 10.0, "e": 0.5},
        events=(event("bounce", "h <= 0 and v < 0", {"v": "-e*v"}),),
    )
    found = simulate(ball, [0.0, 1.0, 1.5, 2.0], relative_tolerance=1e-9)
    # Falls for 1 s, arrives at 10 m/s, leaves at 5 m/s, is up for 1 s, arrives at 5 m/s.
    assert found["v"] == pytest.approx([0.0, 5.0, 0.0, 2.5], abs=1e-6)
    assert found["h"] == pytest.approx([5.0, 0.0, 1.25, 0.0], abs=1e-6)


def test_a_loop_of_events_is_an_error() -> None:
    flip = event("flip", "n < 0.5", {"n": "1"}, initial_value=False)
    flop = event("flop", "n > 0.5", {"n": "0"}, initial_value=False)
    with pytest.raises(SimulationError, match="events"):
        simulate(decay(flip, flop), [0.0, 1.0])


def test_events_of_one_priority_take_turns_at_random_and_a_run_repeats() -> None:
    def rival(name: str, counter: str) -> Event:
        change = {"last": "time", counter: f"{counter} + 1"}
        return event(name, "time - last >= 0.01", change, priority="5", persistent=False)

    rivals = (rival("one", "n"), rival("other", "m"))
    model = model_of("rivals", {}, {"last": 0.0, "n": 0.0, "m": 0.0}, {}, events=rivals)
    first, again = (simulate(model, [0.0, 4.0]) for _ in range(2))
    n, m = first["n"][-1], first["m"][-1]
    assert 399 <= n + m <= 400
    assert n % 1 == 0 and 0 < abs(n - m) < 100
    np.testing.assert_array_equal(first.values, again.values)


@pytest.mark.parametrize("algebraic", [False, True])
def test_a_trigger_does_not_flicker_by_rounding_where_a_sum_crosses_its_border(algebraic: bool) -> None:
    """Near its border the sum of three goes up and down in its last digit: each trigger is still set off once, also
    where the sum is a species that an algebraic rule finds."""
    sides, total = [(side, k) for k in range(20, 31) for side in ("<", "<=")], "t" if algebraic else "x + y + z"
    triggers = [
        event(f"{k}{side}", f"{total} {side} c * {k}", {"n": "n + 1"}, values_from_trigger_time=False)
        for side, k in sides
    ]
    rates = {"x": "-k*x", "y": "0.9*k*x - 0.3*y", "z": "0.25*y - 0.1*z"}
    model = model_of(
        "sum", rates, {"x": 1.66, "y": 1.209, "z": 0.2, "n": 0.0} | ({"t": 3.069} if algebraic else {}),
        {"k": 1.1, "c": 0.1}, events=tuple(triggers), algebraic={"t": "x + y + z - t"} if algebraic else {},
    )  # fmt: skip
    for c in np.linspace(0.08, 0.12, 12):
        found = simulate(model, [0.0, 3.0], parameters={"c": float(c)})
        left = sum(found[name][-1] for name in "xyz")
        assert found["n"][-1] == sum(left < c * k < 3.069 for _, k in sides)


def test_events_that_come_ever_closer_together_are_named() -> None:
    """A ball that loses a tenth of its speed at each bounce has an infinity of them in a finite time."""
    bounce = event("bounce", "h < 0", {"v": "-0.9 * v", "h": "0"})
    ball = model_of("ball", {"h": "v", "v": "-g"}, {"h": 1.0, "v": 0.0}, {"g": 9.81}, events=(bounce,))
    fall = np.sqrt(2.0 / 9.81)
    before = simulate(ball, [0.0, 15.0 * fall], relative_tolerance=1e-9)
    assert before["h"][-1] > 0.0
    with pytest.raises(SimulationError, match="events happen without end, the last one 'bounce'"):
        simulate(ball, [0.0, 20.0 * fall])


def test_interventions_between_events_all_act() -> None:
    event = Event("mark", parse("time >= 2.5"), {"seen": parse("x")})
    model = model_of("marked", {"x": "0*k"}, {"x": 1.0, "seen": 0.0}, {"k": 1.0}, events=(event,))
    doses = [Intervention(float(t), add={"x": 10.0**t}) for t in range(1, 5)]
    found = simulate(model, [0.5, 1.5, 2.5, 3.5, 4.5], interventions=doses)
    assert found["x"].tolist() == [1.0, 11.0, 111.0, 1111.0, 11111.0]
    assert found["seen"][-1] == 111.0


@pytest.mark.parametrize(
    ("assigned", "delay", "said"),
    [
        ("1", "0 - x", r"the delay of event 'E' is -"),
        ("1", "log(x - 1)", r"the delay of event 'E' is nan"),
        ("1/(x - x)", "0", r"event 'E' gives a value that is not finite"),
    ],
)
def test_an_event_without_a_moment_or_a_value_is_named(assigned: str, delay: str, said: str) -> None:
    event = Event("E", parse("x < 0.5"), {"x": parse(assigned)}, parse(delay))
    with pytest.raises(SimulationError, match=said):
        simulate(model_of("m", {"x": "-x"}, {"x": 1.0}, {}, events=(event,)), [2.0])
