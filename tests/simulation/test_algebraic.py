"""Species found from residual = 0: their start, pivots that vanish there, and residuals without a zero."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from pathway.equations import Event, Model
from pathway.expressions import parse
from pathway.simulation import Intervention, SimulationError, simulate, simulate_ensemble
from pathway.simulation.algebraic import AlgebraicTies
from pathway.simulation.events import EventRun
from pathway.simulation.prepared import prepare_model
from tests.simulation.models import model_of


def pivots(**more: object) -> Model:
    """a = t and z = w = 1 / (1 + t): the pivot of z is t, which begins at zero; from t = 1 on none vanishes."""
    rules = {"z": "a*z + w - 1", "w": "z - w"}
    return model_of("pivots", {"a": "1"}, {"a": 0.0, "z": 0.5, "w": 0.5}, {}, algebraic=rules, **more)


def root(rule: str) -> Model:
    """z from a rule in which k may stand."""
    return model_of("root", {"a": "1"}, {"a": 0.0, "z": 0.5}, {"k": 1.0}, algebraic={"z": rule})


def test_a_pivot_that_vanishes_is_exchanged_and_counted() -> None:
    run = simulate(pivots(), [0.0, 0.5, 2.0])
    assert run["z"] == pytest.approx([1.0, 1.0 / 1.5, 1.0 / 3.0], rel=1e-5) and run.statistics.vanishing_pivots > 0
    later = simulate(pivots(), [0.0, 1.0], initial={"a": 1.0})
    assert later["w"] == pytest.approx([0.5, 1.0 / 3.0], rel=1e-5) and later.statistics.vanishing_pivots == 0


@pytest.mark.parametrize("trigger", ["a > 1e6", "time > 1e6"])
def test_an_event_that_never_happens_changes_nothing_where_a_pivot_vanishes(trigger: str) -> None:
    never = Event("never", parse(trigger), {"a": parse("0")})
    with_event, without = (simulate(pivots(events=events), [0.0, 0.5, 2.0]) for events in ((never,), ()))
    assert with_event["z"] == pytest.approx(without["z"], rel=1e-6)
    assert with_event.statistics.vanishing_pivots > 0


def test_an_event_that_brings_a_pivot_back_to_zero() -> None:
    """a is t until 1 and t - 1 from then on."""
    back = Event("back", parse("time >= 1"), {"a": parse("0")}, initial_value=False)
    run = simulate(pivots(events=(back,)), [0.5, 1.0, 3.0])
    assert run["z"] == pytest.approx([1.0 / 1.5, 1.0, 1.0 / 3.0], rel=1e-5)


def test_algebraic_species_have_no_rate_of_their_own() -> None:
    """Their residual is none: at a = 2, z = w = 0.5 that of z is 0.5."""
    here = SimpleNamespace(
        prepared=prepare_model(pivots()), time=2.0, state=np.array([2.0, 0.5, 0.5]), parameters=np.zeros(0)
    )
    assert EventRun._rates(here).tolist() == [1.0, 0.0, 0.0]  # type: ignore[arg-type]


def moving(**more: object) -> Model:
    """a = a0 + q t and z = w = 1 / (1 + p a)."""
    rules = {"z": "p*a*z + w - 1", "w": "z - w"}
    values = {"p": 0.8, "q": 0.5, "a0": 1.0}
    return model_of("moving", {"a": "q"}, {"a": "a0", "z": 0.5, "w": 0.5}, values, algebraic=rules, **more)


def slopes_of_z(p: float, a: np.ndarray, by_q: np.ndarray, by_a0: np.ndarray) -> np.ndarray:
    """By p, q and a0, shape (n_times, 3), from the slopes of a."""
    return -np.stack([a, p * by_q, p * by_a0], axis=1) / ((1.0 + p * a) ** 2)[:, None]


@pytest.mark.parametrize("times", [[0.0], [0.0, 0.0, 0.7, 2.0]])
def test_algebraic_species_have_their_slopes_from_the_first_moment_on(times: list[float]) -> None:
    run, t = simulate(moving(), times, sensitivities=["p", "q", "a0"], relative_tolerance=1e-8), np.array(times)
    expected = slopes_of_z(0.8, 1.0 + 0.5 * t, t, np.ones(len(t)))
    assert run.sensitivities is not None and run.sensitivities[:, 1] == pytest.approx(expected, rel=1e-6)
    assert run.sensitivities[:, 2] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("events", [(), (Event("never", parse("a > 1e6"), {"a": parse("0")}),)])
@pytest.mark.parametrize("times", [[1.0], [0.5, 1.0, 2.0]])
def test_slopes_of_algebraic_species_jump_with_an_intervention(times: list[float], events: tuple[Event, ...]) -> None:
    """a is set to 3 at 1."""
    run = simulate(
        moving(events=events), times, sensitivities=["p", "q", "a0"],
        interventions=[Intervention(1.0, set={"a": 3.0})], relative_tolerance=1e-8,
    )  # fmt: skip
    t = np.array(times)
    late = t >= 1.0
    a, by_q = np.where(late, 3.0 + 0.5 * (t - 1.0), 1.0 + 0.5 * t), np.where(late, t - 1.0, t)
    expected = slopes_of_z(0.8, a, by_q, np.where(late, 0.0, 1.0))
    assert run.sensitivities is not None and run.sensitivities[:, 1] == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_slopes_of_algebraic_species_jump_with_an_event_whose_moment_moves() -> None:
    """a is set to 3 where z falls to 0.45, at p a = 1 / 0.45 - 1: from there on a = 3 + q t - that + a0."""
    p, q, t = 0.8, 0.5, np.array([0.5, 2.0, 3.0])
    low = Event("low", parse("z < 0.45"), {"a": parse("3")})
    run = simulate(moving(events=(low,)), t, sensitivities=["p", "q", "a0"], relative_tolerance=1e-9)
    border = (1.0 / 0.45 - 1.0) / p
    late = t > (border - 1.0) / q
    a = np.where(late, 3.0 + 1.0 + q * t - border, 1.0 + q * t)
    expected = slopes_of_z(p, a, t, np.ones(3))
    expected[late, 0] += -p / (1.0 + p * a[late]) ** 2 * border / p  # the border falls with p, and a rises by that
    assert run["z"] == pytest.approx(1.0 / (1.0 + p * a), rel=1e-6)
    assert run.sensitivities is not None and run.sensitivities[:, 1] == pytest.approx(expected, rel=1e-5)


def test_ties_backwards_are_the_transpose_of_those_forwards() -> None:
    """What is given for algebraic species counts in neither direction."""
    rng, n, k = np.random.default_rng(1), 3, 3
    ties = AlgebraicTies.at(prepare_model(moving()), 0.0, np.array([1.0, 1 / 1.8, 1 / 1.8]), np.array([0.8, 0.5, 1.0]))
    slopes, by_parameter, bar = rng.normal(size=(n, 2)), rng.normal(size=(k, 2)), rng.normal(size=(n, 2))
    back_parameters, back_state = ties.back(bar)
    forward = ties.forward(slopes, by_parameter, np.zeros(2))
    assert bar.T @ forward == pytest.approx(back_parameters.T @ by_parameter + back_state.T @ slopes, rel=1e-12)


def test_where_rules_do_not_determine_a_species_it_has_no_slope() -> None:
    """z^2 = a at a = 0: the slope of the root is infinite."""
    with pytest.raises(SimulationError, match="at time 0: algebraic species have no slope"):
        AlgebraicTies.at(prepare_model(root("z^2 - a")), 0.0, np.zeros(2), np.ones(1))


def test_a_run_that_ends_where_it_begins_has_its_algebraic_species() -> None:
    run = simulate(pivots(), [0.0])
    assert run["z"] == pytest.approx([1.0], rel=1e-12) and run.statistics.vanishing_pivots > 0


def test_pivots_vanish_in_some_members_of_many() -> None:
    starts = np.array([[a, 0.5, 0.5] for a in (0.0, 1.0, 0.0, 2.0, 3.0, 0.0, 0.5, 4.0, 0.0)])
    many = simulate_ensemble(pivots(), [0.0, 1.0], np.zeros((9, 0)), initial=starts)
    for k, start in enumerate(starts[:, 0]):
        assert many["z"][k] == pytest.approx([1.0 / (1.0 + start), 1.0 / (2.0 + start)], rel=1e-5)


def test_a_member_takes_the_turns_of_newton_that_it_needs_whoever_is_beside_it() -> None:
    """z = k^(1/3): from 0.5 that takes more turns the larger k is."""
    model, members = root("z^3 - k"), np.array([[10.0**p] for p in (-1, 0, 1, 3, 6, 9, 12, 2, 5)])
    many = simulate_ensemble(model, [0.0], members)
    assert many["z"][:, 0] == pytest.approx(np.cbrt(members[:, 0]), rel=1e-9)
    for member, row in enumerate(members):
        assert np.array_equal(many.values[member], simulate(model, [0.0], parameters=row).values)


@pytest.mark.parametrize("times", [[0.0], [0.0, 1.0]])
@pytest.mark.parametrize(
    ("rule", "reason"), [("z^2 + 1", "no solution of the algebraic rules is found"), ("exp(z) + 1", "singular")]
)
def test_residuals_without_a_zero_are_refused_at_once(rule: str, reason: str, times: list[float]) -> None:
    with pytest.raises(SimulationError, match=f"at time 0: .*{reason}"):
        simulate(root(rule), times)


@pytest.mark.parametrize("by", ["event", "intervention"])
def test_residuals_that_lose_their_zero_at_the_last_moment_are_refused(by: str) -> None:
    """z^2 = s - 1 has no root from the moment on at which s is 0."""
    last = Event("last", parse("time >= 2"), {"s": parse("0")}, initial_value=False)
    model = model_of(
        "root", {"s": "0"}, {"s": 2.44, "z": 0.5}, {}, algebraic={"z": "z^2 + 1 - s"}, events=(last,) * (by == "event")
    )
    done = [Intervention(2.0, set={"s": 0.0})] if by == "intervention" else []
    assert simulate(model, [0.0, 1.0])["z"] == pytest.approx([1.2, 1.2], rel=1e-9)
    with pytest.raises(SimulationError, match=r"at time 2.*no solution of the algebraic rules is found"):
        simulate(model, [0.0, 2.0], interventions=done)


def test_a_model_too_large_for_a_dense_matrix_says_that_a_pivot_vanishes() -> None:
    many = {f"x{k}": 1.0 for k in range(1100)}
    rules = {"z": "a*z + w - 1", "w": "z - w"}
    large = model_of(
        "large", {"a": "1", **{x: f"-{x}" for x in many}}, {"a": 0.0, "z": 0.5, "w": 0.5, **many}, {}, algebraic=rules
    )
    with pytest.raises(SimulationError, match="the linear system is singular"):
        simulate(large, [0.0, 1.0])
