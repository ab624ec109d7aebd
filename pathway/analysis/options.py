"""What an analysis is asked: options of the command line over those of a scenario's [analyze] table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pathway.scenario.experiment import Scenario

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
        "readouts": ["pAKT", "PTEN"],
    },
    "sensitivity": {
        "arm": "", "quantity": "GR", "method": "sobol", "parameters": ["fitted"], "base": 1024, "trajectories": 50,
        "levels": ["pAKT", "PTEN", "growth"], "seed": 1,
    },
    "bifurcation": {
        "arm": "", "parameter": "miR21_extra_transcription", "low": 0.0, "high": 10.0, "against": "",
        "against_low": 0.0,
        "against_high": 0.0, "readings": ["miR21", "PTEN", "pAKT", "growth", "NFIB", "PDCD4"], "draws": 200, "seed": 1,
    },
    "explain": {"arm": "", "reference": "", "reading": "pAKT", "at": "", **ENSEMBLE},
}  # fmt: skip
"""Every option of every analysis and its usual value."""


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
    known = KNOWN[analysis]
    tables = scenario.document.get("analyze", {})
    for name in tables:
        if name not in KNOWN:
            raise unknown("analysis", f"{name}", KNOWN, f"({scenario.file.name}, table [analyze.{name}])")
    table = tables.get(analysis, {})
    for name, value in table.items():
        place = f"{scenario.file.name}: [analyze.{analysis}]"
        if name not in known:
            raise unknown("option", name, known, f"({place})")
        if not _fits(value, known[name]):
            raise AnalysisError(f"{place}: '{name}' is {value!r}, expected something like {known[name]!r}")
    chosen = {**known, **table, **{name: value for name, value in given.items() if value is not None}}
    if chosen.get("ensemble", "none") not in ("none", "ranges", "posterior"):
        raise unknown("ensemble", str(chosen["ensemble"]), ("none", "ranges", "posterior"))
    return chosen


def _fits(value: Any, usual: Any) -> bool:
    if isinstance(usual, float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(usual, list):
        return isinstance(value, list)
    return isinstance(value, type(usual))
