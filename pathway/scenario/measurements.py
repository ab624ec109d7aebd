"""Measured points from a long CSV, and how they relate to the model's curves."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pathway.units import UnitError, conversion_factor

from . import quantities
from .experiment import Scenario
from .laboratory import Laboratory
from .mistakes import Mistake, ScenarioError, did_you_mean, listed

if TYPE_CHECKING:
    from .result import Result

REQUIRED = ("arm", "time", "observable", "value")
COLUMNS = (*REQUIRED, "unit", "replicate", "gel", "loading", "error", "error_kind", "below_detection")
YES = ("yes", "true", "1", "y")


@dataclass(frozen=True)
class Measurement:
    """One measured point.

    Attributes
    ----------
    arm, observable : str
    time : float, hours
    value : float
        In the observable's own unit where the file gives one that fits, as it stands otherwise.
    error : float or None
        In the same unit as the value.
    error_kind : str
        "sd", "sem" or what the file says.
    replicate, gel : str
    loading : float or None
        Signal of the loading control in the same lane.
    below_detection : bool
        Then `value` is the detection limit.
    line : int
        Of the file.
    """

    arm: str
    time: float
    observable: str
    value: float
    unit: str = ""
    replicate: str = ""
    gel: str = ""
    loading: float | None = None
    error: float | None = None
    error_kind: str = ""
    below_detection: bool = False
    line: int = 0


def read_measurements(scenario: Scenario, laboratory: Laboratory) -> tuple[Measurement, ...]:
    """The points of the scenario's `[data]` file, normalised as it says.

    Raises
    ------
    ScenarioError
        With every row that cannot be read.
    """
    overlay = scenario.overlay
    if overlay is None:
        return ()
    mistakes: list[Mistake] = []
    with open(overlay.file, newline="", encoding="utf-8-sig") as stream:
        kept = [(number, line) for number, line in enumerate(stream, start=1) if not line.startswith("#")]
        rows = csv.DictReader(line for _, line in kept)
        header = [name.strip() for name in rows.fieldnames or ()]
        rows.fieldnames = header
        for name in (n for n in REQUIRED if n not in header):
            mistakes.append(
                Mistake(f"{overlay.file}:1", f"the column '{name}' is missing; columns: {', '.join(COLUMNS)}", 1)
            )
        for name in (n for n in header if n not in COLUMNS):
            mistakes.append(Mistake(f"{overlay.file}:1", f"unknown column '{name}'.{did_you_mean(name, COLUMNS)}", 1))
        if mistakes:
            raise ScenarioError(mistakes)
        arms = [arm.name for arm in scenario.arms]
        points = []
        for row in rows:
            number = kept[rows.line_num - 1][0]
            try:
                points.append(_point(row, number, arms, laboratory))
            except ValueError as error:
                mistakes.append(Mistake(f"{overlay.file}:{number}", str(error), number))
    if mistakes:
        raise ScenarioError(mistakes)
    return tuple(_normalised(points, overlay.normalize))


def _point(row: dict[str, str], line: int, arms: Sequence[str], laboratory: Laboratory) -> Measurement:
    text = {name: (row.get(name) or "").strip() for name in COLUMNS}
    if text["arm"] not in arms:
        raise ValueError(f"no arm is called '{text['arm']}'.{did_you_mean(text['arm'], arms)} Arms: {listed(arms)}")
    observable = text["observable"]
    if observable not in laboratory.units:
        raise ValueError(f"no observable is called '{observable}'.{did_you_mean(observable, laboratory.units)}")
    point = Measurement(
        arm=text["arm"],
        time=_hours(text["time"]),
        observable=observable,
        value=_number(text["value"], "value"),
        unit=text["unit"],
        replicate=text["replicate"],
        gel=text["gel"],
        loading=_optional(text["loading"], "loading"),
        error=_optional(text["error"], "error"),
        error_kind=text["error_kind"],
        below_detection=text["below_detection"].lower() in YES,
        line=line,
    )
    return _scaled(point, _factor(text["unit"], laboratory.units[observable]))


def _hours(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return quantities.hours(text)


def _number(text: str, column: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{column} '{text}' is no number") from None
    if not math.isfinite(value):
        raise ValueError(f"{column} '{text}' is not finite")
    return value


def _optional(text: str, column: str) -> float | None:
    return _number(text, column) if text else None


def _factor(unit: str, wanted: str) -> float:
    """Into the observable's unit where the file's unit is one of that kind; arbitrary units stay as they are."""
    if not unit or unit in ("a.u.", "au", "AU", "fold"):
        return 1.0
    try:
        return conversion_factor(unit, wanted)
    except UnitError as error:
        raise ValueError(f"unit: {error}; write 'a.u.' for arbitrary units") from None


def _normalised(points: Sequence[Measurement], normalize: str | None) -> Iterable[Measurement]:
    if normalize == "loading":
        return [_scaled(p, 1.0 / p.loading) if p.loading else p for p in points]
    return points


def _scaled(point: Measurement, factor: float) -> Measurement:
    error = None if point.error is None else point.error * factor
    return replace(point, value=point.value * factor, error=error)


def comparison(result: Result, observable: str) -> tuple[Callable[[np.ndarray], np.ndarray], Callable[[float], float]]:
    """How to bring curves and points of an observable onto one axis: (of a curve, of a measured value).

    "minmax" scales both by their own least and greatest value over all points; "lane: ARM TIME" by their value there;
    otherwise points in arbitrary units get the one factor that fits best, and points with a unit stay as they are.
    """
    points = [p for p in result.measurements if p.observable == observable]
    overlay = result.scenario.overlay
    normalize = overlay.normalize if overlay else None
    model = np.array([_modelled(result, p) for p in points])
    data = np.array([p.value for p in points])
    if normalize == "minmax" and len(points) > 1:
        of_data = _minmax(data)
        return _minmax(model), lambda value: float(of_data(np.asarray(value)))
    if normalize and normalize.startswith("lane:"):
        return _by_lane(result, points, observable, normalize)
    arbitrary = all(p.unit in ("", "a.u.", "au", "AU") for p in points) and normalize != "total"
    factor = float(model @ data / (data @ data)) if arbitrary and data.any() else 1.0
    return (lambda curve: curve), (lambda value: value * factor)


def _minmax(values: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    low, high = float(values.min()), float(values.max())
    return lambda curve: (curve - low) / ((high - low) or 1.0)


def _by_lane(
    result: Result, points: Sequence[Measurement], observable: str, normalize: str
) -> tuple[Callable[[np.ndarray], np.ndarray], Callable[[float], float]]:
    arm, time = lane_of(normalize, result.arms)
    lane = [p.value for p in points if p.arm == arm and abs(p.time - time) < 1e-6]
    reference = float(np.interp(time, result.times, result.arms[arm].trajectory[observable]))
    base = float(np.mean(lane)) if lane else 1.0
    return (lambda curve: curve / reference), (lambda value: value / base)


def lane_of(normalize: str, arms: Iterable[str]) -> tuple[str, float]:
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
    return arm, quantities.hours(text[len(arm) :].strip())


def _modelled(result: Result, point: Measurement) -> float:
    arm = result.arms[point.arm]
    return float(np.interp(point.time, arm.times, np.asarray(arm.trajectory[point.observable])))


def root_mean_square_error(result: Result, quantity: str, arms: Sequence[str]) -> float:
    """Of the measured points of an observable (or of all) in these arms (or in all), after normalisation."""
    names = {p.observable for p in result.measurements} if quantity == "every species" else {quantity}
    squares = []
    for name in sorted(names):
        of_curve, of_point = comparison(result, name)
        for point in result.measurements:
            if point.observable == name and (not arms or point.arm in arms) and not point.below_detection:
                squares.append(float(of_curve(np.asarray(_modelled(result, point)))) - of_point(point.value))
    return math.sqrt(sum(s * s for s in squares) / len(squares)) if squares else math.nan
