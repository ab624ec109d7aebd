"""`pathway single-cells`: molecules counted one by one, cell by cell."""

from __future__ import annotations

from typing import Annotated

import typer

from .. import console
from .task import (
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
    listed,
)  # fmt: skip


def single_cells(
    scenario: Scenario,
    arms: Annotated[str | None, typer.Option(help="Arms, separated by commas")] = None,
    cells: Annotated[int | None, typer.Option(help="Cells in each arm")] = None,
    count: Annotated[str | None, typer.Option(help="transcript, or both: the miRNA as well (slower)")] = None,
    step: Annotated[str | None, typer.Option(help="Time between records, for example '1 h'")] = None,
    titration: Annotated[
        str | None, typer.Option(help="Folds of PTEN transcription at which miR-21 is tested: '1, 30, 300'; or none")
    ] = None,
    ensemble: Ensemble = None,
    draws: DrawCount = None,
    seed: Seed = None,
    posterior: Posterior = None,
    settings: Settings = None,
    out: Out = None,
    force: Force = False,
    as_json: Json = False,
) -> int:
    """How far do cells of one dish differ, and where would miR-21 run out? Single molecules of PTEN transcript."""
    given = {
        "arms": listed(arms), "cells": cells, "count": count, "step": step, "titration": _folds(titration),
        "ensemble": ensemble, "draws": draws, "seed": seed, "posterior": posterior,
    }  # fmt: skip
    return answer("single_cells", single_cells_found, scenario, settings, given, out, force, as_json)


def single_cells_found(task: Task) -> Found:
    from pathway.analysis.scenario_cells import single_cells as count_cells
    from pathway.plotting.cell_figure import plot_single_cells

    o = task.options
    lines = dict.fromkeys(arm.cells for arm in task.scenario.arms if arm.name in (o["arms"] or [arm.name]))
    found = count_cells(
        task.scenario, task.laboratory, arms=o["arms"] or None, n_cells=int(o["cells"]), count=o["count"],
        step=hours(o["step"]) or 0.0, transcription=o["titration"], seed=int(o["seed"]),
        draws=task.draws(*lines), progress=task.progress,
    )  # fmt: skip

    def show() -> None:
        for line in found.lines():
            console.print_line(line)

    return Found(found.to_dict(), {"single_cells": found.rows()}, {"figure": lambda: plot_single_cells(found)}, show)


def _folds(text: str | None) -> list[float] | None:
    from .. import BadInput

    if text is None or text == "none":
        return None if text is None else []
    try:
        return [float(part) for part in listed(text) or []]
    except ValueError:
        raise BadInput(f"--titration takes numbers separated by commas, not '{text}'") from None
