"""Folders in which long work is kept, so that it goes on after being killed: begun once, refused to other work."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..problem import Problem, ProblemError
from ..search.on_disk import fingerprint, write_atomically


def begin(path: Path, problem: Problem, points: np.ndarray, plan: Mapping[str, Any]) -> None:
    """Write down what a folder is for, or see that it is for the same.

    Parameters
    ----------
    path : Path
        Of the record in the folder, which is made if there is none.
    problem : Problem
    points : array
        Where the work sets out.
    plan : mapping
        What else decides the result; goes into JSON.

    Raises
    ------
    ProblemError
        If the folder is for something else.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    wanted = {
        "problem": problem.name,
        "fingerprint": fingerprint(problem),
        "points": f"{zlib.crc32(np.ascontiguousarray(points).tobytes()):08x}",
        "plan": dict(plan),
    }
    if not path.exists():
        write_atomically(path, json.dumps(wanted, indent=1).encode())
        return
    found = json.loads(path.read_text(encoding="utf-8"))
    other = ", ".join(f"{k} {v}" for k, v in found["plan"].items() if v != plan.get(k))
    for differs, what in (
        (found["fingerprint"] != wanted["fingerprint"], "of another problem, or of changed files"),
        (found["points"] != wanted["points"], "of another fit"),
        (found["plan"] != wanted["plan"], f"by another plan ({other})"),
    ):
        if differs:
            raise ProblemError([f"{path.parent}: holds work {what}; remove it, or name another folder"])
