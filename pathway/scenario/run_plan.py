"""What happens in an arm and when, before anything is simulated."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .experiment import Arm, Scenario


@dataclass(frozen=True)
class TimelineEntry:
    """One moment of an arm's protocol: "trastuzumab 10 ug/mL" at 0 h."""

    time: float
    text: str
    dose: str | None = None


def timeline_entries(arm: Arm, scenario: Scenario) -> tuple[TimelineEntry, ...]:
    """The protocol of an arm, in the order of time."""
    entries = []
    for name in arm.doses:
        dose = scenario.doses[name]
        text = f"{dose.agent} {dose.written}".strip()
        entries += [TimelineEntry(time, text, name) for time in dose.times]
    entries += [TimelineEntry(c.time, c.description) for c in arm.timed_changes]
    entries += [TimelineEntry(c.time, f"{c.name} knocked down by {c.written}") for c in arm.timed_knock_downs]
    return tuple(sorted(entries, key=lambda entry: entry.time))


def describe_cells(arm: Arm, scenario: Scenario) -> str:
    """The cells of an arm in one line: line, lasting changes and knock-downs."""
    parts = [Path(arm.cells).stem]
    parts += [f"{name} {text}" for name, text in arm.changes.items() if scenario.changes.get(name) != text]
    parts += [f"{name} knocked down by {share:.0%}" for name, share in arm.knock_downs.items()]
    return ", ".join(parts)
