"""`pathway bifurcation`: steady states over a parameter; is resistance a switch?"""

from __future__ import annotations

from typing import Annotated

import typer

from .. import console
from .task import ArmName, Ensemble, Force, Found, Json, Out, Posterior, Scenario, Seed, Settings, Task, answer, listed


def bifurcation(
    scenario: Scenario,
    parameter: Annotated[str | None, typer.Option(help="Parameter that is followed")] = None,
    low: Annotated[float | None, typer.Option(help="From")] = None,
    high: Annotated[float | None, typer.Option(help="To")] = None,
    readings: Annotated[str | None, typer.Option(help="What is drawn, separated by commas")] = None,
    against: Annotated[str | None, typer.Option(help="Second parameter: follow folds in the plane of both")] = None,
    against_low: Annotated[float | None, typer.Option(help="From")] = None,
    against_high: Annotated[float | None, typer.Option(help="To")] = None,
    draws: Annotated[int | None, typer.Option(help="Parameter sets searched for second states; 0: none")] = None,
    arm: ArmName = None,
    ensemble: Ensemble = None,
    seed: Seed = None,
    posterior: Posterior = None,
    settings: Settings = None,
    out: Out = None,
    force: Force = False,
    as_json: Json = False,
) -> int:
    """Steady states over a parameter, folds and Hopf points; is resistance a second stable state?"""
    given = {
        "parameter": parameter, "low": low, "high": high, "readings": listed(readings), "against": against,
        "against_low": against_low, "against_high": against_high, "draws": draws, "arm": arm,
        "ensemble": "none" if draws == 0 else ensemble, "seed": seed, "posterior": posterior,
    }  # fmt: skip
    return answer("bifurcation", bifurcation_found, scenario, settings, given, out, force, as_json)


def bifurcation_found(task: Task) -> Found:
    from pathway.analysis.switch import switch
    from pathway.plotting.branch_figure import plot_switch

    o = task.options
    cells = next((arm.cells for arm in task.scenario.arms if arm.name == o["arm"]), task.scenario.arms[0].cells)
    found = switch(
        task.scenario, task.laboratory, arm=o["arm"] or None, parameter=o["parameter"], low=float(o["low"]),
        high=float(o["high"]), readings=o["readings"], against=o["against"],
        against_range=(float(o["against_low"]), float(o["against_high"])),
        draws=task.draws(cells) if int(o["draws"]) else None, progress=task.progress,
    )  # fmt: skip
    figure = {"figure": lambda: plot_switch(found)}
    return Found(found.to_dict(), {"bifurcation": found.rows()}, figure, lambda: console.print_line(found.text()))
