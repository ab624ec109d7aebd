"""Score tests: would the data rather have another value of a number that the fit takes as given?

At the optimum the slope of the objective by a number that is held, with the estimated parameters following, tells how
much would be gained by letting it go, without fitting anew. All numbers are seen at one point: their slopes, and the
Fisher matrix through which the estimated parameters are profiled out.

The design has a row for each measurement (its residual), one for each noise level (its logarithm) and one for each
prior, each in units of its own scatter, so that the information is the design's square and the score its product with
what was observed. What is left of a column after the columns of the estimated parameters is the efficient score.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby

import numpy as np

from ..objective import Linearization, Objective, RunError
from ..objective.hierarchical_parameters import ReducedObjective
from ..objective.noise import NORMAL
from ..problem import Problem
from ..search.lbfgs import MANY
from ..search.options import SearchOptions
from ..search.trust_region import minimize
from .fixed_numbers import FixedNumber, fixed_numbers, released

LEVEL = 0.05
"""Chance that anything at all is called contradicted where nothing is wrong."""

DRAWS = 4000
"""Data sets of the linear model that show how large the largest statistic is by chance."""

VISIBLE = math.log(10.0)
"""A number is seen where the data would tell it to within this standard deviation of its logarithm."""

INDEPENDENT = 1e-3
"""A column of which less than this share is left after those of the estimated parameters is tied to them: slopes are
not more accurate."""

ALIKE = 0.95
"""Numbers whose efficient scores are correlated by at least this much are not told apart."""

MOST = 400
"""Of more numbers and parameters, those with the largest slopes are tested: one walk backwards finds them."""

NOISE_STEPS = 12

CONTRADICTIONS, TRIED = 3, 3
"""So many contradicted numbers are let go one after the other, each the first of so many that a refit confirms."""


@dataclass(frozen=True)
class ScoreTest:
    """One number that the fit takes as given.

    Attributes
    ----------
    number : FixedNumber
    statistic : float
        Squared efficient score over its variance: chi-squared with one degree of freedom where noise is known.
    improvement : float
        By how much the objective is expected to fall if the number is let go.
    value : float
        Where it is expected to go, in natural units, by one linear step.
    deviation : float
        Standard deviation that the data would give it, on the logarithmic scale (relative for negative numbers).
    p : float
        Chance of a statistic as large if the number is right.
    p_of_any : float
        Chance that any of the numbers shows one as large if all are right.
    group : int
        Numbers of one group the data do not tell from each other.
    """

    number: FixedNumber
    statistic: float
    improvement: float
    value: float
    deviation: float
    p: float
    p_of_any: float
    group: int

    @property
    def is_contradicted(self) -> bool:
        return self.p_of_any < LEVEL


@dataclass(frozen=True, eq=False)
class ScoreTests:
    """Every number that a fit takes as given.

    Attributes
    ----------
    tests : tuple of ScoreTest
        Of the numbers that the data see: the group with the largest statistic first, and in a group what experiments
        set and facts of the problem before constants of the model.
    tied : tuple of FixedNumber
        Numbers that the estimated parameters make up for.
    unseen : tuple of FixedNumber
        Numbers that could be ten times larger or smaller without the data telling.
    by_chance : array, shape (n_sets,)
        The largest statistic of data sets of the linear model.
    left_out : int
        How many were not tested because their slopes are smaller than those of `MOST` others.
    failure : str
        Why there are no tests; empty if there are.
    """

    tests: tuple[ScoreTest, ...] = ()
    tied: tuple[FixedNumber, ...] = ()
    unseen: tuple[FixedNumber, ...] = ()
    by_chance: np.ndarray = field(default_factory=lambda: np.zeros(0))
    left_out: int = 0
    failure: str = ""

    @cached_property
    def groups(self) -> tuple[tuple[ScoreTest, ...], ...]:
        """Numbers that the data do not tell from each other, the one to be named first in front."""
        return tuple(tuple(tests) for _, tests in groupby(self.tests, key=lambda test: test.group))

    @property
    def contradicted(self) -> tuple[tuple[ScoreTest, ...], ...]:
        """The groups whose first number is contradicted."""
        return tuple(group for group in self.groups if group[0].is_contradicted)


def score_tests(problem: Problem, x: np.ndarray, seed: int = 1) -> ScoreTests:
    """Score tests of every number that a fit takes as given.

    Parameters
    ----------
    problem : Problem
    x : array, shape (n_estimated,)
        The optimum, on the optimizer's scale.
    seed : int
        Of the data sets of the linear model.

    Notes
    -----
    Rao 1948, doi 10.1017/S0305004100023987. Chances are those of the linear model with normal noise, whose noise
    levels are estimated anew in every data set where they are in the problem; so small samples need no correction, and
    the chance for any number holds whatever their correlation (Westfall & Young 1993).
    """
    numbers = fixed_numbers(problem)
    if not numbers:
        return ScoreTests()
    try:
        numbers, left_out = _worth_testing(problem, x, numbers)
        here, objective = _linearized(problem, x, numbers)
    except (RunError, ArithmeticError) as reason:
        return ScoreTests(failure=str(reason))
    n = len(x)
    if not (np.isfinite(here.by_mean).all() and np.isfinite(here.by_log_noise).all()):
        return ScoreTests(failure="some slopes are no numbers")
    design = ScoreTestDesign(here, objective, np.concatenate([x, _scaled(numbers)]), n)
    return replace(_tested(design, numbers, seed), left_out=left_out)


def _scaled(numbers: tuple[FixedNumber, ...]) -> np.ndarray:
    return np.array([math.log(n.value) if n.value > 0.0 else n.value for n in numbers])


def _worth_testing(
    problem: Problem, x: np.ndarray, numbers: tuple[FixedNumber, ...]
) -> tuple[tuple[FixedNumber, ...], int]:
    """The numbers whose slopes promise most, if there are very many, and how many are left out."""
    room = max(MOST - len(x), MOST // 4)
    if len(numbers) <= room:
        return numbers, 0
    gradient = Objective(released(problem, numbers)).slope(np.concatenate([x, _scaled(numbers)])).gradient
    if gradient is None:
        raise ArithmeticError("the slopes cannot be computed at the optimum")
    promise = np.abs(gradient[len(x) :]) * np.where(_scaled(numbers) < 0.0, np.abs(_scaled(numbers)), 1.0)
    kept = sorted(np.argsort(-promise)[:room].tolist())
    return tuple(numbers[k] for k in kept), len(numbers) - room


def _linearized(problem: Problem, x: np.ndarray, numbers: tuple[FixedNumber, ...]) -> tuple[Linearization, Objective]:
    objective = Objective(released(problem, numbers))
    return objective.linearized(np.concatenate([x, _scaled(numbers)])), objective


class ScoreTestDesign:
    """The design at a point; the first `n` of its columns are the estimated parameters, the others are tested.

    Attributes
    ----------
    observed : array, shape (n_rows,)
        Scores of residuals, of noise levels and of priors, in units of their scatter.
    tested : array, shape (n_rows, n_tested)
        What is left of the tested columns after those of the estimated parameters.
    lengths : array, shape (n_tested,)
        Of the tested columns before that.
    basis : array, shape (n_rows, n_seen)
        Orthonormal, of the columns of the estimated parameters.
    """

    def __init__(self, here: Linearization, objective: Objective, x: np.ndarray, n: int) -> None:
        self.n_measured = len(here.residual)
        root = np.sqrt(here.weights)
        prior, curvature = _prior_terms(objective, x)
        columns = np.concatenate([root[0][:, None] * here.by_mean, root[1][:, None] * here.by_log_noise, curvature])
        with np.errstate(all="ignore"):
            scores = np.where(root > 0.0, here.scores / root, 0.0)
        self.observed = np.concatenate([*scores, prior])
        free = off_bounds(objective.problem, x[:n])
        self.basis = orthonormal(columns[:, :n][:, free])
        self.lengths = np.sqrt((columns[:, n:] ** 2).sum(axis=0))
        self.tested = columns[:, n:] - self.basis @ (self.basis.T @ columns[:, n:])
        # Noise levels that nothing else depends on are estimated anew in every data set that is drawn.
        alone = free & (np.abs(here.by_mean[:, :n]).max(axis=0, initial=0.0) == 0.0)
        noise = here.by_log_noise[:, :n][:, alone]
        self.noise = noise[:, np.abs(noise).max(axis=0, initial=0.0) > 0.0]
        terms = objective.assembled.noise
        back = objective.assembled.own_rows
        self.is_normal = bool(((terms.distribution == NORMAL) & (terms.censored == 0) | ~terms.counted)[back].all())
        self.counts = terms.counted[back]

    def statistics(self, observed: np.ndarray) -> np.ndarray:
        """Of data sets, shape (n_sets, n_rows), with the noise levels estimated from each; shape (n_sets, n_tested)."""
        n = self.n_measured
        scale = self._noise_levels(observed[:, :n])
        precision = scale**-2.0
        mean, rest = self.tested[:n], self.tested[n:]
        score = (observed[:, :n] * precision) @ mean
        noise = (1.0 - (observed[:, :n] / scale) ** 2) / math.sqrt(2.0)
        score += np.concatenate([noise, observed[:, 2 * n :]], axis=1) @ rest
        variance = precision @ mean**2 + (rest**2).sum(axis=0)
        return score**2 / variance

    def drawn(self, n_sets: int, rng: np.random.Generator) -> np.ndarray:
        """Data sets of the linear model after its fit, shape (n_sets, n_rows)."""
        n = self.n_measured
        errors = rng.standard_normal((n_sets, n)) * self.counts
        noise = (1.0 - errors**2) / math.sqrt(2.0) * self.counts
        priors = rng.standard_normal((n_sets, len(self.observed) - 2 * n))
        sets = np.concatenate([errors, noise, priors], axis=1)
        return sets - (sets @ self.basis) @ self.basis.T

    def gains(self, steps: np.ndarray) -> np.ndarray:
        """What the objective falls by if each tested column moves by its step, noise levels following."""
        n = self.n_measured
        before = self.observed[:n]
        after = before + steps[:, None] * self.tested[:n].T
        scale = self._noise_levels(after)
        return (0.5 * (before**2 - (after / scale) ** 2) - np.log(scale)).sum(axis=1)

    def _noise_levels(self, residuals: np.ndarray) -> np.ndarray:
        """Factors of the noise levels that make residuals, shape (n_sets, n_measured), most likely."""
        if not self.noise.shape[1]:
            return np.ones_like(residuals)
        step = np.linalg.pinv(2.0 * self.noise.T @ self.noise) @ self.noise.T
        logs = np.zeros_like(residuals)
        for _ in range(NOISE_STEPS):
            pull = (residuals**2 * np.exp(-2.0 * logs) - 1.0) * self.counts
            logs += np.clip(pull @ step.T @ self.noise.T, -1.0, 1.0)
        return np.exp(logs)


def orthonormal(columns: np.ndarray) -> np.ndarray:
    """An orthonormal basis of what columns, shape (n_rows, n), span; shape (n_rows, rank)."""
    lengths = np.sqrt((columns**2).sum(axis=0))
    columns = columns[:, lengths > 0.0] / lengths[lengths > 0.0]
    if not columns.shape[1]:
        return np.zeros((len(columns), 0))
    vectors, values, _ = np.linalg.svd(columns, full_matrices=False)
    return vectors[:, values > 1e-6 * values[0]]


def _prior_terms(objective: Objective, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores of the priors in units of their scatter, shape (n_estimated,), and their rows of the design."""
    _, slopes, curvature = objective.priors.terms(x, objective.problem.from_scale(x))
    root = np.sqrt(curvature)
    with np.errstate(all="ignore"):
        return np.where(root > 0.0, slopes / root, 0.0), np.diag(root)


def off_bounds(problem: Problem, x: np.ndarray) -> np.ndarray:
    """Which of the first parameters lie off their bounds at `x`, shape (n,), and so follow what is let go."""
    lower, upper = (bound[: len(x)] for bound in problem.bounds)
    near = 1e-6 * np.maximum(1.0, np.abs(x))
    return (x > lower + near) & (x < upper - near)


def _tested(design: ScoreTestDesign, numbers: tuple[FixedNumber, ...], seed: int) -> ScoreTests:
    left = np.sqrt((design.tested**2).sum(axis=0))
    size = np.array([1.0 if n.value > 0.0 else abs(n.value) for n in numbers])
    visible = design.lengths * size * VISIBLE > 1.0
    tied = visible & (left < INDEPENDENT * design.lengths)
    seen = np.flatnonzero(visible & ~tied & (left * size * VISIBLE > 1.0))
    unseen = np.setdiff1d(np.arange(len(numbers)), [*seen, *np.flatnonzero(tied)])
    others = tuple(numbers[k] for k in np.flatnonzero(tied)), tuple(numbers[k] for k in unseen)
    if not len(seen):
        return ScoreTests((), *others)
    design.tested = design.tested[:, seen]
    rng = np.random.default_rng(seed)
    by_chance = np.concatenate([design.statistics(design.drawn(500, rng)) for _ in range(DRAWS // 500)])
    tests = _ranked(design, [numbers[k] for k in seen], left[seen], size[seen], by_chance)
    return ScoreTests(tests, *others, by_chance.max(axis=1))


def _ranked(
    design: ScoreTestDesign, numbers: list[FixedNumber], left: np.ndarray, size: np.ndarray, by_chance: np.ndarray
) -> tuple[ScoreTest, ...]:
    score = design.observed @ design.tested
    statistics, steps = (score / left) ** 2, -score / left**2
    gains = design.gains(steps) if design.is_normal else 0.5 * statistics
    largest = by_chance.max(axis=1)
    tests = []
    for group, k in _in_groups(design.tested / left, statistics, [n.is_fact for n in numbers]):
        n = numbers[k]
        value = n.value * math.exp(min(max(steps[k], -50.0), 50.0)) if n.value > 0.0 else n.value + steps[k]
        own, of_any = (_share(drawn, statistics[k]) for drawn in (by_chance[:, k], largest))
        deviation = float(1.0 / (left[k] * size[k]))
        tests.append(ScoreTest(n, float(statistics[k]), float(gains[k]), value, deviation, own, of_any, group))
    return tuple(tests)


def _share(drawn: np.ndarray, statistic: float) -> float:
    """Chance of a statistic as large, from drawn ones."""
    return (1 + int((drawn >= statistic).sum())) / (1 + len(drawn))


def _in_groups(directions: np.ndarray, statistics: np.ndarray, facts: list[bool]) -> Iterator[tuple[int, int]]:
    """Group and column of each test, in their order; `directions` are columns of length one."""
    alike = np.abs(directions.T @ directions) >= ALIKE
    waiting = np.argsort(-statistics, kind="stable").tolist()
    group = 0
    while waiting:
        members = [k for k in waiting if alike[waiting[0], k] or k == waiting[0]]
        yield from ((group, k) for k in sorted(members, key=lambda k: (not facts[k], -statistics[k])))
        waiting = [k for k in waiting if k not in members]
        group += 1


# Letting one go


@dataclass(frozen=True, eq=False)
class FitWithFreedNumber:
    """A local fit with one number let go.

    Attributes
    ----------
    number : FixedNumber
    improvement : float
        By how much the objective fell.
    value : float
        Where the number went, in natural units.
    problem : Problem
        In which it is estimated; the last of the parameters.
    x : array, shape (n_estimated + 1,)
        The optimum.
    """

    number: FixedNumber
    improvement: float
    value: float
    problem: Problem
    x: np.ndarray


def fit_released(problem: Problem, x: np.ndarray, number: FixedNumber) -> FitWithFreedNumber | None:
    """The local optimum near `x` with one number estimated, too; None where that fails or is not worth its price."""
    if len(x) + 1 >= MANY:
        return None
    free = released(problem, (number,))
    reduced = ReducedObjective(Objective(free))
    start = np.append(x, _scaled((number,)))
    before = reduced.objective.value(start)
    found = minimize(reduced, reduced.value, start[reduced.outer], reduced.bounds, SearchOptions().settings)
    if not math.isfinite(before) or not math.isfinite(found.value):
        return None
    end = reduced.complete(found.x)
    return FitWithFreedNumber(number, before - found.value, float(free.from_scale(end)[-1]), free, end)


@dataclass(frozen=True, eq=False)
class Contradiction:
    """A number taken as given that the data contradict.

    Attributes
    ----------
    group : tuple of ScoreTest
        Its own test, and those of the numbers that the data do not tell from it.
    refit : FitWithFreedNumber or None
        What letting it go really gains; None where it was not let go.
    chance : float
        Chance that anything shows as much if all numbers are right.
    """

    group: tuple[ScoreTest, ...]
    refit: FitWithFreedNumber | None
    chance: float

    @property
    def number(self) -> FixedNumber:
        return self.group[0].number

    @property
    def improvement(self) -> float:
        return self.refit.improvement if self.refit else self.group[0].improvement

    @property
    def value(self) -> float:
        """Where the number goes, in natural units."""
        return self.refit.value if self.refit else self.group[0].value


def contradictions(problem: Problem, x: np.ndarray, scores: ScoreTests) -> list[Contradiction]:
    """The contradicted numbers, one after the other: each with those before it let go.

    A wrong number makes others look wrong, too; so the first is let go, and what is contradicted then comes next. What
    a refit does not confirm (the linear model promised more than there was) is passed over.
    """
    found: list[Contradiction] = []
    while (new := _first_confirmed(problem, x, scores)) is not None:
        found.append(new)
        if new.refit is None or len(found) == CONTRADICTIONS:
            break
        problem, x = new.refit.problem, new.refit.x
        scores = score_tests(problem, x)
    return found


def _first_confirmed(problem: Problem, x: np.ndarray, scores: ScoreTests) -> Contradiction | None:
    for group in scores.contradicted[:TRIED]:
        test = group[0]
        refit = fit_released(problem, x, test.number)
        if refit is None:
            return Contradiction(group, None, test.p_of_any)
        share = min(max(refit.improvement / test.improvement, 0.0), 1.0) if test.improvement > 0.0 else 0.0
        chance = _share(scores.by_chance, share * test.statistic)
        if chance < LEVEL:
            return Contradiction(group, refit, chance)
    return None
