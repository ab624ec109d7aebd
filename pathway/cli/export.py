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
    arm: Annotated[str | None, typer.Option(help="Of a scenario; sbml, antimony and latex hold one")] = None,
) -> int:
    """Write a model or an experiment as SBML, Antimony, SED-ML, OMEX, PEtab or LaTeX."""
    from . import DONE

    console.say(f"Written: {_write(name, to, out, arm)}")
    return DONE


def _write(name: str, to: Format, out: Path, arm: str | None) -> Path:
    if to is Format.petab:
        return _write_petab(name, out, arm)
    from pathway.formats.experiment import experiments, identifier, only

    found = experiments(name, arm)
    if to is Format.omex:
        from pathway.formats.omex import write_omex

        return write_omex(found, identifier(Path(name).stem), out, found[0].notes.title)
    if to is Format.sedml:
        from pathway.formats.sedml import write_sedml

        return write_sedml(found, identifier(Path(name).stem), out)
    one = only(found, f"'{name}' as {to.value}")
    if to is Format.sbml:
        from pathway.formats.sbml.export import write_sbml

        return write_sbml(one.model, out, doses=one.doses, notes=one.notes)
    if to is Format.antimony:
        from pathway.formats.antimony import write_antimony

        return write_antimony(one.model, out, doses=one.doses, notes=one.notes)
    from pathway.formats.equations_text import write_latex

    return write_latex(one.model, out)


def _write_petab(name: str, out: Path, arm: str | None) -> Path:
    from pathway.formats.petab.export import export_scenario

    from . import BadInput

    if arm is not None:
        raise BadInput("a PEtab problem holds every arm that was measured; leave --arm out")
    return export_scenario(name, out)
