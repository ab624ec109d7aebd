"""`explorer_page`: a scenario as one self-contained HTML file."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from base64 import b64encode
from collections.abc import Iterable, Mapping
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from pathway.scenario.built_in import built_in_laboratory
from pathway.scenario.experiment import Scenario

from .content import SEED, facts_of, members_of, quantities_of
from .module import container, deflate, engine_of

WEB = Path(__file__).with_name("web")
STATE_VERSION = 1
"""Of the settings in an address; another one is refused."""

MEMBERS = 200

CORE = (
    *("engine", "arms", "rests", "results", "readings", "file"),
    *("table", "measurements", "likelihood", "weights", "information"),
)
FACE = (
    *("open", "Engine", "Rests", "CoreError", "evaluate", "experimentOf", "matchedControl", "untreated"),
    *("judge", "read", "courseOf", "hash", "hashOf", "memberRows", "scenarioToml", "withCopies", "copyTables"),
    *("readingPlan", "readMeasurements", "weighMembers", "askMembers", "weightedInterval", "effectiveNumber"),
    *("survivors", "informationGain", "weightsBefore", "logLikelihood", "likelihoodGroups", "armsOf"),
    *("memberBatches", "coarseStep", "heaviestFirst"),
)
"""What the core gives to its hosts."""

PAGE = (
    "state",
    "settings",
    "copies",
    "map",
    "growth",
    "curves",
    "findings",
    "measurements",
    "lesson",
    "embedded",
    "start",
)


def explorer_page(
    scenario: Scenario,
    *,
    members: int = MEMBERS,
    ensemble: str | None = None,
    seed: int = SEED,
    lesson: Mapping[str, Any] | None = None,
) -> str:
    """The page of a scenario of the package's own circuit.

    Parameters
    ----------
    scenario : Scenario
    members : int
        Of the ensemble, for the cloud; 0: none.
    ensemble : str, optional
        "calibrated", "prior" or a file; None: the one that comes with the package, else draws from the ranges.
    seed : int
        Of such draws.
    lesson : mapping, optional
        What `pathway.course.page_lesson` makes of a lesson: questions that are asked beside the scenario.

    Returns
    -------
    str
        HTML that asks for nothing: its content policy forbids every request.

    Raises
    ------
    ExplorerError
        If the model cannot run in a browser; names why.
    EnsembleError, ParameterError
        If the ensemble is not there or cannot be used.
    """
    data = page_data(scenario, members=members, ensemble=ensemble, seed=seed, lesson=lesson)
    return page_text(scenario, data)


def page_data(
    scenario: Scenario,
    *,
    members: int = MEMBERS,
    ensemble: str | None = None,
    seed: int = SEED,
    lesson: Mapping[str, Any] | None = None,
) -> bytes:
    """Engine, facts and members, deflated: what `core.js` opens."""
    laboratory = built_in_laboratory()
    questions = [step.get("question", {}) for step in lesson["steps"]] if lesson else []
    goals = [goal["reading"]["quantity"] for question in questions for goal in question.get("goals", ())]
    names = quantities_of(scenario, laboratory, goals)
    engine, cloud = engine_of(laboratory.model, names), members_of(scenario, laboratory, ensemble, members, seed)
    facts = {
        **engine.facts,
        **facts_of(scenario, laboratory, names),
        "members": cloud.facts,
        "lesson": lesson,
        "version": STATE_VERSION,
        "package": str(sys.modules["pathway"].__version__),
    }
    return container(facts, {**engine.blobs, **cloud.blobs})


def page_text(scenario: Scenario, data: bytes, state: Mapping[str, Any] | None = None) -> str:
    """The HTML around the data; `state` is what has been moved at first."""
    strings, style = words(), _web("page.css")
    show = f"explorerPage(pathwayCore(), {json.dumps(strings)}, pathwayCore.toString());\n"
    start = f"{show}explorer.start({json.dumps(state or {})});\n"
    script = "\n".join([core_source(), page_source(), _code("page/cloud.js"), start])
    load = _web("load.js")
    values = {
        **strings,
        "policy": content_security_policy((load, script), style),
        "title": escape(scenario.title),
        "question": escape(scenario.question or ""),
        "style": style,
        "load": load,
        "code": b64encode(deflate(script.encode())).decode("ascii"),
        "data": b64encode(data).decode("ascii"),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda place: str(values[place.group(1)]), _web("page.html"))


def core_source() -> str:
    """The function `pathwayCore`: what computes, for pages, workers and Node."""
    parts = "\n".join(_code(f"core/{name}.js") for name in CORE)
    return f'function pathwayCore() {{\n"use strict";\n{parts}\nreturn {{ {", ".join(FACE)} }};\n}}\n'


def page_source() -> str:
    """The function `explorerPage`: what shows."""
    parts = "\n".join(_code(f"page/{name}.js") for name in PAGE)
    return f'function explorerPage(core, strings, coreSource) {{\n"use strict";\n{parts}\n}}\n'


def content_security_policy(scripts: Iterable[str], style: str) -> str:
    """The content policy: nothing from anywhere but this file; its scripts and its one style by their hashes."""
    parts = {
        "default-src": "'none'",
        "script-src": f"{' '.join(map(_hash, scripts))} 'wasm-unsafe-eval'",
        "style-src": _hash(style),
        "worker-src": "blob:",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in parts.items())


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"


@cache
def words() -> dict[str, str]:
    """Every sentence of the page."""
    return dict(json.loads(_web("strings.json")))


@cache
def _web(name: str) -> str:
    return (WEB / name).read_text(encoding="utf-8")


@cache
def _code(name: str) -> str:
    """A script without the comments that stand on lines of their own, which readers of a page do not see."""
    return re.sub(r"^[ \t]*/\*.*?\*/[ \t]*\n", "", _web(name), flags=re.MULTILINE | re.DOTALL)
