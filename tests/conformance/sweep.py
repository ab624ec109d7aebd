"""Cases over processes: each in a worker that is replaced if it dies or falls silent."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from time import monotonic
from typing import Any

from .outcome import ERROR, Outcome

Judge = Callable[[Path], Outcome]

PATIENCE = 180.0
"""Seconds one case may take."""


class _Worker:
    def __init__(self, judge: Judge) -> None:
        context = get_context("spawn")
        self.pipe, far_end = context.Pipe()
        self.process = context.Process(target=_serve, args=(judge, far_end), daemon=True)
        self.process.start()
        far_end.close()
        self.case: Path | None = None
        self.since = 0.0

    def give(self, case: Path) -> None:
        self.case, self.since = case, monotonic()
        self.pipe.send(case)

    def stop(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


def _serve(judge: Judge, pipe: Connection) -> None:
    while (case := pipe.recv()) is not None:
        try:
            outcome = judge(case)
        except Exception as problem:
            words = " ".join(f"{type(problem).__name__}: {problem}".split())
            outcome = Outcome(case.name, ERROR, words[:300])
        pipe.send(outcome)


def sweep(cases: Sequence[Path], judge: Judge, workers: int | None = None) -> Iterator[Outcome]:
    """The outcome of every case, in the order in which they finish."""
    waiting = list(reversed(cases))
    crew = [_Worker(judge) for _ in range(min(workers or os.cpu_count() or 1, len(cases)))]
    for worker in crew:
        worker.give(waiting.pop())
    while crew:
        ready: list[Any] = wait([w.pipe for w in crew], timeout=1.0)
        for worker in list(crew):
            outcome = _answer(worker, worker.pipe in ready)
            if outcome is None:
                continue
            yield outcome
            if not worker.process.is_alive():
                crew.remove(worker)
                if not waiting:
                    continue
                worker = _Worker(judge)
                crew.append(worker)
            if waiting:
                worker.give(waiting.pop())
            else:
                worker.stop()
                crew.remove(worker)


def _answer(worker: _Worker, ready: bool) -> Outcome | None:
    """What a worker says, or what is said of it; None while it is still at work."""
    assert worker.case is not None
    if ready:
        try:
            return worker.pipe.recv()
        except (EOFError, ConnectionResetError):
            worker.stop()
            return Outcome(worker.case.name, ERROR, "the process died")
    if monotonic() - worker.since > PATIENCE:
        worker.stop()
        return Outcome(worker.case.name, ERROR, f"no answer within {PATIENCE:g} s")
    return None
