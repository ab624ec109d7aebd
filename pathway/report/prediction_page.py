"""One HTML file that shows predictions with their bands, and the table beside it."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from pathway.fitting.problem import Problem
from pathway.fitting.uncertainty.predict import Band
from pathway.fitting.uncertainty.prediction_profile import PredictionProfile

from .page import figure_part, provenance_part, table_part, whole_page


def prediction_rows(found: Band, measured: bool) -> tuple[list[str], list[list[Any]]]:
    """One row for each predicted point; with what was measured there if these are measurements."""
    time = f"time [{found.problem.model.time_unit or 'unit of the model'}]"
    units = {o.name: o.unit or "unit of the data" for o in found.problem.observables}
    header = ["experiment", "observable", "unit", time, "best", "low", "high", *(["measured"] if measured else [])]
    rows: list[list[Any]] = []
    for m, *numbers in zip(found.measurements, found.best, found.low, found.high, strict=True):
        row = [m.experiment, m.observable, units[m.observable], m.time, *map(float, numbers)]
        rows.append([*row, m.value] if measured else row)
    return header, rows


def prediction_page(found: Band, figure: str, record: dict[str, Any], title: str, measured: bool) -> str:
    """The report of predictions as HTML text.

    Parameters
    ----------
    found : Band
    figure : str
        SVG text.
    record : dict
        Provenance.
    title : str
    measured : bool
        Whether these are the measurements of the fit.
    """
    failed = f" {found.failed} draws could not be simulated and are left out." if found.failed else ""
    header, rows = prediction_rows(found, measured)
    points = " Points: as measured." if measured else ""
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>Band: {escape(found.words)}.{escape(failed)}</p>",
        figure_part(figure, f"Curves at the best parameters with their bands ({found.words}).{points}"),
        f"<h2>Numbers</h2><details><summary>{len(rows)} points</summary>"
        + table_part(header, rows, numbers=range(3, len(header)))
        + "</details>",
        "<h2>Where this comes from</h2>" + provenance_part(record),
    ]
    return whole_page(f"Prediction: {title}", parts)


def prediction_interval_rows(
    found: Mapping[str, PredictionProfile], problem: Problem, level: float
) -> tuple[list[str], list[list[Any]]]:
    """One row for each profiled prediction."""
    units = {o.name: o.unit or "unit of the data" for o in problem.observables}
    sides = [f"{100 * level:.4g} % from", f"{100 * level:.4g} % to"]
    header = ["prediction", "read on", "unit", "best", *sides, "verdict"]
    rows: list[list[Any]] = [
        [text, p.measurement.replicate, units[p.measurement.observable], p.best, p.lower, p.upper, p.verdict]
        for text, p in found.items()
    ]
    return header, rows


def prediction_profile_rows(found: Mapping[str, PredictionProfile], problem: Problem) -> Any:
    """One row for each point of each profile, with all parameters of the fit there in natural units."""
    header = ["prediction", "value", "objective", *problem.names]
    rows = [
        [text, float(value), float(objective), *map(float, problem.from_scale(x))]
        for text, p in found.items()
        for value, objective, x in zip(p.values, p.objectives, p.points, strict=True)
    ]
    return header, rows


def prediction_profile_page(
    intervals: tuple[list[str], list[list[Any]]], figure: str, record: dict[str, Any], title: str
) -> str:
    """The report of profiled predictions as HTML text."""
    words = "The rise of the objective while one prediction is held and all parameters adapt; the interval ends at the "
    parts = [
        f"<h1>{escape(title)}</h1>",
        "<h2>Predictions</h2>" + table_part(*intervals, numbers=(3, 4, 5)),
        '<p class="note">Of the curve, without measurement noise. Parameters that the data do not hold move freely, so '
        "that the interval is honest where they are not identifiable (Kreutz, Raue &amp; Timmer 2012).</p>",
        figure_part(figure, words + "dashed line."),
        "<h2>Where this comes from</h2>" + provenance_part(record),
    ]
    return whole_page(f"Predictions: {title}", parts)
