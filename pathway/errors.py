"""The kinds of errors that the program knows: what was given, and what could not be computed.

Every error that a room raises for its users is one of the two. Anything else that reaches the edge of the program is a
fault of the program itself, and is told as one, with the place to report it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from inspect import signature
from numbers import Integral, Real
from typing import Any, ParamSpec, TypeVar, overload

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


def did_you_mean(
    name: str, known: Iterable[str], cutoff: float = 0.6, others: Mapping[str, Iterable[str]] | None = None
) -> str:
    """Return " Did you mean 'x'?" with up to three near names, or nothing; capital letters make no difference.

    Parameters
    ----------
    name : str
    known : iterable of str
    cutoff : float
        Least similarity, from 0 to 1.
    others : mapping of a known name to its other names, optional
        "Did you mean 'Herceptin' (trastuzumab)?", and for one that is right: "Here that is 'trastuzumab'."
    """
    known, asked = list(known), spelling(name)
    for own, names in (others or {}).items():
        if asked and asked in map(spelling, names) and asked not in map(spelling, known):
            return f" Here that is '{own}'."
    shown = {other.lower(): f"'{other}' ({own})" for own, names in (others or {}).items() for other in names}
    shown |= {own.lower(): repr(own) for own in known}
    near = get_close_matches(name.lower(), shown, n=3, cutoff=cutoff)
    longer = [own for own in shown if len(asked) > 2 and spelling(own).startswith(asked) and own not in near]
    near = [*near, *sorted(longer, key=len)][:3]
    return f" Did you mean {' or '.join(shown[n] for n in near)}?" if near else ""


def spelling(name: str) -> str:
    """A name without what makes no difference: capital letters, hyphens, dots, blanks."""
    return "".join(sign for sign in name.lower() if sign.isalnum())


Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


class WrongCallError(InputError, TypeError):
    """A function was called with arguments that it does not have, or without one that it needs; one line."""


@overload
def public_function(function: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]: ...
@overload
def public_function(
    *, renamed: Mapping[str, str]
) -> Callable[[Callable[Arguments, Answer]], Callable[Arguments, Answer]]: ...
def public_function(function: Any = None, *, renamed: Mapping[str, str] | None = None) -> Any:
    """A function at the edge of the package: an error that is nobody's input says that it is a fault of ours.

    Errors of the two kinds above pass through, those of the system too; a wrong call is told in one line.

    Parameters
    ----------
    function : callable
    renamed : mapping of an argument's earlier name to its present one, optional
    """
    if function is None:
        return functools.partial(public_function, renamed=renamed)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            if isinstance(error, TypeError) and not is_internal_error(error) and not isinstance(error, InputError):
                raise WrongCallError(_wrong_call(function, args, kwargs, renamed or {}) or str(error)) from None
            if is_internal_error(error) and (said := _wrong_kind(function, args, kwargs)):
                raise WrongCallError(said) from None
            if is_internal_error(error) and not any(REPORT_TO in note for note in getattr(error, "__notes__", ())):
                error.add_note(f"This is a fault of pathway, not of what it was given; please report it: {REPORT_TO}")
            raise

    return call


def _wrong_call(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], renamed: Mapping[str, str]
) -> str:
    """What is wrong with the arguments of a call; "" where it is nothing that is known."""
    known = signature(function).parameters
    name = function.__name__
    takes_more = any(p.kind is p.VAR_KEYWORD for p in known.values())
    for word in kwargs:
        if word in renamed:
            return f"{name}: '{word}' is called '{renamed[word]}'"
        if word not in known and not takes_more:
            near = did_you_mean(word, known) or f" It has {', '.join(known)}."
            return f"{name}: there is no argument '{word}'.{near}"
    places = [p for p in known.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    if len(args) > len(places):
        named = ", ".join(p.name for p in known.values() if p.kind is p.KEYWORD_ONLY)
        return f"{name}: {len(args)} values without a name, expected at most {len(places)}; by name: {named}"
    by_place = [p.name for p in places[: len(args)]]
    if twice := [word for word in by_place if word in kwargs]:
        return f"{name}: '{twice[0]}' is given twice, by its place and by its name; in order: {', '.join(known)}"
    given = {*by_place, *kwargs}
    missing = [
        p.name for p in known.values() if p.default is p.empty and p.name not in given and p.kind < p.VAR_KEYWORD
    ]
    return f"{name}: '{missing[0]}' is missing" if missing else ""


_KINDS: Mapping[str, tuple[type, str]] = {
    "str": (str, "text"),
    "int": (Integral, "a whole number"),
    "float": (Real, "a number"),
    "bool": (bool, "True or False"),
    "Mapping": (Mapping, "a mapping"),
    "Sequence": (Sequence, "a list"),
    "None": (type(None), "None"),
}


def _wrong_kind(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """The first argument that is of another kind than the function says; "" if none is, or nobody can tell."""
    try:
        given = signature(function).bind(*args, **kwargs).arguments
    except TypeError:
        return ""
    for name, value in given.items():
        written = signature(function).parameters[name].annotation
        parts = _parts(written) if isinstance(written, str) else []
        if parts and not any(_is_of(value, part) for part in parts):
            words = " or ".join(_KINDS[part][1] if part in _KINDS else f"a {part}" for part in parts)
            return f"{function.__name__}: '{name}' is {clip_line(repr(value))}, expected {words}"
    return ""


def _parts(annotation: str) -> list[str]:
    """The names of a union such as "str | Path | None"; nothing where one of them is no plain name of a class."""
    plain = re.sub(r"\[[^\[\]]*\]", "", annotation)
    parts = [part.strip() for part in plain.split("|")]
    known = all(part in _KINDS or part in ("Path", "Model", "Laboratory", "Problem") for part in parts)
    return parts if known else []


def _is_of(value: Any, part: str) -> bool:
    if part in _KINDS:
        return isinstance(value, _KINDS[part][0])
    return part in [kind.__name__ for kind in type(value).__mro__]


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
