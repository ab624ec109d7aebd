"""A libSBML document -> the plain records of `declarations`: after this no libSBML object is touched."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from pathway.expressions import Expression, number

from ..errors import FormatError
from .declarations import Declarations, EventEntry, Participant, Quantity, ReactionEntry, SpeciesEntry
from .declared_units import DeclaredUnits
from .mathml import Translator, as_condition


def read_declarations(document: Any, file: str) -> Declarations:
    """Everything a flat SBML document declares.

    Raises
    ------
    FormatError, Unsupported
        Naming the file and the element.
    """
    model = document.getModel()
    declared = Declarations(model.getId() or "model", file)
    reader = _Reader(declared, Translator(file), DeclaredUnits(model), model)
    reader.read()
    declared.delays.update(reader.translator.delays)
    return declared


def _items(items: Any) -> Iterator[Any]:
    return (items.get(i) for i in range(items.size()))


def _number(is_set: bool, value: float) -> float | None:
    return float(value) if is_set and not math.isnan(value) else None


class _Reader:
    def __init__(self, declared: Declarations, translator: Translator, units: DeclaredUnits, model: Any) -> None:
        self.declared, self.translator, self.units, self.model = declared, translator, units, model
        self.renamed: dict[str, str] = {}

    def read(self) -> None:
        model, declared = self.model, self.declared
        self._collect_names()
        declared.time_unit = self.units.time
        for item in _items(model.getListOfFunctionDefinitions()):
            if item.isSetMath():
                self.translator.define(item.getId(), item.getMath())
        self._read_compartments()
        self._read_species()
        for item in _items(model.getListOfParameters()):
            self._keep_parameter(item, self._name(item.getId()))
        if model.isSetConversionFactor():
            declared.conversion_factor = self._name(model.getConversionFactor())
        self._read_reactions()
        self._read_rules()
        self._read_events()

    def _collect_names(self) -> None:
        """All identifiers of the file; one called `time` is renamed, since that word is the independent variable."""
        self.declared.taken.add("time")
        model = self.model
        for items in (model.getListOfCompartments(), model.getListOfSpecies(), model.getListOfParameters()):
            self._claim(item.getId() for item in _items(items))
        for reaction in _items(model.getListOfReactions()):
            self._claim([reaction.getId()])
            for side in (reaction.getListOfReactants(), reaction.getListOfProducts()):
                self._claim(item.getId() for item in _items(side) if item.getId())

    def _claim(self, names: Any) -> None:
        for name in names:
            if name == "time":
                self.renamed[name] = self.declared.free_name("time_quantity")
                self.declared.renamed[self.renamed[name]] = name
            elif name in self.declared.taken:
                raise FormatError(f"{self.declared.file}: the identifier '{name}' is used twice")
            else:
                self.declared.taken.add(name)

    def _name(self, name: str) -> str:
        return self.renamed.get(name, name)

    def _formula(self, item: Any, place: str, names: dict[str, str] | None = None) -> Expression | None:
        if item is None or not item.isSetMath():
            if item is not None and self.model.getLevel() == 1 and item.isSetFormula():
                raise FormatError(f"{self.declared.file}: {place}: '{item.getFormula()[:60]}' is no formula")
            return None
        return self.translator.translate(item.getMath(), place, {**self.renamed, **(names or {})})

    def _read_compartments(self) -> None:
        first_level = self.model.getLevel() == 1
        for item in _items(self.model.getListOfCompartments()):
            # Level 1 gives every compartment the volume 1 unless told otherwise.
            size = _number(item.isSetSize() or first_level, item.getSize())
            known = item.isSetSpatialDimensions() or self.model.getLevel() < 3
            dimensions = item.getSpatialDimensionsAsDouble() if known else None
            name = self._name(item.getId())
            self.declared.quantities[name] = Quantity(
                name,
                size,
                item.getConstant() and not first_level,
                self.units.of_compartment(item),
                "compartment",
                dimensions,
            )

    def _read_species(self) -> None:
        for item in _items(self.model.getListOfSpecies()):
            name, home = self._name(item.getId()), self._name(item.getCompartment())
            if home not in self.declared.quantities:
                raise FormatError(f"{self.declared.file}: species '{name}' is in '{home}', which is no compartment")
            dimensionless = self.declared.quantities[home].dimensions == 0
            self.declared.species[name] = SpeciesEntry(
                name=name,
                compartment=home,
                amount=_number(item.isSetInitialAmount(), item.getInitialAmount()),
                concentration=_number(item.isSetInitialConcentration(), item.getInitialConcentration()),
                only_amount=item.getHasOnlySubstanceUnits() or dimensionless,
                boundary=item.getBoundaryCondition(),
                constant=item.getConstant(),
                conversion_factor=self._name(item.getConversionFactor()) if item.isSetConversionFactor() else "",
                unit=self.units.of_species(item, item.getHasOnlySubstanceUnits() or dimensionless),
                amount_unit=self.units.of_species(item, True),
            )

    def _keep_parameter(self, item: Any, name: str) -> None:
        value = _number(item.isSetValue(), item.getValue())
        # Level 1 has no such attribute: whatever has no rule of its own may be determined by an algebraic one.
        constant = item.getConstant() and self.model.getLevel() > 1
        self.declared.quantities[name] = Quantity(name, value, constant, self.units.of_parameter(item))

    def _read_reactions(self) -> None:
        for item in _items(self.model.getListOfReactions()):
            name = self._name(item.getId())
            place = f"reaction '{item.getId()}'"
            law = item.getKineticLaw()
            rate = self._formula(law, place, self._local_parameters(item.getId(), law)) if law is not None else None
            sides = ((item.getListOfReactants(), -1), (item.getListOfProducts(), 1))
            participants = tuple(self._participant(ref, sign, place) for side, sign in sides for ref in _items(side))
            if rate is None and law is None and participants:
                self._refuse_without_law(place)
            fast = item.isSetFast() and item.getFast()
            self.declared.reactions[name] = ReactionEntry(name, participants, number(0) if rate is None else rate, fast)

    def _refuse_without_law(self, place: str) -> None:
        raise FormatError(f"{self.declared.file}: {place} has no kinetic law, so its rate is unknown")

    def _local_parameters(self, reaction: str, law: Any) -> dict[str, str]:
        """Local parameters get a name of their own, made of both names."""
        names = {}
        for item in (law.getParameter(i) for i in range(law.getNumParameters())):
            names[item.getId()] = self.declared.free_name(f"{reaction}_{item.getId()}")
            self._keep_parameter(item, names[item.getId()])
            self.declared.quantities[names[item.getId()]].constant = True
        return names

    def _participant(self, item: Any, sign: int, place: str) -> Participant:
        species = self._name(item.getSpecies())
        if species not in self.declared.species:
            raise FormatError(f"{self.declared.file}: {place} names '{species}', which is no species")
        formula = None
        if item.isSetStoichiometryMath():
            formula = self._formula(item.getStoichiometryMath(), f"the stoichiometry of '{species}' in {place}")
        if formula is None:
            given = item.isSetStoichiometry() or self.model.getLevel() < 3
            formula = number(item.getStoichiometry() if given else math.nan)
            if self.model.getLevel() == 1:
                formula = number(item.getStoichiometry() / item.getDenominator())
        participant = Participant(self._name(item.getId()), species, sign, formula, item.getConstant())
        if participant.name:
            self.declared.references[participant.name] = participant
        return participant

    def _read_rules(self) -> None:
        for item in _items(self.model.getListOfInitialAssignments()):
            target = self._name(item.getSymbol())
            formula = self._formula(item, f"the initial assignment of '{target}'")
            if formula is not None:
                self.declared.initial_assignments[self._known(target, "an initial assignment")] = formula
        for item in _items(self.model.getListOfRules()):
            target = self._name(item.getVariable())
            place = f"the rule for '{target}'" if target else "an algebraic rule"
            formula = self._formula(item, place)
            if formula is None:
                continue
            if item.isAlgebraic():
                self.declared.algebraic_rules.append(formula)
            elif item.isRate():
                self.declared.rate_rules[self._known(target, "a rate rule")] = formula
            else:
                self.declared.assignment_rules[self._known(target, "an assignment rule")] = formula

    def _known(self, name: str, what: str) -> str:
        declared = self.declared
        if name in declared.quantities or name in declared.species or name in declared.references:
            return name
        raise FormatError(f"{declared.file}: {what} sets '{name}', which is not declared")

    def _read_events(self) -> None:
        for position, item in enumerate(_items(self.model.getListOfEvents())):
            name = item.getId() or f"event_{position + 1}"
            place = f"event '{name}'"
            trigger = self._formula(item.getTrigger(), f"the trigger of {place}")
            assignments = {}
            for change in _items(item.getListOfEventAssignments()):
                target = self._name(change.getVariable())
                value = self._formula(change, f"{place} setting '{target}'")
                if value is not None:
                    assignments[self._known(target, place)] = value
            if trigger is None:
                continue  # without a trigger it never happens
            third = self.model.getLevel() > 2
            self.declared.events.append(
                EventEntry(
                    name=name,
                    trigger=as_condition(trigger),
                    assignments=assignments,
                    delay=self._formula(item.getDelay(), f"the delay of {place}"),
                    priority=self._formula(item.getPriority(), f"the priority of {place}") if third else None,
                    persistent=item.getTrigger().getPersistent() if third else True,
                    initial_value=item.getTrigger().getInitialValue() if third else True,
                    values_from_trigger_time=item.getUseValuesFromTriggerTime(),
                )
            )
