"""`pathway explain`: why one arm differs from another."""

from __future__ import annotations

from typing import Annotated

import typer

from .. import console
from .task import (
    ArmName,
    DrawCount,
    Ensemble,
    Force,
    Found,
    Json,
    Out,
    Posterior,
    Scenario,
    Seed,
    Settings,
    Task,
    answer,
    hours,
)  # fmt: skip


def explain(
    scenario: Scenario,
    arm: ArmName = None,
    reference: Annotated[str | None, typer.Option(help="The arm it is compared with")] = None,
    reading: Annotated[str | None, typer.Option(help="What differs: pAKT, PTEN, growth ...")] = None,
    at: Annotated[str | None, typer.Option(help="Time, for example '24 h'; the end unless given")] = None,
    color: Annotated[str | None, typer.Option(help="The map's colors: fold (of levels) or flux (of reactions)")] = None,
    ensemble: Ensemble = None,
    draws: DrawCount = None,
    seed: Seed = None,
    posterior: Posterior = None,
    settings: Settings = None,
    out: Out = None,
    force: Force = False,
    as_json: Json = False,
) -> int:
    """Why does one arm differ from another? The difference divided among the links that carry it."""
    given = {
        "arm": arm, "reference": reference, "reading": reading, "at": at, "color": color, "ensemble": ensemble,
        "draws": draws, "seed": seed, "posterior": posterior,
    }  # fmt: skip
    return answer("explain", explain_found, scenario, settings, given, out, force, as_json)


def explain_found(task: Task) -> Found:
    from pathway.analysis.explain import explain as divide
    from pathway.analysis.explain import usual_arms
    from pathway.analysis.mistakes import unknown
    from pathway.plotting.network_figure import COLORS, plot_explanation

    o = task.options
    if o["color"] not in COLORS:
        raise unknown("color of the map", o["color"], COLORS)
    arm, reference = usual_arms(task.scenario, o["arm"] or None, o["reference"] or None)
    found = divide(
        task.scenario, task.laboratory, arm=arm, reference=reference, reading=o["reading"], at=hours(o["at"]),
        draws=task.draws(*dict.fromkeys(task.scenario.arm(name).cells for name in (arm, reference))),
    )  # fmt: skip

    def show() -> None:
        console.print_line(found.text())
        header, rows = found.rows()
        shown = [[r[0], *(console.number(v) for v in r[1:])] for r in rows]
        if not found.draws.count:
            header, shown = [*header[:2], *header[5:]], [[*row[:2], *row[5:]] for row in shown]
        console.print_table(header, shown, numbers=range(1, len(header)))

    tables = {"explain": found.rows(), "fluxes": found.flux_rows()}
    return Found(found.to_dict(), tables, {"figure": lambda: plot_explanation(found, o["color"])}, show)
