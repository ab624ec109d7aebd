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
    folder: Annotated[Path, typer.Argument(help="Folder of a run, an analysis or a cohort")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object")] = False,
) -> int:
    """Repeat a run, an analysis or a cohort from its folder and say whether the numbers are the same."""
    from pathway.report import compare_analysis
    from pathway.report import replay as repeat
    from pathway.report.record import is_folder_of

    from . import DONE, NOT_MET

    if is_folder_of("cohort", folder):
        from pathway.api.cohort import repeated_cohort

        with console.progress_line(quiet=as_json) as progress:
            replayed = compare_analysis(*repeated_cohort(folder, progress))
    elif is_folder_of("analysis", folder):
        from pathway.api.analyze import repeated_analysis

        with console.progress_line() as progress:
            record, content, again = repeated_analysis(folder, progress, console.say)
        replayed = compare_analysis(record, content, again.content)
    else:
        replayed = repeat(folder)
    if as_json:
        console.print_json(
            {
                "verdict": replayed.verdict,
                "first_difference": replayed.first_difference,
                "largest_difference": replayed.largest if replayed.largest != float("inf") else None,
                "changed": list(replayed.changed),
            }
        )
    elif replayed.verdict == "identical":
        console.print_line("identical")
    elif replayed.verdict == "agrees":
        console.print_line(f"agrees within 1e-6 (largest relative difference {replayed.largest:.1e})")
    else:
        console.print_line(f"differs; first: {replayed.first_difference}")
    if replayed.changed and not as_json:
        console.say(f"Changed since: {', '.join(replayed.changed)}")
    return NOT_MET if replayed.verdict == "differs" else DONE
