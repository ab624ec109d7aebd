"""`pathway show`: the model, readable."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from . import console
from .run import MODELS


class Topic(StrEnum):
    """What can be shown."""

    species = "species"
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
    name: Annotated[str | None, typer.Argument(help="Only this one, in full; or a part of a name")] = None,
    cells: Annotated[str | None, typer.Option(help="Parameters: of this cell line instead of the reference")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object")] = False,
) -> int:
    """Show species, parameters, reactions, equations, agents, cells, scenarios or sources."""
    from . import DONE

    if what is Topic.equations and name and name.lower().endswith(MODELS):
        return _show_model_file(Path(name), as_json)
    if what is Topic.equations:
        rows = _chosen(_equations(), name, what)
        if as_json:
            console.print_json({what.value: rows})
        else:
            _print_equations(rows)
        return DONE
    rows = _chosen(_LISTS[what](cells), name, what)
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
        print(text, end="")
    return DONE


def _chosen(rows: Sequence[dict[str, Any]], name: str | None, what: Topic) -> list[dict[str, Any]]:
    """All rows, the one of this name, or those whose name contains it."""
    if name is None:
        return list(rows)
    exact = [row for row in rows if row["name"] == name]
    part = [row for row in rows if name.lower() in row["name"].lower()]
    if exact or part:
        return exact or part
    from pathway.scenario.mistakes import did_you_mean

    from . import BadInput

    near = did_you_mean(name, (row["name"] for row in rows))
    raise BadInput(f"pathway: nothing among the {what.value} is called '{name}'.{near} All: pathway show {what.value}")


def _print_list(rows: Sequence[dict[str, Any]]) -> None:
    """A table of the short columns; long notes are for the single entry."""
    if not rows:
        return
    header = [key for key in rows[0] if key not in ("note", "assumption", "same_as", "genotype")]
    numbers = [i for i, key in enumerate(header) if isinstance(rows[0][key], float)]
    console.print_table(header, [[_text(row[key]) for key in header] for row in rows], numbers)


def _print_one(row: dict[str, Any]) -> None:
    longest = max(map(len, row))
    for key, value in row.items():
        if value not in ("", None):
            console.print_line(f"{key.ljust(longest)}  {_text(value)}")


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else str(value)


def _species(cells: str | None) -> list[dict[str, Any]]:
    from pathway.network import circuit

    network = circuit()
    rows = [
        {"name": s.name, "kind": "species", "unit": s.unit, "meaning": s.meaning, "same_as": s.same_as}
        for s in network.species
    ]
    for kind, entries in (("quantity", network.quantities), ("observable", network.observables)):
        for e in entries:
            rows.append({"name": e.name, "kind": kind, "unit": e.unit, "meaning": e.meaning, "same_as": ""})
            rows[-1]["formula"] = e.formula
    for row in rows:
        row.setdefault("formula", "")
        row["note"] = row.pop("formula")
    return rows


def _parameters(cells: str | None) -> list[dict[str, Any]]:
    from pathway import parameters
    from pathway.network import circuit
    from pathway.scenario.shelf import open_cell_line

    meanings = {p.name: p.meaning for p in circuit().parameters}
    if cells is not None and not cells.endswith(".toml") and cells not in parameters.cell_lines():
        raise _unknown_cells(cells)
    entries = open_cell_line(cells, Path()).entries if cells else parameters.reference_entries()
    return [
        {
            "name": e.name,
            "value": float(e.value),
            "unit": e.unit,
            "range": f"{e.range[0]:g} to {e.range[1]:g}",
            "interval": f"{e.interval[0]:g} to {e.interval[1]:g}" if e.interval else "",
            "source": e.source,
            "confidence": e.confidence,
            "meaning": meanings.get(e.name, ""),
            "note": e.note,
        }
        for e in entries.values()
    ]


def _unknown_cells(name: str) -> Exception:
    from pathway import parameters
    from pathway.scenario.mistakes import did_you_mean

    from . import BadInput

    near = did_you_mean(name, parameters.cell_lines())
    return BadInput(f"pathway: no cell line is called '{name}'.{near} All cell lines: pathway show cells")


def _reactions(cells: str | None) -> list[dict[str, Any]]:
    from pathway.network import circuit

    return [
        {"name": r.name, "equation": r.equation, "rate": r.rate, "source": r.source, "assumption": r.assumption}
        for r in circuit().reactions
    ]


def _agents(cells: str | None) -> list[dict[str, Any]]:
    from pathway import parameters

    return [
        {
            "name": a.name,
            "usual dose": f"{a.usual[0]:.3g} to {a.usual[1]:.3g} {a.unit}" if a.usual else "",
            "highest on record": a.highest_text,
            "molar mass, g/mol": "" if a.molar_mass is None else f"{a.molar_mass:g}",
            "acts": f"{a.acts} {a.species}" if a.species else a.acts,
            "source": a.source,
            "confidence": a.confidence,
            "note": a.note,
        }
        for a in parameters.agents().values()
    ]


def _cells(cells: str | None) -> list[dict[str, Any]]:
    from pathway import parameters

    rows = []
    for name in parameters.cell_lines():
        line = parameters.cell_line(name)
        own = ", ".join(f"{n} {line.entries[n].value:.4g}" for n in sorted(line.own))
        rows.append({"name": name, "title": line.title, "parent": line.parent or "", "source": line.source})
        rows[-1] |= {"genotype": line.genotype, "note": f"own numbers: {own}"}
    return rows


def _scenarios(cells: str | None) -> list[dict[str, Any]]:
    import tomllib

    from pathway.scenario import find_scenario, scenario_names

    rows = []
    for name in scenario_names():
        document = tomllib.loads(find_scenario(name).read_text(encoding="utf-8"))
        expected = document.get("expect", [])
        findings = dict.fromkeys(e["finding"] for e in expected if "finding" in e)
        rows.append(
            {
                "name": name,
                "title": document.get("title", ""),
                "source": document.get("source", ""),
                "findings": ", ".join(findings),
                "note": document.get("question", ""),
            }
        )
    return rows


def _sources(cells: str | None) -> list[dict[str, Any]]:
    from pathway import parameters

    return [
        {"name": s.key, "title": s.title, "where": s.where, "measured": s.measured, "read": s.read}
        for s in parameters.sources().values()
    ]


_LISTS = {
    Topic.species: _species,
    Topic.parameters: _parameters,
    Topic.reactions: _reactions,
    Topic.agents: _agents,
    Topic.cells: _cells,
    Topic.scenarios: _scenarios,
    Topic.sources: _sources,
}


def _equations() -> list[dict[str, Any]]:
    """For each species the sum of its rates, with the rates and quantities it needs in words of the network."""
    from pathway.network import circuit

    network = circuit()
    rows = []
    for species in network.species:
        terms = [(r.changes[species.name], r) for r in network.reactions if species.name in r.changes]
        rows.append(
            {
                "name": species.name,
                "kind": "species",
                "unit": f"{species.unit}/h",
                "meaning": species.meaning,
                "equation": [_term(count, r.name, r.rate) for count, r in terms],
            }
        )
    for entry in network.quantities:
        rows.append(
            {
                "name": entry.name,
                "kind": "quantity",
                "unit": entry.unit,
                "meaning": entry.meaning,
                "equation": entry.formula,
            }
        )
    return rows


def _term(count: int, name: str, rate: str) -> dict[str, Any]:
    return {"count": count, "rate": rate, "reaction": name}


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
