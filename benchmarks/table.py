"""Figures as one page of Markdown: first who is faster, then everything it stands on."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pathway

from .blocks import Facts, Measured
from .measure import Figure, ratio_of_rounds

PACKAGES = ("numpy", "scipy", "llvmlite", "numba", "libroadrunner", "numbalsoda", "copasi-basico", "python-copasi")
OWN = "pathway"
_KINDS = {"one run": "One run, warm", "ensemble": "Ensemble, per member", "cores": "One core and all, per member"}
_SUMMED = ("one run", "ensemble")

METHOD = """\
Every tool runs at the loosest relative tolerance, and the absolute tolerance and method that are cheapest there, whose
error is at most the target. Error: the largest deviation of any species at any of 102 moments from the reference, over
the species' largest value. Absolute tolerances are scanned from 1e-5 to 100 times the relative one, in units of each
species' largest value (of a low one among the species, where a program takes one number for all), for the peers as for
pathway, whose default takes part. Tools are asked in turn on one pinned core; times are medians over rounds, in seconds
of the processor (one core against all: by the clock). Peers get their own fast interface: no data frames, no set-up
inside, and of COPASI its task alone, without reading what came of it.
"""

RATIOS = """\
Time of pathway, then the fastest other program and its time over pathway's: the median over rounds of the ratio within
a round, in brackets an interval of 95 %. Below 1 the other program is faster (**bold**).
"""

PROBLEMS = """\
Every PEtab problem of the folder that PETAB_BENCHMARKS names, at its nominal parameters, under the condition with most
measurements in which anything moves, without preequilibration; small models; the circuit. Members of ensembles draw
their parameters around these (log-normal, sigma 0.3), the same for all tools. References are never made by pathway's
step loops: SciPy at 1e-12 over the equations written anew (more than 200 species: over pathway's kernel of them), where
there are events libRoadRunner at 1e-12 over the file. Check: the other program (libRoadRunner or COPASI, over the file)
that comes closest to the reference, and its deviation. Targets less than three times that are left out.
"""


def report(measured: Measured) -> str:
    """The whole page, with what it was measured on."""
    lines = ["# Benchmarks", "", f"Written by `python -m benchmarks`. {' '.join(measured.versions)}", ""]
    lines += [
        *METHOD.splitlines(),
        "",
        "## Summary",
        "",
        *RATIOS.splitlines(),
        "",
        *summary(measured),
        "",
        verdict(measured),
    ]
    lines += ["", "## Problems", "", *PROBLEMS.splitlines(), "", *_facts(measured.facts)]
    for what in dict.fromkeys([*_KINDS.values(), "With sensitivities"]):
        some = [f for f in measured.figures if _kind(f) == what]
        if some:
            lines += ["", f"## {what}", "", *_table(some)]
    lines += _cannot(measured.figures)
    if measured.earlier:
        lines += ["", "## Measured earlier", "", measured.earlier_note, "", *_table(measured.earlier, whole=True)]
    if measured.overhead:
        lines += ["", "## Around the loop", "", *overhead(measured)]
    if measured.starts:
        lines += ["", "## Start-up", "", *starts(measured)]
    if measured.million:
        lines += ["", "## A million members onto disk", "", measured.million]
    if measured.blocks:
        lines += ["", "## Commands", "", *(f"* {when}: {', '.join(blocks)}" for when, blocks in _commands(measured))]
    return "\n".join(lines) + "\n"


def overhead(measured: Measured) -> list[str]:
    """Of a repeated call of `simulate`, how much is Python."""
    head = ["repeated call of `simulate`", "whole", "compiled loop", "Python", "quartiles"]
    return markdown(head, [[n, *map(_duration, row[:3]), _range(*row[3:])] for n, *row in measured.overhead])


def starts(measured: Measured) -> list[str]:
    """Fresh processes, with an empty cache and with a warm one."""
    rows = [[name, cache, f"{wall:.2f}", f"{cpu:.2f}"] for name, cache, wall, cpu in measured.starts]
    return markdown(["program", "cache", "seconds", "of a processor"], rows)


def _commands(measured: Measured) -> list[tuple[str, list[str]]]:
    """Blocks by day and command."""
    groups: dict[str, list[str]] = {}
    for block, text in measured.blocks.items():
        moment, _, command = text.removeprefix(f"{block}: ").partition(", ")
        groups.setdefault(f"{moment.split()[0]}, {command}", []).append(block)
    return list(groups.items())


def markdown(head: list[str], rows: Iterable[list[str]]) -> list[str]:
    """Lines of a table."""
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]


def comparison(figures: list[Figure], problem: str, what: str, target: float) -> tuple[Figure, Figure] | None:
    """pathway's figure and the fastest other's; None where either is missing."""
    group = [f for f in figures if (f.problem, f.what, f.target) == (problem, what, target) and f.seconds is not None]
    own = next((f for f in group if f.tool == OWN), None)
    others = [f for f in group if f.tool != OWN]
    return (own, min(others, key=lambda f: f.seconds or 0.0)) if own and others else None


def _summed(measured: Measured) -> tuple[list[Figure], list[tuple[str, float]]]:
    """Figures of the summary and its columns: what is done, and the target."""
    figures = [f for f in measured.figures if f.what in _SUMMED]
    return figures, sorted({(f.what, f.target) for f in figures}, key=lambda c: (_SUMMED.index(c[0]), -c[1]))


def summary(measured: Measured) -> list[str]:
    """A line per problem."""
    figures, columns = _summed(measured)
    rows = []
    for problem in dict.fromkeys(f.problem for f in figures):
        species = str(measured.facts.get(problem, Facts()).species)
        rows.append([problem, species, *(_compared(figures, problem, *column) for column in columns)])
    return markdown(["problem", "species", *(f"{what}, {target:g}" for what, target in columns)], rows)


def verdict(measured: Measured) -> str:
    """How often who was ahead, and where pathway was not."""
    figures, columns = _summed(measured)
    counts, behind = {"faster": 0, "even": 0, "slower": 0}, []
    for problem in dict.fromkeys(f.problem for f in figures):
        for what, target in columns:
            pair = comparison(figures, problem, what, target)
            if pair is None:
                continue
            middle, low, high = ratio_of_rounds(pair[1], pair[0])
            outcome = "faster" if low > 1.0 else "slower" if high < 1.0 else "even"
            counts[outcome] += 1
            if outcome != "faster":
                behind.append(f"{problem} ({what}, {target:g}: {middle:.2f}, {pair[1].tool})")
    text = (
        f"Against the fastest other program pathway is faster in {counts['faster']} of {sum(counts.values())} "
        f"comparisons, slower in {counts['slower']}, and in {counts['even']} the interval holds 1."
    )
    return f"{text} Not faster: {'; '.join(behind)}." if behind else text


def _compared(figures: list[Figure], problem: str, what: str, target: float) -> str:
    """A cell of the summary."""
    pair = comparison(figures, problem, what, target)
    if pair:
        own, other = pair
        middle, low, high = ratio_of_rounds(other, own)
        text = f"{middle:.3g} ({low:.3g} - {high:.3g})"
        return f"{_duration(own.seconds)}; {other.tool} " + (f"**{text}**" if middle < 1.0 else text)
    group = [f for f in figures if (f.problem, f.what, f.target) == (problem, what, target)]
    own = next((f for f in group if f.tool == OWN), None)
    if own is None:
        return ""
    if own.seconds is None:
        return f"**pathway: {own.reason}**"
    return f"{_duration(own.seconds)}; no other"


def _facts(facts: dict[str, Facts]) -> list[str]:
    rows = []
    for name, fact in facts.items():
        check = f"{fact.check}, {fact.deviation:.0e}" if fact.deviation is not None else "none"
        counts = map(str, (fact.species, fact.varied, fact.events, fact.switches))
        rows.append(
            [name, fact.source, *counts, ": ".join(filter(None, (fact.reference or "**none**", fact.refused))), check]
        )
    head = ["problem", "from", "species", "varied", "events", "switches", "reference", "check"]
    return markdown(head, rows)


def _cannot(figures: list[Figure]) -> list[str]:
    """What was not measured, and why."""
    reasons: dict[tuple[str, str, str], list[str]] = {}
    for f in figures:
        if f.seconds is None:
            reasons.setdefault((f.problem, f.tool, f.reason), []).append(f"{f.what}, {f.target:g}")
    if not reasons:
        return []
    rows = [[problem, tool, "; ".join(where), reason] for (problem, tool, reason), where in reasons.items()]
    return ["", "## Not run, or not accurate enough", "", *markdown(["problem", "tool", "where", "why"], rows)]


def _kind(figure: Figure) -> str:
    return _KINDS.get(figure.what, "With sensitivities")


def versions() -> list[str]:
    """Sentences: the processor, and the version of everything that takes part."""
    found = [f"pathway {pathway.__version__}"]
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"{package} not installed")
    from . import peers

    found.append(f"AMICI {peers.amici_version()}" if peers.AMICI_PYTHON else "AMICI not installed")
    return [f"{_processor()}, Python {platform.python_version()}; {', '.join(found)}."]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    name = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    return f"{name}, {sum(line.startswith('processor') for line in lines)} cores"


def _table(figures: Iterable[Figure], whole: bool = False) -> list[str]:
    """A line per tool; the `whole` name of a block also says what was done."""
    figures = [f for f in figures if f.seconds is not None]
    head = ["problem", "error at most", "tool", "method", "rtol", "atol/rtol", "error", "time", "quartiles", "ratio"]
    rows = []
    for problem, what, target in dict.fromkeys((f.problem, f.what, f.target) for f in figures):
        group = [f for f in figures if (f.problem, f.what, f.target) == (problem, what, target)]
        own = next((f.seconds for f in group if f.tool == OWN), None)
        for f in sorted(group, key=lambda f: f.seconds or 0.0):
            ratio = f"{f.seconds / own:.2f}" if own and f.seconds else ""
            shown = problem if what in _KINDS and not whole else f"{problem}, {what}"
            share = "default" if f.share is None else f"{f.share:g}"
            cells = [shown, f"{target:g}", f.tool, f.method, f"{f.rtol:g}", share, f"{f.error:.1e}"]
            rows.append([*cells, _duration(f.seconds), _range(*f.quartiles), ratio])
    return markdown(head, rows)


def _range(low: float, high: float) -> str:
    return f"{_duration(low)} - {_duration(high)}"


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    if seconds < 1e-3:
        return f"{seconds * 1e6:.3g} us"
    return f"{seconds * 1e3:.3g} ms" if seconds < 1.0 else f"{seconds:.3g} s"
