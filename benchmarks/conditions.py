"""`python -m benchmarks.conditions`: what events and switches in time cost, beside doses and libRoadRunner.

The exported main experiment (its dose is an event) is read back and run as it is, and without the event but with the
same dose as an intervention; a cascade driven by two pulses is run with moments met before, and with new ones; events
that depend on the course (a dose below a threshold, a ball that bounces, a cell that divides) and switches that come
again and again (doses and a feed by floor). Asked in turn; processor time, medians over rounds, a member out of 200
with parameters of their own.
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
from pathway.equations import Event, Model
from pathway.expressions import parse
from pathway.formats.sbml.export import sbml_text
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
    return [*entries, *_road_runner("experiment", str(path), float(TIMES[-1]), 3)]


def _dimensional(model: Model) -> list[str]:
    values = dict(zip(model.parameters, model.parameter_values, strict=True))
    return [name for name in model.parameters if model.units.get(name, "1") != "1" and values[name] > 0.0]


def _road_runner(what: str, sbml: str, end: float, calls: int) -> list[Entry]:
    """libRoadRunner's run of a file or text."""
    try:
        import roadrunner
    except ImportError:
        return []
    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_ERROR)
    runner = roadrunner.RoadRunner(sbml)
    for name, value in (("stiff", True), ("relative_tolerance", 1e-6), ("absolute_tolerance", 1e-9)):
        runner.integrator.setValue(name, value)

    def run() -> None:
        runner.reset()
        runner.simulate(0.0, end, len(TIMES))

    return [(f"{what}, libRoadRunner, one run", run, calls, 1)]


def pulses() -> list[Entry]:
    """A cascade of six species that two pulses drive."""
    feed = " + ".join(f"piecewise(a, time >= {t} and time < {t} + w, 0)" for t in ("t1", "t2"))
    rates = {"x0": f"b + {feed} - k*x0"}
    rates |= CASCADE
    values = {"a": 3.0, "b": 1.0, "k": 0.7, "t1": 10.0, "t2": 40.0, "w": 2.5}
    model = _model("pulses", rates, dict.fromkeys(rates, 1.0), values)
    rows, same, random = drawn(model, [*values]), drawn(model, ["a", "b", "k"]), np.random.default_rng(2)

    def new() -> np.ndarray:
        return rows * random.uniform(0.999, 1.001)

    return [
        ("pulses, one run, moments met before", lambda: simulate(model, TIMES), 50, 1),
        ("pulses, one run, new moments", lambda: simulate(model, TIMES, parameters=new()[0]), 20, 1),
        ("pulses, a member, moments of all", lambda: simulate_ensemble(model, TIMES, same, workers=1), 1, MEMBERS),
        ("pulses, a member, its own moments", lambda: simulate_ensemble(model, TIMES, new(), workers=1), 1, MEMBERS),
    ]


def _model(
    name: str, rates: dict[str, str], start: dict[str, float], values: dict[str, float], trigger: str = "", **new: str
) -> Model:
    """A model with one event at most, and the new values that it sets."""
    event = Event("event", parse(trigger), {name: parse(value) for name, value in new.items()}) if trigger else None
    return Model(
        name=name,
        species=tuple(start),
        parameters=tuple(values),
        parameter_values=np.array(list(values.values())),
        initial={name: parse(str(value)) for name, value in start.items()},
        rate_rules={name: parse(formula) for name, formula in rates.items()},
        events=() if event is None else (event,),
    )


CASCADE = {f"x{i}": f"k*x{i - 1} - k*x{i}*(1 + x{i})/(2 + x{i})" for i in range(1, 6)}
ABSORPTION = {"gut": "-ka*gut", "c": "ka*gut - ke*c - k12*c + k21*p", "p": "k12*c - k21*p"}
BODY = {"ka": 1.2, "ke": 0.3, "k12": 0.4, "k21": 0.2, "dose": 10.0}
CELL = {
    "m": "mu*m",
    "x": "m*(k1 + k2*x*x/(1 + x*x)) - k3*x - k4*y*x",
    "y": "k5*x^4/(1 + x^4)*(1 - y)/(j + 1 - y) - k6*y/(j + y)",
}
CELL_RATES = {"mu": 0.02, "k1": 0.05, "k2": 0.5, "k3": 0.2, "k4": 2.0, "k5": 0.5, "k6": 0.2, "j": 0.2}


def recurring() -> list[Entry]:
    """Events that depend on the course, and switches in time that come again and again."""
    empty, fed = {"gut": 0.0, "c": 0.0, "p": 0.0}, {"x0": "b + piecewise(a, time - t*floor(time/t) < w, 0) - k*x0"}
    models = (
        _model("dose below", ABSORPTION, {**empty, "gut": 10.0}, {**BODY, "low": 1.0}, "c < low", gut="gut + dose"),
        _model("ball", {"h": "v", "v": "-g"}, {"h": 5.0, "v": 0.0}, {"g": 0.07}, "h <= 0 and v < 0", v="-0.95*v"),
        _model("division", CELL, {"m": 1.0, "x": 0.1, "y": 0.1}, CELL_RATES, "m > 2", m="m/2", x="x/2"),
        _model("periodic doses", ABSORPTION, empty, {**BODY, "t": 24.0, "s": 1.0},
               "time - t*floor(time/t) >= s", gut="gut + dose"),
        _model("periodic feed", fed | CASCADE, {f"x{i}": 1.0 for i in range(6)},
               {"a": 3.0, "b": 1.0, "k": 0.7, "t": 24.0, "w": 2.5}),
    )  # fmt: skip
    return [entry for model in models for entry in _recurring(model)]


def _recurring(model: Model) -> list[Entry]:
    rows, random = drawn(model, [*model.parameters]), np.random.default_rng(2)

    def new() -> np.ndarray:
        return rows * random.uniform(0.999, 1.001)

    return [
        (f"{model.name}, one run", lambda: simulate(model, TIMES), 20, 1),
        (f"{model.name}, a member", lambda: simulate_ensemble(model, TIMES, new(), workers=1), 1, MEMBERS),
        *_road_runner(model.name, sbml_text(model), float(TIMES[-1]), 10),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    folder = cache_directory() / "benchmarks" / "files"
    folder.mkdir(parents=True, exist_ok=True)
    entries = [*experiment(folder / "experiment.xml"), *pulses(), *recurring()]
    for _, call, _, _ in entries:
        call()
    found = [[seconds(call, calls) / count for _, call, calls, count in entries] for _ in range(options.rounds)]
    print("| what | time | quartiles |\n|---|---|---|")
    for (name, *_), column in zip(entries, 1e6 * np.array(found).T, strict=True):
        low, middle, high = np.quantile(column, (0.25, 0.5, 0.75))
        print(f"| {name} | {middle:.0f} us | {low:.0f} - {high:.0f} us |")


if __name__ == "__main__":
    main()
