"""A search on disk: what it is of, and a file for every finished start."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..problem import Problem, ProblemError
from .plan import Plan
from .result import Start

SEARCH = "search.json"
_ELSEWHERE = "remove it, or put this search into another folder (--out)"


def fingerprint(problem: Problem) -> str:
    """A text that differs between problems whose fits differ."""
    model = problem.model
    from pathway.expressions import to_text

    parts: list[Any] = [
        model.species,
        model.parameters,
        [float(v) for v in model.parameter_values],
        [to_text(e) for e in model.derivatives.values()],
        [to_text(e) for e in model.closed_initial.values()],
        [repr(p) for p in problem.parameters],
        [
            (e.name, [(p.start, {n: to_text(v) for n, v in p.changes.items()}) for p in e.periods])
            for e in problem.experiments
        ],
        [
            (o.name, to_text(o.formula), to_text(o.noise), o.distribution, o.transformation, o.degrees_of_freedom)
            for o in problem.observables
        ],
        [
            (
                m.observable,
                m.experiment,
                m.time,
                m.value,
                m.censored,
                m.normalization,
                m.counted,
                {n: to_text(v) for n, v in m.placeholders.items()},
            )
            for m in problem.measurements
        ],
        [repr(n) for n in problem.normalizations],
    ]
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def opened(folder: Path, problem: Problem, plan: Plan) -> dict[int, Start]:
    """The finished starts of a directory; a new one is begun."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / SEARCH
    wanted = {
        "problem": problem.name,
        "fingerprint": fingerprint(problem),
        "plan": json.loads(json.dumps(asdict(plan))),
    }
    if path.exists():
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["fingerprint"] != wanted["fingerprint"]:
            other = f"another problem ('{found['problem']}'), or of changed files"
            raise ProblemError([f"{folder}: holds a search of {other}; {_ELSEWHERE}"])
        if found["plan"] != wanted["plan"]:
            other = ", ".join(
                f"{key} {found['plan'].get(key)} instead of {value}"
                for key, value in wanted["plan"].items()
                if found["plan"].get(key) != value
            )
            raise ProblemError([f"{folder}: holds a search with other settings ({other}); {_ELSEWHERE}"])
    else:
        write_atomically(path, json.dumps(wanted, indent=1).encode())
    done = {}
    for file in sorted(folder.glob("start_*.json")):
        start = Start.from_json(file.read_text(encoding="utf-8"))
        done[start.number] = start
    return {k: s for k, s in done.items() if k < plan.starts}


def is_of(folder: Path, problem: Problem) -> bool:
    """Whether the search in a folder was of this very problem: same model, measurements and settings."""
    found = json.loads((folder / SEARCH).read_text(encoding="utf-8"))
    return bool(found["fingerprint"] == fingerprint(problem))


def keep(folder: Path, start: Start) -> None:
    """Write a finished start."""
    write_atomically(folder / f"start_{start.number:05d}.json", start.to_json().encode())


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that it is there in full or not at all, also after the machine stops."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with open(temporary, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
