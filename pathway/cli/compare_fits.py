"""`pathway compare-fits`: variants of a model, fitted to the same data, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pathway.numerals import finite_or_none

from . import console
from .problem_file import FORCE, JSON, PANEL


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("compare-fits", rich_help_panel=PANEL)(compare_fits)


def compare_fits(
    folders: Annotated[list[Path], typer.Argument(help="Folders of fits to the same data, two or more")],
    out: Annotated[Path, typer.Option(help="Folder of the report")] = Path("results/comparison"),
    force: FORCE = False,
    as_json: JSON = False,
) -> int:
    """Which variant of a model the data speak for: AIC, AICc, BIC, weights, likelihood ratios; leaves a report.

    A variant without a loop: pathway fit FILE --without S6K_feedback
    """
    from pathway.fitting.uncertainty.comparison import compare_fits as compare
    from pathway.formats.saved import FIT, is_saved, load_fit
    from pathway.report import write_report
    from pathway.report.comparison import comparison_report, comparison_summary, likelihood_ratio_table, variant_table

    from . import DONE, BadInput

    for folder in folders:
        if not is_saved(folder, FIT):
            raise BadInput(f"{folder}: no finished fit is here. The folder is what 'pathway fit' writes")
    names = [folder.name for folder in folders]
    if len(set(names)) < len(names):
        names = [str(folder) for folder in folders]
    if len(set(names)) < len(names):
        raise BadInput(f"{', '.join(map(str, folders))}: one folder is named twice")
    places = dict(zip(names, folders, strict=True))
    verdict = compare({name: load_fit(folder) for name, folder in places.items()})
    record = write_report(comparison_report(verdict, places), out, console.typed_command(), force, say=console.say)
    if as_json:
        console.print_json(
            {
                "variants": [
                    {k: finite_or_none(x) if isinstance(x, float) else x for k, x in vars(v).items()}
                    for v in verdict.variants
                ],
                "ratios": [vars(r) for r in verdict.ratios],
                "concerns": list(verdict.concerns),
                "folder": str(out),
            }
        )
        return DONE
    for concern in verdict.concerns:
        console.say(concern)
    header, rows = variant_table(verdict)
    cells = [[*map(str, row[:3]), *(f"{v:.1f}" for v in row[3:7]), f"{row[7]:.3g}"] for row in rows]
    console.print_table(header, cells, numbers=range(1, 8))
    header, rows = likelihood_ratio_table(verdict)
    cells = [[str(v) if not isinstance(v, float) else f"{v:.3g}" for v in row] for row in rows]
    if rows:
        console.print_table(header, cells, numbers=(3, 4, 5))
    console.print_line(comparison_summary(verdict))
    console.print_report_places(out, record)
    return DONE
