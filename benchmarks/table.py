"""Figures as Markdown tables."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version

from .measure import Figure

PACKAGES = ("numpy", "scipy", "llvmlite", "numba", "libroadrunner", "numbalsoda", "copasi-basico")


def report(figures: Sequence[Figure], starts: Sequence[tuple[str, str, float]], began: str) -> str:
    """All tables, with what they were measured on."""
    lines = ["# Benchmarks", "", "Written by `python -m benchmarks --out benchmarks/RESULTS.md`.", "", *_where(began)]
    for what in dict.fromkeys(_kind(figure) for figure in figures):
        lines += ["", f"## {what}", "", *_table([f for f in figures if _kind(f) == what])]
    if starts:
        lines += ["", "## Start-up", "", "| program | cache | seconds |", "|---|---|---|"]
        lines += [f"| {name} | {cache} | {seconds:.2f} |" for name, cache, seconds in starts]
    return "\n".join(lines) + "\n"


def _kind(figure: Figure) -> str:
    return {"one run": "One run, warm", "ensemble": "Ensemble, per member"}.get(figure.what, "With sensitivities")


def _where(began: str) -> list[str]:
    found = [f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, {began}."]
    versions = []
    for package in PACKAGES:
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return [*found, ", ".join(versions) + ".", "", *_explanation()]


def _explanation() -> list[str]:
    return [
        "Every tool runs at the loosest relative tolerance whose error is at most the target; times are medians over",
        "interleaved rounds on one pinned core, with quartiles. Ratio: the tool's time over pathway's.",
    ]


def _table(figures: Iterable[Figure]) -> list[str]:
    figures = list(figures)
    lines = [
        "| problem | error at most | tool | rtol | error | time | quartiles | ratio |",
        "|---|---|---|---|---|---|---|---|",
    ]
    groups = dict.fromkeys((f.problem, f.what, f.target) for f in figures)
    for problem, what, target in groups:
        group = [f for f in figures if (f.problem, f.what, f.target) == (problem, what, target)]
        own = next((f.seconds for f in group if f.tool == "pathway"), None)
        done = sorted((f for f in group if f.seconds is not None), key=lambda f: f.seconds or 0.0)
        for f in done:
            ratio = f"{f.seconds / own:.2f}" if own and f.seconds else ""
            spread = f"{_duration(f.quartiles[0])} - {_duration(f.quartiles[1])}"
            shown = problem if what in ("one run", "ensemble") else f"{problem}, {what}"
            cells = [shown, f"{target:g}", f.tool, f"{f.rtol:g}", f"{f.error:.1e}", _duration(f.seconds), spread, ratio]
            lines.append(f"| {' | '.join(cells)} |")
        for f in group:
            if f.seconds is None:
                lines.append(f"| {problem} | {target:g} | {f.tool} | | | {f.reason} | | |")
    return lines


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f} us"
    return f"{seconds * 1e3:.3g} ms" if seconds < 1.0 else f"{seconds:.3g} s"
