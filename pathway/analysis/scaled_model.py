"""A model in which every reaction can be turned up or down, and what can be turned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from pathway.equations import Model
from pathway.equations.totals import conserved_totals
from pathway.expressions import multiply, symbol
from pathway.expressions.graph import is_number

KINDS = ("species", "reaction", "parameter")


def rate_scale_name(reaction: str) -> str:
    """The parameter that multiplies a reaction's rate."""
    return f"scale_{reaction}"


@lru_cache(maxsize=8)
def scalable_model(model: Model) -> Model:
    """The same model with a factor, 1 unless changed, before the rate of every reaction.

    Its parameters are the model's own, then one factor for each reaction.
    """
    names = tuple(rate_scale_name(reaction) for reaction in model.rates)
    return replace(
        model,
        name=model.name,
        parameters=(*model.parameters, *names),
        parameter_values=np.concatenate([model.parameter_values, np.ones(len(names))]),
        rates={name: multiply(symbol(rate_scale_name(name)), rate) for name, rate in model.rates.items()},
    )


@dataclass(frozen=True)
class PerturbationTarget:
    """Something that can be knocked down or up.

    Attributes
    ----------
    name : str
        As shown: "PTEN_active", "PIP3_by_PTEN", "Km_PTEN".
    kind : str
        One of `KINDS`.
    parameters : tuple of str
        Parameters of the scalable model that are multiplied.
    moiety : tuple of str
        Species whose amounts are multiplied from the start, where the total is conserved.
    """

    name: str
    kind: str
    parameters: tuple[str, ...] = ()
    moiety: tuple[str, ...] = ()


def perturbation_targets(model: Model, kinds: Iterable[str] = KINDS) -> list[PerturbationTarget]:
    """Everything in a model that can be turned.

    A species is turned through the reactions that make it from nothing, or, where its total is conserved, through that
    total; a species that only arises from others is not listed.
    """
    kinds = tuple(kinds)
    targets: list[PerturbationTarget] = []
    if "species" in kinds:
        targets += _totals(model) + _synthesized(model)
    if "reaction" in kinds:
        growth = {r for name in model.outputs for r in model.stoichiometry.get(name, {})}
        targets += [
            PerturbationTarget(name, "reaction", (rate_scale_name(name),)) for name in model.rates if name not in growth
        ]
    if "parameter" in kinds:
        targets += [PerturbationTarget(name, "parameter", (name,)) for name in model.parameters]
    return targets


def _totals(model: Model) -> list[PerturbationTarget]:
    totals = map(tuple, conserved_totals(model))
    return [PerturbationTarget(f"{min(names, key=len)} (total)", "species", moiety=names) for names in totals]


def _synthesized(model: Model) -> list[PerturbationTarget]:
    """Species with reactions that make them and use up nothing."""
    changes: dict[str, dict[str, float]] = {}
    for species, parts in model.stoichiometry.items():
        for reaction, factor in parts.items():
            if is_number(factor):
                changes.setdefault(reaction, {})[species] = float(factor.value)  # type: ignore[arg-type]
    targets = []
    for species in model.species:
        if species in model.outputs:
            continue
        makers = [r for r, parts in changes.items() if parts.get(species, 0) > 0 and min(parts.values()) > 0]
        if makers:
            targets.append(PerturbationTarget(species, "species", tuple(rate_scale_name(r) for r in makers)))
    return targets


def scaled_values(
    model: Model, parameters: np.ndarray, state: np.ndarray, choices: Iterable[tuple[PerturbationTarget, float]]
) -> tuple[np.ndarray, np.ndarray]:
    """Parameters and start of the scalable model with targets multiplied by factors."""
    values, start = parameters.copy(), state.copy()
    for target, factor in choices:
        for name in target.parameters:
            values[model.parameter_index(name)] *= factor
        for name in target.moiety:
            start[model.species_index(name)] *= factor
    return values, start
