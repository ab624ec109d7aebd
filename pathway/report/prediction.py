"""Reports of predictions: with their bands, or with intervals by their own profiles."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from pathway.fitting.problem import Problem
from pathway.fitting.uncertainty.predict import PredictionBand
from pathway.fitting.uncertainty.prediction_profile import PredictionProfile

from .problem_files import ProblemFiles
from .report import DeferredFigure, Report, Table

PREDICTION, PREDICTION_PROFILES = "prediction", "profiles of predictions"


def prediction_table(band: PredictionBand, measured: bool) -> Table:
    """One row for each predicted point; with what was measured there if these are measurements."""
    time = f"time [{band.problem.model.time_unit or 'unit of the model'}]"
    units = {o.name: o.unit or "unit of the data" for o in band.problem.observables}
    header = ["experiment", "observable", "unit", time, "best", "low", "high", *(["measured"] if measured else [])]
    rows: list[list[Any]] = []
    for m, *numbers in zip(band.measurements, band.best, band.low, band.high, strict=True):
        row = [m.experiment, m.observable, units[m.observable], m.time, *map(float, numbers)]
        rows.append([*row, m.value] if measured else row)
    return header, rows


def prediction_report(
    band: PredictionBand,
    curves: PredictionBand,
    source: ProblemFiles,
    identity: Mapping[str, Any],
    title: str,
    measured: bool,
) -> Report:
    """What predictions leave.

    Parameters
    ----------
    band : PredictionBand
        For the table.
    curves : PredictionBand
        For the figure.
    source : ProblemFiles
    identity : mapping
        What tells this prediction from others.
    title : str
    measured : bool
        Whether these are the measurements of the fit.
    """
    from pathway.plotting.prediction_figure import plot_prediction

    points = [m for m in band.measurements if not m.censored] if measured else []
    failed = f" {band.failed} draws could not be simulated and are left out." if band.failed else ""
    caption = f"Curves at the best parameters with their bands ({band.words})."
    return Report(
        kind=PREDICTION,
        identity=identity,
        title=title,
        origin=source.origin(),
        tables={"predictions": prediction_table(band, measured)},
        figures={
            "prediction": DeferredFigure(
                partial(plot_prediction, curves, points), caption + (" Points: as measured." if measured else "")
            )
        },
        sentences=[f"Band: {band.words}.{failed}"],
        template="prediction.html",
    )


def prediction_interval_table(profiles: Mapping[str, PredictionProfile], problem: Problem, level: float) -> Table:
    """One row for each profiled prediction."""
    units = {o.name: o.unit or "unit of the data" for o in problem.observables}
    sides = [f"{100 * level:.4g} % from", f"{100 * level:.4g} % to"]
    header = ["prediction", "read on", "unit", "best", *sides, "verdict"]
    rows: list[list[Any]] = [
        [text, p.measurement.replicate, units[p.measurement.observable], p.best, p.lower, p.upper, p.verdict]
        for text, p in profiles.items()
    ]
    return header, rows


def prediction_profile_table(profiles: Mapping[str, PredictionProfile], problem: Problem) -> Table:
    """One row for each point of each profile, with all parameters of the fit there in natural units."""
    header = ["prediction", "value", "objective", *problem.names]
    rows = [
        [text, float(value), float(objective), *map(float, problem.from_scale(x))]
        for text, p in profiles.items()
        for value, objective, x in zip(p.values, p.objectives, p.points, strict=True)
    ]
    return header, rows


def prediction_profiles_report(
    profiles: Mapping[str, PredictionProfile],
    problem: Problem,
    level: float,
    source: ProblemFiles,
    identity: Mapping[str, Any],
    fitted: Problem,
) -> Report:
    """What profiles of predictions leave.

    Parameters
    ----------
    profiles : mapping of what is predicted to PredictionProfile
    problem : Problem
        To which the predictions belong.
    level : float
    source : ProblemFiles
    identity : mapping
        What tells these profiles from others.
    fitted : Problem
        Whose parameters move.
    """
    from pathway.plotting.profile_figure import plot_prediction_profiles

    caption = "The rise of the objective while one prediction is held and all parameters adapt; the interval ends at "
    return Report(
        kind=PREDICTION_PROFILES,
        identity=identity,
        title=problem.name,
        origin=source.origin(),
        tables={
            "intervals": prediction_interval_table(profiles, problem, level),
            "profiles": prediction_profile_table(profiles, fitted),
        },
        figures={
            "prediction_profiles": DeferredFigure(
                partial(plot_prediction_profiles, profiles, problem, level), caption + "the dashed line."
            )
        },
        template="prediction_profiles.html",
    )
