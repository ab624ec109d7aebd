"""Schedules of infusions as a clinic writes them: "8 mg/kg, then 6 mg/kg every 3 weeks for 2 years"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pathway.errors import InputError
from pathway.scenario.quantities import parse_hours
from pathway.simulation import Intervention
from pathway.units import UnitError, conversion_factor, parse_quantity

FIRST_INFUSION, LATER_INFUSIONS = 1.5, 0.5
"""Hours that an infusion takes unless the schedule says so (90 and 30 minutes: the label's, recalled)."""

MOST_INFUSIONS = 1000

_PHRASE = re.compile(
    r"(?P<dose>\S+\s*\S+?)(\s+over\s+(?P<over>.+?))?"
    r"(\s+every\s+(?P<every>.+?)(\s+(?:(?P<times>\d+)\s+times|for\s+(?P<length>.+)|until\s+(?P<until>.+)))?)?"
)


class ScheduleError(InputError):
    """A schedule that cannot be given; one line."""


@dataclass(frozen=True)
class Infusion:
    """One infusion.

    Attributes
    ----------
    start, duration : float, hours
    amount : float
        mg, or mg/kg where `per_weight`.
    per_weight : bool
    """

    start: float
    duration: float
    amount: float
    per_weight: bool

    @property
    def end(self) -> float:
        return self.start + self.duration


def parse_schedule(text: str) -> tuple[Infusion, ...]:
    """The infusions of a schedule.

    Parameters
    ----------
    text : str
        Phrases joined by ", then": a dose in mg/kg or mg; "over 90 min"; "every 3 weeks" with an end: "17 times",
        "for 2 years" (from the start of treatment on) or "until 104 weeks", the same. What follows "then" begins one
        of its own intervals after the infusion before it.

    Raises
    ------
    ScheduleError
        If it has no end, a dose that is no dose, or more infusions than `MOST_INFUSIONS`.

    Examples
    --------
    >>> [infusion.start / 24 for infusion in parse_schedule("8 mg/kg, then 6 mg/kg every 3 weeks 3 times")]
    [0.0, 21.0, 42.0, 63.0]
    """
    infusions: list[Infusion] = []
    for phrase in re.split(r"\s*,\s*then\s+", text.strip()):
        infusions += _phrase_infusions(phrase, text, infusions)
    for earlier, later in pairwise(infusions):
        if later.start < earlier.end:
            raise ScheduleError(
                f"'{text}': an infusion begins at {later.start:g} h, before the one before it has ended"
            )
    return tuple(infusions)


def _phrase_infusions(phrase: str, text: str, before: Sequence[Infusion]) -> list[Infusion]:
    """Those of one phrase, which follow what is there already."""
    match = _PHRASE.fullmatch(phrase.strip())
    if match is None:
        raise ScheduleError(
            f"'{phrase}' is no dose of a schedule; write for example '8 mg/kg, then 6 mg/kg every 3 weeks for 2 years'"
        )
    amount, per_weight = _dose(match["dose"])
    usual = LATER_INFUSIONS if before else FIRST_INFUSION
    duration = _hours(match["over"]) if match["over"] else usual
    if not duration > 0.0:
        raise ScheduleError(f"'{phrase}': an infusion takes some time; '{match['over']}' is none")
    if match["every"] is None:
        if before:
            raise ScheduleError(f"'{phrase}' says not when; write '{phrase} every 3 weeks 17 times'")
        return [Infusion(0.0, duration, amount, per_weight)]
    interval = _hours(match["every"])
    if not interval > 0.0:
        raise ScheduleError(f"'{phrase}': doses must lie apart; 'every {match['every']}' is no interval")
    first = before[-1].start + interval if before else 0.0
    if match["times"]:
        count = int(match["times"])
    elif match["length"] or match["until"]:
        # The last infusion begins before the treatment ends.
        count = -int(-(_hours(match["length"] or match["until"]) - first) // interval)
    else:
        raise ScheduleError(f"'{text}' has no end; add for example 'for 2 years' or '17 times'")
    if not 1 <= count <= MOST_INFUSIONS:
        raise ScheduleError(f"'{phrase}' makes {max(count, 0)} infusions; expected 1 to {MOST_INFUSIONS}")
    return [Infusion(first + k * interval, duration, amount, per_weight) for k in range(count)]


def _dose(text: str) -> tuple[float, bool]:
    """mg, or mg/kg; and which."""
    try:
        value, unit = parse_quantity(text)
        per_weight = "/" in unit
        value *= conversion_factor(unit or "1", "mg/kg" if per_weight else "mg")
    except UnitError:
        raise ScheduleError(f"'{text}' is no dose; expected mg/kg or mg, as in '6 mg/kg'") from None
    if not 0.0 < value < 1e5:
        raise ScheduleError(f"'{text}' is no dose that can be given; expected more than 0 mg")
    return value, per_weight


def _hours(text: str) -> float:
    try:
        return parse_hours(text)
    except UnitError as error:
        raise ScheduleError(str(error)) from None


def infusion_interventions(infusions: Sequence[Infusion]) -> list[Intervention]:
    """What happens to the pharmacokinetic parameters when."""
    steps = []
    for infusion in infusions:
        name = "infusion_per_weight" if infusion.per_weight else "infusion"
        steps.append(Intervention(infusion.start, set={name: infusion.amount / infusion.duration}))
        steps.append(Intervention(infusion.end, set={name: 0.0}))
    return steps
