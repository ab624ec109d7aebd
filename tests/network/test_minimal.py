"""The five-state model: its page of SciPy, and how far it is from the full circuit."""

import re
import textwrap

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from pathway import parameters
from pathway.equations import network_model
from pathway.network import circuit, minimal
from pathway.network.minimal import minimal_circuit

from ..references.scipy_simulation import compiled, steady_state


def written_by_hand():
    """The fifteen lines of the module's own docstring."""
    text = textwrap.dedent(re.search(r"(    from scipy.*)", minimal.__doc__, flags=re.DOTALL).group(1))
    scope = {}
    exec(text, scope)  # our own docstring
    return scope


def model_of(**changes):
    entries = parameters.minimal_circuit_parameters()
    return network_model("minimal", minimal_circuit(), {n: e.value for n, e in entries.items()} | changes)


def test_the_fifteen_lines_are_the_declared_model():
    """Numbers in the docstring are rounded to three digits, so the slopes agree to a percent of their terms."""
    by_hand = written_by_hand()["rates"]
    model = model_of(miR21_supply=5.3, trastuzumab=68.7)
    function = compiled(model, list(model.derivatives.values()))
    state = [3.0, 0.7, 0.4, 0.2, 1.0]
    terms = [0.0389 * 5.3, 0.0237, 40.0, 36 * 0.2, 0.02]
    difference = np.abs(np.subtract(by_hand(0.0, state, 5.3, 68.7), function(0.0, state, model.parameter_values)))
    assert np.all(difference <= 0.01 * np.array(terms))


def growth_ratio(supply, block):
    """GR of 120 h of trastuzumab; miR-21 blocked from -48 h on if asked."""
    rest = network_model(
        "m",
        minimal_circuit(),
        {n: e.value for n, e in parameters.minimal_circuit_parameters().items()} | {"miR21_supply": supply},
    )
    start = np.array(steady_state(rest))
    level = 0.0 if block else supply

    def run(state, dose, hours):
        model = model_of(miR21_supply=level, trastuzumab=dose)
        function = compiled(model, list(model.derivatives.values()))
        done = solve_ivp(
            lambda t, y: function(t, y, model.parameter_values), (0, hours), state, "LSODA", rtol=1e-8, atol=1e-10
        )
        return done.y[:, -1]

    ready = run(start, 0.0, 48.0)
    treated, control = (run(ready, dose, 120.0)[4] - ready[4] for dose in (68.7, 0.0))
    return 2 ** (treated / control) - 1


@pytest.mark.parametrize(
    ("supply", "block", "full"),
    # The full circuit's SK-BR-3 values, as the docstring quotes them.
    [(1.0, False, 0.36), (5.3, False, 0.67), (5.3, True, 0.34)],
)
def test_error_of_the_reduction(supply, block, full):
    assert growth_ratio(supply, block) == pytest.approx(full, abs=0.08)


def test_untreated_states_agree_with_the_full_circuit():
    line = parameters.cell_line("skbr3")
    full = network_model("skbr3", circuit(), parameters.parameter_values(circuit(), line))
    rest = full.with_initial_values(np.array(steady_state(full)))
    small = model_of()
    small_rest = dict(zip(small.species, steady_state(small), strict=True))
    values = dict(zip(rest.species, rest.initial_values, strict=True))
    assert small_rest["pAKT"] == pytest.approx(values["AKT_S473"] + values["AKT_T308_S473"], abs=0.02)
    assert small_rest["PTEN"] == pytest.approx(values["PTEN_active"] + values["PTEN_phosphorylated"], rel=1e-4)
