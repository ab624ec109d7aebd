"""A trial on a computer: how often so many women show that an arm is better than the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .outcome import chi_square_p, log_rank_statistic
from .plan import CohortPlan

SIZES = (50, 100, 200, 400)
"""Women in each arm."""

TRIALS = 300
"""Of each kind."""


@dataclass(frozen=True)
class TrialPower:
    """Of one kind of trial.

    Attributes
    ----------
    arm : str
        Against the first.
    women : int
        In each arm.
    enriched : bool
        Only women whose marker is high.
    power : float
        Share of trials with a log-rank p below 0.05 in favor of the arm.
    power_of_members : tuple of float
        5, 50 and 95 % over members of the ensemble, whose women all share its numbers; empty where they have too few.
    """

    arm: str
    women: int
    enriched: bool
    power: float
    power_of_members: tuple[float, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "arm": self.arm, "women": self.women, "enriched": self.enriched, "power": self.power,
            "power_of_members": list(self.power_of_members),
        }  # fmt: skip


def trial_power(
    plan: CohortPlan, times: Sequence[np.ndarray], events: Sequence[np.ndarray], high: np.ndarray, members: np.ndarray
) -> tuple[TrialPower, ...]:
    """Power of trials of every later arm against the first, with all women and with those whose marker is high.

    Parameters
    ----------
    plan : CohortPlan
    times : sequence of array, shape (n_women,), one for each arm
        Of progression, or of the last visit.
    events : sequence of bool array, shape (n_women,)
    high : bool array, shape (n_women,)
    members : int array, shape (n_women,)
    """
    powers = []
    for k, arm in enumerate(plan.arms[1:], start=1):
        for enriched in (False, True):
            pool = np.flatnonzero(high) if enriched else np.arange(len(high))
            for size in SIZES:
                if len(pool) < 2 * size:
                    continue
                rng = np.random.default_rng([plan.seed, k, enriched, size])
                won = _won(times, events, k, _randomized(pool, size, TRIALS, rng))
                spread = _over_members(times, events, k, pool, members, size, rng)
                powers.append(TrialPower(arm.name, size, enriched, float(won.mean()), spread))
    return tuple(powers)


def _randomized(pool: np.ndarray, size: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Women of each trial, the first half for the first arm; shape (count, 2 size)."""
    return np.array([rng.choice(pool, 2 * size, replace=len(pool) < 2 * size) for _ in range(count)])


def _won(times: Sequence[np.ndarray], events: Sequence[np.ndarray], arm: int, rows: np.ndarray) -> np.ndarray:
    """Which trials favor the arm, shape (n_trials,)."""
    half = rows.shape[1] // 2
    group = np.broadcast_to(np.arange(rows.shape[1]) >= half, rows.shape)
    at = np.where(group, times[arm][rows], times[0][rows])
    progressed = np.where(group, events[arm][rows], events[0][rows])
    better = progressed[:, half:].sum(axis=1) < progressed[:, :half].sum(axis=1)
    return better & (chi_square_p(log_rank_statistic(at, progressed, group)) < 0.05)


def _over_members(
    times: Sequence[np.ndarray],
    events: Sequence[np.ndarray],
    arm: int,
    pool: np.ndarray,
    members: np.ndarray,
    size: int,
    rng: np.random.Generator,
) -> tuple[float, ...]:
    """Power in members; a member with few women lends each to several places of a trial."""
    groups = [pool[members[pool] == member] for member in np.unique(members[pool])]
    groups = [group for group in groups if len(group) >= 20]
    if len(groups) < 5:
        return ()
    powers = [_won(times, events, arm, _randomized(group, size, 40, rng)).mean() for group in groups]
    return tuple(float(q) for q in np.quantile(powers, (0.05, 0.5, 0.95)))
