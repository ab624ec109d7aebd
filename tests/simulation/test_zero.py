"""States that begin at zero, with rates whose slope is infinite or undefined there.

Judged by closed forms and by scipy's explicit Runge-Kutta method of order 8 (Radau's where that would take too many
steps), from rates written as Python functions, with what falls below zero taken as zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from pathway.equations import Model
from pathway.expressions import parse
from pathway.expressions.singular import singular_at_zero
from pathway.formats.antimony import read_antimony_text
from pathway.simulation import Intervention, SimulationError, simulate, simulate_ensemble, steady_state
from pathway.simulation.adjoint import trajectory_vjp
from pathway.simulation.interventions import schedule_of
from pathway.simulation.prepared import prepare_model
from pathway.simulation.solvers import layout
from pathway.simulation.tasks import make_task, run_one

TIMES = np.array([0.0, 0.01, 0.5, 1.0, 3.0])


def one(rate, **parameters):
    """y' = rate from zero."""
    return Model(
        name="one",
        species=("y",),
        parameters=tuple(parameters),
        parameter_values=np.array(list(parameters.values()), dtype=float),
        initial={"y": parse("0")},
        rate_rules={"y": parse(rate)},
    )


PUBLISHED = {
    "0.1 - k*y^0.5": (0.009387, 0.009950, 0.01),
    "0.1 + k*sqrt(y) - y": (0.132467, 0.305348, 0.839041),
    "0.1 + k*y^n/(1 + y^n) - k*y": (0.073168, 0.155241, 0.371490),
    "0.1 + k/(1 + (1/y)^2) - k*y": (0.039605, 0.064533, 0.102869),
    "0.1 + k/(1 + y^-2) - k*y": (0.039605, 0.064533, 0.102869),
}
"""Values of an explicit method at 0.5, 1 and 3, with k = 1 and n = 0.7."""


@pytest.mark.parametrize("rate", PUBLISHED)
def test_values_of_an_explicit_method(rate):
    found = simulate(one(rate, k=1.0, n=0.7), [0.0, 0.5, 1.0, 3.0])["y"]
    assert found[1:] == pytest.approx(PUBLISHED[rate], rel=1e-6, abs=5.1e-7)


def root_loss(t):
    """y(t) of y' = 0.1 - sqrt(y): with s = sqrt(y), 2 s s' = 0.1 - s, so t = -2 s - 0.2 log(1 - 10 s)."""
    return brentq(lambda s: -2.0 * s - 0.2 * np.log1p(-10.0 * s) - t, 0.0, 0.1 - 1e-16) ** 2


@pytest.mark.parametrize("begin", [0.0, 1e5])
@pytest.mark.parametrize("start", [0.0, 1e-300, 1e-30])
def test_a_loss_of_infinite_slope_against_its_closed_form(start, begin):
    times = np.array([1e-3, 0.05, 0.5, 1.0, 3.0])
    found = simulate(one("0.1 - k*y^0.5", k=1.0), begin + times, start=begin, initial=[start])["y"]
    assert found == pytest.approx([root_loss(t) for t in begin + times - begin], rel=3e-6)


def test_rest_of_states_that_begin_at_zero():
    assert steady_state(one("0.1 - k*y^0.5", k=1.0)) == pytest.approx([0.01], rel=1e-9)
    assert steady_state(one("0.1 + k*sqrt(y) - y", k=1.0)) == pytest.approx([(1 + np.sqrt(1.4)) ** 2 / 4], rel=1e-9)


def test_what_is_used_up_stays_at_zero():
    """y' = -sqrt(y) from 1: (1 - t / 2)^2, and 0 from t = 2 on; what y turns into keeps the total."""
    model = Model(
        name="pair",
        species=("y", "z"),
        parameters=("k",),
        parameter_values=np.array([1.0]),
        initial={"y": parse("1"), "z": parse("0")},
        rate_rules={"y": parse("-k*sqrt(y)"), "z": parse("k*sqrt(y)")},
    )
    times = np.array([0.0, 0.5, 1.0, 1.9, 2.5, 1000.0])
    values = simulate(model, times).values
    assert values[:, 0] == pytest.approx(np.maximum(1.0 - times / 2, 0.0) ** 2, abs=2e-6)
    assert values.sum(axis=1) == pytest.approx(np.ones(6), abs=1e-8) and (values >= 0.0).all()


@pytest.mark.parametrize(
    ("rate", "start", "expected"),
    [
        ("k*sqrt(time)", 0.0, lambda t: 2 / 3 * t**1.5),
        ("k*sqrt(y)", 0.0, lambda t: 0.0),
        ("-k*y*log(y)", 0.0, lambda t: 0.0),
        # s = sqrt(1 - y): 2 s s' = 0.2 + s, so t = 2 s - 0.4 log(1 + 5 s).
        ("-0.2*k - k*sqrt(1 - y)", 1.0, lambda t: 1 - brentq(lambda s: 2 * s - 0.4 * np.log1p(5 * s) - t, 0, 9) ** 2),
    ],
)
def test_other_places_of_infinite_slope(rate, start, expected):
    times = np.array([0.5, 1.0, 3.0])
    found = simulate(one(rate, k=1.0), times, initial=[start])["y"]
    assert found == pytest.approx([expected(t) for t in times], rel=3e-6, abs=1e-5 * start)


def test_a_species_that_would_fall_below_zero_is_named():
    with pytest.raises(SimulationError, match=r"time 0\.3446.*Fastest-changing species: y"):
        simulate(one("-1 - k*y^0.5", k=1.0), [0.0, 1.0], initial=[0.5])


def test_a_dose_that_empties_a_species_begins_anew():
    empty = Intervention(1.0, {"y": 0.0})
    found = simulate(one("0.1 - k*y^0.5", k=1.0), [1.0, 1.5, 2.0], interventions=[empty])["y"]
    assert found[1:] == pytest.approx([root_loss(0.5), root_loss(1.0)], rel=3e-6)


def test_lanes_do_not_disturb_each_other():
    model, times = one("0.1 - k*y^n", k=1.0, n=0.5), np.array([0.5, 1.0, 3.0])
    parameters = np.array([[1.0, n] for n in (0.3, 0.5, 1.0, 2.0, 0.7, -2.0, 0.5, 3.0, 1.5)])
    members = simulate_ensemble(model, times, parameters, workers=1)
    for k, row in enumerate(parameters):
        if row[1] < 0:
            assert list(members.failures) == [k]
            continue
        assert np.array_equal(members.values[k, :, 0], simulate_ensemble(model, times, row[None]).values[0, :, 0])
        assert members.values[k, :, 0] == pytest.approx(simulate(model, times, parameters=row)["y"], rel=1e-9)


SLOPES = {
    "c - k*y^n": {"c": 0.1, "k": 1.0, "n": 0.5},
    "c + k*y^n - y": {"c": 0.1, "k": 1.0, "n": 0.5},
    "c - k*y^n + 0*n": {"c": 0.1, "k": 1.0, "n": 0.3},
    "c + k/(1 + (K/y)^n) - y": {"c": 0.1, "k": 1.0, "n": 2.0, "K": 1.0},
    "c + k*y^n/(K^n + y^n) - y": {"c": 0.1, "k": 1.0, "n": 0.4, "K": 1.0},
    "c - k*y*log(y/c)": {"c": 0.1, "k": 1.0},
}


def differences(rate, values, times):
    """Slopes by each parameter, from an explicit method."""

    def run(changed):
        space = {**changed, "log": lambda x: np.log(x) if x > 0.0 else 0.0}
        code = compile(rate.replace("^", "**"), "rate", "eval")

        def slope(t, y):
            with np.errstate(all="ignore"):
                return [eval(code, space, {"y": np.float64(max(y[0], 0.0))})]

        method = {"method": "DOP853", "rtol": 1e-12, "atol": 1e-15, "first_step": 1e-10}
        return solve_ivp(slope, (0.0, times[-1]), [0.0], t_eval=times, **method).y[0]

    step = 1e-4
    return np.array(
        [
            (run({**values, n: v * (1 + step)}) - run({**values, n: v * (1 - step)})) / (2 * step * v)
            for n, v in values.items()
        ]
    ).T


@pytest.mark.parametrize("rate", SLOPES)
def test_slopes_by_parameters_of_what_begins_at_zero(rate):
    times, values = np.array([0.5, 1.0, 3.0]), SLOPES[rate]
    found = simulate(one(rate, **values), times, sensitivities=list(values)).sensitivities[:, 0]
    expected = differences(rate, values, times)
    assert found == pytest.approx(expected, rel=2e-5, abs=2e-6 * np.abs(expected).max())


def test_the_slope_by_a_start_at_zero():
    """y' = c - sqrt(y) moves along one curve: dy/dy0 = y'(t) / y'(0)."""
    found = simulate(one("c - k*y^0.5", c=0.1, k=1.0), [0.01, 0.1, 0.5], sensitivities=["y"]).sensitivities[:, 0, 0]
    assert found == pytest.approx([1 - 10 * np.sqrt(root_loss(t)) for t in (0.01, 0.1, 0.5)], rel=1e-4)


def pair(first, second):
    """y and z from zero, with their rates."""
    return Model(
        name="pair",
        species=("y", "z"),
        parameters=("k",),
        parameter_values=np.array([1.0]),
        initial={"y": parse("0"), "z": parse("0")},
        rate_rules={"y": parse(first), "z": parse(second)},
    )


def test_slopes_that_are_infinite_are_refused_by_name():
    for rates in (("0*k", "k*sqrt(y)"), ("-k*y", "k*y^0.3"), ("k*sqrt(y)", "k*y")):
        with pytest.raises(SimulationError, match="'y' rests at zero, where the slope of a rate is infinite"):
            simulate(pair(*rates), [0.5, 1.0], sensitivities=["y"])
        # By what does not move y they are zero.
        slopes = simulate(pair(*rates), [0.5, 1.0], sensitivities=["k", "z"]).sensitivities
        assert slopes[:, :, 0] == pytest.approx(np.zeros((2, 2)), abs=1e-10) and (slopes[:, 0, 1] == 0.0).all()


def test_what_is_used_up_at_once_hands_its_slope_on():
    """y' = -sqrt(y) at zero: any trace of y is z at once."""
    found = simulate(pair("-k*sqrt(y)", "k*sqrt(y)"), [0.5, 1.0], sensitivities=["y"]).sensitivities
    assert found[:, :, 0] == pytest.approx(np.array([[0.0, 1.0], [0.0, 1.0]]), abs=1e-6)


@pytest.mark.parametrize("rate", SLOPES)
def test_gradients_backwards_from_zero(rate):
    """One walk back against differences, from the end of a run with a tape."""
    times, values = np.array([0.5, 1.0, 3.0]), SLOPES[rate]
    prepared = prepare_model(one(rate, **values))
    start, parameters = np.zeros((1, 1)), np.array([list(values.values())])
    schedule = schedule_of(prepared.model, (), 0.0, 3.0)
    task = make_task(times, 0.0, start, parameters, 1e-9 * prepared.scales(start), [schedule], 1e-8, 1e-9)
    report = run_one(prepared, prepared.kernels(1), task, "Rodas5P", tape=True)
    tape = report.tape[: report.counts[0, layout.TAPED]]
    weights = np.array([[1.0], [0.5], [2.0]])
    gradient, _ = trajectory_vjp(prepared, tape, parameters[0], times, weights, np.zeros((1, 2)))
    expected = weights[:, 0] @ differences(rate, values, times)
    assert gradient[:, 0] == pytest.approx(expected, rel=1e-4, abs=1e-5 * np.abs(expected).max())


def test_names_that_need_care_at_zero():
    care = lambda text: singular_at_zero([parse(text)], ("x", "y"))  # noqa: E731
    assert care("x^0.5") == care("sqrt(k*x)") == care("x^n") == care("y*log(x)") == care("k/(1 + (k/x)^2)") == {"x"}
    assert care("x*y/(x + y)") == care("(x*y)^1.5") == {"x", "y"}
    assert care("x^2*y^3") == care("x/(k + x)") == care("log(1 + x)") == care("(1 - y)^0.5") == care("k^n*x") == set()


def test_a_condition_may_ask_for_a_species_that_no_rate_moves():
    text = "model m; species x in c, y in c; compartment c = 1; x = 0; y = 1; k = 2;"
    model = read_antimony_text(text + " R: -> y; piecewise(k/x, x > 0, 0) - y; end").model
    run = simulate(model, [1.0, 2.0], sensitivities=["k"])
    assert run["y"] == pytest.approx(np.exp([-1.0, -2.0]), rel=1e-5)
    assert not run.sensitivities.any()


# --- random models ------------------------------------------------------------------------------------------------


@dataclass
class Drawn:
    """A network: text for the program, the same as Python code for the judge."""

    rates: list[str] = field(default_factory=list)
    changes: list[dict[int, int]] = field(default_factory=list)
    values: dict[str, float] = field(default_factory=dict)
    kinds: set[str] = field(default_factory=set)
    n: int = 1

    def number(self, low, high, rng):
        """A new parameter, log-uniform."""
        name = f"p{len(self.values)}"
        self.values[name] = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        return name

    def add(self, kind, rate, changes):
        self.kinds.add(kind)
        self.rates.append(rate)
        self.changes.append(changes)


def exponent(drawn, rng):
    """0.3 to 3, as a number or as a parameter."""
    value = float(rng.choice([0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, round(rng.uniform(0.3, 3.0), 3)]))
    if rng.random() < 0.5:
        return repr(value)
    name = f"p{len(drawn.values)}"
    drawn.values[name] = value
    return name


def network(rng):
    """1 to 3 species, most of them at zero in the beginning."""
    drawn = Drawn(n=int(rng.integers(1, 4)))
    names = [f"y{i}" for i in range(drawn.n)]
    for i in range(drawn.n):
        if i == 0 or rng.random() < 0.4:
            drawn.add("production", drawn.number(0.03, 1.0, rng), {i: 1})
        drawn.add("decay", f"{drawn.number(0.3, 2.0, rng)}*{names[i]}", {i: -1})
    for _ in range(int(rng.integers(1, 4))):
        i, j = (int(k) for k in rng.integers(drawn.n, size=2))
        x, y = names[i], names[j]
        k, n, m = drawn.number(0.1, 2.0, rng), exponent(drawn, rng), exponent(drawn, rng)
        K = drawn.number(0.2, 2.0, rng)
        kind = str(rng.choice(["loss", "gain", "hill", "divided", "inverse", "product", "reversible", "ratio", "log"]))
        other = (i + 1) % drawn.n
        if kind == "loss":
            drawn.add(kind, f"{k}*{x}^{n}", {i: -1})
        elif kind == "gain":
            drawn.add(kind, f"{k}*{x}^{n}/(1 + 0.3*{x}^3)", {j: 1})
        elif kind == "hill":
            drawn.add(kind, f"{k}*{x}^{n}/({K}^{n} + {x}^{n})", {j: 1})
        elif kind == "divided":
            drawn.add(kind, f"{k}/(1 + ({K}/{x})^{n})", {j: 1})
        elif kind == "inverse":
            drawn.add(kind, f"{k}/(1 + ({x}/{K})^(-{n}))", {j: 1})
        elif kind == "product":
            drawn.add(kind, f"{k}*{x}^{n}*{y}^{m}", {i: -1})
        elif kind == "reversible" and other != i:
            drawn.add(kind, f"{k}*{x}^{n} - {K}*{names[other]}^{m}", {i: -1, other: 1})
        elif kind == "ratio":
            drawn.add(kind, f"{k}*{x}*{y}/({x} + {y})", {i: -1})
        elif kind == "log":
            drawn.add(kind, f"-{k}*{x}*log({x}/(10*{K}))/(1 + {x}^2)", {i: 1})
    starts = [0.0 if i == 0 or rng.random() < 0.8 else float(rng.uniform(0.1, 1.0)) for i in range(drawn.n)]
    return drawn, starts


def built(drawn, starts):
    """The program's model."""
    names = [f"y{i}" for i in range(drawn.n)]
    rules = []
    for i in range(drawn.n):
        terms = [f"({c[i]})*({r})" for r, c in zip(drawn.rates, drawn.changes, strict=True) if i in c]
        rules.append(" + ".join(terms))
    return Model(
        name="drawn",
        species=tuple(names),
        parameters=tuple(drawn.values),
        parameter_values=np.array(list(drawn.values.values())),
        initial={n: parse(repr(s)) for n, s in zip(names, starts, strict=True)},
        rate_rules={n: parse(r) for n, r in zip(names, rules, strict=True)},
    )


class TooDear(Exception):
    """The explicit method would need too many steps."""


def judge(drawn, starts, times, most=150_000):
    """An explicit method of order 8 with an own reading of the rates."""
    space = {"log": lambda x: np.log(x) if x > 0.0 else 0.0, "__builtins__": {}}  # x log x is 0 at 0
    code = [compile(r.replace("^", "**"), "rate", "eval") for r in drawn.rates]
    matrix = np.zeros((drawn.n, len(code)))
    for column, changes in enumerate(drawn.changes):
        for i, change in changes.items():
            matrix[i, column] = change
    space |= {name: np.float64(value) for name, value in drawn.values.items()}
    calls = [0]

    def rates(t, y):
        calls[0] += 1
        if calls[0] > most:
            raise TooDear
        local = {f"y{i}": np.float64(max(v, 0.0)) for i, v in enumerate(y)}
        values = np.array([eval(c, space, local) for c in code])
        return matrix @ np.where(np.isnan(values), 0.0, values)  # x y / (x + y) is 0 at 0

    options = {"rtol": 1e-10, "atol": 1e-13, "t_eval": times}
    with np.errstate(all="ignore"):
        try:
            run = solve_ivp(rates, (0.0, times[-1]), starts, method="DOP853", first_step=1e-9, **options)
        except TooDear:
            calls[0] = 0
            run = solve_ivp(rates, (0.0, times[-1]), starts, method="Radau", first_step=1e-12, **options)
    assert run.success, run.message
    return run.y.T


REFUSALS: dict[str, str] = {}
"""Kinds of refusal that are known: a piece of the message, and why."""


def compared(seed):
    """How far the program is from the judge, as a share of 1e-5 of each species' largest value (more: wrong)."""
    rng = np.random.default_rng(seed)
    drawn, starts = network(rng)
    try:
        found = simulate(built(drawn, starts), TIMES, relative_tolerance=1e-7).values
    except SimulationError as error:
        return drawn, str(error)
    expected = judge(drawn, starts, TIMES)
    size = 1e-5 * np.abs(expected).max(axis=0) + 1e-10
    return drawn, float(np.max(np.abs(found - expected) / size))


def judged(seeds):
    """The drawn networks: none wrong; refusals by kind."""
    refused: dict[str, int] = {}
    for seed in seeds:
        drawn, result = compared(seed)
        if isinstance(result, str):
            kind = next((k for k in REFUSALS if k in result), None)
            assert kind is not None, f"{seed}: a refusal of an unknown kind: {result}; {drawn}"
            refused[kind] = refused.get(kind, 0) + 1
        else:
            assert result <= 1.0, f"{seed}: {result:.3g} times too far off; {drawn}"
    return sum(refused.values())


def test_random_networks_from_zero():
    assert judged(range(30)) == 0


@pytest.mark.slow
def test_three_hundred_random_networks_from_zero():
    assert judged(range(300)) <= 9
