"""`pathway show`: the model, readable."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import console
from .run import MODELS

if TYPE_CHECKING:
    from pathway.api.catalog import Catalog


class Topic(StrEnum):
    """What can be shown."""

    species = "species"
    observables = "observables"
    parameters = "parameters"
    reactions = "reactions"
    equations = "equations"
    agents = "agents"
    cells = "cells"
    scenarios = "scenarios"
    sources = "sources"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("show", rich_help_panel="Model")(show)


def show(
    what: Annotated[Topic, typer.Argument(help="What to list")],
    name: Annotated[
        str | None, typer.Argument(help="Only this one, in full; or a part of a name [default: all]")
    ] = None,
    cells: Annotated[
        str | None, typer.Option(help="Parameters: of this cell line [default: the reference cell]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object")] = False,
) -> int:
    """Show species, observables, parameters, reactions, equations, agents, cells, scenarios or sources."""
    from pathway.api.catalog import Catalog, catalog, equations

    from . import DONE

    if what is Topic.equations and name and name.lower().endswith(MODELS):
        return _show_model_file(Path(name), as_json)
    if what is Topic.equations:
        rows = _chosen(Catalog("equations", equations()), name)
        if as_json:
            console.print_json({what.value: rows})
        else:
            _print_equations(rows)
        return DONE
    rows = _chosen(catalog(what.value, cells), name)
    if as_json:
        console.print_json({what.value: rows})
    elif len(rows) == 1 and name:
        _print_one(rows[0])
    else:
        _print_list(rows)
    return DONE


def _show_model_file(file: Path, as_json: bool) -> int:
    """The equations of an SBML or Antimony file."""
    from pathway.formats.equations_text import equations_text
    from pathway.formats.load import load

    from . import DONE

    text = equations_text(load(file))
    if as_json:
        console.print_json({"equations": text.splitlines()})
    else:
        print(console.harmless(text), end="")
    return DONE


def _chosen(listing: Catalog, name: str | None) -> list[dict[str, Any]]:
    """All rows, the one of this name however it is spelled, or those whose name contains it."""
    rows = listing.rows
    if name is None:
        return rows
    known = listing.known_name(name)
    exact = [row for row in rows if row["name"] == known]
    part = [row for row in rows if name.lower() in row["name"].lower()]
    if exact or part:
        return exact or part
    raise listing.unknown_name_error(name)


def _print_list(rows: Sequence[dict[str, Any]]) -> None:
    """A table of the short columns; long notes are for the single entry."""
    if not rows:
        return
    from pathway.api.catalog import LONG

    header = [key for key in rows[0] if key not in LONG]
    numbers = [i for i, key in enumerate(header) if isinstance(rows[0][key], float)]
    console.print_table(header, [[_text(row[key]) for key in header] for row in rows], numbers)


def _print_one(row: dict[str, Any]) -> None:
    longest = max(map(len, row))
    for key, value in row.items():
        if value not in ("", None):
            console.print_line(f"{key.ljust(longest)}  {_text(value)}")


def _text(value: Any) -> str:
    if isinstance(value, float):
        return console.number_text(value, 4)
    return "" if value is None else str(value)


def _print_equations(rows: Iterable[dict[str, Any]]) -> None:
    """d X/dt as a sum with one reaction on each line; quantities as plain formulas."""
    for row in rows:
        if row["kind"] == "quantity":
            console.print_line(f"{row['name']} [{row['unit']}] = {row['equation']}")
            console.print_line(f"    {row['meaning']}")
            continue
        console.print_line(f"d {row['name']}/dt [{row['unit']}] =" + ("" if row["equation"] else " 0"), style="bold")
        longest = max((len(t["rate"]) for t in row["equation"]), default=0)
        for term in row["equation"]:
            sign = "+" if term["count"] > 0 else "-"
            factor = f"{abs(term['count'])} * " if abs(term["count"]) != 1 else ""
            rate = term["rate"] if not factor or _is_product(term["rate"]) else f"({term['rate']})"
            console.print_line(f"    {sign} {factor}{rate.ljust(min(longest, 72))}   # {term['reaction']}")
    console.print_line("Numbers: pathway show parameters")


def _is_product(rate: str) -> bool:
    """Whether a factor can stand before the rate without brackets: no sum outside of brackets."""
    depth = 0
    for sign in rate:
        depth += (sign == "(") - (sign == ")")
        if depth == 0 and sign in "+-":
            return False
    return True
