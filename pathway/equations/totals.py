"""Sums of species that no reaction changes."""

from __future__ import annotations

from fractions import Fraction

from pathway.expressions.graph import is_number

from .model import Model


def conserved_totals(model: Model) -> tuple[dict[str, float], ...]:
    """Linear combinations of species that stay constant: {species: coefficient} each.

    From the left null space of the stoichiometric matrix, in exact rational arithmetic. A species with a rate rule,
    an algebraic rule, an event that sets it, or a stoichiometry that is not a number belongs to no total; a species
    that nothing changes is not reported as one.
    """
    movable = {name for event in model.events for name in event.assignments}
    barred = movable | set(model.rate_rules) | set(model.algebraic)
    names = [n for n in model.species if n not in barred and model.stoichiometry.get(n) and _plain(model, n)]
    rows = [
        ({r: Fraction(float(c.value)) for r, c in model.stoichiometry[n].items()}, {n: Fraction(1)})  # type: ignore
        for n in names
    ]
    return tuple({n: float(c) for n, c in mix.items()} for mix in _null_rows(rows))


def _plain(model: Model, name: str) -> bool:
    return all(is_number(c) for c in model.stoichiometry[name].values())


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
