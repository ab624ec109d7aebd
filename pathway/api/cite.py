"""What to cite: the program, and every source behind a scenario."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_DOI = re.compile(r"\b10\.\d{4,9}/[^\s,;]+")
_KEY = re.compile(r"([A-Z][A-Za-z]+?)((?:19|20)\d\d)[a-z]?$")

FIRST_AUTHOR_ONLY = "'et al.': only the first author could be checked; the journal has the others"
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
        All of them, "Guo H, Ingolia NT"; "Gong et al." where the whole list could not be checked; "" where the key
        names nobody.
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
    def first_author_only(self) -> bool:
        """Whether the whole list of authors could not be checked."""
        return self.authors.endswith(" et al.")

    @property
    def words(self) -> str:
        """On one line."""
        who = f"{self.authors.strip('{}')} ({self.year})" if self.authors else ""
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
    cited = (_citations(key, known, tuple(whats)) for key, whats in behind.items() if key not in NO_SOURCES)
    return [citation for citations in cited for citation in citations]


NO_SOURCES = {"assumed", "anchored", "scenario", ""}


def _citations(key: str, known: Mapping[str, Any], behind: tuple[str, ...]) -> Iterator[Citation]:
    source = known.get(key)
    if source is None:
        yield Citation(key, "", "", key, "", _doi_in(key), behind)
        return
    match = _KEY.match(key)
    first, year = (match[1], match[2]) if match else ("", "")
    known_first = f"{first} et al." if first and first not in _NO_AUTHORS else ""
    authors = source.authors or known_first
    yield Citation(key, authors, year, source.title, source.where, _doi_in(source.where), behind)


def _doi_in(text: str) -> str:
    match = _DOI.search(text)
    return match[0].rstrip(".)") if match else ""


def bibtex_of(citation: Citation) -> str:
    """A BibTeX entry; "and others" where only the first author could be checked."""
    from pathway.expressions import latex_words

    software = citation.key == "mir21_pathway"
    fields = {
        "author": f"{{{citation.authors}}}" if software else _bibtex_authors(citation.authors),
        "title": latex_words(citation.title),
        "version" if software else "year": citation.year,
        "doi": "" if set(citation.doi) & set("{}\\%") else citation.doi,
        "note": "" if software else latex_words(citation.where),
    }
    key = re.sub(r"[^\w:.-]+", "_", citation.key)[:80]  # of a source in words of the user's own
    lines = [f"  {name} = {{{text}}}," for name, text in fields.items() if text]
    return "\n".join([f"@{'software' if software else 'article'}{{{key},", *lines, "}"])


def _bibtex_authors(authors: str) -> str:
    """ "van Oudenaarden A, Sharp PA" as "van Oudenaarden, A. and Sharp, P. A."."""
    from pathway.expressions import latex_words

    if authors.startswith("{"):  # a body, no person
        return f"{{{latex_words(authors.strip('{}'))}}}"
    if not authors or authors.endswith(" et al."):
        return latex_words(authors).replace(" et al.", " and others")
    people = [person.rsplit(" ", 1) for person in authors.split(", ")]
    return " and ".join(
        f"{latex_words(name)}, {' '.join(f'{letter}.' for letter in letters)}" for name, letters in people
    )
