"""`pathway compare`: two runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import console


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("compare", rich_help_panel="Results")(compare)


def compare(
    first: Annotated[Path, typer.Argument(help="Folder of a run")],
    second: Annotated[Path, typer.Argument(help="Folder of another")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder of the report [default: results/compare-FIRST-SECOND]")
    ] = None,
    force: Annotated[bool, console.FORCE] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object")] = False,
) -> int:
    """Show two runs side by side: settings, growth, readings, courses; leaves a report."""
    from pathway.api.compare import compare as side_by_side
    from pathway.report import check_output_folder, default_results_folder, write_report
    from pathway.report.run_comparison import RUN_COMPARISON, run_comparison_identity, run_comparison_report

    from . import DONE

    comparison = side_by_side(first, second)
    folder = out or default_results_folder(f"compare-{first.resolve().name}-{second.resolve().name}")
    check_output_folder(folder, RUN_COMPARISON, run_comparison_identity(first, second, folder), force)
    report = run_comparison_report(comparison, folder)
    record = write_report(report, folder, console.typed_command(), force, say=console.say)
    if as_json:
        console.print_json(comparison.to_dict())
        return DONE
    comparison.show(console)
    console.print_report_places(folder, record, differences="differences.csv")
    return DONE
