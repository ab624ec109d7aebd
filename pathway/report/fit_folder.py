"""What a fit leaves in the folder of its search: tables, figures, report, provenance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pathway.fitting.search.on_disk import FIT_KIND
from pathway.fitting.search.result import Fit
from pathway.fitting.uncertainty.profiles import Profiles
from pathway.formats.saved import FIT

from .fit_page import Findings, agreement_rows, findings, fit_page, measurement_rows, parameter_rows, start_rows
from .folder import Say, quiet
from .growing import ProblemFiles, Written, write_beside
from .tables import csv_text

MOST_CORRELATED = 80
"""Of more parameters the names could not be read in a figure."""


def write_fit(
    fit: Fit,
    out: Path,
    command: Sequence[str],
    source: ProblemFiles,
    profiles: Profiles | None = None,
    say: Say = quiet,
) -> Findings:
    """Writes tables, figures, report and provenance of a fit beside its starts.

    Parameters
    ----------
    fit : Fit
    out : Path
        The folder of the search.
    command : sequence of str
        As typed.
    source : ProblemFiles
    profiles : Profiles, optional
    say : callable
        Is told of figures that could not be drawn.

    Returns
    -------
    Findings
    """
    found = findings(fit, profiles)
    tables = {
        "parameters.csv": csv_text(*parameter_rows(found)),
        "measurements.csv": csv_text(*measurement_rows(found)),
        "agreement.csv": csv_text(*agreement_rows(found)),
        "starts.csv": csv_text(*start_rows(fit)),
    }
    scenario = source.scenario
    words = (scenario.title, scenario.question or "", scenario.text) if scenario else ("", "", "")
    result = Written(
        tables=tables,
        figures=_figures(fit, found, profiles),
        page=lambda svgs, record: fit_page(found, svgs, record, *words),
        save=partial(fit.save, with_inputs=False),
        saved=FIT,
    )
    write_beside(FIT_KIND, fit.problem.name, result, out, command, source, fit.seed, say=say)
    return found


def _figures(fit: Fit, found: Findings, profiles: Profiles | None) -> dict[str, Callable[[], Any]]:
    from pathway.plotting.fit_figure import KINDS, plot_correlations, plot_fit
    from pathway.plotting.profile_figure import plot_profiles

    drawn: dict[str, Callable[[], Any]] = {w: partial(plot_fit, fit, w) for w in KINDS if w != "correlations"}
    if 1 < len(found.local.names) <= MOST_CORRELATED:
        drawn["correlations"] = partial(plot_correlations, found.local.names, found.local.correlations)
    if profiles:
        drawn["profiles"] = partial(plot_profiles, profiles)
    return drawn
