"""`pathway verify`: a folder of results against its manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import console


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("verify", rich_help_panel="Results")(verify)


def verify(
    folder: Annotated[Path, typer.Argument(help="Folder of results")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object")] = False,
) -> int:
    """Check that a folder holds what was written into it, file by file; nothing is computed.

    Exit code 3 if a file is missing or changed, or the work in it is not finished. Files that the folder's manifest
    does not list are named, and are no difference.
    """
    from pathway.folders import verify_folder as differences_of

    from . import DONE, NOT_MET

    differences, others = differences_of(folder)
    if as_json:
        console.print_json({"folder": str(folder), "differences": differences, "other_files": others})
    else:
        for line in differences:
            console.print_line(line)
        if not differences:
            console.print_line("as it was written")
        if others:
            console.say(f"{folder}: not of this result: {', '.join(others)}")
    return NOT_MET if differences else DONE
