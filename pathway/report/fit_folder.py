"""What a fit leaves in the folder of its search: tables, figures, report, provenance."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from pathway.fitting.search.result import Fit
from pathway.fitting.uncertainty.profiles import Profiles
from pathway.scenario.experiment import Scenario

from .fit_page import Findings, agreement_rows, findings, fit_page, measurement_rows, parameter_rows, start_rows
from .growing_folder import finish, write_figures, write_tables
from .tables import csv_text

FIT = "fit.pickle"
MOST_CORRELATED = 80
"""Of more parameters the names could not be read in a figure."""


def write_fit(
    fit: Fit,
    out: Path,
    command: Sequence[str],
    inputs: Mapping[str, bytes],
    profiles: Profiles | None = None,
    scenario: Scenario | None = None,
) -> Findings:
    """Writes tables, figures, report and provenance of a fit beside its starts.

    Parameters
    ----------
    fit : Fit
    out : Path
        The folder of the search.
    command : sequence of str
        As typed.
    inputs : mapping of file name to content
    profiles : Profiles, optional
    scenario : Scenario, optional
        Whose fit it is.

    Returns
    -------
    Findings
    """
    from pathway.plotting.fit_figure import KINDS, plot_correlations, plot_fit
    from pathway.plotting.profile_figure import plot_profiles

    found = findings(fit, profiles)
    tables = {
        "parameters.csv": csv_text(*parameter_rows(found)),
        "measurements.csv": csv_text(*measurement_rows(found)),
        "agreement.csv": csv_text(*agreement_rows(found)),
        "starts.csv": csv_text(*start_rows(fit)),
    }
    record = write_tables(out, tables, command, inputs, fit.seed, scenario)
    fit.save(out / FIT)
    drawn = {what: plot_fit(fit, what) for what in KINDS if what != "correlations"}
    if 1 < len(found.local.names) <= MOST_CORRELATED:
        drawn["correlations"] = plot_correlations(found.local.names, found.local.correlations)
    if profiles:
        drawn["profiles"] = plot_profiles(profiles)
    figures = write_figures(out, drawn)
    words = (scenario.title, scenario.question or "", scenario.text) if scenario else ("", "", "")
    finish(out, fit_page(found, figures, record, *words), record)
    return found


def inputs_of(path: Path, scenario: Scenario | None) -> dict[str, bytes]:
    """The files that a fit has read, by name: a scenario with its measurements and cells, or a PEtab problem."""
    if scenario is None:
        named = re.findall(r"[\w./-]+\.(?:tsv|xml|sbml)", path.read_text(encoding="utf-8"))
        files = [path, *(path.parent / name for name in dict.fromkeys(named))]
    else:
        cells = {arm.cells for arm in scenario.arms if arm.cells.endswith(".toml")}
        files = [
            scenario.file,
            *(o.file for o in scenario.overlays),
            *(scenario.file.parent / c for c in sorted(cells)),
        ]
    return {file.name: file.read_bytes() for file in files if file.is_file()}
