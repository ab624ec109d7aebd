"""Antimony in and out, through SBML and the `antimony` library (extra `formats`)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pathway.extras import require

from .errors import FormatError, Unsupported, line_of_name
from .sbml import read_sbml_text
from .sbml.document import DEEPEST, bracket_depth

if TYPE_CHECKING:
    from pathway.equations import Model

    from .sbml import SbmlModel
    from .sbml.export import Dose
    from .sbml.notes import ModelNotes


def read_antimony(path: str | Path) -> SbmlModel:
    """A model from an Antimony file.

    Raises
    ------
    FormatError
        If the text is not Antimony (with the line), or nests brackets beyond all bounds.
    Unsupported
        For `import` of further files, and for what `read_sbml` refuses.
    ImportError
        If the library is not installed (extra `formats`).
    """
    from .sbml.parser import read_text

    path = Path(path)
    return read_antimony_text(read_text(path), path.name)


def read_antimony_text(text: str, name: str = "text") -> SbmlModel:
    """A model from Antimony text; `name` is what messages call it."""
    require("antimony")  # here, since the process that reads the text has no way to say it
    try:
        return read_sbml_text(text, name, language="antimony")
    except FormatError as error:
        # The reader sees the SBML that the library made of the text, which has lines of its own.
        message = str(error)
        line = line_of_name(text, message) if message.startswith(f"{name}: ") else None
        if line is None:
            raise
        raise type(error)(f"{name}:{line}{message.removeprefix(name)}") from None


def antimony_text(model: Model, *, doses: Sequence[Dose] = (), notes: ModelNotes | None = None) -> str:
    """A model as Antimony; arguments as for `sbml_text`."""
    require("antimony")
    import antimony as library

    from .sbml.export import sbml_text

    library.clearPreviousLoads()
    if library.loadSBMLString(sbml_text(model, doses=doses, notes=notes)) < 0:
        raise FormatError(f"{model.name}: Antimony cannot say this: {_one_line(library.getLastError())}")
    return library.getAntimonyString(library.getMainModuleName())


def to_sbml(text: str, name: str) -> str:
    """SBML of an Antimony text, by the library; called where a file may end the process."""
    if bracket_depth(text) > DEEPEST:
        raise FormatError(f"{name}: brackets are nested more than {DEEPEST} deep")
    match = re.search(r"""\bimport\s+["'][^"']*["']""", text, re.MULTILINE)
    if match is not None:
        line = text.count("\n", 0, match.start()) + match.group().count("\n") + 1
        raise Unsupported(f"{name}:{line}: 'import' of other files is not followed")
    import antimony as library

    library.clearPreviousLoads()
    if library.loadAntimonyString(text) < 0:
        raise FormatError(f"{name}: not Antimony: {_one_line(library.getLastError())}")
    return library.getSBMLString(library.getMainModuleName())


def _one_line(message: str) -> str:
    return " ".join(message.split())
