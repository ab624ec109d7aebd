"""`Model`: the one thing that kernels and simulation know.

    d species / d time = sum over reactions of stoichiometry * rate, plus the species' rate rule,

with assignments (quantities computed from the others at every moment), algebraic residuals (species found by solving
`residual = 0`), events, and initial values that may be formulas. All formulas are `Expression`s over the names of
species, parameters, assignments and `time`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from pathway.errors import InputError, UnknownNameError, did_you_mean
from pathway.expressions import Expression, add, multiply, number, symbols
from pathway.expressions.calculus import substitute_all
from pathway.expressions.evaluation import evaluate_all
from pathway.expressions.graph import ZERO
from pathway.notebook import html_card

TIME = "time"


class ModelError(InputError):
    """A model that contradicts itself; the message names the entry."""


@dataclass(frozen=True)
class Event:
    """Something that happens at the moment a condition becomes true.

    Attributes
    ----------
    name : str
    trigger : Expression
        A condition; the event is triggered when it turns from false to true.
    assignments : mapping of species name to Expression
        New values; evaluated together, then set together.
    delay : Expression, optional
        Time between trigger and execution; None means at once.
    priority : Expression, optional
        Of events executed at the same moment, the larger goes first.
    persistent : bool
        Whether the event still executes if the trigger turns false before the delay is over.
    initial_value : bool
        What the trigger counts as before the start: with False, a trigger that is true at the start fires there.
    values_from_trigger_time : bool
        Whether the new values are those of the trigger's moment or of the execution's.
    factors : mapping of species name to Expression
        What a new value is multiplied by, always as it is at the moment of execution, before anything is set: a
        concentration remembered from the trigger sets an amount through the volume that the compartment has by then.
    """

    name: str
    trigger: Expression
    assignments: Mapping[str, Expression]
    delay: Expression | None = None
    priority: Expression | None = None
    persistent: bool = True
    initial_value: bool = True
    values_from_trigger_time: bool = True
    factors: Mapping[str, Expression] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Model:
    """A system of ordinary differential (and algebraic) equations with names.

    Attributes
    ----------
    name : str
    species : tuple of str
        Everything that has a value of its own over time, in the order of every array. A quantity that only an event
        changes is a species without rates.
    parameters : tuple of str
    parameter_values : array, shape (n_parameters,)
    initial : mapping of species name to Expression
        Value at `start_time`; over parameters, other species (their initial values), assignments and `time`.
    rates : mapping of reaction name to Expression
    stoichiometry : mapping of species name to {reaction name: Expression}
    rate_rules : mapping of species name to Expression
        Added to what the reactions give.
    assignments : mapping of name to Expression
        In the order of evaluation: a formula may use the names before it.
    algebraic : mapping of species name to Expression
        Residuals that are zero at every moment; the key is the species that the residual determines.
    events : tuple of Event
    observables : mapping of name to Expression
    units : mapping of name to unit text
        A name without a declared unit is absent.
    time_unit : str
    outputs : frozenset of str
        Species that nothing depends on and that never rest (log cell number): left out of steady states.
    scales : mapping of species name to float
        Typical size, for absolute tolerances; absent means the initial value decides.
    start_time : float
    """

    name: str
    species: tuple[str, ...]
    parameters: tuple[str, ...]
    parameter_values: np.ndarray
    initial: Mapping[str, Expression]
    rates: Mapping[str, Expression] = field(default_factory=dict)
    stoichiometry: Mapping[str, Mapping[str, Expression]] = field(default_factory=dict)
    rate_rules: Mapping[str, Expression] = field(default_factory=dict)
    assignments: Mapping[str, Expression] = field(default_factory=dict)
    algebraic: Mapping[str, Expression] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    observables: Mapping[str, Expression] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    time_unit: str = ""
    outputs: frozenset[str] = frozenset()
    scales: Mapping[str, float] = field(default_factory=dict)
    start_time: float = 0.0

    def __post_init__(self) -> None:
        values = np.array(self.parameter_values, dtype=float)
        values.setflags(write=False)
        object.__setattr__(self, "parameter_values", values)
        _check(self)

    @cached_property
    def closed_assignments(self) -> dict[str, Expression]:
        """Assignments in terms of species, parameters and time alone."""
        closed: dict[str, Expression] = {}
        for name, formula in self.assignments.items():
            closed[name] = substitute_all([formula], closed)[0]
        return closed

    def closed(self, formulas: Iterable[Expression]) -> list[Expression]:
        """Formulas in terms of species, parameters and time alone."""
        return substitute_all(list(formulas), self.closed_assignments)

    @cached_property
    def derivatives(self) -> dict[str, Expression]:
        """d species / d time, closed; a species without rates has 0, an algebraic one its residual."""
        balances = {n: self.algebraic[n] if n in self.algebraic else self._balance(n) for n in self.species}
        return dict(zip(balances, self.closed(balances.values()), strict=True))

    def _balance(self, name: str) -> Expression:
        terms = [multiply(factor, self.rates[r]) for r, factor in self.stoichiometry.get(name, {}).items()]
        return add(*terms, self.rate_rules.get(name, ZERO))

    @cached_property
    def initial_values(self) -> np.ndarray:
        """Shape (n_species,): the initial formulas at the model's own parameter values."""
        return self.initial_values_at(self.parameter_values)

    def initial_values_at(self, parameter_values: np.ndarray) -> np.ndarray:
        """The initial formulas at other parameter values, shape (n_species,)."""
        values = dict(zip(self.parameters, map(float, parameter_values), strict=True))
        values[TIME] = self.start_time
        return np.array(evaluate_all([self.closed_initial[name] for name in self.species], values))

    @cached_property
    def closed_initial(self) -> dict[str, Expression]:
        """Initial formulas in terms of parameters and time alone.

        Raises
        ------
        ModelError
            If initial values depend on each other in a circle.
        """
        formulas = dict(zip(self.initial, self.closed(self.initial.values()), strict=True))
        for _ in range(len(formulas) + 1):
            waiting = {n for n, f in formulas.items() if symbols(f) & set(self.species)}
            if not waiting:
                return formulas
            formulas = dict(zip(formulas, substitute_all(list(formulas.values()), formulas), strict=True))
        raise ModelError(f"{self.name}: the initial values of {', '.join(sorted(waiting))} depend on each other")

    def species_index(self, name: str) -> int:
        """Position of a species in every array; an unknown name is answered with the nearest ones."""
        return _position(self.species, name, "species", self.name)

    def parameter_index(self, name: str) -> int:
        """Position of a parameter; an unknown name is answered with the nearest ones."""
        return _position(self.parameters, name, "parameter", self.name)

    def __repr__(self) -> str:
        counts = f"{len(self.species)} species, {len(self.parameters)} parameters, {len(self.observables)} observables"
        events = f", {len(self.events)} events" if self.events else ""
        return f"<Model '{self.name}': {counts}{events}, time in {self.time_unit or 'a unit of its own'}>"

    def _repr_html_(self) -> str:
        species = [
            [name, value, self.units.get(name, "")]
            for name, value in zip(self.species, self.initial_values, strict=True)
        ]
        given = zip(self.parameters, self.parameter_values, strict=True)
        parameters = [[name, value, self.units.get(name, "")] for name, value in given]
        tables = [(["species", "at the start", "unit"], species), (["parameter", "value", "unit"], parameters)]
        return html_card(repr(self).strip("<>"), (), tables)

    def with_parameters(self, values: Mapping[str, float]) -> Model:
        """The same model with some parameter values replaced."""
        if not isinstance(values, Mapping):
            raise InputError(f"values: expected a mapping of names to numbers, got {type(values).__name__}")
        changed = np.array(self.parameter_values)
        for name, value in values.items():
            changed[self.parameter_index(name)] = value
        return replace(self, parameter_values=changed)

    def with_initial_values(self, values: np.ndarray) -> Model:
        """The same model starting from these numbers, shape (n_species,)."""
        initial = {name: number(float(v)) for name, v in zip(self.species, values, strict=True)}
        return replace(self, initial=initial)


def _position(names: tuple[str, ...], name: str, kind: str, model: str) -> int:
    try:
        return names.index(name)
    except ValueError:
        raise UnknownNameError(f"no {kind} of '{model}' is called '{name}'.{did_you_mean(name, names)}") from None


def _check(model: Model) -> None:
    """Refuse doubled names, missing initial values and formulas over unknown names."""
    taken: dict[str, str] = {TIME: "the time"}
    for kind, names in (
        ("species", model.species),
        ("parameter", model.parameters),
        ("assignment", tuple(model.assignments)),
    ):
        for name in names:
            if name in taken:
                raise ModelError(f"{model.name}: '{name}' is declared as {taken[name]} and as {kind}")
            taken[name] = kind
    if model.parameter_values.shape != (len(model.parameters),):
        raise ModelError(
            f"{model.name}: {len(model.parameters)} parameters but {model.parameter_values.shape[0]} parameter values"
        )
    for name in model.species:
        if name not in model.initial:
            raise ModelError(f"{model.name}: species '{name}' has no initial value")
    for place, formula in _formulas(model):
        if unknown := symbols(formula) - taken.keys():
            name = min(unknown)
            hint = did_you_mean(name, taken)
            raise ModelError(f"{model.name}: {place} uses '{name}', which is not declared.{hint}")


def _formulas(model: Model) -> Iterable[tuple[str, Expression]]:
    groups: tuple[tuple[str, Mapping[str, Expression]], ...] = (
        ("the initial value of", model.initial),
        ("the rate of", model.rates),
        ("the rate rule of", model.rate_rules),
        ("the assignment of", model.assignments),
        ("the algebraic rule for", model.algebraic),
        ("the observable", model.observables),
    )
    for kind, formulas in groups:
        for name, formula in formulas.items():
            yield f"{kind} '{name}'", formula
    for name, reactions in model.stoichiometry.items():
        for reaction, formula in reactions.items():
            if formula.operator != "number":
                yield f"what '{reaction}' makes of '{name}'", formula
    for event in model.events:
        yield f"the trigger of event '{event.name}'", event.trigger
        for extra in (event.delay, event.priority):
            if extra is not None:
                yield f"event '{event.name}'", extra
        for name, formula in event.assignments.items():
            yield f"event '{event.name}' setting '{name}'", formula
        for name, formula in event.factors.items():
            yield f"event '{event.name}' scaling '{name}'", formula
