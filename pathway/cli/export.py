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
    force: Annotated[bool, typer.Option("--force", help="Replace what is there; other files of a folder stay")] = False,
) -> int:
    """Write a model or an experiment as SBML, Antimony, SED-ML, OMEX, PEtab or LaTeX."""
    from pathway.folders import new_folder, writable_folder, write_new_file

    from . import DONE

    if to in (Format.petab, Format.sedml):
        identity = {"of": name, "format": to.value}
        writable_folder(out, EXPORT, identity, force)
        files, first = _petab(name, arm) if to is Format.petab else _sedml(name, arm)
        with new_folder(out, EXPORT, identity, force) as folder:
            for file, text in files.items():
                folder.write(file, text)
        if folder.kept:
            console.say(f"{out}: kept what is not of this export: {', '.join(folder.kept)}")
        console.say(f"Written: {out / first}")
    else:
        write_new_file(out, _content(name, to, arm), force)
        console.say(f"Written: {out}")
    return DONE


EXPORT = "export"


def _petab(name: str, arm: str | None) -> tuple[dict[str, str], str]:
    """Files of a problem, and the one that names the others."""
    from pathway.formats.petab.export import scenario_files

    from . import BadInput

    if arm is not None:
        raise BadInput("a PEtab problem holds every arm that was measured; leave --arm out")
    files = scenario_files(name)
    return files, list(files)[-1]


def _sedml(name: str, arm: str | None) -> tuple[dict[str, str], str]:
    """Files of an experiment, and the one that names the others."""
    from pathway.formats.experiment import exported_models, identifier
    from pathway.formats.sedml import sedml_files

    files = sedml_files(exported_models(name, arm), identifier(Path(name).stem))
    return files, next(iter(files))


def _content(name: str, to: Format, arm: str | None) -> str | bytes:
    """The file of a format that has one."""
    from pathway.formats.experiment import exported_models, identifier, only_model

    arms = exported_models(name, arm)
    if to is Format.omex:
        from pathway.formats.omex import omex_bytes

        return omex_bytes(arms, identifier(Path(name).stem), arms[0].notes.title)
    one = only_model(arms, f"'{name}' as {to.value}")
    if to is Format.sbml:
        from pathway.formats.sbml.export import sbml_text

        return sbml_text(one.model, doses=one.doses, notes=one.notes)
    if to is Format.antimony:
        from pathway.formats.antimony import antimony_text

        return antimony_text(one.model, doses=one.doses, notes=one.notes)
    from pathway.formats.equations_text import latex_text

    return latex_text(one.model)
