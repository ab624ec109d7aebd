"""What `sample` and `profile` leave behind: tables, figures, report, provenance, and a file to plot anew from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pathway.fitting.search.on_disk import write_atomically
from pathway.fitting.uncertainty.profiles import Profiles
from pathway.fitting.uncertainty.sampling import Posterior
from pathway.scenario.experiment import Scenario

from .folder import RECORD, _write_json
from .posterior_page import posterior_page, posterior_rows
from .profile_page import interval_rows, profile_page, profile_rows
from .provenance import provenance, sha256
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
