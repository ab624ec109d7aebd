"""A scenario after reading: names resolved, times in hours, nothing left to misunderstand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MEDIUM_CHANGE = "medium change"
"""The agent that removes what is in the medium."""


@dataclass(frozen=True)
class Dose:
    """One agent given once or repeatedly.

    Attributes
    ----------
    name : str
    agent : str
    amount : float or None
        In the unit of the agent's species; None for a medium change or an inert control.
    written : str
        The amount as the file has it.
    times : tuple of float, hours
    """

    name: str
    agent: str
    amount: float | None
    written: str
    times: tuple[float, ...]


@dataclass(frozen=True)
class TimedChange:
    """Something that changes at a moment: a parameter set, or a protein's synthesis lowered.

    Attributes
    ----------
    name, written : str
    time : float, hours
    medium : str
        The medium that the change belongs to; empty where it belongs to none.
    """

    name: str
    written: str
    time: float
    medium: str = ""

    @property
    def description(self) -> str:
        """What a protocol says of it."""
        return f"{self.medium} medium" if self.medium else f"{self.name} to {self.written}"


@dataclass(frozen=True)
class Arm:
    """One dish, as planned."""

    name: str
    cells: str
    doses: tuple[str, ...] = ()
    changes: Mapping[str, str] = field(default_factory=dict)
    timed_changes: tuple[TimedChange, ...] = ()
    knock_downs: Mapping[str, float] = field(default_factory=dict)
    timed_knock_downs: tuple[TimedChange, ...] = ()
    control: str | None = None
    note: str = ""


@dataclass(frozen=True)
class Reading:
    """A number read off the arms; see `schema.Reading` for the words. Times in hours, None where not given.

    Of a rank correlation (`how` is "rank") `partner` is the other quantity, or "" where `measured` has a number for
    each of the arms.
    """

    quantity: str
    arms: tuple[str, ...]
    how: str
    take: str | None = None
    reduce: str = "end"
    at: float | None = None
    from_time: float | None = None
    until: float | None = None
    relative_to: str | None = None
    over: Reading | None = None
    partner: str = ""
    measured: tuple[float, ...] = ()


@dataclass(frozen=True)
class Expectation:
    """A published finding and the band that its number must fall into.

    A headline is told first. The band compares with a "measurement", or with a sign or "threshold" that its author set.
    """

    claim: str
    role: str
    reading: Reading
    above: float | None
    below: float | None
    finding: str | None = None
    source: str | None = None
    reason: str | None = None
    headline: bool = False
    compares_with: str = "threshold"


@dataclass(frozen=True)
class MeasurementTable:
    """Where measured points lie and what was done to them.

    Attributes
    ----------
    file : Path
    normalize : tuple of str
        In the order in which it is done.
    scale_shared_by : str or None
    decimal : str or None
        The decimal sign of the file; None: told from its numbers.
    """

    file: Path
    normalize: tuple[str, ...] = ()
    scale_shared_by: str | None = None
    decimal: str | None = None

    @property
    def axis(self) -> str:
        """What is done to the model's curves as well: "minmax", "lane: ARM TIME" or nothing."""
        return next((word for word in self.normalize if word == "minmax" or word.startswith("lane:")), "")


@dataclass(frozen=True)
class PriorChoice:
    """A prior that a scenario states: "log-normal" (median, deviation of the logarithm) or "normal"; in model units."""

    distribution: str
    center: float
    spread: float


@dataclass(frozen=True)
class FitParameter:
    """A parameter to be estimated; None where the parameter's own entry decides. Numbers in the model's unit."""

    name: str
    range: tuple[float, float] | None = None
    start: float | None = None
    prior: str | PriorChoice = "range"
    shared: str | None = None
    scale: str | None = None


@dataclass(frozen=True)
class FitObservable:
    """How an observable is measured and scatters; None where the measurements decide. See `schema.FitObservable`."""

    scale: str | float | None = None
    offset: str = "none"
    noise: str | float | None = None
    noise_shared_by: str = "observable"
    distribution: str | None = None
    degrees_of_freedom: float = 4.0


@dataclass(frozen=True)
class FitPlan:
    """The table `[fit]`.

    Attributes
    ----------
    parameters : tuple of FitParameter
    observables : mapping of "pAKT" or "pAKT in FILE" to FitObservable
    anchors : str
        "follow" or "fixed".
    hold_out : tuple of str
        Arms that are compared but do not count.
    """

    parameters: tuple[FitParameter, ...]
    observables: Mapping[str, FitObservable] = field(default_factory=dict)
    anchors: str = "follow"
    hold_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scenario:
    """An experiment ready to run.

    Attributes
    ----------
    name : str
        The file's name without ending.
    file : Path
    text : str
        The file as read, for the run folder.
    settings : tuple of str
        What the command line changed, "KEY=VALUE".
    start, end, record_every : float, hours
        The start is time zero or the first thing that happens before it.
    growth_of : tuple of str
        Agents whose effect GR shows, as the file names them; the name of a dose stands for this dose alone.
    document : mapping
        The file as TOML gives it, settings applied; tables that other rooms read (`analyze`) are found here.
    inputs : mapping of file name to bytes
        The files it was read from, as they were then: the scenario, its measurements, its cells.
    settings_of_inputs : tuple of str
        The settings with these files' names where they name one.
    caveats : tuple of str
        Sentences that stand beside the result wherever it is shown.
    """

    name: str
    file: Path
    text: str
    title: str
    cells: str
    start: float
    end: float
    record_every: float
    arms: tuple[Arm, ...]
    doses: Mapping[str, Dose]
    observables: tuple[str, ...]
    source: str | None = None
    question: str | None = None
    changes: Mapping[str, str] = field(default_factory=dict)
    growth_of: tuple[str, ...] = ()
    growth_at: float | None = None
    overlays: tuple[MeasurementTable, ...] = ()
    fit: FitPlan | None = None
    expectations: tuple[Expectation, ...] = ()
    settings: tuple[str, ...] = ()
    document: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, bytes] = field(default_factory=dict)
    settings_of_inputs: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()

    def __repr__(self) -> str:
        asked = f", {len(self.expectations)} expectations" if self.expectations else ""
        return f"<Scenario '{self.name}': {len(self.arms)} arms, {self.start:g} to {self.end:g} h{asked}>"

    @property
    def growth_doses(self) -> tuple[str, ...]:
        """The doses whose effect GR shows: all doses of the agents that `growth_rate.of` names."""
        asked = set(self.growth_of)
        return tuple(name for name, dose in self.doses.items() if asked & {name, dose.agent})

    @property
    def growth_until(self) -> float:
        """When growth is read, in hours."""
        return self.end if self.growth_at is None else self.growth_at

    @property
    def compares_growth(self) -> bool:
        """Whether growth of any arm is compared with a control."""
        return bool(self.growth_of) or any(arm.control for arm in self.arms)

    def arm(self, name: str) -> Arm:
        """The arm of this name."""
        return next(arm for arm in self.arms if arm.name == name)
