"""Every problem of a PEtab benchmark collection in one table.

    python -m benchmarks.collection [NAME ...] [--folder DIR] [--seconds 60] [--seed 1] [--out benchmarks/COLLECTION]

The folder holds one folder for each problem; unless given it is the one that PETAB_BENCHMARKS names. Each problem has a
process of its own: from the start of Python to a first value (cold), the log-likelihood at the nominal parameters
beside the published one, the gradient against differences, then starts of the usual search, one after the other, until
`--seconds` of processor time are spent. OUT.json keeps what was measured, problem by problem, so that others can be
added; OUT.md is the table.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

REACHED = 0.1
"""So far above the best value known a start has reached it."""

PATIENCE = 20.0
"""A process is ended after this many times the seconds of its search, and what it has told by then counts."""

FEWEST_SECONDS = 1800.0
"""... but not before."""

INTRODUCTION = f"""\
# Problems of a PEtab benchmark collection

`python -m benchmarks.collection`: each problem in a process of its own. Cold is processor time from the start of Python
to a first value, kernels from the disk where they are kept; the gradient is off by its largest deviation from
differences of fourth order, over its largest entry. A start has reached the best value known (of its own search and the
nominal one) within {REACHED:g}. Objectives hold priors, likelihoods do not.
"""
HEAD = (
    "problem",
    "parameters",
    "cold [s]",
    "memory [MB]",
    "log-likelihood, nominal",
    "published",
    "gradient off by",
    "objective, nominal",
    "best found",
    "starts at the best known",
    "per processor hour",
)
FORMATS = {
    "parameters": "d",
    "cold": ".2g",
    "memory": ".0f",
    "likelihood": ".8g",
    "published": ".8g",
    "gradient": ".0e",
    "nominal": ".7g",
}
"""How the first columns after the name are written."""


def main() -> None:
    options = _options()
    if options.one is not None:
        measure(Path(options.one), options.seconds, options.seed)
        return
    from tests.conformance import benchmarks

    folder = options.folder or os.environ.get(benchmarks.VARIABLE, "")
    if not folder or not Path(folder).is_dir():
        sys.exit(f"no folder of problems: give --folder, or name it in {benchmarks.VARIABLE}")
    file = Path(f"{options.out}.json")
    results = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    for case in benchmarks.cases(Path(folder)):
        if options.names and case.name not in options.names:
            continue
        print(f"{case.name} ...", file=sys.stderr, flush=True)
        results[case.name] = measured_apart(case, options.seconds, options.seed)
        file.write_text(json.dumps(dict(sorted(results.items())), indent=1) + "\n", encoding="utf-8")
        Path(f"{options.out}.md").write_text(page(results), encoding="utf-8")
    print(page(results))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--folder")
    parser.add_argument("--seconds", type=float, default=60.0, help="processor time of the search of each problem")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default=str(Path(__file__).with_name("COLLECTION")))
    parser.add_argument("--one", help=argparse.SUPPRESS)
    return parser.parse_args()


def measured_apart(case: Path, seconds: float, seed: int) -> dict[str, Any]:
    """One problem in a process of its own; what it told before it ended, and why it ended early if it did."""
    command = [sys.executable, "-m", "benchmarks.collection", "--one", str(case)]
    command += ["--seconds", str(seconds), "--seed", str(seed)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=max(PATIENCE * seconds, FEWEST_SECONDS))
        told, ended = done.stdout, done.stderr.decode().strip().rpartition("\n")[2] if done.returncode else ""
    except subprocess.TimeoutExpired as late:
        told, ended = late.stdout or b"", "ended: it took too long"
    return collected(told.decode(), seconds, seed, ended)


def collected(told: str, seconds: float, seed: int, ended: str = "") -> dict[str, Any]:
    """The lines of a process, each a JSON object, as one; starts in a list."""
    result: dict[str, Any] = {"budget": seconds, "seed": seed, "starts": [], "ended": ended}
    for line in told.splitlines():
        fact = json.loads(line)
        if "start" in fact:
            result["starts"].append(fact["start"])
        else:
            result |= fact
    return result


def measure(case: Path, seconds: float, seed: int) -> None:
    """Tell one fact after the other, each on a line."""
    from pathway.fitting.estimation_problem import EstimationProblem
    from pathway.fitting.objective import Objective
    from pathway.fitting.search.one_start import earlier_starts, run_start
    from pathway.fitting.search.options import SearchOptions
    from pathway.fitting.search.result import StartResult
    from pathway.fitting.search.starting_points import starting_points
    from pathway.formats.petab import read_petab
    from tests.conformance import benchmarks

    problem = EstimationProblem(read_petab(benchmarks.problem_file(case)))
    value = problem.value(problem.nominal)
    tell(parameters=len(problem.names), cold=time.process_time(), nominal=value)
    tell(likelihood=problem.compare(problem.nominal).log_likelihood, published=benchmarks.REFERENCES.get(case.name))
    tell(gradient=benchmarks.gradient_error(case), memory=_memory())
    plan, objective = SearchOptions(starts=1000, seed=seed), Objective(problem.definition)
    points = starting_points(problem.definition, plan)
    began = time.process_time()
    finished: dict[int, StartResult] = {}
    for number in range(plan.starts):
        start = run_start(objective, plan, number, points[number], earlier_starts(number, finished))
        finished[number] = start
        tell(start=[start.objective if math.isfinite(start.objective) else None, start.seconds])
        if time.process_time() - began > seconds:
            break
    tell(memory=_memory())


def tell(**facts: Any) -> None:
    print(json.dumps(facts), flush=True)


def _memory() -> float:
    """Most memory that this process has had, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def page(results: Mapping[str, Mapping[str, Any]]) -> str:
    """The table with what it says."""
    lines = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    lines += ["| " + " | ".join(row(name, result)) + " |" for name, result in sorted(results.items())]
    budgets = " or ".join(f"{budget:g}" for budget in sorted({result["budget"] for result in results.values()}))
    return f"{INTRODUCTION}Searches had {budgets} s of processor time.\n\n" + "\n".join(lines) + "\n"


def row(name: str, result: Mapping[str, Any]) -> list[str]:
    """One problem."""
    values = [value for value, _ in result["starts"] if value is not None]
    known = [*values, *([result["nominal"]] if math.isfinite(result.get("nominal", math.inf)) else [])]
    spent = sum(seconds for _, seconds in result["starts"])
    reached = sum(value <= min(known) + REACHED for value in values) if known else 0
    hourly = f"{3600.0 * reached / spent:.3g}" if spent else "-"
    shares = f"{reached} of {len(result['starts'])}" if result["starts"] else result["ended"] or "none finished"
    return [
        name,
        *(_shown(result.get(key), form) for key, form in FORMATS.items()),
        _shown(min(values, default=None), ".7g"),
        shares,
        hourly,
    ]


def _shown(value: float | None, form: str) -> str:
    return "-" if value is None else f"{value:{form}}"


if __name__ == "__main__":
    main()
