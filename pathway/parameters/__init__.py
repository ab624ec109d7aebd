"""HOW MUCH: value, unit, range, source and confidence of every parameter; agents; one file of differences per line.

Numbers only, in TOML; what reacts is `network/`. No number without a unit, and none without a source or "assumed".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pathway.errors import UnknownName
from pathway.network import Network, circuit
from pathway.network.minimal import minimal_circuit

from .read import (
    HERE,
    AgentEntry,
    CellLine,
    Entry,
    ParameterError,
    Source,
    document,
    nearest,
    read_agents,
    read_line,
    read_reference,
    read_sources,
    with_values,
)

__all__ = [
    "AgentEntry",
    "Anchor",
    "CellLine",
    "Entry",
    "KnockDownEntry",
    "ParameterError",
    "Source",
    "agents",
    "anchors",
    "anchors_held",
    "cell_line",
    "cell_line_file",
    "cell_lines",
    "knock_downs",
    "minimal",
    "reference",
    "sources",
    "values",
    "with_values",
]


@dataclass(frozen=True)
class Anchor:
    """A parameter that is not chosen but follows: in the untreated parental line `quantity` equals `target`.

    Where a line sets the parameter to 0, as of a gene that is lost, it stays 0.

    Attributes
    ----------
    parameter, quantity : str
    target : float or str
        A number, or the name of another quantity.
    """

    parameter: str
    quantity: str
    target: float | str


@dataclass(frozen=True)
class KnockDownEntry:
    """How a protein is lowered: the parameter its synthesis scales with, and the observable that shows its level."""

    protein: str
    parameter: str
    observable: str


@cache
def sources() -> Mapping[str, Source]:
    """Every source by its key."""
    return read_sources(HERE / "sources.toml")


@cache
def reference() -> Mapping[str, Entry]:
    """The reference entry of every parameter, in the network's order."""
    units = {parameter.name: parameter.unit for parameter in circuit().parameters}
    return read_reference(HERE / "reference.toml", units, sources())


@cache
def minimal() -> Mapping[str, Entry]:
    """The entries of the five-state teaching model, in its network's order."""
    units = {parameter.name: parameter.unit for parameter in minimal_circuit().parameters}
    return read_reference(HERE / "minimal.toml", units, sources())


@cache
def agents() -> Mapping[str, AgentEntry]:
    """Every agent by its name."""
    units = {species.name: species.unit for species in circuit().species}
    return read_agents(HERE / "agents.toml", units, sources())


@cache
def cell_lines() -> tuple[str, ...]:
    """Names of the built-in lines: parental ones first."""
    names = sorted(path.stem for path in (HERE / "cells").glob("*.toml"))
    return tuple(sorted(names, key=lambda name: (name.endswith("_resistant"), name)))


@cache
def cell_line(name: str) -> CellLine:
    """A built-in cell line: every parameter with its value and where that comes from.

    Raises
    ------
    KeyError
        If there is no such line, with the nearest names.
    ParameterError
        If its file is wrong, with one line for each mistake.
    """
    if name not in cell_lines():
        raise UnknownName(f"no cell line is called '{name}'.{nearest(name, cell_lines())}")
    return read_line(HERE / "cells" / f"{name}.toml", reference(), sources(), cell_line)


def cell_line_file(path: str | Path) -> CellLine:
    """A cell line from a user's own file, with the built-in ones as possible parents."""
    return read_line(Path(path), reference(), sources(), cell_line)


def values(network: Network, line: CellLine) -> dict[str, float]:
    """What `pathway.equations.network_model` needs: the value of every parameter of a network.

    Raises
    ------
    ParameterError
        If the line lacks a parameter of the network.
    """
    missing = [p.name for p in network.parameters if p.name not in line.entries]
    if missing:
        raise ParameterError(f"{line.name}: no value for {', '.join(missing)}")
    return {p.name: line.entries[p.name].value for p in network.parameters}


@cache
def anchors() -> tuple[Anchor, ...]:
    """The parameters that are anchored in every parental line."""
    tables = document(HERE / "anchors.toml").tables
    return tuple(Anchor(name, table["quantity"], table["target"]) for name, table in tables.items())


def anchors_held(line: CellLine) -> tuple[Anchor, ...]:
    """The anchors that hold in a line: a parameter that it sets to 0 can reach no target."""
    return tuple(anchor for anchor in anchors() if line.entries[anchor.parameter].value != 0.0)


@cache
def knock_downs() -> Mapping[str, KnockDownEntry]:
    """Proteins that a scenario can knock down."""
    tables = document(HERE / "knock_downs.toml").tables
    return {name: KnockDownEntry(name, table["parameter"], table["observable"]) for name, table in tables.items()}
