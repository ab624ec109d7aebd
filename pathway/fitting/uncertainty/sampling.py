"""Draws from the posterior, with a diagnosis of how far they can be trusted.

The sampler is emcee's affine-invariant ensemble, which needs no tuning and no slopes; it is started around an optimum
and within the bounds. R-hat and effective sample sizes come from its walkers, taken as chains.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..objective import Objective
from ..problem import ProblemError


@dataclass(frozen=True, eq=False)
class Posterior:
    """Draws of all estimated parameters.

    Attributes
    ----------
    names : tuple of str
    draws : array, shape (n_draws, n_estimated)
        Natural units.
    log_density : array, shape (n_draws,)
        Up to a constant.
    r_hat, effective : dict of name to float
        Split R-hat (below 1.05: the chains agree) and effective number of draws.
    acceptance : float
        Share of proposals taken.
    failures : int
        Proposals at which the objective could not be computed.
    """

    names: tuple[str, ...]
    draws: np.ndarray
    log_density: np.ndarray
    r_hat: dict[str, float]
    effective: dict[str, float]
    acceptance: float
    failures: int

    @property
    def converged(self) -> bool:
        """Whether every R-hat is below 1.05."""
        return all(value < 1.05 for value in self.r_hat.values())

    def interval(self, name: str, level: float = 0.95) -> tuple[float, float]:
        """The central credible interval of one parameter, natural units."""
        column = self.draws[:, self.names.index(name)]
        low, high = np.quantile(column, [0.5 * (1 - level), 0.5 * (1 + level)])
        return float(low), float(high)


def sample(
    objective: Objective, x: np.ndarray, draws: int = 2000, seed: int = 1, walkers: int | None = None
) -> Posterior:
    """Draws from the posterior within the bounds.

    Parameters
    ----------
    objective : Objective
    x : array, shape (n_estimated,)
        Where to begin: an optimum, on the optimizer's scale. Parameters without a prior are flat on that scale.
    draws : int
        About so many are kept; the first half of each chain is dropped.
    seed : int
    walkers : int, optional
        Default: four times the number of parameters.

    Returns
    -------
    Posterior

    Raises
    ------
    ProblemError
        If emcee is not installed.

    Notes
    -----
    Goodman & Weare 2010, doi 10.2140/camcos.2010.5.65; Foreman-Mackey et al. 2013, doi 10.1086/670067; R-hat as in
    Gelman et al., Bayesian Data Analysis, third edition, section 11.4.
    """
    try:
        import emcee
    except ImportError:
        raise ProblemError(["sampling needs the extra 'sampling': pip install 'mir21-pathway[sampling]'"]) from None
    lower, upper = objective.problem.bounds
    n = len(x)
    n_walkers = walkers or 2 * max(2 * n, 4)
    rng = np.random.default_rng(seed)
    failures = [0]

    def log_density(point: np.ndarray) -> float:
        if np.any(point < lower) or np.any(point > upper):
            return -math.inf
        value = objective.value(point)
        failures[0] += not math.isfinite(value)
        return -value if math.isfinite(value) else -math.inf

    start = _scattered(objective, x, n_walkers, rng)
    steps = max(2 * draws // n_walkers, 20)
    sampler = emcee.EnsembleSampler(n_walkers, n, log_density)
    sampler.random_state = np.random.RandomState(seed).get_state()
    sampler.run_mcmc(start, steps)
    chain = sampler.get_chain(discard=steps // 2)
    flat = chain.reshape(-1, n)
    r_hat, effective = zip(*(_diagnosed(chain[:, :, k]) for k in range(n)), strict=True)
    names = objective.problem.names
    return Posterior(
        names=names,
        draws=objective.problem.from_scale(flat),
        log_density=sampler.get_log_prob(discard=steps // 2).reshape(-1),
        r_hat=dict(zip(names, r_hat, strict=True)),
        effective=dict(zip(names, effective, strict=True)),
        acceptance=float(np.mean(sampler.acceptance_fraction)),
        failures=failures[0],
    )


def _scattered(objective: Objective, x: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Points around the optimum, spread as the information there says, inside the bounds."""
    lower, upper = objective.problem.bounds
    information = objective(x).information
    spread = 0.05 * np.eye(len(x))
    if information is not None:
        values, vectors = np.linalg.eigh(information)
        spread = vectors * np.minimum(1.0 / np.sqrt(np.maximum(values, 1e-12)), 0.5)
    points = x + rng.normal(size=(count, len(x))) @ spread.T
    inside = np.where(np.isfinite(upper - lower), upper - lower, 1.0)
    # Reflect at the bounds, so that no two walkers start at the same place.
    points = np.where(points < lower, np.minimum(2 * lower - points, lower + 0.5 * inside), points)
    return np.where(points > upper, np.maximum(2 * upper - points, upper - 0.5 * inside), points)


def _diagnosed(chains: np.ndarray) -> tuple[float, float]:
    """Split R-hat and effective number of draws of one parameter, from an array (n_steps, n_walkers)."""
    half = len(chains) // 2
    parts = np.concatenate([chains[:half], chains[half : 2 * half]], axis=1)
    within = float(parts.var(axis=0, ddof=1).mean())
    between = half * float(parts.mean(axis=0).var(ddof=1))
    if within <= 0.0:
        return math.inf, 0.0
    total = (half - 1) / half * within + between / half
    centred = parts - parts.mean(axis=0)
    correlation = []
    for lag in range(1, half):
        found = float((centred[lag:] * centred[:-lag]).mean())
        rho = 1.0 - (within - found) / total
        if rho < 0.05:
            break
        correlation.append(rho)
    return math.sqrt(total / within), parts.size / (1.0 + 2.0 * sum(correlation))
