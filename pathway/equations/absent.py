"""Species that are nowhere: zero at the start, given by nobody, made by nothing that is there.

A model of many drugs is mostly run with a few of them. The others, and their complexes, cost as much as what is there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from pathway.expressions import Expression
from pathway.expressions.calculus import substitute_all
from pathway.expressions.graph import ZERO, is_number

from .held import with_held_species
from .model import Model


def absent_species(model: Model, given: Collection[str]) -> tuple[str, ...]:
    """Species that stay zero at every time, whatever the parameters are, in the model's order.

    Parameters
    ----------
    model : Model
    given : collection of str
        Species that somebody may set: doses, other starts.
    """
    set_by_events = {name for event in model.events for name in event.assignments}
    present = {*given, *set_by_events, *model.algebraic}
    absent = [n for n in model.species if n not in present and is_number(model.closed_initial[n], 0.0)]
    while absent:
        without = substitute_all([model.derivatives[name] for name in absent], dict.fromkeys(absent, ZERO))
        left = [name for name, rate in zip(absent, without, strict=True) if is_number(rate, 0.0)]
        if len(left) == len(absent):
            break
        absent = left
    return tuple(absent)


def without_absent_species(model: Model, given: Collection[str]) -> Model:
    """The model with absent species as parameters of value 0, which formulas may still name, and rates without them.

    Parameters
    ----------
    model : Model
    given : collection of str
        Species that somebody may set: doses, other starts.
    """
    absent = absent_species(model, given)
    if not absent:
        return model
    held, nothing = with_held_species(model, absent), dict.fromkeys(absent, ZERO)

    def without(formulas: Mapping[str, Expression]) -> dict[str, Expression]:
        return dict(zip(formulas, substitute_all(list(formulas.values()), nothing), strict=True))

    rates, rules, assignments = map(without, (held.rates, held.rate_rules, held.assignments))
    return replace(held, name=model.name, rates=rates, rate_rules=rules, assignments=assignments)
