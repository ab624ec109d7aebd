"""One HTML file that shows predictions with their bands, and the table beside it."""

from __future__ import annotations

from html import escape
from typing import Any

from pathway.fitting.uncertainty.predict import Band

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
