"""Jacobian and parameter derivatives, as sparse lists of formulas."""

from __future__ import annotations

from dataclasses import dataclass

from pathway.expressions import Expression, gradients

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
    column = {name: place for place, name in enumerate(names)}
    rows = gradients(list(model.derivatives.values()), column)
    found = [(row, column[name], slope) for row, slopes in enumerate(rows) for name, slope in slopes.items()]
    found.sort(key=lambda entry: entry[:2])
    return Jacobian(tuple(f[0] for f in found), tuple(f[1] for f in found), tuple(f[2] for f in found))
