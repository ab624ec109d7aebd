"""`python -m benchmarks.gradients [NAME ...]`: the price of a gradient, in values.

Problems of many conditions, made for the purpose, and those of a PEtab collection that are named: processor time of a
value, of value and gradient with the Fisher matrix (forward), and without it, each asked for at points around the
nominal one, in turn; medians over rounds. Beside them the share of the last that is spent in compiled loops.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from pathway.fitting.objective import Objective
from pathway.fitting.problem import Problem
from pathway.formats.petab import read_petab
from pathway.simulation.solvers.loops import CompiledLoop

from .searches import doses, normal, problem_of

AMOUNTS = tuple(0.05 * 1.08**k for k in range(60))

CASCADE = {
    "receptor": "on * (dose + base) * (1 - receptor) - off * receptor - inhibit * receptor * inhibitor",
    "mek": "k_mek * receptor * (1 - mek) - v_mek * mek / (K_mek + mek)",
    "erk": "k_erk * mek * (1 - erk) - v_erk * erk / (K_erk + erk)",
    "inhibitor": "make * erk - lose * inhibitor",
}
RATES = {
    **{"on": 0.3, "base": 0.01, "off": 0.05, "inhibit": 2.0, "k_mek": 1.5, "v_mek": 0.3, "K_mek": 0.2},
    **{"k_erk": 2.0, "v_erk": 0.4, "K_erk": 0.3, "make": 0.1, "lose": 0.04},
}
SEEN = {"mek_seen": normal("120 * mek", "3"), "erk_seen": normal("35 * erk", "1")}
TIMES = (0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 60.0)


def cascade() -> Problem:
    """A cascade with feedback under 60 doses."""
    return problem_of("60 doses", CASCADE, {}, RATES, doses("dose", *AMOUNTS), SEEN, TIMES, inputs={"dose": 0.0})


def rested() -> Problem:
    """The same from 60 steady states."""
    moments = {
        f"dose_{amount:g}": [(-math.inf, {"lose": f"lose * {1.0 + 0.01 * k}"}), (0.0, {"dose": f"{amount!r}"})]
        for k, amount in enumerate(AMOUNTS)
    }
    return problem_of(
        "60 doses, each from its own rest", CASCADE, {}, RATES, moments, SEEN, TIMES, inputs={"dose": 0.0}
    )


def estimated() -> Problem:
    """The same with each dose to be estimated."""
    names = [f"dose{k}" for k in range(len(AMOUNTS))]
    moments = {name: [(0.0, {"dose": name})] for name in names}
    truth = RATES | dict(zip(names, AMOUNTS, strict=True))
    return problem_of("60 doses, each estimated", CASCADE, {}, truth, moments, SEEN, TIMES, inputs={"dose": 0.0})


def chain() -> Problem:
    """Forty species in a row, a rate constant each, under 60 doses."""
    rates = {"x0": "dose - k0 * x0"}
    rates |= {f"x{i}": f"k{i - 1} * x{i - 1} - k{i} * x{i} * (1 + x{i}) / (2 + x{i})" for i in range(1, 40)}
    truth = {f"k{i}": 0.5 + 0.02 * i for i in range(40)}
    seen = {f"seen{i}": normal(f"x{i}", "0.1") for i in range(0, 40, 5)}
    times = (1.0, 2.0, 5.0, 10.0, 20.0, 40.0)
    start = dict.fromkeys(rates, "0.1")
    return problem_of("60 doses, 40 species", rates, start, truth, doses("dose", *AMOUNTS), seen, times, {"dose": 0.0})


@contextmanager
def compiled_time() -> Iterator[list[float]]:
    """Inside, the first entry of the list grows by the processor time of every compiled loop."""
    spent, call = [0.0], CompiledLoop.__call__

    def timed(loop: CompiledLoop, *addresses: int) -> None:
        began = time.thread_time()
        call(loop, *addresses)
        spent[0] += time.thread_time() - began

    CompiledLoop.__call__ = timed  # type: ignore[method-assign]
    try:
        yield spent
    finally:
        CompiledLoop.__call__ = call  # type: ignore[method-assign]


def burst(ask: Callable[[np.ndarray], object], points: np.ndarray, seconds: float = 0.1) -> float:
    """Processor time of a call, asked again and again for some time."""
    began, calls = time.process_time(), 0
    while calls < 2 or time.process_time() - began < seconds:
        ask(points[calls % len(points)])
        calls += 1
    return (time.process_time() - began) / calls


def row(problem: Problem, rounds: int) -> str:
    """A problem's row of the table."""
    objective = Objective(problem)
    centre = np.clip(problem.to_scale(problem.nominal), *problem.bounds)
    points = centre + 1e-3 * np.random.default_rng(0).standard_normal((200, len(centre)))
    asked = objective.value, objective, objective.slope
    for ask in asked:
        ask(centre)
    found = np.median([[burst(ask, points) for ask in asked] for _ in range(rounds)], axis=0)
    with compiled_time() as spent:
        began = time.thread_time()
        for point in points[:20]:
            objective.slope(point)
        share = spent[0] / (time.thread_time() - began)
    value, fisher, plain = 1e3 * found
    cells = f"{problem.name} | {len(centre)} | {len(objective.runner.plan.runs)} | {value:.2f}"
    return f"| {cells} | {fisher / value:.1f} | {plain / value:.1f} | {share:.0%} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="problems of the folder in PETAB_BENCHMARKS")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    folder = Path(os.environ.get("PETAB_BENCHMARKS", "."))
    files = [file for name in options.names for file in sorted(folder.glob(f"*{name}*/*.yaml"))[:1]]
    if len(files) < len(options.names):
        parser.error(f"not every one of {', '.join(options.names)} is a problem of {folder} (PETAB_BENCHMARKS)")
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    print("| problem | parameters | runs | value [ms] | with Fisher matrix [values] | gradient [values] | compiled |")
    print("|---|---|---|---|---|---|---|")
    for make in (cascade, rested, estimated, chain):
        print(row(make(), options.rounds), flush=True)
    for file in files:
        print(row(read_petab(file), options.rounds), flush=True)


if __name__ == "__main__":
    main()
