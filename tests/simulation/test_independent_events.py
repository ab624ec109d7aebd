"""Events that read nothing which events change: for many members at once they do what a run of each alone does."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from pathway.equations import Event, Model
from pathway.expressions import parse
from pathway.simulation import Intervention, simulate, simulate_ensemble
from pathway.simulation.interventions import schedule_of
from pathway.simulation.prepared import prepare_model
from pathway.simulation.scheduled_events import _event_clock
from tests.simulation.models import model_of
from tests.simulation.test_events import event

TIMES = np.linspace(0.0, 12.0, 25)
VALUES = {"k": 0.4, "t": 2.5, "s": 1.5, "d": 3.0, "w": 0.6}
TRIGGERS = (
    *("time >= t", "time > 2*s", "time < t", "time >= 0", "time >= s and time < s + t", "time - t*floor(time/t) >= w"),
    *("t*ceil(time/t) - time < s", "floor(time/t) - 2*floor(floor(time/t)/2) > 0.5", "sin(time/s) > w", "d > 2"),
    *("time >= t or time >= s", "time >= 12", "time/w >= s and not (time > 3*t)"),
)


def random_event(random: Random, name: str) -> Event:
    targets = random.sample(["x", "y", "n"], random.randint(0, 2))
    new = ("d", "d*time", "{0} + d", "{0}/2", "2*{0} - d*w", "(1 - w)*{0}", "0")
    values = {target: parse(random.choice(new[:2] if target == "n" else new).format(target)) for target in targets}
    delay = random.choice([None, None, None, "w", "0", "t - s", "d*t"])
    return Event(
        name,
        parse(random.choice(TRIGGERS)),
        values,
        delay=None if delay is None else parse(delay),
        priority=random.choice([None, None, None, parse("d")]),
        persistent=delay is not None or random.random() < 0.5,
        initial_value=random.random() < 0.6,
        values_from_trigger_time=random.random() < 0.3,
        factors={target: parse("1 + w") for target in targets if random.random() < 0.2},
    )


def random_model(random: Random) -> Model:
    events = tuple(random_event(random, f"event {k}") for k in range(random.randint(1, 4)))
    rates = {"x": "-k*x", "y": f"k*x - y + {random.choice(['0', 'piecewise(d, time >= s and time < s + w, 0)'])}"}
    return model_of("doses", rates, {"x": 1.0, "y": 2.0, "n": 0.0}, VALUES, events=events)


def rows_of(model: Model, n: int, seed: int) -> np.ndarray:
    """Members some of which have moments that fall together, or no numbers."""
    rows = model.parameter_values * np.random.default_rng(seed).uniform(0.6, 1.5, (n, len(model.parameters)))
    rows[::4] = np.round(2 * rows[::4]) / 2 + 0.5
    rows[1], rows[2, 1], rows[3, 2] = model.parameter_values, np.nan, np.inf
    return rows


def test_schedules_are_those_of_a_run_of_events() -> None:
    """The same actions at the same floats, wherever something is told."""
    told = members = 0
    for seed in range(30):
        random = Random(seed)
        model, prepared = (one := random_model(random)), prepare_model(one)
        clock, rows = prepared.once(_event_clock), rows_of(one, 12, seed)
        assert clock is not None and clock.independent is not None
        done = random.choice([[], [Intervention(2.5, add={"x": 1.0}), Intervention(12.0, set={"y": 2.0})]])
        schedules = [schedule_of(model, done, 0.0, 12.0)] * len(rows)
        starts = np.repeat(model.initial_values[None], len(rows), axis=0)
        each = clock.independent.schedules(prepared, schedules, rows, starts, 0.0, 12.0)
        for k, found in enumerate(each):
            members += 1
            if found is None:
                continue
            told += 1
            wanted = clock._rehearsed(prepared, schedules[k], rows[k], starts[k], 0.0, TIMES)
            assert wanted is not None and wanted.executed == found[1], (seed, k)
            for one_column, other in zip(found[0], wanted.schedule, strict=True):
                np.testing.assert_array_equal(one_column, other)
    assert told > 0.5 * members


@pytest.mark.parametrize("seed", range(8))
def test_members_are_what_each_is_alone(seed: int) -> None:
    model = random_model(Random(seed))
    rows = rows_of(model, 14, seed)
    found = simulate_ensemble(model, TIMES, rows, workers=1)
    for k, row in enumerate(rows):
        if np.isfinite(row).all() and k not in found.failures:
            assert np.array_equal(found.values[k], simulate(model, TIMES, parameters=row).values), k


def test_periodic_doses_of_members_meet_their_closed_form() -> None:
    dose = event("dose", "time - t*floor(time/t) >= s", {"x": "x + d"})
    model = model_of("periodic", {"x": "-k*x"}, {"x": 0.0}, {"k": 0.3, "t": 2.0, "s": 0.5, "d": 4.0}, events=(dose,))
    rows = model.parameter_values * np.random.default_rng(4).uniform(0.7, 1.4, (30, 4))
    found = simulate_ensemble(model, TIMES, rows, relative_tolerance=1e-9)
    for (k, t, s, d), values in zip(rows, found["x"], strict=True):
        moments = s + t * np.arange(40)
        exact = [d * np.exp(-k * (time - moments[moments <= time])).sum() for time in TIMES]
        assert values == pytest.approx(np.array(exact), rel=1e-7, abs=1e-9)


@pytest.mark.parametrize(
    ("events", "why"),
    [
        ([event("a", "time >= s", {"n": "n + 1"})], "a new value reads what it replaces"),
        ([event("a", "time >= s", {"n": "1"}), event("b", "n > 0", {"x": "x + 1"})], "a trigger does"),
        ([event("a", "time >= s", {"n": "1"}), event("b", "time >= t", {"x": "1"}, priority="n")], "a priority does"),
        ([event("a", "time >= s", {"x": "1"}, delay="w", persistent=False)], "it may be dropped while it waits"),
        ([event("a", "time >= s", {"x": "exp(w)"})], "floats of numbers and arrays may differ"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_events_are_left_to_a_run_of_events(events: list[Event], why: str) -> None:
    model = model_of("others", {"x": "-k*x"}, {"x": 1.0, "n": 0.0}, VALUES, events=tuple(events))
    clock = prepare_model(model).once(_event_clock)
    assert clock is not None and clock.independent is None, why


@pytest.mark.parametrize(
    ("events", "x"),
    [
        # Both are due at 2; the one with the larger priority goes first: (1 + 3)*2, not 1*2 + 3.
        ([("time >= 2", "2*x", "1"), ("time >= 2", "x + 3", "5")], 8.0),
        ([("time >= 2", "2*x", "5"), ("time >= 2", "x + 3", "1")], 5.0),
        ([("time >= 2", "2*x", None), ("time >= 2", "x + 3", None)], 5.0),
    ],
)
def test_events_at_one_moment_go_in_their_order(events: list[tuple[str, str, str | None]], x: float) -> None:
    declared = tuple(
        event(f"e{k}", trigger, {"x": new}, values_from_trigger_time=False, **({"priority": p} if p else {}))
        for k, (trigger, new, p) in enumerate(events)
    )
    model = model_of("order", {"x": "0*k"}, {"x": 1.0}, {"k": 1.0}, events=declared)
    assert simulate(model, [0.0, 3.0])["x"].tolist() == [1.0, x]
    assert simulate_ensemble(model, [0.0, 3.0], np.array([[1.0], [2.0]]))["x"][:, -1].tolist() == [x, x]
