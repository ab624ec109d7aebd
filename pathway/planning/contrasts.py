"""A number that a bench makes of several dishes, in each member, and what their noise makes of it.

Readings of dishes scatter independently in their logarithm; a contrast scatters by its slopes times that. A dish that
two parts of a contrast share is one dish: its noise counts once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pathway.scenario.growth import gr_value

LN2 = float(np.log(2.0))


class Harvest(NamedTuple):
    """An arm harvested at a time, in hours."""

    arm: str
    time: float


@dataclass(frozen=True, eq=False)
class Contrast:
    """A number in each member.

    Attributes
    ----------
    value : array, shape (n_members,)
    slopes : mapping of Harvest to array, shape (n_members,)
        Derivative with respect to the logarithm of the dish's reading.
    """

    value: np.ndarray
    slopes: Mapping[Harvest, np.ndarray]

    def __sub__(self, other: Contrast) -> Contrast:
        """The difference; what is measured in dishes that both need is measured once."""
        slopes = dict(self.slopes)
        for harvest, slope in other.slopes.items():
            slopes[harvest] = slopes[harvest] - slope if harvest in slopes else -slope
        return Contrast(self.value - other.value, slopes)

    def plus(self, number: float) -> Contrast:
        """The contrast and a known number."""
        return Contrast(self.value + number, self.slopes)

    def within(self, largest_ratio: float) -> Contrast:
        """A logarithm of a ratio as an assay shows it that tells no larger ones."""
        most = np.log(largest_ratio)
        return Contrast(np.clip(self.value, -most, most), self.slopes)

    @property
    def harvests(self) -> tuple[Harvest, ...]:
        """Those that have to be measured."""
        return tuple(harvest for harvest, slope in self.slopes.items() if np.any(slope != 0.0))

    def noise(self, of_reading: float) -> np.ndarray:
        """Standard deviation of one replicate, shape (n_members,), from that of the logarithm of one reading."""
        squares = np.zeros(len(self.value))
        for slope in self.slopes.values():
            squares = squares + slope**2
        return of_reading * np.sqrt(squares)


def log_readout(harvest: Harvest, reading: np.ndarray) -> Contrast:
    """The logarithm of one reading; nothing has none, and lies below every range."""
    return Contrast(np.log(np.maximum(reading, 1e-300)), {harvest: np.ones(len(reading))})


def gr_contrast(
    arm: tuple[Harvest, np.ndarray], control: tuple[Harvest, np.ndarray], start: tuple[Harvest, np.ndarray]
) -> Contrast:
    """GR from three counts: of the arm and of its control at the end, and of both at the first dose, when they are one.

    Each comes as a dish and its cells, shape (n_members,). nan where the control has not grown, or by so little that GR
    has no finite size.
    """
    (one, x), (two, c), (first, x0) = arm, control, start
    grown, control_grown = np.log(x / x0), np.log(c / x0)
    with np.errstate(all="ignore"):
        by_arm = LN2 * np.exp2(grown / control_grown) / control_grown
        by_control = -by_arm * grown / control_grown
        value = gr_value(x, c, x0)
        known = np.isfinite(value) & np.isfinite(by_arm) & np.isfinite(by_control)
    value, by_arm, by_control = (np.where(known, number, np.nan) for number in (value, by_arm, by_control))
    slopes: dict[Harvest, np.ndarray] = {}
    for harvest, slope in ((one, by_arm), (two, by_control), (first, -by_arm - by_control)):
        slopes[harvest] = slopes.get(harvest, np.zeros(len(x))) + slope
    return Contrast(value, slopes)
