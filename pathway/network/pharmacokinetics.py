"""Trastuzumab in a woman: infused into plasma, shared with the other tissues, cleared, and passed on to the tumor.

Two compartments with linear and saturable elimination. The tumor's interstitium follows plasma at a share of it; what
it holds is the species `trastuzumab` of the circuit, so that both networks together are a tumor cell in a woman.
"""

import sys
from dataclasses import replace
from functools import cache

from .join import checked_network, join_modules
from .language import Network, Observable, Parameter, Reaction, Species

SPECIES = (
    Species("plasma_amount", "mg", "trastuzumab in plasma and what is in rapid exchange with it"),
    Species("tissue_amount", "mg", "trastuzumab in other tissues"),
    Species("trastuzumab", "nM", "trastuzumab in the interstitium of the tumor", same_as="chembl:CHEMBL1201585"),
)

PARAMETERS = (
    Parameter("infusion", "mg/h", "trastuzumab that runs in, whatever the weight"),
    Parameter("infusion_per_weight", "mg/(kg*h)", "trastuzumab that runs in, per body weight"),
    Parameter("weight", "kg", "body weight"),
    Parameter("clearance", "L/h", "linear clearance from plasma"),
    Parameter("saturable_elimination", "mg/h", "most that the saturable path takes away"),
    Parameter("K_elimination", "mg/L", "plasma concentration at half of that"),
    Parameter("plasma_volume", "L", "volume that trastuzumab in plasma is spread over"),
    Parameter("tissue_volume", "L", "volume that trastuzumab in other tissues is spread over"),
    Parameter("tissue_exchange", "L/h", "flow between the two"),
    Parameter("tumor_share", "1", "interstitium of the tumor over plasma, at rest"),
    Parameter("k_antibody_loss", "1/h", "how fast the interstitium of the tumor follows plasma"),
    Parameter("trastuzumab_per_mass", "nmol/mg", "amount of substance of 1 mg, from the molar mass"),
)

_PLASMA = "plasma_amount/plasma_volume"
_SHARE = f"tumor_share*trastuzumab_per_mass*{_PLASMA}"

REACTIONS = (
    Reaction("trastuzumab_infusion", "-> plasma_amount", "infusion + infusion_per_weight*weight"),
    Reaction("trastuzumab_clearance", "plasma_amount ->", f"clearance*{_PLASMA}", source="Quartino2019"),
    Reaction(
        "trastuzumab_saturable_elimination",
        "plasma_amount ->",
        "saturable_elimination*plasma_amount/(K_elimination*plasma_volume + plasma_amount)",
        source="Quartino2019",
    ),
    Reaction("trastuzumab_to_tissue", "plasma_amount -> tissue_amount", f"tissue_exchange*{_PLASMA}"),
    Reaction(
        "trastuzumab_from_tissue", "tissue_amount -> plasma_amount", "tissue_exchange*tissue_amount/tissue_volume"
    ),
    Reaction(
        "trastuzumab_to_tumor",
        "-> trastuzumab",
        f"k_antibody_loss*{_SHARE}",
        assumption="A tumor holds too little to be missed in plasma.",
    ),
    Reaction("trastuzumab_loss", "trastuzumab ->", "k_antibody_loss*trastuzumab"),
)

OBSERVABLES = (Observable("plasma_concentration", "mg/L", _PLASMA, "trastuzumab in plasma, as an assay reads it"),)


@cache
def trastuzumab_pharmacokinetics() -> Network:
    """Trastuzumab in a woman without her tumor's cells, names and units checked."""
    return join_modules((sys.modules[__name__],))


def with_pharmacokinetics(circuit: Network) -> Network:
    """The circuit in a tumor instead of a dish: its medium is the tumor's interstitium, so that what both declare
    (trastuzumab and its loss) is one."""
    woman = trastuzumab_pharmacokinetics()
    known = {entry.name for entry in (*circuit.declared, *circuit.reactions)}
    return checked_network(
        replace(
            circuit,
            species=(*circuit.species, *(s for s in woman.species if s.name not in known)),
            parameters=(*circuit.parameters, *(p for p in woman.parameters if p.name not in known)),
            observables=(*circuit.observables, *woman.observables),
            reactions=(*circuit.reactions, *(r for r in woman.reactions if r.name not in known)),
        )
    )
