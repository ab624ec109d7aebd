"""Results written from Python, through the same door as those of commands."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from pathway.errors import InputError, PathwayWarning

if TYPE_CHECKING:
    from pathway.report import Report


def as_path(argument: str, given: str | Path) -> Path:
    """The path that an argument names.

    Raises
    ------
    InputError
        If it is none.
    """
    if not isinstance(given, str | Path):
        raise InputError(f"{argument}: expected a path, got {type(given).__name__}")
    return Path(given)


def save_report(report: Report, folder: str | Path, force: bool) -> Path:
    """Write a result to a folder; the path of its page."""
    from pathway.report import write_report
    from pathway.report.write import PAGE

    def say(text: str) -> None:
        warnings.warn(text, PathwayWarning, stacklevel=3)

    write_report(report, Path(folder), ["python"], force, say=say)
    return Path(folder) / PAGE
