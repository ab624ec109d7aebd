"""New vectors between the members of an ensemble, weighted by what measurements say of them.

Population Monte Carlo: each round draws from a mixture around those that fit best so far, one Gauss-Newton step ahead
of each; all rounds count as one mixture (Cornuet et al. 2012, doi 10.1111/j.1467-9469.2011.00756.x), of which a part is
the density itself, so that no weight is without bound (Hesterberg 1995, doi 10.1080/00401706.1995.10484303).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from pathway.scenario.weighted import effective_sample_size

from .ensemble_density import EnsembleDensity

SHARE_OF_DENSITY = 0.05
"""Of the draws, from the density itself."""
_WIDENING = 2.0
"""Of the noise: steps are linear, and tails have to be covered."""
_MEMBERS, _FITTING = 30, 15
"""Effective numbers of members drawn around, and of vectors that noise and slopes are taken from."""
_HOLD = 0.1
"""Weight of the members' slopes beside those that the draws show."""


class Evaluations(NamedTuple):
    """What measurements say of vectors.

    Attributes
    ----------
    log_likelihood : array, shape (n,)
        -inf of those that cannot be judged.
    deviations, noise : array, shape (n, n_measurements)
        Of what each shows from what was measured, and the standard deviation of each measurement.
    """

    log_likelihood: np.ndarray
    deviations: np.ndarray
    noise: np.ndarray


class EvaluatedDraws(NamedTuple):
    """Pairs of a member and a step, with what measurements say of each; arrays of first length n."""

    members: np.ndarray
    steps: np.ndarray
    log_likelihood: np.ndarray
    deviations: np.ndarray
    noise: np.ndarray

    def rows(self, which: slice | np.ndarray) -> EvaluatedDraws:
        """Some of them."""
        return EvaluatedDraws(*(column[which] for column in self))

    def and_also(self, others: EvaluatedDraws) -> EvaluatedDraws:
        """These, followed by others."""
        return EvaluatedDraws(*map(np.concatenate, zip(self, others, strict=True)))


@dataclass(frozen=True)
class DrawOptions:
    """How long new vectors are drawn.

    Attributes
    ----------
    most : int
        Vectors.
    each : int
        In a round.
    goal : float
        Effective number at which no further round is begun.
    seed : int
    """

    most: int = 2400
    each: int = 200
    goal: float = 100.0
    seed: int = 1


@dataclass(frozen=True, eq=False)
class _Mixture:
    """What a round draws from: normal steps around centers, each of one member."""

    members: np.ndarray
    log_shares: np.ndarray
    means: np.ndarray
    root: np.ndarray
    """Cholesky factor of the precision of all steps."""

    def log_density(self, members: np.ndarray, steps: np.ndarray) -> np.ndarray:
        """Of pairs, but for the constant of `EnsembleDensity.log_density`, shape (n,)."""
        densities = np.full(len(members), -np.inf)
        for member in np.unique(members):
            rows, own = np.flatnonzero(members == member), np.flatnonzero(self.members == member)
            if len(own):
                away = (steps[rows, None] - self.means[own]) @ self.root
                densities[rows] = logsumexp(self.log_shares[own] - 0.5 * (away**2).sum(axis=2), axis=1)
        return densities + np.log(np.diag(self.root)).sum()

    def draw(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Members, shape (count,), and steps."""
        which = rng.choice(len(self.members), count, p=np.exp(self.log_shares))
        noise = rng.standard_normal((count, self.means.shape[1]))
        return self.members[which], self.means[which] + np.linalg.solve(self.root.T, noise.T).T


def population_monte_carlo(
    density: EnsembleDensity,
    start: Evaluations,
    evaluate: Callable[[np.ndarray, np.ndarray], Evaluations],
    options: DrawOptions | None = None,
) -> tuple[EvaluatedDraws, np.ndarray]:
    """Draws and their weights: density times likelihood over what they were drawn from.

    Parameters
    ----------
    density : EnsembleDensity
    start : Evaluations
        Of the members themselves.
    evaluate : callable (members, steps) -> Evaluations
    options : DrawOptions, optional

    Returns
    -------
    (EvaluatedDraws, array of shape (n_draws,))
        The weights add up to 1; all 0 where no draw can be judged.
    """
    options = options or DrawOptions()
    rng = np.random.default_rng(options.seed)
    n = len(density.weights)
    known = EvaluatedDraws(np.arange(n), density.own_steps, *start)
    rounds, weights = list[_Mixture](), np.zeros(0)
    while len(known.members) - n < options.most:
        mixture = _next_mixture(density, known)
        members, steps = mixture.draw(options.each, rng)
        plain = rng.random(options.each) < SHARE_OF_DENSITY
        members[plain] = rng.choice(n, plain.sum(), p=density.weights)
        steps[plain] = rng.standard_normal((plain.sum(), steps.shape[1]))
        known = known.and_also(EvaluatedDraws(members, steps, *evaluate(members, steps)))
        rounds.append(mixture)
        weights = _weights(density, rounds, known.rows(slice(n, None)))
        if effective_sample_size(weights) >= options.goal:
            break
    return known.rows(slice(n, None)), weights


def _weights(density: EnsembleDensity, rounds: list[_Mixture], draws: EvaluatedDraws) -> np.ndarray:
    own = density.log_density(draws.members, draws.steps)
    drawn_from = logsumexp([mixture.log_density(draws.members, draws.steps) for mixture in rounds], axis=0)
    drawn_from += np.log((1.0 - SHARE_OF_DENSITY) / len(rounds))
    ratio = own + draws.log_likelihood - np.logaddexp(drawn_from, own + np.log(SHARE_OF_DENSITY))
    if not np.isfinite(ratio).any():
        return np.zeros(len(ratio))
    weights = np.exp(ratio - ratio.max())
    return np.asarray(weights / weights.sum())


def _next_mixture(density: EnsembleDensity, known: EvaluatedDraws) -> _Mixture:
    """Around everything that is judged: by its share of its member, and by how well it fits one step ahead."""
    usable = np.isfinite(known.log_likelihood) & (density.weights[known.members] > 0.0)
    known = known.rows(usable)
    fitting = _tempered(np.zeros(len(known.members)), known.log_likelihood, _FITTING)
    noise = fitting @ known.noise
    slopes = density.width * _slopes(density, known, fitting) / noise
    shown = known.deviations / noise
    precision = np.eye(len(slopes)) + slopes @ slopes.T / _WIDENING
    means = np.linalg.solve(precision, slopes @ (known.steps @ slopes - shown).T / _WIDENING).T
    ahead = shown + (means - known.steps) @ slopes
    promise = -0.5 * ((ahead**2).sum(axis=1) / _WIDENING + (means**2).sum(axis=1))
    base = np.log(density.weights[known.members] / np.bincount(known.members)[known.members])
    shares = _tempered(base, promise, _MEMBERS, known.members)
    return _Mixture(known.members, np.log(np.maximum(shares, 1e-300)), means, np.linalg.cholesky(precision))


def _slopes(density: EnsembleDensity, known: EvaluatedDraws, fitting: np.ndarray) -> np.ndarray:
    """What a standard deviation along each direction changes in the measurements, near what fits: by the draws, each
    beside the member that it was moved from, held to what all members show; shape (n_directions, n_measurements)."""
    first = {int(member): row for row, member in reversed(list(enumerate(known.members)))}
    of_member = np.array([first[int(member)] for member in known.members])
    moved = density.width * (known.steps - known.steps[of_member])
    changed = known.deviations - known.deviations[of_member]
    weighted = moved * fitting[:, None]
    hold = _HOLD * density.width**2 * np.eye(moved.shape[1])
    return np.linalg.solve(weighted.T @ moved + hold, weighted.T @ changed + hold @ density.slopes)


def _tempered(base: np.ndarray, factor: np.ndarray, least: float, members: np.ndarray | None = None) -> np.ndarray:
    """Shares exp(base + power * factor) of sum 1 with the largest power up to 1 that leaves an effective number of so
    many, of draws or of their members."""
    for power in np.geomspace(1.0, 1e-4, 60):
        logarithms = base + power * factor
        shares = np.exp(logarithms - logarithms.max())
        shares /= shares.sum()
        if effective_sample_size(shares if members is None else np.bincount(members, shares)) >= least:
            break
    return np.asarray(shares)
