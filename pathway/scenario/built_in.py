"""The package's own laboratory: the circuit, its cell lines and agents."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from pathway import parameters
from pathway.equations import Model, network_model
from pathway.network import Network, Observable, Quantity, Species, circuit
from pathway.network.minimal import minimal_circuit

from .anchored_lines import anchored_line
from .divisors import parameters_undefined_at_zero
from .laboratory import Agent, KnockDown, Laboratory


@cache
def built_in_laboratory() -> Laboratory:
    """What `pathway run` draws on."""
    network = circuit()
    return Laboratory(
        agents={name: _agent(entry) for name, entry in parameters.agents().items()},
        cell_lines=parameters.cell_lines(),
        model=circuit_model(),
        parameters_of=cell_line_values,
        units=_readable(network),
        parameters={parameter.name: parameter.unit for parameter in network.parameters},
        knock_downs={n: KnockDown(k.parameter, k.observable, k.species) for n, k in parameters.knock_downs().items()},
        line_of=open_cell_line,
        anchors=parameters.anchors(),
        media=parameters.media(),
        other_names=parameters.other_agent_names(),
    )


def _readable(network: Network) -> dict[str, str]:
    """Unit of everything that can be read off: species, quantities, observables."""
    groups: tuple[tuple[Species | Quantity | Observable, ...], ...]
    groups = network.species, network.quantities, network.observables
    return {entry.name: entry.unit for group in groups for entry in group}


@cache
def circuit_model() -> Model:
    """The circuit at its reference numbers; made once, so that it is derived and compiled once."""
    values = {name: entry.value for name, entry in parameters.reference_entries().items()}
    return network_model("circuit", circuit(), values)


def minimal_model() -> Model:
    """The five-state teaching model."""
    values = {name: entry.value for name, entry in parameters.minimal_circuit_parameters().items()}
    return network_model("minimal", minimal_circuit(), values)


def cell_line_values(name: str, folder: Path = Path()) -> np.ndarray:
    """The parameter values of a cell line, in the order of the circuit's parameters."""
    values = parameters.parameter_values(circuit(), open_cell_line(name, folder))
    return np.array([values[parameter] for parameter in circuit_model().parameters])


def open_cell_line(name: str, folder: Path = Path()) -> parameters.CellLine:
    """A built-in cell line, or one described by a TOML file with what follows found: every number with its source.

    Raises
    ------
    UnknownNameError
        If no built-in line has the name.
    ParameterError
        If the file is wrong, or there are no untreated cells with its numbers; with file and line.
    """
    return _of_file(folder / name) if name.endswith(".toml") else parameters.cell_line(name)


def _of_file(path: Path) -> parameters.CellLine:
    """A line of a user's own, anchored like the built-in ones, and its parents before it."""
    line = parameters.cell_line_file(path)
    if line.parent is not None:
        line = _with_parents_numbers(line, open_cell_line(line.parent))
    _refuse_zeros(line, path)
    return anchored_line(line, circuit_model())


def _refuse_zeros(line: parameters.CellLine, path: Path) -> None:
    """Raise if the line sets to 0 what something is divided by."""
    zeros = [name for name in sorted(line.own) if line.entries[name].value == 0.0]
    if zeros:
        model = circuit_model()
        values = np.array([line.entries[name].value for name in model.parameters])
        values = np.where(values == 0.0, model.parameter_values, values)
        undefined = parameters_undefined_at_zero(model, values, zeros)
        complaints = [
            f"{path}:{line.entries[name].line}: '{name}' divides, and cannot be 0: {what} would not be a finite number"
            for name, what in undefined.items()
        ]
        if complaints:
            raise parameters.ParameterError("\n".join(complaints))


def _with_parents_numbers(line: parameters.CellLine, parent: parameters.CellLine) -> parameters.CellLine:
    """The line with what was found in its parent."""
    names = [a.parameter for a in parameters.anchors() if a.parameter not in line.own]
    return replace(line, entries={**line.entries, **{name: parent.entries[name] for name in names}})


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
