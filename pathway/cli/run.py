"""`pathway run`: a scenario, or any SBML or Antimony model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import console

if TYPE_CHECKING:
    from pathway.scenario.result import ArmResult, Result

MODELS = (".xml", ".sbml", ".ant", ".antimony")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("run", rich_help_panel="Experiments")(run)


def run(
    name_or_file: Annotated[str, typer.Argument(help="A scenario's name or file, or a model (.xml, .sbml, .ant)")],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change an entry, for example dose.NAME.amount='1 ug/mL'"),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the results [default: results/NAME]")] = None,
    force: Annotated[bool, console.FORCE] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object")] = False,
    ensemble: Annotated[str | None, console.ENSEMBLE] = None,
    weights: Annotated[str, console.WEIGHTS] = "measured",
    members: Annotated[int, console.MEMBERS] = 200,
    until: Annotated[float | None, typer.Option(help="Model files: end time, in the model's unit")] = None,
    points: Annotated[int, typer.Option(help="Model files: number of times", min=2, max=1_000_000)] = 101,
    max_steps: Annotated[int, typer.Option(help="Model files: most steps of the solver", min=1)] = 100_000,
) -> int:
    """Run a scenario: summary table, CSV, figure, one HTML report."""
    if name_or_file.lower().endswith(MODELS):
        from .run_model import run_model

        return run_model(Path(name_or_file), until, points, max_steps, settings or [], out, force, as_json)
    return _run_scenario(name_or_file, settings or [], out, force, as_json, (ensemble, weights, members))


def _run_scenario(
    name_or_file: str,
    settings: list[str],
    out: Path | None,
    force: bool,
    as_json: bool,
    asked: tuple[str | None, str, int],
) -> int:
    from pathway.report import check_output_folder, default_results_folder, result_identity, write_report
    from pathway.report.run import RUN, run_report
    from pathway.scenario import read_scenario
    from pathway.scenario.size import expected_size

    from . import DONE, NOT_MET

    scenario = read_scenario(name_or_file, settings)
    folder = out or default_results_folder(scenario.name, scenario.settings)
    check_output_folder(folder, RUN, result_identity(scenario, folder), force)
    from pathway.scenario import built_in_laboratory, run_scenario
    from pathway.scenario.members import parameter_sets_for, result_with_members

    laboratory = built_in_laboratory()
    sets, remark = parameter_sets_for(scenario, laboratory, *asked)
    if remark:
        console.say(remark)
    size = expected_size(scenario)
    if size.remark and not as_json:
        console.say(f"this takes {size.remark}")
    with console.progress_line(quiet=as_json) as report:
        result = run_scenario(scenario, progress=report)
        if sets is not None:
            result = result_with_members(result, laboratory, sets, report)
        record = write_report(run_report(result, folder), folder, console.typed_command(), force, say=console.say)
    if as_json:
        console.print_json({**result.to_dict(), "provenance": record})
    else:
        print_summary(result)
        console.print_report_places(folder, record)
    return DONE if result.all_met else NOT_MET


def print_summary(result: Result) -> None:
    """Plain words first; then arms with growth and the shown observables, the same over the ensemble, expectations, and
    what has to be known beside them."""
    from pathway.scenario.plain_words import caveats, headline_sentences

    scenario = result.scenario
    console.print_line(scenario.title, style="bold")
    for sentence in headline_sentences(result):
        console.print_line(sentence)
    shown = [name for name in scenario.observables if name != "cell_number"]
    growing = any(arm.growth for arm in result.arms.values())
    compared = ["GR", "control", "% of control", "% of untreated"] if growing else []
    header = ["arm", *compared, "cells, fold", *(_ending(n, result) for n in shown)]
    rows = []
    for name, arm in result.arms.items():
        growth = _compared(arm)
        courses = [console.number_text(float(arm.courses[n][-1])) for n in shown]
        rows.append([name, *(growth if growing else []), console.number_text(arm.fold), *courses])
    console.print_table(header, rows, numbers=[k for k, name in enumerate(header) if k and name != "control"])
    if growing:
        said = "GR: 1 grows as its control, 0 is arrested, - where the question does not apply."
        console.print_line(f"{said} Values at the end of the experiment.")
    if result.ensemble:
        print_intervals(result)
    print_verdicts([verdict.to_dict() for verdict in result.verdicts])
    for caveat in caveats(result):
        console.print_line(f"Beside it: {caveat}")


def print_intervals(result: Result) -> None:
    """Of each arm the chosen number, and median and 90 % of the ensemble."""
    from pathway.scenario.plain_words import ensemble_words, median_with_interval

    growing = any(arm.growth for arm in result.arms.values())
    quantities = ("GR", "percent_of_untreated") if growing else ("cell_number_fold",)
    words = {"GR": "GR", "percent_of_untreated": "% of untreated", "cell_number_fold": "cells, fold"}
    rows = [[name, *(median_with_interval(result.interval(name, q)) for q in quantities)] for name in result.arms]
    console.print_line(f"Median (middle 90 %) of {ensemble_words(result)}:")
    console.print_table(["arm", *(words[q] for q in quantities)], rows, numbers=range(1, len(quantities) + 1))


def _compared(arm: ArmResult) -> list[str]:
    """GR, what it compares with, and cells in percent of that and of untreated cells."""
    growth, share = arm.growth, arm.percent_of_untreated
    known = (
        [console.number_text(growth.gr, 2) or "-", growth.control, f"{growth.percent_of_control:.0f}"] if growth else []
    )
    return [*(known or ["-", "-", "-"]), "-" if share is None else f"{share:.0f}"]


def _ending(name: str, result: Result) -> str:
    unit = result.units[name]
    return name if unit == "1" else f"{name} [{unit}]"


def print_verdicts(entries: list[dict[str, Any]]) -> None:
    """One line for each expectation: met or missed, the value, the band, the claim."""
    from pathway.scenario.plain_words import band_in_words, percent_text, verdict_interval_text

    if not entries:
        return
    rows: list[list[str]] = []
    over = any(entry.get("share_of_ensemble") is not None for entry in entries)
    for entry in entries:
        verdict = "met" if entry["met"] else "missed"
        claim = entry["claim"] if entry["met"] or not entry["reason"] else f"{entry['claim']} ({entry['reason']})"
        value = console.number_text(entry["value"]) or "-"
        rows.append([verdict, entry["finding"] or "", entry["role"], value])
        rows[-1] += [verdict_interval_text(entry)] if over else []
        rows[-1] += [band_in_words(entry["above"], entry["below"])]
        rows[-1] += [percent_text(entry["share_of_ensemble"])] if over else []
        rows[-1] += [claim]
    header = ["verdict", "finding", "role", "value", *(["median (90 %)"] if over else []), "expected"]
    header += [*(["of ensemble"] if over else []), "claim"]
    numbers = [k for k, name in enumerate(header) if name in ("value", "median (90 %)", "of ensemble")]
    console.print_table(header, rows, numbers=numbers)
    met = sum(entry["met"] for entry in entries)
    console.print_line(f"{met} of {len(entries)} expectations met", style="green" if met == len(entries) else "yellow")
