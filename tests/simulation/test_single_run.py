"""The short way of one run gives what the general way gives, bit for bit, however often its storage is used."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from pathway.simulation import Intervention, SimulationError, simulate
from pathway.simulation.interventions import checked_interventions, schedule_of
from pathway.simulation.members import run_members
from pathway.simulation.prepared import prepare_model
from pathway.simulation.tasks import MAXIMUM_STEPS, plan_task
from tests.simulation.models import chain, model_of, toggle

DOSES = [Intervention(1.5, add={"A": 2.0}), Intervention(2.0, set={"k1": 0.1}), Intervention(2.0, scale={"k2": 3.0})]


def general(model, times, *, parameters=None, interventions=(), relative=1e-6, absolute=None, **limits):
    """A run as every ensemble is run."""
    prepared = prepare_model(model)
    p = model.parameter_values if parameters is None else parameters
    schedule = schedule_of(model, checked_interventions(interventions), model.start_time, float(times[-1]))
    what = prepared, times, model.start_time, prepared.starts(p)[None], p[None], relative, absolute
    task = plan_task(*what, [schedule])
    task = task._replace(
        maximum_step=limits.get("maximum_step", np.inf), maximum_steps=limits.get("maximum_steps", MAXIMUM_STEPS)
    )
    return run_members(prepared, task, limits.get("solver", "Rodas5P")).trajectory()


def assert_same(one, other) -> None:
    for name in ("times", "values", "parameters", "end"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert vars(one.statistics) == vars(other.statistics)


def test_runs_one_after_the_other_are_those_of_the_general_way() -> None:
    model, few, many = chain(), np.linspace(0.0, 3.0, 4), np.linspace(0.0, 20.0, 300)
    other = model.parameter_values * 1.7
    cases = [
        (few, {}, {}),
        (many, {"interventions": DOSES}, {"interventions": DOSES}),
        (few, {}, {}),
        (many, {"relative_tolerance": 1e-9}, {"relative": 1e-9}),
        (few, {"absolute_tolerance": [1e-3, 1e-4, 1e-5]}, {"absolute": np.array([1e-3, 1e-4, 1e-5])}),
        (many, {"parameters": other, "interventions": DOSES[:1]}, {"parameters": other, "interventions": DOSES[:1]}),
        (few, {"maximum_step": 0.01}, {"maximum_step": 0.01}),
        (many, {"solver": "Rodas4"}, {"solver": "Rodas4"}),
        (few, {}, {}),
    ]
    # All runs first: what an earlier one gave must not change when its storage is used again.
    found = [simulate(model, times, **words) for times, words, _ in cases]
    for (times, _, words), trajectory in zip(cases, found, strict=True):
        assert_same(trajectory, general(model, times, **words))
    assert found[1].parameters[0, 0] != found[1].parameters[-1, 0] and not np.array_equal(found[5].end, found[1].end)


def test_switches_in_time_and_algebraic_species_go_the_short_way_too() -> None:
    pulse = model_of("pulse", {"x": "piecewise(1, time >= s and time < 2*s, 0) - x"}, {"x": 0.0}, {"s": 3.0})
    fast = model_of("fast", {"x": "-y"}, {"x": 1.0, "y": 0.3}, {"k": 2.0}, algebraic={"y": "k*x - y"})
    times = np.linspace(0.0, 9.0, 19)
    for model in (pulse, fast):
        for factor in (1.0, 0.5):
            row = model.parameter_values * factor
            assert_same(simulate(model, times, parameters=row), general(model, times, parameters=row))


def test_a_pivot_that_vanishes_is_exchanged_on_the_short_way() -> None:
    rules = {"z": "a*z + w - 1", "w": "z - w"}
    model = model_of("pivots", {"a": "1"}, {"a": 0.0, "z": 0.5, "w": 0.5}, {}, algebraic=rules)
    times = np.linspace(0.0, 2.0, 5)
    found = simulate(model, times)
    assert found.statistics.vanishing_pivots > 0
    assert_same(found, general(model, times))
    assert np.array_equal(found.end, found.values[-1])


def test_a_run_that_fails_leaves_nothing_behind() -> None:
    model, times = chain(), np.linspace(0.0, 20.0, 41)
    before = simulate(model, times)
    for words in ({"maximum_steps": 3}, {"maximum_steps": 3, "interventions": DOSES}):
        with pytest.raises(SimulationError) as short:
            simulate(model, times, **words)
        with pytest.raises(SimulationError) as long:
            general(model, times, **words)
        assert str(short.value) == str(long.value) and short.value.time == long.value.time
        assert short.value.state == long.value.state
    assert_same(simulate(model, times), before)


def test_times_that_must_not_be_written_to_are_read() -> None:
    times = np.linspace(0.0, 20.0, 41)
    frozen = times.copy()
    frozen.setflags(write=False)
    assert_same(simulate(chain(), frozen), simulate(chain(), times))


def test_threads_do_not_share_storage() -> None:
    model, times = toggle(), np.linspace(0.0, 40.0, 200)
    rows = [model.parameter_values * (1.0 + 0.1 * k) for k in range(4)]
    alone = [simulate(model, times, parameters=row) for row in rows]
    found: dict[tuple[int, int], np.ndarray] = {}

    def work(k: int) -> None:
        for turn in range(30):
            found[k, turn] = simulate(model, times, parameters=rows[k]).values

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 120
    for (k, _), values in found.items():
        assert np.array_equal(values, alone[k].values)
