"""What an analysis is asked: options of the command line over those of a scenario's [analyze] table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pathway.parameters import agents, name_as_known, other_agent_names
from pathway.scenario.ensembles import is_ensemble_word
from pathway.scenario.experiment import Scenario

from .declared_options import DECLARED, Option
from .draws import KINDS
from .mistakes import AnalysisError, unknown_name_error


def analysis_options(scenario: Scenario, analysis: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Options for an analysis: what was given, else what the scenario says, else the usual value.

    Parameters
    ----------
    scenario : Scenario
    analysis : str
        A key of `DECLARED`.
    given : mapping
        From the command line; None counts as not given.

    Raises
    ------
    AnalysisError
        If the scenario's table holds something unknown or of another kind.
    """
    tables = analyze_tables(scenario)
    declared = DECLARED[analysis]
    chosen = {**{name: option.usual for name, option in declared.items()}, **tables.get(analysis, {})}
    chosen |= {name: value for name, value in given.items() if value is not None}
    chosen |= _agents_as_known(scenario, chosen)
    ensemble = str(chosen.get("ensemble", "none"))
    if ensemble not in KINDS and not is_ensemble_word(ensemble):
        raise unknown_name_error("ensemble", ensemble, KINDS, "Or a file of parameter sets (.npz)")
    mistakes = [text for name, value in chosen.items() if (text := _beyond(name, value, declared[name]))]
    if mistakes:
        raise AnalysisError("\n".join(mistakes))
    return chosen


def _agents_as_known(scenario: Scenario, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Options that name agents, by the names the package has for them: "Herceptin" is "trastuzumab"."""

    def agent_name(name: Any) -> Any:
        return name if name in scenario.doses else name_as_known(name, agents(), other_agent_names())

    named: dict[str, Any] = {}
    if chosen.get("agent"):
        named["agent"] = agent_name(chosen["agent"])
    if chosen.get("agents"):
        named["agents"] = [agent_name(name) for name in chosen["agents"]]
    return named


def checked_options(analysis: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Options as Python gives them: a tuple is a list, one name alone a list of one.

    Raises
    ------
    AnalysisError
        If one is unknown or of another kind; one line each.
    """
    known, mistakes, checked = DECLARED[analysis], [], {}
    for name, value in given.items():
        if name not in known:
            mistakes.append(str(unknown_name_error("option", name, known)))
            continue
        usual = known[name].usual
        if isinstance(usual, list):
            value = list(value) if isinstance(value, tuple) else [value] if isinstance(value, str) else value
        if value is not None and not _fits(value, usual):
            mistakes.append(f"{analysis}: '{name}' is {value!r}, expected something like {usual!r}")
        checked[name] = value
    if mistakes:
        raise AnalysisError("\n".join(mistakes))
    return checked


def _beyond(name: str, value: Any, option: Option) -> str:
    """What is wrong with the size of an option; "" if nothing is."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"'{name}' is {value}, expected a finite number"
    if option.most is not None and isinstance(value, int | float) and value > option.most:
        return f"'{name}' is {value}, expected at most {option.most}"
    if option.least is not None and isinstance(value, int | float) and value < option.least:
        return f"'{name}' is {value}, expected at least {option.least}"
    return ""


def analyze_tables(scenario: Scenario) -> dict[str, Mapping[str, Any]]:
    """The scenario's [analyze] tables, checked; their names may be written as the commands are.

    Raises
    ------
    AnalysisError
        All mistakes together, one line each.
    """
    tables, mistakes = {}, []
    for written, table in scenario.document.get("analyze", {}).items():
        analysis, place = written.replace("-", "_"), f"{scenario.file.name}: [analyze.{written}]"
        if analysis not in DECLARED:
            mistakes.append(
                f"{place}: {unknown_name_error('analysis', written, [name.replace('_', '-') for name in DECLARED])}"
            )
            continue
        tables[analysis] = table
        known = DECLARED[analysis]
        for name, value in table.items():
            if name not in known:
                mistakes.append(f"{place}: {unknown_name_error('option', name, known)}")
            elif not _fits(value, known[name].usual):
                mistakes.append(f"{place}: '{name}' is {value!r}, expected something like {known[name].usual!r}")
            elif text := _beyond(name, value, known[name]):
                mistakes.append(f"{place}: {text}")
    if mistakes:
        raise AnalysisError("\n".join(mistakes))
    return tables


def _fits(value: Any, usual: Any) -> bool:
    if isinstance(usual, float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(usual, list):
        # Names and quantities are text; a list that holds numbers as a rule holds finite ones.
        example = 0.0 if usual and isinstance(usual[0], int | float) else ""
        return isinstance(value, list) and all(_fits(entry, example) for entry in value)
    return isinstance(value, type(usual)) and not isinstance(value, bool)
