"""How much a drug slows growth: normalised growth-rate inhibition (GR) and percent of control.

GR compares growth rates, so it does not depend on how fast a line divides or how long one waits; the count relative to
control does. Both are given, since they rank treatments differently (Hafner 2016, doi 10.1038/nmeth.3853).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pathway.errors import NumericalError

TOO_MANY = "more cells than a number can hold (1.8e308 for each at the start)"


@dataclass(frozen=True, eq=False)
class Growth:
    """Growth of an arm against its control.

    Attributes
    ----------
    since : float, hours
        When the arm and its control part: the first of the doses whose effect is asked.
    until : float, hours
        When `gr` and `percent_of_control` are read.
    gr : float
        1: unhindered, 0: arrested, negative: fewer cells than at `since`. nan where it is not defined.
    percent_of_control : float
        Cells of the arm per hundred of its control.
    course : array, shape (n_times,)
        GR of the time from `since` until each moment; nan up to `since`.
    instantaneous : array, shape (n_times,)
        GR of each moment's own growth rate.
    control : str
        The control in words.
    control_count : array, shape (n_times,)
        Its cells.
    """

    since: float
    until: float
    gr: float
    percent_of_control: float
    course: np.ndarray
    instantaneous: np.ndarray
    control: str
    control_count: np.ndarray

    def without_courses(self) -> Growth:
        """The numbers alone."""
        nothing = np.zeros(0)
        return replace(self, course=nothing, instantaneous=nothing, control_count=nothing)


def gr_value(
    count: np.ndarray | float,
    count_control: np.ndarray | float,
    count_start: np.ndarray | float,
    control_start: np.ndarray | float | None = None,
) -> np.ndarray:
    """2^(log2(x / x0) / log2(x_control / x0)) - 1.

    Parameters
    ----------
    count, count_control : array or float
        Cells of the arm and of its control at the end.
    count_start : array or float
        Cells of the arm at the first dose.
    control_start : array or float, optional
        Cells of the control at that moment; those of the arm unless told otherwise.

    Returns
    -------
    array
        nan where the control has not grown: there is no growth to inhibit.

    Raises
    ------
    NumericalError
        If there are more cells than a number can hold.

    Notes
    -----
    Hafner et al. 2016, Nature Methods 13:521.
    """
    for cells in (count, count_control):
        if np.isinf(cells).any():
            raise NumericalError(f"there are {TOO_MANY}; compare growth earlier")
    doublings = np.log2(np.asarray(count) / count_start)
    doublings_control = np.log2(np.asarray(count_control) / (count_start if control_start is None else control_start))
    grown = doublings_control > 1e-9
    ratio = np.divide(doublings, doublings_control, out=np.full(np.shape(doublings), np.nan), where=grown)
    return np.exp2(ratio) - 1.0


def compare_growth(
    times: np.ndarray, count: np.ndarray, control: np.ndarray, since: float, until: float, control_name: str
) -> Growth:
    """Growth of an arm against its control, from their counts over the same times, shape (n_times,).

    `since` and `until` must be among the times.
    """
    return ensemble_growth(times, count[None], control[None], since, until, control_name)[0]


def ensemble_growth(
    times: np.ndarray, counts: np.ndarray, controls: np.ndarray, since: float, until: float, control_name: str
) -> list[Growth]:
    """As `compare_growth`, of many members at once; counts have the shape (n_members, n_times)."""
    start, stop = int(np.searchsorted(times, since)), int(np.searchsorted(times, until))
    after = np.arange(len(times)) > start
    begun, control_begun = counts[:, start, None], controls[:, start, None]
    courses = np.full(counts.shape, np.nan)
    courses[:, after] = gr_value(counts[:, after], controls[:, after], begun, control_begun)
    rates, rates_control = (np.gradient(np.log(x), times, axis=1) for x in (counts, controls))
    instantaneous = np.full(counts.shape, np.nan)
    growing = after & (rates_control > 1e-12)
    instantaneous[growing] = np.exp2(rates[growing] / rates_control[growing]) - 1.0
    percents = 100.0 * counts[:, stop] / controls[:, stop]
    return [
        Growth(since, until, float(course[stop]), float(percent), course, own, control_name, control)
        for course, percent, own, control in zip(courses, percents, instantaneous, controls, strict=True)
    ]
