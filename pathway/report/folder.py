"""The folder that a run leaves behind. It appears complete or not at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pathway.errors import InputError
from pathway.scenario.result import Result

from .provenance import provenance, sha256
from .tables import arm_rows, csv_text, expectation_rows, parameters_used

COURSES = "time_courses.csv"
RECORD = "provenance.json"


class FolderError(InputError):
    """An output folder that cannot be used."""


def check_out(out: Path) -> None:
    """Refuses a place where something else stands: a run may only replace an earlier run.

    Raises
    ------
    FolderError
    """
    if out.is_dir():
        if any(out.iterdir()) and not (out / RECORD).is_file():
            raise FolderError(f"{out}: this folder holds something else than a run; choose another with --out")
    elif out.exists():
        raise FolderError(f"{out}: this is a file; choose a folder with --out")
    above = out.absolute().parent
    while not above.exists():
        above = above.parent
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise FolderError(f"{out}: cannot be written there ({above} is not a writable folder)")


def write_run(result: Result, out: Path, command: Sequence[str] = (), figures: bool = True) -> dict[str, Any]:
    """Writes inputs, tables, figure, report and provenance of a run to `out`.

    Parameters
    ----------
    result : Result
    out : Path
        An earlier run there is replaced.
    command : sequence of str
        As typed, for the record.
    figures : bool
        False leaves out figure and report (for replays that only compare numbers).

    Returns
    -------
    dict
        The provenance.

    Raises
    ------
    FolderError
        If `out` holds something else.
    """
    return _written(out, lambda draft: _fill(draft, result, command, figures))


def write_courses(
    trajectory: Any, out: Path, command: Sequence[str], settings: Sequence[str], inputs: Mapping[str, bytes]
) -> dict[str, Any]:
    """Writes the courses of a model that is no scenario: table, figure, input and provenance.

    Raises
    ------
    FolderError
        If `out` holds something else.
    """
    from pathway.plotting import plot_courses, save

    model = trajectory.model

    def fill(draft: Path) -> dict[str, Any]:
        (draft / "inputs").mkdir()
        for name, content in inputs.items():
            (draft / "inputs" / name).write_bytes(content)
        header = [f"time [{model.time_unit or '-'}]", *(f"{n} [{model.units.get(n) or '-'}]" for n in model.species)]
        rows = [[float(t), *map(float, row)] for t, row in zip(trajectory.times, trajectory.values, strict=True)]
        text = csv_text(header, rows)
        (draft / COURSES).write_text(text, encoding="utf-8")
        save(plot_courses(trajectory), draft / "figure")
        record = provenance(command, settings, inputs)
        record["outputs"] = {COURSES: sha256(text.encode())}
        write_json(draft / RECORD, record)
        return record

    return _written(out, fill)


def _written(out: Path, fill: Callable[[Path], dict[str, Any]]) -> dict[str, Any]:
    """A folder filled out of sight and put in place as a whole."""
    check_out(out)
    out.absolute().parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.absolute().parent))
    try:
        record = fill(draft)
        os.chmod(draft, 0o777 & ~umask())
        put_in_place(draft, out)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return record


def umask() -> int:
    """The rights that new files of this user do not get; a folder made as a draft has none for others."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def put_in_place(draft: Path, out: Path) -> None:
    """One rename puts the new folder in place; an earlier run steps aside first and comes back if that fails."""
    aside = draft.with_name(draft.name + "-earlier")
    if out.exists():
        out.rename(aside)
    try:
        draft.rename(out)
    except OSError:
        if aside.exists():
            aside.rename(out)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _fill(draft: Path, result: Result, command: Sequence[str], figures: bool) -> dict[str, Any]:
    inputs = input_files(result)
    (draft / "inputs").mkdir()
    for name, content in inputs.items():
        (draft / "inputs" / name).write_bytes(content)
    tables = {
        COURSES: csv_text(*result.columns()),
        "arms.csv": csv_text(*arm_rows(result)),
        "expectations.csv": csv_text(*expectation_rows(result)),
        "parameters.csv": csv_text(*parameters_used(result)),
    }
    for name, text in tables.items():
        (draft / name).write_text(text, encoding="utf-8")
    record = provenance(command, result.scenario.settings, inputs)
    record["outputs"] = {name: sha256(text.encode()) for name, text in tables.items()}
    summary = {**result.to_dict(), "provenance": record}
    write_json(draft / "result.json", summary)
    write_json(draft / RECORD, record)
    if figures:
        from pathway.plotting import plot, save

        from .page import report_page

        svg, _ = save(plot(result), draft / "figure")
        page = report_page(result, svg.read_text(encoding="utf-8"), record)
        (draft / "report.html").write_text(page, encoding="utf-8")
    return record


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """One JSON object, for people too."""
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def input_files(result: Result) -> dict[str, bytes]:
    """Every file the run has read, by the name it gets in `inputs/`.

    The scenario comes first. Files it names are put beside it, so that the folder can be moved and run again; where
    a name pointed elsewhere, the copy of the scenario names the copy.
    """
    scenario = result.scenario
    text = scenario.text
    files: dict[str, bytes] = {}
    named = {arm.cells for arm in scenario.arms if arm.cells.endswith(".toml")}
    tables = scenario.document.get("data", [])
    named |= {str(table["file"]) for table in (tables if isinstance(tables, list) else [tables])}
    for name in sorted(named):
        text = text.replace(f'"{name}"', f'"{Path(name).name}"')
        files[Path(name).name] = (scenario.file.parent / name).read_bytes()
    return {f"{scenario.name}.toml": text.encode(), **files}
