"""What every result leaves behind, in one form: numbers, tables, figures and a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Table = tuple[Sequence[str], Sequence[Sequence[Any]]]
"""Header with units, and rows."""


def no_extra_content() -> Mapping[str, Any]:
    """For pages that show no more than title, sentences, figures and tables."""
    return {}


@dataclass(frozen=True, eq=False)
class DeferredFigure:
    """A figure that is drawn once everything else is written.

    Attributes
    ----------
    draw : callable
        Gives the figure.
    caption : str
        What it shows, for those who see it and those who do not.
    """

    draw: Callable[[], Any]
    caption: str = ""


@dataclass(frozen=True, eq=False)
class ReportOrigin:
    """What a result was made from.

    Attributes
    ----------
    inputs : mapping of file name to content
        The first is the file that the command was given.
    settings : sequence of str
        "KEY=VALUE" from the command line.
    seed : int, optional
        None where nothing was drawn at random.
    packages : mapping of name to version
        Of libraries that took part beside the usual ones.
    more : mapping
        Further entries of the provenance.
    """

    inputs: Mapping[str, bytes] = field(default_factory=dict)
    settings: Sequence[str] = ()
    seed: int | None = None
    packages: Mapping[str, str | None] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class JsonContent:
    """The JSON form of a result.

    Attributes
    ----------
    file : str
        Its name.
    numbers : mapping
    with_provenance : bool
        Whether the provenance stands in the same file.
    """

    file: str
    numbers: Mapping[str, Any]
    with_provenance: bool = False


@dataclass(frozen=True, eq=False)
class Report:
    """A result, ready to be written.

    Attributes
    ----------
    kind : str
        Of the folder: "run", "fit", "synergy", ...
    identity : mapping
        Of what: equal kinds with equal identities may replace each other.
    title : str
    origin : ReportOrigin
    tables : mapping of file stem to Table
        Written as CSV.
    figures : mapping of file stem to DeferredFigure
        Written as SVG and PNG.
    sentences : sequence of str
        What was found, in plain words: the first thing on the page.
    content : JsonContent, optional
    saved : mapping of file name to callable (Path)
        Each writes the result itself, to be read again.
    template : str
        Of the page; a file in `templates/`.
    page : callable
        What the template shows beyond all this; asked when the page is made.
    grows : bool
        The folder is that of long work, which keeps other files there to go on from.
    """

    kind: str
    identity: Mapping[str, Any]
    title: str
    origin: ReportOrigin
    tables: Mapping[str, Table] = field(default_factory=dict)
    figures: Mapping[str, DeferredFigure] = field(default_factory=dict)
    sentences: Sequence[str] = ()
    content: JsonContent | None = None
    saved: Mapping[str, Callable[[Path], None]] = field(default_factory=dict)
    template: str = "page.html"
    page: Callable[[], Mapping[str, Any]] = no_extra_content
    grows: bool = False
