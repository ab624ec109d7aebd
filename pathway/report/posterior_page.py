"""One HTML file that says everything about draws from a posterior, and the table beside it."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np

from pathway.fitting.uncertainty.sampling import LIBRARIES, Posterior

from .fit_page import prior_words
from .page import figure_part, provenance_part, table_part, whole_page

FIGURES = {
    "marginals": "Posterior of each parameter, chain by chain (lines) and together (area), beside its prior (dashed: "
    "flat between the bounds on the scale of the search where none was given). Where both look alike, the data say "
    "nothing.",
    "pairs": "Which parameters go together. A narrow ridge is a combination that is known better than its parts.",
    "ranks": "How the draws of each chain rank among all draws. Each line should wander about in the grey band; a "
    "slope or a hump is a chain that has seen another distribution.",
    "traces": "The draws in the order in which they came. Chains should lie over each other and show no drift.",
    "energy": "Left: how the level of energy is spread, and how much one draw changes it; a change much narrower than "
    "the level explores the tails slowly. Right: the objective of the draws; that of the best point is lower than "
    "most, since there is more room around it.",
}
"""What each figure shows."""


def posterior_rows(found: Posterior) -> tuple[list[str], list[list[Any]]]:
    """One row for each parameter."""
    header = ["parameter", "best", "median", "unit", "95 % from", "95 % to", "R-hat", "effective, middle"]
    header += ["effective, tails", "prior", "meaning"]
    best = found.problem.from_scale(found.best)
    low, middle, high = np.quantile(found.draws, [0.025, 0.5, 0.975], axis=0)
    rows: list[list[Any]] = []
    for k, p in enumerate(found.problem.estimated):
        diagnoses = [found.r_hat[p.name], found.bulk[p.name], found.tail[p.name]]
        numbers = [float(low[k]), float(high[k]), *diagnoses]
        rows.append([p.name, float(best[k]), float(middle[k]), p.unit, *numbers, prior_words(p), p.meaning])
    return header, rows


def posterior_summary(found: Posterior) -> str:
    """How the draws were made, in two sentences."""
    chains, draws = found.chains, found.log_density.size // found.chains
    how = {"nuts": "the No-U-Turn sampler", "ensemble": "an ensemble of walkers"}[found.method]
    text = f"{chains} chains of {draws} draws by {how} of {LIBRARIES[found.method]} ({found.reason}); "
    text += f"{found.evaluations} evaluations, {found.acceptance:.0%} accepted."
    if found.failures:
        text += f" {found.failures} evaluations could not be computed and count as outside."
    if found.interrupted:
        text += " Interrupted: chains are missing."
    return text


def posterior_page(found: Posterior, figures: Mapping[str, str], record: dict[str, Any], title: str = "") -> str:
    """The report of draws as HTML text.

    Parameters
    ----------
    found : Posterior
    figures : mapping of a name in `FIGURES` to SVG text
    record : dict
        Provenance.
    title : str
        Of the scenario.
    """
    name = found.problem.name
    header, rows = posterior_rows(found)
    rows = [[*row[:7], *(round(v) if v == v else v for v in row[7:9]), *row[9:]] for row in rows]
    used = [k for k in range(10) if k < 9 or any(row[k] for row in rows)]
    header, rows = [header[k] for k in used], [[row[k] for k in used] for row in rows]
    parts = [
        f"<h1>{escape(title or name)}</h1>",
        f'<p class="source">Posterior of <code>{escape(name)}</code>.</p>',
        f"<p>{escape(posterior_summary(found))}</p>",
        _concerns(found),
        "<h2>Parameters</h2>" + table_part(header, rows, numbers=(1, 2, 4, 5, 6, 7, 8)),
        '<p class="note">Best: the most probable point found by the fit. R-hat below 1.01 says that the chains agree; '
        "at least 400 effective draws make intervals stable (Vehtari et al. 2021).</p>",
        *(figure_part(figures[kind], words) for kind, words in FIGURES.items() if kind in figures),
        "<h2>Where this comes from</h2>" + provenance_part(record),
    ]
    return whole_page(f"Posterior: {title or name}", parts)


def _concerns(found: Posterior) -> str:
    if not found.concerns:
        return '<p><span class="met">Nothing speaks against relying on these draws.</span></p>'
    items = "".join(f"<li>{escape(concern)}.</li>" for concern in found.concerns)
    return f'<p><span class="missed">Before relying on these draws:</span></p><ul>{items}</ul>'
