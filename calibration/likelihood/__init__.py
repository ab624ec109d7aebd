"""One likelihood over all open data; see `problem`."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from .evaluation import Evaluation, Simulated
from .findings import Findings
from .manifest import read_sets
from .problem import Problem

__all__ = ["Evaluation", "Problem", "Simulated", "problem"]


def problem(
    data: Path | None = None, *, shipped_only: bool = False, without: Collection[str] = (), findings: bool = True
) -> Problem:
    """The likelihood over the sets at hand.

    Parameters
    ----------
    data : Path, optional
        Folder with a folder for each set, under the set's name; None: what ships.
    shipped_only : bool
        Whether to leave out what may not ship, though it is at hand.
    without : collection of str
        Sets, lines or "SET:LINE" whose data are predicted but do not count.
    findings : bool
        Whether the project's own findings have columns too.
    """
    sets, absent = read_sets(data, shipped_only)
    return Problem(sets, absent, without, Findings() if findings else None)
