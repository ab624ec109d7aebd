"""`equations.Model` -> SBML Level 3 Version 2.

A species is written in the form its unit asks for: an amount in the compartment `cell`, or a concentration in a
compartment of one litre, so that its name means in every formula of the file what it means in the model. A reaction's
extent has one unit in the whole file; species counted in another unit carry a conversion factor of size one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import libsbml

from pathway.equations import Event, Model
from pathway.expressions import Expression, symbol, symbols
from pathway.expressions.graph import is_number

from ..errors import Unsupported
from .names import SbmlIdentifiers
from .notes import (
    ModelNotes,
    annotate,
    annotate_model,
    parameter_term,
    reaction_term,
    species_term,
)
from .written_math import name_tree, number_tree, operator_tree, to_tree
from .written_units import WrittenUnits, unit_factors


class Dose(Protocol):
    """Something done to the model at a time; `pathway.simulation.Intervention` is one."""

    @property
    def time(self) -> float: ...

    @property
    def set(self) -> Mapping[str, float]: ...

    @property
    def add(self) -> Mapping[str, float]: ...

    @property
    def scale(self) -> Mapping[str, float]: ...


LITRE, CELL = "medium", "cell"


@dataclass(frozen=True)
class _Form:
    """How a species is written: unit of its amount, compartment, and whether its name means the amount."""

    substance: str
    compartment: str
    only_amount: bool
    written_as_species: bool


@dataclass
class _Export:
    model: Model
    notes: ModelNotes
    doses: Sequence[Dose]
    names: SbmlIdentifiers
    target: Any
    units: WrittenUnits
    forms: dict[str, _Form] = field(default_factory=dict)
    extent: str = ""
    factors: dict[str, str] = field(default_factory=dict)

    def tree(self, formula: Expression) -> Any:
        return to_tree(formula, self.names.written)


def sbml_text(model: Model, *, doses: Sequence[Dose] = (), notes: ModelNotes | None = None) -> str:
    """A model as SBML Level 3 Version 2.

    Parameters
    ----------
    model : Model
    doses : sequence of Intervention
        Become events. The file's time starts at 0; doses before that belong to the state the model starts from.
    notes : ModelNotes, optional
        SBO terms, identifiers, words.

    Raises
    ------
    Unsupported
        If the model has something that SBML cannot say.
    """
    document = libsbml.SBMLDocument(3, 2)
    target = document.createModel()
    names = SbmlIdentifiers([*model.species, *model.parameters, *model.assignments, *model.observables])
    export = _Export(model, notes or ModelNotes(), doses, names, target, WrittenUnits(target))
    _write_header(export)
    _choose_forms(export)
    _write_compartments(export)
    _write_parameters(export)
    _write_species(export)
    _write_conversion_factors(export)
    _write_assignments(export)
    _write_rules(export)
    _write_reactions(export)
    for event in model.events:
        _write_event(export, event)
    for dose in sorted(doses, key=lambda d: d.time):
        _write_dose(export, dose)
    return libsbml.writeSBMLToString(document)


def _write_header(export: _Export) -> None:
    model, target = export.model, export.target
    target.setId(export.names.fresh(model.name))
    target.setName(model.name)
    if time := export.units.identifier(model.time_unit):
        target.setTimeUnits(time)
    annotate_model(target, export.notes)


# How each species is written


def _choose_forms(export: _Export) -> None:
    model = export.model
    moved = {name for name, factors in model.stoichiometry.items() if factors}
    for name in model.species:
        home = _common_compartment(model, name)
        unit = model.units.get(name, "")
        if home is not None:
            export.forms[name] = _Form(_times_size(unit, model.units.get(home, "")), home, False, True)
            continue
        factors = unit_factors(unit) if unit else None
        per_volume = factors is not None and any(kind == "litre" and power < 0 for kind, _, _, power in factors)
        listed = name in moved or (name not in model.rate_rules and name not in model.algebraic and factors is not None)
        if per_volume:
            export.forms[name] = _Form(_times_size(unit, "L"), LITRE, False, listed)
        else:
            plain = factors is not None and _is_substance(factors)
            export.forms[name] = _Form(unit, CELL, True, name in moved or (listed and plain))
    _choose_extent(export, moved)


def _common_compartment(model: Model, name: str) -> str | None:
    """The parameter that every factor of a species is divided by: its compartment, if the model came from a file."""
    homes = set()
    for factor in model.stoichiometry.get(name, {}).values():
        below = factor.arguments[1] if factor.operator == "divide" else None
        homes.add(str(below.value) if below is not None and below.operator == "symbol" else None)
    home = homes.pop() if len(homes) == 1 else None
    return home if home in model.parameters or home in model.assignments else None


def _is_substance(factors: list[Any]) -> bool:
    return not factors or (len(factors) == 1 and factors[0][0] in ("item", "mole", "gram") and factors[0][3] == 1)


def _times_size(unit: str, size: str) -> str:
    """ "nmol/L" times "L" is "nmol"; "nM" times "L" is "nmol"; other products stay written out."""
    if not unit or not size:
        return ""
    if unit.endswith(f"/{size}"):
        return unit.removesuffix(f"/{size}")
    if unit.endswith("M") and size == "L" and "/" not in unit and "*" not in unit:
        return f"{unit[:-1]}mol"
    if unit == "ug/mL" and size == "L":
        return "mg"
    return f"{unit}*{size}"


def _choose_extent(export: _Export, moved: set[str]) -> None:
    """The commonest amount unit among species that react is the unit of extents."""
    units = [form.substance for name, form in export.forms.items() if name in moved]
    export.extent = max(sorted(set(units)), key=units.count) if units else ""
    if identifier := export.units.identifier(export.extent):
        export.target.setExtentUnits(identifier)
        export.target.setSubstanceUnits(identifier)
        export.target.setVolumeUnits("litre")


# Quantities


def _write_compartments(export: _Export) -> None:
    model = export.model
    written = [form for form in export.forms.values() if form.written_as_species]
    for home in dict.fromkeys(form.compartment for form in written):
        own = home in (LITRE, CELL)
        item = export.target.createCompartment()
        identifier = export.names.fresh(home) if own else export.names.written[home]
        if own:
            export.factors[home] = identifier
        item.setId(identifier)
        item.setSpatialDimensions(3.0)
        item.setConstant(home not in model.assignments)
        if home in model.parameters:
            item.setSize(float(model.parameter_values[model.parameters.index(home)]))
        elif own:
            item.setSize(1.0)
        unit = "litre" if own else export.units.identifier(model.units.get(home, ""))
        if unit:
            item.setUnits(unit)
        item.setSBOTerm("SBO:0000290")


def _compartments(export: _Export) -> set[str]:
    return {form.compartment for form in export.forms.values() if form.written_as_species}


def _write_parameters(export: _Export) -> None:
    model = export.model
    set_by_doses = {name for dose in export.doses for name in (*dose.set, *dose.add, *dose.scale)}
    homes = _compartments(export)
    for name, value in zip(model.parameters, model.parameter_values, strict=True):
        if name not in homes:
            _parameter(export, name, constant=name not in set_by_doses).setValue(float(value))
    for name in model.species:
        if not export.forms[name].written_as_species:
            _start(export, _parameter(export, name, constant=False), name)


def _parameter(export: _Export, name: str, constant: bool) -> Any:
    item = export.target.createParameter()
    item.setId(export.names.written[name])
    if item.getId() != name:
        item.setName(name)
    item.setConstant(constant)
    if unit := export.units.identifier(export.model.units.get(name, "")):
        item.setUnits(unit)
    annotate(item, export.notes.elements.get(name), parameter_term(name))
    return item


def _start(export: _Export, item: Any, name: str) -> None:
    """The initial value: a number where the model has one, an initial assignment where it has a formula."""
    formula = export.model.initial[name]
    if not is_number(formula):
        _initial_assignment(export, name, formula)
        return
    value = float(formula.value)  # type: ignore[arg-type]
    form = export.forms[name]
    if not form.written_as_species:
        item.setValue(value)
    elif form.only_amount:
        item.setInitialAmount(value)
    else:
        item.setInitialConcentration(value)


def _initial_assignment(export: _Export, name: str, formula: Expression) -> None:
    item = export.target.createInitialAssignment()
    item.setSymbol(export.names.written[name])
    item.setMath(export.tree(formula))


def _write_species(export: _Export) -> None:
    model = export.model
    for name in model.species:
        form = export.forms[name]
        if not form.written_as_species:
            continue
        item = export.target.createSpecies()
        item.setId(export.names.written[name])
        home = form.compartment
        item.setCompartment(export.factors.get(home) or export.names.written[home])
        item.setHasOnlySubstanceUnits(form.only_amount)
        item.setBoundaryCondition(not model.stoichiometry.get(name))
        item.setConstant(False)
        if unit := export.units.identifier(form.substance):
            item.setSubstanceUnits(unit)
        _start(export, item, name)
        note = export.notes.elements.get(name)
        annotate(item, note, species_term(note.identities[0] if note and note.identities else ""))


def _write_conversion_factors(export: _Export) -> None:
    """Species whose amounts have another unit than extents say how many of theirs one extent is: one."""
    identifiers: dict[str, str] = {}
    for name in export.model.species:
        form = export.forms[name]
        if not form.written_as_species or form.substance == export.extent or not export.model.stoichiometry.get(name):
            continue
        if form.substance not in identifiers:
            identifier = export.names.fresh(f"{identifier_of_unit(form.substance)}_per_extent")
            item = export.target.createParameter()
            item.setId(identifier)
            item.setValue(1.0)
            item.setConstant(True)
            unit = _ratio(form.substance, export.extent)
            if unit and export.units.identifier(unit):
                item.setUnits(export.units.identifier(unit))
            item.setSBOTerm("SBO:0000002")
            identifiers[form.substance] = identifier
        export.target.getSpecies(export.names.written[name]).setConversionFactor(identifiers[form.substance])
        export.factors[f"extent of {form.substance}"] = identifiers[form.substance]


def identifier_of_unit(text: str) -> str:
    """Letters and digits of a unit text, for an identifier."""
    return "".join(mark if mark.isalnum() else "_" for mark in text) or "unit"


def _ratio(upper: str, lower: str) -> str:
    if not upper or not lower:
        return ""
    return upper if lower == "1" else f"({upper})/({lower})"


def _write_assignments(export: _Export) -> None:
    """Assignments and observables: parameters that a rule sets. A reaction that formulas refer to names itself."""
    model, homes = export.model, _compartments(export)
    formulas = {**model.assignments, **{n: f for n, f in model.observables.items() if n not in model.assignments}}
    for name, formula in formulas.items():
        if name in model.species or _is_own_rate(export, name):
            continue
        if name not in homes:
            _parameter(export, name, constant=False)
        rule = export.target.createAssignmentRule()
        rule.setVariable(export.names.written[name])
        rule.setMath(export.tree(formula))


def _is_own_rate(export: _Export, name: str) -> bool:
    rate = export.model.rates.get(name)
    return rate is not None and rate is symbol(name) and not _rescaled(export, name)


def _rescaled(export: _Export, reaction: str) -> bool:
    return any(_scale(export, n) for n, factors in export.model.stoichiometry.items() if reaction in factors)


# What moves them


def _write_rules(export: _Export) -> None:
    for name, formula in export.model.rate_rules.items():
        if export.model.stoichiometry.get(name):
            raise Unsupported(f"{export.model.name}: '{name}' has both reactions and a rate rule, which SBML forbids")
        rule = export.target.createRateRule()
        rule.setVariable(export.names.written[name])
        rule.setMath(export.tree(formula))
    for residual in export.model.algebraic.values():
        export.target.createAlgebraicRule().setMath(export.tree(residual))


def _scale(export: _Export, name: str) -> tuple[str, str] | None:
    """(compartment, conversion factor) that turn a rate of this species' own unit into extents, or None."""
    form = export.forms[name]
    home = form.compartment if not form.only_amount and form.compartment == LITRE else ""
    factor = export.factors.get(f"extent of {form.substance}", "")
    return (home, factor) if home or factor else None


def _write_reactions(export: _Export) -> None:
    model = export.model
    for name, rate in model.rates.items():
        changes = {n: f[name] for n, f in model.stoichiometry.items() if name in f}
        scales = {_scale(export, n) for n in changes}
        if len(scales) > 1:
            raise Unsupported(f"{model.name}: reaction '{name}' changes species of different units")
        own = _is_own_rate(export, name)
        item = export.target.createReaction()
        item.setId(export.names.written[name] if own else export.names.fresh(name))
        if item.getId() != name:
            item.setName(name)
        item.setReversible(False)
        law = model.assignments[name] if own else rate
        item.createKineticLaw().setMath(_scaled_law(export, law, scales.pop() if scales else None))
        _write_participants(export, item, name, changes)
        _write_modifiers(export, item, law, changes)
        annotate(item, export.notes.reactions.get(name), reaction_term(name))


def _scaled_law(export: _Export, law: Expression, scale: tuple[str, str] | None) -> Any:
    tree = export.tree(law)
    if scale is None:
        return tree
    home, factor = scale
    if home:
        tree = operator_tree(libsbml.AST_TIMES, tree, name_tree(export.factors[home]))
    if factor:
        tree = operator_tree(libsbml.AST_DIVIDE, tree, name_tree(factor))
    return tree


def _write_participants(export: _Export, item: Any, reaction: str, changes: Mapping[str, Expression]) -> None:
    for name, factor in changes.items():
        if not export.forms[name].only_amount and export.forms[name].compartment != LITRE:
            factor = factor.arguments[0]  # what is divided by the compartment
        negative = is_number(factor) and float(factor.value) < 0  # type: ignore[arg-type]
        side = item.createReactant() if negative else item.createProduct()
        side.setSpecies(export.names.written[name])
        side.setConstant(is_number(factor))
        if is_number(factor):
            side.setStoichiometry(abs(float(factor.value)))  # type: ignore[arg-type]
            continue
        side.setId(export.names.fresh(f"{reaction}_{name}"))
        rule = export.target.createAssignmentRule()
        rule.setVariable(side.getId())
        rule.setMath(export.tree(factor))


def _write_modifiers(export: _Export, item: Any, law: Expression, changes: Mapping[str, Expression]) -> None:
    """Species that the rate depends on, through assignments too, without being changed."""
    model = export.model
    reached = symbols(*model.closed([law]))
    for name in model.species:
        if name in reached and name not in changes and export.forms[name].written_as_species:
            item.createModifier().setSpecies(export.names.written[name])
    # A reactant must also appear as one where only the law names it; libSBML asks for that of modifiers alone.


# Events


def _write_event(export: _Export, event: Event) -> None:
    if event.factors:
        raise Unsupported(
            f"{export.model.name}: event '{event.name}' mixes values of two moments, which SBML cannot say"
        )
    item = export.target.createEvent()
    item.setId(export.names.fresh(event.name))
    item.setUseValuesFromTriggerTime(event.values_from_trigger_time)
    trigger = item.createTrigger()
    trigger.setMath(export.tree(event.trigger))
    trigger.setPersistent(event.persistent)
    trigger.setInitialValue(event.initial_value)
    if event.delay is not None:
        item.createDelay().setMath(export.tree(event.delay))
    if event.priority is not None:
        item.createPriority().setMath(export.tree(event.priority))
    for name, value in event.assignments.items():
        change = item.createEventAssignment()
        change.setVariable(export.names.written[name])
        change.setMath(export.tree(value))


def _write_dose(export: _Export, dose: Dose) -> None:
    item = export.target.createEvent()
    item.setId(export.names.fresh(f"dose_at_{identifier_of_unit(f'{dose.time:g}')}"))
    item.setUseValuesFromTriggerTime(True)
    trigger = item.createTrigger()
    trigger.setPersistent(True)
    trigger.setInitialValue(False)
    moment = number_tree(dose.time, export.units.identifier(export.model.time_unit))
    trigger.setMath(operator_tree(libsbml.AST_RELATIONAL_GEQ, name_tree("time"), moment))
    for name, tree in _dose_values(export, dose).items():
        change = item.createEventAssignment()
        change.setVariable(export.names.written[name])
        change.setMath(tree)


def _dose_values(export: _Export, dose: Dose) -> dict[str, Any]:
    """New values in the order in which an intervention acts: set, scale, add."""
    values: dict[str, Any] = {}

    def written(name: str, value: float) -> Any:
        return number_tree(value, export.units.identifier(export.model.units.get(name, "")))

    for name, value in (dose.set or {}).items():
        values[name] = written(name, value)
    for name, factor in (dose.scale or {}).items():
        before = values.get(name, name_tree(export.names.written[name]))
        values[name] = operator_tree(libsbml.AST_TIMES, number_tree(factor), before)
    for name, more in (dose.add or {}).items():
        before = values.get(name, name_tree(export.names.written[name]))
        values[name] = operator_tree(libsbml.AST_PLUS, before, written(name, more))
    return values


def consistency_messages(text: str) -> list[str]:
    """What libSBML's checks, units included, have to say about a file's text; nothing is the aim."""
    document = libsbml.readSBMLFromString(text)
    for category in (
        libsbml.LIBSBML_CAT_GENERAL_CONSISTENCY,
        libsbml.LIBSBML_CAT_IDENTIFIER_CONSISTENCY,
        libsbml.LIBSBML_CAT_UNITS_CONSISTENCY,
        libsbml.LIBSBML_CAT_MATHML_CONSISTENCY,
        libsbml.LIBSBML_CAT_SBO_CONSISTENCY,
        libsbml.LIBSBML_CAT_OVERDETERMINED_MODEL,
        libsbml.LIBSBML_CAT_MODELING_PRACTICE,
    ):
        document.setConsistencyChecks(category, True)
    document.checkConsistency()
    return [
        f"{document.getError(i).getLine()}: {document.getError(i).getErrorId()}: "
        + " ".join(document.getError(i).getMessage().split())
        for i in range(document.getNumErrors())
    ]
