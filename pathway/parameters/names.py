"""What agents and cell lines are called beside their names here, and names however they are spelled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from pathway.errors import spelling

from .read import HERE, read_toml


@cache
def other_agent_names() -> Mapping[str, tuple[str, ...]]:
    """Trade and code names of each agent that has any."""
    return {agent: tuple(table["names"]) for agent, table in read_toml(HERE / "names.toml").tables.items()}


def name_as_known(name: str, known: Iterable[str], others: Mapping[str, Iterable[str]] | None = None) -> str:
    """The name among those known that is meant by one that may be spelled otherwise or be another name of the same.

    Parameters
    ----------
    name : str
    known : iterable of str
    others : mapping of a known name to its other names, optional

    Returns
    -------
    str
        The name as it was given where nothing, or more than one thing, is meant.
    """
    known = list(known)
    if name in known:
        return name
    asked = spelling(name)
    meant = [k for k in known if asked and asked in map(spelling, (k, *(others or {}).get(k, ())))]
    return meant[0] if len(meant) == 1 else name
