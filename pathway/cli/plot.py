"""`pathway plot`: figures of a saved fit, posterior or profiles once more, without computing anything anew."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Annotated, Any

import typer

from . import console
from .problem_file import PANEL, known

SUFFIXES = (".png", ".svg", ".pdf")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("plot", rich_help_panel=PANEL)(plot)


def plot(
    folder: Annotated[Path, typer.Argument(help="Folder of 'pathway fit', 'sample' or 'profile'")],
    what: Annotated[
        str,
        typer.Option(
            help="fits, residuals, waterfall, parameters; marginals, pairs, ranks, traces, energy; profiles, paths"
        ),
    ] = "",
    out: Annotated[Path | None, typer.Option(help="File to write (.png, .svg, .pdf); default: in the folder")] = None,
) -> int:
    """Draw a saved fit, posterior or profiles again."""
    from pathway.folders import write_atomically
    from pathway.plotting import plot as draw

    from . import DONE, BadInput

    found, kinds = _loaded(folder)
    kind = known("figure", what, kinds) if what else kinds[0]
    place = out or folder / f"{kind}.png"
    if place.suffix not in SUFFIXES:
        raise BadInput(f"--out {place}: a figure is written as {', '.join(SUFFIXES)}")
    place.parent.mkdir(parents=True, exist_ok=True)
    stream = io.BytesIO()
    draw(found, kind).savefig(stream, format=place.suffix[1:])
    write_atomically(place, stream.getvalue())
    console.print_line(str(place))
    return DONE


def _loaded(folder: Path) -> tuple[Any, tuple[str, ...]]:
    """What a folder holds, and its kinds of figures."""
    from pathway.formats.saved import FIT, POSTERIOR, PROFILES, is_saved, load_fit, load_posterior, load_profiles
    from pathway.plotting import fit_figure, posterior_figure, profile_figure

    from . import BadInput

    for name, load, kinds in (
        (FIT, load_fit, fit_figure.KINDS),
        (POSTERIOR, load_posterior, posterior_figure.KINDS),
        (PROFILES, load_profiles, profile_figure.KINDS),
    ):
        if is_saved(folder, name):
            return load(folder / name), kinds
    raise BadInput(
        f"{folder}: no fit, posterior or profiles are here; 'pathway fit', 'sample' and 'profile' write them"
    )
