"""Jacobian and parameter derivatives, as sparse lists of formulas."""

from __future__ import annotations

from collections.abc import Sequence
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
    return sparse_gradients(list(model.derivatives.values()), model.species)


def parameter_derivatives(model: Model, names: tuple[str, ...] | None = None) -> Jacobian:
    """Derivative of each right-hand side (row) by each parameter named, or by all (column)."""
    return sparse_gradients(list(model.derivatives.values()), model.parameters if names is None else names)


def sparse_gradients(formulas: Sequence[Expression], names: Sequence[str]) -> Jacobian:
    """Derivative of each formula (row) by each of the names (column)."""
    column = {name: place for place, name in enumerate(names)}
    rows = gradients(formulas, column)
    entries = [(row, column[name], slope) for row, slopes in enumerate(rows) for name, slope in slopes.items()]
    entries.sort(key=lambda entry: entry[:2])
    return Jacobian(tuple(f[0] for f in entries), tuple(f[1] for f in entries), tuple(f[2] for f in entries))
