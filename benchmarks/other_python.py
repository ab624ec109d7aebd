"""A conversation with a process of another Python: one JSON line for each question, one for each answer.

Both sides stand here; the other Python needs nothing of the package for its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

MARK = "ANSWER "
"""Begins an answer: libraries print lines of their own."""


class OtherPython:
    """The side that asks."""

    def __init__(self, python: str, worker: Path, first: dict[str, Any]) -> None:
        environment = {**os.environ, "PATH": f"{Path(python).parent}:{os.environ['PATH']}"}
        environment.pop("PYTHONPATH", None)
        self._process = subprocess.Popen(
            [python, str(worker)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        self.ask(first)

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """The answer; an error of the other side is raised here."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.startswith(MARK):
                answer: dict[str, Any] = json.loads(line[len(MARK) :])
                if "error" in answer:
                    raise RuntimeError(answer["error"])
                return answer
        raise RuntimeError("the other Python ended")


def serve(begin: Callable[[dict[str, Any]], Any]) -> None:
    """The side that answers: `begin` makes a worker of the first question, its `answer` replies to the others."""
    worker = None
    for line in sys.stdin:
        try:
            question = json.loads(line)
            if worker is None:
                worker, reply = begin(question), {}
            else:
                reply = worker.answer(question)
        except Exception as error:  # the other side decides what it means
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(MARK + json.dumps(reply), flush=True)
