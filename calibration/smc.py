"""Sequential Monte Carlo from the prior to the posterior, with moves that an emulator chooses and the simulator judges.

Coordinates are those in which the prior is standard normal. Populations follow prior * exp(t . log-likelihoods), t
going from (0, 0) to (1, 0), all measured data, and on to (1, 1), findings as well, each step as far as the
effective number of all members so far allows (persistent sampling, Karamanis and Seljak 2024, arXiv 2407.20722).
A member moves by many small steps under the emulator and one run of the simulator, which takes or refuses the end
of the walk so that the target is exact however poor the emulator is (surrogate transition, Liu 2001, section 9.4.3;
Christen and Fox 2005, doi 10.1198/106186005X76983).

On the way members descend from fewer and fewer ancestors and draw together, which no effective number of weights sees.
So each end of a leg is settled afterwards: members start again too widely spread (settling.py) and move until they have
forgotten it; only these count.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import ndtri
from scipy.stats import qmc

from calibration.emulator import Emulator, fit_emulator
from calibration.populations import FINDINGS, MEASURED, PRIOR, History, Population
from calibration.proposals import curvature, propose
from calibration.reweighting import effective_number, systematic

LEGS = np.array([MEASURED, FINDINGS - MEASURED])
"""Directions of the two legs: measured data, then findings."""
POINTS = 4
"""Members at which the curvature of the target is taken."""
ENOUGH = 0.6
"""Walks taken for each member after which the temperature may go on."""


class Target(Protocol):
    """What is sampled.

    Attributes
    ----------
    dimension : int
    cheap : bool array, shape (dimension,)
        Coordinates that the simulator does not see.
    switches : bool array, shape (dimension,)
        Coordinates of which a threshold alone counts.
    finding : bool array, shape (n_columns,)
        Columns of the log-likelihood that come from findings; all others are measured.
    """

    dimension: int
    cheap: np.ndarray
    switches: np.ndarray
    finding: np.ndarray

    def features(self, z: np.ndarray) -> np.ndarray:
        """What the emulator learns from, shape (n, n_features)."""
        ...

    def log_likelihood(self, z: np.ndarray, simulated: np.ndarray) -> np.ndarray:
        """Columns, shape (n, n_columns), of simulated numbers; rows that failed are -inf."""
        ...

    def residuals(self, z: np.ndarray, simulated: np.ndarray) -> np.ndarray:
        """Standardized residuals of the measured data, shape (n, n_data), finite; they only shape proposals."""
        ...

    def finding_residuals(self, z: np.ndarray, simulated: np.ndarray) -> np.ndarray:
        """The same of the findings, shape (n, n_findings)."""
        ...


def judged(target: Target, z: np.ndarray, simulated: np.ndarray, temperature: np.ndarray) -> Population:
    """Members with their log-likelihoods; those that failed have -inf."""
    columns = target.log_likelihood(z, simulated)
    finding = target.finding
    totals = np.stack([columns[:, ~finding].sum(axis=1), columns[:, finding].sum(axis=1)], axis=1)
    return Population(temperature, z, simulated, columns, np.where(np.isnan(totals), -np.inf, totals))


Simulate = Callable[[str, np.ndarray], np.ndarray]
"""Name of a wave and coordinates (n, dimension) to simulated numbers (n, n_outputs), nan where a run fails."""


@dataclass(frozen=True)
class Settings:
    """How much work is done.

    Attributes
    ----------
    members : int
        Of each population.
    first : int
        Draws of the prior.
    effective : float
        Effective number that a step of temperature leaves, as a share of `members`.
    rounds : int
        Moves at each temperature, at most; fewer once `ENOUGH` walks were taken.
    last_rounds : int
        Moves at the end of each leg; each leaves a population.
    training : int
        Runs that the emulator learns from.
    burn_in : int
        Moves from the wide start of settling that are dropped.
    settled : int
        Moves after these; each leaves a population. 0: no settling.
    steps : int
        Under the emulator in one walk, at most.
    seed : int
    """

    members: int = 400
    first: int = 2048
    effective: float = 0.5
    rounds: int = 3
    last_rounds: int = 4
    training: int = 1200
    burn_in: int = 40
    settled: int = 20
    steps: int = 256
    seed: int = 1


def climb(
    target: Target, simulate: Simulate, settings: Settings, told: Callable[[str], None] = lambda line: None
) -> History:
    """Populations from the prior to the posterior with all findings.

    Equal settings and answers of `simulate` give equal bits: a run that was stopped is repeated with the answers that
    are known, and goes on where these end.

    Parameters
    ----------
    target : Target
    simulate : callable
    settings : Settings
    told : callable
        Takes a line after each round.

    Raises
    ------
    ValueError
        If fewer than two draws of the prior can be simulated.
    """
    return _Climb(target, simulate, settings, told).run()


class _Climb:
    def __init__(self, target: Target, simulate: Simulate, settings: Settings, told: Callable[[str], None]) -> None:
        self.target, self.simulate, self.settings, self.told = target, simulate, settings, told
        self.history = History()
        self.steps = 8
        self.waves = 0
        self._known: list[Population] = []

    def run(self) -> History:
        self.history.add(self._first())
        for leg in LEGS[: 1 + bool(self.target.finding.any())]:
            self._walk(leg)
        return self.history

    def _rng(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self.settings.seed, self.waves, purpose])

    def _first(self) -> Population:
        """Draws of the prior, evenly spread."""
        cube = qmc.Sobol(self.target.dimension, rng=self._rng(0)).random(self.settings.first)
        drawn = self._evaluated(ndtri(cube.clip(1e-12, 1 - 1e-12)), PRIOR)
        alive = drawn.alive
        if alive.sum() < 2:
            raise ValueError(
                f"{alive.sum()} of {len(alive)} draws of the prior can be simulated; at least 2 are needed"
            )
        self.history.success = float(alive.mean())
        self.told(f"prior: {alive.sum()} of {len(alive)} draws can be simulated")
        return drawn.rows(alive, PRIOR)

    def _evaluated(self, z: np.ndarray, temperature: np.ndarray) -> Population:
        simulated = self.simulate(f"wave-{self.waves:04d}", z)
        self.waves += 1
        population = judged(self.target, z, simulated, temperature)
        self._known.append(population.rows(population.alive, temperature))
        return population

    def _walk(self, leg: np.ndarray) -> None:
        """From where the last population stands to the end of a leg."""
        while (along := self.history.populations[-1].temperature @ leg) < 1.0:
            start = self.history.populations[-1].temperature
            temperature = start + leg * (self._next(start, leg) - along)
            weights = self.history.weights(temperature)
            chosen = systematic(weights, self.settings.members, self._rng(1))
            population = self.history.merged(temperature).rows(chosen, temperature)
            last = temperature @ leg >= 1.0
            moved = 0.0
            for number in range(self.settings.last_rounds if last else self.settings.rounds):
                population, acceptance = self._moved(population)
                moved += acceptance
                if last and number:
                    self.history.add(population)
                elif not last and moved >= ENOUGH:
                    break
            if not last or self.settings.last_rounds == 1:
                self.history.add(population)

    def _next(self, start: np.ndarray, leg: np.ndarray) -> float:
        """The temperature along a leg that leaves the effective number asked for."""

        def enough(along: float) -> bool:
            weights = self.history.weights(start + leg * (along - start @ leg))
            return effective_number(weights) >= self.settings.effective * self.settings.members

        low, high = float(start @ leg), 1.0
        if enough(high):
            return high
        for _ in range(60):
            middle = np.sqrt(low * high) if low > 0 else high / 4
            low, high = (middle, high) if enough(middle) else (low, middle)
            if low > 0 and high / low < 1.01:
                break
        return max(low, float(start @ leg) + 1e-9)

    # Moves

    def _moved(self, population: Population) -> tuple[Population, float]:
        """One walk of every member and the simulator's verdict; the share that was taken."""
        rng, temperature = self._rng(2), population.temperature
        surrogate = self._surrogate(temperature)
        points = population.z[rng.choice(len(population.z), min(POINTS, len(population.z)), replace=False)]
        shape = curvature(surrogate.residuals, points, temperature[0])
        z, guess = population.z, surrogate(population.z)
        before = guess
        for _ in range(self.steps):
            proposal, log_ratio = propose(z, population.z, shape, self.target.cheap, rng)
            new = surrogate(proposal)
            with np.errstate(invalid="ignore"):
                taken = np.log(rng.random(len(z))) < new - guess + log_ratio
            z, guess = np.where(taken[:, None], proposal, z), np.where(taken, new, guess)
        walked = self._evaluated(z, temperature)
        with np.errstate(invalid="ignore"):
            log_ratio = (walked.totals - population.totals) @ temperature - (guess - before)
            log_ratio = np.where(walked.alive, log_ratio, -np.inf)
        taken = np.log(rng.random(len(z))) < log_ratio
        acceptance = float(taken.mean())
        self._tell(temperature, acceptance, surrogate)
        if acceptance < 0.2:
            self.steps = max(1, self.steps // 2)
        elif acceptance > 0.4:
            self.steps = min(self.settings.steps, self.steps * 2)
        return population.moved(taken, walked), acceptance

    def _tell(self, temperature: np.ndarray, acceptance: float, surrogate: _Surrogate) -> None:
        wave = {
            "measured": float(temperature[0]),
            "findings": float(temperature[1]),
            "acceptance": acceptance,
            "steps": self.steps,
            "explained": float(np.median(surrogate.emulator.explained)),
            "trust": surrogate.trust,
            "effective_number": effective_number(self.history.weights(temperature)),
        }
        self.history.waves.append(wave)
        self.told(
            f"temperature {temperature[0]:.3g} (findings {temperature[1]:.3g}): {acceptance:.0%} of walks of "
            f"{self.steps} steps taken; emulator explains {wave['explained']:.0%}, trusted {surrogate.trust:.2f}"
        )

    def _surrogate(self, temperature: np.ndarray) -> _Surrogate:
        """Learnt from the last runs and, of those before, from the runs that the temperature weighs most."""
        z, simulated, totals, columns = (
            np.concatenate([getattr(p, name) for p in self._known]) for name in ("z", "simulated", "totals", "columns")
        )
        worth = totals @ temperature
        recent = np.arange(max(0, len(z) - self.settings.training // 2), len(z))
        order = np.argsort(-worth[: len(z) - len(recent)], kind="stable")
        chosen = np.sort(np.r_[order[: self.settings.training - len(recent)], recent])
        emulator = fit_emulator(self.target.features(z[chosen]), simulated[chosen])
        guess = self.target.log_likelihood(z[chosen], emulator.left_out)
        best = worth[chosen] >= np.median(worth[chosen])
        limits = np.stack([columns[chosen].min(axis=0), columns[chosen].max(axis=0)])
        guess = np.clip(np.where(np.isnan(guess), -np.inf, guess), *limits)
        trust = np.array([_slope(*pair) for pair in zip(guess[best].T, columns[chosen][best].T, strict=True)])
        factors = trust * np.where(self.target.finding, temperature[1], temperature[0])
        return _Surrogate(self.target, emulator, limits, factors, float(np.median(trust)))


@dataclass(frozen=True, eq=False)
class _Surrogate:
    """The logarithm of the tempered likelihood as the emulator sees it, each column as far as it can be trusted."""

    target: Target
    emulator: Emulator
    limits: np.ndarray
    factors: np.ndarray
    trust: float

    def residuals(self, z: np.ndarray) -> np.ndarray:
        """As the emulator sees them."""
        return self.target.residuals(z, self.emulator.predict(self.target.features(z)))

    def __call__(self, z: np.ndarray) -> np.ndarray:
        columns = self.target.log_likelihood(z, self.emulator.predict(self.target.features(z)))
        return np.clip(np.where(np.isnan(columns), -np.inf, columns), *self.limits) @ self.factors


def _slope(guess: np.ndarray, truth: np.ndarray) -> float:
    """By how much the truth rises where the guess rises by one: below 1 where the guess is noisy; from 0 to 1."""
    spread = guess.var()
    return float(np.clip(np.cov(guess, truth)[0, 1] / spread, 0.0, 1.0)) if len(guess) > 2 and spread > 0 else 0.0
