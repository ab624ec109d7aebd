"""Random SBML models that mix the constructs of Level 3 Version 2: valid, bounded, each from one seed."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field

import libsbml

END = 4.0
"""Models are made for the time from 0 to here."""

_FUNCTIONS = (
    ("saturated", "lambda(x, x / (1 + abs(x)))"),
    ("pulse", "lambda(t, a, piecewise(1, t > a && t < a + 1, 0.25))"),
    ("twice", "lambda(y, 2 * saturated(y) + 0.1)"),
)


@dataclass
class Draw:
    """What has been drawn so far; names by what may be done with them."""

    chance: random.Random
    model: libsbml.Model
    readable: list[str] = field(default_factory=list)
    settable: list[str] = field(default_factory=list)
    species: list[str] = field(default_factory=list)
    moving: list[str] = field(default_factory=list)
    compartments: list[str] = field(default_factory=list)
    constants: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    reactions: list[str] = field(default_factory=list)

    def odds(self, share: float) -> bool:
        return self.chance.random() < share

    def number(self, low: float, high: float) -> float:
        return round(self.chance.uniform(low, high), 3)


def random_model(seed: int) -> str:
    """The SBML text of one model."""
    document = libsbml.SBMLDocument(3, 2)
    model = document.createModel()
    model.setId(f"random_{seed}")
    draw = Draw(random.Random(seed), model)
    for name, formula in _FUNCTIONS:
        made = model.createFunctionDefinition()
        made.setId(name)
        made.setMath(_tree(formula))
    _constants(draw)
    _compartments(draw)
    _species(draw)
    _parameters(draw)
    _reactions(draw)
    _initial_assignments(draw)
    _rules(draw)
    _rate_of_change(draw)
    _events(draw)
    return libsbml.writeSBMLToString(document)


def _tree(formula: str) -> libsbml.ASTNode:
    tree = libsbml.parseL3Formula(formula)
    if tree is None:
        raise ValueError(f"{formula}: {libsbml.getLastParseL3Error()}")
    return tree


def _constants(draw: Draw) -> None:
    for k in range(3):
        made = draw.model.createParameter()
        made.setId(f"k{k}")
        made.setValue(draw.number(0.1, 1.5))
        made.setConstant(True)
        draw.constants.append(made.getId())
    draw.readable += draw.constants
    if draw.odds(0.2):
        draw.model.setConversionFactor(draw.chance.choice(draw.constants))


def _compartments(draw: Draw) -> None:
    for k in range(draw.chance.choice((1, 1, 2))):
        made = draw.model.createCompartment()
        made.setId(f"C{k}")
        made.setSpatialDimensions(3)
        made.setSize(draw.number(0.5, 3.0))
        made.setConstant(draw.odds(0.5))
        draw.compartments.append(made.getId())
        draw.readable.append(made.getId())
        if not made.getConstant():
            draw.settable.append(made.getId())


def _species(draw: Draw) -> None:
    for k in range(draw.chance.randint(2, 5)):
        made = draw.model.createSpecies()
        made.setId(f"S{k}")
        made.setCompartment(draw.chance.choice(draw.compartments))
        made.setHasOnlySubstanceUnits(draw.odds(0.4))
        made.setBoundaryCondition(draw.odds(0.2))
        made.setConstant(made.getBoundaryCondition() and draw.odds(0.4))
        if draw.odds(0.5):
            made.setInitialAmount(draw.number(0.5, 4.0))
        else:
            made.setInitialConcentration(draw.number(0.5, 4.0))
        if draw.odds(0.2):
            made.setConversionFactor(draw.chance.choice(draw.constants))
        draw.readable.append(made.getId())
        draw.species.append(made.getId())
        if not made.getConstant():
            draw.settable.append(made.getId())


def _parameters(draw: Draw) -> None:
    for k in range(draw.chance.randint(2, 4)):
        made = draw.model.createParameter()
        made.setId(f"p{k}")
        made.setValue(draw.number(0.2, 3.0))
        made.setConstant(False)
        draw.readable.append(made.getId())
        draw.settable.append(made.getId())


def _positive(draw: Draw, names: list[str] | None = None, depth: int = 0) -> str:
    """A formula whose value stays between about 0 and 3, whatever the names mean."""
    names = names if names is not None else draw.readable
    some = draw.chance.choice(names)
    other = draw.chance.choice(names)
    number = draw.number(0.1, 1.5)
    simple = [
        f"{number}",
        f"saturated({some})",
        f"{number} * abs({some}) / (1 + abs({other}) + abs({some}))",
        f"exp(-abs({some}))",
        f"1 + sin({number} * time)",
        f"pulse(time, {number})",
        f"min({number}, abs({some}))",
        f"1.5 + tanh({some} - {other})",
        f"twice({some})",
        f"{number} + 0.5 * cos(time) ^ 2",
    ]
    if depth > 1:
        return draw.chance.choice(simple)
    inner = _positive(draw, names, depth + 1)
    return draw.chance.choice(
        [
            *simple,
            f"saturated(({inner}) * {some})",
            f"piecewise({inner}, {some} > {number}, {number})",
            f"piecewise({inner}, time < {number}, {other} > {some}, {number}, 0.5)",
            f"max(min({inner}, 2), {number})",
            f"sqrt(({inner}) ^ 2 + 0.1)",
            f"ln(1 + {inner})",
            f"root(3, {inner} + 0.5)",
            f"log10(1 + {inner})",
            f"arctan({inner})",
            f"{number} * ({some} > {number}) + ({inner}) / 2",
            f"rem(time, {number + 1}) / 4 + ({inner}) / 2",
            f"sech({inner})",
            f"arcsinh({inner})",
        ]
    )


def _reactions(draw: Draw) -> None:
    for k in range(draw.chance.randint(1, 4)):
        made = draw.model.createReaction()
        made.setId(f"R{k}")
        made.setReversible(False)
        sides = (made.createReactant, made.createProduct)
        used: list[str] = []
        # libRoadRunner adds up the stoichiometries of a species wrongly where one of them changes: each once.
        unused = draw.chance.sample(draw.species, len(draw.species))
        for side, create in enumerate(sides):
            for _ in range(min(len(unused), draw.chance.choice((0, 1, 1, 2)))):
                reference = create()
                reference.setSpecies(unused.pop())
                reference.setStoichiometry(draw.chance.choice((1, 1, 1, 2, 0.5)))
                reference.setConstant(True)
                if side == 0:
                    used.append(reference.getSpecies())
                if draw.odds(0.3):
                    reference.setId(f"n{len(draw.references)}")
                    reference.setConstant(draw.odds(0.3))
                    draw.references.append(reference.getId())
                    draw.readable.append(reference.getId())
                    if not reference.getConstant():
                        draw.settable.append(reference.getId())
        law = made.createKineticLaw()
        factor = draw.chance.choice(draw.constants)
        if draw.odds(0.3):
            local = law.createLocalParameter()
            local.setId(factor if draw.odds(0.5) else "own")
            local.setValue(draw.number(0.1, 1.0))
            factor = local.getId()
        turnover = " * ".join(f"saturated({name})" for name in used) or "1"
        size = draw.chance.choice([*draw.compartments, "1"])
        law.setMath(_tree(f"{factor} * {size} * {turnover} * ({_positive(draw)})"))
        _modifiers(draw, made)
        draw.reactions.append(made.getId())
    draw.moving = sorted(
        {
            reference.getSpecies()
            for reaction in (draw.model.getReaction(i) for i in range(draw.model.getNumReactions()))
            for reference in (*_list(reaction.getListOfReactants()), *_list(reaction.getListOfProducts()))
        }
    )
    for name in draw.moving:
        item = draw.model.getSpecies(name)
        if item.getConstant():
            item.setBoundaryCondition(True)


def _modifiers(draw: Draw, reaction: libsbml.Reaction) -> None:
    """Species in the law that are neither reactant nor product must be declared."""
    named = {r.getSpecies() for r in (*_list(reaction.getListOfReactants()), *_list(reaction.getListOfProducts()))}
    for name in draw.species:
        if name not in named and re.search(
            rf"\b{name}\b", libsbml.formulaToL3String(reaction.getKineticLaw().getMath())
        ):
            reaction.createModifier().setSpecies(name)


def _list(items: libsbml.ListOf) -> list:
    return [items.get(i) for i in range(items.size())]


def _initial_assignments(draw: Draw) -> None:
    for name in draw.chance.sample(draw.settable, min(len(draw.settable), draw.chance.choice((0, 1, 2)))):
        made = draw.model.createInitialAssignment()
        made.setSymbol(name)
        made.setMath(_tree(f"0.3 + {_positive(draw, draw.constants)}"))


def _rules(draw: Draw) -> None:
    free = [n for n in draw.settable if n not in draw.moving or draw.model.getSpecies(n).getBoundaryCondition()]
    draw.chance.shuffle(free)
    started = {draw.model.getInitialAssignment(i).getSymbol() for i in range(draw.model.getNumInitialAssignments())}
    ruled: list[str] = []
    for name in free[: draw.chance.choice((0, 1, 2, 3))]:
        if draw.odds(0.5) and name not in started:
            rule = draw.model.createAssignmentRule()
            # Assignment rules may use one another in one direction only, and nothing that follows from themselves.
            others = () if name in draw.compartments else (*draw.species, *draw.compartments)
            known = [n for n in (*draw.constants, *others) if n not in (*ruled, *free)]
            formula = f"0.2 + {_positive(draw, known)}"
            ruled.append(name)
            draw.settable.remove(name)
        else:
            rule = draw.model.createRateRule()
            # Its own name must not decide between pieces: the course would stay on the border.
            formula = f"{_positive(draw, [n for n in draw.readable if n != name])} - 0.6 * {name}"
            ruled.append(name)
        rule.setVariable(name)
        rule.setMath(_tree(formula))


def _rate_of_change(draw: Draw) -> None:
    """A parameter that shows how fast something changes; nothing else reads it, so that no circle arises.

    Left out is what libRoadRunner gets wrong inside rateOf: local parameters that hide global ones, and the dilution of
    boundary species.
    """
    if any(reaction.getKineticLaw().getNumLocalParameters() for reaction in _list(draw.model.getListOfReactions())):
        return
    ruled = {rule.getVariable() for rule in _list(draw.model.getListOfRules()) if rule.isAssignment()}
    species = [draw.model.getSpecies(name) for name in draw.species]
    plain = [s.getId() for s in species if not s.getBoundaryCondition() and not {s.getId(), s.getCompartment()} & ruled]
    if not plain:
        return
    asked = draw.model.createParameter()
    asked.setId("slope")
    asked.setConstant(False)
    rule = draw.model.createAssignmentRule()
    rule.setVariable("slope")
    rule.setMath(_tree(f"0.5 + saturated(rateOf({draw.chance.choice(plain)}))"))


def _events(draw: Draw) -> None:
    for k in range(draw.chance.choice((0, 1, 2, 3))):
        made = draw.model.createEvent()
        made.setId(f"E{k}")
        made.setUseValuesFromTriggerTime(draw.odds(0.5))
        trigger = made.createTrigger()
        condition = _condition(draw)
        # libRoadRunner misses part of what happens at the start itself, and delayed events that are not persistent.
        trigger.setInitialValue(draw.odds(0.5) or not condition.startswith("time"))
        late = draw.odds(0.5)
        trigger.setPersistent(late or draw.odds(0.5))
        trigger.setMath(_tree(condition))
        if late:
            fixed = f"{draw.number(0.05, 1.5)}"
            made.createDelay().setMath(_tree(fixed if draw.odds(0.6) else f"0.1 + {_positive(draw)}"))
        priority = made.createPriority()
        priority.setMath(
            _tree(str(k + 1) if draw.odds(0.7) else f"{k} + 0.4 * saturated({draw.chance.choice(draw.species)})")
        )
        for name in draw.chance.sample(draw.settable, min(len(draw.settable), draw.chance.choice((1, 1, 2)))):
            change = made.createEventAssignment()
            change.setVariable(name)
            change.setMath(_tree(f"0.3 + {_positive(draw)}" if draw.odds(0.7) else f"{name} * 1.3 + 0.1"))


def _condition(draw: Draw) -> str:
    some = draw.chance.choice([*draw.species, *draw.settable])
    other = draw.chance.choice(draw.readable)
    # Never at a moment of output: libRoadRunner records there what was before.
    moment = draw.number(0.1, END) + 0.0003
    return draw.chance.choice(
        [
            f"time > {moment}",
            f"time >= {moment} && {some} > {draw.number(0.1, 2)}",
            f"{some} > {draw.number(0.3, 3)}",
            f"{some} < {draw.number(0.3, 3)}",
            f"{some} > {other}",
            f"sin({draw.number(1, 5)} * time) > 0.3",
            f"not(time < {moment}) || {some} < 0.2",
        ]
    )
