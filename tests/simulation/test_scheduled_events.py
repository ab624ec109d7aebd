"""Events that are worked out before the run do what they do when a run stops at each of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pathway.equations import Model
from pathway.expressions import parse
from pathway.simulation import Intervention, SimulationError, simulate, simulate_ensemble
from pathway.simulation.events import EventRun
from pathway.simulation.interventions import checked_interventions, schedule_of
from pathway.simulation.prepared import prepare_model
from pathway.simulation.scheduled_events import ScheduledEvents, schedule_with_events
from pathway.simulation.tasks import plan_task
from tests.simulation.models import model_of
from tests.simulation.random_events import random_model
from tests.simulation.test_events import decay, event

TIMES = np.unique([*np.linspace(0.0, 8.0, 17), 1.0, 2.25, np.nextafter(2.0, 9.0), np.nextafter(2.0, 0.0)])


def known(model: Model, times=TIMES, interventions=()) -> ScheduledEvents | None:
    prepared, p = prepare_model(model), np.array(model.parameter_values)
    schedule = schedule_of(model, checked_interventions(interventions), 0.0, float(times[-1]))
    return schedule_with_events(prepared, schedule, p, prepared.starts(p), 0.0, np.asarray(times, dtype=float))


def as_they_come(model: Model, times: np.ndarray, interventions=(), relative: float = 1e-8) -> EventRun:
    """A run that stops at every moment at which a trigger may change."""
    prepared, p = prepare_model(model), np.array(model.parameter_values)
    schedule = schedule_of(model, checked_interventions(interventions), 0.0, float(times[-1]))
    task = plan_task(prepared, times, 0.0, prepared.starts(p)[None], p[None], relative, None, [schedule])
    run = EventRun(prepared, task, "Rodas5P")
    run.run()
    return run


@pytest.mark.parametrize("seed", range(60))
def test_random_events_do_the_same_on_both_roads(seed: int) -> None:
    model, times = random_model(seed), TIMES if seed % 3 else TIMES[TIMES > 0.3]
    doses = [Intervention(2.0, add={"x": 1.0}, set={"n": 2.0}), Intervention(3.3, scale={"t": 1.5, "y": 0.5})]
    interventions = doses if seed % 2 else []
    try:
        run = as_they_come(model, times, interventions)
    except SimulationError as error:
        with pytest.raises(SimulationError) as found:
            simulate(model, times, interventions=interventions, relative_tolerance=1e-8)
        assert str(found.value) == str(error)
        return
    found = simulate(model, times, interventions=interventions, relative_tolerance=1e-8)
    scale = 1e-3 + np.abs(run.values).max(axis=0)
    assert np.max(np.abs(found.values - run.values) / scale) < 1e-6
    assert np.max(np.abs(found.end - run.state) / scale) < 1e-6
    assert found.statistics.events == run.events.executed
    counters = [model.species.index("n"), model.species.index("m")]
    assert found.values[:, counters] == pytest.approx(run.values[:, counters], rel=1e-14)


def test_most_random_events_are_known_before_the_run() -> None:
    doses = [Intervention(2.0, add={"x": 1.0})]
    assert sum(known(random_model(seed), interventions=doses) is not None for seed in range(60)) > 35


def test_repeated_doses_meet_their_closed_form() -> None:
    dose = event("dose", "time - 2*floor(time/2) >= 1", {"x": "x + 5", "n": "n + 1"})
    model, times = decay(dose), np.linspace(0.0, 9.0, 37)
    found, plan = simulate(model, times, relative_tolerance=1e-9), known(model, times)
    moments = np.array([1.0, 3.0, 5.0, 7.0, 9.0])
    exact = [8 * np.exp(-t) + 5 * np.exp(-(t - moments[moments <= t])).sum() for t in times]
    assert plan is not None and plan.executed == 5 == found.statistics.events
    assert plan.schedule.times[::2] == pytest.approx(moments, rel=1e-15)
    assert found["x"] == pytest.approx(np.array(exact), rel=1e-7)
    assert found["n"].tolist() == [float(np.sum(moments <= t)) for t in times]


@pytest.mark.parametrize(
    ("declared", "why"),
    [
        (event("e", "x < 2", {"n": "1"}), "a trigger reads what moves"),
        (event("e", "time >= 2 and x < 4", {"n": "1"}), "one of its conditions does"),
        (event("e", "time >= 2", {"n": "x"}), "a new value does"),
        (event("e", "time >= 2", {"x": "x*x"}), "a new value is no straight line"),
        (event("e", "time >= 2", {"x": "floor(x)"}), "a new value has steps"),
        (event("e", "time >= 2", {"x": "max(x, 1)"}), "a new value has a kink"),
        (event("e", "time >= 2", {"n": "1"}, delay="x"), "a delay does"),
        (event("e", "time >= 2", {"n": "1"}, priority="x"), "a priority does"),
        (event("e", "time >= 2", {"x": "x + 1"}, delay="1"), "a value is remembered while it moves"),
        (event("e", "time >= 2", {"n": "1"}, factors={"n": parse("x")}), "a factor does"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_depends_on_the_course_is_left_to_the_course(declared, why) -> None:
    assert known(decay(declared)) is None, why


def test_what_is_remembered_from_a_trigger_must_not_have_been_changed_since() -> None:
    first, second = (event(name, "time >= 2", {"x": "x + 1"}) for name in ("first", "second"))
    assert known(decay(first, second)) is None  # the second sets what it saw before the first: x + 1, not x + 2
    at_execution = [replace(one, values_from_trigger_time=False) for one in (first, second)]
    assert known(decay(*at_execution)).executed == 2
    times = np.array([0.0, 2.0])
    assert simulate(decay(first, second), times)["x"][1] == pytest.approx(8 * np.exp(-2.0) + 1, rel=1e-6)
    assert simulate(decay(*at_execution), times)["x"][1] == pytest.approx(8 * np.exp(-2.0) + 2, rel=1e-6)


def test_a_dose_is_added_bit_for_bit_as_an_intervention_adds_it() -> None:
    dosed, plain = decay(event("dose", "time >= 2", {"x": "x + 5"})), decay()
    times = np.linspace(0.0, 6.0, 61)
    found = simulate(dosed, times)
    wanted = simulate(plain, times, interventions=[Intervention(2.0, add={"x": 5.0})], absolute_tolerance=8e-9)
    again = simulate(dosed, times, absolute_tolerance=8e-9)
    assert np.array_equal(again.values, wanted.values) and found.values == pytest.approx(wanted.values, rel=1e-5)


def test_members_run_side_by_side_as_each_alone() -> None:
    events = event("dose", "time >= s", {"x": "x + d"}), event("wash", "time >= 2*s", {"n": "d"}, delay="0.25")
    values = {"k": 1.0, "s": 2.0, "d": 5.0}
    model = model_of("members", {"x": "-k*x"}, {"x": 8.0, "n": 0.0}, values, events=events)
    rows = model.parameter_values * np.random.default_rng(3).uniform(0.7, 1.4, (40, 3))
    rows[7, 2] = np.nan
    found = simulate_ensemble(model, TIMES, rows, workers=2)
    assert list(found.failures) == [7]
    for k in set(range(40)) - {7}:
        alone = simulate(model, TIMES, parameters=rows[k])
        assert np.array_equal(found.values[k], alone.values), k
        assert found.trajectory(k).statistics.events == alone.statistics.events == 2
    some = simulate_ensemble(model, TIMES, rows[:7], observables=["x", "n"])
    assert np.array_equal(some["x"], found["x"][:7])


def test_a_rate_that_switches_with_an_event_is_recorded_on_the_right_side() -> None:
    model = model_of(
        "both",
        {"x": "piecewise(1, time > 2, 0)"},
        {"x": 0.0, "n": 0.0},
        {"k": 1.0},
        events=(event("count", "time > 2", {"n": "n + 1", "x": "x + 10"}),),
    )
    for times in ([0.0, 2.0, 3.0], [0.0, 1.0, 3.0]):
        found, run = simulate(model, times), as_they_come(model, np.array(times))
        assert found["n"].tolist() == run.values[:, 1].tolist() == [0.0, 0.0, 1.0]
        assert found["x"] == pytest.approx([0.0, 0.0, 11.0], abs=1e-9)
    assert known(model, [0.0, 2.0, 3.0]) is None and known(model, [0.0, 1.0, 3.0]) is not None


def test_events_at_neighboring_floats_happen_one_after_the_other() -> None:
    at, after = event("at", "time >= 2", {"n": "n + 1"}), event("after", "time > 2", {"x": "x + n"})
    found = simulate(decay(at, after), [0.0, 2.0, 2.5])
    assert found["n"].tolist() == [0.0, 1.0, 1.0] and found.statistics.events == 2
    assert found["x"] == pytest.approx([8.0, 8 * np.exp(-2.0), (8 * np.exp(-2.0) + 1) * np.exp(-0.5)], rel=1e-6)


def test_a_trigger_that_changes_a_float_later_in_compiled_code_is_not_missed() -> None:
    """57.7 - time - 0.37 < 2 turns true near 55.33, where fused code has it a float later than Python."""
    late = event("late", "min(57.7*ceil((time + 0.37)/57.7) - time - 0.37, time - 16.64*floor(time/16.64)) < 2",
                 {"x": "x + 1", "n": "n + 1"})  # fmt: skip
    times = np.array([0.0, 54.0, 56.0, 60.0, 250.0])
    found, run = simulate(decay(late), times), as_they_come(decay(late), times, relative=1e-6)
    assert found["n"].tolist() == run.values[:, 1].tolist() == [0.0, 3.0, 4.0, 4.0, 19.0]
    assert found["x"] == pytest.approx(run.values[:, 0], rel=1e-5, abs=1e-9)


def test_a_run_that_fails_says_what_a_run_that_stops_at_its_events_says() -> None:
    model = model_of("runaway", {"x": "x*x"}, {"x": 1.0, "n": 0.0}, {}, events=(event("e", "time >= 0.5", {"n": "1"}),))
    with pytest.raises(SimulationError) as wanted:
        as_they_come(model, np.array([0.0, 2.0]), relative=1e-6)
    with pytest.raises(SimulationError) as found:
        simulate(model, [0.0, 2.0])
    assert str(found.value) == str(wanted.value) and found.value.state == wanted.value.state


def test_an_event_that_gives_no_number_is_named() -> None:
    with pytest.raises(SimulationError, match="event 'bad' gives a value that is not finite"):
        simulate(decay(event("bad", "time >= 1", {"x": "x + 1/n"})), [0.0, 2.0])


def test_an_event_may_read_all_that_is_known_and_a_run_may_record_once() -> None:
    """x is 2, and k = 0.5 more from 2 k on."""
    add = event("add", "time >= 2*k", {"x": "x + k"})
    model = model_of("once", {"x": "0"}, {"x": 2.0}, {"k": 0.5}, events=(add,))
    found = known(model, [3.0])
    assert found is not None and found.executed == 1
    assert found.schedule.times == pytest.approx([1.0]) and simulate(model, [3.0])["x"].tolist() == [2.5]
