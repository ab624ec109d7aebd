"""What a search does: how many starts, and what effort each of them makes."""

from __future__ import annotations

from dataclasses import dataclass, field

from .lbfgs import MANY
from .trust_region import TrustRegionOptions


@dataclass(frozen=True)
class SearchOptions:
    """What a search does; equal plans of equal problems give equal results.

    Attributes
    ----------
    starts : int
    seed : int
    include_nominal : bool
        Whether start 0 is the nominal point instead of a drawn one.
    descents : int
        Short optimizations that a start begins with, each at the best of `candidates` points of its own; 0: two for
        every three parameters, but no fewer than six and no more than sixteen. As many again, and crossings once more,
        where an earlier start has found a better value.
    candidates : int
    agree : int
        Once so many descents of a start ended at its best value the others are left out, and crossings too if no more
        ended elsewhere; unless an earlier start has found a better one. Ends on plateaus (`PLATEAU`) count for nothing.
    confirmed : int
        A start ends at the best value of the earlier ones (`earlier_starts`) once so many of them ended there.
    patience : int
        So many crossings (optimizations from a mixture of two ends) without a gain are the last of a start; 0: one for
        every two parameters, but no fewer than six and no more than twelve. Without different ends nothing is
        crossed.
    many : int
        From so many estimated parameters on a start is one descent by gradients alone, without crossings.
    loose_tolerance : float
        Relative solver tolerance until the end is near.
    settings : TrustRegionOptions
        Of the local optimizer.
    """

    starts: int = 20
    seed: int = 1
    include_nominal: bool = False
    descents: int = 0
    candidates: int = 20
    agree: int = 3
    confirmed: int = 2
    patience: int = 0
    many: int = MANY
    loose_tolerance: float = 1e-6
    settings: TrustRegionOptions = field(default_factory=TrustRegionOptions)

    def points(self, parameters: int) -> tuple[int, int]:
        """Descents of a start with so many estimated parameters, and points that each of them chooses from."""
        if parameters >= self.many:
            return 1, self.candidates
        return self.descents or min(max(2 * parameters // 3, 6), 16), self.candidates
