"""Members that start too widely spread and move until they have forgotten their start: what an ensemble is made of.

Each member is a chain of its own. Too narrow a start would look converged long before it has widened; from too wide a
start the log-likelihood rises until it stands, and what is cut short errs towards wide intervals.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from calibration.drift import Drift, beside, drift
from calibration.populations import History, Population
from calibration.reweighting import systematic
from calibration.smc import LEGS, Settings, Simulate, Target, judged

_POINTS = 6
"""Members at which the simulator tells the slopes."""
_ACCEPTANCE = 0.25
"""Share of moves that are taken, to which the step is adapted."""
_JITTER = 0.5
"""Standard deviation of the logarithm of a step over the members."""
_CHEAP = 6
"""Moves of the coordinates that no simulation sees, in each round."""
_EVERY = 4
"""One round of so many draws switches anew instead of moving."""
_SWITCHES = 6
"""Switches that are drawn anew together, at most."""
_SELECTED = 0.1
"""Share of members that give way to others in one round of `_EVERY`, in the first half of the burn-in."""


def settle(
    target: Target,
    simulate: Simulate,
    settings: Settings,
    climbed: History,
    told: Callable[[str], None] = lambda line: None,
) -> History:
    """Populations of each posterior that no longer know how a climb came there.

    Parameters
    ----------
    target : Target
    simulate : callable
    settings : Settings
        Of these `members`, `burn_in`, `settled` and `seed`.
    climbed : History
        From `climb`; or settled populations, whose chains go on from where they ended.
    told : callable
        Takes a line after each round.

    Returns
    -------
    History
        The draws of the prior, and `settled` populations at the end of each leg, equally weighted there.
    """
    ends = np.cumsum(LEGS, axis=0)[: 1 + bool(target.finding.any())]
    evidence = np.array([climbed.log_evidence(end) for end in ends])
    populations, waves = climbed.populations[:1], []
    for end in ends:
        chains = _Chains(target, simulate, settings, end, told)
        populations = populations + chains.run(climbed)
        waves += chains.waves
    settled = History.of(populations, climbed.success, evidence)
    settled.waves = climbed.waves + waves
    return settled


class _Chains:
    """Chains of one posterior."""

    def __init__(
        self,
        target: Target,
        simulate: Simulate,
        settings: Settings,
        temperature: np.ndarray,
        told: Callable[[str], None],
    ) -> None:
        self.target, self.settings, self.temperature, self.told = target, settings, temperature, told
        self.name = "settled" if temperature[1] else "settled-measured"
        self._simulate = simulate
        self._calls = 0
        self._rng = np.random.default_rng([settings.seed, 3 + int(temperature[1])])
        self._moved = np.flatnonzero(~target.cheap & ~target.switches)
        self._step = 0.1
        self.waves: list[dict[str, float]] = []

    def run(self, climbed: History) -> list[Population]:
        """What is left after the burn-in."""
        rng = self._rng
        start = self._start(climbed)
        slopes = self._slopes(start)
        population = start if climbed.settled else self._started(slopes.widened(start.z, rng))
        kept = []
        for number in range(self.settings.burn_in + self.settings.settled):
            early = number < self.settings.burn_in // 2 and not climbed.settled
            if number == self.settings.burn_in // 2:
                slopes = self._slopes(population)
            population = self._cheap(population)
            if number % _EVERY == _EVERY - 1:
                population = self._switched(self._selected(population) if early else population)
            else:
                population = self._drifted(population, slopes)
            if number >= self.settings.burn_in:
                kept.append(population)
        return kept

    def _start(self, climbed: History) -> Population:
        """Where settled chains have ended; of a climb as many members as their weights say."""
        if climbed.settled:
            members = climbed.last(self.temperature)
            weights = np.full(len(members.z), 1 / len(members.z))
        else:
            members, weights = climbed.merged(self.temperature), climbed.weights(self.temperature)
        return members.rows(systematic(weights, self.settings.members, self._rng), self.temperature)

    def _answers(self, z: np.ndarray) -> np.ndarray:
        simulated = self._simulate(f"{self.name}-{self._calls:04d}", z)
        self._calls += 1
        return simulated

    def _residuals(self, z: np.ndarray, simulated: np.ndarray) -> np.ndarray:
        measured, findings = self.target.residuals(z, simulated), self.target.finding_residuals(z, simulated)
        return np.concatenate([np.nan_to_num(measured), self.temperature[1] * np.nan_to_num(findings)], axis=1)

    def _slopes(self, population: Population) -> Drift:
        number = min(_POINTS, len(population.z))
        points = population.rows(self._rng.choice(len(population.z), number, replace=False), self.temperature)
        places = beside(points.z, self._moved)
        simulated = self._answers(places)
        failed = ~np.isfinite(simulated).all(axis=1)
        simulated[failed] = np.repeat(points.simulated, len(self._moved), axis=0)[failed]
        return drift(self._moved, self._residuals(points.z, points.simulated), self._residuals(places, simulated))

    def _started(self, z: np.ndarray) -> Population:
        """Those that can be simulated, some of them twice in place of the others."""
        population = judged(self.target, z, self._answers(z), self.temperature)
        alive = np.flatnonzero(population.alive)
        if not len(alive):
            raise ValueError("no member of the wide start can be simulated")
        return population.rows(np.resize(alive, len(z)), self.temperature)

    # Rounds

    def _drifted(self, population: Population, slopes: Drift) -> Population:
        rng = self._rng
        step = (self._step * np.exp(_JITTER * rng.standard_normal(len(population.z)))).clip(max=1.0)
        before = self._residuals(population.z, population.simulated)
        z = slopes.proposed(population.z, before, step, rng)
        new = judged(self.target, z, self._answers(z), self.temperature)
        simulated = np.where(np.isfinite(new.simulated), new.simulated, population.simulated)
        ratio = slopes.log_ratio(population.z, before, z, self._residuals(z, simulated), step)
        population, share = self._taken(population, new, ratio, rng)
        self._step = float(np.clip(self._step * np.exp(0.4 * (share - _ACCEPTANCE)), 1e-3, 1.0))
        self._tell(population, share)
        return population

    def _switched(self, population: Population) -> Population:
        """Some switches drawn anew from the prior."""
        rng, switches = self._rng, np.flatnonzero(self.target.switches)
        if not len(switches):
            return population
        order = rng.random((len(population.z), len(switches))).argsort(axis=1)
        drawn = order < rng.integers(1, min(_SWITCHES, len(switches)) + 1, len(population.z))[:, None]
        z = population.z.copy()
        z[:, switches] = np.where(drawn, rng.standard_normal(drawn.shape), z[:, switches])
        new = judged(self.target, z, self._answers(z), self.temperature)
        return self._taken(population, new, np.zeros(len(z)), rng)[0]

    def _cheap(self, population: Population) -> Population:
        rng, cheap = self._rng, self.target.cheap
        for _ in range(_CHEAP if cheap.any() else 0):
            size = np.exp(rng.uniform(np.log(0.05), 0.0, len(population.z)))[:, None]
            moved = cheap & (rng.random(population.z.shape) < 0.3)
            z = population.z + moved * size * rng.standard_normal(population.z.shape)
            new = judged(self.target, z, population.simulated, self.temperature)
            ratio = 0.5 * ((population.z**2).sum(axis=1) - (z**2).sum(axis=1))
            population, _ = self._taken(population, new, ratio, rng)
        return population

    def _selected(self, population: Population) -> Population:
        """The least likely give way to others: for the burn-in, whose start may lie anywhere."""
        rng, worth = self._rng, population.totals @ self.temperature
        least = worth < np.quantile(worth, _SELECTED)
        place = np.arange(len(worth))
        place[least] = rng.choice(np.flatnonzero(~least), least.sum())
        return population.rows(place, self.temperature)

    def _taken(
        self, population: Population, new: Population, log_ratio: np.ndarray, rng: np.random.Generator
    ) -> tuple[Population, float]:
        alive = new.alive
        gain = np.where(alive, (np.where(alive[:, None], new.totals, 0.0) - population.totals) @ self.temperature, 0.0)
        taken = alive & (np.log(rng.random(len(alive))) < gain + log_ratio)
        return population.moved(taken, new), float(taken.mean())

    def _tell(self, population: Population, share: float) -> None:
        fit = np.median(population.totals, axis=0)
        self.waves.append(
            {
                "measured": 1.0,
                "findings": float(self.temperature[1]),
                "acceptance": share,
                "step": self._step,
                "log_likelihood": float(fit[0]),
                "log_likelihood_findings": float(fit[1]),
            }
        )
        self.told(
            f"{self.name}: {share:.0%} of moves of {self._step:.3f} taken; median log-likelihood {fit[0]:.1f} "
            f"(findings {fit[1]:.1f})"
        )
