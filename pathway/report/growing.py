"""What fitting leaves in folders: beside the files that long work keeps to go on from, or in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pathway.fitting.problem import ProblemSource
from pathway.folders import Draft, GrowingFolder, new_folder, resumed_folder
from pathway.scenario.experiment import Scenario

from .folder import Figures, Say, quiet, tell_kept, write_results
from .provenance import provenance


@dataclass(frozen=True, eq=False)
class ProblemFiles:
    """What was read on the way to a problem.

    Attributes
    ----------
    files : ProblemSource
    scenario : Scenario, optional
        Whose problem it is.
    """

    files: ProblemSource = field(default_factory=ProblemSource)
    scenario: Scenario | None = None

    @property
    def title(self) -> str:
        """Of the scenario; nothing of a PEtab problem."""
        return self.scenario.title if self.scenario else ""


@dataclass(frozen=True, eq=False)
class Written:
    """What a result is written as.

    Attributes
    ----------
    tables : mapping of file name to text
    figures : mapping of file stem to callable
    page : callable (SVG texts, record) -> HTML
    save : callable (Path), optional
        Writes the result itself to `saved`, to be read again.
    saved : str
    """

    tables: Mapping[str, str]
    figures: Figures
    page: Callable[[Mapping[str, str], dict[str, Any]], str]
    save: Callable[[Path], None] | None = None
    saved: str = ""


def write_beside(
    work: str,
    name: str,
    result: Written,
    out: Path,
    command: Sequence[str],
    source: ProblemFiles,
    seed: int | None = None,
    packages: Mapping[str, str | None] | None = None,
    say: Say = quiet,
) -> None:
    """Write a result into the folder of the work ("fit", ...) on a problem of this name; a new folder is made."""
    with resumed_folder(out, work, name) as folder:
        _fill(folder, result, command, source, seed, packages or {}, say)
    tell_kept(out, folder, say)


def write_alone(
    kind: str,
    identity: Mapping[str, Any],
    result: Written,
    out: Path,
    command: Sequence[str],
    source: ProblemFiles,
    force: bool = False,
    say: Say = quiet,
) -> None:
    """Write a result that no long work has begun, as a whole."""
    with new_folder(out, kind, {**identity, "settings": list(source.files.settings)}, force) as folder:
        _fill(folder, result, command, source, None, {}, say)
    tell_kept(out, folder, say)


def _fill(
    folder: Draft | GrowingFolder,
    result: Written,
    command: Sequence[str],
    source: ProblemFiles,
    seed: int | None,
    packages: Mapping[str, str | None],
    say: Say,
) -> None:
    record = provenance(command, source.files.settings, source.files.inputs, seed)
    record["packages"] |= packages
    record["without"] = list(source.files.without)
    if result.save:
        folder.plan([result.saved])
        result.save(folder.path / result.saved)
    write_results(folder, record, source.files.inputs, result.tables, result.figures, result.page, say)
