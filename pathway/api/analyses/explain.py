"""`pathway explain`: why one arm differs from another."""

from __future__ import annotations

from pathway.numerals import number_text, without_noise

from .task import AnalysisOutput, AnalysisTask, Display, hours_or_none


def explain_output(task: AnalysisTask) -> AnalysisOutput:
    from pathway.analysis.explain import default_arms
    from pathway.analysis.explain import explain as divide
    from pathway.analysis.mistakes import unknown_name_error
    from pathway.plotting.network_figure import COLORS, plot_explanation
    from pathway.report import DeferredFigure

    o = task.options
    if o["color"] not in COLORS:
        raise unknown_name_error("color of the map", o["color"], COLORS)
    arm, reference = default_arms(task.scenario, o["arm"] or None, o["reference"] or None)
    explanation = divide(
        task.scenario, task.laboratory, arm=arm, reference=reference, reading=o["reading"], at=hours_or_none(o["at"]),
        draws=task.draws(*dict.fromkeys(task.scenario.arm(name).cells for name in (arm, reference))),
    )  # fmt: skip

    def show(out: Display) -> None:
        out.print_line(explanation.text())
        header, rows = explanation.rows()
        # A share is a difference of readings that are 1e-9 of their size apart by the tolerance of the runs.
        gap = explanation.other - explanation.value
        shown = [[r[0], *(number_text(v if v is None else without_noise(v, 1e3 * gap)) for v in r[1:])] for r in rows]
        if not explanation.draws.count:
            header, shown = [*header[:2], *header[5:]], [[*row[:2], *row[5:]] for row in shown]
        out.print_table(header, shown, numbers=range(1, len(header)))

    tables = {"explain": explanation.rows(), "fluxes": explanation.flux_rows()}
    caption = (
        f"The map of the circuit, colored by what differs between '{arm}' and '{reference}', and the links that carry "
        f"the difference in {o['reading']}."
    )
    figure = DeferredFigure(lambda: plot_explanation(explanation, o["color"]), caption)
    return AnalysisOutput(explanation.to_dict(), tables, {"figure": figure}, show, [explanation.text()])
