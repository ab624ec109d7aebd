"""The report of profile likelihoods: intervals, verdicts, and what moves together."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from pathway.fitting.search.on_disk import PROFILES_KIND
from pathway.fitting.uncertainty.profiles import Profiles
from pathway.formats.saved import PROFILES

from .pages import select_columns
from .problem_files import ProblemFiles
from .report import DeferredFigure, Report, Table

CAPTIONS = {
    "profiles": "The rise of the objective while one parameter is held and all others adapt. Where it passes the "
    "dashed line the interval ends; a curve that stays below it is not identifiable on that side. Open circle: where "
    "it set out.",
    "paths": "How the other parameters move along the profiles that stay open: those with a slope hold a combination "
    "that the data see while its parts are not known.",
}
"""What each figure shows."""


def interval_table(profiles: Profiles) -> Table:
    """One row for each profile."""
    header = [
        "parameter",
        "best",
        "unit",
        f"{100 * profiles.level:.4g} % from",
        f"{100 * profiles.level:.4g} % to",
        "verdict",
        "moves with",
    ]
    header += ["lower bound", "upper bound", "fell below its start by"]
    best = profiles.problem.from_scale(profiles.best)
    rows: list[list[Any]] = []
    for name, p in profiles.items():
        k = profiles.problem.names.index(name)
        about = profiles.problem.estimated[k]
        along = ", ".join(f"{n} ({s:+.2g})" for n, s in p.companions.items())
        row = [name, float(best[k]), about.unit, p.lower, p.upper, p.verdict, along]
        rows.append([*row, about.lower, about.upper, p.better])
    return header, rows


def profile_table(profiles: Profiles) -> Table:
    """One row for each point of each profile: value, rise of the objective, and all parameters there."""
    header = ["profile of", "value", "unit", "objective", "rise", *profiles.problem.names]
    rows: list[list[Any]] = []
    for name, p in profiles.items():
        unit = profiles.problem.estimated[profiles.problem.names.index(name)].unit
        low = float(p.objectives.min())
        for value, objective, x in zip(p.values, p.objectives, p.points, strict=True):
            natural = map(float, profiles.problem.from_scale(x))
            rows.append([name, float(value), unit, float(objective), float(objective) - low, *natural])
    return header, rows


def profile_summary(profiles: Profiles) -> str:
    """In one sentence."""
    open_ones = [name for name, p in profiles.items() if p.verdict != "identifiable"]
    held = f"{len(profiles) - len(open_ones)} of {len(profiles)} parameters are held from both sides"
    text = f"{held} at {100 * profiles.level:.4g} % confidence."
    if better := [name for name, p in profiles.items() if p.better > 0.1]:
        text += f" The profile of {', '.join(better)} fell below where it began: fit again with more starts."
    return text


def profiles_report(profiles: Profiles, source: ProblemFiles) -> Report:
    """What profiles leave beside the work on them."""
    from pathway.plotting.profile_figure import plot_paths, plot_profiles

    drawn: dict[str, Callable[[], Any]] = {"profiles": partial(plot_profiles, profiles)}
    if any(p.companions for p in profiles.values()):
        drawn["paths"] = partial(plot_paths, profiles)
    header, rows = intervals = interval_table(profiles)
    fell = any(row[-1] > 0.1 for row in rows)
    return Report(
        kind=PROFILES_KIND,
        identity={"problem": profiles.problem.name},
        title=source.title or profiles.problem.name,
        origin=source.origin(),
        tables={"intervals": intervals, "profiles": profile_table(profiles)},
        figures={stem: DeferredFigure(draw, CAPTIONS[stem]) for stem, draw in drawn.items()},
        sentences=[profile_summary(profiles)],
        saved={PROFILES: partial(profiles.save, with_inputs=False)},
        template="profiles.html",
        page=lambda: {
            "problem": profiles.problem,
            "intervals": intervals if fell else select_columns(intervals, header[:-1]),
        },
        grows=True,
    )
