"""Measurements by observable, with the formulas that give their simulated values and noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pathway.equations import Model
from pathway.expressions import Expression, symbol, symbols
from pathway.expressions.calculus import substitute_all
from pathway.simulation.protocol.parameter_map import partial_derivatives

from ..problem import Measurement, Observable, ProblemError


class ObservableGroup:
    """All measurements of one observable.

    Attributes
    ----------
    observable : Observable
    rows : slice
        Their place in the order of the groups.
    formulas : list of Expression
        Of the observable and its noise, over species, model parameters, given names and time.
    slopes : tuple of (formula index, symbol)
        Their derivatives that are not zero everywhere; `derivatives` are the formulas of these.
    species, constants : mapping of name to position in the model
    given : mapping of name to list of Expression
        What other names stand for in each measurement, over the problem's parameters: placeholders, and parameters that
        the formulas mention themselves.
    timed : bool
    """

    def __init__(
        self,
        model: Model,
        base: Mapping[str, Expression],
        observable: Observable,
        observables: Mapping[str, Observable],
        measured: Sequence[Measurement],
        first: int,
    ) -> None:
        self.observable = observable
        self.rows = slice(first, first + len(measured))
        self.formulas = _expanded(model, [observable.formula, observable.noise], observables)
        self.slopes, self.derivatives = partial_derivatives(self.formulas, frozenset({"time"}))
        used = sorted(symbols(*self.formulas))
        self.timed = "time" in used
        self.species = {n: model.species.index(n) for n in used if n in model.species}
        filled = {name for m in measured for name in m.placeholders}
        self.constants = {n: model.parameters.index(n) for n in used if n in model.parameters and n not in filled}
        known = {*self.species, *self.constants, "time"}
        self.given = {
            name: substitute_all([m.placeholders.get(name, symbol(name)) for m in measured], dict(base))
            for name in used
            if name in filled or name not in known
        }

    def __len__(self) -> int:
        return self.rows.stop - self.rows.start


def _expanded(model: Model, formulas: list[Expression], observables: Mapping[str, Observable]) -> list[Expression]:
    """Formulas with other observables and the model's assignments put in."""
    taken = {*model.species, *model.assignments, *model.parameters}
    own = {name: o.formula for name, o in observables.items() if name not in taken}
    for _ in range(len(own) + 1):
        if not symbols(*formulas) & own.keys():
            return model.closed(formulas)
        formulas = substitute_all(formulas, own)
    raise ProblemError([f"observables {', '.join(sorted(symbols(*formulas) & own.keys()))} are defined by each other"])
