"""A model some of whose species are held: they become parameters, as a drug in a medium that never runs out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from .model import Model


def with_held_species(model: Model, names: Collection[str]) -> Model:
    """The model in which these species are parameters, 0 unless told otherwise, and what only changed them is gone.

    Parameters
    ----------
    model : Model
    names : collection of str
        Species.

    Returns
    -------
    Model
        Its parameters are those of the model, then the held ones in the order of the species.

    Raises
    ------
    KeyError
        If one of them is no species.
    """
    for name in names:
        model.species_index(name)
    held = tuple(name for name in model.species if name in names)
    stoichiometry = {name: changes for name, changes in model.stoichiometry.items() if name not in held}
    acting = {reaction for changes in stoichiometry.values() for reaction in changes}
    return replace(
        model,
        name=f"{model.name} with held {', '.join(held)}",
        species=tuple(name for name in model.species if name not in held),
        parameters=(*model.parameters, *held),
        parameter_values=np.concatenate([model.parameter_values, np.zeros(len(held))]),
        initial={name: formula for name, formula in model.initial.items() if name not in held},
        stoichiometry=stoichiometry,
        rates={name: rate for name, rate in model.rates.items() if name in acting},
        rate_rules={name: rate for name, rate in model.rate_rules.items() if name not in held},
        outputs=model.outputs - set(held),
    )
