"""The modules of a network put together, and refused with every mistake at once if a name or a unit does not fit."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType

from .check import network_mistakes
from .language import Network, NetworkError


def join_modules(modules: Iterable[ModuleType]) -> Network:
    """One network from modules that each declare some of SPECIES, PARAMETERS, QUANTITIES, OBSERVABLES, REACTIONS,
    LOOPS, INFLUENCES, MAP_NODES, MAP_EDGES.

    Raises
    ------
    NetworkError
        With one line for each doubled or unknown name, unit that does not fit, or moiety that is not kept.
    """
    gathered = list(modules)

    def all_of(kind: str) -> tuple:
        return tuple(entry for module in gathered for entry in getattr(module, kind, ()))

    network = Network(
        species=all_of("SPECIES"),
        parameters=all_of("PARAMETERS"),
        quantities=all_of("QUANTITIES"),
        observables=all_of("OBSERVABLES"),
        reactions=all_of("REACTIONS"),
        loops=all_of("LOOPS"),
        influences=all_of("INFLUENCES"),
        map_nodes=all_of("MAP_NODES"),
        map_edges=all_of("MAP_EDGES"),
    )
    return checked_network(network)


def checked_network(network: Network) -> Network:
    """The network.

    Raises
    ------
    NetworkError
        If it does not fit together, as `join_modules`.
    """
    if mistakes := network_mistakes(network):
        raise NetworkError("\n".join(mistakes))
    return network
