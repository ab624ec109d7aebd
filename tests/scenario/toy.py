"""A laboratory small enough to be worked out by hand.

A drug slows growth by a saturable share and stays where it is; a ligand disappears; a protein is made and lost, with a
little help from itself. Everything has a closed form, given beside the tests that use it.
"""

from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from pathway.equations import network_model
from pathway.network.join import join_modules
from pathway.network.language import Observable, Parameter, Quantity, Reaction, Species
from pathway.scenario.laboratory import Agent, KnockDown, Laboratory

MU, BLOCK, K_DRUG = 0.02, 0.8, 10.0  # 1/h, share, nM
VALUES = {
    "mu": MU,
    "block": BLOCK,
    "K_drug": K_DRUG,
    "k_loss": 0.1,
    "k_make": 2.0,
    "make_factor": 1.0,
    "help": 0.5,
    "k_decay": 0.05,
}

EXPERIMENT = """
title = "t"
cells = "slow"
[time]
end = "48 h"
[dose.l]
agent = "ligand"
amount = "4 nM"
[[arm]]
name = "none"
[[arm]]
name = "ligand"
doses = ["l"]
"""
MEASURED = EXPERIMENT + '[data]\nfile = "points.csv"\n'
"""An experiment with the toy, and the same with measurements."""

_TOY = SimpleNamespace(
    SPECIES=(
        Species("drug", "nM", "in the medium, stable"),
        Species("ligand", "nM", "in the medium, lost"),
        Species("protein", "nM", "made and lost", start="k_make/k_decay"),
        Species("log_cells", "1", "log cell number", output=True),
    ),
    PARAMETERS=(
        Parameter("mu", "1/h", "growth"),
        Parameter("block", "1", "largest share of growth that the drug takes"),
        Parameter("K_drug", "nM", "drug at half of that"),
        Parameter("k_loss", "1/h", "loss of ligand"),
        Parameter("k_make", "nM/h", "synthesis"),
        Parameter("make_factor", "1", "scales synthesis"),
        Parameter("help", "nM/h", "synthesis the protein adds at saturation"),
        Parameter("k_decay", "1/h", "loss"),
    ),
    QUANTITIES=(Quantity("growth_rate", "1/h", "mu*(1 - block*drug/(K_drug + drug))", "growth"),),
    OBSERVABLES=(
        Observable("cell_number", "1", "exp(log_cells)", "fold"),
        Observable("twice", "nM", "2*protein", "for ratios"),
    ),
    REACTIONS=(
        Reaction("ligand_loss", "ligand ->", "k_loss*ligand"),
        Reaction("synthesis", "-> protein", "make_factor*(k_make + help*protein/(protein + K_drug))"),
        Reaction("decay", "protein ->", "k_decay*protein"),
        Reaction("growth", "-> log_cells", "growth_rate"),
    ),
)


def line_values(cells: str, folder: Path = Path()) -> np.ndarray:
    """Cells called "quick" grow twice as fast as "slow" ones."""
    values = {**VALUES, "mu": MU * (2 if cells == "quick" else 1)}
    return np.array([values[parameter.name] for parameter in _TOY.PARAMETERS])


@cache
def toy_laboratory() -> Laboratory:
    network = join_modules([_TOY])
    agents = (
        Agent("drug", "drug", "nM", molar_mass=150_000.0, usual=10.0, highest=1000.0),
        Agent("ligand", "ligand", "nM", usual=1.0, highest=100.0),
        Agent("vehicle"),
        Agent("medium change"),
    )
    readable = (*network.species, *network.quantities, *network.observables)
    return Laboratory(
        agents={agent.name: agent for agent in agents},
        cell_lines=("slow", "quick"),
        model=network_model("toy", network, VALUES),
        parameters_of=line_values,
        units={entry.name: entry.unit for entry in readable},
        parameters={entry.name: entry.unit for entry in network.parameters},
        knock_downs={"protein": KnockDown("make_factor", "protein")},
    )
