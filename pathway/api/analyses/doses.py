"""`pathway dose-response` and `pathway synergy`: effects over doses of one agent or of two."""

from __future__ import annotations

import math
from typing import Any

from .task import AnalysisOutput, AnalysisTask, Display, hours_or_none


def dose_response_output(task: AnalysisTask) -> AnalysisOutput:
    from pathway.analysis.dose_series import dose_series
    from pathway.plotting.dose_figure import plot_dose_series
    from pathway.report import DeferredFigure

    o = task.options
    result = dose_series(
        task.scenario, task.laboratory, agent=o["agent"] or None, doses=o["doses"] or None, arms=o["arms"] or None,
        readouts=o["readouts"] or None, at=hours_or_none(o["at"]), draws=task.draws(), steps=o["steps"],
        decades=o["decades"],
    )  # fmt: skip

    def show(out: Display) -> None:
        unit = result.doses.unit
        header = ["arm", f"GR50 [{unit}]", "GRmax", "GRinf", f"GEC50 [{unit}]", "AOC", f"IC50 [{unit}]"]
        rows = [_metrics_row(name, series) for name, series in result.series.items()]
        out.print_table(header, rows, numbers=range(1, 7))
        for sentence in sentences:
            out.print_line(sentence)

    tables = {"dose_response": result.rows(), "over_time": result.rows_over_time()}
    caption = "GR and read-outs over doses: points as computed, lines as fitted; shaded is the middle 95 % of draws."
    figure = DeferredFigure(lambda: plot_dose_series(result), caption)
    sentences = _intervals(result)
    return AnalysisOutput(result.to_dict(), tables, {"figure": figure}, show, sentences)


def _intervals(result: Any) -> list[str]:
    """One sentence for each metric of each arm that has an interval."""
    sentences = []
    for name, series in result.series.items():
        for metric in ("gr50", "gr_inf", "gec50"):
            if metric in series.intervals:
                i = series.intervals[metric]
                between = f"between {_dose(i.low)} and {_dose(i.high)}, median {_dose(i.median)}"
                sentences.append(f"{name}: 95 % of {metric} {between}")
    return sentences


def _dose(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3g}" if math.isfinite(value) else ("not reached" if value > 0 else "below all doses")


def _metrics_row(name: str, series: Any) -> list[str]:
    m = series.metrics
    half = "flat" if m.is_flat else f"{m.gec50:.3g}"
    return [
        name, _dose(m.gr50), f"{m.gr_max:.3f}", f"{m.gr_inf:.3f}", half, f"{m.gr_aoc:.3f}", _dose(series.counts.ic50)
    ]  # fmt: skip


def synergy_output(task: AnalysisTask) -> AnalysisOutput:
    from pathway.analysis.arms_under_draws import dosing_regimen
    from pathway.analysis.combination import combination_grid, pair_and_arm
    from pathway.analysis.schedules import compare_schedules
    from pathway.plotting.synergy_figure import plot_grid
    from pathway.report import DeferredFigure

    o, scenario = task.options, task.scenario
    one, two, arm = pair_and_arm(scenario, _pair(o["agents"]), o["arm"] or None)
    draws = task.draws(arm.cells)
    result = combination_grid(
        scenario, task.laboratory, size=_size(o["grid"]), agents=(one, two), arm=arm.name,
        doses=(o["doses_first"] or None, o["doses_second"] or None), scale=o["scale"], draws=draws,
        decades=o["decades"], progress=task.progress,
    )  # fmt: skip
    times = _shifts(o["shifts"], scenario.growth_until - dosing_regimen(scenario, arm, one).times[0])
    given = (
        compare_schedules(scenario, task.laboratory, times, agents=(one, two), arm=arm.name, draws=draws)
        if times
        else None
    )
    content, tables = result.to_dict(), {"synergy": result.rows()}
    if given is not None:
        content["schedules"] = given.to_dict()
        tables["schedules"] = given.rows()

    def show(out: Display) -> None:
        out.print_line(result.conclusion(), style="bold")
        rows = [
            [name, "undefined" if e.mean() is None else f"{e.mean():+.4f}", _between(result.intervals.get(name)),
             str(len(e.undefined))]
            for name, e in result.excess.items()
        ]  # fmt: skip
        if result.musyc is not None:
            for name, value in result.musyc.potency_and_efficacy().items():
                rows.append([f"MuSyC {name}", f"{value:.3g}", _between(result.intervals.get(name), ".3g"), ""])
        header = ["reference", "mean excess", "95 % of draws", "cells undefined"]
        if not result.intervals:
            header, rows = [header[0], header[1], header[3]], [[r[0], r[1], r[3]] for r in rows]
        out.print_table(header, rows, numbers=range(1, len(header)))
        if given is not None:
            out.print_line(given.text())

    caption = (
        "Effect over the grid of doses and its excess over each reference; isoboles (dashed: what additivity would "
        "give), schedules, and the verdict on every scale."
    )
    sentences = [result.conclusion(), *([given.text()] if given is not None else [])]
    return AnalysisOutput(
        content, tables, {"figure": DeferredFigure(lambda: plot_grid(result, given), caption)}, show, sentences
    )


def _between(result: Any, form: str = "+.4f") -> str:
    return "" if result is None else result.text(form)


_USUAL_SHIFTS = (-48.0, 0.0, 48.0)


def _shifts(words: list[str], until: float) -> list[float]:
    """Hours from the first agent to the second; the usual ones that fit before the reading unless some are named."""
    if words == ["none"]:
        return []
    return [hours_or_none(word) or 0.0 for word in words] or [shift for shift in _USUAL_SHIFTS if shift < until]


MOST_DOSES = 200


def _size(text: str) -> tuple[int, int]:
    from pathway.analysis.mistakes import AnalysisError

    parts = text.lower().replace(" ", "").split("x")
    if len(parts) != 2 or not all(part.isdigit() for part in parts):
        raise AnalysisError(f"a grid is written like 8x8, not '{text}'")
    if any(len(part) > 3 or int(part) > MOST_DOSES for part in parts):
        raise AnalysisError(
            f"the grid '{text}' has more than {MOST_DOSES} doses of an agent; at most so many make sense"
        )
    return int(parts[0]), int(parts[1])


def _pair(names: list[str]) -> tuple[str, str] | None:
    from pathway.analysis.mistakes import AnalysisError

    if not names:
        return None
    if len(names) != 2:
        raise AnalysisError(f"a combination has two agents, but {len(names)} were named")
    return names[0], names[1]
