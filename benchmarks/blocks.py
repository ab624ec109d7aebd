"""What has been measured, block by block, and the file that keeps it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .measure import Figure


@dataclass
class Measured:
    """All figures.

    Attributes
    ----------
    figures : list of Figure
    blocks : dict of str to str
        When and by which command each block (problem, part) was measured.
    starts : list of (program, cache, seconds, processor seconds)
    million : str
        What became of the million members.
    """

    figures: list[Figure] = field(default_factory=list)
    blocks: dict[str, str] = field(default_factory=dict)
    starts: list[tuple[str, str, float, float]] = field(default_factory=list)
    million: str = ""

    def add(self, figures: list[Figure], began: str, command: str) -> None:
        """Add blocks, each in the place of its predecessor, whole."""
        new = {(f.problem, f.what) for f in figures}
        self.figures = [f for f in self.figures if (f.problem, f.what) not in new] + figures
        for problem, what in sorted(new):
            self.blocks[f"{problem}, {what}"] = f"{problem}, {what}: {began}, `{command}`"


def read(path: Path) -> Measured:
    """What earlier runs have left; nothing, if there is no such file."""
    if not path.is_file():
        return Measured()
    content = json.loads(path.read_text(encoding="utf-8"))
    figures = [Figure(**{**f, "quartiles": tuple(f["quartiles"])}) for f in content.pop("figures")]
    starts = [(name, cache, wall, cpu) for name, cache, wall, cpu in content.pop("starts")]
    return Measured(figures, starts=starts, **content)


def write(path: Path, measured: Measured) -> None:
    """Keep everything for the next run."""
    path.write_text(json.dumps(asdict(measured), indent=1) + "\n", encoding="utf-8")
