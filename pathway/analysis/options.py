"""What an analysis is asked: options of the command line over those of a scenario's [analyze] table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pathway.scenario.ensembles import is_ensemble
from pathway.scenario.experiment import Scenario

from .draws import KINDS
from .mistakes import AnalysisError, unknown

ENSEMBLE = {"ensemble": "none", "draws": 200, "seed": 1, "posterior": ""}

KNOWN: Mapping[str, Mapping[str, Any]] = {
    "dose_response": {
        "agent": "", "doses": [], "arms": [], "readouts": [], "at": "", "steps": 9, "decades": 4.0, **ENSEMBLE,
    },
    "synergy": {
        "grid": "8x8", "agents": [], "arm": "", "doses_first": [], "doses_second": [], "scale": "growth rate",
        "shifts": [], "decades": 3.0, **ENSEMBLE,
    },
    "screen": {
        "arm": "", "factor": 0.2, "kinds": ["species", "reaction", "parameter"], "only": [], "pairs": 50,
        "readouts": ["pAKT", "PTEN"], **ENSEMBLE,
    },
    "sensitivity": {
        "arm": "", "quantity": "GR", "method": "sobol", "parameters": ["fitted"], "base": 1024, "trajectories": 50,
        "levels": ["pAKT", "PTEN", "growth"], **ENSEMBLE,
    },
    "bifurcation": {
        "arm": "", "parameter": "miR21_extra_transcription", "low": 0.0, "high": 10.0, "against": "",
        "against_low": 0.0, "against_high": 0.0, "readings": ["miR21", "PTEN", "pAKT", "growth", "NFIB", "PDCD4"],
        **ENSEMBLE, "ensemble": "prior",
    },
    "explain": {"arm": "", "reference": "", "reading": "pAKT", "at": "", "color": "fold", **ENSEMBLE},
    "single_cells": {
        "arms": [], "cells": 300, "count": "transcript", "step": "1 h", "titration": [1, 30, 300, 3000, 30000],
        **ENSEMBLE, "draws": 20,
    },
}  # fmt: skip
"""Every option of every analysis and its usual value."""


MOST: Mapping[str, int] = {
    "draws": 100_000, "base": 65_536, "trajectories": 10_000, "cells": 100_000, "steps": 1_000, "pairs": 100_000,
}  # fmt: skip
"""The largest counts that make sense; more would take days or all of the memory."""

LEAST: Mapping[str, int] = {"draws": 0, "base": 1, "trajectories": 1, "cells": 1, "steps": 2, "pairs": -1, "seed": 0}
"""The smallest ones that mean something."""


def options_of(scenario: Scenario, analysis: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Options for an analysis: what was given, else what the scenario says, else the usual value.

    Parameters
    ----------
    scenario : Scenario
    analysis : str
        A key of `KNOWN`.
    given : mapping
        From the command line; None counts as not given.

    Raises
    ------
    AnalysisError
        If the scenario's table holds something unknown or of another kind.
    """
    tables = tables_of(scenario)
    chosen = {**KNOWN[analysis], **tables.get(analysis, {})}
    chosen |= {name: value for name, value in given.items() if value is not None}
    ensemble = str(chosen.get("ensemble", "none"))
    if ensemble not in KINDS and not is_ensemble(ensemble):
        raise unknown("ensemble", ensemble, KINDS, "Or a file of parameter sets (.npz)")
    wrong = [text for name, value in chosen.items() if (text := _beyond(name, value))]
    if wrong:
        raise AnalysisError("\n".join(wrong))
    return chosen


def _beyond(name: str, value: Any) -> str:
    """What is wrong with the size of an option; "" if nothing is."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"'{name}' is {value}, expected a finite number"
    if name in MOST and isinstance(value, int | float) and value > MOST[name]:
        return f"'{name}' is {value}, expected at most {MOST[name]}"
    if name in LEAST and isinstance(value, int | float) and value < LEAST[name]:
        return f"'{name}' is {value}, expected at least {LEAST[name]}"
    return ""


def tables_of(scenario: Scenario) -> dict[str, Mapping[str, Any]]:
    """The scenario's [analyze] tables, checked; their names may be written as the commands are.

    Raises
    ------
    AnalysisError
        All mistakes together, one line each.
    """
    found, mistakes = {}, []
    for written, table in scenario.document.get("analyze", {}).items():
        analysis, place = written.replace("-", "_"), f"{scenario.file.name}: [analyze.{written}]"
        if analysis not in KNOWN:
            mistakes.append(f"{place}: {unknown('analysis', written, [name.replace('_', '-') for name in KNOWN])}")
            continue
        found[analysis] = table
        known = KNOWN[analysis]
        for name, value in table.items():
            if name not in known:
                mistakes.append(f"{place}: {unknown('option', name, known)}")
            elif not _fits(value, known[name]):
                mistakes.append(f"{place}: '{name}' is {value!r}, expected something like {known[name]!r}")
            elif text := _beyond(name, value):
                mistakes.append(f"{place}: {text}")
    if mistakes:
        raise AnalysisError("\n".join(mistakes))
    return found


def _fits(value: Any, usual: Any) -> bool:
    if isinstance(usual, float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(usual, list):
        # Names and quantities are text; a list that holds numbers as a rule holds finite ones.
        example = 0.0 if usual and isinstance(usual[0], int | float) else ""
        return isinstance(value, list) and all(_fits(entry, example) for entry in value)
    return isinstance(value, type(usual)) and not isinstance(value, bool)
