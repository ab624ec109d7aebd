"""What a scenario can draw on: agents on the shelf, cell lines in the freezer, what can be read off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pathway.equations import Model
from pathway.parameters import Anchor, CellLine


@dataclass(frozen=True)
class Agent:
    """Something that can be given to cells.

    Attributes
    ----------
    name : str
    species : str or None
        Where a dose goes; None for what does nothing (vehicle, control oligos) and for the medium change.
    unit : str
        Of the species.
    molar_mass : float or None
        g/mol: lets "10 ug/mL" be given where the model counts nM.
    usual : float or None
        What "1 x" means, in `unit`.
    highest : float or None
        Highest in-vitro dose on record, in `unit`; beyond it a scenario has to say that it is meant.
    highest_text : str
        The same as the record has it.
    in_medium : bool
        Whether a medium change removes it.
    source, note : str
    """

    name: str
    species: str | None = None
    unit: str = "1"
    molar_mass: float | None = None
    usual: float | None = None
    highest: float | None = None
    highest_text: str = ""
    in_medium: bool = True
    source: str = ""
    note: str = ""


@dataclass(frozen=True)
class KnockDown:
    """How a protein is lowered: the parameter that its synthesis scales with, and where its level is read; or, where it
    is conserved, the species of all its forms, which fall at a moment."""

    parameter: str = ""
    observable: str = ""
    species: tuple[str, ...] = ()

    @property
    def scaled(self) -> tuple[str, ...]:
        """What a knock-down at a moment scales."""
        return self.species or (self.parameter,)


@dataclass(frozen=True, eq=False)
class Laboratory:
    """Agents, cell lines, proteins that can be knocked down, and the names and units of everything readable.

    Attributes
    ----------
    agents : mapping of name to Agent
    cell_lines : tuple of str
        Built-in ones; a scenario may also name the file of another.
    model : Model
        What all cell lines have in common; lines differ in parameter values, so that one compiled model serves all.
    parameters_of : callable (name, folder) -> array, shape (n_parameters,)
        The numbers of a built-in line, or of a file that lies in the folder.
    units : mapping of readable name to unit text
        Species, quantities and observables.
    parameters : mapping of parameter name to unit text
    knock_downs : mapping of protein to KnockDown
    cell_count : str
        The observable that counts cells.
    line_of : callable (name, folder) -> CellLine, or None
        The same lines with range and source of every number, where they are known.
    anchors : tuple of Anchor
        Parameters that follow from a line's untreated steady state.
    media : mapping of name to mapping of parameter name to value
        What a medium sets.
    other_names : mapping of an agent's name to tuple of str
        Trade and code names.
    """

    agents: Mapping[str, Agent]
    cell_lines: tuple[str, ...]
    model: Model
    parameters_of: Callable[[str, Path], np.ndarray]
    units: Mapping[str, str]
    parameters: Mapping[str, str]
    knock_downs: Mapping[str, KnockDown] = field(default_factory=dict)
    cell_count: str = "cell_number"
    line_of: Callable[[str, Path], CellLine] | None = None
    anchors: tuple[Anchor, ...] = ()
    media: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    other_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def washed_out(self) -> tuple[str, ...]:
        """Species that a medium change empties."""
        return tuple(dict.fromkeys(a.species for a in self.agents.values() if a.species and a.in_medium))
