"""WHAT REACTS: species, parameters, reactions, quantities and observables; one biological idea per file.

No amounts and no rates: those are `parameters/`. Structural integers (stoichiometry, Hill exponents) stand in the text.
`MODEL.md` says the same in prose and formulas, for whoever writes the model a second time.
"""

from functools import cache

from .join import join_modules
from .language import (
    FeedbackLoop,
    Influence,
    MapEdge,
    MapNode,
    Network,
    NetworkError,
    Observable,
    Parameter,
    Quantity,
    Reaction,
    Species,
)

__all__ = [
    "FeedbackLoop",
    "Influence",
    "MapEdge",
    "MapNode",
    "Network",
    "NetworkError",
    "Observable",
    "Parameter",
    "Quantity",
    "Reaction",
    "Species",
    "circuit",
    "join_modules",
]


@cache
def circuit() -> Network:
    """The miR-21/PTEN/HER2 circuit, names and units checked."""
    from . import antimir, drugs, growth, influences, loops, map, mapk, mir21, pi3k_akt, plasmids, receptors

    return join_modules((receptors, growth, drugs, mir21, plasmids, antimir, pi3k_akt, mapk, loops, influences, map))
