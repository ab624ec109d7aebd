"""Which files get faults, and which tests may notice them."""

from __future__ import annotations

from pathlib import Path

ROOMS: dict[str, tuple[str, ...]] = {
    "units": ("pathway/units.py",),
    "expressions": ("pathway/expressions/*.py",),
    "scenario": ("pathway/scenario/*.py",),
    "synergy": ("pathway/analysis/synergy/*.py",),
    "simulation": ("pathway/simulation/*.py",),
    "report": ("pathway/report/*.py",),
}
"""Room to its files."""

NEAREST: dict[str, tuple[str, ...]] = {
    "units": ("tests/units",),
    "expressions": ("tests/expressions", "tests/kernels/test_operators.py"),
    "scenario": ("tests/scenario", "tests/parameters/test_own_lines.py"),
    "synergy": ("tests/analysis/test_synergy.py",),
    "simulation": ("tests/simulation",),
    "report": ("tests/report",),
}
"""Room to the tests written for it; all run in the process itself. Which pass a line is found out, not written down."""

WIDER = ("tests/analysis", "tests/api", "tests/cli", "tests/clinic", "tests/fitting", "tests/parameters")
"""Tests of rooms that use these, asked about what the nearest do not notice."""

TESTS = tuple(dict.fromkeys([*(test for tests in NEAREST.values() for test in tests), *WIDER]))


def files_of(tree: Path, room: str) -> list[str]:
    """From the root of the tree, sorted."""
    return sorted(str(path.relative_to(tree)) for pattern in ROOMS[room] for path in tree.glob(pattern))


def room_of(file: str) -> str:
    """Of a file with faults."""
    return next(room for room, patterns in ROOMS.items() if any(Path(file).match(pattern) for pattern in patterns))
