"""Sums of species that no reaction changes."""

from __future__ import annotations

import numpy as np

from pathway.expressions import Expression
from pathway.expressions.graph import is_number

from .model import Model


def conserved_totals(model: Model) -> tuple[dict[str, float], ...]:
    """Linear combinations of species that stay constant: {species: coefficient} each.

    From the left null space of the stoichiometric matrix. A species with a rate rule,
    an algebraic rule, an event that sets it, or a stoichiometry that is not a number belongs to no total; a species
    that nothing changes is not reported as one.

    Species that count as concentrations in one compartment (every factor is a number divided by the same parameter)
    are added up among themselves: their total does not depend on how large the compartment is. A total across
    compartments of different sizes would, and is not reported.
    """
    movable = {name for event in model.events for name in event.assignments}
    barred = movable | set(model.rate_rules) | set(model.algebraic)
    groups: dict[str | None, dict[str, dict[str, float]]] = {}
    for name in model.species:
        if name not in barred and model.stoichiometry.get(name):
            size, counts = _counts(model, name)
            groups.setdefault(size, {})[name] = counts
    groups.pop(None, None)
    combinations = []
    for counted in groups.values():
        names, reactions = list(counted), dict.fromkeys(r for counts in counted.values() for r in counts)
        matrix = np.array([[counts.get(r, 0.0) for r in reactions] for counts in counted.values()])
        totals, _, _ = null_combinations(matrix, np.arange(len(names)), np.arange(0))
        combinations += [{names[k]: float(row[k]) for k in np.flatnonzero(row)} for row in totals]
    return tuple(combinations)


def _counts(model: Model, name: str) -> tuple[str | None, dict[str, float]]:
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
        counts[reaction] = float(upper.value) if is_number(upper) else 0.0  # type: ignore[arg-type]
    return (sizes.pop() if len(sizes) == 1 else None), counts


def null_combinations(
    matrix: np.ndarray, inner: np.ndarray, outer: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Combinations of rows that add up to zero, by Gaussian elimination.

    Parameters
    ----------
    matrix : array, shape (n_rows, n_columns)
    inner, outer : int arrays
        Rows to combine.

    Returns
    -------
    totals : array, shape (n_totals, n_rows)
        Of inner rows alone.
    tied : int array
        Outer rows that are combinations of inner ones.
    ties : array, shape (n_tied, n_rows)
    """
    pivots: list[tuple[int, np.ndarray, np.ndarray]] = []
    totals, tied, ties = [], [], []
    inside = set(inner.tolist())
    for k in (*inner.tolist(), *outer.tolist()):
        row, mix = matrix[k].copy(), np.zeros(len(matrix))
        mix[k] = 1.0
        largest = np.max(np.abs(row), initial=0.0)
        for column, other, other_mix in pivots:
            if row[column] != 0.0:
                factor = row[column] / other[column]
                row -= factor * other
                mix -= factor * other_mix
                row[np.abs(row) < 1e-11 * max(largest, abs(factor) * np.max(np.abs(other)))] = 0.0
        mix[np.abs(mix) < 1e-11 * np.max(np.abs(mix))] = 0.0
        if row.any():
            # An output that follows its own way says nothing about the others.
            if k in inside:
                pivots.append((int(np.argmax(np.abs(row))), row, mix))
        elif k in inside:
            totals.append(mix)
        else:
            tied.append(k)
            ties.append(mix)
    shape = (-1, len(matrix))
    return np.array(totals).reshape(shape), np.array(tied, dtype=int), np.array(ties).reshape(shape)
