"""SBML: files become an `equations.Model` and models become files.

Reading goes document (safe XML, packages) -> reader (plain records, `declarations`) -> assembly (a Model). The first
two run in a process of their own (`parser`), since a malformed file can end the process in which libSBML reads it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathway.equations import Model

    from .assembly import SbmlModel

__all__ = ["SbmlModel", "load_sbml", "read_sbml", "read_sbml_text"]


def __getattr__(name: str) -> Any:
    # The reading process needs nothing of the assembly, whose imports would double its start.
    if name == "SbmlModel":
        from .assembly import SbmlModel

        return SbmlModel
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


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
    from .parser import read_text

    path = Path(path)
    return read_sbml_text(read_text(path), path.name, path.parent, given)


def read_sbml_text(
    text: str,
    name: str = "text",
    folder: Path | None = None,
    given: Iterable[str] = (),
    language: str = "sbml",
) -> SbmlModel:
    """A model from the text of a file in SBML (or Antimony); `name` is what messages call it."""
    from .assembly import assemble
    from .parser import parse

    return assemble(parse(text, name, folder, language), frozenset(given))


def load_sbml(path: str | Path) -> Model:
    """The `Model` in an SBML file; see `read_sbml`."""
    return read_sbml(path).model
