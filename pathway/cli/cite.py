"""`pathway cite`: what to cite."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from . import console

TEXT = (
    "mir21-pathway {version}: a simulator of the miR-21 / PTEN / HER2 circuit. {year}. "
    "Please also cite the experiment whose question you simulate."
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("cite", rich_help_panel="Results")(cite)


def cite(
    name: Annotated[str | None, typer.Argument(help="A scenario: with the sources it rests on")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object")] = False,
) -> int:
    """Say what to cite: the program, and the sources of a scenario."""
    from . import DONE

    version = str(sys.modules["pathway"].__version__)
    program = TEXT.format(version=version, year=2026)
    sources = _sources(name) if name else []
    if as_json:
        console.print_json({"program": program, "version": version, "sources": sources})
        return DONE
    console.print_line(program)
    for source in sources:
        console.print_line(f"{source['key']}: {source['title']}. {source['where']}")
    if name is None:
        console.print_line("With the sources of a scenario: pathway cite NAME. All sources: pathway show sources")
    return DONE


def _sources(name: str) -> list[dict[str, str]]:
    """Sources of a scenario: of the question, of its expectations and of its agents."""
    from pathway import parameters
    from pathway.parameters.read import OWN_SOURCES
    from pathway.scenario import read_scenario

    scenario = read_scenario(name)
    keys = [scenario.source, *(e.source for e in scenario.expectations)]
    keys += [parameters.agents()[dose.agent].source for dose in scenario.doses.values()]
    known = parameters.sources()
    found = []
    for key in dict.fromkeys(k for k in keys if k):
        if key in known:
            found.append({"key": key, "title": known[key].title, "where": known[key].where})
        elif key not in OWN_SOURCES:
            found.append({"key": key, "title": key, "where": ""})
    return found
