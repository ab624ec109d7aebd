"""The pharmacokinetics of women beside the label of the drug."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import MONTH
from .pharmacokinetics import concentrations
from .plan import CohortPlan
from .schedule import parse_schedule
from .traits import draw_traits
from .women import DAY, pharmacokinetic_values

THREE_WEEKLY = "8 mg/kg, then 6 mg/kg every 3 weeks for 2 years"
SOURCE = "TrastuzumabLabel"
SEVEN_MONTHS = 7.0 * MONTH * DAY
"""Hours."""

WOMEN = 500
"""Who are asked whether trastuzumab has left them."""


@dataclass(frozen=True)
class LabelCheck:
    """A number of the label beside the model's.

    Attributes
    ----------
    name : str
    value, published : float
    within : float
        Relative distance that counts as met.
    at_least : bool
        Whether more than the published number is met, too.
    """

    name: str
    value: float
    published: float
    within: float
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether it is near enough."""
        distance = self.value / self.published - 1.0
        return bool(abs(distance) <= self.within or (self.at_least and distance >= 0.0))


def label_checks(plan: CohortPlan) -> tuple[LabelCheck, ...]:
    """Troughs and peak of the typical woman under the three-weekly schedule, and how many of the cohort's women are
    below 1 mg/L seven months after the last dose."""
    infusions = parse_schedule(THREE_WEEKLY)
    last = infusions[-1]
    first, trough, peak = concentrations(infusions, np.array([infusions[1].start, last.start, last.end]))[0, :, 0]
    draws = draw_traits(plan.traits, plan.correlations, plan.seed, range(min(WOMEN, plan.women)))
    values = pharmacokinetic_values(plan, draws)
    later = concentrations(infusions, np.array([last.end + SEVEN_MONTHS]), values)[:, 0, 0]
    return (
        LabelCheck("Trough of cycle 1 [mg/L]", float(first), 28.7, 0.10),
        LabelCheck("Trough at steady state [mg/L]", float(trough), 44.2, 0.10),
        LabelCheck("Peak at steady state [mg/L]", float(peak), 179.0, 0.15),
        LabelCheck("Share below 1 mg/L seven months after the last dose", float((later < 1.0).mean()), 0.95, 0.0, True),
    )
