"""Rates of change taken apart: which terms change which species."""

from __future__ import annotations

from dataclasses import dataclass

from pathway.expressions import Expression, divide, multiply, number, symbols
from pathway.expressions.graph import ONE, is_number
from pathway.expressions.written import to_text

from .model import Model

Part = tuple[float, Expression, Expression]
"""A number, a factor of parameters alone, and what they multiply."""


@dataclass(frozen=True, eq=False)
class RateTerms:
    """d species / d time = sum over terms of coefficient * term.

    Attributes
    ----------
    terms : tuple of Expression
        Reaction rates, and the terms of rate rules; closed.
    entries : tuple of (species, term, Expression)
        Positions, and the coefficient: a number, or a formula of parameters where compartments of different sizes share
        a term. Entries of the same species and term are added.
    """

    terms: tuple[Expression, ...]
    entries: tuple[tuple[int, int, Expression], ...]


def rate_terms(model: Model) -> RateTerms:
    """The terms of all rates; species that an algebraic rule determines have none."""
    fixed = frozenset(model.parameters)
    parts: list[tuple[int, Part]] = []
    for row, name in enumerate(model.species):
        if name not in model.algebraic:
            reactions = model.stoichiometry.get(name, {})
            closed = model.closed([f for r, factor in reactions.items() for f in (factor, model.rates[r])])
            balance = [_reaction(factor, rate, fixed) for factor, rate in zip(closed[::2], closed[1::2], strict=True)]
            if name in model.rate_rules:
                balance += split_terms(model.closed([model.rate_rules[name]])[0], fixed)
            parts += [(row, part) for part in balance if part[0] != 0.0 and not is_number(part[2], 0.0)]
    factors: dict[Expression, set[Expression]] = {}
    for _, (_, factor, term) in parts:
        factors.setdefault(term, set()).add(factor)
    place: dict[Expression, int] = {}
    entries = []
    for row, (count, factor, term) in parts:
        if len(factors[term]) == 1:
            # One size for all: it belongs to the term, and what is conserved does not depend on it.
            term, factor = multiply(term, factor), ONE
        entries.append((row, place.setdefault(term, len(place)), multiply(number(count), factor)))
    return RateTerms(tuple(place), tuple(entries))


def _reaction(factor: Expression, rate: Expression, fixed: frozenset[str]) -> Part:
    """A reaction's part; a stoichiometry that depends on the state belongs to the term."""
    if is_number(factor):
        return float(factor.value), ONE, rate  # type: ignore[arg-type]
    if not symbols(factor) <= fixed:
        return 1.0, ONE, multiply(factor, rate)
    if factor.operator == "divide" and is_number(factor.arguments[0]):
        return float(factor.arguments[0].value), divide(ONE, factor.arguments[1]), rate  # type: ignore[arg-type]
    return 1.0, factor, rate


def split_terms(formula: Expression, fixed: frozenset[str]) -> list[Part]:
    """The formula as a sum; numbers, and what everything is divided by, are taken out of the terms.

    Parameters
    ----------
    formula : Expression
        Closed.
    fixed : set of str
        Symbols that a factor may contain.
    """
    if formula.operator == "add":
        return [part for term in formula.arguments for part in split_terms(term, fixed)]
    if formula.operator == "multiply":
        count = 1.0
        for factor in formula.arguments:
            if is_number(factor):
                count *= float(factor.value)  # type: ignore[arg-type]
        rest = [f for f in formula.arguments if not is_number(f)]
        if len(rest) == 1:
            return [(count * c, factor, term) for c, factor, term in split_terms(rest[0], fixed)]
        return [(count, ONE, multiply(*sorted(rest, key=to_text)))]
    if formula.operator == "divide" and symbols(formula.arguments[1]) <= fixed:
        upper, lower = formula.arguments
        return [(c, divide(factor, lower), term) for c, factor, term in split_terms(upper, fixed)]
    return [(1.0, ONE, formula)]
