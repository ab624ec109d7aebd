"""A card and a page for every scenario that ships, from what a run of it has left."""

from __future__ import annotations

import re
from typing import Any

from docs import scenario_runs
from pathway import parameters
from pathway.scenario import read_scenario
from pathway.scenario.experiment import Scenario
from pathway.scenario.plain_words import format_number
from pathway.scenario.timeline import draw_timeline

from . import markdown
from .circuit import source_link
from .findings import interval, verdicts

HEAD = """# Gallery

Every scenario that comes with the package: what it asks, what the model answers, and how to make it yours. Each
is judged against what is published; a miss stays a miss. Read the answers with [what they rest
on](../explanation/known_and_prior.md).

"""
TOPICS = (
    ("The main experiment", r"^antimir21_resensitises"),
    ("miR-21 and PTEN", r"mir21|mimic|mir221|pten"),
    ("Drugs", r"trastuzumab|lapatinib|mtor|pi3k|pik3ca|her2"),
    ("Signals and fits", r"ligand|fit|calibration|akt_mek"),
    ("Checks", r""),
)
WIDE = 96


def pages() -> dict[str, str]:
    """The gallery and the page of every scenario."""
    scenarios = {name: read_scenario(name) for name in scenario_runs.recorded()}
    scenario_pages = {f"gallery/{name}": _page(name, scenario) for name, scenario in scenarios.items()}
    return {"gallery/index": _index(scenarios), **scenario_pages}


def _index(scenarios: dict[str, Scenario]) -> str:
    left, parts = dict(scenarios), [HEAD]
    for title, pattern in TOPICS:
        here = [name for name in left if re.search(pattern, name)]
        if here:
            cards = "\n".join(_card(name, left.pop(name)) for name in here)
            parts.append(f"## {title}\n\n::::{{grid}} 1 2 2 3\n:gutter: 3\n\n{cards}\n::::\n")
    names = "\n".join(scenarios)
    return "\n".join(parts) + f"\n```{{toctree}}\n:hidden:\n\n{names}\n```\n"


def _card(name: str, scenario: Scenario) -> str:
    question = scenario.question or scenario.title
    run = scenario_runs.recorded_run(name)
    return f"""\
:::{{grid-item-card}} {markdown.plain(question)}
:link: {name}
:link-type: doc
:img-bottom: ../outputs/scenarios/{name}.card.png
:img-alt: {_quoted(scenario.title)}
:class-card: scenario-card

*{markdown.plain(_line(scenario.cells))}.* {markdown.plain(_answer(run))}

[{_tally(run)}]{{.{"met" if _met(run) == len(run["expectations"]) else "missed"}}}
:::
"""


def _line(cells: str) -> str:
    return parameters.cell_line(cells).title


def _quoted(text: str) -> str:
    return " ".join(text.split())


def _answer(run: Any) -> str:
    """The first sentence: the claim and whether the chosen numbers show it."""
    sentences = run["sentences"]
    return re.split(r"(?<=numbers)\.", sentences[0])[0] + "." if sentences else run["title"] + "."


def _met(run: Any) -> int:
    return sum(entry["met"] for entry in run["expectations"])


def _tally(run: Any) -> str:
    count = len(run["expectations"])
    return f"{_met(run)} of {count} expectations met" if count else "nothing is claimed"


def _page(name: str, scenario: Scenario) -> str:
    run = scenario_runs.recorded_run(name)
    sentences = "\n".join(f"* {markdown.plain(text)}" for text in run["sentences"])
    caveats = "\n".join(f"* {markdown.plain(text)}" for text in run["caveats"])
    source = f" Source: {source_link(scenario.source)}." if scenario.source else ""
    judged = [(name, entry) for entry in run["expectations"]]
    parts = [
        f"# {markdown.plain(scenario.title)}\n",
        f"**{markdown.plain(scenario.question)}**{source}\n" if scenario.question else f"{source}\n",
        sentences + "\n" if sentences else "",
        _figure(name, scenario.title, _caption(run)),
        f":::{{admonition}} To know beside it\n{caveats}\n:::\n" if caveats else "",
        "## Move it\n",
        markdown.explorer_frame(name, scenario.title, back=".."),
        "## Open, change, run\n",
        markdown.fence(_commands(name, scenario), "sh"),
        "## Arms\n",
        _arms(run),
        "## Judged\n" if judged else "",
        verdicts(judged, with_scenario=False) if judged else "",
        "## Protocol\n",
        markdown.fence(draw_timeline(scenario, WIDE)),
        "## The file\n",
        markdown.fence(scenario_runs.text_of(name), "toml", f"{name}.toml"),
    ]
    return "\n".join(part for part in parts if part)


def _figure(name: str, title: str, caption: str) -> str:
    options = f":alt: {_quoted(title)}\n:figclass: wide"
    return f"```{{figure}} ../outputs/scenarios/{name}.png\n{options}\n\n{caption}\n```\n"


def _caption(run: Any) -> str:
    over = f"Bands and whiskers: 90 % of {run['ensemble']}." if run["ensemble"] else "One chosen set of numbers."
    return f"What each arm is given and when; the shown observables over time; growth where it is asked. {over}"


def _commands(name: str, scenario: Scenario) -> str:
    lines = [
        f"pathway run {name}",
        f"pathway new mine.toml --from {name}",
        "pathway check mine.toml",
        "pathway run mine.toml",
        f"pathway explore {name} --out {name}.html",
    ]
    return "\n".join([*lines, *(["pathway fit mine.toml"] if scenario.document.get("fit") else [])])


def _arms(run: Any) -> str:
    arms = run["arms"]
    growing = any(arm["GR"] is not None for arm in arms.values())
    over = bool(run["ensemble"]) and growing
    first = next(iter(arms.values()))["observables"]
    shown = [name for name in first if name != "cell_number"]
    header = ["arm", *(["GR"] if growing else []), *(["GR, median (90 %)"] if over else [])]
    header += [*(["cells, % of untreated", "control"] if growing else []), "cells, fold", *shown]
    rows = []
    for name, arm in arms.items():
        row = [
            markdown.plain(name),
            *([format_number(arm["GR"])] if growing else []),
            *([interval(arm["GR_median"], arm["GR_interval"])] if over else []),
        ]
        row += [_whole(arm["percent_of_untreated"]), markdown.plain(arm["control"] or "-")] if growing else []
        rows.append([*row, format_number(arm["cell_number_fold"]), *(_ending(arm, o) for o in shown)])
    return markdown.table(header, rows)


def _whole(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"


def _ending(arm: Any, observable: str) -> str:
    return format_number(arm["observables"][observable]["end"]) if observable in arm["observables"] else "-"
