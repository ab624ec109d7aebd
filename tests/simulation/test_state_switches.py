"""Switches of the state: short excursions are found within a step, and what chatters is named."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from pathway.equations import Event, Model
from pathway.expressions import parse
from pathway.simulation import SimulationError, simulate, simulate_ensemble
from pathway.simulation.events import EventRun
from pathway.simulation.prepared import prepare_model
from pathway.simulation.sliding import sliding_switch
from tests.simulation.models import model_of


def swinging(**more: object) -> Model:
    """x = sin(time)."""
    rates = {"x": "y", "y": "-x", **dict(more.pop("rates", {}))}  # type: ignore[call-overload]
    return model_of("swinging", rates, {"x": 0.0, "y": 1.0, "z": 0.0}, {"k": 0.0}, **more)


@pytest.mark.parametrize("threshold", [0.9, 0.999, 0.99999])
def test_rates_do_not_step_over_the_top_of_a_wave(threshold: float) -> None:
    model = swinging(rates={"z": f"piecewise(1, x > {threshold}, 0)"})
    exact = 16 * 2 * math.acos(threshold)  # sixteen tops before 100
    assert simulate(model, [100.0], relative_tolerance=1e-9)["z"][0] == pytest.approx(exact, rel=1e-3)
    together = simulate_ensemble(model, [100.0], np.zeros((5, 1)), workers=1, relative_tolerance=1e-9)
    assert together["z"][:, 0] == pytest.approx(np.full(5, exact), rel=1e-3)
    slopes = simulate(model, [100.0], sensitivities=["k"], relative_tolerance=1e-9)
    assert slopes["z"][0] == pytest.approx(exact, rel=1e-3)


@pytest.mark.parametrize("moment", [1.0, 10.0, 1000.0])
@pytest.mark.parametrize("relative", [1e-6, 1e-9])
def test_a_species_leaves_zero_by_a_jump_at_any_time(moment: float, relative: float) -> None:
    """Its scale is not known before, so its tolerance asks for steps shorter than the time resolves."""
    rates = {"x": "1", "z": f"piecewise(1, x > {moment}, 0)"}
    model = model_of("late", rates, {"x": 0.0, "z": 0.0}, {})
    assert simulate(model, [2.0 * moment], relative_tolerance=relative)["z"][0] == pytest.approx(moment, rel=1e-12)


def test_a_solution_that_runs_away_is_not_stepped_over() -> None:
    rates = {"x": "x*x", "z": "piecewise(x, x > 5, 0)"}
    with pytest.raises(SimulationError, match=r"stopped at time 1\.0"):
        simulate(model_of("explosion", rates, {"x": 1.0, "z": 0.0}, {}), [2.0])


def test_products_of_states_and_whole_numbers_in_rates() -> None:
    model = swinging(rates={"z": "floor(10*x) + piecewise(5, x*y > 0.4999, 0)"})
    times = np.linspace(0.0, 7.0, 7_000_001)
    window = math.acos(2 * 0.4999)  # sin(2 t)/2 is above the threshold for so long, twice
    exact = np.trapezoid(np.floor(10 * np.sin(times)), times) + 5 * 2 * window
    assert simulate(model, [7.0], relative_tolerance=1e-9)["z"][0] == pytest.approx(exact, abs=3e-4)


@pytest.mark.parametrize(
    "trigger",
    ["x > 0.99999", "x*x*x > 0.99997", "floor(100*x) >= 99.5 or x > 0.99999", "x > 0.99999 and time > 0.1"],
)
def test_events_at_the_top_of_a_wave(trigger: str) -> None:
    event = Event("top", parse(trigger), {"z": parse("z + 1")})
    found = simulate(swinging(events=(event,)), [100.0], relative_tolerance=1e-8)
    assert found["z"].tolist() == [16.0]


def test_a_pulse_between_two_outputs_sets_off_its_event_and_feeds_its_rate() -> None:
    """A dose decays within a thousandth of the run; only while it is high does z grow."""
    model = model_of(
        "pulse",
        {"dose": "-fast*dose", "slow": "-0.01*slow", "z": "piecewise(1, dose > 1, 0)"},
        {"dose": 0.0, "slow": 1.0, "z": 0.0},
        {"fast": 10.0},
        events=(Event("give", parse("slow < 0.5"), {"dose": parse("3")}),),
    )
    assert simulate(model, [200.0])["z"][0] == pytest.approx(math.log(3.0) / 10.0, rel=1e-4)


def test_a_threshold_reached_only_at_rest_costs_no_restarts() -> None:
    rates = {"x": "1 - x", "y": "1 - y", "z": "min(x, y) - z"}
    model = model_of("equal", rates, {"x": 0.0, "y": 0.0, "z": 0.0}, {})
    assert simulate(model, [100.0]).statistics.steps < 60


@pytest.mark.parametrize(
    ("rate", "condition"),
    [
        ("piecewise(-1, x > 0, 1, x < 0, 0)", "'0 < x'"),
        ("piecewise(-1, x > 0, 1, x < 0, 0) + 0.5*sin(time)", "'0 < x'"),
        ("piecewise(3, x < 2, 0) - 0.5*x", "'x < 2'"),
        ("2.5 - floor(x)", r"'floor\(x\)'"),
        ("0.5 - ceil(2*x - 7)", r"'ceil\(2 \* x - 7\)'"),
    ],
)
def test_sliding_rates_are_named(rate: str, condition: str) -> None:
    model = model_of("relay", {"x": rate}, {"x": 1.0}, {})
    with pytest.raises(SimulationError, match=f"on both sides of {condition} .* chatter \\(sliding\\)"):
        simulate(model, [10.0])


def test_a_thermostat_without_hysteresis_is_named_and_one_with_it_runs() -> None:
    def thermostat(low: float) -> Model:
        events = (
            Event("off", parse("x > 5"), {"heater": parse("0")}),
            Event("on", parse(f"x < {low}"), {"heater": parse("1")}),
        )
        return model_of("room", {"x": "heater - 0.1*x"}, {"x": 0.0, "heater": 1.0}, {}, events=events)

    with pytest.raises(SimulationError, match=r"events 'off' and 'on' undo each other: they chatter"):
        simulate(thermostat(5.0), [100.0])
    cooling, heating = 10 * math.log(5 / 4.9), 10 * math.log(5.1 / 5.0)
    period, begin = cooling + heating, 10 * math.log(2.0)
    found = simulate(thermostat(4.9), [100.0])
    phase = (100.0 - begin) % period
    exact = 5 * math.exp(-0.1 * phase) if phase < cooling else 10 - 5.1 * math.exp(-0.1 * (phase - cooling))
    assert found["x"][0] == pytest.approx(exact, rel=1e-4)


def test_crossing_a_border_once_is_no_sliding() -> None:
    model = model_of("through", {"x": "1", "y": "piecewise(1, x > 5, 0) - 0.1*y"}, {"x": 0.0, "y": 0.0}, {})
    assert simulate(model, [10.0])["y"][0] == pytest.approx((1 - math.exp(-0.5)) / 0.1, rel=1e-5)


@pytest.mark.parametrize(("x", "slides"), [(1.05, True), (1.2, False)])
def test_how_near_a_border_is_depends_on_the_time_run_not_on_the_clock(x: float, slides: bool) -> None:
    """A hundred hours after a start at 1000 h, at a speed of 1 per hour, 0.1 from the border is near."""
    model = model_of("relay", {"x": "piecewise(-1, x > 1, 1)"}, {"x": 1.0}, {}, start_time=1000.0)
    found = sliding_switch(prepare_model(model), 1100.0, np.array([x]), np.zeros(0))
    assert (found is not None) == slides


def test_four_turns_at_one_moment_chatter_and_three_after_an_earlier_one_do_not() -> None:
    run = SimpleNamespace(
        hybrid=SimpleNamespace(n_events=0, texts=("x < 1",)), _turns={}, _error=ValueError,
        task=SimpleNamespace(times=np.array([0.0, 100.0]), start_times=np.array([0.0])),
    )  # fmt: skip
    for run.time in (1.0, 5.0, 5.0, 5.0):
        EventRun._count_turns(run, [0])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'x < 1' chatters"):
        EventRun._count_turns(run, [0])  # type: ignore[arg-type]
