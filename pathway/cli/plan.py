"""`pathway plan`: which experiment to do next month."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import console


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("plan", rich_help_panel="Experiments")(plan)


def plan(
    name_or_file: Annotated[
        str, typer.Argument(help="A scenario's name or file", autocompletion=console.scenario_completion)
    ],
    cells: Annotated[str | None, typer.Option(help="Another line: a name or your file [default: as written]")] = None,
    replicates: Annotated[int, typer.Option(help="Days on which every dish is made once")] = 3,
    assay: Annotated[
        list[str] | None, typer.Option(help="blot, elisa, qpcr or count (repeatable) [default: all]")
    ] = None,
    compare: Annotated[
        list[str] | None,
        typer.Option(metavar="'A vs B'", help="Two arms (repeatable) [default: what the scenario expects]"),
    ] = None,
    quantity: Annotated[str, typer.Option(help="What is measured of these arms: pAKT, GR ... [default: none]")] = "",
    at: Annotated[list[str] | None, typer.Option(help="Harvest, '48 h' (repeatable) [default: each day]")] = None,
    dose: Annotated[
        list[float] | None, typer.Option(help="Factor on the doses (repeatable) [default: 0.1, 0.3, 1 and 3]")
    ] = None,
    about: Annotated[
        str,
        typer.Option(
            help="Rank measurements by what they tell: 'p110beta or Src', 'miR-21 acts through PTEN', V4, a loop or a "
            "parameter [default: nothing]"
        ),
    ] = "",
    uptake: Annotated[
        str | None, typer.Option(help="Share of cells that took up the oligo, '70 %' [default: all]")
    ] = None,
    knock_down: Annotated[
        str | None,
        typer.Option(
            help="Fall of free miR-21, or of what an siRNA cleaves, by qPCR 24 h after transfection, '60 %' "
            "[default: as in each member]"
        ),
    ] = None,
    own_replicates: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ASSAY=X,Y,Z",
            help="Your readings of one dish on three days or more (repeatable) [default: the table]",
        ),
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change the scenario [default: no change]")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the plan [default: results/NAME_plan]")] = None,
    force: Annotated[bool, console.FORCE] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object")] = False,
    ensemble: Annotated[str | None, console.ENSEMBLE] = None,
    weights: Annotated[str, console.WEIGHTS] = "measured",
    members: Annotated[
        int | None, typer.Option(help="Of the ensemble, at most [default: 200; with --about 600]", min=2, max=100_000)
    ] = None,
) -> int:
    """Which effects an experiment would find, replicates, controls, and the result that would refute the model."""
    from pathway.api.plan import plan_request, plan_task
    from pathway.planning.designs import FACTORS
    from pathway.report import check_output_folder, default_results_folder, write_report
    from pathway.report.plan import PLAN

    from . import DONE

    request = plan_request(
        replicates, assay or (), compare or (), quantity, at or (), dose or FACTORS, about, _share("--uptake", uptake),
        _share("--knock-down", knock_down), _own_replicates(own_replicates or []),
    )  # fmt: skip
    task = plan_task(name_or_file, cells, settings or (), request, ensemble, weights, members)
    folder = out or default_results_folder(f"{task.scenario.name}_plan", task.scenario.settings)
    check_output_folder(folder, PLAN, task.identity(folder), force)
    with console.progress_line(quiet=as_json) as progress:
        result = task.plan(progress)
        progress("figure and report", 0, 1)
        record = write_report(result.report(folder), folder, console.typed_command(), force, say=console.say)
    if as_json:
        console.print_json({**result.to_dict(), "provenance": record})
    else:
        result.show(console)
        console.print_report_places(folder, record)
    return DONE


def _share(option: str, text: str | None) -> float | None:
    """A share from "70 %"; all of it is "100 %"."""
    from pathway.scenario.quantities import parse_fraction
    from pathway.units import UnitError

    from . import BadInput

    if text is None:
        return None
    try:
        return 1.0 if text.replace(" ", "") == "100%" else parse_fraction(text)
    except UnitError as error:
        raise BadInput(f"{option}: {error}") from None


def _own_replicates(given: list[str]) -> dict[str, list[float]]:
    """Readings by assay."""
    from . import BadInput

    readings = {}
    for text in given:
        name, _, values = text.partition("=")
        try:
            readings[name.strip()] = [float(value) for value in values.split(",")]
        except ValueError:
            raise BadInput(f"--own-replicates {text}: write for example blot=0.8,1.1,1.3") from None
    return readings
