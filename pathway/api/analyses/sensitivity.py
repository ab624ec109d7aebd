"""`pathway sensitivity`: which parameters and reactions matter, by four methods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .task import AnalysisOutput, AnalysisTask, Display

_FLUXES = ("PIP3_by_PTEN", "miR21_transcription")


def sensitivity_output(task: AnalysisTask) -> AnalysisOutput:
    from pathway.analysis.mistakes import unknown_name_error

    methods: dict[str, Callable[[AnalysisTask], AnalysisOutput]] = {
        "sobol": _sobol, "morris": _morris, "control": _control, "time": _time,
    }  # fmt: skip
    if task.options["method"] not in methods:
        raise unknown_name_error("method", task.options["method"], methods)
    return methods[task.options["method"]](task)


def _question(task: AnalysisTask) -> tuple[Any, Any]:
    """Ranges of parameters, and the reading as a function of them."""
    from pathway.analysis.scenario_sensitivity import parameter_ranges, parameter_ranges_of_draws, reading_function
    from pathway.analysis.screen import treated_arm

    o, folder = task.options, task.scenario.file.parent
    cells = treated_arm(task.scenario, o["arm"] or None).cells
    if o["ensemble"] == "posterior":
        ranges = parameter_ranges_of_draws(task.laboratory, task.draws(cells), cells, folder)
    else:
        ranges = parameter_ranges(task.laboratory, cells, folder, o["parameters"])
    return ranges, reading_function(
        task.scenario, task.laboratory, ranges.names, arm=o["arm"] or None, quantity=o["quantity"]
    )


def _sobol(task: AnalysisTask) -> AnalysisOutput:
    from pathway.analysis.global_sensitivity import sobol_indices
    from pathway.plotting.sensitivity_figure import plot_sobol

    ranges, asked = _question(task)
    o = task.options
    result = sobol_indices(
        lambda samples: asked(samples, task.progress, task.runner), ranges, int(o["base"]), int(o["seed"])
    )
    title = f"What decides {o['quantity']} in '{asked.arm.name}': Sobol indices"
    columns = (result.first, result.first_interval, result.total, result.total_interval)
    return _ranked(
        task, asked, result, title, ("first", "first +-", "total", "total +-"), columns,
        lambda: plot_sobol(result, title), ".3f",
    )  # fmt: skip


def _morris(task: AnalysisTask) -> AnalysisOutput:
    from pathway.analysis.global_sensitivity import morris_effects
    from pathway.plotting.sensitivity_figure import plot_morris

    ranges, asked = _question(task)
    o = task.options
    result = morris_effects(
        lambda samples: asked(samples, task.progress, task.runner), ranges, int(o["trajectories"]), int(o["seed"])
    )
    title = f"What moves {o['quantity']} in '{asked.arm.name}': Morris effects"
    unit = task.laboratory.units.get(o["quantity"], "1")
    columns = (result.mean, result.mean_absolute, result.interval, result.spread)
    names = ("mean", "mean absolute", "+-", "spread")
    return _ranked(
        task, asked, result, title, tuple(f"{name} [{unit}]" for name in names), columns,
        lambda: plot_morris(result, title, unit), ".3g",
    )  # fmt: skip


def _ranked(
    task: AnalysisTask, asked: Any, result: Any, title: str, names: tuple[str, ...], columns: Any, draw: Any, form: str
) -> AnalysisOutput:
    """A table with one row for each parameter, the most important first."""
    from pathway.report import DeferredFigure

    header = ["parameter", *names]
    rows: list[list[Any]] = [[result.names[k], *(float(column[k]) for column in columns)] for k in result.ranked()]

    def show(out: Display) -> None:
        out.print_line(title, style="bold")
        out.print_table(header, [[r[0], *(f"{v:{form}}" for v in r[1:])] for r in rows[:20]], numbers=range(1, 5))

    content = {
        "scenario": task.scenario.name, "arm": asked.arm.name, "quantity": task.options["quantity"], **result.to_dict()
    }  # fmt: skip
    return AnalysisOutput(
        content, {"sensitivity": (header, rows)}, {"figure": DeferredFigure(draw, f"{title}.")}, show, [f"{title}."]
    )


def _control(task: AnalysisTask) -> AnalysisOutput:
    from pathway.analysis.arms_under_draws import arms_under_draws, checked_readouts
    from pathway.analysis.control import control_coefficients_of_draws
    from pathway.analysis.screen import treated_arm
    from pathway.plotting.control_figure import plot_control
    from pathway.report import DeferredFigure
    from pathway.scenario.controls import without_doses

    o, laboratory = task.options, task.laboratory
    arm = treated_arm(task.scenario, o["arm"] or None)
    levels = checked_readouts(laboratory, o["levels"])
    draws = task.draws(arm.cells)
    (cells,) = arms_under_draws(task.scenario, [without_doses(arm, arm.doses)], laboratory, draws)
    result = control_coefficients_of_draws(
        laboratory.model, cells.parameters, cells.states, levels, _FLUXES, task.progress, task.runner
    )

    sentences = [f"{name}: {', '.join(result.strongest_in_words(name, 6))}." for name in result.readings]
    sentences.append(f"Summation theorems hold to {result.violation:.1e}.")

    def show(out: Display) -> None:
        for sentence in sentences:
            out.print_line(sentence)

    content = {
        "scenario": task.scenario.name, "cells": arm.cells, **result.to_dict(),
        "ensemble": draws.to_dict(),
    }  # fmt: skip
    caption = f"Control coefficients of the resting cells of {arm.cells}: percent of a level per percent of a rate."
    figure = DeferredFigure(lambda: plot_control(result, arm.cells), caption)
    return AnalysisOutput(content, {"control": result.rows()}, {"figure": figure}, show, sentences)


def _time(task: AnalysisTask) -> AnalysisOutput:
    from pathway.analysis.scenario_sensitivity import parameter_ranges, time_sensitivities
    from pathway.analysis.screen import treated_arm
    from pathway.plotting.control_figure import plot_time_sensitivities
    from pathway.report import DeferredFigure

    o = task.options
    arm = treated_arm(task.scenario, o["arm"] or None)
    names = parameter_ranges(task.laboratory, arm.cells, task.scenario.file.parent, o["parameters"]).names
    draws = task.draws(arm.cells)
    result = time_sensitivities(
        task.scenario, task.laboratory, arm, o["levels"], names, draws=draws, progress=task.progress,
        runner=task.runner,
    )  # fmt: skip
    title = f"What moves the readings of '{arm.name}', and when"
    header = ["reading", "time [h]", "parameter", "relative sensitivity [1]", "low", "high", "median"]
    rows = [row for course in result for row in course.rows()]

    sentences = [f"{course.reading}: {', '.join(course.strongest_in_words())}." for course in result]

    def show(out: Display) -> None:
        out.print_line(title, style="bold")
        for sentence in sentences:
            out.print_line(sentence)

    content = {
        "scenario": task.scenario.name, "arm": arm.name, "parameters": list(names),
        "times": result[0].times.tolist(), "unit": "h",
        "relative_sensitivities": {course.reading: course.values.tolist() for course in result},
        **{
            end: {c.reading: getattr(c, end).tolist() for c in result if getattr(c, end) is not None}
            for end in ("low", "high", "median")
        },
        "ensemble": draws.to_dict(),
    }  # fmt: skip
    figure = DeferredFigure(lambda: plot_time_sensitivities(result, title), f"{title}.")
    return AnalysisOutput(content, {"sensitivity": (header, rows)}, {"figure": figure}, show, sentences)
