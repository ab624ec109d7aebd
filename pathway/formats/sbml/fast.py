"""Fast reactions: they are at equilibrium at every moment, so only what they conserve moves at the pace of the others.

With N the stoichiometry of the fast reactions, combinations of species that N leaves alone become states; one species
per independent fast reaction follows from "the fast rates are zero" and the others from the combinations.

Some programs mark every reaction as fast. Taken at its word such a model has no time course at all, which nobody means
who publishes one: its reactions run at their rates, with a remark. A single reaction is taken at its word.
"""

from __future__ import annotations

import warnings

from pathway.errors import PathwayWarning
from pathway.expressions import (
    Expression,
    add,
    directional_derivative,
    divide,
    evaluate,
    multiply,
    negate,
    number,
    substitute,
    symbol,
    symbols,
)
from pathway.expressions.graph import ZERO, is_number

from ..errors import Unsupported
from .constraints import Constraint
from .declarations import Declarations
from .draft import ModelDraft

Row = dict[str, Expression]


def split_fast_reactions(draft: ModelDraft, declared: Declarations) -> list[Constraint]:
    """Replace the states that fast reactions move by what these conserve; the equilibrium conditions are returned."""
    fast = [name for name, reaction in declared.reactions.items() if reaction.fast]
    rows = {r: {s: f[r] for s, f in draft.stoichiometry.items() if r in f} for r in fast}
    rows = {r: dict(zip(row, draft.closed(row.values()), strict=True)) for r, row in rows.items() if row}
    if not rows:
        return []
    if len(rows) > 1 and {r for f in draft.stoichiometry.values() for r in f} <= set(fast):
        words = f"all {len(rows)} reactions are marked as fast, so that none would have a course"
        warnings.warn(f"{draft.file}: {words}; they run at their written rates", PathwayWarning, stacklevel=2)
        return []
    _check_coefficients(draft, rows)
    rates = dict(zip(rows, draft.closed([draft.rates[r] for r in rows]), strict=True))
    _check_relaxation(draft, rows, rates)
    directions = _reduced(draft, rows)
    pivots = list(directions)
    conditions = [rates[r] for r in rows]
    if len(pivots) < len(rows):
        conditions = [add(*(multiply(row[z], rates[r]) for r, row in rows.items() if z in row)) for z in pivots]
    for factors in draft.stoichiometry.values():
        for reaction in rows:
            factors.pop(reaction, None)
    _replace_states(draft, declared, directions)
    for reaction in rows:
        del draft.rates[reaction]
    return [
        Constraint(f"fast reaction '{name}'", condition, pivots)
        for name, condition in zip(rows, conditions, strict=False)
    ]


def _check_coefficients(draft: ModelDraft, rows: dict[str, Row]) -> None:
    for reaction, row in rows.items():
        if symbols(*row.values()) - draft.parameters.keys():
            raise Unsupported(f"{draft.file}: fast reaction '{reaction}' has a stoichiometry that changes")


def _check_relaxation(draft: ModelDraft, rows: dict[str, Row], rates: dict[str, Expression]) -> None:
    """Each fast reaction must run towards its equilibrium, always: decided from the sign of its relaxation rate."""
    moved = {state for row in rows.values() for state in row}
    start = draft.closed(draft.states.values())
    values = {**draft.parameters, "time": 0.0}
    known = dict(zip(draft.states, start, strict=True))
    for reaction, row in rows.items():
        slope = directional_derivative([rates[reaction]], row)[0]
        steady = symbols(slope) - draft.parameters.keys() <= moved
        for _ in known:
            slope = substitute(slope, known)
        if not steady or symbols(slope) - values.keys() or not evaluate(slope, values) < 0.0:
            raise Unsupported(f"{draft.file}: fast reaction '{reaction}' has no equilibrium that it always returns to")


def _reduced(draft: ModelDraft, rows: dict[str, Row]) -> dict[str, Row]:
    """Gauss-Jordan elimination: {pivot species: change of every fast species when the pivot changes by one}."""
    changes: dict[str, Row] = {}
    for row in rows.values():
        current = dict(row)
        for pivot, other in changes.items():
            current = _minus(current, other, current.get(pivot, ZERO))
        choices = sorted(current, key=lambda n: (not is_number(current[n]), species_position(draft, n)))
        if not choices:
            continue
        pivot = choices[0]
        current = {n: divide(c, current[pivot]) for n, c in current.items()}
        changes = {n: _minus(other, current, other.get(pivot, ZERO)) for n, other in changes.items()}
        changes[pivot] = current
    return changes


def species_position(draft: ModelDraft, name: str) -> int:
    """Species in the order of the file."""
    return list(draft.states).index(name)


def _minus(row: Row, other: Row, factor: Expression) -> Row:
    if is_number(factor, 0.0):
        return row
    difference = dict(row)
    for name, coefficient in other.items():
        difference[name] = add(difference.get(name, ZERO), negate(multiply(factor, coefficient)))
    return {n: c for n, c in difference.items() if not is_number(c, 0.0)}


def _replace_states(draft: ModelDraft, declared: Declarations, directions: dict[str, Row]) -> None:
    """Followers become assignments: conserved combination + what the pivots contribute."""
    followers = list(dict.fromkeys(n for row in directions.values() for n in row if n not in directions))
    for follower in followers:
        shares = {z: row[follower] for z, row in directions.items() if follower in row}
        total = declared.free_name(f"{follower}_conserved")
        slow = dict(draft.stoichiometry.pop(follower, {}))
        for z, share in shares.items():
            for reaction, factor in draft.stoichiometry.get(z, {}).items():
                slow[reaction] = add(slow.get(reaction, number(0)), negate(multiply(share, factor)))
        draft.stoichiometry[total] = {r: f for r, f in slow.items() if not is_number(f, 0.0)}
        start = draft.states.pop(follower)
        draft.states[total] = add(start, *(negate(multiply(s, draft.states[z])) for z, s in shares.items()))
        draft.formulas[follower] = add(symbol(total), *(multiply(s, symbol(z)) for z, s in shares.items()))
        _redirect_events(draft, follower, total, shares)
    for event in draft.events:
        for follower in followers:
            event.assignments.pop(follower, None)
    for z in directions:
        draft.stoichiometry.pop(z, None)


def _redirect_events(draft: ModelDraft, follower: str, total: str, shares: Row) -> None:
    for event in draft.events:
        touched = event.assignments.keys() & {follower, *shares}
        if touched & event.factors.keys():
            raise Unsupported(f"{draft.file}: event '{event.name}' sets fast species '{min(touched)}' after a delay")
        if touched:
            new = {n: event.assignments.get(n, symbol(n)) for n in (follower, *shares)}
            event.assignments[total] = add(new[follower], *(negate(multiply(s, new[z])) for z, s in shares.items()))
