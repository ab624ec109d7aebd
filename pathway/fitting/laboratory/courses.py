"""A fit seen as curves through points, for every condition and observable, and how well each observable is met."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pathway.expressions import symbols, to_text
from pathway.simulation.protocol import Experiment

from ..objective import Comparison, Objective
from ..problem import Measurement, Observable, Problem

POINTS = 60
"""Moments between which a curve is drawn, besides the measured ones."""


@dataclass(frozen=True, eq=False)
class FittedCourse:
    """One curve with its points: an observable in one condition, with one factor to the reading's unit.

    Attributes
    ----------
    observable : Observable
    experiment : str
    label : str
        What tells it from other curves of the same condition: its gel.
    times, simulated, noise : array, shape (n_times,)
        Empty where only a steady state was measured.
    members : tuple of int
        Positions of its points among the problem's measurements.
    spread : array, shape (n_members,) or (0,)
        Noise at each point where the points have noise of their own, so that no band fits all of them.
    """

    observable: Observable
    experiment: str
    label: str
    times: np.ndarray
    simulated: np.ndarray
    noise: np.ndarray
    members: tuple[int, ...]
    spread: np.ndarray

    def band(self) -> tuple[np.ndarray, np.ndarray]:
        """One noise level below and above the curve, shape (n_times,) each."""
        return self.around(self.simulated, self.noise)

    def around(self, values: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """One noise level below and above values of this observable, in their shape."""
        if self.observable.transformation == "linear":
            return values - noise, values + noise
        base = math.e if self.observable.transformation == "log" else 10.0
        return values * base**-noise, values * base**noise


def fitted_courses(problem: Problem, natural: np.ndarray) -> list[FittedCourse]:
    """The curves of all measured conditions.

    Parameters
    ----------
    problem : Problem
    natural : array, shape (n_estimated,)
        Natural units.

    Raises
    ------
    RunError
        If an experiment cannot be simulated there.
    """
    groups = _groups(problem)
    experiments = {e.name: e for e in problem.experiments}
    asked: list[Measurement] = []
    spans: list[np.ndarray] = []
    for members in groups:
        first = problem.measurements[members[0]]
        times = _times(problem, [problem.measurements[k].time for k in members], experiments[first.experiment])
        spans.append(times)
        asked += [replace(first, time=float(t), value=1.0, censored="", counted=False) for t in times]
    curves = Objective(replace(problem, measurements=tuple(asked))).compare(natural) if asked else None
    observables = {o.name: o for o in problem.observables}
    at_points = Objective(problem).compare(natural).noise
    courses, at = [], 0
    labels = _labels(problem, groups)
    for members, times, label in zip(groups, spans, labels, strict=True):
        first = problem.measurements[members[0]]
        rows = slice(at, at + len(times))
        simulated, noise = (curves.simulated[rows], curves.noise[rows]) if curves else (np.zeros(0), np.zeros(0))
        observable = observables[first.observable]
        spread = np.zeros(0) if _scatter_alike(problem, observable, members) else at_points[members]
        courses += [FittedCourse(observable, first.experiment, label, times, simulated, noise, tuple(members), spread)]
        at += len(times)
    return courses


def _groups(problem: Problem) -> list[list[int]]:
    """Measurements of one observable in one experiment whose formula is filled alike."""
    formulas = {o.name: symbols(o.formula) for o in problem.observables}
    groups: dict[tuple, list[int]] = {}
    for k, m in enumerate(problem.measurements):
        filled = tuple(sorted((n, to_text(e)) for n, e in m.placeholders.items() if n in formulas[m.observable]))
        groups.setdefault((m.observable, m.experiment, m.normalization, filled), []).append(k)
    return list(groups.values())


def _scatter_alike(problem: Problem, observable: Observable, members: Sequence[int]) -> bool:
    """Whether one formula gives the noise of all these points."""
    names = symbols(observable.noise)
    filled = ({n: e for n, e in problem.measurements[k].placeholders.items() if n in names} for k in members)
    return len({tuple(sorted((n, to_text(e)) for n, e in given.items())) for given in filled}) == 1


def _labels(problem: Problem, groups: Sequence[Sequence[int]]) -> list[str]:
    """What the points of a group have in common that others of the same condition have not."""
    firsts = (problem.measurements[members[0]] for members in groups)
    beside = Counter((first.observable, first.experiment) for first in firsts)
    labels = []
    for members in groups:
        own = [problem.measurements[k] for k in members]
        common = {m.replicate for m in own}
        filled = ", ".join(dict.fromkeys(to_text(e) for e in own[0].placeholders.values()))
        alone = beside[own[0].observable, own[0].experiment] == 1
        labels.append("" if alone else next(iter(common)) if len(common) == 1 else filled)
    return labels


def _times(problem: Problem, measured: Sequence[float], experiment: Experiment) -> np.ndarray:
    finite = sorted({t for t in measured if math.isfinite(t)})
    if not finite:
        return np.zeros(0)
    begins = [p.start for p in experiment.periods if math.isfinite(p.start)] or [problem.model.start_time]
    start = max(min(begins), min(0.0, finite[0]))
    return np.union1d(np.linspace(start, finite[-1], POINTS), finite) if finite[-1] > start else np.array(finite)


@dataclass(frozen=True)
class ObservableAgreement:
    """How well one observable is met.

    Attributes
    ----------
    observable : str
    points, censored, held_out : int
        Measured values that count, limits that count, and what does not count.
    chi_squared : float
        Sum of squared standardized residuals of the measured values that count.
    held_out_chi_squared : float
        The same sum over measured values that do not count; nan if there are none.
    """

    observable: str
    points: int
    censored: int
    held_out: int
    chi_squared: float
    held_out_chi_squared: float


def observable_agreements(problem: Problem, comparison: Comparison) -> list[ObservableAgreement]:
    """How well each observable is met, in the order of the problem's observables."""
    agreements = []
    for o in problem.observables:
        own = [k for k, m in enumerate(problem.measurements) if m.observable == o.name]
        values = [k for k in own if not problem.measurements[k].censored]
        counted = [k for k in values if comparison.counted[k]]
        others = [k for k in values if not comparison.counted[k]]
        agreements.append(
            ObservableAgreement(
                o.name,
                len(counted),
                sum(bool(comparison.counted[k]) for k in own) - len(counted),
                sum(not comparison.counted[k] for k in own),
                float(np.sum(comparison.residual[counted] ** 2)),
                float(np.sum(comparison.residual[others] ** 2)) if others else math.nan,
            )
        )
    return agreements
