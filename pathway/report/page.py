"""One HTML file that says everything about a run: no other file, no network needed to read it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from pathway.scenario.result import Result, Verdict
from pathway.scenario.run_plan import described
from pathway.scenario.timeline import draw_timeline

from .tables import setups

_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif; color: #1b1b1b;
       max-width: 62rem; margin: 2rem auto; padding: 0 1.2rem; background: #fff; }
h1 { font-size: 1.5rem; line-height: 1.25; margin-bottom: .2rem; }
h2 { font-size: 1.1rem; margin: 2.2rem 0 .5rem; border-bottom: 1px solid #ddd; padding-bottom: .2rem; }
.source, .note { color: #555; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .86rem; }
th, td { text-align: left; vertical-align: top; padding: .28rem .7rem .28rem 0; border-bottom: 1px solid #e6e6e6; }
th { font-weight: 600; white-space: nowrap; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.met { color: #00694d; font-weight: 600; white-space: nowrap; }
.missed { color: #a84300; font-weight: 600; white-space: nowrap; }
pre { font-size: .8rem; line-height: 1.35; overflow-x: auto; background: #f6f6f6; padding: .8rem 1rem; }
figure { margin: 1rem 0; } figure svg { width: 100%; height: auto; }
details > summary { cursor: pointer; margin: .4rem 0; }
@media print { body { margin: 0; max-width: none; } details { break-inside: avoid; } }
"""


def report_page(result: Result, figure_svg: str, record: dict[str, Any]) -> str:
    """The report as HTML text.

    Parameters
    ----------
    result : Result
    figure_svg : str
        The figure of the run; put into the page as it is.
    record : dict
        Its provenance.
    """
    scenario = result.scenario
    parts = [
        f"<h1>{escape(scenario.title)}</h1>",
        f'<p class="source">{_origin(result)}</p>',
        f"<p>{escape(scenario.question)}</p>" if scenario.question else "",
        f"<p>{_summary(result.verdicts)}</p>" if result.verdicts else "",
        figure_part(figure_svg, _figure_text(result)),
        "<h2>Growth</h2>" + _growth_table(result),
        "<h2>Expectations</h2>" + _expectations(result.verdicts) if result.verdicts else "",
        f"<h2>Protocol</h2><pre>{escape(draw_timeline(scenario, 96))}</pre>",
        "<h2>Readings</h2>" + _readings(result),
        "<h2>Parameters used</h2>" + _parameters(result),
        f"<h2>Scenario file</h2><pre>{escape(scenario.text)}</pre>{_settings(scenario.settings)}",
        "<h2>Where this comes from</h2>" + provenance_part(record),
    ]
    return whole_page(scenario.title, parts)


def whole_page(title: str, parts: Iterable[str]) -> str:
    """A page in the style of all reports from its parts, ready pieces of HTML."""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>\n"
        + "\n".join(part for part in parts if part)
        + "\n</body></html>\n"
    )


def figure_part(svg: str, words: str) -> str:
    """A figure with what it shows, for those who see it and those who do not; in place of one that failed, a word."""
    if not svg:
        return '<p class="note">The figure could not be drawn; the numbers do not depend on it.</p>'
    said = escape(words)
    return f'<figure role="img" aria-label="{said}">{_inline(svg)}<figcaption class="note">{said}</figcaption></figure>'


def _origin(result: Result) -> str:
    source = f"After {escape(_source_text(result.scenario.source))}. " if result.scenario.source else ""
    return f"{source}Scenario <code>{escape(result.scenario.name)}</code>."


def _source_text(key: str) -> str:
    """A source by its key: key, title and place; a free text stays as it is."""
    from pathway import parameters

    source = parameters.sources().get(key)
    return f"{key}: {source.title}, {source.where}" if source else key


def _inline(svg: str) -> str:
    """The picture without its file header and fixed size, so that it follows the page's width."""
    svg = svg[svg.index("<svg") :]
    return re.sub(r'(<svg[^>]*?) width="[^"]*" height="[^"]*"|(<svg[^>]*?) height="[^"]*"', _without_size, svg, count=1)


def _without_size(match: re.Match[str]) -> str:
    return match.group(1) or match.group(2)


def _figure_text(result: Result) -> str:
    growth = (
        " Below: GR, and cells in percent of the control and of the untreated cells of the same line."
        if any(a.growth for a in result.arms.values())
        else ""
    )
    return (
        "Above: what each arm is given and when; grey is before time zero. "
        f"Middle: {', '.join(result.scenario.observables)} over time.{growth}"
    )


def table_part(header: Sequence[str], rows: Iterable[Sequence[Any]], numbers: Sequence[int] = ()) -> str:
    """A table; cells that are a ready piece of HTML come as `Markup`."""

    def cell(tag: str, index: int, value: Any) -> str:
        kind = ' class="number"' if index in numbers else ""
        return f"<{tag}{kind}>{value if isinstance(value, Markup) else escape(_shown(value))}</{tag}>"

    head = "".join(cell("th", i, name) for i, name in enumerate(header))
    body = "".join("<tr>" + "".join(cell("td", i, v) for i, v in enumerate(row)) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


class Markup(str):
    """HTML that is meant as such."""


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}" if math.isfinite(value) else "not defined"
    return str(value)


def _growth_table(result: Result) -> str:
    rows = []
    for name, arm in result.arms.items():
        growth = arm.growth
        row: list[Any] = [name, described(arm.arm, result.scenario)]
        row += [growth.gr, growth.percent_of_control, growth.control] if growth else ["-", "-", "-"]
        row += [arm.percent_of_untreated, arm.fold]
        rows.append(row)
    header = ["arm", "cells", "GR [1]", "percent of control [%]", "control"]
    header += ["percent of untreated [%]", "cells [fold of start]"]
    note = ""
    if result.scenario.growth_of:
        note = (
            '<p class="note">GR = 2^(log2(x/x0) / log2(x_control/x0)) - 1: 1 is growth as in the control, 0 arrest, '
            "below 0 fewer cells than at the first dose. Unless an arm names its own, the control is the same dish "
            f"without any dose of {escape(', '.join(result.scenario.growth_of))}; an arm without these and without a "
            "control of its own has a dash.</p>"
        )
    return table_part(header, rows, numbers=(2, 3, 5, 6)) + note


def _summary(verdicts: Sequence[Verdict]) -> str:
    met = sum(verdict.met for verdict in verdicts)
    predictions = [v for v in verdicts if v.expectation.role == "prediction"]
    text = f"{met} of {len(verdicts)} expectations met"
    if predictions:
        text += f"; of the {len(predictions)} that are predictions, {sum(v.met for v in predictions)}"
    return escape(text + ".")


def band(above: float | None, below: float | None) -> str:
    """A band in words: "0.2 or more", "-0.15 to 0.15"."""
    if above is not None and below is not None:
        return f"{above:g} to {below:g}"
    return f"{above:g} or more" if above is not None else f"{below:g} or less" if below is not None else ""


def _expectations(verdicts: Sequence[Verdict]) -> str:
    rows = []
    for verdict in verdicts:
        entry = verdict.expectation
        mark = Markup('<span class="met">met</span>' if verdict.met else '<span class="missed">missed</span>')
        rows.append(
            [
                entry.finding,
                entry.claim,
                entry.role,
                verdict.value,
                band(entry.above, entry.below),
                mark,
                verdict.reason,
                entry.source,
            ]
        )
    return table_part(
        ["finding", "claim", "role", "value", "expected", "verdict", "reason", "source"], rows, numbers=(3,)
    )


def _readings(result: Result) -> str:
    rows = []
    for name, arm in result.arms.items():
        for observable in result.scenario.observables:
            course = arm.courses[observable]
            numbers = (float(course[0]), float(course.min()), float(course.max()), float(course[-1]))
            rows.append([name, observable, result.units[observable], *numbers])
    return table_part(["arm", "observable", "unit", "start", "least", "most", "end"], rows, numbers=(3, 4, 5, 6))


def _parameters(result: Result) -> str:
    """One row for each parameter, one value column for each set of numbers in the run."""
    used = setups(result)
    rows = []
    for name, entry in used[0].first.entries.items():
        entries = [setup.first.entries[name] for setup in used]
        other = next((e for e in entries if e.value != entry.value), entry)
        sources = ", ".join(dict.fromkeys([entry.source, other.source]))
        span = f"{entry.range[0]:g} to {entry.range[1]:g}"
        values = [setup.value(name) for setup in used]
        rows.append([name, *values, entry.unit, span, sources, entry.confidence, entry.note])
    header = ["parameter", *(setup.name for setup in used), "unit", "range", "source", "confidence", "note"]
    table = table_part(header, rows, numbers=tuple(range(1, 1 + len(used))))
    keys = dict.fromkeys(e.source for setup in used for e in setup.first.entries.values())
    sources = "".join(f"<li>{escape(text)}</li>" for key in keys if (text := _source_text(key)) != key)
    return (
        f"{_changed(result)}<details><summary>{len(rows)} parameters, each with unit, range, source and confidence"
        f"</summary>{table}</details><details><summary>Sources</summary><ul>{sources}</ul></details>"
    )


def _changed(result: Result) -> str:
    """What the scenario has changed in its lines, in words."""
    found = []
    for name, result_of in result.arms.items():
        arm = result_of.arm
        found += [f"{name}: {parameter} {text}" for parameter, text in arm.changes.items()]
        found += [f"{name}: {c.words} from {c.time:g} h" for c in arm.timed_changes]
        found += [f"{name}: {protein} by {share:.0%}" for protein, share in arm.knock_downs.items()]
        found += [f"{name}: {c.name} by {c.written} from {c.time:g} h" for c in arm.timed_knock_downs]
    return f"<p>Changed in this scenario: {escape('; '.join(found))}.</p>" if found else ""


def _settings(settings: Sequence[str]) -> str:
    return f"<p>Changed on the command line: {escape(', '.join(settings))}.</p>" if settings else ""


def provenance_part(record: dict[str, Any]) -> str:
    """Versions, command, machine and inputs as a table."""
    packages = ", ".join(f"{name} {version}" for name, version in record["packages"].items() if version)
    rows = [
        ["command", " ".join(record["command"])],
        ["pathway", f"{record['pathway']} (circuit {record['circuit'][:12]})"],
        ["python", record["python"]],
        ["packages", packages],
        ["machine", f"{record['system']}, {record['cpu']['name']}"],
        ["random numbers", "none" if record["seed"] is None else f"seed {record['seed']}"],
        *([name, f"not made: {why}"] for name, why in record.get("not_made", {}).items()),
        *([f"input {name}", f"sha256 {digest}"] for name, digest in record["inputs"].items()),
    ]
    return table_part(["what", "which"], rows)
