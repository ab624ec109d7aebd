"""Starts at the best value known per processor hour: this search, its trust region alone, and fides, in one run.

    python -m benchmarks.multi_starts [NAME ...] [--seconds 20] [--seed 1] [--out benchmarks/SEARCH]

Problems are those of `benchmarks.searches`, whose truth is known, and those of the PEtab collection that
PETAB_BENCHMARKS names. All three begin at the same points and are asked in turn: the next start is of whoever has spent
the least. fides (extra `bench`) minimizes `pathway.load_problem(...).objective` with its Fisher matrix, at the
tolerance that the search has before its end; `trust region` minimizes the same numbers with our own local optimizer.
OUT.json keeps every start, problem by problem, so that others can be added; OUT.md is the table.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy import special, stats

from pathway.fitting.estimation_problem import EstimationProblem
from pathway.fitting.objective import Objective
from pathway.fitting.problem import Problem
from pathway.fitting.search.one_start import earlier_starts, run_start
from pathway.fitting.search.options import SearchOptions
from pathway.fitting.search.result import StartResult
from pathway.fitting.search.starting_points import starting_points
from pathway.fitting.search.trust_region import minimize
from pathway.formats.petab import read_petab
from tests.conformance import benchmarks

from .searches import PROBLEMS, REACHED, beside_truth

OWN, LOCAL, FIDES = "pathway", "trust region", "fides"
MOST = 1024
"""Starts of each, at most."""

LEFT_OUT = ("Chen_MSB2009",)
"""Searched for hours, not seconds."""

LEVEL = 0.9
INTRODUCTION = f"""\
# Starts at the best value known, per processor hour

`python -m benchmarks.multi_starts`, {{date}}: from the same points, asked in turn, {{budget}} s of processor time for
each. `pathway` is the search of `pathway.fit`, of which a start is many descents and crossings; `trust region` its
local optimizer alone, one descent a start; `fides` one descent a start with the same objective, gradient and Fisher
matrix. A start has reached the best value known (of all ends, of runs before, too, and the optimum next to the truth or
to the published values) within {REACHED:g}. Ratio: of the rates of pathway and fides, with the exact {LEVEL:.0%}
interval for Poisson counts. The first problems have data drawn from a known truth, those with a year in their name are
published. Starts of pathway are cheaper the more came before (they end at a value that earlier ones confirmed): short
budgets count the expensive first ones most.
"""


def problems() -> dict[str, Callable[[], Problem]]:
    """Every problem by name."""
    named: dict[str, Callable[[], Problem]] = {make.__name__: make for make in PROBLEMS}
    folder = Path(os.environ.get(benchmarks.VARIABLE, ""))
    for case in benchmarks.cases(folder) if folder.is_dir() and benchmarks.VARIABLE in os.environ else ():
        if case.name not in LEFT_OUT:
            named[case.name] = partial(read_petab, benchmarks.problem_file(case))
    return named


# One start of each


def fides_start(problem: EstimationProblem, point: np.ndarray) -> float:
    """Where fides ends, with its usual options; inf where it gives up."""
    import fides

    # It takes no start on a bound.
    margin = 1e-6 * (problem.upper - problem.lower)
    optimizer = fides.Optimizer(
        lambda theta: problem.objective(theta, fisher=True), problem.upper, problem.lower, logging.CRITICAL
    )
    try:
        optimizer.minimize(np.clip(point, problem.lower + margin, problem.upper - margin))
    except (RuntimeError, ValueError, np.linalg.LinAlgError):
        pass  # the best point until then counts
    return math.inf if optimizer.x_min is None else problem.value(optimizer.x_min)


def local_start(objective: Objective, point: np.ndarray, tolerance: float) -> float:
    """Where the trust region ends from the same point, over the same parameters."""
    with objective.loosened(tolerance):
        end = minimize(objective, objective.value, point, objective.problem.bounds)
    return objective.value(end.x) if math.isfinite(end.value) else math.inf


def measure(problem: Problem, seconds: float, seed: int) -> dict[str, Any]:
    """[value, processor seconds] of every start of each (no value: it failed), and the best known without them."""
    plan = SearchOptions(starts=MOST, seed=seed)
    points, objective = starting_points(problem, plan), Objective(problem)
    peer = EstimationProblem(problem, plan.loose_tolerance)
    finished: dict[int, StartResult] = {}

    def own(k: int) -> float:
        finished[k] = run_start(objective, plan, k, points[k], earlier_starts(k, finished))
        return finished[k].objective

    searches: dict[str, Callable[[int], float]] = {
        OWN: own,
        LOCAL: lambda k: local_start(objective, points[k, 0], plan.loose_tolerance),
        FIDES: lambda k: fides_start(peer, points[k, 0]),
    }
    known = beside_truth(problem)  # what is compiled once is compiled here
    peer.objective(points[0, 0], fisher=True)
    starts: dict[str, list[list[float | None]]] = {name: [] for name in searches}
    spent = dict.fromkeys(searches, 0.0)
    while open_ := [name for name in searches if spent[name] < seconds and len(starts[name]) < MOST]:
        name = min(open_, key=spent.__getitem__)
        began = time.process_time()
        value = searches[name](len(starts[name]))
        took = time.process_time() - began
        spent[name] += took
        starts[name].append([round(value, 4) if math.isfinite(value) else None, round(took, 4)])
    return {"parameters": len(problem.names), "known": known, "budget": seconds, "seed": seed, "starts": starts}


# The table


def ratio_interval(counts: tuple[int, int], spent: tuple[float, float]) -> tuple[float, float]:
    """Exact interval for the ratio of two rates of events, by their counts and the times they were counted in.

    Notes
    -----
    Given the sum of both counts the first is binomial: Clopper & Pearson 1934, doi 10.1093/biomet/26.4.404.
    """
    one, other = counts
    tail = 0.5 * (1.0 - LEVEL)
    low = stats.beta.ppf(tail, one, other + 1) if one else 0.0
    high = stats.beta.ppf(1.0 - tail, one + 1, other) if other else 1.0
    odds = (share / (1.0 - share) if share < 1.0 else math.inf for share in (low, high))
    low, high = (odd * spent[1] / spent[0] for odd in odds)
    return float(low), float(high)


def pooled_ratio(counts: Sequence[tuple[int, int]], spent: Sequence[tuple[float, float]]) -> tuple[float, float, float]:
    """Geometric mean of the ratios of two rates over several problems, and its interval.

    Notes
    -----
    Logarithms of gamma distributed rates (Jeffreys' prior for Poisson counts), whose mean is taken for normal.
    """
    events, times = np.array(counts) + 0.5, np.array(spent)
    logarithms = special.digamma(events) - np.log(times)
    middle = float(np.mean(logarithms[:, 0] - logarithms[:, 1]))
    spread = math.sqrt(float(special.polygamma(1, events).sum())) / len(events)
    reach = float(stats.norm.ppf(0.5 + 0.5 * LEVEL)) * spread
    return math.exp(middle), math.exp(middle - reach), math.exp(middle + reach)


@dataclass(frozen=True)
class Tally:
    """What the starts of each search of one problem came to.

    Attributes
    ----------
    known : float
        The best value known.
    reached, starts : dict
        How many starts ended there, and how many there were.
    spent : dict
        Processor seconds of all of them.
    """

    known: float
    reached: dict[str, int]
    starts: dict[str, int]
    spent: dict[str, float]

    @classmethod
    def of(cls, result: Mapping[str, Any]) -> Tally:
        starts: Mapping[str, Sequence[tuple[float | None, float]]] = result["starts"]
        values = {search: [value for value, _ in own if value is not None] for search, own in starts.items()}
        known = min([result["known"], *(value for own in values.values() for value in own)])
        return cls(
            known,
            {search: sum(value <= known + REACHED for value in own) for search, own in values.items()},
            {search: len(own) for search, own in starts.items()},
            {search: sum(seconds for _, seconds in own) for search, own in starts.items()},
        )

    def rate(self, search: str) -> float:
        """Starts at the best value known, per processor hour."""
        return 3600.0 * self.reached[search] / self.spent[search]

    @property
    def pair(self) -> tuple[tuple[int, int], tuple[float, float]]:
        """Counts and seconds of our search and of fides."""
        return (self.reached[OWN], self.reached[FIDES]), (self.spent[OWN], self.spent[FIDES])


def row(name: str, result: Mapping[str, Any]) -> list[str]:
    """One problem."""
    tally = Tally.of(result)
    rates = [
        f"{tally.reached[search]} of {tally.starts[search]}: {tally.rate(search):.3g}" for search in (OWN, LOCAL, FIDES)
    ]
    low, high = ratio_interval(*tally.pair)
    ratio = f"{tally.rate(OWN) / tally.rate(FIDES):.2g}" if tally.reached[FIDES] else "-"
    return [name, str(result["parameters"]), f"{tally.known:.2f}", *rates, ratio, f"{low:.2g} to {high:.2g}"]


def together(results: Mapping[str, Mapping[str, Any]]) -> str:
    """All problems on which fides found the best value, in some sentences."""
    tallies = {name: Tally.of(result) for name, result in results.items()}
    pairs = {name: tally.pair for name, tally in tallies.items() if tally.reached[FIDES]}
    if not pairs:
        return "fides found the best value of none of them."
    ratio, low, high = pooled_ratio(*zip(*pairs.values(), strict=True))
    missed = [name for name in pairs if tallies[name].rate(OWN) < 2.0 * tallies[name].rate(FIDES)]
    slower = [name for name, pair in pairs.items() if ratio_interval(*pair)[1] < 1.0]
    nowhere = [name for name, tally in tallies.items() if not tally.reached[OWN]]
    return (
        f"fides found the best value of {len(pairs)} of these {len(results)} problems. Over them the geometric mean of "
        f"the ratios is {ratio:.2g} ({LEVEL:.0%}: {low:.2g} to {high:.2g}). Less than twice as fast: "
        f"{_listed(missed)}; slower beyond doubt (the interval ends below 1): {_listed(slower)}. Not found by pathway: "
        f"{_listed(nowhere)}."
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


HEAD = (
    *("problem", "parameters", "best known"),
    *(f"{search}: starts, per hour" for search in (OWN, LOCAL, FIDES)),
    *("ratio", f"{LEVEL:.0%}"),
)


def page(results: Mapping[str, Mapping[str, Any]], date: str) -> str:
    """The table with what it says."""
    lines = ["| " + " | ".join(cells) + " |" for cells in (HEAD, ["---"] * len(HEAD))]
    lines += ["| " + " | ".join(row(name, result)) + " |" for name, result in results.items()]
    budget = " or ".join(f"{budget:g}" for budget in sorted({result["budget"] for result in results.values()}))
    return INTRODUCTION.format(date=date, budget=budget) + "\n" + "\n".join(lines) + f"\n\n{together(results)}\n"


def main() -> None:
    known = problems()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*known, []], default=[], metavar="NAME")
    parser.add_argument("--seconds", type=float, default=20.0, help="processor time of each search of each problem")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default=str(Path(__file__).with_name("SEARCH")))
    given = parser.parse_args()
    file = Path(f"{given.out}.json")
    results = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    for name in given.names or known:
        result = measure(known[name](), given.seconds, given.seed)
        if name in results:
            result["known"] = min(result["known"], Tally.of(results[name]).known)
        results[name] = result
        results = {name: results[name] for name in known if name in results}
        file.write_text(json.dumps(results, indent=None) + "\n", encoding="utf-8")
        Path(f"{given.out}.md").write_text(page(results, f"{datetime.now():%Y-%m-%d}"), encoding="utf-8")
        print("| " + " | ".join(row(name, results[name])) + " |", flush=True)


if __name__ == "__main__":
    main()
