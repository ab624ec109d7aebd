"""`pathway validate`: every published finding against the model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from . import console
from .cluster import DASK, THREADS, dask_client, executor_of


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("validate", rich_help_panel="Model")(validate)


def validate(
    prior: Annotated[
        int, typer.Option(metavar="N", help="Also judge N draws from the ranges", min=0, max=1_000_000)
    ] = 0,
    seed: Annotated[int, typer.Option(help="Seed of the draws", min=0)] = 1,
    scenario: Annotated[list[str] | None, typer.Option(help="Only this scenario (repeatable) [default: all]")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the verdicts, and for draws already judged")] = Path(
        "results/validate"
    ),
    force: Annotated[bool, console.FORCE] = False,
    ensemble: Annotated[
        str | None, typer.Option(help="Intervals from: calibrated [default where it ships], none, or a file (.npz)")
    ] = None,
    members: Annotated[int, console.MEMBERS] = 200,
    triple: Annotated[
        bool, typer.Option("--triple", help="Each headline number before data, after measured data, after findings too")
    ] = False,
    workers: THREADS = None,
    dask: DASK = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object")] = False,
) -> int:
    """Judge every finding: claim, role, source, value, band, verdict, reason."""
    from pathway.report import write_report
    from pathway.report.validation import judge_expectations as judge_all
    from pathway.report.validation import validation_report
    from pathway.simulation.pieces import PieceRunner

    from . import DONE

    with dask_client(dask) as client, console.progress_line() as report:
        runner = PieceRunner(workers, executor_of(client))
        validation = judge_all(scenario, prior, seed, out, report, force, ensemble, members, triple, runner)
    record = write_report(
        validation_report(validation, seed if prior else None), out, console.typed_command(), say=console.say
    )
    if as_json:
        console.print_json(validation)
    else:
        _print(validation)
        console.print_report_places(out, record, verdicts="verdicts.json")
    return DONE


def _print(validation: dict[str, Any]) -> None:
    from pathway.report.validation import by_finding_number, finding_table, triple_table

    judged = sorted(validation["expectations"], key=lambda e: (by_finding_number(e["finding"]), e["scenario"]))
    over = validation["ensemble"] is not None
    console.print_table(
        ["finding", "verdict", "role", "value", "expected", "of draws", *(["of ensemble"] if over else []),
         "claim [scenario; source]"],
        [_row(entry, over) for entry in judged],
        numbers=(3, 5, 6) if over else (3, 5),
    )  # fmt: skip
    if over:
        header, rows = triple_table(judged)
        console.print_line("Headline numbers, three times: median (middle 90 %); share that meets the expectation")
        console.print_table(header, [list(map(str, row)) for row in rows])
    console.print_line("One line for each distinct finding")
    header, rows = finding_table(validation["findings"])
    console.print_table(header, rows)
    _print_misses([entry for entry in judged if not entry["met"]])
    for role, counts in validation["by_role"].items():
        console.print_line(f"{role}: {counts['met']} of {counts['of']} met")
    findings = {entry["finding"] for entry in judged if entry["finding"]}
    console.print_line(f"{len(findings)} findings. Only predictions count as reproduced.")
    console.print_line("of draws: share of parameter sets drawn from their ranges that meet it (--prior N)")


def _row(entry: dict[str, Any], over: bool) -> list[str]:
    from pathway.scenario.plain_words import band_in_words, percent_text

    return [
        entry["finding"] or "",
        "met" if entry["met"] else "missed",
        entry["role"],
        console.number_text(entry["value"]) or "-",
        band_in_words(entry["above"], entry["below"]),
        percent_text(entry["prior_pass_fraction"]),
        *([percent_text(entry.get("share_of_ensemble"))] if over else []),
        f"{entry['claim']} [{entry['scenario']}; {entry['source'] or 'no source'}]",
    ]


def _print_misses(missed: list[dict[str, Any]]) -> None:
    """Why each missed expectation is missed: an explained miss is worth more than a tuned pass."""
    if missed:
        console.print_line("Missed, because:")
    for entry in missed:
        console.print_line(f"  {entry['finding'] or entry['role']} [{entry['scenario']}]: {entry['reason']}")
