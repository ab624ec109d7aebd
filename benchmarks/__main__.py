"""Side by side with other simulators: `python -m benchmarks`; writes the page benchmarks/RESULTS.md with `--out`.

python -m benchmarks                                           everything at hand
python -m benchmarks --problems FILE.xml --until 100           any SBML file, or a PEtab problem (FILE.yaml)
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from pathway.kernels import cache_directory

from . import blocks, peers, problems, table
from .measure import Entry, Figure, Settings, compare, timed
from .million import run_million
from .overhead import overhead_rows
from .reference import check, error, member_references, method, reference, sensitivity_reference
from .start import start_times

FILES = cache_directory() / "benchmarks" / "files"
OTHER_PARTS = ("overhead", "start", "million")
REFERENCED = 16
"""Members whose error is known; `--members` are timed."""

SURE = 3.0
"""Targets less than this many times the reference's own deviation are left out."""


def main() -> None:
    options = _options()
    if options.one:
        _measure(options.one, options, blocks.Measured(), Path(options.out))
        return
    results_file = Path(options.out).with_suffix(".json") if options.out else None
    done = blocks.read(results_file) if results_file and options.append else blocks.Measured()
    done.versions = table.versions()
    with tempfile.TemporaryDirectory() as folder:
        for name in options.problems:
            done.take(_measured_apart(name, Path(folder) / "one.json"))
            if results_file:
                _keep(done, results_file)
    for part in OTHER_PARTS:
        if part in options.parts:
            done.blocks[part] = f"{part}: {_now()}, `{_command()}`"
    if "overhead" in options.parts:
        done.overhead = overhead_rows(FILES, options.rounds)
    if "start" in options.parts:
        done.starts = start_times(problems.problem("mass_action", FILES).sbml, 3 if options.quick else 5)
    if "million" in options.parts:
        done.million = run_million(problems.problem("bt474_resistant", FILES), FILES.parent, options.million)
    print(table.report(done))
    if results_file:
        _keep(done, results_file)


def _keep(done: blocks.Measured, results_file: Path) -> None:
    results_file.with_suffix(".md").write_text(table.report(done), encoding="utf-8")
    blocks.write(results_file, done)


def _now() -> str:
    return time.strftime("%Y-%m-%d %H:%M")


def _command() -> str:
    # Where a Python lies on this machine says nothing to a reader.
    words = [Path(word).name if Path(word).is_absolute() else word for word in sys.argv[1:]]
    return f"python -m benchmarks {shlex.join(words)}"


def _measured_apart(name: str, file: Path) -> blocks.Measured:
    """One problem in a process of its own, which a program that breaks down takes with it, and nothing else."""
    file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "benchmarks", *sys.argv[1:], "--one", name, "--out", str(file)]
    last = ""
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, errors="replace") as process:
        assert process.stderr is not None
        for line in process.stderr:
            print(line, end="", file=sys.stderr)
            last = line.strip() if line.startswith("  ") else last
    one = blocks.read(file)
    for block, text in one.blocks.items():
        one.blocks[block] = f"{text.partition('`')[0]}`{_command()}`"
    if process.returncode:
        facts = one.facts.setdefault(Path(name).stem, blocks.Facts(source=name))
        facts.refused = f"ended with code {process.returncode} after: {last or 'nothing'}"
    return one


def _measure(name: str, options: argparse.Namespace, done: blocks.Measured, file: Path) -> None:
    """All parts of one problem; what goes wrong is kept as the reason why there is nothing."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1]})
    facts = blocks.Facts(source=name)
    try:
        problem = problems.problem(name, FILES, options.until)
        name, model = problem.name, problem.model
        counts = len(model.species), len(problem.varied), len(model.events), problem.switches
        facts = blocks.Facts(problem.source, *counts, reference=method(problem))
        bench = Bench(problem, reference(problem), options, cores)
        facts.check, facts.deviation = check(problem, bench.truth, bench.tools)
        bench.targets = tuple(t for t in options.targets if t >= SURE * (facts.deviation or 0.0))
    except Exception as failure:  # a file of somebody else's: the table says why it has no rows
        facts.reference, facts.refused = "", _said(failure)
    done.facts[Path(name).stem] = facts
    blocks.write(file, done)
    for part in options.parts:
        if part in PARTS and not facts.refused:
            print(f"{name}: {part}", file=sys.stderr)
            began = _now()
            try:
                done.add(PARTS[part](bench), began, _command())
            except Exception as failure:
                done.add(
                    [Figure(name, part, "all", t, reason=_said(failure)) for t in bench.targets], began, _command()
                )
            blocks.write(file, done)


def _said(failure: Exception) -> str:
    """An error in the cell of a table."""
    text = str(failure) if isinstance(failure, peers.CannotRun) else f"{type(failure).__name__}: {failure}"
    return text[:200].replace("\n", " ").replace("|", "/")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    known = list(problems.known())
    parser.add_argument(
        "--problems", nargs="+", default=known, metavar="NAME", help=f"{', '.join(known)}, or files (.xml, .yaml)"
    )
    parser.add_argument("--until", type=float, help="how long an SBML file is run, in its own unit of time")
    parts = [*PARTS, *OTHER_PARTS]
    parser.add_argument("--parts", nargs="+", default=parts, choices=parts)
    parser.add_argument(
        "--tools", nargs="+", choices=list(peers.ADAPTERS), help="only these (pathway always takes part)"
    )
    parser.add_argument("--members", type=int, default=64, help="timed for all tools")
    parser.add_argument("--many", type=int, default=4000, help="members for one core against all")
    parser.add_argument("--million", type=int, default=1_000_000, help="members that stream to a file")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.1, help="per tool and round")
    parser.add_argument("--quick", action="store_true", help="six short rounds, one target")
    parser.add_argument("--out", default="", help="file for the page, e.g. benchmarks/RESULTS.md")
    parser.add_argument("--append", action="store_true", help="keep the blocks of that file that are not measured anew")
    parser.add_argument("--amici", default=peers.AMICI_PYTHON, help="the Python that has AMICI")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    peers.AMICI_PYTHON = options.amici
    options.targets = (1e-5, 1e-7)
    if options.quick:
        options.rounds, options.seconds, options.targets = 6, 0.03, (1e-5,)
    return options


class Bench:
    """A problem with its reference, the tools that can run it, and how to measure.

    Attributes
    ----------
    truth : array, shape (n_times, n_species)
    there : array of bool, shape (n_species,)
    scales : array, shape (n_species,)
    tools : dict of name to adapter
    refused : dict of name to str
        Why a tool cannot run it.
    targets : tuple of float
    """

    def __init__(
        self, problem: problems.Problem, truth: np.ndarray, options: argparse.Namespace, cores: list[int]
    ) -> None:
        self.problem, self.truth, self.options, self.cores = problem, truth, options, cores
        self.there, self.scales = peers.present(truth), peers.scales_of(problem, truth)
        self.targets: tuple[float, ...] = options.targets
        self.tools: dict[str, Any] = {}
        self.refused: dict[str, str] = {}
        for name, adapter in peers.available(options.tools).items():
            try:
                self.tools[name] = adapter(problem, self.scales)
            except Exception as failure:  # programs of all kinds
                self.refused[name] = _said(failure)

    def compare(self, what: str, entries: list[Entry], targets: tuple[float, ...], per: int = 1) -> list[Figure]:
        """Figures of the entries, and of the tools that cannot run the problem."""
        options = self.options
        figures = compare(
            self.problem.name, what, entries, targets, rounds=options.rounds, seconds=options.seconds, per=per
        )
        for name, reason in self.refused.items():
            figures += [Figure(self.problem.name, what, name, target, reason=reason) for target in targets]
        return figures

    def entries(self, what: str, wrong: Callable[[np.ndarray], float]) -> list[Entry]:
        """Every tool that has `what` ("run" or "sensitivities"), AMICI also by its solver's own time."""
        entries = []
        for name, tool in self.tools.items():
            if not hasattr(tool, what):
                continue
            call = getattr(tool, what)
            clocks = {name: timed(getattr(tool, "timed", call))}
            if isinstance(tool, peers.Amici):
                clocks = {
                    shown: lambda settings, calls, whose=whose, tool=tool: tool.seconds(settings, what, calls, whose)
                    for shown, whose in (("AMICI", "call"), ("AMICI, its solver alone", "solver"))
                }
            for shown, clock in clocks.items():
                check = lambda settings, call=call: wrong(call(settings))  # noqa: E731
                entries.append(Entry(shown, check, clock, tool.methods, tool.shares))
        return entries


def _single(bench: Bench) -> list[Figure]:
    entries = bench.entries("run", lambda values: error(values, bench.truth, bench.there))
    return bench.compare("one run", entries, bench.targets)


def _ensemble(bench: Bench) -> list[Figure]:
    problem, size = bench.problem, bench.options.members
    if problem.large or not problem.varied:
        return []
    truths, few = member_references(problem, REFERENCED), problem.members(REFERENCED)
    many = np.concatenate([few, problem.members(size)[REFERENCED:]])
    entries = []
    for name, tool in bench.tools.items():
        if hasattr(tool, "members"):
            wrong = lambda settings, tool=tool: error(tool.members(few, settings), truths, bench.there)  # noqa: E731
            call = getattr(tool, "timed_members", tool.members)
            clock = timed(lambda settings, call=call: call(many, settings))
            entries.append(Entry(name, wrong, clock, tool.methods, tool.shares))
    return bench.compare("ensemble", entries, bench.targets[:1], per=len(many))


def _cores(bench: Bench) -> list[Figure]:
    """pathway alone, on one core and on all of them."""
    problem, cores = bench.problem, bench.cores
    if problem.large or not problem.varied or len(cores) < 2:
        return []
    truths, few = member_references(problem, REFERENCED), problem.members(REFERENCED)
    many, tool = problem.members(bench.options.many), peers.Pathway(problem, bench.scales)
    wrong = lambda settings: error(tool.members(few, settings), truths, bench.there)  # noqa: E731
    clock = timed(lambda settings: tool.members(many, settings), time.perf_counter)
    entries = [
        Entry(f"pathway, {len(cores)} cores", wrong, _on_all(cores, tool, many), shares=(None,)),
        Entry("pathway", wrong, clock, shares=(None,)),
    ]
    return bench.compare("cores", entries, bench.targets[:1], per=len(many))


def _on_all(cores: list[int], tool: peers.Pathway, many: np.ndarray) -> Callable[[Settings, int], list[float]]:
    """Timing with the pin taken off."""
    inner = timed(lambda settings: tool.members(many, settings, workers=len(cores)), time.perf_counter)

    def measure(settings: Settings, calls: int) -> list[float]:
        pinned = os.sched_getaffinity(0)
        os.sched_setaffinity(0, cores)
        try:
            return inner(settings, calls)
        finally:
            os.sched_setaffinity(0, pinned)

    return measure


def _sensitivities(bench: Bench) -> list[Figure]:
    """Where another tool has them too."""
    problem = bench.problem
    if problem.large or problem.model.events or "AMICI" not in bench.tools or not problem.directions:
        return []
    checked = problem.directions[:: max(1, len(problem.directions) // 6)][:6]
    slopes = sensitivity_reference(problem, checked)
    columns = [problem.directions.index(name) for name in checked]
    weights = np.abs(problem.model.parameter_values[[problem.model.parameter_index(n) for n in checked]])

    def wrong(computed: np.ndarray) -> float:
        """Deviation of p dy/dp over the species' largest value, or over the slope's own where that is larger."""
        own = np.abs(slopes).max(axis=0) * weights
        unit = np.maximum(own, bench.scales[:, None])
        return float((np.abs(computed[:, :, columns] - slopes) * weights / unit)[:, bench.there].max())

    plain = peers.Pathway(problem, bench.scales)
    without = Entry(
        "pathway, without",
        lambda settings: error(plain.run(settings), bench.truth, bench.there),
        timed(plain.run),
        plain.methods,
        plain.shares,
    )
    what = f"{len(problem.directions)} sensitivities"
    return bench.compare(what, [*bench.entries("sensitivities", wrong), without], bench.targets[:1])


PARTS: dict[str, Callable[[Bench], list[Figure]]] = {
    "single": _single,
    "ensemble": _ensemble,
    "cores": _cores,
    "sensitivities": _sensitivities,
}

if __name__ == "__main__":
    main()
