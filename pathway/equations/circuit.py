"""From a declared network and its numbers to a `Model`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pathway.expressions import number, parse
from pathway.network.language import TIME_UNIT, Network

from .model import Model, ModelError


def network_model(name: str, network: Network, values: Mapping[str, float]) -> Model:
    """The equations of a network at given parameter values.

    Parameters
    ----------
    name : str
        What messages call it: the cell line.
    network : Network
    values : mapping of parameter name to float
        In the unit each parameter declares; a missing one is refused.

    Returns
    -------
    Model
        Species start from their `start` formulas, which is where the search for the untreated state begins.
    """
    if missing := [p.name for p in network.parameters if p.name not in values]:
        raise ModelError(f"{name}: no value for parameter {', '.join(missing)}")
    stoichiometry: dict[str, dict] = {species.name: {} for species in network.species}
    for reaction in network.reactions:
        for species, count in reaction.changes.items():
            stoichiometry[species][reaction.name] = number(count)
    # An observable with the name of a species or quantity shows that one; it is not declared a second time.
    return Model(
        name=name,
        species=tuple(s.name for s in network.species),
        parameters=tuple(p.name for p in network.parameters),
        parameter_values=np.array([values[p.name] for p in network.parameters]),
        initial={s.name: parse(s.start) for s in network.species},
        rates={r.name: r.expression for r in network.reactions},
        stoichiometry=stoichiometry,
        assignments={q.name: q.expression for q in network.quantities},
        observables={o.name: o.expression for o in network.observables},
        units=dict(network.units),
        time_unit=TIME_UNIT,
        outputs=frozenset(s.name for s in network.species if s.output),
    )
