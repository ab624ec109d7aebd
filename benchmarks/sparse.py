"""`python -m benchmarks.sparse`: random networks of mass action with 100 to 2,000 species, beside libRoadRunner.

A network has two reactions a species, every second one a binding of two species, the others conversions, between
species drawn at random: there is no structure that an order of elimination could use, so the factors fill in. First is
a run of a new model with an empty cache, everything compiled; run is a repeated one. Processor time, medians over
rounds; errors are on the scale of the largest amount, against a run at a relative tolerance of 1e-11.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from statistics import median

import numpy as np

from pathway.equations import Model
from pathway.expressions import Expression, number, symbol
from pathway.formats.sbml.export import sbml_text
from pathway.kernels.derivation import Derivation
from pathway.simulation import simulate

SEED = 20240521
TIMES = np.linspace(0.0, 10.0, 11)
RELATIVE = 1e-6


def network(size: int, seed: int = SEED) -> Model:
    """A random network; the same for the same size and seed."""
    random = np.random.default_rng([seed, size])
    species = tuple(f"s{k}" for k in range(size))
    constants = tuple(f"k{k}" for k in range(2 * size))
    values = 10.0 ** random.uniform(-2.0, 1.0, 2 * size)
    rates = dict[str, Expression]()
    changes = {name: dict[str, Expression]() for name in species}
    for k, constant in enumerate(constants):
        a, b, c = (species[i] for i in random.choice(size, 3, replace=False))
        binds = k % 2 == 0
        rates[f"r{k}"] = symbol(constant) * symbol(a) * symbol(b) if binds else symbol(constant) * symbol(a)
        for name, change in {a: -1.0, b: -1.0, c: 1.0}.items() if binds else {a: -1.0, b: 1.0}.items():
            changes[name][f"r{k}"] = number(change)
    return Model(
        name=f"random network of {size}",
        species=species,
        parameters=constants,
        parameter_values=values,
        initial={name: number(float(v)) for name, v in zip(species, random.uniform(0.0, 2.0, size), strict=True)},
        rates=rates,
        stoichiometry=changes,
    )


def seconds(call: Callable[[], object]) -> float:
    began = time.process_time()
    call()
    return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 200, 500, 1000, 2000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--alone", action="store_true", help="without libRoadRunner")
    options = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PATHWAY_CACHE_DIR"] = folder
        simulate(network(20), TIMES)  # modules and loops are there
        print("| species | entries of LU | full block | multiply-adds | steps | first [s] | run [s] | error |")
        print("|---|---|---|---|---|---|---|---|")
        for size in options.sizes:
            measure(size, options.rounds, options.alone)


def measure(size: int, rounds: int, alone: bool) -> None:
    """Print the row of a size, and below it that of libRoadRunner."""
    model = network(size)
    first = seconds(lambda: simulate(model, TIMES, relative_tolerance=RELATIVE))
    exact = simulate(model, TIMES, relative_tolerance=1e-11).values
    peer = None if alone else _road_runner(model)
    own, others = list[float](), list[float]()
    for _ in range(rounds):
        own.append(seconds(lambda: simulate(model, TIMES, relative_tolerance=RELATIVE)))
        if peer is not None:
            others.append(seconds(peer[1]))
    run = simulate(model, TIMES, relative_tolerance=RELATIVE)
    order = Derivation(model).elimination
    head = f"{size:,} | {order.entries:,} | {order.full} | {order.operations:,} | {run.statistics.steps}"
    print(f"| {head} | {first:.2f} | {median(own):.4f} | {_error(run.values, exact):.1e} |", flush=True)
    if peer is not None:
        found = _error(peer[1]()[:, 1:], exact)
        print(f"| libRoadRunner | | | | | {peer[0]:.2f} | {median(others):.4f} | {found:.1e} |", flush=True)


def _error(values: np.ndarray, exact: np.ndarray) -> float:
    return float(np.abs(values - exact).max() / np.abs(exact).max())


def _road_runner(model: Model) -> tuple[float, Callable[[], np.ndarray]] | None:
    """How long its first run takes, and a repeated one; None without it."""
    try:
        import roadrunner
    except ImportError:
        return None
    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_ERROR)
    text, began = sbml_text(model), time.process_time()
    runner = roadrunner.RoadRunner(text)
    floating = set(runner.model.getFloatingSpeciesIds())
    runner.timeCourseSelections = ["time", *(f"[{n}]" if n in floating else n for n in model.species)]
    for name, value in (("stiff", True), ("relative_tolerance", RELATIVE), ("absolute_tolerance", 1e-3 * RELATIVE)):
        runner.integrator.setValue(name, value)

    def run() -> np.ndarray:
        runner.reset()
        return np.array(runner.simulate(0.0, float(TIMES[-1]), len(TIMES)))

    run()
    return time.process_time() - began, run


if __name__ == "__main__":
    main()
