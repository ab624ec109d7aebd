"""A model from any file that holds one."""

from __future__ import annotations

from pathlib import Path

from pathway.equations import Model

from .errors import FormatError
from .sbml import SbmlModel, read_sbml

_ANTIMONY = {".ant", ".antimony", ".sb", ".txt"}
_SBML = {".xml", ".sbml"}


def read_model_file(path: str | Path) -> SbmlModel:
    """A model from an SBML (.xml, .sbml) or Antimony (.ant, .txt) file, with both forms of its species.

    Raises
    ------
    FormatError
        If the ending is none of these, or the file cannot be used; one line.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending in _SBML:
        return read_sbml(path)
    if ending in _ANTIMONY:
        from .antimony_text import read_antimony

        return read_antimony(path)
    known = ", ".join(sorted(_SBML | _ANTIMONY))
    raise FormatError(f"{path}: a model file ends in {known}, not in '{ending}'")


def load_model_file(path: str | Path) -> Model:
    """The `Model` in an SBML or Antimony file; see `read_model_file`."""
    return read_model_file(path).model
