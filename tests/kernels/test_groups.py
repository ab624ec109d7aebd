"""Events, switches, initial values and algebraic rows: what they compile to."""

from __future__ import annotations

import numpy as np
import pytest

from pathway.equations import Event, Model
from pathway.expressions import number, parse, symbol
from pathway.kernels import SingularStructureError, compile_model


def model(**changes: object) -> Model:
    settings: dict[str, object] = {
        "name": "small",
        "species": ("a", "b"),
        "parameters": ("k", "limit"),
        "parameter_values": np.array([2.0, 5.0]),
        "initial": {"a": parse("3 * k"), "b": parse("a + limit^2")},
        "rate_rules": {"a": parse("piecewise(k, time < limit, -k) * b"), "b": parse("-a")},
        "assignments": {"sum_of_both": parse("a + b"), "twice": parse("2 * sum_of_both")},
    }
    return Model(**{**settings, **changes})  # type: ignore[arg-type]


def run(made: Model, part: str, rows: int, time: float, a: float, b: float) -> np.ndarray:
    compiled = compile_model(made, 4, (part,))
    out = np.full((rows, 4), np.nan)
    species = np.repeat([[a], [b]], 4, axis=1)
    compiled.call(part, np.full(4, time), species, compiled.parameters(made.parameter_values), out)
    assert np.all(out == out[:, :1])
    return out[:, 0]


def test_initial_values_follow_parameters_and_each_other() -> None:
    assert run(model(), "initial_values", 2, 0.0, np.nan, np.nan).tolist() == [6.0, 31.0]


def test_gradients_of_initial_values() -> None:
    compiled = compile_model(model(), 1, ("initial_values_gradients",))
    pattern = compiled.patterns["initial_values_parameters"]
    out = np.empty((len(pattern), 1))
    unused, by_time = np.empty((0, 1)), np.empty((2, 1))
    parameters = compiled.parameters(np.array([2.0, 5.0]))
    compiled.call("initial_values_gradients", np.zeros(1), np.zeros((2, 1)), parameters, unused, out, by_time)
    found = dict(zip(zip(pattern.rows.tolist(), pattern.columns.tolist(), strict=True), out[:, 0], strict=True))
    assert found == {(0, 0): 3.0, (1, 0): 3.0, (1, 1): 10.0}


def test_assignments_come_in_order() -> None:
    assert run(model(), "assignments", 2, 0.0, 1.0, 2.0).tolist() == [3.0, 6.0]


def test_switches_of_the_right_hand_side_are_known() -> None:
    """With the sizes behind them; a comparison with time alone is none of the state's."""
    made = model(rate_rules={"a": parse("piecewise(k, b < limit and time < k, -k) * b"), "b": parse("-ceil(a * b)")})
    assert run(made, "switch_roots", 4, 4.0, -2.0, 3.0).tolist() == [-2.0, -6.0, 8.0, 6.0]


EVENTS = (
    Event("pulse", parse("time >= 3 and a < twice"), {"a": parse("a + k"), "b": number(0)}, delay=parse("k / 2")),
    Event("cap", parse("b > limit"), {"b": symbol("limit")}, priority=parse("a")),
)


def test_events_give_conditions_roots_values_delays_and_priorities() -> None:
    eventful = model(events=EVENTS)
    assert run(eventful, "event_conditions", 2, 3.0, 1.0, 1.0).tolist() == [1.0, 0.0]
    assert run(eventful, "event_conditions", 2, 2.9, 1.0, 7.0).tolist() == [0.0, 1.0]
    assert run(eventful, "event_values", 3, 0.0, 4.0, 1.0).tolist() == [6.0, 0.0, 5.0]
    assert run(eventful, "event_delays", 2, 0.0, 4.0, 1.0).tolist() == [1.0, 0.0]
    assert run(eventful, "event_priorities", 2, 0.0, 4.0, 1.0).tolist() == [0.0, 4.0]
    pattern = compile_model(eventful, 4, ("event_values",)).patterns["event_values"]
    assert list(zip(pattern.rows.tolist(), pattern.columns.tolist(), strict=True)) == [(0, 0), (0, 1), (1, 1)]
    # The comparison with time is none of the state's.
    roots = run(eventful, "event_roots", 2, 3.5, 1.0, 7.0)
    assert sorted(abs(roots).tolist()) == [2.0, 15.0]
    later = run(eventful, "event_roots", 2, 2.5, 1.0, 4.0)
    assert np.sum(np.sign(roots) != np.sign(later)) == 1


def test_an_algebraic_species_is_solved_for() -> None:
    """a' = -a + b with 0 = a - 2 b: the second row has no shift."""
    made = model(rate_rules={"a": parse("b - k * a")}, algebraic={"b": parse("a - 2 * b + limit")}, assignments={})
    compiled = compile_model(made, 1)
    assert compiled.mass.tolist() == [1.0, 0.0]
    state = (np.zeros(1), np.ones((2, 1)), compiled.parameters(made.parameter_values))
    entries, factors = np.empty((len(compiled.patterns["jacobian"]), 1)), np.empty((compiled.sizes["lu"], 1))
    worst, b = np.empty(1), np.array([[1.0], [2.0]])
    compiled.call("jacobian", *state, entries)
    compiled.call("factor", entries, np.array([3.0]), factors, worst)
    compiled.call("solve", factors, b)
    np.testing.assert_allclose(b[:, 0], np.linalg.solve([[3.0 + 2.0, -1.0], [-1.0, 2.0]], [1.0, 2.0]), rtol=1e-14)


def test_an_algebraic_rule_that_determines_nothing_is_named() -> None:
    made = model(rate_rules={"a": parse("-a")}, algebraic={"b": parse("limit - k")}, assignments={})
    with pytest.raises(SingularStructureError, match="'b'"):
        compile_model(made, 1)


def test_wrong_requests_are_answered_in_one_line() -> None:
    with pytest.raises(ValueError, match="Did you mean 'jacobian'"):
        compile_model(model(), 1, ("jacobain",))
    with pytest.raises(ValueError, match="power of two"):
        compile_model(model(), 3)
    compiled = compile_model(model(), 1, ("jacobian",))
    with pytest.raises(KeyError, match="was not compiled"):
        compiled.address("solve")
    with pytest.raises(TypeError, match="contiguous"):
        compiled.call("jacobian", np.zeros(4)[::2])
