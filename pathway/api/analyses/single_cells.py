"""`pathway single-cells`: molecules counted one by one, cell by cell."""

from __future__ import annotations

from .task import AnalysisOutput, AnalysisTask, Display, hours_or_none


def single_cells_output(task: AnalysisTask) -> AnalysisOutput:
    from pathway.analysis.scenario_cells import single_cells as count_cells
    from pathway.plotting.cell_figure import plot_single_cells
    from pathway.report import DeferredFigure

    o = task.options
    lines = dict.fromkeys(arm.cells for arm in task.scenario.arms if arm.name in (o["arms"] or [arm.name]))
    counted = count_cells(
        task.scenario, task.laboratory, arms=o["arms"] or None, n_cells=int(o["cells"]), count=o["count"],
        step=hours_or_none(o["step"]) or 0.0, transcription=o["titration"], seed=int(o["seed"]),
        draws=task.draws(*lines), progress=task.progress,
    )  # fmt: skip

    def show(out: Display) -> None:
        for line in counted.lines():
            out.print_line(line)

    caption = (
        "Cells of one dish, molecule by molecule: courses of single cells, their spread at the end, and how much miRNA "
        "is taken up where there is more transcript."
    )
    figure = DeferredFigure(lambda: plot_single_cells(counted), caption)
    return AnalysisOutput(
        counted.to_dict(), {"single_cells": counted.rows()}, {"figure": figure}, show, list(counted.lines())
    )
