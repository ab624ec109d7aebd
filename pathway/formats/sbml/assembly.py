"""Declarations of a file -> `equations.Model`, with the meaning that the SBML specification gives them.

The name of a species stands for what it means in the file's formulas: a concentration unless the file says "amounts
only". Where its compartment keeps its size, that concentration is the state. Where the compartment changes, the amount
is the state and the concentration follows from it, so dilution needs no term of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace

import numpy as np

from pathway.equations import Event, Model, ModelError
from pathway.expressions import Expression, add, divide, multiply, number, symbol, symbols
from pathway.expressions.calculus import substitute_all
from pathway.expressions.graph import ONE, ZERO

from ..errors import FormatError
from .constraints import Constraint, solve_constraints
from .declarations import RATE_PREFIX, Declarations, EventEntry, Participant, Quantity, SpeciesEntry
from .delays import resolve_delays
from .draft import ModelDraft
from .fast import split_fast_reactions
from .rates_of_change import resolve_rates


@dataclass(frozen=True, eq=False)
class SbmlModel:
    """A model read from a file, and how to report what the file declares.

    Attributes
    ----------
    model : Model
    amounts, concentrations : mapping of species name to Expression
        Both forms of every species.
    values : mapping of identifier to Expression
        What each identifier of the file means in a formula: species, compartments, parameters, reactions (their
        rates), named stoichiometries. What the file leaves open and nothing needs is not a number.
    compartments : set of str
        Which of the identifiers are compartments.
    ruled : set of str
        Which of the model's assignments hold at every time; the others are worked out once, at the start.
    renamed : mapping of str to str
        What the file calls a quantity whose name means something else in a model: `time`.
    """

    model: Model
    amounts: Mapping[str, Expression]
    concentrations: Mapping[str, Expression]
    values: Mapping[str, Expression]
    compartments: frozenset[str] = frozenset()
    ruled: frozenset[str] = frozenset()
    renamed: Mapping[str, str] = field(default_factory=dict)

    @property
    def courses(self) -> dict[str, str]:
        """Everything that has a course, by the model's name, with the file's name: states, species that follow from
        others, and what assignment rules determine."""
        followers = [name for name in self.model.assignments if name in self.ruled or name in self.amounts]
        return {name: self.renamed.get(name, name) for name in (*self.model.species, *followers)}


def assemble(declared: Declarations, given: frozenset[str] = frozenset()) -> SbmlModel:
    """The model of a file's declarations; what is `given` elsewhere may be left open in the file.

    Raises
    ------
    FormatError, Unsupported
        Naming the file and the element.
    """
    builder = _Assembly(declared, given)
    builder.build()
    return builder.result()


class _Assembly:
    def __init__(self, declared: Declarations, given: frozenset[str]) -> None:
        self.declared, self.given = declared, given
        self.draft = ModelDraft(declared.file)
        self.used = _symbols_in_use(declared)
        self.set_by_events = {name for event in declared.events for name in event.assignments}
        self.loose = _loose_names(declared)
        self.amount_state: dict[str, str] = {}
        self.stoichiometry: dict[tuple[str, str], Expression] = {}

    def build(self) -> None:
        declared, draft = self.declared, self.draft
        draft.formulas.update(declared.assignment_rules)
        for quantity in declared.quantities.values():
            self._place_quantity(quantity)
        for name in self._used_references():
            self._place_reference(declared.references[name])
        for species in declared.species.values():
            self._place_species(species)
        for name, reaction in declared.reactions.items():
            draft.rates[name] = reaction.rate
            for participant in reaction.participants:
                self._add_participant(name, participant)
        draft.events = [self._event(event) for event in declared.events]
        solve_constraints(draft, self._algebraic_rules())
        solve_constraints(draft, split_fast_reactions(draft, declared))
        self._name_rates()
        resolve_rates(draft, declared)
        resolve_delays(draft, declared)
        self._settle_idle_states()

    # Quantities with a number of their own

    def _place_quantity(self, quantity: Quantity) -> None:
        name = quantity.name
        value = number(math.nan if quantity.value is None else quantity.value)
        if name in self.declared.assignment_rules:
            return
        start = self.declared.initial_assignments.get(name, value)
        if self._moves(name) or name in self.loose:
            self._add_state(name, start)
        elif name not in self.declared.initial_assignments:
            self.draft.parameters[name] = float(value.value)  # type: ignore[arg-type]
        elif self._is_static(name, set()):
            self.draft.formulas[name] = start
        else:
            self._add_state(name, start)

    def _moves(self, name: str) -> bool:
        return name in self.declared.rate_rules or name in self.set_by_events

    def _add_state(self, name: str, start: Expression) -> None:
        self.draft.states[name] = start
        if name in self.declared.rate_rules:
            self.draft.rate_rules[name] = self.declared.rate_rules[name]

    def _is_static(self, name: str, asking: set[str]) -> bool:
        """Whether a name means the same number at all times, so that its initial assignment holds for ever."""
        declared = self.declared
        if name in asking or self._moves(name) or name in self.loose or name == "time":
            return False
        if name not in declared.quantities and name not in declared.references:
            return False
        formula = declared.assignment_rules.get(name, declared.initial_assignments.get(name))
        if formula is None:
            return name in declared.quantities
        return all(self._is_static(other, asking | {name}) for other in symbols(formula))

    def _used_references(self) -> list[str]:
        ruled = self.declared.assignment_rules.keys() | self.declared.rate_rules.keys() | self.set_by_events
        wanted = self.used | ruled | self.declared.initial_assignments.keys()
        return [name for name in self.declared.references if name in wanted]

    def _place_reference(self, reference: Participant) -> None:
        """A named stoichiometry that something uses or sets: a quantity like a parameter."""
        name = reference.name
        value = reference.stoichiometry
        fixed = float(value.value) if value.operator == "number" else None  # type: ignore[arg-type]
        self._place_quantity(Quantity(name, fixed, reference.constant, "1", "stoichiometry"))

    # Species

    def _size_changes(self, compartment: str) -> bool:
        ruled = compartment in self.declared.assignment_rules
        return ruled or self._moves(compartment) or compartment in self.loose or self._has_no_size(compartment)

    def _has_no_size(self, compartment: str) -> bool:
        quantity = self.declared.quantities[compartment]
        return quantity.value is None and compartment not in self.declared.initial_assignments

    def _place_species(self, species: SpeciesEntry) -> None:
        name, size = species.name, symbol(species.compartment)
        if name in self.declared.assignment_rules:
            return
        if species.only_amount:
            self.amount_state[name] = name
            self._add_state(name, self._initial_amount(species))
        elif name in self.declared.rate_rules or not self._size_changes(species.compartment):
            self._add_state(name, self._initial_concentration(species))
        else:
            state = self.declared.free_name(f"{name}_amount")
            self.amount_state[name] = state
            self._add_state(state, self._initial_amount(species))
            self.draft.formulas[name] = divide(symbol(state), size)

    def _initial_amount(self, species: SpeciesEntry) -> Expression:
        size = symbol(species.compartment)
        assigned = self.declared.initial_assignments.get(species.name)
        if assigned is not None:
            return assigned if species.only_amount else multiply(assigned, size)
        if species.amount is not None:
            return number(species.amount)
        if species.concentration is not None:
            return multiply(number(species.concentration), size)
        return number(math.nan)

    def _initial_concentration(self, species: SpeciesEntry) -> Expression:
        assigned = self.declared.initial_assignments.get(species.name)
        if assigned is not None:
            return assigned
        if species.concentration is not None:
            return number(species.concentration)
        amount = number(math.nan if species.amount is None else species.amount)
        return divide(amount, symbol(species.compartment))

    def _add_participant(self, reaction: str, participant: Participant) -> None:
        species = self.declared.species[participant.species]
        if species.boundary or species.constant:
            return
        if species.name in self.declared.assignment_rules or species.name in self.declared.rate_rules:
            raise FormatError(
                f"{self.declared.file}: species '{species.name}' is changed by a rule and by reaction '{reaction}'"
            )
        named = participant.name in self.draft.parameters or participant.name in self.draft.states
        named = named or participant.name in self.draft.formulas
        factor = symbol(participant.name) if participant.name and named else participant.stoichiometry
        if factor.operator == "number" and math.isnan(float(factor.value)):  # type: ignore[arg-type]
            raise FormatError(
                f"{self.declared.file}: the stoichiometry of '{species.name}' in reaction '{reaction}' is not given"
            )
        factor = multiply(number(participant.sign), factor)
        if conversion := species.conversion_factor or self.declared.conversion_factor:
            factor = multiply(factor, symbol(conversion))
        state = self.amount_state.get(species.name)
        # A species may stand in a reaction more than once: its stoichiometries add up.
        place = (state or species.name, reaction)
        total = self.stoichiometry[place] = add(self.stoichiometry.get(place, ZERO), factor)
        written = total if state is not None else divide(total, symbol(species.compartment))
        self.draft.stoichiometry.setdefault(place[0], {})[reaction] = written

    # Events

    def _event(self, event: EventEntry) -> EventEntry:
        """The event with its assignments over states instead of identifiers.

        All values are those before the event, sizes of compartments too. A concentration set together with the size of
        its compartment therefore sets the amount in the old size, which the new size then spreads.
        """
        values: dict[str, Expression] = {}
        factors: dict[str, Expression] = {}
        for name, value in event.assignments.items():
            if name in self.declared.assignment_rules:
                raise FormatError(f"{self.declared.file}: event '{event.name}' sets '{name}', which a rule determines")
            state = self.amount_state.get(name, name)
            values[state] = value
            if state != name:
                factors[state] = symbol(self.declared.species[name].compartment)
        for species in self.declared.species.values():
            resized = event.assignments.get(species.compartment)
            if resized is not None and not species.only_amount and species.name in self.declared.rate_rules:
                set_too = event.assignments.get(species.name)
                values[species.name] = divide(ONE if set_too is None else set_too, resized)
                size = symbol(species.compartment)
                factors[species.name] = size if set_too is not None else multiply(symbol(species.name), size)
        if event.delay is None or not event.values_from_trigger_time:
            values = {n: multiply(value, factors.pop(n)) if n in factors else value for n, value in values.items()}
        return replace(event, assignments=values, factors=factors)

    # Rules that determine something implicitly

    def _algebraic_rules(self) -> list[Constraint]:
        draft = self.draft
        targets = draft.event_targets()
        fixed = {self.amount_state.get(n, n) for n, species in self.declared.species.items() if species.constant}
        free = [n for n in draft.states if not draft.moves(n) and n not in fixed]
        free = [n for n in free if n in self.loose or n not in self.declared.quantities]
        free.sort(key=lambda n: (n in targets, n in self.declared.quantities))
        return [Constraint("an algebraic rule", rule, free) for rule in self.declared.algebraic_rules]

    # Reactions and leftovers

    def _name_rates(self) -> None:
        """A reaction that formulas refer to becomes an assignment with its name."""
        for name in self.declared.reactions:
            if name in self.used and name in self.draft.rates:
                self.draft.formulas[name] = self.draft.rates[name]
                self.draft.rates[name] = symbol(name)

    def _settle_idle_states(self) -> None:
        """Quantities that might have been determined by an algebraic rule, but are by none, are parameters."""
        draft = self.draft
        targets = draft.event_targets()
        for name in sorted(self.loose & draft.states.keys() & self.declared.quantities.keys()):
            start = draft.states[name]
            if name not in targets and name not in draft.algebraic and not draft.moves(name):
                if start.operator == "number":
                    draft.parameters[name] = float(start.value)  # type: ignore[arg-type]
                    del draft.states[name]

    # The result

    def result(self) -> SbmlModel:
        draft, declared = self.draft, self.declared
        given = self.given | {self.amount_state[n] for n in self.given & self.amount_state.keys()}
        endless = {n: number(v) for n, v in draft.parameters.items() if math.isinf(v) and n not in given}
        draft.replace_symbols(endless)
        for name in endless:
            del draft.parameters[name]
        _check_numbers(draft, declared, given)
        unknown = _drop_unknown(draft, given)
        try:
            model = Model(
                name=declared.name,
                species=tuple(draft.states),
                parameters=tuple(draft.parameters),
                parameter_values=np.array(list(draft.parameters.values())),
                initial=draft.states,
                rates=draft.rates,
                stoichiometry={n: draft.stoichiometry.get(n, {}) for n in draft.states},
                rate_rules=draft.rate_rules,
                assignments=draft.ordered_formulas(),
                algebraic=draft.algebraic,
                events=tuple(Event(**vars(event)) for event in draft.events),
                units=self._units(),
                time_unit=declared.time_unit,
            )
        except ModelError as problem:
            raise FormatError(f"{declared.file}: {problem}") from None
        _check_start(model, declared, given)
        left_open = dict.fromkeys(unknown, number(math.nan)) | endless
        amounts, concentrations, values = (
            dict(zip(form, substitute_all(list(form.values()), left_open), strict=True))
            for form in (*self._forms(), self._values())
        )
        compartments = frozenset(q.name for q in declared.quantities.values() if q.kind == "compartment")
        ruled = frozenset(declared.assignment_rules)
        return SbmlModel(model, amounts, concentrations, values, compartments, ruled, declared.renamed)

    def _forms(self) -> tuple[dict[str, Expression], dict[str, Expression]]:
        amounts, concentrations = {}, {}
        for name, species in self.declared.species.items():
            size = symbol(species.compartment)
            state = self.amount_state.get(name)
            if species.only_amount:
                amounts[name], concentrations[name] = symbol(name), divide(symbol(name), size)
            else:
                in_file = state if state is not None and state in self.draft.states else None
                amounts[name] = symbol(in_file) if in_file else multiply(symbol(name), size)
                concentrations[name] = symbol(name)
        return amounts, concentrations

    def _values(self) -> dict[str, Expression]:
        values = {name: symbol(name) for name in (*self.declared.quantities, *self.declared.species)}
        for name, reference in self.declared.references.items():
            placed = name in self.draft.parameters or name in self.draft.states or name in self.draft.formulas
            values[name] = symbol(name) if placed else reference.stoichiometry
        for name, rate in self.draft.rates.items():
            values.setdefault(name, rate)
        return values

    def _units(self) -> dict[str, str]:
        declared = self.declared
        units = {q.name: q.unit for q in declared.quantities.values()}
        for species in declared.species.values():
            units[species.name] = species.unit
            state = self.amount_state.get(species.name)
            if state is not None:
                units[state] = species.amount_unit
        return {name: unit for name, unit in units.items() if unit}


def _symbols_in_use(declared: Declarations) -> set[str]:
    """Every name that a formula of the file mentions, also inside `rateOf`."""
    formulas = [r.rate for r in declared.reactions.values()]
    formulas += [p.stoichiometry for r in declared.reactions.values() for p in r.participants]
    for group in (declared.initial_assignments, declared.assignment_rules, declared.rate_rules):
        formulas += group.values()
    formulas += declared.algebraic_rules
    formulas += [part for pair in declared.delays.values() for part in pair]
    for event in declared.events:
        formulas += [event.trigger, *event.assignments.values()]
        formulas += [extra for extra in (event.delay, event.priority) if extra is not None]
    return {name.removeprefix(RATE_PREFIX) for name in symbols(*formulas)}


def _loose_names(declared: Declarations) -> set[str]:
    """Quantities without a rule that an algebraic rule might determine: they may vary and stand in one."""
    reached = set(symbols(*declared.algebraic_rules)) if declared.algebraic_rules else set()
    waiting = list(reached)
    while waiting:
        name = waiting.pop()
        formula = declared.assignment_rules.get(name)
        inner = set(symbols(formula)) if formula is not None else set()
        if name in declared.reactions:
            inner |= symbols(declared.reactions[name].rate)
        waiting += inner - reached
        reached |= inner
    vary = {q.name for q in declared.quantities.values() if not q.constant}
    vary |= {r.name for r in declared.references.values() if not r.constant}
    return reached & vary - declared.assignment_rules.keys() - declared.rate_rules.keys()


def _check_numbers(draft: ModelDraft, declared: Declarations, given: Set[str]) -> None:
    """A parameter or compartment without a number is refused if anything needs it, and left out otherwise."""
    empty = {n for n, v in draft.parameters.items() if math.isnan(v)} - given
    if not empty:
        return
    needed = draft.closed([*(draft.derivative(s) for s in draft.states), *draft.algebraic.values()])
    for event in draft.events:
        extras = [extra for extra in (event.delay, event.priority) if extra is not None]
        needed += draft.closed([event.trigger, *event.assignments.values(), *extras])
    needed += draft.closed(draft.states.values())
    if missing := sorted(empty & symbols(*needed)):
        kind = declared.quantities[missing[0]].kind if missing[0] in declared.quantities else "stoichiometry"
        word = "size" if kind == "compartment" else "value"
        raise FormatError(f"{declared.file}: {kind} '{missing[0]}' is needed but has no {word}")


def _drop_unknown(draft: ModelDraft, given: Set[str]) -> set[str]:
    """Leave out numbers that the file does not give and nothing needs, with the assignments that show them."""
    unknown = {n for n, v in draft.parameters.items() if math.isnan(v)} - given
    for name, formula in draft.ordered_formulas().items() if unknown else ():
        if symbols(formula) & unknown:
            unknown.add(name)
            del draft.formulas[name]
    for name in unknown & draft.parameters.keys():
        del draft.parameters[name]
    return unknown


def _check_start(model: Model, declared: Declarations, given: Set[str]) -> None:
    """Every state starts from a number; for an algebraic one it is where the search for its root begins."""
    try:
        start = model.initial_values
    except ModelError as problem:
        raise FormatError(f"{declared.file}: {problem}") from None
    following = _following(model, given)
    for name, value in zip(model.species, start, strict=True):
        if math.isnan(value) and name not in following:
            raise FormatError(f"{declared.file}: '{name}' has no initial value")


def _following(model: Model, names: Set[str]) -> Set[str]:
    """These names and everything whose initial value follows from one of them."""
    formulas = {**model.assignments, **model.initial} if names else {}
    reached, grown = set(names), True
    while grown:
        new = {n for n, formula in formulas.items() if n not in reached and symbols(formula) & reached}
        reached, grown = reached | new, bool(new)
    return reached
