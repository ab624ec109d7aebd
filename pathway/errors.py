"""The kinds of errors that the program knows: what was given, and what could not be computed.

Every error that a room raises for its users is one of the two. Anything else that reaches the edge of the program is a
fault of the program itself, and is told as one, with the place to report it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import ParamSpec, TypeVar

REPORT_TO = "the issue tracker of mir21-pathway"
"""Where faults of the program are reported."""

LONGEST_LINE = 1000
"""Characters of a line of a message."""


def clip_line(line: str) -> str:
    """A line of a message, its middle left out where it is too long to be read."""
    if len(line) <= LONGEST_LINE:
        return line
    return f"{line[: LONGEST_LINE - 200]} [... {len(line) - LONGEST_LINE} more characters ...] {line[-150:]}"


class InputError(ValueError):
    """What was given cannot be used; one line for each mistake, with file and line where there is one.

    What is quoted in a line may be of any length; the line is not.
    """

    def __str__(self) -> str:
        text = str(self.args[0]) if self.args else ""
        return "\n".join(map(clip_line, text.split("\n"))) if len(text) > LONGEST_LINE else text


class UnknownNameError(InputError, KeyError):
    """A name that there is not; the message has the nearest ones."""


class NumericalError(Exception):
    """What was given is in order, and the numbers still cannot be computed; one line with time and species."""


class PathwayWarning(UserWarning):
    """Something was understood in a way that its author should know of; one line."""


def did_you_mean(name: str, known: Iterable[str], cutoff: float = 0.6, any_case: bool = False) -> str:
    """Return " Did you mean 'x'?" with up to three near names, or nothing.

    Parameters
    ----------
    name : str
    known : iterable of str
    cutoff : float
        Least similarity, from 0 to 1.
    any_case : bool
        Whether capital letters make no difference.
    """
    candidates = {candidate.lower() if any_case else candidate: candidate for candidate in known}
    near = get_close_matches(name.lower() if any_case else name, candidates, n=3, cutoff=cutoff)
    return f" Did you mean {' or '.join(repr(candidates[n]) for n in near)}?" if near else ""


Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


def public_function(function: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
    """A function at the edge of the package: an error that is nobody's input says that it is a fault of ours.

    Errors of the two kinds above pass through, those of the system and of a wrong call in Python too.
    """

    @functools.wraps(function)
    def call(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Answer:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            if is_internal_error(error) and not any(REPORT_TO in note for note in getattr(error, "__notes__", ())):
                error.add_note(f"This is a fault of pathway, not of what it was given; please report it: {REPORT_TO}")
            raise

    return call


def is_internal_error(error: Exception) -> bool:
    """Whether an error is neither about what was given nor about what cannot be computed."""
    known = (InputError, NumericalError, FloatingPointError, OSError, MemoryError)
    if isinstance(error, known) or type(error).__name__ == "LinAlgError":
        return False
    if isinstance(error, ImportError):
        return False  # an extra that is not installed
    # A wrong call: raised where the arguments arrived, not within.
    trace = error.__traceback__
    depth = 0
    while trace is not None:
        depth, trace = depth + 1, trace.tb_next
    return not (isinstance(error, TypeError) and depth <= 1)
