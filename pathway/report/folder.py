"""The folder that a result leaves behind: inputs, numbers, figures, report, provenance."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pathway.folders import Draft, GrowingFolder, json_text, new_folder, sha256, usable
from pathway.scenario.experiment import Scenario
from pathway.scenario.read import folder_of_scenarios
from pathway.scenario.result import Result

from .provenance import provenance
from .tables import arm_rows, csv_text, expectation_rows, parameters_used

COURSES = "time_courses.csv"
RECORD = "provenance.json"
REPORT = "report.html"
RUN, MODEL_RUN = "run", "run of a model"
NOT_WRITTEN = "not_made"
"""Where the provenance says which figures, or the report, could not be made, and why."""
LONGEST = 60
"""Characters of a folder's name that come from settings."""

Say = Callable[[str], None]
Figures = Mapping[str, Callable[[], Any]]
"""How each figure is drawn, by the stem of its file."""


def quiet(text: str) -> None:
    """Tells nobody."""


def default_folder(name: str, settings: Sequence[str] = ()) -> Path:
    """Where a result goes unless told otherwise: results/NAME, and where settings differ, a folder of their own."""
    if not settings:
        return Path("results") / name
    text = "+".join(setting.replace(" ", "_") for setting in settings)
    readable = re.sub(r"[^\w.=+-]+", "_", text)
    if readable != text or len(readable) > LONGEST:
        readable = f"{readable[: LONGEST - 20]}-{sha256(text.encode())[:8]}"
    return Path("results") / f"{name}-{readable}"


def identity_of(scenario: Scenario, out: Path, **more: Any) -> dict[str, Any]:
    """What tells a result of this scenario from those of others: its name and settings, and where its file lies."""
    return {
        "scenario": scenario.name,
        "file": place_of(scenario.file, out),
        "settings": list(scenario.settings),
        **more,
    }


def place_of(file: Path, out: Path) -> str:
    """Where a file lies, seen from a folder of results, so that both can be moved; "" for scenarios of the package."""
    if file.resolve().parent == folder_of_scenarios().resolve():
        return ""
    try:
        return Path(os.path.relpath(file.resolve(), out.resolve())).as_posix()
    except ValueError:  # another drive
        return file.resolve().as_posix()


def check_out(out: Path, kind: str, identity: Mapping[str, Any], force: bool = False) -> None:
    """Refuses a place where something else stands, before anything is computed: see `pathway.folders.usable`.

    Raises
    ------
    FolderError
    """
    usable(out, kind, identity, force)


def write_run(
    result: Result,
    out: Path,
    command: Sequence[str] = (),
    figures: bool = True,
    force: bool = False,
    say: Say = quiet,
) -> dict[str, Any]:
    """Writes inputs, tables, figure, report and provenance of a run to `out`.

    Parameters
    ----------
    result : Result
    out : Path
        An earlier run of the same scenario with the same settings is replaced.
    command : sequence of str
        As typed, for the record.
    figures : bool
        False leaves out figure and report (for replays that only compare numbers).
    force : bool
        Another result is replaced, too.
    say : callable
        Is told of files that were kept and of a figure that could not be drawn.

    Returns
    -------
    dict
        The provenance.

    Raises
    ------
    FolderError
        If `out` holds something else.
    """

    def draw() -> Any:
        from pathway.plotting import plot

        return plot(result)

    def page(svgs: Mapping[str, str], record: dict[str, Any]) -> str:
        from .page import report_page

        return report_page(result, svgs.get("figure", ""), record)

    tables = {
        COURSES: csv_text(*result.columns()),
        "arms.csv": csv_text(*arm_rows(result)),
        "expectations.csv": csv_text(*expectation_rows(result)),
        "parameters.csv": csv_text(*parameters_used(result)),
    }
    inputs = result.scenario.inputs
    record = provenance(command, result.scenario.settings, inputs)
    if result.scenario.settings_of_inputs != result.scenario.settings:
        record["settings_of_inputs"] = list(result.scenario.settings_of_inputs)
    with new_folder(out, RUN, identity_of(result.scenario, out), force) as folder:
        drawn: Figures = {"figure": draw} if figures else {}
        summary = ("result.json", result.to_dict())
        write_results(folder, record, inputs, tables, drawn, page if figures else None, say, summary)
    tell_kept(out, folder, say)
    return record


def write_courses(
    trajectory: Any,
    out: Path,
    command: Sequence[str],
    settings: Sequence[str],
    inputs: Mapping[str, bytes],
    identity: Mapping[str, Any],
    names: Mapping[str, str],
    force: bool = False,
    say: Say = quiet,
) -> dict[str, Any]:
    """Writes the courses of a model that is no scenario: table, figure, input and provenance.

    `names` says what has a course (species, assignments), and what it is called in the table and the figure.

    Raises
    ------
    FolderError
        If `out` holds something else.
    """

    def draw() -> Any:
        from pathway.plotting import plot_courses

        return plot_courses(trajectory, names)

    model = trajectory.model
    header = [f"time [{model.time_unit or '-'}]", *(f"{n} [{model.units.get(k) or '-'}]" for k, n in names.items())]
    rows = [list(map(float, row)) for row in zip(trajectory.times, *(trajectory[k] for k in names), strict=True)]
    record = provenance(command, settings, inputs)
    with new_folder(out, MODEL_RUN, identity, force) as folder:
        write_results(folder, record, inputs, {COURSES: csv_text(header, rows)}, {"figure": draw}, say=say)
    tell_kept(out, folder, say)
    return record


def write_results(
    folder: Draft | GrowingFolder,
    record: dict[str, Any],
    inputs: Mapping[str, bytes],
    tables: Mapping[str, str],
    figures: Figures,
    page: Callable[[Mapping[str, str], dict[str, Any]], str] | None = None,
    say: Say = quiet,
    summary: tuple[str, Mapping[str, Any]] | None = None,
) -> None:
    """Fill a folder: numbers first, then figures and report, of which one that fails costs nothing but itself.

    Parameters
    ----------
    folder : Draft or GrowingFolder
    record : dict
        The provenance; gets "outputs", and "not_made" where there are such figures.
    inputs : mapping of file name to content
    tables : mapping of file name to text
    figures : mapping of file stem to callable
    page : callable (SVG texts by stem, record) -> HTML, optional
        The report.
    say : callable
        Is told of figures that could not be drawn.
    summary : (file name, mapping), optional
        A JSON form that goes with the provenance.
    """
    pictures = [f"{stem}.{ending}" for stem in figures for ending in ("svg", "png")]
    own = [RECORD, *([summary[0]] if summary else []), *([REPORT] if page else [])]
    folder.plan([*(f"inputs/{name}" for name in inputs), *tables, *pictures, *own])
    for name, content in inputs.items():
        folder.write(f"inputs/{name}", content)
    for name, text in tables.items():
        folder.write(name, text)
    record["outputs"] = {name: sha256(text.encode()) for name, text in tables.items()}

    def write_record() -> None:
        folder.write(RECORD, json_text(record))
        if summary:
            folder.write(summary[0], json_text({**summary[1], "provenance": record}))

    write_record()
    svgs: dict[str, str] = {}
    for stem, draw in figures.items():
        with _optional(folder, record, f"figure '{stem}'", [f"{stem}.svg", f"{stem}.png"], say):
            svgs[stem] = _drawn(folder, stem, draw)
    if page:
        with _optional(folder, record, "report", [REPORT], say):
            folder.write(REPORT, page(svgs, record))
    if NOT_WRITTEN in record:
        write_record()


def _drawn(folder: Draft | GrowingFolder, stem: str, draw: Callable[[], Any]) -> str:
    """Draw a figure and write it; its SVG text."""
    # Where Matplotlib keeps its own files is of no concern to who asked for a figure.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    from pathway.plotting import rendered

    svg, png = rendered(draw())
    folder.write(f"{stem}.svg", svg)
    folder.write(f"{stem}.png", png)
    return svg.decode()


@contextmanager
def _optional(
    folder: Draft | GrowingFolder, record: dict[str, Any], what: str, names: Sequence[str], say: Say
) -> Iterator[None]:
    """What fails inside costs the numbers nothing: it is told, and goes on record."""
    try:
        yield
    except Exception as error:
        for name in names:
            folder.discard(name)
        words = (str(error).strip().splitlines() or [""])[0]
        why = f"{type(error).__name__}: {words}"
        record.setdefault(NOT_WRITTEN, {})[what] = why
        say(f"the {what} could not be made, the numbers are written ({why})")


def tell_kept(out: Path, folder: Draft | GrowingFolder, say: Say) -> None:
    """Name the files that lay in a folder and do not belong to what was written."""
    if folder.kept:
        say(f"{out}: kept what is not of this result: {', '.join(folder.kept)}")
