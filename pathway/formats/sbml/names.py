"""Identifiers that SBML allows, each used once."""

from __future__ import annotations

import re
from collections.abc import Iterable

_RESERVED = {"time", "avogadro", "delay", "rateOf", "true", "false", "pi", "exponentiale", "infinity", "notanumber"}


class SbmlIdentifiers:
    """Model names -> identifiers; `written` holds those of quantities, `fresh` makes further ones.

    Parameters
    ----------
    names : iterable of str
        All quantities of the model; one that is an identifier already keeps its name.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.taken: set[str] = set(_RESERVED)
        self.written: dict[str, str] = {}
        for name in names:
            if name not in self.written:
                self.written[name] = self.fresh(name)

    def fresh(self, wished: str) -> str:
        """An identifier like the wished name that nothing has yet."""
        word = re.sub(r"\W+", "_", wished, flags=re.ASCII).strip() or "model"
        word = word if not word[0].isdigit() else f"_{word}"
        name, count = word, 1
        while name in self.taken:
            count += 1
            name = f"{word}_{count}"
        self.taken.add(name)
        return name
