"""The report of a run: growth, expectations, readings and the numbers it was run with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from markupsafe import Markup

from pathway.files import read_bytes
from pathway.scenario.plain_words import (
    band_in_words,
    caveats,
    ensemble_words,
    headline_sentences,
    median_with_interval,
    percent_text,
    verdict_interval_text,
)
from pathway.scenario.result import Result, Verdict
from pathway.scenario.run_plan import describe_cells
from pathway.scenario.timeline import draw_timeline

from .output_folders import result_identity
from .pages import without_empty_columns
from .report import DeferredFigure, JsonContent, Report, ReportOrigin, Table
from .tables import arm_table, band_table, expectation_table, parameters_used, shared_parameter_sets
from .write import COURSES

RUN = "run"


def run_report(result: Result, out: Path) -> Report:
    """What a run leaves in the folder `out`."""
    scenario = result.scenario
    more: dict[str, Any] = {}
    if scenario.settings_of_inputs != scenario.settings:
        more["settings_of_inputs"] = list(scenario.settings_of_inputs)
    tables = {
        COURSES.removesuffix(".csv"): result.columns(),
        "arms": arm_table(result),
        "expectations": expectation_table(result),
        "parameters": parameters_used(result),
    }
    if result.ensemble:
        more["ensemble"] = result.ensemble.record
        tables["bands"] = band_table(result)
    return Report(
        kind=RUN,
        identity=result_identity(scenario, out),
        title=scenario.title,
        origin=ReportOrigin({**scenario.inputs, **_ensemble_file(result)}, scenario.settings, more=more),
        tables=tables,
        figures={"figure": DeferredFigure(partial(_draw, result), _caption(result))},
        sentences=[*headline_sentences(result), _tally(result.verdicts)] if result.verdicts else [],
        content=JsonContent("result.json", result.to_dict(), with_provenance=True),
        template="run.html",
        page=partial(_page, result),
    )


def _ensemble_file(result: Result) -> Mapping[str, bytes]:
    """A user's own file of parameter sets; the one that comes with the package is known by its hash."""
    file = result.ensemble.origin.file if result.ensemble else ""
    return {Path(file).name: read_bytes(Path(file))} if file else {}


def _draw(result: Result) -> Any:
    from pathway.plotting import plot

    return plot(result)


def _caption(result: Result) -> str:
    growth = (
        " Below: GR, and cells in percent of the control and of the untreated cells of the same line."
        if any(a.growth for a in result.arms.values())
        else ""
    )
    return (
        "Above: what each arm is given and when; grey is before time zero. "
        f"Middle: {', '.join(result.scenario.observables)} over time.{growth}{_of_bands(result)}"
    )


def _of_bands(result: Result) -> str:
    if result.ensemble is None:
        return ""
    return f" Lines and bars: the chosen numbers. Bands and whiskers: 90 % of {ensemble_words(result)}."


def _tally(verdicts: Sequence[Verdict]) -> str:
    met = sum(verdict.met for verdict in verdicts)
    predictions = [v for v in verdicts if v.expectation.role == "prediction"]
    text = f"{met} of {len(verdicts)} expectations met"
    if predictions:
        text += f"; of the {len(predictions)} that are predictions, {sum(v.met for v in predictions)}"
    return f"{text}."


def _page(result: Result) -> Mapping[str, Any]:
    """What `run.html` shows."""
    scenario = result.scenario
    return {
        "scenario": scenario,
        "caveats": caveats(result),
        "source": source_text(scenario.source) if scenario.source else "",
        "growth": _growth(result),
        "verdicts": verdict_table([v.to_dict() for v in result.verdicts], ("finding", "claim", "role", "source")),
        "timeline": draw_timeline(scenario, 96),
        "readings": _readings(result),
        "changed": "; ".join(_changes(result)),
        "parameters": _parameters(result),
        "sources": _sources(result),
    }


def source_text(key: str) -> str:
    """A source by its key: key, title and place; a free text stays as it is."""
    from pathway import parameters

    source = parameters.sources().get(key)
    return f"{key}: {source.title}, {source.where}" if source else key


def _growth(result: Result) -> Table:
    rows = []
    for name, arm in result.arms.items():
        growth = arm.growth
        row: list[Any] = [name, describe_cells(arm.arm, result.scenario)]
        row += [growth.gr, growth.percent_of_control, growth.control] if growth else ["-", "-", "-"]
        row += [arm.percent_of_untreated, arm.fold]
        if result.ensemble:
            row[3:3] = [median_with_interval(result.interval(name, "GR"))]
            row[-1:-1] = [median_with_interval(result.interval(name, "percent_of_untreated"))]
        rows.append(row)
    header = ["arm", "cells", "GR [1]", "percent of control [%]", "control"]
    header += ["percent of untreated [%]", "cells [fold of start]"]
    if result.ensemble:
        header[3:3] = ["GR, median (90 %)"]
        header[-1:-1] = ["percent of untreated, median (90 %)"]
    return header, rows


def verdict_table(entries: Sequence[Mapping[str, Any]], shown: Sequence[str]) -> Table:
    """Verdicts in their JSON form as a page shows them: some of their entries, value, band, verdict and reason."""
    over = any(entry.get("share_of_ensemble") is not None for entry in entries)
    header = ["verdict", *shown, "value", *(["median (90 %)"] if over else []), "expected"]
    header += [*(["share of ensemble"] if over else []), "reason"]
    rows = []
    for entry in entries:
        word = "met" if entry["met"] else "missed"
        share = entry["prior_pass_fraction"]
        known = {**entry, "share of draws": None if share is None else f"{share:.0%}"}
        mark = Markup('<span class="{}">{}</span>').format(word, word)
        row = [mark, *(known[key] for key in shown), entry["value"]]
        row += [verdict_interval_text(entry)] if over else []
        row += [band_in_words(entry["above"], entry["below"])]
        row += [percent_text(entry.get("share_of_ensemble"))] if over else []
        rows.append([*row, entry["reason"]])
    return without_empty_columns((header, rows))


def _readings(result: Result) -> Table:
    rows = []
    for name, arm in result.arms.items():
        for observable in result.scenario.observables:
            course = arm.courses[observable]
            numbers = (float(course[0]), float(course.min()), float(course.max()), float(course[-1]))
            rows.append([name, observable, result.units[observable], *numbers])
    return ["arm", "observable", "unit", "start", "least", "most", "end"], rows


def _parameters(result: Result) -> Table:
    """One row for each parameter, one value column for each set of numbers in the run."""
    used = shared_parameter_sets(result)
    rows = []
    for name, entry in used[0].first.entries.items():
        entries = [shared.first.entries[name] for shared in used]
        other = next((e for e in entries if e.value != entry.value), entry)
        sources = ", ".join(dict.fromkeys([entry.source, other.source]))
        span = f"{entry.range[0]:g} to {entry.range[1]:g}"
        values = [shared.value(name) for shared in used]
        rows.append([name, *values, entry.unit, span, sources, entry.confidence, entry.note])
    return ["parameter", *(shared.name for shared in used), "unit", "range", "source", "confidence", "note"], rows


def _sources(result: Result) -> list[str]:
    keys = dict.fromkeys(e.source for shared in shared_parameter_sets(result) for e in shared.first.entries.values())
    return [text for key in keys if (text := source_text(key)) != key]


def _changes(result: Result) -> list[str]:
    """What the scenario has changed in its lines, in words."""
    changes = []
    for name, result_of in result.arms.items():
        arm = result_of.arm
        changes += [f"{name}: {parameter} {text}" for parameter, text in arm.changes.items()]
        changes += [f"{name}: {c.description} from {c.time:g} h" for c in arm.timed_changes]
        changes += [f"{name}: {protein} by {share:.0%}" for protein, share in arm.knock_downs.items()]
        changes += [f"{name}: {c.name} by {c.written} from {c.time:g} h" for c in arm.timed_knock_downs]
    return changes
