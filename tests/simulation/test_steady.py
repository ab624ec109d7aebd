"""Steady states against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from pathway.equations import Event, Model
from pathway.expressions import parse
from pathway.simulation import (
    SteadyStateError,
    simulate,
    stability,
    steady_state,
    steady_state_sensitivities,
)
from pathway.simulation.stable import is_surely_stable
from pathway.simulation.steady_model import SteadyModel
from tests.simulation.models import model_of, toggle


def binding() -> Model:
    """A + B <-> C with production-free totals, and a marker that counts time."""
    changes = {"A": {"on": -1, "off": 1}, "B": {"on": -1, "off": 1}, "C": {"on": 1, "off": -1}, "clock": {"tick": 1}}
    return Model(
        name="binding",
        species=tuple(changes),
        parameters=("kon", "koff", "A0"),
        parameter_values=np.array([2.0, 0.5, 3.0]),
        initial={"A": parse("A0"), "B": parse("1"), "C": parse("0"), "clock": parse("0.25")},
        rates={"on": parse("kon*A*B"), "off": parse("koff*C"), "tick": parse("exp(C)")},
        stoichiometry={s: {r: parse(str(v)) for r, v in row.items()} for s, row in changes.items()},
        outputs=frozenset({"clock"}),
    )


def bound(a: float, b: float, dissociation: float) -> float:
    s = a + b + dissociation
    return (s - np.sqrt(s * s - 4 * a * b)) / 2


def test_totals_are_kept_and_outputs_left_alone() -> None:
    c = bound(3.0, 1.0, 0.25)
    assert steady_state(binding()) == pytest.approx([3.0 - c, 1.0 - c, c, 0.25], rel=1e-12)
    c = bound(5.0, 1.0, 0.1)
    found = steady_state(binding(), {"A0": 5.0, "koff": 0.2})
    assert found == pytest.approx([5.0 - c, 1.0 - c, c, 0.25], rel=1e-12)


def test_of_two_states_the_one_is_found_to_which_the_model_goes() -> None:
    model = toggle()
    high = steady_state(model)
    low = steady_state(model, initial={"U": 0.1, "V": 3.0})
    assert high[0] > 2 * high[1] and low[1] > 2 * low[0]
    for state in (high, low):
        assert state[0] == pytest.approx(4 / (1 + state[1] ** 2), rel=1e-10)
        assert state[1] == pytest.approx(4 / (1 + state[0] ** 2), rel=1e-10)
        assert stability(model, state).stable
        assert simulate(model, [0.0, 10.0], initial=state).values[-1] == pytest.approx(state, rel=1e-9)


def test_the_state_between_the_two_is_unstable() -> None:
    u, v = 1.3, 1.4
    for _ in range(100):  # Newton on the two dilution balances, by hand
        f = np.array([4 / (1 + v * v) - u, 4 / (1 + u * u) - v])
        j = np.array([[-1, -8 * v / (1 + v * v) ** 2], [-8 * u / (1 + u * u) ** 2, -1]])
        u, v = np.array([u, v]) - np.linalg.solve(j, f)
    c = 50 * u / (50 * u + 20)
    found = stability(toggle(), np.array([u, v, 1 - c, c]))
    assert not found.stable
    assert found.eigenvalues[0].real > 0


def test_what_never_rests_is_an_error_that_says_so() -> None:
    spin = model_of("spin", {"x": "w*y", "y": "-w*x"}, {"x": 1.0, "y": 0.0}, {"w": 1.0})
    with pytest.raises(SteadyStateError, match="no steady state"):
        steady_state(spin)
    growth = model_of("growth", {"x": "k*x"}, {"x": 1.0}, {"k": 1.0})
    with pytest.raises(RuntimeError, match="growth"):
        steady_state(growth)


def test_slopes_of_a_steady_state_meet_its_closed_form() -> None:
    names = ("kon", "koff", "A0", "B")
    found = steady_state_sensitivities(binding(), names)
    step = 1e-5

    def state(kon: float, koff: float, a: float, b: float) -> np.ndarray:
        c = bound(a, b, koff / kon)
        return np.array([a - c, b - c, c, 0.25])

    at = np.array([2.0, 0.5, 3.0, 1.0])
    for column in range(4):
        push = np.zeros(4)
        push[column] = step
        expected = (state(*(at + push)) - state(*(at - push))) / (2 * step)
        assert found[:, column] == pytest.approx(expected, rel=1e-7, abs=1e-9)


def test_no_stability_is_proven_that_eigenvalues_deny() -> None:
    random, proven, stable = np.random.default_rng(5), 0, 0
    for _ in range(600):
        n = int(random.integers(1, 12))
        matrix = random.standard_normal((n, n)) - np.diag(10.0 ** random.uniform(-2.0, 2.0, n))
        matrix -= random.uniform(0.0, 2.0) * np.eye(n)
        sizes = 10.0 ** random.uniform(-3.0, 3.0, n)
        values = np.linalg.eigvals(matrix)
        with np.errstate(all="ignore"):
            known = is_surely_stable(
                (matrix * sizes[:, None] / sizes)[None],
                np.linalg.inv(matrix * sizes[:, None] / sizes)[None],
                sizes[None],
                1e-9,
            )
        stable += values.real.max() < 0.0
        proven += known[0]
        assert not known[0] or values.real.max() < 0.0
    assert proven > 0.8 * stable > 100
    # A rotation that neither grows nor dies, and a slow process beyond the spread.
    turning = np.array([[[0.0, 1.0], [-1.0, 0.0]], [[-1.0, 0.0], [0.0, -1e-10]]])
    assert not is_surely_stable(turning, np.linalg.inv(turning), np.ones((2, 2)), 1e-9).any()


@pytest.mark.parametrize(
    ("feed", "rest"), [("1 + exp(-time)", 2.0), ("piecewise(5, time < 10, 1)", 2.0), ("time/(1 + time)", 2.0)]
)
def test_time_goes_on_while_a_model_comes_to_rest(feed: str, rest: float) -> None:
    """Held at the start time these came to 4, 10 and 0 without a word."""
    model = model_of("fed", {"x": f"{feed} - k*x"}, {"x": 0.0}, {"k": 0.5})
    assert steady_state(model) == pytest.approx([rest], rel=1e-6)
    slope = steady_state_sensitivities(model, ["k"])
    assert slope == pytest.approx(np.array([[-rest / 0.5]]), rel=1e-6)


def test_a_feed_that_goes_up_and_down_has_no_steady_state() -> None:
    with pytest.raises(SteadyStateError, match="does not settle"):
        steady_state(model_of("waves", {"x": "1 + sin(time) - x"}, {"x": 0.0}, {}))


def test_an_exchange_that_hides_the_turnover_is_named() -> None:
    """a and b exchange k times a time unit; both are half of the total, which turns over once a time unit."""
    rates = {"a": "k*b - k*a + 1 - a", "b": "k*a - k*b - b"}
    start = {"a": 1.0, "b": 0.0}
    assert steady_state(model_of("slow", rates, start, {"k": 1e15})) == pytest.approx([0.5, 0.5], rel=1e-9)
    with pytest.raises(SteadyStateError, match=r"makes '[ab]' and what uses it up cancel to more than 14 digits"):
        steady_state(model_of("fast", rates, start, {"k": 1e18}))


def test_events_on_the_way_to_rest_happen() -> None:
    def with_event(trigger: str, assigned: dict[str, str]) -> Model:
        event = Event("E", parse(trigger), {name: parse(formula) for name, formula in assigned.items()})
        return model_of("m", {"x": "u - 0.5*x", "u": "0"}, {"x": 0.0, "u": 1.0}, {}, events=(event,))

    assert steady_state(with_event("x > 1", {"u": "3"})) == pytest.approx([6.0, 3.0])
    assert steady_state(with_event("time > 7", {"u": "3"})) == pytest.approx([6.0, 3.0])
    assert steady_state(with_event("x > 2.5", {"u": "3"})) == pytest.approx([2.0, 1.0])
    with pytest.raises(SteadyStateError, match="events go on happening"):
        steady_state(with_event("x > 1", {"x": "0"}))
    with pytest.raises(SteadyStateError, match="beyond events"):
        steady_state_sensitivities(with_event("x > 1", {"u": "3"}), ["u"])


def test_swings_that_die_out_slowly_are_no_circles():
    """Eigenvalues -1e-4 +- i: a period of 2 pi, and half of the swing is left after log(2) / 1e-4."""
    slow = model_of("slow", {"x": "y - 1e-4*x", "y": "1 - x - 1e-4*y"}, {"x": 0.0, "y": 0.0}, {})
    with pytest.raises(SteadyStateError, match=r"settles too slowly .*swings of 6\.28 take 6\.93e\+03 to halve"):
        steady_state(slow)


def test_only_what_began_at_zero_and_is_made_by_nothing_is_absent() -> None:
    """A makes B makes A; C is made by D, which is there."""
    part = SteadyModel(
        model_of("two", {"A": "B - A", "B": "A - B", "C": "D - C", "D": "1 - D"}, dict.fromkeys("ABCD", 0.0), {})
    )
    state = np.array([[0.0, 0.0, 0.0, 1.0]])
    jacobians = part.jacobians(state, np.zeros((1, 0)), 0.0)
    assert part.absent(state, jacobians, np.zeros((1, 4)))[0].tolist() == [True, True, False, False]
    assert not part.absent(state, jacobians, np.array([[1.0, 0.0, 0.0, 0.0]])).any()


def test_a_model_of_reactions_comes_to_rest_beside_an_event_that_does_not_happen() -> None:
    model = Model(
        name="fed",
        species=("A",),
        parameters=("k",),
        parameter_values=np.array([0.5]),
        initial={"A": parse("0")},
        rates={"feed": parse("3"), "loss": parse("k*A")},
        stoichiometry={"A": {"feed": parse("1"), "loss": parse("-1")}},
        events=(Event("E", parse("A > 100"), {"A": parse("0")}),),
    )
    assert steady_state(model) == pytest.approx([6.0], rel=1e-9)


def test_equations_of_few_sets_of_species_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    part = SteadyModel(model_of("two", {"A": "k - A", "B": "k - B"}, {"A": 0.0, "B": 0.0}, {"k": 1.0}))
    monkeypatch.setattr("pathway.simulation.steady_model.MOST_BLOCKS", 1)
    here, there = np.array([False, False]), np.array([True, False])
    first = part.equations(here, np.ones(1))
    assert part.equations(here, np.ones(1)) is first
    part.equations(there, np.ones(1))
    assert len(part._equations) == 1 and part.equations(here, np.ones(1)) is not first


def test_a_species_of_which_there_is_nothing_has_no_scale_of_its_own() -> None:
    falling = np.diag([-1.0, -2.0])[None]
    for sizes in ([1.0, 2.0], [1.0, 0.0], [0.0, 0.0]):
        assert is_surely_stable(falling, np.linalg.inv(falling), np.array([sizes]), 1e-9).all()
