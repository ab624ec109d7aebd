"""What a fitting problem is made of, in a few lines: what the reader of its files has understood."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .problem import Measurement, Observable, Problem


def problem_overview(problem: Problem) -> dict[str, Any]:
    """Parameters estimated, experiments, and every observable with the measurements read, for JSON."""
    measured: dict[str, list[Measurement]] = {o.name: [] for o in problem.observables}
    for m in problem.measurements:
        measured[m.observable].append(m)
    return {
        "problem": problem.name,
        "estimated": len(problem.estimated),
        "fixed": len(problem.parameters) - len(problem.estimated),
        "experiments": len({m.experiment for m in problem.measurements}),
        "measurements": len(problem.measurements),
        "observables": [_observable(o, measured[o.name]) for o in problem.observables],
    }


def _observable(o: Observable, own: Sequence[Measurement]) -> dict[str, Any]:
    values, times = [m.value for m in own], [m.time for m in own if math.isfinite(m.time)]
    return {
        "name": o.name,
        "measurements": len(own),
        "least": min(values, default=None),
        "greatest": max(values, default=None),
        "first": min(times, default=None),
        "last": max(times, default=None),
        "at_steady_state": sum(math.isinf(m.time) for m in own),
        "compared": o.transformation,
        "noise": o.distribution,
    }


def problem_overview_lines(problem: Problem) -> list[str]:
    """The same as text, a line for each observable."""
    overview = problem_overview(problem)
    head = f"{_several(overview['estimated'], 'parameter')} estimated, {overview['fixed']} fixed"
    head += f"; {_several(overview['experiments'], 'experiment')}; {_several(overview['measurements'], 'measurement')}"
    return [head, *(f"  {_observable_line(entry)}" for entry in overview["observables"])]


def _observable_line(entry: dict[str, Any]) -> str:
    text = f"{entry['name']}: {_several(entry['measurements'], 'value')}"
    if entry["measurements"]:
        text += f", {entry['least']:.6g} to {entry['greatest']:.6g}"
    if entry["first"] is not None:
        text += f", at times {entry['first']:g} to {entry['last']:g}"
    if entry["at_steady_state"]:
        text += f", {entry['at_steady_state']} at the steady state"
    scale = "" if entry["compared"] == "linear" else f", compared as {entry['compared']}"
    return f"{text}; {entry['noise'].replace('_', '-')} noise{scale}"


def _several(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}"
