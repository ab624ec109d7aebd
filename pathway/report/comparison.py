"""The report of a comparison: which variant of a model the data speak for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from pathway.fitting.uncertainty.comparison import VariantComparison
from pathway.formats.saved import FIT

from .report import DeferredFigure, Report, ReportOrigin, Table

COMPARISON = "comparison"
_CAPTION = (
    "How far the criteria of each variant lie above the best one, and Akaike weights by AICc: the share of evidence "
    "among these variants, which says nothing of variants that are not here."
)


def variant_table(verdict: VariantComparison) -> Table:
    """One row for each variant, the best first."""
    header = ["variant", "parameters", "measurements", "log-likelihood", "AIC", "AICc", "BIC", "weight"]
    rows = [
        [v.name, v.parameters, v.measurements, v.log_likelihood, v.aic, v.aicc, v.bic, v.weight]
        for v in verdict.variants
    ]
    return header, rows


def likelihood_ratio_table(verdict: VariantComparison) -> Table:
    """One row for each pair of which one contains the other."""
    header = ["restricted", "within", "holds", "degrees of freedom", "likelihood ratio", "p", "at the edge"]
    rows: list[list[Any]] = []
    for r in verdict.ratios:
        held = ", ".join(f"{name} = {value:g}" for name, value in r.held.items())
        edge = "yes" if r.at_bound else "no"
        rows.append([r.restricted, r.full, held, len(r.held), r.statistic, r.p, edge])
    return header, rows


def comparison_summary(verdict: VariantComparison) -> str:
    """In one sentence."""
    first, second = verdict.variants[:2]
    gap = second.aicc - first.aicc
    if gap < 2.0:
        apart = f"by {gap:.2g}" if gap >= 0.1 else "by less than 0.1"
        return f"The data hardly tell '{first.name}' and '{second.name}' apart (AICc differs {apart})."
    clearly = "clearly speak" if gap > 10.0 else "speak"
    return f"The data {clearly} for '{first.name}': its AICc is {gap:.3g} below that of '{second.name}', the next."


def comparison_report(verdict: VariantComparison, fits: Mapping[str, Path]) -> Report:
    """What a comparison leaves.

    Parameters
    ----------
    verdict : VariantComparison
    fits : mapping of variant to the folder of its fit
    """
    from pathway.plotting.comparison_figure import plot_comparison

    places = {name: str(folder) for name, folder in fits.items()}
    files = {f"{number}/{FIT}": (folder / FIT).read_bytes() for number, folder in enumerate(fits.values(), 1)}
    header, rows = variants = variant_table(verdict)
    return Report(
        kind=COMPARISON,
        identity={"fits": ", ".join(places.values()), "settings": []},
        title="Variants of a model, fitted to the same data",
        origin=ReportOrigin(files, more={"without": []}),
        tables={"variants": variants, "ratios": likelihood_ratio_table(verdict)},
        figures={"comparison": DeferredFigure(partial(plot_comparison, verdict), _CAPTION)},
        sentences=[comparison_summary(verdict)],
        template="comparison.html",
        page=lambda: {
            "concerns": verdict.concerns,
            "variants": (header, [[*row[:3], *(round(v, 1) for v in row[3:7]), row[7]] for row in rows]),
            "fits": (["variant", "folder of its fit"], list(places.items())),
        },
    )
