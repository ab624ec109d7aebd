"""`pathway validate`: every published finding against the model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from . import console


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("validate", rich_help_panel="Model")(validate)


def validate(
    prior: Annotated[int, typer.Option(metavar="N", help="Also judge N draws from the parameters' ranges", min=0)] = 0,
    seed: Annotated[int, typer.Option(help="Seed of the draws")] = 1,
    scenario: Annotated[list[str] | None, typer.Option(help="Only this scenario (repeatable)")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the verdicts, and for draws already judged")] = Path(
        "results/validate"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object")] = False,
) -> int:
    """Judge every finding: claim, role, source, value, band, verdict, reason."""
    from pathway.report.validation import validate as judge_all

    from . import DONE

    with console.progress_bar() as report:
        found = judge_all(scenario, prior, seed, out, report)
    if as_json:
        console.print_json(found)
    else:
        _print(found)
        console.print_line(f"Verdicts: {out / 'verdicts.json'}")
    return DONE


def _print(found: dict[str, Any]) -> None:
    from pathway.report import band

    rows = []
    shares_known = any(entry["prior_pass_fraction"] is not None for entry in found["expectations"])
    for entry in sorted(found["expectations"], key=lambda e: (_order(e["finding"]), e["scenario"])):
        claim = entry["claim"] + (f" ({entry['reason']})" if entry["reason"] and not entry["met"] else "")
        row = [entry["finding"] or "", "met" if entry["met"] else "missed", entry["role"]]
        row += [console.number(entry["value"]) or "-", band(entry["above"], entry["below"])]
        if shares_known:
            share = entry["prior_pass_fraction"]
            row.append("-" if share is None else f"{share:.0%}")
        rows.append([*row, entry["scenario"], claim, entry["source"] or ""])
    header = ["finding", "verdict", "role", "value", "expected", *(["of draws"] if shares_known else [])]
    console.print_table([*header, "scenario", "claim", "source"], rows, numbers=(3,))
    for role, counts in found["by_role"].items():
        console.print_line(f"{role}: {counts['met']} of {counts['of']} met")
    findings = {e["finding"] for e in found["expectations"] if e["finding"]}
    console.print_line(f"{len(findings)} findings. Only predictions count as reproduced.")


def _order(finding: str | None) -> tuple[int, str]:
    digits = "".join(c for c in finding or "" if c.isdigit())
    return (int(digits) if digits else 10_000, finding or "")
