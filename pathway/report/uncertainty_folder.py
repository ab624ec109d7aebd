"""What looks at the uncertainty of fits leave behind: tables, figures, report, provenance, files to plot anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pathway.fitting.problem import Problem
from pathway.fitting.search.on_disk import write_atomically
from pathway.fitting.uncertainty.comparison import Verdict
from pathway.fitting.uncertainty.predict import Band
from pathway.fitting.uncertainty.prediction_profile import PredictionProfile
from pathway.fitting.uncertainty.profiles import Profiles
from pathway.fitting.uncertainty.sampling import LIBRARIES, Posterior
from pathway.scenario.experiment import Scenario

from .comparison_page import comparison_page, ratio_rows, variant_rows
from .fit_folder import FIT
from .folder import RECORD, _write_json
from .posterior_page import posterior_page, posterior_rows
from .prediction_page import (
    prediction_interval_rows,
    prediction_page,
    prediction_profile_page,
    prediction_profile_rows,
    prediction_rows,
)
from .profile_page import interval_rows, profile_page, profile_rows
from .provenance import installed_version, provenance, sha256
from .tables import csv_text

POSTERIOR, PROFILES = "posterior.pickle", "profiles.pickle"
DRAWS = "draws.csv"


def write_posterior(
    found: Posterior, out: Path, command: Sequence[str], inputs: Mapping[str, bytes], scenario: Scenario | None = None
) -> None:
    """Writes draws, their diagnosis, figures, report and provenance beside the chains.

    Parameters
    ----------
    found : Posterior
    out : Path
    command : sequence of str
        As typed.
    inputs : mapping of file name to content
    scenario : Scenario, optional
        Whose posterior it is.
    """
    from pathway.plotting.posterior_figure import KINDS, plot_posterior

    out.mkdir(parents=True, exist_ok=True)
    found.save(out / POSTERIOR)
    tables = {
        DRAWS: found.to_dataframe().to_csv(index=False, float_format="%.12g", lineterminator="\n"),
        "parameters.csv": csv_text(*posterior_rows(found)),
    }
    record = _record(out, tables, command, inputs, found.seed, scenario)
    record["packages"][LIBRARIES[found.method]] = installed_version(LIBRARIES[found.method])
    figures = _figures(out, {kind: plot_posterior(found, kind) for kind in KINDS})
    _finish(out, posterior_page(found, figures, record, scenario.title if scenario else ""), record)


def write_profiles(
    found: Profiles, out: Path, command: Sequence[str], inputs: Mapping[str, bytes], scenario: Scenario | None = None
) -> None:
    """Writes profiles, intervals, figures, report and provenance.

    Parameters
    ----------
    found : Profiles
    out : Path
    command : sequence of str
        As typed.
    inputs : mapping of file name to content
    scenario : Scenario, optional
        Whose fit it is.
    """
    from pathway.plotting.profile_figure import plot_paths, plot_profiles

    out.mkdir(parents=True, exist_ok=True)
    found.save(out / PROFILES)
    tables = {"intervals.csv": csv_text(*interval_rows(found)), "profiles.csv": csv_text(*profile_rows(found))}
    record = _record(out, tables, command, inputs, None, scenario)
    drawn = {"profiles": plot_profiles(found)}
    if any(p.companions for p in found.values()):
        drawn["paths"] = plot_paths(found)
    figures = _figures(out, drawn)
    _finish(out, profile_page(found, figures, record, scenario.title if scenario else ""), record)


def write_comparison(found: Verdict, fits: Mapping[str, Path], out: Path, command: Sequence[str]) -> None:
    """Writes a comparison of fits: tables, figure, report and provenance.

    Parameters
    ----------
    found : Verdict
    fits : mapping of variant to the folder of its fit
    out : Path
    command : sequence of str
        As typed.
    """
    from pathway.plotting.comparison_figure import plot_comparison

    out.mkdir(parents=True, exist_ok=True)
    tables = {"variants.csv": csv_text(*variant_rows(found)), "ratios.csv": csv_text(*ratio_rows(found))}
    inputs = {f"{name}/{FIT}": (folder / FIT).read_bytes() for name, folder in fits.items()}
    record = _record(out, tables, command, inputs, None, None)
    figure = _figures(out, {"comparison": plot_comparison(found)})["comparison"]
    _finish(out, comparison_page(found, figure, record, {name: str(folder) for name, folder in fits.items()}), record)


def write_prediction(
    found: Band,
    curves: Band,
    out: Path,
    command: Sequence[str],
    inputs: Mapping[str, bytes],
    title: str,
    measured: bool,
) -> None:
    """Writes predictions: table, figure, report and provenance.

    Parameters
    ----------
    found : Band
        For the table.
    curves : Band
        For the figure.
    out : Path
    command : sequence of str
        As typed.
    inputs : mapping of file name to content
    title : str
    measured : bool
        Whether these are the measurements of the fit.
    """
    from pathway.plotting.prediction_figure import plot_prediction

    out.mkdir(parents=True, exist_ok=True)
    tables = {"predictions.csv": csv_text(*prediction_rows(found, measured))}
    record = _record(out, tables, command, inputs, None, None)
    points = [m for m in found.measurements if not m.censored] if measured else []
    figure = _figures(out, {"prediction": plot_prediction(curves, points)})["prediction"]
    _finish(out, prediction_page(found, figure, record, title, measured), record)


def write_prediction_profiles(
    found: Mapping[str, PredictionProfile],
    problem: Problem,
    level: float,
    out: Path,
    command: Sequence[str],
    inputs: Mapping[str, bytes],
    fitted: Problem,
) -> None:
    """Writes profiles of predictions: tables, figure, report and provenance.

    Parameters
    ----------
    found : mapping of what is predicted to PredictionProfile
    problem : Problem
        To which the predictions belong.
    level : float
    out : Path
    command : sequence of str
        As typed.
    inputs : mapping of file name to content
    fitted : Problem
        Whose parameters move.
    """
    from pathway.plotting.profile_figure import plot_prediction_profiles

    out.mkdir(parents=True, exist_ok=True)
    intervals = prediction_interval_rows(found, problem, level)
    tables = {
        "intervals.csv": csv_text(*intervals),
        "profiles.csv": csv_text(*prediction_profile_rows(found, fitted)),
    }
    record = _record(out, tables, command, inputs, None, None)
    drawn = _figures(out, {"prediction_profiles": plot_prediction_profiles(found, problem, level)})
    _finish(out, prediction_profile_page(intervals, drawn["prediction_profiles"], record, problem.name), record)


def _record(
    out: Path,
    tables: Mapping[str, str],
    command: Sequence[str],
    inputs: Mapping[str, bytes],
    seed: int | None,
    scenario: Scenario | None,
) -> dict[str, Any]:
    for name, text in tables.items():
        write_atomically(out / name, text.encode())
    record = provenance(command, scenario.settings if scenario else (), inputs, seed)
    record["outputs"] = {name: sha256(text.encode()) for name, text in tables.items()}
    return record


def _figures(out: Path, drawn: Mapping[str, Any]) -> dict[str, str]:
    from pathway.plotting import save

    return {name: save(figure, out / name)[0].read_text(encoding="utf-8") for name, figure in drawn.items()}


def _finish(out: Path, page: str, record: dict[str, Any]) -> None:
    write_atomically(out / "report.html", page.encode())
    _write_json(out / RECORD, record)
