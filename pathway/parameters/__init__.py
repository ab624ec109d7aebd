"""HOW MUCH: value, unit, range, source and confidence of every parameter; agents; one file of differences per line.

Numbers only, in TOML, and files of many sets of them (`parameter_ensemble`); what reacts is `network/`. No number
without a unit, and none without a source or "assumed".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from pathway.errors import UnknownNameError, did_you_mean
from pathway.network import Network, circuit
from pathway.network.minimal import minimal_circuit
from pathway.network.pharmacokinetics import trastuzumab_pharmacokinetics

from .lines import CellLine, cell_line_with_values, is_cell_line_file, read_cell_line
from .names import name_as_known, other_agent_names
from .read import (
    HERE,
    AgentEntry,
    Entry,
    ParameterError,
    Source,
    read_agents,
    read_reference,
    read_sources,
    read_toml,
)

__all__ = [
    "ANCHORED",
    "AgentEntry",
    "Anchor",
    "CellLine",
    "Entry",
    "KnockDownEntry",
    "ParameterError",
    "Source",
    "agents",
    "anchors",
    "anchors_in_line",
    "anchors_solved_in_line",
    "cell_line",
    "cell_line_file",
    "cell_line_with_values",
    "cell_lines",
    "is_cell_line_file",
    "knock_downs",
    "media",
    "minimal_circuit_parameters",
    "name_as_known",
    "other_agent_names",
    "parameter_values",
    "pharmacokinetic_entries",
    "reference_entries",
    "sources",
]


ANCHORED = "anchored"
"""The source of numbers that follow from an anchor."""


@dataclass(frozen=True)
class Anchor:
    """A parameter that is not chosen but follows: in the untreated parental line `quantity` equals `target`.

    Where a line sets the parameter to 0, as of a gene that is lost, it stays 0.

    Attributes
    ----------
    parameter, quantity : str
    target : float or str
        A number, or the name of another quantity.
    stated_by : str or None
        The parameter that states the target: a line with a parent that sets this one itself is anchored to it.
    """

    parameter: str
    quantity: str
    target: float | str
    stated_by: str | None = field(default=None, repr=False)  # kept shares of draws go by what is shown


@dataclass(frozen=True)
class KnockDownEntry:
    """How a protein is lowered: the parameter its synthesis scales with, and the observable that shows its level; or,
    where the circuit conserves it, the species of all its forms."""

    protein: str
    parameter: str = ""
    observable: str = ""
    species: tuple[str, ...] = ()


@cache
def sources() -> Mapping[str, Source]:
    """Every source by its key."""
    return read_sources(HERE / "sources.toml")


@cache
def reference_entries() -> Mapping[str, Entry]:
    """The reference entry of every parameter, in the network's order."""
    units = {parameter.name: parameter.unit for parameter in circuit().parameters}
    return read_reference(HERE / "reference.toml", units, sources())


@cache
def minimal_circuit_parameters() -> Mapping[str, Entry]:
    """The entries of the five-state teaching model, in its network's order."""
    units = {parameter.name: parameter.unit for parameter in minimal_circuit().parameters}
    return read_reference(HERE / "minimal.toml", units, sources())


@cache
def pharmacokinetic_entries() -> Mapping[str, Entry]:
    """The entries of trastuzumab in a typical woman, in its network's order."""
    units = {parameter.name: parameter.unit for parameter in trastuzumab_pharmacokinetics().parameters}
    return read_reference(HERE / "pharmacokinetics.toml", units, sources())


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
    UnknownNameError
        If there is no such line, with the nearest names.
    ParameterError
        If its file is wrong, with one line for each mistake.
    """
    name = name_as_known(name, cell_lines())
    if name not in cell_lines():
        raise UnknownNameError(f"no cell line is called '{name}'.{did_you_mean(name, cell_lines())}")
    line = read_cell_line(HERE / "cells" / f"{name}.toml", reference_entries(), sources(), cell_line)
    return replace(line, files=())


def cell_line_file(path: str | Path) -> CellLine:
    """A cell line from a user's own file, whose parent may be a built-in line or another file.

    What follows from the untreated steady state (`anchors_solved_in_line`) is not found here: it has the number of the
    file, of the parent, or of the reference cell.

    Raises
    ------
    ParameterError
        With one line for each mistake, with file and line.
    """
    return read_cell_line(Path(path), reference_entries(), sources(), cell_line)


def parameter_values(network: Network, line: CellLine) -> dict[str, float]:
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
    tables = read_toml(HERE / "anchors.toml").tables
    return tuple(Anchor(name, **table) for name, table in tables.items())


def anchors_in_line(line: CellLine) -> tuple[Anchor, ...]:
    """The anchors that hold in a line: a parameter that it sets to 0 can reach no target."""
    return tuple(anchor for anchor in anchors() if line.entries[anchor.parameter].value != 0.0)


def anchors_solved_in_line(line: CellLine) -> tuple[Anchor, ...]:
    """The anchors whose parameters are found in a line itself: the others have its parent's numbers, or its own.

    Of a parental line all that hold, unless it sets the parameter itself; of a line with a parent those whose target it
    states, such as a doubling time of its own.
    """
    return tuple(anchor for anchor in anchors_in_line(line) if _is_found_in(anchor, line))


def _is_found_in(anchor: Anchor, line: CellLine) -> bool:
    follows = line.entries[anchor.parameter].source == ANCHORED
    if line.parent is None:
        return follows
    return anchor.stated_by in line.own and anchor.parameter not in line.own


@cache
def media() -> Mapping[str, Mapping[str, float]]:
    """The parameters that each medium sets, by the medium's name."""
    return read_toml(HERE / "media.toml").tables


@cache
def knock_downs() -> Mapping[str, KnockDownEntry]:
    """Proteins that a scenario can knock down."""
    tables = read_toml(HERE / "knock_downs.toml").tables
    return {name: KnockDownEntry(name, **_as_fields(table)) for name, table in tables.items()}


def _as_fields(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
