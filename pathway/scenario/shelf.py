"""The package's own laboratory: the circuit, its cell lines and agents."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pathway import parameters
from pathway.equations import Model, network_model
from pathway.network import circuit

from .laboratory import Agent, KnockDown, Laboratory


@cache
def built_in_laboratory() -> Laboratory:
    """What `pathway run` draws on."""
    network = circuit()
    return Laboratory(
        agents={name: _agent(entry) for name, entry in parameters.agents().items()},
        cell_lines=parameters.cell_lines(),
        model_of=cell_model,
        units={e.name: e.unit for e in (*network.species, *network.quantities, *network.observables)},
        parameters={parameter.name: parameter.unit for parameter in network.parameters},
        knock_downs={n: KnockDown(k.parameter, k.observable) for n, k in parameters.knock_downs().items()},
    )


def cell_model(name: str, folder: Path = Path()) -> Model:
    """The equations of a built-in cell line, or of one described by a TOML file in the folder.

    Its initial values are where the search for the untreated state starts, not that state.
    """
    line = line_of_cells(name, folder)
    return network_model(line.name, circuit(), parameters.values(circuit(), line))


def line_of_cells(name: str, folder: Path = Path()) -> parameters.CellLine:
    """A built-in cell line or one described by a TOML file: every number with its source."""
    return parameters.cell_line_file(folder / name) if name.endswith(".toml") else parameters.cell_line(name)


def _agent(entry: parameters.AgentEntry) -> Agent:
    return Agent(
        name=entry.name,
        species=entry.species,
        unit=entry.unit,
        molar_mass=entry.molar_mass,
        usual=entry.usual[1] if entry.usual else None,
        highest=entry.highest,
        highest_text=entry.highest_text,
        in_medium=entry.in_medium,
        source=entry.source,
        note=entry.note,
    )
