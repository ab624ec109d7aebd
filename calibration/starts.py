"""Where chains start: each near where one draw of the prior and the data agree best, so that no two share an ancestor.

To each draw of the prior belongs a draw of the errors of measurement. The member goes down to the parameters that are
best for this pair (randomized maximum likelihood: Kitanidis 1995, doi 10.1029/95WR01945; Oliver, He and Reynolds 1996).
Were residuals linear, members would be draws of the posterior. As it is they lie near it, as widely spread as the prior
along all directions of which the data tell nothing. All share one mean of slopes, taken at a few of them, since own
slopes would cost each member hundreds of runs a round: of two tops whose slopes differ in sign they favor that of the
majority.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from calibration.moves import Moves, damped_steps
from calibration.populations import Population, Simulate, Target

DAMPINGS = (1.0, 10.0, 100.0)
"""Of the steps that each member tries (Marquardt 1963); the best is taken."""


class Starts:
    """Pairs of a draw of the prior and a draw of errors, and the members that go down from there.

    Parameters
    ----------
    target : Target
    simulate : callable
    drawn : Population
        Of the prior.
    seed : int
    progress : callable
        Takes a line after each round.
    """

    def __init__(
        self, target: Target, simulate: Simulate, drawn: Population, seed: int,
        progress: Callable[[str], None] = lambda line: None,
    ) -> None:  # fmt: skip
        self.target, self._simulate, self._seed, self._progress = target, simulate, seed, progress
        self._prior, self.members = drawn.z.copy(), drawn
        measured = target.residuals(drawn.z, drawn.simulated).shape[1]
        findings = target.finding_residuals(drawn.z, drawn.simulated).shape[1]
        errors = np.random.default_rng([seed, 1]).standard_normal((len(drawn.z), measured))
        self._errors = np.hstack([errors, np.zeros((len(drawn.z), findings))])

    def towards(self, temperature: np.ndarray, rounds: int) -> Population:
        """The members after some more rounds with the data that count at a temperature."""
        name = "starts" if temperature[1] else "starts-measured"
        rng = np.random.default_rng([self._seed, 5 + int(temperature[1])])
        moves = Moves(self.target, self._simulate, name, temperature, rng)
        members = self.members.rows(np.arange(len(self._prior)), temperature)
        for _ in range(rounds):
            members = self._lower(moves, self._with_cheap(moves, members))
            fit = np.median(members.totals, axis=0)
            self._progress(f"{name}: median log-likelihood {fit[0]:.1f} (findings {fit[1]:.1f})")
        self.members = members
        return members

    def _with_cheap(self, moves: Moves, members: Population) -> Population:
        """Discrepancies and backgrounds of these follow at once: they are no part of what is gone down in."""
        members = moves.cheap(members)
        self._prior[:, self.target.cheap] = members.z[:, self.target.cheap]
        return members

    def _lower(self, moves: Moves, members: Population) -> Population:
        """One step of Levenberg and Marquardt for every member, with slopes that all share."""
        moved, slopes = moves.moved, moves.slopes_of_some(members).mean(axis=0)
        misses = moves.residuals(members.z, members.simulated) - self._errors
        uphill = (members.z - self._prior)[:, moved] + misses @ slopes
        best, least = members, self._mismatch(moves, members)
        for damping in DAMPINGS:
            z = members.z.copy()
            z[:, moved] += damped_steps(slopes, uphill, damping)
            new = moves.judged(z)
            far = self._mismatch(moves, new)
            best, least = best.moved(far < least, new), np.minimum(far, least)
        return best

    def _mismatch(self, moves: Moves, members: Population) -> np.ndarray:
        """What each member brings down, shape (n,): half the squared distances to its draw and to its errors."""
        misses = moves.residuals(members.z, members.simulated) - self._errors
        far = 0.5 * (((members.z - self._prior) ** 2).sum(axis=1) + (misses**2).sum(axis=1))
        return np.where(members.alive, far, np.inf)
