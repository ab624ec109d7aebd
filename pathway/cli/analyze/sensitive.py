"""`pathway sensitivity`: which parameters and reactions matter, by four methods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

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

_FLUXES = ("PIP3_by_PTEN", "miR21_transcription")


def sensitivity(
    scenario: Scenario,
    method: Annotated[str | None, typer.Option(help="sobol, morris, control or time")] = None,
    quantity: Annotated[str | None, typer.Option(help="sobol, morris: GR, or anything readable at the end")] = None,
    parameters: Annotated[
        str | None, typer.Option(help="fitted, assumed, inferred, measured, all, or names; separated by commas")
    ] = None,
    base: Annotated[int | None, typer.Option(help="sobol: base samples, a power of two")] = None,
    trajectories: Annotated[int | None, typer.Option(help="morris: trajectories")] = None,
    levels: Annotated[str | None, typer.Option(help="control, time: what is read, separated by commas")] = None,
    arm: ArmName = None,
    ensemble: Ensemble = None,
    draws: DrawCount = None,
    seed: Seed = None,
    posterior: Posterior = None,
    settings: Settings = None,
    out: Out = None,
    force: Force = False,
    as_json: Json = False,
) -> int:
    """Which parameters matter: Sobol indices, Morris effects, control coefficients, or sensitivities over time.

    With --ensemble posterior, Sobol and Morris take the ranges from the draws (their middle 95 %) instead of the table,
    and control coefficients and sensitivities over time get intervals.
    """
    given = {
        "method": method, "quantity": quantity, "parameters": listed(parameters), "base": base,
        "trajectories": trajectories, "levels": listed(levels), "arm": arm, "ensemble": ensemble, "draws": draws,
        "seed": seed, "posterior": posterior,
    }  # fmt: skip
    return answer("sensitivity", sensitivity_found, scenario, settings, given, out, force, as_json)


def sensitivity_found(task: Task) -> Found:
    from pathway.analysis.mistakes import unknown

    methods: dict[str, Callable[[Task], Found]] = {
        "sobol": _sobol_found, "morris": _morris_found, "control": _control_found, "time": _time_found,
    }  # fmt: skip
    if task.options["method"] not in methods:
        raise unknown("method", task.options["method"], methods)
    return methods[task.options["method"]](task)


def _question(task: Task) -> tuple[Any, Any]:
    """Ranges of parameters, and the reading as a function of them."""
    from pathway.analysis.scenario_sensitivity import ranges_of, ranges_of_draws, reading
    from pathway.analysis.screen import treated_arm

    o, folder = task.options, task.scenario.file.parent
    cells = treated_arm(task.scenario, o["arm"] or None).cells
    if o["ensemble"] == "posterior":
        ranges = ranges_of_draws(task.laboratory, task.draws(cells), cells, folder)
    else:
        ranges = ranges_of(task.laboratory, cells, folder, o["parameters"])
    return ranges, reading(task.scenario, task.laboratory, ranges.names, arm=o["arm"] or None, quantity=o["quantity"])


def _sobol_found(task: Task) -> Found:
    from pathway.analysis.global_sensitivity import sobol
    from pathway.plotting.sensitivity_figure import plot_sobol

    ranges, asked = _question(task)
    o = task.options
    found = sobol(lambda samples: asked(samples, task.progress), ranges, int(o["base"]), int(o["seed"]))
    title = f"What decides {o['quantity']} in '{asked.arm.name}': Sobol indices"
    columns = (found.first, found.first_interval, found.total, found.total_interval)
    return _ranked(
        task, asked, found, title, ("first", "first +-", "total", "total +-"), columns,
        lambda: plot_sobol(found, title), ".3f",
    )  # fmt: skip


def _morris_found(task: Task) -> Found:
    from pathway.analysis.global_sensitivity import morris
    from pathway.plotting.sensitivity_figure import plot_morris

    ranges, asked = _question(task)
    o = task.options
    found = morris(lambda samples: asked(samples, task.progress), ranges, int(o["trajectories"]), int(o["seed"]))
    title = f"What moves {o['quantity']} in '{asked.arm.name}': Morris effects"
    unit = task.laboratory.units.get(o["quantity"], "1")
    columns = (found.mean, found.mean_absolute, found.interval, found.spread)
    names = ("mean", "mean absolute", "+-", "spread")
    return _ranked(
        task, asked, found, title, tuple(f"{name} [{unit}]" for name in names), columns,
        lambda: plot_morris(found, title, unit), ".3g",
    )  # fmt: skip


def _ranked(
    task: Task, asked: Any, found: Any, title: str, names: tuple[str, ...], columns: Any, draw: Any, form: str
) -> Found:
    """A table with one row for each parameter, the most important first."""
    header = ["parameter", *names]
    rows: list[list[Any]] = [[found.names[k], *(float(column[k]) for column in columns)] for k in found.ranked()]

    def show() -> None:
        console.print_line(title, style="bold")
        console.print_table(header, [[r[0], *(f"{v:{form}}" for v in r[1:])] for r in rows[:20]], numbers=range(1, 5))

    content = {
        "scenario": task.scenario.name, "arm": asked.arm.name, "quantity": task.options["quantity"], **found.to_dict()
    }  # fmt: skip
    return Found(content, {"sensitivity": (header, rows)}, {"figure": draw}, show)


def _control_found(task: Task) -> Found:
    from pathway.analysis.control import control_of_draws
    from pathway.analysis.screen import treated_arm
    from pathway.analysis.variants import cells_of, checked_readouts
    from pathway.plotting.control_figure import plot_control
    from pathway.scenario.controls import without

    o, laboratory = task.options, task.laboratory
    arm = treated_arm(task.scenario, o["arm"] or None)
    levels = checked_readouts(laboratory, o["levels"])
    draws = task.draws(arm.cells)
    (cells,) = cells_of(task.scenario, [without(arm, arm.doses)], laboratory, draws)
    found = control_of_draws(laboratory.model, cells.parameters, cells.states, levels, _FLUXES, task.progress)

    def show() -> None:
        for name in found.readings:
            console.print_line(f"{name}: {', '.join(found.told(name, 6))}")
        console.print_line(f"Summation theorems hold to {found.violation:.1e}.")

    content = {
        "scenario": task.scenario.name, "cells": arm.cells, **found.to_dict(),
        "ensemble": draws.to_dict(),
    }  # fmt: skip
    return Found(content, {"control": found.rows()}, {"figure": lambda: plot_control(found, arm.cells)}, show)


def _time_found(task: Task) -> Found:
    from pathway.analysis.scenario_sensitivity import courses_of, ranges_of
    from pathway.analysis.screen import treated_arm
    from pathway.plotting.control_figure import plot_time_sensitivities

    o = task.options
    arm = treated_arm(task.scenario, o["arm"] or None)
    names = ranges_of(task.laboratory, arm.cells, task.scenario.file.parent, o["parameters"]).names
    draws = task.draws(arm.cells)
    found = courses_of(
        task.scenario, task.laboratory, arm, o["levels"], names, draws=draws, progress=task.progress
    )  # fmt: skip
    title = f"What moves the readings of '{arm.name}', and when"
    header = ["reading", "time [h]", "parameter", "relative sensitivity [1]", "low", "high", "median"]
    rows = [row for course in found for row in course.rows()]

    def show() -> None:
        console.print_line(title, style="bold")
        for course in found:
            console.print_line(f"{course.reading}: {', '.join(course.told())}")

    content = {
        "scenario": task.scenario.name, "arm": arm.name, "parameters": list(names),
        "times": found[0].times.tolist(), "unit": "h",
        "relative_sensitivities": {course.reading: course.values.tolist() for course in found},
        **{
            end: {c.reading: getattr(c, end).tolist() for c in found if getattr(c, end) is not None}
            for end in ("low", "high", "median")
        },
        "ensemble": draws.to_dict(),
    }  # fmt: skip
    return Found(
        content, {"sensitivity": (header, rows)}, {"figure": lambda: plot_time_sensitivities(found, title)}, show
    )
