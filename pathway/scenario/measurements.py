"""Measured points, what the bench did to them, and how they meet the model's curves."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from . import quantities
from .experiment import Arm, MeasurementTable
from .mistakes import Mistake, ScenarioError

if TYPE_CHECKING:
    from .result import Result

RELATIVE_ERRORS = ("cv", "sd_log")
_SAME_TIME = 1e-6


@dataclass(frozen=True)
class Measurement:
    """One measured point.

    Attributes
    ----------
    arm, observable : str
    time : float, hours
    value : float
        In the observable's own unit where the file gives one that fits, as it stands otherwise.
    unit : str
        As the file has it.
    kind : str
        "absolute", "arbitrary" (a factor to the model's unit is unknown) or "cycles" (of a qPCR: the value is the fold,
        and scatters as a logarithm).
    error : float or None
        In the same unit as the value; a share of it if `error_kind` is "cv", of its natural logarithm if "sd_log".
    error_kind : str
        "sd", "sem", "cv", "sd_log" or nothing.
    replicate, gel : str
    loading, total : float or None
        Signals of the loading control and of the whole protein in the same lane.
    below_detection, saturated : bool
        Then `value` is the limit: known to be at most, or at least, so much.
    fold_of_start : bool
        Whether the value is a fold of the same arm's value at time zero.
    table : int
        Which of the scenario's files.
    line : int
        Of the file.
    place : str
        "file:line".
    """

    arm: str
    time: float
    observable: str
    value: float
    unit: str = ""
    kind: str = "absolute"
    replicate: str = ""
    gel: str = ""
    loading: float | None = None
    total: float | None = None
    error: float | None = None
    error_kind: str = ""
    below_detection: bool = False
    saturated: bool = False
    fold_of_start: bool = False
    table: int = 0
    line: int = 0
    place: str = ""

    @property
    def measured(self) -> bool:
        """Whether the value is a value and not a limit."""
        return not (self.below_detection or self.saturated)

    @property
    def deviation(self) -> float:
        """The error in the unit of the value; 0 where none is given."""
        if self.error is None:
            return 0.0
        return self.error * abs(self.value) if self.error_kind in RELATIVE_ERRORS else self.error

    def scaled(self, factor: float, offset: float = 0.0) -> Measurement:
        """The point with value (and error) times `factor`, after `offset` was taken off the value."""
        error = self.error if self.error is None or self.error_kind in RELATIVE_ERRORS else self.error * factor
        return replace(self, value=(self.value - offset) * factor, error=error)


# What the bench does to values


def normalized_points(
    points: Sequence[Measurement], overlays: Sequence[MeasurementTable], arms: Mapping[str, Arm]
) -> tuple[Measurement, ...]:
    """The points after loading controls, totals, reference lanes and scaling to 0-1, table by table.

    Raises
    ------
    ScenarioError
        If a gel lacks its reference lane, or a group of points has no two values.
    """
    normalized: list[Measurement] = []
    mistakes: list[Mistake] = []
    for table, overlay in enumerate(overlays):
        own = [point for point in points if point.table == table]
        for word in overlay.normalize:
            try:
                own = _DONE.get(word, _by_lane)(own, overlay, arms)
            except ScenarioError as error:
                mistakes += error.mistakes
        normalized += own
    if mistakes:
        raise ScenarioError(mistakes)
    return tuple(normalized)


Step = Callable[[Sequence[Measurement], MeasurementTable, Mapping[str, Arm]], list[Measurement]]


def _by_loading(points: Sequence[Measurement], overlay: MeasurementTable, arms: Mapping[str, Arm]) -> list[Measurement]:
    return [p.scaled(1.0 / p.loading) if p.loading else p for p in points]


def _by_total(points: Sequence[Measurement], overlay: MeasurementTable, arms: Mapping[str, Arm]) -> list[Measurement]:
    return [p.scaled(1.0 / p.total) if p.total else p for p in points]


def _by_extremes(
    points: Sequence[Measurement], overlay: MeasurementTable, arms: Mapping[str, Arm]
) -> list[Measurement]:
    """Every group from 0 to 1, by the extremes of its means over replicates."""
    scaled, mistakes = [], []
    for group in measurements_by_scale_group(points, overlay, arms).values():
        means = list(_means(group).values())
        low, high = min(means), max(means)
        if low < high:
            scaled += [p.scaled(1.0 / (high - low), low) for p in group]
        else:
            what = f'{group[0].observable}: normalize = "minmax" needs two different values'
            mistakes.append(Mistake(group[0].place, what, group[0].line))
    if mistakes:
        raise ScenarioError(mistakes)
    return sorted(scaled, key=lambda p: p.line)


def _by_lane(points: Sequence[Measurement], overlay: MeasurementTable, arms: Mapping[str, Arm]) -> list[Measurement]:
    """Every group as a fold of the mean of its reference lanes."""
    arm, time = parse_lane(overlay.axis, arms)
    scaled, mistakes = [], []
    for (observable, name), group in measurements_by_scale_group(points, overlay, arms).items():
        lanes = [p for p in group if is_in_lane(p, arm, time)]
        base = float(np.mean([p.value for p in lanes])) if lanes else 0.0
        bad = next((p for p in lanes if not p.measured), None)
        if bad is None and base > 0.0:
            scaled += [p.scaled(1.0 / base) for p in group]
            continue
        where = f" on {overlay.scale_shared_by or 'gel'} {name}" if name else ""
        why = "is beyond a limit" if bad else "is not above zero" if lanes else "was not measured"
        first = bad or (lanes or group)[0]
        mistakes.append(
            Mistake(first.place, f"{observable}: the reference lane '{arm}' at {time:g} h {why}{where}", first.line)
        )
    if mistakes:
        raise ScenarioError(mistakes)
    return sorted(scaled, key=lambda p: p.line)


_DONE: dict[str, Step] = {"loading": _by_loading, "total": _by_total, "minmax": _by_extremes}
"""By the word of `normalize`; every other word names a lane."""


def is_in_lane(point: Measurement, arm: str, time: float) -> bool:
    """Whether a point stands in the lane of this arm and time."""
    return point.arm == arm and abs(point.time - time) < _SAME_TIME


def _means(points: Iterable[Measurement]) -> dict[tuple[str, float], float]:
    """Mean over replicates at each arm and time."""
    values: dict[tuple[str, float], list[float]] = {}
    for p in points:
        values.setdefault((p.arm, p.time), []).append(p.value)
    return {moment: float(np.mean(replicates)) for moment, replicates in values.items()}


def measurements_by_scale_group(
    points: Iterable[Measurement], overlay: MeasurementTable, arms: Mapping[str, Arm]
) -> dict[tuple[str, str], list[Measurement]]:
    """Points that share a factor to the model's unit, by observable and name of the group ("": the only one)."""
    groups: dict[tuple[str, str], list[Measurement]] = {}
    for p in points:
        groups.setdefault((p.observable, scale_group(p, overlay, arms)), []).append(p)
    return groups


def scale_group(point: Measurement, overlay: MeasurementTable, arms: Mapping[str, Arm]) -> str:
    """Name of the group that a point shares its factor with: its gel, replicate, cells or arm."""
    shared = overlay.scale_shared_by
    if overlay.axis == "minmax":
        extra = sharing_name(point, shared, arms) if shared in ("gel", "replicate") else ""
        return " ".join(filter(None, [arms[point.arm].cells, extra]))
    if shared is None:
        by_plate = point.kind == "cycles" or bool(overlay.axis)
        shared = "gel" if by_plate else "replicate" if _counted(point) else "observable"
    return sharing_name(point, shared, arms)


def _counted(point: Measurement) -> bool:
    """Whether it is a plate count without a count at time zero."""
    return point.observable == "cell_number" and point.kind == "arbitrary"


def sharing_name(point: Measurement, shared: str | None, arms: Mapping[str, Arm]) -> str:
    """What a point has in common with others that share by this word."""
    if shared == "cells":
        return arms[point.arm].cells
    return str(getattr(point, shared)) if shared in ("gel", "replicate", "arm") else ""


# How points meet curves


def comparison_scaling(
    result: Result, observable: str, arm: str | None = None, like: Measurement | None = None
) -> tuple[Callable[[np.ndarray], np.ndarray], Callable[[float], float]]:
    """How to bring curves and points of an observable onto one axis: (of a curve, of a measured value).

    What was scaled to 0-1 or divided by a lane, the model's curve is scaled or divided likewise: by the values of the
    arm's own cells, or of the lane; otherwise points in arbitrary units get the one factor that fits best, and points
    with a unit stay as they are. Without an arm, that of the first point counts; with a point, only those that share
    its factor (its gel).
    """
    points = [p for p in result.measurements if p.observable == observable]
    if like is not None:
        points = [p for p in points if _group(result, p) == _group(result, like)]
    cells = result.arms[arm or points[0].arm].arm.cells
    points = [p for p in points if result.arms[p.arm].arm.cells == cells] or points
    axis = result.scenario.overlays[points[0].table].axis
    model = np.array([_modelled(result, p) for p in points])
    data = np.array([p.value for p in points])
    if axis == "minmax" and len(points) > 1:
        return _minmax(model), lambda value: value
    if axis.startswith("lane:"):
        reference = float(model_value_at(result, *parse_lane(axis, result.arms), observable))
        return (lambda curve: curve / reference), lambda value: value
    factor = 1.0
    if all(p.kind != "absolute" for p in points) and data.any():
        factor = float(model @ data / (data @ data))
    return (lambda curve: curve), lambda value: value * factor


def _group(result: Result, point: Measurement) -> tuple[int, str]:
    """What a point shares its factor with."""
    arms = {arm.name: arm for arm in result.scenario.arms}
    return point.table, scale_group(point, result.scenario.overlays[point.table], arms)


def _minmax(values: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    low, high = float(values.min()), float(values.max())
    return lambda curve: (curve - low) / ((high - low) or 1.0)


def parse_lane(normalize: str, arms: Iterable[str]) -> tuple[str, float]:
    """Arm and hours of "lane: ARM TIME".

    Raises
    ------
    ValueError
        If it names no arm or no time.
    """
    text = normalize.removeprefix("lane:").strip()
    fitting = [arm for arm in arms if text.startswith(arm + " ")]
    if not fitting:
        raise ValueError(
            f"normalize = '{normalize}' names no arm; write 'lane: ARM TIME', for example 'lane: untreated 0 h'"
        )
    arm = max(fitting, key=len)
    return arm, quantities.parse_hours(text[len(arm) :].strip())


def model_value_at(result: Result, arm: str, time: float, observable: str) -> float:
    """The model's value of an observable in an arm at a time."""
    arm_result = result.arms[arm]
    return float(np.interp(time, arm_result.times, np.asarray(arm_result.trajectory[observable])))


def _modelled(result: Result, point: Measurement) -> float:
    value = model_value_at(result, point.arm, point.time, point.observable)
    return value / model_value_at(result, point.arm, 0.0, point.observable) if point.fold_of_start else value


def root_mean_square_error(result: Result, quantity: str, arms: Sequence[str]) -> float:
    """Of the measured points of an observable (or of all) in these arms (or in all), after normalisation."""
    squares = []
    for point in result.measurements:
        if quantity in ("every species", point.observable) and (not arms or point.arm in arms) and point.measured:
            of_curve, of_point = comparison_scaling(result, point.observable, point.arm, point)
            squares.append(float(of_curve(np.asarray(_modelled(result, point)))) - of_point(point.value))
    return math.sqrt(sum(s * s for s in squares) / len(squares)) if squares else math.nan
