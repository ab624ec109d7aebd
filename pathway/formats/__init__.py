"""Standard formats: SBML, Antimony, PEtab, SED-ML, OMEX, LaTeX.

Files become an `equations.Model` (or a fitting problem) and go back; nothing that computes imports this room, and
libSBML, petab and antimony enter nowhere else. Text of a user is parsed, never executed.
"""

from .errors import FormatError, Unsupported

__all__ = ["FormatError", "Unsupported"]
