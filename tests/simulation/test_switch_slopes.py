"""Slopes by what moves a switch of a rate, against closed forms and against an independent reading of random models."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from pathway.equations import Event, Model
from pathway.expressions import parse
from pathway.simulation import Intervention, SimulationError, simulate, steady_state_sensitivities
from pathway.simulation.hybrid import hybrid_model_if_needed
from pathway.simulation.sliding import _pushes_back
from tests.simulation.models import model_of
from tests.simulation.random_switches import Switched, random_switched, slopes

TIMES = np.array([3.0, 4.5, 6.0, 9.0])

REFUSALS = ("is grazed", "is touched without being passed", "stands at its border", "at the same moment", "chatters")
"""Every way in which a slope may be refused in the random models."""


def time_switch(**values: float) -> Model:
    rates = {"x": "-k*x + piecewise(u, time < toff, 0)"}
    return model_of("pulse", rates, {"x": 1.0}, {"k": 0.3, "u": 2.0, "toff": 4.0, **values})


def threshold(**values: float) -> Model:
    rates = {"x": "1 - k*x", "y": "-0.1*y + piecewise(u, x < thr, 0)"}
    return model_of("threshold", rates, {"x": 1.0, "y": 0.0}, {"k": 0.3, "u": 2.0, "thr": 2.5, **values})


def by(model: Model, species: str, name: str, times: np.ndarray = TIMES, **more: object) -> np.ndarray:
    run = simulate(model, times, sensitivities=[name], **{"relative_tolerance": 1e-9, **more})  # type: ignore[arg-type]
    assert run.sensitivities is not None
    return run.sensitivities[:, model.species.index(species), 0]


def test_the_end_of_a_pulse_meets_its_closed_form() -> None:
    expected = np.where(TIMES > 4.0, 2.0 * np.exp(-0.3 * (TIMES - 4.0)), 0.0)
    assert by(time_switch(), "x", "toff") == pytest.approx(expected, rel=1e-7)
    assert expected[1:] == pytest.approx([1.721416, 1.097623, 0.446260], abs=1e-6)


def test_a_threshold_of_a_state_meets_its_closed_form() -> None:
    crossing = math.log(2.8) / 0.3
    after = np.where(crossing < TIMES, 2.0 * np.exp(-0.1 * (TIMES - crossing)), 0.0)
    # x = 1/k + (x0 - 1/k) exp(-k t) reaches thr with the speed 1 - k thr = 1/4.
    assert by(threshold(), "y", "thr") == pytest.approx(4.0 * after, rel=1e-6)
    assert by(threshold(), "y", "x") == pytest.approx(-4.0 * math.exp(-0.3 * crossing) * after, rel=1e-6)


VARIANTS = {
    "a pulse": Switched(
        {"x": "1"}, {"k": 0.3, "u": 2.0, "p": 4.0}, {"x": "-k*x + piecewise(u, time < p, 0)"},
        {"x": "-k*x + (u if s0 else 0)"}, switches=[("time - p", "less")],
    ),
    "a moment of two parameters": Switched(
        {"x": "1"}, {"k": 0.3, "u": 2.0, "p": 2.0, "q": 0.7}, {"x": "-k*x + piecewise(u, q*time <= p + 0.1*k, 0)"},
        {"x": "-k*x + (u if s0 else 0)"}, switches=[("q*time - (p + 0.1*k)", "less")],
    ),
    "a threshold": Switched(
        {"x": "1", "y": "0"}, {"k": 0.3, "u": 2.0, "p": 2.5}, {"x": "1 - k*x", "y": "-0.1*y + piecewise(u, x < p, 0)"},
        {"x": "1 - k*x", "y": "-0.1*y + (u if s0 else 0)"}, switches=[("x - p", "less")],
    ),
    "a threshold that acts on its own state": Switched(
        {"x": "1"}, {"k": 0.3, "u": 2.0, "p": 2.5}, {"x": "1 - k*x + piecewise(u, x > p, 0)"},
        {"x": "1 - k*x + (0 if s0 else u)"}, switches=[("x - p", "less")],
    ),
    "floor of time": Switched(
        {"x": "1"}, {"k": 0.3, "u": 0.4, "p": 2.2}, {"x": "u*floor(time/p) - k*x"},
        {"x": "u*s0 - k*x"}, switches=[("time/p", "floor")],
    ),
    "an infusion in every period": Switched(
        {"x": "1"}, {"k": 0.3, "u": 2.0, "p": 2.2, "w": 0.7},
        {"x": "piecewise(u, time - p*floor(time/p) < w, 0) - k*x"}, {"x": "(u if s1 else 0) - k*x"},
        switches=[("time/p", "floor"), ("time - p*s0 - w", "less")],
    ),
    "a threshold in an assignment rule": Switched(
        {"x": "1", "y": "0"}, {"k": 0.3, "u": 2.0, "p": 2.5}, {"x": "1 - k*x", "y": "rule - 0.1*y"},
        {"x": "1 - k*x", "y": "(u if s0 else 0) - 0.1*y"},
        {"level": "2*x", "rule": "piecewise(u, level < 2*p, 0)"}, [("2*x - 2*p", "less")],
    ),
    "a product of conditions": Switched(
        {"x": "1", "y": "0"}, {"k": 0.3, "u": 2.0, "p": 2.5, "q": 1.5},
        {"x": "1 - k*x", "y": "u*piecewise(1, time > q, 0)*piecewise(1, x < p, 0) - 0.1*y"},
        {"x": "1 - k*x", "y": "u*(0 if s0 else 1)*s1 - 0.1*y"}, switches=[("time - q", "less"), ("x - p", "less")],
    ),
    "a nested piecewise": Switched(
        {"x": "1", "y": "0"}, {"k": 0.3, "u": 2.0, "p": 2.5, "q": 5.5},
        {"x": "1 - k*x", "y": "piecewise(u, x < p, piecewise(0.5*u, time < q, 0)) - 0.1*y"},
        {"x": "1 - k*x", "y": "(u if s0 else (0.5*u if s1 else 0)) - 0.1*y"},
        switches=[("x - p", "less"), ("time - q", "less")],
    ),
    "a switch inside min": Switched(
        {"x": "1", "y": "0.5"}, {"k": 0.3, "u": 2.0, "p": 2.5},
        {"x": "1 - k*x", "y": "min(1.5, piecewise(u, x < p, 0.1)*y) - 0.1*y"},
        {"x": "1 - k*x", "y": "(1.5 if s1 else (u if s0 else 0.1)*y) - 0.1*y"},
        switches=[("x - p", "less"), ("1.5 - (u if s0 else 0.1)*y", "less")],
    ),
    "a condition on states and parameters": Switched(
        {"x": "1", "y": "0"}, {"k": 0.3, "u": 2.0, "p": 3.5, "q": 0.4},
        {"x": "1 - k*x", "y": "piecewise(u, x + q*y < p*(1 + 0.1*q), 0.2) - 0.1*y"},
        {"x": "1 - k*x", "y": "(u if s0 else 0.2) - 0.1*y"}, switches=[("x + q*y - p*(1 + 0.1*q)", "less")],
    ),
    "floor of a state": Switched(
        {"x": "1", "y": "0"}, {"k": 0.3, "u": 0.7, "p": 0.45}, {"x": "1 - k*x", "y": "u*floor(x/p) - 0.1*y"},
        {"x": "1 - k*x", "y": "u*s0 - 0.1*y"}, switches=[("x/p", "floor")],
    ),
    "a threshold passed again and again": Switched(
        {"x": "1", "y": "0", "z": "0"}, {"k": 1.3, "u": 0.7, "p": 0.45},
        {"x": "y", "y": "-k*x", "z": "piecewise(u, x < p, -u) - 0.2*z"},
        {"x": "y", "y": "-k*x", "z": "(u if s0 else -u) - 0.2*z"}, switches=[("x - p", "less")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", VARIANTS)
def test_a_moved_switch_has_the_slope_of_an_independent_reading(kind: str) -> None:
    spec = VARIANTS[kind]
    assert worst(spec, [*spec.parameters, "x"], np.array([0.0, 1.1, 2.3, 3.9, 6.1, 9.7])) < 1e-6


def worst(spec: Switched, names: list[str], times: np.ndarray) -> float:
    """The largest error of a slope, as a share of the largest slope of its species, which counts as a hundredth of the
    species at least: differences of states are no better."""
    expected, clean = slopes(spec, names, times)
    run = simulate(spec.model(), times, sensitivities=names, relative_tolerance=1e-9)
    assert run.sensitivities is not None
    size = np.abs(expected).max(axis=0) + 1e-2 * np.maximum(np.abs(run.values).max(axis=0), 1.0)[:, None]
    return float(np.where(clean[:, None], np.abs(run.sensitivities - expected) / size, 0.0).max())


def drawn(seed: int) -> tuple[Switched, list[str]]:
    """A random model, and the names to ask for: one at least moves a switch."""
    rng = np.random.default_rng(seed)
    spec = random_switched(rng)
    moving = [p for p in spec.parameters if any(re.search(rf"\b{p}\b", text) for text, _ in spec.switches)]
    others = [*spec.parameters, *(n for n in spec.start if not spec.start[n].startswith("p"))]
    names = [str(rng.choice(moving)), *map(str, rng.choice(others, size=3, replace=False))]
    return spec, list(dict.fromkeys(names))


def judged(seeds: range) -> None:
    times = np.array([0.0, 1.37, 2.71, 4.19, 5.83, 7.41, 8.93])
    errors, refused = [], []
    for seed in seeds:
        try:
            errors.append(worst(*drawn(seed), times))
        except SimulationError as reason:
            assert any(kind in str(reason) for kind in REFUSALS), f"seed {seed}: {reason}"
            refused.append(f"seed {seed}: {reason}")
    print(f"{len(errors)} slopes, worst {max(errors):.1e}; refused: {refused}")
    assert max(errors) < 1e-5
    assert len(refused) <= 0.03 * len(seeds)


def test_random_models_with_switches() -> None:
    judged(range(12))


@pytest.mark.slow
def test_three_hundred_random_models_with_switches() -> None:
    judged(range(1000, 1300))


# --- with everything else that happens in a run -------------------------------------------------------------------


def test_switches_between_events_and_doses() -> None:
    # x' = u until toff; a dose at 2 adds 1, an event at te multiplies by d.
    event = Event("push", parse("time >= te"), {"x": parse("x*d")})
    model = model_of(
        "both", {"x": "piecewise(u, time < toff, 0)"}, {"x": 1.0},
        {"u": 2.0, "toff": 4.0, "te": 3.0, "d": 1.5}, events=(event,),
    )  # fmt: skip
    dose = Intervention(2.0, add={"x": 1.0})
    run = simulate(model, TIMES, sensitivities=["u", "toff", "te", "d", "x"], interventions=[dose])
    # Before te: 1 + 1 + u t; after it (2 + u te) d + u (min(t, toff) - te).
    end = [4.5 + 1.0, 2.0, 2.0 * 1.5 - 2.0, 2.0 + 6.0, 1.5]
    assert run.sensitivities is not None
    assert run.sensitivities[1:, 0] == pytest.approx(np.tile(end, (3, 1)), abs=1e-5)


def test_an_event_that_throws_a_state_over_a_threshold_moves_the_switch_with_it() -> None:
    # y' = u while x < 2; x is thrown to 3 at te, so dy/dte = u afterwards.
    model = model_of(
        "thrown", {"x": "0*x", "y": "piecewise(u, x < 2, 0)"}, {"x": 1.0, "y": 0.0}, {"u": 2.0, "te": 3.5},
        events=(Event("throw", parse("time >= te"), {"x": parse("3")}),),
    )  # fmt: skip
    assert by(model, "y", "te") == pytest.approx([0.0, 2.0, 2.0, 2.0], abs=1e-7)
    assert by(model, "y", "u") == pytest.approx([3.0, 3.5, 3.5, 3.5], abs=1e-7)


def test_an_intervention_that_sets_the_moment_of_a_switch_takes_its_slope_away() -> None:
    moved = Intervention(1.0, set={"toff": 3.5})
    assert by(time_switch(), "x", "toff", interventions=[moved]) == pytest.approx(np.zeros(4), abs=1e-12)
    scaled = Intervention(1.0, scale={"toff": 1.1})
    expected = np.where(TIMES > 4.4, 2.2 * np.exp(-0.3 * (TIMES - 4.4)), 0.0)
    assert by(time_switch(), "x", "toff", interventions=[scaled]) == pytest.approx(expected, rel=1e-7)


def test_an_algebraic_species_may_be_what_passes_a_threshold() -> None:
    # z = 2 x, so y' switches where x = thr / 2.
    model = model_of(
        "algebraic", {"x": "1 - k*x", "y": "-0.1*y + piecewise(u, z < thr, 0)"}, {"x": 1.0, "y": 0.0, "z": 2.0},
        {"k": 0.3, "u": 2.0, "thr": 5.0}, algebraic={"z": "2*x - z"},
    )  # fmt: skip
    assert by(model, "y", "thr") == pytest.approx(0.5 * by(threshold(), "y", "thr"), rel=1e-5)


def test_an_output_at_the_very_moment_of_a_switch_is_no_trouble() -> None:
    for text in ("<", "<="):
        model = model_of("at", {"x": f"piecewise(u, time {text} toff, 0)"}, {"x": 0.0}, {"u": 2.0, "toff": 4.0})
        found = by(model, "x", "toff", np.array([0.0, 4.0, 4.0, 5.0]))
        assert found[0] == 0.0
        assert found[1] in (0.0, 2.0)
        assert found[3] == pytest.approx(2.0, rel=1e-9)


def test_a_moment_at_which_a_whole_number_begins_costs_nothing() -> None:
    model = model_of("begins", {"x": "u*ceil(time/p)"}, {"x": 0.0}, {"u": 2.0, "p": 4.0})
    # x' = u until p, 2 u until 2 p, then 3 u: x = u (t + (t - p) + (t - 2 p)).
    assert by(model, "x", "p") == pytest.approx([0.0, -2.0, -2.0, -6.0], abs=1e-9)


def test_a_switch_that_nothing_asked_for_moves_takes_the_usual_road() -> None:
    assert hybrid_model_if_needed(time_switch(), ["k", "u"]) is None
    assert hybrid_model_if_needed(time_switch(), ["toff"]) is not None
    assert hybrid_model_if_needed(threshold(), ["k"]) is not None
    kink = model_of("kink", {"x": "-max(0, x - p)"}, {"x": 1.0}, {"p": 0.5})
    assert hybrid_model_if_needed(kink, ["p"]) is None


def test_a_steady_state_that_depends_on_when_a_switch_was_passed() -> None:
    # y = (1 - exp(-d t)) / d reaches thr at t* = -ln(1 - d thr) / d; x rests at x0 + k t*.
    rates = {"x": "piecewise(k, y < thr, 0)", "y": "1 - d*y"}
    model = model_of("rests", rates, {"x": 0.5, "y": 0.0}, {"k": 2.0, "thr": 1.5, "d": 0.5})
    found = steady_state_sensitivities(model, ["thr", "k", "x"])[0]
    assert found == pytest.approx([2.0 / (1.0 - 0.75), 2.0 * math.log(4.0), 1.0], rel=1e-6)


# --- what has no slope --------------------------------------------------------------------------------------------


def refused(model: Model, name: str, words: str, **more: object) -> None:
    with pytest.raises(SimulationError, match=words) as caught:
        by(model, model.species[-1], name, **more)
    assert "\n" not in str(caught.value)
    assert model.name in str(caught.value)


@pytest.mark.parametrize("border", [1.0, 1.0 - 1e-12, 1.0 + 1e-12])
def test_a_switch_that_is_only_touched_is_refused_by_name(border: float) -> None:
    model = model_of(
        "touch", {"x": "cos(time)", "y": "piecewise(u, x < thr, 0)"}, {"x": 0.0, "y": 0.0}, {"u": 2.0, "thr": border}
    )
    refused(model, "thr", "'x < thr' is (grazed|touched)")
    assert by(model, "y", "u", np.array([1.0])) == pytest.approx([1.0])


def test_two_switches_at_the_same_moment_are_refused_unless_their_order_does_not_matter() -> None:
    start, values = {"x": 0.0}, {"a": 4.0, "b": 4.0}
    product = model_of("p", {"x": "piecewise(1, time < a, 0)*piecewise(1, time < b, 0)"}, start, values)
    refused(product, "a", "'time < a' and 'time < b' switch at the same moment")
    total = model_of("s", {"x": "piecewise(1, time < a, 0) + piecewise(1, time < b, 0)"}, start, values)
    assert by(total, "x", "a") == pytest.approx([0.0, 1.0, 1.0, 1.0])
    one = model_of("o", {"x": "piecewise(1, time < a, 0)*piecewise(1, 2*time < 2*a, 0)"}, start, values)
    assert by(one, "x", "a") == pytest.approx([0.0, 1.0, 1.0, 1.0])


def test_a_dose_at_the_moment_of_a_switch_is_refused_where_their_order_matters() -> None:
    dose = Intervention(4.0, add={"x": 1.0})
    assert by(time_switch(), "x", "toff", interventions=[dose])[1:] == pytest.approx(
        2.0 * np.exp(-0.3 * (TIMES[1:] - 4.0)), rel=1e-7
    )
    twice = [Intervention(4.0, scale={"x": 0.5}), Intervention(4.0, scale={"x": 3.0})]
    for text in ("<", "<="):
        rates = {"x": f"piecewise(u*x, time {text} toff, 0)"}
        model = model_of("dosed", rates, {"x": 1.0}, {"u": 0.2, "toff": 4.0})
        refused(model, "toff", "an intervention and a switch", interventions=[dose])
        expected = 0.3 * math.exp(0.8) * np.ones(3)
        assert by(model, "x", "toff", interventions=twice)[1:] == pytest.approx(expected, rel=1e-7)


def test_the_kinks_of_abs_min_and_max_have_no_jump() -> None:
    rates = {"x": "-k*x + max(0, sin(time) - p) + abs(x - p)*0.1"}
    spec = Switched(
        {"x": "1"}, {"k": 0.3, "p": 0.4}, rates,
        {"x": "-k*x + (0 if s0 else sin(time) - p) + (p - x if s1 else x - p)*0.1"},
        switches=[("sin(time) - p", "less"), ("x - p", "less")],
    )  # fmt: skip
    assert worst(spec, ["k", "p", "x"], TIMES) < 1e-6


def test_a_state_that_slides_along_a_switch_is_refused_by_name() -> None:
    model = model_of("slide", {"x": "piecewise(1, x < thr, -1)"}, {"x": 0.0}, {"thr": 2.0})
    refused(model, "thr", "'x < thr' chatters")


def test_a_condition_may_keep_a_state_inside_the_domain_of_a_root() -> None:
    # x = (1 - k t/2)^2 until it is empty; steps that are tried beyond that moment must not fail.
    model = model_of("empties", {"x": "piecewise(-k*sqrt(x), x > 0, 0)"}, {"x": 1.0}, {"k": 1.0})
    assert by(model, "x", "k", np.array([0.5, 1.0, 3.0])) == pytest.approx([-0.375, -0.5, 0.0], abs=1e-6)


def test_a_branch_is_left_where_it_is_no_number_also_the_last_one() -> None:
    # Beyond thr, which is reached at thr, x - thr depends on t - thr alone: dx/dthr = 1 - dx/dt.
    model = model_of("root", {"x": "piecewise(1, x < thr, 2 + sqrt(x - thr + 0.25))"}, {"x": 0.0}, {"thr": 1.0})
    x = simulate(model, [2.0, 3.0], relative_tolerance=1e-9)["x"]
    found = by(model, "x", "thr", np.array([0.5, 2.0, 3.0]))
    assert found == pytest.approx([0.0, *(-1.0 - np.sqrt(x - 0.75))], abs=1e-6)


def test_sensitivities_that_no_step_can_follow_are_refused_by_name() -> None:
    model = model_of("root", {"x": "piecewise(1, x < thr, 2 + sqrt(x - thr))"}, {"x": 0.0}, {"thr": 1.0})
    with pytest.raises(SimulationError, match="no step of the sensitivities meets the tolerance of 1e-09 at time 1"):
        by(model, "x", "thr")


def test_a_rate_with_an_infinite_slope_at_a_border_is_refused_by_name() -> None:
    model = model_of("log", {"x": "-u", "y": "piecewise(log(x), x > 0, 0)"}, {"x": 3.0, "y": 0.0}, {"u": 1.0})
    refused(model, "u", "the slope of a rate is infinite at the border of '0 < x'")
    assert by(model, "y", "u", np.array([1.0])) == pytest.approx([1.0 + 3.0 * math.log(2.0 / 3.0)], abs=1e-7)


def test_a_start_at_the_border_of_a_switch_is_refused_by_name() -> None:
    refused(time_switch(toff=0.0), "toff", "'time < toff' stands at its border")
    assert by(time_switch(toff=0.0), "x", "k")[0] == pytest.approx(-3.0 * math.exp(-0.9))


def test_of_several_switches_the_one_at_its_border_is_named() -> None:
    rates = " + ".join(f"piecewise(1, x < {name}, 0)" for name in "pqr")
    model = model_of("three", {"x": rates}, {"x": 2.0}, {"p": 1.0, "q": 2.0, "r": 3.0})
    refused(model, "q", "'x < q' stands at its border")


def test_a_whole_number_that_is_infinite_at_the_start_is_refused() -> None:
    model = model_of("pole", {"x": "1", "y": "u*floor(1/x)"}, {"x": 0.0, "y": 0.0}, {"u": 1.0})
    refused(model, "u", "at time 0 the switches of the rates contradict each other")


@pytest.mark.parametrize(("delay", "late"), [(None, 0.0), ("b", 0.75)])
def test_an_event_that_a_jump_of_its_trigger_fires_moves_with_the_jump(delay: str | None, late: float) -> None:
    """time - p floor(time/p) < c becomes true where the floor jumps, at p and 2 p, which c does not move."""
    k, b, c, p = 0.5, 0.75, 2.42, 2.768
    trigger = parse("time - p*floor(time/p) < c")
    event = Event(
        "dose", trigger, {"y": parse("y + 1")}, None if delay is None else parse(delay), values_from_trigger_time=False
    )
    model = model_of("m", {"y": "-k*y"}, {"y": 0.0}, {"k": k, "b": b, "c": c, "p": p}, events=(event,))
    found = simulate(model, [8.0], sensitivities=["b", "c", "p"]).sensitivities[0, 0]
    parts = [k * math.exp(-k * (8.0 - n * p - late)) for n in (1, 2)]
    expected = [sum(parts) if delay else 0.0, 0.0, parts[0] + 2.0 * parts[1]]
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-9)


def test_parameters_get_room_for_modes_one_set_or_many() -> None:
    hybrid = hybrid_model_if_needed(threshold(), ("thr",))
    assert hybrid is not None
    n = len(threshold().parameters)
    for shape in ((n,), (4, n), (2, 3, n)):
        found = hybrid.extended(np.ones(shape))
        assert found.shape == (*shape[:-1], n + len(hybrid.modes)) and found.sum() == np.prod(shape)


def test_thresholds_beside_an_event_meet_their_closed_form() -> None:
    """x rises at a to 1, then at b; y feels that border, z another at p; an event at 3 adds 5 to y."""
    model = model_of(
        "both",
        {"x": "piecewise(a, x < 1, b)", "y": "piecewise(0, x < 1, 1)", "z": "piecewise(0, x < p, 1)"},
        {"x": 0.0, "y": 0.0, "z": 0.0},
        {"a": 0.5, "b": 0.25, "p": 1.2},
        events=(Event("dose", parse("time >= 3"), {"y": parse("y + 5")}),),
    )
    at = np.array([1.0, 2.5, 4.0])
    late = at > 2.0  # x is 1 at 1/a, then 1 + b (t - 1/a); y is t - 1/a, and 5 more after the event
    assert by(model, "x", "a", at) == pytest.approx(np.where(late, 0.25 / 0.25, at), rel=1e-6)
    assert by(model, "x", "b", at) == pytest.approx(np.where(late, at - 2.0, 0.0), abs=1e-7)
    assert by(model, "y", "a", at) == pytest.approx(np.where(late, 4.0, 0.0), rel=1e-6)
    later = at > 2.8  # z is t - 1/a - (p - 1)/b
    for name, slope in (("a", 4.0), ("b", 0.2 / 0.25**2), ("p", -4.0)):
        assert by(model, "z", name, at) == pytest.approx(np.where(later, slope, 0.0), rel=1e-6)
    assert simulate(model, at)["y"] == pytest.approx([0.0, 0.5, 7.0], abs=1e-5)


def test_a_border_that_is_touched_where_nothing_jumps_has_slopes() -> None:
    """y = sin(t) touches 1 at pi/2; both branches are as large by the numbers, though not by the formula."""
    rates = {"y": "cos(time)", "x": "k*piecewise(2, y > p, w)"}
    model = model_of("touch", rates, {"y": 0.0, "x": 0.0}, {"k": 0.7, "p": 1.0, "w": 2.0})
    at = np.array([1.0, 3.0])
    assert by(model, "x", "p", at) == pytest.approx([0.0, 0.0], abs=1e-12)
    assert by(model, "x", "k", at) == pytest.approx(2.0 * at, rel=1e-9)
    with pytest.raises(SimulationError, match="is touched without being passed"):
        by(model, "x", "p", at, parameters={"w": 2.5})


def test_rates_that_push_back_are_told_from_a_state_that_rests() -> None:
    """To a border they push with a force that stays, to a steady state with one that ends there."""
    assert _pushes_back(lambda beyond: -math.copysign(1.0, beyond), 0.1)
    assert _pushes_back(lambda beyond: -0.2 if beyond > 0.0 else 3.0 - beyond, 0.1)
    assert not _pushes_back(lambda beyond: -beyond, 0.1)
    assert not _pushes_back(lambda beyond: math.copysign(1.0, beyond), 0.1)
    assert not _pushes_back(lambda beyond: -1.0, 0.1)
