"""The report of profile likelihoods: intervals, verdicts, and what moves together."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from pathway.fitting.search.on_disk import PROFILES_KIND
from pathway.fitting.uncertainty.profiles import Profiles
from pathway.formats.saved import PROFILES

from .pages import columns_of
from .problem_files import ProblemFiles
from .report import Drawing, Report, Table

CAPTIONS = {
    "profiles": "The rise of the objective while one parameter is held and all others adapt. Where it passes the "
    "dashed line the interval ends; a curve that stays below it is not identifiable on that side. Open circle: where "
    "it set out.",
    "paths": "How the other parameters move along the profiles that stay open: those with a slope hold a combination "
    "that the data see while its parts are not known.",
}
"""What each figure shows."""


def interval_rows(found: Profiles) -> Table:
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


def profile_rows(found: Profiles) -> Table:
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


def profiles_report(found: Profiles, source: ProblemFiles) -> Report:
    """What profiles leave beside the work on them."""
    from pathway.plotting.profile_figure import plot_paths, plot_profiles

    drawn: dict[str, Callable[[], Any]] = {"profiles": partial(plot_profiles, found)}
    if any(p.companions for p in found.values()):
        drawn["paths"] = partial(plot_paths, found)
    header, rows = intervals = interval_rows(found)
    fell = any(row[-1] > 0.1 for row in rows)
    return Report(
        kind=PROFILES_KIND,
        identity={"problem": found.problem.name},
        title=source.title or found.problem.name,
        origin=source.origin(),
        tables={"intervals": intervals, "profiles": profile_rows(found)},
        figures={stem: Drawing(draw, CAPTIONS[stem]) for stem, draw in drawn.items()},
        sentences=[profile_summary(found)],
        saved={PROFILES: partial(found.save, with_inputs=False)},
        template="profiles.html",
        page=lambda: {
            "problem": found.problem,
            "intervals": intervals if fell else columns_of(intervals, header[:-1]),
        },
        grows=True,
    )
