"""Events that the compiled loop carries out do what they do when a run stops at each of them."""

from __future__ import annotations

import numpy as np
import pytest

from pathway.equations import Model
from pathway.expressions import parse
from pathway.simulation import Intervention, SimulationError, simulate, simulate_ensemble
from pathway.simulation import events as events_room
from pathway.simulation import members as members_room
from pathway.simulation.compiled_events import task_with_compiled_events
from pathway.simulation.interventions import checked_interventions, schedule_of
from pathway.simulation.prepared import prepare_model
from pathway.simulation.solvers.event_queue import OFTEN
from pathway.simulation.solvers.lanes import QUEUE
from pathway.simulation.tasks import plan_task
from tests.simulation.models import model_of
from tests.simulation.random_events import random_model
from tests.simulation.test_events import decay, event
from tests.simulation.test_scheduled_events import as_they_come

TIMES = np.unique([*np.linspace(0.0, 8.0, 17), 2.25, np.nextafter(2.0, 0.0)])
MOST = 150
DOSES = [Intervention(2.0, add={"x": 1.0}, set={"n": 2.0}), Intervention(3.3, scale={"y": 0.5})]


@pytest.fixture
def in_python(monkeypatch) -> list[int]:
    """Members that were left to a run that stops at its events."""
    left, run = list[int](), members_room._run_as_events_come

    def watched(prepared, task, members, *more):
        left.extend(members)
        return run(prepared, task, members, *more)

    monkeypatch.setattr(members_room, "_run_as_events_come", watched)
    return left


@pytest.fixture
def few_events(monkeypatch) -> None:
    """Python gives up early."""
    monkeypatch.setattr(events_room, "EXECUTIONS", MOST)


@pytest.mark.parametrize("seed", range(80))
def test_random_events_do_the_same_on_both_roads(seed: int, few_events) -> None:
    model, times = random_model(seed, of_course=True), TIMES if seed % 3 else TIMES[TIMES > 0.3]
    doses = DOSES if seed % 2 else []
    try:
        run = as_they_come(model, times, doses, relative=1e-9)
    except SimulationError as error:
        if f"more than {MOST} events" in str(error):
            return
        with pytest.raises(SimulationError) as found:
            simulate(model, times, interventions=doses, relative_tolerance=1e-9)
        assert str(found.value) == str(error)
        return
    found = simulate(model, times, interventions=doses, relative_tolerance=1e-9)
    scale = 1e-3 + np.abs(run.values).max(axis=0)
    assert np.max(np.abs(found.values - run.values) / scale) < 1e-6
    assert np.max(np.abs(found.end - run.state) / scale) < 1e-6
    assert found.statistics.events == run.events.executed


def test_the_loop_carries_out_most_random_events(in_python, few_events) -> None:
    runs = 0
    for seed in range(80):
        try:
            simulate(random_model(seed, of_course=True), TIMES)
            runs += 1
        except SimulationError:
            pass
    assert runs > 60 and len(in_python) < 40


def test_members_run_side_by_side_as_each_alone(in_python) -> None:
    """Each lane stops at moments of its own; some wait, some drop, and one has no numbers."""
    events = (
        event("refill", "x < low", {"x": "x + d", "n": "n + 1"}),
        event("late", "x > 4", {"m": "m + x"}, delay="0.3*k", values_from_trigger_time=False),
        event("window", "x > 2 and x < 5", {"m": "m + 1"}, delay="0.1", persistent=False, priority="n"),
        event("clock", "time >= 2*k", {"x": "x*0.5 + m"}),
    )
    values, start = {"k": 1.0, "low": 2.0, "d": 5.0}, {"x": 8.0, "n": 0.0, "m": 0.0}
    model = model_of("members", {"x": "-k*x"}, start, values, events=events)
    rows = model.parameter_values * np.random.default_rng(3).uniform(0.7, 1.4, (40, 3))
    rows[7, 0] = np.nan
    found = simulate_ensemble(model, TIMES, rows, workers=2)
    assert in_python == [7] and list(found.failures) == [7]
    for k in set(range(40)) - {7}:
        alone = simulate(model, TIMES, parameters=rows[k])
        assert np.array_equal(found.values[k], alone.values), k
        assert found.trajectory(k).statistics.events == alone.statistics.events > 3
    some = simulate_ensemble(model, TIMES, rows[:7], observables=["x", "n"])
    assert np.array_equal(some["x"], found["x"][:7])


def test_a_threshold_meets_its_closed_form_in_every_lane(in_python) -> None:
    model = decay(event("refill", "x < 2", {"x": "8", "n": "n + 1"}))
    rows, times = np.linspace(0.5, 3.0, 30)[:, None], np.array([0.0, 0.7, 2.5, 3.1, 9.0])
    found = simulate_ensemble(model, times, rows, relative_tolerance=1e-9)
    phase = times * rows % np.log(4.0)
    assert found["x"] == pytest.approx(8 * np.exp(-phase), rel=1e-6)
    assert found["n"] == pytest.approx(np.floor(times * rows / np.log(4.0)))
    assert not in_python


@pytest.mark.parametrize(
    ("declared", "start"),
    [
        ([event(f"rival {k}", "x < 4", {"n": f"2*n + {k}"}, priority="1") for k in range(2)], {}),
        ([event(f"late {k}", "x < 4", {"n": "n + 1"}, delay="1") for k in range(QUEUE + 1)], {}),
        ([event("count", "n < 2.5*k*floor(n) + 400", {"n": "n + 1"}), event("again", "n < 500", {"n": "n + 1"})], {}),
    ],
    ids=["chance", "many that wait", "counting"],
)
def test_what_the_loop_gives_up_is_run_from_its_start(declared, start, in_python) -> None:
    model = decay(*declared, **start)
    found, run = simulate(model, TIMES), as_they_come(model, TIMES, relative=1e-6)
    assert found.values == pytest.approx(run.values, rel=1e-5, abs=1e-9)
    assert found.statistics.events == run.events.executed


def test_events_without_end_at_one_moment_are_left_to_python(in_python) -> None:
    up, down = event("up", "n < 1 and x < 4", {"n": "1"}), event("down", "n > 0 and x < 4", {"n": "0"})
    with pytest.raises(SimulationError, match="events happen without end"):
        simulate(decay(up, down), TIMES)
    assert in_python == [0] and OFTEN < 5000


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (decay(event("e", "x < 2", {"x": "x + 1"}, factors={"x": parse("k")})), "a factor"),
        (decay(event("e", "x < 2", {"n": "n + 1"}), event("f", "time > n", {"m": "x"})), "it moves a moment in time"),
    ],
    ids=["factor", "moment"],
)
def test_what_the_loop_lacks_is_left_to_python(model: Model, why: str, in_python) -> None:
    simulate(model, TIMES)
    assert in_python == [0], why


def test_interventions_that_move_a_moment_in_time_are_left_to_python() -> None:
    model = decay(event("e", "time >= 2*k and x < 4", {"x": "x + 1"}))
    prepared, p = prepare_model(model), np.array(model.parameter_values)
    for doses, left in (([], []), ([Intervention(1.0, set={"k": 0.5})], [0])):
        schedule = schedule_of(model, checked_interventions(doses), 0.0, 8.0)
        task = plan_task(prepared, TIMES, 0.0, prepared.starts(p)[None], p[None], 1e-6, None, [schedule])
        compiled = task_with_compiled_events(prepared, task)
        assert compiled is not None and compiled[1] == left
        run = as_they_come(model, TIMES, doses, relative=1e-6)
        assert simulate(model, TIMES, interventions=doses)["x"] == pytest.approx(run.values[:, 0], rel=1e-5)


def test_an_event_at_a_moment_in_time_falls_on_its_float() -> None:
    """What is recorded at 2 is after the one and before the other; both look at the course."""
    for sign, at in ((">=", 9.0), (">", 8 * np.exp(-2.0))):
        model = decay(event("e", f"time {sign} 2 and x < 4", {"x": "9 + 0*x", "n": "max(x, 0)"}))
        found = simulate(model, [0.0, 2.0, np.nextafter(2.0, 3.0)], relative_tolerance=1e-9)
        assert found["x"] == pytest.approx([8.0, at, 9.0], rel=1e-7)
