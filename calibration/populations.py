"""Populations of a tempered sampler, and one weight for each of their members."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.special import logsumexp

from calibration.reweighting import log_evidence, log_weights, normalized

PRIOR, MEASURED, FINDINGS = np.zeros(2), np.array([1.0, 0.0]), np.ones(2)
"""Temperatures of the three targets: how much measured data and, beside them, findings count."""
TARGETS = {"prior": PRIOR, "measured": MEASURED, "findings": FINDINGS}
FIELDS = ("z", "simulated", "columns", "totals")
"""What a population holds for each of its members."""


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


@dataclass(eq=False)
class History:
    """All populations so far, weighted as one.

    Attributes
    ----------
    populations : list of Population
    success : float
        Share of prior draws that could be simulated; the prior is cut to these.
    waves : list of dict
        For each round: temperature, acceptance, steps under the emulator, what that explains.
    climb_evidence : array, shape (2,), optional
        Of settled populations: log evidences of both targets as the climb before told them.
    """

    populations: list[Population] = field(default_factory=list)
    success: float = 1.0
    waves: list[dict[str, float]] = field(default_factory=list)
    climb_evidence: np.ndarray | None = None
    _log_z: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def add(self, population: Population) -> None:
        """One more population."""
        self.populations.append(population)
        guess = np.append(self._log_z, self._log_z[-1:] if len(self._log_z) else [0.0])
        self._log_z = log_evidence(self._temperatures, self._counts, self.totals, guess)

    @classmethod
    def of(cls, populations: list[Population], success: float, climb_evidence: np.ndarray | None = None) -> History:
        """Populations that are known already; settled ones if they come with the evidences of the climb before."""
        history = cls(list(populations), success, climb_evidence=climb_evidence)
        if not history.settled:
            history._log_z = log_evidence(history._temperatures, history._counts, history.totals)
        return history

    @property
    def settled(self) -> bool:
        """Each target has populations of its own, equally weighted; nothing is carried from one target to another."""
        return self.climb_evidence is not None

    def last(self, temperature: np.ndarray) -> Population:
        """The latest population of one temperature."""
        return next(p for p in reversed(self.populations) if (p.temperature == temperature).all())

    def drawn_for(self, temperature: np.ndarray) -> Population:
        """All populations of one temperature together."""
        own = [p for p in self.populations if (p.temperature == temperature).all()]
        return Population(temperature, *(np.concatenate([getattr(p, name) for p in own]) for name in FIELDS))

    @property
    def _temperatures(self) -> np.ndarray:
        return np.array([p.temperature for p in self.populations])

    @property
    def _counts(self) -> np.ndarray:
        return np.array([len(p.z) for p in self.populations])

    @property
    def totals(self) -> np.ndarray:
        """Measured and findings, shape (n_members, 2)."""
        return np.concatenate([p.totals for p in self.populations])

    def merged(self, temperature: np.ndarray) -> Population:
        """Every member."""
        return Population(
            temperature, *(np.concatenate([getattr(p, name) for p in self.populations]) for name in FIELDS)
        )

    def log_weights(self, temperature: np.ndarray) -> np.ndarray:
        """Of every member for a target; of a climb, the logarithm of their sum is its evidence under the cut prior."""
        if self.settled:
            own = (self._temperatures == temperature).all(axis=1)
            return np.where(np.repeat(own, self._counts), 0.0, -np.inf)
        return log_weights(temperature, self._temperatures, self._counts, self.totals, self._log_z)

    def weights(self, temperature: np.ndarray) -> np.ndarray:
        """The same, of sum 1."""
        return normalized(self.log_weights(temperature))

    def log_evidence(self, temperature: np.ndarray) -> float:
        """Logarithm of the evidence; failures count as a likelihood of zero."""
        if self.climb_evidence is not None:
            return float(self.climb_evidence[int(temperature[1])])
        return float(logsumexp(self.log_weights(temperature)) + np.log(self.success))
