"""Two cultures in one model, so that an edge of one can be made to see what happens in the other.

An influence belongs to a source (a species or quantity) and to places that read it (reactions, quantities). A switch
for each influence blends the source's own value with its course in the reference culture: at 1 the places act as if the
source were as in the reference. All switches at once are parameters, so every subset of causes is a member of one
ensemble.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from pathway.equations import Model
from pathway.expressions import Expression, add, multiply, negate, number, symbol
from pathway.expressions.calculus import substitute_all
from pathway.network import Influence

from .mistakes import AnalysisError, unknown_name_error

REFERENCE = "paired_"


def influence_switch(influence: Influence) -> str:
    """The parameter that turns an influence over to the reference: 0 own, 1 reference."""
    return "switch_" + "".join(c if c.isalnum() else "_" for c in influence.name)


def paired_model(model: Model, influences: Sequence[Influence]) -> Model:
    """The model beside a copy of itself, the reference, with a switch for each influence.

    Names of the copy begin with `REFERENCE`; both have their own parameters and starts.

    Raises
    ------
    AnalysisError
        If an influence names what does not exist, or a place that does not read the source.
    """
    for influence in influences:
        _check(model, influence)
    copied = {name: symbol(REFERENCE + name) for name in (*model.species, *model.parameters, *model.assignments)}

    def copies(formulas: Mapping[str, Expression]) -> dict[str, Expression]:
        renamed = substitute_all(list(formulas.values()), copied)
        return {REFERENCE + name: formula for name, formula in zip(formulas, renamed, strict=True)}

    blended = {**model.assignments, **model.rates, **model.observables}
    for influence in influences:
        blends = {source: _blend(source, influence_switch(influence)) for source in influence.sources}
        for place in influence.places:
            blended[place] = substitute_all([blended[place]], blends)[0]
    # The reference is computed first, since a blended quantity reads it.
    assignments = {**copies(model.assignments), **{name: blended[name] for name in model.assignments}}
    switches = tuple(influence_switch(influence) for influence in influences)
    stoichiometry = dict(model.stoichiometry)
    for name, parts in model.stoichiometry.items():
        stoichiometry[REFERENCE + name] = {REFERENCE + reaction: factor for reaction, factor in parts.items()}
    return replace(
        model,
        name=f"{model.name}, twice",
        species=(*model.species, *(REFERENCE + name for name in model.species)),
        parameters=(*model.parameters, *(REFERENCE + name for name in model.parameters), *switches),
        parameter_values=np.concatenate([model.parameter_values, model.parameter_values, np.zeros(len(switches))]),
        initial={**model.initial, **copies(model.initial)},
        rates={**{name: blended[name] for name in model.rates}, **copies(model.rates)},
        stoichiometry=stoichiometry,
        rate_rules={**model.rate_rules, **copies(model.rate_rules)},
        assignments=assignments,
        observables={**{n: blended[n] for n in model.observables}, **copies(model.observables)},
        units={**model.units, **{REFERENCE + name: unit for name, unit in model.units.items()}},
        outputs=frozenset(model.outputs | {REFERENCE + name for name in model.outputs}),
    )


def _blend(source: str, switch: str) -> Expression:
    own, other, share = symbol(source), symbol(REFERENCE + source), symbol(switch)
    return add(multiply(add(number(1.0), negate(share)), own), multiply(share, other))


def _check(model: Model, influence: Influence) -> None:
    from pathway.expressions import symbols

    known = (*model.species, *model.assignments)
    for source in influence.sources:
        if source not in known:
            raise unknown_name_error("species or quantity", source, known)
    formulas = {**model.assignments, **model.rates, **model.observables}
    for place in influence.places:
        if place not in formulas:
            raise unknown_name_error("reaction or quantity", place, formulas)
        if not symbols(formulas[place]) & set(influence.sources):
            raise AnalysisError(
                f"'{place}' does not read {', '.join(influence.sources)}, so nothing can be switched there"
            )
