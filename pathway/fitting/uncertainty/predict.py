"""What a fit says about other measurements: bands over draws or points of profiles, and what to measure next."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pathway.expressions import to_text
from pathway.simulation.protocol.runner import Runner

from ..objective import Objective, RunError
from ..objective.assembled import AssembledProblem
from ..objective.objective import scale_derivatives, values_with_slopes
from ..problem import Measurement, Problem

TOGETHER = 64
"""So many draws run side by side."""
SCATTERED = 20
"""How often each draw is measured, where noise is wanted."""
CURVE = 40
"""Moments of a curve through measured points."""


@dataclass(frozen=True, eq=False)
class PredictionBand:
    """Predictions of measurements over many parameter vectors, each array of shape (n_measurements,).

    Attributes
    ----------
    problem : Problem
    measurements : tuple of Measurement
        What is predicted; their values do not matter.
    best, low, high : array
        At the best parameters, and the ends of the band over the draws.
    failed : int
        Draws at which the experiments could not be simulated.
    draws : int
        Those that could.
    level : float
        1: the envelope of all draws.
    simultaneous : bool
        Whether the band holds whole curves in a share `level` of the draws; else each point by itself.
    noise : bool
        Whether the band is of what would be measured; else of the curve without scatter.
    """

    problem: Problem
    measurements: tuple[Measurement, ...]
    best: np.ndarray
    low: np.ndarray
    high: np.ndarray
    failed: int
    draws: int
    level: float
    simultaneous: bool = False
    noise: bool = False

    @property
    def words(self) -> str:
        """What the band is."""
        of = "of what would be measured, scatter included" if self.noise else "of the curve, without measurement noise"
        if self.level >= 1.0:
            return f"envelope of {self.draws} parameter sets, {of}"
        how = "each whole curve lies inside" if self.simultaneous else "each point by itself"
        return f"{100 * self.level:.4g} % of {self.draws} draws, {how}; {of}"


def predict(
    problem: Problem,
    best: np.ndarray,
    draws: np.ndarray,
    measurements: Sequence[Measurement] | None = None,
    level: float = 0.95,
    *,
    simultaneous: bool = False,
    noise: bool = False,
    seed: int = 1,
) -> PredictionBand:
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
    simultaneous : bool
        True: a share `level` of the draws lies inside with the whole curve of an observable in an experiment, not only
        with each point by itself.
    noise : bool
        True: scatter as the noise model has it is added to every draw.
    seed : int
        Of the scatter.

    Returns
    -------
    PredictionBand

    Raises
    ------
    RunError
        If the experiments cannot be simulated at the best parameters, or at none of the draws.
    """
    chosen = tuple(measurements) if measurements is not None else problem.measurements
    objective = Objective(replace(problem, measurements=chosen))
    centre = objective.compare(best).simulated
    table = _simulated(objective, np.asarray(draws, dtype=float), np.random.default_rng(seed) if noise else None)
    usable = np.isfinite(table).all(axis=1)
    each = SCATTERED if noise else 1
    failed, ran = int((~usable).sum()) // each, int(usable.sum()) // each
    table = np.sort(table[usable], axis=0) if not simultaneous else table[usable]
    if not len(table):
        raise RunError(f"{problem.name}: none of the {len(draws)} draws can be simulated")
    if simultaneous:
        low, high = _whole_curves(table, chosen, level)
    else:
        low, high = np.quantile(table, [0.5 * (1 - level), 0.5 * (1 + level)], axis=0)
    return PredictionBand(problem, chosen, centre, low, high, failed, ran, level, simultaneous, noise)


def curve_key(m: Measurement) -> tuple:
    """Equal for measurements of one observable and experiment that lie on one curve: their gel, and how they are
    normalized."""
    return m.normalization, tuple(sorted((name, to_text(value)) for name, value in m.placeholders.items()))


def curve_points(problem: Problem) -> list[Measurement]:
    """Moments between the measured ones, to draw the problem's own curves through."""
    groups: dict[tuple, list[Measurement]] = {}
    for m in problem.measurements:
        if math.isfinite(m.time):
            groups.setdefault((m.observable, m.experiment, *curve_key(m)), []).append(m)
    points = []
    for members in groups.values():
        measured = [m.time for m in members]
        times = np.unique([*np.linspace(min(measured), max(measured), CURVE), *measured])
        points += [replace(members[0], time=float(t), value=1.0, censored="", counted=False) for t in times]
    return points


def _simulated(objective: Objective, draws: np.ndarray, rng: np.random.Generator | None) -> np.ndarray:
    """Simulated values at each draw, shape (n_draws, n_measurements); nan where a draw cannot be run.

    With scatter, `SCATTERED` rows for each draw.
    """
    assembled = objective.assembled
    rows = []
    for first in range(0, len(draws), TOGETHER):
        q = assembled.plan.full(draws[first : first + TOGETHER])
        with np.errstate(all="ignore"):
            recorded = objective.runner.run_many(q)
            simulated, noise = assembled.observed.values(assembled.observed.pool.filled(recorded, q))
            simulated = np.array(simulated)
        simulated[list(recorded.failures)] = math.nan
        if rng is not None:
            simulated, noise = (np.repeat(both, SCATTERED, axis=0) for both in (simulated, noise))
            simulated = assembled.noise.scattered(simulated, noise, rng)
        rows.append(simulated[:, assembled.own_rows])
    return np.concatenate(rows) if rows else np.zeros((0, len(assembled.own_rows)))


def _whole_curves(
    table: np.ndarray, measurements: Sequence[Measurement], level: float
) -> tuple[np.ndarray, np.ndarray]:
    """The narrowest band of equal ranks that holds a share `level` of the draws at all points of a curve."""
    ranks = np.argsort(np.argsort(table, axis=0), axis=0)
    ordered, last = np.sort(table, axis=0), len(table) - 1
    curves: dict[tuple[str, str], list[int]] = {}
    for k, m in enumerate(measurements):
        curves.setdefault((m.observable, m.experiment), []).append(k)
    low, high = np.empty(table.shape[1]), np.empty(table.shape[1])
    for members in curves.values():
        extreme = np.maximum(ranks[:, members], last - ranks[:, members]).max(axis=1)
        reach = int(np.quantile(extreme, level, method="higher"))
        low[members], high[members] = ordered[last - reach, members], ordered[reach, members]
    return low, high


@dataclass(frozen=True)
class SuggestedMeasurement:
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
) -> list[SuggestedMeasurement]:
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
    list of SuggestedMeasurement

    Notes
    -----
    Linear theory: the information of the data plus that of each candidate (one replicate); c-optimality, Atkinson &
    Donev, Optimum Experimental Designs, 1992. Flat directions count with the width of the bounds.
    """
    have = Objective(problem)(x).information
    if have is None:
        raise RunError("the objective cannot be computed at this point")
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
    suggestions = [
        SuggestedMeasurement(candidate, before, math.sqrt(float(direction @ np.linalg.solve(have + extra, direction))))
        for candidate, extra in zip(candidates, informations, strict=False)
    ]
    return sorted(suggestions, key=lambda s: s.after)


def _measured_information(problem: Problem, x: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """Slope of each simulated value by the scaled parameters, and the information one measurement of it holds."""
    assembled = AssembledProblem(problem)
    natural = problem.from_scale(x)
    q = assembled.plan.full(natural)
    simulated, noise, by_simulated, by_noise = values_with_slopes(assembled, Runner(assembled.plan).run(q), q)
    scatter = assembled.noise.scatter(simulated, noise)
    chain = scale_derivatives(problem, natural)
    back = assembled.own_rows
    by_simulated, by_noise = (by_simulated * chain)[back], (by_noise * chain)[back]
    first, second = scatter.information_simulated[back], scatter.information_noise[back]
    extra = [
        a * np.outer(s, s) + b * np.outer(t, t)
        for a, s, b, t in zip(first, by_simulated, second, by_noise, strict=True)
    ]
    return by_simulated, extra
