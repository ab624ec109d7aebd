"""`pathway export`: scenarios, cell lines and model files in standard formats."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from . import console


class Format(StrEnum):
    """What can be written."""

    sbml = "sbml"
    antimony = "antimony"
    sedml = "sedml"
    omex = "omex"
    petab = "petab"
    latex = "latex"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("export", rich_help_panel="Model")(export)


def export(
    name: Annotated[str, typer.Argument(help="A scenario, a cell line, or a model file (.xml, .sbml, .ant)")],
    to: Annotated[Format, typer.Option("--to", help="Format")],
    out: Annotated[Path, typer.Option("--out", help="File to write; sedml and petab: folder")],
    arm: Annotated[
        str | None, typer.Option(help="Of a scenario; sbml, antimony and latex hold one [default: all]")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there; other files of a folder stay")] = False,
) -> int:
    """Write a model or an experiment as SBML, Antimony, SED-ML, OMEX, PEtab or LaTeX."""
    from pathway.api.export import write_export

    from . import DONE

    console.say(f"Written: {write_export(name, to.value, out, arm, force, console.say)}")
    return DONE
