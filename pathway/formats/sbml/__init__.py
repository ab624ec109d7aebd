"""SBML: files become an `equations.Model` and models become files.

Reading goes document (safe XML, packages) -> declarations (plain records) -> assembly (a Model); nothing after
`declarations` touches libSBML.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pathway.equations import Model

from .assembly import SbmlModel, assemble
from .declarations import read_declarations
from .document import open_document, read_text

__all__ = ["SbmlModel", "load_sbml", "read_sbml", "read_sbml_text"]


def read_sbml(path: str | Path, given: Iterable[str] = ()) -> SbmlModel:
    """A model from an SBML file, with both forms (amount, concentration) of its species.

    Parameters
    ----------
    path : str or Path
    given : iterable of str
        Identifiers that somebody else gives a value to; where the file gives none, theirs is not a number.

    Raises
    ------
    FormatError
        For a file that is broken or contradicts itself, with the element in question.
    Unsupported
        For what is refused by name: delay() that feeds back, changes its length or would have to remember an event;
        flux balance problems; required packages other than `comp`; algebraic rules of higher index; fast reactions
        without an equilibrium they return to.

    Notes
    -----
    The meaning is that of the SBML Level 3 Version 2 Core specification (Hucka et al. 2019,
    doi 10.1515/jib-2019-0021); levels 1 and 2 are read with their own defaults.
    """
    path = Path(path)
    return read_sbml_text(read_text(path), path.name, path.parent, given)


def read_sbml_text(text: str, name: str = "text", folder: Path | None = None, given: Iterable[str] = ()) -> SbmlModel:
    """A model from SBML text; `name` is what messages call it."""
    return assemble(read_declarations(open_document(text, name, folder), name), frozenset(given))


def load_sbml(path: str | Path) -> Model:
    """The `Model` in an SBML file; see `read_sbml`."""
    return read_sbml(path).model
