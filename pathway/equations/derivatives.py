"""Jacobian and parameter derivatives, as sparse lists of formulas."""

from __future__ import annotations

from dataclasses import dataclass

from pathway.expressions import Expression, symbols
from pathway.expressions.calculus import directional_derivative
from pathway.expressions.graph import ONE, is_number

from .model import Model


@dataclass(frozen=True, eq=False)
class Jacobian:
    """A sparse matrix of formulas, by row, then column; entry k stands in row `rows[k]`, column `columns[k]`."""

    rows: tuple[int, ...]
    columns: tuple[int, ...]
    entries: tuple[Expression, ...]


def jacobian(model: Model) -> Jacobian:
    """Derivative of each right-hand side (row) by each species (column)."""
    return _derivatives(model, model.species)


def parameter_derivatives(model: Model, names: tuple[str, ...] | None = None) -> Jacobian:
    """Derivative of each right-hand side (row) by each parameter named, or by all (column)."""
    return _derivatives(model, model.parameters if names is None else names)


def _derivatives(model: Model, names: tuple[str, ...]) -> Jacobian:
    formulas = list(model.derivatives.values())
    users: dict[str, list[int]] = {name: [] for name in names}
    for row, formula in enumerate(formulas):
        for name in symbols(formula) & users.keys():
            users[name].append(row)
    found: list[tuple[int, int, Expression]] = []
    for column, name in enumerate(names):
        rows = users[name]
        slopes = directional_derivative([formulas[row] for row in rows], {name: ONE})
        found += [(row, column, s) for row, s in zip(rows, slopes, strict=True) if not is_number(s, 0.0)]
    found.sort(key=lambda entry: entry[:2])
    return Jacobian(tuple(f[0] for f in found), tuple(f[1] for f in found), tuple(f[2] for f in found))
