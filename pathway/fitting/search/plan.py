"""What a search does: how many starts, and what effort each of them makes."""

from __future__ import annotations

from dataclasses import dataclass, field

from .descent import MANY
from .trust_region import Settings


@dataclass(frozen=True)
class Heat:
    """A round of short optimizations within one start.

    Attributes
    ----------
    share : float
        How many take part, of all candidates of the start: the best of the round before.
    iterations : int
        Of each.
    """

    share: float
    iterations: int


@dataclass(frozen=True)
class Plan:
    """What a search does; equal plans of equal problems give equal results.

    Attributes
    ----------
    starts : int
    seed : int
    sampling : str
        "latin_hypercube" or "sobol".
    include_nominal : bool
        Whether start 0 is the nominal point instead of a drawn one.
    candidates : int
        How many points a start looks at before it begins at the best of them; 0: eight for each estimated parameter,
        at most 100, and 20 where gradients alone lead on.
    heats : tuple of Heat
        Rounds of short optimizations; the best of the last one goes on.
    hops : int
        At most so often some parameters are drawn anew; what is better after a short optimization is kept.
    many : int
        From so many estimated parameters on a start is one descent by gradients alone, without heats and hops.
    loose_tolerance : float
        Relative solver tolerance until the end is near.
    settings : Settings
        Of the local optimizer.
    """

    starts: int = 20
    seed: int = 1
    sampling: str = "latin_hypercube"
    include_nominal: bool = False
    candidates: int = 0
    heats: tuple[Heat, ...] = (Heat(0.2, 8), Heat(0.08, 20), Heat(0.04, 60))
    hops: int = 10
    many: int = MANY
    loose_tolerance: float = 1e-6
    settings: Settings = field(default_factory=Settings)
