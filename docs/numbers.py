"""Numbers and small tables in the text of a page: what stands in `{{...}}`."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from typing import Any

from benchmarks import blocks, table
from docs import scenario_runs
from docs.blocks import ROOT, PageError
from pathway import parameters
from pathway.network import circuit
from pathway.scenario.plain_words import format_number, percent_text


def shown(path: str) -> str:
    """A number by its path.

    "parameters/assumed", "circuit/species", "table/loops", "cost/install" (an entry of `costs.toml`),
    "prior/SCENARIO/FINDING" (share of draws that meet the first expectation of a finding), "benchmark/PART" (what
    `python -m benchmarks` has measured: a table or a sentence), or "SCENARIO/ARM/GR" with the other numbers of an arm.

    Raises
    ------
    PageError
        If there is no such number.
    """
    first, _, rest = path.partition("/")
    kinds: dict[str, Callable[[str], str]] = {
        "parameters": _confidence,
        "circuit": lambda kind: str(len(getattr(circuit(), kind))),
        "table": lambda _: loops(),
        "cost": _cost,
        "prior": _prior_share,
        "benchmark": _benchmark,
    }
    return kinds[first](rest) if first in kinds else _of_arm(first, rest)


def _confidence(word: str) -> str:
    entries = parameters.reference_entries().values()
    return str(sum(word in ("all", entry.confidence) for entry in entries))


def loops() -> str:
    """The circuit's loops and options, and the parameter that switches each off."""
    from docs.writers import markdown

    rows = [
        [
            markdown.plain(loop.name),
            markdown.plain(loop.meaning),
            ", ".join(markdown.code(name) for name in loop.switched_off),
        ]
        for loop in circuit().loops
    ]
    return "\n\n" + markdown.table(["loop or option", "what it does", "parameter"], rows)


def _cost(name: str) -> str:
    known = tomllib.loads((ROOT / "docs" / "costs.toml").read_text(encoding="utf-8"))
    if name not in known:
        raise PageError(f"{{{{cost/{name}}}}}: costs.toml has {', '.join(known)}")
    return known[name]


def _prior_share(path: str) -> str:
    scenario, finding = path.split("/")
    entries = scenario_runs.recorded_run(scenario)["expectations"]
    shares = [e["prior_pass_fraction"] for e in entries if e["finding"] == finding]
    if not shares:
        raise PageError(f"{{{{prior/{path}}}}}: {scenario} does not judge {finding}")
    return percent_text(shares[0])


def _benchmark(what: str) -> str:
    measured = blocks.read(ROOT / "benchmarks" / "RESULTS.json")
    tables = {"summary": table.summary, "overhead": table.overhead, "starts": table.starts}
    sentences = {
        "verdict": table.verdict,
        "versions": lambda measured: " ".join(measured.versions),
        "million": lambda measured: measured.million,
    }
    if what in tables:
        return "\n".join(tables[what](measured))
    if what in sentences:
        return sentences[what](measured)
    raise PageError(f"{{{{benchmark/{what}}}}}: there are {', '.join([*tables, *sentences])}")


def _of_arm(scenario: str, path: str) -> str:
    value: Any = scenario_runs.recorded_run(scenario)["arms"]
    for key in path.split("/"):
        if not isinstance(value, dict) or key not in value:
            raise PageError(f"{{{{{scenario}/{path}}}}}: no '{key}' is kept")
        value = value[key]
    return format_number(value)
