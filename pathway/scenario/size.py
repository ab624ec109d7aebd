"""How long a run will take and how much memory it will need, before it starts."""

from __future__ import annotations

from dataclasses import dataclass

from .experiment import Scenario

LONG, LARGE = 5.0, 500e6
"""Seconds and bytes from which a run is worth a word."""
_START, _ARM, _EVENT, _RECORD = 1.5, 2e-3, 4e-5, 1e-5
"""Seconds: for figure and report, for each arm, each dose or change in it, and each record."""
_BYTES, _BYTES_OF_RECORD = 250e6, 400.0
"""Of the program, and of a record of all quantities with its line in the tables."""


@dataclass(frozen=True)
class RunSize:
    """What a run is expected to take.

    Attributes
    ----------
    arms, events, records : int
        `events`: doses and changes in all arms.
    seconds : float
        Of one core of an ordinary machine.
    bytes : float
        Memory.
    """

    arms: int
    events: int
    records: int
    seconds: float
    bytes: float

    @property
    def remark(self) -> str:
        """A line where it is worth one; "" otherwise."""
        if self.seconds < LONG and self.bytes < LARGE:
            return ""
        return (
            f"about {self.seconds:.0f} s and {self.bytes / 1e9:.1f} GB of memory: {self.arms} arms, "
            f"{self.events} doses and changes, {self.records} records"
        )


def expected_size(scenario: Scenario) -> RunSize:
    """The size of a run of a scenario; good to a factor of two or so."""
    arms = len(scenario.arms)
    events = sum(
        sum(len(scenario.doses[name].times) for name in arm.doses) + len(arm.timed_changes) + len(arm.timed_knock_downs)
        for arm in scenario.arms
    )
    records = arms * (int((scenario.end - scenario.start) / scenario.record_every) + 1)
    seconds = _START + _ARM * arms + _EVENT * events + _RECORD * records
    return RunSize(arms, events, records, seconds, _BYTES + _BYTES_OF_RECORD * records)
