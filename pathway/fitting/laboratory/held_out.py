"""What only held-out points use: the factor of a gel on which no lane counts."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from pathway.expressions import symbols

from ..objective import Objective
from ..problem import Measurement, Observable
from ..search.inner_optimum import inner_optimum
from ..search.result import Fit

KINDS = ("scale_", "offset_")
"""Noise levels stay: taken from the held-out points themselves they would make any prediction look right."""


def fit_with_held_out_scales(fit: Fit) -> Fit:
    """The fit with factors and offsets that only held-out points use at their best for its best parameters.

    While searching they keep what suits the nominal parameters, for nothing that counts depends on them. Of such points
    only the shape of their course is then compared.
    """
    problem = fit.problem
    observables = {o.name: o for o in problem.observables}
    used = [(m, _symbols(m, observables[m.observable])) for m in problem.measurements]
    counting = {name for m, names in used if m.counted for name in names}
    idle = {p.name for p in problem.parameters if not p.estimated and p.name.startswith(KINDS) and p.lower < p.upper}
    idle -= counting
    if not idle or not fit.starts or not math.isfinite(fit.best.objective):
        return fit
    parameters = tuple(
        replace(p, estimated=p.name in idle, value=fit.best.parameters.get(p.name, p.value)) for p in problem.parameters
    )
    points = tuple(replace(m, counted=True) for m, names in used if names & idle)
    alone = replace(problem, parameters=parameters, measurements=points)
    x, value = inner_optimum(Objective(alone), alone.to_scale(alone.nominal))
    if not math.isfinite(value):
        return fit
    best = dict(zip(alone.names, map(float, np.asarray(alone.from_scale(x))), strict=True))
    fitted = tuple(replace(p, value=best.get(p.name, p.value)) for p in problem.parameters)
    return replace(fit, problem=replace(problem, parameters=fitted))


def _symbols(m: Measurement, o: Observable) -> frozenset[str]:
    return symbols(o.formula, o.noise, *m.placeholders.values())
