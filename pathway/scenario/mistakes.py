"""What is wrong with a scenario: one line for each mistake, all of them together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pathway.errors import InputError


@dataclass(frozen=True)
class Mistake:
    """One mistake: its place ("file.toml:14", or the command-line setting) and what is wrong there."""

    place: str
    text: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


class ScenarioError(InputError):
    """A scenario that cannot be run as written; `mistakes` has all of them, `str` one line for each."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        ordered = sorted(dict.fromkeys(mistakes), key=lambda m: m.line)
        super().__init__("\n".join(map(str, ordered)))
        self.mistakes = tuple(ordered)


def quoted_list(names: Iterable[str]) -> str:
    """Names for the end of a message, in quotes."""
    return ", ".join(f"'{name}'" for name in names)
