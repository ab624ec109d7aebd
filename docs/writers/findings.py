"""The findings in plain words, and what the scenarios that ship say of each."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from typing import Any

from docs import scenario_runs
from docs.blocks import HERE
from pathway.scenario.plain_words import band_in_words, format_number, median_with_interval, percent_text
from pathway.scenario.weighted import WeightedInterval

from . import markdown
from .circuit import source_link

HEAD = """# Findings

What is published about the circuit and its drugs, each with a code. A scenario judges a finding by an
`[[expect]]` with a band; `pathway validate` lists them all. Each expectation has a *role*, which says how much
it is worth when it is met:

{roles}

The last column is the share of 1,000 sets of numbers, drawn from the plausible ranges, that meet the
expectation: near 100 % the wiring gives it, near 0 % only well-chosen numbers do.

"""
ROLES = (
    ("prediction", "neither built in nor used when numbers were chosen"),
    ("calibration", "its number entered the search, so meeting it proves little"),
    ("construction", "the wiring alone makes it hold"),
    ("sanity", "arithmetic: a miss would be a mistake"),
)


@cache
def findings() -> dict[str, dict[str, str]]:
    """By code: `short`, `words`, and, where no scenario judges it, the `cohort` that does or what it `waits` for."""
    return tomllib.loads((HERE / "findings.toml").read_text(encoding="utf-8"))


def pages() -> dict[str, str]:
    """The reference of the findings."""
    roles = "\n".join(f"* **{name}**: {words}." for name, words in ROLES)
    judged = by_finding()
    return {"reference/findings": HEAD.format(roles=roles) + "\n".join(_entry(code, judged) for code in findings())}


def by_finding() -> dict[str, list[tuple[str, dict[str, Any]]]]:
    """Scenario and verdict of every expectation, by the finding that it names."""
    entries: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for name in scenario_runs.recorded():
        for entry in scenario_runs.recorded_run(name)["expectations"]:
            if entry["finding"]:
                entries.setdefault(entry["finding"], []).append((name, entry))
    return entries


def label(code: str) -> str:
    return f"finding-{code.lower()}"


def _entry(code: str, judged: dict[str, list[tuple[str, dict[str, Any]]]]) -> str:
    entry = findings()[code]
    head = f"({label(code)})=\n## {code}: {markdown.plain(entry['short'])}\n\n{markdown.sentences(entry['words'])}\n"
    if "cohort" in entry:
        return f"{head}\nAsked of virtual women, as a prediction: `pathway cohort {entry['cohort']}`.\n"
    if code not in judged:
        return f"{head}\n*Not judged yet: it needs {markdown.plain(entry['waits'])}.*\n"
    return f"{head}\n{verdicts(judged[code], with_scenario=True)}"


def verdicts(entries: list[tuple[str, dict[str, Any]]], with_scenario: bool) -> str:
    """A table of verdicts; over an ensemble where one was asked."""
    over = any(entry["share_of_ensemble"] is not None for _, entry in entries)
    header = ["verdict", "claim", "value", "expected", *(["median (90 %)", "of ensemble"] if over else [])]
    header += ["role", "source", "of prior draws"]
    rows = [list(_row(name, entry, over, with_scenario)) for name, entry in entries]
    return markdown.table(header, rows, "verdicts")


def _row(name: str, entry: dict[str, Any], over: bool, with_scenario: bool) -> Iterator[str]:
    word = "met" if entry["met"] else "missed"
    yield f"[{word}]{{.{word}}}"
    reason = "" if entry["met"] or not entry["reason"] else f" *{markdown.plain(entry['reason'])}.*"
    where = f" ([{name}](../gallery/{name}.md))" if with_scenario else f" {entry['finding'] or ''}".rstrip()
    yield f"{markdown.plain(entry['claim'])}.{reason}{where}"
    yield markdown.plain(format_number(entry["value"]))
    yield band_in_words(entry["above"], entry["below"])
    if over:
        yield interval(entry["median"], entry["interval"])
        yield percent_text(entry["share_of_ensemble"])
    yield entry["role"]
    yield source_link(entry["source"]) if entry["source"] else ""
    yield percent_text(entry["prior_pass_fraction"])


def interval(median: float, ends: tuple[float, float] | None) -> str:
    """ "0.53 (0.38 to 0.69)"; nothing where there is none."""
    return median_with_interval(WeightedInterval(ends[0], median, ends[1])) if ends else ""
