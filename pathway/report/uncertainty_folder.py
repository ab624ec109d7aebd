"""What looks at the uncertainty of fits leave behind: tables, figures, report, provenance, files to plot anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pathway.fitting.problem import Problem, ProblemSource
from pathway.fitting.search.on_disk import POSTERIOR_KIND, PROFILES_KIND
from pathway.fitting.uncertainty.comparison import Verdict
from pathway.fitting.uncertainty.predict import Band
from pathway.fitting.uncertainty.prediction_profile import PredictionProfile
from pathway.fitting.uncertainty.profiles import Profiles
from pathway.fitting.uncertainty.sampling import LIBRARIES, Posterior
from pathway.formats.saved import FIT, POSTERIOR, PROFILES

from .comparison_page import comparison_page, ratio_rows, variant_rows
from .folder import Say, quiet
from .growing import ProblemFiles, Written, write_alone, write_beside
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

DRAWS = "draws.csv"
COMPARISON, PREDICTION, PREDICTION_PROFILES = "comparison", "prediction", "profiles of predictions"


def write_posterior(
    found: Posterior, out: Path, command: Sequence[str], source: ProblemFiles, say: Say = quiet
) -> None:
    """Writes draws, their diagnosis, figures, report and provenance beside the chains.

    Parameters
    ----------
    found : Posterior
    out : Path
    command : sequence of str
        As typed.
    source : ProblemFiles
    say : callable
        Is told of figures that could not be drawn.
    """
    from pathway.plotting.posterior_figure import KINDS, plot_posterior

    frame = found.to_dataframe()
    result = Written(
        tables={
            DRAWS: csv_text(list(frame), list(frame.itertuples(index=False))),
            "parameters.csv": csv_text(*posterior_rows(found)),
        },
        figures={kind: partial(plot_posterior, found, kind) for kind in KINDS},
        page=lambda svgs, record: posterior_page(found, svgs, record, source.title),
        save=partial(found.save, with_inputs=False),
        saved=POSTERIOR,
    )
    packages = {LIBRARIES[found.method]: installed_version(LIBRARIES[found.method])}
    write_beside(POSTERIOR_KIND, found.problem.name, result, out, command, source, found.seed, packages, say)


def write_profiles(found: Profiles, out: Path, command: Sequence[str], source: ProblemFiles, say: Say = quiet) -> None:
    """Writes profiles, intervals, figures, report and provenance.

    Parameters
    ----------
    found : Profiles
    out : Path
    command : sequence of str
        As typed.
    source : ProblemFiles
    say : callable
        Is told of figures that could not be drawn.
    """
    from pathway.plotting.profile_figure import plot_paths, plot_profiles

    figures: dict[str, Callable[[], Any]] = {"profiles": partial(plot_profiles, found)}
    if any(p.companions for p in found.values()):
        figures["paths"] = partial(plot_paths, found)
    result = Written(
        tables={"intervals.csv": csv_text(*interval_rows(found)), "profiles.csv": csv_text(*profile_rows(found))},
        figures=figures,
        page=lambda svgs, record: profile_page(found, svgs, record, source.title),
        save=partial(found.save, with_inputs=False),
        saved=PROFILES,
    )
    write_beside(PROFILES_KIND, found.problem.name, result, out, command, source, say=say)


def write_comparison(
    found: Verdict,
    fits: Mapping[str, Path],
    out: Path,
    command: Sequence[str],
    force: bool = False,
    say: Say = quiet,
) -> None:
    """Writes a comparison of fits: tables, figure, report and provenance.

    Parameters
    ----------
    found : Verdict
    fits : mapping of variant to the folder of its fit
    out : Path
    command : sequence of str
        As typed.
    force : bool
        Another result is replaced, too.
    say : callable
        Is told of figures that could not be drawn.
    """
    from pathway.plotting.comparison_figure import plot_comparison

    places = {name: str(folder) for name, folder in fits.items()}
    files = {f"{number}/{FIT}": (folder / FIT).read_bytes() for number, folder in enumerate(fits.values(), 1)}
    source = ProblemFiles(ProblemSource(files))
    result = Written(
        tables={"variants.csv": csv_text(*variant_rows(found)), "ratios.csv": csv_text(*ratio_rows(found))},
        figures={"comparison": partial(plot_comparison, found)},
        page=lambda svgs, record: comparison_page(found, svgs.get("comparison", ""), record, places),
    )
    write_alone(COMPARISON, {"fits": ", ".join(places.values())}, result, out, command, source, force, say)


def write_prediction(
    found: Band,
    curves: Band,
    out: Path,
    command: Sequence[str],
    source: ProblemFiles,
    identity: Mapping[str, Any],
    title: str,
    measured: bool,
    force: bool = False,
    say: Say = quiet,
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
    source : ProblemFiles
    identity : mapping
        What tells this prediction from others.
    title : str
    measured : bool
        Whether these are the measurements of the fit.
    force : bool
        Another result is replaced, too.
    say : callable
        Is told of figures that could not be drawn.
    """
    from pathway.plotting.prediction_figure import plot_prediction

    points = [m for m in found.measurements if not m.censored] if measured else []
    result = Written(
        tables={"predictions.csv": csv_text(*prediction_rows(found, measured))},
        figures={"prediction": partial(plot_prediction, curves, points)},
        page=lambda svgs, record: prediction_page(found, svgs.get("prediction", ""), record, title, measured),
    )
    write_alone(PREDICTION, identity, result, out, command, source, force, say)


def write_prediction_profiles(
    found: Mapping[str, PredictionProfile],
    problem: Problem,
    level: float,
    out: Path,
    command: Sequence[str],
    source: ProblemFiles,
    identity: Mapping[str, Any],
    fitted: Problem,
    force: bool = False,
    say: Say = quiet,
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
    source : ProblemFiles
    identity : mapping
        What tells these profiles from others.
    fitted : Problem
        Whose parameters move.
    force : bool
        Another result is replaced, too.
    say : callable
        Is told of figures that could not be drawn.
    """
    from pathway.plotting.profile_figure import plot_prediction_profiles

    intervals = prediction_interval_rows(found, problem, level)
    stem = "prediction_profiles"
    result = Written(
        tables={
            "intervals.csv": csv_text(*intervals),
            "profiles.csv": csv_text(*prediction_profile_rows(found, fitted)),
        },
        figures={stem: partial(plot_prediction_profiles, found, problem, level)},
        page=lambda svgs, record: prediction_profile_page(intervals, svgs.get(stem, ""), record, problem.name),
    )
    write_alone(PREDICTION_PROFILES, identity, result, out, command, source, force, say)
