"""The words in which a network is declared: species, parameters, quantities, observables, reactions; and what is known
of it as a whole: loops, influences, the map.

A declaration says what exists and what reacts, in text a biologist would write on a board; amounts and rates are
looked up elsewhere. `join.join_modules` puts the modules of a network together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from pathway.errors import InputError
from pathway.expressions import Expression, parse

TIME_UNIT = "h"


class NetworkError(InputError):
    """A network whose declarations do not fit together; one line for each mistake."""


@dataclass(frozen=True)
class Species:
    """Something with an amount of its own.

    Attributes
    ----------
    name : str
    unit : str
    meaning : str
    same_as : str
        Identifiers elsewhere, "uniprot:P60484", several separated by blanks.
    start : str
        Formula over parameters from which the search for the untreated state starts; for a conserved moiety it
        also sets the total.
    moiety : str
        Conserved totals it belongs to, separated by commas ("AKT"); every reaction must keep them.
    output : bool
        A pure output: nothing depends on it and it has no steady state (log cell number).
    arbitrary_unit : bool
        Counted in a unit that rate constants define and no measurement does, so that two sets of them cannot be
        compared in it; relative to another moment or culture of the same set it means something.
    """

    name: str
    unit: str
    meaning: str
    same_as: str = ""
    start: str = "0"
    moiety: str = ""
    output: bool = False
    arbitrary_unit: bool = False


@dataclass(frozen=True)
class Parameter:
    """A number that `parameters/` must supply, in this unit."""

    name: str
    unit: str
    meaning: str


@dataclass(frozen=True)
class Quantity:
    """Something that follows at every moment from the rest: a dimer in rapid equilibrium, the growth rate."""

    name: str
    unit: str
    formula: str
    meaning: str
    source: str = ""

    @cached_property
    def expression(self) -> Expression:
        """The formula, parsed."""
        return parse(self.formula)


@dataclass(frozen=True)
class Observable:
    """What a lab reads off: pAKT on a blot, cell number in a plate."""

    name: str
    unit: str
    formula: str
    meaning: str

    @cached_property
    def expression(self) -> Expression:
        """The formula, parsed."""
        return parse(self.formula)


@dataclass(frozen=True)
class Reaction:
    """A process that uses up what stands left of the arrow and makes what stands right of it.

    Attributes
    ----------
    name : str
    equation : str
        "PTEN_mRNA + miR21_RISC -> miR21_RISC", "-> PTEN", "PTEN ->", "A + 2 B -> C".
    rate : str
        Formula; its unit must be that of the species it changes, per hour.
    assumption, source : str
    """

    name: str
    equation: str
    rate: str
    assumption: str = ""
    source: str = ""

    @cached_property
    def expression(self) -> Expression:
        """The rate, parsed."""
        return parse(self.rate)

    @cached_property
    def sides(self) -> tuple[dict[str, int], dict[str, int]]:
        """Left and right side, each {species: count}."""
        parts = self.equation.split("->")
        if len(parts) != 2:
            raise NetworkError(f"reaction '{self.name}': '{self.equation}' needs exactly one '->'")
        return _side(self, parts[0]), _side(self, parts[1])

    @cached_property
    def changes(self) -> dict[str, int]:
        """Net count of each species that the reaction makes (positive) or uses up (negative)."""
        left, right = self.sides
        net = {name: right.get(name, 0) - left.get(name, 0) for name in (*left, *right)}
        return {name: count for name, count in net.items() if count}


@dataclass(frozen=True)
class FeedbackLoop:
    """A feedback loop or an option of the circuit that can be switched off.

    Attributes
    ----------
    name : str
    switched_off : mapping of parameter to float
        Values that switch it off.
    meaning : str
        The loop in words, once round.
    may_switch : bool
        Whether it may carry a second stable state: a positive loop, or what reinforces one.
    """

    name: str
    switched_off: Mapping[str, float]
    meaning: str = ""
    may_switch: bool = False


@dataclass(frozen=True)
class Influence:
    """A cause of a difference between two cultures: what is seen, and what sees it.

    Attributes
    ----------
    name : str
        In words: "PTEN".
    sources : tuple of str
        Species or quantities.
    places : tuple of str
        Reactions, quantities or observables whose formulas read them.
    verb : str
        What setting it to another culture's course means, in words: "restoring PTEN".
    reaches : tuple of str
        Readings on which all influence is carried by the influences that reach them.
    """

    name: str
    sources: tuple[str, ...]
    places: tuple[str, ...]
    verb: str = ""
    reaches: tuple[str, ...] = ()


@dataclass(frozen=True)
class MapNode:
    """A box of the map: its middle in inches from the left and from above, what is written, what colors it."""

    name: str
    x: float
    y: float
    label: str
    quantity: str


@dataclass(frozen=True)
class MapEdge:
    """An arrow of the map.

    Attributes
    ----------
    start, end : str
        Names of nodes.
    sign : str
        "+" raises, "-" lowers.
    reactions : tuple of str
        Whose rate it sets; none for an arrow into a quantity.
    influences : tuple of str
        Names of the influences that it stands for.
    corners : tuple of (x, y)
        Where it bends.
    """

    start: str
    end: str
    sign: str
    reactions: tuple[str, ...] = ()
    influences: tuple[str, ...] = ()
    corners: tuple[tuple[float, float], ...] = ()


_TERM = re.compile(r"(?:(\d+)\s+)?([^\W\d]\w*)$")


def _side(reaction: Reaction, text: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for term in filter(None, (t.strip() for t in text.split("+"))):
        match = _TERM.match(term)
        if match is None:
            raise NetworkError(f"reaction '{reaction.name}': '{term}' is neither a species nor '2 species'")
        counts[match.group(2)] = counts.get(match.group(2), 0) + int(match.group(1) or 1)
    return counts


@dataclass(frozen=True)
class Network:
    """Declarations joined and found consistent; order is that of the modules."""

    species: tuple[Species, ...]
    parameters: tuple[Parameter, ...]
    quantities: tuple[Quantity, ...]
    observables: tuple[Observable, ...]
    reactions: tuple[Reaction, ...]
    loops: tuple[FeedbackLoop, ...] = ()
    influences: tuple[Influence, ...] = ()
    map_nodes: tuple[MapNode, ...] = ()
    map_edges: tuple[MapEdge, ...] = ()

    def influences_on(self, reading: str) -> tuple[Influence, ...]:
        """The influences that together carry all influence on a reading; none if that is not known."""
        return tuple(influence for influence in self.influences if reading in influence.reaches)

    @cached_property
    def explained(self) -> tuple[str, ...]:
        """Readings whose influences are known."""
        return tuple(dict.fromkeys(name for influence in self.influences for name in influence.reaches))

    @cached_property
    def formulas(self) -> tuple[Quantity | Observable, ...]:
        """Everything that is computed from the rest."""
        return (*self.quantities, *self.observables)

    @cached_property
    def declared(self) -> tuple[Species | Parameter | Quantity | Observable, ...]:
        """Everything that has a name and a unit."""
        return (*self.species, *self.parameters, *self.formulas)

    @cached_property
    def units(self) -> Mapping[str, str]:
        """Unit text of every declared name."""
        return {entry.name: entry.unit for entry in self.declared}

    @cached_property
    def in_arbitrary_units(self) -> frozenset[str]:
        """Species whose unit is another one in every set of rate constants."""
        return frozenset(species.name for species in self.species if species.arbitrary_unit)
