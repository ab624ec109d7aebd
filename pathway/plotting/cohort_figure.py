"""Figures of a cohort: relative risks with their negative control, tumors, survival, power."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from pathway.clinic import DISCLAIMER, MONTH
from pathway.clinic.result import CohortResult

from .layout import Page, Panel
from .panels import small_panels
from .style import FAINT, GREY, PALETTE, Figure, house_style, line_style, plain_number_ticks

_RISKS = (
    ("associated", "associated"),
    ("causal", "causal"),
    ("edge_cut", "associated, edge cut"),
    ("edge_cut_causal", "causal, edge cut"),
)
_BARS, _LINES = 120, 40
"""Women in a waterfall, and in a spider plot."""


def plot_cohort(result: CohortResult) -> Figure:
    """Relative risks over cohorts; how many women tell the edge from the cut edge."""
    with house_style():
        words = (
            f"{DISCLAIMER} Relative risks: median and 5 to 95 % of cohorts of {result.plan.cohort_size} women; thin: "
            "all women of a cohort from one member; dotted: observed."
        )
        page = Page(result.plan.title, words)
        titles = ["Relative risk of progression", "Telling the edge from the cut edge"]
        titles += ["Power of a trial"] if result.trials else []
        risks, separation, *trial = small_panels(page, titles, columns=3, tall=1.5)
        _draw_risks(risks, result)
        _draw_separation(separation, result)
        for panel in trial:
            page.legend(_draw_trials(panel, result))
        return page.cropped_figure()


def plot_tumors(result: CohortResult) -> Figure:
    """Time without progression, waterfall and spider of every arm."""
    with house_style():
        page = Page("Tumors at visits", DISCLAIMER)
        titles = ["Without progression"]
        titles += [f"{what}, arm {k + 1}" for k in range(len(result.plan.arms)) for what in ("Best change", "Change")]
        panels = small_panels(page, titles, columns=3, tall=1.35)
        entries = _draw_survival(panels[0], result)
        for k in range(len(result.plan.arms)):
            _draw_waterfall(panels[1 + 2 * k], result, k)
            _draw_spider(panels[2 + 2 * k], result, k)
        page.legend(entries)
        return page.cropped_figure()


def _draw_risks(panel: Panel, result: CohortResult) -> None:
    axes, quantiles = panel.axes, result.tables.quantiles()
    shared = result.tables.quantiles(shared=True)
    for place, (name, label) in enumerate(_RISKS):
        color = PALETTE[2] if "cut" in name else PALETTE[1]
        low, middle, high = quantiles[name]
        axes.plot([low, high], [-place, -place], color=color)
        axes.plot([middle], [-place], "o", color=color, markersize=4)
        if name in shared:
            axes.plot([shared[name][0], shared[name][2]], [-place - 0.22] * 2, color=color, linewidth=0.6)
        axes.text(0.03, -place + 0.2, label, size=6, transform=axes.get_yaxis_transform())
    axes.axvline(1.0, color=FAINT, zorder=0)
    axes.axvline(result.tables.observed, color=GREY, linestyle=(0, (1, 1)))
    axes.set_xscale("log")
    axes.set_xlim(0.2, 10.0)
    axes.set_xticks([0.25, 0.5, 1, 2, 4, 8])
    plain_number_ticks(axes.xaxis)
    axes.set_ylim(-len(_RISKS) + 0.4, 0.7)
    axes.set_yticks([])
    panel.x_label("relative risk")


def _draw_separation(panel: Panel, result: CohortResult) -> None:
    sizes, power = np.array(result.tables.separation).reshape(-1, 2).T
    panel.axes.plot(sizes, power, "o-", color=PALETTE[1], markersize=3)
    _power_axis(panel, sizes)
    panel.x_label("women of a cohort")
    panel.y_label("power at 5 % false alarms")


def _draw_trials(panel: Panel, result: CohortResult) -> list[tuple[Any, str]]:
    kinds = dict.fromkeys((trial.arm, trial.enriched) for trial in result.trials)
    entries = []
    for number, (arm, enriched) in enumerate(kinds):
        own = [trial for trial in result.trials if (trial.arm, trial.enriched) == (arm, enriched)]
        style = line_style(number)
        panel.axes.plot([t.women for t in own], [t.power for t in own], marker="o", markersize=3, **style)
        who = f"{result.plan.high.word} only" if enriched else "all women"
        entries.append((Line2D([], [], marker="o", markersize=3, **style), f"trial of '{arm}', {who}"))
    _power_axis(panel, np.array([trial.women for trial in result.trials]))
    panel.x_label("women in each arm")
    return entries


def _power_axis(panel: Panel, sizes: np.ndarray) -> None:
    axes = panel.axes
    axes.axhline(0.8, color=FAINT, zorder=0)
    axes.set_ylim(0.0, 1.04)
    axes.set_xscale("log")
    if len(sizes):
        axes.set_xticks(sorted(set(sizes.tolist())))
    plain_number_ticks(axes.xaxis)


def _draw_survival(panel: Panel, result: CohortResult) -> list[tuple[Any, str]]:
    entries: list[tuple[Any, str]] = []
    for number, (arm, outcome) in enumerate(zip(result.plan.arms, result.outcomes, strict=True)):
        style, curve = line_style(number), outcome.curve
        panel.axes.step(curve.times, curve.survival, where="post", **style)
        panel.axes.fill_between(curve.times, curve.low, curve.high, step="post", color=style["color"], alpha=0.15, lw=0)
        entries.append((Line2D([], [], **style), f"{number + 1}: {arm.name}"))
    entries.append((Patch(color=GREY, alpha=0.2), "95 % interval of the curve"))
    panel.axes.set_ylim(0.0, 1.04)
    panel.few_ticks()
    panel.x_label("months")
    panel.y_label("share of women")
    return entries


def _draw_waterfall(panel: Panel, result: CohortResult, arm: int) -> None:
    best = np.sort(100.0 * result.assessments[arm].best_change[:_BARS])[::-1]
    colors = np.where(best >= 20.0, PALETTE[1], np.where(best <= -30.0, PALETTE[2], GREY))
    panel.axes.bar(np.arange(len(best)), np.minimum(best, 100.0), width=1.0, color=colors)
    _recist_lines(panel)
    panel.x_label(f"{len(best)} women")
    panel.y_label("best change of the sum of diameters, %")


def _draw_spider(panel: Panel, result: CohortResult, arm: int) -> None:
    assessment = result.assessments[arm]
    months = np.concatenate([[0.0], assessment.visits]) / MONTH
    for row, end in zip(assessment.changes[:_LINES], assessment.progression_time[:_LINES], strict=True):
        seen = 1 + int((assessment.visits <= end).sum())
        values = np.concatenate([[0.0], 100.0 * row])[:seen]
        panel.axes.plot(months[:seen], np.minimum(values, 120.0), color=GREY, linewidth=0.5)
    _recist_lines(panel)
    panel.few_ticks()
    panel.x_label("months, up to progression")
    panel.y_label("change, %")


def _recist_lines(panel: Panel) -> None:
    for level in (-30.0, 20.0):
        panel.axes.axhline(level, color=GREY, linewidth=0.4, linestyle=(0, (1, 1)))
    panel.axes.set_ylim(-105.0, 122.0)
