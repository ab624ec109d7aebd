"""Rates of change taken apart: which terms change which species, and how large what is added up is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pathway.expressions import Expression, add, divide, multiply, number, symbols
from pathway.expressions.graph import ONE, absolute, is_number, postorder
from pathway.expressions.written import to_text

from .model import Model


@dataclass(frozen=True, eq=False)
class RateTerms:
    """d species / d time = sum over terms of coefficient * term.

    Attributes
    ----------
    terms : tuple of Expression
        Reaction rates, and the terms of rate rules; closed.
    entries : tuple of (species, term, Expression)
        Positions, and the coefficient: a formula of parameters alone (a stoichiometry, 1 / volume). Entries of the same
        species and term are added.
    """

    terms: tuple[Expression, ...]
    entries: tuple[tuple[int, int, Expression], ...]


def rate_terms(model: Model) -> RateTerms:
    """The terms of all rates; species that an algebraic rule determines have none."""
    fixed = frozenset(model.parameters)
    place: dict[Expression, int] = {}
    entries: list[tuple[int, int, Expression]] = []
    for row, name in enumerate(model.species):
        if name in model.algebraic:
            continue
        reactions = model.stoichiometry.get(name, {})
        closed = model.closed([f for r, factor in reactions.items() for f in (factor, model.rates[r])])
        pairs = [_moved(factor, rate, fixed) for factor, rate in zip(closed[::2], closed[1::2], strict=True)]
        if name in model.rate_rules:
            pairs += split_terms(model.closed([model.rate_rules[name]])[0], fixed)
        for coefficient, term in pairs:
            if not is_number(coefficient, 0.0) and not is_number(term, 0.0):
                entries.append((row, place.setdefault(term, len(place)), coefficient))
    return RateTerms(tuple(place), tuple(entries))


def _moved(factor: Expression, rate: Expression, fixed: frozenset[str]) -> tuple[Expression, Expression]:
    """A coefficient that depends on the state belongs to the term."""
    return (factor, rate) if symbols(factor) <= fixed else (ONE, multiply(factor, rate))


def split_terms(formula: Expression, fixed: frozenset[str]) -> list[tuple[Expression, Expression]]:
    """The formula as a sum of coefficient * term; numbers and what everything is divided by go to the coefficients.

    Parameters
    ----------
    formula : Expression
        Closed.
    fixed : set of str
        Symbols that a coefficient may contain.
    """
    if formula.operator == "add":
        return [pair for term in formula.arguments for pair in split_terms(term, fixed)]
    if formula.operator == "multiply":
        numbers = [f for f in formula.arguments if is_number(f)]
        rest = [f for f in formula.arguments if not is_number(f)]
        sums = [f for f in rest if f.operator == "add"]
        if numbers and len(rest) == 1 and sums:
            return [(multiply(*numbers, c), term) for c, term in split_terms(sums[0], fixed)]
        return [(multiply(*numbers), multiply(*sorted(rest, key=to_text)))]
    if formula.operator == "divide" and symbols(formula.arguments[1]) <= fixed:
        upper, lower = formula.arguments
        return [(divide(c, lower), term) for c, term in split_terms(upper, fixed)]
    return [(ONE, formula)]


def term_sizes(formulas: Sequence[Expression]) -> list[Expression]:
    """For each formula, what its terms add up to without their signs: the scale of its rounding errors."""
    made: dict[Expression, Expression] = {}
    for node in postorder(formulas):
        parts = [made[a] for a in node.arguments]
        if node.operator == "add":
            made[node] = add(*parts)
        elif node.operator == "multiply":
            made[node] = multiply(*parts)
        elif node.operator == "divide":
            made[node] = divide(parts[0], absolute(node.arguments[1]))
        elif is_number(node):
            made[node] = number(abs(float(node.value)))  # type: ignore[arg-type]
        else:
            made[node] = absolute(node)
    return [made[formula] for formula in formulas]
