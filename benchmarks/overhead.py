"""`python -m benchmarks.overhead`: of a repeated call of `simulate`, how much is not the compiled loop.

The same run is asked for as a user does and as the loop alone, in turn; what lies between them is Python: arguments
checked, arrays made, the trajectory put together. Processor time, medians of differences over rounds.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import pathway
from pathway.equations import Model
from pathway.kernels import cache_directory
from pathway.simulation import Intervention, simulate
from pathway.simulation.interventions import checked_interventions, schedule_of
from pathway.simulation.prepared import PreparedTask, prepare_model
from pathway.simulation.tasks import empty_report, plan_task

from . import problems


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--calls", type=int, default=300)
    options = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    print("| run | call | loop | Python | quartiles |\n|---|---|---|---|---|")
    for name, model, times, words in _runs():
        loop = loop_alone(model, times, words.get("interventions", []))
        call = lambda model=model, times=times, words=words: simulate(model, times, **words)  # noqa: E731
        call(), loop()
        rounds = [(seconds(call, options.calls), seconds(loop, options.calls)) for _ in range(options.rounds)]
        whole, inside = (1e6 * np.array(column) for column in zip(*rounds, strict=True))
        low, middle, high = np.quantile(whole - inside, (0.25, 0.5, 0.75))
        figures = (
            f"{np.median(whole):.0f} us | {np.median(inside):.0f} us | {middle:.0f} us | {low:.0f} - {high:.0f} us"
        )
        print(f"| {name} | {figures} |", flush=True)


def _runs() -> list[tuple[str, Model, np.ndarray, dict[str, Any]]]:
    folder = cache_directory() / "benchmarks" / "files"
    small, bachmann, circuit = (
        pathway.load("minimal"),
        *(problems.problem(name, folder) for name in ("Bachmann", "bt474_resistant")),
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


if __name__ == "__main__":
    main()
