"""What has been measured, block by block, and the file that keeps it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .measure import Figure


@dataclass
class Facts:
    """What a problem is, and what its reference is worth.

    Attributes
    ----------
    source : str
    species, varied, events, switches : int
        Species; parameters that members draw; events; comparisons and the like in the rates.
    reference : str
        The program that gave it.
    check, deviation : str, float or None
        The other program that comes closest to it, and how close; "" and None if there is none.
    refused : str
        Why it was not measured at all.
    """

    source: str = ""
    species: int = 0
    varied: int = 0
    events: int = 0
    switches: int = 0
    reference: str = ""
    check: str = ""
    deviation: float | None = None
    refused: str = ""


@dataclass
class Measured:
    """All figures.

    Attributes
    ----------
    figures : list of Figure
    blocks : dict of str to str
        When and by which command each block (problem, part) was measured.
    facts : dict of problem to Facts
    versions : list of str
        Processor, Python and packages of the last run.
    starts, overhead : list of tuple
        Rows of the smaller tables.
    million : str
        What became of the million members.
    earlier, earlier_note : list of Figure, str
        Blocks that cannot be measured where the others were, and on what they were.
    """

    figures: list[Figure] = field(default_factory=list)
    blocks: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Facts] = field(default_factory=dict)
    versions: list[str] = field(default_factory=list)
    starts: list[tuple[str, str, float, float]] = field(default_factory=list)
    overhead: list[tuple[str, float, float, float, float, float]] = field(default_factory=list)
    million: str = ""
    earlier: list[Figure] = field(default_factory=list)
    earlier_note: str = ""

    def add(self, figures: list[Figure], began: str, command: str) -> None:
        """Add blocks, each in the place of its predecessor, whole."""
        names = sorted({(f.problem, f.what) for f in figures})
        blocks = {f"{p}, {what}": f"{p}, {what}: {began}, `{command}`" for p, what in names}
        self.take(Measured(figures, blocks))

    def take(self, other: Measured) -> None:
        """Put in the blocks and facts of another run, each in the place of its predecessor."""
        new = {(f.problem, f.what) for f in other.figures}
        self.figures = [f for f in self.figures if (f.problem, f.what) not in new] + other.figures
        self.blocks |= other.blocks
        self.facts |= other.facts


def read(path: Path) -> Measured:
    """What earlier runs have left; nothing, if there is no such file."""
    if not path.is_file():
        return Measured()
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    figures, earlier = (
        [
            Figure(**{**f, "quartiles": tuple(f["quartiles"]), "rounds": tuple(f.get("rounds", ()))})
            for f in content.pop(which, [])
        ]
        for which in ("figures", "earlier")
    )
    facts = {name: Facts(**entry) for name, entry in content.pop("facts", {}).items()}
    starts = [(name, cache, wall, cpu) for name, cache, wall, cpu in content.pop("starts")]
    overhead = [tuple(row) for row in content.pop("overhead", [])]
    return Measured(figures, earlier=earlier, facts=facts, starts=starts, overhead=overhead, **content)


def write(path: Path, measured: Measured) -> None:
    """Keep everything for the next run."""
    path.write_text(json.dumps(asdict(measured), indent=1) + "\n", encoding="utf-8")
