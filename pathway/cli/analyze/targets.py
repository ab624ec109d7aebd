"""`pathway screen`: everything knocked down or up, alone and in pairs."""

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
    listed,
)  # fmt: skip


def screen(
    scenario: Scenario,
    arm: ArmName = None,
    factor: Annotated[float | None, typer.Option(help="What each target is multiplied by; 0.2 lowers by 80 %")] = None,
    knock_down: Annotated[str | None, typer.Option(help="The same as a share: '80 %'")] = None,
    kinds: Annotated[str | None, typer.Option(help="species, reaction, parameter; separated by commas")] = None,
    only: Annotated[str | None, typer.Option(help="Names of targets, separated by commas")] = None,
    pairs: Annotated[int | None, typer.Option(help="Combine so many of the strongest; -1: all that matter")] = None,
    ensemble: Ensemble = None,
    draws: DrawCount = None,
    seed: Seed = None,
    posterior: Posterior = None,
    settings: Settings = None,
    out: Out = None,
    force: Force = False,
    as_json: Json = False,
) -> int:
    """What else would change the drug's effect? Every target knocked down or up, alone and in pairs."""
    given = {
        "arm": arm, "factor": _factor(factor, knock_down), "kinds": listed(kinds), "only": listed(only), "pairs": pairs,
        "ensemble": ensemble, "draws": draws, "seed": seed, "posterior": posterior,
    }  # fmt: skip
    return answer("screen", screen_found, scenario, settings, given, out, force, as_json)


def screen_found(task: Task) -> Found:
    from pathway.analysis.screen import screen as turn
    from pathway.analysis.screen import treated_arm
    from pathway.plotting.screen_figure import plot_screen

    o = task.options
    arm = treated_arm(task.scenario, o["arm"] or None)
    found = turn(
        task.scenario, task.laboratory, arm=arm.name, factor=float(o["factor"]), kinds=o["kinds"],
        only=o["only"] or None, pairs=int(o["pairs"]), readouts=o["readouts"], draws=task.draws(arm.cells),
        progress=task.progress,
    )  # fmt: skip

    def show() -> None:
        console.print_line(f"GR in '{found.arm}' without: {found.baseline:.3f}", style="bold")
        header = ["target", "same as", "GR", "change", "95 % of draws", "growth without drug"]
        rows = []
        for k in found.unlike()[:20]:
            same = ", ".join(target.name for target in found.same_as(k))
            rows.append([
                found.targets[k].name, same, f"{found.gr[k]:.3f}", f"{found.change[k]:+.3f}",
                found.intervals[k].text("+.3f"), f"{found.growth[k]:.2f}",
            ])  # fmt: skip
        if not found.draws.count:
            header, rows = [*header[:4], header[5]], [[*row[:4], row[5]] for row in rows]
        console.print_table(header, rows, numbers=range(2, len(header)))
        for one, two, gr in found.best_pairs(5):
            change = found.pair_interval(one, two).text("+.3f")
            console.print_line(f"pair {one} + {two}: GR {gr:.3f}" + (f", change over draws {change}" if change else ""))
        if found.pair_intervals:
            console.print_line(f"Of pairs, the {len(found.pair_intervals)} best have intervals, the others none.")
        if found.failed:
            console.print_line(f"Without a resting state, left out: {', '.join(found.failed)}")

    return Found(
        found.to_dict(),
        {"screen": found.rows(), "pairs": found.pair_rows()},
        {"figure": lambda: plot_screen(found)},
        show,
    )


def _factor(factor: float | None, knock_down: str | None) -> float | None:
    """What targets are multiplied by, from either way of saying it."""
    if knock_down is None:
        return factor
    from pathway.scenario.quantities import fraction

    return 1.0 - fraction(knock_down)
