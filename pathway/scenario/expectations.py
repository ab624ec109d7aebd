"""Expectations: a number read off the arms, and whether it falls into its band."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np

from .experiment import Expectation, Reading, Scenario
from .measurements import root_mean_square_error
from .result import ArmResult, Result, Verdict


def judge(expectation: Expectation, result: Result) -> Verdict:
    """The verdict on one expectation.

    Parameters
    ----------
    expectation : Expectation
    result : Result
        Its arms must be those of the expectation's scenario.

    Returns
    -------
    Verdict
        Not met, with the reason, where the number cannot be read.
    """
    value = reading_value(expectation.reading, result)
    if math.isnan(value):
        return Verdict(expectation, value, False, _with(expectation.reason, _unreadable(expectation.reading)))
    above, below = expectation.above, expectation.below
    met = (above is None or value >= above) and (below is None or value <= below)
    return Verdict(expectation, value, met, None if met else _with(expectation.reason, _missed(value, above, below)))


def reading_value(reading: Reading, result: Result) -> float:
    """The number that a reading stands for; nan where it is not defined."""
    if reading.reduce == "rmse":
        arms = reading.arms if reading.how == "arm" else ()
        value = root_mean_square_error(result, reading.quantity, arms)
    elif reading.how == "arm":
        value = max(_of_arm(reading, name, result) for name in reading.arms)
    elif reading.how == "rank":
        value = rank_correlation(*ranked_numbers(reading, result))
    else:
        first, second = (_of_arm(reading, name, result) for name in reading.arms)
        value = first - second if reading.how == "compare" else _taken(reading.take, _divided(first, second))
    if reading.over is not None:
        value = _divided(value, reading_value(reading.over, result))
    return value


def ranked_numbers(reading: Reading, result: Result) -> tuple[np.ndarray, np.ndarray]:
    """Of a rank correlation: the partner's number and the reading's own in each of its arms; nan where undefined."""
    own = np.array([_of_arm(reading, name, result) for name in reading.arms])
    if reading.measured:
        return np.array(reading.measured), own
    other = replace(reading, quantity=reading.partner)
    return np.array([_of_arm(other, name, result) for name in reading.arms]), own


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's, over pairs that are both defined; nan if these are fewer than three or one side is all equal."""
    known = np.isfinite(first) & np.isfinite(second)
    if known.sum() < 3:
        return math.nan
    one, two = (_ranks(values[known]) for values in (first, second))
    spread = one.std() * two.std()
    return float(((one - one.mean()) * (two - two.mean())).mean() / spread) if spread > 0 else math.nan


NOTHING = 1e-9
"""Share of the largest number below which others are 0 to a ranking. Runs are right to 1e-6: the 0 of PTEN in lines
that have lost it and the 1e-31 that other arithmetic leaves there are one number."""


def _ranks(values: np.ndarray) -> np.ndarray:
    """From 1 up; equal values, and those that are nothing beside the largest, share the mean of their ranks."""
    values = np.where(np.abs(values) < NOTHING * np.abs(values).max(), 0.0, values)
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - 0.5 * (counts - 1))[place])


def expectation_times(scenario: Scenario) -> Iterable[float]:
    """Every moment that an expectation asks about: these are recorded exactly."""
    for reading in readings(scenario.expectations):
        yield from (t for t in (reading.at, reading.from_time, reading.until) if t is not None)


def readings(expectations: Iterable[Expectation]) -> Iterator[Reading]:
    """Every reading that expectations make, those that others are divided by among them."""
    for expectation in expectations:
        reading: Reading | None = expectation.reading
        while reading is not None:
            yield reading
            reading = reading.over


def _divided(first: float, second: float) -> float:
    return first / second if second != 0.0 else math.nan


def _taken(take: str | None, ratio: float) -> float:
    if take == "log":
        return math.log(ratio) if ratio > 0 else math.nan
    return 1.0 - ratio if take == "loss" else ratio


def _of_arm(reading: Reading, name: str, result: Result) -> float:
    """A course of one arm, cut to its window, reduced to a number."""
    arm = result.arms[name]
    times = arm.times
    if reading.quantity in _AT_READING and reading.reduce == "end":
        value = _AT_READING[reading.quantity](arm)
        return math.nan if value is None else value
    if reading.reduce == "drift" or reading.quantity == "every species":
        return _of_every_species(reading, name, result)
    course = _course(reading.quantity, name, result)
    if course is None:
        return math.nan
    window = _window(reading, times, result)
    if not window.any():
        return math.nan
    if reading.relative_to:
        base = course[window][0] if reading.relative_to == "start" else course[window].max()
        course = course / base if base else np.full_like(course, np.nan)
    if reading.reduce == "at":
        return float(np.interp(reading.at or 0.0, times, course))
    return _REDUCE[reading.reduce](times[window], course[window])


_AT_READING: dict[str, Callable[[ArmResult], float | None]] = {
    "GR": lambda arm: arm.growth.gr if arm.growth else None,
    "percent_of_control": lambda arm: arm.growth.percent_of_control if arm.growth else None,
    "percent_of_untreated": lambda arm: arm.percent_of_untreated,
}
"""What compares growth; its "end" is the moment at which growth is read."""


def _course(quantity: str, name: str, result: Result) -> np.ndarray | None:
    arm = result.arms[name]
    if quantity == "GR":
        return arm.growth.course if arm.growth else None
    if quantity == "percent_of_control":
        return 100.0 * arm.count / arm.growth.control_count if arm.growth else None
    if quantity == "percent_of_untreated":
        return None if arm.untreated is None else 100.0 * arm.count / arm.untreated
    if quantity == "cell_number_fold":
        return arm.count / arm.count[0]
    return np.asarray(arm.trajectory[quantity])


def _window(reading: Reading, times: np.ndarray, result: Result) -> np.ndarray:
    """From time zero to the end unless told otherwise: pre-treatment is not part of the question."""
    first = 0.0 if reading.from_time is None else reading.from_time
    last = result.scenario.end if reading.until is None else reading.until
    return (times >= first - 1e-9) & (times <= last + 1e-9)


def _of_every_species(reading: Reading, name: str, result: Result) -> float:
    """The worst of all species: how far any drifts from its start, or the lowest value any takes."""
    arm = result.arms[name]
    columns = [i for i, species in enumerate(arm.model.species) if species not in arm.model.outputs]
    values = np.asarray(arm.trajectory.values)[:, columns]
    if reading.reduce == "drift":
        scale = np.maximum(np.abs(values[0]), 1e-12 * np.abs(values[0]).max())
        return float(np.max(np.abs(values - values[0]) / scale))
    return float(values.max() if reading.reduce == "max" else values.min())


def _half_rise_time(times: np.ndarray, course: np.ndarray) -> float:
    """Hours from the window's start until half of the whole change, rise or fall, has happened."""
    half = 0.5 * (course[0] + course[-1])
    sign = np.sign(course[-1] - course[0])
    passed = np.nonzero(sign * (course - half) >= 0)[0]
    if sign == 0 or len(passed) == 0 or passed[0] == 0:
        return math.nan
    k = int(passed[0])
    share = (half - course[k - 1]) / (course[k] - course[k - 1])
    return float(times[k - 1] + share * (times[k] - times[k - 1]) - times[0])


def _rebound(times: np.ndarray, course: np.ndarray) -> float:
    """Share of the lost signal that is back at the window's end: (end - trough) / (start - trough)."""
    lost = course[0] - course.min()
    return float((course[-1] - course.min()) / lost) if lost > 1e-9 * abs(course[0]) else 0.0


def _biphasic(times: np.ndarray, course: np.ndarray) -> float:
    """How much of the first excursion is undone later: 0 for a monotone course, 1 for one that comes back."""

    def undone(signal: np.ndarray) -> float:
        trough = int(np.argmin(signal))
        fall = signal[: trough + 1].max() - signal[trough]
        return float((signal[trough:].max() - signal[trough]) / fall) if fall > 1e-9 * np.abs(signal).max() else 0.0

    return max(undone(course), undone(-course))


def _largest_fall(times: np.ndarray, course: np.ndarray) -> float:
    """Largest fall below an earlier value, relative to that value."""
    highest = np.maximum.accumulate(course)
    return float(np.max((highest - course) / np.maximum(np.abs(highest), 1e-300)))


def _mean(times: np.ndarray, course: np.ndarray) -> float:
    length = times[-1] - times[0]
    return float(np.trapezoid(course, times) / length) if length > 0 else float(course[0])


_REDUCE: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "end": lambda times, course: float(course[-1]),
    "min": lambda times, course: float(np.nanmin(course)),
    "max": lambda times, course: float(np.nanmax(course)),
    "mean": _mean,
    "half_rise_time": _half_rise_time,
    "rebound": _rebound,
    "biphasic": _biphasic,
    "never_decreases": _largest_fall,
}


def _missed(value: float, above: float | None, below: float | None) -> str:
    if above is not None and value < above:
        return f"{value:.3g} is {above - value:.2g} short of at least {above:g}"
    return f"{value:.3g} is {value - (below or 0.0):.2g} beyond at most {below:g}"


def _unreadable(reading: Reading) -> str:
    reasons = {
        "half_rise_time": "the course does not change, so it has no half-way time",
        "rmse": "no measured point can be compared",
    }
    if reading.how == "rank":
        return "fewer than three arms have both numbers, or all have the same"
    if reading.quantity in _AT_READING and reading.reduce not in reasons:
        return f"{reading.quantity} is not defined: the control does not grow or the arm has none"
    return reasons.get(reading.reduce, f"{reading.quantity} cannot be read: a ratio to zero or an empty window")


def _with(known: str | None, measured: str) -> str:
    return f"{measured}. {known}" if known else measured
