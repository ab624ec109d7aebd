"""`pathway screen`: everything knocked down or up, alone and in pairs."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from .. import console
from .task import AnalysisAnswer, AnalysisCommand, AnalysisTask


def _screen(task: AnalysisTask) -> AnalysisAnswer:
    from pathway.analysis.screen import screen as turn
    from pathway.analysis.screen import treated_arm
    from pathway.plotting.screen_figure import plot_screen
    from pathway.report import DeferredFigure

    o = task.options
    arm = treated_arm(task.scenario, o["arm"] or None)
    result = turn(
        task.scenario, task.laboratory, arm=arm.name, factor=float(o["factor"]), kinds=o["kinds"],
        only=o["only"] or None, pairs=int(o["pairs"]), readouts=o["readouts"], draws=task.draws(arm.cells),
        progress=task.progress,
    )  # fmt: skip

    def show() -> None:
        console.print_line(f"GR in '{result.arm}' without: {result.baseline:.3f}", style="bold")
        header = ["target", "same as", "GR", "change", "95 % of draws", "growth without drug"]
        rows = []
        for k in result.unlike()[:20]:
            same = ", ".join(target.name for target in result.same_as(k))
            rows.append([
                result.targets[k].name, same, f"{result.gr[k]:.3f}", f"{result.change[k]:+.3f}",
                result.intervals[k].text("+.3f"), f"{result.growth[k]:.2f}",
            ])  # fmt: skip
        if not result.draws.count:
            header, rows = [*header[:4], header[5]], [[*row[:4], row[5]] for row in rows]
        console.print_table(header, rows, numbers=range(2, len(header)))
        for one, two, gr in result.best_pairs(5):
            change = result.pair_interval(one, two).text("+.3f")
            console.print_line(f"pair {one} + {two}: GR {gr:.3f}" + (f", change over draws {change}" if change else ""))
        if result.pair_intervals:
            console.print_line(f"Of pairs, the {len(result.pair_intervals)} best have intervals, the others none.")
        if result.failed:
            console.print_line(f"Without a resting state, left out: {', '.join(result.failed)}")

    return AnalysisAnswer(
        result.to_dict(),
        {"screen": result.rows(), "pairs": result.pair_rows()},
        {
            "figure": DeferredFigure(
                lambda: plot_screen(result), "What GR becomes where a target is changed, alone and in pairs."
            )
        },
        show,
        [f"GR in '{result.arm}' without any change: {result.baseline:.3f}."],
    )


def _factor(given: dict[str, Any]) -> dict[str, Any]:
    """What targets are multiplied by, from either way of saying it."""
    from pathway.scenario.quantities import parse_fraction

    share = given.pop("knock_down")
    return given if share is None else {**given, "factor": 1.0 - parse_fraction(share)}


SCREEN = AnalysisCommand(
    "screen",
    "What else would change the drug's effect? Every target knocked down or up, alone and in pairs.",
    _screen,
    {"knock_down": Annotated[str | None, typer.Option(help="The factor as a share: '80 %'")]},
    _factor,
)
