"""Long work on disk: what it is of, and a file for every finished start of a search."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from pathway.files import DAMAGE, read_json
from pathway.folders import GrowingFolder, growing_folder, read_manifest, write_atomically

from ..problem import Problem, ProblemError
from .result import Fit, StartResult
from .stored import problem_fingerprint

FIT_KIND, PROFILES_KIND, POSTERIOR_KIND = "fit", "profiles", "posterior"
PROBLEM_HASH = "hash of model, measurements and settings"


@contextmanager
def work_folder(
    folder: Path,
    kind: str,
    problem: Problem,
    plan: Mapping[str, Any],
    planned: Iterable[str],
    points: np.ndarray | None = None,
    force: bool = False,
) -> Iterator[GrowingFolder]:
    """A folder in which long work is kept, so that it goes on after being killed; a new one is begun.

    Parameters
    ----------
    folder : Path
    kind : str
        "fit", "profiles", "posterior".
    problem : Problem
    plan : mapping
        What else decides the result; goes into JSON.
    planned : iterable of str
        Files that the work writes.
    points : array, optional
        Where the work sets out.
    force : bool
        The files of other work are deleted first.

    Raises
    ------
    FolderError
        If the folder is for something else, or another process is at work in it.
    """
    identity = {"problem": problem.name, PROBLEM_HASH: problem_fingerprint(problem)}
    if points is not None:
        identity["hash of where it began"] = f"{zlib.crc32(np.ascontiguousarray(points).tobytes()):08x}"
    with growing_folder(folder, kind, {**identity, **plan}, planned, force) as growing:
        yield growing


def check_shared(executor: Executor | None, directory: str | Path | None) -> None:
    """Refuse work that workers elsewhere would write where nobody looks."""
    if executor is not None and directory is None:
        raise ProblemError(["with an executor, name a directory that its workers see: they write there"])


def is_search_of(folder: Path, problem: Problem) -> bool:
    """Whether the search in a folder was of this very problem: same model, measurements and settings."""
    manifest = read_manifest(folder)
    return manifest is not None and manifest.identity.get(PROBLEM_HASH) == problem_fingerprint(problem)


def start_file(number: int) -> str:
    """Where a finished start is kept."""
    return f"start_{number:05d}.json"


def finished_starts(folder: Path) -> dict[int, StartResult]:
    """The finished starts of a folder; one whose file is damaged is not finished."""
    done = {}
    for file in sorted(folder.glob("start_*.json")):
        try:
            start = StartResult.from_dict(read_json(file))
        except DAMAGE:
            continue
        if file.name == start_file(start.number):
            done[start.number] = start
    return done


def load_unfinished_fit(problem: Problem, folder: str | Path) -> Fit:
    """The fit in the folder of a search, as far as it got.

    Raises
    ------
    ProblemError
        If the folder holds no finished start, or starts of a problem with other parameters.
    """
    starts = list(finished_starts(Path(folder)).values())
    if not starts:
        raise ProblemError([f"{folder}: holds no finished start of a search"])
    if any(len(start.x) != len(problem.names) for start in starts):
        raise ProblemError([f"{folder}: holds a search with {len(starts[0].x)} parameters, not {len(problem.names)}"])
    return Fit(problem, tuple(starts), seed=0)


def write_start(folder: Path, start: StartResult) -> None:
    """Write a finished start."""
    write_atomically(folder / start_file(start.number), json.dumps(start.to_dict()))
