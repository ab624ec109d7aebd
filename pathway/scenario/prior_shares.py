"""Shares of draws from the parameters' ranges that meet an expectation, kept beside the scenarios.

Judging a thousand draws takes minutes, so `validate --prior` is run by hand and what it finds travels with the
scenarios. A share is only told where nothing that it depends on has changed since: the circuit, the ranges of the cell
lines, the scenario's protocol and readings. Words may change.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from pathway import parameters
from pathway.network import circuit
from pathway.parameters import Entry
from pathway.parameters.ranges import is_uncertain

from .built_in import built_in_laboratory, open_cell_line
from .experiment import Scenario
from .read import folder_of_scenarios

FILE = "prior_pass.json"
_WORDS = {"title", "question", "source", "claim", "role", "reason", "finding", "note", "show"}
_WORDS |= {"headline", "caveats", "compares_with"}


def stored_prior_shares(scenario: Scenario) -> list[float | None]:
    """For each expectation the share of valid draws that meet it; None where none is known."""
    stored = stored_shares().get(scenario.name)
    if stored is None or stored["fingerprint"] != verdicts_fingerprint(scenario):
        return [None] * len(scenario.expectations)
    return list(stored["shares"])


@cache
def stored_shares() -> Mapping[str, Mapping[str, Any]]:
    """By scenario: its fingerprint, draws judged, draws that gave living cells, share of these for each expectation."""
    file = folder_of_scenarios() / FILE
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def verdicts_fingerprint(scenario: Scenario) -> str:
    """A hash of everything that the verdicts on drawn parameters depend on, apart from the solver."""
    digest = hashlib.sha256(_circuit_text().encode())
    for name in sorted(set(_lines(scenario))):
        entries = open_cell_line(name, scenario.file.parent).entries.values()
        digest.update(repr([_drawn_from(entry) for entry in entries]).encode())
    digest.update(repr(_without_words(scenario.document)).encode())
    for overlay in scenario.overlays:
        digest.update(overlay.file.read_bytes())
    return digest.hexdigest()[:16]


def _drawn_from(entry: Entry) -> tuple[Any, ...]:
    """What a draw of a number depends on: its range, or the value where it has none; what is anchored is found anew."""
    if entry.source == parameters.ANCHORED:
        return (entry.name,)
    return entry.name, entry.range if is_uncertain(entry) else entry.value


def _lines(scenario: Scenario) -> Iterator[str]:
    """The cell lines of a scenario, and the parents whose anchors they take over."""
    names = [arm.cells for arm in scenario.arms]
    while names:
        name = names.pop()
        yield name
        parent = open_cell_line(name, scenario.file.parent).parent
        names += [parent] if parent else []


@cache
def _circuit_text() -> str:
    network = circuit()
    laboratory = built_in_laboratory()
    parts: Iterable[Any] = (
        [(s.name, s.start) for s in network.species],
        [(q.name, q.formula) for q in network.quantities],
        [(o.name, o.formula) for o in network.observables],
        [(r.equation, r.rate) for r in network.reactions],
        sorted((a.name, a.species, a.molar_mass) for a in laboratory.agents.values() if a.species),
        laboratory.washed_out,
        sorted(parameters.anchors(), key=repr),
        sorted(laboratory.knock_downs.items()),
    )
    return repr(list(parts))


def _without_words(part: Any) -> Any:
    if isinstance(part, Mapping):
        return {key: _without_words(value) for key, value in sorted(part.items()) if key not in _WORDS}
    return [_without_words(item) for item in part] if isinstance(part, list | tuple) else part
