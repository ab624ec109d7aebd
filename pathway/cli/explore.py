"""`pathway explore`: a scenario as one HTML file in which it can be moved."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import console

MAIN_EXPERIMENT = "antimir21_resensitises"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("explore", rich_help_panel="Experiments")(explore)


def explore(
    scenario: Annotated[
        str | None,
        typer.Argument(
            help="A scenario's name or file [default: the main experiment, or the lesson's]",
            autocompletion=console.scenario_completion,
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="The page: one HTML file")] = Path("circuit.html"),
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", help="KEY=VALUE, dose.trastuzumab.amount='1 ug/mL' [default: no change]"),
    ] = None,
    ensemble: Annotated[
        str | None,
        typer.Option(
            help="Parameter sets of the cloud: calibrated, prior, none or a file; default: calibrated where it comes "
            "with this version, else prior"
        ),
    ] = None,
    members: Annotated[int, typer.Option(min=1, max=1000, help="How many of them at most; 200 make 350 kB")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Of draws from the plausible ranges")] = 1,
    lesson: Annotated[
        str | None, typer.Option(help="A lesson of the course, 00 to 08, or a lesson file (.md) [default: none]")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there")] = False,
) -> int:
    """Write a page that simulates in the browser: sliders, map, curves; no server, no network, nothing to install."""
    from pathway.course import find_lesson, page_lesson
    from pathway.explorer import explorer_page
    from pathway.folders import write_new_file
    from pathway.scenario import read_scenario
    from pathway.scenario.ensembles import NONE

    from . import DONE, BadInput

    if out.suffix.lower() not in (".html", ".htm"):
        raise BadInput(f"--out {out}: the page is written as .html")
    taught = find_lesson(lesson) if lesson else None
    read = read_scenario(scenario or (taught.scenario if taught else MAIN_EXPERIMENT), setting or ())
    questions = page_lesson(taught) if taught else None
    page = explorer_page(
        read, members=0 if ensemble == NONE else members, ensemble=ensemble, seed=seed, lesson=questions
    )
    write_new_file(out, page.encode("utf-8"), force)
    console.print_line(f"{out}: {len(page.encode('utf-8')) / 1000:.0f} KB; open it in a browser")
    return DONE
