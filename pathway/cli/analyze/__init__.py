"""`pathway dose-response`, `synergy`, `screen`, `sensitivity`, `bifurcation`, `explain`, `single-cells`.

Analyses of a scenario; `pathway.api.analyses` answers. Options are declared in `pathway.analysis.declared_options`; an
`AnalysisCommand` adds the help, and other ways of saying something on the command line alone.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from .task import AnalysisCommand


def _factor(given: dict[str, Any]) -> dict[str, Any]:
    """What targets are multiplied by, from either way of saying it."""
    from pathway.scenario.quantities import parse_fraction

    share = given.pop("knock_down")
    return given if share is None else {**given, "factor": 1.0 - parse_fraction(share)}


def _without_draws(given: dict[str, Any]) -> dict[str, Any]:
    """No draws: no ensemble, whatever the scenario says."""
    return {**given, "ensemble": "none"} if given["draws"] == 0 else given


COMMANDS = (
    AnalysisCommand("dose_response", "GR metrics, IC50 and read-outs over doses of an agent."),
    AnalysisCommand("synergy", "Two agents over a grid of doses: Bliss, HSA, Loewe, ZIP, MuSyC, isoboles, schedules."),
    AnalysisCommand(
        "screen",
        "What else would change the drug's effect? Every target knocked down or up, alone and in pairs.",
        {"knock_down": Annotated[str | None, typer.Option(help="The factor as a share: '80 %' [default: --factor]")]},
        _factor,
        spread=True,
    ),
    AnalysisCommand(
        "sensitivity",
        """Which parameters matter: Sobol indices, Morris effects, control coefficients, or sensitivities over time.

        With --ensemble posterior, Sobol and Morris take the ranges from the draws (their middle 95 %) instead of the
        table, and control coefficients and sensitivities over time get intervals.
        """,
        spread=True,
    ),
    AnalysisCommand(
        "bifurcation",
        "Steady states over a parameter, folds and Hopf points; is resistance a second stable state?",
        read=_without_draws,
    ),
    AnalysisCommand(
        "explain", "Why does one arm differ from another? The difference divided among the links that carry it."
    ),
    AnalysisCommand(
        "single_cells",
        "How far do cells of one dish differ, and where would miR-21 run out? Single molecules of PTEN transcript.",
    ),
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in COMMANDS:
        command.register(app)
