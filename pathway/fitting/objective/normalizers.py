"""Normalizations of simulated values, as the bench did them to the measured ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..problem import Measurement, Normalization, Problem

_NORMALIZING = "moment of "
"""How the measurements that a normalization adds are told from the problem's own."""


def normalization_measurements(normalization: Normalization, problem: Problem) -> list[Measurement]:
    """What a normalization needs to be simulated, written as measurements that do not count."""
    member = next(m for m in problem.measurements if m.normalization == normalization.name)
    blank = replace(
        member, value=1.0, censored="", normalization="", counted=False, source=_NORMALIZING + normalization.name
    )
    return [replace(blank, experiment=experiment, time=time) for experiment, time in normalization.points]


def normalizer_of(normalization: Normalization, measurements: Sequence[Measurement]) -> Normalizer:
    """The rows that a normalization brings to its axis, and those that make it."""
    members = [row for row, m in enumerate(measurements) if m.normalization == normalization.name]
    made_by = [row for row, m in enumerate(measurements) if m.source == _NORMALIZING + normalization.name]
    return Normalizer(np.array(members, dtype=int), np.array(made_by, dtype=int), normalization.kind == "minmax")


@dataclass(frozen=True, eq=False)
class Normalizer:
    """A normalization in rows of measurements.

    Attributes
    ----------
    members : int array
        Rows that are brought to the axis.
    made_by : int array
        Rows whose simulated values make its zero and one.
    minmax : bool
        Whether these are the least and the greatest value, instead of 0 and the mean.
    """

    members: np.ndarray
    made_by: np.ndarray
    minmax: bool

    def weights(self, simulated: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Zero and one as sums over `made_by`, each of shape (n_made_by,), at simulated values of all rows."""
        n = len(self.made_by)
        if not self.minmax:
            return np.zeros(n), np.full(n, 1.0 / n)
        values = simulated[self.made_by]
        zero, one = np.zeros(n), np.zeros(n)
        zero[np.argmin(values)] = one[np.argmax(values)] = 1.0
        return zero, one

    def _normalized(self, simulated: np.ndarray) -> tuple[tuple[np.ndarray, np.ndarray], float, np.ndarray]:
        """The weights, the length of the axis, and the members on it."""
        weights = self.weights(simulated)
        zero, one = (w @ simulated[self.made_by] for w in weights)
        return weights, one - zero, (simulated[self.members] - zero) / (one - zero)

    def apply(self, simulated: np.ndarray, slopes: np.ndarray | None = None) -> None:
        """Normalize simulated values, shape (n_rows,), and slopes, shape (n_rows, n_estimated), in place."""
        weights, length, normalized = self._normalized(simulated)
        if slopes is not None:
            zero_slope, one_slope = (w @ slopes[self.made_by] for w in weights)
            moved = slopes[self.members] - zero_slope - normalized[:, None] * (one_slope - zero_slope)
            slopes[self.members] = moved / length
        simulated[self.members] = normalized

    def back(self, simulated: np.ndarray, by_simulated: np.ndarray) -> None:
        """The transpose of what is done to slopes: derivatives by normalized values, shape (n_rows,), become those by
        the values as simulated (which are given), in place."""
        (zero, one), length, normalized = self._normalized(simulated)
        by_member = by_simulated[self.members] / length
        by_simulated[self.members] = by_member
        by_simulated[self.made_by] -= zero * (by_member.sum() - by_member @ normalized) + one * (by_member @ normalized)
