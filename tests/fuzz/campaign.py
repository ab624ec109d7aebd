"""Many seeds of a kind, tried in a process that may be lost: what ends it, or keeps it, is a find like any other."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from .harness import SECONDS, Outcome, kind_of, outcome

PROGRESS = Path(__file__).with_name("progress.json")
FIRST = 1_000_000
"""Seeds below are those of the quick form."""

AT_ONCE = 2000
"""Seeds for one process: it lives long enough for its imports, and not so long that it collects memory."""

LOST = -1
"""In place of an exit code."""


def tried(kind: str, first: int, count: int, seconds: float) -> Iterator[tuple[int, Outcome]]:
    """Outcomes of the seeds from `first` on, until so many are done or the time is over.

    Raises
    ------
    InputError
        If there is no such kind: each process would end at once, and count as a find.
    """
    kind_of(kind)
    begun, following, end = time.monotonic(), first, first + count
    while following < end and time.monotonic() - begun < seconds:
        for seed, found in _by_one_process(kind, following, min(end, following + AT_ONCE)):
            yield seed, found
            following = seed + 1
            if time.monotonic() - begun > seconds:
                return


def _by_one_process(kind: str, first: int, end: int) -> Iterator[tuple[int, Outcome]]:
    """Until the first that is lost."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_try, args=(kind, first, end, theirs))
    process.start()
    theirs.close()
    try:
        for seed in range(first, end):
            lost = ""
            if not ours.poll(15 * SECONDS):
                lost = f"more than {15 * SECONDS:.0f} s"
            else:
                try:
                    yield seed, ours.recv()
                except EOFError:
                    process.join()
                    lost = f"the process has ended with {process.exitcode}"
            if lost:
                yield seed, Outcome(LOST, lost, "")
                return
    finally:
        if process.is_alive():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.join()


def _try(kind: str, first: int, end: int, answers: Connection) -> None:
    os.setsid()
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    for seed in range(first, end):
        answers.send(outcome(kind, seed))


def go_on(kind: str, count: int, seconds: float) -> list[str]:
    """Tries the next seeds of a kind, writes down how far it came, and returns the finds."""
    entry, finds, since = _progress(kind), [], time.monotonic()
    codes = Counter(entry["codes"])
    for seed, found in tried(kind, entry["next_seed"], count, seconds):
        if found.complaint:
            finds.append(f"python -m tests.fuzz '{kind}' {seed}: {told(found)}")
        codes[str(found.code)] += 1
        entry |= {"next_seed": seed + 1, "tried": entry["tried"] + 1, "codes": dict(codes)}
        if time.monotonic() - since > 10.0:
            _write(kind, entry)
            since = time.monotonic()
    _write(kind, entry)
    return finds


def told(found: Outcome) -> str:
    """The last of a complaint that says something, and where in our files it arose."""
    lines = [line.strip() for line in found.complaint.splitlines() if line.strip()]
    ours = [line for line in lines if line.startswith("File ") and "/pathway/" in line]
    return f"{lines[-1][:200]} {ours[-1].rpartition('/pathway/')[2] if ours else ''}".strip()


def _progress(kind: str) -> dict[str, Any]:
    every = json.loads(PROGRESS.read_text(encoding="utf-8")) if PROGRESS.is_file() else {}
    return every.get(kind, {"next_seed": FIRST, "tried": 0, "codes": {}})


def _write(kind: str, entry: dict[str, Any]) -> None:
    every = json.loads(PROGRESS.read_text(encoding="utf-8")) if PROGRESS.is_file() else {}
    PROGRESS.write_text(json.dumps(every | {kind: entry}, indent=1) + "\n", encoding="utf-8")
