"""One start of a search: short descents from spread points, crossings of their ends, and the way to the very end.

A start knows what value the earlier ones found, and not where: it ends once it has come there by itself, and goes on
where its own ends agree on less. Descents end in different optima, and each has often found the right values of some
parameters. A crossing begins at a mixture of two ends, so that it may join what they found; where the data tie some
parameters to no others, what the ends found of each such block is joined at once.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np

from ..objective import Objective
from ..objective.hierarchical_parameters import ReducedObjective
from .lbfgs import minimize_with_lbfgs
from .options import SearchOptions
from .result import StartResult
from .trust_region import LocalOptimum, TrustRegionOptions, minimize

SHORT = {"iterations": 200, "value_tolerance": 1e-5}
"""Of descents and crossings."""

ROUGH = {"iterations": 200, "value_tolerance": 1e-4}
"""Of those on logarithms, which only lead to where others begin."""

ALIKE = 3e-3
"""Ends whose values differ by less than this times (1 + |value|) are taken for one."""

KEPT = 8
"""Ends that may take part in crossings: the best ones."""

MIXTURES = 10
"""Mixtures that a crossing looks at before it begins at the best of them."""

FRESH = 0.1
"""Share of a mixture's parameters that come from neither end."""

PLATEAU = 1 / 3
"""An end where the data see (Fisher information above 1 on the optimizer's scale) no more than this share of the
directions lies on a plateau. Many descents end on one, at nearly the same value."""

COUPLED = 1e-3
"""Parameters whose correlation in the Fisher matrix is below this at all ends are searched for apart."""

REACHED = 0.05
"""So far above the value of earlier starts a start has come there, too."""

SOFT, NEARLY_HARD = 0.1, 1e-4
"""Noise levels within which Laplace noise is a parabola, first and at the end. Many residuals of its best fit are zero,
and a descent along kinks stops long before it is there."""


@dataclass(frozen=True)
class EarlierStarts:
    """What a start knows of those before it: their best value, and how many of their descents ended there."""

    value: float = math.inf
    hits: int = 0


def earlier_count(number: int) -> int:
    """How many starts, from the first on, this one knows the values of: half of those before it, so that it need not
    wait for the others wherever they run, and knows the same."""
    return number // 2


def earlier_starts(number: int, finished: Mapping[int, StartResult]) -> EarlierStarts:
    """What a start knows, from the finished ones by number."""
    own = [finished[k] for k in range(earlier_count(number))]
    best = min((start.objective for start in own), default=math.inf)
    return EarlierStarts(best, sum(start.hits for start in own if start.objective <= best + REACHED < math.inf))


def run_start(
    objective: Objective,
    plan: SearchOptions,
    number: int,
    points: np.ndarray,
    earlier: EarlierStarts = EarlierStarts(),
) -> StartResult:
    """One start, from `points` of shape (candidates of all descents, twice; n_estimated)."""
    began = time.process_time()
    before = (objective.evaluations, objective.gradients)
    objective.failures.clear()
    hits = 1
    if len(points[0]) >= plan.many:
        x, iterations, reason = _descended(objective, plan, points)
    else:
        x, iterations, reason, hits = _crossed(objective, plan, number, points, earlier)
    end = objective.slope(x)
    return StartResult(
        number=number,
        objective=end.value,
        x=x,
        start=np.asarray(points[0]),
        gradient=end.gradient if end.gradient is not None else np.zeros_like(x),
        iterations=iterations,
        evaluations=objective.evaluations - before[0],
        gradients=objective.gradients - before[1],
        reason=end.failure or reason,
        failures=dict(objective.failures),
        seconds=time.process_time() - began,
        hits=hits,
    )


def _descended(objective: Objective, plan: SearchOptions, points: np.ndarray) -> tuple[np.ndarray, int, str]:
    """Where gradients alone lead from the best of the points, after how many iterations, and why it ended there."""
    best = points[int(np.argmin(objective.values(points)))]
    optimum = minimize_with_lbfgs(objective.slope, best, objective.problem.bounds, plan.settings)
    return optimum.x, optimum.iterations, optimum.reason


def _crossed(
    objective: Objective, plan: SearchOptions, number: int, points: np.ndarray, earlier: EarlierStarts
) -> tuple[np.ndarray, int, str, int]:
    """Where descents and crossings lead, after how many iterations, why it ended there, and how many descents did."""
    reduced = ReducedObjective(objective)
    local = _Local(reduced, plan, earlier, LogarithmicDescents(reduced, plan))
    points = points[:, local.reduced.outer]
    local.search(points, np.random.default_rng([plan.seed, number, 1]))
    optimum = local.finished or local.polished(local.ends.best.x if local.ends.kept else points[0])
    return local.reduced.complete(optimum.x), local.iterations, optimum.reason, local.hits


@dataclass
class _Ends:
    """Different ends of short optimizations, the best first.

    Attributes
    ----------
    kept : list of LocalOptimum
    all : list of LocalOptimum
        Every end, in the order they came.
    hits, misses : int
        How many of all ended at the best value and elsewhere, plateaus not counted.
    """

    kept: list[LocalOptimum] = field(default_factory=list)
    all: list[LocalOptimum] = field(default_factory=list)
    hits: int = 0
    misses: int = 0

    @property
    def best(self) -> LocalOptimum:
        return self.kept[0]

    def add(self, optimum: LocalOptimum) -> bool:
        """Take an end in; whether it is better than all before."""
        if not np.isfinite(optimum.value):
            return False
        self.all.append(optimum)
        near = ALIKE * (1.0 + abs(optimum.value))
        like = next((k for k, end in enumerate(self.kept) if abs(end.value - optimum.value) < near), -1)
        gained = not self.kept or (like != 0 and optimum.value < self.best.value)
        if gained:
            self.hits, self.misses = 0, self.misses + self.hits
        if not on_plateau(optimum):
            self.hits, self.misses = (
                (self.hits + 1, self.misses) if gained or like == 0 else (self.hits, self.misses + 1)
            )
        if like < 0:
            self.kept.append(optimum)
        elif optimum.value < self.kept[like].value - 0.1 * near:
            # Not for less: ends of equal value may be different ones, and those that came first are more unlike.
            self.kept[like] = optimum
        self.kept = sorted(self.kept, key=lambda end: end.value)[:KEPT]
        return gained


class LogarithmicDescents:
    """Where short optimizations of the same fit on logarithms end."""

    def __init__(self, reduced: ReducedObjective, plan: SearchOptions) -> None:
        self.reduced, self.plan = reduced, plan

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """The end of one from the best of `points`, shape (n_points, n_outer), as (1, n_outer); `points` where the fit
        on logarithms is no other one."""
        own, other = self.reduced.objective, self.reduced.objective.on_logarithms
        if other is None:
            return points
        begun = other.evaluations, other.gradients
        with own.loosened(self.plan.loose_tolerance), other.loosened(self.plan.loose_tolerance):
            whole = self.reduced.completed(points)
            counted = np.isin(own.problem.names, other.problem.names)
            best = whole[int(np.argmin(other.values(whole[:, counted])))]
            settings = replace(self.plan.settings, **ROUGH)  # type: ignore[arg-type]
            best[counted] = minimize(other, other.value, best[counted], other.problem.bounds, settings).x
        own.evaluations += other.evaluations - begun[0]
        own.gradients += other.gradients - begun[1]
        return best[None, self.reduced.outer]


class _Local:
    """The parts of one start.

    Attributes
    ----------
    ends : _Ends
    finished : LocalOptimum or None
        An end at the value of the earlier starts, gone to the very end.
    iterations : int
        Of all optimizations so far.
    hits : int
        How many descents ended at the best value.
    again : bool
        Whether this is the second time round.
    """

    def __init__(
        self,
        reduced: ReducedObjective,
        plan: SearchOptions,
        earlier: EarlierStarts | None = None,
        on_logarithms: Callable[[np.ndarray], np.ndarray] = lambda points: points,
    ) -> None:
        self.reduced, self.plan, self.on_logarithms = reduced, plan, on_logarithms
        self.earlier = earlier or EarlierStarts()
        self.ends = _Ends()
        self.finished: LocalOptimum | None = None
        self.iterations, self.hits, self.again = 0, 1, False
        self._polished_to = math.inf

    def search(self, points: np.ndarray, rng: np.random.Generator) -> None:
        """Descents, blocks put together, and crossings; descents from the second half of the points and crossings once
        more where an earlier start has found a better value."""
        own, more = np.split(points, 2)
        agreed = self.descents(own)
        best, hits = self.ends.best.value if self.ends.kept else math.inf, self.ends.hits
        if not agreed:
            self.recombine()
            self.crossings(own, rng)
        if self.ends.kept and self.ends.best.value > best - ALIKE * (1.0 + abs(best)):
            self.hits = max(hits, 1)
        if self.behind():
            self.again = True
            self.descents(more)
            self.crossings(more, rng)

    def behind(self) -> bool:
        """Whether an earlier start has found a better value."""
        gap = ALIKE * (1.0 + abs(self.earlier.value))
        return (
            self.finished is None
            and math.isfinite(self.earlier.value)
            and not (self.ends.kept and self.ends.best.value < self.earlier.value + gap)
        )

    def enough(self) -> bool:
        """Whether the start is where earlier ones ended."""
        return self.finished is not None or (self.again and not self.behind())

    @contextmanager
    def quickly(self) -> Iterator[None]:
        """Inside, runs are as accurate as they have to be on the way, and noise has no kinks."""
        objective = self.reduced.objective
        with objective.loosened(self.plan.loose_tolerance), objective.softened(SOFT):
            yield

    def carry(self, x: np.ndarray, settings: TrustRegionOptions, best_known: float = math.inf) -> LocalOptimum:
        """A local optimization from `x`."""
        optimum = minimize(self.reduced, self.reduced.value, x, self.reduced.bounds, settings, best_known)
        self.iterations += optimum.iterations
        return optimum

    def polished(self, x: np.ndarray) -> LocalOptimum:
        """The very end from there."""
        settings = self.plan.settings
        with self.quickly():
            x = self.carry(x, settings).x
        # A step more or two, for parameters as sharp as the value.
        last = replace(settings, first_radius=0.1, value_tolerance=0.01 * settings.value_tolerance)
        with self.reduced.objective.softened(NEARLY_HARD):
            return self.carry(x, last)

    def short(self, points: np.ndarray) -> LocalOptimum:
        """A short optimization from the best of `points`."""
        known = min(self.earlier.value, self.ends.best.value if self.ends.kept else math.inf)
        settings = replace(self.plan.settings, **SHORT)  # type: ignore[arg-type]
        with self.quickly():
            return self.carry(points[int(np.argmin(self.reduced.values(points)))], settings, known)

    def add(self, optimum: LocalOptimum) -> bool:
        """Take an end in; whether it is better than all before."""
        gained = self.ends.add(optimum)
        earlier, gap = self.earlier, ALIKE * (1.0 + abs(self.earlier.value))
        if (
            earlier.hits >= self.plan.confirmed
            and optimum.value < min(earlier.value + gap, self._polished_to)
            and not on_plateau(optimum)
        ):
            end = self.polished(optimum.x)
            self._polished_to = end.value
            if self.reduced.value(end.x) < earlier.value + REACHED:
                self.finished = end
        return gained

    def descents(self, points: np.ndarray) -> bool:
        """Add ends of short optimizations from shares of the points; whether it is enough: at the value of earlier
        starts, or where most of them agree. Where most ends lie on plateaus the next descent begins on logarithms."""
        flat = 0
        for number, own in enumerate(np.split(points, len(points) // self.plan.candidates)):
            # One plateau is none: descents on logarithms favour some optima, and would seem to agree.
            vanishing = flat > max(1, number // 2)
            optimum = self.short(self.on_logarithms(own) if vanishing else own)
            flat += on_plateau(optimum)
            self.add(optimum)
            if self.enough() or self.agreed():
                break
        return self.enough() or (self.agreed() and self.ends.hits > self.ends.misses)

    def agreed(self) -> bool:
        """Whether enough optimizations ended at the best value, and no earlier start found a better one."""
        return self.ends.hits >= self.plan.agree and not self.behind()

    def _settled(self) -> bool:
        """Whether so many agree that crossings, which often end where they began, can be left."""
        return self.agreed() and self.ends.hits >= 2 * self.plan.agree

    def recombine(self) -> None:
        """Add the end of a short optimization from the best end with the blocks of other ends that better it."""
        ends = self.ends.all
        blocks = independent_blocks([end.information for end in ends if end.information is not None]) if ends else []
        if len(blocks) > 1 and len(ends) > 1:
            with self.quickly():
                mixed = self._best_blocks(ends, blocks)
            if mixed is not None:
                self.add(self.short(mixed[None]))

    def _best_blocks(self, ends: list[LocalOptimum], blocks: list[np.ndarray]) -> np.ndarray | None:
        """The best end with every block from the end where it is at its best; None: with its own."""
        best = self.ends.best
        points = np.repeat(best.x[None], len(ends) * len(blocks), axis=0).reshape(len(blocks), len(ends), -1)
        for own, block in zip(points, blocks, strict=True):
            own[:, block] = [end.x[block] for end in ends]
        values = self.reduced.values(points.reshape(-1, points.shape[2])).reshape(points.shape[:2])
        mixed = best.x.copy()
        for block, own, at in zip(blocks, values, points, strict=True):
            if own.min() < best.value - ALIKE:
                mixed[block] = at[int(np.argmin(own)), block]
        return None if np.array_equal(mixed, best.x) else mixed

    def crossings(self, points: np.ndarray, rng: np.random.Generator) -> None:
        """Add the ends of short optimizations from mixtures of the best end and another one, as long as it pays."""
        patience = self.plan.patience or min(max(points.shape[1] // 2, 6), 12)
        failed = 0
        while failed < patience and len(self.ends.kept) > 1 and not (self.enough() or self._settled()):
            kept = self.ends.kept
            other = kept[rng.integers(1, len(kept))].x
            mixed = [_mixed(kept[0].x, other, points[rng.integers(len(points))], rng) for _ in range(MIXTURES)]
            failed = 0 if self.add(self.short(np.array(mixed))) else failed + 1


def on_plateau(optimum: LocalOptimum) -> bool:
    """Whether the data see few directions there."""
    if optimum.information is None:
        return False
    seen = np.linalg.eigvalsh(optimum.information) > 1.0
    return bool(seen.sum() <= PLATEAU * len(seen))


def independent_blocks(informations: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Parameters that the Fisher matrices, each of shape (n, n), connect: their positions, block by block."""
    from scipy.sparse.csgraph import connected_components

    coupled = np.zeros(informations[0].shape, bool)
    for information in informations:
        scale = np.sqrt(np.maximum(np.diag(information), 0.0))
        coupled |= np.abs(information) > COUPLED * scale[:, None] * scale
    count, labels = connected_components(coupled, directed=False)
    return [np.flatnonzero(labels == k) for k in range(count)]


def _mixed(one: np.ndarray, other: np.ndarray, third: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each parameter from one of two ends, a few from a third point."""
    crossed = np.where(rng.random(len(one)) < 0.5, one, other)
    return np.where(rng.random(len(one)) < FRESH, third, crossed)
