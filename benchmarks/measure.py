"""Equal error first, then time: which tolerances each tool does best with, and its time there, asked in turn."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

LADDER = (1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 3e-6, 1e-6, 3e-7, 1e-7, 3e-8, 1e-8, 3e-9, 1e-9, 3e-10, 1e-10, 3e-11)
"""Relative tolerances, loosest first."""

SHARES = (1e-3, 1e-5, 1e-4, 1e-2, 1e-1, 1.0, 10.0, 100.0)
"""Absolute over relative tolerance, in units of a species' scale; the first one finds where on the ladder to look."""

NEAR = 2
"""Rungs of the ladder on either side of the first find, where the other settings are tried."""

PATIENCE = 10.0
"""Seconds of a processor after which a tool's scan for one target tries no new settings."""

HOPELESS = 3.0
"""Another method that takes this many times as long as the first at its tolerances is not scanned."""


@dataclass(frozen=True)
class Settings:
    """What a tool is run with.

    Attributes
    ----------
    rtol : float
    share : float or None
        Absolute over relative tolerance, in units of a species' scale; None: the tool's default.
    method : str
        One of the tool's own.
    """

    rtol: float
    share: float | None = SHARES[0]
    method: str = ""


@dataclass
class Figure:
    """One line of a table. `seconds` is the median of `rounds`, one number for each round."""

    problem: str
    what: str
    tool: str
    target: float
    rtol: float | None = None
    error: float | None = None
    seconds: float | None = None
    quartiles: tuple[float, float] = (np.nan, np.nan)
    reason: str = ""
    share: float | None = None
    method: str = ""
    rounds: tuple[float, ...] = ()

    def measured(self, rounds: list[float], per: int) -> None:
        """Put in what the rounds gave, over the number of members."""
        times = np.array(rounds) / per
        self.rounds, self.seconds = tuple(times.tolist()), float(np.median(times))
        self.quartiles = (float(np.quantile(times, 0.25)), float(np.quantile(times, 0.75)))


@dataclass
class Entry:
    """A tool that takes part in a comparison.

    Attributes
    ----------
    name : str
    error : callable (settings) -> error
    time : callable (settings, calls) -> list of seconds per call
    methods : tuple of str
        The first is scanned whole, the others where they are not hopeless.
    shares : tuple
        Of `SHARES`; None among them is the tool's own default.
    """

    name: str
    error: Callable[[Settings], float]
    time: Callable[[Settings, int], list[float]]
    methods: tuple[str, ...] = ("",)
    shares: tuple[float | None, ...] = SHARES


def timed(
    call: Callable[[Settings], Any], clock: Callable[[], float] = time.process_time
) -> Callable[[Settings, int], list[float]]:
    """Seconds of each of some calls; of a processor, unless another clock is asked for."""

    def measure(settings: Settings, calls: int) -> list[float]:
        seconds = []
        for _ in range(calls):
            start = clock()
            call(settings)
            seconds.append(clock() - start)
        return seconds

    return measure


LONG = 0.02
"""Seconds of a call whose time needs no second look before the rounds."""


class Scan:
    """Looks for a tool's settings that meet a target; keeps the errors it has seen."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.errors: dict[Settings, float] = {}
        self.failure = ""
        self.began = time.process_time()

    def error(self, settings: Settings) -> float:
        """Infinite where the tool gives up."""
        if settings not in self.errors:
            if time.process_time() - self.began > PATIENCE:
                self.failure = f"not reached in {PATIENCE:g} s of trying"
                return np.inf
            try:
                self.errors[settings] = self.entry.error(settings)
            except Exception as failure:  # programs of all kinds: what it says goes into the table
                self.failure = f"{type(failure).__name__}: {failure}"[:160].replace("\n", " ").replace("|", "/")
                self.errors[settings] = np.inf
        return self.errors[settings]

    def loosest(self, target: float, method: str, share: float | None, rungs: tuple[float, ...]) -> Settings | None:
        """The loosest of some relative tolerances whose error is at most the target."""
        tried = (Settings(rtol, share, method) for rtol in rungs)
        return next((settings for settings in tried if self.error(settings) <= target), None)

    def candidates(self, target: float) -> Iterator[Settings]:
        """The loosest settings for each absolute tolerance and method."""
        rungs, first = LADDER, None
        for method in self.entry.methods:
            if first is not None and method != self.entry.methods[0] and self._hopeless(first, method):
                continue
            for share in self.entry.shares:
                settings = self.loosest(target, method, share, rungs)
                if settings is None:
                    continue
                if first is None:
                    first, place = settings, LADDER.index(settings.rtol)
                    rungs = LADDER[max(0, place - NEAR) : place + NEAR + 1]
                yield settings

    def _hopeless(self, first: Settings, method: str) -> bool:
        try:
            other = Settings(first.rtol, first.share, method)
            return self.quick(other) > HOPELESS * self.quick(first)
        except Exception:
            return True

    def quick(self, settings: Settings) -> float:
        once = min(self.entry.time(settings, 1))
        return once if once > LONG else min(once, *self.entry.time(settings, 2))

    def best(self, target: float) -> Settings | None:
        """The cheapest of the candidates, each timed a few times in turn."""
        self.began = time.process_time()
        candidates = list(self.candidates(target))
        if len(candidates) < 2:
            return candidates[0] if candidates else None
        times = [self.quick(settings) for settings in candidates]
        if min(times) < LONG:
            times = [min(time, self.quick(settings)) for time, settings in zip(times, candidates, strict=True)]
        return candidates[int(np.argmin(times))]

    @property
    def reason(self) -> str:
        """Why no settings were found."""
        smallest = min(self.errors.values(), default=np.inf)
        error = [f"error {smallest:.0e} at best"] if np.isfinite(smallest) or not self.failure else []
        return "; ".join([*error, *filter(None, [self.failure])])


def compare(
    problem: str,
    what: str,
    entries: list[Entry],
    targets: tuple[float, ...],
    *,
    rounds: int,
    seconds: float,
    per: int = 1,
) -> list[Figure]:
    """Figures of all tools for all targets; rounds go through the tools in turn.

    `seconds` is how long one tool is asked in one round (at least one call, at most 50); `per`, of how many members.
    """
    figures, taking_part = [], []
    scans = [Scan(entry) for entry in entries]
    for target in targets:
        for scan in scans:
            figure = Figure(problem, what, scan.entry.name, target)
            figures.append(figure)
            settings = scan.best(target)
            if settings is None:
                figure.reason = scan.reason
            else:
                figure.rtol, figure.share, figure.method = settings.rtol, settings.share, settings.method
                figure.error = scan.error(settings)
                one = scan.quick(settings)
                calls = int(np.clip(seconds / max(one, 1e-9), 1, 50))
                taking_part.append((figure, scan.entry, settings, calls, list[float]()))
            print(f"  {problem}, {what}, {scan.entry.name}, {target:g}: {settings} {figure.reason}", file=sys.stderr)
    for _ in range(rounds):
        for _, entry, settings, calls, times in taking_part:
            times.append(float(np.median(entry.time(settings, calls))))
    for figure, _, _, _, times in taking_part:
        figure.measured(times, per)
    return figures


def ratio_of_rounds(other: Figure, own: Figure) -> tuple[float, float, float]:
    """Median of the rounds' ratios of two tools, and an interval for it of 95 % or a little more.

    The interval goes from one order statistic to another (binomial, no assumption about the noise); of fewer than six
    rounds it is the whole range and holds less.
    """
    ratios = np.sort(np.array(other.rounds) / np.array(own.rounds))
    return float(np.median(ratios)), *_interval(ratios)


def _interval(ordered: np.ndarray) -> tuple[float, float]:
    """From the k-th smallest to the k-th largest, k as large as 95 % allow."""
    from scipy.stats import binom

    n = len(ordered)
    k = max(int(binom.ppf(0.025, n, 0.5)), 1)
    return float(ordered[k - 1]), float(ordered[n - k])
