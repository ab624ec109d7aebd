"""Measured points as observables and measurements of a `Problem`: factors, offsets, noise, normalizations."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pathway.equations import Model
from pathway.expressions import Expression, add, multiply, number, power, sqrt, symbol
from pathway.scenario.experiment import FitObservable, FitPlan, Scenario
from pathway.scenario.fit_data import observable_choice_for
from pathway.scenario.fit_plan import formula_name
from pathway.scenario.measurements import Measurement as Point
from pathway.scenario.measurements import is_in_lane, parse_lane, scale_group, sharing_name
from pathway.simulation import SimulationError
from pathway.simulation.formulas import find_formula

from ..objective import Objective, RunError
from ..problem import Measurement, Normalization, Observable, Parameter, Problem
from ..search.inner_optimum import inner_optimum

DISTRIBUTIONS = {
    "normal": ("normal", "linear"),
    "log-normal": ("normal", "log"),
    "laplace": ("laplace", "linear"),
    "log-laplace": ("laplace", "log"),
    "student-t": ("student_t", "linear"),
}
"""Distribution and transformation by the scenario's word."""

WIDTH = 1e3
"""A scale or noise level may be this many times larger or smaller than it first seems."""


@dataclass(frozen=True)
class _Key:
    """Points that make one observable of the problem."""

    observable: str
    table: int
    choice: FitObservable
    kind: str


class MeasurementModel:
    """Everything of a problem that the measurements decide.

    Attributes
    ----------
    parameters : tuple of Parameter
        Scales, offsets, noise levels.
    observables, measurements, normalizations : tuples
    users : dict of str to list of int
        Positions of the measurements that use each of these parameters.
    """

    def __init__(self, model: Model, scenario: Scenario, plan: FitPlan, points: Sequence[Point]) -> None:
        self.model, self.scenario, self.plan = model, scenario, plan
        self.arms = {arm.name: arm for arm in scenario.arms}
        by_key: dict[_Key, list[Point]] = {}
        for point in points:
            choice = observable_choice_for(point, scenario.overlays, plan.observables)
            by_key.setdefault(_Key(point.observable, point.table, choice, point.kind), []).append(point)
        groups = [_Group(self, key, self._name(key, list(by_key)), own) for key, own in by_key.items()]
        self.parameters = tuple(p for group in groups for p in group.parameters.values())
        self.observables = tuple(group.observable for group in groups)
        of_point = {id(p): m for group in groups for p, m in zip(group.points, group.measurements, strict=True)}
        self.measurements = tuple(of_point[id(point)] for point in points)
        place = {id(point): k for k, point in enumerate(points)}
        self.users = {name: [place[i] for i in own] for group in groups for name, own in group.users.items()}
        self.normalizations = tuple(n for group in groups for n in group.normalizations.values())

    def _name(self, key: _Key, keys: Sequence[_Key]) -> str:
        """The observable, with its file and kind where it stands in several."""
        alike = [k for k in keys if k.observable == key.observable]
        if len(alike) == 1:
            return key.observable
        name = f"{key.observable} in {self.scenario.overlays[key.table].file.stem}"
        if sum(k.table == key.table for k in alike) > 1:
            name += f", {key.kind}"
        return name

    def held_out(self, point: Point) -> bool:
        """Whether the point's arm does not count."""
        return point.arm in self.plan.hold_out


class _Group:
    """The points of one observable of the problem."""

    def __init__(self, readings: MeasurementModel, key: _Key, name: str, points: Sequence[Point]) -> None:
        self.readings, self.key, self.name, self.points = readings, key, name, points
        self.choice = key.choice
        self.overlay = readings.scenario.overlays[key.table]
        self.parameters: dict[str, Parameter] = {}
        self.users: dict[str, list[int]] = {}
        self.normalizations: dict[str, Normalization] = {}
        self.largest = max((abs(p.value) for p in points), default=1.0) or 1.0
        distribution, self.transformation = DISTRIBUTIONS[str(self.choice.distribution)]
        curve = find_formula(readings.model, key.observable)
        scale, scales = self._in_formula("scale", [self._scale(p) for p in points])
        offset, offsets = self._in_formula("offset", [self._offset(p) for p in points])
        formula = curve if scale is None else multiply(scale, curve)
        formula = formula if offset is None else add(offset, formula)
        noise, noises = self._in_formula("noise", [self._noise(p, formula) for p in points])
        assert noise is not None
        self.observable = Observable(
            name=name,
            formula=formula,
            noise=noise,
            distribution=distribution,
            transformation=self.transformation,
            degrees_of_freedom=self.choice.degrees_of_freedom,
            unit=self._unit(),
        )
        given = [{**a, **b, **c} for a, b, c in zip(scales, offsets, noises, strict=True)]
        self.measurements = [self._measurement(p, filled) for p, filled in zip(points, given, strict=True)]

    def _unit(self) -> str:
        if self.choice.scale == "normalized" or self.overlay.axis:
            return "normalized"
        if self.key.kind == "absolute" and self.choice.scale == "none":
            return self.readings.model.units.get(self.key.observable, "1")
        return "fold" if self.key.kind == "cycles" else "a.u."

    def _in_formula(
        self, role: str, formulas: Sequence[Expression | None]
    ) -> tuple[Expression | None, list[dict[str, Expression]]]:
        """One formula for all points where they agree; else a placeholder, and what each point puts there."""
        nothing: list[dict[str, Expression]] = [{} for _ in formulas]
        if all(formula is formulas[0] for formula in formulas):
            return formulas[0], nothing
        place = f"{role}_of_{formula_name(self.name)}"
        usual = number(0.0 if role == "offset" else 1.0)
        return symbol(place), [{place: usual if formula is None else formula} for formula in formulas]

    def _add(
        self, point: Point, role: str, group: str, value: float, width: float, meaning: str, unit: str
    ) -> Expression:
        """A parameter that points of a group share, made at its first use."""
        name = "_".join(filter(None, [role, formula_name(self.name), formula_name(group) if group else ""]))
        if name not in self.parameters:
            of = f" ({group})" if group else ""
            bounds = (value / width, value * width)
            self.parameters[name] = Parameter(name, value, *bounds, "log10", unit=unit, meaning=meaning + of)
        self.users.setdefault(name, []).append(id(point))
        return symbol(name)

    # What a reading is of the model's value

    def _scale(self, point: Point) -> Expression | None:
        scale = self.choice.scale
        if isinstance(scale, int | float):
            return number(float(scale))
        if scale != "free":
            return None
        group = scale_group(point, self.overlay, self.readings.arms)
        words = f"reading of {self.key.observable} per unit of the model"
        return self._add(point, "scale", group, 1.0, WIDTH, words, self._unit())

    def _offset(self, point: Point) -> Expression | None:
        if self.choice.offset != "free":
            return None
        group = scale_group(point, self.overlay, self.readings.arms)
        zero = self._add(point, "offset", group, 1.0, WIDTH, f"reading of {self.key.observable} at zero", self._unit())
        name = str(zero.value)
        reach = 10.0 * self.largest
        bounds = replace(self.parameters[name], value=0.0, lower=-reach, upper=reach, scale="linear")
        self.parameters[name] = bounds
        return zero

    # How it scatters

    def _noise(self, point: Point, formula: Expression) -> Expression:
        """Standard deviation, on the axis on which points are compared."""
        kind = self._noise_kind(point)
        if isinstance(kind, int | float):
            return number(float(kind))
        group = sharing_name(point, self.choice.noise_shared_by, self.readings.arms)
        given = number(self._error(point) or 1.0)
        if kind == "given":
            return given
        if kind == "scaled":
            words = f"true scatter of {self.key.observable} per error given"
            return multiply(given, self._add(point, "factor_error", group, 1.0, 1e2, words, "1"))
        if kind in ("proportional", "combined"):
            share = self._add(point, "share", group, 0.1, WIDTH, f"scatter of {self.key.observable} as a share", "1")
            relative = multiply(share, formula)
            return relative if kind == "proportional" else _in_squares(relative, self._constant(point, group))
        constant = self._constant(point, group)
        return _in_squares(given, constant) if kind == "added" else constant

    def _constant(self, point: Point, group: str) -> Expression:
        if self.transformation == "log":
            words, unit, value = f"scatter of the logarithm of {self.key.observable}", "1", 0.2
        else:
            words, unit, value = f"scatter of {self.key.observable}", self._unit(), 0.1 * self.largest
        return self._add(point, "sigma", group, value, WIDTH, words, unit)

    def _noise_kind(self, point: Point) -> str | float:
        """What the plan says; where it says nothing, an error that is given is taken."""
        if self.choice.noise is not None:
            return self.choice.noise
        return "given" if self._error(point) else "constant"

    def _error(self, point: Point) -> float:
        """The error given, on the axis on which points are compared; 0 where there is none."""
        if self.transformation != "log":
            return point.deviation
        relative = point.error_kind in ("cv", "sd_log")
        return (point.error or 0.0) / (1.0 if relative else abs(point.value) or 1.0)

    # Points

    def _measurement(self, point: Point, given: dict[str, Expression]) -> Measurement:
        axis, by_construction = self._axis(point)
        return Measurement(
            observable=self.name,
            experiment=point.arm,
            time=point.time,
            value=point.value,
            placeholders=given,
            censored="below" if point.below_detection else "above" if point.saturated else "",
            replicate=" ".join(filter(None, [point.gel and f"gel {point.gel}", point.replicate])),
            source=point.place,
            normalization=axis,
            counted=not (by_construction or self.readings.held_out(point)),
        )

    def _axis(self, point: Point) -> tuple[str, bool]:
        """Name of the normalization of a point, and whether its value is true by construction."""
        start = self.readings.scenario.start
        if point.fold_of_start and start < 0.0 and self.choice.scale == "none":
            return self._normalization(f"start of {point.arm}", [(point.arm, 0.0)], "mean"), point.time == 0.0
        if self.choice.scale != "normalized":
            return "", False
        group = scale_group(point, self.overlay, self.readings.arms)
        own = [p for p in self.points if scale_group(p, self.overlay, self.readings.arms) == group]
        if self.overlay.axis == "minmax":
            moments = list(dict.fromkeys((p.arm, p.time) for p in own))
            exact = point.measured and (abs(point.value) < 1e-12 or abs(point.value - 1.0) < 1e-12)
            return self._normalization(group, moments, "minmax"), exact
        arm, time = parse_lane(self.overlay.axis, self.readings.arms)
        alone = sum(is_in_lane(p, arm, time) for p in own) == 1
        return self._normalization("lane", [(arm, time)], "mean"), alone and is_in_lane(point, arm, time)

    def _normalization(self, group: str, moments: Sequence[tuple[str, float]], kind: str) -> str:
        name = f"{self.name}: {group}"
        self.normalizations.setdefault(name, Normalization(name, self.name, tuple(moments), kind))
        return name


def _in_squares(left: Expression, right: Expression) -> Expression:
    two = number(2.0)
    return sqrt(add(power(left, two), power(right, two)))


# First values of what only the readings depend on


def with_starting_values(problem: Problem, users: Mapping[str, Sequence[int]]) -> Problem:
    """The problem with scales, offsets and noise levels that begin where they suit its nominal parameters.

    A parameter that only points without weight use is held there. If the nominal parameters cannot be simulated, the
    problem stays as it is.

    Parameters
    ----------
    problem : Problem
        All its scales are 1 and its offsets 0.
    users : mapping of parameter to positions of the measurements that use it
    """
    try:
        simulated = Objective(problem).compare().simulated
    except (RunError, SimulationError):
        return problem
    values = np.array([m.value for m in problem.measurements])
    changed = {}
    for p in problem.parameters:
        if p.name.startswith("scale_") and p.name in users:
            rows = np.array(users[p.name])
            with np.errstate(all="ignore"):
                ratios = values[rows] / simulated[rows]
            ratios = ratios[np.isfinite(ratios) & (ratios > 0.0)]
            middle = float(np.median(ratios)) if len(ratios) else 1.0
            changed[p.name] = replace(p, value=middle, lower=middle / WIDTH, upper=middle * WIDTH)
    begun = replace(problem, parameters=tuple(changed.get(p.name, p) for p in problem.parameters))
    objective = Objective(begun)
    x, value = inner_optimum(objective, begun.to_scale(begun.nominal))
    if not math.isfinite(value):
        return begun
    best = dict(zip(begun.names, map(float, begun.from_scale(x)), strict=True))
    idle = {name for name, rows in users.items() if not any(problem.measurements[k].counted for k in rows)}
    return replace(
        begun,
        parameters=tuple(
            replace(p, value=min(max(best[p.name], p.lower), p.upper), estimated=p.name not in idle)
            if p.name in users
            else p
            for p in begun.parameters
        ),
    )
