"""What an experiment begins with: initial states and model parameters as formulas over the problem's parameters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property

from pathway.equations import Model
from pathway.expressions import Expression, number, symbol, symbols
from pathway.expressions.calculus import substitute_all

from .experiment import ExperimentError


def model_symbols(model: Model, names: Collection[str]) -> dict[str, Expression]:
    """What each model parameter stands for where nothing sets it: itself if it is among the names, else its number."""
    pairs = zip(model.parameters, model.parameter_values, strict=True)
    return {name: symbol(name) if name in names else number(float(value)) for name, value in pairs}


class InitialConditions:
    """Works out what experiments with a model begin with.

    Attributes
    ----------
    base : mapping of model parameter to Expression
        What each stands for where nothing sets it: itself if it belongs to the problem, else its number.
    """

    def __init__(self, model: Model, names: frozenset[str], derived: Mapping[str, Expression]) -> None:
        """`names` are the problem's parameters; `derived` are model parameters that, unless something sets them, are
        worked out once from the others as the first period leaves them."""
        self.model, self.names, self.derived = model, names, derived
        self.base = model_symbols(model, names)

    def of(self, changes: Mapping[str, Expression]) -> tuple[list[Expression], dict[str, Expression]]:
        """Initial states and model parameters under the changes of a first period."""
        model = self.model
        # What a change says of the state means the state the model would have started from.
        context = {**self._plain, **{n: symbol(n) for n in self.names}, **self._usual}
        closed = dict(zip(changes, substitute_all(model.closed(list(changes.values())), context), strict=True))
        parameters = self._with_derived({n: e for n, e in closed.items() if n in self.base})
        fixed = {n: e for n, e in closed.items() if n in self._usual}
        moved = fixed.keys() | {n for n, e in parameters.items() if e is not self._plain[n]}
        following = {n: self._starting[n] for n in self._following(moved) - fixed.keys()}
        ready = {n: e for n, e in {**self._untouched, **fixed}.items() if n not in following}
        return _resolve(model, following, {**parameters, "time": self._plain["time"]}, ready), parameters

    @cached_property
    def _plain(self) -> dict[str, Expression]:
        """Model parameters and time before any change."""
        return {**self._with_derived({}), "time": number(self.model.start_time)}

    @cached_property
    def _usual(self) -> dict[str, Expression]:
        """Where the model's species start before any change."""
        model = self.model
        formulas = substitute_all([model.closed_initial[n] for n in model.species], self._plain)
        return dict(zip(model.species, formulas, strict=True))

    @cached_property
    def _starting(self) -> dict[str, Expression]:
        """The model's initial formulas over parameters and other species; without species the problem itself sets."""
        closed = self.model.closed(list(self.model.initial.values()))
        return {n: e for n, e in zip(self.model.initial, closed, strict=True) if n not in self.names}

    @cached_property
    def _untouched(self) -> dict[str, Expression]:
        """Where the species start in an experiment that changes nothing."""
        given = {n: symbol(n) for n in self.model.species if n in self.names}
        formulas = _resolve(self.model, self._starting, self._plain, given)
        return dict(zip(self.model.species, formulas, strict=True))

    @cached_property
    def _read_by(self) -> dict[str, list[str]]:
        """The species whose initial formula mentions a name."""
        readers: dict[str, list[str]] = {}
        for species, formula in self._starting.items():
            for name in symbols(formula):
                readers.setdefault(name, []).append(species)
        return readers

    def _following(self, names: Iterable[str]) -> set[str]:
        """The species whose start follows from these names, also by way of others."""
        reached: set[str] = set()
        waiting = list(names)
        while waiting:
            new = [n for n in self._read_by.get(waiting.pop(), ()) if n not in reached]
            reached.update(new)
            waiting += new
        return reached

    def _with_derived(self, changes: Mapping[str, Expression]) -> dict[str, Expression]:
        """What every model parameter stands for after these changes."""
        formulas = {**self.base, **changes}
        for name, formula in self.derived.items():
            if name not in changes and name not in self.names:
                formulas[name] = substitute_all([formula], formulas)[0]
        return formulas


def _resolve(
    model: Model,
    formulas: Mapping[str, Expression],
    context: Mapping[str, Expression],
    done: Mapping[str, Expression],
) -> list[Expression]:
    """Initial formulas with each other and the parameters put in; those in `done` are already over the problem."""
    ready, open_ones = dict(done), dict(formulas)
    while open_ones:
        solvable = [n for n, e in open_ones.items() if not symbols(e) & open_ones.keys()]
        if not solvable:
            raise ExperimentError(
                f"{model.name}: initial values of {', '.join(sorted(open_ones))} depend on each other"
            )
        resolved = substitute_all([open_ones[n] for n in solvable], {**context, **ready})
        for name, formula in zip(solvable, resolved, strict=True):
            ready[name] = formula
            del open_ones[name]
    return [ready[n] for n in model.species]
