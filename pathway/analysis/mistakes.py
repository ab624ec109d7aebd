"""What an analysis refuses, in words that say what to change."""

from __future__ import annotations

from collections.abc import Iterable

from pathway.errors import InputError, did_you_mean


class AnalysisError(InputError):
    """A question that cannot be answered as asked; one line for each mistake."""


def unknown_name_error(kind: str, name: str, known: Iterable[str], remedy: str = "") -> AnalysisError:
    """The error for a name that does not exist, with the nearest ones that do."""
    known = tuple(known)
    hint = did_you_mean(name, known, cutoff=0.5)
    if not hint and len(known) <= 12:
        hint = f" Known: {', '.join(known)}."
    return AnalysisError(f"no {kind} is called '{name}'.{hint}{' ' + remedy if remedy else ''}")
