"""Figures as Markdown tables."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from . import peers
from .blocks import Measured
from .measure import Figure

PACKAGES = ("numpy", "scipy", "llvmlite", "numba", "libroadrunner", "numbalsoda", "copasi-basico")


_KINDS = {"one run": "One run, warm", "ensemble": "Ensemble, per member", "cores": "One core and all, per member"}


def report(measured: Measured) -> str:
    """All tables, with what they were measured on."""
    figures = measured.figures
    lines = ["# Benchmarks", "", "Written by the commands at the end.", "", *_where()]
    for what in dict.fromkeys([*_KINDS.values(), "With sensitivities"]):
        some = [f for f in figures if _kind(f) == what]
        if some:
            lines += ["", f"## {what}", "", *_table(some)]
    if measured.starts:
        lines += ["", "## Start-up", "", "| program | cache | seconds | of a processor |", "|---|---|---|---|"]
        lines += [f"| {name} | {cache} | {wall:.2f} | {cpu:.2f} |" for name, cache, wall, cpu in measured.starts]
    if measured.million:
        lines += ["", "## A million members onto disk", "", measured.million]
    if measured.blocks:
        lines += ["", "## Commands", "", *(f"* {block}" for block in measured.blocks.values())]
    return "\n".join(lines) + "\n"


def _kind(figure: Figure) -> str:
    return _KINDS.get(figure.what, "With sensitivities")


def _where() -> list[str]:
    versions = []
    for package in PACKAGES:
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    if peers.AMICI_PYTHON:
        versions.append(f"AMICI {peers.amici_version()}")
    return [f"{_processor()}, Python {platform.python_version()}.", ", ".join(versions) + ".", "", *_explanation()]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    name = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    return f"{name}, {sum(line.startswith('processor') for line in lines)} cores"


def _explanation() -> list[str]:
    return [
        "Every tool runs at the loosest relative tolerance whose error is at most the target; times are medians over",
        "interleaved rounds on one pinned core, in processor seconds (one core against all: by the clock), with",
        "quartiles. Ratio: the tool's time over pathway's.",
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
            shown = problem if what in _KINDS else f"{problem}, {what}"
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
