"""The report of draws from a posterior: whether to rely on them, and what they say of each parameter."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from pathway.extras import installed_version
from pathway.fitting.search.on_disk import POSTERIOR_KIND
from pathway.fitting.uncertainty.sampling import LIBRARIES, Posterior
from pathway.formats.saved import POSTERIOR

from .fit import prior_text
from .pages import select_columns, without_empty_columns
from .problem_files import ProblemFiles
from .report import DeferredFigure, Report, Table

DRAWS = "draws.csv"
CAPTIONS = {
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


def posterior_table(posterior: Posterior) -> Table:
    """One row for each parameter."""
    header = ["parameter", "best", "median", "unit", "95 % from", "95 % to", "R-hat", "effective, middle"]
    header += ["effective, tails", "prior", "meaning"]
    best = posterior.problem.from_scale(posterior.best)
    low, middle, high = np.quantile(posterior.draws, [0.025, 0.5, 0.975], axis=0)
    rows: list[list[Any]] = []
    for k, p in enumerate(posterior.problem.estimated):
        diagnoses = [posterior.r_hat[p.name], posterior.bulk[p.name], posterior.tail[p.name]]
        numbers = [float(low[k]), float(high[k]), *diagnoses]
        rows.append([p.name, float(best[k]), float(middle[k]), p.unit, *numbers, prior_text(p), p.meaning])
    return header, rows


def posterior_summary(posterior: Posterior) -> str:
    """How the draws were made, in two sentences."""
    chains, draws = posterior.chains, posterior.log_density.size // posterior.chains
    sampler = {"nuts": "the No-U-Turn sampler", "ensemble": "an ensemble of walkers"}[posterior.method]
    text = f"{chains} chains of {draws} draws by {sampler} of {LIBRARIES[posterior.method]} ({posterior.reason}); "
    text += f"{posterior.evaluations} evaluations, {posterior.acceptance:.0%} accepted."
    if posterior.failures:
        text += f" {posterior.failures} evaluations could not be computed and count as outside."
    if posterior.interrupted:
        text += " Interrupted: chains are missing."
    return text


def posterior_report(posterior: Posterior, source: ProblemFiles) -> Report:
    """What draws leave beside the chains."""
    from pathway.plotting.posterior_figure import KINDS, plot_posterior

    frame = posterior.to_dataframe()
    library = LIBRARIES[posterior.method]
    return Report(
        kind=POSTERIOR_KIND,
        identity={"problem": posterior.problem.name},
        title=source.title or posterior.problem.name,
        origin=source.origin(posterior.seed, {library: installed_version(library)}),
        tables={
            DRAWS.removesuffix(".csv"): (list(frame), list(frame.itertuples(index=False))),
            "parameters": posterior_table(posterior),
        },
        figures={kind: DeferredFigure(partial(plot_posterior, posterior, kind), CAPTIONS[kind]) for kind in KINDS},
        sentences=[posterior_summary(posterior)],
        saved={POSTERIOR: partial(posterior.save, with_inputs=False)},
        template="posterior.html",
        page=partial(_page, posterior),
        grows=True,
    )


def _page(posterior: Posterior) -> Mapping[str, Any]:
    """What `posterior.html` shows; effective draws are whole ones."""
    header, rows = posterior_table(posterior)
    rows = [[*row[:7], *(round(v) if v == v else v for v in row[7:9]), *row[9:]] for row in rows]
    table = without_empty_columns(select_columns((header, rows), header[:10]))
    return {"problem": posterior.problem, "concerns": posterior.concerns, "parameters": table}
