"""What an SBML file declares, as plain records that know nothing of libSBML.

Formulas are `Expression`s over the identifiers of the file; `time` is the independent variable, "rateOf x" a rate of
change. Local parameters are given names of their own. Undeclared numbers are None, undeclared units "".
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pathway.expressions import Expression

RATE_PREFIX = "rateOf "
"""`rateOf(x)` is carried as the symbol "rateOf x" until the model is assembled; no identifier has a space."""

DELAY_PREFIX = "delay "
"""`delay(x, d)` is carried as a symbol "delay 1", with x and d in `Declarations.delays`."""


@dataclass
class Quantity:
    """A compartment, parameter or local parameter: something with a number of its own."""

    name: str
    value: float | None
    constant: bool
    unit: str = ""
    kind: str = "parameter"
    dimensions: float | None = None


@dataclass
class SpeciesEntry:
    """A species as declared; `only_amount`: its name in a formula means an amount, not a concentration."""

    name: str
    compartment: str
    amount: float | None
    concentration: float | None
    only_amount: bool
    boundary: bool
    constant: bool
    conversion_factor: str
    unit: str
    amount_unit: str


@dataclass
class Participant:
    """One species reference of a reaction; reactants have sign -1."""

    name: str
    species: str
    sign: int
    stoichiometry: Expression
    constant: bool


@dataclass
class ReactionEntry:
    """A reaction; `rate` is in extent per time."""

    name: str
    participants: tuple[Participant, ...]
    rate: Expression
    fast: bool


@dataclass
class EventEntry:
    """An event with its assignments over identifiers of the file."""

    name: str
    trigger: Expression
    assignments: dict[str, Expression]
    delay: Expression | None
    priority: Expression | None
    persistent: bool
    initial_value: bool
    values_from_trigger_time: bool
    factors: dict[str, Expression] = field(default_factory=dict)


@dataclass
class Declarations:
    """Everything in the file that takes part in a time course."""

    name: str
    file: str
    quantities: dict[str, Quantity] = field(default_factory=dict)
    species: dict[str, SpeciesEntry] = field(default_factory=dict)
    references: dict[str, Participant] = field(default_factory=dict)
    reactions: dict[str, ReactionEntry] = field(default_factory=dict)
    initial_assignments: dict[str, Expression] = field(default_factory=dict)
    assignment_rules: dict[str, Expression] = field(default_factory=dict)
    rate_rules: dict[str, Expression] = field(default_factory=dict)
    algebraic_rules: list[Expression] = field(default_factory=list)
    events: list[EventEntry] = field(default_factory=list)
    conversion_factor: str = ""
    time_unit: str = ""
    taken: set[str] = field(default_factory=set)
    renamed: dict[str, str] = field(default_factory=dict)
    """What the file calls an identifier that could not keep its name."""
    delays: dict[str, tuple[Expression, Expression]] = field(default_factory=dict)

    def free_name(self, wished: str) -> str:
        """The wished name, or the nearest one that nothing has yet."""
        name, count = wished, 1
        while name in self.taken:
            count += 1
            name = f"{wished}_{count}"
        self.taken.add(name)
        return name
