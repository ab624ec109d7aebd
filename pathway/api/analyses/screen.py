"""`pathway screen`: everything knocked down or up, alone and in pairs."""

from __future__ import annotations

from .task import AnalysisOutput, AnalysisTask, Display


def screen_output(task: AnalysisTask) -> AnalysisOutput:
    from pathway.analysis.screen import screen as turn
    from pathway.analysis.screen import treated_arm
    from pathway.plotting.screen_figure import plot_screen
    from pathway.report import DeferredFigure

    o = task.options
    arm = treated_arm(task.scenario, o["arm"] or None)
    result = turn(
        task.scenario, task.laboratory, arm=arm.name, factor=float(o["factor"]), kinds=o["kinds"],
        only=o["only"] or None, pairs=int(o["pairs"]), readouts=o["readouts"], draws=task.draws(arm.cells),
        progress=task.progress, runner=task.runner,
    )  # fmt: skip

    def show(out: Display) -> None:
        out.print_line(f"GR in '{result.arm}' without: {result.baseline:.3f}", style="bold")
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
        out.print_table(header, rows, numbers=range(2, len(header)))
        for one, two, gr in result.best_pairs(5):
            change = result.pair_interval(one, two).text("+.3f")
            out.print_line(f"pair {one} + {two}: GR {gr:.3f}" + (f", change over draws {change}" if change else ""))
        if result.pair_intervals:
            out.print_line(f"Of pairs, the {len(result.pair_intervals)} best have intervals, the others none.")
        if result.failed:
            out.print_line(f"Without a resting state, left out: {', '.join(result.failed)}")

    return AnalysisOutput(
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
