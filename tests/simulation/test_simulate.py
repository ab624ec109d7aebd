"""Single runs against closed forms and SciPy."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from pathway.equations import Event
from pathway.errors import InputError
from pathway.expressions import parse
from pathway.simulation import Intervention, SimulationError, simulate, simulate_ensemble
from pathway.simulation.checks import checked_times
from pathway.simulation.errors import simulation_error
from pathway.simulation.interventions import NOTHING, Schedule, remaining_share
from pathway.simulation.prepared import PreparedTask, prepare_model
from pathway.simulation.solvers import layout, method_by_name
from pathway.simulation.tasks import (
    empty_report,
    make_task,
    parameters_over_time,
    running_tolerances,
    single_member_task,
    time_limit,
)
from pathway.simulation.trajectory import RunStatistics
from tests.references import scipy_simulation
from tests.simulation.models import chain, chain_solution, model_of, toggle

TIMES = np.linspace(0.0, 20.0, 41)


@pytest.mark.parametrize("tolerance", [1e-4, 1e-6, 1e-8, 1e-10, 1e-12])
@pytest.mark.parametrize("solver", ["AutoTsit5", "Rodas5P", "Rodas4"])
def test_linear_chain_meets_its_closed_form_within_the_tolerance(tolerance: float, solver: str) -> None:
    found = simulate(chain(), TIMES, relative_tolerance=tolerance, solver=solver)
    exact = chain_solution(TIMES)
    error = np.max(np.abs(found.values - exact) / exact.max(axis=0))
    assert error < 10 * tolerance


def test_a_stiff_run_follows_its_relative_tolerance_down_to_rounding() -> None:
    """Robertson (1966): the reference is of Radau at 3e-14, with amounts from 2e-6 to 1."""
    rates = {"A": "-k1*A + k3*B*C", "B": "k1*A - k3*B*C - k2*B^2", "C": "k2*B^2"}
    model = model_of("robertson", rates, {"A": 1.0, "B": 0.0, "C": 0.0}, {"k1": 0.04, "k2": 3e7, "k3": 1e4})
    times, options = [0.0, 0.4, 4.0, 40.0, 400.0], {"relative_tolerance": 3e-14, "absolute_tolerance": 1e-20}
    exact = scipy_simulation.simulate(model, times, method="Radau", **options).values[1:]
    for tolerance in (1e-10, 1e-12):
        single = simulate(model, times, relative_tolerance=tolerance).values[1:]
        several = simulate_ensemble(model, times, [model.parameter_values] * 3, relative_tolerance=tolerance).values
        assert np.abs(single / exact - 1.0).max() < 10 * tolerance
        assert np.abs(several[:, 1:] / exact - 1.0).max() < 10 * tolerance


@pytest.mark.parametrize(("relative", "share"), [(1e-3, 1e-9), (1e-6, 1e-9), (2e-7, 1e-9), (1e-9, 1e-11)])
def test_the_default_absolute_tolerance_follows_only_a_tight_relative_one(relative: float, share: float) -> None:
    prepared = prepare_model(chain())
    start = prepared.starts(prepared.model.parameter_values)
    absolute, running = running_tolerances(prepared, start[None], relative, None, [NOTHING])
    assert running == pytest.approx(share)
    assert absolute[0] == pytest.approx(share * np.array([10.0, 1e-5, 1e-5]))


def test_a_rate_that_depends_on_time() -> None:
    model = model_of("driven", {"x": "-k*(x - cos(time))"}, {"x": 0.0}, {"k": 50.0})
    t, k = TIMES, 50.0
    exact = k / (1 + k * k) * (k * np.cos(t) + np.sin(t)) - k * k / (1 + k * k) * np.exp(-k * t)
    found = simulate(model, t, relative_tolerance=1e-8)
    assert np.max(np.abs(found["x"] - exact)) < 1e-7


def test_a_pulse_written_with_piecewise_is_not_stepped_over() -> None:
    model = model_of("pulse", {"x": "piecewise(1, time >= 10 and time < 10.01, 0)"}, {"x": 0.0}, {"k": 1.0})
    found = simulate(model, [0.0, 9.0, 20.0])
    assert found["x"] == pytest.approx([0.0, 0.0, 0.01], abs=1e-12)


def test_algebraic_species_are_found_at_the_start_and_kept() -> None:
    model = model_of(
        "equilibrium",
        {"total": "-k*bound"},
        {"total": 2.0, "bound": 0.1},
        {"k": 0.3, "K": 0.5, "L": 1.0},
        algebraic={"bound": "(total - bound)*(L - bound) - K*bound"},
    )
    found = simulate(model, TIMES, relative_tolerance=1e-8)
    total, bound = found["total"], found["bound"]
    b = total + 1.0 + 0.5
    assert bound == pytest.approx((b - np.sqrt(b * b - 4 * total)) / 2, rel=1e-6)


def test_interventions_restart_the_run_exactly() -> None:
    interventions = [
        Intervention(5.0, add={"A": 3.0}),
        Intervention(8.0, set={"k1": 0.1}, scale={"B": 0.5}),
        Intervention(8.0, scale={"k2": 2.0}),
    ]
    found = simulate(chain(), TIMES, interventions=interventions, relative_tolerance=1e-9)
    expected = scipy_simulation.simulate(chain(), TIMES, interventions=interventions, relative_tolerance=1e-11)
    assert found.values == pytest.approx(expected.values, rel=1e-7, abs=1e-8)
    at_dose = list(TIMES).index(5.0)
    assert found["A"][at_dose] == pytest.approx(10 * np.exp(-0.7 * 5.0) + 3.0, rel=1e-7)
    assert found.parameters[-1] == pytest.approx([0.1, 0.4])


def test_named_quantities_follow_the_trajectory() -> None:
    found = simulate(chain(), TIMES)
    assert found["total"] == pytest.approx(10.0, rel=1e-9)
    assert found["twice_A"] == pytest.approx(2 * found["A"])
    assert found.observables() == pytest.approx(np.stack([found["B"] / found["total"], 2 * found["A"]], axis=1))
    with pytest.raises(KeyError, match="Did you mean 'share'"):
        found["shar"]


def test_a_nonlinear_model_agrees_with_scipy() -> None:
    model = toggle()
    expected = scipy_simulation.simulate(model, TIMES, relative_tolerance=1e-12, method="Radau")
    found = simulate(model, TIMES, relative_tolerance=1e-8)
    assert found.values == pytest.approx(expected.values, rel=1e-7, abs=1e-8)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"times": [0.0, -1.0]}, "times"),
        ({"times": [-1.0, 1.0]}, "times"),
        ({"times": [0.0, np.nan]}, "times"),
        ({"times": []}, "times"),
        ({"times": [0.0, 1.0], "parameters": [np.nan, 1.0]}, "parameters: the value of 'k1' is nan"),
        ({"times": [0.0, 1.0], "parameters": [1.0]}, r"parameters: expected shape \(2,\), got \(1,\)"),
        ({"times": [0.0, 1.0], "parameters": {"k3": 1.0}}, "parameters: no parameter of 'chain' is called 'k3'"),
        ({"times": [0.0, 1.0], "initial": [1.0, np.inf, 0.0]}, "initial: the value of 'B' is inf"),
        ({"times": [0.0, 1.0], "relative_tolerance": 0.0}, "relative_tolerance"),
        ({"times": [0.0, 1.0], "absolute_tolerance": 0.0}, "absolute_tolerance"),
        ({"times": [0.0, 1.0], "maximum_step": -1.0}, "maximum_step"),
        ({"times": [0.0, 1.0], "maximum_steps": 0}, "maximum_steps"),
        ({"times": [0.0, 1.0], "interventions": [Intervention(-1.0)]}, "interventions: entry 0"),
        ({"times": [0.0, 1.0], "interventions": [Intervention(0.5, add={"AA": 1})]}, "Did you mean 'A'"),
        ({"times": [0.0, 1.0], "solver": "Rodas5"}, "solver"),
    ],
)
def test_bad_input_is_refused_in_one_line(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        simulate(chain(), **arguments)
    assert "\n" not in str(caught.value)


def test_a_runaway_names_time_and_species() -> None:
    model = model_of("runaway", {"x": "x^2", "y": "-y"}, {"x": 1.0, "y": 1.0}, {"k": 1.0})
    with pytest.raises(SimulationError, match="Fastest-changing species: x") as caught:
        simulate(model, [0.0, 2.0])
    assert caught.value.time == pytest.approx(1.0, rel=1e-3)
    assert caught.value.species == "x"
    assert caught.value.state["y"] == pytest.approx(np.exp(-1.0), rel=1e-2)


def test_limits_stop_a_run() -> None:
    model = model_of("spin", {"x": "w*y", "y": "-w*x"}, {"x": 1.0, "y": 0.0}, {"w": 100.0})
    with pytest.raises(SimulationError, match="limit of 50 steps"):
        simulate(model, [0.0, 100.0], maximum_steps=50)
    with pytest.raises(SimulationError, match="wall time"):
        simulate(model, [0.0, 1e7], maximum_steps=10**9, wall_time=0.2)
    assert simulate(model, [0.0, 1.0], maximum_step=0.001).statistics.steps >= 1000


def test_one_time_gives_the_start() -> None:
    assert simulate(chain(), [0.0]).values == pytest.approx(np.array([[10.0, 0.0, 0.0]]))


@pytest.mark.parametrize("kind", ["set", "add", "scale"])
def test_what_changes_a_parameter_holds_at_its_very_moment(kind: str) -> None:
    """Rate and observable at the moment are those of the new value; at the float before it those of the old one."""
    model = model_of("fed", {"x": "k"}, {"x": 1.0}, {"k": 2.0}, observables={"seen": "10*k"})
    change = Intervention(3.0, **{kind: {"k": {"set": 5.0, "add": 3.0, "scale": 2.5}[kind]}})
    times = [0.0, np.nextafter(3.0, 0.0), 3.0, np.nextafter(3.0, 4.0), 4.0]
    found = simulate(model, times, interventions=[change])
    assert found["seen"].tolist() == [20.0, 20.0, 50.0, 50.0, 50.0]
    assert found["x"] == pytest.approx([1.0, 7.0, 7.0, 7.0, 12.0], rel=1e-12)


@pytest.mark.parametrize("tolerance", [0.0, 1.0, 2.0, -1e-6, "1e-6", None, float("nan")])
def test_a_relative_tolerance_that_is_none_is_refused(tolerance: object) -> None:
    with pytest.raises(ValueError, match="relative_tolerance"):
        simulate(chain(), TIMES, relative_tolerance=tolerance)  # type: ignore[arg-type]


def test_a_model_without_species_is_run() -> None:
    empty = model_of("empty", {}, {}, {"k": 1.0})
    assert simulate(empty, [0.0, 1.0]).values.shape == (2, 0)
    assert simulate_ensemble(empty, [0.0, 1.0], np.ones((3, 1))).values.shape == (3, 2, 0)


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ([0.0, 2.0, 1.0], "times: must not decrease, but entry 2 (1) follows 2"),
        ([-1.0, 2.0], "times: entry 0 (-1) lies before the start of the run (0)"),
        ([0.0, math.nan], "times: entry 1 is nan"),
        ([0.0, math.inf], "times: entry 1 is inf"),
        ([], "times: expected a list of at least one time"),
        ([[0.0]], "got shape (1, 1)"),
    ],
)
def test_times_that_are_none_are_named(times, said):
    with pytest.raises(InputError) as found:
        checked_times(times, 0.0)
    assert said in str(found.value)


def test_of_two_members_each_keeps_what_is_done_to_it():
    """Of a task of two, which is what a member that fails is repeated from."""
    rows = np.tile(chain().parameter_values, (2, 1))
    schedules = [
        Schedule(np.array([t]), np.array([1]), np.array([k]), np.array([v]))
        for t, k, v in ((1.0, 0, 3.0), (2.0, 1, 7.0))
    ]
    starts = np.array([[10.0, 0.0, 0.0], [5.0, 1.0, 0.0]])
    task = make_task(np.array([4.0]), 0.0, starts, rows, np.full((1, 3), 1e-9), schedules, 1e-6, 0.0)
    for member, schedule in enumerate(schedules):
        alone = single_member_task(task, member)
        assert alone.starts.tolist() == [starts[member].tolist()] and alone.last == 1
        assert (alone.action_times.tolist(), alone.action_values.tolist()) == (
            schedule.times.tolist(),
            schedule.values.tolist(),
        )


def test_each_of_two_members_has_its_own_parameters_over_time():
    rows = np.array([[0.7, 0.2], [0.5, 0.1]])
    nothing = Schedule(np.zeros(0), np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    at = np.array([0.0, 1.0, 2.0])
    task = make_task(at, 0.0, np.zeros((1, 3)), rows, np.full((1, 3), 1e-9), [nothing, nothing], 1e-6, 0.0)
    for member, row in enumerate(rows):
        assert parameters_over_time(task, member).tolist() == [row.tolist()] * 3
        assert parameters_over_time(single_member_task(task, member)).tolist() == [row.tolist()] * 3


def test_a_limit_of_time_ends_with_what_it_limits():
    task = SimpleNamespace(stop=np.zeros(1))
    with time_limit(task, 0.05):
        pass
    time.sleep(0.15)
    assert task.stop[0] == 0
    with time_limit(task, 0.05):
        time.sleep(0.15)
    assert task.stop[0] == 1


def test_the_species_that_changes_fastest_for_its_size_is_named():
    """B by 10 of 1000 a time unit, A by 1 of 0.001; C is zero, and its size that of nothing beside the largest."""
    error = simulation_error(chain(), 0, 3, 1.5, np.array([1e-3, 1e3, 1.0]), np.array([1.0, 10.0, 0.1]), "because")
    assert error.species == "A" and "Fastest-changing species: A (value 0.001, rate 1)." in str(error)
    none = simulation_error(chain(), 0, 0, 0.0, np.array([1.0, 1e3, 0.0]), np.array([1.0, 10.0, 1e-6]), "because")
    assert none.species == "C" and none.state == {"A": 1.0, "B": 1e3, "C": 0.0}


@pytest.mark.parametrize("watching", [False, True])
def test_a_model_without_events_has_the_loop_that_watches_nothing(watching):
    event = (Event("dose", parse("A < 1"), {"A": parse("10")}),) if watching else ()
    prepared = prepare_model(replace(chain(), events=event))
    kernels = prepared.kernels(1, events=watching)
    task = make_task(
        np.array([1.0]), 0.0, np.ones((1, 3)), np.ones((1, 2)), np.full((1, 3), 1e-9), [NOTHING], 1e-6, 0.0
    )
    prepared_task = PreparedTask(prepared, kernels, "Rodas4", task, empty_report(1, 1, 3, kernels))
    assert prepared_task._loop is method_by_name("Rodas4", watching)[0]


def test_a_run_that_has_cost_nothing_counts_nothing_and_no_matrix_is_pivoted_at_first():
    assert set(vars(RunStatistics()).values()) == {0}
    task = make_task(
        np.array([1.0]), 0.0, np.ones((1, 3)), np.ones((1, 2)), np.full((1, 3), 1e-9), [NOTHING], 1e-6, 0.0
    )
    assert (task.pivoted, task.first_output, len(task.schedule), len(task.action_times)) == (0, 0, 2, 0)
    assert simulate(chain(), [1.0]).statistics.vanishing_pivots == 0


@pytest.mark.parametrize(
    ("what", "share"),
    [
        ("SET", 0.0),
        ("PARAMETER_SET", 0.0),
        ("ADD", 1.0),
        ("PARAMETER_ADD", 1.0),
        ("SCALE", 0.3),
        ("PARAMETER_SCALE", 0.3),
    ],
)
def test_what_is_left_after_an_action(what, share):
    assert remaining_share(getattr(layout, what), 0.3) == share


def test_each_member_begins_where_its_own_parameters_say():
    model = model_of("own", {"x": "-k*x", "y": "0"}, {"x": "3*k", "y": 2.0}, {"k": 1.0})
    rows = np.array([[1.0], [2.0], [5.0]])
    starts = np.broadcast_to(prepare_model(model).many_starts(rows), (3, 2))
    assert starts.tolist() == [[3.0, 2.0], [6.0, 2.0], [15.0, 2.0]]
    found = simulate_ensemble(model, [0.0, 1.0], rows)
    assert found.values[:, 1, 0] == pytest.approx(3.0 * rows[:, 0] * np.exp(-rows[:, 0]), rel=1e-5)


def test_an_ensemble_as_a_table_has_a_row_for_each_member_and_time():
    pytest.importorskip("pandas")
    found = simulate_ensemble(chain(), [0.0, 1.0, 4.0], np.array([[0.7, 0.2], [0.5, 0.1]]))
    table = found.to_dataframe()
    assert table.index.names == ["member", "time"] and table.index.tolist()[3:5] == [(1, 0.0), (1, 1.0)]
    assert table.loc[(1, 4.0)].tolist() == pytest.approx(chain_solution(np.array(4.0), 10.0, 0.5, 0.1), rel=1e-5)


def test_an_executor_maps_or_takes_tasks_and_anything_else_is_refused():
    rows = np.array([[0.7, 0.2], [0.5, 0.1]])
    usual = simulate_ensemble(chain(), [0.0, 1.0], rows)
    maps = SimpleNamespace(map=lambda function, *given: list(map(function, *given)))
    assert np.array_equal(simulate_ensemble(chain(), [0.0, 1.0], rows, executor=maps).values, usual.values)
    with pytest.raises(InputError, match="executor: expected an object with map or submit, got SimpleNamespace"):
        simulate_ensemble(chain(), [0.0, 1.0], rows, executor=SimpleNamespace())
