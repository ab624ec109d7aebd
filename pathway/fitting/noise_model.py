"""Measurements that no parameters can explain: noise that is never positive, a logarithm that never exists.

Where what is compared depends on parameters alone (a noise level, what a model starts from), it is worked out over the
range of the parameters before anything is fitted, so that the row is named and not a thousand failed starts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from pathway.expressions import Expression, number, postorder, symbols
from pathway.expressions.calculus import substitute_all
from pathway.expressions.evaluation import evaluate
from pathway.expressions.graph import CONDITIONS

if TYPE_CHECKING:
    from pathway.simulation.protocol import Experiment

    from .problem import Measurement, Observable, Problem

SAMPLES = 16
"""Parameter sets that are tried: the bounds, the middle, the nominal values, and some in between."""


def noise_mistakes(problem: Problem) -> Iterator[str]:
    """A line for every measurement whose likelihood exists for no parameters between the bounds."""
    check = _Check(problem)
    for m in problem.measurements:
        if m.observable in check.observables and m.experiment in check.experiments and m.counted:
            complaint = check.complaint(m)
            if complaint:
                yield f"{m.source or problem.name}: {complaint}"


class _Check:
    """What is asked of one measurement after the other; what they share is worked out once."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.observables = {o.name: o for o in problem.observables}
        self.experiments = {e.name: e for e in problem.experiments}
        self.points = _parameter_sets(problem)
        self.formulas: dict[tuple, tuple[Expression, Expression, frozenset[str]]] = {}
        self.known: dict[tuple, str] = {}

    def complaint(self, m: Measurement) -> str:
        """What is wrong with a measurement whatever the parameters are; "" if nothing is."""
        observable, experiment = self.observables[m.observable], self.experiments[m.experiment]
        own = (m.observable, *map(id, m.placeholders.values()))
        if own not in self.formulas:
            value, noise = self._written_out(observable, m.placeholders)
            self.formulas[own] = value, noise, symbols(value, noise)
        value, noise, names = self.formulas[own]
        changes: dict[str, Expression] = {}
        for period in experiment.periods:
            if period.start <= m.time:
                changes |= period.changes
        used = {n: changes[n] for n in names & changes.keys()}
        # What a model starts from matters where a value must be positive, or a formula may have none.
        delicate = observable.transformation != "linear" or _may_fail(value)
        at_start = m.experiment if delicate and _is_start(m, experiment, self.problem) else ""
        key = (own, at_start, tuple((n, id(e)) for n, e in sorted(used.items())), bool(m.normalization))
        if key not in self.known:
            if at_start:
                model = self.problem.model
                states = {n: changes.get(n, formula) for n, formula in model.closed_initial.items()}
                states["time"] = number(model.start_time)
                value, noise = substitute_all([value, noise], states)
                used = changes
            value, noise = substitute_all([value, noise], {**self.problem.derived, **used})
            self.known[key] = self._complaint(observable, None if m.normalization or not delicate else value, noise)
        return self.known[key]

    def _written_out(self, o: Observable, placeholders: Mapping[str, Expression]) -> tuple[Expression, Expression]:
        """Formula and noise over states and parameters."""
        formulas = [o.formula, o.noise]
        others = {name: other.formula for name, other in self.observables.items()}
        for meaning in (others, placeholders, self.problem.model.assignments):
            if symbols(*formulas) & meaning.keys():
                formulas = substitute_all(formulas, meaning)
        return formulas[0], formulas[1]

    def _complaint(self, o: Observable, value: Expression | None, noise: Expression) -> str:
        values = _values(noise, self.points)
        if values and all(not (0.0 < v < math.inf) for v in values):
            shown = f"{values[0]:g}" if len(set(values)) == 1 else "never a positive number"
            return f"the noise of '{o.name}' is {shown} whatever the parameters are; expected a positive number"
        values = _values(value, self.points) if value is not None else []
        if o.transformation != "linear" and values and all(not (0.0 < v < math.inf) for v in values):
            shown = f"{values[0]:g}" if len(set(values)) == 1 else "never positive"
            return (
                f"'{o.name}' is compared as a logarithm, and its simulated value is {shown} here whatever the "
                "parameters are"
            )
        if values and not any(map(math.isfinite, values)):
            return f"the formula of '{o.name}' has no finite value here whatever the parameters are"
        return ""


def _may_fail(formula: Expression) -> bool:
    """Whether a formula has no value for some numbers."""
    return any(node.operator in ("log", "divide", "power", "sqrt", "acos", "asin") for node in postorder([formula]))


def _is_start(m: Measurement, experiment: Experiment, problem: Problem) -> bool:
    """Whether the model is still as it starts: measured at the beginning of an experiment without a history."""
    if len(experiment.periods) > 1 or problem.model.events:
        return False
    start = experiment.periods[0].start if experiment.periods else problem.model.start_time
    return math.isfinite(start) and m.time == start == problem.model.start_time


def _values(formula: Expression, points: list[dict[str, float]]) -> list[float]:
    """The formula at each parameter set; empty if what it depends on is only known after a simulation.

    States may take any value, of either sign: a formula that is the same for all of them does not depend on them.
    """
    free = symbols(formula) - points[0].keys()
    if not free:
        return [evaluate(formula, point) for point in (points if symbols(formula) else points[:1])]
    if any(node.operator in _DECIDING for node in postorder([formula])):
        return []
    draw = np.random.default_rng(2)
    values = []
    for k in range(SAMPLES):
        states = {name: float(draw.uniform(0.1, 10.0)) * (-1) ** k for name in sorted(free)}
        values.append(evaluate(formula, {**points[k % len(points)], **states}))
    return values if len(set(values)) == 1 else []


_DECIDING = {*CONDITIONS, "piecewise", "min", "max", "floor", "ceil", "abs"}
"""Operators behind which a formula may be something else for states that were not tried."""


def _parameter_sets(problem: Problem) -> list[dict[str, float]]:
    """Natural values by name: of fixed parameters as they are, of estimated ones over their range."""
    fixed = dict(zip(problem.model.parameters, map(float, problem.model.parameter_values), strict=True))
    fixed |= {p.name: p.value for p in problem.parameters if not p.estimated}
    estimated = problem.estimated
    if not estimated:
        return [fixed]
    with np.errstate(all="ignore"):
        lower, upper = problem.bounds
        lower = np.where(np.isfinite(lower), lower, -3.0)
        upper = np.where(np.isfinite(upper), upper, np.maximum(lower + 1.0, 3.0))
        shares = np.random.default_rng(1).random((SAMPLES, len(estimated)))
        shares[:3] = np.array([[0.0], [0.5], [1.0]])
        drawn = problem.from_scale(lower + shares * (upper - lower))
    sets = [*drawn, np.where(np.isfinite(problem.nominal), problem.nominal, drawn[1])]
    names = problem.names
    return [{**fixed, **dict(zip(names, map(float, row), strict=True))} for row in sets]
