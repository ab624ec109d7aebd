"""What there is: scenarios, cell lines, agents, observables and the parts of the circuit, as tables by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pathway.errors import UnknownNameError, did_you_mean, public_function
from pathway.notebook import html_card, listed
from pathway.numerals import number_text

LONG = ("note", "also called", "assumption", "same_as", "genotype")
"""Columns for the single entry, not for a table of many."""
UNITS_IN_WORDS = {"1": "-"}


class Catalog(Mapping[str, Mapping[str, Any]]):
    """Entries by name; a table in a notebook.

    Attributes
    ----------
    kind : str
        "cells", "agents", ...
    rows : list of dict
        One for each entry, all with the same keys.
    """

    def __init__(self, kind: str, rows: Sequence[dict[str, Any]]) -> None:
        self.kind = kind
        self.rows = list(rows)
        self._by_name = {row["name"]: row for row in self.rows}

    def __getitem__(self, name: str) -> Mapping[str, Any]:
        known = self.known_name(str(name))
        if known in self._by_name:
            return self._by_name[known]
        raise self.unknown_name_error(str(name))

    def known_name(self, name: str) -> str:
        """The entry that is meant, however it is spelled; a trade or code name stands for its agent."""
        from pathway.parameters import name_as_known

        return name_as_known(name, self._by_name, self._other_names())

    def unknown_name_error(self, name: str) -> UnknownNameError:
        """The error for a name that does not exist, with the nearest ones that do."""
        near = did_you_mean(name, self._by_name, others=self._other_names())
        return UnknownNameError(
            f"nothing among the {self.kind} is called '{name}'.{near} All: pathway show {self.kind}"
        )

    def _other_names(self) -> Mapping[str, Iterable[str]] | None:
        from pathway.parameters import other_agent_names

        return other_agent_names() if self.kind == "agents" else None

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"<{len(self)} {self.kind}: {listed(self)}>"

    def _repr_html_(self) -> str:
        return html_card(f"{len(self)} {self.kind}", (), [self.table()])

    def table(self) -> tuple[list[str], list[list[Any]]]:
        """Header and rows without the long notes."""
        header = [key for key in self.rows[0] if key not in LONG] if self.rows else ["name"]
        return header, [[row[key] for key in header] for row in self.rows]

    def to_dataframe(self) -> Any:
        """All entries with all columns, as a pandas table indexed by name."""
        from pathway.extras import pandas

        return pandas().DataFrame(self.rows).set_index("name")


def catalog(kind: str, cells: str | None = None) -> Catalog:
    """A list of the circuit or of what comes with it.

    Parameters
    ----------
    kind : str
        "species", "observables", "parameters", "reactions", "agents", "cells", "scenarios" or "sources".
    cells : str, optional
        Parameters: of this cell line instead of the reference.

    Raises
    ------
    UnknownNameError
        If there is no such list, or no such cell line.
    """
    if kind not in _ROWS:
        raise UnknownNameError(
            f"there is no list of '{kind}'.{did_you_mean(str(kind), _ROWS)} Lists: {', '.join(_ROWS)}"
        )
    return Catalog(kind, _ROWS[kind](cells))


@public_function
def scenarios() -> Catalog:
    """The scenarios that come with the package, by name: title, source, findings, question.

    Returns
    -------
    Catalog
        A mapping of name to a dictionary; `.to_dataframe()` gives a table.

    Examples
    --------
    >>> import pathway
    >>> "antimir21_resensitises" in pathway.scenarios()
    True
    """
    return catalog("scenarios")


@public_function
def cells() -> Catalog:
    """The cell lines that come with the package, by name: title, parent, source, genotype, own numbers.

    Returns
    -------
    Catalog

    Examples
    --------
    >>> import pathway
    >>> pathway.cells()["bt474_resistant"]["parent"]
    'bt474'
    """
    return catalog("cells")


@public_function
def agents() -> Catalog:
    """What can be given to cells, by name: usual and highest dose, molar mass (g/mol), what it does, source.

    Returns
    -------
    Catalog

    Examples
    --------
    >>> import pathway
    >>> pathway.agents()["trastuzumab"]["usual dose"]
    '1 to 10 ug/mL'
    """
    return catalog("agents")


@public_function
def observables() -> Catalog:
    """What a scenario can show and compare, by name: unit ("-" for shares and folds), meaning, formula.

    Returns
    -------
    Catalog

    Examples
    --------
    >>> import pathway
    >>> pathway.observables()["miR21"]["unit"]
    'molecules'
    """
    return catalog("observables")


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


def _observables(cells: str | None) -> list[dict[str, Any]]:
    """What a scenario can show and compare: what a lab reads off first, then quantities, then every species."""
    from pathway.network import circuit

    network = circuit()
    rows = []
    for kind, entries in (("observable", network.observables), ("quantity", network.quantities)):
        for e in entries:
            unit = UNITS_IN_WORDS.get(e.unit, e.unit)
            rows.append({"name": e.name, "unit": unit, "meaning": e.meaning, "kind": kind, "note": e.formula})
    named = {row["name"] for row in rows}
    for s in (s for s in network.species if s.name not in named):
        unit = UNITS_IN_WORDS.get(s.unit, s.unit)
        rows.append({"name": s.name, "unit": unit, "meaning": s.meaning, "kind": "species", "note": ""})
    return rows


def _parameters(cells: str | None) -> list[dict[str, Any]]:
    from pathway import parameters
    from pathway.network import circuit
    from pathway.scenario.built_in import open_cell_line

    meanings = {p.name: p.meaning for p in circuit().parameters}
    entries = open_cell_line(cells, Path()).entries if cells else parameters.reference_entries()
    return [
        {
            "name": e.name,
            "value": float(e.value),
            "unit": e.unit,
            "range": f"{e.range[0]:g} to {e.range[1]:g}",
            "interval": " to ".join(number_text(end, 3) for end in e.interval) if e.interval else "",
            "before calibration": "" if e.stated is None else f"{e.stated:g}",
            "source": e.source,
            "confidence": e.confidence,
            "meaning": meanings.get(e.name, ""),
            "note": e.note,
        }
        for e in entries.values()
    ]


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
            "usual dose": a.usual_text,
            "highest on record": a.highest_text,
            "molar mass, g/mol": "" if a.molar_mass is None else f"{a.molar_mass:g}",
            "acts": f"{a.acts} {a.species}" if a.species else a.acts,
            "source": a.source,
            "confidence": a.confidence,
            "also called": ", ".join(parameters.other_agent_names().get(a.name, ())),
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


_ROWS: Mapping[str, Callable[[str | None], list[dict[str, Any]]]] = {
    "species": _species,
    "observables": _observables,
    "parameters": _parameters,
    "reactions": _reactions,
    "agents": _agents,
    "cells": _cells,
    "scenarios": _scenarios,
    "sources": _sources,
}


def equations() -> list[dict[str, Any]]:
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
