"""`pathway dose-response`, `synergy`, `screen`, `sensitivity`, `bifurcation`, `explain`: analyses of a scenario.

Every option may also stand in the scenario file, as [analyze.synergy] grid = "8x8"; what is typed wins.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from . import console

Scenario = Annotated[str, typer.Argument(help="A scenario's name or file", metavar="SCENARIO")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change an entry of the scenario")
]
Out = Annotated[Path | None, typer.Option("--out", help="Folder for the results [default: results/SCENARIO-ANALYSIS]")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object")]
Ensemble = Annotated[str | None, typer.Option("--ensemble", help="none, ranges or posterior: intervals from draws")]
DrawCount = Annotated[int | None, typer.Option("--draws", help="How many draws")]
Seed = Annotated[int | None, typer.Option("--seed", help="Seed of draws and samples")]
Posterior = Annotated[str | None, typer.Option("--posterior", help="CSV of draws, a column for each parameter")]
ArmName = Annotated[str | None, typer.Option("--arm", help="An arm of the scenario")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for name, command in (
        ("dose-response", dose_response),
        ("synergy", synergy),
        ("screen", screen),
        ("sensitivity", sensitivity),
        ("bifurcation", bifurcation),
        ("explain", explain),
    ):
        app.command(name, rich_help_panel="Analyze")(command)


def dose_response(
    scenario: Scenario,
    agent: Annotated[str | None, typer.Option(help="A dose of the scenario, or an agent")] = None,
    doses: Annotated[str | None, typer.Option(help="'0.1 ug/mL, 1 ug/mL, ...'")] = None,
    arms: Annotated[str | None, typer.Option(help="Arms, separated by commas")] = None,
    readouts: Annotated[str | None, typer.Option(help="Observables read beside GR, separated by commas")] = None,
    at: Annotated[str | None, typer.Option(help="Time of reading, for example '72 h'")] = None,
    ensemble: Ensemble = None,
    draws: DrawCount = None,
    seed: Seed = None,
    posterior: Posterior = None,
    settings: Settings = None,
    out: Out = None,
    as_json: Json = False,
) -> int:
    """GR metrics, IC50 and read-outs over doses of an agent."""
    given = {
        "agent": agent, "doses": _listed(doses), "arms": _listed(arms), "readouts": _listed(readouts), "at": at,
        "ensemble": ensemble, "draws": draws, "seed": seed, "posterior": posterior,
    }  # fmt: skip

    def run(task: _Task) -> _Found:
        from pathway.analysis.dose_series import dose_series
        from pathway.plotting.dose_figure import plot_dose_series

        o = task.options
        found = dose_series(
            task.scenario, task.laboratory, agent=o["agent"] or None, doses=o["doses"] or None, arms=o["arms"] or None,
            readouts=o["readouts"] or None, at=_hours(o["at"]), draws=task.draws(), steps=o["steps"],
            decades=o["decades"],
        )  # fmt: skip

        def show() -> None:
            unit = found.doses.unit
            header = ["arm", f"GR50 [{unit}]", "GRmax", "GRinf", f"GEC50 [{unit}]", "AOC", f"IC50 [{unit}]"]
            rows = [_metrics_row(name, series) for name, series in found.series.items()]
            console.print_table(header, rows, numbers=range(1, 7))
            for name, series in found.series.items():
                for metric, i in series.intervals.items():
                    if metric in ("gr50", "gr_inf", "gec50"):
                        console.print_line(f"{name}: 95 % of {metric} between {_dose(i.low)} and {_dose(i.high)}")

        return _Found(found.to_dict(), {"dose_response": found.rows()}, {"figure": plot_dose_series(found)}, show)

    return _run("dose_response", scenario, settings, given, out, as_json, run)


def synergy(
    scenario: Scenario,
    grid: Annotated[str | None, typer.Option(help="Doses of either agent, zero included: 8x8")] = None,
    agents: Annotated[str | None, typer.Option(help="Two doses of the scenario, separated by a comma")] = None,
    arm: ArmName = None,
    scale: Annotated[str | None, typer.Option(help="Scale of effect: growth rate, GR or count")] = None,
    doses_first: Annotated[str | None, typer.Option(help="'0.1 ug/mL, 1 ug/mL, ...'")] = None,
    doses_second: Annotated[str | None, typer.Option(help="'1 nM, 10 nM, ...'")] = None,
    shifts: Annotated[
        str | None, typer.Option(help="Also give the second agent so much later: '-48 h, 0 h, 48 h'")
    ] = None,
    ensemble: Ensemble = None,
    draws: DrawCount = None,
    seed: Seed = None,
    posterior: Posterior = None,
    settings: Settings = None,
    out: Out = None,
    as_json: Json = False,
) -> int:
    """Two agents over a grid of doses: Bliss, HSA, Loewe, ZIP, MuSyC, isoboles, schedules."""
    given = {
        "grid": grid, "agents": _listed(agents), "arm": arm, "scale": scale, "doses_first": _listed(doses_first),
        "doses_second": _listed(doses_second), "shifts": _listed(shifts), "ensemble": ensemble, "draws": draws,
        "seed": seed, "posterior": posterior,
    }  # fmt: skip

    def run(task: _Task) -> _Found:
        from pathway.analysis.grid import combination, schedules
        from pathway.plotting.synergy_figure import plot_grid

        o = task.options
        pair = _pair(o["agents"])
        found = combination(
            task.scenario, task.laboratory, size=_size(o["grid"]), agents=pair, arm=o["arm"] or None,
            doses=(o["doses_first"] or None, o["doses_second"] or None), scale=o["scale"], draws=task.draws(),
            decades=o["decades"],
        )  # fmt: skip
        content = found.to_dict()
        if o["shifts"]:
            times = [_hours(shift) or 0.0 for shift in o["shifts"]]
            s = schedules(task.scenario, task.laboratory, times, agents=pair, arm=o["arm"] or None)
            content["schedules"] = {
                "shift": list(s.shifts), "unit": "h", "effect": s.effect.tolist(), "bliss": s.excess.tolist()
            }  # fmt: skip

        def show() -> None:
            console.print_line(found.conclusion(), style="bold")
            rows = [
                [name, "undefined" if e.mean() is None else f"{e.mean():+.4f}", str(len(e.undefined))]
                for name, e in found.excess.items()
            ]
            console.print_table(["reference", "mean excess", "cells undefined"], rows, numbers=(1, 2))
            for name, i in found.intervals.items():
                console.print_line(f"{name}: 95 % of {found.draws.count} draws between {i.low:+.4f} and {i.high:+.4f}")
            for shift, effect in zip(
                *(content.get("schedules", {}).get(k, []) for k in ("shift", "effect")), strict=True
            ):
                console.print_line(f"second agent {shift:+g} h after the first: growth rate {effect:.3f} of untreated")

        return _Found(content, {"synergy": found.rows()}, {"figure": plot_grid(found)}, show)

    return _run("synergy", scenario, settings, given, out, as_json, run)


def screen(
    scenario: Scenario,
    arm: ArmName = None,
    factor: Annotated[float | None, typer.Option(help="What each target is multiplied by; 0.2 lowers by 80 %")] = None,
    knock_down: Annotated[str | None, typer.Option(help="The same as a share: '80 %'")] = None,
    kinds: Annotated[str | None, typer.Option(help="species, reaction, parameter; separated by commas")] = None,
    only: Annotated[str | None, typer.Option(help="Names of targets, separated by commas")] = None,
    pairs: Annotated[int | None, typer.Option(help="Combine so many of the strongest; -1: all that matter")] = None,
    settings: Settings = None,
    out: Out = None,
    as_json: Json = False,
) -> int:
    """What else would change the drug's effect? Every target knocked down or up, alone and in pairs."""
    given = {
        "arm": arm,
        "factor": _factor(factor, knock_down),
        "kinds": _listed(kinds),
        "only": _listed(only),
        "pairs": pairs,
    }

    def run(task: _Task) -> _Found:
        from pathway.analysis.screen import screen as turn
        from pathway.plotting.screen_figure import plot_screen

        o = task.options
        found = turn(
            task.scenario, task.laboratory, arm=o["arm"] or None, factor=float(o["factor"]), kinds=o["kinds"],
            only=o["only"] or None, pairs=o["pairs"], readouts=o["readouts"], progress=task.progress,
        )  # fmt: skip

        def show() -> None:
            console.print_line(f"GR in '{found.arm}' without: {found.baseline:.3f}", style="bold")
            rows = [
                [t.name, t.kind, f"{found.gr[k]:.3f}", f"{found.change[k]:+.3f}", f"{found.growth[k]:.2f}"]
                for k, t in enumerate(found.targets[:20])
            ]
            console.print_table(["target", "kind", "GR", "change", "growth without drug"], rows, numbers=(2, 3, 4))
            for one, two, gr in found.best_pairs(5):
                console.print_line(f"pair {one} + {two}: GR {gr:.3f}")

        return _Found(found.to_dict(), {"screen": found.rows()}, {"figure": plot_screen(found)}, show)

    return _run("screen", scenario, settings, given, out, as_json, run)


def sensitivity(
    scenario: Scenario,
    method: Annotated[str | None, typer.Option(help="sobol, morris or control")] = None,
    quantity: Annotated[str | None, typer.Option(help="GR, or anything readable at the end")] = None,
    parameters: Annotated[str | None, typer.Option(help="fitted, assumed, inferred, measured, all, or names")] = None,
    base: Annotated[int | None, typer.Option(help="Sobol: base samples, a power of two")] = None,
    trajectories: Annotated[int | None, typer.Option(help="Morris: trajectories")] = None,
    arm: ArmName = None,
    seed: Seed = None,
    settings: Settings = None,
    out: Out = None,
    as_json: Json = False,
) -> int:
    """Which parameters matter: Sobol indices, Morris effects, or control coefficients of the resting cells."""
    given = {
        "method": method, "quantity": quantity, "parameters": _listed(parameters), "base": base,
        "trajectories": trajectories, "arm": arm, "seed": seed,
    }  # fmt: skip

    def run(task: _Task) -> _Found:
        from pathway.analysis.mistakes import unknown

        kinds: dict[str, Callable[[_Task], _Found]] = {"sobol": _sobol, "morris": _morris, "control": _control}
        if task.options["method"] not in kinds:
            raise unknown("method", task.options["method"], kinds)
        return kinds[task.options["method"]](task)

    return _run("sensitivity", scenario, settings, given, out, as_json, run)


def _question(task: _Task) -> tuple[Any, Any]:
    from pathway.analysis.scenario_sensitivity import ranges_of, reading
    from pathway.analysis.screen import treated_arm

    o = task.options
    cells = treated_arm(task.scenario, o["arm"] or None).cells
    ranges = ranges_of(task.laboratory, cells, task.scenario.file.parent, o["parameters"])
    asked = reading(task.scenario, task.laboratory, ranges.names, arm=o["arm"] or None, quantity=o["quantity"])
    return ranges, asked


def _sobol(task: _Task) -> _Found:
    from pathway.analysis.global_sensitivity import sobol
    from pathway.plotting.sensitivity_figure import plot_sobol

    ranges, asked = _question(task)
    o = task.options
    found = sobol(lambda samples: asked(samples, task.progress), ranges, int(o["base"]), int(o["seed"]))
    title = f"What decides {o['quantity']} in '{asked.arm.name}': Sobol indices"
    header = ["parameter", "first", "first +-", "total", "total +-"]
    columns = (found.first, found.first_interval, found.total, found.total_interval)
    rows: list[list[Any]] = [[found.names[k], *(float(column[k]) for column in columns)] for k in found.ranked()]

    def show() -> None:
        console.print_line(title, style="bold")
        console.print_table(header, [[r[0], *(f"{v:.3f}" for v in r[1:])] for r in rows[:20]], numbers=(1, 2, 3, 4))

    content = {"scenario": task.scenario.name, "arm": asked.arm.name, "quantity": o["quantity"], **found.to_dict()}
    return _Found(content, {"sensitivity": (header, rows)}, {"figure": plot_sobol(found, title)}, show)


def _morris(task: _Task) -> _Found:
    from pathway.analysis.global_sensitivity import morris
    from pathway.plotting.sensitivity_figure import plot_morris

    ranges, asked = _question(task)
    o = task.options
    found = morris(lambda samples: asked(samples, task.progress), ranges, int(o["trajectories"]), int(o["seed"]))
    title = f"What moves {o['quantity']} in '{asked.arm.name}': Morris effects"
    header = ["parameter", "mean", "mean absolute", "+-", "spread"]
    columns = (found.mean, found.mean_absolute, found.interval, found.spread)
    rows: list[list[Any]] = [[found.names[k], *(float(column[k]) for column in columns)] for k in found.ranked()]
    unit = task.laboratory.units.get(o["quantity"], "1")

    def show() -> None:
        console.print_line(title, style="bold")
        console.print_table(header, [[r[0], *(f"{v:.3g}" for v in r[1:])] for r in rows[:20]], numbers=(1, 2, 3, 4))

    content = {"scenario": task.scenario.name, "arm": asked.arm.name, "quantity": o["quantity"], **found.to_dict()}
    return _Found(content, {"sensitivity": (header, rows)}, {"figure": plot_morris(found, title, unit)}, show)


def _control(task: _Task) -> _Found:
    from pathway.analysis.control import control_coefficients
    from pathway.analysis.dishes import checked_readouts
    from pathway.analysis.screen import treated_arm
    from pathway.plotting.control_figure import plot_control
    from pathway.scenario.run import dishes

    o = task.options
    arm = treated_arm(task.scenario, o["arm"] or None)
    (dish,) = dishes(task.scenario, [arm], task.laboratory)
    levels = checked_readouts(task.laboratory, o["levels"])
    model = task.laboratory.model
    found = control_coefficients(model, dish.parameters, dish.state, levels, ("PIP3_by_PTEN", "miR21_transcription"))
    header = ["reaction", *found.readings]
    rows = [[r, *map(float, found.coefficients[:, k])] for k, r in enumerate(found.reactions)]

    def show() -> None:
        for name in found.readings:
            told = ", ".join(f"{reaction} {value:+.2f}" for reaction, value in found.strongest(name, 6))
            console.print_line(f"{name}: {told}")
        console.print_line(f"Summation theorems hold to {found.violation:.1e}.")

    content = {"scenario": task.scenario.name, "cells": arm.cells, **found.to_dict()}
    return _Found(content, {"control": (header, rows)}, {"figure": plot_control(found, arm.cells)}, show)


def bifurcation(
    scenario: Scenario,
    parameter: Annotated[str | None, typer.Option(help="Parameter that is followed")] = None,
    low: Annotated[float | None, typer.Option(help="From")] = None,
    high: Annotated[float | None, typer.Option(help="To")] = None,
    readings: Annotated[str | None, typer.Option(help="What is drawn, separated by commas")] = None,
    against: Annotated[str | None, typer.Option(help="Second parameter: follow folds in the plane of both")] = None,
    against_low: Annotated[float | None, typer.Option(help="From")] = None,
    against_high: Annotated[float | None, typer.Option(help="To")] = None,
    draws: Annotated[
        int | None, typer.Option(help="Parameter sets searched for a second stable state; 0: none")
    ] = None,
    arm: ArmName = None,
    seed: Seed = None,
    settings: Settings = None,
    out: Out = None,
    as_json: Json = False,
) -> int:
    """Steady states over a parameter, folds and Hopf points; is resistance a second stable state?"""
    given = {
        "parameter": parameter, "low": low, "high": high, "readings": _listed(readings), "against": against,
        "against_low": against_low, "against_high": against_high, "draws": draws, "arm": arm, "seed": seed,
    }  # fmt: skip

    def run(task: _Task) -> _Found:
        from .analyze_branches import branches

        return _Found(*branches(task.scenario, task.laboratory, task.options, task.progress))

    return _run("bifurcation", scenario, settings, given, out, as_json, run)


def explain(
    scenario: Scenario,
    arm: ArmName = None,
    reference: Annotated[str | None, typer.Option(help="The arm it is compared with")] = None,
    reading: Annotated[str | None, typer.Option(help="What differs: pAKT, PTEN, growth ...")] = None,
    at: Annotated[str | None, typer.Option(help="Time, for example '24 h'; the end unless given")] = None,
    ensemble: Ensemble = None,
    draws: DrawCount = None,
    seed: Seed = None,
    posterior: Posterior = None,
    settings: Settings = None,
    out: Out = None,
    as_json: Json = False,
) -> int:
    """Why does one arm differ from another? The difference divided among the links that carry it."""
    given = {
        "arm": arm, "reference": reference, "reading": reading, "at": at, "ensemble": ensemble, "draws": draws,
        "seed": seed, "posterior": posterior,
    }  # fmt: skip

    def run(task: _Task) -> _Found:
        from pathway.analysis.explain import explain as divide
        from pathway.analysis.explain import usual_arms
        from pathway.plotting.network_figure import plot_explanation

        o = task.options
        arm, reference = usual_arms(task.scenario, o["arm"] or None, o["reference"] or None)
        found = divide(
            task.scenario, task.laboratory, arm=arm, reference=reference, reading=o["reading"], at=_hours(o["at"]),
            draws=task.draws(),
        )  # fmt: skip

        def show() -> None:
            console.print_line(found.text())
            header, rows = found.rows()
            shown = [[r[0], *(console.number(v) for v in r[1:])] for r in rows]
            console.print_table(header, shown, numbers=range(1, len(header)))

        return _Found(found.to_dict(), {"explain": found.rows()}, {"figure": plot_explanation(found)}, show)

    return _run("explain", scenario, settings, given, out, as_json, run)


# --- what the commands share ------------------------------------------------------------------------------------------


class _Found:
    """What an analysis hands over: JSON form, tables, figures, and how to show it at the terminal."""

    def __init__(
        self, content: dict[str, Any], tables: Mapping[str, Any], figures: Mapping[str, Any], show: Callable[[], None]
    ) -> None:
        self.content, self.tables, self.figures, self.show = content, tables, figures, show


class _Task:
    """A scenario with its options, and the draws it asks for."""

    def __init__(self, scenario: Any, laboratory: Any, options: dict[str, Any], progress: console.Progress) -> None:
        self.scenario, self.laboratory, self.options, self.progress = scenario, laboratory, options, progress

    def draws(self) -> Any:
        """Parameter draws as the options say."""
        from pathway.analysis.draws import chosen, from_ranges, from_table
        from pathway.analysis.mistakes import AnalysisError

        o = self.options
        if o["ensemble"] == "none":
            return chosen(self.laboratory)
        if o["ensemble"] == "posterior":
            if not o["posterior"]:
                raise AnalysisError("--ensemble posterior needs the draws of a fit: --posterior FILE.csv")
            return from_table(self.laboratory, self.scenario.file.parent / o["posterior"], int(o["draws"]))
        lines = tuple(dict.fromkeys(arm.cells for arm in self.scenario.arms))
        folder = self.scenario.file.parent
        return from_ranges(self.laboratory, lines, folder, int(o["draws"]), int(o["seed"]), self.progress)


def _run(
    analysis: str,
    name: str,
    settings: list[str] | None,
    given: dict[str, Any],
    out: Path | None,
    as_json: bool,
    run: Callable[[_Task], _Found],
) -> int:
    """Read, analyze, write, print."""
    from pathway.analysis.options import options_of
    from pathway.report import check_out
    from pathway.report.analysis_folder import write_analysis
    from pathway.scenario import built_in_laboratory, read_scenario

    from . import DONE

    scenario = read_scenario(name, settings or [])
    options = options_of(scenario, analysis, given)
    folder = out or Path("results") / f"{scenario.name}-{analysis}"
    check_out(folder)
    with console.progress_bar(quiet=False) as report:
        found = run(_Task(scenario, built_in_laboratory(), options, report))
        seed = options.get("seed")
        command = ["pathway", *sys.argv[1:]]
        record = write_analysis(
            analysis, scenario, found.content, found.tables, found.figures, folder, command, options, seed
        )
    if as_json:
        console.print_json({**found.content, "provenance": record})
    else:
        found.show()
        console.print_line(f"Figure: {folder / 'figure.png'}   numbers: {folder / (analysis + '.json')}")
    return DONE


def _listed(text: str | None) -> list[str] | None:
    return None if text is None else [part.strip() for part in text.split(",") if part.strip()]


def _hours(text: str | None) -> float | None:
    from pathway.scenario.quantities import hours

    return hours(text) if text else None


def _dose(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3g}" if abs(value) != float("inf") else ("not reached" if value > 0 else "below all doses")


def _metrics_row(name: str, series: Any) -> list[str]:
    m = series.metrics
    half = "flat" if m.is_flat else f"{m.gec50:.3g}"
    ends = [f"{m.gr_max:.3f}", f"{m.gr_inf:.3f}", half, f"{m.gr_aoc:.3f}", _dose(series.counts.ic50)]
    return [name, _dose(m.gr50), *ends]


def _size(text: str) -> tuple[int, int]:
    from pathway.analysis.mistakes import AnalysisError

    parts = text.lower().replace(" ", "").split("x")
    if len(parts) != 2 or not all(part.isdigit() for part in parts):
        raise AnalysisError(f"a grid is written like 8x8, not '{text}'")
    return int(parts[0]), int(parts[1])


def _pair(names: list[str]) -> tuple[str, str] | None:
    from pathway.analysis.mistakes import AnalysisError

    if not names:
        return None
    if len(names) != 2:
        raise AnalysisError(f"a combination has two agents, but {len(names)} were named")
    return names[0], names[1]


def _factor(factor: float | None, knock_down: str | None) -> float | None:
    """What targets are multiplied by, from either way of saying it."""
    if knock_down is None:
        return factor
    from pathway.scenario.quantities import fraction

    return 1.0 - fraction(knock_down)
