"""Numbers that are formulas over the problem's parameters: initial states, model parameters, placeholders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from operator import itemgetter

import numpy as np

from pathway.expressions import Expression, symbols
from pathway.expressions.calculus import gradients
from pathway.kernels import CompiledBatches, FormulaBatch, compile_batches


def partial_derivatives(
    formulas: Sequence[Expression], constant: frozenset[str] = frozenset()
) -> tuple[tuple[tuple[int, str], ...], list[Expression]]:
    """Partial derivatives that are not zero everywhere: pairs of (formula index, symbol), and their formulas."""
    rows = gradients(formulas, symbols(*formulas) - constant)
    pairs = tuple(sorted(((k, name) for k, row in enumerate(rows) for name in row), key=itemgetter(1, 0)))
    return pairs, [rows[k][name] for k, name in pairs]


class ParameterMapping:
    """A row of numbers, each a constant, a parameter or a formula over parameters.

    Attributes
    ----------
    pattern : int array, shape (n_nonzero, 2)
        Slot and parameter of each derivative that is not zero everywhere.
    """

    def __init__(self, formulas: Sequence[Expression], names: Mapping[str, int]) -> None:
        self._names = names
        self._constants = np.zeros(len(formulas))
        copied, computed, distinct = [], [], dict[Expression, int]()
        for slot, formula in enumerate(formulas):
            if formula.operator == "number":
                self._constants[slot] = float(formula.value)  # type: ignore[arg-type]
            elif formula.operator == "symbol":
                copied.append((slot, names[str(formula.value)]))
            else:
                computed.append((slot, distinct.setdefault(formula, len(distinct))))
        self._copied_to, self._copied_from = np.array(copied, dtype=int).reshape(-1, 2).T
        self._computed_to, self._computed_from = np.array(computed, dtype=int).reshape(-1, 2).T
        self._formulas = list(distinct)
        self._pairs, self._derivatives = partial_derivatives(self._formulas)
        self._index_slopes()

    def _index_slopes(self) -> None:
        by_formula: dict[int, list[tuple[int, int]]] = {}
        for position, (formula, name) in enumerate(self._pairs):
            by_formula.setdefault(formula, []).append((position, self._names[name]))
        entries = list(zip(self._copied_to.tolist(), self._copied_from.tolist(), strict=True))
        sources = []
        for slot, formula in zip(self._computed_to.tolist(), self._computed_from.tolist(), strict=True):
            for position, parameter in by_formula.get(formula, []):
                entries.append((slot, parameter))
                sources.append(position)
        self.pattern = np.array(entries, dtype=int).reshape(-1, 2)
        self._slope_sources = np.array(sources, dtype=int)

    def _sheet(self, formulas: Sequence[Expression]) -> FormulaBatch:
        used = sorted(symbols(*formulas)) if formulas else []
        return FormulaBatch(used, formulas, np.array([[self._names[name]] for name in used], dtype=int).reshape(-1, 1))

    @cached_property
    def _compiled(self) -> tuple[CompiledBatches, CompiledBatches]:
        """The formulas and their derivatives."""
        values, slopes = compile_batches([[self._sheet(self._formulas)], [self._sheet(self._derivatives)]])
        return values, slopes

    @cached_property
    def _value_places(self) -> np.ndarray:
        return self._compiled[0].places[0][self._computed_from, 0]

    @cached_property
    def _slope_places(self) -> np.ndarray:
        return self._compiled[1].places[0][self._slope_sources, 0]

    def values(self, q: np.ndarray) -> np.ndarray:
        """The numbers at parameter values `q`, shape (n_points, n_names); shape (n_points, n_slots)."""
        values = np.repeat(self._constants[None], len(q), axis=0)
        values[:, self._copied_to] = q[:, self._copied_from]
        if self._formulas:
            values[:, self._computed_to] = self._compiled[0](q)[:, self._value_places]
        return values

    def slopes(self, q: np.ndarray) -> np.ndarray:
        """Derivatives at one point, shape (n_names,), in the order of `pattern`."""
        slopes = np.ones(len(self.pattern))
        if len(self._slope_sources):
            slopes[len(self._copied_to) :] = self._compiled[1](q[None])[0, self._slope_places]
        return slopes


class MappedTable:
    """Some slots as a table.

    Attributes
    ----------
    shape : (n_rows, n_columns)
    first : int
        Its first slot.
    pattern : int array, shape (n_nonzero, 4)
        Row, column and parameter of each derivative that is not zero everywhere, and its place among all slopes.
    """

    def __init__(self, slots: ParameterMapping, shape: tuple[int, int], first: int = 0) -> None:
        self.shape, self.first = shape, first
        inside = (slots.pattern[:, 0] >= first) & (slots.pattern[:, 0] < first + shape[0] * shape[1])
        places = np.flatnonzero(inside)
        slot, parameter = slots.pattern[places].T
        row, column = np.divmod(slot - first, max(shape[1], 1))
        self.pattern = np.stack([row, column, parameter, places], axis=1)

    def part(self, values: np.ndarray) -> np.ndarray:
        """The table among the values of all slots, shape (n_points, n_rows, n_columns)."""
        rows, columns = self.shape
        return values[:, self.first : self.first + rows * columns].reshape(len(values), rows, columns)

    @cached_property
    def read_by_row(self) -> list[frozenset[int]]:
        """The parameters that each row depends on."""
        parameters: list[set[int]] = [set() for _ in range(self.shape[0])]
        for row, _, parameter, _ in self.pattern.tolist():
            parameters[row].add(parameter)
        return [frozenset(row) for row in parameters]
