"""The one door by which results leave: a folder with inputs, numbers, tables, figures, page and provenance."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import disk_usage
from typing import Any

from pathway.folders import DraftFolder, GrowingFolder, json_text, new_folder, resumed_folder, sha256

from .provenance import provenance
from .report import Report
from .tables import csv_text

COURSES = "time_courses.csv"
RECORD = "provenance.json"
ROOM = 50_000
"""Bytes that a page must leave for the record and the manifest."""
PAGE = "report.html"
NOT_WRITTEN = "not_made"
"""Where the provenance says which figures, or the page, could not be made, and why."""

Say = Callable[[str], None]


def say_nothing(text: str) -> None:
    """Tells nobody."""


def write_report(
    report: Report,
    out: Path,
    command: Sequence[str] = (),
    force: bool = False,
    figures: bool = True,
    say: Say = say_nothing,
) -> dict[str, Any]:
    """Writes a result to `out`: numbers first, then figures and page, of which one that fails costs only itself.

    A new folder appears as a whole or not at all; that of long work is written into file by file.

    Parameters
    ----------
    report : Report
    out : Path
        An earlier result of the same kind and identity is replaced.
    command : sequence of str
        As typed, for the record.
    force : bool
        Another result is replaced, too.
    figures : bool
        False leaves out figures and page (for replays that only compare numbers).
    say : callable
        Is told of files that were kept and of figures that could not be drawn.

    Returns
    -------
    dict
        The provenance.

    Raises
    ------
    FolderError
        If `out` holds something else.
    """
    origin = report.origin
    record = provenance(command, origin.settings, origin.inputs, origin.seed)
    record["packages"] |= origin.packages
    record |= origin.more
    # Long work has entered the name of its problem in the manifest; a folder without it is begun.
    opened = (
        resumed_folder(out, report.kind, next(iter(report.identity.values())))
        if report.grows
        else new_folder(out, report.kind, report.identity, force)
    )
    with opened as folder:
        _fill(folder, report, record, figures, say)
    if folder.kept:
        say(f"{out}: kept what is not of this result: {', '.join(folder.kept)}")
    return record


def _fill(folder: DraftFolder | GrowingFolder, report: Report, record: dict[str, Any], figures: bool, say: Say) -> None:
    """Everything in the order of its worth; `record` gets "outputs", and "not_made" where there are such files."""
    content = report.content
    beside = content is not None and content.with_provenance
    texts = {} if content is None or beside else {content.file: json_text(content.numbers)}
    texts |= {f"{stem}.csv": csv_text(*table) for stem, table in report.tables.items()}
    pictures = [f"{stem}.{ending}" for stem in report.figures for ending in ("svg", "png")] if figures else []
    others = [RECORD, *([content.file] if content and beside else []), *([PAGE] if figures else [])]
    folder.plan([*report.saved, *(f"inputs/{name}" for name in report.origin.inputs), *texts, *pictures, *others])
    for name, save in report.saved.items():
        save(folder.path / name)
    for name, given in report.origin.inputs.items():
        folder.write(f"inputs/{name}", given)
    for name, text in texts.items():
        folder.write(name, text)
    record["outputs"] = {name: sha256(text.encode()) for name, text in texts.items()}

    def write_record() -> None:
        folder.write(RECORD, json_text(record))
        if content and beside:
            folder.write(content.file, json_text({**content.numbers, "provenance": record}))

    write_record()
    if figures:
        _draw(folder, report, record, say)
    if NOT_WRITTEN in record:
        write_record()


def _draw(folder: DraftFolder | GrowingFolder, report: Report, record: dict[str, Any], say: Say) -> None:
    """Figures and page."""
    from .pages import page_text

    svgs: dict[str, str] = {}
    for stem, drawing in report.figures.items():
        with _optional(folder, record, f"figure '{stem}'", [f"{stem}.svg", f"{stem}.png"], say):
            from pathway.plotting import rendered_figure

            svg, png = rendered_figure(drawing.draw())
            folder.write(f"{stem}.svg", svg)
            folder.write(f"{stem}.png", png)
            svgs[stem] = svg.decode()
    with _optional(folder, record, "report", [PAGE], say):
        folder.write(PAGE, page_text(report, svgs, record))
        if disk_usage(folder.path).free < ROOM:  # the record and the manifest come after it, and matter more
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), PAGE)


@contextmanager
def _optional(
    folder: DraftFolder | GrowingFolder, record: dict[str, Any], what: str, names: Sequence[str], say: Say
) -> Iterator[None]:
    """What fails inside costs the numbers nothing: it is told, and goes on record."""
    try:
        yield
    except Exception as error:
        for name in names:
            folder.discard(name)
        words = (str(error).strip().splitlines() or [""])[0]
        reason = f"{type(error).__name__}: {words}"
        record.setdefault(NOT_WRITTEN, {})[what] = reason
        say(f"the {what} could not be made, the numbers are written ({reason})")
