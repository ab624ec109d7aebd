"""The kinds of errors that the program knows: what was given, and what could not be computed.

Every error that a room raises for its users is one of the two. Anything else that reaches the edge of the program is a
fault of the program itself, and is told as one, with the place to report it.
"""

from __future__ import annotations

REPORT_TO = "the issue tracker of mir21-pathway"
"""Where faults of the program are reported."""


class InputError(ValueError):
    """What was given cannot be used; one line for each mistake, with file and line where there is one."""


class NumericalError(Exception):
    """What was given is in order, and the numbers still cannot be computed; one line with time and species."""


class PathwayWarning(UserWarning):
    """Something was understood in a way that its author should know of; one line."""
