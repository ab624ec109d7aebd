"""What a search says while it runs."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from itertools import pairwise
from typing import TextIO

from .result import StartResult, count_at_best

BARS = "▁▂▃▄▅▆▇█"
SAME = 0.1
"""What the best one and another may differ by, as of `count_at_best`."""


class SearchProgress:
    """A line for every finished start, with the time that is left where it is known how many there will be."""

    def __init__(self, stream: TextIO | None, total: int | None, done: dict[int, StartResult]) -> None:
        self.stream, self.total = stream, total
        self.values = [s.objective for s in done.values()]
        self.before = len(self.values)
        self.began = time.monotonic()
        if done:
            self.say(f"{len(done)}{self._of} starts were finished before")

    @property
    def _of(self) -> str:
        return f" of {self.total}" if self.total else ""

    def say(self, text: str) -> None:
        if self.stream is not None:
            print(text, file=self.stream, flush=True)

    def tell(self, start: StartResult) -> None:
        self.values.append(start.objective)
        finite = sorted(v for v in self.values if math.isfinite(v))
        best = f"{finite[0]:.6g}" if finite else "none"
        value = f"{start.objective:.6g}" if math.isfinite(start.objective) else f"failed ({start.reason})"
        self.say(
            f"start {start.number + 1}{self._of}: {value}; best {best}, by {count_at_best(finite)}; "
            f"{count_distinct(finite)} distinct optima{self._left()}{self._waterfall(finite)}"
        )

    def _waterfall(self, finite: list[float]) -> str:
        """All starts so far, if the stream can show them."""
        bars = waterfall(finite)
        try:
            bars.encode(getattr(self.stream, "encoding", None) or "ascii")
        except UnicodeEncodeError:
            return ""
        return f" {bars}" if bars else ""

    def _left(self) -> str:
        if self.total is None:
            return ""
        each = (time.monotonic() - self.began) / (len(self.values) - self.before)
        return f"; {duration_in_words(each * (self.total - len(self.values)))} left"


def waterfall(values: Sequence[float], width: int = 30) -> str:
    """Values that ascend as bars, at most `width`: the lowest for the best, the others by the logarithm of how far they
    lie above it; of more values some, evenly."""
    if len(values) < 2:
        return ""
    places = [round(k * (len(values) - 1) / (width - 1)) for k in range(width)] if len(values) > width else None
    gaps = [math.log(max(values[k] - values[0], SAME) / SAME) for k in places or range(len(values))]
    highest = max(gaps[-1], 1.0)
    return "".join(BARS[math.ceil((len(BARS) - 1) * (gap / highest))] for gap in gaps)


def count_distinct(values: list[float], gap: float = 0.1) -> int:
    """How many groups of values there are, with gaps of at least `gap` between them."""
    ordered = sorted(values)
    return bool(ordered) + sum(b - a > gap for a, b in pairwise(ordered))


def duration_in_words(seconds: float) -> str:
    """A time as one says it: "40 s", "12 min", "3.5 h"."""
    if seconds < 90.0:
        return f"{seconds:.0f} s"
    return f"{seconds / 60.0:.0f} min" if seconds < 5400.0 else f"{seconds / 3600.0:.1f} h"
