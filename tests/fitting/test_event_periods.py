"""Events in experiments of several periods, against closed forms: what happens at a boundary and what outlives it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from pathway.equations import Event, Model
from pathway.expressions import parse
from pathway.fitting.objective import Objective
from pathway.fitting.problem import Measurement, Observable, Parameter, Problem
from pathway.simulation import Intervention, simulate
from pathway.simulation.protocol import Experiment, Period
from tests.simulation.models import model_of
from tests.simulation.test_events import event

REST = -math.inf
Periods = Sequence[tuple[float, dict[str, str]]]


def decay(*events: Event, **start: float) -> Model:
    """x decays to the level p; n and m are counters that only events and conditions move."""
    rates = {"x": "-k * (x - p)"}
    return model_of("decay", rates, {"x": 8.0, "n": 0.0, "m": 0.0, **start}, {"k": 1.0, "p": 0.0}, events=events)


def problem_of(model: Model, periods: Periods, times: Sequence[float]) -> Problem:
    made = tuple(Period(start, {n: parse(f) for n, f in changes.items()}) for start, changes in periods)
    return Problem(
        name="periods",
        model=model,
        parameters=(Parameter("k", 1.0, 0.1, 10.0, "log"),),
        experiments=(Experiment("e", made),),
        observables=tuple(Observable(name, parse(name), parse("0.1")) for name in model.species),
        measurements=tuple(Measurement(name, "e", float(t), 1.0) for t in times for name in model.species),
    )


def course(model: Model, periods: Periods, times: Sequence[float]) -> dict[str, np.ndarray]:
    """Each species at each time."""
    values = Objective(problem_of(model, periods, times)).compare().simulated.reshape(len(times), -1)
    return dict(zip(model.species, values.T, strict=True))


def test_a_condition_that_makes_a_trigger_true_fires_it() -> None:
    model = decay(event("high", "x > 20", {"n": "n + x", "m": "m + 1"}))
    found = course(model, [(0.0, {}), (1.0, {"x": "x + 30"})], [0.5, 1.0, 2.0])
    top = 8.0 * math.exp(-1.0) + 30.0
    assert found["n"] == pytest.approx([0.0, top, top], rel=1e-7)
    assert found["m"] == pytest.approx([0.0, 1.0, 1.0])


def test_a_condition_of_the_first_period_comes_before_triggers_and_their_initial_value() -> None:
    for initial, expected in ((True, 0.0), (False, 1.0)):
        model = decay(event("high", "x > 20", {"n": "n + 1"}, initial_value=initial))
        assert course(model, [(0.0, {"x": "30"})], [0.0, 1.0])["n"] == pytest.approx([expected, expected])


@pytest.mark.parametrize("initial", [True, False])
def test_a_trigger_that_stays_true_over_a_boundary_does_not_fire_again(initial: bool) -> None:
    late = event("late", "time >= 1", {"n": "n + 1"}, initial_value=initial)
    found = course(decay(late), [(0.0, {}), (2.0, {"x": "5"}), (3.0, {}), (4.0, {"p": "1"})], [0.5, 1.5, 2.0, 3.5, 5.0])
    assert found["n"] == pytest.approx([0.0, 1.0, 1.0, 1.0, 1.0])


def test_a_trigger_that_a_condition_makes_false_can_fire_again() -> None:
    model = decay(event("low", "x < 2", {"n": "n + 1"}))
    found = course(model, [(0.0, {}), (2.0, {"x": "8"})], [1.0, 1.9, 2.0, 3.0, 3.5])
    assert found["n"] == pytest.approx([0.0, 1.0, 1.0, 1.0, 2.0])


@pytest.mark.parametrize("boundaries", [[3.0], [3.0, 4.5], [1.2, 2.4, 3.6, 4.8]])
def test_a_delayed_event_waits_over_boundaries(boundaries: list[float]) -> None:
    model = decay(event("later", "time >= 1", {"n": "x"}, delay="4", values_from_trigger_time=False))
    periods = [(0.0, {}), *((time, {"m": "m + 1"}) for time in boundaries)]
    found = course(model, periods, [4.9, 5.0, 6.0])
    assert found["n"] == pytest.approx([0.0, 8.0 * math.exp(-5.0), 8.0 * math.exp(-5.0)], rel=1e-6)
    assert found["m"] == pytest.approx([len(boundaries)] * 3)


def test_values_from_the_trigger_do_not_see_the_condition_and_later_ones_do() -> None:
    for from_trigger, expected in ((True, 8.0 * math.exp(-1.0)), (False, 5.0 * math.exp(-1.0))):
        later = event("later", "time >= 1", {"n": "x"}, delay="2", values_from_trigger_time=from_trigger)
        found = course(decay(later), [(0.0, {}), (2.0, {"x": "5"})], [2.5, 3.0])
        assert found["n"] == pytest.approx([0.0, expected], rel=1e-7)


def test_a_delay_is_that_of_the_trigger_whatever_a_condition_sets_later() -> None:
    model = decay(event("later", "time >= 1", {"n": "1"}, delay="2 + p"))
    assert course(model, [(0.0, {}), (2.0, {"p": "7"})], [2.9, 3.0])["n"] == pytest.approx([0.0, 1.0])


def test_a_condition_drops_a_waiting_event_that_is_not_persistent() -> None:
    for persistent, expected in ((True, 1.0), (False, 0.0)):
        window = event("window", "time >= 1 and p < 0.5", {"n": "n + 1"}, delay="2", persistent=persistent)
        found = course(decay(window), [(0.0, {}), (2.0, {"p": "1"}), (2.5, {"p": "0.7"})], [2.9, 4.0])
        assert found["n"] == pytest.approx([0.0, expected])


def test_a_condition_drops_an_event_that_is_due_at_its_own_moment() -> None:
    window = event("window", "time >= 1 and p < 0.5", {"n": "n + 1"}, delay="1", persistent=False)
    assert course(decay(window), [(0.0, {}), (2.0, {"p": "1"})], [2.0, 4.0])["n"] == pytest.approx([0.0, 0.0])


def test_an_event_at_the_boundary_happens_after_the_condition() -> None:
    at_time = event("at_time", "time >= 2", {"x": "2 * x"}, values_from_trigger_time=False)
    delayed = event("delayed", "time >= 1", {"x": "2 * x"}, delay="1", values_from_trigger_time=False)
    for one in (at_time, delayed):
        found = course(decay(one), [(0.0, {}), (2.0, {"x": "5"})], [1.9, 2.0, 3.0])
        assert found["x"] == pytest.approx([8.0 * math.exp(-1.9), 10.0, 10.0 * math.exp(-1.0)], rel=1e-7)


def test_a_condition_that_undoes_a_trigger_at_the_boundary_leaves_nothing_to_fire() -> None:
    model = decay(event("at_two", "time >= 2 and p < 0.5", {"n": "n + 1"}))
    assert course(model, [(0.0, {}), (2.0, {"p": "1"})], [2.0, 3.0])["n"] == pytest.approx([0.0, 0.0])


def test_priorities_order_what_is_due_at_a_boundary() -> None:
    def digit(name: str, value: int, priority: str, trigger: str, delay: str) -> Event:
        change = {"n": f"10 * n + {value}"}
        return event(name, trigger, change, priority=priority, delay=delay, values_from_trigger_time=False)

    first = digit("waits", 1, "1 + 9 * p", "time >= 1", "1")
    second = digit("by_time", 2, "5", "time >= 2", "0")
    third = digit("by_condition", 3, "3", "m > 0.5", "0")
    for p, expected in (("0", 231.0), ("1", 123.0)):
        found = course(decay(third, first, second), [(0.0, {}), (2.0, {"m": "1", "p": p})], [1.9, 2.0])
        assert found["n"] == pytest.approx([0.0, expected])


def test_events_of_one_priority_draw_on_through_the_periods() -> None:
    """Four ties; each pair writes one digit after the other, in the order of one uninterrupted stream."""
    expected = 0.0
    for tie in range(1, 5):
        first = int(np.random.default_rng([1, tie]).integers(2))
        expected = 100.0 * expected + (12.0 if first == 0 else 21.0)
    change = {d: {"n": f"10 * n + {d}"} for d in (1, 2)}
    more = {"priority": "1", "values_from_trigger_time": False}
    model = decay(*(event(f"e{d}", "m > 0.5", change[d], **more) for d in (1, 2)))
    on_and_off: list[tuple[float, dict[str, str]]] = [(float(t), {"m": str(t % 2)}) for t in range(9)]
    assert course(model, on_and_off, [8.5])["n"] == pytest.approx([expected])


def test_a_trigger_remembers_what_it_was_at_the_end_of_pre_equilibration() -> None:
    low = event("low", "x < 2", {"n": "n + 1"})
    found = course(decay(low), [(REST, {}), (0.0, {})], [0.0, 1.0])
    assert found["n"] == pytest.approx([1.0, 1.0])
    # It is false again where the condition lifts x, and fires once more where x falls.
    found = course(decay(low), [(REST, {}), (0.0, {"x": "8"})], [0.0, 1.0, 2.0])
    assert found["n"] == pytest.approx([1.0, 1.0, 2.0])
    # From the rest's condition on it is true, and so it is before and after.
    found = course(decay(low), [(REST, {"x": "1"}), (0.0, {"p": "1"})], [0.0, 1.0])
    assert found["n"] == pytest.approx([0.0, 0.0])


def test_a_condition_after_pre_equilibration_makes_a_trigger_true() -> None:
    model = decay(event("high", "x > 3", {"n": "n + 1"}), x=1.0)
    assert course(model, [(REST, {"p": "2"}), (0.0, {"x": "x + 2"})], [0.0, 1.0])["n"] == pytest.approx([1.0, 1.0])


def test_time_begins_anew_after_pre_equilibration() -> None:
    """A trigger of time fires in the pre-equilibration, is false at the new start, and fires again."""
    model = decay(event("at_three", "time >= 3", {"n": "n + 1"}))
    assert course(model, [(REST, {}), (0.0, {})], [0.0, 2.9, 3.0])["n"] == pytest.approx([1.0, 1.0, 2.0])
    assert course(model, [(REST, {}), (5.0, {})], [5.0, 9.0])["n"] == pytest.approx([1.0, 1.0])


def test_an_event_that_waits_happens_before_pre_equilibration_ends() -> None:
    later = event("later", "x < 2", {"n": "n + 1", "p": "3"}, delay="50")
    model = model_of("decay", {"x": "-k * (x - p)"}, {"x": 8.0, "n": 0.0, "p": 0.0}, {"k": 1.0}, events=(later,))
    found = course(model, [(REST, {}), (0.0, {"x": "x + 1"})], [0.0, 1.0])
    assert found["n"] == pytest.approx([1.0, 1.0])
    assert found["x"] == pytest.approx([4.0, 3.0 + math.exp(-1.0)], rel=1e-7)


def test_an_event_that_is_set_off_after_pre_equilibration_waits_over_the_next_boundary() -> None:
    model = decay(event("later", "x > 3", {"n": "x"}, delay="2"), x=1.0)
    found = course(model, [(REST, {}), (0.0, {"x": "4"}), (1.0, {"x": "1"})], [1.9, 2.0, 3.0])
    assert found["n"] == pytest.approx([0.0, 4.0, 4.0])


def test_a_steady_state_after_the_periods_waits_for_what_waits() -> None:
    model = decay(event("later", "time >= 1", {"n": "n + 1"}, delay="3"))
    found = course(model, [(0.0, {}), (2.0, {"p": "2"})], [3.0, math.inf])
    assert found["n"] == pytest.approx([0.0, 1.0])
    assert found["x"][1] == pytest.approx(2.0, rel=1e-7)


def test_events_without_end_have_no_steady_state() -> None:
    model = model_of("sawtooth", {"x": "k"}, {"x": 0.0}, {"k": 1.0}, events=(event("full", "x >= 1", {"x": "0"}),))
    objective = Objective(problem_of(model, [(REST, {}), (0.0, {})], [0.5]))
    assert objective.value(np.zeros(1)) == math.inf
    (reason,) = objective.failures
    assert "events go on happening" in reason


def test_slopes_pass_through_events_periods_and_pre_equilibration() -> None:
    """x falls to 2, where an event is set off that is due 1 + k later; its values are those of either moment."""
    for from_trigger in (True, False):
        later = event("later", "x < 2", {"n": "x * time"}, delay="1 + k", values_from_trigger_time=from_trigger)
        periods = [(REST, {}), (0.0, {"x": "x + 8"}), (1.0, {"p": "0.5"})]
        model = decay(later)
        objective = Objective(problem_of(model, periods, [6.0]))
        objective.runner.relative_tolerance = 1e-9

        def seen(k: float, from_trigger: bool = from_trigger) -> np.ndarray:
            lowered = 8.0 * math.exp(-k)
            crossing = 1.0 + math.log((lowered - 0.5) / 1.5) / k
            moment = crossing if from_trigger else crossing + 1.0 + k
            end = 0.5 + (lowered - 0.5) * math.exp(-5.0 * k)
            return np.array([end, (0.5 + (lowered - 0.5) * math.exp(-k * (moment - 1.0))) * moment, 0.0])

        k, step = 0.9, 1e-6
        residuals = (seen(k) - 1.0) / 0.1
        slope = residuals @ ((seen(k + step) - seen(k - step)) / (2.0 * step)) / 0.1
        assert objective(np.array([math.log(k)])).gradient == pytest.approx([slope * k], rel=1e-5)


def test_gradients_agree_with_differences_of_values() -> None:
    later = event("later", "x < 2", {"n": "n + x * time"}, delay="1 + k", values_from_trigger_time=False)
    again = event("again", "x > 3", {"x": "x / 2"})
    periods = [(REST, {}), (0.0, {"x": "x + 2.5"}), (1.5, {"x": "x + 3"})]
    objective = Objective(problem_of(decay(later, again), periods, [1.0, 2.0, 4.0]))
    objective.runner.relative_tolerance = 1e-10
    point, step = np.array([0.3]), 1e-4
    difference = (objective.value(point + step) - objective.value(point - step)) / (2 * step)
    assert objective(point).gradient == pytest.approx([difference], rel=1e-5)


def rich() -> Model:
    """Delays, priorities, both kinds of values, one event that can be dropped, one that the others set off."""
    return decay(
        event("refill", "x < 2", {"x": "x + 5", "m": "m + 1"}, delay="0.3", priority="2"),
        event("cut", "x > 6.5", {"x": "x / 2"}, priority="5 - m", values_from_trigger_time=False),
        event("late", "time >= 2", {"n": "n + x"}, delay="1.7 * k"),
        event("window", "x < 3", {"m": "m + 10"}, delay="0.5", persistent=False),
        event("echo", "m > 1.5", {"n": "n + 0.1"}, delay="0.25", initial_value=False),
    )


@pytest.mark.parametrize("seed", range(12))
def test_boundaries_where_nothing_is_changed_change_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cuts = np.unique(np.round(rng.uniform(0.1, 7.9, 6), 1))
    times = np.sort(np.concatenate([rng.uniform(0.0, 8.0, 8), cuts[:3]]))
    whole = simulate(rich(), times, relative_tolerance=1e-9)
    found = course(rich(), [(0.0, {}), *((float(t), {}) for t in cuts)], times)
    for name in ("x", "n", "m"):
        assert found[name] == pytest.approx(whole[name], rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_conditions_are_what_interventions_of_one_run_are(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    cuts = np.unique(np.round(rng.uniform(0.1, 7.9, 4), 1)).tolist()
    amounts = np.round(rng.uniform(0.0, 6.0, len(cuts)), 2).tolist()
    times = np.sort(np.concatenate([rng.uniform(0.0, 8.0, 8), cuts]))
    whole = simulate(
        rich(),
        times,
        interventions=[Intervention(t, set={"x": a}) for t, a in zip(cuts, amounts, strict=True)],
        relative_tolerance=1e-9,
    )
    periods = [(0.0, {}), *((t, {"x": str(a)}) for t, a in zip(cuts, amounts, strict=True))]
    found = course(rich(), periods, times)
    for name in ("x", "n", "m"):
        assert found[name] == pytest.approx(whole[name], rel=1e-6, abs=1e-6)
