"""One HTML file that compares variants of a model fitted to the same data, and the tables beside it."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from pathway.fitting.uncertainty.comparison import Verdict

from .page import figure_part, provenance_part, table_part, whole_page

_FIGURE = (
    "How far the criteria of each variant lie above the best one, and Akaike weights by AICc: the share of evidence "
    "among these variants, which says nothing of variants that are not here."
)


def variant_rows(found: Verdict) -> tuple[list[str], list[list[Any]]]:
    """One row for each variant, the best first."""
    header = ["variant", "parameters", "measurements", "log-likelihood", "AIC", "AICc", "BIC", "weight"]
    rows = [
        [v.name, v.parameters, v.measurements, v.log_likelihood, v.aic, v.aicc, v.bic, v.weight] for v in found.variants
    ]
    return header, rows


def ratio_rows(found: Verdict) -> tuple[list[str], list[list[Any]]]:
    """One row for each pair of which one contains the other."""
    header = ["restricted", "within", "holds", "degrees of freedom", "likelihood ratio", "p", "at the edge"]
    rows: list[list[Any]] = []
    for r in found.ratios:
        held = ", ".join(f"{name} = {value:g}" for name, value in r.held.items())
        edge = "yes" if r.at_bound else "no"
        rows.append([r.restricted, r.full, held, len(r.held), r.statistic, r.p, edge])
    return header, rows


def comparison_summary(found: Verdict) -> str:
    """In one sentence."""
    first, second = found.variants[:2]
    gap = second.aicc - first.aicc
    if gap < 2.0:
        return f"The data hardly tell '{first.name}' and '{second.name}' apart (AICc differs by {gap:.2g})."
    clearly = "clearly speak" if gap > 10.0 else "speak"
    return f"The data {clearly} for '{first.name}': its AICc is {gap:.3g} below that of '{second.name}', the next."


def comparison_page(found: Verdict, figure: str, record: dict[str, Any], fits: Mapping[str, str]) -> str:
    """The report of a comparison as HTML text.

    Parameters
    ----------
    found : Verdict
    figure : str
        SVG text.
    record : dict
        Provenance.
    fits : mapping of variant to the folder of its fit
    """
    items = "".join(f"<li>{escape(concern)}.</li>" for concern in found.concerns)
    folders = table_part(["variant", "folder of its fit"], [[name, folder] for name, folder in fits.items()])
    header, rows = variant_rows(found)
    shown = [[*row[:3], *(f"{v:.1f}" for v in row[3:7]), row[7]] for row in rows]
    parts = [
        "<h1>Variants of a model, fitted to the same data</h1>",
        f"<p>{escape(comparison_summary(found))}</p>",
        f"<p>To keep in mind:</p><ul>{items}</ul>" if items else "",
        "<h2>Variants</h2>" + table_part(header, shown, numbers=range(1, 8)),
        '<p class="note">AIC = 2 k - 2 log-likelihood; AICc corrects it for few data, and the weights follow it; '
        "BIC = k log n - 2 log-likelihood. Only differences mean something.</p>",
        figure_part(figure, _FIGURE),
        "<h2>Likelihood ratios</h2>" + table_part(*ratio_rows(found), numbers=(3, 4, 5)) if found.ratios else "",
        '<p class="note">p is the chance of so large a ratio if the restricted variant holds. That one variant '
        "contains the other was tried out: at the restricted parameters both have the same likelihood.</p>"
        if found.ratios
        else "",
        "<h2>Fits</h2>" + folders,
        "<h2>Where this comes from</h2>" + provenance_part(record),
    ]
    return whole_page("Comparison of fits", parts)
