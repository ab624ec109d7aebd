"""Every option of every analysis, declared once: for the command line, for scenario files, for their help and bounds.

Imports nothing that takes time: the help of the command line reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Option:
    """An option of an analysis.

    Attributes
    ----------
    usual : object
        Its value unless told otherwise; what is told must be of the same kind.
    help : str
        One line.
    otherwise : str
        What an empty usual value comes to, in words.
    most, least : number, optional
        Beyond them a count would take days or all of the memory, or mean nothing.
    """

    usual: Any
    help: str
    otherwise: str = ""
    most: float | None = None
    least: float | None = None


_ENSEMBLE = {
    "ensemble": Option("none", "Intervals: none, calibrated, prior, posterior, or a file of parameter sets"),
    "draws": Option(200, "How many draws", most=100_000, least=0),
    "seed": Option(1, "Seed of draws and samples", least=0),
    "posterior": Option(
        "", "Draws of 'pathway sample': its folder, or the CSV there", otherwise="needed with --ensemble posterior"
    ),
}
_ARM = Option("", "An arm of the scenario", otherwise="the one that gets the drug")
_ARMS = Option([], "Arms, separated by commas", otherwise="all that get the drug")

DECLARED: Mapping[str, Mapping[str, Option]] = {
    "dose_response": {
        "agent": Option(
            "", "A dose of the scenario, or an agent", otherwise="the drug whose effect the scenario asks for"
        ),
        "doses": Option([], "'0.1 ug/mL, 1 ug/mL, ...'", otherwise="a series around the scenario's dose"),
        "arms": _ARMS,
        "readouts": Option([], "Observables read beside GR, separated by commas", otherwise="GR and counts alone"),
        "at": Option("", "Time of reading, for example '72 h'", otherwise="the end"),
        "steps": Option(9, "Number of doses where none are named", most=1_000, least=2),
        "decades": Option(4.0, "Powers of ten that they span"),
        **_ENSEMBLE,
    },
    "synergy": {
        "grid": Option("8x8", "Doses of either agent, zero included"),
        "agents": Option(
            [],
            "Two agents or doses of the scenario, with a comma",
            otherwise="the drug and what some arm gives with it",
        ),
        "arm": _ARM,
        "doses_first": Option([], "'0.1 ug/mL, 1 ug/mL, ...'", otherwise="a series around the scenario's dose"),
        "doses_second": Option([], "'1 nM, 10 nM, ...'", otherwise="a series around the scenario's dose"),
        "scale": Option("growth rate", "Scale of effect: growth rate, GR or count"),
        "shifts": Option(
            [],
            "When the second agent is given after the first: '-48 h, 0 h, 48 h'; or none",
            otherwise="those of -48 h, 0 h, 48 h that fit",
        ),
        "decades": Option(3.0, "Powers of ten that doses span where none are named"),
        **_ENSEMBLE,
    },
    "screen": {
        "arm": _ARM,
        "factor": Option(0.2, "What each target is multiplied by; 0.2 lowers by 80 %"),
        "kinds": Option(["species", "reaction", "parameter"], "species, reaction, parameter; separated by commas"),
        "only": Option([], "Names of targets, separated by commas", otherwise="all"),
        "pairs": Option(50, "Combine so many of the strongest; -1: all that matter", most=100_000, least=-1),
        "readouts": Option(["pAKT", "PTEN"], "Observables read beside GR, separated by commas"),
        **_ENSEMBLE,
    },
    "sensitivity": {
        "arm": _ARM,
        "quantity": Option("GR", "sobol, morris: GR, or anything readable at the end"),
        "method": Option("sobol", "sobol, morris, control or time"),
        "parameters": Option(["fitted"], "fitted, assumed, inferred, measured, all, or names; separated by commas"),
        "base": Option(1024, "sobol: base samples, a power of two", most=65_536, least=1),
        "trajectories": Option(50, "morris: trajectories", most=10_000, least=1),
        "levels": Option(["pAKT", "PTEN", "growth"], "control, time: what is read, separated by commas"),
        **_ENSEMBLE,
    },
    "bifurcation": {
        "arm": _ARM,
        "parameter": Option("miR21_extra_transcription", "Parameter that is followed"),
        "low": Option(0.0, "From"),
        "high": Option(10.0, "To"),
        "against": Option("", "Second parameter: follow folds in the plane of both", otherwise="none"),
        "against_low": Option(0.0, "From"),
        "against_high": Option(0.0, "To"),
        "readings": Option(["miR21", "PTEN", "pAKT", "growth", "NFIB", "PDCD4"], "What is drawn, separated by commas"),
        **_ENSEMBLE,
        "ensemble": Option("prior", "Sets searched for second states: none, calibrated, prior, posterior, or a file"),
        "draws": Option(200, "Parameter sets searched for second states; 0: none", most=100_000, least=0),
    },
    "explain": {
        "arm": _ARM,
        "reference": Option("", "The arm it is compared with", otherwise="the one that differs least"),
        "reading": Option("pAKT", "What differs: pAKT, PTEN, growth ..."),
        "at": Option("", "Time, for example '24 h'", otherwise="the end"),
        "color": Option("fold", "The map's colors: fold (of levels) or flux (of reactions)"),
        **_ENSEMBLE,
    },
    "single_cells": {
        "arms": _ARMS,
        "cells": Option(300, "Cells in each arm", most=100_000, least=1),
        "count": Option("transcript", "transcript, or both: the miRNA as well (slower)"),
        "step": Option("1 h", "Time between records"),
        "titration": Option(
            [1, 30, 300, 3000, 30000], "Folds of PTEN transcription at which miR-21 is tested, by commas; or none"
        ),
        **_ENSEMBLE,
        "draws": Option(20, "How many draws", most=100_000, least=0),
    },
}
"""By analysis and name; both are written with a dash on the command line."""
