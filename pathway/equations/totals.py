"""Sums of species that no reaction changes."""

from __future__ import annotations

from fractions import Fraction

from pathway.expressions import Expression
from pathway.expressions.graph import is_number

from .model import Model


def conserved_totals(model: Model) -> tuple[dict[str, float], ...]:
    """Linear combinations of species that stay constant: {species: coefficient} each.

    From the left null space of the stoichiometric matrix, in exact rational arithmetic. A species with a rate rule,
    an algebraic rule, an event that sets it, or a stoichiometry that is not a number belongs to no total; a species
    that nothing changes is not reported as one.

    Species that count as concentrations in one compartment (every factor is a number divided by the same parameter)
    are added up among themselves: their total does not depend on how large the compartment is. A total across
    compartments of different sizes would, and is not reported.
    """
    movable = {name for event in model.events for name in event.assignments}
    barred = movable | set(model.rate_rules) | set(model.algebraic)
    rows: dict[str | None, list[Row]] = {}
    for name in model.species:
        if name not in barred and model.stoichiometry.get(name):
            size, counts = _counts(model, name)
            rows.setdefault(size, []).append((counts, {name: Fraction(1)}))
    rows.pop(None, None)
    return tuple({n: float(c) for n, c in mix.items()} for group in rows.values() for mix in _null_rows(group))


def _counts(model: Model, name: str) -> tuple[str | None, dict[str, Fraction]]:
    """The parameter that all factors of a species are divided by ("": none; None: something else) and the numbers."""
    sizes: set[str | None] = set()
    counts = {}
    for reaction, factor in model.stoichiometry[name].items():
        upper: Expression = factor
        size: str | None = ""
        if factor.operator == "divide":
            upper, lower = factor.arguments
            size = str(lower.value) if lower.operator == "symbol" and lower.value in model.parameters else None
        sizes.add(size if is_number(upper) else None)
        counts[reaction] = Fraction(float(upper.value)) if is_number(upper) else Fraction(0)  # type: ignore[arg-type]
    return (sizes.pop() if len(sizes) == 1 else None), counts


Row = tuple[dict[str, Fraction], dict[str, Fraction]]


def _null_rows(rows: list[Row]) -> list[dict[str, Fraction]]:
    """Combinations of rows that add up to zero, by Gaussian elimination that keeps track of the mixing."""
    pivots: list[tuple[str, Row]] = []
    null = []
    for values, mix in rows:
        values, mix = dict(values), dict(mix)
        for column, (pivot_values, pivot_mix) in pivots:
            factor = values.get(column, Fraction(0)) / pivot_values[column]
            if factor:
                _subtract(values, pivot_values, factor)
                _subtract(mix, pivot_mix, factor)
        values = {c: v for c, v in values.items() if v}
        if values:
            pivots.append((next(iter(values)), (values, mix)))
        else:
            null.append({n: c for n, c in mix.items() if c})
    return null


def _subtract(target: dict[str, Fraction], row: dict[str, Fraction], factor: Fraction) -> None:
    for column, value in row.items():
        target[column] = target.get(column, Fraction(0)) - factor * value
