"""`pathway run`: a scenario, or any SBML or Antimony model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import console

if TYPE_CHECKING:
    from pathway.scenario.result import Result

MODELS = (".xml", ".sbml", ".ant", ".antimony")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("run", rich_help_panel="Experiments")(run)


def run(
    name_or_file: Annotated[
        str,
        typer.Argument(
            help="A scenario's name or file, or a model (.xml, .sbml, .ant)", autocompletion=console.scenario_completion
        ),
    ],
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Change: dose.NAME.amount='1 ug/mL' [default: no change]",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the results [default: results/NAME]")] = None,
    force: Annotated[bool, console.FORCE] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object")] = False,
    ensemble: Annotated[str | None, console.ENSEMBLE] = None,
    weights: Annotated[str, console.WEIGHTS] = "measured",
    members: Annotated[int, console.MEMBERS] = 200,
    until: Annotated[
        float | None, typer.Option(help="Model files: end time, in the model's unit [default: none, it is needed]")
    ] = None,
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
        report("figure and report", 0, 1)
        record = write_report(run_report(result, folder), folder, console.typed_command(), force, say=console.say)
    if as_json:
        console.print_json({**result.to_dict(), "provenance": record})
    else:
        print_summary(result)
        console.print_report_places(folder, record)
    return DONE if result.all_met else NOT_MET


def print_summary(result: Result) -> None:
    """Plain words first, then tables, then what has to be known beside them."""
    from pathway.api.summary import show_summary

    show_summary(result, console)
