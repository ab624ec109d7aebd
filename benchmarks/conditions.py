"""`python -m benchmarks.conditions`: what events and switches in time cost, beside doses and libRoadRunner.

The exported main experiment (its dose is an event) is read back and run as it is, and without the event but with the
same dose as an intervention; a cascade driven by two pulses is run with moments met before, and with new ones. Asked in
turn; processor time, medians over rounds, a member out of 200 with parameters of their own.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import pathway
from pathway.api.export import export
from pathway.equations import Model
from pathway.expressions import parse
from pathway.kernels import cache_directory
from pathway.simulation import Intervention, simulate, simulate_ensemble

from .overhead import seconds
from .problems import SPREAD

MEMBERS = 200
TIMES = np.linspace(0.0, 240.0, 101)
Entry = tuple[str, Callable[[], Any], int, int]
"""What it is, what is timed, how often in a round, and for how many members at once."""


def drawn(model: Model, names: list[str]) -> np.ndarray:
    """Parameters of members, those of the names drawn, shape (MEMBERS, n_parameters)."""
    rows = np.repeat(model.parameter_values[None], MEMBERS, axis=0)
    columns = [model.parameter_index(name) for name in names]
    rows[:, columns] *= np.exp(SPREAD * np.random.default_rng(1).standard_normal((MEMBERS, len(columns))))
    return rows


def experiment(path: Path) -> list[Entry]:
    """The main experiment's arm with trastuzumab."""
    export("antimir21_resensitises", to="sbml", out=path, arm="trastuzumab", force=True)
    model = pathway.load(str(path))
    (event,) = model.events
    (target,) = event.assignments
    (amount,) = (float(part.value) for part in event.assignments[target].arguments if part.operator == "number")  # type: ignore[arg-type]
    dose = [Intervention(96.0, add={target: amount})]
    plain, rows = replace(model, events=()), drawn(model, _dimensional(model))
    entries: list[Entry] = [
        ("experiment, dose as event, one run", lambda: simulate(model, TIMES), 20, 1),
        ("experiment, dose as intervention, one run", lambda: simulate(plain, TIMES, interventions=dose), 20, 1),
        ("experiment, dose as event, a member", lambda: simulate_ensemble(model, TIMES, rows, workers=1), 1, MEMBERS),
        (
            "experiment, dose as intervention, a member",
            lambda: simulate_ensemble(plain, TIMES, rows, workers=1, interventions=dose),
            1,
            MEMBERS,
        ),
    ]
    return [*entries, *_road_runner(path)]


def _dimensional(model: Model) -> list[str]:
    values = dict(zip(model.parameters, model.parameter_values, strict=True))
    return [name for name in model.parameters if model.units.get(name, "1") != "1" and values[name] > 0.0]


def _road_runner(path: Path) -> list[Entry]:
    try:
        import roadrunner
    except ImportError:
        return []
    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_ERROR)
    runner = roadrunner.RoadRunner(str(path))
    for name, value in (("stiff", True), ("relative_tolerance", 1e-6), ("absolute_tolerance", 1e-9)):
        runner.integrator.setValue(name, value)

    def run() -> None:
        runner.reset()
        runner.simulate(0.0, float(TIMES[-1]), len(TIMES))

    return [("experiment, libRoadRunner, one run", run, 3, 1)]


def pulses() -> list[Entry]:
    """A cascade of six species that two pulses drive."""
    feed = " + ".join(f"piecewise(a, time >= {t} and time < {t} + w, 0)" for t in ("t1", "t2"))
    rates = {"x0": f"b + {feed} - k*x0"}
    rates |= {f"x{i}": f"k*x{i - 1} - k*x{i}*(1 + x{i})/(2 + x{i})" for i in range(1, 6)}
    values = {"a": 3.0, "b": 1.0, "k": 0.7, "t1": 10.0, "t2": 40.0, "w": 2.5}
    model = Model(
        name="pulses",
        species=tuple(rates),
        parameters=tuple(values),
        parameter_values=np.array(list(values.values())),
        initial=dict.fromkeys(rates, parse("1")),
        rate_rules={name: parse(formula) for name, formula in rates.items()},
    )
    rows, same, random = drawn(model, [*values]), drawn(model, ["a", "b", "k"]), np.random.default_rng(2)

    def new() -> np.ndarray:
        return rows * random.uniform(0.999, 1.001)

    return [
        ("pulses, one run, moments met before", lambda: simulate(model, TIMES), 50, 1),
        ("pulses, one run, new moments", lambda: simulate(model, TIMES, parameters=new()[0]), 20, 1),
        ("pulses, a member, moments of all", lambda: simulate_ensemble(model, TIMES, same, workers=1), 1, MEMBERS),
        ("pulses, a member, its own moments", lambda: simulate_ensemble(model, TIMES, new(), workers=1), 1, MEMBERS),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    folder = cache_directory() / "benchmarks" / "files"
    folder.mkdir(parents=True, exist_ok=True)
    entries = [*experiment(folder / "experiment.xml"), *pulses()]
    for _, call, _, _ in entries:
        call()
    found = [[seconds(call, calls) / count for _, call, calls, count in entries] for _ in range(options.rounds)]
    print("| what | time | quartiles |\n|---|---|---|")
    for (name, *_), column in zip(entries, 1e6 * np.array(found).T, strict=True):
        low, middle, high = np.quantile(column, (0.25, 0.5, 0.75))
        print(f"| {name} | {middle:.0f} us | {low:.0f} - {high:.0f} us |")


if __name__ == "__main__":
    main()
