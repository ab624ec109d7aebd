"""Equal error first, then time: which tolerance each tool needs, and how long it takes there, asked in turn."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

LADDER = (1e-4, 3e-5, 1e-5, 3e-6, 1e-6, 3e-7, 1e-7, 3e-8, 1e-8, 3e-9, 1e-9, 3e-10, 1e-10)


@dataclass
class Figure:
    """One line of a table."""

    problem: str
    what: str
    tool: str
    target: float
    rtol: float | None = None
    error: float | None = None
    seconds: float | None = None
    quartiles: tuple[float, float] = (np.nan, np.nan)
    reason: str = ""


@dataclass
class Entry:
    """A tool that takes part in a comparison.

    Attributes
    ----------
    name : str
    run : callable (rtol) -> error
    time : callable (rtol, calls) -> list of seconds per call
    """

    name: str
    run: Callable[[float], float]
    time: Callable[[float, int], list[float]]


def timed(
    call: Callable[[float], Any], clock: Callable[[], float] = time.process_time
) -> Callable[[float, int], list[float]]:
    """Seconds of each of some calls; of a processor, unless another clock is asked for."""

    def measure(rtol: float, calls: int) -> list[float]:
        seconds = []
        for _ in range(calls):
            start = clock()
            call(rtol)
            seconds.append(clock() - start)
        return seconds

    return measure


def loosest(entry: Entry, target: float) -> tuple[float | None, float]:
    """The loosest tolerance whose error is at most the target, and that error (else the smallest error)."""
    smallest = np.inf
    for rtol in LADDER:
        error = entry.run(rtol)
        smallest = min(smallest, error)
        if error <= target:
            return rtol, error
    return None, smallest


def compare(
    problem: str, what: str, entries: list[Entry], targets: tuple[float, ...], *, rounds: int, seconds: float
) -> list[Figure]:
    """Figures of all tools for all targets; rounds go through the tools in turn.

    `seconds` is how long one tool is asked in one round (at least one call, at most 50).
    """
    figures, taking_part = [], []
    for target in targets:
        for entry in entries:
            figure = Figure(problem, what, entry.name, target)
            figures.append(figure)
            try:
                figure.rtol, figure.error = loosest(entry, target)
                if figure.rtol is None:
                    figure.reason = f"error {figure.error:.0e} at 1e-10"
                    continue
                one = min(entry.time(figure.rtol, 1)[0], entry.time(figure.rtol, 1)[0])
                taking_part.append((figure, entry, int(np.clip(seconds / max(one, 1e-9), 1, 50)), list[float]()))
            except Exception as problem_of_tool:
                figure.reason = f"{type(problem_of_tool).__name__}: {problem_of_tool}"[:120].replace("\n", " ")
            print(f"  {problem}, {what}, {entry.name}, {target:g}: {figure.rtol} {figure.reason}", file=sys.stderr)
    for _ in range(rounds):
        for figure, entry, calls, times in taking_part:
            assert figure.rtol is not None
            times.append(float(np.median(entry.time(figure.rtol, calls))))
    for figure, _, _, times in taking_part:
        figure.seconds = float(np.median(times))
        figure.quartiles = (float(np.quantile(times, 0.25)), float(np.quantile(times, 0.75)))
    return figures
