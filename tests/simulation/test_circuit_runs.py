"""The circuit over 500 h: totals conserved, nothing negative, rest at rest; all lines, drawn parameters, every switch.

The references are the declared moieties, zero, the start, and a closed form for anti-miR without losses.
"""

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pathway import network, parameters
from pathway.network import circuit
from pathway.scenario.built_in import built_in_laboratory, cell_line_values, circuit_model
from pathway.scenario.sampled_cell_lines import SampledCellLines, parameter_sets_from_ranges
from pathway.simulation import Intervention, SimulationError, simulate, steady_state

LINES = parameters.cell_lines()
AGENTS = {name: agent for name, agent in parameters.agents().items() if agent.species}
HOURS = np.linspace(0.0, 500.0, 1001)
MODEL = circuit_model()
INNER = np.array([name not in MODEL.outputs for name in MODEL.species])
TABLE = re.findall(
    r"^\| .+? \| (`.+?`) \| (0|very large) \|$",
    (Path(network.__file__).parent / "MODEL.md").read_text(encoding="utf-8"),
    flags=re.MULTILINE,
)
SWITCHES = {text: {name: 0.0 if off == "0" else 1e12 for name in re.findall(r"\w+", text)} for text, off in TABLE}


@cache
def resting(line):
    values = cell_line_values(line)
    return values, steady_state(MODEL, values)


def drawn(line, seed):
    """Parameters drawn in the ranges of a line, and the state they rest in; None where no cell lives on them."""
    cells = SampledCellLines(built_in_laboratory(), parameter_sets_from_ranges(MODEL, seed, [0])).line(line)
    if not cells.alive[0]:
        return None
    try:
        return cells.parameters[0], steady_state(MODEL, cells.parameters[0])
    except SimulationError:
        return None


def doses(name):
    """An agent at the highest dose on record, taken away and given again, with trastuzumab from the second day on."""
    species, amount = AGENTS[name].species, AGENTS[name].highest or 100.0
    return [
        Intervention(0.0, add={species: amount}),
        Intervention(24.0, add={"trastuzumab": 68.7}),
        Intervention(72.0, set={species: 0.0}),
        Intervention(200.0, add={species: amount}),
    ]


def tolerances(values):
    """1e-9 of the highest value of each species, or of a thousandth of the highest of its unit if that is more.

    A millionth of a unit is the least that counts as there: an agent that is never given may be dust of the search.
    """
    peaks = np.abs(values).max(axis=0)
    units = np.array([MODEL.units[name] for name in MODEL.species])
    for unit in set(units):
        same = units == unit
        peaks[same] = np.maximum(peaks[same], 1e-3 * peaks[same & INNER].max())
    return 1e-9 * np.maximum(peaks, 1e-6)


def check_totals(values):
    names = {}
    for species in circuit().species:
        if species.moiety:
            names.setdefault(species.moiety, []).append(MODEL.species_index(species.name))
    assert len(names) == 8
    for total, places in names.items():
        course = values[:, places].sum(axis=1)
        assert np.max(np.abs(course - course[0])) <= 1e-9 * course[0], total


def check_course(parameter_values, state, agent, relative_tolerance=1e-6):
    """Totals hold, and nothing falls below -10 times its absolute tolerance."""
    given = dict(parameters=parameter_values, initial=state, interventions=doses(agent))
    found = simulate(MODEL, HOURS, relative_tolerance=relative_tolerance, **given).values
    absolute = tolerances(found)
    found = simulate(MODEL, HOURS, relative_tolerance=relative_tolerance, absolute_tolerance=absolute, **given).values
    assert np.isfinite(found).all()
    check_totals(found)
    lowest = (found / absolute).min(axis=0)
    below = {MODEL.species[i]: lowest[i] for i in np.flatnonzero(INNER & (lowest < -10.0))}
    assert below == {}


def check_rest(parameter_values, state):
    """No species moves by more than 1e-6 of itself; one that is absent stays so in units of the others."""
    found = simulate(MODEL, HOURS, parameters=parameter_values, initial=state).values[:, INNER]
    scale = np.maximum(np.abs(state[INNER]), 1e-12 * np.abs(state[INNER]).max())
    assert np.max(np.abs(found - state[INNER]) / scale) < 1e-6


def check_switch(line, changes):
    values = cell_line_values(line).copy()
    for name, off in changes.items():
        values[MODEL.parameter_index(name)] = off
    check_course(values, steady_state(MODEL, values), "anti-miR-21 (transfected)")


@pytest.mark.parametrize("line", LINES)
def test_untreated_cells_stay_at_rest(line):
    check_rest(*resting(line))


@pytest.mark.parametrize("line", LINES)
def test_totals_hold_and_nothing_is_negative_under_treatment(line):
    check_course(*resting(line), "anti-miR-21 (transfected)")


@pytest.mark.parametrize("agent", AGENTS)
def test_totals_hold_and_nothing_is_negative_under_every_agent(agent):
    check_course(*resting("bt474_resistant"), agent)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6), line=st.sampled_from(LINES), agent=st.sampled_from(sorted(AGENTS)))
def test_drawn_cells_conserve_and_rest(seed, line, agent):
    cells = drawn(line, seed)
    if cells is not None:
        check_rest(*cells)
        check_course(*cells, agent)


@pytest.mark.parametrize("switch", SWITCHES)
def test_every_switch_leaves_a_runnable_model(switch):
    check_switch("skbr3_resistant", SWITCHES[switch])


def test_switches_were_found():
    assert len(SWITCHES) >= 19
    assert SWITCHES["`miR221_basal`, `miR221_extra`"] == {"miR221_basal": 0.0, "miR221_extra": 0.0}


@pytest.mark.parametrize("agent", ["anti-miR-21 (transfected)", "anti-miR-21 (gymnotic)"])
def test_all_antimir_that_comes_in_is_found_again(agent):
    """Without decay and divisions, inside is what left the medium: uptake per loss times what is gone from there."""
    species = AGENTS[agent].species
    kept = dict.fromkeys(("mu_max", "k_antimiR_degradation", "k_antimiR_endosomal_loss", "k_miRNA_decay"), 0.0)
    model = MODEL.with_parameters(kept)
    value = dict(zip(model.parameters, model.parameter_values, strict=True))
    given = [Intervention(0.0, add={species: 50.0}), Intervention(30.0, add={species: 20.0})]
    found = simulate(model, HOURS, interventions=given, relative_tolerance=1e-9)
    uptake, loss = {
        "antimiR_lipoplex": (value["k_antimiR_transfection"], value["k_lipoplex_loss"]),
        "antimiR_medium": (value["k_antimiR_uptake"], value["k_antimiR_medium_loss"]),
    }[species]
    gone = 50.0 * -np.expm1(-loss * HOURS) + 20.0 * -np.expm1(-loss * np.maximum(HOURS - 30.0, 0.0))
    assert np.asarray(found["antimiR_inside"]) == pytest.approx(uptake / loss * gone, rel=1e-7, abs=1e-3)


def test_what_dips_below_zero_at_a_loose_tolerance_is_fast_decay_from_the_medium():
    """Transfection complexes fall a millionfold within hours; a coarse step lands on the far side of zero.

    The dip is within the error that was asked for: a hundredth of what was there a step before.
    """
    values, state = resting("skbr3_resistant")
    given = dict(parameters=values, initial=state, interventions=doses("miR-221 mimic"))
    found = simulate(MODEL, HOURS, relative_tolerance=1e-2, **given).values
    negative = {MODEL.species[i] for i in np.flatnonzero((found / tolerances(found)).min(axis=0) < -10.0)}
    assert negative <= {"miR221_lipoplex", "mimic_lipoplex", "antimiR_lipoplex"}
    assert found.min() > -1e-6 * found[:, MODEL.species_index("miR221_lipoplex")].max()


@pytest.mark.slow
@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("agent", AGENTS)
def test_totals_hold_and_nothing_is_negative_everywhere(line, agent):
    for relative_tolerance in (1e-3, 1e-4, 1e-6, 1e-8):
        check_course(*resting(line), agent, relative_tolerance)


@pytest.mark.slow
@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("switch", SWITCHES)
def test_every_switch_in_every_line(line, switch):
    check_switch(line, SWITCHES[switch])


@pytest.mark.slow
@pytest.mark.parametrize("line", LINES)
def test_many_drawn_cells_conserve_and_rest(line):
    living = 0
    for seed in range(60):
        cells = drawn(line, seed)
        if cells is not None:
            living += 1
            check_rest(*cells)
            check_course(*cells, sorted(AGENTS)[seed % len(AGENTS)])
    assert living >= 30
