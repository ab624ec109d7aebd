"""What is known of the circuit as a whole is declared with it, and a new reaction brings its own."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import pathway
from pathway import parameters
from pathway.analysis.paired_model import REFERENCE, influence_switch, paired_model
from pathway.equations import network_model
from pathway.formats.equations_text import latex_text
from pathway.formats.sbml import read_sbml_text
from pathway.formats.sbml.export import sbml_text
from pathway.network import (
    FeedbackLoop,
    Influence,
    MapEdge,
    MapNode,
    NetworkError,
    Observable,
    Parameter,
    Reaction,
    Species,
    antimir,
    circuit,
    drugs,
    growth,
    influences,
    join_modules,
    loops,
    map,
    mapk,
    mir21,
    pi3k_akt,
    plasmids,
    receptors,
)

CIRCUIT = (receptors, growth, drugs, mir21, plasmids, antimir, pi3k_akt, mapk, loops, influences, map)


def decoy(**changed: object) -> ModuleType:
    """A protein that AKT makes and nothing needs, as a module of the network."""
    declared: dict[str, object] = {
        "SPECIES": (Species("decoy", "1", "a protein for the test", start="1"),),
        "PARAMETERS": (Parameter("k_decoy", "1/h", "turnover of the decoy"),),
        "REACTIONS": (
            Reaction("decoy_synthesis", "-> decoy", "k_decoy*AKT_activity"),
            Reaction("decoy_loss", "decoy ->", "k_decoy*decoy"),
        ),
        "OBSERVABLES": (Observable("decoy_level", "1", "decoy", "the decoy"),),
        "LOOPS": (FeedbackLoop("AKT to decoy", {"k_decoy": 0.0}),),
        "INFLUENCES": (Influence("AKT", ("AKT_activity",), ("decoy_synthesis",), "setting AKT", ("decoy_level",)),),
        "MAP_NODES": (MapNode("decoy", 6.9, 5.45, "decoy", "decoy"),),
        "MAP_EDGES": (MapEdge("AKT", "decoy", "+", ("decoy_synthesis",), ("AKT",)),),
    }
    return SimpleNamespace(**{**declared, **changed})  # type: ignore[return-value]


def test_a_reaction_in_one_module_is_found_everywhere() -> None:
    network = join_modules((*CIRCUIT, decoy()))
    values = {name: entry.value for name, entry in parameters.reference_entries().items()} | {"k_decoy": 0.1}
    model = network_model("circuit with a decoy", network, values)
    assert "decoy" in model.species and "k_decoy" in model.parameters and model.units["k_decoy"] == "1/h"
    assert network.units["decoy_level"] == "1"
    assert network.map_nodes[-1].name == "decoy" and network.map_edges[-1].reactions == ("decoy_synthesis",)
    (carrier,) = network.influences_on("decoy_level")
    assert "decoy_level" in network.explained and network.loops[-1].switched_off == {"k_decoy": 0.0}
    pair = paired_model(model, [carrier])
    assert influence_switch(carrier) in pair.parameters and REFERENCE + "decoy" in pair.species
    again = read_sbml_text(sbml_text(model)).model
    assert "decoy" in again.species and "decoy_synthesis" in again.rates
    assert "decoy" in latex_text(model)


def test_the_circuit_is_the_modules_and_nothing_else() -> None:
    assert join_modules(CIRCUIT) == circuit()


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        (
            {"LOOPS": (FeedbackLoop("x", {"k_decoi": 0.0}),)},
            "loop 'x': no parameter is called 'k_decoi'. Did you mean 'k_decoy'",
        ),
        (
            {"INFLUENCES": (Influence("AKT", ("AKT_activty",), ("decoy_synthesis",)),)},
            "no species or quantity is called",
        ),
        (
            {"INFLUENCES": (Influence("AKT", ("AKT_activity",), ("decoy_sinthesis",)),)},
            "no reaction or quantity is called",
        ),
        ({"MAP_NODES": (MapNode("decoy", 0, 0, "decoy", "decoi"),)}, "box 'decoy' of the map: no species or quantity"),
        ({"MAP_EDGES": (MapEdge("AKT", "decoi", "+"),)}, "arrow from 'AKT' to 'decoi' of the map: no box is called"),
        ({"MAP_EDGES": (MapEdge("AKT", "decoy", "+", ("decoy_made",)),)}, "no reaction is called 'decoy_made'"),
        (
            {"MAP_EDGES": (MapEdge("AKT", "decoy", "+", (), ("AKTT",)),)},
            "no influence is called 'AKTT'. Did you mean 'AKT'",
        ),
    ],
)
def test_a_name_that_nothing_declares_is_refused(changed: dict[str, object], line: str) -> None:
    with pytest.raises(NetworkError) as refused:
        join_modules((*CIRCUIT, decoy(**changed)))
    assert line in str(refused.value)


def test_a_positive_loop_says_how_it_closes() -> None:
    positive = [loop for loop in circuit().loops if loop.name[:1] == "B" and loop.name[1].isdigit()]
    assert [loop.name[:2] for loop in positive] == ["B1", "B2", "B3", "B4", "B5"]
    assert all(loop.may_switch and loop.meaning for loop in positive)


def test_what_is_in_an_arbitrary_unit_can_be_counted_in_another_one_without_any_other_reading_noticing() -> None:
    """PIP3 three times as much, and each constant that holds its unit changed with it: all else stays as it was."""
    model = pathway.load("bt474")
    values = model.parameter_values.copy()
    for name, power in {"k_PI3K": 1, "k_PTEN": 1, "Km_PTEN": 1, "K_S473": 1, "k_T308": -1}.items():
        values[model.parameter_index(name)] *= 3.0**power
    place, start = model.species_index("PIP3"), model.initial_values * 1.1
    other = np.where(np.arange(start.size) == place, 3.0, 1.0) * start
    times = np.linspace(0.0, 24.0, 5)
    usual = pathway.simulate(model, times, initial=start, relative_tolerance=1e-9)
    counted = pathway.simulate(model, times, parameters=values, initial=other, relative_tolerance=1e-9)
    assert circuit().in_arbitrary_units == {"PIP3"}
    np.testing.assert_allclose(counted.values[:, place], 3.0 * usual.values[:, place], rtol=1e-7)
    rest = np.arange(start.size) != place
    np.testing.assert_allclose(counted.values[:, rest], usual.values[:, rest], rtol=1e-6, atol=1e-12)
