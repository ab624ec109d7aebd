"""The number that a fit makes small, with its slopes: minus the log of likelihood times prior.

Arrays over parameters are over the estimated ones, on the optimizer's scale, in the order of `Problem.names`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ..problem import Problem
from .layout import Group, Layout
from .noise import Scatter

if TYPE_CHECKING:
    from .backwards import Backwards


@dataclass(frozen=True, eq=False)
class Recorded:
    """What the runs gave at the recorded moments of a layout.

    Attributes
    ----------
    states : array, shape (n_outputs, n_species)
    parameters : array, shape (n_outputs, n_model_parameters)
        Model parameters in force at each moment.
    state_slopes : array, shape (n_outputs, n_read_species, n_estimated), or None
        Of the species that the layout's formulas read, by the estimated parameters in natural units.
    parameter_slopes : array, shape (n_outputs, n_read_constants, n_estimated), or None
    """

    states: np.ndarray
    parameters: np.ndarray
    state_slopes: np.ndarray | None = None
    parameter_slopes: np.ndarray | None = None


class RunFailure(ArithmeticError):
    """A run of the problem that could not be finished; the message names the experiment and the reason."""


class Runner(Protocol):
    """Runs all experiments of a layout; see `pathway.fitting.objective.runs`."""

    def run(self, q: np.ndarray, slopes: bool) -> Recorded:
        """States (and slopes) at parameter values `q`, in natural units; raises `RunFailure`."""
        ...


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
    failures : dict of str to int
        Reasons of infinite values, counted.
    """

    problem: Problem
    runner: Runner | None = None
    evaluations: int = 0
    gradients: int = 0
    failures: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.layout = self.runner.layout if hasattr(self.runner, "layout") else Layout(self.problem)  # type: ignore[union-attr]
        if self.runner is None:
            from .runs import EngineRunner

            self.runner = EngineRunner(self.layout)

    @contextmanager
    def loosened(self, relative: float) -> Iterator[None]:
        """Inside, runs need not be more accurate than this relative tolerance."""
        usual = getattr(self.runner, "relative_tolerance", relative)
        self.runner.relative_tolerance = max(usual, relative)  # type: ignore[union-attr]
        try:
            yield
        finally:
            self.runner.relative_tolerance = usual  # type: ignore[union-attr]

    def value(self, x: np.ndarray) -> float:
        """The objective at `x`, shape (n_estimated,); inf where it cannot be computed."""
        return self.evaluate(x, False).value

    def __call__(self, x: np.ndarray) -> Evaluation:
        """Value, gradient and information at `x`, shape (n_estimated,)."""
        return self.evaluate(x, True)

    def slope(self, x: np.ndarray) -> Evaluation:
        """Value and gradient at `x`, without information: by the walk backwards, whose price does not grow with the
        number of parameters, where the runner knows one; else as in a call."""
        runner = self.runner
        if not getattr(runner, "goes_backwards", False) or self.layout.axes:
            return self(x)
        return self._checked(x, True, lambda q, natural: self._pulled(runner.backwards(q), q, natural, x))  # type: ignore[union-attr]

    def _pulled(self, walked: Backwards, q: np.ndarray, natural: np.ndarray, x: np.ndarray) -> Evaluation:
        recorded, layout = walked.recorded, self.layout
        simulated, noise = _predicted(layout, recorded, q)
        scatter = layout.noise.scatter(simulated, noise)
        weights = np.stack([scatter.by_simulated, scatter.by_noise])
        gradient = np.zeros(len(layout.estimated))
        by_states, by_parameters = np.zeros(recorded.states.shape), np.zeros(recorded.parameters.shape)
        for group, formulas in zip(layout.groups, layout.sloped_formulas, strict=True):
            derivatives = formulas(group.columns(recorded.states, recorded.parameters, q))[2:]
            _pull(group, derivatives, q, weights[:, group.rows], (by_states, by_parameters, gradient))
        gradient += walked.gradient(by_states, by_parameters)
        prior, prior_slope, _ = prior_terms(self.problem, x)
        chain = scale_slopes(self.problem, natural)
        return Evaluation(float(scatter.loss.sum()) + prior, gradient * chain + prior_slope)

    def with_runs_kept(self, x: np.ndarray) -> Callable[[np.ndarray], Evaluation]:
        """The objective over the parameters that no run depends on (`Layout.observed_only`), with the runs at `x`.

        Raises
        ------
        RunFailure
            Counted among the failures.
        """
        self.evaluations += 1
        inner = self.layout.observed_only
        try:
            with np.errstate(all="ignore"):
                recorded = self.runner.run(self.layout.full(self.problem.from_scale(x)), False)  # type: ignore[union-attr]
        except RunFailure as reason:
            self.failures[str(reason)] = self.failures.get(str(reason), 0) + 1
            raise
        none = (np.broadcast_to(0.0, shape) for shape in self.layout.slope_shapes)
        still = Recorded(recorded.states, recorded.parameters, *none)

        def evaluate(part: np.ndarray) -> Evaluation:
            at = x.copy()
            at[inner] = part
            natural = self.problem.from_scale(at)
            with np.errstate(all="ignore"):
                made = self._sum(still, self.layout.full(natural), natural, at)
            if not _usable(made):
                return Evaluation(math.inf)
            return Evaluation(made.value, made.gradient[inner], made.information[np.ix_(inner, inner)])  # type: ignore[index]

        return evaluate

    def compare(self, natural: np.ndarray | None = None) -> Comparison:
        """Simulation against data at natural parameter values, by default the nominal ones.

        Raises
        ------
        RunFailure
            If an experiment cannot be simulated there.
        """
        layout = self.layout
        q = layout.full(self.problem.nominal if natural is None else np.asarray(natural, dtype=float))
        recorded = self.runner.run(q, False)  # type: ignore[union-attr]
        simulated, noise = _predicted(layout, recorded, q)
        scatter = layout.noise.scatter(simulated, noise)
        back = layout.own_rows
        return Comparison(
            simulated[back], noise[back], scatter.loss[back], scatter.residual[back], layout.counted[back]
        )

    def residuals(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Standardized residuals and their Jacobian, in the order of the measurements.

        Only of problems whose noise is normal and does not depend on estimated parameters is half their sum of squares
        the objective up to a constant.

        Returns
        -------
        residuals : array, shape (n_measurements,)
        jacobian : array, shape (n_measurements, n_estimated)
        """
        layout, natural = self.layout, self.problem.from_scale(x)
        q = layout.full(natural)
        simulated, noise, by_simulated, by_noise = sloped(layout, self.runner.run(q, True), q)  # type: ignore[union-attr]
        ahead, slope, _ = layout.noise._transformed(simulated)
        jacobian = (slope / noise)[:, None] * by_simulated - (ahead / noise**2)[:, None] * by_noise
        ahead, jacobian = ahead * layout.counted, jacobian * layout.counted[:, None]
        back = layout.own_rows
        return (ahead / noise)[back], (jacobian * scale_slopes(self.problem, natural))[back]

    def evaluate(
        self, x: np.ndarray, slopes: bool, settle: Callable[[Recorded], np.ndarray] | None = None
    ) -> Evaluation:
        """The objective at `x`; `settle` may move parameters that no run depends on once the runs are known."""

        def made(q: np.ndarray, natural: np.ndarray) -> Evaluation:
            at, recorded = x, self.runner.run(q, slopes)  # type: ignore[union-attr]
            if settle is not None:
                at = settle(recorded)
                natural = self.problem.from_scale(at)
                q = self.layout.full(natural)
            return self._sum(recorded, q, natural, at) if slopes else self._value(recorded, q, at)

        return self._checked(x, slopes, made)

    def _checked(
        self, x: np.ndarray, slopes: bool, evaluate: Callable[[np.ndarray, np.ndarray], Evaluation]
    ) -> Evaluation:
        """What `evaluate` makes of all parameters and of the estimated ones, in natural units; inf where it fails."""
        self.evaluations += 1
        self.gradients += slopes
        natural = self.problem.from_scale(x)
        try:
            with np.errstate(all="ignore"):
                made = evaluate(self.layout.full(natural), natural)
        except RunFailure as reason:
            made = Evaluation(math.inf, failure=str(reason))
        if not _usable(made):
            why = made.failure or "the likelihood or its slopes are no numbers to go on with here"
            self.failures[why] = self.failures.get(why, 0) + 1
            return Evaluation(math.inf, failure=why)
        return made

    def _value(self, recorded: Recorded, q: np.ndarray, x: np.ndarray) -> Evaluation:
        simulated, noise = _predicted(self.layout, recorded, q)
        loss = self.layout.noise.scatter(simulated, noise).loss
        return Evaluation(float(loss.sum()) + prior_terms(self.problem, x)[0])

    def _sum(self, recorded: Recorded, q: np.ndarray, natural: np.ndarray, x: np.ndarray) -> Evaluation:
        simulated, noise, by_simulated, by_noise = sloped(self.layout, recorded, q)
        scatter = self.layout.noise.scatter(simulated, noise)
        gradient = scatter.by_simulated @ by_simulated + scatter.by_noise @ by_noise
        information = _information(scatter, by_simulated, by_noise)
        chain = scale_slopes(self.problem, natural)
        prior, prior_slope, prior_curvature = prior_terms(self.problem, x)
        return Evaluation(
            float(scatter.loss.sum()) + prior,
            gradient * chain + prior_slope,
            information * chain[:, None] * chain + np.diag(prior_curvature),
        )


STEEPEST = 1e100
"""Information beyond it overflows in the products that a step is worked out from."""


def _usable(made: Evaluation) -> bool:
    if not math.isfinite(made.value):
        return False
    if made.gradient is not None and not np.isfinite(made.gradient).all():
        return False
    return made.information is None or bool((np.abs(made.information) < STEEPEST).all())


def _information(scatter: Scatter, by_simulated: np.ndarray, by_noise: np.ndarray) -> np.ndarray:
    left = np.sqrt(scatter.information_simulated)[:, None] * by_simulated
    right = np.sqrt(scatter.information_noise)[:, None] * by_noise
    return left.T @ left + right.T @ right


def scale_slopes(problem: Problem, natural: np.ndarray) -> np.ndarray:
    """d natural / d scaled of each estimated parameter, shape (n_estimated,)."""
    linear, log10 = problem.scale_masks
    return np.where(linear, 1.0, natural * np.where(log10, math.log(10.0), 1.0))


def log_priors(problem: Problem, natural: np.ndarray) -> dict[str, float]:
    """Log prior density of each estimated parameter that has one, a flat one between its bounds included."""
    made = {}
    scaled = problem.to_scale(natural)
    for p, value, at in zip(problem.estimated, np.asarray(natural, dtype=float), scaled, strict=True):
        if p.prior is not None:
            made[p.name] = p.prior.log_density(float(at if p.prior.on_scale else value))
        elif problem.posterior and math.isfinite(p.upper - p.lower):
            made[p.name] = -math.log(p.upper - p.lower)
    return made


def prior_terms(problem: Problem, x: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Minus log prior, its gradient and a non-negative curvature, on the optimizer's scale."""
    natural = problem.from_scale(x)
    chain = scale_slopes(problem, natural)
    total, slope, curvature = 0.0, np.zeros(len(x)), np.zeros(len(x))
    for k, p in enumerate(problem.estimated):
        if p.prior is None:
            if problem.posterior and math.isfinite(p.upper - p.lower):
                total += math.log(p.upper - p.lower)
            continue
        at, step = (float(x[k]), 1.0) if p.prior.on_scale else (float(natural[k]), float(chain[k]))
        total -= p.prior.log_density(at)
        first, second = p.prior.slopes(at)
        slope[k] = -first * step
        curvature[k] = max(-second * step * step, 0.0)
    return total, slope, curvature


def _predicted(layout: Layout, recorded: Recorded, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Simulated value and noise of each measurement, in the order of the groups."""
    simulated, noise = np.empty(len(layout.order)), np.empty(len(layout.order))
    for group, formulas in zip(layout.groups, layout.formulas, strict=True):
        found = formulas(group.columns(recorded.states, recorded.parameters, q))
        simulated[group.rows], noise[group.rows] = found
    for axis in layout.axes:
        axis.apply(simulated)
    return simulated, noise


def sloped(layout: Layout, recorded: Recorded, q: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Simulated values and noise with their derivatives by the estimated parameters (natural units)."""
    n, n_estimated = len(layout.order), len(layout.estimated)
    both, slopes = np.empty((2, n)), np.zeros((2, n, n_estimated))
    for group, formulas in zip(layout.groups, layout.sloped_formulas, strict=True):
        found = formulas(group.columns(recorded.states, recorded.parameters, q))
        both[:, group.rows] = found[:2]
        _chain(layout, group, recorded, q, found[2:], slopes[:, group.rows])
    for axis in layout.axes:
        axis.apply(both[0], slopes[0])
    return both[0], both[1], slopes[0], slopes[1]


def _chain(
    layout: Layout, group: Group, recorded: Recorded, q: np.ndarray, derivatives: np.ndarray, target: np.ndarray
) -> None:
    """Add what each input of the group's formulas contributes, shape (2, n_rows, n_estimated)."""
    plan = group.chain
    table = np.zeros((target.shape[1], 2, len(plan.moving)))
    positions, formulas, columns = plan.of_states.T
    table[:, formulas, columns] = derivatives[positions].T
    species = np.searchsorted(layout.read_species, plan.species)
    moving = recorded.state_slopes[group.outputs[:, None], species]  # type: ignore[index]
    if len(plan.constants):
        constants = np.searchsorted(layout.read_constants, plan.constants)
        extra = recorded.parameter_slopes[group.outputs[:, None], constants]  # type: ignore[index]
        moving = np.concatenate([moving, extra], axis=1)
    target += np.matmul(table, moving).transpose(1, 0, 2)
    positions, formulas, places = plan.of_direct.T
    target[formulas, :, places] += derivatives[positions]
    if plan.of_given:
        filled = group.placeholders.slopes(q)
        for position, formula, rows, places, sources in plan.of_given:
            # Within one placeholder a measurement and a parameter meet at most once.
            target[formula][rows, places] += derivatives[position][rows] * filled[sources]


def _pull(
    group: Group,
    derivatives: np.ndarray,
    q: np.ndarray,
    weights: np.ndarray,
    bars: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    """The transpose of `_chain`: derivatives by a group's values and noises, shape (2, n_rows), become derivatives by
    recorded states, recorded parameters and estimated parameters, which are added to `bars`."""
    by_states, by_parameters, gradient = bars
    plan, n = group.chain, len(group.outputs)
    table = np.zeros((n, len(plan.moving)))
    for position, formula, column in plan.of_states:
        table[:, column] += weights[formula] * derivatives[position]
    n_states = len(plan.species)
    np.add.at(by_states, (group.outputs[:, None], plan.species), table[:, :n_states])
    np.add.at(by_parameters, (group.outputs[:, None], plan.constants), table[:, n_states:])
    for position, formula, place in plan.of_direct:
        gradient[place] += np.sum(weights[formula] * derivatives[position])
    if plan.of_given:
        filled = group.placeholders.slopes(q)
        for position, formula, rows, places, sources in plan.of_given:
            slope = weights[formula] * derivatives[position]
            np.add.at(gradient, places, slope[rows] * filled[sources])
