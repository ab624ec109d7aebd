"""The number that a fit makes small, with its slopes: minus the log of likelihood times prior.

Arrays over parameters are over the estimated ones, on the optimizer's scale, in the order of `Problem.names`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from pathway.simulation.protocol.adjoint import AdjointError, AdjointPass
from pathway.simulation.protocol.outputs import RunError, RunOutputs
from pathway.simulation.protocol.runner import Runner

from ..problem import Problem
from .assembled import AssembledProblem, simulation_plan
from .logarithms import on_logarithms
from .noise import LAPLACE

Settle = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""From pools and points, on the optimizer's scale and in natural units, to these points (in both) with some parameters
moved that no run depends on."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Simulation against data, in the problem's order of measurements, each array of shape (n_measurements,).

    Attributes
    ----------
    simulated, noise : array
    loss : array
        Negative log-likelihood of each measurement.
    residual : array
        (t(simulated) - t(measured)) / noise after the observable's transformation t.
    counted : bool array
        Whether the measurement counts; if not, its loss is 0.
    """

    simulated: np.ndarray
    noise: np.ndarray
    loss: np.ndarray
    residual: np.ndarray
    counted: np.ndarray

    @property
    def log_likelihood(self) -> float:
        return -float(self.loss.sum())

    @property
    def chi_squared(self) -> float:
        return float((self.residual[self.counted] ** 2).sum())


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The objective at one point.

    Attributes
    ----------
    value : float
        inf where a run failed or left the domain of the noise model.
    gradient : array, shape (n_estimated,), or None
    information : array, shape (n_estimated, n_estimated), or None
        Fisher information plus the curvature of the priors: the Gauss-Newton matrix of the objective.
    failure : str
        Why the value is infinite.
    """

    value: float
    gradient: np.ndarray | None = None
    information: np.ndarray | None = None
    failure: str = ""


@dataclass(frozen=True, eq=False)
class Linearization:
    """How measurements and their noise move with the estimated parameters, on the optimizer's scale.

    Attributes
    ----------
    residual, noise : array, shape (n_measurements,)
        As in `Comparison`.
    by_mean : array, shape (n_measurements, n_estimated)
        Slopes of the residuals while the noise stays; zero where a measurement does not count.
    by_log_noise : array, shape (n_measurements, n_estimated)
        Slopes of the logarithm of the noise; zero where a measurement does not count.
    scores : array, shape (2, n_measurements)
        Slopes of the loss by the residual (of normal noise the residual itself) and by the logarithm of the noise.
    weights : array, shape (2, n_measurements)
        Expected second derivatives by both: their Fisher information.
    """

    residual: np.ndarray
    noise: np.ndarray
    by_mean: np.ndarray
    by_log_noise: np.ndarray
    scores: np.ndarray
    weights: np.ndarray


@dataclass(eq=False)
class Objective:
    """Evaluates a problem.

    Attributes
    ----------
    problem : Problem
    runner : Runner
        Default: the compiled engine.
    evaluations, gradients : int
        How many were asked for so far.
    priors : Priors
        What the priors add.
    failures : dict of str to int
        Reasons of infinite values, counted.
    """

    problem: Problem
    runner: Runner = None  # type: ignore[assignment]  # made of the problem unless given
    evaluations: int = 0
    gradients: int = 0
    failures: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.runner is None:
            self.runner = Runner(simulation_plan(self.problem))
        self.assembled = AssembledProblem(self.problem, self.runner.plan)
        self.priors = Priors(self.problem)

    @cached_property
    def on_logarithms(self) -> Objective | None:
        """The objective of the same fit on logarithms, over the parameters that count there; None: it is no other."""
        problem = on_logarithms(self.problem)
        return None if problem is None else Objective(problem)

    @contextmanager
    def loosened(self, relative: float) -> Iterator[None]:
        """Inside, runs need not be more accurate than this relative tolerance, and slopes than `LOOSE`."""
        runner = self.runner
        usual = runner.relative_tolerance, runner.slope_tolerance
        runner.relative_tolerance, runner.slope_tolerance = max(usual[0], relative), max(usual[1], LOOSE)
        try:
            yield
        finally:
            runner.relative_tolerance, runner.slope_tolerance = usual

    @contextmanager
    def softened(self, reach: float) -> Iterator[None]:
        """Inside, Laplace noise and Laplace priors have no kinks: within `reach` noise levels, or scales, of their
        middle they are parabolas."""
        noise, priors = self.assembled.noise, self.priors
        if (noise.distribution == LAPLACE).any():
            self.assembled.noise = replace(noise, soft=reach)
        self.priors = Priors(self.problem, reach)
        try:
            yield
        finally:
            self.assembled.noise, self.priors = noise, priors

    # Values

    def value(self, x: np.ndarray) -> float:
        """The objective at `x`, shape (n_estimated,); inf where it cannot be computed."""
        return float(self.values(np.asarray(x)[None])[0])

    def values(self, points: np.ndarray) -> np.ndarray:
        """The objective at each point, shape (n_points, n_estimated); inf where it cannot be computed.

        Points run side by side, but none is touched by the others: each value is that of the point alone, to the bit.
        """
        return self.settled(points)[0]

    def settled(self, points: np.ndarray, settle: Settle | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The same with the points as `settle` moved them once the runs were known."""
        points = np.asarray(points, dtype=float)
        self.evaluations += len(points)
        if not len(points):
            return np.zeros(0), points
        assembled = self.assembled
        with np.errstate(all="ignore"):
            natural = self.problem.from_scale(points)
            q = assembled.plan.full(natural)
            try:
                recorded = self.runner.run_many(q)
            except RunError as reason:
                self._count(str(reason), len(points))
                return np.full(len(points), math.inf), points
            pools = assembled.observed.pool.filled(recorded, q)
            if settle is not None:
                points, natural = settle(pools, points, natural)
                assembled.observed.pool.give(pools, assembled.plan.full(natural))
            losses = assembled.noise.loss(*assembled.observed.values(pools))
            values = losses.sum(axis=1) + self.priors.values(points, natural)
        values[list(recorded.failures)] = math.inf
        for k in np.flatnonzero(~np.isfinite(values)).tolist():
            values[k] = math.inf
            self._count(recorded.failures.get(k, NO_NUMBERS))
        return values, points

    def _count(self, reason: str, times: int = 1) -> None:
        self.failures[reason] = self.failures.get(reason, 0) + times

    # Slopes

    def __call__(self, x: np.ndarray) -> Evaluation:
        """Value, gradient and information at `x`, shape (n_estimated,)."""
        return self.sloped(x)[0]

    def sloped(self, x: np.ndarray, settle: Settle | None = None) -> tuple[Evaluation, np.ndarray]:
        """The same with the point as `settle` moved it once the runs were known."""
        x = np.asarray(x, dtype=float)

        def evaluated(q: np.ndarray, natural: np.ndarray) -> Evaluation:
            nonlocal x
            recorded = self.runner.run(q)
            pools = self.assembled.observed.pool.filled(recorded, q[None])
            if settle is not None:
                (x,), (natural,) = settle(pools, x[None], natural[None])
                q = self.assembled.plan.full(natural)
                self.assembled.observed.pool.give(pools, q[None])
            return self._sum(pools, recorded, q, natural, x)

        return self._checked(x, evaluated), x

    def slope(self, x: np.ndarray) -> Evaluation:
        """Value and gradient at `x`: by the walk backwards, without information, where the runner finds that cheaper;
        else as in a call."""
        return self.backwards(x) if self.runner.prefers_backwards else self(x)

    def backwards(self, x: np.ndarray) -> Evaluation:
        """Value and gradient at `x`, without information: by the walk backwards, whose price does not grow with the
        number of parameters, where the runner knows one; else as in a call."""
        runner = self.runner
        if not runner.goes_backwards:
            return self(x)

        def evaluated(q: np.ndarray, natural: np.ndarray) -> Evaluation:
            walked = runner.adjoint(q)
            if not walked.must_go_forward:
                try:
                    return self._pulled(walked, q, natural, x)
                except AdjointError:
                    pass
            return self._followed(q, natural, x)

        return self._checked(x, evaluated)

    def _followed(self, q: np.ndarray, natural: np.ndarray, x: np.ndarray) -> Evaluation:
        recorded = self.runner.run(q)
        return self._sum(self.assembled.observed.pool.filled(recorded, q[None]), recorded, q, natural, x)

    def _pulled(self, walked: AdjointPass, q: np.ndarray, natural: np.ndarray, x: np.ndarray) -> Evaluation:
        observed, recorded = self.assembled.observed, walked.recorded
        pools = observed.pool.filled(recorded, q[None])
        simulated, noise = observed.values(pools)
        scatter = self.assembled.noise.scatter(simulated[0], noise[0])
        weights = np.stack([scatter.by_simulated, scatter.by_noise])
        by_states, by_parameters, gradient = observed.pulled(pools, recorded, q, weights)
        gradient = gradient + walked.gradient(by_states, by_parameters)
        prior, prior_slope, _ = self.priors.terms(x, natural)
        chain = scale_derivatives(self.problem, natural)
        return Evaluation(float(scatter.loss.sum()) + prior, gradient * chain + prior_slope)

    def _checked(self, x: np.ndarray, evaluate: Callable[[np.ndarray, np.ndarray], Evaluation]) -> Evaluation:
        """What `evaluate` makes of all parameters and of the estimated ones, in natural units; inf where it fails."""
        self.evaluations += 1
        self.gradients += 1
        with np.errstate(all="ignore"):
            natural = self.problem.from_scale(x)
            try:
                evaluation = evaluate(self.assembled.plan.full(natural), natural)
            except RunError as reason:
                evaluation = Evaluation(math.inf, failure=str(reason))
            if _usable(evaluation):
                return evaluation
        why = evaluation.failure or NO_NUMBERS
        self._count(why)
        return Evaluation(math.inf, failure=why)

    def _sum(
        self, pools: np.ndarray, recorded: RunOutputs, q: np.ndarray, natural: np.ndarray, x: np.ndarray
    ) -> Evaluation:
        both, slopes = self.assembled.observed.sloped(pools, recorded, q)
        scatter = self.assembled.noise.scatter(both[0], both[1])
        slopes = slopes.reshape(-1, len(x))
        gradient = np.concatenate([scatter.by_simulated, scatter.by_noise]) @ slopes
        spread = np.sqrt(np.concatenate([scatter.information_simulated, scatter.information_noise]))[:, None] * slopes
        information = spread.T @ spread
        chain = scale_derivatives(self.problem, natural)
        prior, prior_slope, prior_curvature = self.priors.terms(x, natural)
        information *= chain[:, None] * chain
        information.ravel()[:: len(x) + 1] += prior_curvature
        return Evaluation(float(scatter.loss.sum()) + prior, gradient * chain + prior_slope, information)

    # Other views

    def with_runs_kept(self, x: np.ndarray) -> InnerObjective:
        """The objective over the parameters that no run depends on (`observed_only`), with the runs at `x`.

        Raises
        ------
        RunError
            Counted among the failures.
        """
        self.evaluations += 1
        q = self.assembled.plan.full(self.problem.from_scale(x))
        try:
            runs = self._run(q)
        except RunError as reason:
            self._count(str(reason))
            raise
        return InnerObjective(self, x, runs, self.assembled.observed.pool.filled(runs, q[None]))

    def _run(self, q: np.ndarray) -> RunOutputs:
        """The runs at one point, without slopes."""
        with np.errstate(all="ignore"):
            recorded = self.runner.run_many(q[None])
        if recorded.failures:
            raise RunError(recorded.failures[0])
        return RunOutputs(recorded.states[0], recorded.parameters[0])

    def compare(self, natural: np.ndarray | None = None) -> Comparison:
        """Simulation against data at natural parameter values, by default the nominal ones.

        Raises
        ------
        RunError
            If an experiment cannot be simulated there.
        """
        assembled, observed = self.assembled, self.assembled.observed
        q = assembled.plan.full(self.problem.nominal if natural is None else np.asarray(natural, dtype=float))
        return self._comparison(observed.pool.filled(self._run(q), q[None]))

    def _comparison(self, pools: np.ndarray) -> Comparison:
        """Of pools of one point."""
        assembled = self.assembled
        simulated, noise = (both[0] for both in assembled.observed.values(pools))
        scatter = assembled.noise.scatter(simulated, noise)
        back, counted = assembled.own_rows, assembled.noise.counted
        return Comparison(simulated[back], noise[back], scatter.loss[back], scatter.residual[back], counted[back])

    def linearized(self, x: np.ndarray) -> Linearization:
        """Residuals and noise at `x`, shape (n_estimated,), with their slopes, in the order of the measurements.

        Raises
        ------
        RunError
            If an experiment cannot be simulated there.
        """
        self.evaluations += 1
        self.gradients += 1
        assembled, natural = self.assembled, self.problem.from_scale(x)
        q = assembled.plan.full(natural)
        with np.errstate(all="ignore"):
            simulated, noise, by_simulated, by_noise = values_with_slopes(assembled, self.runner.run(q), q)
            ahead, slope, _ = assembled.noise._transformed(simulated)
            chain = scale_derivatives(self.problem, natural) * assembled.noise.counted[:, None]
            by_mean = (slope / noise)[:, None] * by_simulated * chain
            by_log_noise = by_noise / noise[:, None] * chain
            terms, unit = assembled.noise.scatter(simulated, noise), noise / slope
            scores = np.stack([terms.by_simulated * unit, terms.by_noise * noise])
            weights = np.stack([terms.information_simulated * unit**2, terms.information_noise * noise**2])
        back = assembled.own_rows
        return Linearization(
            (ahead / noise)[back], noise[back], by_mean[back], by_log_noise[back], scores[:, back], weights[:, back]
        )


@dataclass(frozen=True, eq=False)
class InnerObjective:
    """An objective over the parameters that no run depends on, with the runs at a point; to be called with these
    parameters, shape (n_observed_only,), on the optimizer's scale."""

    objective: Objective
    x: np.ndarray
    runs: RunOutputs
    pools: np.ndarray

    def __call__(self, part: np.ndarray) -> Evaluation:
        objective, inner = self.objective, self.objective.assembled.observed_only
        with np.errstate(all="ignore"):
            point, natural, q = self._given(part)
            whole = objective._sum(self.pools, self.runs, q, natural, point)
            if not _usable(whole):
                return Evaluation(math.inf)
        return Evaluation(whole.value, whole.gradient[inner], whole.information[np.ix_(inner, inner)])  # type: ignore[index]

    def compare(self, part: np.ndarray) -> Comparison:
        """Simulation against data."""
        self._given(part)
        return self.objective._comparison(self.pools)

    def _given(self, part: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The point, in natural units too, and all parameters there, which the pools now hold."""
        assembled = self.objective.assembled
        point = self.x.copy()
        point[assembled.observed_only] = part
        natural = self.objective.problem.from_scale(point)
        q = assembled.plan.full(natural)
        assembled.observed.pool.give(self.pools, q[None])
        return point, natural, q


LOOSE = 1e-3
"""Tolerance of slopes that only have to show the way."""

NO_NUMBERS = "the likelihood or its slopes are no numbers to go on with here"

STEEPEST = 1e100
"""Information beyond it overflows in the products that a step is worked out from."""


def _usable(evaluation: Evaluation) -> bool:
    if not math.isfinite(evaluation.value):
        return False
    if evaluation.gradient is not None and not np.isfinite(evaluation.gradient).all():
        return False
    return evaluation.information is None or bool((np.abs(evaluation.information) < STEEPEST).all())


def values_with_slopes(
    assembled: AssembledProblem, recorded: RunOutputs, q: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Simulated values and noise with their derivatives by the estimated parameters (natural units)."""
    both, slopes = assembled.observed.sloped(assembled.observed.pool.filled(recorded, q[None]), recorded, q)
    return both[0], both[1], slopes[0], slopes[1]


def scale_derivatives(problem: Problem, natural: np.ndarray) -> np.ndarray:
    """d natural / d scaled of each estimated parameter, shape (n_estimated,)."""
    derivatives = natural * problem.scale_factors
    derivatives[..., problem.linear] = 1.0
    return derivatives


def log_priors(problem: Problem, natural: np.ndarray) -> dict[str, float]:
    """Log prior density of each estimated parameter that has one, a flat one between its bounds included."""
    densities = {}
    scaled = problem.to_scale(natural)
    for p, value, at in zip(problem.estimated, np.asarray(natural, dtype=float), scaled, strict=True):
        if p.prior is not None:
            densities[p.name] = p.prior.log_density(float(at if p.prior.on_scale else value))
        elif problem.posterior and math.isfinite(p.upper - p.lower):
            densities[p.name] = -math.log(p.upper - p.lower)
    return densities


class Priors:
    """What the priors of a problem add to the objective."""

    def __init__(self, problem: Problem, soft: float = 0.0) -> None:
        self.problem = problem
        self._own = [(k, replace(p.prior, soft=soft)) for k, p in enumerate(problem.estimated) if p.prior is not None]
        flat = (p.upper - p.lower for p in problem.estimated if p.prior is None)
        self._flat = sum(math.log(width) for width in flat if math.isfinite(width)) if problem.posterior else 0.0
        self._nothing = np.zeros(len(problem.estimated))

    def values(self, points: np.ndarray, natural: np.ndarray) -> np.ndarray | float:
        """Minus log prior at points on the optimizer's scale and in natural units, shape (n_points, n_estimated)."""
        if not self._own:
            return self._flat
        return np.array([self.terms(*both)[0] for both in zip(points, natural, strict=True)])

    def terms(self, x: np.ndarray, natural: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Minus log prior, its gradient and a non-negative curvature, on the optimizer's scale."""
        if not self._own:
            return self._flat, self._nothing, self._nothing
        chain = scale_derivatives(self.problem, natural)
        total, slope, curvature = self._flat, np.zeros(len(x)), np.zeros(len(x))
        for k, prior in self._own:
            at, step = (float(x[k]), 1.0) if prior.on_scale else (float(natural[k]), float(chain[k]))
            total -= prior.log_density(at)
            first, second = prior.slopes(at)
            slope[k] = -first * step
            curvature[k] = max(-second * step * step, 0.0)
        return total, slope, curvature
