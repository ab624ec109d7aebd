"""`pathway cohort`: virtual women from the dish to the clinic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import console
from .cluster import DASK, THREADS, dask_client


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("cohort", rich_help_panel="Experiments")(cohort)


def cohort(
    name_or_file: Annotated[str, typer.Argument(help="A cohort's name (women37) or file")],
    women: Annotated[int | None, typer.Option(help="How many [default: as the file says]", min=8)] = None,
    workers: THREADS = None,
    dask: DASK = None,
    patients: Annotated[
        Path | None, typer.Option(help="Your own patients (CSV), scored and not fitted [default: none]")
    ] = None,
    ensemble: Annotated[str, typer.Option(help="calibrated, prior or a file of parameter sets")] = "calibrated",
    weights: Annotated[str, console.WEIGHTS] = "measured",
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the results [default: results/NAME]")] = None,
    force: Annotated[bool, console.FORCE] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object")] = False,
) -> int:
    """Virtual women under treatment: a model for thinking, not for treatment decisions.

    Women lie on disk as they come: the same command goes on where it was stopped.
    """
    from pathway.api.cohort import cohort as virtual_women
    from pathway.report import write_report

    from . import DONE

    with console.progress_line(quiet=as_json) as report, dask_client(dask) as executor:
        result = virtual_women(
            name_or_file, women=women, folder=out, workers=workers, executor=executor, patients=patients,
            ensemble=ensemble, weights=weights, force=force, progress=report,
        )  # fmt: skip
        report("figures and report", 0, 1)
        record = write_report(result.report(), result.folder, console.typed_command(), force, say=console.say)
    if as_json:
        console.print_json({**result.to_dict(), "provenance": record})
    else:
        result.show(console)
        console.print_report_places(result.folder, record)
    return DONE
