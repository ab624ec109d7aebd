"""`pathway replay`: a run repeated and compared."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import console


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("replay", rich_help_panel="Results")(replay)


def replay(
    folder: Annotated[Path, typer.Argument(help="Folder of a run or an analysis")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object")] = False,
) -> int:
    """Repeat a run or an analysis from its folder and say whether the numbers are the same."""
    from pathway.report import compare_analysis
    from pathway.report import replay as repeat
    from pathway.report.analysis import is_analysis

    from . import DONE, NOT_MET

    if is_analysis(folder):
        from .analyze import repeated_analysis

        (record, content), answer = repeated_analysis(folder)
        found = compare_analysis(record, content, answer.content)
    else:
        found = repeat(folder)
    if as_json:
        console.print_json(
            {
                "verdict": found.verdict,
                "first_difference": found.first_difference,
                "largest_difference": found.largest if found.largest != float("inf") else None,
                "changed": list(found.changed),
            }
        )
    elif found.verdict == "identical":
        console.print_line("identical")
    elif found.verdict == "agrees":
        console.print_line(f"agrees within 1e-6 (largest relative difference {found.largest:.1e})")
    else:
        console.print_line(f"differs; first: {found.first_difference}")
    if found.changed and not as_json:
        console.say(f"Changed since: {', '.join(found.changed)}")
    return NOT_MET if found.verdict == "differs" else DONE
