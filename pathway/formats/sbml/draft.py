"""A model under construction: what will become the fields of `equations.Model`, still unordered and changeable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pathway.expressions import Expression, add, differentiate, multiply, symbols
from pathway.expressions.calculus import substitute_all
from pathway.expressions.graph import ZERO

from ..errors import FormatError
from .declarations import EventEntry


@dataclass
class ModelDraft:
    """Names are identifiers of the file unless a quantity needed a second one.

    Attributes
    ----------
    parameters : dict of name to float
        Numbers that nothing changes; not a number where the file gives none.
    states : dict of name to initial formula
    formulas : dict of name to formula
        Assignments, unordered.
    rates : dict of reaction name to formula
    stoichiometry : dict of state to {reaction: factor}
    rate_rules : dict of state to formula
    algebraic : dict of state to residual
    events : list of EventEntry
        Assignments already in terms of states.
    """

    file: str
    parameters: dict[str, float] = field(default_factory=dict)
    states: dict[str, Expression] = field(default_factory=dict)
    formulas: dict[str, Expression] = field(default_factory=dict)
    rates: dict[str, Expression] = field(default_factory=dict)
    stoichiometry: dict[str, dict[str, Expression]] = field(default_factory=dict)
    rate_rules: dict[str, Expression] = field(default_factory=dict)
    algebraic: dict[str, Expression] = field(default_factory=dict)
    events: list[EventEntry] = field(default_factory=list)

    def ordered_formulas(self) -> dict[str, Expression]:
        """Assignments, each after those it uses.

        Raises
        ------
        FormatError
            If some depend on each other in a circle.
        """
        ordered: dict[str, Expression] = {}
        waiting = {name: symbols(formula) & self.formulas.keys() for name, formula in self.formulas.items()}
        while waiting:
            ready = [name for name, needs in waiting.items() if needs <= ordered.keys()]
            if not ready:
                names = ", ".join(f"'{n}'" for n in sorted(waiting)[:5])
                raise FormatError(f"{self.file}: the assignments of {names} depend on each other in a circle")
            for name in ready:
                ordered[name] = self.formulas[name]
                del waiting[name]
        return ordered

    def closed(self, formulas: Iterable[Expression]) -> list[Expression]:
        """Formulas with every assignment put in: over states, parameters and time."""
        closed: dict[str, Expression] = {}
        for name, formula in self.ordered_formulas().items():
            closed[name] = substitute_all([formula], closed)[0]
        return substitute_all(list(formulas), closed)

    def derivative(self, state: str) -> Expression:
        """d state / d time, over any names."""
        terms = [multiply(factor, self.rates[r]) for r, factor in self.stoichiometry.get(state, {}).items()]
        return add(*terms, self.rate_rules.get(state, ZERO))

    def moves(self, state: str) -> bool:
        """Whether a reaction or rate rule acts on it."""
        return bool(self.stoichiometry.get(state)) or state in self.rate_rules

    def event_targets(self) -> set[str]:
        """States that events set."""
        return {name for event in self.events for name in event.assignments}

    def all_formulas(self) -> Iterator[Expression]:
        """Every formula, initial ones included."""
        for group in (self.states, self.formulas, self.rates, self.rate_rules, self.algebraic):
            yield from group.values()
        for factors in self.stoichiometry.values():
            yield from factors.values()
        for event in self.events:
            yield event.trigger
            yield from (extra for extra in (event.delay, event.priority) if extra is not None)
            yield from event.assignments.values()
            yield from event.factors.values()

    def replace_symbols(self, names: Mapping[str, Expression]) -> None:
        """Put expressions in place of symbols, everywhere."""

        def swap(group: dict[str, Expression]) -> None:
            group.update(zip(group, substitute_all(list(group.values()), names), strict=True))

        for group in (self.states, self.formulas, self.rates, self.rate_rules, self.algebraic):
            swap(group)
        for factors in self.stoichiometry.values():
            swap(factors)
        for event in self.events:
            swap(event.assignments)
            swap(event.factors)
            event.trigger = substitute_all([event.trigger], names)[0]
            event.delay = substitute_all([event.delay], names)[0] if event.delay is not None else None
            event.priority = substitute_all([event.priority], names)[0] if event.priority is not None else None


def linear_coefficient(residual: Expression, name: str) -> Expression | None:
    """What a residual that is linear in the name multiplies it by; None if it is not linear."""
    slope = differentiate(residual, name)
    return None if name in symbols(slope) else slope
