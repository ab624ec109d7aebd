"""Single molecules against closed forms of birth and death, and against the ODE at high copy numbers."""

import numpy as np
import pytest

from pathway.equations import Model
from pathway.expressions import parse
from pathway.simulation.stochastic import StochasticError, simulate_cells, stochastic_model


def built(species, parameters, rates, stoichiometry, **more):
    return Model(
        name="small",
        species=tuple(species),
        parameters=tuple(parameters),
        parameter_values=np.array(list(parameters.values()), dtype=float),
        initial={name: parse(text) for name, text in species.items()},
        rates={name: parse(text) for name, text in rates.items()},
        stoichiometry={s: {r: parse(str(n)) for r, n in parts.items()} for s, parts in stoichiometry.items()},
        **more,
    )


def birth_and_death(copies=None):
    model = built({"x": "0"}, {"k": 20.0, "d": 0.5}, {"make": "k", "lose": "d*x"}, {"x": {"make": 1, "lose": -1}})
    return stochastic_model(model, ["x"], copies)


@pytest.mark.parametrize("method", ["exact", "leap"])
def test_birth_and_death_is_poisson_at_every_time(method):
    # From zero: Poisson with mean k/d (1 - exp(-d t)).
    times = np.array([0.0, 0.5, 2.0, 20.0])
    cells = simulate_cells(
        birth_and_death(), times, [0], {"k": 20.0, "d": 0.5}, 20000, seed=1, method=method, workers=2
    )
    mean = 40 * (1 - np.exp(-0.5 * times))
    error = np.sqrt(np.maximum(mean, 1e-9) / 20000)
    counts = cells["x"]
    assert (np.abs(counts.mean(axis=0) - mean) <= 4.5 * error + (0.3 if method == "leap" else 0)).all()
    # The Fano factor of a Poisson count is 1, with standard error sqrt(2/n).
    fano = counts[:, 1:].var(axis=0) / counts[:, 1:].mean(axis=0)
    assert fano == pytest.approx(1.0, abs=0.05 if method == "exact" else 0.08)


def test_bursts_have_the_noise_of_a_two_stage_birth_and_death():
    # mRNA and protein: Fano = 1 + b / (1 + eta), b = translation / decay of mRNA, eta = ratio of decays
    # (Thattai and van Oudenaarden 2001, doi 10.1073/pnas.151588598).
    model = built(
        {"m": "0", "p": "0"},
        {"k": 2.0, "dm": 1.0, "t": 6.0, "dp": 0.2},
        {"make": "k", "lose": "dm*m", "translate": "t*m", "degrade": "dp*p"},
        {"m": {"make": 1, "lose": -1}, "p": {"translate": 1, "degrade": -1}},
    )
    parts = stochastic_model(model, ["m", "p"])
    cells = simulate_cells(parts, [0.0, 40.0], [2, 60], {"k": 2.0, "dm": 1.0, "t": 6.0, "dp": 0.2}, 8000, seed=3)
    protein = cells["p"][:, -1]
    assert protein.mean() == pytest.approx(60.0, rel=0.02)
    assert protein.var() / protein.mean() == pytest.approx(1 + 6.0 / 1.2, rel=0.06)


@pytest.mark.parametrize("method", ["exact", "leap"])
def test_many_molecules_follow_the_ode(method):
    # a + b -> c with a total of 20,000: the closed form of equal amounts is a0 / (1 + k a0 t).
    model = built(
        {"a": "1e4", "b": "1e4", "c": "0"},
        {"k": 1e-4},
        {"join": "k*a*b"},
        {"a": {"join": -1}, "b": {"join": -1}, "c": {"join": 1}},
    )
    parts = stochastic_model(model, ["a", "b", "c"])
    times = np.linspace(0, 3, 7)
    cells = simulate_cells(parts, times, [10000, 10000, 0], {"k": 1e-4}, 50, seed=5, method=method)
    # A leap holds propensities, which biases by up to its 3 % of a step.
    assert cells["a"].mean(axis=0) == pytest.approx(1e4 / (1 + times), rel=0.004 if method == "exact" else 0.012)
    assert (cells["a"] + cells["c"] == 10000).all()


def test_units_that_hold_many_molecules():
    cells = simulate_cells(birth_and_death({"x": 50.0}), [0.0, 30.0], [0], {"k": 20.0, "d": 0.5}, 3000, seed=2)
    amounts = cells.amounts("x")[:, -1]
    assert amounts.mean() == pytest.approx(40.0, rel=0.01)
    assert amounts.var() == pytest.approx(40.0 / 50.0, rel=0.1)


def test_inputs_may_change_over_time():
    # Synthesis stops at t = 10: from there the mean decays with d.
    times = np.array([0.0, 10.0, 10.000001, 12.0])
    drive = np.array([20.0, 20.0, 0.0, 0.0])
    cells = simulate_cells(birth_and_death(), times, [40], {"k": drive, "d": 0.5}, 20000, seed=7)
    assert cells["x"].mean(axis=0)[-1] == pytest.approx(40 * np.exp(-1.0), rel=0.02)


def test_rates_may_read_time_and_use_every_function():
    # dm/dt = k (1 + sin(w t)) - d m, from the mean of a Poisson process whose rate follows time.
    model = built(
        {"x": "0"}, {"k": 40.0, "w": 1.0}, {"make": "k*(1 + sin(w*time))", "lose": "x"}, {"x": {"make": 1, "lose": -1}}
    )
    times = np.linspace(0.0, 6.0, 241)
    counts = simulate_cells(stochastic_model(model, ["x"]), times, [0], {"k": 40.0, "w": 1.0}, 4000, seed=4)["x"]
    mean = 40.0 * (1.0 - np.exp(-times) + (np.sin(times) - np.cos(times) + np.exp(-times)) / 2.0)
    assert (np.abs(counts.mean(axis=0) - mean) <= 5.0 * np.sqrt(np.maximum(mean, 0.01) / 4000)).all()
    assert counts[:, -1].var() / mean[-1] == pytest.approx(1.0, abs=0.1)


def test_results_do_not_depend_on_the_number_of_workers():
    runs = [
        simulate_cells(birth_and_death(), [0.0, 5.0], [0], {"k": 20.0, "d": 0.5}, 37, seed=9, workers=n).counts
        for n in (1, 2, 3)
    ]
    assert (runs[0] == runs[1]).all() and (runs[0] == runs[2]).all()


def test_what_cannot_be_counted_is_refused_in_words():
    model = built({"x": "0", "y": "0"}, {"k": 1.0}, {"go": "k*x"}, {"x": {"go": -1}, "y": {"go": 1}})
    with pytest.raises(StochasticError, match="different numbers of molecules"):
        stochastic_model(model, ["x", "y"], {"x": 10.0})
    with pytest.raises(StochasticError, match="no species 'z'"):
        stochastic_model(model, ["z"])
    with pytest.raises(StochasticError, match="'k' is missing"):
        simulate_cells(stochastic_model(model, ["x", "y"]), [0.0, 1.0], [1, 1], {}, 2)


@pytest.mark.parametrize(
    ("times", "inputs", "more", "said"),
    [
        ([0.0, 1.0], {"k": 1.0, "d": 1.0}, {"method": "fast"}, "method 'fast': use 'exact' or 'leap'"),
        ([0.0], {"k": 1.0, "d": 1.0}, {}, "times must be at least two rising numbers"),
        ([0.0, 0.0], {"k": 1.0, "d": 1.0}, {}, "times must be at least two rising numbers"),
        ([[0.0, 1.0]], {"k": 1.0, "d": 1.0}, {}, "times must be at least two rising numbers"),
        ([0.0, 1.0], {"k": 1.0}, {}, "the input 'd' is missing"),
    ],
)
def test_questions_that_cannot_be_counted(times, inputs, more, said):
    with pytest.raises(StochasticError) as found:
        simulate_cells(birth_and_death(), times, [0], inputs, 3, **more)
    assert str(found.value) == said


def test_only_reactions_of_whole_molecules_can_be_counted():
    half = built({"x": "0"}, {"k": 1.0}, {"make": "k"}, {"x": {"make": 0.5}})
    with pytest.raises(StochasticError, match="reaction 'make' changes 'x' by something other than a whole number"):
        stochastic_model(half, ["x"])
    with pytest.raises(StochasticError, match="has no species 'y'"):
        stochastic_model(half, ["y"])
    ruled = built({"x": "0"}, {"k": 1.0}, {}, {}, rate_rules={"x": parse("k")})
    with pytest.raises(StochasticError, match="'x' follows a rule, not reactions, and cannot be counted"):
        stochastic_model(ruled, ["x"])


def test_amounts_are_counts_over_copies():
    cells = simulate_cells(birth_and_death({"x": 4.0}), [0.0, 1.0], [8], {"k": 20.0, "d": 0.5}, 5, seed=2)
    assert (cells.amounts("x") == cells["x"] / 4.0).all() and (cells.amounts("x")[:, 0] == 2.0).all()
