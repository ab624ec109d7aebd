"""A million members of the circuit onto disk: how fast, and in how much memory."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import numpy as np

from pathway.simulation import simulate_to_file

from .problems import SPREAD, Problem

OBSERVED = ("miR21_free", "PTEN", "pAKT", "p27", "cell_number")
OUTPUTS = 8
RELATIVE = 3e-5


def run_million(problem: Problem, folder: Path, count: int) -> str:
    """Run members with drawn parameters, write the observables at some times, and say how it went."""
    model, times = problem.model, np.linspace(0.0, 240.0, OUTPUTS + 1)[1:]
    columns = [model.parameter_index(name) for name in problem.varied]

    def parameters(first: int, last: int) -> np.ndarray:
        drawn = np.repeat(model.parameter_values[None], last - first, axis=0)
        random = np.random.default_rng([20240521, first])
        drawn[:, columns] *= np.exp(SPREAD * random.standard_normal((last - first, len(columns))))
        return drawn

    def progress(done: int, of: int) -> None:
        print(f"  {done:,} of {of:,}, {_gigabytes():.2f} GiB", end="\r", file=sys.stderr)

    path = folder / "million.nc"
    run = simulate_to_file(
        model,
        times,
        parameters,
        path,
        n_members=count,
        observables=OBSERVED,
        progress=progress,
        relative_tolerance=3e-5,
    )
    size = path.stat().st_size / 2**30
    path.unlink()
    return (
        f"{count:,} members of {problem.name}, {len(OBSERVED)} observables at {OUTPUTS} times, tolerance {RELATIVE:g}: "
        f"{run.seconds:.0f} s, {run.rate:,.0f} members/s, {len(run.failures)} failed, "
        f"at most {_gigabytes():.2f} GiB of memory, file of {size:.2f} GiB."
    )


def _gigabytes() -> float:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
