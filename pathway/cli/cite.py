"""`pathway cite`: what to cite."""

from __future__ import annotations

from typing import Annotated

import typer

from . import console


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("cite", rich_help_panel="Results")(cite)


def cite(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A scenario: with every source behind it [default: the program]",
            autocompletion=console.scenario_completion,
        ),
    ] = None,
    bibtex: Annotated[bool, typer.Option("--bibtex", help="Print BibTeX")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object")] = False,
) -> int:
    """Say what to cite: the program, and every source behind a scenario; as BibTeX too."""
    from pathway.api.cite import FIRST_AUTHOR_ONLY, bibtex_of, program_source, sources_behind

    from . import DONE

    program, sources = program_source(), sources_behind(name) if name else []
    caution = FIRST_AUTHOR_ONLY if any(source.first_author_only for source in sources) else ""
    if as_json:
        entries = [source.to_dict() for source in sources]
        console.print_json({"program": program.words, "version": program.year, "sources": entries})
    elif bibtex:
        print(console.harmless("\n\n".join(bibtex_of(source) for source in (program, *sources))))
        if caution:
            print(f"\n% {caution.replace('et al.', 'and others')}")
    else:
        console.print_line(program.words)
        for source in sources:
            console.print_line(f"{source.key} ({', '.join(source.behind)}): {source.words}")
        if caution:
            console.print_line(f"{caution}.")
        if name is None:
            console.print_line("With the sources of a scenario: pathway cite NAME. All sources: pathway show sources")
    return DONE
