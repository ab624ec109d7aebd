"""`pathway bifurcation`: steady states over a parameter; is resistance a switch?"""

from __future__ import annotations

from .task import AnalysisOutput, AnalysisTask


def bifurcation_output(task: AnalysisTask) -> AnalysisOutput:
    from pathway.analysis.switch import bistable_switch
    from pathway.plotting.branch_figure import plot_switch
    from pathway.report import DeferredFigure

    o = task.options
    cells = next((arm.cells for arm in task.scenario.arms if arm.name == o["arm"]), task.scenario.arms[0].cells)
    result = bistable_switch(
        task.scenario, task.laboratory, arm=o["arm"] or None, parameter=o["parameter"], low=float(o["low"]),
        high=float(o["high"]), readings=o["readings"], against=o["against"],
        against_range=(float(o["against_low"]), float(o["against_high"])),
        draws=task.draws(cells) if int(o["draws"]) else None, progress=task.progress,
    )  # fmt: skip
    caption = (
        "Steady states over the parameter that is followed: solid where they are stable, dashed where not; circles are "
        "folds, at which a state ends. Shaded is the middle 95 % of draws."
    )
    return AnalysisOutput(
        result.to_dict(),
        {"bifurcation": result.rows()},
        {"figure": DeferredFigure(lambda: plot_switch(result), caption)},
        lambda out: out.print_line(result.text()),
        [result.text()],
    )
