"""What a fit says about other measurements: bands over draws or points of profiles, and what to measure next."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..objective import Objective, RunFailure
from ..objective.layout import Layout
from ..objective.objective import scale_slopes, sloped
from ..objective.runs import EngineRunner
from ..problem import Measurement, Problem


@dataclass(frozen=True, eq=False)
class Band:
    """Predictions of measurements over many parameter vectors, each array of shape (n_measurements,).

    Attributes
    ----------
    measurements : tuple of Measurement
        What is predicted; their values do not matter.
    best, low, high : array
        At the best parameters, and the lowest and highest quantile over the draws.
    failed : int
        Draws at which the experiments could not be simulated.
    """

    measurements: tuple[Measurement, ...]
    best: np.ndarray
    low: np.ndarray
    high: np.ndarray
    failed: int


def predict(
    problem: Problem,
    best: np.ndarray,
    draws: np.ndarray,
    measurements: Sequence[Measurement] | None = None,
    level: float = 0.95,
) -> Band:
    """Bands of predictions.

    Parameters
    ----------
    problem : Problem
    best : array, shape (n_estimated,)
        Natural units.
    draws : array, shape (n_draws, n_estimated)
        From a posterior, or the points of profiles below their threshold (`level` 1: their envelope).
    measurements : sequence of Measurement, optional
        Default: those of the problem.
    level : float

    Returns
    -------
    Band

    Raises
    ------
    RunFailure
        If the experiments cannot be simulated at the best parameters.
    """
    chosen = tuple(measurements) if measurements is not None else problem.measurements
    objective = Objective(replace(problem, measurements=chosen))
    centre = objective.compare(best).simulated
    rows, failed = [], 0
    for draw in np.asarray(draws, dtype=float):
        try:
            rows.append(objective.compare(draw).simulated)
        except RunFailure:
            failed += 1
    table = np.array(rows) if rows else centre[None]
    low, high = np.quantile(table, [0.5 * (1 - level), 0.5 * (1 + level)], axis=0)
    return Band(chosen, centre, low, high, failed)


@dataclass(frozen=True)
class Suggestion:
    """A measurement that could be made next.

    Attributes
    ----------
    measurement : Measurement
    before, after : float
        Standard deviation of the target on the optimizer's scale (a parameter) or in its own unit (a prediction).
    """

    measurement: Measurement
    before: float
    after: float

    @property
    def gain(self) -> float:
        """Share of the standard deviation that the measurement takes away."""
        return 1.0 - self.after / self.before if self.before > 0.0 else 0.0


def design(
    problem: Problem,
    x: np.ndarray,
    candidates: Sequence[Measurement],
    target: str | Measurement,
) -> list[Suggestion]:
    """Possible measurements, the most telling first.

    Parameters
    ----------
    problem : Problem
    x : array, shape (n_estimated,)
        The fit, on the optimizer's scale.
    candidates : sequence of Measurement
        What could be measured (experiment, observable, time); their values do not matter.
    target : str or Measurement
        A parameter, or a prediction, whose uncertainty should shrink.

    Returns
    -------
    list of Suggestion

    Notes
    -----
    Linear theory: the information of the data plus that of each candidate (one replicate); c-optimality, Atkinson &
    Donev, Optimum Experimental Designs, 1992. Flat directions count with the width of the bounds.
    """
    have = Objective(problem)(x).information
    if have is None:
        raise RunFailure("the objective cannot be computed at this point")
    lower, upper = problem.bounds
    width = np.where(np.isfinite(upper - lower), upper - lower, 20.0)
    have = have + np.diag(12.0 / width**2)
    # A point that is held out, or beyond a limit, would be measured and would count.
    candidates = [replace(c, counted=True, censored="") for c in candidates]
    asked = [*candidates, *([] if isinstance(target, str) else [target])]
    slopes, informations = _measured_information(replace(problem, measurements=tuple(asked)), x)
    if isinstance(target, str):
        direction = np.array([name == target for name in problem.names], dtype=float)
    else:
        direction = slopes[-1]
    before = math.sqrt(float(direction @ np.linalg.solve(have, direction)))
    made = [
        Suggestion(candidate, before, math.sqrt(float(direction @ np.linalg.solve(have + extra, direction))))
        for candidate, extra in zip(candidates, informations, strict=False)
    ]
    return sorted(made, key=lambda s: s.after)


def _measured_information(problem: Problem, x: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """Slope of each simulated value by the scaled parameters, and the information one measurement of it holds."""
    layout = Layout(problem)
    natural = problem.from_scale(x)
    q = layout.full(natural)
    simulated, noise, by_simulated, by_noise = sloped(layout, EngineRunner(layout).run(q), q)
    scatter = layout.noise.scatter(simulated, noise)
    chain = scale_slopes(problem, natural)
    back = layout.own_rows
    by_simulated, by_noise = (by_simulated * chain)[back], (by_noise * chain)[back]
    first, second = scatter.information_simulated[back], scatter.information_noise[back]
    extra = [
        a * np.outer(s, s) + b * np.outer(t, t)
        for a, s, b, t in zip(first, by_simulated, second, by_noise, strict=True)
    ]
    return by_simulated, extra


@dataclass(frozen=True)
class Comparison:
    """One model variant among others.

    Attributes
    ----------
    objective : float
    parameters, measurements : int
    aic, bic : float
        From the objective (an approximation where priors contribute).
    """

    objective: float
    parameters: int
    measurements: int
    aic: float
    bic: float


def compare_models(fits: Mapping[str, tuple[float, Problem]]) -> dict[str, Comparison]:
    """Akaike's and the Bayesian criterion of fits of several variants to the same data, by name, the best AIC first.

    `fits` gives (objective at the optimum, problem) of each.
    """
    made = {}
    for name, (value, problem) in fits.items():
        k, n = len(problem.estimated), len(problem.measurements)
        made[name] = Comparison(value, k, n, 2 * value + 2 * k, 2 * value + k * math.log(n))
    return dict(sorted(made.items(), key=lambda item: item[1].aic))


def likelihood_ratio(small: float, large: float, extra_parameters: int) -> float:
    """The p-value of a nested variant: `small` and `large` are objectives of the restricted and the full model."""
    from scipy import special

    return float(special.chdtrc(float(extra_parameters), max(2.0 * (small - large), 0.0)))
