"""Draws of the prior and of both posteriors: chains that start apart and move until they have forgotten their start.

Each member is a chain of its own. From starts near the posterior and too widely spread (starts.py) the log-likelihood
rises until it stands, and what is cut short errs towards wide intervals.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri
from scipy.stats import qmc

from calibration.moves import POINTS, Drift, Moves, drift, moved_coordinates
from calibration.populations import FINDINGS, MEASURED, PRIOR, History, Population, Simulate, Target, judged
from calibration.reweighting import systematic
from calibration.starts import DAMPINGS, Starts

_ACCEPTANCE = 0.25
"""Share of moves that are taken, to which the step is adapted."""
_JITTER = 0.5
"""Standard deviation of the logarithm of a step over the members."""
_EVERY = 3
"""One round of so many draws switches anew instead of moving."""
_SWITCHES = 4
"""Switches that are drawn anew together, at most."""
_WEAKENED = 0.5
"""Share of members whose switches are drawn anew with the strengths that they switch: where these are weak, on and off
lie close together."""
_SLOPES = 3
"""Times that slopes are taken, evenly over the burn-in."""
_SELECTED = 0.1
"""Share of members that give way to others in one round of `_EVERY`, in the first `_SELECTING` rounds."""
_SELECTING = 30
"""No more: each time members lose ancestors, and what no data tell would be drawn from few."""


@dataclass(frozen=True)
class Settings:
    """How much work is done.

    Attributes
    ----------
    members : int
        Chains.
    first : int
        Draws of the prior.
    starting : int
        Rounds on the way from a draw of the prior to where its chain starts; half as many from there to the findings.
    burn_in : int
        Moves that are dropped.
    settled : int
        Moves after these; each leaves a population.
    seed : int
    """

    members: int = 300
    first: int = 1024
    starting: int = 8
    burn_in: int = 60
    settled: int = 20
    seed: int = 1


def settle(
    target: Target,
    simulate: Simulate,
    settings: Settings,
    progress: Callable[[str], None] = lambda line: None,
    earlier: History | None = None,
    only: np.ndarray | None = None,
) -> History:
    """Draws of the prior, and `settled` populations of each posterior, equally weighted there.

    Equal settings and answers of `simulate` give equal bits: a run that was stopped is repeated with the answers that
    are known, and goes on where these end.

    Parameters
    ----------
    target : Target
    simulate : callable
    settings : Settings
    progress : callable
        Takes a line after each round.
    earlier : History, optional
        Chains that go on here from where they ended.
    only : array, shape (2,), optional
        The one target whose chains go on; draws of the other are those of `earlier`.

    Raises
    ------
    ValueError
        If fewer than two draws of the prior can be simulated.
    """
    prior, success = (
        (earlier.populations[0], earlier.success) if earlier else _prior(target, simulate, settings, progress)
    )
    members = prior.rows(np.resize(np.arange(len(prior.z)), settings.members), PRIOR)
    starts = Starts(target, simulate, members, settings.seed, progress)
    history = History([prior], success, list(earlier.waves) if earlier else [])
    for end in (MEASURED, FINDINGS)[: 1 + bool(target.finding.any())]:
        chains = _Chains(target, simulate, settings, end, progress)
        if earlier and only is not None and end is not only:
            populations = [p for p in earlier.populations if (p.temperature == end).all()]
        elif earlier:
            populations = chains.run(_ended(earlier, settings.members, chains.rng, end), select=False)
        else:
            rounds = settings.starting if end is MEASURED else (settings.starting + 1) // 2
            populations = chains.run(starts.towards(end, rounds), select=True)
        history.populations += populations
        history.waves += chains.waves
    return history


def _prior(
    target: Target, simulate: Simulate, settings: Settings, progress: Callable[[str], None]
) -> tuple[Population, float]:
    """Draws of the prior that can be simulated, evenly spread, and their share."""
    rng = np.random.default_rng([settings.seed, 0])
    cube = qmc.Sobol(target.dimension, rng=rng).random(settings.first)
    z = ndtri(cube.clip(1e-12, 1 - 1e-12))
    drawn = judged(target, z, simulate("prior-0000", z), PRIOR)
    alive = drawn.alive
    if alive.sum() < 2:
        raise ValueError(f"{alive.sum()} of {len(alive)} draws of the prior can be simulated; at least 2 are needed")
    progress(f"prior: {alive.sum()} of {len(alive)} draws can be simulated")
    return drawn.rows(alive, PRIOR), float(alive.mean())


def _ended(earlier: History, number: int, rng: np.random.Generator, temperature: np.ndarray) -> Population:
    """Where chains have ended, each as often as so many members allow."""
    members = earlier.last(temperature)
    return members.rows(systematic(np.full(len(members.z), 1 / len(members.z)), number, rng), temperature)


def planned_runs(target: Target, settings: Settings, goes_on: bool, one: bool = False) -> int:
    """Vectors that a run simulates; of both targets or of one."""
    legs = 1 + bool(target.finding.any() and not one)
    for_slopes = POINTS * len(moved_coordinates(target))
    rounds = settings.burn_in + settings.settled
    chains = settings.members * (rounds if target.switches.any() else rounds - rounds // _EVERY)
    chains += for_slopes * len(_rounds_of_slopes(settings))
    if goes_on:
        return legs * chains
    rounds = settings.starting + (legs - 1) * ((settings.starting + 1) // 2)
    return settings.first + rounds * (len(DAMPINGS) * settings.members + for_slopes) + legs * chains


def _rounds_of_slopes(settings: Settings) -> set[int]:
    """The rounds before which chains take slopes; all lie in the burn-in, so that what counts is one Markov chain."""
    return {settings.burn_in * k // _SLOPES for k in range(_SLOPES)}


class _Chains(Moves):
    """Chains of one posterior."""

    def __init__(
        self, target: Target, simulate: Simulate, settings: Settings, temperature: np.ndarray,
        progress: Callable[[str], None],
    ) -> None:  # fmt: skip
        rng = np.random.default_rng([settings.seed, 3 + int(temperature[1])])
        super().__init__(target, simulate, "settled" if temperature[1] else "settled-measured", temperature, rng)
        self.settings, self.progress = settings, progress
        self._step = 0.1
        self.waves: list[dict[str, float]] = []

    def run(self, population: Population, select: bool) -> list[Population]:
        """What is left after the burn-in; early in that the least likely may give way to others."""
        populations, anew = [], _rounds_of_slopes(self.settings)
        for number in range(self.settings.burn_in + self.settings.settled):
            if number in anew:
                slopes = drift(self.moved, self.slopes_of_some(population))
            population = self.cheap(population)
            if number % _EVERY == _EVERY - 1:
                early = select and number < min(_SELECTING, self.settings.burn_in // 2)
                population = self._switched(self._selected(population) if early else population)
            else:
                population = self._drifted(population, slopes)
            if number >= self.settings.burn_in:
                populations.append(population)
        return populations

    def _drifted(self, population: Population, slopes: Drift) -> Population:
        step = (self._step * np.exp(_JITTER * self.rng.standard_normal(len(population.z)))).clip(max=1.0)
        before = self.residuals(population.z, population.simulated)
        z = slopes.proposed(population.z, before, step, self.rng)
        new = self.judged(z)
        simulated = np.where(np.isfinite(new.simulated), new.simulated, population.simulated)
        ratio = slopes.log_ratio(population.z, before, z, self.residuals(z, simulated), step)
        population, share = self.taken(population, new, ratio)
        self._step = float(np.clip(self._step * np.exp(0.4 * (share - _ACCEPTANCE)), 1e-3, 1.0))
        self._tell(population, share)
        return population

    def _switched(self, population: Population) -> Population:
        """Some switches drawn anew from the prior, with what they switch or without."""
        rng, switches = self.rng, np.flatnonzero(self.target.switches)
        if not len(switches):
            return population
        order = rng.random((len(population.z), len(switches))).argsort(axis=1)
        drawn = order < rng.integers(1, min(_SWITCHES, len(switches)) + 1, len(population.z))[:, None]
        anew = np.zeros(population.z.shape, dtype=bool)
        anew[:, switches] = drawn
        weakened = rng.random(len(population.z)) < _WEAKENED
        anew |= (weakened[:, None] & drawn) @ self.target.strengths
        z = np.where(anew, rng.standard_normal(anew.shape), population.z)
        return self.taken(population, self.judged(z), np.zeros(len(z)))[0]

    def _selected(self, population: Population) -> Population:
        """The least likely give way to others: for the burn-in, whose start may lie anywhere."""
        worth = population.totals @ self.temperature
        least = worth < np.quantile(worth, _SELECTED)
        place = np.arange(len(worth))
        place[least] = self.rng.choice(np.flatnonzero(~least), least.sum())
        return population.rows(place, self.temperature)

    def _tell(self, population: Population, share: float) -> None:
        fit = np.median(population.totals, axis=0)
        self.waves.append(
            {
                "findings": float(self.temperature[1]),
                "acceptance": share,
                "step": self._step,
                "log_likelihood": float(fit[0]),
                "log_likelihood_findings": float(fit[1]),
            }
        )
        self.progress(
            f"{self.name}: {share:.0%} of moves of {self._step:.3f} taken; median log-likelihood {fit[0]:.1f} "
            f"(findings {fit[1]:.1f})"
        )
