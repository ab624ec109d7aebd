"""The five-state model: its page of SciPy, and how far it is from the full circuit."""

import re
import textwrap

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from calibration.reduce_circuit import BY_HAND, reduce_circuit, resistant_relative_to_parental, with_numbers
from pathway import parameters, simulation
from pathway.equations import network_model
from pathway.network import circuit, minimal
from pathway.network.minimal import minimal_circuit
from pathway.scenario.built_in import cell_line_values, circuit_model
from pathway.simulation import Intervention, simulate

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
    entries = parameters.minimal_circuit_parameters()
    number = {name: entry.value for name, entry in entries.items()}
    terms = [number["k_miR21"] * 5.3, number["k_PTEN_turnover"], number["k_PTEN"], number["k_pAKT"] * 0.2, 0.02]
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


def growth_ratio_in_full(line, block):
    """The same in the full circuit: SK-BR-3 without transcription of miR-21 from -48 h on, if asked."""
    model, values = circuit_model(), cell_line_values(line)
    rest = np.array(simulation.steady_state(model, values))
    given = values.copy()
    if block:
        given[model.parameter_index("miR21_scale")] = 0.0

    def growth(dose):
        added = [Intervention(0.0, add={"trastuzumab": dose})]
        course = simulate(model, [-48.0, 0.0, 120.0], start=-48.0, parameters=given, initial=rest, interventions=added)
        return np.log(course["cell_number"][2] / course["cell_number"][1])

    return 2 ** (growth(68.7) / growth(0.0)) - 1


@pytest.mark.parametrize(("resistant", "block"), [(False, False), (True, False), (True, True)])
def test_error_of_the_reduction(resistant, block):
    """The bound is the one that the docstring states."""
    supply = resistant_relative_to_parental()[0] if resistant else 1.0
    full = growth_ratio_in_full("skbr3_resistant" if resistant else "skbr3", block)
    assert growth_ratio(supply, block) == pytest.approx(full, abs=0.13)


def test_the_numbers_are_those_that_follow_from_the_full_circuit():
    """Written by `python calibration/reduce_circuit.py --write`, in the file as in the equations written by hand."""
    numbers, errors = reduce_circuit()
    entries = parameters.minimal_circuit_parameters()
    assert {name: entries[name].value for name in numbers} == pytest.approx(numbers, rel=1e-3)
    assert errors["pAKT"] < 0.01 and errors["growth_rate"] < 0.001
    text = BY_HAND.read_text(encoding="utf-8")
    assert with_numbers(text, {name: entries[name].value for name in numbers}) == text


def test_untreated_states_agree_with_the_full_circuit():
    line = parameters.cell_line("skbr3")
    full = network_model("skbr3", circuit(), parameters.parameter_values(circuit(), line))
    rest = full.with_initial_values(np.array(steady_state(full)))
    small = model_of()
    small_rest = dict(zip(small.species, steady_state(small), strict=True))
    values = dict(zip(rest.species, rest.initial_values, strict=True))
    assert small_rest["pAKT"] == pytest.approx(values["AKT_S473"] + values["AKT_T308_S473"], abs=0.02)
    assert small_rest["PTEN"] == pytest.approx(values["PTEN_active"] + values["PTEN_phosphorylated"], rel=1e-4)
