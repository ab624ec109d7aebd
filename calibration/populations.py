"""What is sampled, and populations of it: draws of the prior, of the posterior after measured data, after findings too.

Coordinates are those in which the prior is standard normal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

PRIOR, MEASURED, FINDINGS = np.zeros(2), np.array([1.0, 0.0]), np.ones(2)
"""The three targets: whether measured data and, beside them, findings count."""
TARGETS = {"prior": PRIOR, "measured": MEASURED, "findings": FINDINGS}
FIELDS = ("z", "simulated", "columns", "totals")
"""What a population holds for each of its members."""

Simulate = Callable[[str, np.ndarray], np.ndarray]
"""Name of a wave and coordinates (n, dimension) to simulated numbers (n, n_outputs), nan where a run fails."""


class Target(Protocol):
    """What is sampled.

    Attributes
    ----------
    dimension : int
    cheap : bool array, shape (dimension,)
        Coordinates that the simulator does not see.
    switches : bool array, shape (dimension,)
        Coordinates of which a threshold alone counts.
    strengths : bool array, shape (n_switches, dimension)
        What each of these switches on and off.
    finding : bool array, shape (n_columns,)
        Columns of the log-likelihood that come from findings; all others are measured.
    """

    dimension: int
    cheap: np.ndarray
    switches: np.ndarray
    strengths: np.ndarray
    finding: np.ndarray

    def log_likelihood(self, z: np.ndarray, simulated: np.ndarray) -> np.ndarray:
        """Columns, shape (n, n_columns), of simulated numbers; rows that failed are -inf."""
        ...

    def residuals(self, z: np.ndarray, simulated: np.ndarray) -> np.ndarray:
        """Standardized residuals of the measured data, shape (n, n_data), finite; they only shape proposals."""
        ...

    def finding_residuals(self, z: np.ndarray, simulated: np.ndarray) -> np.ndarray:
        """The same of the findings, shape (n, n_findings)."""
        ...


@dataclass(frozen=True, eq=False)
class Population:
    """Members that follow one temperature.

    Attributes
    ----------
    temperature : array, shape (2,)
    z : array, shape (n, dimension)
    simulated : array, shape (n, n_outputs)
    columns : array, shape (n, n_columns)
        Log-likelihoods.
    totals : array, shape (n, 2)
        Sums of the measured columns and of the findings.
    """

    temperature: np.ndarray
    z: np.ndarray
    simulated: np.ndarray
    columns: np.ndarray
    totals: np.ndarray

    def rows(self, index: np.ndarray, temperature: np.ndarray) -> Population:
        """Some members, as a population of another temperature."""
        return Population(temperature, *(getattr(self, name)[index] for name in FIELDS))

    @property
    def alive(self) -> np.ndarray:
        """Which members could be simulated, shape (n,)."""
        return np.isfinite(self.totals).all(axis=1)

    def moved(self, taken: np.ndarray, new: Population) -> Population:
        """With the new members in place of those whose move was taken, bool, shape (n,)."""
        fields = (np.where(taken[:, None], getattr(new, name), getattr(self, name)) for name in FIELDS)
        return Population(self.temperature, *fields)


def judged(target: Target, z: np.ndarray, simulated: np.ndarray, temperature: np.ndarray) -> Population:
    """Members with their log-likelihoods; those that failed have -inf."""
    columns = target.log_likelihood(z, simulated)
    finding = target.finding
    totals = np.stack([columns[:, ~finding].sum(axis=1), columns[:, finding].sum(axis=1)], axis=1)
    return Population(temperature, z, simulated, columns, np.where(np.isnan(totals), -np.inf, totals))


@dataclass(eq=False)
class History:
    """All populations of a run: draws of the prior, then those of each posterior.

    Attributes
    ----------
    populations : list of Population
    success : float
        Share of prior draws that could be simulated; the prior is cut to these.
    waves : list of dict
        What each round of moves came to.
    """

    populations: list[Population] = field(default_factory=list)
    success: float = 1.0
    waves: list[dict[str, float]] = field(default_factory=list)

    def last(self, temperature: np.ndarray) -> Population:
        """The latest population of one target."""
        return next(p for p in reversed(self.populations) if (p.temperature == temperature).all())

    def drawn_for(self, temperature: np.ndarray) -> Population:
        """All populations of one target together."""
        own = [p for p in self.populations if (p.temperature == temperature).all()]
        return Population(temperature, *(np.concatenate([getattr(p, name) for p in own]) for name in FIELDS))

    def merged(self, temperature: np.ndarray) -> Population:
        """Every member, whatever it was drawn for."""
        return Population(
            temperature, *(np.concatenate([getattr(p, name) for p in self.populations]) for name in FIELDS)
        )

    def weights(self, temperature: np.ndarray) -> np.ndarray:
        """Of every member for a target, of sum 1: members count for the target that they were drawn for."""
        own = np.concatenate([np.full(len(p.z), float((p.temperature == temperature).all())) for p in self.populations])
        return own / own.sum()
