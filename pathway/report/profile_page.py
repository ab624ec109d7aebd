"""One HTML file that says everything about profile likelihoods, and the tables beside it."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from pathway.fitting.uncertainty.profiles import Profiles

from .page import figure_part, provenance_part, table_part, whole_page

FIGURES = {
    "profiles": "The rise of the objective while one parameter is held and all others adapt. Where it passes the "
    "dashed line the interval ends; a curve that stays below it is not identifiable on that side. Open circle: where "
    "it set out.",
    "paths": "How the other parameters move along the profiles that stay open: those with a slope hold a combination "
    "that the data see while its parts are not known.",
}
"""What each figure shows."""


def interval_rows(found: Profiles) -> tuple[list[str], list[list[Any]]]:
    """One row for each profile."""
    header = [
        "parameter",
        "best",
        "unit",
        f"{100 * found.level:.4g} % from",
        f"{100 * found.level:.4g} % to",
        "verdict",
        "moves with",
    ]
    header += ["lower bound", "upper bound", "fell below its start by"]
    best = found.problem.from_scale(found.best)
    rows: list[list[Any]] = []
    for name, p in found.items():
        k = found.problem.names.index(name)
        about = found.problem.estimated[k]
        along = ", ".join(f"{n} ({s:+.2g})" for n, s in p.companions.items())
        row = [name, float(best[k]), about.unit, p.lower, p.upper, p.verdict, along]
        rows.append([*row, about.lower, about.upper, p.better])
    return header, rows


def profile_rows(found: Profiles) -> tuple[list[str], list[list[Any]]]:
    """One row for each point of each profile: value, rise of the objective, and all parameters there."""
    header = ["profile of", "value", "unit", "objective", "rise", *found.problem.names]
    rows: list[list[Any]] = []
    for name, p in found.items():
        unit = found.problem.estimated[found.problem.names.index(name)].unit
        low = float(p.objectives.min())
        for value, objective, x in zip(p.values, p.objectives, p.points, strict=True):
            natural = map(float, found.problem.from_scale(x))
            rows.append([name, float(value), unit, float(objective), float(objective) - low, *natural])
    return header, rows


def profile_summary(found: Profiles) -> str:
    """In one sentence."""
    open_ones = [name for name, p in found.items() if p.verdict != "identifiable"]
    held = f"{len(found) - len(open_ones)} of {len(found)} parameters are held from both sides"
    text = f"{held} at {100 * found.level:.4g} % confidence."
    better = [name for name, p in found.items() if p.better > 0.1]
    if better:
        text += f" The profile of {', '.join(better)} fell below where it began: fit again with more starts."
    return text


def profile_page(found: Profiles, figures: Mapping[str, str], record: dict[str, Any], title: str = "") -> str:
    """The report of profiles as HTML text.

    Parameters
    ----------
    found : Profiles
    figures : mapping of a name in `FIGURES` to SVG text
    record : dict
        Provenance.
    title : str
        Of the scenario.
    """
    name = found.problem.name
    header, rows = interval_rows(found)
    if all(row[9] <= 0.1 for row in rows):
        header, rows = header[:9], [row[:9] for row in rows]
    parts = [
        f"<h1>{escape(title or name)}</h1>",
        f'<p class="source">Profile likelihoods of <code>{escape(name)}</code>.</p>',
        f"<p>{escape(profile_summary(found))}</p>",
        "<h2>Intervals</h2>" + table_part(header, rows, numbers=(1, 3, 4, 7, 8, 9)),
        '<p class="note">An interval that is open on a side ends at the bound there, which is no finding of the data. '
        "Moves with: slopes of the other parameters on the scale of the search, at the open end.</p>",
        *(figure_part(figures[kind], words) for kind, words in FIGURES.items() if kind in figures),
        "<h2>Where this comes from</h2>" + provenance_part(record),
    ]
    return whole_page(f"Profiles: {title or name}", parts)
