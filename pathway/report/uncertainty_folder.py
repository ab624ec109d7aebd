"""What looks at the uncertainty of fits leave behind: tables, figures, report, provenance, files to plot anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pathway.fitting.problem import Problem
from pathway.fitting.uncertainty.comparison import Verdict
from pathway.fitting.uncertainty.predict import Band
from pathway.fitting.uncertainty.prediction_profile import PredictionProfile
from pathway.fitting.uncertainty.profiles import Profiles
from pathway.fitting.uncertainty.sampling import LIBRARIES, Posterior
from pathway.scenario.experiment import Scenario

from .comparison_page import comparison_page, ratio_rows, variant_rows
from .fit_folder import FIT
from .growing_folder import finish, write_figures, write_tables
from .posterior_page import posterior_page, posterior_rows
from .prediction_page import (
    prediction_interval_rows,
    prediction_page,
    prediction_profile_page,
    prediction_profile_rows,
    prediction_rows,
)
from .profile_page import interval_rows, profile_page, profile_rows
from .provenance import installed_version
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

    tables = {
        DRAWS: found.to_dataframe().to_csv(index=False, float_format="%.12g", lineterminator="\n"),
        "parameters.csv": csv_text(*posterior_rows(found)),
    }
    record = write_tables(out, tables, command, inputs, found.seed, scenario)
    found.save(out / POSTERIOR)
    record["packages"][LIBRARIES[found.method]] = installed_version(LIBRARIES[found.method])
    figures = write_figures(out, {kind: plot_posterior(found, kind) for kind in KINDS})
    finish(out, posterior_page(found, figures, record, scenario.title if scenario else ""), record)


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

    tables = {"intervals.csv": csv_text(*interval_rows(found)), "profiles.csv": csv_text(*profile_rows(found))}
    record = write_tables(out, tables, command, inputs, scenario=scenario)
    found.save(out / PROFILES)
    drawn = {"profiles": plot_profiles(found)}
    if any(p.companions for p in found.values()):
        drawn["paths"] = plot_paths(found)
    figures = write_figures(out, drawn)
    finish(out, profile_page(found, figures, record, scenario.title if scenario else ""), record)


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

    tables = {"variants.csv": csv_text(*variant_rows(found)), "ratios.csv": csv_text(*ratio_rows(found))}
    inputs = {f"{name}/{FIT}": (folder / FIT).read_bytes() for name, folder in fits.items()}
    record = write_tables(out, tables, command, inputs)
    figure = write_figures(out, {"comparison": plot_comparison(found)})["comparison"]
    finish(out, comparison_page(found, figure, record, {name: str(folder) for name, folder in fits.items()}), record)


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

    tables = {"predictions.csv": csv_text(*prediction_rows(found, measured))}
    record = write_tables(out, tables, command, inputs)
    points = [m for m in found.measurements if not m.censored] if measured else []
    figure = write_figures(out, {"prediction": plot_prediction(curves, points)})["prediction"]
    finish(out, prediction_page(found, figure, record, title, measured), record)


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

    intervals = prediction_interval_rows(found, problem, level)
    tables = {
        "intervals.csv": csv_text(*intervals),
        "profiles.csv": csv_text(*prediction_profile_rows(found, fitted)),
    }
    record = write_tables(out, tables, command, inputs)
    drawn = write_figures(out, {"prediction_profiles": plot_prediction_profiles(found, problem, level)})
    finish(out, prediction_profile_page(intervals, drawn["prediction_profiles"], record, problem.name), record)
