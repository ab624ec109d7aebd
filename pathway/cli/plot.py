"""`pathway plot`: figures of a folder of results once more, whole or panel by panel, for paper and slides.

Saved fits, posteriors and profiles are drawn as they are; a run or an analysis is repeated from its own inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from . import console
from .problem_file import known_name

SUFFIXES = (".png", ".svg", ".pdf")
ALL = "all"


class Style(StrEnum):
    """What a figure is for."""

    paper = "paper"
    column = "column"
    slides = "slides"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("plot", rich_help_panel="Results")(plot)


def plot(
    folder: Annotated[Path, typer.Argument(help="Folder of a run, an analysis, a fit, its draws or its profiles")],
    what: Annotated[
        str,
        typer.Option(
            help="One figure or panel: timeline, growth or an observable of a run; fits, residuals, waterfall, "
            "parameters of a fit; marginals, pairs, ranks, traces, energy of draws; profiles, paths; or all "
            "[default: the usual one]"
        ),
    ] = "",
    style: Annotated[Style, typer.Option(help="Two columns of a journal, one column, or a slide")] = Style.paper,
    out: Annotated[
        Path | None, typer.Option(help="File (.png with 300 dots per inch, .svg, .pdf); default: DIR/plots/WHAT.png")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there")] = False,
) -> int:
    """Draw a result again: the whole figure, one panel or all, for paper or slides."""
    from pathway.folders import write_new_file
    from pathway.plotting import picture_bytes

    from . import DONE, BadInput

    if out is not None and out.suffix not in SUFFIXES:
        raise BadInput(f"--out {out}: a figure is written as {', '.join(SUFFIXES)}")
    figures = _figures(folder)
    names = (
        list(figures) if what == ALL else [known_name("figure", what, [*figures, ALL]) if what else next(iter(figures))]
    )
    if out is not None and len(names) > 1:
        raise BadInput(f"--out {out}: {len(names)} figures do not go into one file; leave --out out")
    for name in names:
        place = out or folder / "plots" / f"{name}.png"
        # What lies in the folder of plots is ours.
        write_new_file(place, picture_bytes(figures[name], style.value, place.suffix[1:]), force or out is None)
        console.print_line(str(place))
    return DONE


def _figures(folder: Path) -> Mapping[str, Callable[[], Any]]:
    """What can be drawn of a folder, the usual figure first."""
    from pathway.plotting import plot as draw
    from pathway.plotting.run_comparison_figure import plot_run_comparison
    from pathway.report.record import is_folder_of
    from pathway.report.run_comparison import STORED, stored_run_comparison
    from pathway.report.write import RECORD

    from . import BadInput

    saved = _saved(folder)
    if saved is None and not (folder / RECORD).is_file():
        raise BadInput(f"{folder}: no fit, posterior or profiles are here, and no run or analysis")
    if saved is not None:
        result, kinds = saved
        return {kind: partial(draw, result, kind) for kind in kinds}
    if (folder / STORED).is_file():
        return {"figure": partial(plot_run_comparison, stored_run_comparison(folder))}
    with console.progress_line() as progress:
        if is_folder_of("analysis", folder):
            from pathway.api.analyze import repeated_analysis

            output = repeated_analysis(folder, progress, console.say)[2].output
            return {stem: figure.draw for stem, figure in output.figures.items()}
        from pathway.plotting.run_figure import panel_names
        from pathway.report.replay import repeated_run

        run = repeated_run(folder)
    return {"figure": partial(draw, run), **{name: partial(draw, run, name) for name in panel_names(run)}}


def _saved(folder: Path) -> tuple[Any, tuple[str, ...]] | None:
    """A saved fit, posterior or profiles, and the kinds of their figures; None of another folder."""
    from pathway.formats.saved import FIT, POSTERIOR, PROFILES, is_saved, load_fit, load_posterior, load_profiles
    from pathway.plotting import fit_figure, posterior_figure, profile_figure

    for name, load, kinds in (
        (FIT, load_fit, fit_figure.KINDS),
        (POSTERIOR, load_posterior, posterior_figure.KINDS),
        (PROFILES, load_profiles, profile_figure.KINDS),
    ):
        if is_saved(folder, name):
            return load(folder / name), kinds
    return None
