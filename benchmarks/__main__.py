"""`python -m benchmarks`: measure, print the tables, write them to benchmarks/RESULTS.md."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import time
from pathlib import Path

import numpy as np

from pathway.kernels import cache_directory

from . import blocks, peers, problems, table
from .measure import Entry, Figure, compare, timed
from .million import run_million
from .reference import error, member_references, reference, sensitivity_reference
from .start import start_times

REFERENCED = 16
"""Members whose error is known; `--members` are timed."""


def main() -> None:
    options = _options()
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1]})
    results_file = Path(options.out).with_suffix(".json") if options.out else None
    done = blocks.read(results_file) if results_file and options.append else blocks.Measured()
    command = f"python -m benchmarks {shlex.join(sys.argv[1:])}"
    files = cache_directory() / "benchmarks" / "files"
    for name in options.problems:
        for part in options.parts:
            if part in _PARTS:
                print(f"{name}: {part}", file=sys.stderr)
                began = time.strftime("%Y-%m-%d %H:%M")
                done.add(_PARTS[part](problems.problem(name, files), options, cores), began, command)
    os.sched_setaffinity(0, cores)
    if "start" in options.parts:
        done.starts = start_times(problems.problem("Bachmann", files).sbml, 3 if options.quick else 5)
    if "million" in options.parts:
        done.million = run_million(problems.problem("bt474_resistant", files), files.parent, options.million)
    text = table.report(done)
    print(text)
    if results_file:
        Path(options.out).write_text(text, encoding="utf-8")
        blocks.write(results_file, done)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--problems", nargs="+", default=list(problems.NAMES), choices=problems.NAMES)
    parts = [*_PARTS, "start", "million"]
    parser.add_argument("--parts", nargs="+", default=parts, choices=parts)
    parser.add_argument("--tools", nargs="+", help="only these (pathway always takes part)")
    parser.add_argument("--members", type=int, default=200, help="timed for all tools")
    parser.add_argument("--many", type=int, default=4000, help="members for one core against all")
    parser.add_argument("--million", type=int, default=1_000_000, help="members that stream to a file")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.3, help="per tool and round")
    parser.add_argument("--quick", action="store_true", help="three short rounds, one target")
    parser.add_argument("--out", default="", help="file for the tables, e.g. benchmarks/RESULTS.md")
    parser.add_argument("--append", action="store_true", help="keep the blocks of that file that are not measured anew")
    parser.add_argument("--amici", default=peers.AMICI_PYTHON, help="the Python that has AMICI")
    options = parser.parse_args()
    peers.AMICI_PYTHON = options.amici
    options.targets = (1e-5, 1e-7)
    if options.quick:
        options.rounds, options.seconds, options.targets = 3, 0.05, (1e-5,)
    return options


def _adapters(problem: problems.Problem, scales: np.ndarray, options: argparse.Namespace) -> dict[str, object]:
    wanted = None if options.tools is None else ["pathway", *options.tools]
    adapters: dict[str, object] = {}
    for name, adapter in peers.available(wanted).items():
        if len(problem.model.species) > 200 and name in _SMALL_ONLY:
            continue
        try:
            adapters[name] = adapter(problem, scales)
        except Exception as failure:
            print(f"  {name} cannot run {problem.name}: {failure}", file=sys.stderr)
    return adapters


_SMALL_ONLY = ("numbalsoda", "scipy LSODA", "scipy BDF", "COPASI")
"""Programs that need minutes to compile, or to run, hundreds of species."""


def _single(problem: problems.Problem, options: argparse.Namespace, cores: list[int]) -> list[Figure]:
    truth = reference(problem)
    there, scales = peers.present(truth), peers.scales_of(problem, truth)
    entries = []
    for name, tool in _adapters(problem, scales, options).items():
        clock = timed(getattr(tool, "timed", tool.run))  # type: ignore[attr-defined]
        if isinstance(tool, peers.Amici):
            clock = lambda rtol, calls, tool=tool: tool.seconds(rtol, "run", calls)  # noqa: E731
        entries.append(Entry(name, lambda rtol, tool=tool: error(tool.run(rtol), truth, there), clock))
    return compare(problem.name, "one run", entries, options.targets, rounds=options.rounds, seconds=options.seconds)


def _ensemble(problem: problems.Problem, options: argparse.Namespace, cores: list[int]) -> list[Figure]:
    if len(problem.model.species) > 200:
        return []
    truths = member_references(problem, REFERENCED)
    there, scales = peers.present(truths[0]), peers.scales_of(problem, truths[0])
    few = problem.members(REFERENCED)
    many = np.concatenate([few, problem.members(options.members)[REFERENCED:]])
    entries = []
    for name, tool in _adapters(problem, scales, options).items():
        if not hasattr(tool, "members"):
            continue
        check = lambda rtol, tool=tool: error(tool.members(few, rtol), truths, there)  # noqa: E731
        entries.append(Entry(name, check, timed(lambda rtol, tool=tool: tool.members(many, rtol))))
    figures = compare(
        problem.name, "ensemble", entries, options.targets, rounds=options.rounds, seconds=options.seconds
    )
    return _per_member(figures, len(many))


def _per_member(figures: list[Figure], count: int) -> list[Figure]:
    for figure in figures:
        if figure.seconds is not None:
            figure.seconds /= count
            figure.quartiles = (figure.quartiles[0] / count, figure.quartiles[1] / count)
    return figures


def _cores(problem: problems.Problem, options: argparse.Namespace, cores: list[int]) -> list[Figure]:
    """pathway alone, on one core and on all of them."""
    if len(problem.model.species) > 200 or len(cores) < 2:
        return []
    truths = member_references(problem, REFERENCED)
    there, scales = peers.present(truths[0]), peers.scales_of(problem, truths[0])
    few, many = problem.members(REFERENCED), problem.members(options.many)
    tool = peers.Pathway(problem, scales)
    check = lambda rtol: error(tool.members(few, rtol), truths, there)  # noqa: E731
    entries = [
        Entry(f"pathway, {len(cores)} cores", check, _on_all(cores, tool, many)),
        Entry("pathway", check, timed(lambda rtol: tool.members(many, rtol), time.perf_counter)),
    ]
    figures = compare(
        problem.name, "cores", entries, options.targets[:1], rounds=options.rounds, seconds=options.seconds
    )
    return _per_member(figures, len(many))


def _on_all(cores: list[int], tool: peers.Pathway, many: np.ndarray):  # type: ignore[no-untyped-def]
    """Timing with the pin taken off."""
    inner = timed(lambda rtol: tool.members(many, rtol, workers=len(cores)), time.perf_counter)

    def measure(rtol: float, calls: int) -> list[float]:
        pinned = os.sched_getaffinity(0)
        os.sched_setaffinity(0, cores)
        try:
            return inner(rtol, calls)
        finally:
            os.sched_setaffinity(0, pinned)

    return measure


def _sensitivities(problem: problems.Problem, options: argparse.Namespace, cores: list[int]) -> list[Figure]:
    if len(problem.model.species) > 200:
        return []
    truth = reference(problem)
    there, scales = peers.present(truth), peers.scales_of(problem, truth)
    checked = problem.directions[:: max(1, len(problem.directions) // 6)][:6]
    slopes = sensitivity_reference(problem, checked)
    columns = [problem.directions.index(name) for name in checked]
    weights = np.abs(problem.model.parameter_values[[problem.model.parameter_index(n) for n in checked]])

    def wrong(computed: np.ndarray) -> float:
        """Deviation of p dy/dp over the species' largest value, or over the slope's own where that is larger."""
        own = np.abs(slopes).max(axis=0) * weights
        unit = np.maximum(own, scales[:, None])
        return float((np.abs(computed[:, :, columns] - slopes) * weights / unit)[:, there].max())

    entries = []
    for name, tool in _adapters(problem, scales, options).items():
        if not hasattr(tool, "sensitivities"):
            continue
        clock = timed(tool.sensitivities)
        if isinstance(tool, peers.Amici):
            clock = lambda rtol, calls, tool=tool: tool.seconds(rtol, "sensitivities", calls)  # noqa: E731
        entries.append(Entry(name, lambda rtol, tool=tool: wrong(tool.sensitivities(rtol)), clock))
    what = f"{len(problem.directions)} sensitivities"
    plain = peers.Pathway(problem, scales)
    plain_entry = Entry("pathway, without", lambda rtol: error(plain.run(rtol), truth, there), timed(plain.run))
    return compare(
        problem.name, what, [*entries, plain_entry], options.targets[:1], rounds=options.rounds, seconds=options.seconds
    )


_PARTS = {"single": _single, "ensemble": _ensemble, "cores": _cores, "sensitivities": _sensitivities}

if __name__ == "__main__":
    main()
