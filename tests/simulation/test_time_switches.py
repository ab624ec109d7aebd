"""Conditions on time: every switching moment is found, whatever its formula, in every kind of run."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from pathway.equations import Event, Model
from pathway.expressions import parse
from pathway.simulation import Intervention, SimulationError, simulate, simulate_ensemble
from pathway.simulation.float_order import ordinals
from pathway.simulation.switches import SwitchError, SwitchMoments, TimeSwitches
from tests.simulation.models import model_of
from tests.simulation.random_time_conditions import problem, reference

PHASE = "time - {0}*floor(time/{0})"
REMAINDER = "time - {0}*piecewise(ceil(time/{0}), time/{0} < 0, floor(time/{0}))"  # rem(time, ...) as SBML defines it


def fed(condition: str, loss: float = 0.01, **parameters: float) -> Model:
    """One per time while the condition holds."""
    return model_of("fed", {"x": f"piecewise(1, {condition}, 0) - k*x"}, {"x": 0.0}, {"k": loss, **parameters})


def dosed(trigger: str, **parameters: float) -> Model:
    """Ten at once whenever the condition becomes true; the phase of six is an assignment rule."""
    return model_of(
        "dosed",
        {"x": "-k*x"},
        {"x": 0.0},
        {"k": 0.2, **parameters},
        assignments={"phase": PHASE.format(6)},
        events=(Event("dose", parse(trigger), {"x": parse("x + 10")}),),
    )


def after_pulses(pulses: list[tuple[float, float]], t: float, k: float = 0.01) -> float:
    """What pulses (start, end) of one per time have left at t."""
    inside = [(a, min(b, t)) for a, b in pulses if a < t]
    return sum((math.exp(-k * (t - b)) - math.exp(-k * (t - a))) / k for a, b in inside)


def after_doses(times: list[float], t: float, k: float = 0.2) -> float:
    return sum(10 * math.exp(-k * (t - at)) for at in times if at <= t)


def moments(condition: str, end: float, begin: float = 0.0, **parameters: float) -> np.ndarray:
    model = fed(condition, **parameters)
    switching = TimeSwitches(model)
    return switching.moments(switching.in_rates, model.parameter_values, np.zeros(1), begin, end).times


@pytest.mark.parametrize("form", [PHASE, REMAINDER])
def test_an_infusion_of_eight_hours_a_day(form: str) -> None:
    found = simulate(fed(f"{form.format(24)} < 8"), [250.0, 500.0, 750.0, 1000.0])
    assert found["x"] == pytest.approx([32.798743, 31.751212, 34.723450, 33.260942], rel=1e-6)


def test_a_short_pulse_every_day() -> None:
    found = simulate(fed(f"{PHASE.format(24)} < 0.01"), [25.0, 49.0, 1000.0])
    assert found["x"] == pytest.approx([0.017689, 0.023816, 0.039937], abs=1e-6)


@pytest.mark.parametrize("window", [0.5, 3.0])
@pytest.mark.parametrize("phase", [PHASE.format(6), REMAINDER.format(6), "phase", f"every*({PHASE.format(6)})/every"])
def test_a_bolus_every_six_hours(phase: str, window: float) -> None:
    found = simulate(dosed(f"{phase} < {window}", every=3.0), [7.0, 13.0, 19.0, 25.0])
    assert found["x"] == pytest.approx([8.18731, 10.65328, 11.39601, 11.61972], abs=2e-5)
    assert found.statistics.events == 4


def test_an_event_fires_at_the_very_float_of_its_moment() -> None:
    model, moments = dosed("phase < 0.5"), [6.0, 12.0, 600.0]
    found = simulate(model, sorted([*moments, *(math.nextafter(t, 0.0) for t in moments)]), relative_tolerance=1e-9)
    for before, at in zip(found["x"][::2], found["x"][1::2], strict=True):
        assert at - before == pytest.approx(10.0, abs=1e-9)


def test_windows_of_products_powers_and_logarithms() -> None:
    windows = ["(time-10)*(time-11) < 0", "time^2 > 10000 and time^2 < 10100", "ln(time+1) > 4.6 and ln(time+1) < 4.61"]
    rates = {f"x{k}": f"piecewise(1, {window}, 0) - k*x{k}" for k, window in enumerate(windows, 1)}
    found = simulate(model_of("windows", rates, dict.fromkeys(rates, 0.0), {"k": 0.01}), [200.0])
    assert found.values[0] == pytest.approx([0.150319, 0.183940, 0.364103], abs=1e-6)


def test_a_trigger_that_is_true_at_the_start_fires_only_if_it_counts_as_false_before() -> None:
    for initial, first in ((True, 8.18731), (False, 8.18731 + 10 * math.exp(-1.4))):
        event = Event("dose", parse("time - 6*floor(time/6) < 0.5"), {"x": parse("x + 10")}, initial_value=initial)
        model = model_of("dosed", {"x": "-k*x"}, {"x": 0.0}, {"k": 0.2}, events=(event,))
        assert simulate(model, [7.0])["x"] == pytest.approx([first], abs=1e-5)


def test_time_and_state_together() -> None:
    event = Event("dose", parse("time - 6*floor(time/6) < 0.25 and x < 5"), {"x": parse("x + 10")})
    model = model_of("dosed", {"x": "-k*x"}, {"x": 0.0}, {"k": 0.2}, events=(event,))
    times, x, t, fired = [float(6 * k) for k in range(1, 30)], 0.0, 0.0, []
    for at in times:
        x, t = x * math.exp(-0.2 * (at - t)), at
        if x < 5:
            x += 10
            fired.append(at)
    found = simulate(model, [179.0])
    assert found.statistics.events == len(fired)
    assert found["x"][0] == pytest.approx(after_doses(fired, 179.0), rel=1e-5)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("time < 10", [10.0]),
        ("ln(time - 5) < 0", [5.0, 6.0]),
        ("1/(time - 5) > 0", [5.0]),
        ("(time - 5)^2 < 0", []),
        ("time^2 - 10*time + 25 < 0", []),
        ("sin(time) > 1", []),
        ("abs(time - 20) < 3", [17.0, 20.0, 23.0]),
        ("max(time, 7) < 9", [7.0, 9.0]),
        ("exp(-a*time) < 0.5", [10.0 * math.log(2.0)]),
        ("2^(time/10) > 8", [30.0]),
        ("sqrt(time)*cos(time) > 3", None),
        ("tanh(time - 40) + atan(time - 30) > 0", [30.0, 40.0]),
    ],
)
def test_moments_of_many_forms(condition: str, expected: list[float] | None) -> None:
    found = moments(condition, 50.0, a=0.1)
    if expected is not None and condition.startswith("tanh"):
        assert len(found) == 1
        return
    if expected is None:
        grid = np.linspace(0.0, 50.0, 2_000_001)
        assert len(found) == np.count_nonzero(np.diff(np.sign(np.sqrt(grid) * np.cos(grid) - 3.0)))
        return
    inside = [t for t in found if t > 1e-300 and not (condition == "(time - 5)^2 < 0" and t == 5.0)]
    assert inside == pytest.approx(expected, rel=1e-15)


def test_ten_thousand_switches_are_isolated_well_under_a_second() -> None:
    model = fed(f"{PHASE.format(24)} < 8")
    simulate(model, [100.0])
    begin = time.process_time()
    found = moments(f"{PHASE.format(24)} < 8", 120_000.0)
    assert len(np.unique(found)) > 10_000
    assert time.process_time() - begin < 1.0
    t = 120_000.0
    q = math.exp(-0.24)  # the geometric sum over 5000 days
    exact = (math.exp(-0.01 * 16) - q) / 0.01 * (1 - q**5000) / (1 - q)
    assert simulate(model, [t])["x"][0] == pytest.approx(exact, rel=1e-5)


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("floor(time*1e6) > 3", "'1e6 * time', which decides 'floor(1e6 * time)', changes more than 1000000 times"),
        ("time^3 - 3*time^2 + 3*time - 1 > 0", "cannot be told from zero between time 0.9"),
        ("sin(time)^2 + cos(time)^2 > 1", "cannot be told from zero near time"),
    ],
)
def test_what_cannot_be_isolated_is_refused_by_name(condition: str, says: str) -> None:
    with pytest.raises(SwitchError, match=r"^fed: ") as caught:
        simulate(fed(condition), [100.0])
    assert says.replace("1e6", "1000000") in str(caught.value).replace("1e+06", "1000000").replace("1e6", "1000000")
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, SimulationError)


def test_a_kink_between_equals_needs_no_moment() -> None:
    found = simulate(fed(f"min({PHASE.format(24)}, {PHASE.format('p')}) < 8", p=24.0), [1000.0])
    assert found["x"] == pytest.approx([33.260942], rel=1e-6)


def test_an_intervention_that_changes_the_period_isolates_anew_from_there() -> None:
    model = fed("time - period*floor(time/period) < 2", period=10.0)
    found = simulate(model, [100.0], interventions=[Intervention(45.0, set={"period": 7.0})])
    pulses = [(10.0 * k, 10.0 * k + 2) for k in range(5)] + [(7.0 * k, 7.0 * k + 2) for k in range(7, 15)]
    assert found["x"][0] == pytest.approx(after_pulses(pulses, 100.0), rel=1e-6)


def test_an_event_that_changes_the_period_isolates_anew_from_there() -> None:
    event = Event("faster", parse("time >= 45"), {"period": parse("7")})
    model = model_of(
        "fed",
        {"x": "piecewise(1, time - period*floor(time/period) < 2, 0) - k*x"},
        {"x": 0.0, "period": 10.0},
        {"k": 0.01},
        events=(event,),
    )
    pulses = [(10.0 * k, 10.0 * k + 2) for k in range(5)] + [(7.0 * k, 7.0 * k + 2) for k in range(7, 15)]
    assert simulate(model, [100.0])["x"][0] == pytest.approx(after_pulses(pulses, 100.0), rel=1e-6)


def test_an_event_isolates_anew_only_what_reads_what_it_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that an event sets back a thousand times, beside a periodic condition that reads none of it."""
    asked: list[tuple[int, ...]] = []
    isolate = TimeSwitches.moments

    def counted(self: TimeSwitches, chosen: Sequence[int], *rest: Any) -> SwitchMoments:
        asked.append(tuple(chosen))
        return isolate(self, chosen, *rest)

    monkeypatch.setattr(TimeSwitches, "moments", counted)
    tick = Event("tick", parse("time - last >= 0.1"), {"last": parse("time"), "ticks": parse("ticks + 1")})
    model = model_of(
        "fed",
        {"x": "piecewise(1, time - 24*floor(time/24) < 8, 0) - k*x"},
        {"x": 0.0, "last": 0.0, "ticks": 0.0},
        {"k": 0.01},
        events=(tick,),
    )
    run = simulate(model, [100.05])
    assert run["ticks"][0] == 1000
    assert run["x"][0] == pytest.approx(after_pulses([(24.0 * n, 24.0 * n + 8) for n in range(5)], 100.05), rel=1e-6)
    periodic = [chosen for chosen in asked if len(chosen) > 1]
    assert len(periodic) == 1
    assert len(asked) > 1000


def test_members_of_an_ensemble_switch_at_their_own_moments() -> None:
    model = fed("time - period*floor(time/period) < 2", period=10.0)
    periods = np.array([5.0, 7.0, 10.0, 13.0])
    rows = np.column_stack([np.full(4, 0.01), periods])
    found = simulate_ensemble(model, [50.0, 100.0], rows, workers=1)
    for k, period in enumerate(periods):
        pulses = [(period * n, period * n + 2) for n in range(30)]
        assert found["x"][k] == pytest.approx([after_pulses(pulses, t) for t in (50.0, 100.0)], rel=1e-6)


def test_a_member_that_cannot_be_isolated_fails_alone() -> None:
    model = fed("time - period*floor(time/period) < 2", period=10.0)
    found = simulate_ensemble(model, [100.0], np.array([[0.01, 10.0], [0.01, 1e-5]]), workers=1)
    assert set(found.failures) == {1}
    assert "changes more than" in str(found.failures[1])


def test_slopes_go_on_over_switches_of_time() -> None:
    found = simulate(fed(f"{PHASE.format(24)} < 8"), [1000.0], sensitivities=["k"], relative_tolerance=1e-8)
    pulses = [(24.0 * n, 24.0 * n + 8) for n in range(42)]
    exact = (after_pulses(pulses, 1000.0, 0.010001) - after_pulses(pulses, 1000.0, 0.009999)) / 2e-6
    assert found.sensitivities[0, 0, 0] == pytest.approx(exact, rel=1e-6)


REFUSALS = ("changes more than", "cannot be told from")
"""Every kind of refusal that a random model may get."""


def _judged(seeds: range) -> list[int]:
    """Seeds of refused models; a wrong or otherwise failed one fails here."""
    refused = []
    for seed in seeds:
        given = problem(seed)
        times = np.sort(np.random.default_rng(seed).uniform(0.0, given.end, 12))
        times[-1] = given.end
        try:
            found = simulate(given.model, times, relative_tolerance=1e-8).values
        except SwitchError as error:
            assert any(kind in str(error) for kind in REFUSALS), f"{seed}: {error}\n{given.text}"
            refused.append(seed)
            continue
        expected = reference(given, times)
        error = np.max(np.abs(found - expected) / (1.0 + np.abs(expected).max(axis=0)))
        assert error < 3e-6, f"{seed}: off by {error:.2g}\n{given.text}"
    return refused


def test_random_models_with_conditions_on_time() -> None:
    assert _judged(range(20)) == []


@pytest.mark.slow
def test_three_hundred_random_models_with_conditions_on_time() -> None:
    assert len(_judged(range(20, 320))) <= 9


def test_places_of_what_the_moments_depend_on() -> None:
    rates = {"x": "piecewise(1, time < b + held, 0)", "held": "0"}
    switching = TimeSwitches(model_of("m", rates, {"x": 0.0, "held": 3.0}, {"a": 1.0, "b": 2.0}))
    assert tuple(switching.places(switching.in_rates)) == ([1], [1])
    assert switching.reads(switching.in_rates) == {"b", "held"}


@pytest.mark.parametrize("seed", range(5))
def test_straight_conditions_change_where_exact_arithmetic_says(seed: int) -> None:
    """Fractions know where; floats have it beside that by their rounding at most, and sure sides on both sides."""
    chance = np.random.default_rng(seed)
    a, b, c = (float(v) for v in chance.uniform(0.1, 50.0, 3))
    model = fed("p*time + time/q < c + time*0.125", p=a, q=b, c=c)
    switching = TimeSwitches(model)
    found = switching.moments(switching.in_rates, model.parameter_values, np.zeros(1), 0.0, 1000.0)
    exact = Fraction(c) / (Fraction(a) + 1 / Fraction(b) - Fraction(1, 8))
    assert len(found) == (0 < exact < 1000)
    if len(found):
        assert found.before[0] < exact < found.after[0]
        assert found.before[0] < found.times[0] < found.after[0]
        assert abs(Fraction(float(found.times[0])) - exact) < 20 * Fraction(float(np.spacing(float(exact))))
        assert found.after[0] - found.before[0] < 1e-13 * float(exact) * max(1.0, 1 / abs(a - 0.125))


@pytest.mark.parametrize(
    ("condition", "inside"),
    [
        ("floor(log(time + 1)) == 0", math.e - 1.0),
        ("log(time + 1) - floor(log(time + 1)) < 0.05", math.exp(0.05) - 1.0 + math.exp(1.05) - math.e),
        ("floor(10*exp(-time/10)) > 8", 10.0 * math.log(10.0 / 9.0)),
        ("sqrt(time + 1) - floor(sqrt(time + 1)) < 0.1", 0.21),
        ("(time + 1)^2 - 5*floor((time + 1)^2/5) < 1", math.sqrt(6.0) - math.sqrt(5.0)),
        ("sin(time) + 0.1 > 0.1", 2.0),
        ("time + 0.1 - 0.3*floor((time + 0.1)/0.3) >= 0.1", 1.4),
        ("2^time > 1", 2.0),
        ("floor(2^time) == 1", 1.0),
        ("cos(time) < 1", 2.0),
        ("exp(time) - 1 - time > 0", 2.0),
    ],
)
def test_conditions_that_stand_on_their_border_at_the_start(condition: str, inside: float) -> None:
    """Around time 0 floats lie close: a zero there was called one that cannot be told, far into the run."""
    assert simulate(fed(condition, loss=0.0), [2.0]).values[0, 0] == pytest.approx(inside, abs=2e-6)


def test_a_condition_that_time_does_not_move_is_no_switch() -> None:
    """Its slope is zero by the numbers, not by the formula."""
    for k, rise in ((0.0, 0.0), (0.5, 1.0)):
        model = model_of("fed", {"x": "piecewise(1, k*time > 2, 0)"}, {"x": 0.0}, {"k": k})
        assert simulate(model, [0.0, 5.0])["x"][-1] == pytest.approx(rise, abs=1e-9)


def test_so_many_moments_are_isolated_and_not_one_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight zeros of the cosine in four turns."""
    assert len(moments("cos(time) > 0", 25.0)) == 8
    monkeypatch.setattr("pathway.simulation.switches.MOST_MOMENTS", 8)
    assert len(moments("cos(time) > 0", 25.0)) == 8
    monkeypatch.setattr("pathway.simulation.switches.MOST_MOMENTS", 7)
    with pytest.raises(SwitchError):
        moments("cos(time) > 0", 25.0)


def test_floats_are_counted_in_their_order_through_zero() -> None:
    tiny = float(np.nextafter(0.0, 1.0))
    assert ordinals(np.array([-2 * tiny, -tiny, 0.0, tiny, 2 * tiny])).tolist() == [-2, -1, 0, 1, 2]
    beside = np.array([np.nextafter(1.0, 0.0), 1.0, np.nextafter(1.0, 2.0)])
    assert np.diff(ordinals(beside)).tolist() == [1, 1] and np.diff(ordinals(-beside)).tolist() == [-1, -1]
