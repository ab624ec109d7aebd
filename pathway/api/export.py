"""`pathway.export`: scenarios, cell lines and model files in standard formats."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

from pathway.errors import InputError, PathwayWarning, UnknownNameError, did_you_mean, public_function

from .saving import as_path

EXPORT = "export"
"""Kind of the folders of the formats that have several files."""
FORMATS = ("sbml", "antimony", "sedml", "omex", "petab", "latex")


@public_function
def export(name: str | Path, to: str, out: str | Path, *, arm: str | None = None, force: bool = False) -> Path:
    """Write a model or an experiment in a standard format.

    Parameters
    ----------
    name : str or Path
        A scenario, a cell line, or a model file (.xml, .sbml, .ant).
    to : str
        "sbml", "antimony", "sedml", "omex", "petab" or "latex".
    out : str or Path
        The file; of SED-ML and PEtab, the folder.
    arm : str, optional
        Of a scenario; SBML, Antimony and LaTeX hold one.
    force : bool
        Replace what is there; other files of a folder stay.

    Returns
    -------
    Path
        The file; of a folder, the one that names the others.

    Raises
    ------
    UnknownNameError
        If there is no such format, scenario, cell line or arm.
    FormatError
        If the format cannot hold it.
    FolderError
        If something else stands there and `force` is False.

    Examples
    --------
    >>> import pathway, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pathway.export("bt474", "antimony", folder + "/bt474.ant").name
    'bt474.ant'
    """

    def say(text: str) -> None:
        warnings.warn(text, PathwayWarning, stacklevel=3)

    return write_export(str(name), to, as_path("out", out), arm, force, say)


def write_export(name: str, to: str, out: Path, arm: str | None, force: bool, say: Callable[[str], None]) -> Path:
    """As `export`; `say` is told of files that were kept."""
    from pathway.folders import new_folder, writable_folder, write_new_file

    if to not in FORMATS:
        raise UnknownNameError(f"to: no format '{to}'.{did_you_mean(str(to), FORMATS)} Formats: {', '.join(FORMATS)}")
    if to not in ("petab", "sedml"):
        write_new_file(out, _content(name, to, arm), force)
        return out
    identity = {"of": name, "format": to}
    writable_folder(out, EXPORT, identity, force)
    files, first = _petab(name, arm) if to == "petab" else _sedml(name, arm)
    with new_folder(out, EXPORT, identity, force) as folder:
        for file, text in files.items():
            folder.write(file, text)
    if folder.kept:
        say(f"{out}: kept what is not of this export: {', '.join(folder.kept)}")
    return out / first


def _petab(name: str, arm: str | None) -> tuple[dict[str, str], str]:
    """Files of a problem, and the one that names the others."""
    from pathway.formats.petab.export import scenario_files

    if arm is not None:
        raise InputError("a PEtab problem holds every arm that was measured; leave the arm out")
    files = scenario_files(name)
    return files, list(files)[-1]


def _sedml(name: str, arm: str | None) -> tuple[dict[str, str], str]:
    """Files of an experiment, and the one that names the others."""
    from pathway.formats.experiment import exported_models, identifier
    from pathway.formats.sedml import sedml_files

    files = sedml_files(exported_models(name, arm), identifier(Path(name).stem))
    return files, next(iter(files))


def _content(name: str, to: str, arm: str | None) -> str | bytes:
    """The file of a format that has one."""
    from pathway.formats.experiment import exported_models, identifier, only_model

    arms = exported_models(name, arm)
    if to == "omex":
        from pathway.formats.omex import omex_bytes

        return omex_bytes(arms, identifier(Path(name).stem), arms[0].notes.title)
    one = only_model(arms, f"'{name}' as {to}")
    if to == "sbml":
        from pathway.formats.sbml.export import sbml_text

        return sbml_text(one.model, doses=one.doses, notes=one.notes)
    if to == "antimony":
        from pathway.formats.antimony import antimony_text

        return antimony_text(one.model, doses=one.doses, notes=one.notes)
    from pathway.formats.equations_text import latex_text

    return latex_text(one.model)
