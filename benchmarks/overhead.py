"""`python -m benchmarks --parts overhead`: of a repeated call of `simulate`, how much is not the compiled loop.

The same run is asked for as a user does and as the loop alone, in turn; what lies between them is Python: arguments
checked, arrays made, the trajectory put together. Processor time, medians of differences over rounds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import pathway
from pathway.equations import Model
from pathway.simulation import Intervention, simulate
from pathway.simulation.interventions import checked_interventions, schedule_of
from pathway.simulation.prepared import PreparedTask, prepare_model
from pathway.simulation.tasks import empty_report, plan_task

from . import problems

CALLS = 300
"""In a round."""


def loop_alone(model: Model, times: np.ndarray, interventions: list[Intervention]) -> Callable[[], None]:
    """The run with everything made ready."""
    prepared, p = prepare_model(model), np.array(model.parameter_values)
    schedule = schedule_of(model, checked_interventions(interventions), model.start_time, float(times[-1]))
    what = prepared, times, model.start_time, prepared.starts(p)[None], p[None], 1e-6
    kernels = prepared.kernels(1)
    report = empty_report(1, len(times), len(model.species), kernels, blank=False)
    ready = PreparedTask(prepared, kernels, "Rodas5P", plan_task(*what, schedules=[schedule]), report)

    def run() -> None:
        report.counts[0] = 0
        ready()

    return run


def seconds(call: Callable[[], Any], calls: int) -> float:
    """Of the processor, per call."""
    began = time.process_time()
    for _ in range(calls):
        call()
    return (time.process_time() - began) / calls


def overhead_rows(folder: Path, rounds: int) -> list[tuple[str, float, float, float, float, float]]:
    """(run, seconds of the whole call, of the loop, of Python, of its lower and of its upper quartile)."""
    rows = []
    for name, model, times, words in _runs(folder):
        loop = loop_alone(model, times, words.get("interventions", []))
        call = lambda model=model, times=times, words=words: simulate(model, times, **words)  # noqa: E731
        call(), loop()
        pairs = [(seconds(call, CALLS), seconds(loop, CALLS)) for _ in range(rounds)]
        whole, inside = (np.array(column) for column in zip(*pairs, strict=True))
        low, middle, high = (float(q) for q in np.quantile(whole - inside, (0.25, 0.5, 0.75)))
        rows.append((name, float(np.median(whole)), float(np.median(inside)), middle, low, high))
    return rows


def _runs(folder: Path) -> list[tuple[str, Model, np.ndarray, dict[str, Any]]]:
    small, bachmann, circuit = (
        pathway.load("minimal"),
        *(problems.problem(name, folder) for name in ("Bachmann_MSB2011", "bt474_resistant")),
    )
    times, dose = np.linspace(0.0, 72.0, 145), [Intervention(3.0, add={small.species[0]: 1.0})]
    row = np.array(circuit.model.parameter_values)
    return [
        ("minimal", small, times, {}),
        ("minimal, a dose", small, times, {"interventions": dose}),
        ("Bachmann", bachmann.model, bachmann.times, {}),
        ("circuit", circuit.model, circuit.times, {}),
        ("circuit, parameters given", circuit.model, circuit.times, {"parameters": row}),
    ]
