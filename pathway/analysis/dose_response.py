"""How strongly and at which dose: GR metrics, and IC50 beside them.

GR metrics describe growth rates and do not depend on how fast the cells divide; IC50 describes counts and does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .hill_curves import HillCurve, HillFit, checked_dose_response, fit_hill


@dataclass(frozen=True)
class GRMetrics:
    """What a GR curve comes to.

    Attributes
    ----------
    gr50 : float
        Dose at which GR is 0.5, in the unit of the doses; infinite where the plateau stays above, minus infinite
        where a flat response lies below.
    gr_max : float
        GR at the highest dose; of the two highest doses the lower GR, as the public scripts have it.
    gr_inf : float
        Plateau at infinite dose; the level of the line where the response is flat.
    gec50 : float
        Dose of half the effect; 0 where the response is flat.
    h_gr : float
        Steepness; 0.01 where the response is flat, as in the public scripts.
    gr_aoc : float
        Area over the curve on the axis of log10 dose, per width.
    r_squared, p_value : float
    is_flat : bool
        Whether the F-test prefers a flat line; a GR50 is then not quoted.
    """

    gr50: float
    gr_max: float
    gr_inf: float
    gec50: float
    h_gr: float
    gr_aoc: float
    r_squared: float
    p_value: float
    is_flat: bool

    @property
    def curve(self) -> HillCurve | None:
        """The fitted curve, None where the response is flat."""
        return None if self.is_flat else HillCurve(1.0, self.gr_inf, self.gec50, self.h_gr)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; an infinite dose is the text "inf"."""
        return {name: json_number(value) for name, value in self.__dict__.items()}


@dataclass(frozen=True)
class CountMetrics:
    """What a curve of relative cell counts (1: as control) comes to.

    Attributes
    ----------
    ic50 : float
        Dose that halves the count; infinite where it is never halved.
    ec50 : float
        Dose of half the largest effect; 0 where the response is flat.
    plateau : float
        Relative count at infinite dose.
    slope, r_squared, p_value : float
    is_flat : bool
    """

    ic50: float
    ec50: float
    plateau: float
    slope: float
    r_squared: float
    p_value: float
    is_flat: bool

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; an infinite dose is the text "inf"."""
        return {name: json_number(value) for name, value in self.__dict__.items()}


def json_number(value: Any) -> Any:
    """A number as JSON can hold it: "inf", "-inf", None for what is not defined."""
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else ("inf" if value > 0 else "-inf")
    return value


def gr_metrics(doses: np.ndarray, gr: np.ndarray, significance: float = 0.05) -> GRMetrics:
    """The GR metrics of one dose series.

    Parameters
    ----------
    doses : array, shape (n,)
        In any unit; zero doses are left out of the fit.
    gr : array, shape (n,)
        GR values, 1 unhindered, 0 arrested, negative: killed.
    significance : float

    Returns
    -------
    GRMetrics

    Raises
    ------
    AnalysisError
        If fewer than three different doses are above zero.

    Notes
    -----
    Definitions and bounds of Hafner et al. 2016, doi 10.1038/nmeth.3853, and of the authors' scripts.
    """
    doses, gr = checked_dose_response(doses, gr, 3)
    fit = fit_hill(doses, gr, significance=significance)
    largest = float(gr[-2:].min())
    area = area_over_curve(doses, gr)
    if fit.is_flat:
        gr50 = math.inf if fit.level > 0.5 else -math.inf
        return GRMetrics(gr50, largest, fit.level, 0.0, 0.01, area, fit.r_squared, fit.p_value, True)
    curve = fit.curve
    gr50 = float(curve.dose(0.5)) if curve.bottom < 0.5 else math.inf
    return GRMetrics(gr50, largest, curve.bottom, curve.half, curve.slope, area, fit.r_squared, fit.p_value, False)


def area_over_curve(doses: np.ndarray, gr: np.ndarray) -> float:
    """Mean of 1 - GR over the axis of log10 dose, by trapezoids."""
    places = np.log10(doses)
    return float(np.trapezoid(1.0 - gr, places) / (places[-1] - places[0]))


def count_metrics(doses: np.ndarray, relative_counts: np.ndarray, significance: float = 0.05) -> CountMetrics:
    """IC50 and its companions from counts relative to control (1: as control).

    Raises
    ------
    AnalysisError
        If fewer than three different doses are above zero.
    """
    fit: HillFit = fit_hill(doses, relative_counts, bottom=(0.0, 1.5), significance=significance)
    if fit.is_flat:
        return CountMetrics(
            math.inf if fit.level > 0.5 else -math.inf, 0.0, fit.level, 0.01, fit.r_squared, fit.p_value, True
        )
    curve = fit.curve
    ic50 = float(curve.dose(0.5)) if curve.bottom < 0.5 else math.inf
    return CountMetrics(ic50, curve.half, curve.bottom, curve.slope, fit.r_squared, fit.p_value, False)
