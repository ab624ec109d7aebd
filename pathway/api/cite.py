"""What to cite: the program, and every source behind a scenario."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_DOI = re.compile(r"\b10\.\d{4,9}/[^\s,;]+")
_KEY = re.compile(r"([A-Z][A-Za-z]+?)((?:19|20)\d\d)[a-z]?$")

_FIRST_AUTHORS = {
    "DeMattosArruda": "De Mattos-Arruda",
    "FehlingKaschek": "Fehling-Kaschek",
    "RodrikOutmezguine": "Rodrik-Outmezguine",
}
"""Names that a key cannot spell."""
_NO_AUTHORS = ("Capivasertib",)
"""Keys that begin with something else."""


@dataclass(frozen=True)
class Citation:
    """A source as one cites it.

    Attributes
    ----------
    key : str
        "Gong2011".
    authors : str
        "Gong et al."; "" where the key names nobody.
    year : str
        Of the program, its version.
    title, where : str
    doi : str
        "" where none is known.
    behind : tuple of str
        What in the scenario rests on it: "question", "findings", "agents", "numbers".
    """

    key: str
    authors: str
    year: str
    title: str
    where: str
    doi: str = ""
    behind: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """On one line."""
        who = f"{self.authors} ({self.year})" if self.authors else ""
        return ". ".join(part.rstrip(".") for part in (who, self.title, self.where) if part) + "."

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {**vars(self), "behind": list(self.behind)}


def program_source() -> Citation:
    """The program itself."""
    import sys

    version = str(sys.modules["pathway"].__version__)
    where = "Please also cite the experiment whose question you simulate"
    title = f"mir21-pathway {version}: a simulator of the miR-21 / PTEN / HER2 circuit"
    return Citation("mir21_pathway", "The authors of mir21-pathway", version, title, where)


def sources_behind(name: str) -> list[Citation]:
    """Every source behind a scenario: of its question, findings, agents, and the numbers of its cell lines.

    Raises
    ------
    ScenarioError
        If there is no such scenario, or it is wrong.
    """
    from pathway import parameters
    from pathway.parameters.read import OWN_SOURCES
    from pathway.scenario import read_scenario
    from pathway.scenario.built_in import open_cell_line

    scenario = read_scenario(name)
    behind: dict[str, list[str]] = {}

    def add(key: str | None, what: str) -> None:
        if key and key not in OWN_SOURCES and what not in behind.setdefault(key, []):
            behind[key].append(what)

    add(scenario.source, "question")
    for expectation in scenario.expectations:
        add(expectation.source, "findings")
    for dose in scenario.doses.values():
        add(parameters.agents()[dose.agent].source, "agents")
    for cells in dict.fromkeys(arm.cells for arm in scenario.arms):
        line = open_cell_line(cells, scenario.file.parent)
        add(line.source, "cell lines")
        for entry in line.entries.values():
            add(entry.source, "numbers")
    known = parameters.sources()
    found = (_citations(key, known, tuple(whats)) for key, whats in behind.items() if key not in NO_SOURCES)
    return [citation for citations in found for citation in citations]


NO_SOURCES = {"assumed", "anchored", "scenario", ""}


def _citations(key: str, known: Mapping[str, Any], behind: tuple[str, ...]) -> Iterator[Citation]:
    source = known.get(key)
    if source is None:
        yield Citation(key, "", "", key, "", _doi_in(key), behind)
        return
    match = _KEY.match(key)
    authors, year = (f"{_FIRST_AUTHORS.get(match[1], match[1])} et al.", match[2]) if match else ("", "")
    authors = "" if match and match[1] in _NO_AUTHORS else authors
    yield Citation(key, authors, year, source.title, source.where, _doi_in(source.where), behind)


def _doi_in(text: str) -> str:
    match = _DOI.search(text)
    return match[0].rstrip(".)") if match else ""


def bibtex_of(citation: Citation) -> str:
    """A BibTeX entry; of authors the first one, whom the key names, is known."""
    from pathway.expressions import latex_words

    software = citation.key == "mir21_pathway"
    authors = latex_words(citation.authors)
    fields = {
        "author": f"{{{authors}}}" if software else authors.replace(" et al.", " and others"),
        "title": latex_words(citation.title),
        "version" if software else "year": citation.year,
        "doi": "" if set(citation.doi) & set("{}\\%") else citation.doi,
        "note": "" if software else latex_words(citation.where),
    }
    key = re.sub(r"[^\w:.-]+", "_", citation.key)[:80]  # of a source in words of the user's own
    lines = [f"  {name} = {{{text}}}," for name, text in fields.items() if text]
    return "\n".join([f"@{'software' if software else 'article'}{{{key},", *lines, "}"])
