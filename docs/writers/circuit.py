"""Agents, cell lines, parameters, observables and sources, from the number files and the network."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

from pathway import parameters
from pathway.network import circuit
from pathway.parameters.read import OWN_SOURCES

from . import markdown
from .markdown import code, number, plain

AGENTS = """# Agents

What can be given to cells: `agent = "NAME"` in a dose. `pathway show agents` lists the same. A dose beyond
every record is refused unless the dose says `allow = "high dose"`. `"1 x"` means the higher usual dose. The
shown confidence is that of molar mass and usual doses; how an agent acts stands among the
[parameters](parameters.md).

"""
LINES = """# Cell lines

`cells = "NAME"` in a scenario or an arm. A line is the reference cell with differences; `pathway show cells
NAME` prints one in full, and [a line of your own](../tutorials/own_cell_line.md) starts from one of these.

"""
PARAMETERS = """# Parameters

Every number of the circuit in the reference cell: {count} in all. *measured* was read from a publication or
data set, *inferred* follows from such numbers by arithmetic, *fitted* was found by a search, *assumed* is a
plausible value without a source. The range is what a value may plausibly be; draws from the ranges are the
prior. Where calibration has moved a number within its range, source, confidence and note tell of the one before;
the value is that of the most probable parameter set of the [calibrated ensemble](../explanation/evidence.md).
`pathway show parameters NAME` prints one with its note; `changes = {{ NAME = "0.5 x" }}` in an arm
changes it.

{tally}
"""
SOURCES = """# Sources

Where the numbers come from, and how each source was read: *read* in full, only its *abstract*, through a
*model* that quotes it, at *second hand*, or *recalled* from memory and still to be checked.

"""
OBSERVABLES = """# Observables

What a laboratory reads off: names for `show.observables`, for `quantity` in an expectation, and for columns of
measured tables. Any species and quantity of [the model](model.md) may be named as well.

"""
MORE_READINGS = (
    ("GR", "1", "growth rate relative to the matched control; only where `growth_rate` is stated"),
    ("cell_number_fold", "1", "cells at the end per cell at the start"),
)
FILES = {
    "receptors": "Receptors",
    "growth": "Growth and death",
    "drugs": "Drugs",
    "mir21": "miR-21 and PTEN",
    "plasmids": "Plasmids",
    "antimir": "Anti-miR-21",
    "pi3k_akt": "PI3K and AKT",
    "mapk": "RAS, MEK and ERK",
}


def pages() -> dict[str, str]:
    """The references of what there is."""
    return {
        "reference/agents": AGENTS + _agents(),
        "reference/cell_lines": LINES + _lines(),
        "reference/parameters": _parameters(),
        "reference/observables": OBSERVABLES + _observables(),
        "reference/sources": SOURCES + _sources(),
    }


def _agents() -> str:
    rows = [
        [
            code(agent.name),
            plain(agent.usual_text),
            plain(agent.highest_text),
            f"{agent.molar_mass:.0f}" if agent.molar_mass else "",
            plain(_acts(agent)),
            source_link(agent.source),
            agent.confidence,
            plain(agent.note),
        ]
        for agent in parameters.agents().values()
    ]
    header = ["agent", "usual dose", "highest on record", "g/mol", "acts", "source", "confidence", "note"]
    return markdown.table(header, rows, "agents")


def _acts(agent: Any) -> str:
    washed = "; a medium change removes it" if agent.in_medium else ""
    return (f"adds to {agent.species}" if agent.acts == "adds" else agent.acts) + washed


def _lines() -> str:
    parts = []
    for name in parameters.cell_lines():
        line = parameters.cell_line(name)
        derived = f"Starts from `{line.parent}`. " if line.parent else ""
        source = f"Source: {source_link(line.source)}." if line.source else ""
        rows = [_entry_row(line.entries[own]) for own in sorted(line.own)]
        table = markdown.table(
            ["own number", "value", "before calibration", "unit", "source", "confidence", "note"], rows
        )
        head = f'({markdown.anchor("line " + name)})=\n## {plain(line.title)}\n\n`cells = "{name}"`. {derived}'
        parts.append(f"{head}{plain(line.genotype)}. {source}\n\n{table}")
    return "\n".join(parts)


def _entry_row(entry: Any) -> list[str]:
    return [
        code(entry.name),
        number(entry.value),
        "" if entry.stated is None else number(entry.stated),
        plain(entry.unit),
        source_link(entry.source),
        entry.confidence,
        plain(entry.note),
    ]


def _parameters() -> str:
    entries = parameters.reference_entries()
    tally = markdown.table(
        ["confidence", "numbers"],
        [
            [word, sum(e.confidence == word for e in entries.values())]
            for word in ("measured", "inferred", "fitted", "assumed")
        ],
    )
    parts = [PARAMETERS.format(count=len(entries), tally=tally)]
    meanings = {p.name: p.meaning for p in circuit().parameters}
    for title, names in _by_file(list(entries)):
        rows = [_parameter_row(entries[name], meanings.get(name, "")) for name in names]
        header = ["parameter", "meaning", "value", "before calibration", "unit", "range", "confidence", "source"]
        parts.append(f"## {title}\n\n{markdown.table(header, rows)}")
    return "\n".join(parts)


def _parameter_row(entry: Any, meaning: str) -> list[str]:
    span = f"{number(entry.range[0])} to {number(entry.range[1])}"
    meaning = plain(meaning)
    return [
        code(entry.name),
        meaning,
        number(entry.value),
        "" if entry.stated is None else number(entry.stated),
        plain(entry.unit),
        span,
        entry.confidence,
        source_link(entry.source),
    ]


def _by_file(names: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Parameters by the file of the network that declares them."""
    from importlib import import_module

    left = dict.fromkeys(names)
    for stem, title in FILES.items():
        declared = _declared_in(import_module(f"pathway.network.{stem}"))
        here = [name for name in left if name in declared]
        if here:
            yield title, here
        for name in here:
            del left[name]
    if left:
        yield "Others", list(left)


def _declared_in(module: ModuleType) -> set[str]:
    from pathway.network import Parameter

    names = set()
    for value in vars(module).values():
        entries = value if isinstance(value, tuple | list) else (value,)
        names |= {entry.name for entry in entries if isinstance(entry, Parameter)}
    return names


def _observables() -> str:
    from pathway.plotting.labels import unit_words

    network = circuit()
    rows = [
        [code(o.name), plain(unit_words(o.name, o.unit) or o.unit), plain(o.meaning), code(o.formula)]
        for o in network.observables
    ]
    rows += [[code(name), unit, markdown.sentences(meaning), ""] for name, unit, meaning in MORE_READINGS]
    table = markdown.table(["name", "unit", "meaning", "formula"], rows)
    proteins = ", ".join(code(name) for name in parameters.knock_downs())
    media = ", ".join(code(name) for name in parameters.media())
    return f"{table}\nProteins that a scenario can knock down: {proteins}. Media: {media}.\n"


def source_link(key: str) -> str:
    """A source's key, linked to its entry; a word of our own as it is."""
    return f"[{key}](#{markdown.anchor('source ' + key)})" if key in parameters.sources() else plain(key)


def _sources() -> str:
    parts = []
    for source in parameters.sources().values():
        head = f"({markdown.anchor('source ' + source.key)})=\n**{plain(source.key)}.**"
        authors = f" {plain(source.authors.strip('{}'))}." if source.authors else ""
        reference = f"{plain(source.title)}. {_place(source.where)}. *{plain(source.read)}.*"
        parts.append(f"{head}{authors} {reference} {plain(source.measured)}\n")
    own = ", ".join(OWN_SOURCES)
    return "\n".join(parts) + f"\nWords that are no publication: {own}.\n"


def _place(where: str) -> str:
    """A DOI as a link."""
    import re

    match = re.search(r"\b(10\.\d{4,}/[^\s,;)]+)", where)
    if not match:
        return plain(where)
    doi = match.group(1).rstrip(".")
    before, after = where.split(doi, 1)
    return f"{plain(before)}[{plain(doi)}](https://doi.org/{doi}){plain(after)}"
