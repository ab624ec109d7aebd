"""A plan: the probability of finding each effect, over the time of harvest and the doses."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from matplotlib.ticker import PercentFormatter

from pathway.planning.designs import Design, DoseLevel
from pathway.planning.plan import ExperimentPlan, QuestionPlan
from pathway.planning.power import WANTED

from .layout import Page, Panel
from .style import GREY, PALETTE, Figure, house_style

_TALL = 1.35


def plot_plan(plan: ExperimentPlan) -> Figure:
    """A panel for each question."""
    with house_style():
        words = (
            f"{plan.request.replicates} replicates; {plan.members} {plan.origin.description}. Thick: doses as written. "
            "Thin: the dose that is named, at the level that finds the effect most often."
        )
        page = Page(f"Which effects would be found: {plan.scenario.title}", words)
        titles = [f"{q.question.prefix}{q.question.in_words}" for q in plan.questions]
        for question, panel in zip(plan.questions, page.panels(titles, 2, _TALL), strict=True):
            _panel(panel, question)
        return page.cropped_figure()


def _panel(panel: Panel, plan: QuestionPlan) -> None:
    assay = plan.as_written.assay.name
    own = [design for design in plan.designs if design.assay.name == assay]
    entries = []
    for (level, designs), color in zip(_best_levels(own).items(), PALETTE, strict=False):
        times = [design.time for design in designs]
        (line,) = panel.axes.plot(
            times,
            [design.power for design in designs],
            color=color,
            linewidth=1.8 if level.is_as_written else 0.9,
            marker="o",
            markersize=2.2,
        )
        entries.append((line, level.label))
    panel.axes.axhline(WANTED, color=GREY, linewidth=0.6, linestyle=(0, (2, 2)), zorder=0)
    panel.axes.set_ylim(-0.02, 1.02)
    panel.axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    panel.x_label(f"harvest, h ({assay})")
    panel.y_label("found")
    panel.few_ticks()
    if len(entries) > 1:
        panel.key(entries)


def _best_levels(designs: Sequence[Design]) -> dict[DoseLevel, list[Design]]:
    """The doses as written, and of each dose the level that finds the effect most often; with the designs over time."""
    by_level = {level: [d for d in designs if d.level == level] for level in dict.fromkeys(d.level for d in designs)}
    best = {}
    for _, levels in groupby(by_level, key=lambda level: level.dose):
        level = max(levels, key=lambda own: max(d.power for d in by_level[own]))
        best[level] = by_level[level]
    return best
